"""Spark's statements on tables, as text; no name and no text gets out of its quotes."""

from __future__ import annotations

import pytest

from spark_thrift.dialect import Untranslatable, tables
from spark_thrift.dialect.tables import NewColumn

T = ("w", "t")
ODD = ("w", "t`; DROP TABLE x")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            tables.create_table(
                T,
                [NewColumn("a", "INT"), NewColumn("b c", "STRING", "'x'", "it's")],
                "parquet",
                {"k": '["a"]'},
            ),
            "CREATE TABLE `w`.`t` (`a` INT, `b c` STRING DEFAULT 'x' COMMENT 'it\\'s') USING `parquet`"
            " TBLPROPERTIES ('k' = '[\"a\"]')",
        ),
        (tables.insert(T, ["a", "b"], "SELECT 1, 2"), "INSERT INTO `w`.`t` (`a`, `b`) SELECT 1, 2"),
        (tables.insert(T, (), "SELECT 1"), "INSERT INTO `w`.`t` SELECT 1"),
        (tables.insert_defaults(T, "a", 2), "INSERT INTO `w`.`t` (`a`) VALUES (DEFAULT), (DEFAULT)"),
        (
            tables.create_view(T, ["x"], "SELECT 1", replace=True),
            "CREATE OR REPLACE VIEW `w`.`t` (`x`) AS SELECT 1",
        ),
        (tables.create_schema("w"), "CREATE DATABASE `w`"),
        (
            tables.add_column(T, NewColumn("a", "INT", "5")),
            "ALTER TABLE `w`.`t` ADD COLUMNS (`a` INT DEFAULT 5)",
        ),
        (tables.rename("VIEW", T, "u"), "ALTER VIEW `w`.`t` RENAME TO `w`.`u`"),
        (tables.drop("TABLE", ODD), "DROP TABLE `w`.`t``; DROP TABLE x`"),
        (tables.drop_if_exists(T), "DROP TABLE IF EXISTS `w`.`t`"),
        (tables.drop_schema("w"), "DROP DATABASE `w` RESTRICT"),
        (tables.truncate(T), "TRUNCATE TABLE `w`.`t`"),
        (tables.analyze(T, ()), "ANALYZE TABLE `w`.`t` COMPUTE STATISTICS"),
        (tables.analyze(T, ["a"]), "ANALYZE TABLE `w`.`t` COMPUTE STATISTICS FOR COLUMNS `a`"),
        (tables.comment_on_table(T, None), "COMMENT ON TABLE `w`.`t` IS NULL"),
        (tables.comment_on_table(T, "a'b"), "COMMENT ON TABLE `w`.`t` IS 'a\\'b'"),
        (tables.comment_on_view(T, "x"), "ALTER VIEW `w`.`t` SET TBLPROPERTIES ('comment' = 'x')"),
        (tables.comment_on_view(T, None), "ALTER VIEW `w`.`t` UNSET TBLPROPERTIES IF EXISTS ('comment')"),
        (tables.comment_on_column(T, "a", None), "ALTER TABLE `w`.`t` ALTER COLUMN `a` COMMENT ''"),
        (tables.comment_on_schema("w", "x"), "COMMENT ON DATABASE `w` IS 'x'"),
        (tables.refresh(T), "REFRESH TABLE `w`.`t`"),
        (tables.count_rows(T), "SELECT count(*) FROM `w`.`t`"),
        (tables.show_property(T, "k"), "SHOW TBLPROPERTIES `w`.`t` ('k')"),
    ],
)
def test_statements(sql: str, expected: str) -> None:
    assert sql == expected


def test_a_name_that_spark_would_substitute_is_refused() -> None:
    with pytest.raises(Untranslatable):
        tables.drop("TABLE", ("w", "${spark.app.name}"))
