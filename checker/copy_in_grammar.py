"""The options of COPY ... FROM STDIN, old spelling and new.

Rules: an option's name and the form of its value are checked here; what a combination means, PostgreSQL decides, which
reads the data.  Left out: DEFAULT, FREEZE, LOG_VERBOSITY and WHERE, which are refused, and every encoding but UTF8.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlglot.tokens import TokenType

from checker.errors import Refused
from checker.reader import Reader
from checker.settings_grammar import UTF8_NAMES
from checker.table_grammar import column_list, unsupported
from checker.write_statements import CopyInOptions

_BOOLEANS = {"true": "true", "on": "true", "1": "true", "false": "false", "off": "false", "0": "false"}
_STRINGS = frozenset({"delimiter", "null", "quote", "escape"})


def copy_in_options(reader: Reader) -> CopyInOptions:
    """Raises: SyntaxProblem; Refused (22023, 42601, 0A000)."""
    found: dict[str, Any] = {}
    reader.take("with")
    if reader.take("("):
        while True:
            _option(reader, found)
            if not reader.take(","):
                break
        reader.expect(")")
    else:
        while reader.token is not None and reader.word() != "where":
            _old_option(reader, found)
    if reader.word() == "where":
        raise unsupported(reader, "COPY ... WHERE")
    return CopyInOptions(**found)


def _option(reader: Reader, found: dict[str, Any]) -> None:
    token = reader.token
    name = reader.name()
    offset = token.start if token is not None else 0
    if name in found:
        raise Refused("copy_option", "conflicting or redundant options", offset, "42601")
    if name == "format":
        value = _word(reader)
        if value not in ("text", "csv", "binary"):
            raise Refused("copy_option", f'COPY format "{value}" not recognized', offset, "22023")
        found[name] = value
    elif name in _STRINGS:
        found[name] = _text(reader)
    elif name == "encoding":
        _check_encoding(_text(reader), offset)
    elif name == "header":
        found[name] = _header(reader)
    elif name in ("force_not_null", "force_null"):
        found[name] = "*" if reader.take("*") else column_list(reader)
    elif name == "on_error":
        value = _word(reader)
        if value not in ("stop", "ignore"):
            raise Refused("copy_option", f'COPY ON_ERROR "{value}" not recognized', offset, "22023")
        found[name] = value
    elif name == "reject_limit":
        found[name] = reader.integer()
    elif name in ("freeze", "log_verbosity", "force_quote", "default"):
        raise Refused("copy_option", f"COPY {name.upper()} is not supported in COPY FROM", offset, "0A000")
    else:
        raise Refused("copy_option", f'option "{name}" not recognized', offset, "42601")


def _old_option(reader: Reader, found: dict[str, Any]) -> None:
    word = reader.take_any(
        "binary", "csv", "header", "delimiter", "null", "quote", "escape", "force", "encoding", "freeze"
    )
    offset = reader.tokens[reader.at - 1].start
    if word in ("binary", "csv"):
        found["format"] = word
    elif word == "header":
        found["header"] = "true"
    elif word == "force":
        name = "force_not_null" if reader.take("not", "null") else ""
        if not name:
            reader.expect("null")
            name = "force_null"
        found[name] = "*" if reader.take("*") else _names(reader)
    elif word == "encoding":
        _check_encoding(reader.string(), offset)
    elif word == "freeze":
        raise Refused("copy_option", "COPY FREEZE is not supported in COPY FROM", offset, "0A000")
    elif word:
        reader.take("as")
        found[word] = reader.string()
    else:
        raise reader.unexpected("Expected a COPY option.")


def _names(reader: Reader) -> tuple[str, ...]:
    names = [reader.name()]
    while reader.take(","):
        names.append(reader.name())
    return tuple(names)


def _text(reader: Reader) -> str:
    token = reader.token
    return reader.string() if token is not None and token.token_type is TokenType.STRING else reader.name()


def _word(reader: Reader) -> str:
    return _text(reader).lower()


def _header(reader: Reader) -> Literal["true", "false", "match"]:
    token = reader.token
    if token is None or reader.word() in (",", ")"):
        return "true"
    text = token.text.lower()
    if text != "match" and text not in _BOOLEANS:
        raise reader.unexpected("Expected a Boolean or MATCH.")
    reader.at += 1
    return "match" if text == "match" else _BOOLEANS[text]  # type: ignore[return-value]


def _check_encoding(name: str, offset: int) -> None:
    if name.lower() not in UTF8_NAMES:
        raise Refused(
            "copy_option", f'COPY encoding "{name}" is not supported: only UTF8 is', offset, "0A000"
        )
