"""SQLite and parquet as tables."""

from __future__ import annotations

from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from training.augment.data import DataError, Link, find_databases, read_parquet, read_sqlite, spark_type


def test_a_sqlite_database_is_read_with_the_types_that_its_values_prove(shop_file: Path) -> None:
    shop = read_sqlite(shop_file)
    product = shop.table("product")
    assert product is not None
    assert [(c.name, c.spark_type) for c in product.columns] == [
        ("productid", "bigint"), ("productname", "string"), ("num_parts", "bigint"), ("price", "double"),
        ("kind", "string"), ("made_on", "date"), ("order", "string"), ("maker_id", "bigint"),
    ]  # fmt: skip
    assert product.columns[1].written == "productName"
    assert shop.links == (Link("product", "maker_id", "maker", "makerid"),)


def test_parquet_keys_are_joined_to_the_table_they_are_named_after(tmp_path: Path) -> None:
    for name, columns in (("book", {"book_id": [1], "Title": ["x"]}), ("loan", {"book_id": [1], "day": [2]})):
        parquet.write_table(pyarrow.table(columns), tmp_path / f"{name}.parquet")
    database = read_parquet(tmp_path, "library")
    assert database.links == (Link("loan", "book_id", "book", "book_id"),)
    assert [c.name for c in database.tables[0].columns] == ["book_id", "title"]


@pytest.mark.parametrize(
    ("arrow", "spark"),
    [("int32", "int"), ("timestamp[us]", "timestamp_ntz"), ("timestamp[us, tz=UTC]", "timestamp"),
     ("decimal128(10, 2)", "decimal(10,2)"), ("list<item: string>", None)],
)  # fmt: skip
def test_arrow_types(arrow: str, spark: str | None) -> None:
    assert spark_type(arrow) == spark


def test_what_holds_no_tables_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        find_databases(tmp_path / "nothing")
    with pytest.raises(DataError, match="neither parquet files nor SQLite"):
        find_databases(tmp_path)
    (tmp_path / "text.sqlite").write_text("this is no database at all")
    (read,) = find_databases(tmp_path)
    with pytest.raises(DataError, match="not a database"):
        read()
