"""Spark SQL as the gate writes it anew is, to Spark, what was typed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker.functions import DENIED, spark_function_kinds
from checker.gate import Gate
from checker.spark.render import filled
from checker.verdict import Allowed
from proxy.confirmed import PARSED, names_of, relations_of
from spark_thrift.errors import SparkError
from spark_thrift.session import SparkSession

CORPUS = Path(__file__).with_name("spark_dialect.sql")
_WORDS = """
SELECT FROM WHERE GROUP BY HAVING ORDER LIMIT UNION ALL DISTINCT WITH AS JOIN LEFT SEMI ANTI CROSS ON USING LATERAL VIEW
NOT IN IS NULL CASE WHEN THEN END OVER ROWS RANGE EXISTS VALUES FILTER TABLE CAST INTERVAL DATE EXTRACT TRIM STRUCT MAP
TRANSFORM PIVOT TABLESAMPLE IDENTIFIER EXPLAIN INSERT IF ( ( ( ) ) [ ] , . * + - = <=> ! -> : secret s.secret (secret)
text.`/x` a.b.c.d abs(1) range(3) explode(xs) (a,b) f(a) () 1 'x' `t` LATERAL (SELECT
"""
WORDS = _WORDS.split()
"""What is put into queries to make Spark read them otherwise than the gate."""
MUTANTS = 600


@pytest.mark.spark
async def test_the_same_rows_and_columns(spark_session: SparkSession) -> None:
    different = []
    for typed in CORPUS.read_text("utf-8").splitlines():
        if not typed or typed.startswith("--"):
            continue
        verdict = Gate().check(typed, dialect="spark")
        assert isinstance(verdict, Allowed), (typed, verdict)
        answers = []
        for sql in (typed, verdict.sql):
            try:
                answers.append((await spark_session.describe(sql), await spark_session.run_command(sql)))
            except SparkError as error:
                pytest.fail(f"{sql}: {error}")
        if answers[0] != answers[1]:
            different.append((typed, verdict.sql, answers))
    assert not different


@pytest.mark.spark
async def test_every_function_is_one_of_sparks_own(spark_session: SparkSession) -> None:
    there = {row[0] for row in await spark_session.run_command("SHOW SYSTEM FUNCTIONS")}
    assert {name for name, kind in spark_function_kinds().items() if kind != DENIED} <= there


def mutants(count: int) -> list[Allowed]:
    """Queries of the corpus and of the gate's denials with words put in, taken out and moved, that the gate allows."""
    draw, gate = random.Random(7), Gate()
    denied = Path(__file__).parents[1] / "unit" / "checker" / "spark" / "denied.txt"
    texts = [line for line in CORPUS.read_text("utf-8").splitlines() if line and not line.startswith("--")]
    texts += [line.split(" | ", 3)[3] for line in denied.read_text("utf-8").splitlines() if " | " in line]
    found: dict[str, Allowed] = {}
    while len(found) < count:
        words = draw.choice(texts).replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split()
        for _ in range(draw.choice((1, 1, 2, 3))):
            at = draw.randrange(len(words))
            match draw.randrange(4):
                case 0 if len(words) > 1:
                    del words[at]
                case 1:
                    other = draw.randrange(len(words))
                    words[at], words[other] = words[other], words[at]
                case _:
                    words.insert(at, draw.choice(WORDS))
        verdict = gate.check(" ".join(words), dialect="spark")
        if isinstance(verdict, Allowed) and verdict.dialect == "spark" and verdict.statement is None:
            found.setdefault(verdict.sql, verdict)
    return list(found.values())


@pytest.fixture
def parse() -> Iterator[Callable[[str], str | None]]:
    """Spark's own parser, by itself: the plan of a text, None where its grammar has no such thing."""
    from py4j.protocol import Py4JJavaError
    from pyspark.java_gateway import launch_gateway

    gateway = launch_gateway()
    package = gateway.jvm.org.apache.spark.sql.catalyst.parser
    parser = getattr(getattr(package, "CatalystSqlParser$"), "MODULE$")

    def plan(sql: str) -> str | None:
        try:
            return str(parser.parsePlan(sql).treeString())
        except Py4JJavaError:
            return None

    yield plan
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)


@pytest.mark.spark
def test_spark_sees_no_table_that_the_gate_does_not(parse: Callable[[str], str | None]) -> None:
    understood = 0
    for verdict in mutants(MUTANTS):
        plan = parse(filled(verdict.sql, dict.fromkeys(verdict.facts.parameters, "1")))
        if plan is None:
            continue
        seen = relations_of(f"{PARSED}\n{plan}")
        assert verdict.tree is not None
        assert seen is not None, verdict.sql
        assert seen <= names_of(verdict.tree), verdict.sql
        understood += 1
    assert understood > MUTANTS / 2
