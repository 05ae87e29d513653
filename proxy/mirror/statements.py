"""The statements that one mirror connection has prepared, and how long they are kept.

A named statement saves the mirror the parsing and planning, which is most of what a catalogue query
costs.  Rules: a plan is kept only where it answers as a new one would (effects.may_keep_plan), and only for
the settings that it was made under, since literals become constants when they are parsed; what is dropped
here is closed there with the next request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from proxy.mirror import frontend
from proxy.ports import Bind

Surroundings = frozenset[tuple[str, str]]
StatementKey = tuple[str, tuple[int, ...], Surroundings]

ENTRY_LIMIT = 200
TEXT_LIMIT_CHARACTERS = 128 * 1024
"""A plan takes the mirror some fifty times its text: this keeps a connection near 10 MB."""

_WITHOUT_MEANING = frozenset(
    {"application_name", "client_min_messages", "extra_float_digits", "statement_timeout"}
)


def surroundings(settings: Mapping[str, str]) -> Surroundings:
    """The settings that may change what a statement means."""
    return frozenset(
        (name, value) for name, value in settings.items() if name.lower() not in _WITHOUT_MEANING
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """One named statement; `text_request` runs it without parameters, with its description, in text."""

    name: str
    text_request: bytes

    @classmethod
    def named(cls, name: str) -> Statement:
        return cls(
            name,
            frontend.bind(name, Bind()) + frontend.describe_portal() + frontend.execute() + frontend.SYNC,
        )


class StatementCache:
    """Least recently used goes first."""

    __slots__ = ("_characters", "_closing", "_entries", "_serial", "epoch")

    def __init__(self) -> None:
        self.epoch = 0
        self._entries: dict[StatementKey, Statement] = {}
        self._closing: list[bytes] = []
        self._characters = 0
        self._serial = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: StatementKey) -> Statement | None:
        statement = self._entries.pop(key, None)
        if statement is not None:
            self._entries[key] = statement
        return statement

    def new(self) -> Statement:
        """A statement with a name that this connection has never used."""
        self._serial += 1
        return Statement.named(f"s{self._serial}")

    def add(self, key: StatementKey, statement: Statement) -> None:
        self._entries[key] = statement
        self._characters += len(key[0])
        while len(self._entries) > ENTRY_LIMIT or self._characters > TEXT_LIMIT_CHARACTERS:
            self.forget(next(iter(self._entries)))

    def forget(self, key: StatementKey) -> None:
        statement = self._entries.pop(key, None)
        if statement is not None:
            self._characters -= len(key[0])
            self._closing.append(frontend.close_statement(statement.name))

    def forget_all(self) -> None:
        for key in list(self._entries):
            self.forget(key)

    def take_closing(self) -> bytes:
        """The Close messages that are due: to be sent before the next request."""
        if not self._closing:
            return b""
        closing, self._closing = b"".join(self._closing), []
        return closing
