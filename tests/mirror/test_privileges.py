"""What a client's role cannot do, even where the gate would let it try."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.mirror import Mirror

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]

FORBIDDEN = [
    line
    for line in (Path(__file__).parent / "forbidden.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize("statement", FORBIDDEN)
@pytest.mark.parametrize("read_only", ["on", "off"])
async def test_forbidden_statement_fails(mirror: Mirror, statement: str, read_only: str) -> None:
    async with mirror.lease("eve", {"default_transaction_read_only": read_only}) as lease:
        error = (await lease.query(statement)).error
        assert error is not None
        assert error.sqlstate == "42501" or (read_only == "on" and error.sqlstate == "25006"), error


async def test_statement_timeout_is_set(mirror: Mirror) -> None:
    async with mirror.lease("eve", {}) as lease:
        reply = await lease.query(
            "SELECT current_setting('statement_timeout'), current_setting('default_transaction_read_only'),"
            " rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
            " WHERE rolname = current_user"
        )
    assert b"\x00\x00\x00\x0330s\x00\x00\x00\x02on" + b"\x00\x00\x00\x01f" * 5 in reply.raw


async def test_tables_can_be_seen_by_tools(mirror: Mirror) -> None:
    async with mirror.lease("eve", {}) as lease:
        reply = await lease.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'patents' ORDER BY 1"
        )
        assert reply.tag == "SELECT 2"
        reply = await lease.query("SELECT has_table_privilege('patents.patent', 'SELECT')")
        assert b"\x00\x00\x00\x01t" in reply.raw
        reply = await lease.query("SELECT * FROM patents.patent")
        assert reply.tag == "SELECT 0"
