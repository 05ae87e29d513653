"""A real Apache Superset over its own REST API, with the server as "PostgreSQL" and no setting but its address.

Superset lives in a virtual environment of its own in the cache folder, made of superset/requirements.txt when it is not
there.  It stores its own things in SQLite and runs queries in its web process, as a fresh install does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from spark_thrift.transport import Endpoint
from tests.clients.program import CACHE
from tests.clients.queries import ENDLESS
from tests.clients.stub_model import Model
from tests.live import LiveServer, over, start_server

REQUIREMENTS = Path(__file__).parent / "superset" / "requirements.txt"
CONFIG = """
SECRET_KEY = "a test's"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
SQLLAB_TIMEOUT = 120
"""
INSTALL_TIMEOUT_S, START_TIMEOUT_S = 600, 120
QUESTION = "how many patents does each source have"


def python() -> Path:
    """The interpreter that has Superset.  Fails with pip's last words where it cannot be installed."""
    place = CACHE / f"superset-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    done = place / "installed"
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True, timeout=INSTALL_TIMEOUT_S)
        pip = [place / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        made = subprocess.run(
            [*pip, "--no-deps", "-r", REQUIREMENTS], capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S
        )
        if made.returncode:
            pytest.fail(
                f"missing: Apache Superset, which pip cannot install: {made.stderr[-400:]}", pytrace=False
            )
        done.touch()
    return place / "bin" / "python"


class Superset:
    """A running Superset, logged in as its administrator."""

    def __init__(self, folder: Path) -> None:
        (folder / "superset_config.py").write_text(CONFIG.format(folder=folder))
        self._command = [str(python()), "-c", "from superset.cli.main import superset; superset()"]
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
            "SUPERSET_HOME": str(folder),
            "FLASK_APP": "superset",
        }
        self._folder = folder
        self._run("db", "upgrade")
        who = ["--username", "admin", "--firstname", "a", "--lastname", "b", "--email", "a@example.org"]
        self._run("fab", "create-admin", *who, "--password", "admin")
        self._run("init")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._log = (folder / "superset.log").open("w")
        self._process = subprocess.Popen(
            [*self._command, "run", "-h", "127.0.0.1", "-p", str(port), "--with-threads"],
            env=self._environment, cwd=folder, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1", timeout=120, trust_env=False, follow_redirects=True
        )
        self._log_in()

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._environment, cwd=self._folder, capture_output=True, text=True, timeout=START_TIMEOUT_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]

    def _log_in(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        body = {"username": "admin", "password": "admin", "provider": "db", "refresh": False}
        while True:
            try:
                answer = self.http.post("/security/login", json=body)
                break
            except httpx.TransportError:
                assert self._process.poll() is None, "Superset ended"
                assert time.monotonic() < deadline, "Superset did not start"
                time.sleep(0.3)
        self.http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **query: str) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: dict[str, Any], status: int = 200) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def sql(self, database: int, sql: str, **more: Any) -> httpx.Response:
        """What SQL Lab does when its user presses Run."""
        body = {
            "database_id": database,
            "sql": sql,
            "schema": "patents",
            "runAsync": False,
            "expand_data": True,
        }
        return self.http.post("/sqllab/execute/", json={**body, **more})

    def chart(self, dataset: int, query: dict[str, Any]) -> list[dict[str, Any]]:
        body = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [query],
            "result_format": "json",
            "result_type": "full",
        }
        rows: list[dict[str, Any]] = self.post("/chart/data", body)["result"][0]["data"]
        return rows

    def stop(self) -> None:
        self.http.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    model = Model()
    model.says = "SELECT source, count(*) AS n FROM patent GROUP BY source"
    yield model
    model.server.shutdown()


@pytest.fixture(scope="module")
def live(
    spark_endpoint: Endpoint, model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("for_superset")
    live = start_server(
        folder, spark=over(spark_endpoint, folder), model={"enabled": True, "urls": [model.url]}
    )
    yield live
    live.stop()


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    superset = Superset(tmp_path_factory.mktemp("superset"))
    yield superset
    superset.stop()


@pytest.fixture(scope="module")
def database(superset: Superset, live: LiveServer) -> int:
    """The server, added as a user adds a PostgreSQL."""
    uri = f"postgresql+psycopg2://demo@127.0.0.1:{live.port}/spark_catalog"
    body = {"database_name": "StreamLink", "sqlalchemy_uri": uri}
    assert superset.post("/database/test_connection/", body)["message"] == "OK"
    return int(superset.post("/database/", {**body, "expose_in_sqllab": True}, 201)["id"])


@pytest.fixture(scope="module")
def patents(superset: Superset, database: int) -> int:
    """A dataset of a table."""
    body = {"database": database, "schema": "patents", "table_name": "patent"}
    return int(superset.post("/dataset/", body, 201)["id"])


def rows_of(live: LiveServer, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(live.conninfo) as connection:
        return connection.execute(sql.encode()).fetchall()


def test_schemas_and_tables(superset: Superset, database: int) -> None:
    assert {"patents", "default"} <= set(superset.get(f"/database/{database}/schemas/")["result"])
    tables = superset.get(f"/database/{database}/tables/", q="(schema_name:patents)")["result"]
    assert {"patent", "assignee", "google_full"} <= {table["value"] for table in tables}


def test_a_table_with_its_columns_and_comments(superset: Superset, database: int) -> None:
    table = superset.get(f"/database/{database}/table_metadata/", name="patent", schema="patents")
    columns = {column["name"]: column for column in table["columns"]}
    assert (columns["grant_date"]["type"], columns["num_claims"]["type"]) == ("DATE", "INTEGER")
    assert columns["kind"]["comment"] == "e.g. B2"
    assert "SELECT" in table["selectStar"]


def test_a_preview(superset: Superset, database: int) -> None:
    table = superset.get(f"/database/{database}/table_metadata/", name="patent", schema="patents")
    answer = superset.sql(database, table["selectStar"], queryLimit=100)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == 100


def test_sql_lab(superset: Superset, database: int, live: LiveServer) -> None:
    sql = "SELECT source, count(*) AS n FROM patent -- by source\nGROUP BY 1 ORDER BY 2 DESC, 1"
    found = superset.sql(database, sql, queryLimit=2).json()["data"]
    assert [(row["source"], row["n"]) for row in found] == rows_of(live, f"{sql} LIMIT 2")
    wrong = superset.sql(database, "SELECT nothing FROM patent").json()["errors"][0]
    assert wrong["error_type"] == "COLUMN_DOES_NOT_EXIST_ERROR", "it knows PostgreSQL's words"


def test_a_time_series(superset: Superset, patents: int, live: LiveServer) -> None:
    query = {
        "columns": [
            {
                "columnType": "BASE_AXIS", "expressionType": "SQL", "timeGrain": "P1M",
                "label": "grant_date", "sqlExpression": "grant_date",
            },
            "source",
        ],
        "metrics": ["count", {"expressionType": "SQL", "sqlExpression": "AVG(num_claims)", "label": "claims"}],
        "filters": [
            {"col": "grant_date", "op": "TEMPORAL_RANGE", "val": "2012-01-01 : 2012-07-01"},
            {"col": "kind", "op": "IN", "val": ["B1", "B2"]},
        ],
        "extras": {"time_grain_sqla": "P1M", "having": "", "where": "(num_claims > 1)"},
        "granularity": "grant_date",
        "orderby": [["count", False]],
        "row_limit": 5000,
        "series_limit": 0,
    }  # fmt: skip
    found = superset.chart(patents, query)
    expected = rows_of(
        live,
        "SELECT date_trunc('month', grant_date)::date, source, count(*) FROM patent WHERE grant_date >= '2012-01-01'"
        " AND grant_date < '2012-07-01' AND kind IN ('B1', 'B2') AND num_claims > 1 GROUP BY 1, 2",
    )
    assert len(expected) > 5
    shown = {
        (time.strftime("%F", time.gmtime(row["grant_date"] / 1000)), row["source"], row["count"])
        for row in found
    }
    assert shown == {(str(month), source, count) for month, source, count in expected}


def test_a_dataset_on_a_question(superset: Superset, database: int, live: LiveServer, model: Model) -> None:
    body = {
        "database": database,
        "schema": "patents",
        "table_name": "asked",
        "sql": f"SELECT * FROM nl('{QUESTION}') AS t",
    }
    dataset = int(superset.post("/dataset/", body, 201)["id"])
    columns = superset.get(f"/dataset/{dataset}")["result"]["columns"]
    assert {column["column_name"]: column["type"] for column in columns} == {
        "source": "STRING",
        "n": "LONGINTEGER",
    }
    asked = len(model.prompts)
    query = {
        "columns": ["source"],
        "metrics": [{"expressionType": "SQL", "sqlExpression": "SUM(n)", "label": "patents"}],
        "filters": [{"col": "n", "op": ">", "val": 10}],
        "orderby": [],
        "row_limit": 100,
    }
    found = superset.chart(dataset, query)
    expected = rows_of(live, "SELECT source, count(*) FROM patent GROUP BY 1 HAVING count(*) > 10")
    assert {(row["source"], int(row["patents"])) for row in found} == set(expected)
    assert len(model.prompts) == asked, "the answer was remembered"


@pytest.mark.parametrize("text", [f"SELECT * FROM nl('{QUESTION}') AS t", f"select * from nl('{QUESTION}')"])
def test_a_question_in_sql_lab(superset: Superset, database: int, live: LiveServer, text: str) -> None:
    answer = superset.sql(database, text)
    assert answer.status_code == 200, answer.text
    expected = rows_of(live, "SELECT source, count(*) FROM patent GROUP BY 1")
    assert {(row["source"], row["n"]) for row in answer.json()["data"]} == set(expected)


@pytest.mark.parametrize("text", [f"nl: {QUESTION}", f"-- nl: {QUESTION}"])
def test_other_forms_of_a_question_do_not_leave_superset(
    superset: Superset, database: int, text: str
) -> None:
    """It parses what is typed, and knows comments and prose for no statement."""
    assert superset.sql(database, text).status_code != 200


def test_a_long_query_is_cancelled(superset: Superset, database: int, live: LiveServer) -> None:
    answers: list[httpx.Response] = []
    client_id = "endless"
    running = threading.Thread(
        target=lambda: answers.append(superset.sql(database, ENDLESS, client_id=client_id)), daemon=True
    )
    running.start()
    active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name NOT LIKE 'x%'"
    deadline = time.monotonic() + 30
    while rows_of(live, active)[0][0] < 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(1)
    begun = time.monotonic()
    superset.post("/query/stop", {"client_id": client_id})
    running.join(30)
    assert answers, "the query goes on"
    assert time.monotonic() - begun < 20
    assert answers[0].status_code != 200 or answers[0].json()["status"] == "stopped", answers[0].text
