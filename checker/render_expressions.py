"""Rules for names, literals, operators and calls; see render.py for what they promise."""

from __future__ import annotations

import re

from sqlglot import expressions as exp

from checker.errors import Unrenderable
from checker.lexer import fold
from checker.renderer import Node, Renderer, quote_identifier, quote_string, rule
from checker.words import NOT_CALLED

# -- names and literals -------------------------------------------------------------------------------------


_PLAIN_NAME = re.compile(r"[a-z_\x80-\U0010ffff][a-z0-9_$\x80-\U0010ffff]*\Z")


@rule("this", "quoted", of=exp.Identifier)
def _identifier(self: Renderer, node: Node) -> str:
    name = node.this
    if node.args.get("quoted"):
        return quote_identifier(name)
    # A tree that was rewritten may hold names that only quotes keep whole.
    return name if _PLAIN_NAME.match(name) else quote_identifier(fold(name))


@rule("this", of=exp.Var)
def _var(self: Renderer, node: Node) -> str:
    name: str = node.this
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ ]*", name):
        raise Unrenderable("a name that is no word", node)
    return name


@rule("this", "is_string", of=exp.Literal)
def _literal(self: Renderer, node: Node) -> str:
    if node.args.get("is_string"):
        return quote_string(node.this)
    if not re.fullmatch(r"[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?", node.this):
        raise Unrenderable("a number that is no number", node)
    return str(node.this)


@rule(of=exp.Null)
def _null(self: Renderer, node: Node) -> str:
    return "NULL"


@rule("this", of=exp.Boolean)
def _boolean(self: Renderer, node: Node) -> str:
    return "TRUE" if node.this else "FALSE"


@rule("this", of=exp.BitString)
def _bit_string(self: Renderer, node: Node) -> str:
    return f"B'{node.this}'"


@rule("this", of=exp.HexString)
def _hex_string(self: Renderer, node: Node) -> str:
    return f"X'{node.this}'"


@rule("this", of=exp.Parameter)
def _parameter(self: Renderer, node: Node) -> str:
    number = node.this
    if not (isinstance(number, exp.Literal) and str(number.this).isdigit()):
        raise Unrenderable("a parameter without a number", node)
    return f"${number.this}"


@rule("this", "table", "db", "catalog", of=exp.Column)
def _column(self: Renderer, node: Node) -> str:
    args = node.args
    return ".".join([self.sql(args[part]) for part in ("catalog", "db", "table", "this") if args.get(part)])


@rule("this", "expression", of=exp.Dot)
def _dot(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)}.{self.sql(node.expression)}"


@rule(of=exp.Star)
def _star(self: Renderer, node: Node) -> str:
    return "*"


@rule("this", "alias", of=exp.Alias)
def _alias(self: Renderer, node: Node) -> str:
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
def _binary(self: Renderer, node: Node) -> str:
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
def _is(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} IS {'NOT ' if node.args.get('negate') else ''}{self.sql(node.expression)}"


@rule("this", "expression", "negate", of=(exp.Like, exp.ILike, exp.SimilarTo))
def _like(self: Renderer, node: Node) -> str:
    word = {exp.Like: "LIKE", exp.ILike: "ILIKE", exp.SimilarTo: "SIMILAR TO"}[type(node)]
    negate = "NOT " if node.args.get("negate") else ""
    return f"{self.sql(node.this)} {negate}{word} {self.sql(node.expression)}"


@rule("this", "expression", of=exp.Escape)
def _escape(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} ESCAPE {self.sql(node.expression)}"


@rule("this", "low", "high", "symmetric", of=exp.Between)
def _between(self: Renderer, node: Node, negate: str = "") -> str:
    symmetric = node.args.get("symmetric")
    how = " SYMMETRIC" if symmetric else ""
    low, high = self.sql(node.args["low"]), self.sql(node.args["high"])
    return f"{self.sql(node.this)} {negate}BETWEEN{how} {low} AND {high}"


@rule("this", "expressions", "query", of=exp.In)
def _in(self: Renderer, node: Node, negate: str = "") -> str:
    query = node.args.get("query")
    values = self.sql(query) if query else f"({self.list(node.expressions)})"
    return f"{self.sql(node.this)} {negate}IN {values}"


@rule("this", of=exp.Not)
def _not(self: Renderer, node: Node) -> str:
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
def _prefix(self: Renderer, node: Node) -> str:
    sign = {exp.Neg: "-", exp.BitwiseNot: "~", exp.Sqrt: "|/", exp.Cbrt: "||/"}[type(node)]
    return f"{sign} {self.sql(node.this)}"


@rule("this", of=exp.Paren)
def _paren(self: Renderer, node: Node) -> str:
    return f"({self.sql(node.this)})"


@rule("expressions", of=exp.Tuple)
def _tuple(self: Renderer, node: Node) -> str:
    return f"({self.list(node.expressions)})"


_PRIMARY = (
    exp.Column, exp.Literal, exp.Paren, exp.Subquery, exp.Anonymous, exp.Dot, exp.Parameter, exp.Cast, exp.Bracket,
    exp.Null, exp.Boolean, exp.Array, exp.Tuple, exp.Case, exp.Func, exp.Window, exp.Filter, exp.WithinGroup,
    exp.Identifier, exp.Exists, exp.BitString, exp.HexString, exp.Var,
)  # fmt: skip


@rule("this", "to", of=exp.Cast)
def _cast(self: Renderer, node: Node) -> str:
    value = self.sql(node.this)
    primary = isinstance(node.this, _PRIMARY) and not isinstance(node.this, exp.Neg | exp.Sqrt | exp.Cbrt)
    return f"{value}::{self.sql(node.to)}" if primary else f"({value})::{self.sql(node.to)}"


@rule("this", "zone", of=exp.AtTimeZone)
def _at_time_zone(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} AT TIME ZONE {self.sql(node.args['zone'])}"


@rule("this", "expressions", of=exp.Bracket)
def _bracket(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)}[{self.list(node.expressions)}]"


@rule("this", "expression", of=exp.Slice)
def _slice(self: Renderer, node: Node) -> str:
    low, high = node.this, node.args.get("expression")
    # A parameter or a name right before the colon would be read as one word with what follows.
    return f"{self.sql(low) if low else ''} : {self.sql(high) if high else ''}"


@rule("expressions", "bracket_notation", "value_constructor", of=exp.Array)
def _array(self: Renderer, node: Node) -> str:
    values = node.expressions
    if len(values) == 1 and isinstance(values[0], exp.Query) and not isinstance(values[0], exp.Subquery):
        return f"ARRAY({self.sql(values[0])})"
    return f"ARRAY[{self.list(values)}]"


@rule("this", "ifs", "default", of=exp.Case)
def _case(self: Renderer, node: Node) -> str:
    branches = "".join(
        [f" WHEN {self.sql(branch.this)} THEN {self.sql(branch.args['true'])}" for branch in node.args["ifs"]]
    )
    return f"CASE{self.optional(node, 'this', ' ')}{branches}{self.optional(node, 'default', ' ELSE ')} END"


@rule("this", of=(exp.Any, exp.All, exp.Exists))
def _subquery_predicate(self: Renderer, node: Node) -> str:
    word = {exp.Any: "ANY", exp.All: "ALL", exp.Exists: "EXISTS"}[type(node)]
    inner = node.this
    if isinstance(inner, exp.Paren | exp.Subquery | exp.Tuple):
        return f"{word} {self.sql(inner)}"
    return f"{word} ({self.sql(inner)})"


_QUANTIFIERS = frozenset({"all", "any", "some"})
"""`= ALL (array)` comes out of the parser as a call."""


# -- calls --------------------------------------------------------------------------------------------------


@rule("this", "expressions", of=exp.Anonymous)
def _call(self: Renderer, node: Node) -> str:
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
def _distinct(self: Renderer, node: Node) -> str:
    return f"DISTINCT {self.list(node.expressions)}"


@rule("this", "expression", of=exp.Kwarg)
def _named_argument(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} => {self.sql(node.expression)}"


@rule("this", of=exp.Variadic)
def _variadic(self: Renderer, node: Node) -> str:
    return f"VARIADIC {self.sql(node.this)}"


@rule("this", "expression", of=exp.Extract)
def _extract(self: Renderer, node: Node) -> str:
    return f"EXTRACT({self.sql(node.this)} FROM {self.sql(node.expression)})"


@rule("this", "expression", "position", of=exp.Trim)
def _trim(self: Renderer, node: Node) -> str:
    where = node.args.get("position") or ""
    what = node.args.get("expression")
    pieces = [word for word in (where, self.sql(what) if what else "") if word]
    return f"TRIM({' '.join(pieces)} FROM {self.sql(node.this)})"


@rule("this", "substr", of=exp.StrPosition)
def _position(self: Renderer, node: Node) -> str:
    return f"POSITION({self.sql(node.args['substr'])} IN {self.sql(node.this)})"


@rule("this", "expression", "from_", "for_", of=exp.Overlay)
def _overlay(self: Renderer, node: Node) -> str:
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
def _value_word(self: Renderer, node: Node) -> str:
    return _WORDS_THAT_ARE_VALUES[type(node)]


@rule("this", "expression", of=exp.Filter)
def _filter(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} FILTER (WHERE {self.sql(node.expression.this)})"


@rule("this", "expression", of=exp.WithinGroup)
def _within_group(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} WITHIN GROUP ({self.sql(node.expression).lstrip()})"


@rule("this", "partition_by", "order", "spec", "alias", "over", of=exp.Window)
def _window(self: Renderer, node: Node) -> str:
    called, name = self.sql(node.this), node.args.get("alias")
    if isinstance(node.this, exp.Identifier):
        return f"{called} AS ({_window_inside(self, node)})"
    inside = _window_inside(self, node)
    if name and not inside and not node.args.get("first"):
        return f"{called} OVER {self.sql(name)}"
    return f"{called} OVER ({self.sql(name) + ' ' if name else ''}{inside})"


def _window_inside(self: Renderer, node: Node) -> str:
    parts = []
    if node.args.get("partition_by"):
        parts.append("PARTITION BY " + self.list(node.args["partition_by"]))
    if node.args.get("order"):
        parts.append(self.sql(node.args["order"]).lstrip())
    if node.args.get("spec"):
        parts.append(self.sql(node.args["spec"]))
    return " ".join(parts)


@rule("kind", "start", "start_side", "end", "end_side", "exclude", of=exp.WindowSpec)
def _frame(self: Renderer, node: Node) -> str:
    def edge(name: str) -> str:
        value, side = node.args.get(name), node.args.get(f"{name}_side")
        shown = value if isinstance(value, str) else self.sql(value)
        return f"{shown} {side}" if side else shown

    start = edge("start")
    text = f"{node.args['kind']} BETWEEN {start} AND {edge('end')}" if node.args.get("end") else ""
    text = text or f"{node.args['kind']} {start}"
    return text + self.optional(node, "exclude", " EXCLUDE ")
