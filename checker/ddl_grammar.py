"""Tokens -> CREATE, ALTER, DROP and COMMENT, as far as a catalogue of Spark's tables can keep them.

Rules: as in write_grammar.py.  What is left out is refused and named: constraints, indexes, sequences, temporary and
partitioned tables, changes of a column's type or name, SET SCHEMA, owners and tablespaces.
"""

from __future__ import annotations

from typing import Literal

from sqlglot.tokens import Token, TokenType

from checker.errors import Refused
from checker.facts import cut
from checker.reader import Reader
from checker.table_grammar import (
    column_definition,
    column_list,
    new_name,
    refuse_case,
    refuse_constraint,
    relation,
    unsupported,
)
from checker.verdict import Relation
from checker.write_statements import (
    AddColumn,
    Comment,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    Drop,
    Rename,
    WriteStatement,
)

Parsed = tuple[WriteStatement, list[Token] | None]

# What CREATE, ALTER and DROP make besides tables, views and schemas: nobody may.
_KEPT: dict[str, Literal["TABLE", "VIEW", "SCHEMA"]] = {"table": "TABLE", "view": "VIEW", "schema": "SCHEMA"}


def _not_allowed(reader: Reader) -> Refused:
    first = reader.tokens[0]
    return Refused("statement_kind", f"permission denied: {first.text.upper()} is not allowed", first.start)


def create(reader: Reader) -> Parsed:
    replace = reader.take("or", "replace")
    if reader.word() in ("temp", "temporary", "unlogged", "local", "global", "recursive", "materialized"):
        raise unsupported(reader, f"CREATE {reader.word().upper()}")
    if reader.take("view"):
        return _view(reader, replace)
    if replace:
        raise _not_allowed(reader)
    if reader.take("schema"):
        return _schema(reader), None
    if reader.take("table"):
        return _table(reader)
    if reader.word() in ("index", "unique", "sequence"):
        raise unsupported(reader, f"CREATE {reader.word().upper()}", "Spark's tables have none")
    raise _not_allowed(reader)


def _target(reader: Reader) -> Relation:
    made = relation(reader)
    refuse_case(made.name, (made.position or 1) - 1)
    return made


def _view(reader: Reader, replace: bool) -> Parsed:
    target = _target(reader)
    columns = _new_columns(reader) if reader.word() == "(" else ()
    if reader.word() == "with":
        raise unsupported(reader, "WITH (options) of a view")
    reader.expect("as")
    return CreateView(target, columns, replace), _without_check_option(reader)


def _new_columns(reader: Reader) -> tuple[str, ...]:
    start = reader.token
    names = column_list(reader)
    for name in names:
        refuse_case(name, start.start if start else 0)
    return names


def _without_check_option(reader: Reader) -> list[Token]:
    query = reader.rest()
    if [token.text for token in query[-2:]] == ["check", "option"]:
        reader.at -= 2
        raise unsupported(reader, "WITH CHECK OPTION")
    return query


def _schema(reader: Reader) -> CreateSchema:
    unless = reader.take("if", "not", "exists")
    if reader.word() == "authorization":
        raise unsupported(reader, "AUTHORIZATION")
    name = new_name(reader)
    if reader.token is not None:
        raise unsupported(reader, "CREATE SCHEMA with AUTHORIZATION or elements")
    return CreateSchema(name, unless)


def _table(reader: Reader) -> Parsed:
    unless = reader.take("if", "not", "exists")
    target = _target(reader)
    if reader.word() in ("of", "partition"):
        raise unsupported(
            reader, f"CREATE TABLE ... {reader.word().upper()} OF" if reader.word() != "of" else "OF"
        )
    if reader.word() != "(" or _names_only(reader):
        columns = _new_columns(reader) if reader.word() == "(" else ()
        _refuse_table_options(reader)
        reader.expect("as")
        query = reader.rest()
        words = [token.text for token in query]
        with_data = True
        if words[-3:] == ["with", "no", "data"]:
            with_data, query = False, query[:-3]
        elif words[-2:] == ["with", "data"]:
            query = query[:-2]
        return CreateTableAs(target, columns, unless, with_data), query
    reader.expect("(")
    defaults: list[list[Token]] = []
    definitions = []
    if reader.word() == ")":
        raise unsupported(reader, "a table without columns")
    while True:
        definitions.append(column_definition(reader, defaults))
        if not reader.take(","):
            break
    reader.expect(")")
    _refuse_table_options(reader)
    return CreateTable(target, tuple(definitions), unless), selected(defaults)


def _names_only(reader: Reader) -> bool:
    """Whether the parentheses hold names alone, as CREATE TABLE ... AS has them."""
    at = 1
    while True:
        token = reader.tokens[reader.at + at] if reader.at + at < len(reader.tokens) else None
        if token is None or token.token_type is TokenType.STRING or token.text in ("(", ")", ","):
            return False
        following = reader.word(at + 1)
        if following == ")":
            return True
        if following != ",":
            return False
        at += 2


def _refuse_table_options(reader: Reader) -> None:
    words = {
        "inherits": "INHERITS", "partition": "PARTITION BY", "using": "USING", "with": "WITH (options)",
        "without": "WITHOUT OIDS", "on": "ON COMMIT", "tablespace": "TABLESPACE",
    }  # fmt: skip
    if reader.word() in words:
        raise unsupported(reader, words[reader.word()])


def selected(expressions: list[list[Token]]) -> list[Token] | None:
    """Expressions as the tokens of one SELECT, so that they are checked as any query's."""
    if not expressions:
        return None

    def made(kind: TokenType, text: str, near: Token) -> Token:
        return Token(kind, text, near.line, near.col, near.start, near.end)

    tokens = [made(TokenType.SELECT, "select", expressions[0][0])]
    for index, expression in enumerate(expressions):
        if index:
            tokens.append(made(TokenType.COMMA, ",", expression[0]))
        tokens += expression
    return tokens


def alter(reader: Reader) -> Parsed:
    what = reader.take_any("table", "view")
    if not what:
        raise _not_allowed(reader)
    if_exists = reader.take("if", "exists")
    reader.take("only")
    target = relation(reader)
    reader.take("*")
    if reader.take("rename"):
        if reader.take("to"):
            return Rename("TABLE" if what == "table" else "VIEW", target, new_name(reader), if_exists), None
        raise unsupported(reader, "RENAME COLUMN", "Spark's tables of files keep their columns' names")
    if what == "table" and reader.take("add"):
        refuse_constraint(reader)
        reader.take("column")
        unless = reader.take("if", "not", "exists")
        defaults: list[list[Token]] = []
        column = column_definition(reader, defaults)
        if column.not_null:
            raise unsupported(reader, "ADD COLUMN with NOT NULL", "the rows that are there have no value")
        if reader.word() == ",":
            raise unsupported(reader, "several changes in one ALTER TABLE")
        return AddColumn(target, column, if_exists, unless), selected(defaults)
    raise unsupported(
        reader, f"ALTER {what.upper()} ... {_words_of(reader)}", "Spark's tables of files cannot do it"
    )


def _words_of(reader: Reader) -> str:
    shown = " ".join(word for word in (reader.word(), reader.word(1)) if word.isalpha()).upper()
    return shown or "?"


def drop(reader: Reader) -> Parsed:
    what = _KEPT.get(reader.word())
    if what is None:
        raise _not_allowed(reader)
    reader.at += 1
    if_exists = reader.take("if", "exists")
    if what == "SCHEMA":
        token = reader.token
        name = cut(reader.name())
        target = Relation(None, name, position=token.start + 1 if token else None)
    else:
        target = relation(reader)
    if reader.word() == ",":
        raise unsupported(reader, f"DROP {what} of several")
    cascade = reader.take_any("cascade", "restrict") == "cascade"
    return Drop(what, target, if_exists, cascade), None


def comment(reader: Reader) -> Parsed:
    reader.expect("on")
    what = reader.take_any("table", "view", "column", "schema")
    if not what:
        raise _not_allowed(reader)
    column = ""
    if what == "schema":
        token = reader.token
        target = Relation(None, cut(reader.name()), position=token.start + 1 if token else None)
    elif what == "column":
        target, column = _column(reader)
    else:
        target = relation(reader)
    reader.expect("is")
    text = None if reader.take("null") else reader.string()
    return Comment(what.upper(), target, text, column), None  # type: ignore[arg-type]


def _column(reader: Reader) -> tuple[Relation, str]:
    token = reader.token
    parts = [cut(reader.name())]
    while reader.take("."):
        parts.append(cut(reader.name()))
    if not 2 <= len(parts) <= 4 or token is None:
        raise reader.unexpected("Expected table.column.")
    *qualifiers, name, column = parts
    schema = qualifiers[-1] if qualifiers else None
    catalog = qualifiers[0] if len(qualifiers) > 1 else None
    return Relation(schema, name, position=token.start + 1, catalog=catalog), column
