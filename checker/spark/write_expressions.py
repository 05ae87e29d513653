"""Rules for names, literals, operators and calls; see writer.py for what they promise."""

from __future__ import annotations

import re

from sqlglot import expressions as exp

from checker.errors import Unrenderable
from checker.rewriter import CALL_MARK
from checker.spark.desugar import ATOM, TYPE, WORD
from checker.spark.text import quote_name, quote_text
from checker.spark.writer import (
    BINARY,
    MATCHES,
    PASSED,
    Node,
    name,
    names_of,
    optional,
    optional_value,
    part,
    query,
    rule,
    value,
    values_of,
)

# -- names and literals ------------------------------------------------------------------------------------


@rule("this", "quoted", of=exp.Identifier)
def _identifier(node: Node) -> str:
    return _identifier_of(node.this.removesuffix(CALL_MARK), node)


@rule("this", "table", "db", "catalog", of=exp.Column)
def _column(node: Node) -> str:
    args = node.args
    atom = _marked(node, ATOM)
    if atom is not None and not args.get("table"):
        return atom
    qualifiers = [name(args[each]) for each in ("catalog", "db", "table") if args.get(each)]
    return " . ".join([*qualifiers, part(node.this, exp.Identifier, exp.Star)])


@rule("this", "expression", of=exp.Dot)
def _dot(node: Node) -> str:
    if not isinstance(node.expression, exp.Identifier):
        raise Unrenderable("a qualified call", node)
    return f"{value(node.this)} . {name(node.expression)}"


@rule("this", "is_string", of=exp.Literal)
def _literal(node: Node) -> str:
    if node.args.get("is_string"):
        return quote_text(node.this)
    if not re.fullmatch(r"[0-9]*\.?[0-9]*(?:E[-+]?[0-9]+)?", node.this):
        raise Unrenderable("a number that is no number", node)
    return str(node.this)


@rule(of=exp.Null)
def _null(node: Node) -> str:
    return "NULL"


@rule("this", of=exp.Boolean)
def _boolean(node: Node) -> str:
    return "TRUE" if node.this else "FALSE"


@rule("this", of=exp.Parameter)
def _parameter(node: Node) -> str:
    number = node.this
    if not (isinstance(number, exp.Literal) and str(number.this).isdigit()):
        raise Unrenderable("a parameter without a number", node)
    return f"${number.this}"


@rule(of=exp.Star)
def _star(node: Node) -> str:
    return "*"


def _check_named(node: Node) -> None:
    """Where a name has no place Spark tries other readings: `VALUES (), (t)` is a function and a table to it."""
    parent = node.parent
    in_list = isinstance(parent, exp.Select) and node.arg_key == "expressions"
    in_struct = isinstance(parent, exp.Anonymous) and str(parent.this).lower() == f"struct{CALL_MARK}"
    if not (in_list or in_struct):
        raise Unrenderable("a name here", node)


@rule("this", "alias", of=exp.Alias)
def _alias(node: Node) -> str:
    _check_named(node)
    return f"{value(node.this)} AS {name(node.args['alias'])}"


@rule("this", "expressions", of=exp.Aliases)
def _aliases(node: Node) -> str:
    _check_named(node)
    return f"{value(node.this)} AS ( {names_of(node.expressions)} )"


# -- operators ---------------------------------------------------------------------------------------------


@rule("this", "expression", "typed", "safe", of=tuple(BINARY))
def _binary(node: Node) -> str:
    # Down the left spine without recursion: a thousand ORs are not a deep statement.
    pieces: list[str] = []
    while (sign := BINARY.get(type(node))) is not None:
        pieces += [value(node.expression), sign]
        node = node.this
    return " ".join([value(node), *reversed(pieces)])


@rule("this", "expression", "negate", of=exp.Is)
def _is(node: Node) -> str:
    if not isinstance(node.expression, exp.Null | exp.Boolean):
        raise Unrenderable("this IS", node)
    return f"{value(node.this)} IS {'NOT ' if node.args.get('negate') else ''}{value(node.expression)}"


@rule("this", "expression", "negate", of=tuple(MATCHES))
def _match(node: Node, negate: str = "") -> str:
    negate = "NOT " if node.args.get("negate") else negate
    return f"{value(node.this)} {negate}{MATCHES[type(node)]} {value(node.expression)}"


@rule("this", "expression", of=exp.Escape)
def _escape(node: Node) -> str:
    return f"{value(node.this)} ESCAPE {value(node.expression)}"


@rule("this", "low", "high", of=exp.Between)
def _between(node: Node, negate: str = "") -> str:
    return f"{value(node.this)} {negate}BETWEEN {value(node.args['low'])} AND {value(node.args['high'])}"


@rule("this", "expressions", "query", of=exp.In)
def _in(node: Node, negate: str = "") -> str:
    inner = node.args.get("query")
    if not inner and not node.expressions:
        raise Unrenderable("IN ()", node)
    values = value(inner) if inner else f"( {values_of(node.expressions)} )"
    return f"{value(node.this)} {negate}IN {values}"


@rule("this", of=exp.Not)
def _not(node: Node) -> str:
    inner = node.this
    if type(inner) is exp.In:
        return _in(inner, "NOT ")
    if type(inner) is exp.Between:
        return _between(inner, "NOT ")
    if type(inner) is exp.RegexpLike:
        return _match(inner, "NOT ")
    if type(inner) is exp.Is and not inner.args.get("negate"):
        return f"{value(inner.this)} IS NOT {value(inner.expression)}"
    return f"NOT {value(inner)}"


@rule("this", of=(exp.Neg, exp.BitwiseNot))
def _prefix(node: Node) -> str:
    return f"{'-' if type(node) is exp.Neg else '~'} {value(node.this)}"


@rule("this", of=exp.Paren)
def _paren(node: Node) -> str:
    return f"( {value(node.this)} )"


@rule("expressions", of=exp.Tuple)
def _tuple(node: Node) -> str:
    if not node.expressions and not isinstance(node.parent, exp.GroupingSets):
        raise Unrenderable("()", node)
    return f"( {values_of(node.expressions)} )"


@rule("this", "expressions", of=exp.Bracket)
def _bracket(node: Node) -> str:
    return f"{value(node.this)} [ {values_of(node.expressions)} ]"


@rule("this", "ifs", "default", of=exp.Case)
def _case(node: Node) -> str:
    branches = "".join([f" WHEN {value(b.this)} THEN {value(b.args['true'])}" for b in node.args["ifs"]])
    return f"CASE{optional_value(node, 'this', ' ')}{branches}{optional_value(node, 'default', ' ELSE ')} END"


@rule("this", of=exp.Exists)
def _exists(node: Node) -> str:
    inner = node.this
    return f"EXISTS {value(inner)}" if isinstance(inner, exp.Subquery) else f"EXISTS ( {query(inner)} )"


# -- calls -------------------------------------------------------------------------------------------------


@rule("this", "expressions", of=exp.Anonymous)
def _call(node: Node) -> str:
    written = node.this
    if not isinstance(written, str) or not written.endswith(CALL_MARK):
        raise Unrenderable("this call", node)
    called, arguments = written.removesuffix(CALL_MARK), node.expressions
    if called.lower() in ("cast", "try_cast"):
        if len(arguments) != 2 or _marked(arguments[1], TYPE) is None:
            raise Unrenderable(f"{called.upper()} without AS", node)
        return f"{called} ( {value(arguments[0])} AS {_marked(arguments[1], TYPE)} )"
    if len(arguments) > 1 and any(isinstance(argument, exp.Distinct) for argument in arguments):
        raise Unrenderable("DISTINCT here", node)
    words = [word.upper() for argument in arguments if (word := _marked(argument, WORD))]
    if len(set(words)) < len(words):
        raise Unrenderable(f"{words[-1]} twice", node)
    if words:
        # With words between them the arguments have no commas.
        return f"{called} ( {' '.join([_marked(one, WORD) or value(one) for one in arguments])} )"
    if called.lower() == "struct":
        # Its own grammar: the only call whose arguments may have names.
        return f"{called} ( {values_of(arguments, PASSED)} )"
    return f"{_identifier_of(called, node)} ( {values_of(arguments, PASSED)} )"


def _marked(node: Node, mark: str) -> str | None:
    text = node.this.this if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) else ""
    return str(text[1:]) if text[:1] == mark else None


def _identifier_of(written: str, node: Node) -> str:
    try:
        return quote_name(written)
    except ValueError:
        raise Unrenderable("this name", node) from None


@rule("this", "expressions", of=exp.Lambda)
def _lambda(node: Node) -> str:
    names = [name(each) for each in node.expressions]
    head = names[0] if len(names) == 1 else f"( {' , '.join(names)} )"
    return f"{head} -> {value(node.this)}"


@rule("expressions", of=exp.Distinct)
def _distinct(node: Node) -> str:
    return f"DISTINCT {values_of(node.expressions)}"


@rule("this", of=(exp.IgnoreNulls, exp.RespectNulls))
def _nulls(node: Node) -> str:
    return f"{value(node.this)} {'IGNORE' if type(node) is exp.IgnoreNulls else 'RESPECT'} NULLS"


@rule("this", "expression", of=exp.Filter)
def _filter(node: Node) -> str:
    return f"{value(node.this)} FILTER ( WHERE {value(node.expression.this)} )"


@rule("this", "expression", of=exp.WithinGroup)
def _within_group(node: Node) -> str:
    return f"{value(node.this)} WITHIN GROUP ({part(node.expression, exp.Order)} )"


@rule("this", "partition_by", "order", "spec", "alias", "over", of=exp.Window)
def _window(node: Node) -> str:
    window = node.args.get("alias")
    inside = _window_inside(node)
    if isinstance(node.this, exp.Identifier):
        return f"{name(node.this)} AS ( {inside} )"
    called = value(node.this)
    if window:
        if inside:
            raise Unrenderable("a window that extends another", node)
        return f"{called} OVER {name(window)}"
    return f"{called} OVER ( {inside} )"


def _window_inside(node: Node) -> str:
    args, parts = node.args, []
    if args.get("partition_by"):
        parts.append("PARTITION BY " + values_of(args["partition_by"]))
    if args.get("order"):
        parts.append(optional(node, "order").lstrip())
    if args.get("spec"):
        parts.append(optional(node, "spec"))
    return " ".join(parts)


_EDGES = frozenset({"UNBOUNDED", "CURRENT ROW", "PRECEDING", "FOLLOWING", "ROWS", "RANGE"})


@rule("kind", "start", "start_side", "end", "end_side", of=exp.WindowSpec)
def _frame(node: Node) -> str:
    def word(written: str) -> str:
        if written.upper() not in _EDGES:
            raise Unrenderable("this frame", node)
        return written.upper()

    def edge(name: str) -> str:
        bound, side = node.args.get(name), node.args.get(f"{name}_side")
        shown = word(bound) if isinstance(bound, str) else value(bound)
        return f"{shown} {word(side)}" if side else shown

    kind, start = word(node.args["kind"]), edge("start")
    return f"{kind} BETWEEN {start} AND {edge('end')}" if node.args.get("end") else f"{kind} {start}"
