"""Which statements the gate reads at all, whatever its rules on injection would say: what a judge may be shown.

The judge's statements are drawn before the other layers have had their say, so that it learns attacks which those
would miss tomorrow, and is measured on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from checker.context import READ_ALL, Context, InjectionLimits, SchemaTable
from checker.gate import Gate
from checker.verdict import Allowed


class _NoTables:
    def find(self, schema: str | None, name: str, search_path: Sequence[str]) -> SchemaTable | None:
        return None


_NEVER = 2.0
"""A weight that no findings add up to."""
GRAMMAR_ALONE = Context(replace(READ_ALL, injection=InjectionLimits(_NEVER, _NEVER)), _NoTables())
"""Whoever it is for may read everything, and no finding denies anything."""
_GATE = Gate()


def is_readable(statement: str) -> bool:
    """Whether the grammar and the allowlist of functions let the statement through."""
    return isinstance(_GATE.check(statement, GRAMMAR_ALONE), Allowed)
