"""Questions that go on from the last one: "only those of 2012", "and per year?".

Rules: a question that can stand alone does; one that only names another year or company, or says what was not meant,
is the last question with that in the place of its own; any other becomes the last question and itself: what it means
is decided by words that can be told, remembered and asked again; the same words mean the same until another question
has been asked, as clients send a statement more than once.
Leaves out: other languages than English, as the phrases below are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_ASKING = r"(?:how|which|what|who|whose|where|when|list|show|count|number|give|find|top|most|average|total)"
_THOSE = r"(?:those|these|them)"
_BEGINS = re.compile(
    rf"""(?:no,\s*not|and|but|or|also|only|just|now|then|instead|(?:the\s+)?same|without|excluding|except|not
    |(?:what|how)\s+about|(?:how\s+many|{_ASKING})\s+(?:of|among)\s+{_THOSE})\b""",
    re.IGNORECASE | re.VERBOSE,
)
_REFERS = re.compile(
    rf"\b(?:of|among|for|from|in|to|about|with)\s+{_THOSE}\b(?!\s+(?:who|that|which|of|in|with)\b)"
    rf"|\b{_THOSE}(?:\s+ones\b|\W*$)|\binstead\b|\bas\s+before\b",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:per|by|for|in|from|since|before|after|between|with|of|as|sort(?:ed)?|order(?:ed)?|group(?:ed)?|limit(?:ed)?)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(rf"\b{_ASKING}\b", re.IGNORECASE)
_OTHER = re.compile(
    r"(?:and|(?:and\s+)?(?:(?:what|how)\s+about|the\s+same\s+for))\s+(?:(?:in|for|of|by|since|after|before)\s+)?(.+)",
    re.IGNORECASE,
)
_CORRECTED = (
    re.compile(r"(?:no\W+)?not\s+(?P<was>.+?),?\s+but\s+(?P<now>.+)", re.IGNORECASE),
    re.compile(r"(?:and\s+)?(?:now\s+)?(?P<now>.+?)\s+instead\s+of\s+(?P<was>.+)", re.IGNORECASE),
)
_NUMBER = re.compile(r"\b\d+\b")
_NAME = re.compile(r"(?<!^)\b[A-Z][\w&'-]*(?:\s+[A-Z][\w&'-]*)*")
"""Within a sentence."""
KEPT_MAX = 100


def goes_on(prose: str) -> bool:
    """Whether a question needs another one before it to mean something."""
    prose = prose.strip()
    return bool(
        _BEGINS.match(prose) or _REFERS.search(prose) or (_PART.match(prose) and not _ASKS.search(prose))
    )


def together(last: str, prose: str) -> str:
    """Two questions as one that stands alone."""
    last, prose = last.rstrip(" ?.!;"), prose.strip()
    corrected = _corrected(last, prose)
    if corrected is not None:
        return corrected
    other = _OTHER.match(prose)
    if other is not None:
        value = other[1].rstrip(" ?.!;").removesuffix(" instead")
        for kind in (_NUMBER, _NAME):
            # A blank before it, since a name is one within a sentence.
            alike = kind.fullmatch(f" {value}", 1) is not None
            own = [found for found in kind.finditer(last) if kind is _NAME or len(found[0]) == len(value)]
            if alike and len(own) == 1:
                return last[: own[0].start()] + value + last[own[0].end() :]
    return f"{last}; {prose}"


def _corrected(last: str, prose: str) -> str | None:
    """The last question with what the user names in the place of what they name, which it has once: "not X but Y"."""
    for pattern in _CORRECTED:
        found = pattern.fullmatch(prose.rstrip(" ?.!;"))
        if found is not None:
            own = list(re.finditer(rf"(?<!\w){re.escape(found['was'])}(?!\w)", last, re.IGNORECASE))
            if len(own) == 1:
                return last[: own[0].start()] + found["now"] + last[own[0].end() :]
    return None


@dataclass(slots=True)
class Conversation:
    """What one session has asked.  Shapes: `last` is the last question, as it was understood, and its SQL."""

    last: tuple[str, str] | None = None
    _heard: dict[str, tuple[str, tuple[str, str]]] = field(default_factory=dict)
    """What went on, as it was said -> as it was understood, and what it went on from."""
    _since: str | None = None

    def understood(self, prose: str, *, again: bool = False) -> tuple[str, tuple[str, str] | None]:
        """A question in words that stand alone, and the question and SQL that it goes on from, if it does.

        `again`: as it was understood when it was asked.
        """
        if not goes_on(prose) or self.last is None:
            return prose, None
        known = self._heard.get(prose)
        if known is not None and (again or self._since == prose):
            return known
        if len(self._heard) >= KEPT_MAX:
            self._heard.clear()
        heard = together(self.last[0], prose), self.last
        self._heard[prose] = heard
        return heard

    def answered(self, prose: str, understood: str, sql: str) -> None:
        """`prose` as it was said has got an answer."""
        self.last, self._since = (understood, sql), prose
