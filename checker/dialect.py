"""PostgreSQL's grammar on sqlglot's parser.

sqlglot's compiled parser cannot be subclassed, and as it stands it forgets things: `SUBSTRING(a FROM b)` and
`substring(a, b)` are one node, `to_char`'s format is rewritten, array subscripts are shifted, a unary plus and
`SELECT ALL` vanish.  So the work is done before it, on the tokens:

- `desugar` puts PostgreSQL's synonyms into one spelling (`CAST(x AS t)` and `DATE 'x'` become `x::t`, `FETCH FIRST n
  ROWS ONLY` becomes `LIMIT n`, ...), each token keeping its place in the client's text;
- a called function's name carries `CALL_MARK` through the parser, so that the call stays a call of just this name
  with just these arguments; `unmark` takes the mark off again;
- operators that sqlglot would interpret become `OPERATOR(name)`.

What the parser then drops or changes all the same is found by comparing `desugar(lex(render(tree)))` with what the
client wrote: see render.py.  `engine_tree` gives the tree that sqlglot's own PostgreSQL dialect would have made,
functions and all, for the step that translates to Spark.

Left out: session statements, see session_statements.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import expressions as exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import ParseError
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokens import Token, TokenType

from checker.lexer import LexicalProblem, lex
from checker.words import NO_OPERAND_BEFORE, NOT_CALLED, OTHER_OPERATOR, TYPE_WORDS

CALL_MARK = "\x00"
"""No statement holds a NUL (the gate refuses it), so no name can carry the mark by itself."""


class SyntaxProblem(Exception):
    """A statement that does not parse.  Units: `offset` in characters from 0; None at the end of the input."""

    def __init__(
        self, message: str, offset: int | None, expected: str | None = None, sqlstate: str = "42601"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.expected = expected
        self.sqlstate = sqlstate


class CheckedPostgres(Postgres):
    """sqlglot's PostgreSQL, for tokens that `desugar` made."""

    INDEX_OFFSET = 0  # subscripts stay as they were written

    def tokenize(self, sql: str) -> list[Token]:
        # The parser asks for this where a type may be user-defined: only PostgreSQL's own names are types.
        return lex(sql)


_CHECKED = CheckedPostgres()
_STOCK = Postgres()


def parse(tokens: list[Token], text: str) -> exp.Expression:
    """The tree of one query from desugared tokens.  Raises: SyntaxProblem."""
    return _parse(PostgresParser(dialect=_CHECKED), tokens, text)


def engine_tree(text: str) -> exp.Expression:
    """The tree that the dialect step starts from: sqlglot's own reading of SQL that `render` made."""
    return _parse(PostgresParser(dialect=_STOCK), desugar(lex(text), text, for_engine=True), text)


def _parse(parser: PostgresParser, tokens: list[Token], text: str) -> exp.Expression:
    try:
        trees = parser.parse(tokens, text)
    except ParseError as error:
        raise _syntax_problem(parser, error, tokens, text) from None
    if len(trees) != 1 or trees[0] is None:
        raise SyntaxProblem("syntax error at end of input", None)
    return trees[0]  # type: ignore[return-value]


def _syntax_problem(
    parser: PostgresParser, error: ParseError, tokens: list[Token], text: str
) -> SyntaxProblem:
    # At the end of its tokens the parser blames the last one: one more tells which of the two it meant.
    if tokens and error.errors and error.errors[0].get("line") == tokens[-1].line:
        end = Token(TokenType.BLOCK_END, "", len(text), 0, len(text), len(text))
        try:
            parser.parse([*tokens, end], text)
        except ParseError as again:
            error = again
    detail = error.errors[0] if error.errors else {}
    description = str(detail.get("description") or "")
    word = str(detail.get("highlight") or "").replace(CALL_MARK, "")
    expected = description if description.startswith("Expect") else None
    offset = detail.get("line")
    if description.endswith("after CASE"):  # the parser blames the word before
        after = next((token for token in tokens if token.start > (offset or 0)), None)
        offset, word = (after.start, text[after.start : after.end + 1]) if after else (None, "")
    if not word or not isinstance(offset, int) or offset >= len(text):
        return SyntaxProblem("syntax error at end of input", None, expected)
    return SyntaxProblem(f'syntax error at or near "{word}"', offset, expected)


@dataclass(slots=True)
class _Frame:
    """An open parenthesis: what it belongs to, and where its first token went."""

    kind: str
    at: int
    seen: int = 0


_VALUE_ENDS = frozenset(
    {
        TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN,
        TokenType.R_BRACKET, TokenType.BIT_STRING, TokenType.HEX_STRING,
    }
)  # fmt: skip
_LITERALS = frozenset({TokenType.STRING, TokenType.NUMBER, TokenType.VAR, TokenType.IDENTIFIER})
_SPECIAL_FORMS = {
    "trim": frozenset({"from", "both", "leading", "trailing"}),
    "position": frozenset({"in"}),
    "overlay": frozenset({"placing"}),
    "extract": frozenset({"from"}),
}
_PREFIXES = {
    "~": TokenType.TILDE,
    "|/": TokenType.PIPE_SLASH,
    "||/": TokenType.DPIPE_SLASH,
}
_PAIRS = {
    ("group", "by"): TokenType.GROUP_BY,
    ("order", "by"): TokenType.ORDER_BY,
    ("partition", "by"): TokenType.PARTITION_BY,
    ("grouping", "sets"): TokenType.GROUPING_SETS,
    ("similar", "to"): TokenType.SIMILAR_TO,
}
_PAIR_STARTS = frozenset(first for first, _ in _PAIRS)
_ENGINE_OPERATORS = {
    "~": [(TokenType.RLIKE, "~")],
    "~*": [(TokenType.IRLIKE, "~*")],
    "!~": [(TokenType.NOT, "!"), (TokenType.RLIKE, "~")],
    "!~*": [(TokenType.NOT, "!"), (TokenType.IRLIKE, "~*")],
    "~~": [(TokenType.LIKE, "~~")],
    "~~*": [(TokenType.ILIKE, "~~*")],
    "!~~": [(TokenType.NOT, "!"), (TokenType.LIKE, "~~")],
    "!~~*": [(TokenType.NOT, "!"), (TokenType.ILIKE, "~~*")],
    "->": [(TokenType.ARROW, "->")],
    "->>": [(TokenType.DARROW, "->>")],
    "#>": [(TokenType.HASH_ARROW, "#>")],
    "#>>": [(TokenType.DHASH_ARROW, "#>>")],
    "#-": [(TokenType.HASH_DASH, "#-")],
    "&": [(TokenType.AMP, "&")],
    "|": [(TokenType.PIPE, "|")],
    "#": [(TokenType.HASH, "#")],
    "<<": [(TokenType.LT, "<"), (TokenType.LT, "<")],
    ">>": [(TokenType.GT, ">"), (TokenType.GT, ">")],
    "&&": [(TokenType.DAMP, "&&")],
    "@>": [(TokenType.AT_GT, "@>")],
    "<@": [(TokenType.LT_AT, "<@")],
    "?": [(TokenType.PLACEHOLDER, "?")],
    "?|": [(TokenType.QMARK_PIPE, "?|")],
    "?&": [(TokenType.QMARK_AMP, "?&")],
    "@@": [(TokenType.DAT, "@@")],
    "^@": [(TokenType.CARET_AT, "^@")],
}  # fmt: skip


def desugar(tokens: list[Token], text: str, *, for_engine: bool = False) -> list[Token]:
    """One spelling for PostgreSQL's synonyms; see the head of this file.  Raises: SyntaxProblem."""
    return _Desugarer(tokens, text, for_engine).run()


class _Desugarer:
    def __init__(self, tokens: list[Token], text: str, for_engine: bool) -> None:
        self.tokens = tokens.copy()
        self.text = text
        self.for_engine = for_engine
        self.out: list[Token] = []
        self.frames: list[_Frame] = []
        self.at = 0

    def run(self) -> list[Token]:
        tokens, out = self.tokens, self.out
        count, rules = len(tokens), _RULES
        while self.at < count:
            token = tokens[self.at]
            kind = token.token_type
            rule = rules.get(kind)
            if rule is not None and rule(self, token):
                continue
            if (
                self.at + 1 < count
                and tokens[self.at + 1].token_type is TokenType.L_PAREN
                and self._opens(token)
            ):
                continue
            out.append(token)
            self.at += 1
        return out

    # -- helpers -------------------------------------------------------------------------------------------

    def _peek(self, ahead: int = 1) -> Token | None:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def _word(self, ahead: int) -> str:
        """The unquoted word `ahead` tokens on, or an empty string."""
        token = self._peek(ahead)
        if token is None or token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            return ""
        return token.text

    def _emit(self, kind: TokenType, text: str, at: Token) -> None:
        self.out.append(Token(kind, text, at.line, at.col, at.start, at.end))

    def _operand_before(self) -> bool:
        if not self.out:
            return False
        last = self.out[-1]
        if last.token_type in _VALUE_ENDS:
            return last.token_type is not TokenType.VAR or last.text not in NO_OPERAND_BEFORE
        return last.text[:1].isalpha() and last.text not in NO_OPERAND_BEFORE and " " not in last.text

    def _refuse(self, what: str, token: Token) -> SyntaxProblem:
        return SyntaxProblem(f"{what} is not supported", token.start, sqlstate="0A000")

    def _unexpected(self, token: Token) -> SyntaxProblem:
        shown = self.text[token.start : token.end + 1]
        return SyntaxProblem(f'syntax error at or near "{shown}"', token.start)

    # -- words ---------------------------------------------------------------------------------------------

    def _opens(self, token: Token) -> bool:
        """A word before a parenthesis: CAST, SUBSTRING and their like, or a call."""
        kind, word = token.token_type, token.text
        if kind is TokenType.IDENTIFIER:
            return self._call(token)
        if not word[:1].isalpha() and word[:1] != "_" and word[:1] < "\x80" or kind is TokenType.STRING:
            return False
        last = self.out[-1] if self.out else None
        after = last.token_type if last is not None else None
        if after is TokenType.DOT:
            return self._call(token)
        if word == "cast" or word == "treat":
            self._emit(TokenType.L_PAREN, "(", token)
            self.frames.append(_Frame("cast", len(self.out) - 1))
            self.at += 2
            return True
        if word == "substring" and self._form_has(frozenset({"from", "for", "similar"})):
            self._call(token)
            self.out.append(self.tokens[self.at])
            self.frames.append(_Frame("substring", len(self.out)))
            self.at += 1
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
        if form is not None and self._form_has(form):
            return False
        return self._call(token)

    def _call(self, token: Token) -> bool:
        quoted = token.token_type is TokenType.IDENTIFIER
        name = token.text if self.for_engine else token.text + CALL_MARK
        if self.for_engine and not quoted:
            self.out.append(token)
        else:
            self._emit(TokenType.IDENTIFIER if quoted else TokenType.VAR, name, token)
        self.at += 1
        return True

    def _form_has(self, words: frozenset[str]) -> bool:
        depth = 0
        for index in range(self.at + 1, len(self.tokens)):
            token = self.tokens[index]
            if token.token_type is TokenType.L_PAREN:
                depth += 1
            elif token.token_type is TokenType.R_PAREN:
                depth -= 1
                if depth == 0:
                    return False
            elif depth == 1 and token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER):
                if token.text in words:
                    return True
        return False

    def _pair(self, token: Token) -> bool:
        kind = _PAIRS.get((token.text, self._word(1)))
        if kind is None:
            return False
        second = self.tokens[self.at + 1]
        self.out.append(
            Token(kind, f"{token.text} {second.text}", token.line, token.col, token.start, second.end)
        )
        self.at += 2
        return True

    def _variable(self, token: Token) -> bool:
        word = token.text
        if word in _PAIR_STARTS and self._pair(token):
            return True
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.kind == "substring" and word == "similar":
            raise self._refuse("SUBSTRING ... SIMILAR", token)
        return False

    def _as(self, token: Token) -> bool:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and frame.kind == "cast":
            if len(self.out) == frame.at + 2 and self.out[-1].token_type in _LITERALS:
                del self.out[frame.at]
            else:
                self._emit(TokenType.R_PAREN, ")", token)
            self._emit(TokenType.DCOLON, "::", token)
            frame.kind = "type"
            self.at += 1
            return True
        label = self._peek()
        if label is None or label.text in ("materialized", "not") or not label.text[:1].isalpha():
            return False
        following = self._peek(2)
        if label.token_type is TokenType.STRING or label.token_type is TokenType.IDENTIFIER:
            return False
        if following is not None and following.token_type is TokenType.L_PAREN:
            return False
        # Any keyword may be a label after AS.
        self.out.append(token)
        self._emit(TokenType.VAR, label.text, label)
        self.at += 2
        return True

    def _dot(self, token: Token) -> bool:
        # Any keyword may be a name after a dot.
        name = self._peek()
        following = self._peek(2)
        if (
            name is None
            or name.token_type in (TokenType.VAR, TokenType.STRING, TokenType.IDENTIFIER)
            or not name.text[:1].isalpha()
            or (following is not None and following.token_type is TokenType.L_PAREN)
        ):
            return False
        self.out.append(token)
        self._emit(TokenType.VAR, name.text, name)
        self.at += 2
        return True

    # -- parentheses ---------------------------------------------------------------------------------------

    def _open(self, token: Token) -> bool:
        self.out.append(token)
        self.frames.append(_Frame("", len(self.out)))
        self.at += 1
        return True

    def _close(self, token: Token) -> bool:
        if not self.frames:
            raise self._unexpected(token)
        frame = self.frames.pop()
        self.at += 1
        if frame.kind == "cast":
            raise self._unexpected(token)
        if frame.kind != "type":
            self.out.append(token)
        return True

    def _from(self, token: Token) -> bool:
        frame = self.frames[-1] if self.frames else None
        if frame is None or frame.kind != "substring":
            return False
        if token.text == "for" and frame.seen == 0:
            self._emit(TokenType.COMMA, ",", token)
            self._emit(TokenType.NUMBER, "1", token)
        self._emit(TokenType.COMMA, ",", token)
        frame.seen += 1
        self.at += 1
        return True

    # -- types ---------------------------------------------------------------------------------------------

    def _type_word(self, token: Token) -> bool:
        """`double precision`, `character varying`, `timestamp(3) with time zone`: one word; then `DATE 'x'`."""
        if self.out and self.out[-1].token_type is TokenType.DOT:
            return False
        word, kind, width = token.text, token.token_type, 1
        modifier: list[Token] = []
        if word == "double":
            if self._word(1) != "precision":
                return False
            word, width = "float8", 2
        elif word in ("character", "char") and self._word(1) == "varying":
            word, kind, width = "varchar", TokenType.VARCHAR, 2
        elif word in ("timestamp", "time"):
            modifier = self._modifier(1)
            ahead = 1 + len(modifier)
            zone = self._word(ahead)
            if zone in ("with", "without") and (self._word(ahead + 1), self._word(ahead + 2)) == (
                "time",
                "zone",
            ):
                width = 4
                if zone == "with":
                    word += "tz"
                    kind = TokenType.TIMESTAMPTZ if word == "timestamptz" else TokenType.TIMETZ
        if not modifier:
            modifier = self._modifier(width)
        width += len(modifier)
        literal = self._peek(width)
        name = Token(kind, word, token.line, token.col, token.start, token.end)
        if literal is not None and literal.token_type is TokenType.STRING and self._starts_operand():
            return self._typed_literal(token, name, modifier, width)
        if width == 1 + len(modifier) and word == token.text:
            return False
        self.out.append(name)
        self.out.extend(modifier)
        self.at += width
        return True

    def _modifier(self, ahead: int) -> list[Token]:
        """`(3)` or `(10, 2)` after a type's name; nothing when what is there is an expression."""
        first = self._peek(ahead)
        if first is None or first.token_type is not TokenType.L_PAREN:
            return []
        found = [first]
        for index in range(self.at + ahead + 1, min(self.at + ahead + 5, len(self.tokens))):
            token = self.tokens[index]
            found.append(token)
            if token.token_type is TokenType.R_PAREN:
                return found
            if token.token_type not in (TokenType.NUMBER, TokenType.COMMA):
                break
        return []

    def _starts_operand(self) -> bool:
        return not self._operand_before() and not (self.out and self.out[-1].token_type is TokenType.DCOLON)

    def _typed_literal(self, token: Token, name: Token, modifier: list[Token], width: int) -> bool:
        literal = self.tokens[self.at + width]
        if name.text == "interval" and self.for_engine and not modifier:
            self.out.extend((token, literal))
        else:
            self.out.append(literal)
            self._emit(TokenType.DCOLON, "::", token)
            self.out.append(name)
            self.out.extend(modifier)
        self.at += width + 1
        return True

    # -- operators -----------------------------------------------------------------------------------------

    def _open_bracket(self, token: Token) -> bool:
        if self._operand_before() or (self.out and self.out[-1].text in ("array", "]", "[]")):
            return False
        if not (self.out and self.out[-1].token_type in (TokenType.L_BRACKET, TokenType.COMMA)):
            return False
        self._emit(TokenType.ARRAY, "array", token)  # ARRAY[[1], [2]] is ARRAY[ARRAY[1], ARRAY[2]]
        return False

    def _plus(self, token: Token) -> bool:
        if self._operand_before():
            return False
        self.at += 1  # a unary plus means nothing
        return True

    def _not_equal(self, token: Token) -> bool:
        self._emit(TokenType.NEQ, "<>", token)
        self.at += 1
        return True

    def _other_operator(self, token: Token) -> bool:
        inside_operator = (
            len(self.out) >= 2
            and self.out[-1].token_type in (TokenType.L_PAREN, TokenType.DOT)
            and any(t.token_type is TokenType.OPERATOR for t in self.out[-4:])
        )
        if inside_operator:
            return False
        if not self._operand_before():
            kind = _PREFIXES.get(token.text)
            if kind is None:
                raise self._refuse(f"prefix operator {token.text}", token)
            self._emit(kind, token.text, token)
        elif self.for_engine and token.text in _ENGINE_OPERATORS:
            for kind, text in _ENGINE_OPERATORS[token.text]:
                self._emit(kind, text, token)
        else:
            self._emit(TokenType.OPERATOR, "operator", token)
            self._emit(TokenType.L_PAREN, "(", token)
            self._emit(TokenType.VAR, token.text, token)
            self._emit(TokenType.R_PAREN, ")", token)
        self.at += 1
        return True

    # -- clauses -------------------------------------------------------------------------------------------

    def _null_test(self, token: Token) -> bool:
        self._emit(TokenType.IS, "is", token)
        if token.text == "notnull":
            self._emit(TokenType.NOT, "not", token)
        self._emit(TokenType.NULL, "null", token)
        self.at += 1
        return True

    def _select(self, token: Token) -> bool:
        self.out.append(token)
        self.at += 1
        if self.at < len(self.tokens) and self.tokens[self.at].token_type is TokenType.ALL:
            self.at += 1  # SELECT ALL is SELECT
        return True

    def _set_operation(self, token: Token) -> bool:
        self.out.append(token)
        self.at += 1
        if self.at < len(self.tokens) and self.tokens[self.at].token_type is TokenType.DISTINCT:
            self.at += 1  # UNION DISTINCT is UNION
        return True

    def _table(self, token: Token) -> bool:
        self._emit(TokenType.SELECT, "select", token)
        self._emit(TokenType.STAR, "*", token)
        self._emit(TokenType.FROM, "from", token)
        self.at += 1
        return True

    def _fetch(self, token: Token) -> bool:
        """FETCH FIRST n ROWS ONLY is LIMIT n; WITH TIES stays, in one spelling."""
        if self._word(1) not in ("first", "next"):
            return False
        end, depth = 2, 0
        while (following := self._peek(end)) is not None:
            if following.token_type is TokenType.L_PAREN:
                depth += 1
            elif following.token_type is TokenType.R_PAREN:
                depth -= 1
            elif depth == 0 and following.text in ("row", "rows"):
                break
            end += 1
        count = self.tokens[self.at + 2 : self.at + end] or [
            Token(TokenType.NUMBER, "1", token.line, token.col, token.start, token.end)
        ]
        if self._word(end + 1) == "only":
            self._emit(TokenType.LIMIT, "limit", token)
            self.out.extend(count)
            self.at += end + 2
            return True
        self.out.append(token)
        self._emit(TokenType.FIRST, "first", self.tokens[self.at + 1])
        self.out.extend(count)
        self.at += end
        return True

    def _rows(self, token: Token) -> bool:
        # OFFSET n ROWS: the word means nothing there; in a window's frame it does.
        for back in (2, 3):
            if len(self.out) >= back and self.out[-back].token_type is TokenType.OFFSET:
                self.at += 1
                return True
        if self.out and self.out[-1].token_type is TokenType.R_PAREN and self._after_offset_parentheses():
            self.at += 1
            return True
        return False

    def _after_offset_parentheses(self) -> bool:
        depth = 0
        for index in range(len(self.out) - 1, -1, -1):
            kind = self.out[index].token_type
            if kind is TokenType.R_PAREN:
                depth += 1
            elif kind is TokenType.L_PAREN:
                depth -= 1
                if depth == 0:
                    return index > 0 and self.out[index - 1].token_type is TokenType.OFFSET
        return False

    def _offset(self, token: Token) -> bool:
        """OFFSET before LIMIT or FETCH is the same in the other order, which is the one that the tree keeps."""
        depth, limit, end = 0, 0, len(self.tokens)
        for index in range(self.at + 1, len(self.tokens)):
            kind = self.tokens[index].token_type
            if kind in (TokenType.L_PAREN, TokenType.L_BRACKET):
                depth += 1
            elif kind in (TokenType.R_PAREN, TokenType.R_BRACKET):
                depth -= 1
                if depth < 0:
                    end = index
                    break
            elif depth == 0 and kind in (TokenType.LIMIT, TokenType.FETCH) and not limit:
                limit = index
        if not limit:
            return False
        first, second = self.tokens[self.at : limit], self.tokens[limit:end]
        self.tokens[self.at : end] = second + first
        return True

    def _comma(self, token: Token) -> bool:
        following = self._peek()
        if following is None:
            raise SyntaxProblem("syntax error at end of input", None)
        if following.token_type in _AFTER_LIST:
            raise self._unexpected(following)  # sqlglot lets a list end with a comma
        return False

    def _star(self, token: Token) -> bool:
        # `SELECT * FORM t`: sqlglot takes the word for a name of the star, PostgreSQL does not.
        following = self._peek()
        starts = not self.out or self.out[-1].token_type in _BEFORE_STAR
        if starts and following is not None and following.token_type in (TokenType.VAR, TokenType.IDENTIFIER):
            if following.text not in ("group", "order"):
                raise self._unexpected(following)
        return False

    def _string(self, token: Token) -> bool:
        if self.out and self.out[-1].token_type is TokenType.STRING:
            raise self._unexpected(token)
        return False


_BEFORE_STAR = frozenset({TokenType.SELECT, TokenType.COMMA, TokenType.DOT, TokenType.DISTINCT})
_AFTER_LIST = frozenset(
    {
        TokenType.COMMA, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.FROM, TokenType.WHERE, TokenType.HAVING,
        TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.LIMIT, TokenType.OFFSET, TokenType.ALIAS,
    }
)  # fmt: skip

_RULES = {
    TokenType.COMMA: _Desugarer._comma,
    TokenType.L_BRACKET: _Desugarer._open_bracket,
    TokenType.OFFSET: _Desugarer._offset,
    TokenType.STAR: _Desugarer._star,
    TokenType.VAR: _Desugarer._variable,
    TokenType.ALIAS: _Desugarer._as,
    TokenType.DOT: _Desugarer._dot,
    TokenType.L_PAREN: _Desugarer._open,
    TokenType.R_PAREN: _Desugarer._close,
    TokenType.FROM: _Desugarer._from,
    TokenType.FOR: _Desugarer._from,
    TokenType.PLUS: _Desugarer._plus,
    TokenType.NEQ: _Desugarer._not_equal,
    OTHER_OPERATOR: _Desugarer._other_operator,
    TokenType.ISNULL: _Desugarer._null_test,
    TokenType.NOTNULL: _Desugarer._null_test,
    TokenType.SELECT: _Desugarer._select,
    TokenType.UNION: _Desugarer._set_operation,
    TokenType.INTERSECT: _Desugarer._set_operation,
    TokenType.EXCEPT: _Desugarer._set_operation,
    TokenType.TABLE: _Desugarer._table,
    TokenType.FETCH: _Desugarer._fetch,
    TokenType.ROW: _Desugarer._rows,
    TokenType.ROWS: _Desugarer._rows,
    TokenType.STRING: _Desugarer._string,
    TokenType.PARTITION: _Desugarer._variable,
}
_RULES.update(
    {
        kind: _Desugarer._type_word
        for word in TYPE_WORDS
        for kind in [lex(word)[0].token_type]
        if kind is not TokenType.VAR
    }
)


def unmark(tree: exp.Expression) -> None:
    """Take CALL_MARK off every name of the tree, and the comments that the parser carried."""
    for node in tree.walk():
        name = node.args.get("this")
        if type(name) is str and name.endswith(CALL_MARK):
            node.args["this"] = name[:-1]


__all__ = ["CALL_MARK", "LexicalProblem", "SyntaxProblem", "desugar", "engine_tree", "parse", "unmark"]
