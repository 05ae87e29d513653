"""Array values of a Bind: a literal or PostgreSQL's binary array to nested lists of the elements' own bytes.

Source: arrayfuncs.c, array_in and array_recv.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from proxy.bind_values import SPACES, BindError

Items = list["bytes | Items | None"]

_MAX_DIMENSIONS = 6


def binary_items(data: bytes, element: int) -> Items:
    """array_recv: int32 dimensions, int32 flags, element OID, (size, lower bound) each, then length and
    bytes."""
    dimensions, flags, oid = struct.unpack_from(">iiI", data)
    if not 0 <= dimensions <= _MAX_DIMENSIONS:
        raise BindError("54000", f"number of array dimensions ({dimensions}) exceeds the maximum allowed (6)")
    if flags not in (0, 1):
        raise BindError("22P03", "invalid array flags")
    if oid != element:
        raise BindError("42804", f"binary data has array element type {oid} instead of expected {element}")
    sizes = [struct.unpack_from(">ii", data, 12 + 8 * i)[0] for i in range(dimensions)]
    at = 12 + 8 * dimensions
    total = 1 if sizes else 0
    for size in sizes:
        total *= size
    # Each element takes four bytes at least.
    if total < 0 or total > (len(data) - at) // 4:
        raise BindError("22P03", "insufficient data left in message")
    flat: Items = []
    for _ in range(total):
        (length,) = struct.unpack_from(">i", data, at)
        at += 4
        if length < 0:
            flat.append(None)
            continue
        if length > len(data) - at:
            raise BindError("22P03", "insufficient data left in message")
        flat.append(data[at : at + length])
        at += length
    if at != len(data):
        raise struct.error
    for size in reversed(sizes[1:]):
        flat = [flat[i : i + size] for i in range(0, len(flat), size)]
    return flat


_ARRAY_TOKEN = re.compile(r'[{},]|"((?:[^"\\]|\\.)*)"|((?:[^{},"\\]|\\.)+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def literal_items(text: str) -> Items:
    """array_in, without explicit bounds (`[2:3]={...}`), which Spark's arrays cannot have."""

    def malformed(detail: str) -> BindError:
        return BindError("22P02", f'malformed array literal: "{text}"', hint=detail)

    stripped = text.strip(SPACES)
    if not stripped.startswith("{"):
        raise malformed("An array value starts with a brace and has no explicit bounds.")
    root: Items = []
    open_lists: list[Items] = []
    expecting_item, at = True, 0
    while at < len(stripped):
        token = _ARRAY_TOKEN.match(stripped, at)
        if token is None or (at and not open_lists):
            raise malformed("Junk after the closing brace, or an unfinished quote.")
        at = token.end()
        quoted, bare = token[1], token[2]
        if bare is not None and not bare.strip(SPACES):
            continue
        match token[0]:
            case "{":
                if not expecting_item or len(open_lists) >= _MAX_DIMENSIONS:
                    raise malformed('Unexpected "{".')
                fresh: Items = root if not open_lists else []
                if open_lists:
                    open_lists[-1].append(fresh)
                open_lists.append(fresh)
            case "}":
                if expecting_item and open_lists[-1]:
                    raise malformed('Unexpected "}".')
                open_lists.pop()
                expecting_item = False
            case ",":
                if expecting_item:
                    raise malformed('Unexpected ",".')
                expecting_item = True
            case _:
                if not expecting_item:
                    raise malformed("A comma is missing.")
                open_lists[-1].append(_array_item(quoted, bare))
                expecting_item = False
    if open_lists:
        raise malformed("Unexpected end of input.")
    _check_shape(root, malformed)
    return root


def _array_item(quoted: str | None, bare: str) -> bytes | None:
    if quoted is not None:
        return _ESCAPE.sub(r"\1", quoted).encode()
    word = bare.strip(SPACES)
    return None if word.lower() == "null" else _ESCAPE.sub(r"\1", word).encode()


def _check_shape(items: Items, malformed: Callable[[str], BindError]) -> tuple[int, ...]:
    """PostgreSQL's arrays are boxes."""
    shapes = {_check_shape(item, malformed) if isinstance(item, list) else None for item in items}
    if len(shapes) > 1 or (() in shapes):
        raise malformed("Multidimensional arrays must have sub-arrays with matching dimensions.")
    inner = shapes.pop() if shapes else None
    return (len(items), *(inner or ())) if items else ()
