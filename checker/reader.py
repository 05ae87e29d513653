"""The tokens of one statement, read from left to right: what the session statements' parsers stand on."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from checker.errors import AT_END, SyntaxProblem

_NAME_LIKE = frozenset({TokenType.STRING, TokenType.NUMBER})


class Reader:
    """The tokens of one statement, read from left to right.  Raises: SyntaxProblem at what does not fit."""

    def __init__(self, tokens: list[Token], text: str) -> None:
        self.tokens = tokens
        self.text = text
        self.at = 0

    @property
    def token(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def word(self, ahead: int = 0) -> str:
        """The unquoted word or mark `ahead`; empty for strings, quoted names and the end."""
        index = self.at + ahead
        if index >= len(self.tokens):
            return ""
        token = self.tokens[index]
        return "" if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) else token.text

    def take(self, *words: str) -> bool:
        """Consume these words if they come next."""
        if all(self.word(index) == word for index, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def take_any(self, *words: str) -> str:
        found = self.word()
        if found in words:
            self.at += 1
            return found
        return ""

    def expect(self, *words: str) -> None:
        if not self.take(*words):
            raise self.unexpected(f"Expected {' '.join(words).upper()}.")

    def unexpected(self, expected: str | None = None) -> SyntaxProblem:
        token = self.token
        if token is None:
            return SyntaxProblem(AT_END, None, hint=expected)
        shown = self.text[token.start : token.end + 1]
        return SyntaxProblem(f'syntax error at or near "{shown}"', token.start, hint=expected)

    def end(self) -> None:
        if self.token is not None:
            raise self.unexpected()

    def name(self) -> str:
        token = self.token
        if token is None or token.token_type in _NAME_LIKE or not _is_name(token):
            raise self.unexpected("Expected a name.")
        self.at += 1
        return token.text

    def string(self) -> str:
        token = self.token
        if token is None or token.token_type is not TokenType.STRING:
            raise self.unexpected("Expected a string.")
        self.at += 1
        return token.text

    def integer(self) -> int:
        sign = -1 if self.take("-") else 1
        self.take("+")
        token = self.token
        if token is None or token.token_type is not TokenType.NUMBER or not token.text.isdigit():
            raise self.unexpected("Expected a whole number.")
        self.at += 1
        return sign * int(token.text)

    def rest(self) -> list[Token]:
        """All that is left: the query inside."""
        found = self.tokens[self.at :]
        self.at = len(self.tokens)
        return found


def _is_name(token: Token) -> bool:
    return (
        token.token_type is TokenType.IDENTIFIER
        or token.text[:1].isalpha()
        or token.text[:1] in "_"
        or (token.text[:1] >= "\x80")
    )
