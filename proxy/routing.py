"""Which engine holds what a statement reads, and the statement rewritten for it.

Rules: names are resolved as PostgreSQL's search_path does, against one version of the catalogue; a statement that
joins the system catalogue with data has no engine and is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from sqlglot import expressions as exp

from checker.context import Schema
from checker.verdict import Facts, Relation
from proxy.sqlstate import Refused

MIRROR_SCHEMAS = frozenset({"pg_catalog", "information_schema", "streamlink"})


class Route(Enum):
    """UNKNOWN: a relation is in neither; the mirror's own words for that are the answer."""

    MIRROR = "mirror"
    SPARK = "spark"
    UNKNOWN = "unknown"


def route(facts: Facts, catalogue: Schema, search_path: Sequence[str]) -> Route:
    """Raises: Refused 0A000 when a statement would need both engines."""
    places = {_place(relation, catalogue, search_path) for relation in facts.relations}
    if Route.SPARK in places and Route.MIRROR in places:
        raise Refused(
            "0A000",
            "a statement cannot read the system catalogue and data together",
            hint="Ask the catalogue first, then the tables.",
        )
    if Route.UNKNOWN in places:
        return Route.UNKNOWN
    return Route.SPARK if Route.SPARK in places else Route.MIRROR


def _place(relation: Relation, catalogue: Schema, search_path: Sequence[str]) -> Route:
    if relation.schema in MIRROR_SCHEMAS:
        return Route.MIRROR
    if relation.schema is None and relation.name.startswith("pg_"):
        # pg_catalog comes first in every search_path.
        return Route.MIRROR
    if catalogue.find(relation.schema, relation.name, search_path) is not None:
        return Route.SPARK
    if relation.schema is None and any(schema in MIRROR_SCHEMAS for schema in search_path):
        return Route.MIRROR
    return Route.UNKNOWN


def qualified(
    tree: exp.Expression, catalogue: Schema, search_path: Sequence[str], database: str
) -> exp.Expression:
    """A copy whose tables all carry their schema.  Names of a WITH stay bare, in the scope that defines them."""
    tree = tree.copy()
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            continue
        if table.catalog:
            if table.catalog != database:
                raise Refused("0A000", f'cross-database references are not implemented: "{table.catalog}"')
            table.set("catalog", None)
        if table.db or _names_a_with(table):
            continue
        found = catalogue.find(None, table.name, search_path)
        if found is not None:
            table.set("db", exp.to_identifier(found.schema, quoted=True))
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    return tree


def _names_a_with(table: exp.Table) -> bool:
    node: exp.Expr | None = table
    inside: exp.Expr | None = None
    while node is not None:
        if isinstance(node, exp.CTE):
            inside = node
        with_ = node.args.get("with_") or node.args.get("with")
        if isinstance(with_, exp.With):
            for cte in with_.expressions:
                if cte is inside and not with_.args.get("recursive"):
                    # Without RECURSIVE an entry sees those before it, not itself.
                    break
                if cte.alias == table.name:
                    return True
        node = node.parent
    return False


def bind_parameters(tree: exp.Expression, values: Mapping[int, exp.Expression]) -> exp.Expression:
    """A copy with `$n` replaced by typed nodes; a value never becomes text on the way."""
    tree = tree.copy()
    for parameter in list(tree.find_all(exp.Parameter)):
        number = int(parameter.name)
        if number not in values:
            raise Refused("42P02", f"there is no parameter ${number}")
        value = values[number].copy()
        if parameter is tree:
            return value
        parameter.replace(value)
    return tree


def with_session_values(
    tree: exp.Expression, *, user: str, database: str, schema: str | None = None
) -> exp.Expression:
    """A copy that says itself who asks and where: the engine would answer with its own user and catalogue.

    `schema`: the first one of the search_path that exists.
    """
    tree = tree.copy()
    called = {"current_database": database, "current_schema": schema}
    kinds = (exp.CurrentUser, exp.SessionUser, exp.CurrentCatalog, exp.CurrentSchema, exp.Anonymous)
    for node in list(tree.find_all(*kinds)):
        value: str | None
        if isinstance(node, exp.CurrentSchema):
            value = schema
        elif isinstance(node, exp.Anonymous):
            if node.name.lower() not in called or node.expressions:
                continue
            value = called[node.name.lower()]
        else:
            value = user if isinstance(node, exp.CurrentUser | exp.SessionUser) else database
        text = exp.Literal.string(value) if value is not None else exp.Null()
        node.replace(exp.cast(text, exp.DType.TEXT))
    return tree


def schema_of(
    facts: Facts, catalogue: Schema, search_path: Sequence[str]
) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(schema, table) -> (column, Spark type) of everything the statement reads."""
    found = {}
    for relation in facts.relations:
        table = catalogue.find(relation.schema, relation.name, search_path)
        if table is not None:
            found[(table.schema, table.name)] = [(c.name, c.spark_type) for c in table.columns]
    return found
