"""The forms that a question takes inside a client's statement, and what remains of the statement around it.

Clients wrap, reformat and strip what users type (psql drops a leading `--` comment, Tableau puts
parentheses around custom SQL, DBeaver calls a comment-only text empty), so one form is not enough:

    -- nl: prose                    /* nl: prose */                 over several lines too
    SELECT -- nl: prose             nl: prose;                      nl: $$prose; more$$;
    SELECT * FROM (-- nl: prose
    ) AS t LIMIT 0                  SELECT * FROM nl('prose') AS t WHERE t.year = $1

each also behind EXPLAIN or DECLARE ... FOR, and, where the session asked for it, any text that is not SQL.

Rules: a comment is a question only where SQL has a hole (the whole statement, or all that a pair of
parentheses holds); an `nl:` comment beside complete SQL is a comment.  The text around the prose is never
changed.
Leaves out: a second question in one statement (its nl() is an unknown function to the gate).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nl_frontend.lexer import Token, string_value, tokens

MARK = "{}"

STATEMENT_WORDS = frozenset(
    re.findall(
        r"\w+",
        """abort alter analyze begin call checkpoint close cluster comment commit copy create deallocate
        declare delete desc describe discard do drop end execute explain fetch from grant import insert
        listen load lock merge move notify prepare reassign refresh reindex release reset revoke rollback
        savepoint security select set show start table truncate unlisten update use vacuum values with""",
    )
)
"""Words that begin a statement of PostgreSQL 18 (its SQL reference's list) or of Spark."""

_PROSE_AFTER: dict[str, re.Pattern[str]] = {
    # `SHOW name` is SQL, "show me the largest" is not; `DO $$` is SQL, "do we have any" is not; and so on.
    "show": re.compile(r"\s+(?:me|us|the|all\s+\w)", re.I),
    "do": re.compile(r"\s+(?!language\b)[a-z]", re.I),
    "with": re.compile(r"(?!\s+(?:recursive\s+)?(?:\"[^\"]+\"|\w+)\s*(?:\([^()]*\)\s*)?as\b)", re.I),
    "from": re.compile(r"\s+(?:the|which|what|when|who|all)\b", re.I),
    "select": re.compile(r"\s+(?:the|me|us)\s+\w+\s+\w", re.I),
    "use": re.compile(r"\s+the\b", re.I),
}
_MAYBE = re.compile(r"\bnl\s*[:(]", re.I)
_BARE = re.compile(r"nl\s*:", re.I)
_COMMENT = re.compile(r"(?:--+|/\*+)\s*nl\s*:", re.I)
_AFTER_TABLE = frozenset(
    re.findall(
        r"\w+",
        """cross except fetch for full group having inner intersect join left limit natural offset on order
        right tablesample union using where window""",
    )
)


@dataclass(frozen=True, slots=True)
class Question:
    """Prose that a statement held.

    Shapes: `template` is the statement with `{}` in place of the prose, at character `at`; a lone `{}`
    means the statement was nothing but the question.
    """

    prose: str
    template: str = MARK
    at: int = 0

    def fill(self, sql: str) -> str:
        """The statement with a draft in the question's place, also when its text holds other braces."""
        return self.template[: self.at] + sql + self.template[self.at + len(MARK) :]

    def saying(self, prose: str) -> Question:
        """The same place in the statement, in other words."""
        return replace(self, prose=prose)


def extract(statement: str, *, prose: bool) -> Question | None:
    """The question that this one statement is or holds, or None when it is plain SQL.

    Shapes: `statement` is one statement, with or without its semicolon; `prose` is the session's
    streamlink.prose.
    """
    if not prose and not _MAYBE.search(statement):
        return None
    return (
        _bare(statement)
        or _whole(statement)
        or _inside(statement)
        or (_unmarked(statement) if prose else None)
    )


def _question(prose: str, before: str = "", after: str = "") -> Question:
    return Question(" ".join(prose.split()).rstrip("; "), f"{before}{MARK}{after}", len(before))


def _prefix_end(statement: str) -> int:
    """Where the statement proper begins: behind blanks, and behind EXPLAIN [(options)] or DECLARE ... FOR."""
    end = depth = 0
    within: str | None = None
    for token in tokens(statement):
        if token.blank:
            if token.kind == "comment" and _COMMENT.match(token.text):
                break
        elif within == "explain" and depth == 0 and token.is_word("analyze", "verbose"):
            pass
        elif within == "explain" and (token.text == "(" or depth):
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif within == "declare":
            within = None if token.is_word("for") else within
        elif within is None and end == 0 and token.is_word("explain", "declare"):
            within = token.text.lower()
        else:
            break
        if not token.blank and depth == 0:
            end = token.end
    return end


def _bare(statement: str) -> Question | None:
    """`nl: prose` up to the end.  Its prose is not lexed: an apostrophe in it opens nothing."""
    end = _prefix_end(statement)
    start = end + _blank_length(statement, end)
    marker = _BARE.match(statement, start)
    if marker is None:
        return None
    text = statement[marker.end() :].strip().rstrip("; \n")
    quoted = list(tokens(text))
    if len(quoted) == 1 and quoted[0].kind == "string":
        text = string_value(text)
    return _question(text, _spaced(statement[:end]))


def _blank_length(text: str, start: int) -> int:
    end = start
    for token in tokens(text, start):
        if not token.blank or (token.kind == "comment" and _COMMENT.match(token.text)):
            break
        end = token.end
    return end - start


def _spaced(prefix: str) -> str:
    """EXPLAIN and DECLARE need a blank before what follows; no prefix needs nothing."""
    return f"{prefix.strip()} " if prefix.strip() else ""


def _whole(statement: str) -> Question | None:
    """A statement of comments only, or SELECT and a comment, or a comment whose next lines are prose too."""
    end = _prefix_end(statement)
    rest = [t for t in tokens(statement, end) if t.text != ";"]
    if any(t.kind == "unterminated" for t in rest):
        return None
    first = next((i for i, t in enumerate(rest) if _is_marked(t)), None)
    if first is None:
        return None
    before = [t for t in rest[:first] if not t.blank]
    if before and not (len(before) == 1 and before[0].is_word("select")):
        return None
    after = rest[first:]
    code = [t for t in after if not t.blank]
    if code and (before or not _is_prose(statement[code[0].start :])):
        return None  # complete SQL with a remark above it
    return _question(_comment_prose(after), _spaced(statement[:end]))


def _inside(statement: str) -> Question | None:
    """A hole in a larger statement: parentheses that hold only the comment, or a call of the table function
    nl().
    """
    code = list(tokens(statement))
    for i, token in enumerate(code):
        if token.text == "(":
            question = _parenthesised(statement, code, i) or _called(statement, code, i)
            if question is not None:
                return question
    return None


def _parenthesised(statement: str, code: Sequence[Token], i: int) -> Question | None:
    close = next(
        (j for j in range(i + 1, len(code)) if not code[j].blank and not code[j].is_word("select")), None
    )
    if close is None or code[close].text != ")":
        return None
    held = code[i + 1 : close]
    first = next((j for j, t in enumerate(held) if _is_marked(t)), None)
    if first is None:
        return None
    return _question(_comment_prose(held[first:]), statement[: code[i].end], statement[code[close].start :])


def _called(statement: str, code: Sequence[Token], i: int) -> Question | None:
    """FROM nl('prose'): its parentheses become a subquery's, named nl unless the client named it."""
    before = [t for t in code[:i] if not t.blank]
    after = [t for t in code[i + 1 :] if not t.blank]
    if len(before) < 2 or len(after) < 2 or not before[-1].is_word("nl"):
        return None
    source = before[-2]
    if not (source.is_word("from", "join", "lateral") or source.text == ","):
        return None
    if after[0].kind != "string" or after[1].text != ")":
        return None
    follower = after[2] if len(after) > 2 else None
    named = follower is not None and (
        follower.kind == "quoted" or (follower.kind == "word" and follower.text.lower() not in _AFTER_TABLE)
    )
    rest = statement[after[1].end :]
    return _question(
        string_value(after[0].text),
        statement[: before[-1].start] + "(",
        ")" + ("" if named else " AS nl") + rest,
    )


def _unmarked(statement: str) -> Question | None:
    """With streamlink.prose on: whatever does not begin as SQL does."""
    end = _prefix_end(statement)
    text = statement[end + _blank_length(statement, end) :].strip()
    return _question(text, _spaced(statement[:end])) if _is_prose(text) else None


def _is_prose(text: str) -> bool:
    word = re.match(r"[^\W\d]\w*", text)
    if word is None:
        return bool(text) and text[0] not in "(;:\\"
    lowered = word[0].lower()
    if lowered not in STATEMENT_WORDS:
        return True
    exception = _PROSE_AFTER.get(lowered)
    return exception is not None and exception.match(text, word.end()) is not None


def _is_marked(token: Token) -> bool:
    return token.kind == "comment" and _COMMENT.match(token.text) is not None


def _comment_prose(run: Sequence[Token]) -> str:
    """The text of a comment and all that follows it, without the comments' own signs."""
    parts = []
    for token in run:
        text = token.text
        if token.kind == "comment":
            marker = _COMMENT.match(text)
            text = text[marker.end() :] if marker else text[2:]
            text = text.removesuffix("*/") if token.text.startswith("/*") else text
        parts.append(text)
    return "".join(parts)
