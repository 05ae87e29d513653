"""Tokens -> session statements: one function a statement, found by its first word.

Rules: a parser consumes exactly its tokens; what PostgreSQL has and we do not allow is `Refused` with 42501, what
nobody knows is a syntax error at the word.  See session_statements.py for the values.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot.tokens import Token, TokenType

from checker.errors import Refused
from checker.session_statements import (
    Begin,
    Channel,
    Close,
    Commit,
    CopyOptions,
    CopyOut,
    Deallocate,
    Declare,
    Discard,
    Execute,
    Explain,
    Fetch,
    Prepare,
    Reader,
    Reset,
    Rollback,
    Savepoint,
    SessionStatement,
    Set,
    SetTransaction,
    Show,
    Value,
)
from checker.verdict import StatementKind

Parsed = tuple[SessionStatement, list[Token] | None]

# A prefix of these names a setting of the engine behind: only a role that was granted it may write one.
ENGINE_SETTINGS = frozenset(
    {"spark", "hive", "hiveconf", "hivevar", "hadoop", "javax", "datanucleus", "dfs", "fs"}
)
# Written, these would change who the session is or how its text is read.
FORBIDDEN_SETTINGS = frozenset(
    {"role", "session_authorization", "session_preload_libraries", "local_preload_libraries"}
)
_UTF8 = frozenset({"utf8", "utf-8", "unicode", "default"})


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


def check_setting(name: str, values: tuple[Value, ...] | None, offset: int) -> None:
    """Whether a client may write this setting.  Raises: Refused."""
    folded = name.lower()
    if folded.split(".")[0] in ENGINE_SETTINGS and "." in folded:
        raise Refused("setting", f'permission denied to set parameter "{name}"', offset)
    if folded in FORBIDDEN_SETTINGS:
        raise Refused("setting", f'permission denied to set parameter "{name}"', offset)
    value = str(values[0]).lower() if values else "default"
    if folded == "standard_conforming_strings" and value not in ("on", "true", "yes", "1", "default"):
        raise Refused("setting", "standard_conforming_strings can only be on here", offset, "0A000")
    if folded in ("client_encoding", "names") and value not in _UTF8:
        raise Refused("setting", f'client_encoding "{value}" is not supported: only UTF8 is', offset, "0A000")


def _setting_name(reader: Reader) -> str:
    parts = [reader.name()]
    while reader.take("."):
        parts.append(reader.name())
    return ".".join(parts)


def _show(reader: Reader) -> Parsed:
    if reader.take("time", "zone"):
        return Show("TimeZone"), None
    if reader.take("transaction", "isolation", "level"):
        return Show("transaction_isolation"), None
    if reader.take("session", "authorization"):
        return Show("session_authorization"), None
    return Show(_setting_name(reader)), None


def _set(reader: Reader) -> Parsed:
    if reader.take("session", "characteristics"):
        reader.expect("as", "transaction")
        return SetTransaction(_modes(reader, required=True), session=True), None
    local = bool(reader.take("local"))
    if not local and reader.word(1) not in ("to", "=", "."):
        reader.take("session")
    start = reader.token.start if reader.token else 0
    if reader.word() in ("role", "authorization", "constraints"):
        raise Refused("set_role", f"permission denied: SET {reader.word().upper()} is not allowed", start)
    if reader.take("transaction"):
        if reader.word() == "snapshot":
            raise Refused("set_snapshot", "permission denied: SET TRANSACTION SNAPSHOT is not allowed", start)
        return SetTransaction(_modes(reader, required=True)), None
    if reader.take("time", "zone"):
        return Set("TimeZone", _time_zone(reader), local), None
    if reader.take("names"):
        values = None if reader.take("default") else (reader.string(),)
        check_setting("client_encoding", values, start)
        return Set("client_encoding", values, local), None
    if reader.take("schema"):
        return Set("search_path", (reader.string(),), local), None
    name = _setting_name(reader)
    if not reader.take_any("to", "="):
        raise reader.unexpected("Expected TO or =.")
    found = _setting_values(reader)
    check_setting(name, found, start)
    return Set(name, found, local), None


def _time_zone(reader: Reader) -> tuple[Value, ...] | None:
    if reader.take_any("local", "default"):
        return None
    if reader.take("interval"):
        value = reader.string()
        if reader.take("hour"):
            reader.expect("to", "minute")
        return (value,)
    return (_setting_value(reader),)


def _setting_values(reader: Reader) -> tuple[Value, ...] | None:
    if reader.take("default"):
        return None
    values = [_setting_value(reader)]
    while reader.take(","):
        values.append(_setting_value(reader))
    return tuple(values)


def _setting_value(reader: Reader) -> Value:
    sign = "-" if reader.take("-") else ""
    if not sign:
        reader.take("+")
    token = reader.token
    if token is not None and token.token_type is TokenType.NUMBER:
        reader.at += 1
        return int(sign + token.text) if token.text.isdigit() else float(sign + token.text)
    if sign:
        raise reader.unexpected("Expected a number.")
    if token is not None and token.token_type is TokenType.STRING:
        return reader.string()
    return reader.name()


def _reset(reader: Reader) -> Parsed:
    if reader.take("session", "authorization"):
        return Reset("session_authorization"), None
    if reader.take("time", "zone"):
        return Reset("TimeZone"), None
    if reader.take("transaction", "isolation", "level"):
        return Reset("transaction_isolation"), None
    return Reset(_setting_name(reader)), None


def _modes(reader: Reader, required: bool = False) -> tuple[str, ...]:
    modes: list[str] = []
    while reader.token is not None:
        if modes:
            reader.take(",")
        if reader.take("isolation", "level"):
            modes.append("ISOLATION LEVEL " + _isolation_level(reader))
        elif reader.take("read"):
            what = reader.take_any("only", "write")
            if not what:
                raise reader.unexpected("Expected ONLY or WRITE.")
            modes.append(f"READ {what.upper()}")
        elif reader.take("not", "deferrable"):
            modes.append("NOT DEFERRABLE")
        elif reader.take("deferrable"):
            modes.append("DEFERRABLE")
        else:
            raise reader.unexpected("Expected a transaction mode.")
    if required and not modes:
        raise reader.unexpected("Expected a transaction mode.")
    return tuple(modes)


def _isolation_level(reader: Reader) -> str:
    if reader.take("serializable"):
        return "SERIALIZABLE"
    if reader.take("repeatable", "read"):
        return "REPEATABLE READ"
    if reader.take("read"):
        level = reader.take_any("committed", "uncommitted")
        if level:
            return f"READ {level.upper()}"
    raise reader.unexpected("Expected an isolation level.")


def _begin(reader: Reader) -> Parsed:
    reader.take_any("work", "transaction")
    return Begin(_modes(reader)), None


def _start(reader: Reader) -> Parsed:
    reader.expect("transaction")
    return Begin(_modes(reader), started=True), None


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
        if reader.word(1):
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


def _copy(reader: Reader) -> Parsed:
    start = reader.tokens[0].start
    if reader.word() == "(":
        query = _parenthesised(reader)
    else:
        query = _copied_table(reader)
    if reader.word() == "from":
        raise Refused("copy_from", "permission denied: COPY FROM is not allowed", start)
    reader.expect("to")
    if not reader.take("stdout"):
        where = "PROGRAM" if reader.word() == "program" else "a file"
        raise Refused("copy_file", f"permission denied: COPY TO {where} is not allowed", start)
    return CopyOut(_copy_options(reader)), query


def _parenthesised(reader: Reader) -> list[Token]:
    depth, begin = 0, reader.at + 1
    while reader.token is not None:
        depth += {"(": 1, ")": -1}.get(reader.word(), 0)
        reader.at += 1
        if depth == 0:
            return reader.tokens[begin : reader.at - 1]
    raise reader.unexpected("Expected ).")


def _copied_table(reader: Reader) -> list[Token]:
    first = reader.token
    name_at = reader.at
    _setting_name(reader)
    name = reader.tokens[name_at : reader.at]
    assert first is not None

    def made(kind: TokenType, text: str) -> Token:
        return Token(kind, text, first.line, first.col, first.start, first.end)

    columns = _parenthesised(reader) if reader.word() == "(" else [made(TokenType.STAR, "*")]
    return [made(TokenType.SELECT, "select"), *columns, made(TokenType.FROM, "from"), *name]


_BOOLEANS = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}


def _copy_options(reader: Reader) -> CopyOptions:
    found: dict[str, object] = {}
    reader.take("with")
    if reader.take("("):
        while True:
            _copy_option(reader, found)
            if not reader.take(","):
                break
        reader.expect(")")
    else:
        while reader.token is not None:
            _old_copy_option(reader, found)
    return _checked_copy_options(found, reader)


def _copy_option(reader: Reader, found: dict[str, object]) -> None:
    token = reader.token
    name = reader.name()
    if name == "format":
        token = reader.token
        value = token.text if token else ""
        if value not in ("text", "csv", "binary"):
            raise Refused(
                "copy_option", f'COPY format "{value}" not recognized', token.start if token else 0, "22023"
            )
        reader.at += 1
        found["format"] = value
    elif name in ("delimiter", "null", "quote", "escape", "encoding"):
        found[name] = (
            reader.string() if reader.token and reader.token.token_type is TokenType.STRING else reader.name()
        )
    elif name == "header":
        token = reader.token
        text = token.text.lower() if token is not None and token.text not in (",", ")") else ""
        if text:
            if text not in _BOOLEANS:
                raise reader.unexpected("Expected a Boolean.")
            reader.at += 1
        found["header"] = _BOOLEANS.get(text, True)
    elif name == "force_quote":
        found["force_quote"] = "*" if reader.take("*") else _column_names(reader, wrapped=True)
    else:
        raise Refused("copy_option", f'option "{name}" not recognized', token.start if token else 0, "42601")


def _old_copy_option(reader: Reader, found: dict[str, object]) -> None:
    word = reader.take_any("binary", "csv", "header", "delimiter", "null", "quote", "escape", "force")
    if word in ("binary", "csv"):
        found["format"] = word
    elif word == "header":
        found["header"] = True
    elif word == "force":
        reader.expect("quote")
        found["force_quote"] = "*" if reader.take("*") else _column_names(reader, wrapped=False)
    elif word:
        reader.take("as")
        found[word] = reader.string()
    else:
        raise reader.unexpected("Expected a COPY option.")


def _column_names(reader: Reader, wrapped: bool) -> tuple[str, ...]:
    if wrapped:
        reader.expect("(")
    names = [reader.name()]
    while reader.take(","):
        names.append(reader.name())
    if wrapped:
        reader.expect(")")
    return tuple(names)


def _checked_copy_options(found: dict[str, object], reader: Reader) -> CopyOptions:
    offset = reader.tokens[0].start

    def refuse(message: str, sqlstate: str = "22023") -> Refused:
        return Refused("copy_option", message, offset, sqlstate)

    form = str(found.get("format", "text"))
    encoding = str(found.get("encoding", "utf8")).lower()
    if encoding not in _UTF8:
        raise refuse(f'COPY encoding "{encoding}" is not supported: only UTF8 is', "0A000")
    is_csv = form == "csv"
    if form == "binary":
        for name in ("delimiter", "null", "header"):
            if found.get(name):
                raise refuse(f"cannot specify {name.upper()} in BINARY mode", "42601")
    if not is_csv:
        for name in ("quote", "escape", "force_quote"):
            if found.get(name):
                raise refuse(f"COPY {name.upper()} requires CSV mode", "0A000")
    quote = str(found.get("quote", '"'))
    delimiter = str(found.get("delimiter", "," if is_csv else "\t"))
    escape = str(found.get("escape", quote))
    for name, value in (("delimiter", delimiter), ("quote", quote), ("escape", escape)):
        if len(value.encode()) != 1:
            raise refuse(f"COPY {name} must be a single one-byte character", "0A000")
    null = str(found.get("null", "" if is_csv else "\\N"))
    if any(char in null for char in "\r\n") or delimiter in "\r\n":
        raise refuse("COPY delimiter and null representation cannot use newline or carriage return")
    if not is_csv and delimiter in "\\.abcdefghijklmnopqrstuvwxyz0123456789":
        raise refuse(f'COPY delimiter cannot be "{delimiter}"')
    if delimiter in null:
        raise refuse("COPY delimiter character must not appear in the NULL specification")
    if is_csv and (delimiter == quote or quote in null):
        raise refuse("COPY delimiter and quote must be different")
    return CopyOptions(
        format=form,  # type: ignore[arg-type]
        delimiter=delimiter,
        null=null,
        header=bool(found.get("header", False)),
        quote=quote,
        escape=escape,
        force_quote=found.get("force_quote", ()),  # type: ignore[arg-type]
    )


PARSERS: dict[str, Callable[[Reader], Parsed]] = {
    "show": _show,
    "set": _set,
    "reset": _reset,
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
    "copy": _copy,
    "explain": _explain,
    "listen": _channel(StatementKind.LISTEN),
    "unlisten": _channel(StatementKind.UNLISTEN),
    "notify": _channel(StatementKind.NOTIFY),
}
