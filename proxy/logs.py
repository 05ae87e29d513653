"""The log: a line an event, with the id of the statement that it is about, as its audit record has it.

The id follows the task that runs the statement and what that task starts (a context variable), so whoever logs need not
know it.  What outlives the statement that started it (the reaper of cancelled statements, the judge's start) runs in a
context of its own.  Rules: never SQL or values, at any level.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar

STATEMENT: ContextVar[str | None] = ContextVar("statement", default=None)
"""The id of the statement in hand."""


def configure(level: str) -> None:
    """Log to stderr.  `level`: as [log] level has it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(with_statement)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s:%(statement)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # It would log a line for every request to the model's node.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def with_statement(record: logging.LogRecord) -> bool:
    """Let every record pass, with what the format wants of it."""
    statement = STATEMENT.get()
    record.statement = "" if statement is None else f" [{statement}]"
    return True
