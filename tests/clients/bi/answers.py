"""What a statement answers, as it comes over the wire, and when two answers are equal.

Equal: names, type OIDs, the number of rows and every value's text, but for what the README's "Limits" say.  A numeric
is compared by its value, not by its zeros at the end; one with sixteen significant digits or more is a quotient, an
average or a root, which PostgreSQL breaks off after sixteen: twelve of its digits count, and such a statistic may come
as double precision.  Of floating point ten digits count, since the order of the additions decides the last ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import psycopg
from psycopg import pq

NUMERIC, FLOAT4, FLOAT8 = 1700, 700, 701
RELATIVE = {NUMERIC: Decimal("1e-12"), FLOAT8: Decimal("1e-10"), FLOAT4: Decimal("1e-5")}
INEXACT_DIGITS = 16
"""NUMERIC_MIN_SIG_DIGITS of PostgreSQL's numeric.h."""

Row = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows in text, or an error."""

    names: tuple[str, ...] = ()
    oids: tuple[int, ...] = ()
    rows: tuple[Row, ...] = ()
    sqlstate: str | None = None
    message: str = ""

    def sorted(self) -> Answer:
        """In an order of its own, for a statement that gives none; near numbers stay together."""
        return Answer(self.names, self.oids, tuple(sorted(self.rows, key=lambda row: _key(row, self.oids))))


_DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY)


def ask(connection: psycopg.Connection[Any], sql: str, *, extended: bool = False) -> Answer:
    """By simple query, or by Parse, Bind, Describe and Execute."""
    wire = connection.pgconn
    result = wire.exec_params(sql.encode(), None) if extended else wire.exec_(sql.encode())
    if result.status not in _DONE:
        sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
        primary = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or result.error_message
        return Answer(sqlstate=sqlstate.decode(), message=primary.decode())
    columns = range(result.nfields)
    return Answer(
        tuple((result.fname(column) or b"").decode() for column in columns),
        tuple(result.ftype(column) for column in columns),
        tuple(
            tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)
        ),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def difference(expected: Answer, found: Answer) -> str | None:
    """What is not equal, in words; None when nothing is."""
    if found.sqlstate:
        return f"{found.sqlstate} {found.message}"
    if expected.names != found.names:
        return f"names {found.names} instead of {expected.names}"
    if any(one != other and (one, other) != (NUMERIC, FLOAT8) for one, other in pairs(expected, found)):
        return f"types {found.oids} instead of {expected.oids}"
    if len(expected.rows) != len(found.rows):
        return f"{len(found.rows)} rows instead of {len(expected.rows)}"
    for number, (one, other) in enumerate(zip(expected.rows, found.rows, strict=True)):
        if not all(map(equal, one, other, found.oids)):
            return f"row {number}: {other} instead of {one}"
    return None


def pairs(expected: Answer, found: Answer) -> list[tuple[int, int]]:
    """The type OIDs of both, column by column."""
    return list(zip(expected.oids, found.oids, strict=True))


def equal(expected: str | None, found: str | None, oid: int) -> bool:
    """Whether two texts are one value to PostgreSQL and to a client."""
    if expected == found or expected is None or found is None:
        return expected == found
    if oid not in RELATIVE:
        return False
    try:
        one, other = Decimal(expected), Decimal(found)
    except InvalidOperation:
        return False
    if not (one.is_finite() and other.is_finite()):
        return False
    if one == other:
        return True
    if oid == NUMERIC and len(one.normalize().as_tuple().digits) < INEXACT_DIGITS:
        return False
    return abs(one - other) <= RELATIVE[oid] * max(abs(one), abs(other))


def _key(row: Row, oids: Sequence[int]) -> list[tuple[int, str]]:
    return [_one(value, oid) for value, oid in zip(row, oids, strict=True)]


def _one(value: str | None, oid: int) -> tuple[int, str]:
    if value is None:
        return (1, "")
    return (0, f"{float(value):.8g}" if oid in RELATIVE else value)
