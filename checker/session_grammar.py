"""Tokens -> session statements: one function a statement, found by its first word.

Rules: a parser consumes exactly its tokens; what PostgreSQL has and we do not allow is `Refused` with 42501, what
nobody knows is a syntax error at the word.  See session_statements.py for the values.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot.tokens import Token, TokenType

from checker.copy_grammar import copy
from checker.errors import Refused
from checker.reader import Reader
from checker.session_statements import (
    Begin,
    Channel,
    Close,
    Commit,
    Deallocate,
    Declare,
    Discard,
    Execute,
    Explain,
    Fetch,
    Parsed,
    Prepare,
    Rollback,
    Savepoint,
)
from checker.settings_grammar import modes, reset, set_, show
from checker.verdict import StatementKind


def parse_session_statement(tokens: list[Token], text: str) -> Parsed | None:
    """The statement and the tokens of its query; None when the first word begins no session statement.

    Raises: SyntaxProblem; Refused.
    """
    reader = Reader(tokens, text)
    parser = PARSERS.get(reader.word())
    if parser is None:
        return None
    reader.at = 1
    parsed = parser(reader)
    reader.end()
    return parsed


def _begin(reader: Reader) -> Parsed:
    reader.take_any("work", "transaction")
    return Begin(modes(reader)), None


def _start(reader: Reader) -> Parsed:
    reader.expect("transaction")
    return Begin(modes(reader), started=True), None


def _chain(reader: Reader) -> bool:
    if not reader.take("and"):
        return False
    negated = reader.take("no")
    reader.expect("chain")
    return not negated


def _commit(reader: Reader) -> Parsed:
    if reader.word() == "prepared":
        raise Refused(
            "two_phase", "permission denied: COMMIT PREPARED is not allowed", reader.tokens[0].start
        )
    reader.take_any("work", "transaction")
    return Commit(_chain(reader)), None


def _rollback(reader: Reader) -> Parsed:
    if reader.word() == "prepared":
        raise Refused(
            "two_phase", "permission denied: ROLLBACK PREPARED is not allowed", reader.tokens[0].start
        )
    reader.take_any("work", "transaction")
    if reader.take("to"):
        if len(reader.tokens) > reader.at + 1:
            reader.take("savepoint")
        return Savepoint(reader.name(), StatementKind.ROLLBACK_TO), None
    return Rollback(_chain(reader)), None


def _savepoint(reader: Reader) -> Parsed:
    return Savepoint(reader.name()), None


def _release(reader: Reader) -> Parsed:
    if len(reader.tokens) > 2:
        reader.take("savepoint")
    return Savepoint(reader.name(), StatementKind.RELEASE), None


def _discard(reader: Reader) -> Parsed:
    what = reader.take_any("all", "plans", "sequences", "temp", "temporary")
    if not what:
        raise reader.unexpected("Expected ALL, PLANS, SEQUENCES or TEMP.")
    names = {"all": "ALL", "plans": "PLANS", "sequences": "SEQUENCES"}
    return Discard(names.get(what, "TEMP")), None  # type: ignore[arg-type]


def _deallocate(reader: Reader) -> Parsed:
    if len(reader.tokens) > 2:
        reader.take("prepare")
    return Deallocate(None if reader.take("all") else reader.name()), None


def _prepare(reader: Reader) -> Parsed:
    if reader.word() == "transaction":
        raise Refused(
            "two_phase", "permission denied: PREPARE TRANSACTION is not allowed", reader.tokens[0].start
        )
    name = reader.name()
    types: list[str] = []
    if reader.take("("):
        while True:
            types.append(_type_name(reader))
            if not reader.take(","):
                break
        reader.expect(")")
    reader.expect("as")
    return Prepare(name, tuple(types)), reader.rest()


def _type_name(reader: Reader) -> str:
    pieces: list[str] = []
    depth = 0
    while reader.token is not None and (depth or reader.word() not in (",", ")")):
        token = reader.token
        if token.token_type is TokenType.IDENTIFIER:
            pieces.append('"' + token.text.replace('"', '""') + '"')
        elif token.token_type is TokenType.STRING or not (
            token.text.isidentifier() or token.text in "().[],0123456789" or token.text.isdigit()
        ):
            raise reader.unexpected("Expected a type.")
        else:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            pieces.append(token.text)
        reader.at += 1
    if not pieces:
        raise reader.unexpected("Expected a type.")
    return " ".join(pieces).replace(" . ", ".")


def _execute(reader: Reader) -> Parsed:
    name = reader.name()
    if reader.token is None:
        return Execute(name), None
    if reader.word() != "(":
        raise reader.unexpected("Expected (.")
    first = reader.tokens[0]
    values = Token(TokenType.VALUES, "values", first.line, first.col, first.start, first.end)
    return Execute(name, has_arguments=True), [values, *reader.rest()]


def _declare(reader: Reader) -> Parsed:
    name = reader.name()
    binary, scroll = False, None
    while not reader.take("cursor"):
        if reader.take("binary"):
            binary = True
        elif reader.take("no", "scroll"):
            scroll = False
        elif reader.take("scroll"):
            scroll = True
        elif not reader.take_any("insensitive", "asensitive"):
            raise reader.unexpected("Expected CURSOR.")
    hold = False
    held = reader.take_any("with", "without")
    if held:
        reader.expect("hold")
        hold = held == "with"
    reader.expect("for")
    return Declare(name, scroll, hold, binary), reader.rest()


def _fetch_or_move(kind: StatementKind) -> Callable[[Reader], Parsed]:
    def parse(reader: Reader) -> Parsed:
        direction, count = _direction(reader)
        reader.take_any("from", "in")
        return Fetch(reader.name(), direction, count, kind), None  # type: ignore[arg-type]

    return parse


def _direction(reader: Reader) -> tuple[str, int | None]:
    if len(reader.tokens) == 2:
        return "FORWARD", 1
    simple = {"next": ("FORWARD", 1), "prior": ("BACKWARD", 1), "first": ("ABSOLUTE", 1), "last": ("ABSOLUTE", -1),
              "all": ("FORWARD", None)}  # fmt: skip
    word = reader.word()
    if word in simple:
        reader.at += 1
        return simple[word]
    if word in ("absolute", "relative"):
        reader.at += 1
        return word.upper(), reader.integer()
    if word in ("forward", "backward"):
        reader.at += 1
        if reader.take("all"):
            return word.upper(), None
        return word.upper(), 1 if reader.word() in ("from", "in") or not _number_next(
            reader
        ) else reader.integer()
    if _number_next(reader):
        return "FORWARD", reader.integer()
    return "FORWARD", 1


def _number_next(reader: Reader) -> bool:
    token = reader.token
    return token is not None and (token.token_type is TokenType.NUMBER or token.text in ("-", "+"))


def _close(reader: Reader) -> Parsed:
    return Close(None if reader.take("all") else reader.name()), None


def _channel(kind: StatementKind) -> Callable[[Reader], Parsed]:
    def parse(reader: Reader) -> Parsed:
        if kind is StatementKind.UNLISTEN and reader.take("*"):
            return Channel(None, kind), None
        name = reader.name()
        payload = reader.string() if kind is StatementKind.NOTIFY and reader.take(",") else ""
        return Channel(name, kind, payload), None

    return parse


_EXPLAIN_FLAGS = frozenset(
    {
        "analyze",
        "verbose",
        "costs",
        "settings",
        "generic_plan",
        "buffers",
        "wal",
        "timing",
        "summary",
        "memory",
    }
)
_EXPLAIN_WORDS = {
    "format": frozenset({"text", "xml", "json", "yaml"}),
    "serialize": frozenset({"none", "text", "binary"}),
}


def _explain(reader: Reader) -> Parsed:
    options: list[tuple[str, str]] = []
    if reader.word() == "(" and reader.word(1) not in ("select", "values", "with", "table", "("):
        reader.at += 1
        while True:
            options.append(_explain_option(reader))
            if not reader.take(","):
                break
        reader.expect(")")
    else:
        if reader.take_any("analyze", "analyse"):
            options.append(("ANALYZE", ""))
        if reader.take("verbose"):
            options.append(("VERBOSE", ""))
    if reader.token is None:
        raise reader.unexpected("Expected a query.")
    return Explain(tuple(options)), reader.rest()


def _explain_option(reader: Reader) -> tuple[str, str]:
    token = reader.token
    name = reader.name()
    name = "analyze" if name == "analyse" else name
    words = _EXPLAIN_WORDS.get(name)
    if name not in _EXPLAIN_FLAGS and words is None:
        offset = token.start if token else 0
        raise Refused("explain_option", f'unrecognized EXPLAIN option "{name}"', offset, "42601")
    if reader.word() in (",", ")"):
        return name.upper(), ""
    token = reader.token
    value = (token.text if token else "").lower()
    if value not in (words or frozenset({"true", "false", "on", "off", "0", "1"})):
        raise reader.unexpected()
    reader.at += 1
    return name.upper(), value.upper()


PARSERS: dict[str, Callable[[Reader], Parsed]] = {
    "show": show,
    "set": set_,
    "reset": reset,
    "begin": _begin,
    "start": _start,
    "commit": _commit,
    "end": _commit,
    "rollback": _rollback,
    "abort": _rollback,
    "savepoint": _savepoint,
    "release": _release,
    "discard": _discard,
    "deallocate": _deallocate,
    "prepare": _prepare,
    "execute": _execute,
    "declare": _declare,
    "fetch": _fetch_or_move(StatementKind.FETCH),
    "move": _fetch_or_move(StatementKind.MOVE),
    "close": _close,
    "copy": copy,
    "explain": _explain,
    "listen": _channel(StatementKind.LISTEN),
    "unlisten": _channel(StatementKind.UNLISTEN),
    "notify": _channel(StatementKind.NOTIFY),
}
