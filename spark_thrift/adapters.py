"""Spark SQL that takes a nested column through HiveServer2 without loss: as JSON.

Rules: HiveServer2's own text of an array, map or struct has no escapes, so to_json stands in.  to_json in
turn keeps milliseconds only, writes a map's date keys as day numbers and rounds nothing that is text: what it
would spoil is made text first.  Inside an array that PostgreSQL knows (`int4[]`) every element takes the form
that its encoder reads; inside a jsonb document, the form that a person reads.

Left out: what a struct holds that DESCRIBE did not tell (type_names): to_json takes it as it is.
"""

from __future__ import annotations

from spark_thrift.type_names import SparkType

_OPTIONS = (
    "map('ignoreNullFields', 'false',"
    " 'timestampFormat', 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSSxxx',"
    " 'timestampNTZFormat', 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS')"
)

# Keys that to_json writes as what they are.
_PLAIN_KEYS = {"string", "varchar", "char", "boolean", "tinyint", "smallint", "int", "bigint", "void"}
# What JSON itself carries; other elements of a PostgreSQL array travel as text.
_JSON_SCALARS = _PLAIN_KEYS | {"float", "double", "collated string"}
_DOCUMENTS = {"map", "struct", "variant"}


def document(kind: SparkType) -> str:
    """The adapter of a map, struct or variant; `{c}` is the column."""
    return _document(kind, "{c}", 1)


def _document(kind: SparkType, column: str, depth: int) -> str:
    inside = _readable(kind, column, depth)
    return f"to_json({inside})" if kind.name == "variant" else f"to_json({inside}, {_OPTIONS})"


def array(kind: SparkType) -> str:
    """The adapter of an array that is an array in PostgreSQL too."""
    return f"to_json({_elements(kind, '{c}', 1)})"


def _elements(kind: SparkType, column: str, depth: int) -> str:
    assert kind.element is not None
    variable = f"x{depth}"
    changed = _element(kind.element, variable, depth + 1)
    return column if changed == variable else f"transform({column}, {variable} -> {changed})"


def _element(kind: SparkType, value: str, depth: int) -> str:
    if kind.name == "array" and kind.element is not None:
        return _elements(kind, value, depth)
    if kind.name in _DOCUMENTS:
        return _document(kind, value, depth)
    if kind.name in _JSON_SCALARS:
        return value
    if kind.name.startswith("interval "):
        # Its text names the fields of its own type: one form for all.
        value = f"CAST({value} AS {kind.name.upper()})"
    return {"timestamp": f"unix_micros({value})", "binary": f"hex({value})"}.get(
        kind.name, f"CAST({value} AS STRING)"
    )


def _readable(kind: SparkType, value: str, depth: int) -> str:
    """`value`, or an expression of it that to_json does not spoil; depth keeps the lambdas' variables
    apart."""
    if kind.name == "binary":
        return f"concat('\\\\x', lower(hex({value})))"
    if kind.name == "array" and kind.element is not None:
        variable = f"x{depth}"
        changed = _readable(kind.element, variable, depth + 1)
        return value if changed == variable else f"transform({value}, {variable} -> {changed})"
    if kind.name == "map" and kind.fields:
        (_, key_kind), (_, value_kind) = kind.fields
        key, item = f"k{depth}", f"v{depth}"
        changed = _readable(value_kind, item, depth + 1)
        if changed != item:
            value = f"transform_values({value}, ({key}, {item}) -> {changed})"
        if key_kind.name not in _PLAIN_KEYS:
            value = f"transform_keys({value}, ({key}, {item}) -> CAST({key} AS STRING))"
        return value
    if kind.name == "struct" and kind.fields:
        names = [name.replace("`", "``") for name, _ in kind.fields]
        fields = [f"{value}.`{name}`" for name in names]
        changes = [
            _readable(inner, field, depth + 1) for (_, inner), field in zip(kind.fields, fields, strict=True)
        ]
        if changes != fields:
            pairs = ", ".join(
                f"{_literal(name)}, {changed}"
                for (name, _), changed in zip(kind.fields, changes, strict=True)
            )
            return f"if({value} IS NULL, NULL, named_struct({pairs}))"
    return value


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
