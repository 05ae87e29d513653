"""What clients were recorded to ask of PostgreSQL's catalogue: catalog_queries.tar.xz, one statement a file."""

from __future__ import annotations

import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import pq

_DATA = Path(os.environ.get("STREAMLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
_ARCHIVE = _DATA / "catalog_queries.tar.xz"
_ROWS, _DONE, _EMPTY = pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY


def statements() -> list[tuple[str, str]]:
    """(client/number.sql, statement), in order."""
    if not _ARCHIVE.exists():
        pytest.fail(f"missing {_ARCHIVE}: set STREAMLINK_DATA to the folder that holds it", pytrace=False)
    found = []
    with tarfile.open(_ARCHIVE) as archive:
        for member in archive.getmembers():
            if member.isfile() and member.name.endswith(".sql"):
                file = archive.extractfile(member)
                assert file is not None
                _provenance, _, sql = file.read().decode().partition("\n")
                found.append((member.name.removeprefix("catalog_queries/"), sql.strip()))
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave: columns and rows in text, or an error."""

    columns: tuple[tuple[str, int], ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    sqlstate: str | None = None
    message: str = ""


def ask(connection: psycopg.Connection[tuple[object, ...]], sql: str, *, extended: bool = False) -> Answer:
    """By simple query, or by Parse, Bind, Describe and Execute."""
    wire = connection.pgconn
    result = wire.exec_params(sql.encode(), None) if extended else wire.exec_(sql.encode())
    if result.status not in (_ROWS, _DONE, _EMPTY):
        sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
        message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
        return Answer(sqlstate=sqlstate.decode(), message=message.decode())
    columns = range(result.nfields)
    return Answer(
        tuple(((result.fname(column) or b"").decode(), result.ftype(column)) for column in columns),
        tuple(
            tuple(
                None if (value := result.get_value(row, column)) is None else value.decode()
                for column in columns
            )
            for row in range(result.ntuples)
        ),
    )
