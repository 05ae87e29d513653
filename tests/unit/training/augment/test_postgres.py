"""The engine: what it loads, and that it only reads."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from training.augment.data import Database, read_parquet
from training.augment.postgres import Engine


def test_rows_arrive_with_their_types(shop: Database, engine: Engine) -> None:
    found = engine.rows('SELECT made_on, price, "order" FROM product WHERE productid = 3')
    assert found.names == ("made_on", "price", "order")
    assert [type(value).__name__ for value in found.rows[0]] == ["date", "float", "NoneType"]


def test_a_quote_in_a_text_survives(shop: Database, engine: Engine) -> None:
    assert engine.rows("SELECT makername FROM maker WHERE makerid = 4").rows == (("O'Neil Ltd",),)


def test_it_only_reads(shop: Database, engine: Engine) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        engine.rows("DELETE FROM maker RETURNING 1")


def test_a_query_fills_a_table_as_in_the_server(engine: Engine, sample_folder: Path) -> None:
    patents = engine.load(read_parquet(sample_folder, "patents"))
    patent = patents.table("patent")
    assert patent is not None
    assert [c.name for c in patent.columns][:4] == ["patent_id", "publication_number", "title", "abstract"]
    assert patent.columns[0].comment == "e.g. 7547726"
    ((rows, abstracts),) = engine.rows("SELECT count(*), count(abstract) FROM patent").rows
    assert rows > abstracts > 0
