"""Remembered answers on a running server: asked once, kept over a restart, reviewed in SQL, never for other roles."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from spark_thrift.transport import Endpoint
from tests.clients.stub_model import Model
from tests.live import LiveServer, over, start_server
from training import approved
from training.datasets import load

GRANTS = {
    "demo": {"roles": ["analyst"], "admin": True},
    "other": {"roles": ["analyst"]},
    "guest": {"roles": ["visitor"]},
    "secret": {"roles": ["hidden"], "redact": True},
}
FOLLOWED_S = 1.5
"""Longer than a review takes to count."""


class Place:
    """A server with a model of ours; `start` again goes on with the same data."""

    def __init__(self, folder: Path, spark: Endpoint) -> None:
        self.folder, self.spark, self.model = folder, spark, Model()
        folder.mkdir(exist_ok=True)
        (folder / "grants.json").write_text(json.dumps(GRANTS))
        self.server = self.start()

    def start(self) -> LiveServer:
        self.server = start_server(
            self.folder,
            program="tests.granted",
            environment={"TEST_GRANTS": str(self.folder / "grants.json")},
            auth={"rules": ["host all all loopback trust"]},
            spark=over(self.spark, self.folder),
            model={"enabled": True, "urls": [self.model.url]},
        )
        return self.server

    def run(self, user: str, sql: str) -> tuple[list[tuple[Any, ...]], list[str]]:
        notices: list[str] = []
        conninfo = self.server.conninfo.replace("user=demo", f"user={user}")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.add_notice_handler(
                lambda notice: notices.append(f"{notice.message_primary} {notice.message_detail or ''}")
            )
            return connection.execute(sql.encode()).fetchall(), notices

    def ask(self, question: str, user: str = "demo") -> tuple[list[tuple[Any, ...]], int]:
        """The rows, and how often the model was asked for them."""
        before = len(self.model.prompts)
        rows, _ = self.run(user, f"-- nl: {question}")
        return rows, len(self.model.prompts) - before

    def answers(self, columns: str, user: str = "demo", where: str = "true") -> list[tuple[Any, ...]]:
        time.sleep(FOLLOWED_S)
        return self.run(user, f"SELECT {columns} FROM streamlink.answers WHERE {where}")[0]

    def review(self, call: str) -> None:
        self.run("demo", f"SELECT streamlink.{call}")
        time.sleep(FOLLOWED_S)


@pytest.fixture(scope="module")
def place(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("answers"), spark_endpoint)
    yield place
    place.server.stop()
    place.model.server.shutdown()


def test_a_question_is_asked_once_for_all_with_these_roles(place: Place) -> None:
    (rows, asked) = place.ask("how many patents are there")
    assert asked == 1
    assert rows[0][0] > 10_000
    place.model.says = "SELECT 1 AS other"
    assert place.ask("How many  patents are there?") == (rows, 0)
    assert place.ask("how many patents are there", "other") == (rows, 0)
    assert place.ask("how many patents are there", "guest") == ([(1,)], 1)
    columns = "question, sql, state, roles, askers, asked"
    assert sorted(place.answers(columns)) == [
        ("how many patents are there", "SELECT 1 AS other", "given", ["visitor"], ["guest"], 1),
        ("how many patents are there", "SELECT count(*) AS n FROM patent", "given", ["analyst"], ["demo", "other"], 3),
    ]  # fmt: skip
    assert [row[3] for row in place.answers(columns, "guest")] == [["visitor"]]
    assert place.answers("count(*)", "secret") == [(0,)]


def test_what_decides_it(place: Place) -> None:
    """Other tables in sight, and roles of which nothing may be kept."""
    place.model.says = "SELECT count(*) AS n FROM patent"
    assert place.ask("count them", "secret")[1] == 1
    assert place.ask("count them", "secret")[1] == 1
    assert place.answers("count(*)", where="question = 'count them'") == [(0,)]
    with psycopg.connect(place.server.conninfo, autocommit=True) as connection:
        connection.execute("SET search_path = 'default'")
        with pytest.raises(psycopg.Error):
            connection.execute(b"-- nl: how many patents are there")


def test_parameters_beside_a_question(place: Place) -> None:
    place.model.says = "SELECT grant_year, count(*) AS n FROM patent GROUP BY grant_year"
    with psycopg.connect(place.server.conninfo, autocommit=True) as connection:
        query = "SELECT t.n FROM nl('patents per year') AS t WHERE t.grant_year = %s AND t.n > %s"
        found = connection.execute(query, (2012, 1), prepare=True).fetchall()
        assert found == connection.execute("SELECT count(*) FROM patent WHERE grant_year = 2012").fetchall()


def test_a_question_goes_on_from_the_last_one(place: Place) -> None:
    told: list[str] = []
    conninfo = place.server.conninfo
    with psycopg.connect(conninfo, autocommit=True) as connection, connection.cursor() as cursor:
        connection.add_notice_handler(lambda notice: told.append(notice.message_detail or ""))
        per_year = "SELECT grant_year, count(*) AS n FROM patent GROUP BY grant_year"
        place.model.says = per_year
        cursor.execute(b"nl: patents granted, by year;")
        place.model.says = f"{per_year} HAVING grant_year > 2009"
        cursor.execute(b"nl: only since 2010;")
        assert "understood" not in "".join(told), "unless it is asked for, a question stands alone"
        cursor.execute("SET streamlink.follow_up = on")
        cursor.execute(b"nl: patents granted, by year;")
        everything = cursor.fetchall()
        for prepare in (False, True):  # twice, as clients do
            cursor.execute(b"nl: only since 2010;", prepare=prepare)
            assert cursor.fetchall() == [row for row in everything if row[0] is not None and row[0] > 2009]
        assert told[-1] == "understood as: patents granted, by year; only since 2010"
        assert f"-- patents granted, by year\n{per_year};\n" in place.model.prompts[-1]
        cursor.execute(b"nl: and per year?;")
        assert told[-1] == "understood as: patents granted, by year; only since 2010; and per year?"
        cursor.execute("DISCARD ALL")
        cursor.execute("SET streamlink.follow_up = on")
        cursor.execute(b"nl: only since 2010;")
        assert "understood" not in told[-1]
    with psycopg.connect(conninfo, autocommit=True, options="-c streamlink.follow_up=on") as connection:
        before = len(place.model.prompts)
        connection.execute(b"nl: patents granted, by year;")
        connection.execute(b"nl: only since 2010;")
        assert len(place.model.prompts) == before, "what was understood is remembered for all"


def test_explain_only_shows_the_sql_and_runs_nothing(place: Place) -> None:
    place.model.says = "SELECT max(grant_year) AS latest FROM patent"
    with psycopg.connect(place.server.conninfo, autocommit=True) as connection:
        connection.execute("SET streamlink.explain_only = on")
        for question in (b"nl: the latest year;", b"SELECT * FROM nl('the latest year') AS t"):
            cursor = connection.execute(question)
            assert [column.name for column in cursor.description or ()] == ["QUERY PLAN"]
            lines = [line for (line,) in cursor.fetchall()]
            assert place.model.says in lines[0]
            assert lines[1] == "Verdict: allowed"
        assert connection.execute("SELECT 1").fetchone() == (1,), "what is no question runs"
        place.model.says = "SELECT pg_read_file('/etc/passwd') AS x"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(b"nl: the word of pass;")
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="explain_only"):
            connection.execute("SET streamlink.explain_only = maybe")


def test_an_answer_without_rows_says_why_that_may_be(place: Place) -> None:
    place.model.says = "SELECT title FROM patent WHERE patent_type = 'no such kind'"
    rows, notices = place.run("demo", "-- nl: patents of no such kind")
    assert rows == []
    assert (
        notices[-1] == "the answer to this question has no rows Its conditions: patent_type = 'no such kind'"
    )
    for probe in (
        "SELECT * FROM nl('patents of no such kind') AS t LIMIT 0",
        "-- nl: how many patents are there",
    ):
        assert "no rows" not in place.run("demo", probe)[1][-1]


def test_review(place: Place, tmp_path: Path) -> None:
    place.model.says = "SELECT count(*) AS n FROM assignee"
    place.ask("number of firms")
    ((identity,),) = place.answers("id", where="question = 'number of firms'")
    for user in ("other", "guest"):
        for call in ("approve_answer(1)", "correct_answer(1, 'SELECT 1')", "forget_answer(1)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                place.run(user, f"SELECT streamlink.{call}")
    place.review(f"correct_answer({identity}, 'SELECT count(DISTINCT organization) AS n FROM assignee')")
    rows, notices = place.run("other", "-- nl: number of firms")
    assert rows == place.run("demo", "SELECT count(DISTINCT organization) FROM assignee")[0]
    assert "corrected by an administrator" in notices[0]
    # It is an example now, for these roles and no others.
    place.model.says = "SELECT 7 AS n"
    for user, shown in (("demo", True), ("guest", False)):
        place.ask(f"the number of firms that {user} knows", user)
        assert ("count(DISTINCT organization) AS n" in place.model.prompts[-1]) is shown, user
    # And a pair to train with, beside the very tables that the model is shown.
    out = tmp_path / "approved.jsonl"
    assert approved.main([place.server.conninfo, "--out", str(out)]) == 0
    (pair,) = map(json.loads, out.read_text("utf-8").splitlines())
    assert (pair["question"], pair["sql"]) == (
        "number of firms",
        "SELECT count(DISTINCT organization) AS n FROM assignee",
    )
    assert f"Tables:\n{pair['schema']}\n" in place.model.prompts[-1]
    assert load(f"approved:{out}")[0].schema == pair["schema"]
    place.review(f"forget_answer({identity})")
    assert place.ask("number of firms") == ([(7,)], 1)
    assert approved.main([place.server.conninfo + " port=1", "--out", str(out)]) == 1


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [("DROP TABLE patent", "42501"), ("SELECT FROM WHERE", "42601"), ("SELECT no_such FROM patent", "42703")],
)
def test_a_correction_passes_the_gate_like_anything_else(place: Place, sql: str, sqlstate: str) -> None:
    question = f"a question for {sqlstate}"
    place.model.says = "SELECT 5 AS n"
    place.ask(question)
    ((identity,),) = place.answers("id", where=f"question = '{question}'")
    place.review(f"correct_answer({identity}, '{sql}')")
    with pytest.raises(psycopg.Error) as caught:
        place.ask(question)
    assert caught.value.sqlstate == sqlstate
    place.review(f"forget_answer({identity})")


def test_answers_outlive_the_server(place: Place) -> None:
    place.model.says = "SELECT 11 AS n"
    assert place.ask("something to keep") == ([(11,)], 1)
    place.server.stop()
    place.start()
    place.model.says = "SELECT 12 AS n"
    assert place.ask("something to keep") == ([(11,)], 0)
    assert place.ask("something new") == ([(12,)], 1)
