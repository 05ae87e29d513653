"""What the rules hand in: findings, one a code, and what they weigh together.

Rules: each code counts once, with its heaviest finding, so that a pattern that is repeated is not taken for several;
different codes count as independent probabilities.
"""

from __future__ import annotations

from dataclasses import replace

from checker.verdict import Finding


class Findings:
    """The heaviest finding of each code."""

    def __init__(self) -> None:
        self._by_code: dict[str, Finding] = {}

    def add(self, code: str, weight: float, reason: str, position: int | None = None) -> None:
        """Units: `weight` 0..1; `position` as in Finding."""
        before = self._by_code.get(code)
        if weight > 0 and (before is None or before.weight < weight):
            self._by_code[code] = Finding(code, weight, reason, position)

    def all(self) -> tuple[Finding, ...]:
        """The findings, the heaviest first."""
        return tuple(sorted(self._by_code.values(), key=lambda finding: -finding.weight))


def score(findings: tuple[Finding, ...]) -> float:
    """The probability, 0..1, that a statement with these findings is an attack."""
    innocent = 1.0
    for finding in findings:
        innocent *= 1.0 - finding.weight
    return 1.0 - innocent


def moved(findings: tuple[Finding, ...], offset: int) -> tuple[Finding, ...]:
    """The findings with `offset` added to each position."""
    return tuple(
        finding if finding.position is None else replace(finding, position=finding.position + offset)
        for finding in findings
    )
