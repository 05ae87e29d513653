"""`ask` and `translate`: a question to a running server, as any PostgreSQL client would put it."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from proxy.cli.console import ALL_GOOD, Failure, activity, add_conf_flag, settings_of
from proxy.demo import USER

if TYPE_CHECKING:
    import psycopg

WIDTH_ROWS = 1000
"""Rows that decide how wide the columns are; what comes later is wider only in its own line."""

HEADER_LINES = 2


def add_commands(commands: Any) -> None:
    ask = commands.add_parser(
        "ask",
        help="ask a running server a question in prose and print the answer",
        description="Put a question to a running server and print its SQL (to standard error) and its rows.",
        epilog='example: streamlink-sql ask "top 10 assignees by number of patents"',
    )
    ask.set_defaults(run=run_ask)
    translate = commands.add_parser(
        "translate",
        help="print the SQL that a running server makes of a question; run nothing",
        description="Put a question to a running server and print the SQL that it would run (and, to "
        "standard error, what it knows about it).  Nothing runs.",
        epilog='example: streamlink-sql translate "top 10 assignees by number of patents"',
    )
    translate.set_defaults(run=run_translate)
    for command in (ask, translate):
        command.add_argument("question", metavar="PROSE")
        command.add_argument("--host", help="where the server listens (default: [listen] host)")
        command.add_argument("--port", type=int, help="its port (default: [listen] port)")
        command.add_argument("--user", help=f"who asks (default: $PGUSER, else {USER})")
        add_conf_flag(command)


def run_ask(arguments: argparse.Namespace) -> int:
    with connect(arguments) as connection, activity() as shown:
        shown.now("asking")
        cursor = text_cursor(connection)
        with rows_of(cursor, statement_of(arguments.question)) as rows:
            first = list(islice(rows, WIDTH_ROWS))
            columns = columns_of(cursor)
            shown.stop()
            lines = 0
            for line in table(columns, first, rows):
                print(line)
                lines += 1
    count = lines - HEADER_LINES
    print(f"({count} row{'' if count == 1 else 's'})")
    return ALL_GOOD


def run_translate(arguments: argparse.Namespace) -> int:
    with connect(arguments) as connection, activity() as shown:
        shown.now("translating")
        with rows_of(text_cursor(connection), "EXPLAIN " + statement_of(arguments.question)) as rows:
            sql, *facts = [row[0] or "" for row in rows]
    print(sql.removeprefix("SQL: "))
    for fact in facts:
        print(fact, file=sys.stderr)
    return ALL_GOOD


def statement_of(prose: str) -> str:
    """The question as a statement.  A line break would end the comment, so there is none."""
    words = " ".join(prose.split())
    if not words:
        raise Failure("the question is empty")
    return f"-- nl: {words}"


def connect(arguments: argparse.Namespace) -> psycopg.Connection[Any]:
    """Raises: Failure when there is no server or it does not let us in."""
    import psycopg

    settings = settings_of(arguments)
    where: dict[str, Any] = {
        "host": arguments.host or settings.listen.host,
        "port": arguments.port or settings.listen.port,
        "user": arguments.user or os.environ.get("PGUSER") or USER,
        "dbname": settings.session.database,
        "autocommit": True,
        "connect_timeout": 10,
    }
    try:
        try:
            connection = psycopg.connect(**where)
        except psycopg.OperationalError as error:
            if "no password supplied" not in str(error) or not sys.stdin.isatty():
                raise
            password = getpass.getpass(f"Password for {where['user']}: ")
            connection = psycopg.connect(**where, password=password)
    except psycopg.OperationalError as error:
        place = f"{where['host']}:{where['port']}"
        if "Connection refused" in str(error):
            raise Failure(
                f"no server at {place}; start one with `streamlink-sql serve` or `streamlink-sql demo`"
            ) from None
        reason = str(error).strip().splitlines()[-1].rpartition("failed: ")[2]
        hint = " (set PGPASSWORD, or run this in a terminal)" if "no password supplied" in reason else ""
        raise Failure(f"{place} does not let {where['user']} in: {reason}{hint}") from None
    connection.add_notice_handler(lambda notice: print(notice.message_primary, file=sys.stderr))
    return connection


def text_cursor(connection: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    """What the server prints is what is shown: no value passes through Python's types."""
    from psycopg.types.string import TextLoader

    cursor = connection.cursor()
    cursor.adapters.register_loader(0, TextLoader)
    return cursor


@contextmanager
def rows_of(cursor: psycopg.Cursor[Any], statement: str) -> Iterator[Iterator[Sequence[Any]]]:
    """The rows, one at a time off the socket; leaving cancels what is still to come.  Raises: Failure."""
    import psycopg

    try:
        # psycopg calls it an Iterator; closing the generator that it is cancels the statement.
        with closing(cast("Generator[Sequence[Any], None, None]", cursor.stream(statement.encode()))) as rows:
            yield rows
    except psycopg.Error as error:
        raise Failure(_words(error)) from None


def columns_of(cursor: psycopg.Cursor[Any]) -> list[tuple[str, bool]]:
    """Each column's name and whether it holds numbers, once a first row has been asked for."""
    names = ("int2", "int4", "int8", "float4", "float8", "numeric")
    numbers = {cursor.adapters.types[name].oid for name in names}
    return [(column.name, column.type_code in numbers) for column in cursor.description or ()]


def _words(error: psycopg.Error) -> str:
    primary = error.diag.message_primary or str(error).strip()
    hint = f" (hint: {error.diag.message_hint})" if error.diag.message_hint else ""
    return f"{primary} [{error.sqlstate or 'no SQLSTATE'}]{hint}"


def table(
    columns: Sequence[tuple[str, bool]], first: Sequence[Sequence[Any]], rest: Iterable[Sequence[Any]]
) -> Iterator[str]:
    """Lines as psql prints them: a header, a rule, then the rows."""
    texts = [[_cell(value) for value in row] for row in first]
    header = [name for name, _ in columns]
    widths = [max(map(_width, column)) for column in zip(header, *texts, strict=True)]

    def line(cells: Sequence[str]) -> str:
        aligned = zip(cells, widths, columns, strict=True)
        return " | ".join(_padded(cell, width, number) for cell, width, (_, number) in aligned).rstrip()

    yield line(header)
    yield "-+-".join("-" * width for width in widths)
    yield from map(line, texts)
    yield from (line([_cell(value) for value in row]) for row in rest)


def _cell(value: Any) -> str:
    """One line, without the control characters that could move a terminal's cursor."""
    if value is None:
        return ""
    return "".join(c if c.isprintable() else " " for c in str(value))


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * max(0, width - _width(text))
    return blanks + text if right else text + blanks


def _width(text: str) -> int:
    """Terminal columns: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
