"""Operators, and clauses that PostgreSQL lets one write in several ways."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from checker.errors import AT_END, SyntaxProblem
from checker.rewriter import Rewriter, Rule
from checker.words import OTHER_OPERATOR

_PREFIXES = {"~": TokenType.TILDE, "|/": TokenType.PIPE_SLASH, "||/": TokenType.DPIPE_SLASH}
_BEFORE_STAR = frozenset({TokenType.SELECT, TokenType.COMMA, TokenType.DOT, TokenType.DISTINCT})
_AFTER_LIST = frozenset(
    {
        TokenType.COMMA, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.FROM, TokenType.WHERE, TokenType.HAVING,
        TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.LIMIT, TokenType.OFFSET, TokenType.ALIAS,
    }
)  # fmt: skip


def _plus(rewriter: Rewriter, token: Token) -> bool:
    if rewriter.operand_before():
        return False
    following = rewriter.peek()
    if following is None or following.token_type is not TokenType.NUMBER:
        # sqlglot drops the sign, and with it PostgreSQL's name for the column.
        raise rewriter.refuse("unary plus", token)
    rewriter.at += 1
    return True


def _not_equal(rewriter: Rewriter, token: Token) -> bool:
    rewriter.emit(TokenType.NEQ, "<>", token)
    rewriter.at += 1
    return True


def _other_operator(rewriter: Rewriter, token: Token) -> bool:
    inside_operator = (
        len(rewriter.out) >= 2
        and rewriter.out[-1].token_type in (TokenType.L_PAREN, TokenType.DOT)
        and any(t.token_type is TokenType.OPERATOR for t in rewriter.out[-4:])
    )
    if inside_operator:
        return False
    if not rewriter.operand_before():
        kind = _PREFIXES.get(token.text)
        if kind is None:
            raise rewriter.refuse(f"prefix operator {token.text}", token)
        rewriter.emit(kind, token.text, token)
    else:
        rewriter.emit(TokenType.OPERATOR, "operator", token)
        rewriter.emit(TokenType.L_PAREN, "(", token)
        rewriter.emit(TokenType.VAR, token.text, token)
        rewriter.emit(TokenType.R_PAREN, ")", token)
    rewriter.at += 1
    return True


def _some(rewriter: Rewriter, token: Token) -> bool:
    rewriter.emit(TokenType.ANY, "any", token)
    rewriter.at += 1
    return True


def _null_test(rewriter: Rewriter, token: Token) -> bool:
    rewriter.emit(TokenType.IS, "is", token)
    if token.text == "notnull":
        rewriter.emit(TokenType.NOT, "not", token)
    rewriter.emit(TokenType.NULL, "null", token)
    rewriter.at += 1
    return True


def _select(rewriter: Rewriter, token: Token) -> bool:
    rewriter.out.append(token)
    rewriter.at += 1
    if rewriter.at < len(rewriter.tokens) and rewriter.tokens[rewriter.at].token_type is TokenType.ALL:
        rewriter.at += 1  # SELECT ALL is SELECT
    return True


def _set_operation(rewriter: Rewriter, token: Token) -> bool:
    rewriter.out.append(token)
    rewriter.at += 1
    if rewriter.at < len(rewriter.tokens) and rewriter.tokens[rewriter.at].token_type is TokenType.DISTINCT:
        rewriter.at += 1  # UNION DISTINCT is UNION
    return True


def _table(rewriter: Rewriter, token: Token) -> bool:
    rewriter.emit(TokenType.SELECT, "select", token)
    rewriter.emit(TokenType.STAR, "*", token)
    rewriter.emit(TokenType.FROM, "from", token)
    rewriter.at += 1
    return True


def _fetch(rewriter: Rewriter, token: Token) -> bool:
    """FETCH FIRST n ROWS ONLY is LIMIT n; WITH TIES stays, in one spelling."""
    if rewriter.word(1) not in ("first", "next"):
        return False
    end, depth = 2, 0
    while (following := rewriter.peek(end)) is not None:
        if following.token_type is TokenType.L_PAREN:
            depth += 1
        elif following.token_type is TokenType.R_PAREN:
            depth -= 1
        elif depth == 0 and following.text in ("row", "rows"):
            break
        if depth < 0 or following.token_type is TokenType.FETCH:
            return False
        end += 1
    count = rewriter.tokens[rewriter.at + 2 : rewriter.at + end] or [
        Token(TokenType.NUMBER, "1", token.line, token.col, token.start, token.end)
    ]
    if rewriter.word(end + 1) == "only":
        rewriter.emit(TokenType.LIMIT, "limit", token)
        rewriter.out.extend(count)
        rewriter.at += end + 2
        return True
    rewriter.out.append(token)
    rewriter.emit(TokenType.FIRST, "first", rewriter.tokens[rewriter.at + 1])
    rewriter.out.extend(count)
    rewriter.at += end
    return True


def _rows(rewriter: Rewriter, token: Token) -> bool:
    # OFFSET n ROWS: the word means nothing there; in a window's frame it does.
    for back in (2, 3):
        if len(rewriter.out) >= back and rewriter.out[-back].token_type is TokenType.OFFSET:
            rewriter.at += 1
            return True
    if (
        rewriter.out
        and rewriter.out[-1].token_type is TokenType.R_PAREN
        and _after_offset_parentheses(rewriter)
    ):
        rewriter.at += 1
        return True
    return False


def _after_offset_parentheses(rewriter: Rewriter) -> bool:
    depth = 0
    for index in range(len(rewriter.out) - 1, -1, -1):
        kind = rewriter.out[index].token_type
        if kind is TokenType.R_PAREN:
            depth += 1
        elif kind is TokenType.L_PAREN:
            depth -= 1
            if depth == 0:
                return index > 0 and rewriter.out[index - 1].token_type is TokenType.OFFSET
    return False


def _offset(rewriter: Rewriter, token: Token) -> bool:
    """OFFSET before LIMIT or FETCH is the same in the other order, which is the one that the tree keeps."""
    depth, limit, end = 0, 0, len(rewriter.tokens)
    for index in range(rewriter.at + 1, len(rewriter.tokens)):
        kind = rewriter.tokens[index].token_type
        if kind in (TokenType.L_PAREN, TokenType.L_BRACKET):
            depth += 1
        elif kind in (TokenType.R_PAREN, TokenType.R_BRACKET):
            depth -= 1
            if depth < 0:
                end = index
                break
        elif depth == 0 and kind in (TokenType.LIMIT, TokenType.FETCH) and not limit:
            limit = index
        elif depth == 0 and kind is TokenType.OFFSET:
            return False
    if not limit:
        return False
    first, second = rewriter.tokens[rewriter.at : limit], rewriter.tokens[limit:end]
    rewriter.tokens[rewriter.at : end] = second + first
    return True


def _comma(rewriter: Rewriter, token: Token) -> bool:
    following = rewriter.peek()
    if following is None:
        raise SyntaxProblem(AT_END, None)
    if following.token_type in _AFTER_LIST:
        raise rewriter.unexpected(following)  # sqlglot lets a list end with a comma
    return False


def _star(rewriter: Rewriter, token: Token) -> bool:
    # `SELECT * FORM t`: sqlglot takes the word for a name of the star, PostgreSQL does not.
    following = rewriter.peek()
    starts = not rewriter.out or rewriter.out[-1].token_type in _BEFORE_STAR
    named = following is not None and following.token_type in (TokenType.VAR, TokenType.IDENTIFIER)
    if starts and named and following is not None and following.text not in ("group", "order"):
        raise rewriter.unexpected(following)
    return False


def _string(rewriter: Rewriter, token: Token) -> bool:
    if rewriter.out and rewriter.out[-1].token_type is TokenType.STRING:
        raise rewriter.unexpected(token)
    return False


RULES: dict[TokenType, Rule] = {
    TokenType.COMMA: _comma,
    TokenType.PLUS: _plus,
    TokenType.NEQ: _not_equal,
    OTHER_OPERATOR: _other_operator,
    TokenType.SOME: _some,
    TokenType.ISNULL: _null_test,
    TokenType.NOTNULL: _null_test,
    TokenType.SELECT: _select,
    TokenType.STAR: _star,
    TokenType.UNION: _set_operation,
    TokenType.INTERSECT: _set_operation,
    TokenType.EXCEPT: _set_operation,
    TokenType.TABLE: _table,
    TokenType.FETCH: _fetch,
    TokenType.OFFSET: _offset,
    TokenType.ROW: _rows,
    TokenType.ROWS: _rows,
    TokenType.STRING: _string,
}
