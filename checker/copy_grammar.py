"""COPY ... TO STDOUT and its options, old spelling and new."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from checker.errors import Refused
from checker.reader import Reader
from checker.session_statements import CopyOptions, CopyOut, Parsed
from checker.settings_grammar import UTF8_NAMES, dotted_name

_BOOLEANS = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}


def copy(reader: Reader) -> Parsed:
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
    dotted_name(reader)
    name = reader.tokens[name_at : reader.at]
    assert first is not None

    def made(kind: TokenType, text: str) -> Token:
        return Token(kind, text, first.line, first.col, first.start, first.end)

    columns = _parenthesised(reader) if reader.word() == "(" else [made(TokenType.STAR, "*")]
    return [made(TokenType.SELECT, "select"), *columns, made(TokenType.FROM, "from"), *name]


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
    if encoding not in UTF8_NAMES:
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
