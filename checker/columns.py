"""Every table and column that a query reads, by PostgreSQL's rules of scope.

A column reference means the innermost FROM that has the name; a bare name in ORDER BY and DISTINCT ON means an output
column first, in GROUP BY an input column first; a name that is no column may be a whole row.  A subquery's or a WITH's
own columns hold nothing by themselves: what they were made of counts as read where it was written, whether the outer
query uses it or not, as in PostgreSQL.

Rules: where a name may mean several things, all of them count as read.  Every Table and Column node is visited; one
that is not (a construct without a rule here) is a stray, and who asks has to refuse it.
Source: PostgreSQL 18 src/backend/parser/{parse_clause,parse_relation,parse_expr,parse_target}.c.

Left out: types, and whether PostgreSQL would take the query: it is asked itself afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlglot import expressions as exp

from checker.facts import position_of
from checker.reading import Elsewhere, Find, Level, Names, Reading, Source, Unresolved, Use, exact

Ctes = Mapping[str, Names]
LATER: Names = [None]
"""Stands for an entry of WITH RECURSIVE that is defined after the one which names it."""
_GROUPINGS = (exp.GroupingSets, exp.Rollup, exp.Cube, exp.Tuple)


def read(tree: exp.Expression, find: Find, compare: Callable[[str], str] = exact) -> Reading:
    """What the query reads.  `compare` brings names into the form in which they are equal."""
    resolver = _Resolver(find, compare)
    resolver.query(tree, {}, None)
    found, visited = resolver.reading, resolver.visited
    found.strays += [n for n in tree.find_all(exp.Table, exp.Column) if id(n) not in visited]
    return found


class _Resolver:
    def __init__(self, find: Find, compare: Callable[[str], str]) -> None:
        self.reading = Reading()
        self.visited: set[int] = set()
        self._find = find
        self._name = compare

    # -- queries -------------------------------------------------------------------------------------------

    def query(self, node: Any, ctes: Ctes, parent: Level | None, orders: list[Any] | None = None) -> Names:
        """The names of the query's columns.  `orders` are ORDER BY items that a pair of parentheses put outside."""
        orders = list(orders or ())
        ctes = self._with(node, ctes, parent)
        order = node.args.get("order")
        if order is not None:
            orders += order.expressions
        limits = [node.args[name] for name in ("limit", "offset") if node.args.get(name)]
        self._expressions(limits, Level([], parent), ctes)
        if isinstance(node, exp.Select):
            return self._select(node, ctes, parent, orders)
        if isinstance(node, exp.SetOperation):
            names = self._set_operation(node, ctes, parent)
        elif isinstance(node, exp.Subquery):
            return self.query(node.this, ctes, parent, orders)
        elif isinstance(node, exp.Values):
            names = self._values(node, Level([], parent), ctes)
        else:
            self.reading.strays.append(node)
            return None
        self._by_output(orders, Level([], parent), ctes, names, output_only=True)
        return names

    def _with(self, node: Any, ctes: Ctes, parent: Level | None) -> Ctes:
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        inside = dict(ctes)
        recursive = bool(clause.args.get("recursive"))
        if recursive:
            inside |= {self._name(cte.args["alias"].this.this): LATER for cte in clause.expressions}
        for cte in clause.expressions:
            own = self._name(cte.args["alias"].this.this)
            if recursive:
                inside[own] = self._renamed(None, cte)
            inside[own] = self._renamed(self.query(cte.this, inside, parent), cte)
        return inside

    def _set_operation(self, node: Any, ctes: Ctes, parent: Level | None) -> Names:
        branches, first = [], node
        # Down the left spine without recursion: five hundred UNIONs are not a deep statement.
        while isinstance(first, exp.SetOperation) and (first is node or not _has_clauses(first)):
            branches.append(first.expression)
            first = first.this
        names = self.query(first, ctes, parent)
        for branch in reversed(branches):
            self.query(branch, ctes, parent)
        return names

    def _values(self, node: Any, level: Level, ctes: Ctes) -> Names:
        self._expressions(node.expressions, level, ctes)
        first = node.expressions[0] if node.expressions else None
        width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
        return [f"column{number}" for number in range(1, width + 1)]

    def _select(self, node: Any, ctes: Ctes, parent: Level | None, orders: list[Any]) -> Names:
        level = Level([], parent)
        star = self._from(node, level, ctes)
        names: Names = []
        for item in node.expressions:
            found: Names = [self._figure(item)]
            if type(item) is exp.Star:
                self._star(level.sources, position_of(item))
                found = star
            elif type(item) is exp.Column and type(item.this) is exp.Star:
                source = self._column(item, level)
                found = source.names if source is not None else None
            else:
                self._expressions([item], level, ctes)
            names = None if names is None or found is None else names + found
        inputs = [node.args.get("where"), node.args.get("having"), *(node.args.get("windows") or ())]
        self._expressions(inputs, level, ctes)
        distinct, group = node.args.get("distinct"), node.args.get("group")
        if distinct is not None and distinct.args.get("on") is not None:
            self._by_output(distinct.args["on"].expressions, level, ctes, names)
        if group is not None:
            items = [each for value in group.args.values() if isinstance(value, list) for each in value]
            self._by_output(items, level, ctes, names, grouping=True)
        self._by_output(orders, level, ctes, names)
        return names

    def _by_output(
        self,
        items: Iterable[Any],
        level: Level,
        ctes: Ctes,
        outputs: Names,
        *,
        grouping: bool = False,
        output_only: bool = False,
    ) -> None:
        """Items whose bare names may mean output columns (findTargetlistEntrySQL92)."""
        stack = list(items)
        while stack:
            item = stack.pop()
            if isinstance(item, exp.Ordered):
                item = item.this
            if isinstance(item, exp.Paren) or (grouping and isinstance(item, _GROUPINGS)):
                stack += _children(item)
            elif self._is_output(item, level, outputs, grouping=grouping, output_only=output_only):
                self.visited.add(id(item))
            else:
                self._expressions([item], level, ctes)

    def _is_output(
        self, item: Any, level: Level, outputs: Names, *, grouping: bool, output_only: bool
    ) -> bool:
        if type(item) is not exp.Column or item.args.get("table"):
            return False
        name = self._name(item.this.name)
        if output_only:
            return True
        if grouping and any(source.has(name) for source in level.sources):
            return False
        if outputs is not None and name in outputs:
            return True
        # An output column without a known name may be meant where nothing else can be.
        seen = any(s.has(name) or s.alias == name for each in level.outward() for s in each.sources)
        return (outputs is None or None in outputs) and not seen

    # -- FROM ----------------------------------------------------------------------------------------------

    def _from(self, node: Any, level: Level, ctes: Ctes) -> Names:
        """Fill the level.  What a star stands for."""
        clause = node.args.get("from_")
        if clause is None:
            return []
        joins = node.args.get("joins") or ()
        groups = [self._joined(clause.this, level, ctes)]
        for join in joins:
            if any(join.args.get(key) for key in ("side", "kind", "method", "on", "using")):
                groups[-1] = self._join(groups[-1], join, level, ctes)
            else:
                groups.append(self._joined(join.this, level, ctes))
        return _concatenated([names for _, names in groups])

    def _joined(self, node: Any, level: Level, ctes: Ctes) -> tuple[list[Source], Names]:
        """One item of a FROM with the joins that hang on it: what it puts in sight, and its columns."""
        found = self._item(node, level, ctes)
        for join in node.args.get("joins") or ():
            found = self._join(found, join, level, ctes)
        return found

    def _join(
        self, left: tuple[list[Source], Names], join: Any, level: Level, ctes: Ctes
    ) -> tuple[list[Source], Names]:
        right = self._joined(join.this, level, ctes)
        sources = left[0] + right[0]
        shared: list[str] = []
        if join.args.get("method") == "NATURAL":
            if left[1] is None or right[1] is None or None in left[1] or None in right[1]:
                # Which columns it compares is not known, so all may be.
                self._star(sources, None)
            else:
                shared = [name for name in left[1] if name is not None and name in right[1]]
        shared += [self._name(name.name) for name in join.args.get("using") or ()]
        for name in shared:
            for source in sources:
                source.mark(name, None)
        on = join.args.get("on")
        self._expressions([on], Level(sources, level.parent), ctes)
        rest = [
            None if names is None else [name for name in names if name not in shared]
            for names in (left[1], right[1])
        ]
        return sources, _concatenated([list(shared), *rest])

    def _item(self, node: Any, level: Level, ctes: Ctes) -> tuple[list[Source], Names]:
        lateral = Level(list(level.sources), level.parent)
        inner = node.this
        if isinstance(node, exp.Table) and isinstance(inner, exp.Identifier):
            source = self._table(node, ctes)
        elif isinstance(node, exp.Table | exp.Lateral) and not isinstance(inner, exp.Subquery):
            self.visited.add(id(node))
            self._expressions([inner, *(node.args.get("rows_from") or ())], lateral, ctes)
            source = Source(
                self._alias(node) or self._name(getattr(inner, "name", "")), self._renamed(None, node)
            )
        elif isinstance(node, exp.Values):
            source = Source(self._alias(node), self._renamed(self._values(node, lateral, ctes), node))
        elif isinstance(node, exp.Subquery) and _is_join(inner):
            before = len(level.sources)
            found = self._joined(inner, level, ctes)
            if not self._alias(node):
                return found
            # The name hides those inside; whatever is read through it counts as all being read.
            del level.sources[before:]
            self._star(found[0], None)
            source = Source(self._alias(node), self._renamed(found[1], node))
        elif isinstance(node, exp.Subquery | exp.Lateral):
            around = lateral if isinstance(node, exp.Lateral) else level.parent
            query = inner if isinstance(node, exp.Lateral) else node
            source = Source(self._alias(node), self._renamed(self.query(query, ctes, around), node))
        else:
            self.reading.strays.append(node)
            return [], None
        level.sources.append(source)
        return [source], source.names

    def _table(self, node: Any, ctes: Ctes) -> Source:
        self.visited.add(id(node))
        own, alias = self._name(node.this.this), self._alias(node)
        if not node.args.get("db") and own in ctes:
            names = ctes[own]
            if names is LATER:
                # PostgreSQL would take it for the sibling that follows, Spark for a table.
                self.reading.strays.append(node)
            return Source(alias or own, self._renamed(names, node))
        table = self._find(node)
        if isinstance(table, Elsewhere):
            (self.reading.unknown if table is Elsewhere.UNKNOWN else self.reading.catalogue).append(node)
            return Source(alias or own, self._renamed(None, node))
        use = Use(node, table)
        self.reading.uses.append(use)
        originals = [column.name for column in table.columns]
        names = self._renamed([self._name(name) for name in originals], node)
        return Source(alias or own, names, use, originals, bare=not alias)

    def _alias(self, node: Any) -> str:
        alias = node.args.get("alias")
        return self._name(alias.this.name) if alias is not None and alias.this is not None else ""

    def _renamed(self, names: Names, node: Any) -> Names:
        """The names under an alias's own list of columns, which may be shorter."""
        alias = node.args.get("alias")
        listed = [self._name(column.name) for column in (alias.args.get("columns") or ())] if alias else []
        if names is None:
            return [*listed, None] if listed else None
        return [*listed, *names[len(listed) :]][: len(names)]

    # -- expressions ---------------------------------------------------------------------------------------

    def _expressions(self, nodes: Iterable[Any], level: Level, ctes: Ctes) -> None:
        stack = [node for node in nodes if node is not None]
        while stack:
            node = stack.pop()
            if type(node) is exp.Column:
                self._column(node, level)
            elif isinstance(node, exp.Query | exp.Values):
                self.query(node, ctes, level)
            else:
                stack += _children(node)

    def _star(self, sources: Iterable[Source], position: int | None) -> None:
        for source in sources:
            if source.use is not None:
                source.use.star(position)

    def _column(self, node: Any, level: Level) -> Source | None:
        """Note what one column reference reads.  The source that it names with a star or as a whole row."""
        self.visited.add(id(node))
        table, position = node.args.get("table"), position_of(node.args.get("table") or node.this)
        star = isinstance(node.this, exp.Star)
        name = "" if star else self._name(node.this.name)
        if table is not None:
            source = self._named(node, self._name(table.name), level)
            if source is None:
                self._unresolved(node, name, table.name, level)
            elif star:
                self._star([source], position)
            elif source.has(name):
                source.mark(name, position)
            elif not source.open:
                # `t.f` is `f(t)` where t has no column f.
                uses = (source.use,) if source.use is not None else ()
                self.reading.unresolved.append(Unresolved(node, name, table.name, uses))
            return source
        may_be_elsewhere = False
        for each in level.outward():
            found = [source for source in each.sources if source.has(name)]
            for source in found:
                source.mark(name, position)
            if found:
                return None
            may_be_elsewhere |= any(source.open for source in each.sources)
        for each in level.outward():
            for source in each.sources:
                if source.alias == name:
                    self._star([source], position)
                    return source
        if not may_be_elsewhere:
            self._unresolved(node, name, None, level)
        return None

    def _named(self, node: Any, alias: str, level: Level) -> Source | None:
        schema = node.args.get("db")
        for each in level.outward():
            for source in each.sources:
                if source.alias != alias:
                    continue
                if schema is None:
                    return source
                use = source.use if source.bare else None
                if use is not None and self._name(use.table.schema) == self._name(schema.name):
                    use.qualified.append(node)
                    return source
        return None

    def _unresolved(self, node: Any, name: str, table: str | None, level: Level) -> None:
        uses = [s.use for each in level.outward() for s in each.sources if s.use is not None]
        self.reading.unresolved.append(Unresolved(node, name, table, tuple(uses)))

    def _figure(self, node: Any) -> str | None:
        """The name of an output column, where PostgreSQL's rule for it (FigureColname) is a plain one."""
        if isinstance(node, exp.Alias):
            return self._name(node.args["alias"].name)
        if isinstance(node, exp.Column):
            return self._name(node.this.name)
        if isinstance(node, exp.Anonymous) and isinstance(node.this, str):
            return self._name(node.this)
        if isinstance(node, exp.Paren | exp.Window | exp.Filter):
            return self._figure(node.this)
        return None


def _concatenated(parts: Iterable[Names]) -> Names:
    joined: list[str | None] = []
    for names in parts:
        if names is None:
            return None
        joined += names
    return joined


def _is_join(node: Any) -> bool:
    """Whether what stands in a FROM's parentheses is a join and not a query."""
    if isinstance(node, exp.Select | exp.SetOperation):
        return False
    return isinstance(node, exp.Table) or bool(node.args.get("alias") or node.args.get("joins"))


def _has_clauses(node: Any) -> bool:
    return any(node.args.get(name) for name in ("with_", "order", "limit", "offset"))


def _children(node: Any) -> list[Any]:
    found = []
    for value in node.args.values():
        if isinstance(value, exp.Expression):
            found.append(value)
        elif isinstance(value, list):
            found += [item for item in value if isinstance(item, exp.Expression)]
    return found
