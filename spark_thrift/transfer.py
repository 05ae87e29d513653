"""How a value travels from PostgreSQL into a Spark table: as a field of a JSON line, one row of this table a type.

PostgreSQL writes the lines (`encode`, an expression over `{c}`), Spark reads them (`json`, the field's type for
from_json; `decode`, an expression over `{v}`).  Rules: nothing is rounded on the way, so numbers that JSON could round
travel as text, and instants as microseconds; what has no row is refused.

Left out: intervals, maps, structs and variants, which no PostgreSQL type here is the whole counterpart of, and arrays
of arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.terms import identifier, string
from spark_thrift.type_names import SparkType, parse_spark_type


@dataclass(frozen=True, slots=True)
class Transfer:
    encode: str
    json: str
    decode: str


FLAT_ARRAYS = "arrays of more than one dimension cannot be stored here"
"""What PostgreSQL's error says where an array is not a list; a cast that fails is the only way to raise one."""

_MICROS = "(extract(epoch FROM {c}) * 1000000)::bigint"

_TRANSFERS: dict[str, Transfer] = {
    "boolean": Transfer("{c}", "BOOLEAN", "{v}"),
    "tinyint": Transfer("{c}", "BIGINT", "CAST({v} AS TINYINT)"),
    "smallint": Transfer("{c}", "BIGINT", "CAST({v} AS SMALLINT)"),
    "int": Transfer("{c}", "BIGINT", "CAST({v} AS INT)"),
    "bigint": Transfer("{c}", "BIGINT", "{v}"),
    "float": Transfer("{c}::text", "STRING", "CAST({v} AS FLOAT)"),
    "double": Transfer("{c}::text", "STRING", "CAST({v} AS DOUBLE)"),
    "string": Transfer("{c}", "STRING", "{v}"),
    "collated string": Transfer("{c}", "STRING", "{v}"),
    "varchar": Transfer("{c}", "STRING", "{v}"),
    "char": Transfer("{c}", "STRING", "{v}"),
    "binary": Transfer("encode({c}, 'hex')", "STRING", "unhex({v})"),
    "date": Transfer("({c} - DATE '1970-01-01')", "INT", "date_from_unix_date({v})"),
    "timestamp": Transfer(_MICROS, "BIGINT", "timestamp_micros({v})"),
    "timestamp_ntz": Transfer(
        _MICROS, "BIGINT", "timestampadd(MICROSECOND, {v}, TIMESTAMP_NTZ'1970-01-01 00:00:00')"
    ),
}


def transfer(spark_type: str | SparkType) -> Transfer:
    """Raises: Untranslatable 0A000 for a type that no value can be written to."""
    parsed = parse_spark_type(spark_type) if isinstance(spark_type, str) else spark_type
    if parsed.name == "decimal":
        precision, scale = parsed.args
        return Transfer("{c}::text", "STRING", f"CAST({{v}} AS DECIMAL({precision}, {scale}))")
    if parsed.name == "array" and parsed.element is not None and parsed.element.name != "array":
        return _array(transfer(parsed.element))
    found = _TRANSFERS.get(parsed.name)
    if found is None:
        shown = spark_type if isinstance(spark_type, str) else parsed.name
        raise Untranslatable(f"writing to a column of Spark's type {shown}")
    return found


def _array(item: Transfer) -> Transfer:
    # A box of more dimensions would be flattened by unnest.
    items = (
        f"(SELECT coalesce(array_agg({item.encode.replace('{c}', 'u.e')} ORDER BY u.o), '{{}}')"
        " FROM unnest({c}) WITH ORDINALITY AS u(e, o))"
    )
    encode = (
        "CASE WHEN {c} IS NULL THEN NULL WHEN array_ndims({c}) > 1"
        f" THEN ('{FLAT_ARRAYS}: ' || {{c}}::text)::int::text::json"
        f" ELSE to_json({items}) END"
    )
    return Transfer(
        encode, f"ARRAY<{item.json}>", f"transform({{v}}, x -> {item.decode.replace('{v}', 'x')})"
    )


def encoded_row(columns: Sequence[tuple[str, str]]) -> str:
    """PostgreSQL's select list of one line's fields, c0, c1, ...  Shapes: (quoted name, Spark type)."""
    return ", ".join(
        f"{transfer(kind).encode.replace('{c}', name)} AS c{i}" for i, (name, kind) in enumerate(columns)
    )


def decoded_rows(columns: Sequence[tuple[str, str]], lines: str) -> str:
    """Spark's SELECT that reads the lines back.

    Shapes: `columns` are (name, Spark type); `lines` is a relation with one column, `value`.
    """
    transfers = [transfer(kind) for _, kind in columns]
    fields = ", ".join(f"c{i} {t.json}" for i, t in enumerate(transfers))
    decoded = ", ".join(
        f"{t.decode.replace('{v}', f'j.c{i}')} AS {identifier(name)}"
        for i, (t, (name, _)) in enumerate(zip(transfers, columns, strict=True))
    )
    parsed = f"from_json(value, {string(fields)}, map('mode', 'FAILFAST'))"
    return f"SELECT {decoded} FROM (SELECT {parsed} AS j FROM {lines})"


def lines_of_file(path: str) -> str:
    """The lines of a file that Spark can read by this URI."""
    return f"text.{identifier(path)}"


def lines_of_text(lines: str) -> str:
    """The same lines inside the statement itself, for an engine that shares no folder with us."""
    return f"(SELECT explode(split({string(lines)}, '\\n')) AS value)"
