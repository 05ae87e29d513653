"""Pieces that the grammars of writes share: names of relations, lists of columns, types, column definitions."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from checker.errors import Refused
from checker.facts import cut
from checker.reader import Reader
from checker.verdict import Relation
from checker.write_statements import ColumnDefinition

_TWO_WORDS = {
    "double": ("precision",),
    "character": ("varying",),
    "char": ("varying",),
    "bit": ("varying",),
    "national": ("character", "char"),
}
_SERIALS = frozenset({"serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"})
# Where a DEFAULT's expression ends (b_expr has none of these outside parentheses).
_AFTER_DEFAULT = frozenset(
    {
        "not",
        "null",
        "check",
        "primary",
        "unique",
        "references",
        "constraint",
        "collate",
        "generated",
        "default",
    }
)
_CONSTRAINTS = {
    "primary": "PRIMARY KEY",
    "unique": "UNIQUE",
    "check": "CHECK",
    "references": "REFERENCES (a foreign key)",
    "foreign": "FOREIGN KEY",
    "exclude": "EXCLUDE",
    "constraint": "a named CONSTRAINT",
    "generated": "GENERATED",
    "collate": "COLLATE",
    "storage": "STORAGE",
    "compression": "COMPRESSION",
    "like": "LIKE",
}


def unsupported(reader: Reader, construct: str, why: str = "") -> Refused:
    """0A000 at the next token."""
    token = reader.token or reader.tokens[-1]
    return Refused(
        "unsupported_write", f"{construct} is not supported{why and ': ' + why}", token.start, "0A000"
    )


def relation(reader: Reader) -> Relation:
    """[[catalog.]schema.]name"""
    token = reader.token
    parts = [reader.name()]
    while reader.take("."):
        parts.append(reader.name())
    if len(parts) > 3:
        raise reader.unexpected()
    assert token is not None
    last = reader.tokens[reader.at - 1]
    return Relation(
        schema=cut(parts[-2]) if len(parts) > 1 else None,
        name=cut(parts[-1]),
        quoted=last.token_type is TokenType.IDENTIFIER,
        position=token.start + 1,
        catalog=parts[0] if len(parts) == 3 else None,
    )


def column_list(reader: Reader) -> tuple[str, ...]:
    """(name, name, ...)"""
    reader.expect("(")
    names = [cut(reader.name())]
    while True:
        if reader.word() in (".", "["):
            raise unsupported(reader, "a part of a column")
        if not reader.take(","):
            break
        names.append(cut(reader.name()))
    reader.expect(")")
    return tuple(names)


def new_name(reader: Reader) -> str:
    """The name of something to be made.  Raises: Refused where Spark would fold it to another."""
    token = reader.token
    name = cut(reader.name())
    assert token is not None
    refuse_case(name, token.start)
    return name


def refuse_case(name: str, offset: int) -> None:
    """Raises: Refused for a name that Spark, which is blind to case, would not give back."""
    if name != name.lower():
        raise Refused(
            "unsupported_write",
            f'the name "{name}" is not supported: names here are lower case',
            offset,
            "0A000",
        )


def type_name(reader: Reader) -> str:
    """A type, as in a column definition, in one spelling."""
    start = reader.token
    name = reader.name()
    if name in _SERIALS:
        reader.at -= 1
        raise unsupported(reader, f"the type {name}", "there are no sequences")
    words = [_spelled(start, name)]
    while reader.take("."):
        part = reader.token
        words += [".", _spelled(part, reader.name())]
    quoted = start is not None and start.token_type is TokenType.IDENTIFIER
    if not quoted and len(words) == 1:
        if name == "national":
            words.append(" " + reader.take_any(*_TWO_WORDS[name]))
        if name in ("char", "character", "bit", "national") and reader.take("varying"):
            words.append(" varying")
        if name == "double":
            reader.expect("precision")
            words.append(" precision")
    if reader.take("("):
        numbers = [str(reader.integer())]
        while reader.take(","):
            numbers.append(str(reader.integer()))
        reader.expect(")")
        words.append(f"({', '.join(numbers)})")
    if not quoted and name in ("time", "timestamp"):
        zone = reader.take_any("with", "without")
        if zone:
            reader.expect("time", "zone")
            words.append(f" {zone} time zone")
    if (
        not quoted
        and name == "interval"
        and reader.take_any("year", "month", "day", "hour", "minute", "second")
    ):
        reader.at -= 1
        raise unsupported(reader, "an interval with fields")
    if reader.take("array"):
        words.append("[]")
    while reader.take("["):
        if reader.word() != "]":
            reader.integer()
        reader.expect("]")
        words.append("[]")
    return "".join(words)


def _spelled(token: Token | None, name: str) -> str:
    if token is not None and token.token_type is TokenType.IDENTIFIER:
        return '"' + name.replace('"', '""') + '"'
    return name


def column_definition(reader: Reader, defaults: list[list[Token]]) -> ColumnDefinition:
    """name type [DEFAULT expression] [NOT NULL | NULL]; the expression's tokens are appended to `defaults`."""
    refuse_constraint(reader)
    name = new_name(reader)
    kind = type_name(reader)
    not_null, default = False, None
    while reader.token is not None and reader.word() not in (",", ")"):
        if reader.take("not", "null"):
            not_null = True
        elif reader.take("null"):
            continue
        elif reader.take("default"):
            default = len(defaults)
            defaults.append(_expression(reader))
        else:
            refuse_constraint(reader)
            raise reader.unexpected()
    return ColumnDefinition(name, kind, not_null, default)


def refuse_constraint(reader: Reader) -> None:
    construct = _CONSTRAINTS.get(reader.word())
    if construct is not None:
        raise unsupported(reader, construct, "Spark's tables do not keep it")


def _expression(reader: Reader) -> list[Token]:
    begin, depth = reader.at, 0
    while reader.token is not None:
        word = reader.word()
        if depth == 0 and (
            word in (",", ")") or (word in _AFTER_DEFAULT and not (word == "null" and reader.at == begin))
        ):
            break
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(word, 0)
        reader.at += 1
    if reader.at == begin:
        raise reader.unexpected("Expected an expression.")
    return reader.tokens[begin : reader.at]
