"""Words and parentheses: calls, CAST and SUBSTRING, keywords that stand where a name must."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from checker.rewriter import CALL_MARK, Frame, Rewriter, Rule
from checker.words import NOT_CALLED

_LITERALS = frozenset({TokenType.STRING, TokenType.NUMBER, TokenType.VAR, TokenType.IDENTIFIER})
# The forms with words inside the parentheses stay as they are; with commas they are calls like any other.
_SPECIAL_FORMS = {
    "trim": frozenset({"from", "both", "leading", "trailing"}),
    "position": frozenset({"in"}),
    "overlay": frozenset({"placing"}),
    "extract": frozenset({"from"}),
}
_SUBSTRING_WORDS = frozenset({"from", "for", "similar"})
_PAIRS = {
    ("group", "by"): TokenType.GROUP_BY,
    ("order", "by"): TokenType.ORDER_BY,
    ("partition", "by"): TokenType.PARTITION_BY,
    ("grouping", "sets"): TokenType.GROUPING_SETS,
    ("similar", "to"): TokenType.SIMILAR_TO,
}
_NEVER_FIRST = frozenset(
    {
        TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT, TokenType.AND, TokenType.OR, TokenType.IN,
        TokenType.IS, TokenType.LIKE, TokenType.ILIKE, TokenType.BETWEEN, TokenType.THEN, TokenType.ELSE,
        TokenType.WHEN, TokenType.END, TokenType.ON, TokenType.USING, TokenType.JOIN, TokenType.ALIAS,
        TokenType.COMMA, TokenType.R_BRACKET, TokenType.HAVING, TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH,
        TokenType.EQ, TokenType.NEQ, TokenType.LT, TokenType.LTE, TokenType.GT, TokenType.GTE, TokenType.DPIPE,
        TokenType.SLASH, TokenType.MOD, TokenType.CARET, TokenType.DCOLON, TokenType.DOT,
    }
)  # fmt: skip
_PAIR_STARTS = frozenset(first for first, _ in _PAIRS)


def before_parenthesis(rewriter: Rewriter, token: Token) -> bool:
    """A word before a parenthesis: CAST, SUBSTRING and their like, or a call."""
    kind, word = token.token_type, token.text
    if kind is TokenType.IDENTIFIER:
        return _call(rewriter, token)
    if (not word[:1].isalpha() and word[:1] != "_" and word[:1] < "\x80") or kind is TokenType.STRING:
        return False
    last = rewriter.out[-1] if rewriter.out else None
    after = last.token_type if last is not None else None
    if after is TokenType.DOT:
        return _call(rewriter, token)
    if word == "cast" or word == "treat":
        rewriter.emit(TokenType.L_PAREN, "(", token)
        rewriter.frames.append(Frame("cast", len(rewriter.out) - 1))
        rewriter.at += 2
        return True
    if word == "substring" and _form_has(rewriter, _SUBSTRING_WORDS):
        _call(rewriter, token)
        rewriter.out.append(rewriter.tokens[rewriter.at])
        rewriter.frames.append(Frame("substring", len(rewriter.out)))
        rewriter.at += 1
        return True
    if after is TokenType.DCOLON or word in NOT_CALLED:
        return False
    if after is TokenType.R_PAREN and word in ("over", "filter", "within"):
        return False
    if word == "zone" and last is not None and last.text == "time":
        return False
    if after is TokenType.TABLE_SAMPLE:
        return False
    form = _SPECIAL_FORMS.get(word)
    if form is not None and _form_has(rewriter, form):
        return False
    return _call(rewriter, token)


def _call(rewriter: Rewriter, token: Token) -> bool:
    quoted = token.token_type is TokenType.IDENTIFIER
    rewriter.emit(TokenType.IDENTIFIER if quoted else TokenType.VAR, token.text + CALL_MARK, token)
    rewriter.at += 1
    return True


def _form_has(rewriter: Rewriter, words: frozenset[str]) -> bool:
    depth = 0
    for index in range(rewriter.at + 1, len(rewriter.tokens)):
        token = rewriter.tokens[index]
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
            if depth == 0:
                return False
        elif depth == 1 and token.text in words:
            return token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER)
    return False


def _pair(rewriter: Rewriter, token: Token) -> bool:
    kind = _PAIRS.get((token.text, rewriter.word(1)))
    if kind is None:
        return False
    second = rewriter.tokens[rewriter.at + 1]
    rewriter.out.append(
        Token(kind, f"{token.text} {second.text}", token.line, token.col, token.start, second.end)
    )
    rewriter.at += 2
    return True


def _variable(rewriter: Rewriter, token: Token) -> bool:
    word = token.text
    if word in _PAIR_STARTS and _pair(rewriter, token):
        return True
    frame = rewriter.frames[-1] if rewriter.frames else None
    if frame is not None and frame.kind == "substring" and word == "similar":
        raise rewriter.refuse("SUBSTRING ... SIMILAR", token)
    return False


def _as(rewriter: Rewriter, token: Token) -> bool:
    frame = rewriter.frames[-1] if rewriter.frames else None
    if frame is not None and frame.kind == "cast":
        if len(rewriter.out) == frame.at + 2 and rewriter.out[-1].token_type in _LITERALS:
            del rewriter.out[frame.at]
        else:
            rewriter.emit(TokenType.R_PAREN, ")", token)
        rewriter.emit(TokenType.DCOLON, "::", token)
        frame.kind = "type"
        rewriter.at += 1
        return True
    label = rewriter.peek()
    if label is None or label.text in ("materialized", "not") or not label.text[:1].isalpha():
        return False
    following = rewriter.peek(2)
    if label.token_type is TokenType.STRING or label.token_type is TokenType.IDENTIFIER:
        return False
    if following is not None and following.token_type is TokenType.L_PAREN:
        return False
    # Any keyword may be a label after AS.
    rewriter.out.append(token)
    rewriter.emit(TokenType.VAR, label.text, label)
    rewriter.at += 2
    return True


def _dot(rewriter: Rewriter, token: Token) -> bool:
    # Any keyword may be a name after a dot.
    name = rewriter.peek()
    following = rewriter.peek(2)
    if (
        name is None
        or name.token_type in (TokenType.VAR, TokenType.STRING, TokenType.IDENTIFIER)
        or not name.text[:1].isalpha()
        or (following is not None and following.token_type is TokenType.L_PAREN)
    ):
        return False
    rewriter.out.append(token)
    rewriter.emit(TokenType.VAR, name.text, name)
    rewriter.at += 2
    return True


def _open(rewriter: Rewriter, token: Token) -> bool:
    following = rewriter.peek()
    if following is not None and following.token_type in _NEVER_FIRST:
        # No grammar has it, and sqlglot takes exponential time to say so.
        raise rewriter.unexpected(following)
    rewriter.out.append(token)
    rewriter.frames.append(Frame("", len(rewriter.out)))
    rewriter.at += 1
    return True


def _close(rewriter: Rewriter, token: Token) -> bool:
    if not rewriter.frames:
        raise rewriter.unexpected(token)
    frame = rewriter.frames.pop()
    rewriter.at += 1
    if frame.kind == "cast":
        raise rewriter.unexpected(token)
    if frame.kind != "type":
        rewriter.out.append(token)
    return True


def _from(rewriter: Rewriter, token: Token) -> bool:
    frame = rewriter.frames[-1] if rewriter.frames else None
    if frame is None or frame.kind != "substring":
        return False
    if token.text == "for" and frame.seen == 0:
        rewriter.emit(TokenType.COMMA, ",", token)
        rewriter.emit(TokenType.NUMBER, "1", token)
    rewriter.emit(TokenType.COMMA, ",", token)
    frame.seen += 1
    rewriter.at += 1
    return True


def _array(rewriter: Rewriter, token: Token) -> bool:
    # Behind ARRAY sqlglot tries a type first and then starts again, which doubles the work at every level.
    if rewriter.word(1) != "[" or rewriter.operand_before():
        return False
    rewriter.at += 1
    return True


RULES: dict[TokenType, Rule] = {
    TokenType.VAR: _variable,
    TokenType.PARTITION: _variable,
    TokenType.ALIAS: _as,
    TokenType.DOT: _dot,
    TokenType.L_PAREN: _open,
    TokenType.R_PAREN: _close,
    TokenType.ARRAY: _array,
    TokenType.FROM: _from,
    TokenType.FOR: _from,
}
