"""What can go wrong with the engine, as exceptions that carry a SQLSTATE.

Rules: a message is fit for a client: no Java class names, stack traces, query plans or text of the statement.
`parse_error` takes Spark 4's text apart; tests/unit/spark_thrift/errors.txt is its table of cases.
Left out: severity and PostgreSQL's field codes, which are the server's business.
"""

from __future__ import annotations

import re


class EngineError(Exception):
    """Anything the engine or the way to it reports.  `sqlstate` is always five characters."""

    sqlstate = "XX000"

    def __init__(self, message: str, *, sqlstate: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if sqlstate is not None:
            self.sqlstate = sqlstate


class SparkError(EngineError):
    """Spark refused the statement or failed while running it.

    Units: `line` and `column` count from 1, in the text that Spark got.
    """

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        error_class: str | None = None,
        hint: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message, sqlstate=sqlstate, hint=hint)
        self.error_class = error_class
        self.line = line
        self.column = column


class StatementCancelled(EngineError):
    """The statement was cancelled, by us or by an administrator of the engine (57014).

    The words are PostgreSQL's own, which clients look for.
    """

    sqlstate = "57014"

    def __init__(self, message: str = "canceling statement due to user request") -> None:
        super().__init__(message)


class DeadlineExceeded(StatementCancelled):
    """The statement's time was up."""

    def __init__(self) -> None:
        super().__init__("canceling statement due to statement timeout")


class EngineUnavailable(EngineError):
    """Nobody answers, or the connection broke (08006)."""

    sqlstate = "08006"


class EngineRefused(EngineUnavailable):
    """The engine answers but does not let this user in (28000)."""

    sqlstate = "28000"


class EngineProtocolError(EngineUnavailable):
    """The peer sent what HiveServer2 never sends (08P01); the connection is dropped."""

    sqlstate = "08P01"


class JavaMissing(EngineUnavailable):
    """No Java of the right version was found (58P01, undefined_file)."""

    sqlstate = "58P01"


class EngineStartFailed(EngineUnavailable):
    """The embedded engine did not come up (57P03, cannot_connect_now)."""

    sqlstate = "57P03"


_SQLSTATE = re.compile(r"\s*SQLSTATE: ([0-9A-Z]{5})\b")
# The parser writes "(line 1, pos 7)" and the analyser "; line 1 pos 7;", both from 0; the query context
# "(line 1, position 8)" counts from 1.
_POSITION = re.compile(r"(?:\(|; )line (\d+),? pos (\d+)")
_CONTEXT = re.compile(r"^== .*\(line (\d+), position (\d+)\) ==$", re.MULTILINE)
# What stands before the message: each layer's wrapping, Java's class of the exception, Spark's error class.
_WRAPPING = re.compile(
    r"\s*(?:Error (?:running query|operating \w+): |(?:[a-z]\w*\.)+[A-Z][\w$]*:\s"
    r"|\[([A-Z][A-Z0-9_]*(?:\.[A-Z0-9_]+)*)\] )"
)
# Where what happened ends and what to do about it begins, in the wording of Spark's error-conditions.json.
_ADVICE = re.compile(
    r"(?:(?<=[.!?])\s+|\n)(?=Did you mean|Use (?:`|the )|Verify the|Correct the|Choose a|To tolerate|"
    r"If (?:necessary|you)\b|Search path:|Please )"
)
_POINTLESS = re.compile(
    r"(?:If necessary set|To tolerate|Search path:|If you did not qualify)[^\n]*?(?:\.(?=\s|$)|$)"
)


_RAISED = re.compile(r"\[([0-9A-Z]{5})\] (?=.)", re.DOTALL)
"""What the dialect step puts before a message of its own (dialect/terms.py)."""
_MALFORMED = re.compile(
    r'The value \'(.*)\' of the type "\w+" cannot be cast to "(\w+)[^"]*" because it is malformed', re.DOTALL
)
_CAST_NAMES = {
    "BOOLEAN": "boolean", "TINYINT": "smallint", "SMALLINT": "smallint", "INT": "integer", "BIGINT": "bigint",
    "FLOAT": "real", "DOUBLE": "double precision", "DECIMAL": "numeric",
}  # fmt: skip


def _as_postgresql(message: str, sqlstate: str | None, error_class: str | None) -> tuple[str, str | None]:
    """The words and the code that PostgreSQL has for what went wrong."""
    if error_class == "USER_RAISED_EXCEPTION" and (raised := _RAISED.match(message)):
        return message[raised.end() :], raised[1]
    if error_class == "CAST_INVALID_INPUT" and (found := _MALFORMED.match(message)):
        if (name := _CAST_NAMES.get(found[2])) is not None:
            return f'invalid input syntax for type {name}: "{found[1]}"', "22P02"
        if found[2] in ("DATE", "TIMESTAMP", "TIMESTAMP_NTZ"):
            # Its form was looked at before (dialect/casts.py), so there is no such day or hour.
            return f'date/time field value out of range: "{found[1]}"', "22008"
    if error_class == "INVALID_FORMAT.ESC_AT_THE_END":
        return "LIKE pattern must not end with escape character", "22025"
    return message, sqlstate


def parse_error(text: str | None, sqlstate: str | None = None) -> SparkError:
    """The error in a status message of HiveServer2.

    `sqlstate` is what the status itself said; FetchResults leaves it empty and only the text has it.

    Source: the layout of org.apache.spark.ErrorMessageFormat.PRETTY,
    `[CLASS.SUBCLASS] message SQLSTATE: nnnnn; line 1 pos 7;` followed by the plan or the query context.
    """
    text = (text or "").strip() or "the engine failed without saying why"
    text = text.split("\n\tat ", 1)[0]
    line, column = _position(text)
    state = _SQLSTATE.search(text)
    start, error_class = _unwrap(text)
    body = text[start : state.start()] if state else text[start:].split("\n==", 1)[0]
    happened, *advice = _ADVICE.split(body)
    hint = " ".join(_POINTLESS.sub("", " ".join(advice)).split())
    plain = happened.strip().removesuffix(".") or "the engine failed"
    message, code = _as_postgresql(plain, state.group(1) if state else sqlstate or None, error_class)
    return SparkError(
        message,
        sqlstate=code,
        error_class=error_class,
        hint=hint or None if message == plain else None,
        line=line,
        column=column,
    )


def _unwrap(text: str) -> tuple[int, str | None]:
    """Where the message begins, and its error class, which each layer of wrapping repeats."""
    start, error_class = 0, None
    while match := _WRAPPING.match(text, start):
        if error_class and match[1] not in (None, error_class):
            break
        start, error_class = match.end(), match[1] or error_class
    return start, error_class


def _position(text: str) -> tuple[int | None, int | None]:
    if match := _POSITION.search(text):
        return int(match[1]), int(match[2]) + 1
    if match := _CONTEXT.search(text):
        return int(match[1]), int(match[2])
    return None, None
