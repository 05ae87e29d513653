"""The gate's verdicts, from the tables beside this file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker import gate as gate_module
from checker.context import READ_ALL, Context, Grants
from checker.gate import Gate, Limits
from checker.verdict import Allowed, Denied, StatementKind

_HERE = Path(__file__).parent
_ROUNDTRIP = _HERE.parents[1] / "mirror" / "roundtrip.sql"


def _rows() -> list[tuple[str, str, int | None, str]]:
    rows = []
    for line in (_HERE / "denied.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            sqlstate, code, position, sql = (part.strip() for part in line.split(" | ", 3))
            rows.append(
                (sqlstate, code, None if position == "-" else int(position), sql.replace("\\n", "\n"))
            )
    return rows


def allowed_statements() -> list[str]:
    text = _ROUNDTRIP.read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("--")]


@pytest.mark.parametrize(
    ("sqlstate", "code", "position", "sql"), [pytest.param(*row, id=row[3][:60]) for row in _rows()]
)
def test_denied(sqlstate: str, code: str, position: int | None, sql: str) -> None:
    verdict = Gate().check(sql)
    assert isinstance(verdict, Denied)
    assert (verdict.sqlstate, verdict.code, verdict.position) == (sqlstate, code, position), verdict.reason


@pytest.mark.parametrize("sql", [pytest.param(sql, id=sql[:60]) for sql in allowed_statements()])
def test_allowed_and_stable(sql: str) -> None:
    """What the gate wrote is allowed again, and written the same way."""
    verdict = Gate().check(sql)
    assert isinstance(verdict, Allowed), verdict
    again = Gate().check(verdict.sql)
    assert isinstance(again, Allowed), again
    assert again.sql == verdict.sql
    assert (again.kind, again.tree) == (verdict.kind, verdict.tree)


def test_words_that_were_disliked_are_named() -> None:
    verdict = Gate().check("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x")
    assert isinstance(verdict, Denied)
    assert verdict.reason == "permission denied: DELETE is not allowed"


def test_syntax_error_in_postgres_words() -> None:
    verdict = Gate().check("SELECT * FORM t")
    assert isinstance(verdict, Denied)
    assert verdict.reason == 'syntax error at or near "FORM"'


def test_expected_token_is_the_hint() -> None:
    verdict = Gate().check("SELECT (1")
    assert isinstance(verdict, Denied)
    assert (verdict.reason, verdict.hint) == ("syntax error at end of input", "Expecting ).")


def test_near_function_is_the_hint() -> None:
    verdict = Gate().check("SELECT lenght('x')")
    assert isinstance(verdict, Denied)
    assert verdict.hint == "Perhaps you meant length."


@pytest.mark.parametrize("sql", ["", "  ", "-- comment", "/* ping */", ";"])
def test_nothing_to_run(sql: str) -> None:
    assert Gate().check(sql) == Allowed(StatementKind.EMPTY, "")


def test_base_position_moves_the_place() -> None:
    verdict = Gate().check("SELECT pg_sleep(1)", base_position=100)
    assert isinstance(verdict, Denied)
    assert verdict.position == 108


def test_parameters_need_the_extended_protocol() -> None:
    verdict = Gate().check("SELECT $2", parameters_allowed=False)
    assert isinstance(verdict, Denied)
    assert (verdict.sqlstate, verdict.reason, verdict.position) == ("42P02", "there is no parameter $2", 8)


def test_verdicts_can_be_compared_and_do_not_change() -> None:
    first, second = Gate().check("SELECT a FROM t"), Gate().check("SELECT a FROM t")
    assert first == second
    with pytest.raises(AttributeError):
        first.sql = "DROP TABLE t"  # type: ignore[union-attr, misc]


class TestLimits:
    def test_length(self) -> None:
        verdict = Gate(Limits(statement_chars=10)).check("SELECT 12345")
        assert isinstance(verdict, Denied)
        assert (verdict.code, verdict.sqlstate) == ("too_long", "54000")

    def test_tokens(self) -> None:
        verdict = Gate(Limits(tokens=10)).check("SELECT 1,2,3,4,5,6")
        assert isinstance(verdict, Denied)
        assert verdict.code == "too_many_tokens"

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT " + "(" * 201 + "1" + ")" * 201,
            "SELECT " + "ARRAY[" * 201 + "1" + "]" * 201,
            "SELECT " + "CASE WHEN true THEN " * 201 + "1" + " END" * 201,
            "SELECT " + "NOT " * 51 + "true",
            "SELECT " + "- " * 51 + "1",
            "SELECT 1" + "::int" * 3000,
            "SELECT a" + "[1]" * 3000 + " FROM t",
            "SELECT " + "(SELECT " * 250 + "1" + ")" * 250,
        ],
    )
    def test_nesting(self, sql: str) -> None:
        verdict = Gate().check(sql)
        assert isinstance(verdict, Denied)
        assert (verdict.code, verdict.sqlstate) == ("too_deep", "54001")

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT " + "(" * 150 + "1" + ")" * 150,
            "SELECT * FROM t WHERE " + " OR ".join(f"a = {n}" for n in range(1500)),
            "SELECT a FROM t WHERE a IN (" + ",".join(map(str, range(9000))) + ")",
            "SELECT " + " || ".join(["a"] * 1000) + " FROM t",
            "SELECT 1" + " UNION ALL SELECT 1" * 500,
            "SELECT 1" + " JOIN t ON true".join([" FROM t"] + [""] * 300),
        ],
    )
    def test_honest_length_is_no_depth(self, sql: str) -> None:
        assert isinstance(Gate().check(sql), Allowed)

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT 1 FROM t" + " JOIN t" * 40,
            "SELECT " + "union (" * 40 + "1" + ")" * 40,
            "SELECT " + "ARRAY[" * 150 + "1" + "]" * 150,
            "SELECT " + "trim(" * 190 + "a," * 9000,
        ],
    )
    def test_no_statement_makes_the_parser_start_over_without_end(self, sql: str) -> None:
        """Not a timing: without its bounds the parser would take years."""
        assert isinstance(Gate().check(sql), Allowed | Denied)

    def test_nul(self) -> None:
        verdict = Gate().check("SELECT 1,\x002")
        assert isinstance(verdict, Denied)
        assert (verdict.code, verdict.sqlstate, verdict.position) == ("nul", "22021", 10)

    def test_surrogate(self) -> None:
        verdict = Gate().check("SELECT '\ud800'")
        assert isinstance(verdict, Denied)
        assert (verdict.code, verdict.sqlstate, verdict.position) == ("encoding", "22021", 9)


class TestFailsClosed:
    def test_exception(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*arguments: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(gate_module, "collect", fail)
        verdict = Gate().check("SELECT 1")
        assert isinstance(verdict, Denied)
        assert (verdict.code, verdict.sqlstate) == ("gate_failure", "XX000")

    def test_tree_that_lost_something(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate_module, "to_postgres", lambda tree: "SELECT a FROM t")
        verdict = Gate().check("SELECT a FROM t WHERE tenant = 7")
        assert isinstance(verdict, Denied)
        assert (verdict.code, verdict.position) == ("unfaithful", 17)

    def test_tree_that_gained_something(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gate_module, "to_postgres", lambda tree: "SELECT a FROM t, u")
        assert isinstance(Gate().check("SELECT a FROM t"), Denied)

    @settings(max_examples=300, deadline=None)
    @given(st.text(max_size=60))
    def test_any_text_has_a_verdict(self, text: str) -> None:
        verdict = Gate().check(text)
        assert isinstance(verdict, Allowed | Denied)
        if isinstance(verdict, Denied):
            assert verdict.code != "gate_failure", verdict


@pytest.mark.parametrize(
    "call", ["streamlink.allow_shape(1)", "streamlink.forbid_shape(id)", "allow_shape(1)"]
)
def test_only_administrators_review_and_no_model_does(call: str) -> None:
    sql = f"SELECT {call} FROM streamlink.shapes"
    schema = SimpleNamespace(find=lambda *_: None)
    for context, allowed in (
        (None, False),
        (Context(Grants(), schema), False),
        (Context(replace(READ_ALL, admin=True), schema, reads_only=True), False),
        (Context(replace(READ_ALL, admin=True), schema), True),
    ):
        verdict = Gate().check(sql, context)
        assert isinstance(verdict, Allowed) is allowed
        assert allowed or (verdict.sqlstate == "42501" and verdict.position is not None)


def test_the_state_schema_has_no_other_functions() -> None:
    context = Context(replace(READ_ALL, admin=True), SimpleNamespace(find=lambda *_: None))
    for call in (
        "streamlink.review_shape(1, 'allowed')",
        "streamlink.version()",
        "pg_catalog.allow_shape(1)",
    ):
        assert isinstance(Gate().check(f"SELECT {call}", context), Denied)
