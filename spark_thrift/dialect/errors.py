"""What the dialect step refuses, as a type."""

from __future__ import annotations


class Untranslatable(Exception):
    """A construct that has no Spark form proven equal, or that PostgreSQL itself would not accept.

    `construct` names it as a user would write it.  `sqlstate` is 0A000 where the limit is ours, and
    PostgreSQL's own code (42703, 42883, 22P02 ...) where PostgreSQL would refuse the statement too.
    """

    def __init__(self, construct: str, hint: str | None = None, *, sqlstate: str = "0A000") -> None:
        super().__init__(construct)
        self.construct = construct
        self.hint = hint
        self.sqlstate = sqlstate

    @property
    def message(self) -> str:
        """The primary message of the ErrorResponse."""
        if self.sqlstate == "0A000":
            return f"{self.construct} is not supported on Spark"
        return self.construct
