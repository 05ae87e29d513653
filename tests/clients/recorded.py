"""What clients were recorded to ask of PostgreSQL's catalogue: catalog_queries.tar.xz, one statement a file."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

_DATA = Path(os.environ.get("STREAMLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
_ARCHIVE = _DATA / "catalog_queries.tar.xz"


def statements() -> list[tuple[str, str]]:
    """(client/number.sql, statement), in order."""
    if not _ARCHIVE.exists():
        pytest.fail(f"missing {_ARCHIVE}: set STREAMLINK_DATA to the folder that holds it", pytrace=False)
    found = []
    with tarfile.open(_ARCHIVE) as archive:
        for member in archive.getmembers():
            if member.isfile() and member.name.endswith(".sql"):
                file = archive.extractfile(member)
                assert file is not None
                _provenance, _, sql = file.read().decode().partition("\n")
                found.append((member.name.removeprefix("catalog_queries/"), sql.strip()))
    return sorted(found)
