"""The statements that are not queries, each with its own small, strict parser.

sqlglot sees most of them as one opaque Command.  Here each becomes a frozen value that says everything the statement
said, and can write itself again (`to_sql`) for the mirror; a word that its grammar does not know is a syntax error.
Queries inside them (EXPLAIN, DECLARE, COPY, PREPARE) are handed back as tokens, to be checked like any other query.
Source: PostgreSQL 18 src/backend/parser/gram.y; documentation part VI.

Left out: SET ROLE, SET SESSION AUTHORIZATION, two-phase commit and LOCK, which are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sqlglot.tokens import Token

from checker.renderer import quote_identifier, quote_string
from checker.verdict import StatementKind

Value = str | int | float


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW name; `all`, `transaction_isolation` and `TimeZone` for the spelled-out forms."""

    name: str
    kind = StatementKind.SHOW

    def to_sql(self, query: str = "") -> str:
        return "SHOW ALL" if self.name == "all" else f"SHOW {_setting(self.name)}"


@dataclass(frozen=True, slots=True)
class Set:
    """SET name = values.  `values` is None for DEFAULT; `local` for SET LOCAL."""

    name: str
    values: tuple[Value, ...] | None
    local: bool = False
    kind = StatementKind.SET

    def to_sql(self, query: str = "") -> str:
        shown = "DEFAULT" if self.values is None else ", ".join(_value(value) for value in self.values)
        return f"SET {'LOCAL ' if self.local else ''}{_setting(self.name)} TO {shown}"


@dataclass(frozen=True, slots=True)
class SetTransaction:
    """SET TRANSACTION modes, or SET SESSION CHARACTERISTICS AS TRANSACTION modes when `session`."""

    modes: tuple[str, ...]
    session: bool = False
    kind = StatementKind.SET

    def to_sql(self, query: str = "") -> str:
        what = "SESSION CHARACTERISTICS AS TRANSACTION" if self.session else "TRANSACTION"
        return f"SET {what} {', '.join(self.modes)}"


@dataclass(frozen=True, slots=True)
class Reset:
    """RESET name; `all` for RESET ALL."""

    name: str
    kind = StatementKind.RESET

    def to_sql(self, query: str = "") -> str:
        if self.name == "session_authorization":
            return "RESET SESSION AUTHORIZATION"
        return "RESET ALL" if self.name == "all" else f"RESET {_setting(self.name)}"


@dataclass(frozen=True, slots=True)
class Begin:
    """BEGIN, or START TRANSACTION when `started`, with its modes in PostgreSQL's words."""

    modes: tuple[str, ...] = ()
    started: bool = False
    kind = StatementKind.BEGIN

    def to_sql(self, query: str = "") -> str:
        return f"{'START TRANSACTION' if self.started else 'BEGIN'} {', '.join(self.modes)}".rstrip()


@dataclass(frozen=True, slots=True)
class Commit:
    chain: bool = False
    kind = StatementKind.COMMIT

    def to_sql(self, query: str = "") -> str:
        return "COMMIT AND CHAIN" if self.chain else "COMMIT"


@dataclass(frozen=True, slots=True)
class Rollback:
    chain: bool = False
    kind = StatementKind.ROLLBACK

    def to_sql(self, query: str = "") -> str:
        return "ROLLBACK AND CHAIN" if self.chain else "ROLLBACK"


@dataclass(frozen=True, slots=True)
class Savepoint:
    """SAVEPOINT, RELEASE or ROLLBACK TO, told apart by `kind`."""

    name: str
    kind: StatementKind = StatementKind.SAVEPOINT

    def to_sql(self, query: str = "") -> str:
        return f"{self.kind.value} {quote_identifier(self.name)}"


@dataclass(frozen=True, slots=True)
class Discard:
    what: Literal["ALL", "PLANS", "SEQUENCES", "TEMP"]
    kind = StatementKind.DISCARD

    def to_sql(self, query: str = "") -> str:
        return f"DISCARD {self.what}"


@dataclass(frozen=True, slots=True)
class Deallocate:
    """DEALLOCATE name; None for ALL."""

    name: str | None
    kind = StatementKind.DEALLOCATE

    def to_sql(self, query: str = "") -> str:
        return f"DEALLOCATE {_name_or_all(self.name)}"


@dataclass(frozen=True, slots=True)
class Prepare:
    """PREPARE name (types) AS query.  `types` as the client wrote them, in one spelling."""

    name: str
    types: tuple[str, ...] = ()
    kind = StatementKind.PREPARE

    def to_sql(self, query: str = "") -> str:
        types = f" ({', '.join(self.types)})" if self.types else ""
        return f"PREPARE {quote_identifier(self.name)}{types} AS {query}"


@dataclass(frozen=True, slots=True)
class Execute:
    """EXECUTE name (arguments).  The arguments are expressions, checked as the row of a VALUES."""

    name: str
    has_arguments: bool = False
    kind = StatementKind.EXECUTE

    def to_sql(self, query: str = "") -> str:
        return f"EXECUTE {quote_identifier(self.name)}{query.removeprefix('VALUES ')}"


@dataclass(frozen=True, slots=True)
class Declare:
    """DECLARE name CURSOR FOR query.  `scroll` None: the client said neither."""

    name: str
    scroll: bool | None = None
    hold: bool = False
    binary: bool = False
    kind = StatementKind.DECLARE

    def to_sql(self, query: str = "") -> str:
        scroll = {None: "", True: "SCROLL ", False: "NO SCROLL "}[self.scroll]
        hold = " WITH HOLD" if self.hold else ""
        binary = "BINARY " if self.binary else ""
        return f"DECLARE {quote_identifier(self.name)} {binary}{scroll}CURSOR{hold} FOR {query}"


@dataclass(frozen=True, slots=True)
class Fetch:
    """FETCH or MOVE.  Units: `count` in rows; None for ALL; negative counts are kept as written."""

    name: str
    direction: Literal["FORWARD", "BACKWARD", "ABSOLUTE", "RELATIVE"] = "FORWARD"
    count: int | None = 1
    kind: StatementKind = StatementKind.FETCH

    def to_sql(self, query: str = "") -> str:
        count = "ALL" if self.count is None else str(self.count)
        return f"{self.kind.value} {self.direction} {count} FROM {quote_identifier(self.name)}"


@dataclass(frozen=True, slots=True)
class Close:
    """CLOSE name; None for ALL."""

    name: str | None
    kind = StatementKind.CLOSE

    def to_sql(self, query: str = "") -> str:
        return f"CLOSE {_name_or_all(self.name)}"


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """COPY ... TO STDOUT's options, with PostgreSQL's defaults for the format filled in."""

    format: Literal["text", "csv", "binary"] = "text"
    delimiter: str = "\t"
    null: str = "\\N"
    header: bool = False
    quote: str = '"'
    escape: str = '"'
    force_quote: tuple[str, ...] | Literal["*"] = ()


@dataclass(frozen=True, slots=True)
class CopyOut:
    """COPY (query) TO STDOUT; COPY table (columns) TO STDOUT comes as the SELECT that it is."""

    options: CopyOptions = field(default_factory=CopyOptions)
    kind = StatementKind.COPY_OUT

    def to_sql(self, query: str = "") -> str:
        options = self.options
        written = [f"FORMAT {options.format}"]
        if options.format != "binary":
            written.append(f"DELIMITER {quote_string(options.delimiter)}")
            written.append(f"NULL {quote_string(options.null)}")
            written.append(f"HEADER {'true' if options.header else 'false'}")
        if options.format == "csv":
            written.append(f"QUOTE {quote_string(options.quote)}")
            written.append(f"ESCAPE {quote_string(options.escape)}")
            if options.force_quote == "*":
                written.append("FORCE_QUOTE *")
            elif options.force_quote:
                written.append(f"FORCE_QUOTE ({', '.join(map(quote_identifier, options.force_quote))})")
        return f"COPY ({query}) TO STDOUT ({', '.join(written)})"


@dataclass(frozen=True, slots=True)
class Explain:
    """EXPLAIN query.  `options` are (name, value) as PostgreSQL names them, upper case."""

    options: tuple[tuple[str, str], ...] = ()
    kind = StatementKind.EXPLAIN

    @property
    def analyze(self) -> bool:
        """Whether the query is run."""
        return dict(self.options).get("ANALYZE", "FALSE") not in ("FALSE", "OFF", "0")

    def to_sql(self, query: str = "") -> str:
        options = ", ".join(f"{name} {value}".rstrip() for name, value in self.options)
        return f"EXPLAIN ({options}) {query}" if options else f"EXPLAIN {query}"


@dataclass(frozen=True, slots=True)
class Channel:
    """LISTEN, UNLISTEN (name None: all) or NOTIFY, told apart by `kind`."""

    name: str | None
    kind: StatementKind = StatementKind.LISTEN
    payload: str = ""

    def to_sql(self, query: str = "") -> str:
        name = "*" if self.name is None else quote_identifier(self.name)
        payload = f", {quote_string(self.payload)}" if self.payload else ""
        return f"{self.kind.value} {name}{payload}"


SessionStatement = (
    Show | Set | SetTransaction | Reset | Begin | Commit | Rollback | Savepoint | Discard | Deallocate | Prepare
    | Execute | Declare | Fetch | Close | CopyOut | Explain | Channel
)  # fmt: skip


Parsed = tuple[SessionStatement, list[Token] | None]
"""A statement, and the tokens of the query inside it."""


def _setting(name: str) -> str:
    return ".".join(quote_identifier(part) for part in name.split("."))


def _value(value: Value) -> str:
    return quote_string(value) if isinstance(value, str) else str(value)


def _name_or_all(name: str | None) -> str:
    return "ALL" if name is None else quote_identifier(name)
