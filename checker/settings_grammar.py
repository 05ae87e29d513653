"""SHOW, SET and RESET, and which settings a client may write."""

from __future__ import annotations

from sqlglot.tokens import TokenType

from checker.errors import Refused
from checker.reader import Reader
from checker.session_statements import Parsed, Reset, Set, SetTransaction, Show, Value

# A prefix of these names a setting of the engine behind: only a role that was granted it may write one.
ENGINE_SETTINGS = frozenset(
    {"spark", "hive", "hiveconf", "hivevar", "hadoop", "javax", "datanucleus", "dfs", "fs"}
)
# Written, these would change who the session is or how its text is read.
FORBIDDEN_SETTINGS = frozenset(
    {"role", "session_authorization", "session_preload_libraries", "local_preload_libraries"}
)
UTF8_NAMES = frozenset({"utf8", "utf-8", "unicode", "default"})


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
    if folded in ("client_encoding", "names") and value not in UTF8_NAMES:
        raise Refused("setting", f'client_encoding "{value}" is not supported: only UTF8 is', offset, "0A000")


def dotted_name(reader: Reader) -> str:
    parts = [reader.name()]
    while reader.take("."):
        parts.append(reader.name())
    return ".".join(parts)


def show(reader: Reader) -> Parsed:
    if reader.take("time", "zone"):
        return Show("TimeZone"), None
    if reader.take("transaction", "isolation", "level"):
        return Show("transaction_isolation"), None
    if reader.take("session", "authorization"):
        return Show("session_authorization"), None
    return Show(dotted_name(reader)), None


def set_(reader: Reader) -> Parsed:
    if reader.take("session", "characteristics"):
        reader.expect("as", "transaction")
        return SetTransaction(modes(reader, required=True), session=True), None
    local = bool(reader.take("local"))
    if not local and reader.word(1) not in ("to", "=", "."):
        reader.take("session")
    start = reader.token.start if reader.token else 0
    if reader.word() in ("role", "authorization", "constraints"):
        raise Refused("set_role", f"permission denied: SET {reader.word().upper()} is not allowed", start)
    if reader.take("transaction"):
        if reader.word() == "snapshot":
            raise Refused("set_snapshot", "permission denied: SET TRANSACTION SNAPSHOT is not allowed", start)
        return SetTransaction(modes(reader, required=True)), None
    if reader.take("time", "zone"):
        return Set("TimeZone", _time_zone(reader), local), None
    if reader.take("names"):
        values = None if reader.take("default") else (reader.string(),)
        check_setting("client_encoding", values, start)
        return Set("client_encoding", values, local), None
    if reader.take("schema"):
        return Set("search_path", (reader.string(),), local), None
    name = dotted_name(reader)
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


def reset(reader: Reader) -> Parsed:
    if reader.take("session", "authorization"):
        return Reset("session_authorization"), None
    if reader.take("time", "zone"):
        return Reset("TimeZone"), None
    if reader.take("transaction", "isolation", "level"):
        return Reset("transaction_isolation"), None
    return Reset(dotted_name(reader)), None


def modes(reader: Reader, required: bool = False) -> tuple[str, ...]:
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
