"""Statements a second through all layers of the gate, in one process, without a cache of verdicts.

    python -m tests.bench.bench_gate [FOLDER ...]

FOLDER holds statements, a file each (*.sql, the recorded ones of clients); without one the statements of the tests'
tables and TPC-H's serve.  Times are CPU times, since a busy machine says nothing about the gate; the parts are
measured side by side, in turns.  `cached` is the same behind a dictionary by text, as the pipeline may keep one.
Nothing here asserts a time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from checker.gate import Gate
from checker.injection import judge_statement, judge_text
from checker.split import split
from checker.verdict import Allowed

TESTS = Path(__file__).resolve().parents[1]
ROUNDS = 5
SMALL_CHARS = 4_096


def statements(folders: list[str]) -> list[str]:
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*.sql"))]
    if not files:
        files = [TESTS / "clients" / "queries.sql", TESTS / "unit" / "checker" / "injection" / "tpch.sql"]
        lines = (TESTS / "mirror" / "roundtrip.sql").read_text("utf-8").splitlines()
        found = [line for line in lines if line.strip() and not line.startswith("--")]
    else:
        found = []
    return found + [statement.text for path in files for statement in split(path.read_text("utf-8"))]


def timed(run: Callable[[str], object], texts: list[str]) -> list[float]:
    """CPU seconds of each text, the best of all rounds."""
    best = [float("inf")] * len(texts)
    for _ in range(ROUNDS):
        for index, text in enumerate(texts):
            begin = time.process_time()
            run(text)
            best[index] = min(best[index], time.process_time() - begin)
    return best


def report(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    rate = len(seconds) / sum(seconds)
    print(
        f"{name:28}{rate:9.0f}/s   median {1e3 * ordered[len(ordered) // 2]:.2f} ms   p99 {1e3 * p99:.2f} ms"
    )


def main() -> None:
    texts = [text for text in statements(sys.argv[1:]) if len(text) <= SMALL_CHARS]
    gate = Gate()
    known: dict[str, object] = {}

    def cached(text: str) -> object:
        if text not in known:
            known[text] = gate.check(text)
        return known[text]

    trees = {text: verdict for text in texts if isinstance(verdict := gate.check(text), Allowed)}
    print(f"{len(texts)} statements, {sum(map(len, texts)) // len(texts)} characters on average")
    report("all layers", timed(gate.check, texts))
    report("all layers, cached", timed(cached, texts))
    report(
        "injection alone", timed(lambda text: judge_statement(trees[text].tree, text, len(text)), list(trees))
    )
    report("any text (judge_text)", timed(judge_text, texts))
    wide = "SELECT " + ", ".join(f"a{n} + 1 AS b{n}" for n in range(3_200)) + " FROM t"
    deep = "SELECT " + "(" * 199 + "1" + ")" * 199
    ors = "SELECT a FROM t WHERE " + " OR ".join(f"a = {n}" for n in range(1_900))
    quotes = "x' or " * 10_000
    for name, text in (("wide", wide), ("depth 199", deep), ("1,900 ORs", ors), ("broken", quotes)):
        report(f"{name}, {len(text):,} characters", timed(gate.check, [text]))
        report(f"{name}, judge_text", timed(judge_text, [text]))


if __name__ == "__main__":
    main()
