"""The server's own limits on a statement's time hold, whatever a session asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest

from spark_thrift.transport import Endpoint
from tests.clients.queries import ENDLESS
from tests.live import LiveServer, over, start_server

ON_MIRROR = "SELECT count(*) FROM generate_series(1, 1000000000000)"
ON_SPARK = ENDLESS
LIMIT_S = 3
# A statement that only takes time looks like an attack: here it may run.
POLICY = 'default_roles = ["reader"]\n[roles.reader]\nread = ["*.*"]\ninjection = { deny_at = 1.1 }\n'


@pytest.fixture(scope="module")
def strict(spark_endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    folder = tmp_path_factory.mktemp("strict")
    (folder / "policy.toml").write_text(POLICY)
    live = start_server(
        folder,
        policy={"file": folder / "policy.toml"},
        spark=over(spark_endpoint, folder),
        mirror={"statement_timeout_s": LIMIT_S},
        limits={"statement_deadline_s": LIMIT_S},
    )
    try:
        yield live
    finally:
        live.stop()


@pytest.mark.parametrize("sql", [ON_MIRROR, ON_SPARK])
@pytest.mark.parametrize(
    ("lift", "shown"),
    [
        ("SET statement_timeout = 0", "0"),
        ("SET statement_timeout = '1h'", "1h"),
        ("SELECT set_config('statement_timeout', '2147483647', false)", "2147483647ms"),
        ("BEGIN; SET LOCAL statement_timeout = 0", "0"),
    ],
)
def test_session_cannot_lift_the_limit(strict: LiveServer, sql: str, lift: str, shown: str) -> None:
    with psycopg.connect(strict.conninfo, autocommit=True) as connection:
        connection.execute(lift)
        assert connection.execute("SHOW statement_timeout").fetchone() == (shown,)
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            connection.execute(sql)
        assert time.monotonic() - began < 5 * LIMIT_S
        connection.execute("ROLLBACK")
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_startup_cannot_lift_it_either(strict: LiveServer) -> None:
    with psycopg.connect(strict.conninfo, autocommit=True, options="-c statement_timeout=0") as connection:
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            connection.execute(ON_MIRROR)
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
