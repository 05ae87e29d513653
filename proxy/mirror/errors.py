"""What can go wrong at the mirror, as exceptions that carry PostgreSQL's own fields."""

from __future__ import annotations

from dataclasses import replace

from proxy.wire.errors import ErrorFields

CONNECTION_FAILURE = "08006"
CANNOT_CONNECT_NOW = "57P03"
TOO_MANY_CONNECTIONS = "53300"
RESERVED_NAME = "42939"


class MirrorError(Exception):
    """The mirror answered with an error, or the relay refused in its place."""

    def __init__(self, fields: ErrorFields) -> None:
        super().__init__(f"{fields.sqlstate}: {fields.message}")
        self.fields = fields


class MirrorUnavailable(MirrorError):
    """The mirror's connection is gone or cannot be had; any transaction that ran on it is lost.

    `cause` is what the mirror said last, if it said anything.
    """

    def __init__(
        self, message: str, sqlstate: str = CONNECTION_FAILURE, *, cause: ErrorFields | None = None
    ) -> None:
        fields = ErrorFields(
            "ERROR", sqlstate, message, hint="The catalogue server is restarted by itself; try again."
        )
        if cause is not None:
            fields = replace(fields, detail=f"{cause.sqlstate}: {cause.message}")
        super().__init__(fields)
        self.cause = cause


class MirrorNotStarted(Exception):
    """The embedded PostgreSQL could not be started; the message says in one line what is missing."""
