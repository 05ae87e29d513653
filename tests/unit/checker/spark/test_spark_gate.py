"""The gate's verdicts on Spark SQL, from the tables beside this file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.context import READ_ALL, Context, Grants, RowFilter
from checker.functions import DENIED, spark_function_kinds
from checker.gate import Gate, Limits
from checker.policy import load
from checker.shape import shape_of
from checker.spark.render import filled
from checker.spark.split import split
from checker.verdict import Allowed, Denied, StatementKind
from proxy.ports import Catalogue, Column, Table
from training.grammar import GRAMMAR_ALONE

HERE = Path(__file__).parent
CORPUS = HERE.parents[2] / "engine" / "spark_dialect.sql"
GATE = Gate()


def checked(sql: str, context: Context | None = None) -> Allowed | Denied:
    return GATE.check(sql, context, dialect="spark")


def denied_rows() -> list[tuple[str, str, int | None, str]]:
    rows = []
    for line in (HERE / "denied.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            sqlstate, code, position, sql = (part.strip() for part in line.split(" | ", 3))
            rows.append(
                (sqlstate, code, None if position == "-" else int(position), sql.replace("\\n", "\n"))
            )
    return rows


def written_pairs() -> list[tuple[str, str]]:
    lines = [line for line in (HERE / "written.txt").read_text("utf-8").splitlines() if line]
    lines = [line for line in lines if not line.startswith("#")]
    return [
        (typed, written.removeprefix("= ")) for typed, written in zip(lines[::2], lines[1::2], strict=True)
    ]


def corpus() -> list[str]:
    return [line for line in CORPUS.read_text("utf-8").splitlines() if line and not line.startswith("--")]


@pytest.mark.parametrize(
    ("sqlstate", "code", "position", "sql"), [pytest.param(*row, id=row[3][:60]) for row in denied_rows()]
)
def test_denied(sqlstate: str, code: str, position: int | None, sql: str) -> None:
    verdict = checked(sql)
    assert isinstance(verdict, Denied), verdict
    assert (verdict.sqlstate, verdict.code, verdict.position) == (sqlstate, code, position), verdict.reason


@pytest.mark.parametrize(("typed", "written"), written_pairs())
def test_written(typed: str, written: str) -> None:
    verdict = checked(typed)
    assert isinstance(verdict, Allowed), verdict
    assert (verdict.sql if verdict.dialect == "spark" else verdict.dialect) == written


@pytest.mark.parametrize("sql", [pytest.param(sql, id=sql[:60]) for sql in corpus()])
def test_what_was_written_is_written_the_same_again(sql: str) -> None:
    verdict = checked(sql)
    assert isinstance(verdict, Allowed), verdict
    assert verdict.dialect == "spark"
    again = checked(verdict.sql)
    assert isinstance(again, Allowed), again
    assert (again.sql, again.kind) == (verdict.sql, verdict.kind)
    assert [f.name for f in again.facts.functions] == [f.name for f in verdict.facts.functions]


def test_what_writes_says_how_to() -> None:
    verdict = checked("INSERT INTO t VALUES (1)")
    assert isinstance(verdict, Denied)
    assert verdict.hint == "SET streamlink.dialect = 'postgres' to write"


def test_a_near_function_is_the_hint() -> None:
    verdict = checked("SELECT colect_list(a) FROM t")
    assert isinstance(verdict, Denied)
    assert verdict.hint == "Perhaps you meant collect_list."


def test_limits_hold_before_the_text_is_parsed() -> None:
    for limits, sql, code in (
        (Limits(statement_chars=10), "SELECT a FROM t", "too_long"),
        (Limits(tokens=3), "SELECT a, b FROM t", "too_many_tokens"),
        (Limits(nesting=3), "SELECT ((((1))))", "too_deep"),
        (Limits(nesting=3), "SELECT CASE WHEN CASE WHEN CASE WHEN CASE WHEN a", "too_deep"),
        (Limits(prefixes=3), "SELECT - - - - 1", "too_deep"),
        (Limits(depth=5), "SELECT a + b + c + d + e + f + g FROM t", "too_deep"),
        (Limits(), "SELECT " + "(" * 5000, "too_deep"),
        (Limits(), "SELECT CAST(a AS " + "ARRAY<" * 5000 + "INT" + ">" * 5000 + ")", "too_deep"),
    ):
        verdict = Gate(limits).check(sql, dialect="spark")
        assert isinstance(verdict, Denied), sql
        assert verdict.code == code, verdict


def test_parameters_have_no_meaning_in_simple_query() -> None:
    verdict = GATE.check("SELECT a FROM t WHERE b = $2", parameters_allowed=False, dialect="spark")
    assert isinstance(verdict, Denied)
    assert (verdict.sqlstate, verdict.position) == ("42P02", 27)


def test_values_take_the_places_of_parameters() -> None:
    verdict = checked("SELECT '$1', `$2`, $1, $2 FROM t WHERE a = $1")
    assert isinstance(verdict, Allowed)
    assert verdict.facts.parameters == (1, 2)
    written = filled(verdict.sql, {1: "'x'", 2: "CAST(NULL AS INT)"})
    assert written == "SELECT '$1' , `$2` , ('x') , (CAST(NULL AS INT)) FROM `t` WHERE `a` = ('x')"


def test_an_injection_is_denied_as_in_postgres() -> None:
    verdict = checked("SELECT a FROM t WHERE b = '' OR '1' = '1' UNION SELECT password FROM users -- '")
    assert isinstance(verdict, Denied)
    assert verdict.code == "injection"


# -- tables and rights ---------------------------------------------------------------------------------------


def table(name: str, columns: str = "id", view: str | None = None) -> Table:
    schema, _, short = name.partition(".")
    made = tuple(Column(column, "int") for column in columns.split())
    return Table(schema, short, "table" if view is None else "view", made, view_text=view, view_schema="pub")


TABLES = (
    table("hr.staff", "id name salary"),
    table("pub.news", "id body"),
    table("pub.secret"),
    table("pub.v_staff", "id", "SELECT id FROM hr.staff"),
)
SCHEMA = Catalogue(1, {(t.schema, t.name): t for t in TABLES}, frozenset({"hr", "pub"}))


def verdict_for(sql: str, **rights: object) -> Allowed | Denied:
    grants = replace(READ_ALL, injection=GRAMMAR_ALONE.grants.injection, **rights)  # type: ignore[arg-type]
    return checked(sql, Context(grants, SCHEMA, ("pub",)))


@pytest.mark.parametrize(
    ("sql", "relations"),
    [
        ("SELECT * FROM news", ["pub.news"]),
        ("SELECT * FROM NEWS n JOIN Hr.STAFF s ON n.id = s.id", ["pub.news", "hr.staff"]),
        ("SELECT * FROM `spark_catalog`.`pub`.`news`", ["pub.news"]),
        ("WITH news AS (SELECT 1) SELECT * FROM news", []),
        ("WITH News AS (SELECT 1) SELECT * FROM nEWS", []),
        ("WITH news AS (SELECT * FROM news) SELECT * FROM news", ["pub.news"]),
        ("WITH news AS (SELECT 1) SELECT * FROM pub.news", ["pub.news"]),
        ("WITH a AS (SELECT * FROM secret), secret AS (SELECT 1) SELECT * FROM secret", ["pub.secret"]),
        ("SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret) x, secret", ["pub.secret"]),
        ("SELECT 1 WHERE EXISTS (WITH secret AS (SELECT 1) SELECT 1 FROM secret, news)", ["pub.news"]),
        ("(WITH secret AS (SELECT 1) SELECT * FROM secret) UNION SELECT id FROM secret", ["pub.secret"]),
        ("SELECT transform(array(1), x -> (SELECT max(id) FROM secret)) FROM news", ["pub.secret", "pub.news"]),
        ("SELECT * FROM news LATERAL VIEW explode(array((SELECT id FROM secret))) e AS x", ["pub.news", "pub.secret"]),
        ("SELECT * FROM news ORDER BY (SELECT id FROM secret)", ["pub.news", "pub.secret"]),
        ("SELECT * FROM range(3)", []),
        ("EXPLAIN SELECT * FROM news", ["pub.news"]),
    ],
)  # fmt: skip
def test_relations_are_resolved_and_written_whole(sql: str, relations: list[str]) -> None:
    verdict = verdict_for(sql)
    assert isinstance(verdict, Allowed), verdict
    assert [f"{r.schema}.{r.name}" for r in verdict.facts.relations] == relations
    for relation in verdict.facts.relations:
        assert f"`{relation.schema}` . `{relation.name}`" in verdict.sql


@pytest.mark.parametrize(
    ("sql", "sqlstate", "position"),
    [
        ("SELECT * FROM nothing", "42P01", 15),
        ("SELECT * FROM hr.nothing", "42P01", 15),
        ("SELECT * FROM other.pub.news", "0A000", 21),
        ("SELECT * FROM pub.news.snapshots", "0A000", 19),
        ("SELECT * FROM global_temp.x", "42P01", 15),
        ("SELECT * FROM news, pg_class", "0A000", 21),
        ("SELECT * FROM news, information_schema.tables", "0A000", 21),
        ("SELECT * FROM news, streamlink.audit", "0A000", 21),
        ("WITH `\u017fecret` AS (SELECT 1) SELECT * FROM secret2", "42P01", 43),
    ],
)
def test_what_does_not_resolve_is_denied(sql: str, sqlstate: str, position: int) -> None:
    verdict = verdict_for(sql)
    assert isinstance(verdict, Denied), verdict
    assert (verdict.sqlstate, verdict.position) == (sqlstate, position), verdict


@pytest.mark.parametrize(
    ("sql", "rights", "code"),
    [
        ("SELECT id FROM hr.staff", {"read": ("pub.*",)}, "table"),
        ("SELECT id FROM news", {"read": ("pub.*",)}, None),
        ("SELECT id FROM news, hr.staff", {"deny": ("hr.*",)}, "table"),
        ("SELECT 1 WHERE 1 IN (SELECT id FROM HR.Staff)", {"deny": ("hr.staff",)}, "table"),
        ("SELECT id FROM hr.staff", {"deny": ("hr.staff.salary",)}, "spark_rights"),
        ("SELECT id FROM hr.staff", {"filters": (RowFilter("hr.staff", "id > 1"),)}, "spark_rights"),
        ("SELECT id FROM news", {"filters": (RowFilter("hr.staff", "id > 1"),)}, None),
        ("SELECT id FROM hr.staff", {"read": ("hr.staff.id",)}, "spark_rights"),
        ("SELECT id FROM v_staff", {"read": ("pub.*",)}, "view"),
        ("SELECT id FROM v_staff", {"read": ("pub.*",), "trusted_views": ("pub.v_staff",)}, None),
        ("SELECT id FROM hr.nothing", {"read": ("pub.*",)}, "table"),
        ("SELECT collect_list(id) FROM news", {"functions": ("kind:aggregate",)}, None),
        ("SELECT upper('x') FROM news", {"functions": ("kind:aggregate",)}, "function"),
        ("SELECT CAST(id AS STRING) FROM news", {"functions": ("kind:aggregate",)}, None),
        ("SELECT Upper('x')", {"deny_functions": ("upper",)}, "function"),
        ("SELECT transform(array('a'), x -> `upper`(x))", {"deny_functions": ("upper",)}, "function"),
        ("SELECT explode(array(1))", {"deny_functions": ("kind:table",)}, "function"),
        ("EXPLAIN SELECT id FROM news", {"statements": frozenset({StatementKind.SELECT})}, "statement_kind"),
        ("EXPLAIN SELECT id FROM hr.staff", {"deny": ("hr.*",)}, "table"),
    ],
)  # fmt: skip
def test_rights(sql: str, rights: dict[str, object], code: str | None) -> None:
    verdict = verdict_for(sql, **rights)
    assert getattr(verdict, "code", None) == code, verdict


def test_a_question_cannot_bring_more_than_a_query() -> None:
    context = Context(READ_ALL, SCHEMA, ("pub",), reads_only=True)
    verdict = checked("EXPLAIN SELECT id FROM news", context)
    assert isinstance(verdict, Denied)
    assert verdict.code == "question_writes"


def test_no_grants_are_no_rights() -> None:
    verdict = checked("SELECT id FROM news", Context(Grants(), SCHEMA, ("pub",)))
    assert isinstance(verdict, Denied)
    assert verdict.sqlstate == "42501"


# -- shapes --------------------------------------------------------------------------------------------------


class EveryTable:
    """A catalogue that has whatever is asked for."""

    def find(self, schema: str | None, name: str, search_path: object) -> Table:
        return table(f"{schema or 'pub'}.{name}")


ANYTHING = replace(GRAMMAR_ALONE, schema=EveryTable(), search_path=("pub",))


def shape(sql: str) -> str:
    verdict = verdict_for(sql)
    assert isinstance(verdict, Allowed), verdict
    return shape_of(verdict).text


def test_a_shape_is_of_its_dialect() -> None:
    postgres = GATE.check("SELECT id FROM news", Context(READ_ALL, SCHEMA, ("pub",)))
    assert isinstance(postgres, Allowed)
    assert shape_of(postgres).digest != shape_of(verdict_for("SELECT id FROM news")).digest  # type: ignore[arg-type]
    assert shape("SELECT id FROM news") == "spark: select id from pub . news"


def test_statements_of_one_shape() -> None:
    same = (
        "SELECT id, 1L FROM news WHERE id IN (1, 2) AND body = 'it\\'s' ORDER BY 2",
        "select ID, 2 from `pub`.NEWS where Id in (3) and body = $1 -- why\n order by 2",
        "SELECT id, DATE '2024-01-01' FROM news WHERE id IN ('x') AND body = '' ORDER BY 2",
    )
    assert len({shape(sql) for sql in same}) == 1
    assert shape(same[0]) != shape(same[0].replace("ORDER BY 2", "ORDER BY 1"))
    assert shape("PREPARE a AS SELECT id FROM news") == shape("PREPARE b AS SELECT id FROM news")


def test_the_shape_of_a_text_that_is_denied_shows_no_value() -> None:
    for sql in (
        "SELECT 'secret' FROM",
        "SELECT 'it\\'s secret' FROM t WHERE",
        "SELECT set_config('x', 'a\\', false), 'secret'",
        'SELECT "secret" FROM t',
        "SELECT 'secret",
        "SELECT E'secret\\'secret' || 'secret'",
        "SELECT $$it's secret$$, 'secret'",
    ):
        assert "secret" not in shape_of(sql, "spark").text


# -- texts of several statements -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT 'it\\'s; x'; SET a.b = 1", ["SELECT 'it\\'s; x'", "SET a.b = 1"]),
        ("SELECT `a;b` /* ; */ -- ;\n ; ", ["SELECT `a;b` /* ; */ -- ;"]),
        ("-- nl: what's there\nSELECT 1", ["-- nl: what's there\nSELECT 1"]),
        ("nl: what's there; SELECT 1", ["nl: what's there", "SELECT 1"]),
        ("DECLARE \"c;\" CURSOR FOR SELECT ';\\''; BEGIN", ["DECLARE \"c;\" CURSOR FOR SELECT ';\\''", "BEGIN"]),
        ("SELECT \"a;b\" FROM pg_class; SELECT 1", ['SELECT "a;b" FROM pg_class', "SELECT 1"]),
    ],
)  # fmt: skip
def test_split(text: str, statements: list[str]) -> None:
    found = split(text)
    assert [statement.text for statement in found] == statements
    assert all(text[one.start :].startswith(one.text) for one in found)


# -- the functions -------------------------------------------------------------------------------------------


def test_nothing_that_runs_code_reads_files_or_speaks_of_the_engine_is_allowed() -> None:
    kinds = spark_function_kinds()
    words = "reflect java_method try_reflect input_file_name raise_error current_user user version uuid rand"
    for name in words.split():
        assert kinds[name] == DENIED
    assert set(kinds.values()) - {DENIED} <= {
        *("aggregate", "window", "conditional", "text", "math", "time", "cast", "array", "json", "table")
    }


def test_a_policy_speaks_of_functions_of_either_dialect(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[roles.a]\nread = ["*.*"]\nfunctions = ["collect_list", "posexplode"]\n')
    grants = load(file).grants(("a",))
    assert isinstance(
        checked("SELECT collect_list(id) FROM news", Context(grants, SCHEMA, ("pub",))), Allowed
    )
    denied = checked("SELECT posexplode(array(1)) FROM news", Context(grants, SCHEMA, ("pub",)))
    assert isinstance(denied, Denied)


# -- properties ----------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(
    ["a", "b", "t.a", "`from`", "`x``y`", "values_", "date", "first", "m['k']", "xs[0].f"]
)
_LITERALS = st.sampled_from(
    [
        "1",
        "1L",
        ".5",
        "'x'",
        "'it\\'s'",
        "r'\\d'",
        "NULL",
        "TRUE",
        "X'0a'",
        "DATE'2024-01-01'",
        "INTERVAL 1 DAY",
        "$1",
    ]
)
_OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "%", "DIV", "||", "=", "==", "<>", "!=", "<=>", "<", ">=", "AND", "OR", "&", "|", "^", "LIKE",
     "RLIKE", "NOT LIKE", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
)  # fmt: skip
_CALLS = st.sampled_from(
    ["upper", "`upper`", "coalesce", "array", "if", "left", "struct", "collect_list", "date", "map"]
)
_FORBIDDEN = st.sampled_from(
    ["reflect", "`reflect`", "java_method", "input_file_name", "my_udf", "read_files", "uuid"]
)


def _expressions(calls: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{} {} {}".format, inner, _OPERATORS, inner),
            st.builds("({})".format, inner),
            st.builds("{}({}, {})".format, calls, inner, inner),
            st.builds("transform(xs, x -> {})".format, inner),
            st.builds("CASE WHEN {} THEN {} ELSE {} END".format, inner, inner, inner),
            st.builds("CAST({} AS ARRAY<STRUCT<a: INT>>)".format, inner),
            st.builds("{} IN ({}, {})".format, _NAMES, inner, inner),
            st.builds("EXTRACT(YEAR FROM {})".format, inner),
            st.builds("(SELECT {} FROM u WHERE {})".format, inner, inner),
            st.builds("sum({}) OVER (PARTITION BY {} ORDER BY {} DESC)".format, inner, inner, inner),
        )

    return st.recursive(st.one_of(_NAMES, _LITERALS), extend, max_leaves=8)


def _queries(calls: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inner = _expressions(calls)
    return st.one_of(
        st.builds("SELECT {}, {} AS x FROM t WHERE {}".format, inner, inner, inner),
        st.builds("SELECT * FROM t LEFT SEMI JOIN u ON {}, v LATERAL VIEW explode({}) e AS y".format, inner, inner),
        st.builds("WITH c AS (SELECT {} AS z FROM t) SELECT z FROM c UNION ALL SELECT {}".format, inner, inner),
        st.builds("SELECT {} FROM VALUES (1) AS w(a) GROUP BY ROLLUP ({}) HAVING {}".format, inner, inner, inner),
        st.builds("SELECT a FROM t ORDER BY {} DESC NULLS FIRST, {} LIMIT 3".format, inner, inner),
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_queries(_CALLS))
def test_what_is_written_is_read_the_same(sql: str) -> None:
    verdict = checked(sql, ANYTHING)
    if isinstance(verdict, Denied):
        assert verdict.code in {"unfaithful", "syntax", "unsupported_syntax"}, verdict
        return
    again = checked(verdict.sql, ANYTHING)
    assert isinstance(again, Allowed), again
    assert again.sql == verdict.sql
    assert shape_of(again) == shape_of(verdict)


@settings(max_examples=300, deadline=None)
@given(_queries(_CALLS), _FORBIDDEN, st.data())
def test_a_forbidden_call_is_found_wherever_it_stands(sql: str, name: str, data: st.DataObject) -> None:
    """In the place of any name or literal of a query that would be allowed."""
    if isinstance(checked(sql, ANYTHING), Denied):
        return
    places = [
        at
        for at in range(len(sql))
        if sql.startswith(("a ", "b ", "1 ", "NULL "), at) and sql[at - 1] in " ("
    ]
    if not places:
        return
    at = data.draw(st.sampled_from(places))
    end = sql.index(" ", at)
    changed = f"{sql[:at]}{name}('x', 'y'){sql[end:]}"
    assert isinstance(checked(changed, ANYTHING), Denied), changed


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from(" \n'\"`\\/*-+$;:{}()<>=.,aex1_ \u00e9\u2028"), max_size=60))
def test_garbage_is_a_verdict_and_a_list_of_statements(text: str) -> None:
    for sql in (text, f"SELECT {text}", f"SELECT '{text}' FROM t"):
        verdict = checked(sql)
        assert getattr(verdict, "code", "") != "gate_failure", (sql, verdict)
        if isinstance(verdict, Allowed) and verdict.dialect == "spark":
            assert "${" not in verdict.sql
