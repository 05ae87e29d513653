"""The table of bound values on a real PostgreSQL: the same value, or the same error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import pq

from tests.mirror.plain_postgresql import running_postgresql
from tests.unit.proxy.bind_table import BindCase, read_binds

pytestmark = pytest.mark.mirror


@pytest.fixture(scope="module")
def postgresql() -> Iterator[psycopg.Connection[Any]]:
    with running_postgresql() as connection:
        yield connection


@pytest.mark.parametrize("case", read_binds(), ids=lambda c: f"{c.type_name}:{c.text}")
def test_bind(postgresql: psycopg.Connection[Any], case: BindCase) -> None:
    wanted = f"CAST($1 AS {case.type_name})::text"
    theirs = postgresql.pgconn.exec_params(f"SELECT {wanted}".encode(), [case.text.encode()])
    if case.error is not None:
        assert theirs.status == pq.ExecStatus.FATAL_ERROR
        told = [
            theirs.error_field(field)
            for field in (pq.DiagnosticField.SQLSTATE, pq.DiagnosticField.MESSAGE_PRIMARY)
        ]
        assert told == [part.encode() for part in case.error]
        return
    assert theirs.status == pq.ExecStatus.TUPLES_OK, theirs.error_message
    ours = postgresql.pgconn.exec_params(f"SELECT ({case.literal})::text".encode(), [])
    assert ours.status == pq.ExecStatus.TUPLES_OK, ours.error_message
    assert ours.get_value(0, 0) == theirs.get_value(0, 0)
