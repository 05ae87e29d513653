"""One session's transaction block: its status, its savepoints and the settings that a rollback brings back.

Spark has no transactions, so one here holds no data (see writes.py): what it does hold is the status byte of
ReadyForQuery, cursors that end with it, and SET, which PostgreSQL undoes when the block is rolled back.  The rules are
PostgreSQL's (`src/backend/access/transam/xact.c`); leaving out prepared transactions and real isolation.

An explicit block is opened by BEGIN.  A simple query of several statements runs in an implicit one, which behaves
like a block for DECLARE and LOCK but whose status byte is still `I` when it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Settings = Mapping[str, str]
"""A session's settings by lower-case name; never changed in place, so that two sessions may share one."""


Cursors = frozenset[object]
"""The cursors that were open when a savepoint was set."""


def lowered(settings: Settings) -> dict[str, str]:
    """Names in lower case: PostgreSQL compares them so, and prints some otherwise (TimeZone, DateStyle)."""
    return {name.lower(): value for name, value in settings.items()}


class Status(Enum):
    """ReadyForQuery's status byte."""

    IDLE = "I"
    OPEN = "T"
    FAILED = "E"


class TransactionError(Exception):
    """A transaction statement that PostgreSQL refuses in this state."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message


@dataclass(frozen=True, slots=True)
class Warned:
    """A transaction statement that PostgreSQL lets pass with a WARNING."""

    sqlstate: str
    message: str


class Transaction:
    """Status, settings and savepoints of one session."""

    def __init__(self, settings: Settings) -> None:
        self.status = Status.IDLE
        self.implicit = False
        self._several = False
        self.settings = settings
        self._at_begin = settings
        self._outlast = settings
        """The settings without what SET LOCAL laid over them: what COMMIT leaves behind."""
        self._savepoints: list[tuple[str, Settings, Settings, Cursors]] = []

    @property
    def has_savepoints(self) -> bool:
        """Whether a failed block can still be gone on with."""
        return bool(self._savepoints)

    @property
    def in_block(self) -> bool:
        """Whether statements such as DECLARE CURSOR, which need a block, may run."""
        return self._several or self.status is not Status.IDLE

    def set(self, settings: Settings, *, local: bool) -> None:
        """Settings after a SET, as the mirror reads them back."""
        if not local:
            changed = {k: v for k, v in settings.items() if self.settings.get(k) != v}
            gone = self.settings.keys() - settings.keys()
            self._outlast = {k: v for k, v in {**self._outlast, **changed}.items() if k not in gone}
        self.settings = settings

    def begin(self) -> Warned | None:
        if self.status is not Status.IDLE:
            return Warned("25001", "there is already a transaction in progress")
        self.status = Status.OPEN
        if not self.implicit:
            self._at_begin = self._outlast = self.settings
        return None

    def commit(self, *, chain: bool = False) -> tuple[str, Warned | None]:
        """The command tag (ROLLBACK where the block had failed) and a warning outside a block."""
        if self.status is Status.FAILED:
            return self.rollback(chain=chain)
        warned = self._leave("COMMIT", chain=chain)
        self.settings = self._at_begin = self._outlast
        self._reopen(chain)
        return "COMMIT", warned

    def rollback(self, *, chain: bool = False) -> tuple[str, Warned | None]:
        warned = self._leave("ROLLBACK", chain=chain)
        if warned is None or self.implicit:
            self.settings = self._outlast = self._at_begin
        self._reopen(chain)
        return "ROLLBACK", warned

    def _leave(self, word: str, *, chain: bool) -> Warned | None:
        self._savepoints.clear()
        if self.status is not Status.IDLE:
            self.status = Status.IDLE
            return None
        if chain:
            raise TransactionError("25P01", f"{word} AND CHAIN can only be used in transaction blocks")
        self._outlast = self.settings
        return Warned("25P01", "there is no transaction in progress")

    def _reopen(self, chain: bool) -> None:
        if chain:
            self.begin()

    def savepoint(self, name: str, cursors: Cursors = frozenset()) -> None:
        self._need_block("SAVEPOINT")
        self._savepoints.append((name, self.settings, self._outlast, cursors))

    def release(self, name: str) -> None:
        self._need_block("RELEASE SAVEPOINT")
        del self._savepoints[self._find(name) :]

    def rollback_to(self, name: str) -> Cursors:
        """The cursors that live on: those opened since the savepoint do not."""
        self._need_block("ROLLBACK TO SAVEPOINT")
        at = self._find(name)
        _, self.settings, self._outlast, cursors = self._savepoints[at]
        del self._savepoints[at + 1 :]
        self.status = Status.OPEN
        return cursors

    def _need_block(self, word: str) -> None:
        if self.status is Status.IDLE:
            raise TransactionError("25P01", f"{word} can only be used in transaction blocks")

    def _find(self, name: str) -> int:
        for at in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[at][0] == name:
                return at
        raise TransactionError("3B001", f'savepoint "{name}" does not exist')

    def begin_implicit(self, *, several: bool = False) -> None:
        """A simple query (`several`: with more than one statement), or extended messages up to their Sync."""
        if self.status is Status.IDLE:
            self._several = several
        if self.status is Status.IDLE and not self.implicit:
            self.implicit = True
            self._at_begin = self._outlast = self.settings

    def fail(self) -> None:
        """A statement ended in an error: an explicit block is failed, an implicit one is undone."""
        if self.status is Status.OPEN:
            self.status = Status.FAILED
        elif self.implicit:
            self.settings = self._outlast = self._at_begin

    def end_implicit(self) -> None:
        """Sync, or the end of a simple query: what SET LOCAL laid over goes."""
        if self.implicit:
            self.implicit = self._several = False
            if self.status is Status.IDLE:
                self.settings = self._outlast
