"""Statements to train and measure the judge with: honest ones, and the same with payloads in them.

An attack is made as a vulnerable program makes one: it pastes a user's value into its SQL between fixed pieces, here
in the place of one literal of an honest statement, and the value closes the quote, says more, and cuts off or balances
what follows.  Honest statements are gold SQL of Spider's training part and what reporting tools make of it: wrapped,
commented, with `WHERE 1 = 1`, lists, parameters, values that merely look dangerous.

Rules: all is drawn from a seed; what the gate denies anyway is left out, since the judge never sees it; a payload's
family is kept, so that a family can be held out.
Source: the payload families are those of the OWASP Web Security Testing Guide 4.2, chapter 4.7.5; the texts are ours.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from training.grammar import is_readable


@dataclass(frozen=True, slots=True)
class Sample:
    """One statement.  Shapes: `family` is a payload's family, or "honest" and what made it."""

    text: str
    attack: bool
    family: str
    group: str = ""
    """What must not stand on both sides of a split: the database that the statement was written for."""


RENAMED = 0.3
"""How many of the statements stand on tables that attackers look for."""
_LITERAL = re.compile(r"'((?:[^']|'')*)'|(?<![\w.'])(\d+(?:\.\d+)?)(?![\w.'])")
_TABLES = (
    "users",
    "accounts",
    "admin",
    "members",
    "customers",
    "employees",
    "login",
    "credentials",
    "staff",
    "t_user",
)
_COLUMNS = (
    "password",
    "passwd",
    "email",
    "username",
    "secret",
    "token",
    "credit_card",
    "salary",
    "pwd_hash",
    "api_key",
)
_CATALOGUE = (
    ("information_schema.tables", "table_name"),
    ("information_schema.columns", "column_name"),
    ("information_schema.schemata", "schema_name"),
    ("pg_catalog.pg_tables", "tablename"),
    ("pg_catalog.pg_user", "usename"),
    ("pg_catalog.pg_class", "relname"),
    ("pg_roles", "rolname"),
)
_CALLS = (
    "version()",
    "current_user",
    "current_database()",
    "session_user",
    "current_schema()",
    "inet_server_addr()",
)


def _value(draw: random.Random) -> str:
    return draw.choice(
        ("x", "1", "", "abc", "admin", "0", "no such", "zzz", "-1", str(draw.randint(2, 9999)))
    )


def _spaced(draw: random.Random, text: str) -> str:
    """Blanks as people and scanners write them: plain, doubled, or comments in their place; keywords in any case."""
    style = draw.random()
    if style < 0.12:
        return text.replace(" ", "/**/")
    if style < 0.2:
        return text.replace(" ", "\n")
    if style < 0.35:
        return text.lower()
    return text


def _truth(draw: random.Random, quoted: bool) -> str:
    """A condition whose value is known beforehand."""
    n = draw.randint(1, 9999)
    word = draw.choice(("a", "x", "1", "admin", "ok"))
    plain = (f"{n}={n}", f"{n} = {n}", "1=1", f"{n}<{n + 1}", f"{n}>{n - 1}", "true", "NOT false", f"'{word}'='{word}'",
             f"{n} BETWEEN {n - 1} AND {n + 1}", f"{n} IN ({n},{n + 2})", f"'{word}' LIKE '%'", "2>1", "1 IS NOT NULL",
             f"{n}={n + 1}", f"length('{word}')={len(word)}", f"{n}+1={n + 1}")  # fmt: skip
    return draw.choice(plain)


def _sub(draw: random.Random) -> str:
    """A scalar subquery for what the attacker is after."""
    table, column = (
        draw.choice(_CATALOGUE) if draw.random() < 0.4 else (draw.choice(_TABLES), draw.choice(_COLUMNS))
    )
    limit = draw.choice((" LIMIT 1", f" LIMIT 1 OFFSET {draw.randint(0, 9)}", ""))
    what = draw.choice((column, f"max({column})", f"string_agg({column}, ',')", f"count({column})"))
    return f"(SELECT {what} FROM {table}{limit})"


def _tautology(draw: random.Random, quoted: bool) -> str:
    return f"{draw.choice(('OR', 'OR', 'OR', 'AND', 'OR NOT'))} {_truth(draw, quoted)}"


def _union(draw: random.Random, quoted: bool) -> str:
    width = draw.randint(1, 7)
    table, column = (
        draw.choice(_CATALOGUE) if draw.random() < 0.5 else (draw.choice(_TABLES), draw.choice(_COLUMNS))
    )
    shown = draw.choice(
        (column, f"{column}||':'||{draw.choice(_COLUMNS)}", draw.choice(_CALLS), f"concat({column},'~')")
    )
    filler = draw.choice(("NULL", "1", "'a'", "NULL", "0"))
    cells = [filler] * width
    cells[draw.randrange(width)] = shown
    origin = f" FROM {table}" if shown not in _CALLS or draw.random() < 0.5 else ""
    extra = draw.choice(
        ("", "", f" WHERE {column} LIKE 'a%'", " LIMIT 1", f" ORDER BY {draw.randint(1, width)}")
    )
    return f"{draw.choice(('UNION', 'UNION ALL', 'union all', 'EXCEPT'))} SELECT {','.join(cells)}{origin}{extra}"


def _blind(draw: random.Random, quoted: bool) -> str:
    sub, at, code = _sub(draw), draw.randint(1, 20), draw.randint(32, 126)
    tests = (
        f"ascii(substr({sub},{at},1))>{code}",
        f"substring({sub},{at},1)='{draw.choice('abcdef0123')}'",
        f"length({sub})>{draw.randint(1, 40)}",
        f"{sub} LIKE '{draw.choice('abcdef')}%'",
        f"EXISTS {sub}",
        f"(SELECT count(*) FROM {draw.choice(_TABLES)})>{draw.randint(0, 50)}",
        f"{sub} IS NOT NULL",
        f"left({sub},{at})='{draw.choice('abc')}'",
    )
    return f"{draw.choice(('AND', 'AND', 'OR'))} {draw.choice(tests)}"


def _error(draw: random.Random, quoted: bool) -> str:
    sub = _sub(draw) if draw.random() < 0.7 else f"(SELECT {draw.choice(_CALLS)})"
    tests = (
        f"1=CAST({sub} AS int)",
        f"{draw.randint(1, 99)}=({sub})::int",
        f"1=CAST('~'||{sub}||'~' AS numeric)",
        f"(CASE WHEN {_truth(draw, quoted)} THEN 1/0 ELSE 1 END)=1",
        f"CAST({sub} AS date) IS NULL",
        f"1/(SELECT 0 FROM {draw.choice(_TABLES)} LIMIT 1)=1",
    )
    return f"{draw.choice(('AND', 'OR'))} {draw.choice(tests)}"


def _heavy(draw: random.Random, quoted: bool) -> str:
    table = draw.choice(_CATALOGUE)[0]
    copies = ",".join(f"{table} {name}" for name in "abcdef"[: draw.randint(3, 6)])
    return f"{draw.choice(('AND', 'OR'))} (SELECT count(*) FROM {copies})>{draw.randint(0, 9)}"


def _fingerprint(draw: random.Random, quoted: bool) -> str:
    call = draw.choice(_CALLS)
    tests = (f"{call} LIKE 'Postgre%'", f"{call}='postgres'", f"length({call})>1", f"{call} IS NOT NULL",
             f"substr({call},1,1)='p'", f"ascii({call})>64")  # fmt: skip
    return f"{draw.choice(('AND', 'OR'))} {draw.choice(tests)}"


FAMILIES: dict[str, Callable[[random.Random, bool], str]] = {
    "tautology": _tautology,
    "union": _union,
    "blind": _blind,
    "error": _error,
    "heavy": _heavy,
    "fingerprint": _fingerprint,
}


def _injected(draw: random.Random, family: str, inside_string: bool) -> str:
    """The value that a user would type in the place of a literal, the literal's own quotes around it."""
    say = _spaced(draw, FAMILIES[family](draw, inside_string))
    close = draw.choice(("", "", "", ")"))
    if not inside_string:
        head = draw.choice((str(draw.randint(0, 999)), "-1", "1", "NULL"))
        return f"{head}{close} {say}{draw.choice(('', '', ' --', ' -- -', ' /*x*/'))}"
    head = _value(draw)
    if draw.random() < 0.55 or family == "union":
        cut = draw.choice(("--", " -- ", " --+", " -- x"))
        return f"{head}'{close} {say}{cut}"
    reopen = "(" if close else ""
    word = draw.choice(("a", "1", "x"))
    return f"{head}'{close} {say} {draw.choice(('AND', 'OR'))} {reopen}'{word}'='{word}"


def cut_into(draw: random.Random, honest: str, family: str) -> str | None:
    """An honest statement with a payload in the place of one of its literals; None where it has none."""
    places = list(_LITERAL.finditer(honest))
    if not places:
        return None
    place = draw.choice(places)
    inside = place[1] is not None
    value = _injected(draw, family, inside)
    if inside:
        value = f"'{value}'"
    return honest[: place.start()] + value + honest[place.end() :]


_REMARKS = (
    "/* app=report, page=12 */ ",
    "-- Metabase:: userID: 3 queryType: native\n",
    "/* ApplicationName=DBeaver */ ",
    '/* {"app": "dbt", "node": "daily"} */ ',
    "-- top of the month\n",
    "/* don't cache */ ",
)
_ODD_VALUES = (
    *(
        "O''Brien",
        "it''s; fine",
        "a -- b",
        "50% off",
        "https://example.org/a?b=1",
        "/etc/hosts",
        "select",
        "<b>x</b>",
    ),
    *("union of south", "1 = 1", "drop table", "Rock ''n'' Roll", "x OR y", "2 > 1", "C:\\temp", "#1"),
)


def _as_tools_write(draw: random.Random, honest: str) -> tuple[str, str]:
    """An honest statement as reporting tools and people send it; with what was done to it."""
    has_where = re.search(r"\bwhere\b", honest, re.IGNORECASE)
    kind = draw.choice(("as it is", "wrapped", "remark", "always true", "odd value", "list", "parameter", "union",
                        "catalogue", "numbered", "counted"))  # fmt: skip
    if kind == "wrapped":
        return f"SELECT * FROM ({honest}\n) AS t LIMIT {draw.choice((0, 1, 100, 1000))}", kind
    if kind == "remark":
        tail = draw.choice(("", " -- the end", " /* page 2 */"))
        return draw.choice(_REMARKS) + honest + tail, kind
    if kind == "always true" and has_where:
        truth = draw.choice(("1=1 AND", "(1 = 1) AND", "true AND", "1 = 1\n  AND"))
        return honest[: has_where.end()] + f" {truth}" + honest[has_where.end() :], kind
    places = [p for p in _LITERAL.finditer(honest) if p[1] is not None]
    if kind in ("odd value", "list", "parameter") and places:
        place = draw.choice(places)
        if kind == "odd value":
            value = f"'{draw.choice(_ODD_VALUES)}'"
        elif kind == "parameter":
            value = f"${draw.randint(1, 3)}"
        else:
            equals = re.search(r"(?<![<>!=])=\s*$", honest[: place.start()])
            if equals is None:
                return honest, "as it is"
            items = ", ".join(f"'{draw.choice(('a', 'b', 'c'))}{n}'" for n in range(draw.randint(2, 12)))
            return honest[: equals.start()] + f"IN ({items})" + honest[place.end() :], kind
        return honest[: place.start()] + value + honest[place.end() :], kind
    if kind == "union":
        return (
            f"SELECT 'total' AS name, count(*) FROM ({honest}\n) AS a UNION ALL SELECT 'other', {draw.randint(0, 9)}",
            kind,
        )
    if kind == "catalogue":
        table, column = draw.choice(_CATALOGUE)
        extra = draw.choice(
            ("", f" WHERE {column} = 'orders'", f" WHERE {column} LIKE 'o%'", f" ORDER BY {column}")
        )
        return draw.choice(
            (f"SELECT {column} FROM {table}{extra}", f"SELECT {draw.choice(_CALLS)}",
             f"SELECT count(*) FROM {table}{extra}", f"SELECT * FROM {table}{extra} LIMIT 100")
        ), kind  # fmt: skip
    if kind == "numbered":
        return f"WITH q AS ({honest}\n) SELECT q.*, row_number() OVER () AS n FROM q", kind
    if kind == "counted":
        return (
            f"SELECT count(*) AS rows, current_date AS day FROM ({honest}\n) AS t HAVING count(1) > 0",
            kind,
        )
    return honest, "as it is"


_DOUBLE_QUOTED = re.compile(r'"([^"]*)"')


def _single(found: re.Match[str]) -> str:
    return "'" + found[1].replace("'", "''") + "'"


_NAMED = re.compile(r"\b(from|join)\s+(\w+)", re.IGNORECASE)
_DOTTED = re.compile(r"(?<=\.)\w+\b(?!\s*\()")


def _renamed(draw: random.Random, text: str) -> str:
    """The statement on tables and columns that attackers look for too: their names alone must say nothing."""
    names: dict[str, str] = {}
    text = _NAMED.sub(
        lambda m: (
            f"{m[1]} {names.setdefault(m[2].lower(), draw.choice(_TABLES)) if draw.random() < 0.6 else m[2]}"
        ),
        text,
    )
    return _DOTTED.sub(lambda m: draw.choice(_COLUMNS) if draw.random() < 0.2 else m[0], text)


_AROUND = frozenset({"wrapped", "remark", "numbered", "counted", "union", "always true"})


def wrapped_samples(made: Iterable[Sample], *, seed: int, attacks: int) -> Iterator[Sample]:
    """Attacks in statements that a tool has wrapped: what stands around a statement must vouch for nothing."""
    draw = random.Random(seed)
    pool = [sample for sample in made if sample.attack]
    while attacks:
        sample = draw.choice(pool)
        text, what = _as_tools_write(draw, sample.text)
        if what in _AROUND and is_readable(text):
            attacks -= 1
            yield replace(sample, text=text)


def classic(draw: random.Random, inside_string: bool) -> str:
    """The shortest of all payloads, whose last quote is the statement's own: `x' OR 'a'='a`."""
    word, n = draw.choice(("a", "1", "x", "")), draw.randint(1, 99)
    tail = draw.choice(
        (f"'{word}'='{word}", f"'{word}' = '{word}", f"'{word}' LIKE '{word}", f"{n}={n} OR '{word}'='")
    )
    return f"'{_value(draw)}' OR {tail}'" if inside_string else f"{n} OR {n}={n}"


def plain_union(draw: random.Random, inside_string: bool) -> str:
    """A UNION of as few columns as the statement is likely to have, and nothing else."""
    columns = [draw.choice(_COLUMNS) for _ in range(draw.choice((1, 1, 2, 2, 3)))]
    union = f"UNION {draw.choice(('', 'ALL '))}SELECT {', '.join(columns)} FROM {draw.choice(_TABLES)}"
    cut = draw.choice((" --", "--", " -- -", ""))
    if not inside_string:
        return f"{draw.randint(-1, 9)} {union}{cut}"
    return f"'{_value(draw)}' {union}" + (f"{cut}'" if cut else " WHERE '1'='1'")


def placed_samples(
    honest: Iterable[tuple[str, str]],
    payload: Callable[[random.Random, bool], str],
    family: str,
    *,
    seed: int,
    attacks: int,
) -> Iterator[Sample]:
    """One payload in the places of literals; it brings the literal's quotes."""
    draw = random.Random(seed)
    pool = [(_DOUBLE_QUOTED.sub(_single, text).rstrip("; \n"), group) for text, group in honest]
    while attacks:
        text, group = draw.choice(pool)
        places = list(_LITERAL.finditer(text))
        if not places:
            continue
        place = draw.choice(places)
        attack = text[: place.start()] + payload(draw, place[1] is not None) + text[place.end() :]
        if is_readable(attack):
            attacks -= 1
            yield Sample(attack, True, family, group)


def samples(honest: Iterable[tuple[str, str]], *, seed: int, attacks: int, benign: int) -> Iterator[Sample]:
    """`attacks` and `benign` statements that the gate's grammar lets through.

    Shapes: `honest` is (statement, group); the families come in turn.
    """
    draw = random.Random(seed)
    # Spider writes strings as SQLite takes them, in double quotes.
    pool = [(_DOUBLE_QUOTED.sub(_single, text).rstrip("; \n"), group) for text, group in honest]

    def passes(text: str) -> bool:
        return is_readable(text)

    families = list(FAMILIES)
    made = 0
    while made < attacks:
        text, group = draw.choice(pool)
        family = families[made % len(families)]
        attack = cut_into(draw, _renamed(draw, text) if draw.random() < RENAMED else text, family)
        if attack is not None and passes(attack):
            made += 1
            yield Sample(attack, True, family, group)
    made = 0
    while made < benign:
        text, group = draw.choice(pool)
        written, what = _as_tools_write(draw, _renamed(draw, text) if draw.random() < RENAMED else text)
        if passes(written):
            made += 1
            yield Sample(written, False, f"honest, {what}", group)
