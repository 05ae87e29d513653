"""Trees of whatever is SQL in a text: for texts that no grammar takes, since they are pieces, or of another dialect.

`Pieces` reads lexemes from left to right and makes sqlglot's own nodes, so that one set of rules serves both these
trees and those of PostgreSQL's grammar.  It never fails: what fits nowhere is skipped, an operand that is missing is
a Placeholder, parentheses that are not closed end with the text.

Rules: every node has its place in its meta ("start", from 0).  Nesting is followed MAX_DEPTH levels deep; each
lexeme is read once, so the time is linear.

Left out: anything that no rule asks for: window clauses, types, options.
"""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp

from checker.injection.expressions import CLAUSES, NOT_NAMES, Expressions
from checker.injection.lexemes import Lexeme

_SET_WORDS = frozenset({"union", "intersect", "except", "minus"})
_JOINS_WORDS = """
    join left right inner cross full natural outer lateral straight_join only
"""
_JOINS = frozenset(_JOINS_WORDS.split())


class Pieces(Expressions):
    """The trees of a text's lexemes (comments left out), in order, in `trees`.

    `is_value`: the text stands where a value was expected, so `||` may be MySQL's OR, and a condition that stands
    alone is read as one.  `quote` is the mark of strings: with `"`, names in double quotes are strings.  `ends` has,
    for each tree, the index of the lexeme after it.
    """

    def __init__(self, lexemes: list[Lexeme], is_value: bool, quote: str = "'") -> None:
        super().__init__(lexemes, is_value, quote)
        self.trees: list[Any] = []
        self.ends: list[int] = []
        while self.at < len(lexemes):
            before = self.at
            tree = self._piece()
            if tree is not None:
                self.trees.append(tree)
                self.ends.append(self.at)
            self.at = max(self.at, before + 1)

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

    def _item(self) -> Any:
        item = self._expression()
        if self._take("as") or (self._starts_name() and self.word() not in NOT_NAMES):
            self.at += 1
        return item
