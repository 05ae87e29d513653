"""Expressions of whatever is SQL in a text: the half of pieces.py that reads conditions, calls and operands.

Rules: see pieces.py.  Precedence from the loosest: OR, AND, NOT, comparisons, sums, products, signs, casts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlglot import expressions as exp

from checker.injection.lexemes import Kind, Lexeme

MAX_DEPTH = 30
_Node = TypeVar("_Node", bound=exp.Expression)

_CLAUSES_WORDS = """
    from where group having order limit offset union intersect except minus into procedure window fetch for
    returning set values on using then else end when as separator escape rlike waitfor lock
"""
CLAUSES = frozenset(_CLAUSES_WORDS.split())
_NO_NAMES = """
    select and or xor not like ilike in is between join left right inner cross full natural outer case exists
"""
NOT_NAMES = CLAUSES | frozenset(_NO_NAMES.split())
_COMPARISONS: dict[str, type[exp.Expression]] = {
    "=": exp.EQ, "==": exp.EQ, "<>": exp.NEQ, "!=": exp.NEQ, "^=": exp.NEQ, "<": exp.LT, ">": exp.GT,
    "<=": exp.LTE, ">=": exp.GTE, "<=>": exp.NullSafeEQ, "like": exp.Like, "ilike": exp.ILike,
    "rlike": exp.RegexpLike, "regexp": exp.RegexpLike, "glob": exp.Glob, "div": exp.IntDiv, "sounds": exp.EQ,
}  # fmt: skip
_SUMS: dict[str, type[exp.Expression]] = {
    "+": exp.Add, "-": exp.Sub, "||": exp.DPipe, "&": exp.BitwiseAnd, "|": exp.BitwiseOr, "^": exp.BitwiseXor,
    "<<": exp.BitwiseLeftShift, ">>": exp.BitwiseRightShift,
}  # fmt: skip
_SIGNS = frozenset({"-", "+", "~", "!"})
_PRODUCTS: dict[str, type[exp.Expression]] = {"*": exp.Mul, "/": exp.Div, "%": exp.Mod, "mod": exp.Mod}


class Expressions:
    """Reads lexemes from `at` on.  The reader of clauses gives it `_query`."""

    def __init__(self, lexemes: list[Lexeme], is_value: bool, quote: str) -> None:
        self.lexemes = lexemes
        self.is_value = is_value
        self.quote = quote
        self.at = 0
        self._depth = 0

    def _query(self) -> Any:
        raise NotImplementedError

    # -- reading ---------------------------------------------------------------------------------------------

    def word(self, ahead: int = 0) -> str:
        """The word or mark `ahead`; empty for strings, names and the end."""
        index = self.at + ahead
        if index >= len(self.lexemes):
            return ""
        lexeme = self.lexemes[index]
        return lexeme.text if lexeme.kind in (Kind.WORD, Kind.MARK) else ""

    def _take(self, *words: str) -> bool:
        if all(self.word(index) == word for index, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def _here(self) -> int:
        return self.lexemes[min(self.at, len(self.lexemes) - 1)].start if self.lexemes else 0

    @staticmethod
    def _placed(node: _Node, start: int) -> _Node:
        node.meta["start"] = start
        return node

    def _skip_to_close(self) -> None:
        depth = 1
        while self.at < len(self.lexemes) and depth:
            depth += {"(": 1, ")": -1}.get(self.word(), 0)
            self.at += 1

    def _list(self, one: Callable[[], Any]) -> list[Any]:
        found = [one()]
        while self._take(","):
            found.append(one())
        return found

    def _starts_name(self) -> bool:
        return self.at < len(self.lexemes) and self.lexemes[self.at].kind in (Kind.WORD, Kind.NAME)

    def _name(self) -> list[str] | None:
        """A name of one or several parts, as `a.b` or SQL Server's `a..b`."""
        is_call = self.word() in ("left", "right", "if") and self.word(1) == "("
        if not self._starts_name() or (self.word() in NOT_NAMES and not is_call):
            return None
        parts = [self.lexemes[self.at].text]
        self.at += 1
        while self.word() in (".", ":") and self.at + 1 < len(self.lexemes):
            self.at += 1
            if self._starts_name() or self.word() == "*":
                parts.append(self.lexemes[self.at].text)
                self.at += 1
        return parts

    # -- expressions -----------------------------------------------------------------------------------------

    def _expression(self) -> Any:
        return self._deeper(self._either)

    def _deeper(self, read: Callable[[], Any]) -> Any:
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                self.at += 1
                return exp.Placeholder()
            return read()
        finally:
            self._depth -= 1

    def _chain(self, operand: Callable[[], Any], table: dict[str, type[exp.Expression]]) -> Any:
        left = operand()
        while (kind := table.get(self.word())) is not None:
            start, mark = self._here(), self.word()
            self.at += 1
            left = self._placed(kind(this=left, expression=operand()), start)
            left.meta["mark"] = mark
        return left

    def _either(self) -> Any:
        return self._chain(self._both, _ALTERNATIVES if self.is_value else _ALTERNATIVE)

    def _both(self) -> Any:
        return self._chain(self._negation, _CONJUNCTIONS)

    def _negation(self) -> Any:
        negations = 0
        start = self._here()
        while self.word() in ("not", "!"):
            negations += 1
            self.at += 1
        node = self._comparison()
        return self._placed(exp.Not(this=node), start) if negations % 2 else node

    def _comparison(self) -> Any:
        left = self._sum()
        while True:
            start, word = self._here(), self.word()
            if word == "is":
                self.at += 1
                negated = self._take("not")
                left = self._placed(exp.Is(this=left, expression=self._sum()), start)
                left = exp.Not(this=left) if negated else left
                continue
            negated = word == "not" and self.word(1) in ("in", "between", "like", "ilike", "rlike", "regexp")
            self.at += negated
            word = self.word()
            if word == "in" and self.word(1) == "(":
                self.at += 2
                node: Any = self._in(left)
            elif word == "between":
                self.at += 1
                low = self._sum()
                self._take("and")
                node = exp.Between(this=left, low=low, high=self._sum())
            elif word in _COMPARISONS:
                self.at += 1
                while self.word() in ("=", "like", "any", "all", "some", "binary"):
                    self.at += 1
                node = _COMPARISONS[word](this=left, expression=self._sum())
            else:
                return left
            left = exp.Not(this=self._placed(node, start)) if negated else self._placed(node, start)

    def _in(self, left: Any) -> Any:
        if self.word() == "select":
            node = exp.In(this=left, query=exp.Subquery(this=self._query()))
        else:
            node = exp.In(this=left, expressions=self._list(self._expression))
        self._take(")")
        return node

    def _sum(self) -> Any:
        return self._chain(self._product, _SUMS_OF_VALUES if self.is_value else _SUMS)

    def _product(self) -> Any:
        return self._chain(self._operand, _PRODUCTS)

    def _operand(self) -> Any:
        start = self._here()
        if self.word() in _SIGNS:
            signs = 0
            while self.word() in _SIGNS:
                signs += self.word() == "-"
                self.at += 1
            node = self._operand_alone(start)
            return self._placed(exp.Neg(this=node), start) if signs % 2 else node
        return self._operand_alone(start)

    def _operand_alone(self, start: int) -> Any:
        node = self._placed(self._atom(), start)
        while True:
            if self._take("::"):
                kind = self._name() or ["text"]
                node = self._placed(exp.Cast(this=node, to=_type(kind[-1])), start)
            elif self._take("collate"):
                self._name()
            else:
                return node

    def _atom(self) -> Any:
        if self.at >= len(self.lexemes):
            return exp.Placeholder()
        lexeme, word = self.lexemes[self.at], self.word()
        if lexeme.kind is Kind.STRING or (lexeme.kind is Kind.NAME and self.quote == '"'):
            self.at += 1
            return exp.Literal(this=lexeme.text, is_string=True)
        if lexeme.kind is Kind.NUMBER:
            self.at += 1
            return exp.Literal(this=lexeme.text, is_string=False)
        if lexeme.kind is Kind.VARIABLE:
            self.at += 1
            return exp.Parameter(this=exp.Var(this=lexeme.text))
        if word == "(":
            return self._parenthesis()
        if word == "select":
            return exp.Subquery(this=self._query())
        if word == "case":
            return self._case()
        if word == "exists":
            self.at += 1
            return exp.Exists(this=self._deeper(self._atom))
        if word in _WORDS:
            self.at += 1
            return _WORDS[word]()
        if word in ("binary", "distinct", "all", "interval") and self.word(1) != "(":
            self.at += 1
            return self._deeper(self._atom)
        name = self._name()
        if name is not None:
            return self._call(name[-1], name) if self.word() == "(" else _column(name)
        return exp.Placeholder()

    def _parenthesis(self) -> Any:
        self.at += 1
        if self.word() in ("select", "values"):
            node: Any = exp.Subquery(this=self._query())
        else:
            items = self._list(self._expression)
            node = exp.Paren(this=items[0]) if len(items) == 1 else exp.Tuple(expressions=items)
        # What no rule knows, an alias for one, is skipped up to the end of the parenthesis.
        while self.at < len(self.lexemes) and self.word() not in (")", ";") and not self.is_value:
            if self.word() == "(":
                self.at += 1
                self._skip_to_close()
            else:
                self.at += 1
        self._take(")")
        return node

    def _call(self, name: str, path: list[str] | None = None) -> Any:
        start = self._here()
        self.at += 1
        arguments: list[Any] = []
        kind = None
        while self.at < len(self.lexemes) and self.word() != ")":
            before = self.at
            if self.word() == "select":
                arguments.append(exp.Subquery(this=self._query()))
            elif self.word() != ",":
                arguments.append(self._expression())
            if self._take("as"):
                kind = self._name()
            self.at = max(self.at, before + (self.word() != ")"))
            self._take(",")
        self._take(")")
        if name in ("cast", "try_cast") and kind and arguments:
            return exp.Cast(this=arguments[0], to=_type(kind[-1]))
        if name == "convert" and len(arguments) == 2 and type(arguments[0]) in (exp.Column, exp.Anonymous):
            return exp.Cast(this=arguments[1], to=_type(arguments[0].name))  # SQL Server: CONVERT(int, x)
        if name == "extract" or (name in ("count", "sum", "min", "max", "avg") and self._take("over")):
            pass
        return self._placed(exp.Anonymous(this=".".join(path or [name]), expressions=arguments), start)

    def _case(self) -> Any:
        self.at += 1
        subject = None if self.word() == "when" else self._expression()
        branches = []
        while self._take("when"):
            condition = self._expression()
            self._take("then")
            branches.append(exp.If(this=condition, true=self._expression()))
        default = self._expression() if self._take("else") else None
        self._take("end")
        return exp.Case(this=subject, ifs=branches, default=default)


def _column(parts: list[str]) -> exp.Column:
    names = [exp.to_identifier(part) for part in parts[-2:]]
    return exp.Column(this=names[-1], table=names[0] if len(names) > 1 else None)


def _type(name: str) -> Any:
    return exp.Var(this=name)


_ALTERNATIVE: dict[str, type[exp.Expression]] = {"or": exp.Or, "xor": exp.Xor}
_ALTERNATIVES: dict[str, type[exp.Expression]] = {**_ALTERNATIVE, "||": exp.Or}
_CONJUNCTIONS: dict[str, type[exp.Expression]] = {"and": exp.And, "&&": exp.And}
_SUMS_OF_VALUES = {word: kind for word, kind in _SUMS.items() if word != "||"}
_WORDS: dict[str, Callable[[], exp.Expression]] = {
    "null": exp.Null,
    "true": lambda: exp.Boolean(this=True),
    "false": lambda: exp.Boolean(this=False),
    "*": exp.Star,
}
