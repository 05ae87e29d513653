"""A statement's shape: what stays of it when its values are taken out.

Two statements have one shape when they differ only in literals, parameters, the length of lists of those (IN, ARRAY,
the rows of VALUES), comments, case, white space, parentheses that change nothing, or a spelling for which PostgreSQL
has two (CAST and ::, INNER, OUTER, ASC, LIMIT before or after OFFSET).  Another table, column, operator, function, type
or structure is another shape.  The names of cursors, prepared statements and savepoints count as values, since drivers
number them; a column's number in ORDER BY or GROUP BY does not, since it names a column.

Rules: the shape of what the gate allowed is read from its tree; what does not parse has the shape of its tokens, so
that attempts can be grouped too.  Digests are of the text, so what is shown is what is compared.  The tree is left as
it is.
Source: pg_stat_statements (PostgreSQL 18 documentation, F.32), which computes its queryid in the same spirit.

Left out: what a name means.  Whoever compares shapes over sessions qualifies the tree's tables first.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from sqlglot import expressions as exp
from sqlglot.tokens import Token, TokenType

from checker import session_statements as st
from checker.errors import SyntaxProblem
from checker.lexer import lex as lex_postgres
from checker.render import quote_identifier, to_postgres
from checker.spark.desugar import ATOM
from checker.spark.lexer import lex as lex_spark
from checker.spark.render import to_spark_text
from checker.verdict import Allowed, Dialect
from checker.words import KEYWORDS
from checker.write_statements import CreateTableAs, CreateView, Insert, WriteStatement

DIGEST_BYTES = 16
_VALUES = frozenset({exp.Literal, exp.Null, exp.Boolean, exp.BitString, exp.HexString})
_PLAIN = re.compile(r"[a-z_\x80-\U0010ffff][a-z0-9_$\x80-\U0010ffff]*\Z")
_LEFT_TO_RIGHT = frozenset({exp.And, exp.Or, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe})
"""Where (a op b) op c is a op b op c."""
_OPERATORS = _LEFT_TO_RIGHT | {
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Pow, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Overlaps,
    exp.Collate, exp.Operator, exp.Is, exp.Like, exp.ILike, exp.SimilarTo, exp.Escape, exp.Between, exp.In, exp.Not,
    exp.Neg, exp.BitwiseNot, exp.AtTimeZone,
}  # fmt: skip
_SURROUNDED = frozenset({
    exp.Where, exp.Having, exp.Alias, exp.Select, exp.Join, exp.If, exp.Case, exp.Ordered, exp.Tuple, exp.Limit,
    exp.Offset, exp.Paren,
})  # fmt: skip
"""What sets its parts off by words or commas: a parenthesis around a part says nothing."""
_ATOMS = frozenset({exp.Column, exp.Parameter, exp.Anonymous, exp.Cast, exp.Case, exp.Paren})
_SPARK = "spark: "
_MARK = "?"
"""Stands for the names of cursors and the like until they are written out."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`text` shows it, with $1, $2 ... in the place of values; `digest` is its name: 32 hexadecimal digits."""

    text: str
    digest: str


def shape_of(source: Allowed | exp.Expression | str, dialect: Dialect = "postgres") -> Shape:
    """The shape of what the gate allowed, of a query's tree, or of a text that need not parse.  Never raises.

    `dialect` is a text's; what is allowed says its own.
    """
    try:
        if isinstance(source, Allowed):
            text = _allowed(source) if source.dialect == "postgres" else _allowed_spark(source)
        elif isinstance(source, exp.Expression):
            text = _numbered(_query(source))
        else:
            text = _of_text(source, dialect)
    except Exception:  # a tree that cannot be written again still has tokens
        if isinstance(source, Allowed):
            text = _of_text(source.sql, source.dialect)
        else:
            text = _of_text(str(source), dialect)
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES)
    return Shape(text, digest.hexdigest())


def _allowed(allowed: Allowed) -> str:
    query = "" if allowed.tree is None else _query(allowed.tree)
    if allowed.statement is None:
        return _numbered(query)
    if isinstance(allowed.statement, WriteStatement):
        return _of_write(allowed, allowed.statement, query)
    written = _nameless(allowed.statement).to_sql("\0" if query else "")
    if query.startswith("VALUES ") and "\0" in written and written.startswith("EXECUTE"):
        query = query.removeprefix("VALUES ")
    before, _, after = written.partition("\0")
    return _numbered(_unmarked(before) + query + after)


def _allowed_spark(allowed: Allowed) -> str:
    """Its own from the first word on: a shape that was reviewed in one dialect allows nothing in the other."""
    assert allowed.tree is not None
    root = exp.Subquery(this=allowed.tree.copy())
    for node in list(root.walk()):
        if type(node) in _VALUES:
            _without_value(node)
        elif type(node) is exp.Column and node.name[:1] == ATOM:
            node.replace(_placeholder())
        elif type(node) is exp.Identifier:
            node.set("this", node.this.lower())
    words: list[str] = []
    for token in _folded(to_spark_text(root.this)):
        # A number that is left names a column.
        is_number = token.token_type is TokenType.NUMBER
        if is_number and words and words[-1] == "$":
            words[-1] = "$0"
        else:
            words += _token_words([token]) if not is_number and token.text != "$" else [token.text]
    query = _numbered_words(_squashed(words))
    if allowed.statement is None:
        return _SPARK + query
    assert not isinstance(allowed.statement, WriteStatement)
    return _SPARK + _unmarked(_nameless(allowed.statement).to_sql(query))


def _of_write(allowed: Allowed, statement: WriteStatement, query: str) -> str:
    """A write with its query's shape; of the others the values are literals of the text."""
    if not query or not isinstance(statement, Insert | CreateTableAs | CreateView):
        return _of_text(allowed.sql)
    before, _, after = statement.to_sql("\0").partition("\0")
    return _numbered(before + query + after)


def _nameless(statement: st.SessionStatement) -> st.SessionStatement:
    """A copy whose values, and names that drivers make up, are placeholders."""
    match statement:
        case st.Set(values=values) if values is not None:
            return replace(statement, values=(_MARK,))
        case st.Fetch(count=count):
            return replace(statement, name=_MARK, count=None if count is None else 1)
        case st.Channel(payload=payload) if payload:
            return replace(statement, payload=_MARK)
        case st.Savepoint() | st.Prepare() | st.Execute() | st.Declare():
            return replace(statement, name=_MARK)
        case st.Deallocate(name=str()) | st.Close(name=str()):
            return replace(statement, name=_MARK)
    return statement


def _unmarked(text: str) -> str:
    return text.replace(f'"{_MARK}"', "$0").replace(f"'{_MARK}'", "$0")


# -- trees -------------------------------------------------------------------------------------------------


def _query(tree: exp.Expression) -> str:
    """The normalised query; every placeholder is $0."""
    root = exp.Subquery(this=tree.copy())
    nodes = list(root.walk())
    for node in nodes:
        kind = type(node)
        if kind is exp.Parameter:
            node.set("this", exp.Literal.number(0))
        elif kind in _VALUES:
            _without_value(node)
        elif kind is exp.Identifier:
            node.args["quoted"] = not _PLAIN.match(node.this) or node.this in KEYWORDS
        elif isinstance(node, exp.Join):
            _plain_join(node)
        elif isinstance(node, exp.Table):
            _plain_alias(node)
        if "limit" in node.args and "offset" in node.args:
            node.args["offset"] = node.args.pop("offset")
    for node in reversed(nodes):  # from the leaves up
        kind = type(node)
        if isinstance(node, exp.Paren):
            _plain_parenthesis(node)
        elif kind in _OPERATORS:
            _set_off(node)
        if kind is exp.In or kind is exp.Array or kind is exp.Values:
            _squash(node)
    return to_postgres(root.this)


def _without_value(node: exp.Expr) -> None:
    parent = node.parent
    above = type(parent)
    if above is exp.Parameter or above is exp.DataTypeParam or above is exp.DataType:
        return
    if above is exp.Is and node.arg_key == "expression":
        return
    if isinstance(node, exp.Literal) and not node.is_string:
        if above is exp.Group:
            return
        if isinstance(parent, exp.Ordered) and isinstance(parent.parent and parent.parent.parent, exp.Query):
            return
    value: exp.Expr = node
    while isinstance(value.parent, exp.Neg):  # a sign is part of a number
        value = value.parent
    value.replace(_placeholder())


def _placeholder() -> exp.Parameter:
    return exp.Parameter(this=exp.Literal.number(0))


def _plain_join(join: exp.Join) -> None:
    if join.args.get("kind") == "INNER" or (join.args.get("kind") == "OUTER" and join.args.get("side")):
        join.set("kind", None)


def _plain_alias(table: exp.Table) -> None:
    alias = table.args.get("alias")
    if alias is not None and not alias.args.get("columns") and alias.name == table.name:
        table.set("alias", None)


def _plain_parenthesis(node: exp.Paren) -> None:
    inner, parent = node.this, node.parent
    above = type(parent)
    if (
        above in _SURROUNDED
        or ((above in _OPERATORS or above is exp.Cast) and type(inner) in _ATOMS)
        or _leads(inner, parent, node)
    ):
        node.replace(inner)


def _leads(node: exp.Expr, parent: exp.Expr | None, place: exp.Expr) -> bool:
    """Whether it would be read as the left operand where `place` stands, without a parenthesis."""
    return type(parent) is type(node) and type(node) in _LEFT_TO_RIGHT and place.arg_key == "this"


def _set_off(node: exp.Expr) -> None:
    """Put an operator under an operator in parentheses, so that those need not have been written."""
    parent = node.parent
    if type(parent) not in _OPERATORS or _leads(node, parent, node):
        return
    key, index = node.arg_key, node.index
    assert parent is not None
    assert key is not None
    parent.set(key, exp.Paren(this=node), index)


def _squash(node: exp.Expr) -> None:
    """A list of values -> its kinds of value, each once."""
    items = node.expressions
    if items and all(map(_is_value, items)):
        node.set("expressions", list({to_postgres(item): item for item in items}.values()))


def _is_value(node: Any) -> bool:
    if isinstance(node, exp.Parameter):
        return True
    if isinstance(node, exp.Cast | exp.Paren):
        return _is_value(node.this)
    return isinstance(node, exp.Tuple | exp.Array) and all(map(_is_value, node.expressions))


_QUOTED_OR_WORD = re.compile(
    r'"(?:[^"]|"")*+"' r"|'(?:[^']|'')*+'" r"|[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*+|\$0"
)


def _numbered(text: str) -> str:
    """$0 -> $1, $2, ... in the order of the text."""
    numbers = itertools.count(1)
    return _QUOTED_OR_WORD.sub(lambda found: f"${next(numbers)}" if found[0] == "$0" else found[0], text)


# -- tokens ------------------------------------------------------------------------------------------------

_TOKEN_VALUES = frozenset(
    {TokenType.STRING, TokenType.NUMBER, TokenType.BIT_STRING, TokenType.HEX_STRING}
)  # fmt: skip

_BEFORE_SIGN = frozenset({"(", "[", ",", "=", "<", ">", "<=", ">=", "<>", "!="})


def _of_text(text: str, dialect: Dialect = "postgres") -> str:
    words = _words(text, dialect)
    while words and words[-1] == ";":
        words.pop()
    return (_SPARK if dialect == "spark" else "") + _numbered_words(_squashed(words))


def _words(text: str, dialect: Dialect = "postgres") -> list[str]:
    """The tokens of a text, values as $0; where it cannot be read on, the reason ends the list."""
    lex = lex_postgres if dialect == "postgres" else _folded
    if dialect == "spark" and "\\" in text:
        # Where a string ends depends on whose statement it is, and a value must not pass for words.
        return ["<backslash>"]
    try:
        return _token_words(lex(text))
    except SyntaxProblem as problem:
        offset = problem.offset
        reason = problem.message.partition(" at or near ")[0]
        if offset is None or offset >= len(text):
            return [f"<{reason}>"]
        try:
            return [*_token_words(lex(text[:offset])), f"<{reason}>"]
        except SyntaxProblem:
            return [f"<{reason}>"]


def _folded(text: str) -> list[Token]:
    """Spark's tokens, names in lower case: Spark compares them without regard to it."""
    tokens = lex_spark(text)
    for token in tokens:
        if token.token_type is not TokenType.STRING:
            token.text = token.text.lower()
    return tokens


def _token_words(tokens: list[Token]) -> list[str]:
    words: list[str] = []
    for token in tokens:
        if token.token_type is TokenType.PARAMETER:
            continue  # the number that follows is the value
        if token.token_type in _TOKEN_VALUES:
            if words and words[-1] in ("-", "+") and words[-2:-1] and words[-2] in _BEFORE_SIGN:
                words.pop()
            words.append("$0")
        elif token.token_type is TokenType.IDENTIFIER and (
            not _PLAIN.match(token.text) or token.text in KEYWORDS
        ):
            words.append(quote_identifier(token.text))
        else:
            words.append(token.text)
    return words


def _squashed(words: list[str]) -> list[str]:
    """Lists of values cut to one: after IN and ARRAY the items, after VALUES the rows."""
    out: list[str] = []
    for word in words:
        out.append(word)
        if word in (")", "]"):
            _squash_words(out)
    return out


def _squash_words(out: list[str]) -> None:
    start = len(out) - 2
    while start >= 0 and out[start] in ("$0", ","):
        start -= 1
    if start < 1 or out[start] not in ("(", "[") or start == len(out) - 2:
        return
    row = out[start:]
    if out[start - 1] in ("in", "array"):
        out[start + 1 : -1] = ["$0"]
    elif out[start - 1] == "," and out[start - 1 - len(row) : start - 1] == row:
        del out[start - 1 :]


def _numbered_words(words: list[str]) -> str:
    number, out = 0, []
    for word in words:
        if word == "$0":
            number += 1
            word = f"${number}"
        out.append(word)
    return " ".join(out)
