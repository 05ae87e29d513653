"""What the gate denies reaches no engine, and drafts get no right that typed SQL lacks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from checker.gate import Gate
from nl_frontend import forms
from nl_frontend.follow_up import Conversation
from proxy.answers import Answers
from proxy.audit import Audit
from proxy.firewall import Firewall
from proxy.judging import Judging
from proxy.pipeline import Pipeline
from proxy.policies import Policies
from proxy.ports import Catalogue
from proxy.records import Records
from proxy.settings import Settings, shipped
from proxy.sqlstate import DeniedByGate, Refused, fields_of
from proxy.values import Values


@dataclass
class Untouchable:
    """An engine that no statement may reach."""

    touched: list[str] = field(default_factory=list)

    def lease(self, user: str, settings: Any) -> Any:
        self.touched.append(user)
        raise AssertionError("a denied statement reached the mirror")


@dataclass(frozen=True)
class Draft:
    sql: str
    model: str = "fake"
    confidence: float | None = 0.7
    notes: tuple[str, ...] = ()


class Drafter:
    """Answers every question with the same SQL."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def extract(self, statement: str, *, prose: bool) -> forms.Question | None:
        return forms.extract(statement, prose=prose)

    async def draft(
        self, question: Any, catalogue: Any, *, search_path: Any, deadline_s: float, **more: Any
    ) -> Draft:
        return Draft(self.sql)


def prepared(sql: str, *, draft: str | None = None, least: int = 0, **given: str) -> tuple[Untouchable, Any]:
    mirror = Untouchable()
    policies = Policies(shipped("policy.toml"))
    settings = Settings().with_values("audit", enabled=False).with_values("model", confidence_percent=least)
    service: Any = SimpleNamespace(
        mirror=mirror, catalogue=Catalogue(), settings=settings, audit=Audit(settings), policies=policies
    )
    service.firewall = Firewall(service.mirror)
    service.judging = Judging(settings.judge)
    service.answers, service.values = Answers(service.mirror, "model"), Values(service)
    pipeline = Pipeline(service, Gate(), None if draft is None else Drafter(draft))
    session: Any = SimpleNamespace(
        settings={"search_path": "public", **given}, user="demo", database="db", pid=7, given_roles=(), service=service,
        grants=policies.grants("demo", ()),
    )  # fmt: skip
    session.executor = SimpleNamespace(records=Records(session), conversation=Conversation())
    return mirror, asyncio.run(pipeline.check(sql, session, None))


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM patent",
        "SELECT 1; DROP TABLE patent",
        "WITH gone AS (DELETE FROM patent RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copy FROM patent",
        "SELECT reflect('java.lang.Runtime', 'exit')",
        "EXPLAIN ANALYZE DELETE FROM patent",
        "COPY patent FROM STDIN",
        "COPY (SELECT 1) TO '/tmp/x'",
        'SELECT * FROM parquet."/etc/passwd"',
        "SET ROLE postgres",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_denied_statements_reach_no_engine(sql: str) -> None:
    with pytest.raises(DeniedByGate) as denied:
        prepared(sql)
    assert fields_of(denied.value).sqlstate in ("42501", "42601", "0A000")


SPARK = {"streamlink.dialect": "Spark"}


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO patent VALUES (1)",
        "SELECT 1; DROP TABLE patent",
        "SELECT 'it\\'s'; ADD JAR '/tmp/x.jar'",
        "SELECT reflect('java.lang.Runtime', 'exit')",
        "SELECT TRANSFORM(a) USING 'cat' FROM patent",
        "SELECT * FROM parquet.`/etc/passwd`",
        "SELECT '${env:PATH}', `${env:PATH}`",
        "SET spark.sql.ansi.enabled = false",
        "SET ROLE postgres",
        "COPY (SELECT 1) TO '/tmp/x'",
        "SELECT pg_read_file('/etc/passwd')",
        "EXPLAIN DELETE FROM patent",
        "PREPARE p AS SELECT java_method('a', 'b')",
    ],
)
def test_denied_spark_sql_reaches_no_engine(sql: str) -> None:
    with pytest.raises(DeniedByGate) as denied:
        prepared(sql, **SPARK)
    assert fields_of(denied.value).sqlstate in ("42501", "42601", "0A000", "42883")


def test_a_text_is_read_in_the_dialect_that_the_session_has_when_it_comes() -> None:
    _, checked = prepared("SET streamlink.dialect = 'postgres'; SELECT `a` FROM VALUES (1) AS t(a)", **SPARK)
    assert [one.allowed.dialect for one in checked] == ["postgres", "spark"]
    with pytest.raises(DeniedByGate):
        prepared("SET streamlink.dialect = 'spark'; SELECT `a` FROM VALUES (1) AS t(a)")


def test_a_draft_is_postgres_whatever_the_session_speaks() -> None:
    _, checked = prepared("nl: what is there", draft="SELECT 'a'::text", **SPARK)
    assert checked[0].allowed.dialect == "postgres"
    with pytest.raises(DeniedByGate):
        prepared("nl: what is there", draft="SELECT `a` FROM VALUES (1) AS t(a)", **SPARK)


@pytest.mark.parametrize(
    "draft", ["DROP TABLE patent", "SET search_path = x", "SELECT 1; DELETE FROM patent", "SHOW all", "BEGIN"]
)
@pytest.mark.parametrize(
    "form", ["nl: what is there", "-- nl: what is there", "SELECT * FROM nl('what is there') AS t"]
)
def test_a_draft_can_only_read(draft: str, form: str) -> None:
    with pytest.raises(DeniedByGate) as denied:
        prepared(form, draft=draft)
    assert fields_of(denied.value).position is None


def test_an_answer_that_is_not_certain_enough_is_shown_and_does_not_run() -> None:
    for least, asked in ((70, "nl: what is there"), (71, "EXPLAIN nl: what is there")):
        _, checked = prepared(asked, draft="SELECT 7", least=least)
        assert checked[0].source.draft.sql == "SELECT 7"
    _, checked = prepared("nl: what", draft="SELECT 7", least=71, **{"streamlink.explain_only": "on"})
    assert checked[0].source.draft.sql == "SELECT 7"
    for form in ("nl: what is there", "SELECT * FROM nl('what is there') AS t"):
        with pytest.raises(Refused) as refused:
            prepared(form, draft="SELECT 7", least=71)
        fields = fields_of(refused.value)
        assert (fields.sqlstate, fields.detail) == ("0A000", "SQL: SELECT 7")
        assert "0.70 of 0.71" in fields.message


def test_comments_alone_are_no_statement() -> None:
    mirror, statements = prepared("/* ping */ ; -- nothing\n;")
    assert statements == ()
    assert mirror.touched == []


def test_an_unterminated_quote_has_its_place() -> None:
    with pytest.raises(DeniedByGate) as denied:
        prepared("SELECT 'abc")
    fields = fields_of(denied.value)
    assert (fields.sqlstate, fields.position) == ("42601", 8)
