"""Coverage-guided fuzzing of the gate: any text gets a verdict, and what is allowed is written faithfully.

The injection layer takes part twice: inside the gate, with a role's context, and by itself on any text.

    python -m tests.fuzz.fuzz_gate CORPUS -max_total_time=600 -max_len=2048 -dict=CORPUS/words.dict

CORPUS is a directory that is made when it is missing; the statements of the tests' tables are put there as seeds,
with a dictionary of the grammar's words beside it.  tests/fuzz/test_fuzz.py runs it for a few seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["checker"]):
    from checker.context import READ_ALL, Context, SchemaTable
    from checker.errors import SyntaxProblem
    from checker.gate import Gate, Limits
    from checker.injection import judge_text, score
    from checker.render import map_position
    from checker.split import split
    from checker.verdict import Allowed, Denied
    from checker.words import KEYWORDS, OPERATORS

TESTS = Path(__file__).parents[1]
GATE = Gate(Limits(nesting=60))


class _Empty:
    """A catalogue without tables."""

    def find(self, schema: str | None, name: str, search_path: Sequence[str]) -> SchemaTable | None:
        return None


CONTEXT = Context(replace(READ_ALL, application=True), _Empty())


def test_one_input(data: bytes) -> None:
    """Fuzz target.  Raises: whatever the gate should not have raised, or AssertionError."""
    text = data.decode("utf-8", "surrogateescape")
    statements: list[str] = []
    position: int | None = 1
    try:
        statements = [statement.text for statement in split(text)]
    except SyntaxProblem as problem:
        position = problem.position
    assert position is not None
    assert 1 <= position <= len(text) + 1
    for statement in [text, *statements]:
        _check(statement)
    weight, findings = judge_text(text)
    assert 0 <= weight <= 1
    assert abs(weight - score(findings)) < 1e-9
    assert all(f.position is None or 1 <= f.position <= len(text) + 1 for f in findings), findings


def _check(text: str) -> None:
    within = GATE.check(text, CONTEXT)
    assert isinstance(within, Allowed) or within.code != "gate_failure", within.reason
    verdict = GATE.check(text)
    if isinstance(verdict, Denied):
        assert verdict.code != "gate_failure", verdict.reason
        assert verdict.position is None or 1 <= verdict.position <= len(text) + 1
        return
    assert isinstance(verdict, Allowed)
    again = GATE.check(verdict.sql)
    assert isinstance(again, Allowed), f"{verdict.sql!r}: {again}"
    assert again.sql == verdict.sql
    if verdict.tree is not None and verdict.statement is None:
        map_position(text, verdict.sql, len(verdict.sql) // 2)


def _lines(path: Path) -> list[str]:
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("--", "#"))]


def seeds() -> list[str]:
    """The statements of the tests' tables."""
    tables = TESTS / "unit" / "checker"
    denied = [line.split(" | ", 3)[3] for line in _lines(tables / "denied.txt")]
    attacks = [line.split(" | ", 2)[2] for line in _lines(tables / "injection" / "attacks.txt")]
    values = [line.split(" | ", 1)[1] for line in _lines(tables / "injection" / "values.txt")]
    return _lines(TESTS / "mirror" / "roundtrip.sql") + denied + attacks + values


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_text(seed, "utf-8")
    words = [word.upper() for word in KEYWORDS] + list(OPERATORS)
    (corpus / "words.dict").write_text("".join(f'"{word}"\n' for word in words), "utf-8")
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
