"""Values in a draft that the model took from an example and not from the question.

Rules: a condition on a number that the question does not say is left out where it only narrows the rest
(`... AND grant_year > 2012`) and all numbers of the question stand in the draft, and the reader is told.  Anywhere
else, and always with a name, the draft answers another question than the one that was asked: its caller refuses it.  A
number may be asked for in words.
Left out: names, which an example's table would not have; see Example.holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from nl_frontend.amend import Amended, Edit, apply
from nl_frontend.examples import Example
from nl_frontend.lexer import Token, tokens

_DATE = re.compile(r"\d{4}-\d\d")
"""Questions write dates in other ways than SQL does."""
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety hundred"
NUMBERS = {word: number for number, word in enumerate(_ONES.split())} | {
    word: 30 + 10 * place for place, word in enumerate(_TENS.split())
}
_VALUE = re.compile(r"'((?:[^']|'')*)'|\b(\d+(?:\.\d+)?)\b")
_CLAUSE_ENDS = (
    "group",
    "having",
    "window",
    "order",
    "limit",
    "offset",
    "fetch",
    "union",
    "intersect",
    "except",
)


def copied_literals(sql: str, question: str, examples: Iterable[Example]) -> set[str]:
    """What a draft compares with that stands in an example and not in the question."""
    asked = " ".join([question.lower(), *_numbers_of(question)])
    suspects = {value for example in examples for value in _compared(example.sql)}
    return {value for value in _compared(sql) & suspects if value not in asked and not _DATE.match(value)}


def without_copied(sql: str, question: str, copied: Collection[str]) -> Amended:
    """The draft without the conditions on copied numbers that only narrow it; the draft where that is not sure."""
    said = set(re.findall(r"\d+", sql))
    if not all(value.isdigit() for value in copied) or not _numbers_of(question) <= said:
        return Amended(sql, ())
    edits, gone = list[Edit](), list[str]()
    for start, end, conditions in _conjunctions(sql):
        left = [condition for condition in conditions if not _is_copied(condition, copied)]
        if len(left) < len(conditions):
            gone += [condition for condition in conditions if condition not in left]
            edits.append(Edit(start, end, f"WHERE {' AND '.join(left)}" if left else ""))
    if not gone:
        return Amended(sql, ())
    note = f"left out {', '.join(gone)}, which the question does not say"
    return Amended(" ".join(apply(sql, edits).split()), (note,))


def _numbers_of(question: str) -> set[str]:
    """As digits; a number in words counts too."""
    words = re.findall(r"[a-z]+|\d+", question.lower())
    return {str(NUMBERS.get(word, word)) for word in words if word in NUMBERS or word.isdigit()} - {"0", "1"}


def _conjunctions(sql: str) -> list[tuple[int, int, list[str]]]:
    """Each WHERE of ANDed conditions: where it begins and ends, and the conditions."""
    code = [token for token in tokens(sql) if not token.blank]
    found = []
    for place, word in enumerate(code):
        if not word.is_word("where"):
            continue
        depth, conditions, between = 0, [list[Token]()], False
        for token in code[place + 1 :]:
            depth += (token.text == "(") - (token.text == ")")
            if depth < 0 or (depth == 0 and token.is_word(*_CLAUSE_ENDS)):
                break
            if depth == 0 and token.is_word("and") and not between:
                conditions.append([])
                continue
            if depth == 0 and token.is_word("and", "between"):
                between = token.is_word("between")
            conditions[-1].append(token)
        whole = [token for condition in conditions for token in condition]
        if all(conditions) and not any(token.is_word("or", "case") for token in whole):
            shown = [sql[c[0].start : c[-1].end] for c in conditions]
            found.append((word.start, whole[-1].end, shown))
    return found


def _is_copied(condition: str, copied: Collection[str]) -> bool:
    """Whether it compares with copied values alone."""
    values = {(text or number).strip("%").lower() for text, number in _VALUE.findall(condition)} - {""}
    return bool(values) and values <= set(copied) and "select" not in condition.lower()


def _compared(sql: str) -> set[str]:
    """The literals that a query's conditions compare with, without patterns' wildcards."""
    from sqlglot import exp, parse_one

    conditions = parse_one(sql, read="postgres").find_all(exp.Where, exp.Having)
    literals = (literal for condition in conditions for literal in condition.find_all(exp.Literal))
    comparing = (exp.Predicate, exp.Neg, exp.Tuple, exp.Cast)
    return {each.name.strip("%").lower() for each in literals if isinstance(each.parent, comparing)} - {""}
