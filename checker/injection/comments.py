"""Comments that cut a statement off: what followed the attacker's value became a comment.

Rules: only a comment that ends the text counts, by how it begins: honest ones begin with words, cut-off ones with
what closed the value (a quote, a parenthesis) or with the clause that followed it.
"""

from __future__ import annotations

import re

from checker.injection.findings import Findings

_CLOSES_A_VALUE = re.compile(
    r"""\s*(?:\)+\s*(?:['";]|(?:and|or)\b|$)
      |[\w-]{0,12}+\ ?%?['"`]\s*(?:$|[);,=<>|+-]|(?:and|or|order|group|limit|offset|having|union|where|from|as|in|is
          |like|between|then|end|asc|desc|fetch|for|not)\b))""",
    re.IGNORECASE | re.VERBOSE,
)
_IS_A_CLAUSE = re.compile(
    r"\s*\)*\s*(?:and|or|from|where|order\s+by|group\s+by|having|limit|offset|union|asc|desc|as)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"[=<>]|\blike\b|\bin\b|\bby\b|\blimit\s+[0-9]", re.IGNORECASE)
_LONGEST = 2_000
"""Characters of a comment that are looked at."""


def judge(text: str, end: int, findings: Findings, *, weight_of_empty: float = 0.7) -> None:
    """Findings on the comment behind the last word of a statement, which ends at the offset `end`.

    `weight_of_empty` is what a comment without any text weighs: people leave one behind, programs never do.
    """
    tail = text[end : end + _LONGEST]
    begin = len(tail) - len(tail.lstrip())
    same_line = "\n" not in tail[:begin]
    tail = tail.lstrip().rstrip(";")
    if not same_line or not tail.startswith(("--", "#")):
        return
    content = tail.split("\n", 1)[0].lstrip("-# \t")
    where = end + begin + 1
    if _CLOSES_A_VALUE.match(content):
        findings.add("cut_off", 0.93, "a comment hides what closed the value", where)
    elif _IS_A_CLAUSE.match(content):
        weight = 0.6 if _ASKS.search(content) else 0.3
        findings.add("cut_off", weight, "a comment hides the rest of the statement", where)
    elif not content.strip():
        findings.add("cut_off", weight_of_empty, "an empty comment ends the statement", where)
