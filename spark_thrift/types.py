"""The type map between Spark and PostgreSQL: one row per type, each saying whether it is lossless.

Rules: `TYPE_MAP` is the one place that relates a Spark type to an OID; everything else (mirror,
RowDescription, row encoders, dialect) asks here.  A Spark type that is not in the map travels as Spark's own
text of it, as `text`, not lossless.  "Lossless" means that every value which the Spark type can hold has a
PostgreSQL value with the same meaning; it is a statement on types, so `double` is lossless although a reader
may round.

Left out: turning values into bytes (that is the reader of the frames) and SQL translation (that is the
dialect's).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from spark_thrift import adapters
from spark_thrift.type_names import SparkType, parse_spark_type


class WireKind(enum.Enum):
    """How a value of a type lies in a HiveServer2 column, and so which encoder reads it."""

    BOOL = "bool"
    INT = "int"
    FLOAT4 = "float4"
    FLOAT8 = "float8"
    TEXT = "text"
    BYTEA = "bytea"
    NUMERIC = "numeric"
    """Text, plain notation, always `scale` digits after the point."""
    DATE = "date"
    """Text as java.time prints a LocalDate: `2024-01-31`, `+12024-01-31`, `-0043-03-15` (44 BC)."""
    TIME = "time"
    TIMESTAMP = "timestamp"
    """Text, `2024-01-31 12:00:00.5`, years as in DATE."""
    TIMESTAMPTZ = "timestamptz"
    """bigint, microseconds since 1970-01-01 00:00 UTC (the adapter is `unix_micros`)."""
    YEAR_MONTH = "interval year to month"
    """Text, `-1-2`: one year and two months ago."""
    DAY_TIME = "interval day to second"
    """Text, `-1 02:03:04.000000000`; the sign is for the whole."""
    CALENDAR = "interval"
    """Text, `1 years -2 months 3 days 4 hours 5 minutes 6.5 seconds`, parts that are zero left out."""
    ARRAY = "array"
    """Text, JSON, with every scalar in a form that JSON does not round (adapters.array)."""
    JSONB = "jsonb"
    """Text, JSON."""
    VOID = "void"


@dataclass(frozen=True, slots=True)
class PgType:
    """What PostgreSQL calls a Spark type.

    `name` is fit for DDL (`numeric(10,2)`, `int4[]`); `adapter` wraps the column in Spark SQL (`{c}` is the
    column) so that HiveServer2 sends it without loss, None when it does so by itself; `scale` is numeric's;
    `element` an array's.
    Units: `size` in bytes as pg_type.typlen, `typmod` as pg_attribute.atttypmod.
    """

    oid: int
    size: int
    typmod: int
    name: str
    lossless: bool
    wire: WireKind
    adapter: str | None = None
    scale: int = 0
    element: PgType | None = None


# OIDs and lengths: pg_type.dat.  `typmod` is filled in by pg_type() for the types that have one.
TYPE_MAP: dict[str, PgType] = {
    "boolean": PgType(16, 1, -1, "boolean", True, WireKind.BOOL),
    # PostgreSQL has no 8-bit integer; every value of Spark's fits the 16-bit one.
    "tinyint": PgType(21, 2, -1, "smallint", True, WireKind.INT),
    "smallint": PgType(21, 2, -1, "smallint", True, WireKind.INT),
    "int": PgType(23, 4, -1, "integer", True, WireKind.INT),
    "bigint": PgType(20, 8, -1, "bigint", True, WireKind.INT),
    "float": PgType(700, 4, -1, "real", True, WireKind.FLOAT4),
    "double": PgType(701, 8, -1, "double precision", True, WireKind.FLOAT8),
    "decimal": PgType(1700, -1, -1, "numeric", True, WireKind.NUMERIC),
    # A Spark string may hold U+0000, which no PostgreSQL text can: the encoder refuses that value (22021).
    "string": PgType(25, -1, -1, "text", False, WireKind.TEXT),
    # HiveServer2 puts quotes around a string of a collation.
    "collated string": PgType(25, -1, -1, "text", False, WireKind.TEXT, "CAST({c} AS STRING)"),
    "varchar": PgType(1043, -1, -1, "varchar", False, WireKind.TEXT),
    "char": PgType(1042, -1, -1, "char", False, WireKind.TEXT),
    "binary": PgType(17, -1, -1, "bytea", True, WireKind.BYTEA),
    "date": PgType(1082, 4, -1, "date", True, WireKind.DATE),
    # HiveServer2 has no TIME: it refuses the column.
    "time": PgType(1083, 8, -1, "time", True, WireKind.TIME, "CAST({c} AS STRING)"),
    # Spark's timestamps reach to 290308 BC, PostgreSQL's to 4713 BC: the encoder refuses what lies before
    # (22008).
    "timestamp": PgType(1184, 8, -1, "timestamptz", False, WireKind.TIMESTAMPTZ, "unix_micros({c})"),
    "timestamp_ntz": PgType(1114, 8, -1, "timestamp", False, WireKind.TIMESTAMP),
    "interval year to month": PgType(1186, 16, -1, "interval", True, WireKind.YEAR_MONTH),
    "interval day to second": PgType(1186, 16, -1, "interval", True, WireKind.DAY_TIME),
    "interval": PgType(1186, 16, -1, "interval", True, WireKind.CALENDAR),
    # JSON does not tell the keys' and fields' own types.  pg_type() writes their adapters.
    "map": PgType(3802, -1, -1, "jsonb", False, WireKind.JSONB, ""),
    "struct": PgType(3802, -1, -1, "jsonb", False, WireKind.JSONB, ""),
    "variant": PgType(3802, -1, -1, "jsonb", False, WireKind.JSONB, ""),
    # PostgreSQL resolves a bare NULL to text (the "unknown" pseudo-type never reaches a client).
    "void": PgType(25, -1, -1, "text", True, WireKind.VOID),
}

_UNKNOWN = PgType(25, -1, -1, "text", False, WireKind.TEXT, "CAST({c} AS STRING)")

ARRAY_OIDS: dict[int, int] = {
    16: 1000, 17: 1001, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 700: 1021, 701: 1022, 1042: 1014, 1043: 1015,
    1082: 1182, 1083: 1183, 1114: 1115, 1184: 1185, 1186: 1187, 1700: 1231, 3802: 3807,
}  # fmt: skip
"""Element OID to array OID.  Source: pg_type.dat."""

# varchar's and char's longest length, MaxAttrSize in htup_details.h; a longer one has no DDL and becomes
# text.
_MAX_CHARACTERS = 10_485_760
_VARHDRSZ = 4


def pg_type(spark_type: str | SparkType) -> PgType:
    """The PostgreSQL type of a Spark type, typmod and adapter included."""
    parsed = parse_spark_type(spark_type) if isinstance(spark_type, str) else spark_type
    if parsed.name == "array" and parsed.element is not None:
        return _array_type(parsed)
    base = TYPE_MAP.get(parsed.name, _UNKNOWN)
    if base.wire is WireKind.JSONB:
        return replace(base, adapter=adapters.document(parsed))
    match parsed.name, parsed.args:
        case "decimal", (precision, scale):
            # numerictyp typmod: numeric.c, make_numeric_typmod().
            typmod = (precision << 16 | scale & 0x7FF) + _VARHDRSZ
            return replace(base, typmod=typmod, name=f"numeric({precision},{scale})", scale=scale)
        case (("varchar" | "char"), (length,)):
            if length > _MAX_CHARACTERS:
                return replace(TYPE_MAP["string"])
            return replace(base, typmod=length + _VARHDRSZ, name=f"{base.name}({length})")
        case "time", (precision,):
            return replace(base, typmod=precision, name=f"time({precision})", lossless=precision <= 6)
        case _:
            return base


def _array_type(parsed: SparkType) -> PgType:
    """Spark's array<array<int>> is int4[] too: PostgreSQL's arrays do not name their dimensions.

    Not lossless then: PostgreSQL has no ragged arrays, no NULL and no empty ones inside (the encoder refuses
    them).
    """
    depth, leaf = 0, parsed
    while leaf.name == "array" and leaf.element is not None:
        depth, leaf = depth + 1, leaf.element
    element = pg_type(leaf)
    return PgType(
        ARRAY_OIDS[element.oid],
        -1,
        element.typmod,
        element.name + "[]",
        element.lossless and depth == 1,
        WireKind.ARRAY,
        adapters.array(parsed),
        element.scale,
        element,
    )


def wrap_projection(columns: Sequence[tuple[str, str]]) -> list[str | None]:
    """Adapter per column of a result, `{c}` left in; None where HiveServer2 sends the column as it should be.

    Shapes: `columns` is (name, Spark type).  The caller replaces `{c}` with its own quoted name for the
    column.
    """
    return [pg_type(spark_type).adapter for _, spark_type in columns]


def adapted_query(sql: str, adapters: Sequence[str | None]) -> str:
    """`sql` with its columns adapted, or `sql` itself when none needs it.

    Columns are renamed c0, c1, ... inside, so that duplicate and unnamed ones can be spoken of; the client's
    names come from the RowDescription.
    """
    if not any(adapters):
        return sql
    names = [f"c{i}" for i in range(len(adapters))]
    projected = (a.replace("{c}", name) if a else name for a, name in zip(adapters, names, strict=True))
    return f"SELECT {', '.join(projected)} FROM ({sql}\n) AS t({', '.join(names)})"


# Names as pg_type.typname and format_type() know them.
_FROM_PG: dict[str, str] = {
    "bool": "boolean", "boolean": "boolean",
    "int2": "smallint", "smallint": "smallint", "int4": "int", "integer": "int", "int": "int",
    "int8": "bigint", "bigint": "bigint", "oid": "bigint",
    "float4": "float", "real": "float", "float8": "double", "double precision": "double", "float": "double",
    "numeric": "decimal", "decimal": "decimal",
    "text": "string", "varchar": "varchar", "character varying": "varchar", "bpchar": "char", "char": "char",
    "character": "char", "name": "string", "uuid": "string", "json": "string", "jsonb": "string",
    "bytea": "binary", "date": "date", "time": "time", "time without time zone": "time",
    "timestamp": "timestamp_ntz", "timestamp without time zone": "timestamp_ntz",
    "timestamptz": "timestamp", "timestamp with time zone": "timestamp",
}  # fmt: skip

# An unconstrained numeric holds 131072 digits; Spark's widest decimal has 38.  PostgreSQL's own quotients
# show at least 16 significant digits (NUMERIC_MIN_SIG_DIGITS), so half of the digits go after the point.
_DEFAULT_DECIMAL = "decimal(38,18)"


def spark_type_of(pg_name: str) -> str | None:
    """The Spark type that a PostgreSQL type name means in a cast or a CREATE; None when Spark has none.

    `interval` has none: Spark has two, and which one is meant only the value tells.
    """
    lowered = " ".join(pg_name.lower().split())
    if lowered.endswith("[]"):
        element = spark_type_of(lowered[:-2])
        return f"array<{element}>" if element else None
    base, _, rest = lowered.partition("(")
    args, _, tail = rest.partition(")")
    spark = _FROM_PG.get(f"{base.strip()} {tail.strip()}".strip())
    if spark is None:
        return None
    numbers = [arg.strip() for arg in args.split(",")] if args else []
    if not all(re.fullmatch(r"-?\d+", number) for number in numbers):
        return None
    match spark:
        case "decimal":
            return f"decimal({','.join((*numbers, '0')[:2])})" if numbers else _DEFAULT_DECIMAL
        case "varchar":
            return f"varchar({numbers[0]})" if numbers else "string"
        case "char":
            # bpchar without a length is unlimited, `character` without one is character(1).
            return f"char({numbers[0]})" if numbers else "string" if base.strip() == "bpchar" else "char(1)"
        case "time":
            return f"time({numbers[0]})" if numbers else "time(6)"
        case _:
            return spark


def type_rows() -> Iterable[tuple[str, str, bool]]:
    """The map as rows for people: Spark's name, PostgreSQL's, lossless."""
    return ((spark, row.name, row.lossless) for spark, row in TYPE_MAP.items())
