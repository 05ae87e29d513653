"""What a question asks for besides reading, seen before any model is asked.

Rules: only orders are found (at the beginning, or behind "and", "then", "please" and the like), so that a question
about patents on deleting files stays one.  What is not found here is still only a question: a draft can only read.
"""

from __future__ import annotations

import re

_OBJECT = (
    r"(?:table|view|schema|database|index|column|row|record|entr(?:y|ies)|user|role|data|everything|all)s?"
)
_DETERMINERS = r"(?:(?:the|a|an|all|any|every|each|this|that|these|those|my|our|its|of|whole|entire|new)\s+)*"
_ORDER = re.compile(
    rf"""(?:^|[,;:.!\n]|\b(?:and|then|please|now|also|first|instead|just|you|must|should))\s*
    (?:
        (?:drop|truncate|alter|create|delete|remove|erase|wipe|destroy|rename|grant|revoke)\s+{_DETERMINERS}(?:\w+\s+)?{_OBJECT}\b
      | delete\s+from\b
      | insert\s+(?:into|a|an|the|new)\b
      | update\s+{_DETERMINERS}\w+\s+(?:set|to|so)\b
      | (?:drop|truncate)\s+{_DETERMINERS}\w+\s*[.!;]?$
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_OVERRIDE = re.compile(
    r"\b(?:ignore|forget|disregard|override)\s+(?:all\s+|any\s+|your\s+|the\s+|these\s+|previous\s+|prior\s+|above\s+)+"
    r"(?:instructions?|rules?|prompts?|polic(?:y|ies))\b",
    re.IGNORECASE,
)


def asks_to_write(prose: str) -> bool:
    """Whether the question is, or holds, an order to change something, or to set the rules aside."""
    return _ORDER.search(prose) is not None or _OVERRIDE.search(prose) is not None
