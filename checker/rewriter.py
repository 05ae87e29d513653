"""The state of one walk over a statement's tokens, which the rules of desugar.py share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlglot.tokens import Token, TokenType

from checker.errors import SyntaxProblem
from checker.words import NO_OPERAND_BEFORE

CALL_MARK = "\x00"
"""No statement holds a NUL (the gate refuses it), so no name can carry the mark by itself."""

Rule = Callable[["Rewriter", Token], bool]
"""Consumes the token, and what belongs to it, or says False and leaves everything as it was."""

_VALUE_ENDS = frozenset(
    {
        TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN,
        TokenType.R_BRACKET, TokenType.BIT_STRING, TokenType.HEX_STRING,
    }
)  # fmt: skip


@dataclass(slots=True)
class Frame:
    """An open parenthesis: what it belongs to, where its first token went, how many of its words were seen."""

    kind: str
    at: int
    seen: int = 0


class Rewriter:
    """Reads `tokens` at `at`, writes `out`; `frames` are the parentheses that are open."""

    def __init__(self, tokens: list[Token], text: str) -> None:
        self.tokens = tokens.copy()
        self.text = text
        self.out: list[Token] = []
        self.frames: list[Frame] = []
        self.at = 0

    def run(self, rules: Mapping[TokenType, Rule], before_parenthesis: Rule) -> list[Token]:
        """Apply the rules to every token.  Raises: SyntaxProblem."""
        tokens, out = self.tokens, self.out
        count = len(tokens)
        while self.at < count:
            at = self.at
            token = tokens[at]
            rule = rules.get(token.token_type)
            if rule is not None and rule(self, token):
                continue
            if (
                at + 1 < count
                and tokens[at + 1].token_type is TokenType.L_PAREN
                and before_parenthesis(self, token)
            ):
                continue
            out.append(token)
            self.at += 1
        return out

    def peek(self, ahead: int = 1) -> Token | None:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def word(self, ahead: int) -> str:
        """The unquoted word `ahead` tokens on, or an empty string."""
        token = self.peek(ahead)
        if token is None or token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            return ""
        return token.text

    def emit(self, kind: TokenType, text: str, at: Token) -> None:
        self.out.append(Token(kind, text, at.line, at.col, at.start, at.end))

    def operand_before(self) -> bool:
        if not self.out:
            return False
        last = self.out[-1]
        if last.token_type in _VALUE_ENDS:
            return last.token_type is not TokenType.VAR or last.text not in NO_OPERAND_BEFORE
        return last.text[:1].isalpha() and last.text not in NO_OPERAND_BEFORE and " " not in last.text

    def refuse(self, what: str, token: Token) -> SyntaxProblem:
        return SyntaxProblem(f"{what} is not supported", token.start, sqlstate="0A000")

    def unexpected(self, token: Token) -> SyntaxProblem:
        shown = self.text[token.start : token.end + 1]
        return SyntaxProblem(f'syntax error at or near "{shown}"', token.start)
