"""Trees of whatever is SQL in a text: for texts that no grammar takes, since they are pieces, or of another dialect.

`Pieces` reads lexemes from left to right and makes sqlglot's own nodes, so that one set of rules serves both these
trees and those of PostgreSQL's grammar.  It never fails: what fits nowhere is skipped, an operand that is missing is
a Placeholder, parentheses that are not closed end with the text.

Rules: every node has its place in its meta ("start", from 0).  Nesting is followed MAX_DEPTH levels deep; each
lexeme is read once, so the time is linear.

Left out: anything that no rule asks for: window clauses, types, options.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlglot import expressions as exp

from checker.injection.lexemes import Kind, Lexeme

MAX_DEPTH = 30
_Node = TypeVar("_Node", bound=exp.Expression)

_SET_WORDS = frozenset({"union", "intersect", "except", "minus"})
_CLAUSES_WORDS = """
    from where group having order limit offset union intersect except minus into procedure window fetch for
    returning set values on using then else end when as separator escape rlike waitfor lock
"""
CLAUSES = frozenset(_CLAUSES_WORDS.split())
_NOT_NAMES_WORDS = """
    select and or xor not like ilike in is between join left right inner cross full natural outer case exists
"""
_NOT_NAMES = CLAUSES | frozenset(_NOT_NAMES_WORDS.split())
_JOINS_WORDS = """
    join left right inner cross full natural outer lateral straight_join only
"""
_JOINS = frozenset(_JOINS_WORDS.split())
_COMPARISONS: dict[str, type[exp.Expression]] = {
    "=": exp.EQ, "==": exp.EQ, "<>": exp.NEQ, "!=": exp.NEQ, "^=": exp.NEQ, "<": exp.LT, ">": exp.GT,
    "<=": exp.LTE, ">=": exp.GTE, "<=>": exp.NullSafeEQ, "like": exp.Like, "ilike": exp.ILike,
    "rlike": exp.RegexpLike, "regexp": exp.RegexpLike, "glob": exp.Glob, "div": exp.IntDiv, "sounds": exp.EQ,
}  # fmt: skip
_SUMS: dict[str, type[exp.Expression]] = {
    "+": exp.Add, "-": exp.Sub, "||": exp.DPipe, "&": exp.BitwiseAnd, "|": exp.BitwiseOr, "^": exp.BitwiseXor,
}  # fmt: skip
_PRODUCTS: dict[str, type[exp.Expression]] = {"*": exp.Mul, "/": exp.Div, "%": exp.Mod, "mod": exp.Mod}


class Pieces:
    """The trees of a text's lexemes (comments left out), in order, in `trees`.

    `is_value`: the text stands where a value was expected, so `||` may be MySQL's OR, and a condition that stands
    alone is read as one.  `quote` is the mark of strings: with `"`, names in double quotes are strings.  `ends` has,
    for each tree, the index of the lexeme after it.
    """

    def __init__(self, lexemes: list[Lexeme], is_value: bool, quote: str = "'") -> None:
        self.lexemes = lexemes
        self.is_value = is_value
        self.quote = quote
        self.trees: list[Any] = []
        self.ends: list[int] = []
        self.at = 0
        self._depth = 0
        while self.at < len(lexemes):
            before = self.at
            tree = self._piece()
            if tree is not None:
                self.trees.append(tree)
                self.ends.append(self.at)
            self.at = max(self.at, before + 1)

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

    # -- clauses ---------------------------------------------------------------------------------------------

    def _piece(self) -> Any:
        start, word = self._here(), self.word()
        if word == "select":
            return self._query()
        if word in _SET_WORDS:
            nothing = self._placed(exp.Select(expressions=[exp.Placeholder()]), start)
            return self._set_operations(nothing)
        clauses = exp.Select(expressions=[])
        self._clauses(clauses)
        if clauses.args.get("where") or len(clauses.args) > 1:
            return self._placed(clauses, start)
        if word in (")", ",", ";", "]") or word in CLAUSES:
            return None
        return self._expression()

    def _query(self) -> Any:
        return self._deeper(lambda: self._set_operations(self._select()))

    def _select(self) -> Any:
        query = self._placed(exp.Select(expressions=[]), self._here())
        self.at += 1
        while self.word() in ("all", "distinct", "distinctrow", "top"):
            if self.word() == "top" and self.at + 1 < len(self.lexemes):
                self.at += 1
            self.at += 1
        query.set("expressions", self._list(self._item))
        self._clauses(query)
        return query

    def _set_operations(self, left: Any) -> Any:
        while self.word() in _SET_WORDS:
            start = self._here()
            self.at += 1
            while self.word() in ("all", "distinct", "distinctrow", "(", "/"):
                self.at += 1
            if self.word() not in ("select", "values"):
                return left
            right: Any = self._select()
            left = self._placed(exp.Union(this=left, expression=right), start)
        return left

    def _clauses(self, query: Any) -> None:
        while True:
            start, word = self._here(), self.word()
            if word in ("from", "update") or (word in _JOINS and self.word(1) != "("):
                self.at += 1
                tables = self._tables()
                if tables:
                    query.set("from_", exp.From(this=tables[0]))
                    query.set("joins", [*(query.args.get("joins") or []), *tables[1:]])
            elif word in ("where", "having"):
                self.at += 1
                kind = exp.Where if word == "where" else exp.Having
                query.set(word, self._placed(kind(this=self._expression()), start))
            elif word in ("order", "group") and self.word(1) == "by":
                self.at += 2
                keys = exp.Order if word == "order" else exp.Group
                query.set(word, self._placed(keys(expressions=self._list(self._expression)), start))
            elif word in ("limit", "offset"):
                self.at += 1
                bound = exp.Limit if word == "limit" else exp.Offset
                query.set(word, self._placed(bound(expression=self._expression()), start))
                if self._take(","):
                    query.set("offset", exp.Offset(expression=self._expression()))
            elif word == "on":
                self.at += 1
                query.append("joins", exp.Join(this=exp.Placeholder(), on=self._expression()))
            else:
                return

    def _tables(self) -> list[Any]:
        """Tables after FROM; the ones behind the first are joins."""
        found: list[Any] = []
        while self.at < len(self.lexemes):
            start = self._here()
            if self.word() in _JOINS or self.word() == ",":
                self.at += 1
                continue
            if self._take("("):
                table: Any = self._query() if self.word() == "select" else exp.Paren(this=self._expression())
                if type(table) is not exp.Paren:
                    table = exp.Subquery(this=table)
                self._take(")")
            elif (name := self._name()) is not None:
                table = self._table(name)
            else:
                break
            self._placed(table, start)
            on = None
            while self.at < len(self.lexemes) and self.word() not in CLAUSES | _JOINS | {",", ")", ";"}:
                self.at += 1  # an alias and its columns, hints
                if self.word(-1) == "(":
                    self._skip_to_close()
            if self.word() == "as":
                self.at += 2
            if self._take("on"):
                on = self._expression()
            elif self._take("using"):
                self._skip_to_close() if self._take("(") else None
            found.append(exp.Join(this=table, on=on) if found or on is not None else table)
            if self.word() not in _JOINS and self.word() != ",":
                break
        if found and type(found[0]) is exp.Join:
            found[0] = found[0].this
        return found

    def _table(self, parts: list[str]) -> Any:
        if self.word() == "(":
            return exp.Table(this=self._call(parts[-1]))
        names = [exp.to_identifier(part) for part in parts[-3:]]
        return exp.Table(
            this=names[-1],
            db=names[-2] if len(names) > 1 else None,
            catalog=names[-3] if len(names) > 2 else None,
        )

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

    def _item(self) -> Any:
        item = self._expression()
        if self._take("as") or (self._starts_name() and self.word() not in _NOT_NAMES):
            self.at += 1
        return item

    def _starts_name(self) -> bool:
        return self.at < len(self.lexemes) and self.lexemes[self.at].kind in (Kind.WORD, Kind.NAME)

    def _name(self) -> list[str] | None:
        """A name of one or several parts, as `a.b` or SQL Server's `a..b`."""
        is_call = self.word() in ("left", "right", "if") and self.word(1) == "("
        if not self._starts_name() or (self.word() in _NOT_NAMES and not is_call):
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
        if self.word() in ("-", "+", "~"):
            signs = 0
            while self.word() in ("-", "+", "~"):
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
