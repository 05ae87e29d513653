"""What the lexer, the parsers and the renderer raise; gate.py turns each into a verdict."""

from __future__ import annotations

from typing import Any

from checker.verdict import Denied

AT_END = "syntax error at end of input"


class SyntaxProblem(Exception):
    """A text that PostgreSQL's grammar, or what we have of it, does not take.

    Units: `offset` in characters from 0, None at the end of the statement (AT_END); `position` as PostgreSQL's field P,
    from 1.
    """

    def __init__(
        self, message: str, offset: int | None, sqlstate: str = "42601", hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.sqlstate = sqlstate
        self.hint = hint

    @property
    def position(self) -> int | None:
        """The place as the ErrorResponse's field P counts it."""
        return None if self.offset is None else self.offset + 1


class Refused(Exception):
    """A statement that parses and is not allowed.  Units: `offset` in characters from 0."""

    def __init__(self, code: str, message: str, offset: int, sqlstate: str = "42501") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.sqlstate = sqlstate


class Unrenderable(Exception):
    """A construct that PostgreSQL text cannot be made of faithfully (0A000).  `node` is where it stands."""

    def __init__(self, construct: str, node: Any = None) -> None:
        super().__init__(construct)
        self.construct = construct
        self.node = node


class Denial(Exception):
    """Carries a verdict out of the layers."""

    def __init__(
        self, code: str, sqlstate: str, reason: str, position: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(reason)
        self.verdict = Denied(code, sqlstate, reason, position, hint)
