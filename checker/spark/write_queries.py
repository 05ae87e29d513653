"""Rules for queries and what a FROM holds; see writer.py for what they promise."""

from __future__ import annotations

from sqlglot import expressions as exp

from checker.errors import Unrenderable
from checker.spark.desugar import EXPLICIT_CROSS
from checker.spark.writer import (
    GROUPED,
    LISTED,
    ORDERED,
    Node,
    is_query,
    name,
    names_of,
    optional,
    optional_value,
    part,
    parts_of,
    query,
    relation,
    rule,
    value,
    values_of,
)

_TAIL = ("windows", "order", "cluster", "distribute", "sort", "limit", "offset")


def _tail(node: Node) -> str:
    """The clauses behind the query, in the order in which Spark takes them."""
    windows = node.args.get("windows")
    parts = [f" WINDOW {parts_of(windows, exp.Window)}" if windows else ""]
    return "".join(parts + [optional(node, clause) for clause in _TAIL[1:]])


@rule(
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
    parts = [optional(node, "with_", after=" "), "SELECT", " DISTINCT" if distinct else ""]
    parts.append(" " + values_of(node.expressions, LISTED))
    if args.get("from_"):
        parts.append(f" FROM {relation(args['from_'].this)}")
    parts.append(_joined(node))
    parts.append(optional(node, "where", " WHERE "))
    parts.append(optional(node, "group"))
    parts.append(optional(node, "having", " HAVING "))
    parts.append(_tail(node))
    return "".join(parts)


@rule("this", of=(exp.Where, exp.Having))
def _condition(node: Node) -> str:
    return value(node.this)


@rule("expressions", "alias", "with_", *_TAIL, of=exp.Values)
def _values(node: Node) -> str:
    head = optional(node, "with_", after=" ")
    return f"{head}VALUES {values_of(node.expressions)}{optional(node, 'alias', ' AS ')}{_tail(node)}"


_SET_OPERATIONS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


@rule("this", "expression", "distinct", "with_", *_TAIL, of=tuple(_SET_OPERATIONS))
def _set_operation(node: Node) -> str:
    head, tail = optional(node, "with_", after=" "), _tail(node)
    pieces: list[str] = []
    first = node
    while isinstance(node, exp.SetOperation) and (node is first or not _has_clauses(node)):
        unknown = [k for k, v in node.args.items() if v and k not in ("this", "expression", "distinct")]
        if node is not first and unknown:
            raise Unrenderable(f"{type(node).__name__} with {unknown[0]}", node)
        word = _SET_OPERATIONS.get(type(node))
        if word is None:
            raise Unrenderable(type(node).__name__, node)
        pieces += [query(node.expression), word + ("" if node.args.get("distinct") else " ALL")]
        node = node.this
    return head + " ".join([query(node), *reversed(pieces)]) + tail


def _has_clauses(node: Node) -> bool:
    return any(node.args.get(name) for name in ("with_", *_TAIL))


@rule("this", "alias", "with_", "joins", "laterals", *_TAIL, of=exp.Subquery)
def _subquery(node: Node) -> str:
    inner = node.this
    text = query(inner) if is_query(inner) else relation(inner)
    alias = optional(node, "alias", " AS ")
    return f"{optional(node, 'with_', after=' ')}( {text} ){alias}{_joined(node)}{_tail(node)}"


def _joined(node: Node) -> str:
    args = node.args
    joins = [part(each, exp.Join) for each in args.get("joins") or ()]
    return "".join(joins + [part(each, exp.Lateral) for each in args.get("laterals") or ()])


@rule("expressions", of=exp.With)
def _with(node: Node) -> str:
    return f"WITH {parts_of(node.expressions, exp.CTE)}"


@rule("this", "alias", of=exp.CTE)
def _cte(node: Node) -> str:
    return f"{part(node.args['alias'], exp.TableAlias)} AS ( {query(node.this)} )"


@rule("this", "columns", of=exp.TableAlias)
def _table_alias(node: Node) -> str:
    columns = node.args.get("columns")
    given = name(node.this) if node.this else ""
    return f"{given} ( {names_of(columns)} )" if columns else given


@rule("this", "db", "catalog", "alias", "joins", "laterals", of=exp.Table)
def _table(node: Node) -> str:
    args = node.args
    qualifiers = [name(args[each]) for each in ("catalog", "db") if args.get(each)]
    if isinstance(node.this, exp.Anonymous) and qualifiers:
        raise Unrenderable("a qualified call", node)
    whole = " . ".join([*qualifiers, part(node.this, exp.Identifier, exp.Anonymous)])
    return f"{whole}{optional(node, 'alias', ' AS ')}{_joined(node)}"


@rule("this", "view", "outer", "alias", of=exp.Lateral)
def _lateral(node: Node) -> str:
    alias, is_view = node.args.get("alias"), node.args.get("view")
    if not isinstance(node.this, exp.Anonymous) and (is_view or not isinstance(node.this, exp.Subquery)):
        raise Unrenderable("LATERAL without a function or a query", node)
    if not is_view:
        return f"LATERAL {value(node.this)}{optional(node, 'alias', ' AS ')}"
    text = f" LATERAL VIEW {'OUTER ' if node.args.get('outer') else ''}{value(node.this)}"
    if alias is None:
        return text
    columns = alias.args.get("columns")
    given = f" {name(alias.this)}" if alias.this else ""
    return f"{text}{given}{f' AS {names_of(columns)}' if columns else ''}"


_JOIN_WORDS = frozenset(
    {"NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "SEMI", "ANTI", EXPLICIT_CROSS}
)


@rule("this", "method", "side", "kind", "on", "using", of=exp.Join)
def _join(node: Node) -> str:
    args = node.args
    words = [str(args[part]) for part in ("method", "side", "kind") if args.get(part)]
    if words in ([], ["CROSS"]) and not args.get("on") and not args.get("using"):
        return f" , {relation(node.this)}"
    if not _JOIN_WORDS.issuperset(words):
        raise Unrenderable(f"{' '.join(words)} JOIN", node)
    text = f" {' '.join([*words, 'JOIN']).replace(EXPLICIT_CROSS, 'CROSS')} {relation(node.this)}"
    if args.get("using"):
        text += f" USING ( {names_of(args['using'])} )"
    return text + optional_value(node, "on", " ON ")


@rule("expressions", "grouping_sets", "cube", "rollup", of=exp.Group)
def _group(node: Node) -> str:
    parts = [one for given in node.args.values() if isinstance(given, list) for one in given]
    return f" GROUP BY {values_of(parts, GROUPED)}"


@rule("expressions", of=(exp.GroupingSets, exp.Rollup, exp.Cube))
def _grouping(node: Node) -> str:
    word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}[type(node)]
    return f"{word} ( {values_of(node.expressions, GROUPED)} )"


_ORDERS = {
    exp.Order: "ORDER BY",
    exp.Sort: "SORT BY",
    exp.Distribute: "DISTRIBUTE BY",
    exp.Cluster: "CLUSTER BY",
}


@rule("expressions", of=tuple(_ORDERS))
def _order(node: Node) -> str:
    return f" {_ORDERS[type(node)]} {values_of(node.expressions, ORDERED)}"


@rule("this", "desc", "nulls_first", of=exp.Ordered)
def _ordered(node: Node) -> str:
    desc, nulls_first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
    nulls = "" if desc != nulls_first else " NULLS FIRST" if nulls_first else " NULLS LAST"
    return f"{value(node.this)}{' DESC' if desc else ''}{nulls}"


@rule("expression", of=exp.Limit)
def _limit(node: Node) -> str:
    return f" LIMIT {value(node.expression)}"


@rule("expression", of=exp.Offset)
def _offset(node: Node) -> str:
    return f" OFFSET {value(node.expression)}"
