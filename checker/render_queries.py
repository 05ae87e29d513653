"""Rules for types, queries and what a FROM holds; see render.py for what they promise."""

from __future__ import annotations

import re

from sqlglot import expressions as exp

from checker.errors import Unrenderable
from checker.renderer import Node, Renderer, replacement, rule

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
def _type(self: Renderer, node: Node) -> str:
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


def _interval_type(self: Renderer, node: Node) -> str:
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        return f"interval {self.sql(unit.this)} TO {self.sql(unit.expression)}"
    return f"interval {self.sql(unit)}" if unit else "interval"


@rule("this", "expression", of=exp.DataTypeParam)
def _type_parameter(self: Renderer, node: Node) -> str:
    return self.sql(node.this)


@rule("this", of=(exp.ObjectIdentifier, exp.PseudoType))
def _type_word(self: Renderer, node: Node) -> str:
    return _checked_type_name(str(node.this).lower(), node)


# -- queries ------------------------------------------------------------------------------------------------


_QUERY_TAIL = ("order", "limit", "offset")


def _tail(self: Renderer, node: Node) -> str:
    # LIMIT and OFFSET may come in either order; the tree remembers it.
    parts = [self.sql(node.args["order"])] if node.args.get("order") else []
    parts += [self.sql(value) for name, value in node.args.items() if value and name in ("limit", "offset")]
    return "".join(parts)


@rule(
    "with_", "distinct", "expressions", "from_", "joins", "laterals", "where", "group", "having", "windows",
    *_QUERY_TAIL, of=exp.Select,
)  # fmt: skip
def _select(self: Renderer, node: Node) -> str:
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
def _condition(self: Renderer, node: Node) -> str:
    return self.sql(node.this)


@rule("this", "expressions", "alias", *_QUERY_TAIL, "with_", of=exp.Values)
def _values(self: Renderer, node: Node) -> str:
    text = _values_list(self, node) + _tail(self, node)
    in_from = isinstance(node.parent, exp.From | exp.Join | exp.Lateral | exp.Table)
    if node.args.get("alias"):
        if not in_from:
            raise Unrenderable("a name after VALUES", node)
        return f"({text}) AS {self.sql(node.args['alias'])}"
    if in_from:
        text = f"({text})"
    return self.optional(node, "with_", after=" ") + text


def _values_list(self: Renderer, node: Node) -> str:
    return f"VALUES {self.list(node.expressions)}"


@rule("this", "expression", "distinct", "with_", *_QUERY_TAIL, of=(exp.Union, exp.Except, exp.Intersect))
def _set_operation(self: Renderer, node: Node) -> str:
    head = self.optional(node, "with_", after=" ")
    tail = _tail(self, node)
    pieces: list[str] = []
    first = node
    while isinstance(node, exp.SetOperation) and (node is first or not _has_own_clauses(node)):
        if node is not first:
            _check_set_operation(node)
        word = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}[type(node)]
        pieces.append(self.sql(node.expression))
        pieces.append(word + ("" if node.args.get("distinct") else " ALL"))
        node = node.this
    pieces.append(self.sql(node))
    return head + " ".join(reversed(pieces)) + tail


def _has_own_clauses(node: Node) -> bool:
    return any(node.args.get(name) for name in ("with_", *_QUERY_TAIL))


def _check_set_operation(node: Node) -> None:
    for name, value in node.args.items():
        if value and name not in ("this", "expression", "distinct"):
            raise Unrenderable(f"{type(node).__name__} with {name}", node)


@rule("this", "alias", "with_", "joins", "sample", *_QUERY_TAIL, of=exp.Subquery)
def _subquery(self: Renderer, node: Node) -> str:
    head = self.optional(node, "with_", after=" ")
    # FROM (a JOIN b ...) is a Subquery over a table.
    inner = self.sql(node.this)
    alias = self.optional(node, "alias", " AS ")
    joins = "".join([self.sql(join) for join in node.args.get("joins") or ()])
    text = replacement(node, f"{head}({inner}){alias}{self.optional(node, 'sample')}")
    return f"{text}{joins}{_tail(self, node)}"


@rule("expressions", "recursive", "search", "cycle", of=exp.With)
def _with(self: Renderer, node: Node) -> str:
    if node.args.get("search") or node.args.get("cycle"):
        raise Unrenderable("SEARCH and CYCLE clauses", node)
    return f"WITH {'RECURSIVE ' if node.args.get('recursive') else ''}{self.list(node.expressions)}"


@rule("this", "alias", "materialized", of=exp.CTE)
def _cte(self: Renderer, node: Node) -> str:
    materialized = {None: "", True: "MATERIALIZED ", False: "NOT MATERIALIZED "}[
        node.args.get("materialized")
    ]
    return f"{self.sql(node.args['alias'])} AS {materialized}({self.sql(node.this)})"


@rule("this", "columns", of=exp.TableAlias)
def _table_alias(self: Renderer, node: Node) -> str:
    name = self.optional(node, "this")
    columns = node.args.get("columns")
    return f"{name}({self.list(columns)})" if columns else name


@rule("this", "kind", of=exp.ColumnDef)
def _column_definition(self: Renderer, node: Node) -> str:
    return f"{self.sql(node.this)} {self.sql(node.args['kind'])}"


@rule("this", "db", "catalog", "alias", "only", "ordinality", "joins", "sample", "rows_from", of=exp.Table)
def _table(self: Renderer, node: Node) -> str:
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
    text = f"{name}{self.optional(node, 'alias', ' AS ')}{self.optional(node, 'sample')}"
    return replacement(node, text) + joins


@rule("this", "alias", "ordinality", of=exp.Lateral)
def _lateral(self: Renderer, node: Node) -> str:
    ordinality = " WITH ORDINALITY" if node.args.get("ordinality") else ""
    return f"LATERAL {self.sql(node.this)}{ordinality}{self.optional(node, 'alias', ' AS ')}"


@rule("this", "method", "side", "kind", "on", "using", of=exp.Join)
def _join(self: Renderer, node: Node) -> str:
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
def _table_sample(self: Renderer, node: Node) -> str:
    share = node.args.get("percent") or node.args.get("size")
    text = f" TABLESAMPLE {self.sql(node.args['method'])} ({self.sql(share)})"
    return text + self.optional(node, "seed", " REPEATABLE (", ")")


@rule("expressions", "grouping_sets", "cube", "rollup", "all", of=exp.Group)
def _group(self: Renderer, node: Node) -> str:
    parts = [value for values in node.args.values() if isinstance(values, list) for value in values]
    quantifier = {None: "", True: " ALL", False: " DISTINCT"}[node.args.get("all")]
    return f" GROUP BY{quantifier} {self.list(parts)}"


@rule("expressions", of=(exp.GroupingSets, exp.Rollup, exp.Cube))
def _grouping(self: Renderer, node: Node) -> str:
    word = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}[type(node)]
    return f"{word} ({self.list(node.expressions)})"


@rule("this", "expressions", of=exp.Order)
def _order(self: Renderer, node: Node) -> str:
    return f"{self.optional(node, 'this')} ORDER BY {self.list(node.expressions)}"


@rule("this", "desc", "nulls_first", of=exp.Ordered)
def _ordered(self: Renderer, node: Node) -> str:
    desc, nulls_first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
    nulls = "" if desc == nulls_first else " NULLS FIRST" if nulls_first else " NULLS LAST"
    return f"{self.sql(node.this)}{' DESC' if desc else ''}{nulls}"


@rule("expression", of=exp.Limit)
def _limit(self: Renderer, node: Node) -> str:
    return f" LIMIT {self.sql(node.expression)}"


@rule("expression", of=exp.Offset)
def _offset(self: Renderer, node: Node) -> str:
    return f" OFFSET {self.sql(node.expression)}"


@rule("direction", "count", "limit_options", of=exp.Fetch)
def _fetch(self: Renderer, node: Node) -> str:
    options = node.args.get("limit_options")
    if options is None or not options.args.get("with_ties") or options.args.get("percent"):
        raise Unrenderable("FETCH without WITH TIES", node)
    return f" FETCH FIRST {self.sql(node.args['count'])} ROWS WITH TIES"
