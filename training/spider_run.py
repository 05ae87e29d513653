"""Runs a statement on one of Spider's SQLite databases.

Rules: a statement can only read, whoever wrote it: the file is opened read-only and an authorizer refuses all but
SELECT; it ends after a time and after as many rows as can still be right.  DISTINCT is taken out of both statements
before they are compared, as the official test suite does by default.
Leaves out: several databases of one schema (the distilled test suites).
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from training.rows import same_rows

TIMEOUT_S = 30.0
STEPS_BETWEEN_LOOKS = 10_000
"""Instructions of SQLite's virtual machine between two looks at the clock."""
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_PIECES = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\[[^]]*\]|--[^\n]*|/\*.*?\*/|\w+|.""", re.DOTALL)


class ExecutionFailed(Exception):
    """SQLite's own words."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One prediction on its database.  Shapes: `error` is SQLite's, None when it ran."""

    right: bool
    error: str | None


def run(database: Path, sql: str, *, rows_max: int | None = None, timeout_s: float = TIMEOUT_S) -> list[Any]:
    """The rows, `rows_max` at most.  Raises: ExecutionFailed."""
    end = time.monotonic() + timeout_s
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda data: data.decode(errors="ignore")
        connection.set_authorizer(_only_reading)
        connection.set_progress_handler(lambda: time.monotonic() > end, STEPS_BETWEEN_LOOKS)
        try:
            cursor = connection.execute(sql)
            if cursor.description is None:
                raise ExecutionFailed("not a query")
            return cursor.fetchall() if rows_max is None else cursor.fetchmany(rows_max)
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise ExecutionFailed(str(error)) from error


def _only_reading(action: int, _first: str | None, second: str | None, *_rest: Any) -> int:
    allowed = action in _READING and second != "load_extension"
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def compare(database: Path, predicted: str, gold: str) -> Outcome:
    """Raises: ExecutionFailed when the gold statement fails."""
    wanted: Sequence[Any] = run(database, without_distinct(gold))
    try:
        # One row more than is right is enough to be wrong.
        got = run(database, without_distinct(predicted), rows_max=len(wanted) + 1)
    except ExecutionFailed as error:
        return Outcome(False, str(error))
    return Outcome(same_rows(got, wanted, ordered="order by" in gold.lower()), None)


def without_distinct(sql: str) -> str:
    """The first statement alone, its torn operators (`> =`) mended, as the official test suite prepares both."""
    pieces = takewhile(lambda piece: piece != ";", _PIECES.findall(sql.lstrip("; \n")))
    return re.sub(r"([<>!]) =", r"\1=", "".join(piece for piece in pieces if piece.lower() != "distinct"))
