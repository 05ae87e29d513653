"""Rules that mend what small models get wrong in a draft, before the gate sees it.

Rules: each takes the draft and the tables and gives edits of its text or none; an edit only makes explicit what the
question's reader expects, or names the table that does hold a column; what cannot be mended stays as it is and fails
at the engine with the right error.  Every mending that changes what is read is told in the draft's notes.
Leaves out: asking the model again (it mended 1 draft in 21).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp, parse_one

from nl_frontend.lexer import Token, tokens
from nl_frontend.prompt import KEY_NAME, Table, declared_keys, home_of, order, quote, table_name

_YEAR = re.compile(r"'(\d{4})(?:-?%)?'\Z")
_AFTER_FROM = ("where", "group", "having", "window", "order", "limit", "offset", "fetch", "union", "for")


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters `start` to `end` of the draft become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Amended:
    """A draft after the rules, and what they did to its meaning."""

    sql: str
    notes: tuple[str, ...]


def amend(sql: str, tables: Iterable[Table], *, search_path: Sequence[str]) -> Amended:
    """The draft after every rule, in order.  Shapes: `sql` parses as one PostgreSQL query."""
    ordered = order(tables, search_path)
    amended = _by(COLUMN_RULES + POSTGRES_RULES, sql, ordered, search_path)
    return replace(amended, sql=apply(amended.sql, _readers_expectations(amended.sql)))


def amend_columns(sql: str, tables: Iterable[Table], *, search_path: Sequence[str]) -> Amended:
    """The draft after the rules that any dialect has a use for.  Raises: sqlglot's SqlglotError."""
    return _by(COLUMN_RULES, sql, order(tables, search_path), search_path)


def _by(rules: Iterable[Rule], sql: str, tables: Sequence[Table], search_path: Sequence[str]) -> Amended:
    notes = []
    for rule in rules:
        edits, note = rule(sql, tables, search_path)
        sql = apply(sql, edits)
        if note:
            notes.append(note)
    return Amended(sql, tuple(notes))


def apply(sql: str, edits: Iterable[Edit]) -> str:
    """The text after the edits, which do not overlap."""
    for edit in sorted(edits, key=lambda e: e.start, reverse=True):
        sql = sql[: edit.start] + edit.text + sql[edit.end :]
    return sql


def _readers_expectations(sql: str) -> list[Edit]:
    """Text is compared whatever its case, and the largest is not NULL (PostgreSQL sorts NULL first in DESC)."""
    code = [t for t in tokens(sql) if not t.blank]
    edits = []
    for i, token in enumerate(code):
        if token.is_word("like"):
            edits.append(Edit(token.start, token.end, "ILIKE"))
        if token.is_word("desc") and not (i + 1 < len(code) and code[i + 1].is_word("nulls")):
            edits.append(Edit(token.end, token.end, " NULLS LAST"))
    return edits


def _years(sql: str, tables: Sequence[Table], search_path: Sequence[str]) -> tuple[list[Edit], str | None]:
    """`date LIKE '2012%'` has no operator in PostgreSQL, `date = '2012'` no value; both mean the year."""
    dates = {
        c.name for t in tables for c in t.columns if c.spark_type.lower().startswith(("date", "timestamp"))
    }
    code = [t for t in tokens(sql) if not t.blank]
    edits = []
    for i, token in enumerate(code[:-2]):
        year = _YEAR.match(code[i + 2].text)
        alike = code[i + 1].is_word("like", "ilike") or code[i + 1].text == "="
        if token.text in dates and alike and year:
            first = code[i - 2] if i >= 2 and code[i - 1].text == "." else token
            column = sql[first.start : token.end]
            edits.append(Edit(first.start, code[i + 2].end, f"EXTRACT(YEAR FROM {column}) = {year[1]}"))
    return edits, None


def _groups(sql: str, tables: Sequence[Table], search_path: Sequence[str]) -> tuple[list[Edit], str | None]:
    """Columns beside a count that are not grouped by, which is an error: count for each of their values.

    Not beside a smallest or largest value: who writes that wants the row which has it.
    """
    tree = parse_one(sql, read="postgres")
    if not isinstance(tree, exp.Select) or len(list(tree.find_all(exp.Query))) != 1:
        return [], None
    calls = [*tree.find_all(exp.AggFunc, exp.Window)]
    if not calls or not all(isinstance(call, exp.Count | exp.Sum | exp.Avg) for call in calls):
        return [], None
    group = tree.args.get("group")
    by = [] if group is None else group.expressions
    if any(isinstance(e, exp.Rollup | exp.Cube | exp.GroupingSets | exp.Tuple) for e in by) or (
        group and not by
    ):
        return [], None
    grouped = {e.sql("postgres") for e in by} | {e.name for e in by if isinstance(e, exp.Column)}
    plain = [
        (number, item.unalias())
        for number, item in enumerate(tree.expressions, 1)
        if not item.find(exp.AggFunc)
        and item.find(exp.Column, exp.Star)
        and not grouped & {item.unalias().sql("postgres"), item.alias_or_name, str(number)}
    ]
    if not plain or any(item.find(exp.Star) for _, item in plain):
        return [], None
    missing = ", ".join(item.sql("postgres") if isinstance(item, exp.Column) else str(n) for n, item in plain)
    end = _clause_end(sql, "from" if group is None else "group", _AFTER_FROM[_AFTER_FROM.index("having") :])
    edit = Edit(end, end, f" GROUP BY {missing}" if group is None else f", {missing}")
    return [edit], f"counted for each {_listed(item.sql('postgres') for _, item in plain)}"


def _owners(sql: str, tables: Sequence[Table], search_path: Sequence[str]) -> tuple[list[Edit], str | None]:
    """A column that is said to be of one table in FROM, and is of another one there, and of no third."""
    tree = parse_one(sql, read="postgres")
    sources = sources_of(tree, tables, search_path)
    said = {node.alias_or_name: node for node in sources}
    edits, moved = [], set()
    for column in tree.find_all(exp.Column):
        if column.table not in said or _has(sources[said[column.table]], column.name):
            continue
        owners = [node for node, source in sources.items() if _has(source, column.name)]
        if column.find_ancestor(exp.Join):
            return [], None  # by what the tables are joined, no other table can tell
        if len(owners) == 1:
            place = column.args["table"].meta
            edits.append(Edit(place["start"], place["end"] + 1, written(owners[0])))
            moved.add(column.name)
    return edits, f"{_listed(moved)} read from the table that has it" if moved else None


def sources_of(tree: exp.Expr, tables: Sequence[Table], search_path: Sequence[str]) -> dict[exp.Table, Table]:
    """The tables of a query without subqueries, where each has a name of its own; none where one is not known."""
    used = list(tree.find_all(exp.Table))
    known = {t.name: t for t in reversed(tables) if t.schema in search_path}
    if len(list(tree.find_all(exp.Query))) != 1 or not all(t.name in known and not t.db for t in used):
        return {}
    if len({t.alias_or_name for t in used}) < len(used):
        return {}
    return {t: known[t.name] for t in used}


def written(node: exp.Table) -> str:
    """The name that a table goes by in a query, as it stands there."""
    alias = node.args.get("alias")
    name = node.this if alias is None else alias.this
    return quote(name.name) if name.args.get("quoted") else str(name.name)


def span_of(sql: str, node: exp.Expr) -> tuple[int, int] | None:
    """Where an expression stands in the text; None for one whose signs are not known."""
    places = [n.meta for n in node.walk() if "start" in n.meta]
    if not places:
        return None
    start, end = min(p["start"] for p in places), max(p["end"] for p in places) + 1
    return start, end


def _tables_that_hold(
    sql: str, tables: Sequence[Table], search_path: Sequence[str]
) -> tuple[list[Edit], str | None]:
    """A column that no table in FROM has: join the one that has it, or read the one table that has all of them."""
    tree = parse_one(sql, read="postgres")
    found = sources_of(tree, tables, search_path)
    used, sources = list(found), list(found.values())
    if not used:
        return [], None
    made = {alias.alias for alias in tree.find_all(exp.Alias)}
    wanted = {c.name for c in tree.find_all(exp.Column) if not isinstance(c.this, exp.Star)} - made
    missing = wanted - {c.name for t in sources for c in t.columns}
    if not missing:
        return [], None
    edits, note = _joined(sql, tree, used, sources, missing, tables, search_path)
    if not edits and len(used) == 1:
        holder = next((t for t in tables if wanted <= {c.name for c in t.columns}), None)
        if holder is not None:
            name = table_name(holder, search_path)
            return _renamed(tree, used[0], name), f"read from {name}, which has {_listed(missing)}"
    return edits, note


def _renamed(tree: exp.Expr, source: exp.Expr, name: str) -> list[Edit]:
    identifiers = [source.this] + [
        c.args["table"] for c in tree.find_all(exp.Column) if c.table == source.name
    ]
    return [Edit(i.meta["start"], i.meta["end"] + 1, name) for i in identifiers if "start" in i.meta]


def _joined(
    sql: str,
    tree: exp.Expr,
    used: Sequence[exp.Table],
    sources: Sequence[Table],
    missing: set[str],
    tables: Sequence[Table],
    search_path: Sequence[str],
) -> tuple[list[Edit], str | None]:
    """Only towards the table that a key is named after or declared to refer to: it has one row for each, so no row is
    counted twice.
    """
    columns = list(tree.find_all(exp.Column))
    if any(c.name in missing and c.find_ancestor(exp.Join) for c in columns):
        return [], None
    declared = declared_keys(tables)
    for node, source in zip(used, sources, strict=True):
        for column in source.columns:
            home, key = declared.get((id(source), column.name), (None, column.name))
            if home is None and KEY_NAME.search(key):
                home = home_of(key, tables)
            if home is None or home in sources or not missing <= {c.name for c in home.columns}:
                continue
            name = table_name(home, search_path)
            clause = f" JOIN {name} ON {name}.{quote(key)} = {written(node)}.{quote(column.name)}"
            end = _clause_end(sql, "from", _AFTER_FROM)
            edits = [Edit(end, end, clause)]
            shared = {c.name for c in home.columns} - missing
            for c in columns:
                if c.table and c.name in missing:
                    said = c.args["table"]
                    edits.append(Edit(said.meta["start"], said.meta["end"] + 1, name))
                elif not c.table and c.name in shared:
                    owner = next((n for n, s in zip(used, sources, strict=True) if _has(s, c.name)), None)
                    if owner is not None:
                        start = c.this.meta["start"]
                        edits.append(Edit(start, start, f"{written(owner)}."))
            return edits, f"joined {name}, which has {_listed(missing)}"
    return [], None


def _has(table: Table, column: str) -> bool:
    return any(c.name == column for c in table.columns)


def _clause_end(sql: str, clause: str, following: Sequence[str]) -> int:
    """Where a clause of a query without subqueries ends: before the first of the words that may follow it.

    EXTRACT(YEAR FROM x) is none, and neither is the ORDER BY within an aggregate.
    """
    last: Token | None = None
    within = False
    depth = 0
    for token in tokens(sql):
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0:
            if within and token.is_word(*following):
                break
            within = within or token.is_word(clause)
        last = last if token.blank else token
    return last.end if last else len(sql)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


Rule = Callable[[str, Sequence[Table], Sequence[str]], tuple[list[Edit], str | None]]
COLUMN_RULES: tuple[Rule, ...] = (_owners, _tables_that_hold)
POSTGRES_RULES: tuple[Rule, ...] = (_years, _groups)
