"""Tree -> PostgreSQL text, for the mirror and as the proof that the tree holds what the client wrote.

Rules: a node class or an argument without a rule here is refused, so this table is also the gate's allowlist of
syntax.  Nothing is rewritten: names, literals, parentheses and clauses come out in the order in which they went in,
so that the tokens of the text are the client's tokens (`same_tokens`), and a position in the one is a position in
the other (`map_position`).  Strings with a backslash come out as E'' strings, whose meaning no setting changes.

Left out: functions by meaning; every call is written as it was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlglot import expressions as exp
from sqlglot.tokens import Token, TokenType

from checker.dialect import desugar
from checker.lexer import fold, lex
from checker.words import KEYWORDS, NOT_CALLED

Node = Any
_Rule = Callable[["_Renderer", Node], str]
_RULES: dict[type, tuple[_Rule, frozenset[str]]] = {}
_F = TypeVar("_F", bound=_Rule)


class Unrenderable(Exception):
    """A construct that PostgreSQL text cannot be made of faithfully (0A000)."""

    def __init__(self, construct: str, node: Node = None) -> None:
        super().__init__(construct)
        self.construct = construct
        self.node = node


def to_postgres(tree: exp.Expression) -> str:
    """PostgreSQL text that means just what the tree says.  Raises: Unrenderable."""
    return _Renderer().sql(tree)


def rule(*arguments: str, of: type | tuple[type, ...]) -> Callable[[_F], _F]:
    """Registers how a node class is written, and which of its arguments that covers."""

    def register(function: _F) -> _F:
        for kind in of if isinstance(of, tuple) else (of,):
            _RULES[kind] = (function, frozenset(arguments))
        return function

    return register


class _Renderer:
    def sql(self, node: Node) -> str:
        found = _RULES.get(type(node))
        if found is None:
            raise Unrenderable(type(node).__name__, node)
        function, covered = found
        for name, value in node.args.items():
            if value and name not in covered:
                raise Unrenderable(f"{type(node).__name__} with {name}", node)
        return function(self, node)

    def list(self, nodes: Iterable[Node]) -> str:
        return ", ".join([self.sql(node) for node in nodes])

    def optional(self, node: Node, name: str, before: str = "", after: str = "") -> str:
        value = node.args.get(name)
        return f"{before}{self.sql(value)}{after}" if value else ""


def quote_identifier(name: str) -> str:
    """A name in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quote_string(value: str) -> str:
    """A string literal whose meaning does not depend on standard_conforming_strings."""
    quoted = "'" + value.replace("'", "''") + "'"
    return " E" + quoted.replace("\\", "\\\\") if "\\" in value else quoted


# -- names and literals -------------------------------------------------------------------------------------


_PLAIN_NAME = re.compile(r"[a-z_\x80-\U0010ffff][a-z0-9_$\x80-\U0010ffff]*\Z")


@rule("this", "quoted", of=exp.Identifier)
def _identifier(self: _Renderer, node: Node) -> str:
    name = node.this
    if node.args.get("quoted"):
        return quote_identifier(name)
    # A tree that was rewritten may hold names that only quotes keep whole.
    return name if _PLAIN_NAME.match(name) else quote_identifier(fold(name))


@rule("this", of=exp.Var)
def _var(self: _Renderer, node: Node) -> str:
    name: str = node.this
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ ]*", name):
        raise Unrenderable("a name that is no word", node)
    return name


@rule("this", "is_string", of=exp.Literal)
def _literal(self: _Renderer, node: Node) -> str:
    if node.args.get("is_string"):
        return quote_string(node.this)
    if not re.fullmatch(r"[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?", node.this):
        raise Unrenderable("a number that is no number", node)
    return str(node.this)


@rule(of=exp.Null)
def _null(self: _Renderer, node: Node) -> str:
    return "NULL"


@rule("this", of=exp.Boolean)
def _boolean(self: _Renderer, node: Node) -> str:
    return "TRUE" if node.this else "FALSE"


@rule("this", of=exp.BitString)
def _bit_string(self: _Renderer, node: Node) -> str:
    return f"B'{node.this}'"


@rule("this", of=exp.HexString)
def _hex_string(self: _Renderer, node: Node) -> str:
    return f"X'{node.this}'"


@rule("this", of=exp.Parameter)
def _parameter(self: _Renderer, node: Node) -> str:
    number = node.this
    if not (isinstance(number, exp.Literal) and str(number.this).isdigit()):
        raise Unrenderable("a parameter without a number", node)
    return f"${number.this}"


@rule("this", "table", "db", "catalog", of=exp.Column)
def _column(self: _Renderer, node: Node) -> str:
    args = node.args
    return ".".join([self.sql(args[part]) for part in ("catalog", "db", "table", "this") if args.get(part)])


@rule("this", "expression", of=exp.Dot)
def _dot(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)}.{self.sql(node.expression)}"


@rule(of=exp.Star)
def _star(self: _Renderer, node: Node) -> str:
    return "*"


@rule("this", "alias", of=exp.Alias)
def _alias(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} AS {self.sql(node.args['alias'])}"


# -- operators ----------------------------------------------------------------------------------------------


_BINARY = {
    exp.And: "AND",
    exp.Or: "OR",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.Pow: "^",
    exp.DPipe: "||",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Overlaps: "OVERLAPS",
    exp.Collate: "COLLATE",
    exp.Operator: "",
}


@rule("this", "expression", "operator", "typed", "safe", of=tuple(_BINARY))
def _binary(self: _Renderer, node: Node) -> str:
    # Down the left spine without recursion: a thousand ORs are not a deep statement.
    pieces: list[str] = []
    while True:
        sign = _BINARY.get(type(node))
        if sign is None:
            pieces.append(self.sql(node))
            break
        if sign == "":
            sign = _operator_sign(node)
        pieces.append(self.sql(node.expression))
        pieces.append(sign)
        node = node.this
    return " ".join(reversed(pieces))


_OPERATOR_NAME = re.compile(r"(?:([a-z_][a-z0-9_]*)\.)?([-+*/<>=~!@#%^&|`?]+)\Z")


def _operator_sign(node: Node) -> str:
    found = _OPERATOR_NAME.match(str(node.args["operator"]))
    if found is None:
        raise Unrenderable("OPERATOR with a quoted name", node)
    return f"OPERATOR({node.args['operator']})" if found.group(1) else found.group(2)


@rule("this", "expression", "negate", of=exp.Is)
def _is(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} IS {'NOT ' if node.args.get('negate') else ''}{self.sql(node.expression)}"


@rule("this", "expression", "negate", of=(exp.Like, exp.ILike, exp.SimilarTo))
def _like(self: _Renderer, node: Node) -> str:
    word = {exp.Like: "LIKE", exp.ILike: "ILIKE", exp.SimilarTo: "SIMILAR TO"}[type(node)]
    negate = "NOT " if node.args.get("negate") else ""
    return f"{self.sql(node.this)} {negate}{word} {self.sql(node.expression)}"


@rule("this", "expression", of=exp.Escape)
def _escape(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} ESCAPE {self.sql(node.expression)}"


@rule("this", "low", "high", "symmetric", of=exp.Between)
def _between(self: _Renderer, node: Node, negate: str = "") -> str:
    symmetric = node.args.get("symmetric")
    how = " SYMMETRIC" if symmetric else ""
    low, high = self.sql(node.args["low"]), self.sql(node.args["high"])
    return f"{self.sql(node.this)} {negate}BETWEEN{how} {low} AND {high}"


@rule("this", "expressions", "query", of=exp.In)
def _in(self: _Renderer, node: Node, negate: str = "") -> str:
    query = node.args.get("query")
    values = self.sql(query) if query else f"({self.list(node.expressions)})"
    return f"{self.sql(node.this)} {negate}IN {values}"


@rule("this", of=exp.Not)
def _not(self: _Renderer, node: Node) -> str:
    # `a = b NOT IN (c)` would not parse as `a = NOT b IN (c)`, so the word goes where PostgreSQL takes both.
    inner = node.this
    if type(inner) is exp.In:
        return _in(self, inner, "NOT ")
    if type(inner) is exp.Between:
        return _between(self, inner, "NOT ")
    if type(inner) is exp.Is and not inner.args.get("negate"):
        return f"{self.sql(inner.this)} IS NOT {self.sql(inner.expression)}"
    if type(inner) is exp.SimilarTo:
        return f"{self.sql(inner.this)} NOT SIMILAR TO {self.sql(inner.expression)}"
    if type(inner) is exp.Escape and type(inner.this) is exp.SimilarTo:
        similar = inner.this
        left, right = self.sql(similar.this), self.sql(similar.expression)
        return f"{left} NOT SIMILAR TO {right} ESCAPE {self.sql(inner.expression)}"
    return f"NOT {self.sql(inner)}"


@rule("this", of=(exp.Neg, exp.BitwiseNot, exp.Sqrt, exp.Cbrt))
def _prefix(self: _Renderer, node: Node) -> str:
    sign = {exp.Neg: "-", exp.BitwiseNot: "~", exp.Sqrt: "|/", exp.Cbrt: "||/"}[type(node)]
    return f"{sign} {self.sql(node.this)}"


@rule("this", of=exp.Paren)
def _paren(self: _Renderer, node: Node) -> str:
    return f"({self.sql(node.this)})"


@rule("expressions", of=exp.Tuple)
def _tuple(self: _Renderer, node: Node) -> str:
    return f"({self.list(node.expressions)})"


_PRIMARY = (
    exp.Column, exp.Literal, exp.Paren, exp.Subquery, exp.Anonymous, exp.Dot, exp.Parameter, exp.Cast, exp.Bracket,
    exp.Null, exp.Boolean, exp.Array, exp.Tuple, exp.Case, exp.Func, exp.Window, exp.Filter, exp.WithinGroup,
    exp.Identifier, exp.Exists, exp.BitString, exp.HexString, exp.Var,
)  # fmt: skip


@rule("this", "to", of=exp.Cast)
def _cast(self: _Renderer, node: Node) -> str:
    value = self.sql(node.this)
    primary = isinstance(node.this, _PRIMARY) and not isinstance(node.this, exp.Neg | exp.Sqrt | exp.Cbrt)
    return f"{value}::{self.sql(node.to)}" if primary else f"({value})::{self.sql(node.to)}"


@rule("this", "zone", of=exp.AtTimeZone)
def _at_time_zone(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} AT TIME ZONE {self.sql(node.args['zone'])}"


@rule("this", "expressions", of=exp.Bracket)
def _bracket(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)}[{self.list(node.expressions)}]"


@rule("this", "expression", of=exp.Slice)
def _slice(self: _Renderer, node: Node) -> str:
    low, high = node.this, node.args.get("expression")
    # A parameter or a name right before the colon would be read as one word with what follows.
    return f"{self.sql(low) if low else ''} : {self.sql(high) if high else ''}"


@rule("expressions", "bracket_notation", "value_constructor", of=exp.Array)
def _array(self: _Renderer, node: Node) -> str:
    values = node.expressions
    if len(values) == 1 and isinstance(values[0], exp.Query) and not isinstance(values[0], exp.Subquery):
        return f"ARRAY({self.sql(values[0])})"
    return f"ARRAY[{self.list(values)}]"


@rule("this", "ifs", "default", of=exp.Case)
def _case(self: _Renderer, node: Node) -> str:
    branches = "".join(
        [f" WHEN {self.sql(branch.this)} THEN {self.sql(branch.args['true'])}" for branch in node.args["ifs"]]
    )
    return f"CASE{self.optional(node, 'this', ' ')}{branches}{self.optional(node, 'default', ' ELSE ')} END"


@rule("this", of=(exp.Any, exp.All, exp.Exists))
def _subquery_predicate(self: _Renderer, node: Node) -> str:
    word = {exp.Any: "ANY", exp.All: "ALL", exp.Exists: "EXISTS"}[type(node)]
    inner = node.this
    if isinstance(inner, exp.Paren | exp.Subquery | exp.Tuple):
        return f"{word} {self.sql(inner)}"
    return f"{word} ({self.sql(inner)})"


_QUANTIFIERS = frozenset({"all", "any", "some"})
"""`= ALL (array)` comes out of the parser as a call."""


# -- calls --------------------------------------------------------------------------------------------------


@rule("this", "expressions", of=exp.Anonymous)
def _call(self: _Renderer, node: Node) -> str:
    name = node.this
    if isinstance(name, exp.Identifier):
        written = self.sql(name)
    elif name in _QUANTIFIERS:
        return f"{name.upper()} ({self.list(node.expressions)})"
    elif not _PLAIN_NAME.match(name) or name in NOT_CALLED:
        raise Unrenderable("a function's name that is no word", node)
    else:
        written = name
    return f"{written}({self.list(node.expressions)})"


@rule("expressions", of=exp.Distinct)
def _distinct(self: _Renderer, node: Node) -> str:
    return f"DISTINCT {self.list(node.expressions)}"


@rule("this", "expression", of=exp.Kwarg)
def _named_argument(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} => {self.sql(node.expression)}"


@rule("this", of=exp.Variadic)
def _variadic(self: _Renderer, node: Node) -> str:
    return f"VARIADIC {self.sql(node.this)}"


@rule("this", "expression", of=exp.Extract)
def _extract(self: _Renderer, node: Node) -> str:
    return f"EXTRACT({self.sql(node.this)} FROM {self.sql(node.expression)})"


@rule("this", "expression", "position", of=exp.Trim)
def _trim(self: _Renderer, node: Node) -> str:
    where = node.args.get("position") or ""
    what = node.args.get("expression")
    pieces = [word for word in (where, self.sql(what) if what else "") if word]
    return f"TRIM({' '.join(pieces)} FROM {self.sql(node.this)})"


@rule("this", "substr", of=exp.StrPosition)
def _position(self: _Renderer, node: Node) -> str:
    return f"POSITION({self.sql(node.args['substr'])} IN {self.sql(node.this)})"


@rule("this", "expression", "from_", "for_", of=exp.Overlay)
def _overlay(self: _Renderer, node: Node) -> str:
    head = f"{self.sql(node.this)} PLACING {self.sql(node.expression)}"
    return f"OVERLAY({head}{self.optional(node, 'from_', ' FROM ')}{self.optional(node, 'for_', ' FOR ')})"


_WORDS_THAT_ARE_VALUES = {
    exp.CurrentDate: "CURRENT_DATE",
    exp.CurrentTime: "CURRENT_TIME",
    exp.CurrentTimestamp: "CURRENT_TIMESTAMP",
    exp.CurrentUser: "CURRENT_USER",
    exp.CurrentSchema: "CURRENT_SCHEMA",
    exp.CurrentCatalog: "CURRENT_CATALOG",
    exp.SessionUser: "SESSION_USER",
    exp.Localtime: "LOCALTIME",
    exp.Localtimestamp: "LOCALTIMESTAMP",
}


@rule(of=tuple(_WORDS_THAT_ARE_VALUES))
def _value_word(self: _Renderer, node: Node) -> str:
    return _WORDS_THAT_ARE_VALUES[type(node)]


@rule("this", "expression", of=exp.Filter)
def _filter(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} FILTER (WHERE {self.sql(node.expression.this)})"


@rule("this", "expression", of=exp.WithinGroup)
def _within_group(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} WITHIN GROUP ({self.sql(node.expression).lstrip()})"


@rule("this", "partition_by", "order", "spec", "alias", "over", of=exp.Window)
def _window(self: _Renderer, node: Node) -> str:
    called, name = self.sql(node.this), node.args.get("alias")
    if isinstance(node.this, exp.Identifier):
        return f"{called} AS ({_window_inside(self, node)})"
    inside = _window_inside(self, node)
    if name and not inside and not node.args.get("first"):
        return f"{called} OVER {self.sql(name)}"
    return f"{called} OVER ({self.sql(name) + ' ' if name else ''}{inside})"


def _window_inside(self: _Renderer, node: Node) -> str:
    parts = []
    if node.args.get("partition_by"):
        parts.append("PARTITION BY " + self.list(node.args["partition_by"]))
    if node.args.get("order"):
        parts.append(self.sql(node.args["order"]).lstrip())
    if node.args.get("spec"):
        parts.append(self.sql(node.args["spec"]))
    return " ".join(parts)


@rule("kind", "start", "start_side", "end", "end_side", "exclude", of=exp.WindowSpec)
def _frame(self: _Renderer, node: Node) -> str:
    def edge(name: str) -> str:
        value, side = node.args.get(name), node.args.get(f"{name}_side")
        shown = value if isinstance(value, str) else self.sql(value)
        return f"{shown} {side}" if side else shown

    start = edge("start")
    text = f"{node.args['kind']} BETWEEN {start} AND {edge('end')}" if node.args.get("end") else ""
    text = text or f"{node.args['kind']} {start}"
    return text + self.optional(node, "exclude", " EXCLUDE ")


# -- types --------------------------------------------------------------------------------------------------


_TYPE_NAMES = {
    "INT": "int4", "BIGINT": "int8", "SMALLINT": "int2", "TEXT": "text", "VARCHAR": "varchar", "CHAR": "char",
    "BPCHAR": "bpchar", "BOOLEAN": "bool", "FLOAT": "float4", "DOUBLE": "float8", "DECIMAL": "numeric",
    "DATE": "date", "TIME": "time", "TIMETZ": "timetz", "TIMESTAMP": "timestamp", "TIMESTAMPTZ": "timestamptz",
    "TIMESTAMPNTZ": "timestamp", "INTERVAL": "interval", "UUID": "uuid", "JSON": "json", "JSONB": "jsonb",
    "VARBINARY": "bytea", "BINARY": "bytea", "MONEY": "money", "BIT": "bit", "XML": "xml", "INET": "inet",
    "NAME": "name", "POINT": "point", "INT4RANGE": "int4range", "INT8RANGE": "int8range", "NUMRANGE": "numrange",
    "TSRANGE": "tsrange", "TSTZRANGE": "tstzrange", "DATERANGE": "daterange",
}  # fmt: skip


@rule("this", "expressions", "nested", "kind", "values", of=exp.DataType)
def _type(self: _Renderer, node: Node) -> str:
    kind, inside = node.this, node.expressions
    if isinstance(kind, exp.Interval):
        return _interval_type(self, kind)
    if kind is exp.DType.ARRAY:
        if not inside:
            raise Unrenderable("an array type without an element type", node)
        return f"{self.sql(inside[0])}[{self.list(node.args.get('values') or ())}]"
    if kind is exp.DType.USERDEFINED:
        name = node.args.get("kind")
        written = self.sql(name) if isinstance(name, exp.Expression) else _checked_type_name(name, node)
    else:
        written = _TYPE_NAMES.get(kind.name, "")
        if not written:
            raise Unrenderable(f"the type {kind.name}", node)
    if inside and written == "float8":
        written = "float"
    return f"{written}({self.list(inside)})" if inside else written


def _checked_type_name(name: object, node: Node) -> str:
    if not isinstance(name, str) or not re.fullmatch(r"[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*", name):
        raise Unrenderable("a type's name that is no word", node)
    return name


def _interval_type(self: _Renderer, node: Node) -> str:
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        return f"interval {self.sql(unit.this)} TO {self.sql(unit.expression)}"
    return f"interval {self.sql(unit)}" if unit else "interval"


@rule("this", "expression", of=exp.DataTypeParam)
def _type_parameter(self: _Renderer, node: Node) -> str:
    return self.sql(node.this)


@rule("this", of=(exp.ObjectIdentifier, exp.PseudoType))
def _type_word(self: _Renderer, node: Node) -> str:
    return _checked_type_name(str(node.this).lower(), node)


# -- queries ------------------------------------------------------------------------------------------------


_QUERY_TAIL = ("order", "limit", "offset")


def _tail(self: _Renderer, node: Node) -> str:
    # LIMIT and OFFSET may come in either order; the tree remembers it.
    parts = [self.sql(node.args["order"])] if node.args.get("order") else []
    parts += [self.sql(value) for name, value in node.args.items() if value and name in ("limit", "offset")]
    return "".join(parts)


@rule(
    "with_", "distinct", "expressions", "from_", "joins", "laterals", "where", "group", "having", "windows",
    *_QUERY_TAIL, of=exp.Select,
)  # fmt: skip
def _select(self: _Renderer, node: Node) -> str:
    values = _values_in_disguise(node)
    if values is not None:
        return self.optional(node, "with_", after=" ") + _values_list(self, values) + _tail(self, node)
    args = node.args
    parts = [self.optional(node, "with_", after=" "), "SELECT"]
    distinct = args.get("distinct")
    if distinct:
        on = distinct.args.get("on")
        parts.append(f" DISTINCT ON {self.sql(on)}" if on else " DISTINCT")
    if node.expressions:
        parts.append(" " + self.list(node.expressions))
    if args.get("from_"):
        parts.append(f" FROM {self.sql(args['from_'].this)}")
    for joined in args.get("joins") or ():
        parts.append(self.sql(joined))
    if args.get("laterals"):
        raise Unrenderable("LATERAL VIEW", node)
    parts.append(self.optional(node, "where", " WHERE "))
    parts.append(self.optional(node, "group"))
    parts.append(self.optional(node, "having", " HAVING "))
    if args.get("windows"):
        parts.append(" WINDOW " + self.list(args["windows"]))
    parts.append(_tail(self, node))
    return "".join(parts)


def _values_in_disguise(node: Node) -> Node:
    """VALUES as a whole query, which the parser wraps as SELECT * FROM (VALUES ...) AS _values."""
    source = node.args.get("from_")
    values = source.this if source else None
    if (
        not isinstance(values, exp.Values)
        or len(node.expressions) != 1
        or type(node.expressions[0]) is not exp.Star
    ):
        return None
    alias = values.args.get("alias")
    if alias is None or alias.args.get("columns") or alias.name != "_values" or node.args.get("joins"):
        return None
    return values


@rule("this", of=(exp.Where, exp.Having))
def _condition(self: _Renderer, node: Node) -> str:
    return self.sql(node.this)


@rule("this", "expressions", "alias", *_QUERY_TAIL, "with_", of=exp.Values)
def _values(self: _Renderer, node: Node) -> str:
    text = _values_list(self, node) + _tail(self, node)
    if node.args.get("alias"):
        return f"({text}) AS {self.sql(node.args['alias'])}"
    if isinstance(node.parent, exp.From | exp.Join | exp.Lateral):
        text = f"({text})"
    return self.optional(node, "with_", after=" ") + text


def _values_list(self: _Renderer, node: Node) -> str:
    return f"VALUES {self.list(node.expressions)}"


@rule("this", "expression", "distinct", "with_", *_QUERY_TAIL, of=(exp.Union, exp.Except, exp.Intersect))
def _set_operation(self: _Renderer, node: Node) -> str:
    head = self.optional(node, "with_", after=" ")
    tail = _tail(self, node)
    pieces: list[str] = []
    first = node
    while isinstance(node, exp.SetOperation) and (node is first or not _has_own_clauses(node)):
        if node is not first:
            self._check_set_operation(node)
        word = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}[type(node)]  # type: ignore[index]
        pieces.append(self.sql(node.expression))
        pieces.append(word + ("" if node.args.get("distinct") else " ALL"))
        node = node.this
    pieces.append(self.sql(node))
    return head + " ".join(reversed(pieces)) + tail


def _has_own_clauses(node: Node) -> bool:
    return any(node.args.get(name) for name in ("with_", *_QUERY_TAIL))


def _check_set_operation(self: _Renderer, node: Node) -> None:
    for name, value in node.args.items():
        if value and name not in ("this", "expression", "distinct"):
            raise Unrenderable(f"{type(node).__name__} with {name}", node)


_Renderer._check_set_operation = _check_set_operation  # type: ignore[attr-defined]


@rule("this", "alias", "with_", "joins", "sample", *_QUERY_TAIL, of=exp.Subquery)
def _subquery(self: _Renderer, node: Node) -> str:
    head = self.optional(node, "with_", after=" ")
    # FROM (a JOIN b ...) is a Subquery over a table.
    inner = self.sql(node.this)
    alias = self.optional(node, "alias", " AS ")
    joins = "".join([self.sql(join) for join in node.args.get("joins") or ()])
    return f"{head}({inner}){alias}{self.optional(node, 'sample')}{joins}{_tail(self, node)}"


@rule("expressions", "recursive", "search", "cycle", of=exp.With)
def _with(self: _Renderer, node: Node) -> str:
    if node.args.get("search") or node.args.get("cycle"):
        raise Unrenderable("SEARCH and CYCLE clauses", node)
    return f"WITH {'RECURSIVE ' if node.args.get('recursive') else ''}{self.list(node.expressions)}"


@rule("this", "alias", "materialized", of=exp.CTE)
def _cte(self: _Renderer, node: Node) -> str:
    materialized = {None: "", True: "MATERIALIZED ", False: "NOT MATERIALIZED "}[
        node.args.get("materialized")
    ]
    return f"{self.sql(node.args['alias'])} AS {materialized}({self.sql(node.this)})"


@rule("this", "columns", of=exp.TableAlias)
def _table_alias(self: _Renderer, node: Node) -> str:
    name = self.optional(node, "this")
    columns = node.args.get("columns")
    return f"{name}({self.list(columns)})" if columns else name


@rule("this", "kind", of=exp.ColumnDef)
def _column_definition(self: _Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} {self.sql(node.args['kind'])}"


@rule("this", "db", "catalog", "alias", "only", "ordinality", "joins", "sample", "rows_from", of=exp.Table)
def _table(self: _Renderer, node: Node) -> str:
    args = node.args
    if args.get("rows_from"):
        name = f"ROWS FROM ({self.list(args['rows_from'])})"
    else:
        name = ".".join([self.sql(args[part]) for part in ("catalog", "db", "this") if args.get(part)])
    if args.get("only"):
        name = "ONLY " + name
    if args.get("ordinality"):
        name += " WITH ORDINALITY"
    joins = "".join([self.sql(join) for join in args.get("joins") or ()])
    return f"{name}{self.optional(node, 'alias', ' AS ')}{self.optional(node, 'sample')}{joins}"


@rule("this", "alias", "ordinality", of=exp.Lateral)
def _lateral(self: _Renderer, node: Node) -> str:
    ordinality = " WITH ORDINALITY" if node.args.get("ordinality") else ""
    return f"LATERAL {self.sql(node.this)}{ordinality}{self.optional(node, 'alias', ' AS ')}"


@rule("this", "method", "side", "kind", "on", "using", of=exp.Join)
def _join(self: _Renderer, node: Node) -> str:
    args = node.args
    words = [args[part] for part in ("method", "side", "kind") if args.get(part)]
    bad = set(words) - {"NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS"}
    if bad:
        raise Unrenderable(f"{bad.pop()} JOIN", node)
    bare = not words and not args.get("on") and not args.get("using")
    text = f", {self.sql(node.this)}" if bare else f" {' '.join([*words, 'JOIN'])} {self.sql(node.this)}"
    if args.get("using"):
        text += f" USING ({self.list(args['using'])})"
    return text + self.optional(node, "on", " ON ")


@rule("method", "percent", "size", "seed", of=exp.TableSample)
def _table_sample(self: _Renderer, node: Node) -> str:
    share = node.args.get("percent") or node.args.get("size")
    text = f" TABLESAMPLE {self.sql(node.args['method'])} ({self.sql(share)})"
    return text + self.optional(node, "seed", " REPEATABLE (", ")")


@rule("expressions", "grouping_sets", "cube", "rollup", "all", of=exp.Group)
def _group(self: _Renderer, node: Node) -> str:
    parts = [
        value for name in node.args for value in node.args[name] or () if isinstance(node.args[name], list)
    ]
    quantifier = {None: "", True: " ALL", False: " DISTINCT"}[node.args.get("all")]
    return f" GROUP BY{quantifier} {self.list(parts)}"


@rule("expressions", of=(exp.GroupingSets, exp.Rollup, exp.Cube))
def _grouping(self: _Renderer, node: Node) -> str:
    word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}[type(node)]
    return f"{word} ({self.list(node.expressions)})"


@rule("this", "expressions", of=exp.Order)
def _order(self: _Renderer, node: Node) -> str:
    return f"{self.optional(node, 'this')} ORDER BY {self.list(node.expressions)}"


@rule("this", "desc", "nulls_first", of=exp.Ordered)
def _ordered(self: _Renderer, node: Node) -> str:
    desc, nulls_first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
    nulls = "" if desc == nulls_first else " NULLS FIRST" if nulls_first else " NULLS LAST"
    return f"{self.sql(node.this)}{' DESC' if desc else ''}{nulls}"


@rule("expression", of=exp.Limit)
def _limit(self: _Renderer, node: Node) -> str:
    return f" LIMIT {self.sql(node.expression)}"


@rule("expression", of=exp.Offset)
def _offset(self: _Renderer, node: Node) -> str:
    return f" OFFSET {self.sql(node.expression)}"


@rule("direction", "count", "limit_options", of=exp.Fetch)
def _fetch(self: _Renderer, node: Node) -> str:
    options = node.args.get("limit_options")
    if options is None or not options.args.get("with_ties") or options.args.get("percent"):
        raise Unrenderable("FETCH without WITH TIES", node)
    return f" FETCH FIRST {self.sql(node.args['count'])} ROWS WITH TIES"


# -- the proof ----------------------------------------------------------------------------------------------


_SYNONYMS = {
    "int": "int4", "integer": "int4", "bigint": "int8", "smallint": "int2", "boolean": "bool", "real": "float4",
    "float": "float8", "decimal": "numeric", "dec": "numeric", "some": "any", "bpchar": "char",
}  # fmt: skip
_SILENT = frozenset({"as", "inner", "outer", "asc", "not"})
_WORDLIKE = frozenset(KEYWORDS.values()) | {TokenType.VAR}


def _significant(tokens: list[Token]) -> list[tuple[str, Token]]:
    """What has to be equal.  `not` is left to a count: it may stand before or after its operand."""
    found: list[tuple[str, Token]] = []
    for index, token in enumerate(tokens):
        kind, text = token.token_type, token.text
        if kind is TokenType.STRING:
            found.append(("'" + text, token))
        elif kind is TokenType.IDENTIFIER:
            found.append(('"' + text, token))
        elif text in _SILENT:
            continue
        elif text in ("first", "last") and found and found[-1][0] == "nulls":
            descending = index >= 2 and tokens[index - 2].text == "desc"
            if descending == (text == "first"):
                found.pop()  # PostgreSQL's default, spelled out
            else:
                found.append((text, token))
        else:
            found.append((_SYNONYMS.get(text, text.lower()), token))
    return found


def same_tokens(written: list[Token], rendered: list[Token]) -> tuple[bool, Token | None]:
    """Whether the rendered tokens are the written ones.  The token is the first written one that is not there.

    Parentheses may be added (the parser does where precedence would be unclear), never taken away.
    """
    wanted, found = _significant(written), _significant(rendered)
    at = 0
    for text, _ in found:
        if at < len(wanted) and text == wanted[at][0]:
            at += 1
        elif text not in "()":
            return False, wanted[at][1] if at < len(wanted) else None
    if at < len(wanted):
        return False, wanted[at][1]
    missing = sum(t.text == "not" for t in written) != sum(t.text == "not" for t in rendered)
    return (False, next((t for t in written if t.text == "not"), None)) if missing else (True, None)


def map_position(original: str, generated: str, position: int) -> int | None:
    """Where in the client's text the engine's error points to.

    Units: 1-based characters, both ways.  None when the place has no counterpart.
    """
    written = _significant(desugar(lex(original), original))
    rendered = _significant(desugar(lex(generated), generated))
    at = 0
    for text, token in rendered:
        matches = at < len(written) and text == written[at][0]
        if matches and token.end + 1 >= position:
            return written[at][1].start + 1
        if matches:
            at += 1
        elif text not in "()":
            return None
    return None
