"""A small database of two tables, loaded into one PostgreSQL for all of these tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.augment.data import Database, read_sqlite
from training.augment.postgres import Engine, running
from training.augment.profile import Profile, profile_of

SHOP = """
CREATE TABLE Maker (MakerID INTEGER PRIMARY KEY, MakerName TEXT, country TEXT);
CREATE TABLE Product (
  ProductID INTEGER PRIMARY KEY, productName TEXT, num_parts INTEGER, price REAL, kind TEXT, made_on TEXT, "order" TEXT,
  maker_id INTEGER, FOREIGN KEY (maker_id) REFERENCES Maker (MakerID)
);
INSERT INTO Maker VALUES (1, 'Intel Corporation', 'US'), (2, 'Intellectual Ventures', 'US'), (3, 'Sony Corp', 'JP'),
  (4, 'O''Neil Ltd', 'IE');
"""
KINDS = ("toy", "tool", "toy", "lamp")


@pytest.fixture(scope="session")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("shop") / "Shop.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(SHOP)
        for i in range(40):
            row = (
                i,
                f"Thing {chr(65 + i % 26)}{i}",
                i % 7 + 1,
                2.5 * i,
                KINDS[i % 4],
                f"20{10 + i % 9}-03-{i % 27 + 1:02}",
            )
            connection.execute("INSERT INTO Product VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", (*row, i % 3 + 1))
    return file


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with running() as engine:
        yield engine


@pytest.fixture
def shop(engine: Engine, shop_file: Path) -> Database:
    """Loaded anew: another test may have loaded other data."""
    return engine.load(read_sqlite(shop_file))


@pytest.fixture
def profile(shop: Database, engine: Engine) -> Profile:
    return profile_of(shop, engine)
