from __future__ import annotations

import pytest

from checker.injection.lexemes import read
from checker.injection.shape import begins_statement


@pytest.mark.parametrize(
    "text",
    ["SELECT 1", "select a from t", "(select 1) union (select 2)", "INSERT INTO t VALUES (1)", "update t set a=1",
     "DROP TABLE t", "truncate t", "WITH x AS (SELECT 1) SELECT * FROM x", "exec xp_cmdshell 'x'", "declare @q int",
     "create or replace view v as select 1", "grant select on t to u", "delete from t", "SELECT TOP 3 * FROM t"],
)  # fmt: skip
def test_statements(text: str) -> None:
    assert begins_statement(read(text))


@pytest.mark.parametrize(
    "text",
    ["", "select", "select the best", "(select 1)", "update your software", "drop by", "delete", "with love", "set",
     "show me", "create art", "1 select", "execute the plan", "declare love", "insert coin"],
)  # fmt: skip
def test_no_statements(text: str) -> None:
    assert not begins_statement(read(text))
