"""`python -m training.approved`: what people approved or corrected on a running server, as pairs to train with.

    python -m training.approved "host=127.0.0.1 port=5433 user=ann" --out approved.jsonl
    python -m training.finetune --data approved:approved.jsonl ...

Rules: it asks as any client does, so it sees what its user may see, and an administrator sees all answers; each pair
carries the tables in the words of the front end's prompt, chosen by its question as the front end chooses them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nl_frontend.drafter import DRAFT_TOKENS_MAX
from nl_frontend.prompt import build_prompt, select_tables, serialise_schema, tokens_of
from spark_thrift.catalogue import Column, Reference, Table
from spark_thrift.types import spark_type_of
from training.predict import CONTEXT_TOKENS

if TYPE_CHECKING:
    import psycopg

ANSWERS = "SELECT question, sql FROM streamlink.answers WHERE state IN ('approved', 'corrected') ORDER BY id"
COLUMNS = """
    SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class'), a.attname, format_type(a.atttypid, a.atttypmod),
           col_description(c.oid, a.attnum)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'streamlink', 'pg_toast')
    ORDER BY n.nspname, c.relname, a.attnum"""
KEYS = """
    SELECT n.nspname, c.relname, k.contype,
           (SELECT array_agg(a.attname ORDER BY p.place) FROM unnest(k.conkey) WITH ORDINALITY AS p(number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number),
           fn.nspname, fc.relname
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class fc ON fc.oid = k.confrelid
    LEFT JOIN pg_namespace fn ON fn.oid = fc.relnamespace
    WHERE k.contype IN ('p', 'f')
    ORDER BY k.oid"""


def read_tables(connection: psycopg.Connection[Any]) -> list[Table]:
    """The tables that this user sees, as Spark has them.  Raises: psycopg.Error."""
    tables: dict[tuple[str, str], Table] = {}
    for schema, name, remark, column, kind, comment in connection.execute(COLUMNS):
        table = tables.setdefault((schema, name), Table(schema, name, "table", (), remark or ""))
        read = Column(column, spark_type_of(kind) or kind, comment or "")
        tables[schema, name] = replace(table, columns=(*table.columns, read))
    for schema, name, kind, columns, other_schema, other in connection.execute(KEYS):
        known = tables.get((schema, name))
        if known is not None and kind == "p":
            tables[schema, name] = replace(known, key=tuple(columns))
        elif known is not None:
            reference = Reference(tuple(columns), other_schema, other)
            tables[schema, name] = replace(known, references=(*known.references, reference))
    return list(tables.values())


def read_pairs(connection: psycopg.Connection[Any]) -> list[dict[str, str]]:
    """Pairs as `approved:` wants them.  Raises: psycopg.Error."""
    tables = read_tables(connection)
    search_path = connection.execute("SELECT current_schemas(false)::text[]").fetchall()[0][0]
    pairs = []
    for question, sql in connection.execute(ANSWERS):
        budget = CONTEXT_TOKENS - DRAFT_TOKENS_MAX - tokens_of(build_prompt("", question))
        chosen = select_tables(tables, question, search_path=search_path, budget=budget)
        schema = serialise_schema(chosen, search_path=search_path)
        pairs.append({"question": question, "sql": sql, "schema": schema, "dialect": "postgres"})
    return pairs


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 written, 1 failed, 2 wrong usage."""
    import psycopg

    parser = argparse.ArgumentParser(
        prog="python -m training.approved", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("server", help="as psql takes it: host=... user=..., or a postgresql:// address")
    parser.add_argument("--out", type=Path, required=True, help="the file, JSON lines")
    options = parser.parse_args(arguments)
    try:
        with psycopg.connect(options.server, autocommit=True) as connection:
            pairs = read_pairs(connection)
        options.out.write_text(
            "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs), "utf-8"
        )
    except (psycopg.Error, OSError) as error:
        print(f"approved: {str(error).splitlines()[0]}", file=sys.stderr)
        return 1
    print(f"{len(pairs)} pairs: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
