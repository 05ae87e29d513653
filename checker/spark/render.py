"""Tree -> Spark SQL, and the dialect's allowlist of syntax: a node or an argument without a rule is refused.

Rules: names come out in backquotes, strings in one form, words of the grammar bare; nothing is rewritten, left out or
reordered (faithful.py proves it).  Parameters stay `$n`; `filled` puts values in their places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, TypeVar

from sqlglot import expressions as exp
from sqlglot.tokens import TokenType

from checker.errors import Unrenderable
from checker.rewriter import CALL_MARK
from checker.spark.desugar import ATOM, EXPLICIT_CROSS, TYPE, WORD
from checker.spark.lexer import lex
from checker.spark.text import quote_name, quote_text

Node = Any
_Rule = Callable[[Node], str]
_RULES: dict[type, tuple[_Rule, frozenset[str]]] = {}
_F = TypeVar("_F", bound=_Rule)


def to_spark_text(tree: exp.Expression) -> str:
    """Spark SQL that says just what the tree says.  Raises: Unrenderable."""
    return _sql(tree)


def filled(sql: str, values: Mapping[int, str]) -> str:
    """A written query with `$n` replaced by the values' own Spark SQL.  Raises: KeyError for one that is missing."""
    pieces, at = [], 0
    tokens = lex(sql)
    for token, number in pairwise(tokens):
        if token.token_type is TokenType.PARAMETER:
            pieces += [sql[at : token.start], f"({values[int(number.text)]})"]
            at = token.end + 1
    return "".join([*pieces, sql[at:]])


def limit_parameters(tree: exp.Expression) -> frozenset[int]:
    """The parameters that stand in LIMIT and OFFSET, where Spark takes an INT and nothing else."""
    bounds = [node.expression for node in tree.find_all(exp.Limit, exp.Offset)]
    return frozenset(int(bound.this.this) for bound in bounds if isinstance(bound, exp.Parameter))


def _rule(*arguments: str, of: type | tuple[type, ...]) -> Callable[[_F], _F]:
    """Registers how a node class is written, and which of its arguments that covers."""

    def register(function: _F) -> _F:
        for kind in of if isinstance(of, tuple) else (of,):
            _RULES[kind] = (function, frozenset(arguments))
        return function

    return register


_SHOWN: dict[type, str] = {
    exp.JSONExtract: 'the operator "->"',
    exp.BitwiseRightShift: 'the operator ">>"',
    exp.AtTimeZone: "AT TIME ZONE",
    exp.Array: "ARRAY[...]",
    exp.Star: "*",
    exp.Var: "this word",
    exp.All: "ALL",
    exp.Any: "ANY",
}


def _sql(node: Node) -> str:
    found = _RULES.get(type(node))
    shown = _SHOWN.get(type(node)) or getattr(type(node), "__name__", "").upper()
    if found is None:
        raise Unrenderable(shown, node)
    function, covered = found
    for name, value in node.args.items():
        if value and name not in covered:
            raise Unrenderable(f"{shown} with {name.strip('_').replace('_', ' ').upper()}", node)
    return function(node)


def _list(nodes: Iterable[Node]) -> str:
    return " , ".join([_sql(node) for node in nodes])


def _optional(node: Node, name: str, before: str = "", after: str = "") -> str:
    value = node.args.get(name)
    return f"{before}{_sql(value)}{after}" if value else ""


# -- names and literals ------------------------------------------------------------------------------------


@_rule("this", "quoted", of=exp.Identifier)
def _identifier(node: Node) -> str:
    name = node.this.removesuffix(CALL_MARK)
    try:
        return quote_name(name)
    except ValueError:
        raise Unrenderable("this name", node) from None


@_rule("this", "table", "db", "catalog", of=exp.Column)
def _column(node: Node) -> str:
    args = node.args
    name = node.this.this if isinstance(node.this, exp.Identifier) else ""
    if name[:1] == ATOM and not args.get("table"):
        return str(name[1:])
    return " . ".join([_sql(args[part]) for part in ("catalog", "db", "table", "this") if args.get(part)])


@_rule("this", "expression", of=exp.Dot)
def _dot(node: Node) -> str:
    if not isinstance(node.expression, exp.Identifier):
        raise Unrenderable("a qualified call", node)
    return f"{_sql(node.this)} . {_sql(node.expression)}"


@_rule("this", "is_string", of=exp.Literal)
def _literal(node: Node) -> str:
    if node.args.get("is_string"):
        return quote_text(node.this)
    if not re.fullmatch(r"[0-9]*\.?[0-9]*(?:E[-+]?[0-9]+)?", node.this):
        raise Unrenderable("a number that is no number", node)
    return str(node.this)


@_rule(of=exp.Null)
def _null(node: Node) -> str:
    return "NULL"


@_rule("this", of=exp.Boolean)
def _boolean(node: Node) -> str:
    return "TRUE" if node.this else "FALSE"


@_rule("this", of=exp.Parameter)
def _parameter(node: Node) -> str:
    number = node.this
    if not (isinstance(number, exp.Literal) and str(number.this).isdigit()):
        raise Unrenderable("a parameter without a number", node)
    return f"${number.this}"


@_rule(of=exp.Star)
def _star(node: Node) -> str:
    return "*"


@_rule("this", "alias", of=exp.Alias)
def _alias(node: Node) -> str:
    return f"{_sql(node.this)} AS {_sql(node.args['alias'])}"


@_rule("this", "expressions", of=exp.Aliases)
def _aliases(node: Node) -> str:
    return f"{_sql(node.this)} AS ( {_list(node.expressions)} )"


# -- operators ---------------------------------------------------------------------------------------------

_BINARY = {
    exp.And: "AND",
    exp.Or: "OR",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "<=>",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "DIV",
    exp.Mod: "%",
    exp.DPipe: "||",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
}


@_rule("this", "expression", "typed", "safe", of=tuple(_BINARY))
def _binary(node: Node) -> str:
    # Down the left spine without recursion: a thousand ORs are not a deep statement.
    pieces: list[str] = []
    while (sign := _BINARY.get(type(node))) is not None:
        pieces += [_sql(node.expression), sign]
        node = node.this
    return " ".join([_sql(node), *reversed(pieces)])


@_rule("this", "expression", "negate", of=exp.Is)
def _is(node: Node) -> str:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise Unrenderable("this IS", node)
    return f"{_sql(node.this)} IS {'NOT ' if node.args.get('negate') else ''}{_sql(node.expression)}"


_MATCHES = {exp.Like: "LIKE", exp.ILike: "ILIKE", exp.RegexpLike: "RLIKE"}


@_rule("this", "expression", "negate", of=tuple(_MATCHES))
def _match(node: Node, negate: str = "") -> str:
    negate = "NOT " if node.args.get("negate") else negate
    return f"{_sql(node.this)} {negate}{_MATCHES[type(node)]} {_sql(node.expression)}"


@_rule("this", "expression", of=exp.Escape)
def _escape(node: Node) -> str:
    return f"{_sql(node.this)} ESCAPE {_sql(node.expression)}"


@_rule("this", "low", "high", of=exp.Between)
def _between(node: Node, negate: str = "") -> str:
    return f"{_sql(node.this)} {negate}BETWEEN {_sql(node.args['low'])} AND {_sql(node.args['high'])}"


@_rule("this", "expressions", "query", of=exp.In)
def _in(node: Node, negate: str = "") -> str:
    query = node.args.get("query")
    values = _sql(query) if query else f"( {_list(node.expressions)} )"
    return f"{_sql(node.this)} {negate}IN {values}"


@_rule("this", of=exp.Not)
def _not(node: Node) -> str:
    inner = node.this
    if type(inner) is exp.In:
        return _in(inner, "NOT ")
    if type(inner) is exp.Between:
        return _between(inner, "NOT ")
    if type(inner) is exp.RegexpLike:
        return _match(inner, "NOT ")
    if type(inner) is exp.Is and not inner.args.get("negate"):
        return f"{_sql(inner.this)} IS NOT {_sql(inner.expression)}"
    return f"NOT {_sql(inner)}"


@_rule("this", of=(exp.Neg, exp.BitwiseNot))
def _prefix(node: Node) -> str:
    return f"{'-' if type(node) is exp.Neg else '~'} {_sql(node.this)}"


@_rule("this", of=exp.Paren)
def _paren(node: Node) -> str:
    return f"( {_sql(node.this)} )"


@_rule("expressions", of=exp.Tuple)
def _tuple(node: Node) -> str:
    return f"( {_list(node.expressions)} )"


@_rule("this", "expressions", of=exp.Bracket)
def _bracket(node: Node) -> str:
    return f"{_sql(node.this)} [ {_list(node.expressions)} ]"


@_rule("this", "ifs", "default", of=exp.Case)
def _case(node: Node) -> str:
    branches = "".join([f" WHEN {_sql(b.this)} THEN {_sql(b.args['true'])}" for b in node.args["ifs"]])
    return f"CASE{_optional(node, 'this', ' ')}{branches}{_optional(node, 'default', ' ELSE ')} END"


@_rule("this", of=exp.Exists)
def _exists(node: Node) -> str:
    inner = node.this
    return f"EXISTS {_sql(inner)}" if isinstance(inner, exp.Subquery) else f"EXISTS ( {_sql(inner)} )"


# -- calls -------------------------------------------------------------------------------------------------


@_rule("this", "expressions", of=exp.Anonymous)
def _call(node: Node) -> str:
    written = node.this
    if not isinstance(written, str) or not written.endswith(CALL_MARK):
        raise Unrenderable("this call", node)
    name, arguments = written.removesuffix(CALL_MARK), node.expressions
    for argument in arguments:
        if isinstance(argument, exp.Select | exp.SetOperation | exp.Values):
            raise Unrenderable("a query as an argument without parentheses", argument)
    if name.lower() in ("cast", "try_cast"):
        if len(arguments) != 2 or _marked(arguments[1], TYPE) is None:
            raise Unrenderable(f"{name.upper()} without AS", node)
        return f"{name} ( {_sql(arguments[0])} AS {_marked(arguments[1], TYPE)} )"
    if any(_marked(argument, WORD) for argument in arguments):
        # With words between them the arguments have no commas.
        return f"{name} ( {' '.join([_marked(one, WORD) or _sql(one) for one in arguments])} )"
    if name.lower() == "struct":
        # Its own grammar: the only call whose arguments may have names.
        return f"{name} ( {_list(arguments)} )"
    if any(isinstance(argument, exp.Alias | exp.Aliases) for argument in arguments):
        raise Unrenderable("an argument with a name", node)
    return f"{_identifier_of(name, node)} ( {_list(arguments)} )"


def _marked(node: Node, mark: str) -> str | None:
    name = node.this.this if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) else ""
    return str(name[1:]) if name[:1] == mark else None


def _identifier_of(name: str, node: Node) -> str:
    try:
        return quote_name(name)
    except ValueError:
        raise Unrenderable("this name", node) from None


@_rule("this", "expressions", of=exp.Lambda)
def _lambda(node: Node) -> str:
    names = [_sql(name) for name in node.expressions]
    head = names[0] if len(names) == 1 else f"( {' , '.join(names)} )"
    return f"{head} -> {_sql(node.this)}"


@_rule("expressions", of=exp.Distinct)
def _distinct(node: Node) -> str:
    return f"DISTINCT {_list(node.expressions)}"


@_rule("this", of=(exp.IgnoreNulls, exp.RespectNulls))
def _nulls(node: Node) -> str:
    return f"{_sql(node.this)} {'IGNORE' if type(node) is exp.IgnoreNulls else 'RESPECT'} NULLS"


@_rule("this", "expression", of=exp.Filter)
def _filter(node: Node) -> str:
    return f"{_sql(node.this)} FILTER ( WHERE {_sql(node.expression.this)} )"


@_rule("this", "expression", of=exp.WithinGroup)
def _within_group(node: Node) -> str:
    return f"{_sql(node.this)} WITHIN GROUP ({_sql(node.expression)} )"


@_rule("this", "partition_by", "order", "spec", "alias", "over", of=exp.Window)
def _window(node: Node) -> str:
    called, name = _sql(node.this), node.args.get("alias")
    inside = _window_inside(node)
    if isinstance(node.this, exp.Identifier):
        return f"{called} AS ( {inside} )"
    if name:
        if inside:
            raise Unrenderable("a window that extends another", node)
        return f"{called} OVER {_sql(name)}"
    return f"{called} OVER ( {inside} )"


def _window_inside(node: Node) -> str:
    args, parts = node.args, []
    if args.get("partition_by"):
        parts.append("PARTITION BY " + _list(args["partition_by"]))
    if args.get("order"):
        parts.append(_sql(args["order"]).lstrip())
    if args.get("spec"):
        parts.append(_sql(args["spec"]))
    return " ".join(parts)


_EDGES = frozenset({"UNBOUNDED", "CURRENT ROW", "PRECEDING", "FOLLOWING", "ROWS", "RANGE"})


@_rule("kind", "start", "start_side", "end", "end_side", of=exp.WindowSpec)
def _frame(node: Node) -> str:
    def word(value: str) -> str:
        if value.upper() not in _EDGES:
            raise Unrenderable("this frame", node)
        return value.upper()

    def edge(name: str) -> str:
        value, side = node.args.get(name), node.args.get(f"{name}_side")
        shown = word(value) if isinstance(value, str) else _sql(value)
        return f"{shown} {word(side)}" if side else shown

    kind, start = word(node.args["kind"]), edge("start")
    return f"{kind} BETWEEN {start} AND {edge('end')}" if node.args.get("end") else f"{kind} {start}"


# -- queries -----------------------------------------------------------------------------------------------

_TAIL = ("windows", "order", "cluster", "distribute", "sort", "limit", "offset")


def _tail(node: Node) -> str:
    """The clauses behind the query, in the order in which Spark takes them."""
    windows = node.args.get("windows")
    parts = [f" WINDOW {_list(windows)}" if windows else ""]
    return "".join(parts + [_optional(node, name) for name in _TAIL[1:]])


@_rule(
    "with_", "distinct", "expressions", "from_", "joins", "laterals", "where", "group", "having", *_TAIL,
    of=exp.Select,
)  # fmt: skip
def _select(node: Node) -> str:
    args = node.args
    distinct = args.get("distinct")
    if not node.expressions:
        raise Unrenderable("SELECT without a list", node)
    if distinct and distinct.args.get("on"):
        raise Unrenderable("DISTINCT ON", node)
    parts = [_optional(node, "with_", after=" "), "SELECT", " DISTINCT" if distinct else ""]
    parts.append(" " + _list(node.expressions))
    if args.get("from_"):
        parts.append(f" FROM {_sql(args['from_'].this)}")
    for name in ("joins", "laterals"):
        parts += [_sql(each) for each in args.get(name) or ()]
    parts.append(_optional(node, "where", " WHERE "))
    parts.append(_optional(node, "group"))
    parts.append(_optional(node, "having", " HAVING "))
    parts.append(_tail(node))
    return "".join(parts)


@_rule("this", of=(exp.Where, exp.Having))
def _condition(node: Node) -> str:
    return _sql(node.this)


@_rule("expressions", "alias", "with_", *_TAIL, of=exp.Values)
def _values(node: Node) -> str:
    head = _optional(node, "with_", after=" ")
    return f"{head}VALUES {_list(node.expressions)}{_optional(node, 'alias', ' AS ')}{_tail(node)}"


_SET_OPERATIONS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


@_rule("this", "expression", "distinct", "with_", *_TAIL, of=tuple(_SET_OPERATIONS))
def _set_operation(node: Node) -> str:
    head, tail = _optional(node, "with_", after=" "), _tail(node)
    pieces: list[str] = []
    first = node
    while isinstance(node, exp.SetOperation) and (node is first or not _has_clauses(node)):
        unknown = [k for k, v in node.args.items() if v and k not in ("this", "expression", "distinct")]
        if node is not first and unknown:
            raise Unrenderable(f"{type(node).__name__} with {unknown[0]}", node)
        word = _SET_OPERATIONS.get(type(node))
        if word is None:
            raise Unrenderable(type(node).__name__, node)
        pieces += [_sql(node.expression), word + ("" if node.args.get("distinct") else " ALL")]
        node = node.this
    return head + " ".join([_sql(node), *reversed(pieces)]) + tail


def _has_clauses(node: Node) -> bool:
    return any(node.args.get(name) for name in ("with_", *_TAIL))


@_rule("this", "alias", "with_", "joins", "laterals", *_TAIL, of=exp.Subquery)
def _subquery(node: Node) -> str:
    args = node.args
    joined = "".join([_sql(each) for name in ("joins", "laterals") for each in args.get(name) or ()])
    head = _optional(node, "with_", after=" ")
    return f"{head}( {_sql(node.this)} ){_optional(node, 'alias', ' AS ')}{joined}{_tail(node)}"


@_rule("expressions", of=exp.With)
def _with(node: Node) -> str:
    return f"WITH {_list(node.expressions)}"


@_rule("this", "alias", of=exp.CTE)
def _cte(node: Node) -> str:
    return f"{_sql(node.args['alias'])} AS ( {_sql(node.this)} )"


@_rule("this", "columns", of=exp.TableAlias)
def _table_alias(node: Node) -> str:
    columns = node.args.get("columns")
    return f"{_optional(node, 'this')} ( {_list(columns)} )" if columns else _optional(node, "this")


@_rule("this", "db", "catalog", "alias", "joins", "laterals", of=exp.Table)
def _table(node: Node) -> str:
    args = node.args
    if isinstance(args["this"], exp.Anonymous) and (args.get("db") or args.get("catalog")):
        raise Unrenderable("a qualified call", node)
    name = " . ".join([_sql(args[part]) for part in ("catalog", "db", "this") if args.get(part)])
    joined = "".join([_sql(each) for each in [*(args.get("joins") or ()), *(args.get("laterals") or ())]])
    return f"{name}{_optional(node, 'alias', ' AS ')}{joined}"


@_rule("this", "view", "outer", "alias", of=exp.Lateral)
def _lateral(node: Node) -> str:
    alias = node.args.get("alias")
    if not node.args.get("view"):
        return f"LATERAL {_sql(node.this)}{_optional(node, 'alias', ' AS ')}"
    text = f" LATERAL VIEW {'OUTER ' if node.args.get('outer') else ''}{_sql(node.this)}"
    if alias is None:
        return text
    columns = alias.args.get("columns")
    return f"{text}{_optional(alias, 'this', ' ')}{f' AS {_list(columns)}' if columns else ''}"


_JOIN_WORDS = frozenset(
    {"NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "SEMI", "ANTI", EXPLICIT_CROSS}
)


@_rule("this", "method", "side", "kind", "on", "using", of=exp.Join)
def _join(node: Node) -> str:
    args = node.args
    words = [str(args[part]) for part in ("method", "side", "kind") if args.get(part)]
    if words in ([], ["CROSS"]) and not args.get("on") and not args.get("using"):
        return f" , {_sql(node.this)}"
    if not _JOIN_WORDS.issuperset(words):
        raise Unrenderable(f"{' '.join(words)} JOIN", node)
    text = f" {' '.join([*words, 'JOIN']).replace(EXPLICIT_CROSS, 'CROSS')} {_sql(node.this)}"
    if args.get("using"):
        text += f" USING ( {_list(args['using'])} )"
    return text + _optional(node, "on", " ON ")


@_rule("expressions", "grouping_sets", "cube", "rollup", of=exp.Group)
def _group(node: Node) -> str:
    parts = [one for value in node.args.values() if isinstance(value, list) for one in value]
    return f" GROUP BY {_list(parts)}"


@_rule("expressions", of=(exp.GroupingSets, exp.Rollup, exp.Cube))
def _grouping(node: Node) -> str:
    word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}[type(node)]
    return f"{word} ( {_list(node.expressions)} )"


_ORDERS = {
    exp.Order: "ORDER BY",
    exp.Sort: "SORT BY",
    exp.Distribute: "DISTRIBUTE BY",
    exp.Cluster: "CLUSTER BY",
}


@_rule("this", "expressions", of=tuple(_ORDERS))
def _order(node: Node) -> str:
    return f"{_optional(node, 'this')} {_ORDERS[type(node)]} {_list(node.expressions)}"


@_rule("this", "desc", "nulls_first", of=exp.Ordered)
def _ordered(node: Node) -> str:
    desc, nulls_first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
    nulls = "" if desc != nulls_first else " NULLS FIRST" if nulls_first else " NULLS LAST"
    return f"{_sql(node.this)}{' DESC' if desc else ''}{nulls}"


@_rule("expression", of=exp.Limit)
def _limit(node: Node) -> str:
    return f" LIMIT {_sql(node.expression)}"


@_rule("expression", of=exp.Offset)
def _offset(node: Node) -> str:
    return f" OFFSET {_sql(node.expression)}"
