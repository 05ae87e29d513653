"""Between a local clock and an instant.

PostgreSQL's `timestamp` is a clock (Spark's TIMESTAMP_NTZ), its `timestamptz` an instant (Spark's TIMESTAMP).  Most of
Spark's functions on clocks go through the session's zone, so that the hour that a zone skips comes out wrong; those
here do not.  Left out: zones whose clocks move by half an hour, and midnights that come twice.
"""

from __future__ import annotations

from spark_thrift.dialect.pgtypes import TIMESTAMP, TIMESTAMPTZ
from spark_thrift.dialect.terms import Term

EPOCH_NTZ = "TIMESTAMP_NTZ'1970-01-01 00:00:00'"


def instant(term: Term) -> Term:
    """A timestamp as timestamptz in the session's zone.

    Where clocks are set back an hour comes twice: PostgreSQL means the second one, Spark the first.
    Source: DetermineTimeZoneOffset in src/backend/utils/adt/datetime.c.  Left out: shifts of half an hour.
    """
    first = f"CAST({term.sql} AS TIMESTAMP_LTZ)"
    second = f"{first} + INTERVAL '1' HOUR"
    choice = f"CASE WHEN CAST({second} AS TIMESTAMP_NTZ) = {term.operand} THEN {second} ELSE {first} END"
    return Term(choice, TIMESTAMPTZ)


def utc(moment: Term) -> Term:
    """A timestamptz as its clock in UTC.  Spark takes the difference of two by their local clocks."""
    return Term(f"timestampadd(MICROSECOND, unix_micros({moment.sql}), {EPOCH_NTZ})", TIMESTAMP)


def seconds(interval: str) -> str:
    """A day-time interval in seconds with six decimals; timestampdiff would go through the session's zone."""
    return f"CAST(CAST({interval} AS INTERVAL SECOND) AS DECIMAL(20, 6))"


def from_utc_clock(clock: str) -> Term:
    """The timestamptz of a clock in UTC."""
    return Term(
        f"timestamp_micros(CAST({seconds(f'{clock} - {EPOCH_NTZ}')} * 1000000 AS BIGINT))", TIMESTAMPTZ
    )
