"""FROM: tables, joins, derived tables, VALUES, functions.

Joins print in their order; a comma item's ON does not see the items before it.
Left out: ROWS FROM, column definition lists, NATURAL joins over unknown columns, aliases on a parenthesised join.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from spark_thrift.dialect.calls import Call
from spark_thrift.dialect.casts import common_type, convert, unify
from spark_thrift.dialect.context import Context, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.names import folded
from spark_thrift.dialect.operators import truth
from spark_thrift.dialect.pgtypes import ANY, INT8, TEXT, from_spark
from spark_thrift.dialect.scope import ColumnInfo, Relation, Scope
from spark_thrift.dialect.series import constant_range, elements, series_call
from spark_thrift.dialect.terms import Term, identifier


def from_clause(ctx: Context, node: exp.Select) -> tuple[str, Scope]:
    """The FROM clause's text, with the scope that the other clauses see."""
    scope = Scope(parent=ctx.scope)
    source = node.args.get("from_")
    if node.args.get("laterals"):
        raise Untranslatable("LATERAL VIEW")
    if source is None:
        return "", scope
    present(source, "this")
    joins = [*(node.args.get("joins") or [])]
    return f" FROM {_joined(ctx, scope, source.this, joins)}", scope


def _joined(ctx: Context, scope: Scope, first: exp.Expr, joins: Sequence[exp.Join]) -> str:
    nested = [*(first.args.get("joins") or [])] if isinstance(first, (exp.Table, exp.Subquery)) else []
    sql, item_start = _item(ctx, scope, first), 0
    for join in (*nested, *joins):
        if _is_comma(join):
            item_start = len(scope.relations)
            sql += ", " + _item(ctx, scope, join.this)
            nested_joins = join.this.args.get("joins") or []
            for inner in nested_joins:
                sql += _join(ctx, scope, inner, item_start)
        else:
            sql += _join(ctx, scope, join, item_start)
    return sql


def _is_comma(join: exp.Join) -> bool:
    return not any(join.args.get(key) for key in ("side", "kind", "method", "on", "using"))


def _join(ctx: Context, scope: Scope, join: exp.Join, item_start: int) -> str:
    present(join, "this", "side", "kind", "method", "on", "using")
    side, kind, method = (str(join.args.get(key) or "").upper() for key in ("side", "kind", "method"))
    if side not in ("", "LEFT", "RIGHT", "FULL") or kind not in ("", "INNER", "OUTER", "CROSS"):
        raise Untranslatable(f"{side} {kind} JOIN".strip())
    if method not in ("", "NATURAL"):
        raise Untranslatable(f"{method} JOIN")
    boundary = len(scope.relations)
    right = _item(ctx, scope, join.this)
    words = " ".join(word for word in (side, "CROSS" if kind == "CROSS" else "", "JOIN") if word)
    if method:
        names = _natural(scope, item_start, boundary)
        if not names:
            return f" CROSS JOIN {right}" if not side else f" {words} {right} ON TRUE"
        return f" {words} {right}" + _using(scope, names, item_start, boundary, side)
    if using := join.args.get("using"):
        return f" {words} {right}" + _using(
            scope, [folded(name) for name in using], item_start, boundary, side
        )
    if (on := join.args.get("on")) is not None:
        visible = Scope(
            parent=scope.parent,
            relations=scope.relations[item_start:],
            merged=scope.merged,
            hidden=scope.hidden,
        )
        condition = truth(ctx.within(visible), on)
        return f" {words} {right} ON {condition.sql}"
    if kind != "CROSS":
        raise Untranslatable("a JOIN without a condition", sqlstate="42601")
    return f" {words} {right}"


def _natural(scope: Scope, item_start: int, boundary: int) -> list[str]:
    left, right = _names(scope, item_start, boundary), _names(scope, boundary, None)
    return [name for name in left if name in right]


def _names(scope: Scope, start: int, stop: int | None) -> list[str]:
    names: list[str] = []
    for relation in scope.relations[start:stop]:
        if relation.columns is None:
            raise Untranslatable("NATURAL JOIN over a table whose columns are not known")
        names += [
            column.name for column in relation.columns if (relation.alias, column.name) not in scope.hidden
        ]
    return [*dict.fromkeys([*(scope.merged if start == 0 and stop is not None else ()), *names])]


def _using(scope: Scope, names: Sequence[str], item_start: int, boundary: int, side: str) -> str:
    merged: dict[str, ColumnInfo] = {}
    for name in names:
        left = _side_column(scope, name, item_start, boundary) or scope.merged.get(name)
        right = _side_column(scope, name, boundary, len(scope.relations))
        if left is None or right is None:
            raise Untranslatable(
                f'column "{name}" specified in USING clause does not exist', sqlstate="42703"
            )
        kind = common_type([left.type, right.type])
        if kind is None:
            raise Untranslatable(
                f"JOIN/USING types {left.type} and {right.type} cannot be matched", sqlstate="42804"
            )
        if kind.name != "any" and left.type.name != right.type.name:
            raise Untranslatable("JOIN USING columns of different types", "write the condition with ON")
        merged[name] = ColumnInfo(name, kind)
        for relation in scope.relations[item_start:]:
            scope.hidden.add((relation.alias, name))
    scope.merged = {**merged, **{name: column for name, column in scope.merged.items() if name not in merged}}
    return f" USING ({', '.join(identifier(name) for name in names)})"


def _side_column(scope: Scope, name: str, start: int, stop: int) -> ColumnInfo | None:
    for relation in scope.relations[start:stop]:
        if (relation.alias, name) in scope.hidden:
            continue
        if found := relation.find(name):
            return found
    return None


def _item(ctx: Context, scope: Scope, node: exp.Expr) -> str:
    if isinstance(node, exp.Table):
        if isinstance(node.this, exp.Func):
            return _function(ctx, scope, node.this, node, ordinality=bool(node.args.get("ordinality")))
        return _table(ctx, scope, node)
    if isinstance(node, exp.Values):
        return _values(ctx, scope, node)
    if isinstance(node, exp.Unnest):
        return _unnest(ctx, scope, node)
    if isinstance(node, exp.Lateral):
        return _lateral(ctx, scope, node)
    if isinstance(node, exp.Subquery):
        return _derived(ctx, scope, node)
    raise Untranslatable(f"{type(node).__name__} in FROM")


def _table(ctx: Context, scope: Scope, node: exp.Table) -> str:
    present(node, "this", "db", "catalog", "alias", "joins", "sample", "only")
    if not isinstance(node.this, exp.Identifier):
        raise Untranslatable("this item in FROM")
    name, schema = folded(node.this), folded(node.args["db"]) if node.args.get("db") else None
    alias, names = _alias(node)
    source = scope.cte(name) if schema is None else None
    columns: tuple[ColumnInfo, ...] | None
    if source is None and schema is None and ctx.schema is not None:
        # Spark would look for it in its own current database: only names of a WITH are bare.
        raise Untranslatable(f'relation "{name}" does not exist', sqlstate="42P01")
    if source is not None:
        columns, sql = source.columns, identifier(source.alias)
    else:
        columns = _catalogue_columns(ctx, schema, name)
        parts = [folded(node.args["catalog"])] if node.args.get("catalog") else []
        sql = ".".join(identifier(part) for part in [*parts, *([schema] if schema else []), name])
    if node.args.get("sample"):
        sql += _sample(node.args["sample"])
    return sql + _register(scope, alias or name, columns, names, named=alias is not None)


def _catalogue_columns(ctx: Context, schema: str | None, table: str) -> tuple[ColumnInfo, ...] | None:
    if ctx.schema is None or schema is None:
        return None
    columns = ctx.schema.get((schema, table))
    if columns is None:
        return None
    return tuple(ColumnInfo(name, from_spark(kind)) for name, kind in columns)


def _alias(node: exp.Expr) -> tuple[str | None, list[str]]:
    alias = node.args.get("alias")
    if alias is None:
        return None, []
    names = alias.args.get("columns") or []
    if any(not isinstance(name, exp.Identifier) for name in names):
        raise Untranslatable("a column definition list")
    return (folded(alias.this) if alias.this else None), [folded(name) for name in names]


def _register(
    scope: Scope,
    alias: str | None,
    columns: tuple[ColumnInfo, ...] | None,
    names: Sequence[str],
    *,
    named: bool,
) -> str:
    """Add the relation to the scope; the ` AS alias(columns)` to print."""
    if columns is not None:
        if len(names) > len(columns):
            raise Untranslatable(
                f'table "{alias}" has {len(columns)} columns available but {len(names)} columns specified',
                sqlstate="42P10",
            )
        columns = tuple(
            ColumnInfo(names[position], column.type) if position < len(names) else column
            for position, column in enumerate(columns)
        )
    elif names:
        columns = tuple(ColumnInfo(name, ANY) for name in names)
    scope.add(Relation(alias or "", columns, qualified=alias is not None))
    if not named or alias is None:
        return ""
    listed = f"({', '.join(identifier(column.name) for column in columns)})" if names and columns else ""
    return f" AS {identifier(alias)}{listed}"


def _sample(node: exp.TableSample) -> str:
    present(node, "method", "percent", "seed")
    if node.args["method"].name.upper() not in ("BERNOULLI", "SYSTEM"):
        raise Untranslatable(f"TABLESAMPLE {node.args['method'].name}")
    percent, seed = node.args.get("percent"), node.args.get("seed")
    if not isinstance(percent, exp.Literal) or (seed is not None and not isinstance(seed, exp.Literal)):
        raise Untranslatable("TABLESAMPLE with anything but constants")
    repeat = f" REPEATABLE ({int(float(seed.name))})" if seed is not None else ""
    return f" TABLESAMPLE ({float(percent.name)} PERCENT){repeat}"


def _derived(ctx: Context, scope: Scope, node: exp.Subquery, *, lateral: bool = False) -> str:
    present(node, "this", "alias", "joins", "sample")
    alias, names = _alias(node)
    if isinstance(node.this, exp.Table) or _is_derived(node.this):
        if alias:
            raise Untranslatable("an alias on a parenthesised join")
        return f"({_joined(ctx, scope, node.this, [])})"
    # A derived table sees the outer query but not its neighbours, unless it is LATERAL.
    outer = ctx.within(scope) if lateral else ctx
    if isinstance(node.this, exp.Values) and not node.this.args.get("with_"):
        rows, columns = _value_rows(outer, node.this)
        # An inline table takes no columns from outside.
        body = _inlined(rows) if lateral and node.this.find(exp.Column) else f"VALUES {_shown_rows(rows)}"
        names = names or [column.name for column in columns]
        return f"({body})" + _register(scope, alias or "values", tuple(columns), names, named=True)
    query = outer.query(node.this)
    if node.args.get("sample"):
        raise Untranslatable("TABLESAMPLE of a derived table")
    return f"({query.sql})" + _register(scope, alias, query.columns, names, named=alias is not None)


def _is_derived(node: exp.Expr) -> bool:
    """Whether it is an item of FROM, the first of a join in parentheses, and not a query of its own."""
    return isinstance(node, exp.Subquery) and bool(node.args.get("alias") or node.args.get("joins"))


def _lateral(ctx: Context, scope: Scope, node: exp.Lateral) -> str:
    present(node, "this", "alias", "view", "outer", "ordinality", "cross_apply")
    if node.args.get("view") or node.args.get("cross_apply") is not None:
        raise Untranslatable("LATERAL VIEW")
    if isinstance(node.this, exp.Unnest):
        offset = bool(node.args.get("ordinality") or node.this.args.get("offset"))
        alias, names = _alias(node)
        return _series(
            ctx, scope, Call("unnest", tuple(node.this.expressions), "unnest"), alias, names, offset
        )
    if isinstance(node.this, exp.Subquery):
        inner = node.this.copy()
        inner.set("alias", node.args.get("alias"))
        return "LATERAL " + _derived(ctx, scope, inner, lateral=True)
    return _function(ctx, scope, node.this, node, ordinality=bool(node.args.get("ordinality")))


def _unnest(ctx: Context, scope: Scope, node: exp.Unnest) -> str:
    present(node, "expressions", "alias", "offset")
    if len(node.expressions) != 1:
        raise Untranslatable("unnest of several arrays")
    offset = node.args.get("offset")
    alias, names = _alias(node)
    if isinstance(offset, exp.Identifier):
        names = [*names, folded(offset)]
    return _series(ctx, scope, Call("unnest", tuple(node.expressions), "unnest"), alias, names, bool(offset))


def _function(ctx: Context, scope: Scope, function: exp.Expr, node: exp.Expr, *, ordinality: bool) -> str:
    if isinstance(node, exp.Table):
        present(node, "this", "alias", "joins", "ordinality")
    call = series_call(function)
    if call is None:
        name = function.name if isinstance(function, exp.Anonymous) else type(function).__name__
        raise Untranslatable(f"function {name.lower()} in FROM")
    alias, names = _alias(node)
    return _series(ctx, scope, call, alias, names, ordinality)


def _series(
    ctx: Context,
    scope: Scope,
    call: Call,
    alias: str | None,
    names: Sequence[str],
    ordinality: bool,
) -> str:
    inner = ctx.within(scope)
    table = alias or call.name
    # A function that returns one column names it after the table's alias.
    column = names[0] if names else table
    array, kind = elements(inner, call)
    infos = [ColumnInfo(column, kind)]
    if ordinality:
        infos.append(ColumnInfo(names[1] if len(names) > 1 else "ordinality", INT8))
        numbered = f"SELECT posexplode({array}) AS (`position`, `item`)"
        body = f"SELECT `e`.`item`, CAST(`e`.`position` + 1 AS BIGINT) FROM ({numbered}) AS `e`"
    else:
        body = constant_range(inner, call) or f"SELECT explode({array})"
    lateral = "LATERAL " if any(arg.find(exp.Column) for arg in call.args) else ""
    return f"{lateral}({body})" + _register(
        scope, table, tuple(infos), [info.name for info in infos], named=True
    )


def values_rows(ctx: Context, node: exp.Values) -> tuple[str, list[ColumnInfo]]:
    """The rows of VALUES, each column in its common type, under PostgreSQL's column names."""
    rows, infos = _value_rows(ctx, node)
    return _shown_rows(rows), infos


def _shown_rows(rows: Sequence[Sequence[Term]]) -> str:
    return ", ".join(f"({', '.join(term.sql for term in row)})" for row in rows)


def _inlined(rows: Sequence[Sequence[Term]]) -> str:
    structs = []
    for row in rows:
        fields = ", ".join(f"'f{position}', {term.sql}" for position, term in enumerate(row))
        structs.append(f"named_struct({fields})")
    return f"SELECT inline(array({', '.join(structs)}))"


def _value_rows(ctx: Context, node: exp.Values) -> tuple[list[tuple[Term, ...]], list[ColumnInfo]]:
    rows = [ctx.terms(row.expressions if isinstance(row, exp.Tuple) else [row]) for row in node.expressions]
    if len({len(row) for row in rows}) != 1:
        raise Untranslatable("VALUES lists must all be the same length", sqlstate="42601")
    typed: list[list[Term]] = []
    infos: list[ColumnInfo] = []
    for position, column in enumerate(zip(*rows, strict=True), 1):
        terms, kind = unify(list(column), "VALUES")
        if kind == TEXT:
            terms = [convert(term, TEXT) for term in terms]
        typed.append(terms)
        infos.append(ColumnInfo(f"column{position}", kind))
    return list(zip(*typed, strict=True)), infos


def _values(ctx: Context, scope: Scope, node: exp.Values) -> str:
    present(node, "expressions", "alias", "joins")
    sql, columns = values_rows(ctx, node)
    alias, names = _alias(node)
    listed = [
        names[position] if position < len(names) else column.name for position, column in enumerate(columns)
    ]
    return f"(VALUES {sql})" + _register(scope, alias or "values", tuple(columns), listed, named=True)
