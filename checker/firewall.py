"""The firewall's decision: may a statement of this shape run for somebody with these roles?

A role's list of shapes is learned from what it runs, reviewed by an administrator, and then enforced: what is not on it
is denied and put up for review.  Rules: it only ever denies what the gate has allowed; what an administrator has
forbidden is denied while learning too; with several roles a shape on the list of one is enough, unless another forbids
it; no list at all denies.  Statements on the session itself read nothing and have no shape to review.
Source: the model is Oracle's SQL Firewall (capture, review, allow-list, enforce; Oracle AI Database 26ai, SQL Firewall
User's Guide).

Left out: where lists are kept and how they are learned (proxy/firewall.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from checker.verdict import Allowed, Denied

Mode = Literal["off", "learn", "enforce"]


@dataclass(frozen=True, slots=True)
class ShapeList:
    """One role's reviewed shapes, by digest."""

    allowed: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Passed:
    """It may run."""


@dataclass(frozen=True, slots=True)
class Learned:
    """It may run, and is remembered for a review."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """It may not run; `pending` when no administrator has seen it yet."""

    pending: bool


Decision = Passed | Learned | Blocked
PASSED, LEARNED = Passed(), Learned()
FORBIDDEN, PENDING = Blocked(pending=False), Blocked(pending=True)


def decide(digest: str, mode: Mode, lists: Sequence[ShapeList]) -> Decision:
    """`lists` are those of the user's roles.  Three look-ups in sets for each."""
    if mode == "off":
        return PASSED
    if any(digest in shapes.forbidden for shapes in lists):
        return FORBIDDEN
    if mode == "learn":
        return LEARNED
    return PASSED if any(digest in shapes.allowed for shapes in lists) else PENDING


def is_exempt(allowed: Allowed) -> bool:
    """Whether it reads nothing and calls nothing by itself: SET, BEGIN, FETCH, EXECUTE of what was checked before.

    Every driver sends these, with names and values of its own making; what a cursor or a prepared statement reads was
    decided when it was made.
    """
    return allowed.tree is None or (
        allowed.statement is not None
        and allowed.statement.kind.value == "EXECUTE"
        and not allowed.facts.relations
        and not allowed.facts.functions
    )


def blocked(decision: Blocked, digest: str) -> Denied:
    """What the client is told.  The shape's digest lets an administrator find it."""
    if decision.pending:
        return Denied(
            "firewall",
            "42501",
            "permission denied: the firewall does not know this statement",
            hint=f"An administrator can allow its shape {digest} in streamlink.shapes.",
        )
    return Denied(
        "firewall",
        "42501",
        "permission denied: the firewall forbids this statement",
        hint=f"Its shape {digest} was reviewed and forbidden.",
    )
