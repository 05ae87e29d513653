"""Session statements: what each says, and that it can say it again."""

from __future__ import annotations

import pytest

from checker import session_statements as st
from checker.gate import Gate
from checker.session_statements import SessionStatement
from checker.verdict import Allowed, StatementKind

_CSV = st.CopyOptions("csv", ",", "")


@pytest.mark.parametrize(
    ("sql", "statement"),
    [
        ("SHOW search_path", st.Show("search_path")),
        ("SHOW ALL", st.Show("all")),
        ("SHOW TIME ZONE", st.Show("TimeZone")),
        ("SHOW TRANSACTION ISOLATION LEVEL", st.Show("transaction_isolation")),
        ("SHOW streamlink.dialect", st.Show("streamlink.dialect")),
        ("SET a = 1", st.Set("a", (1,))),
        ("SET a TO -1.5", st.Set("a", (-1.5,))),
        ("SET SESSION a TO 'x y'", st.Set("a", ("x y",))),
        ("SET LOCAL a TO on", st.Set("a", ("on",), local=True)),
        ("SET session TO 1", st.Set("session", (1,))),
        ("SET a TO DEFAULT", st.Set("a", None)),
        ("SET search_path TO A, \"B\", 'C'", st.Set("search_path", ("a", "B", "C"))),
        ("SET TIME ZONE 'Europe/Berlin'", st.Set("TimeZone", ("Europe/Berlin",))),
        ("SET TIME ZONE LOCAL", st.Set("TimeZone", None)),
        ("SET LOCAL TIME ZONE -7", st.Set("TimeZone", (-7,), local=True)),
        ("SET NAMES 'utf8'", st.Set("client_encoding", ("utf8",))),
        ("SET SCHEMA 's'", st.Set("search_path", ("s",))),
        ("SET streamlink.prose = on", st.Set("streamlink.prose", ("on",))),
        ("SET TRANSACTION READ ONLY", st.SetTransaction(("READ ONLY",))),
        (
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE",
            st.SetTransaction(("ISOLATION LEVEL READ COMMITTED", "READ WRITE"), session=True),
        ),
        ("RESET a.b", st.Reset("a.b")),
        ("RESET ALL", st.Reset("all")),
        ("RESET SESSION AUTHORIZATION", st.Reset("session_authorization")),
        ("BEGIN", st.Begin()),
        ("BEGIN WORK", st.Begin()),
        (
            "START TRANSACTION READ ONLY, NOT DEFERRABLE",
            st.Begin(("READ ONLY", "NOT DEFERRABLE"), started=True),
        ),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", st.Begin(("ISOLATION LEVEL REPEATABLE READ",))),
        ("COMMIT", st.Commit()),
        ("END TRANSACTION", st.Commit()),
        ("COMMIT AND CHAIN", st.Commit(chain=True)),
        ("COMMIT WORK AND NO CHAIN", st.Commit()),
        ("ROLLBACK", st.Rollback()),
        ("ABORT AND CHAIN", st.Rollback(chain=True)),
        ("SAVEPOINT Sp", st.Savepoint("sp")),
        ("RELEASE sp", st.Savepoint("sp", StatementKind.RELEASE)),
        ('RELEASE SAVEPOINT "Sp"', st.Savepoint("Sp", StatementKind.RELEASE)),
        ("RELEASE savepoint", st.Savepoint("savepoint", StatementKind.RELEASE)),
        ("ROLLBACK TO sp", st.Savepoint("sp", StatementKind.ROLLBACK_TO)),
        ('ROLLBACK TO SAVEPOINT "Sp"', st.Savepoint("Sp", StatementKind.ROLLBACK_TO)),
        ("ROLLBACK TO savepoint", st.Savepoint("savepoint", StatementKind.ROLLBACK_TO)),
        ("ROLLBACK WORK TO SAVEPOINT sp", st.Savepoint("sp", StatementKind.ROLLBACK_TO)),
        ("DISCARD ALL", st.Discard("ALL")),
        ("DISCARD TEMPORARY", st.Discard("TEMP")),
        ("DEALLOCATE p", st.Deallocate("p")),
        ("DEALLOCATE PREPARE p", st.Deallocate("p")),
        ("DEALLOCATE ALL", st.Deallocate(None)),
        ("PREPARE p AS SELECT 1", st.Prepare("p")),
        (
            "PREPARE p (int, numeric(10, 2), text[]) AS SELECT $1",
            st.Prepare("p", ("int", "numeric ( 10 , 2 )", "text [ ]")),
        ),
        ("EXECUTE p", st.Execute("p")),
        ("EXECUTE p (1, 'a' || 'b')", st.Execute("p", has_arguments=True)),
        ("DECLARE c CURSOR FOR SELECT 1", st.Declare("c")),
        (
            "DECLARE c BINARY INSENSITIVE NO SCROLL CURSOR WITH HOLD FOR SELECT 1",
            st.Declare("c", scroll=False, hold=True, binary=True),
        ),
        ("DECLARE c SCROLL CURSOR WITHOUT HOLD FOR VALUES (1)", st.Declare("c", scroll=True)),
        ("FETCH c", st.Fetch("c")),
        ("FETCH 10 c", st.Fetch("c", count=10)),
        ("FETCH NEXT FROM c", st.Fetch("c")),
        ("FETCH FORWARD 5 IN c", st.Fetch("c", count=5)),
        ("FETCH FORWARD ALL FROM c", st.Fetch("c", count=None)),
        ("FETCH ALL c", st.Fetch("c", count=None)),
        ("FETCH PRIOR FROM c", st.Fetch("c", "BACKWARD")),
        ("FETCH BACKWARD FROM c", st.Fetch("c", "BACKWARD")),
        ("FETCH BACKWARD c", st.Fetch("c", "BACKWARD")),
        ("FETCH FIRST FROM c", st.Fetch("c", "ABSOLUTE")),
        ("FETCH LAST FROM c", st.Fetch("c", "ABSOLUTE", -1)),
        ("FETCH ABSOLUTE -3 FROM c", st.Fetch("c", "ABSOLUTE", -3)),
        ("FETCH RELATIVE 0 FROM c", st.Fetch("c", "RELATIVE", 0)),
        ("FETCH -1 FROM c", st.Fetch("c", count=-1)),
        ("MOVE 5 FROM c", st.Fetch("c", count=5, kind=StatementKind.MOVE)),
        ("CLOSE c", st.Close("c")),
        ("CLOSE ALL", st.Close(None)),
        ("COPY t TO STDOUT", st.CopyOut()),
        ("COPY (SELECT 1) TO STDOUT WITH BINARY", st.CopyOut(st.CopyOptions("binary"))),
        ("COPY (SELECT 1) TO STDOUT CSV", st.CopyOut(_CSV)),
        ("COPY (SELECT 1) TO STDOUT WITH (FORMAT csv)", st.CopyOut(_CSV)),
        (
            "COPY t TO STDOUT WITH CSV HEADER DELIMITER AS ';' NULL 'N' QUOTE '''' ESCAPE '\\' FORCE QUOTE a, b",
            st.CopyOut(st.CopyOptions("csv", ";", "N", True, "'", "\\", ("a", "b"))),
        ),
        (
            "COPY t TO STDOUT (FORMAT csv, HEADER false, QUOTE '''', FORCE_QUOTE *, ENCODING 'UTF8')",
            st.CopyOut(st.CopyOptions("csv", ",", "", False, "'", "'", "*")),
        ),
        ("EXPLAIN SELECT 1", st.Explain()),
        ("EXPLAIN ANALYZE VERBOSE SELECT 1", st.Explain((("ANALYZE", ""), ("VERBOSE", "")))),
        (
            "EXPLAIN (ANALYSE off, FORMAT json) SELECT 1",
            st.Explain((("ANALYZE", "OFF"), ("FORMAT", "JSON"))),
        ),
        ("EXPLAIN (SELECT 1)", st.Explain()),
        ("LISTEN c", st.Channel("c")),
        ("UNLISTEN *", st.Channel(None, StatementKind.UNLISTEN)),
        ("NOTIFY c, 'it''s'", st.Channel("c", StatementKind.NOTIFY, "it's")),
    ],
)
def test_says_what_was_said(sql: str, statement: SessionStatement) -> None:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), verdict
    assert verdict.statement == statement
    assert verdict.kind is statement.kind
    again = Gate().check(verdict.sql)
    assert isinstance(again, Allowed), again
    assert again.statement == statement
    assert again.sql == verdict.sql


@pytest.mark.parametrize(
    ("sql", "analyze"),
    [
        ("EXPLAIN SELECT 1", False),
        ("EXPLAIN ANALYZE SELECT 1", True),
        ("EXPLAIN (ANALYZE) SELECT 1", True),
        ("EXPLAIN (ANALYZE true) SELECT 1", True),
        ("EXPLAIN (ANALYZE off) SELECT 1", False),
    ],
)
def test_explain_knows_whether_it_runs(sql: str, analyze: bool) -> None:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed)
    assert isinstance(verdict.statement, st.Explain)
    assert verdict.statement.analyze is analyze


def test_names_cannot_break_out_of_their_quotes() -> None:
    verdict = Gate().check('CLOSE "a""; DROP TABLE t; --"')
    assert isinstance(verdict, Allowed)
    assert verdict.sql == 'CLOSE "a""; DROP TABLE t; --"'


def test_a_copied_table_is_the_query_that_it_is() -> None:
    verdict = Gate().check('COPY s."T" (a, "B") TO STDOUT')
    assert isinstance(verdict, Allowed)
    assert verdict.sql.startswith('COPY (SELECT a, "B" FROM s."T") TO STDOUT')
