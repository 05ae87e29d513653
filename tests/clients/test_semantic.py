"""Keys and references that the site declares, as tools see them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from proxy.settings import shipped
from spark_thrift.transport import Endpoint
from tests.live import LiveServer, over, start_server


@pytest.fixture(scope="module")
def declared(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("declared")
    file = folder / "semantic.toml"
    more = '[tables."patents.google_full".columns]\nnum_claims = "how many claims"\n'
    more += '[tables."patents.gone"]\nkey = ["id"]\n'
    file.write_text(shipped("semantic.toml").read_text("utf-8") + more, "utf-8")
    live = start_server(folder, spark=over(spark_endpoint, folder), semantic={"file": file})
    yield live
    live.stop()


def test_a_tool_that_reflects(declared: LiveServer) -> None:
    engine = sa.create_engine(f"postgresql+psycopg://demo@127.0.0.1:{declared.port}/spark_catalog")
    inspector = sa.inspect(engine)
    assert inspector.get_pk_constraint("patent", schema="patents")["constrained_columns"] == ["patent_id"]
    (key,) = inspector.get_foreign_keys("cpc", schema="patents")
    assert (key["constrained_columns"], key["referred_schema"], key["referred_table"], key["referred_columns"]) == (
        ["patent_id"], "patents", "patent", ["patent_id"],
    )  # fmt: skip
    comments = {c["name"]: c["comment"] for c in inspector.get_columns("google_full", schema="patents")}
    assert comments["num_claims"] == "how many claims"
    engine.dispose()


def test_psql_describes_them(declared: LiveServer) -> None:
    place = ["-h", declared.host, "-p", str(declared.port), "-U", "demo", "-d", declared.database]
    command = ["psql", "-X", *place, "-c", r"\d patents.assignee"]
    shown = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    assert '"assignee_pkey" PRIMARY KEY, btree (patent_id, sequence)' in shown
    assert "FOREIGN KEY (patent_id) REFERENCES patent(patent_id)" in shown


def test_rows_are_as_before(declared: LiveServer) -> None:
    with psycopg.connect(declared.conninfo) as connection:
        sql = "SELECT count(*) FROM patent JOIN assignee USING (patent_id)"
        assert connection.execute(sql).fetchone() == (58_843,)


def test_what_does_not_hold_is_told_in_the_log(declared: LiveServer) -> None:
    assert "there is no table patents.gone" in declared.log()
