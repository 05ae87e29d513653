"""What the text columns of a table hold, the most frequent values first: for questions to be looked up in.

Rules: one column a query, over the first rows of a table that has very many; long texts are left out, since nobody
names them.
"""

from __future__ import annotations

from spark_thrift.catalogue import Table
from spark_thrift.session import SparkSession

ROWS_READ = 1_000_000


async def read_values(
    session: SparkSession, table: Table, *, most: int, characters: int
) -> tuple[dict[str, list[str]], bool]:
    """By column: at most so many different values of at most so many characters; and whether all rows were read.

    Raises: SparkError, EngineUnavailable.
    """
    place = ".".join(_quoted(part) for part in (table.schema, table.name))
    found: dict[str, list[str]] = {}
    for column in table.columns:
        if column.spark_type.lower() == "string" or column.spark_type.lower().startswith(("varchar", "char")):
            name = _quoted(column.name)
            rows = await session.run_command(
                f"SELECT v FROM (SELECT {name} AS v FROM {place} LIMIT {ROWS_READ}) WHERE length(v) <= {characters}"
                f" GROUP BY v ORDER BY count(*) DESC, v LIMIT {most}"
            )
            found[column.name] = [row[0] for row in rows if row[0] is not None]
    if not found:
        return found, True
    rows = await session.run_command(f"SELECT count(*) FROM (SELECT 1 FROM {place} LIMIT {ROWS_READ + 1})")
    return found, int(rows[0][0] or 0) <= ROWS_READ


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
