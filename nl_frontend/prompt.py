"""What the model is shown: the tables, how to write, and last the question.

Rules: `serialise_schema` is the one way in which a schema is put into words, for prompts and for training
alike; all that does not depend on the question comes first and never varies, so a node computes it once;
whatever a user wrote stays inside the user's turn.  Source of the template: ChatML, as Qwen2.5 and SmolLM2
were trained with.
Leaves out: values and synonyms.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

CHARACTERS_PER_TOKEN = 3.0
"""Schemas and English in Qwen's and SmolLM2's vocabularies take 3.2 or more; fewer is the safe side."""

FENCE = "```"
USER_TURN = "<|im_start|>user\n"
"""What is before it is the same for all questions about some tables; it stands in a prompt once."""


class Column(Protocol):
    """As proxy.ports.Column."""

    @property
    def name(self) -> str: ...
    @property
    def spark_type(self) -> str: ...
    @property
    def comment(self) -> str: ...


class Table(Protocol):
    """As proxy.ports.Table."""

    @property
    def schema(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def comment(self) -> str: ...


_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_RESERVED = frozenset(
    {
        "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary",
        "both", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint", "create",
        "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
        "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except",
        "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having", "ilike", "in",
        "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like",
        "limit", "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or",
        "order", "outer", "overlaps", "placing", "primary", "references", "returning", "right", "select",
        "session_user", "similar", "some", "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing",
        "true", "union", "unique", "user", "using", "variadic", "verbose", "when", "where", "window", "with",
    }
)  # fmt: skip
"""Words that name no column unless they are quoted.  Source: PostgreSQL's kwlist.h, the reserved ones."""
_TYPES = {
    "string": "text",
    "tinyint": "smallint",
    "short": "smallint",
    "long": "bigint",
    "float": "real",
    "binary": "bytea",
    "timestamp_ntz": "timestamp",
    "timestamp": "timestamptz",
}
COMMENT_CHARACTERS_MAX = 100
KEY_NAME = re.compile(r"(?:^|_)(?:id|key|number|code|no)\Z")


def serialise_schema(tables: Iterable[Table], *, search_path: Sequence[str] = ()) -> str:
    """The tables as CREATE TABLE statements, with what joins them; a table of the search path goes by its
    bare name.

    Shapes: tables in the search path's order, then by name; one line per column.
    """
    ordered = order(tables, search_path)
    names = {id(table): table_name(table, search_path) for table in ordered}
    blocks = []
    for table in ordered:
        lines = [
            f"  {quote(c.name)} {_TYPES.get(c.spark_type.lower(), c.spark_type)},{_remark(c.comment)}"
            for c in table.columns
        ]
        blocks.append(
            f"CREATE TABLE {names[id(table)]} ({_remark(table.comment)}\n" + "\n".join(lines) + "\n);"
        )
    joins = _joins(ordered, names)
    return "\n".join(blocks + (["-- Joins: " + "; ".join(joins)] if joins else []))


def order(tables: Iterable[Table], search_path: Sequence[str]) -> list[Table]:
    """A stable order, so that the prompt's beginning is the same for every question."""
    rank = {schema: i for i, schema in enumerate(search_path)}
    return sorted(tables, key=lambda t: (rank.get(t.schema, len(rank)), t.schema, t.name))


def table_name(table: Table, search_path: Sequence[str]) -> str:
    bare = quote(table.name)
    return bare if table.schema in search_path else f"{quote(table.schema)}.{bare}"


def quote(name: str) -> str:
    """An identifier as SQL needs it."""
    plain = _PLAIN_NAME.match(name) and name not in _RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


def _remark(comment: str) -> str:
    text = " ".join(comment.split())[:COMMENT_CHARACTERS_MAX]
    return f" -- {text}" if text else ""


def home_of(key: str, tables: Iterable[Table]) -> Table | None:
    """The table that a key column is named after, as patent_id is after patent: one row for each value."""
    return next(
        (t for t in tables if key.startswith(t.name.rstrip("s")) and any(c.name == key for c in t.columns)),
        None,
    )


def declared_keys(tables: Sequence[Table]) -> dict[tuple[int, str], tuple[Table, str]]:
    """What a table and column is declared to refer to, table and column, as far as both are among the tables."""
    homes = {(table.schema, table.name): table for table in tables}
    found: dict[tuple[int, str], tuple[Table, str]] = {}
    for table in tables:
        held = {column.name for column in table.columns}
        for reference in getattr(table, "references", ()):
            home = homes.get((reference.schema, reference.table))
            key = getattr(home, "key", ())
            if home is not None and held.issuperset(reference.columns) and len(key) == len(reference.columns):
                seen = {column.name for column in home.columns}
                pairs = zip(reference.columns, key, strict=True)
                found |= {(id(table), name): (home, other) for name, other in pairs if other in seen}
    return found


def _joins(tables: Sequence[Table], names: dict[int, str]) -> list[str]:
    """Columns that are declared to refer to another table's, and those that look like keys and stand in several tables,
    each joined to the table that it is named after; a mere "id" is each table's own.
    """
    declared = declared_keys(tables)
    holders: dict[str, list[Table]] = {}
    for table in tables:
        for column in table.columns:
            if KEY_NAME.search(column.name) and not KEY_NAME.fullmatch(column.name):
                holders.setdefault(column.name, []).append(table)
    joins = []
    for name, found in holders.items():
        home = home_of(name, tables) or min(found, key=lambda t: len(t.columns))
        for table in found:
            other, key = declared.pop((id(table), name), (home, name))
            if (other, key) != (table, name):
                joins.append(f"{names[id(table)]}.{quote(name)} = {names[id(other)]}.{quote(key)}")
    left = {id(table): table for table in tables}
    for (table_id, name), (other, key) in declared.items():
        joins.append(f"{names[id(left[table_id])]}.{quote(name)} = {names[id(other)]}.{quote(key)}")
    return joins


def tokens_of(text: str) -> int:
    """How many tokens a text takes at most, without asking the node's tokenizer."""
    return int(len(text) / CHARACTERS_PER_TOKEN) + 1


def words(text: str) -> set[str]:
    """The words of a question or a name, in a crude singular."""
    found = re.findall(r"(?!\d+\b)[^\W_]+", text.lower())
    return {
        w[:-3] + "y" if w.endswith("ies") else w[:-1] if w.endswith("s") and len(w) > 3 else w for w in found
    }


def select_tables(
    tables: Iterable[Table], question: str, *, search_path: Sequence[str], budget: int
) -> list[Table]:
    """All tables when they fit, else those that share most words with the question, and those declared to join them.

    Units: `budget` in tokens of serialised schema.
    """
    ordered = order(tables, search_path)
    costs = [tokens_of(serialise_schema([t], search_path=search_path)) for t in ordered]
    if sum(costs) <= budget:
        return ordered
    asked = words(question)
    scores = _with_neighbours(ordered, [_score(table, asked) for table in ordered])
    kept: set[int] = set()
    left = budget
    for i in sorted(range(len(ordered)), key=lambda i: (-scores[i], i)):
        if costs[i] <= left:
            kept.add(i)
            left -= costs[i]
    return [table for i, table in enumerate(ordered) if i in kept]


def _with_neighbours(tables: Sequence[Table], scores: Sequence[float]) -> list[float]:
    """A table that is asked about may need another one that no word names, to be joined by."""
    number = {id(table): at for at, table in enumerate(tables)}
    lent = [0.0] * len(tables)
    for (table_id, _), (home, _) in declared_keys(tables).items():
        for one, other in ((number[table_id], number[id(home)]), (number[id(home)], number[table_id])):
            lent[one] = max(lent[one], scores[other] / 2)
    return [max(own, borrowed) for own, borrowed in zip(scores, lent, strict=True)]


def _score(table: Table, asked: Collection[str]) -> float:
    named = words(table.name) & set(asked)
    held = {w for c in table.columns for w in words(c.name)} & set(asked)
    said = words(table.comment) & set(asked)
    return 3.0 * len(named) + len(held) + 0.5 * len(said)


INSTRUCTIONS = {
    "postgres": """\
Write one PostgreSQL SELECT statement that answers the question. Rules:
- If one table has all the columns that are needed, use only that table. Never use a column of a table that is \
not in FROM.
- A name or a word in text: column ILIKE '%name%', never =.
- A year of a date: EXTRACT(YEAR FROM column) = 2001.
- How many: count(*). Most, top n: ORDER BY ... DESC NULLS LAST LIMIT n. For each, per: GROUP BY.""",
    "sqlite": """\
Write one SQLite SELECT statement that answers the question. Rules:
- If one table has all the columns that are needed, use only that table. Never use a column of a table that is \
not in FROM.
- Select what is asked for and nothing else, in the order in which it is asked for.
- How many: count(*). Most, top n: ORDER BY ... DESC LIMIT n. For each, per: GROUP BY.""",
}
"""By the dialect that the draft is to be in: the server's own, or that of a set that others are measured on."""


def build_prompt(
    schema: str,
    question: str,
    *,
    examples: Sequence[tuple[str, str]] = (),
    similar: Sequence[tuple[str, str]] = (),
    values: str = "",
    template: str = "chatml",
    dialect: str = "postgres",
) -> str:
    """The whole text that the node completes; it ends inside an opened SQL block.

    Shapes: `examples` are (question, SQL), the same for every question; `similar` were chosen for this one, and stand
    behind all that a node has read before; `values` is what values.told says of it.
    """
    if template != "chatml":
        raise ValueError(f"no prompt template {template!r}")
    shown = "\n".join(f"-- {asked}\n{sql};" for asked, sql in examples)
    near = "".join(f"-- {asked}\n{sql};\n" for asked, sql in similar)
    asking = f"Similar:\n{near}\nQuestion: {question}" if near else question
    if values:
        asking += f"\nValues: {values}"
    context = f"Tables:\n{schema}\n\n{INSTRUCTIONS[dialect]}" + (f"\n\nExamples:\n{shown}" if shown else "")
    return (
        f"<|im_start|>system\n{defuse(context)}<|im_end|>\n"
        f"{USER_TURN}{defuse(asking)}<|im_end|>\n"
        f"<|im_start|>assistant\n{FENCE}sql\n"
    )


def defuse(prose: str) -> str:
    """Text from outside (prose, comments, names) without what a tokenizer would read as the end of a turn."""
    return prose.replace("<|", "< |").replace("|>", "| >").replace(FENCE, "'''")
