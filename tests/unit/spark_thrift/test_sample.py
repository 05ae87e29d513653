from __future__ import annotations

from pathlib import Path

import pytest

from spark_thrift.sample import identifier, query_of


def test_a_table_is_its_file_or_what_the_sql_beside_it_selects(tmp_path: Path) -> None:
    folder = tmp_path / "a `folder`"
    folder.mkdir()
    escaped = str(folder).replace("`", "``")
    assert query_of(folder / "one.parquet") == f"SELECT * FROM parquet.`{escaped}/one.parquet`"
    (folder / "one.sql").write_text("SELECT * FROM {one} JOIN {two} USING (k)")
    assert query_of(folder / "one.parquet") == (
        f"SELECT * FROM parquet.`{escaped}/one.parquet` JOIN parquet.`{escaped}/two.parquet` USING (k)"
    )


def test_only_plain_names_become_tables() -> None:
    assert identifier("google_full") == "`google_full`"
    for name in ("", "a b", "a.b", "a`b", "1a"):
        with pytest.raises(ValueError):
            identifier(name)
