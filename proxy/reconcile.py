"""Two engines describe one statement: which types does the client see?

The mirror says what PostgreSQL would answer, Spark says what it will send.  The client is promised PostgreSQL's type
wherever Spark can cast to it exactly, or fail loudly where a value does not fit; otherwise it gets Spark's own type,
so that no digit is made up.  Names are PostgreSQL's.  What only Spark can describe keeps Spark's names and types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.ports import Field
from spark_thrift.types import PgType, pg_type

BOOL, INT8, INT2, INT4, TEXT_OID, NUMERIC = 16, 20, 21, 23, 25, 1700
DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184
_TEXT_LIKE = frozenset({18, 19, TEXT_OID, 705, 1042, 1043, 2950})
"""char, name, text, unknown, bpchar, varchar, uuid: PostgreSQL's texts, all sent alike in both formats but uuid."""

# (PostgreSQL says, Spark sends as) -> the cast that makes Spark send it.  A narrowing cast raises in ANSI mode where
# PostgreSQL would have raised too, and integers widen exactly.
_EXACT_CASTS: dict[tuple[int, int], str] = {
    (INT2, INT4): "SMALLINT",
    (INT2, INT8): "SMALLINT",
    (INT4, INT2): "INT",
    (INT4, INT8): "INT",
    (INT8, INT2): "BIGINT",
    (INT8, INT4): "BIGINT",
    (NUMERIC, INT2): "DECIMAL(38,0)",
    (NUMERIC, INT4): "DECIMAL(38,0)",
    (NUMERIC, INT8): "DECIMAL(38,0)",
    (INT4, NUMERIC): "INT",
    (INT8, NUMERIC): "BIGINT",
    (701, 700): "DOUBLE",
    (701, NUMERIC): "DOUBLE",
    (TIMESTAMP, DATE): "TIMESTAMP_NTZ",
    (TIMESTAMPTZ, DATE): "TIMESTAMP",
    (TIMESTAMPTZ, TIMESTAMP): "TIMESTAMP",
    (TIMESTAMP, TIMESTAMPTZ): "TIMESTAMP_NTZ",
    (DATE, TIMESTAMP): "DATE",
    (DATE, TIMESTAMPTZ): "DATE",
}


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One column on its way out: what the client sees, how the value lies in Spark's frame, and the cast if any."""

    field: Field
    pg: PgType
    adapter: str | None


def reconcile(mirror: Sequence[Field] | None, spark: Sequence[tuple[str, str]]) -> tuple[OutputColumn, ...]:
    """Shapes: `spark` is (name, type) as DESCRIBE QUERY prints them; `mirror` is None where PostgreSQL can't tell."""
    if mirror is None or len(mirror) != len(spark):
        mirror = None
    return tuple(_column(mirror[i] if mirror else None, *spark[i]) for i in range(len(spark)))


def _column(wanted: Field | None, name: str, spark_type: str) -> OutputColumn:
    pg = pg_type(spark_type)
    if wanted is None:
        return OutputColumn(Field(name, pg.oid, pg.size, pg.typmod), pg, pg.adapter)
    cast = _EXACT_CASTS.get((wanted.oid, pg.oid))
    if cast is not None and (pg.scale == 0 or wanted.oid == 701):
        inner = f"CAST({{c}} AS {cast})"
        pg = pg_type(cast)
        adapter = pg.adapter.replace("{c}", inner) if pg.adapter else inner
        typmod = wanted.typmod if wanted.oid == pg.oid else pg.typmod
        return OutputColumn(_as_seen(wanted, pg, typmod), pg, adapter)
    if wanted.oid in _TEXT_LIKE and pg.oid in _TEXT_LIKE:
        oid, size = (wanted.oid, wanted.size) if wanted.oid in (19, 1042, 1043) else (TEXT_OID, -1)
        return OutputColumn(
            Field(wanted.name, oid, size, wanted.typmod, wanted.table_oid, wanted.attnum), pg, pg.adapter
        )
    if wanted.oid == pg.oid:
        return OutputColumn(_as_seen(wanted, pg, wanted.typmod), pg, pg.adapter)
    return OutputColumn(Field(wanted.name, pg.oid, pg.size, pg.typmod), pg, pg.adapter)


def _as_seen(wanted: Field, pg: PgType, typmod: int) -> Field:
    return Field(wanted.name, pg.oid, pg.size, typmod, wanted.table_oid, wanted.attnum)
