"""PostgreSQL's types as the dialect step sees them, and the Spark type that carries each.

A term has one `Type`: what PostgreSQL would call it, and how Spark holds it.  The two differ for numeric only:
with a precision it is a Spark DECIMAL, without one a Spark DOUBLE (statistics, roots, powers).
Left out: types that no rule computes with.  They are OPAQUE and may only be shown, counted and tested for NULL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sqlglot import exp

from spark_thrift.dialect.errors import Untranslatable

MAX_PRECISION = 38
"""Digits of Spark's widest DECIMAL."""


@dataclass(frozen=True, slots=True)
class Type:
    """One PostgreSQL type.

    Units: `precision` and `scale` in decimal digits; `part` of an interval is `months`, `days` or `micros`: Spark has
    one type for the first and one for the others, PostgreSQL keeps a day apart from 24 hours.  `printed` says that
    Spark's text of a numeric has PostgreSQL's number of decimals.
    """

    name: str
    precision: int | None = None
    scale: int | None = None
    element: Type | None = None
    part: str = ""
    printed: bool = True

    @property
    def integer_digits(self) -> int:
        return (self.precision or 0) - (self.scale or 0)

    @property
    def is_decimal(self) -> bool:
        return self.name == "numeric" and self.precision is not None

    @property
    def is_double(self) -> bool:
        """Held by Spark as DOUBLE."""
        return self.name == "float8" or (self.name == "numeric" and self.precision is None)

    def __str__(self) -> str:
        if self.name == "array":
            return f"{self.element}[]"
        return DISPLAY.get(self.name, self.name)


DISPLAY = {
    "bool": "boolean",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "varchar": "character varying",
    "bpchar": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "opaque": "a nested or unmapped type",
}

UNKNOWN = Type("unknown")
"""A literal or NULL that nothing has given a type yet."""
ANY = Type("any")
"""A column whose type the catalogue does not tell."""
OPAQUE = Type("opaque")
RECORD = Type("record")
BOOL = Type("bool")
INT2, INT4, INT8 = Type("int2"), Type("int4"), Type("int8")
NUMERIC = Type("numeric")
FLOAT4, FLOAT8 = Type("float4"), Type("float8")
TEXT, VARCHAR, BPCHAR, BYTEA = Type("text"), Type("varchar"), Type("bpchar"), Type("bytea")
DATE, TIMESTAMP, TIMESTAMPTZ = Type("date"), Type("timestamp"), Type("timestamptz")
MONTHS, DAYS, MICROS = (Type("interval", part=part) for part in ("months", "days", "micros"))

INTEGERS = ("int2", "int4", "int8")
NUMBERS = ("int2", "int4", "int8", "numeric", "float4", "float8")
"""In the order of PostgreSQL's implicit casts."""
STRINGS = ("text", "varchar", "bpchar")
DATETIMES = ("date", "timestamp", "timestamptz")
"""In the order of PostgreSQL's implicit casts."""

_DIGITS = {"int2": 5, "int4": 10, "int8": 20}
"""Precision that Spark gives an integer beside a DECIMAL."""

_SPARK = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INT",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "text": "STRING",
    "varchar": "STRING",
    "bpchar": "STRING",
    "bytea": "BINARY",
    "date": "DATE",
    "timestamp": "TIMESTAMP_NTZ",
    "timestamptz": "TIMESTAMP_LTZ",
    "unknown": "STRING",
}

_FROM_SPARK = {
    "boolean": BOOL,
    "tinyint": INT2,
    "smallint": INT2,
    "int": INT4,
    "integer": INT4,
    "bigint": INT8,
    "float": FLOAT4,
    "double": FLOAT8,
    "string": TEXT,
    "binary": BYTEA,
    "date": DATE,
    "timestamp": TIMESTAMPTZ,
    "timestamp_ltz": TIMESTAMPTZ,
    "timestamp_ntz": TIMESTAMP,
    "void": UNKNOWN,
}

_FROM_NODE = {
    exp.DType.BOOLEAN: BOOL,
    exp.DType.SMALLINT: INT2,
    exp.DType.INT: INT4,
    exp.DType.BIGINT: INT8,
    exp.DType.FLOAT: FLOAT4,
    exp.DType.DOUBLE: FLOAT8,
    exp.DType.TEXT: TEXT,
    exp.DType.VARBINARY: BYTEA,
    exp.DType.DATE: DATE,
    exp.DType.TIMESTAMP: TIMESTAMP,
    exp.DType.TIMESTAMPTZ: TIMESTAMPTZ,
}


def decimal(precision: int, scale: int, *, printed: bool = True) -> Type:
    """A numeric that Spark holds as DECIMAL; more than 38 digits are cut to 38 at the front."""
    return Type("numeric", min(precision, MAX_PRECISION), min(scale, MAX_PRECISION), printed=printed)


def as_decimal(kind: Type) -> Type:
    """The DECIMAL that Spark makes of an integer or has for a numeric."""
    if kind.name in _DIGITS:
        return decimal(_DIGITS[kind.name], 0)
    return kind


def array(element: Type) -> Type:
    return Type("array", element=element)


def from_spark(text: str) -> Type:
    """The type of a column, from the text that Spark's DESCRIBE prints for it."""
    text = text.strip().lower()
    if found := _FROM_SPARK.get(text):
        return found
    if found_decimal := re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", text):
        return decimal(int(found_decimal[1]), int(found_decimal[2]))
    if text.startswith("varchar("):
        return VARCHAR
    if text.startswith("char("):
        return BPCHAR
    if text.startswith("interval"):
        return MONTHS if "year" in text or "month" in text else MICROS
    if found_array := re.fullmatch(r"array<(.*)>", text):
        return array(from_spark(found_array[1]))
    return OPAQUE


def spark_name(kind: Type) -> str:
    """How Spark spells the type in a CAST."""
    if kind.name == "numeric":
        return "DOUBLE" if kind.precision is None else f"DECIMAL({kind.precision}, {kind.scale})"
    if kind.name == "interval":
        return "INTERVAL MONTH" if kind.part == "months" else "INTERVAL DAY TO SECOND"
    if kind.name == "array" and kind.element:
        return f"ARRAY<{spark_name(kind.element)}>"
    if kind.name not in _SPARK:
        raise Untranslatable(f"a cast to {kind}")
    return _SPARK[kind.name]


def from_node(node: exp.Expr) -> tuple[Type, int | None]:
    """The type that a CAST names, and the length of a varchar(n) or char(n)."""
    if not isinstance(node, exp.DataType):
        raise Untranslatable(f"type {node.sql('postgres')}")
    params = [int(param.name) for param in node.expressions if isinstance(param, exp.DataTypeParam)]
    match node.this:
        case exp.DType.DECIMAL if params:
            scale = params[1] if len(params) > 1 else 0
            if not 0 <= scale <= params[0] <= MAX_PRECISION:
                raise Untranslatable(f"numeric({', '.join(map(str, params))})")
            return decimal(params[0], scale), None
        case exp.DType.DECIMAL:
            return NUMERIC, None
        case exp.DType.VARCHAR:
            return VARCHAR, (params[0] if params else None)
        case exp.DType.CHAR | exp.DType.BPCHAR:
            return BPCHAR, (params[0] if params else None)
        case exp.DType.INTERVAL:
            return Type("interval"), None
        case exp.DType.ARRAY if len(node.expressions) == 1:
            element, length = from_node(node.expressions[0])
            if length is not None:
                raise Untranslatable(f"type {node.sql('postgres')}")
            return array(element), None
    if node.this in _FROM_NODE and not params:
        return _FROM_NODE[node.this], None
    raise Untranslatable(f"type {node.sql('postgres').lower()}")


def unprinted(kind: Type) -> Type:
    """The same numeric, whose text in Spark has another number of decimals than in PostgreSQL."""
    return replace(kind, printed=False)
