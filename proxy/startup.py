"""A client's run-time parameters: from its startup message, and back to it as ParameterStatus.

What a client asks for is tried on the mirror, so that a wrong value is refused in PostgreSQL's own words and a right
one is kept as PostgreSQL writes it.  Rules: text travels as UTF-8 and dates as ISO, which every driver asks for;
another encoding or date style is refused rather than sent wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from checker.settings_grammar import ENGINE_SETTINGS, FORBIDDEN_SETTINGS
from checker.verdict import Dialect
from proxy.mirror.errors import MirrorError
from proxy.sqlstate import Refused
from proxy.transaction import Settings
from proxy.wire.errors import ProtocolError

if TYPE_CHECKING:
    from proxy.session import Session

_REPORTED = (
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "scram_iterations",
    "search_path",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
)
"""GUC_REPORT of PostgreSQL 18 (guc_parameters.dat)."""
_NOT_SETTINGS = frozenset({"user", "database", "options", "replication"})
_ONE_STYLE = {"intervalstyle": "postgres", "bytea_output": "hex", "transform_null_equals": "off"}
"""What the rows of Spark are written in."""
_SWITCH = ("on", "off", "true", "false", "1", "0")
OWN_SETTINGS: dict[str, tuple[str, ...]] = {
    "streamlink.dialect": ("postgres", "spark"),
    "streamlink.explain_only": _SWITCH,
    "streamlink.follow_up": _SWITCH,
    "streamlink.prose": _SWITCH,
    "streamlink.writes_in_transactions": ("refused", "immediate"),
}
"""Our own settings and the values that they take."""
_UTF8_NAMES = frozenset({"utf8", "unicode", "sqlascii"})
"""SQL_ASCII means bytes as they are, and ours are UTF-8."""


async def read_parameters(parameters: Mapping[str, str], session: Session) -> Settings:
    """The session's settings from its startup message.  Raises: ProtocolError, fatal."""
    conf = session.service.settings.session
    if parameters.get("replication", "false").lower() not in ("false", "off", "no", "0"):
        raise ProtocolError("0A000", "replication connections are not supported", fatal=True)
    wanted = {"search_path": quoted_path(conf.search_path), "timezone": conf.timezone}
    if session.grants.writes:
        # The mirror's own default is on; clients that look for a server to write to ask for this one.
        wanted["default_transaction_read_only"] = "off"
    asked = {**_options(parameters.get("options", "")), **parameters}
    for name, value in asked.items():
        if name not in _NOT_SETTINGS:
            wanted[name.lower()] = value
    try:
        check_setting("client_encoding", wanted.pop("client_encoding", "UTF8"))
        for name, value in wanted.items():
            check_own(name, value)
            check_setting(name, value)
        return await session.service.canonical_settings(session.user, wanted)
    except (MirrorError, Refused) as error:
        fields = error.fields
        raise ProtocolError(fields.sqlstate, fields.message, fatal=True, detail=fields.detail) from None


def check_setting(name: str, value: str) -> None:
    """Raises: Refused 0A000 for a setting that texts are not read or written by here, 42501 for one of others."""
    if name == "client_encoding" and re.sub(r"[^a-z0-9]", "", value.lower()) not in _UTF8_NAMES:
        raise Refused(
            "0A000", f'client_encoding "{value}" is not supported', hint="Text travels as UTF8 here."
        )
    # Unlike SET these come past the gate, which reads every statement as with the setting on.
    if name == "standard_conforming_strings" and value.lower() not in ("on", "true", "yes", "1"):
        raise Refused("0A000", "standard_conforming_strings can only be on here")
    if name in FORBIDDEN_SETTINGS or name.partition(".")[0] in ENGINE_SETTINGS:
        raise Refused("42501", f'permission denied to set parameter "{name}"')
    if name == "datestyle" and re.search(r"\b(sql|postgres|german)\b", value, re.IGNORECASE):
        raise Refused("0A000", f'DateStyle "{value}" is not supported', hint="Dates are written as ISO here.")
    only = _ONE_STYLE.get(name)
    if only is not None and value.lower() not in (only, "default"):
        raise Refused("0A000", f'{name} "{value}" is not supported', hint=f"It is {only} here.")


def check_own(name: str, value: str) -> None:
    """Raises: Refused 42704 for a setting of ours that there is not, 22023 for a value that it does not take."""
    if not name.startswith("streamlink."):
        return
    values = OWN_SETTINGS.get(name)
    if values is None:
        raise Refused(
            "42704",
            f'unrecognized configuration parameter "{name}"',
            hint=f"Known: {', '.join(OWN_SETTINGS)}.",
        )
    if value.lower() not in values:
        raise Refused(
            "22023", f'invalid value for parameter "{name}": "{value}"', hint=f"One of {', '.join(values)}."
        )


def is_on(settings: Mapping[str, str], name: str) -> bool:
    """A switch of OWN_SETTINGS."""
    return settings.get(name, "off").lower() in ("on", "true", "1")


def dialect_of(settings: Mapping[str, str]) -> Dialect:
    """Whose SQL a session's queries are."""
    return "spark" if settings.get("streamlink.dialect", "").lower() == "spark" else "postgres"


def reported(session: Session) -> dict[str, str]:
    """Every reported setting as it now stands for this session."""
    base = session.service.mirror_parameters
    settings = session.settings
    values = {name: settings.get(name.lower(), base.get(name, "")) for name in _REPORTED}
    values["client_encoding"] = "UTF8"
    values["session_authorization"] = session.user
    values["is_superuser"] = "off"
    return values


def quoted_path(schemas: tuple[str, ...]) -> str:
    """A search_path as SET wants it: `default` and the like need their quotes."""
    return ", ".join(
        name
        if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name != "default"
        else '"' + name.replace('"', '""') + '"'
        for name in schemas
    )


def split_path(text: str) -> tuple[str, ...]:
    """The schemas of a search_path as PostgreSQL prints it, `"$user"` left out."""
    names = [
        quoted.replace('""', '"') if quoted else plain.lower()
        for quoted, plain in re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', text)
    ]
    return tuple(name for name in names if name != "$user")


def _options(text: str) -> dict[str, str]:
    """`-c name=value` and `--name=value`, backslash escaped blanks, as libpq's `options` holds them."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|\S)+", text)]
    found: dict[str, str] = {}
    position = 0
    while position < len(words):
        word = words[position]
        if word == "-c" and position + 1 < len(words):
            position += 1
            word = words[position]
        elif word.startswith("--"):
            word = word[2:].replace("-", "_")
        elif word.startswith("-c"):
            word = word[2:]
        else:
            raise ProtocolError(
                "42601", f"invalid command-line argument for server process: {word}", fatal=True
            )
        name, equals, value = word.partition("=")
        if not equals:
            raise ProtocolError("42601", f"-c {word} requires a value", fatal=True)
        found[name] = value
        position += 1
    return found
