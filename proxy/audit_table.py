"""The journal copied into streamlink.audit, piece by piece, each line once.

Rules: a piece and the offset behind it are committed together, so neither a crash of the mirror nor one of ours loses
or doubles a record; nothing is held but the piece in hand; a mirror that is away is caught up when it is back.  The
mirror reads the JSON itself.  Old rows are dropped by age; the journal has its own limits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from proxy.journal import Journal, Piece
from proxy.mirror import Mirror
from proxy.mirror.roles import STATE_SCHEMA

log = logging.getLogger("streamlink.audit")

COPY_INTERVAL_S = 0.2
RETRY_S = 1.0
CLEAN_INTERVAL_S = 3600.0

_INSERT = f"""
    INSERT INTO {STATE_SCHEMA}.audit_record
    SELECT * FROM jsonb_populate_recordset(NULL::{STATE_SCHEMA}.audit_record, $1::jsonb)
    WHERE at >= now() - make_interval(days => $2) ON CONFLICT (id) DO NOTHING"""
_COPIED = f"""
    INSERT INTO {STATE_SCHEMA}.audit_file (first, copied) VALUES ($1::text::uuid, $2)
    ON CONFLICT (first) DO UPDATE SET copied = excluded.copied"""
_CLEAN = f"DELETE FROM {STATE_SCHEMA}.audit_record WHERE at < now() - make_interval(days => $1)"


class AuditTable:
    """The copying, as one task of the service."""

    def __init__(self, journal: Journal, mirror: Mirror, *, keep_days: int) -> None:
        self._journal = journal
        self._mirror = mirror
        self._keep_days = keep_days
        self._cleaned = 0.0
        self._seen = -1

    async def run(self) -> None:
        """Until cancelled."""
        failing = False
        while True:
            try:
                async with self._mirror.admin() as admin:
                    copied = await self._offsets(admin)
                    while True:
                        await self._catch_up(admin, copied)
                        failing = False
                        await self._clean(admin)
                        await asyncio.sleep(COPY_INTERVAL_S)
            except Exception as error:
                if not failing:
                    log.warning("audit records wait in the journal: %s", type(error).__name__)
                failing = True
                self._seen = -1
                await asyncio.sleep(RETRY_S)

    async def catch_up(self) -> None:
        """Copy all that is left now.  Raises: MirrorUnavailable, asyncpg's errors."""
        async with self._mirror.admin() as admin:
            self._seen = -1
            await self._catch_up(admin, await self._offsets(admin))

    async def _offsets(self, admin: Any) -> dict[str, int]:
        rows = await admin.fetch(f"SELECT first::text, copied FROM {STATE_SCHEMA}.audit_file")
        return {row["first"]: row["copied"] for row in rows}

    async def _catch_up(self, admin: Any, copied: dict[str, int]) -> None:
        written = self._journal.written
        if written == self._seen:
            return
        while (piece := await asyncio.to_thread(self._journal.next_piece, copied)) is not None:
            await self._copy(admin, piece)
            copied[piece.file] = piece.end
            self._journal.note_copied(copied)
        self._seen = written

    async def _copy(self, admin: Any, piece: Piece) -> None:
        lines = piece.lines.decode("utf-8", "replace").rstrip("\n").replace("\n", ",")
        async with admin.transaction():
            await admin.execute(_INSERT, f"[{lines}]", self._keep_days)
            await admin.execute(_COPIED, piece.file, piece.end)

    async def _clean(self, admin: Any) -> None:
        now = time.monotonic()
        if not self._cleaned or now - self._cleaned > CLEAN_INTERVAL_S:
            await admin.execute(_CLEAN, self._keep_days)
            self._cleaned = now
