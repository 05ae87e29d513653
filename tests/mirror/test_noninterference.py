"""What a role may not see cannot change what it sees: the same statements on two databases that differ in that alone.

Every statement that the gate allows to a role is run, as it was rewritten, on a real PostgreSQL over both; rows and
SQLSTATEs have to be equal.  A third database holds only what the role sees: there the client's own text has to give
the same rows and types.  This says nothing of how names are resolved, so it cannot repeat a mistake made there.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from checker.context import READ_ALL, Context, Mask, RowFilter
from checker.gate import Gate
from checker.verdict import Allowed
from proxy.ports import Catalogue, Column, Table
from tests.postgres import running_postgres
from training.grammar import GRAMMAR_ALONE

COLUMNS = ("id", "name", "salary", "ssn", "region")
STAFF = Table(
    "hr",
    "staff",
    "table",
    tuple(Column(name, "int" if name in ("id", "salary") else "string") for name in COLUMNS),
)
NEWS = Table("hr", "news", "table", (Column("id", "int"), Column("ssn", "string")))
SCHEMA = Catalogue(1, {("hr", "staff"): STAFF, ("hr", "news"): NEWS}, frozenset({"hr"}))
SEEN = [
    (1, "ann", 10, "1", "EU"),
    (2, "bob", 20, "2", "EU"),
    (3, None, 5, "x", "EU"),
    (4, "eve", 40, "4", "US"),
]

ROLES = {
    "column": replace(READ_ALL, deny=("hr.staff.ssn", "hr.staff.salary")),
    "mask": replace(READ_ALL, masks=(Mask("hr.staff.ssn", "'***'"), Mask("hr.staff.salary"))),
    "filter": replace(READ_ALL, filters=(RowFilter("hr.staff", "region = 'EU'"),)),
}
HIDDEN = {
    "column": [(i, n, (s * 7) % 45, str(i * 3), r) for i, n, s, _, r in SEEN],
    "mask": [(i, n, (s * 7) % 45, str(i * 3), r) for i, n, s, _, r in SEEN],
    "filter": [*SEEN[:3], (5, "ann", 5, "not a number", "US"), (6, "bob", 0, "2", "ASIA")],
}
"""What the other database has in the place of what the role does not see."""


LEFT = {
    "column": [(i, n, r) for i, n, _, _, r in SEEN],
    "mask": [(i, n, None, "***", r) for i, n, _, _, r in SEEN],
    "filter": SEEN[:3],
}
"""What there is for who sees all, in the third database."""
UNEQUAL = re.compile(r"DISTINCT ON|SELECT t FROM|AS t \(.*ssn")
"""Which of equal rows the first takes is left to chance; the second's row has a table's own type, rewritten it has
none; the third's list of names counts columns that are not there."""
TYPES = {"id": "int", "salary": "int"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_postgres() as found:
        admin = f"host=127.0.0.1 port={found} user=postgres"
        with psycopg.connect(f"{admin} dbname=postgres", autocommit=True) as connection:
            contents = {"plain": SEEN, **HIDDEN, **{f"left_{name}": rows for name, rows in LEFT.items()}}
            for name in contents:
                connection.execute(f"CREATE DATABASE db_{name}")
        for name, rows in contents.items():
            with psycopg.connect(f"{admin} dbname=db_{name}") as connection:
                connection.execute("CREATE SCHEMA hr")
                columns = [c for c in COLUMNS if name != "left_column" or c not in ("salary", "ssn")]
                listed = ", ".join(f"{column} {TYPES.get(column, 'text')}" for column in columns)
                connection.execute(f"CREATE TABLE hr.staff ({listed})".encode())
                connection.execute("CREATE TABLE hr.news (id int, ssn text)")
                connection.execute("INSERT INTO hr.news VALUES (1, 'a'), (2, '2'), (9, NULL)")
                with connection.cursor() as cursor:
                    marks = ", ".join(["%s"] * len(columns))
                    cursor.executemany(f"INSERT INTO hr.staff VALUES ({marks})".encode(), rows)
        yield found


class Writer:
    """Statements made at random of what SQL offers for looking at a column."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def pick(self, *choices: str) -> str:
        return self._random.choice(choices)

    def column(self, alias: str) -> str:
        name = self.pick(*COLUMNS, "SSN", '"salary"', "Salary")
        return self.pick(name, f"{alias}.{name}")

    def value(self, alias: str, depth: int = 2) -> str:
        column = self.column(alias)
        if depth == 0:
            return column
        inner = self.value(alias, depth - 1)
        return self.pick(
            column,
            f"coalesce(CAST({inner} AS text), 'none')",
            f"length(CAST({inner} AS text))",
            f"1 / NULLIF({alias}.salary - 5, 1)",
            f"1 / ({alias}.salary - 5)",
            f"CAST({alias}.ssn AS int)",
            f"CASE WHEN {self.condition(alias, depth - 1)} THEN 1 ELSE 0 END",
            f"(SELECT max(z.ssn) FROM hr.staff AS z WHERE z.id >= {alias}.id)",
            f"CAST({alias} AS text)",
            f"row_number() OVER (ORDER BY {column}, {alias}.id)",
        )

    def condition(self, alias: str, depth: int = 1) -> str:
        column = self.column(alias)
        if depth == 0:
            return f"{column} IS NOT NULL"
        return self.pick(
            f"CAST({self.value(alias, depth - 1)} AS text) < '3'",
            f"1 / ({alias}.salary - 5) = 0",
            f"EXISTS (SELECT 1 FROM hr.staff AS y WHERE y.ssn = {alias}.ssn AND y.id <> {alias}.id)",
            f"{alias}.id IN (SELECT {self.pick('salary', 'id')} FROM hr.staff)",
            f"{alias}.ssn LIKE '%1%'",
            f"NOT ({self.condition(alias, depth - 1)})",
            f"{self.condition(alias, depth - 1)} OR {self.condition(alias, depth - 1)}",
        )

    def source(self) -> str:
        return self.pick(
            "hr.staff AS t",
            "hr.staff t",
            "(SELECT * FROM hr.staff) AS t",
            "(SELECT id, name, salary, ssn, region FROM hr.staff) AS t",
            "hr.staff AS t (id, name, salary, ssn, region)",
            "hr.staff AS t JOIN hr.news AS n ON n.ssn = t.ssn",
            "hr.staff AS t LEFT JOIN hr.news AS n USING (ssn)",
            "hr.staff AS t CROSS JOIN LATERAL (SELECT t.ssn AS leaked) AS l",
            "hr.news AS n NATURAL JOIN hr.staff AS t",
            "(hr.staff AS t JOIN hr.news AS n ON n.id = t.id)",
            "(hr.news AS n CROSS JOIN ONLY hr.staff AS t)",
            "(SELECT s.* FROM hr.staff AS s LEFT JOIN hr.news AS n ON n.ssn = s.ssn) AS t",
            "(SELECT s.id, s.name, s.region FROM hr.staff AS s, hr.news AS n WHERE n.id = s.id) AS t",
            "(WITH staff AS (SELECT * FROM hr.staff) SELECT * FROM staff) AS t",
            "(SELECT * FROM hr.staff UNION ALL SELECT * FROM hr.staff WHERE id < 3) AS t",
            "hr.staff AS t JOIN hr.staff AS u ON u.id = t.id JOIN hr.news AS n ON n.id = u.id",
        )

    def query(self) -> str:
        items = ", ".join(self.value("t") for _ in range(self._random.randint(1, 3)))
        where = self.pick("", f" WHERE {self.condition('t')}", f" WHERE {self.condition('t', 2)}")
        order = self.pick("", f" ORDER BY {self.value('t', 1)}", " ORDER BY 1")
        source = self.source()
        return self.pick(
            f"SELECT {items} FROM {source}{where}{order}",
            f"SELECT count(*), max({self.value('t', 1)}) FROM {source}{where}",
            f"SELECT {self.column('t')}, count(*) FROM {source}{where} GROUP BY 1 HAVING min(t.salary) > 1",
            f"WITH staff AS (SELECT * FROM {source}{where}) SELECT count(*) FROM staff",
            f"SELECT id FROM hr.news UNION ALL SELECT t.salary FROM {source}{where}",
            f"SELECT t.id FROM {source} EXCEPT SELECT t.id FROM {source}{where}",
            f"SELECT DISTINCT ON ({self.column('t')}) t.id FROM {source}{where}",
            f"SELECT t.* FROM {source}{where}{order}",
            f"SELECT {self.pick('t', 'count(t)', 'row_to_json(t)')} FROM {source}{where}",
        )


@pytest.mark.parametrize("role", list(ROLES))
def test_what_a_role_does_not_see_changes_nothing(role: str, port: int) -> None:
    context = Context(replace(ROLES[role], injection=GRAMMAR_ALONE.grants.injection), SCHEMA, ("hr",))
    where = f"host=127.0.0.1 port={port} user=postgres"
    gate, writer, ran, answered = Gate(), Writer(20_250_521), 0, 0
    with (
        psycopg.connect(f"{where} dbname=db_plain", autocommit=True) as plain,
        psycopg.connect(f"{where} dbname=db_{role}", autocommit=True) as other,
        psycopg.connect(f"{where} dbname=db_left_{role}", autocommit=True) as left,
    ):
        # Most statements name a column that the role `column` may not read, and are denied.
        for _ in range(6000 if role == "column" else 1500):
            statement = writer.query()
            verdict = gate.check(statement, context)
            if not isinstance(verdict, Allowed):
                assert verdict.code not in ("gate_failure", "unsupported_syntax"), (statement, verdict)
                continue
            ran += 1
            first, second = outcome(plain, verdict.sql), outcome(other, verdict.sql)
            answered += not isinstance(first, str)
            assert first == second, f"{statement}\n{verdict.sql}"
            if isinstance(first, list) and not UNEQUAL.search(statement):
                assert outcome(left, statement) == first, f"{statement}\n{verdict.sql}"
    # It is no proof where nothing ran, or nothing but errors came.
    assert ran >= (100 if role == "column" else 1000)
    assert answered >= ran // 4


def outcome(connection: psycopg.Connection[tuple[object, ...]], sql: str) -> list[str] | str:
    """The columns' names and types and the rows in any order, or the SQLSTATE."""
    try:
        cursor = connection.execute(sql.encode())
    except psycopg.Error as error:
        return error.sqlstate or "?"
    columns = [(c.name, c.type_code) for c in cursor.description or ()]
    return [repr(columns), *sorted(map(repr, cursor.fetchall()))]


def test_the_statements_do_tell_the_databases_apart(port: int) -> None:
    """Without rights to hold them back the same statements see the differences."""
    where = f"host=127.0.0.1 port={port} user=postgres"
    for role in ROLES:
        writer = Writer(20_250_521)
        with (
            psycopg.connect(f"{where} dbname=db_plain", autocommit=True) as plain,
            psycopg.connect(f"{where} dbname=db_{role}", autocommit=True) as other,
        ):
            told = sum(outcome(plain, s) != outcome(other, s) for s in (writer.query() for _ in range(200)))
        assert told > 40, role
