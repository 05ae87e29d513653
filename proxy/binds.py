"""The values of a Bind as typed literal nodes: data enters the tree as data, never as text of the statement.

Rules: a value is read completely or refused with the error that PostgreSQL's own input or receive function
gives; the node says its type (`CAST(literal AS type)` in PostgreSQL's terms), so that what the engine
compares is what the client meant.  A type that Spark has nothing like, and a binary value of an unknown type,
is 0A000.

Shapes: integers are number literals; float and numeric are string literals, since decimal text is exact and a
SQL number literal would be typed by its look; an array is CAST(ARRAY[...] AS element[]) with bare literals
inside.

Source: PostgreSQL manual 54.2.3 and the *_in and *_recv functions of src/backend/utils/adt.
"""

from __future__ import annotations

import re
import struct

from sqlglot import expressions as exp

from proxy.bind_arrays import Items, binary_items, literal_items
from proxy.bind_values import KINDS, MAX_PRECISION, BindError, cast, too_wide, utf8_text
from proxy.ports import BINARY, TEXT

__all__ = ["BindError", "decode_bind", "null_of", "type_node"]

_ELEMENT_OF: dict[int, int] = {
    1000: 16, 1001: 17, 1002: 18, 1003: 19, 1016: 20, 1005: 21, 1007: 23, 1009: 25, 1028: 26, 199: 114,
    1021: 700, 1022: 701, 1014: 1042, 1015: 1043, 1182: 1082, 1183: 1083, 1115: 1114, 1185: 1184,
    1187: 1186, 1231: 1700, 2951: 2950, 3807: 3802,
}  # fmt: skip
"""Array OID to element OID.  Source: pg_type.dat."""


def decode_bind(
    oid: int, format_code: int, data: bytes | None, *, index: int | None = None
) -> exp.Expression:
    """One value as a literal node.

    Raises: BindError: 22P02, 22P03, 22003, 22007, 22008, 22021, 0A000, as PostgreSQL for the same value.
    """
    if data is None:
        return null_of(oid)
    try:
        return _decode(oid, format_code, data)
    except BindError as error:
        error.index = index
        raise
    except struct.error as error:
        # pq_getmsgint runs out of bytes; what is left over after a value is the caller's complaint (22P03).
        needed = re.search(r"(\d+) bytes?\b", str(error))
        if needed is not None and len(data) < int(needed[1]):
            raise BindError("08P01", "insufficient data left in message", index=index) from error
        which = "" if index is None else f" {index}"
        raise BindError(
            "22P03", f"incorrect binary data format in bind parameter{which}", index=index
        ) from error


def type_node(oid: int) -> exp.DataType:
    """The type of a parameter; an unknown one is text, which is what PostgreSQL resolves it to."""
    element = _ELEMENT_OF.get(oid)
    if element is not None:
        return exp.DataType.build(KINDS[element].sql + "[]", dialect="postgres")
    kind = KINDS.get(oid)
    return exp.DataType.build("text" if kind is None else kind.sql, dialect="postgres")


def null_of(oid: int) -> exp.Expression:
    """A NULL of the type; a bare NULL where the client left the type open."""
    if oid in (0, _UNKNOWN_OID):
        return exp.Null()
    return exp.Cast(this=exp.Null(), to=type_node(oid))


_UNKNOWN_OID = 705


def _decode(oid: int, format_code: int, data: bytes) -> exp.Expression:
    if format_code not in (TEXT, BINARY):
        raise BindError("22023", f"unsupported format code: {format_code}")
    if (element := _ELEMENT_OF.get(oid)) is not None:
        items = literal_items(utf8_text(data)) if format_code == TEXT else binary_items(data, element)
        return _array_node(items, element, format_code)
    kind = KINDS.get(oid)
    if kind is not None:
        return kind.from_text(utf8_text(data)) if format_code == TEXT else kind.from_binary(data)
    # libpq and psycopg send text of unknown type as OID 0 in either format.
    if format_code == TEXT or oid in (0, _UNKNOWN_OID):
        return exp.Literal.string(utf8_text(data))
    raise BindError("0A000", f"binary values of type {oid} are not supported", hint="Send the value as text.")


def _array_node(items: Items, element: int, format_code: int) -> exp.Expression:
    """Elements are read one by one as values of the element type, then stand bare inside one typed array."""
    precision, scale = 1, 0

    def node(item: bytes | Items | None) -> exp.Expression:
        nonlocal precision, scale
        if isinstance(item, list):
            return exp.Array(expressions=[node(inner) for inner in item])
        if item is None:
            return exp.Null()
        value = _decode(element, format_code, item)
        if element == 1700:
            digits, places = (int(param.name) for param in value.args["to"].expressions)
            precision, scale = (
                max(precision - scale, digits - places) + max(scale, places),
                max(scale, places),
            )
        # Spark reads a string that is cast to binary as UTF-8: these keep their own cast.
        return value.this if isinstance(value, exp.Cast) and element != 17 else value

    array = node(items)
    sql = KINDS[element].sql
    if element == 1700:
        if precision > MAX_PRECISION:
            raise too_wide()
        sql = f"numeric({precision},{scale})"
    depth, inner = 1, items
    while inner and isinstance(inner[0], list):
        depth, inner = depth + 1, inner[0]
    return cast(array, sql + "[]" * depth)
