"""EXPLAIN as tools send it: text and JSON, in simple and extended query."""

from __future__ import annotations

import psycopg
import pytest

from tests.live import LiveServer

QUERY = "SELECT assignee, count(*) FROM google_full WHERE grant_year = %s GROUP BY 1 ORDER BY 2 DESC LIMIT 5"


def test_json_is_a_value_of_type_json(server: LiveServer) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        for sql, values in ((QUERY.replace("%s", "2012"), None), (QUERY, (2012,))):
            cursor = connection.execute(f"EXPLAIN (VERBOSE, COSTS, FORMAT JSON) {sql}", values)  # type: ignore[arg-type]
            assert cursor.description is not None
            assert (cursor.description[0].name, cursor.description[0].type_code) == ("QUERY PLAN", 114)
            ((plan,),) = cursor.fetchall()
            assert plan[0]["Plan"]["Node Type"] == "Limit"
        cursor = connection.execute(f"EXPLAIN {QUERY.replace('%s', '2012')}")
        assert "Physical Plan" in cursor.fetchall()[0][0]


@pytest.mark.parametrize("options", ["FORMAT XML", "FORMAT YAML", "ANALYZE, FORMAT JSON"])
def test_what_is_not_there_is_refused(server: LiveServer, options: str) -> None:
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            connection.execute(f"EXPLAIN ({options}) SELECT title FROM patent")
        # What the catalogue alone answers is PostgreSQL's own.
        assert connection.execute(f"EXPLAIN ({options}) SELECT relname FROM pg_class").fetchone()
