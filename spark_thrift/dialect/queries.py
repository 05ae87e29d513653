"""SELECT, VALUES, set operations and WITH.

Written anew clause by clause: every select item carries PostgreSQL's column name, every ORDER BY its NULL placement,
every column its relation.  An argument of a node that no line here reads is refused.
Left out: FETCH ... WITH TIES, FOR UPDATE, SELECT INTO, CYCLE and SEARCH, data-modifying WITH.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from spark_thrift.dialect import distinct_on, setops
from spark_thrift.dialect.aggregate_calls import ordering
from spark_thrift.dialect.casts import align
from spark_thrift.dialect.context import Context, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.intervals import MICROS_PER_DAY
from spark_thrift.dialect.names import folded, output_name
from spark_thrift.dialect.operators import truth
from spark_thrift.dialect.pgtypes import TEXT, Type
from spark_thrift.dialect.relations import from_clause
from spark_thrift.dialect.scope import ColumnInfo, Relation, Scope
from spark_thrift.dialect.series import series_item
from spark_thrift.dialect.terms import Term, cast, identifier

MAX_LIMIT = 2**31 - 1
"""Spark counts rows of LIMIT and OFFSET in an INT."""


@dataclass(frozen=True, slots=True)
class Query:
    """A translated query.  `columns` is None when a star stands for columns that the catalogue does not tell."""

    sql: str
    columns: tuple[ColumnInfo, ...] | None


@dataclass(frozen=True, slots=True)
class Item:
    """One select item; a star has no term."""

    sql: str
    name: str
    type: Type
    node: exp.Expr | None = None


def query(
    ctx: Context, node: exp.Expr, *, expected: Sequence[Type] | None = None, settle: bool = True
) -> Query:
    """A whole query that sees `ctx.scope` as its outer scope.

    `expected` are the column types that a set operation needs; without `settle` an untyped constant stays untyped,
    so that the set operation can type it.
    """
    while isinstance(node, exp.Subquery) and not _has_clauses(node):
        node = node.this
    if not isinstance(node, (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)):
        raise Untranslatable(f"{type(node).__name__} as a query")
    inner, prefix = _with(ctx, node)
    if isinstance(node, exp.Select):
        body = _select(inner, node, expected, settle)
    elif isinstance(node, exp.Values):
        body = _values(inner, node)
    elif isinstance(node, exp.Subquery):
        body = _wrapped(inner, node)
    else:
        body = setops.set_operation(inner, node, settle)
    return Query(prefix + body.sql, body.columns)


def _has_clauses(node: exp.Subquery) -> bool:
    if node.args.get("alias"):
        raise Untranslatable("an alias here")
    return any(value for key, value in node.args.items() if key not in ("this", "alias") and value)


def _with(ctx: Context, node: exp.Expr) -> tuple[Context, str]:
    clause = node.args.get("with_")
    scope = Scope(parent=ctx.scope)
    inner = ctx.within(scope)
    if clause is None:
        return inner, ""
    present(clause, "expressions", "recursive")
    parts = [_cte(inner, cte, bool(clause.args.get("recursive"))) for cte in clause.expressions]
    return inner, f"WITH {'RECURSIVE ' if clause.args.get('recursive') else ''}{', '.join(parts)} "


def _cte(ctx: Context, cte: exp.CTE, recursive: bool) -> str:
    present(cte, "this", "alias", "materialized")
    alias = cte.args["alias"]
    name, names = folded(alias.this), [folded(column) for column in alias.args.get("columns") or []]
    if any(name.casefold() == other.casefold() for other in ctx.scope.ctes):
        raise Untranslatable(f'WITH query name "{name}" specified more than once', sqlstate="42712")
    if not isinstance(cte.this, (exp.Query, exp.Values)):
        raise Untranslatable("a data-modifying WITH")
    if recursive and _mentions(cte.this, name):
        if not isinstance(cte.this, exp.Union) or cte.this.args.get("distinct"):
            raise Untranslatable("WITH RECURSIVE without UNION ALL")
        anchor = query(ctx, cte.this.this)
        ctx.scope.ctes[name] = _named(name, anchor, names)
    body = query(ctx, cte.this)
    relation = _named(name, body, names)
    ctx.scope.ctes[name] = relation
    shown = ""
    if names and relation.columns is not None:
        shown = f"({', '.join(identifier(column.name) for column in relation.columns)})"
    elif names:
        shown = f"({', '.join(identifier(column) for column in names)})"
    return f"{identifier(name)}{shown} AS ({body.sql})"


def _mentions(node: exp.Expr, name: str) -> bool:
    return any(
        not table.db and folded(table.this) == name for table in node.find_all(exp.Table) if table.this
    )


def _named(name: str, body: Query, names: Sequence[str]) -> Relation:
    if body.columns is None:
        return Relation(
            name, None if not names else tuple(ColumnInfo(column, Type("any")) for column in names)
        )
    if len(names) > len(body.columns):
        raise Untranslatable(f'WITH query "{name}" has fewer columns than it names', sqlstate="42P10")
    renamed = [
        ColumnInfo(names[position], column.type) if position < len(names) else column
        for position, column in enumerate(body.columns)
    ]
    return Relation(name, tuple(renamed))


def _select(ctx: Context, node: exp.Select, expected: Sequence[Type] | None, settle: bool) -> Query:
    present(
        node, "with_", "expressions", "from_", "joins", "where", "group", "having", "windows", "distinct", "order",
        "limit", "offset", "laterals", "kind",
    )  # fmt: skip
    source, scope = from_clause(ctx, node)
    windows = {folded(item.this): item for item in node.args.get("windows") or []}
    inner = replace(ctx, scope=scope, windows=windows)
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        return distinct_on.distinct_on(inner, node, source)
    items = select_items(inner, node, expected, settle)
    if any(_needs_column(item.this) for item in order_items(node)):
        if any(item.node is None for item in items):
            items = written_out(inner, node)
        return _ordered_outside(inner, node, source, items, distinct=distinct is not None)
    sql = f"SELECT {'DISTINCT ' if distinct is not None else ''}{', '.join(item.sql for item in items if item.sql)}"
    sql += source + filters(inner, node, items)
    sql += order_by(inner, node, items) + limits(inner, node)
    return Query(sql, output_columns(inner, items))


def written_out(ctx: Context, node: exp.Select) -> list[Item]:
    """The select list without a star.  Raises: Untranslatable where the catalogue does not tell the columns."""
    # An expected type list makes the stars spell out; an empty one casts nothing.
    return select_items(ctx, node, expected=())


def order_items(node: exp.Expr) -> list[exp.Ordered]:
    clause = node.args.get("order")
    return list(clause.expressions) if clause is not None else []


def _needs_column(node: exp.Expr) -> bool:
    """Whether Spark sorts by it only where it is a column: it takes no window function over aggregates there."""
    return node.find(exp.Window) is not None


def _ordered_outside(
    ctx: Context, node: exp.Select, source: str, items: Sequence[Item], *, distinct: bool
) -> Query:
    """The query as a derived table with its keys as further columns, sorted by those."""
    if distinct:
        raise Untranslatable(
            "for SELECT DISTINCT, ORDER BY expressions must appear in select list", sqlstate="42P10"
        )
    columns = [f"{expression(item)} AS `c{position}`" for position, item in enumerate(items)]
    keys = []
    for position, ordered in enumerate(order_items(node)):
        present(ordered, "this", "desc", "nulls_first")
        key = key_term(ctx, ordered.this, items)
        columns.append(f"{key.sql} AS `o{position}`")
        keys.append(ordering(ctx, ordered, Term(f"`q`.`o{position}`", key.type)))
    shown = ", ".join(f"`q`.`c{position}` AS {identifier(item.name)}" for position, item in enumerate(items))
    body = f"SELECT {', '.join(columns)}{source}{filters(ctx, node, items)}"
    sql = f"SELECT {shown} FROM ({body}) AS `q` ORDER BY {', '.join(keys)}{limits(ctx, node)}"
    return Query(sql, output_columns(ctx, items))


def key_term(ctx: Context, node: exp.Expr, items: Sequence[Item]) -> Term:
    """What an ORDER BY item means, by the select list where it is a position or an output column's name."""
    if isinstance(node, exp.Literal) and node.name.isdigit() and 1 <= int(node.name) <= len(items):
        item = items[int(node.name) - 1]
        return Term(expression(item), item.type)
    if isinstance(node, exp.Column) and not node.args.get("table"):
        named = [item for item in items if item.name == folded(node.this) and item.node is not None]
        if named:
            return Term(expression(named[0]), named[0].type)
    return ctx.term(node)


def expression(item: Item) -> str:
    """A select item's text without its name."""
    return item.sql.removesuffix(f" AS {identifier(item.name)}")


def filters(ctx: Context, node: exp.Select, items: Sequence[Item]) -> str:
    """WHERE, GROUP BY and HAVING."""
    sql = ""
    if where := node.args.get("where"):
        sql += f" WHERE {truth(ctx, where.this).sql}"
    if group := node.args.get("group"):
        sql += f" GROUP BY {_group_by(ctx, group, items)}"
    if having := node.args.get("having"):
        sql += f" HAVING {truth(ctx, having.this).sql}"
    return sql


def select_items(
    ctx: Context, node: exp.Select, expected: Sequence[Type] | None = None, settle: bool = True
) -> list[Item]:
    """The select list.  With `expected`, or where a star cannot stay, stars are written out."""
    items: list[Item] = []
    for part in node.expressions:
        if isinstance(part, exp.Star) or (isinstance(part, exp.Column) and isinstance(part.this, exp.Star)):
            items += _star(ctx, part, spelled_out=expected is not None)
        else:
            wanted = expected[len(items)] if expected is not None and len(items) < len(expected) else None
            items.append(_item(ctx, part, wanted, settle))
    if not items:
        if not isinstance(node.parent, exp.Exists):
            raise Untranslatable("a SELECT without columns")
        items.append(Item("1", "", TEXT))
    if expected is not None and any(item.name == "*" for item in items):
        raise Untranslatable("a star over unknown columns in a set operation of different types")
    return items


def _star(ctx: Context, node: exp.Expr, *, spelled_out: bool) -> list[Item]:
    if isinstance(node, exp.Star):
        present(node)
    table = folded(node.args["table"]) if isinstance(node, exp.Column) else None
    columns = ctx.scope.star(table)
    if table is None and not ctx.scope.relations:
        raise Untranslatable("SELECT * with no tables specified is not valid", sqlstate="42601")
    if spelled_out and columns is not None:
        return [
            Item(f"{term.sql} AS {identifier(column.name)}", column.name, column.type)
            for column in columns
            for term in [ctx.scope.column(column.name, table)]
        ]
    relation = ctx.scope.relation(table) if table is not None else None
    shown = f"{identifier(relation.alias)}.*" if relation else "*"
    if columns is None:
        return [Item(shown, "*", Type("any"))]
    return [
        Item(shown if not position else "", column.name, column.type)
        for position, column in enumerate(columns)
    ]


def _item(ctx: Context, part: exp.Expr, wanted: Type | None, settle: bool) -> Item:
    name = output_name(part)
    value = part.this if isinstance(part, exp.Alias) else part
    term = series_item(ctx, value) or ctx.term(value)
    if term.type.name == "interval":
        _check_shown(term, value)
    if wanted is not None:
        term = align(term, wanted)
    elif settle and term.type.name == "unknown":
        term = cast(term, "STRING", TEXT) if term.null else term.typed(TEXT)
    sql = term.sql
    if not (isinstance(value, exp.Column) and sql.endswith(f".{identifier(name)}") and sql.count("`") == 4):
        sql += f" AS {identifier(name)}"
    return Item(sql, name, term.type, value)


def _check_shown(term: Term, node: exp.Expr) -> None:
    """Refuse an interval that PostgreSQL shows in other fields than Spark, which has months, or days with time."""
    while isinstance(node, exp.Paren):
        node = node.this
    constant = term.interval
    if constant is None:
        if isinstance(node, exp.Mul | exp.Div) and term.type.part != "months":
            raise Untranslatable(
                "an interval multiplied by a column as a result", "extract(epoch FROM ...) of it"
            )
        return
    days = constant.days * MICROS_PER_DAY
    if constant.months and (days or constant.micros):
        raise Untranslatable("an interval of months and days together")
    if abs(constant.micros) >= MICROS_PER_DAY or days * constant.micros < 0:
        raise Untranslatable("an interval of more than 24 hours, or of days and hours against each other")


def output_columns(ctx: Context, items: Sequence[Item]) -> tuple[ColumnInfo, ...] | None:
    if any(item.name == "*" and item.type.name == "any" for item in items):
        return None
    return tuple(ColumnInfo(item.name, item.type) for item in items)


def _group_by(ctx: Context, group: exp.Group, items: Sequence[Item]) -> str:
    present(group, "expressions")
    if group.args.get("all") is False:
        raise Untranslatable("GROUP BY DISTINCT")
    if not group.expressions:
        raise Untranslatable("GROUP BY ALL")
    return ", ".join(_group_item(ctx, item, items) for item in group.expressions)


def _group_item(ctx: Context, node: exp.Expr, items: Sequence[Item]) -> str:
    if isinstance(node, (exp.Rollup, exp.Cube, exp.GroupingSets)):
        present(node, "expressions")
        word = {exp.Rollup: "ROLLUP", exp.Cube: "CUBE", exp.GroupingSets: "GROUPING SETS"}[type(node)]
        inner = ", ".join(_group_item(ctx, item, items) for item in node.expressions)
        return f"{word} ({inner})"
    if isinstance(node, exp.Tuple):
        if not node.expressions and isinstance(node.parent, exp.Group):
            return "GROUPING SETS (())"
        return f"({', '.join(_group_item(ctx, item, items) for item in node.expressions)})"
    if isinstance(node, exp.Paren) and isinstance(node.parent, (exp.GroupingSets, exp.Rollup, exp.Cube)):
        return f"({_group_item(ctx, node.this, items)})"
    if isinstance(node, exp.Literal) and not node.is_string:
        return _group_position(node, items)
    if (
        isinstance(node, exp.Column)
        and not node.args.get("table")
        and ctx.scope.own(folded(node.this)) is None
    ):
        name = folded(node.this)
        named = [item for item in items if item.name == name and item.node is not None]
        if named and named[0].node is not None:
            return ctx.term(named[0].node).sql
    return ctx.term(node).sql


def _group_position(node: exp.Literal, items: Sequence[Item]) -> str:
    if not node.name.isdigit() or not 1 <= int(node.name) <= len(items):
        raise Untranslatable(f"GROUP BY position {node.name} is not in select list", sqlstate="42P10")
    if any(item.name == "*" for item in items):
        raise Untranslatable("GROUP BY position beside a star over unknown columns")
    return node.name


def order_by(ctx: Context, node: exp.Expr, items: Sequence[Item]) -> str:
    """ORDER BY of a SELECT: a bare name is an output column first, anything else is over input columns."""
    clause = node.args.get("order")
    if clause is None:
        return ""
    present(clause, "expressions")
    return " ORDER BY " + ", ".join(_order_item(ctx, item, items) for item in clause.expressions)


def _order_item(ctx: Context, item: exp.Ordered, items: Sequence[Item]) -> str:
    present(item, "this", "desc", "nulls_first")
    node = item.this
    starred = any(other.name == "*" and other.type.name == "any" for other in items)
    if isinstance(node, exp.Literal) and not node.is_string:
        if not node.name.isdigit() or starred or not 1 <= int(node.name) <= len(items):
            raise Untranslatable(f"ORDER BY position {node.name} is not in select list", sqlstate="42P10")
        return ordering(ctx, item, Term(node.name, items[int(node.name) - 1].type))
    if isinstance(node, exp.Column) and not node.args.get("table") and not isinstance(node.this, exp.Star):
        name = folded(node.this)
        named = [
            position
            for position, other in enumerate(items, 1)
            if other.name == name and other.node is not None
        ]
        if len({items[position - 1].sql for position in named}) > 1:
            raise Untranslatable(f'ORDER BY "{name}" is ambiguous', sqlstate="42702")
        if named:
            target = items[named[0] - 1]
            alone = sum(other.name.casefold() == name.casefold() for other in items) == 1 and not starred
            if isinstance(target.node, exp.Column):
                return ordering(ctx, item, ctx.term(target.node))
            if not alone and starred:
                raise Untranslatable(f'ORDER BY "{name}" beside a star over unknown columns')
            return ordering(ctx, item, Term(identifier(name) if alone else str(named[0]), target.type))
    return ordering(ctx, item)


def limits(ctx: Context, node: exp.Expr) -> str:
    """LIMIT or FETCH FIRST, and OFFSET."""
    sql = ""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if isinstance(limit, exp.Fetch):
        present(limit, "direction", "count", "limit_options")
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("with_ties") or options.args.get("percent")):
            raise Untranslatable("FETCH FIRST ... WITH TIES")
        count = limit.args.get("count")
        value = row_count(count, "LIMIT") if count is not None else 1
    elif limit is not None:
        present(limit, "expression", "this")
        value = row_count(limit.expression, "LIMIT")
    else:
        value = None
    if value is not None:
        sql += f" LIMIT {value}"
    if offset is not None:
        present(offset, "expression", "this")
        skipped = row_count(offset.expression, "OFFSET")
        sql += f" OFFSET {skipped}" if skipped else ""
    return sql


def row_count(node: exp.Expr, clause: str) -> int | None:
    """A constant row count; None for ALL and NULL, and for more rows than PostgreSQL can count."""
    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    if isinstance(node, exp.Null) or (isinstance(node, exp.Var) and node.name.upper() == "ALL"):
        return None
    if isinstance(node, exp.Neg):
        raise Untranslatable(
            f"{clause} must not be negative", sqlstate="2201W" if clause == "LIMIT" else "2201X"
        )
    if not isinstance(node, exp.Literal) or not node.name.isdigit():
        raise Untranslatable(f"{clause} with anything but a constant")
    value = int(node.name)
    if value == 2**63 - 1 and clause == "LIMIT":
        return None
    if value > MAX_LIMIT:
        raise Untranslatable(f"{clause} above {MAX_LIMIT}")
    return value


def _values(ctx: Context, node: exp.Values) -> Query:
    from spark_thrift.dialect.relations import values_rows

    present(node, "with_", "expressions", "order", "limit", "offset")
    sql, columns = values_rows(ctx, node)
    names = ", ".join(identifier(column.name) for column in columns)
    items = [Item("", column.name, column.type) for column in columns]
    body = f"SELECT * FROM (VALUES {sql}) AS `values`({names})"
    return Query(body + setops.order_by_position(ctx, node, items) + limits(ctx, node), tuple(columns))


def _wrapped(ctx: Context, node: exp.Subquery) -> Query:
    # (SELECT ...) ORDER BY ... LIMIT ...: the clauses apply to the whole.
    present(node, "this", "with_", "order", "limit", "offset")
    inner = query(ctx, node.this)
    items = [Item("", column.name, column.type) for column in inner.columns or ()]
    tail = setops.order_by_position(ctx, node, items) + limits(ctx, node)
    return Query(f"SELECT * FROM ({inner.sql}){tail}", inner.columns)
