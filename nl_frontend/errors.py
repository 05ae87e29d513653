"""What the front end raises instead of a draft.

Rules: every error carries the SQLSTATE and the hint that the client is to see, so the pipeline passes it on
without knowing its kind; a message never repeats the question or the draft (they belong to the audit
record).
"""

from __future__ import annotations


class FrontEndError(Exception):
    """A question that got no draft.  Shapes: `sqlstate` is five characters; `hint` says what the user can
    do.
    """

    sqlstate = "XX000"

    def __init__(self, message: str, *, hint: str | None = None, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if sqlstate is not None:
            self.sqlstate = sqlstate


class DraftRefused(FrontEndError):
    """The reply held no SQL, or SQL that a question may not run.  SQLSTATE: 0A000, or 42501 for a write."""

    sqlstate = "0A000"


class QuestionInvalid(FrontEndError):
    """The question itself cannot be asked: empty (22023), too long (54000), nothing to ask about (42P01)."""

    sqlstate = "22023"


class NodeBusy(FrontEndError):
    """The node's queue is full; nothing was started.  SQLSTATE: 53300 too_many_connections."""

    sqlstate = "53300"


class NodeUnavailable(FrontEndError):
    """No node answers, or one broke while it did.  SQLSTATE: 57P03 cannot_connect_now."""

    sqlstate = "57P03"


class PromptTooLarge(FrontEndError):
    """The node's model cannot read so much at once.  SQLSTATE: 54000 program_limit_exceeded."""

    sqlstate = "54000"


class DraftTimeout(FrontEndError):
    """The deadline passed before the draft was there.  SQLSTATE: 57014 query_canceled."""

    sqlstate = "57014"


class ModelUnavailable(FrontEndError):
    """A model is unknown, was not pulled, or what was pulled is not what the catalogue promises.  SQLSTATE:
    58P01.
    """

    sqlstate = "58P01"
