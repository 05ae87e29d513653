"""Rules that mend a draft by what its question names: values in the columns that hold them, dates, what is counted.

Rules: as amend.py, in English.  A comparison with a value is only moved away from a column that is known not to hold
it, to the one column of the tables at hand that does, or to the rows that a declared key joins to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sqlglot import exp, parse_one

from nl_frontend.amend import Amended, Edit, apply, sources_of, span_of, written
from nl_frontend.prompt import Table, declared_keys, quote, table_name, words
from nl_frontend.values import Found, Held, literal

_COUNTED = re.compile(r"\b(?:how many|number of|count(?: of)?(?: the| all)*)\b", re.IGNORECASE)
_AT_THE_END = re.compile(r"count\W*\Z", re.IGNORECASE)
_WORDS_BETWEEN = 3
"""Between "how many" and what is counted, at most."""


def amend_by_question(
    sql: str,
    question: str,
    found: Sequence[Found],
    tables: Sequence[Table],
    held: Held,
    *,
    search_path: Sequence[str],
) -> Amended:
    """Shapes: `sql` parses as one PostgreSQL query; `found` is what values.find found of the question in `held`."""
    edits, notes = _values(sql, found, tables, held, search_path)
    sql = apply(sql, edits)
    for rule in (_named_dates, _counted_once):
        edits, note = rule(sql, question, tables, search_path)
        sql = apply(sql, edits)
        notes += [note] if note else []
    return Amended(sql, tuple(notes))


def _values(
    sql: str, found: Sequence[Found], tables: Sequence[Table], held: Held, search_path: Sequence[str]
) -> tuple[list[Edit], list[str]]:
    """A value that is looked for in a column that does not hold it."""
    known = {each.text.lower(): each for each in found}
    if not known:
        return [], []
    tree = parse_one(sql, read="postgres")
    sources = sources_of(tree, tables, search_path)
    edits, notes = [], []
    for comparison in tree.find_all(exp.EQ, exp.ILike, exp.Like):
        column, value = comparison.this, comparison.expression
        if not (isinstance(column, exp.Column) and isinstance(value, exp.Literal) and value.is_string):
            continue
        named = known.get(value.this.strip("%").lower())
        node = _source(column, sources)
        span = span_of(sql, comparison)
        if named is None or node is None or span is None:
            continue
        source = sources[node]
        values = held.get((source.schema, source.name))
        if values is None or values.may_hold(column.name, named.text):
            continue
        here = [place[2] for place in named.places if place[:2] == (source.schema, source.name)]
        if len(here) == 1:
            said = f"{written(node)}." if column.table else ""
            edits.append(Edit(*span, f"{said}{quote(here[0])} {_is(named)}"))
            notes.append(f"{named.text} looked for in {here[0]}, which has it")
        elif not here and (joined := _joined(named, node, source, tables, search_path)) is not None:
            edits.append(Edit(*span, joined[0]))
            notes.append(f"{named.text} looked for in {joined[1]}, which has it")
    return edits, notes


def _source(column: exp.Column, sources: Mapping[exp.Table, Table]) -> exp.Table | None:
    """The one table of FROM that a column is of."""
    fitting = [
        node
        for node, table in sources.items()
        if column.table in ("", node.alias_or_name) and any(c.name == column.name for c in table.columns)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _is(named: Found) -> str:
    return f"= {literal(named.text)}" if named.whole else f"ILIKE {literal(f'%{named.text}%')}"


def _joined(
    named: Found, node: exp.Table, source: Table, tables: Sequence[Table], search_path: Sequence[str]
) -> tuple[str, str] | None:
    """The condition that a key of the source is among those of the rows that have the value; and the column."""
    keys = declared_keys(tables)

    def leads_to(table: Table) -> dict[tuple[int, str], str]:
        """Each key that the table has, by its home, and the table's column."""
        found = {(id(home), key): name for (of, name), (home, key) in keys.items() if of == id(table)}
        own = {(id(table), key): key for (home, key) in keys.values() if home is table}
        return found | own

    here = leads_to(source)
    for schema, name, column in named.places:
        holder = next(t for t in tables if (t.schema, t.name) == (schema, name))
        there = leads_to(holder)
        shared = [key for key in here if key in there]
        if len(shared) == 1:
            place = table_name(holder, search_path)
            inner = f"SELECT {quote(there[shared[0]])} FROM {place} WHERE {quote(column)} {_is(named)}"
            return f"{written(node)}.{quote(here[shared[0]])} IN ({inner})", f"{place}.{quote(column)}"
    return None


def _named_dates(
    sql: str, question: str, tables: Sequence[Table], search_path: Sequence[str]
) -> tuple[list[Edit], str | None]:
    """A date that the question does not name ("granted in May"), where it names another one of the same table."""
    tree = parse_one(sql, read="postgres")
    sources = sources_of(tree, tables, search_path)
    columns = list(tree.find_all(exp.Column))
    asked = {_stem(word) for word in words(question)}
    edits, notes = [], []
    for node, source in sources.items():
        dates = {
            c.name: {_stem(word) for word in words(c.name)}
            for c in source.columns
            if c.spark_type.lower().startswith(("date", "timestamp"))
        }
        common = set.intersection(*dates.values()) if dates else set()
        named = [name for name, stems in dates.items() if (stems - common) & asked]
        used = [column for column in columns if column.name in dates and _source(column, sources) is node]
        if len(named) != 1 or not used or any(column.name in named for column in used):
            continue
        for column in used:
            place = column.this.meta
            edits.append(Edit(place["start"], place["end"] + 1, quote(named[0])))
        notes.append(f"{named[0]} read, which the question names")
    return edits, "; ".join(notes) or None


def _stem(word: str) -> str:
    """Crude: "granted" and "grants" are grant, "filed" and "filing" fil."""
    return re.sub(r"(?<=...)(?:ings?|ed|es|e|s)\Z", "", word)


def _counted_once(
    sql: str, question: str, tables: Sequence[Table], search_path: Sequence[str]
) -> tuple[list[Edit], str | None]:
    """Rows of a table with several for each of what the question counts: "how many patents" over their codes."""
    tree = parse_one(sql, read="postgres")
    sources = sources_of(tree, tables, search_path)
    counts = list(tree.find_all(exp.AggFunc))
    if tree.args.get("group") or len(counts) != 1 or not isinstance(counts[0], exp.Count):
        return [], None
    if not isinstance(counts[0].this, exp.Star) or counts[0].find_ancestor(exp.Filter):
        return [], None
    home = _counted(question, tables)
    place = counts[0].meta
    if home is None or "start" not in place:
        return [], None
    span = place["start"], sql.index(")", place["end"]) + 1
    keys = declared_keys(tables)
    for node, source in sources.items():
        for column in source.columns:
            home_here, _ = keys.get((id(source), column.name), (None, ""))
            if home_here is home and getattr(source, "key", ()) != (column.name,):
                name = f"{written(node)}.{quote(column.name)}" if len(sources) > 1 else quote(column.name)
                return [Edit(*span, f"count(DISTINCT {name})")], f"each {home.name} counted once"
    return [], None


def _counted(question: str, tables: Sequence[Table]) -> Table | None:
    """The table whose rows a question counts: what stands behind "how many", or before a "count" at the end."""
    match = _COUNTED.search(question)
    if match is None:
        return None
    if _AT_THE_END.match(question, match.start()):
        said = re.findall(r"[^\W_]+", question[: match.start()])
    else:
        said = re.findall(r"[^\W_]+", question[match.end() :])[: _WORDS_BETWEEN + 1]
    for word in said:
        fitting = [table for table in tables if words(word) == words(table.name)]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None
