"""The schema `streamlink`: made once, kept over restarts, open to just those whom the grants name."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from proxy.mirror import Mirror, MirrorOptions
from proxy.mirror.state import MIGRATIONS, Rights, migrate

pytestmark = [pytest.mark.mirror, pytest.mark.asyncio(loop_scope="session")]


async def error_of(mirror: Mirror, user: str, sql: str) -> str | None:
    async with mirror.lease(user, {}) as lease:
        error = (await lease.query(sql)).error
        return None if error is None else error.sqlstate


async def test_migrations_run_once_and_keep_what_is_there() -> None:
    with tempfile.TemporaryDirectory(prefix="mirror-state-") as folder:
        for start in range(2):
            mirror = Mirror(MirrorOptions(Path(folder)))
            await mirror.start()
            try:
                async with mirror.admin() as admin:
                    await migrate(admin)
                    versions = await admin.fetch("SELECT version FROM streamlink.migration ORDER BY 1")
                    assert [row["version"] for row in versions] == list(range(1, len(MIGRATIONS) + 1))
                    assert await admin.fetchval("SELECT count(*) FROM streamlink.audit_record") == start
                    await admin.execute(
                        "INSERT INTO streamlink.audit_record (id, at, username, outcome)"
                        " VALUES (gen_random_uuid(), now(), 'ann', 'ok')"
                    )
            finally:
                await mirror.stop()


async def test_rights_follow_the_grants(mirror: Mirror) -> None:
    audit, shapes = "SELECT * FROM streamlink.audit", "SELECT * FROM streamlink.shapes"
    assert await error_of(mirror, "ruth", audit) == "42501", "no right is the default"
    for rights, audited, reviewed in (
        (Rights("own"), None, "42501"),
        (Rights("all", admin=True), None, None),
        (Rights("none", admin=True), "42501", None),
        (Rights("none"), "42501", "42501"),
    ):
        await mirror.grant("ruth", rights)
        assert await error_of(mirror, "ruth", audit) == audited, rights
        assert await error_of(mirror, "ruth", shapes) == reviewed, rights
        assert await error_of(mirror, "ruth", "SELECT streamlink.allow_shape(1)") == (
            "42501" if reviewed else "25006"
        )


@pytest.mark.parametrize("name", ["streamlink_admin", "streamlink_audit_all", "streamlink"])
async def test_nobody_can_be_called_as_a_group(mirror: Mirror, name: str) -> None:
    with pytest.raises(Exception, match="reserved"):
        await mirror.grant(name, Rights("all", admin=True))
