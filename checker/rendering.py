"""What the judge is shown of a statement: its structure in the words of a closed vocabulary.

A model reads whatever stands in its prompt, and an attacker writes literals, comments, names and aliases.  So none of
an attacker's words get there: each token of the statement becomes a word of this file, of PostgreSQL's grammar or of
functions.txt, or a mark that says what kind of thing stood there and what was odd about it.  Two statements with one
rendering are one to the judge, so the rendering is also the key under which a judgement may be remembered: nothing
coarser can be, or an honest statement would vouch for an attack.

Rules: `render` is pure and total on what the lexer takes; every word of its result is in `is_known`'s vocabulary, and
no word holds a character of a template's control tokens (`<|`, `[INST]`, `</s>`).
Shapes: words parted by one space: `SELECT x FROM users WHERE user_name = 'text' OR 1 = same --'`
  x          a name that says nothing, and one that the statement itself gives; others keep the words of NAME_WORDS
             that they hold (`password`, `user_id`)
  f          a function that functions.txt does not know
  0 1 n      numbers          $n     a parameter
  'text'     a string: its kind and hazards, see `_string`
  same       what stands left of the comparison, again: `'a' = 'a'`, `id = id`
  --  /**/   comments; with an apostrophe when they hold a quote, as what a payload cuts off does
  ...        the item before it, again and again (`IN ( n ... )`)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from sqlglot.tokens import Token, TokenType

from checker.functions import function_kinds
from checker.lexer import block_comment_end, lex
from checker.words import (
    KEYWORDS,
    NO_OPERAND_BEFORE,
    NOT_CALLED,
    OPERATORS,
    OTHER_COMMANDS,
    PUNCTUATION,
    TYPE_WORDS,
)

_MORE_WORDS = """
add anti before cascade cast close coalesce column columns commit constraint copy cursor declare default
describe discard execute explain extract fetch forward greatest header hold if ignore into key least local lock
materialized modify no nothing nowait nullif nulls only order overlay overwrite owner partitions position
prepare primary procedure recursive references release rename replace reset restart restrict rollback savepoint
schema semi session set show share skip start stdin stdout tablesample temp temporary timezone to transaction
trigger trim truncate type unbounded unlogged verbose view without work write zone
"""
_WORDS = (
    frozenset(KEYWORDS) | NO_OPERAND_BEFORE | NOT_CALLED | OTHER_COMMANDS | frozenset(_MORE_WORDS.split())
) - TYPE_WORDS

_NAME_WORDS = """
access account accounts activity address admin admins api attrdef attribute auth authid bank birth card catalog
cc class column columns config constraint constraints credential credentials credit customer database databases
email employee employees extension file files grants hash id information inherits key keys log login logs member
members name namespace number pass passwd password passwords payment payments pg phone pin private privileges
proc pwd role roles routines salary salt schema schemata secret secrets security session sessions settings
shadow ssn stat statements stats table tables tablespace token tokens trigger type user username users version
views
"""
NAME_WORDS = frozenset(_NAME_WORDS.split())
"""What names can say of what an attacker is after.  A name keeps these of its words, and only these."""
NAME_WORDS_MAX = 4

_MARKS = frozenset({"x", "f", "0", "1", "n", "$n", "same", "--", "--'", "/**/", "/*'*/", "...", "op", "b'n'"})
_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "ILIKE", "IS"})
_HAZARDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("quote", re.compile("['\"`]")),
    ("comment", re.compile(r"--|/\*|\*/|#\s*$")),
    (
        "sql",
        re.compile(
            r"\b(?:union\b.{0,40}\bselect|select\b.{1,200}\bfrom|(?:or|and)\b[\s(]+\S{1,40}\s*(?:=|<|>|like\b)"
            r"|drop\s+table|insert\s+into|delete\s+from|update\b.{1,80}\bset|exec(?:ute)?\b|sleep\s*\(|information_schema)",
            re.IGNORECASE | re.DOTALL,
        ),
    ),
    ("semicolon", re.compile(";")),
    ("url", re.compile(r"\w://|\\\\\w")),
    ("path", re.compile(r"\.\./|^/\w+/|^[A-Za-z]:\\|/etc/")),
    ("markup", re.compile(r"<\s*[/!]?\s*[a-zA-Z]")),
    ("code", re.compile(r"[0-9A-Fa-f]{24,}|[A-Za-z0-9+/]{48,}")),
    (
        "control",
        re.compile(
            r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ue000-\uf8ff]"
        ),
    ),
)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?(?:[ T]\d\d?:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d(?::?\d\d)?)?)?\Z")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?\Z")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_$]{1,63}\Z")
"""Other names are prose, and may be meant for whoever reads them."""
_GIVES_A_NAME = frozenset({"as", "with", "recursive"})
_COMMENT = re.compile(r"--[^\n\r]*|/\*")
_BLANK = re.compile(r"[%_\s]*\Z")
LONG_CHARACTERS = 200
SCANNED_CHARACTERS = 4096
"""How much of a literal is searched for hazards, at either end; a longer one is `long` in any case."""
_REPEATED = (
    re.compile(r"(?<!\S)((?:[^ ,]+ ){0,5}[^ ,]+)(?: , \1(?!\S))+(?= [,)\]A-Z]|$)"),
    re.compile(r"(?<!\S)(\( [^()]{1,300} \))(?: , \1(?!\S))+"),
    re.compile(r"(?<!\S)([^ ,]+ (?:[^ ,]+ ){1,6}[^ ,]+)(?: (?:OR|AND) \1(?!\S))+"),
)


def render(text: str) -> str:
    """One statement in the closed vocabulary.  Raises: SyntaxProblem for what the lexer refuses."""
    line = " ".join(_rendered(lex(text), text))
    for pattern in _REPEATED:
        line = pattern.sub(r"\1 ...", line)
    return line


def is_known(word: str) -> bool:
    """Whether a word is of the closed vocabulary: nothing else is ever shown to a model."""
    if word in _vocabulary() or word in _MARKS:
        return True
    if word.startswith("'") and word.endswith("'") and len(word) > 1:
        return all(part in _STRING_WORDS for part in word[1:-1].split(":"))
    return all(part in NAME_WORDS for part in word.split("_"))


_STRING_WORDS = frozenset({"", "%", "text", "date", "number", "long", "escaped", "dollar"}) | {
    n for n, _ in _HAZARDS
}


@cache
def _vocabulary() -> frozenset[str]:
    upper = {word.upper() for word in _WORDS}
    return frozenset(upper | TYPE_WORDS | set(OPERATORS) | set(PUNCTUATION) | set(function_kinds()))


def _rendered(tokens: list[Token], text: str) -> list[str]:
    """Word for word.  A comparison's operands are compared by their values, which are not shown."""
    words: list[str] = []
    values: list[object] = []

    def say(word: str, value: object = None) -> None:
        if value is not None and len(words) >= 2 and words[-1] in _COMPARISONS and values[-2] == value:
            word = "same"
        words.append(word)
        values.append(value)

    at = index = 0
    while index < len(tokens):
        token = tokens[index]
        for comment in _comments(text[at : token.start]):
            say(comment)
        kind = token.token_type
        if kind is TokenType.STRING:
            say(_string(token.text, text[token.start]), ("string", token.text))
        elif kind is TokenType.NUMBER:
            say(token.text if token.text in ("0", "1") else "n", ("number", token.text))
        elif kind in (TokenType.HEX_STRING, TokenType.BIT_STRING):
            say("b'n'")
        elif kind is TokenType.PARAMETER:
            index += 1  # its number
            say("$n")
        elif kind is TokenType.IDENTIFIER or (
            kind is TokenType.VAR and token.text not in _WORDS and token.text not in TYPE_WORDS
        ):
            parts, first = [token], index
            while (
                index + 2 < len(tokens)
                and tokens[index + 1].token_type is TokenType.DOT
                and _is_name(tokens[index + 2])
            ):
                index += 2
                parts.append(tokens[index])
            for left, right in pairwise(tokens[first : index + 1]):
                for comment in _comments(text[left.end + 1 : right.start]):
                    say(comment)
            called = index + 1 < len(tokens) and tokens[index + 1].token_type is TokenType.L_PAREN
            name = parts[-1].text
            if _ends_operand(tokens[first - 1] if first else None):
                say("x")
            elif called:
                say(name if name in function_kinds() else "f")
            else:
                say(_name([part.text for part in parts]), ("name", *(part.text for part in parts)))
        elif token.text in _WORDS:
            say(token.text.upper())
        elif token.text in TYPE_WORDS:
            say(token.text, ("name", token.text))
        elif token.text in _vocabulary():
            say(token.text)
        else:
            say("op")
        at = tokens[index].end + 1
        index += 1
    for comment in _comments(text[at:]):
        say(comment)
    return words


def _ends_operand(token: Token | None) -> bool:
    """Whether a name that follows is one that the statement gives: an alias, or the first WITH's."""
    if token is None:
        return False
    kind, text = token.token_type, token.text
    if kind in (
        TokenType.STRING,
        TokenType.NUMBER,
        TokenType.IDENTIFIER,
        TokenType.R_PAREN,
        TokenType.R_BRACKET,
    ):
        return True
    return text in _GIVES_A_NAME or text in TYPE_WORDS or (kind is TokenType.VAR and text not in _WORDS)


def _is_name(token: Token) -> bool:
    return token.token_type in (TokenType.IDENTIFIER, TokenType.VAR) or token.text.isidentifier()


def _name(parts: list[str]) -> str:
    if len(parts) > 1 and parts[0] == "pg_catalog":
        parts = parts[1:]  # what follows says so itself: pg_class
    plain = [part for part in parts if _PLAIN_NAME.match(part)]
    kept = [word for part in plain for word in re.split(r"[^a-z]+", part.lower()) if word in NAME_WORDS]
    return "_".join(kept[:NAME_WORDS_MAX]) or "x"


def _string(value: str, opener: str) -> str:
    """Shapes: `'text'`, `'date'`, `'number'`, `'%'`, `''`, then hazards: `'text:quote:sql'`."""
    if not value:
        return "''"
    if _BLANK.match(value):
        kind = "%"
    elif _NUMBER.match(value):
        kind = "number"
    elif _DATE.match(value):
        kind = "date"
    else:
        kind = "text"
    looked = value
    if len(value) > 2 * SCANNED_CHARACTERS:
        looked = value[:SCANNED_CHARACTERS] + "\n" + value[-SCANNED_CHARACTERS:]
    hazards = [name for name, pattern in _HAZARDS if pattern.search(looked)]
    if len(value) > LONG_CHARACTERS:
        hazards.append("long")
    if opener == "$":
        hazards.append("dollar")
    elif opener != "'":
        hazards.append("escaped")
    return "'" + ":".join([kind, *hazards]) + "'"


def _comments(gap: str) -> Iterator[str]:
    """The comments between two tokens, by their kind alone.

    Only white space and whole comments stand there: the lexer has said so.
    """
    at = 0
    while (found := _COMMENT.search(gap, at)) is not None:
        if found[0].startswith("--"):
            end, plain, odd = found.end(), "--", "--'"
        else:
            end, plain, odd = block_comment_end(gap, found.start()), "/**/", "/*'*/"
        yield odd if any(quote in gap[found.start() : end] for quote in "'\"") else plain
        at = end
