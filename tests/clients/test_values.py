"""Names in questions on a running server: what the model is told of the columns that hold them, and to whom."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from proxy.settings import shipped
from spark_thrift.transport import Endpoint
from tests.clients.conftest import run_on_spark
from tests.clients.stub_model import Model
from tests.live import LiveServer, over, start_server

POLICY = """
default_roles = ["reader"]
[users]
counsel = ["counsel"]
stray = ["stray"]
writer = ["writer"]
[roles.reader]
read = ["*.*"]
[roles.writer]
read = ["*.*"]
[roles.writer.write]
insert = ["default.value_notes"]
[roles.counsel]
read = ["patents.*"]
[roles.counsel.filters]
"patents.inventor" = "country = 'US'"
[roles.counsel.masks]
"patents.google_full.title" = "NULL"
[roles.stray]
read = ["*.*"]
deny = ["patents.inventor.name"]
"""
READ_S = 240.0
NAME = "Mark Hairgrove"


class Place:
    def __init__(self, folder: Path, spark: Endpoint) -> None:
        self.model = Model()
        self.model.says = "SELECT count(*) AS n FROM patent"
        (folder / "policy.toml").write_text(POLICY)
        self.server: LiveServer = start_server(
            folder,
            auth={"rules": ["host all all loopback trust"]},
            spark=over(spark, folder),
            policy={"file": folder / "policy.toml"},
            semantic={"file": shipped("semantic.toml")},
            model={"enabled": True, "urls": [self.model.url]},
        )
        self._number = itertools.count()

    def connect(self, user: str) -> psycopg.Connection[tuple[object, ...]]:
        conninfo = self.server.conninfo.replace("user=demo", f"user={user}")
        return psycopg.connect(conninfo, autocommit=True)

    def told(self, question: str, user: str = "demo") -> str:
        """What the model is told of the values that a question names."""
        with self.connect(user) as connection:
            # A number, since an answer is remembered.
            connection.execute(f"-- nl: {question}, {next(self._number)}".encode())
        asked = self.model.prompts[-1].split("<|im_start|>user\n")[1].split("<|im_end|>")[0]
        return asked.partition("\nValues: ")[2]

    def until_told(self, question: str, said: str, user: str = "demo") -> None:
        end = time.monotonic() + READ_S
        while (found := self.told(question, user)) != said:
            assert time.monotonic() < end, found
            time.sleep(0.5)


@pytest.fixture(scope="module")
def place(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    asyncio.run(run_on_spark(spark_endpoint, "CREATE TABLE default.value_notes (body STRING) USING parquet"))
    place = Place(tmp_path_factory.mktemp("values"), spark_endpoint)
    yield place
    place.server.stop()
    place.model.server.shutdown()
    asyncio.run(run_on_spark(spark_endpoint, "DROP TABLE default.value_notes"))


def test_a_name_is_told_with_its_columns(place: Place) -> None:
    place.until_told(f"patents of {NAME}", f"{NAME} within google_full.inventor, inventor.name")
    place.until_told("who filed us-10001996-b2", "'US-10001996-B2' in google_full.publication_number,"
                     " patent.publication_number")  # fmt: skip
    assert place.told("how many patents are there") == ""


def test_nobody_is_told_of_values_that_they_may_not_see(place: Place) -> None:
    assert "inventor" not in place.told(f"patents of {NAME}", "counsel")
    assert place.told("patents under H10D", "counsel") == "'H10D' in cpc.cpc_subclass"
    assert place.told(f"patents of {NAME}", "stray") == f"{NAME} within google_full.inventor"


def test_a_draft_that_looks_in_the_wrong_column_is_mended_and_the_user_told(place: Place) -> None:
    place.model.says = "SELECT count(*) AS n FROM assignee WHERE organization = 'Mark Hairgrove'"
    notices: list[str] = []
    with place.connect("demo") as connection:
        connection.add_notice_handler(lambda notice: notices.append(str(notice.message_detail)))
        rows = connection.execute(f"-- nl: patents of {NAME}, mended".encode()).fetchall()
        wanted = connection.execute(
            "SELECT count(*) FROM assignee WHERE patent_id IN"
            f" (SELECT patent_id FROM inventor WHERE name = '{NAME}')"
        ).fetchall()
    place.model.says = "SELECT count(*) AS n FROM patent"
    assert rows == wanted != [(0,)]
    assert "which has it" in "\n".join(notices)


def test_what_was_written_here_is_known_soon(place: Place) -> None:
    with place.connect("writer") as connection:
        connection.execute("INSERT INTO \"default\".value_notes VALUES ('Zanzibar Quartet')")
    place.until_told("anything by the Zanzibar Quartet", "'Zanzibar Quartet' in value_notes.body", "writer")
