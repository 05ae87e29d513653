"""HiveServer2's columns as PostgreSQL's rows: the RowBatch of results that come from Spark.

Rules: a batch is the frame and views over it; encoding happens when somebody asks for it, in the format asked
for, and for whole columns at a time.  A slice shares the frame, so row limits cost nothing.

Left out: the encoders themselves (encode.py) and the joining (encode_parts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxy.copyout import copy_rows
from proxy.encode import encode_binary, encode_text
from proxy.encode_parts import DataError, Encoded, join_rows
from proxy.ports import BINARY, TEXT, CopyOptions, Field
from proxy.timezones import TimeZone, load_zone
from spark_thrift.columns import FrameBatch, decode_frame
from spark_thrift.types import PgType

__all__ = ["DataError", "RowEncoder", "SparkBatch"]

# Arrow's binary arrays have int32 offsets.  Text is at most a few times its frame, so a batch of this size is
# encoded in one go and a larger one in halves.
_MAX_BATCH_BYTES = 256 * 1024 * 1024


class RowEncoder:
    """How one result's columns become fields: made once a statement, used for each frame."""

    __slots__ = ("fields", "types", "zone")

    def __init__(self, fields: Sequence[Field], types: Sequence[PgType], timezone: str = "UTC") -> None:
        """`timezone` is the session's TimeZone as SHOW prints it.  Raises: timezones.UnknownTimeZone
        (22023)."""
        if len(fields) != len(types):
            raise ValueError(f"{len(fields)} fields, {len(types)} types")
        self.fields = tuple(fields)
        self.types = tuple(types)
        self.zone: TimeZone = load_zone(timezone)

    def decode(self, frame: bytes | bytearray | memoryview) -> SparkBatch:
        """Raises: spark_thrift.columns.MalformedFrame, FetchFailed."""
        return SparkBatch(self, decode_frame(frame))

    def column(self, index: int, batch: FrameBatch, format_code: int) -> Encoded:
        """One column's fields.  Raises: DataError, which names the column."""
        kind, column = self.types[index], batch.columns[index]
        try:
            if format_code == TEXT:
                return encode_text(kind, column, self.zone)
            if format_code == BINARY:
                return encode_binary(kind, column)
        except DataError as error:
            where = f'Column "{self.fields[index].name}" of the result.'
            detail = where if error.detail is None else f"{error.detail} {where}"
            raise DataError(error.sqlstate, error.message, detail=detail, hint=error.hint) from error
        raise DataError("22023", f"unsupported format code: {format_code}")


@dataclass(frozen=True, slots=True)
class SparkBatch:
    """The rows of one frame, or some of them; a ports.RowBatch."""

    encoder: RowEncoder
    frame: FrameBatch

    def __post_init__(self) -> None:
        # An empty frame may come without columns at all.
        if self.frame.row_count and len(self.frame.columns) != len(self.encoder.types):
            raise DataError(
                "XX000",
                f"the engine sent {len(self.frame.columns)} columns for {len(self.encoder.types)} described",
            )

    @property
    def row_count(self) -> int:
        return self.frame.row_count

    def slice(self, start: int, stop: int) -> SparkBatch:
        return SparkBatch(self.encoder, self.frame.slice(start, stop))

    def columns(self, formats: Sequence[int]) -> list[Encoded]:
        return [self.encoder.column(i, self.frame, code) for i, code in enumerate(formats)]

    def data_rows(self, formats: Sequence[int]) -> bytes | memoryview:
        """Raises: DataError."""
        return self._joined(b"D", formats)

    def copy_rows(self, options: CopyOptions) -> bytes | memoryview:
        """Raises: DataError."""
        if options.format == "binary":
            return self._joined(b"d", (BINARY,) * len(self.encoder.types))
        if self.row_count == 0:
            return b""
        if self._too_large():
            return b"".join(half.copy_rows(options) for half in self._halves())
        return copy_rows(self.columns((TEXT,) * len(self.encoder.types)), self.encoder.fields, options)

    def _joined(self, tag: bytes, formats: Sequence[int]) -> bytes | memoryview:
        if len(formats) != len(self.encoder.types):
            raise ValueError(f"{len(formats)} formats, {len(self.encoder.types)} columns")
        if self.row_count == 0:
            return b""
        if self._too_large():
            return b"".join(half._joined(tag, formats) for half in self._halves())
        return join_rows(tag, self.columns(formats), self.row_count)

    def _too_large(self) -> bool:
        return self.row_count > 1 and self.frame.nbytes > _MAX_BATCH_BYTES

    def _halves(self) -> tuple[SparkBatch, SparkBatch]:
        middle = self.row_count // 2
        return self.slice(0, middle), self.slice(middle, self.row_count)
