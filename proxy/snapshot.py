"""The catalogue as a file: what the server knew of Spark's tables, for commands that work without a server.

Shapes: {"tables": [{"schema", "name", "kind", "columns": [[name, Spark type], ...]}, ...]}, UTF-8, mode 0600.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from proxy.ports import Catalogue, Column, Table


def write_snapshot(catalogue: Catalogue, path: Path) -> None:
    """Old or new, never half.  Raises: OSError."""
    tables = [
        {
            "schema": table.schema,
            "name": table.name,
            "kind": table.kind,
            "columns": [[c.name, c.spark_type] for c in table.columns],
        }
        for table in catalogue.tables.values()
    ]
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump({"tables": tables}, file)
    os.replace(new, path)


def read_snapshot(path: Path) -> Catalogue:
    """Raises: OSError; ValueError for a file that is none."""
    try:
        document = json.loads(path.read_text("utf-8"))
        tables = [
            Table(
                entry["schema"],
                entry["name"],
                entry.get("kind", "table"),
                tuple(Column(name, spark_type) for name, spark_type in entry["columns"]),
            )
            for entry in document["tables"]
        ]
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a catalogue ({error})") from None
    return Catalogue(0, {(t.schema, t.name): t for t in tables}, frozenset(t.schema for t in tables))
