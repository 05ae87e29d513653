"""Texts that are no statement: what a form field, a header or a parameter holds when somebody tries to break out.

Such a text is read three ways: as it stands, and as the rest of a string in single or in double quotes.  An honest
one holds words, names, numbers, addresses, prose, quotes among them; what it does not hold is a quote that ends and
is followed by SQL, a condition, a UNION, a further statement.

Rules: a connective counts when its right side is a comparison or a call; prose has AND and OR too, but words around
them.  Behind a closing quote less is needed.

Left out: encodings, see text.py.
"""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp

from checker.injection import conditions, phrases, queries
from checker.injection.constants import UNKNOWN, Folder, bare, flatten
from checker.injection.expressions import CLAUSES
from checker.injection.findings import Findings
from checker.injection.gather import COMPARISONS, SET_OPERATIONS, call_name, gather, items, relations, walk
from checker.injection.lexemes import Kind, Lexeme, read
from checker.injection.names import belongs
from checker.injection.pieces import Pieces
from checker.injection.shape import begins_statement
from checker.verdict import Finding

_CONNECTIVES = (exp.And, exp.Or, exp.Xor)
_SUMS = (
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Mod,
    exp.BitwiseAnd,
    exp.BitwiseOr,
    exp.BitwiseXor,
    exp.DPipe,
    exp.BitwiseLeftShift,
    exp.BitwiseRightShift,
    exp.IntDiv,
)
_LIKENESSES = (exp.RegexpLike, exp.Is, exp.NullSafeEQ, exp.Glob, *COMPARISONS)
_CLAUSE_STARTS = frozenset({"union", "having", "procedure", "into", "where", "limit", "order", "group"})

_LINE_STARTS_WORDS = """
    from where join inner left right full cross on exists not in any all as group order when then else set
"""
_LINE_STARTS = frozenset(_LINE_STARTS_WORDS.split())


def judge(text: str, inside: str) -> tuple[Finding, ...]:
    """The findings on a text that stands where a value was expected, read within the quote `inside` or none."""
    findings = Findings()
    lexemes = read(text, inside)
    comments = [lexeme for lexeme in lexemes if lexeme.kind is Kind.COMMENT]
    code = [lexeme for lexeme in lexemes if lexeme.kind is not Kind.COMMENT]
    if inside and not code[0].closed:
        return ()
    reading = _Value(text, inside, code, comments, findings)
    reading.judge()
    return findings.all()


class _Value:
    def __init__(
        self, text: str, inside: str, code: list[Lexeme], comments: list[Lexeme], findings: Findings
    ) -> None:
        self.text = text
        self.inside = inside
        self.code = code
        self.comments = comments
        self.findings = findings
        self.folder = Folder()
        self.pieces = Pieces(code, is_value=True, quote=inside or "'")
        self.cut = bool(comments) and (not code or comments[-1].start >= code[-1].end)
        """Whether a comment ends the text."""

    def judge(self) -> None:
        gathered = gather(self.pieces.trees, is_value=True)
        queries.judge(gathered, self.folder, self.findings)
        phrases.judge(self.code, self.findings)
        self._whole_clauses(gathered)
        self._stacked()
        for tree, end in zip(self.pieces.trees, self.pieces.ends, strict=True):
            self._tree(tree, end)
        if self.inside:
            self._behind_the_quote()
        else:
            self._as_it_stands()

    # -- what is never honest ------------------------------------------------------------------------------

    def _whole_clauses(self, gathered: Any) -> None:
        conditions.judge(gathered, self.folder, self.findings)
        for operation in gathered.all(*SET_OPERATIONS):
            columns = items(operation.expression) if type(operation.expression) is exp.Select else []
            if columns and type(columns[0]) is not exp.Placeholder:
                self._add("union", 0.95, "UNION SELECT in a value", operation)
        for select in gathered.all(exp.Select):
            if select.parent is not None and type(select.parent) not in SET_OPERATIONS:
                columns = items(select)
                if columns and type(columns[0]) is not exp.Placeholder and self._is_query(select, columns):
                    weight = 0.3 if self._begins_with_clause() else 0.94
                    self._add("subquery", weight, "a subquery in a value", select)
        for call in gathered.all(exp.Anonymous):
            self._call(call)
        for variable in gathered.all(exp.Parameter):
            if str(variable.this.name).startswith("@@"):
                self._add("recon", 0.92, "a variable of the server in a value", variable)
        for table in gathered.all(exp.Table):
            self._catalogue(".".join(part.name.lower() for part in table.parts), table)
        for tree in self.pieces.trees:
            for node in walk(tree):
                if type(node) is exp.Column:
                    self._catalogue(".".join(part.name.lower() for part in node.parts), node)

    def _begins_with_clause(self) -> bool:
        """One line of a statement that was written on several: `WHERE EXISTS (SELECT ...)`."""
        first = self.code[0]
        return not self.inside and first.kind is Kind.WORD and first.text in _LINE_STARTS

    def _is_query(self, select: Any, columns: list[Any]) -> bool:
        if relations(select):
            return True
        return any(type(bare(c)) not in (exp.Column, exp.Star) for c in columns)

    def _call(self, call: Any) -> None:
        name = call_name(call)
        arguments = call.expressions
        if belongs(name, "choice") and arguments and _is_comparison(arguments[0]):
            self._add("choice", 0.94, f"{name}() chooses by a condition", call)
        elif belongs(name, "recon") and not arguments:
            weight = 0.92 if type(call.parent) is exp.Anonymous else 0.7
            self._add("recon", weight, f"{name}() asks for the server or its user", call)
        elif belongs(name, "codes") and arguments and all(_is_code(a, self.folder) for a in arguments):
            joined = type(call.parent) in (exp.DPipe, exp.Add, exp.Or, exp.Anonymous)
            self._add("codes", 0.94 if joined else 0.7, f"{name}() writes letters by their numbers", call)
        elif belongs(name, "letters") and any(_has_query(argument) for argument in arguments):
            self._add("letters", 0.94, f"{name}() takes an answer apart", call)

    def _catalogue(self, name: str, node: Any) -> None:
        if not belongs(name, "catalogue"):
            return
        known = "." in name or "_" in name or name.startswith("sys")
        self._add("catalogue", 0.92 if known and not name.startswith("sys.") else 0.3, "the catalogue", node)

    def _stacked(self) -> None:
        for index, lexeme in enumerate(self.code):
            if lexeme.text == ";" and lexeme.kind is Kind.MARK and begins_statement(self.code[index + 1 :]):
                place = lexeme.start + 1
                self.findings.add("stacked", 0.95, "a further statement behind a semicolon", place)
                return

    # -- conditions ----------------------------------------------------------------------------------------

    def _tree(self, tree: Any, end: int) -> None:
        clean = end >= len(self.code) or self._ends_expression(self.code[end])
        node = bare(tree)
        if type(node) in _CONNECTIVES:
            operands = self._operands(node)
            strengths = [self._strength(operand) for operand in operands[1:]]
            best = max(strengths, default=0.0)
            begins = type(bare(operands[0])) is exp.Placeholder and self.pieces.trees[0] is tree
            if not self.inside and _has_pipe(node):
                best = best if best >= 0.9 and self._is_constant_or_query(operands[1:]) else 0.2
            elif begins and clean and best >= 0.5 and not self.inside:
                best = max(best, 0.93)
            if not clean:
                best *= 0.97 if best > 0.96 else 0.5
            elif self.cut or self.inside:
                best = max(best, 0.94 if best >= 0.5 else 0.5 * bool(self.cut))
            self._add("condition", best, "a condition in a value", node)
            if clean and best >= 0.9:
                conditions.judge_value(node, self.folder, self.findings)
        elif not self.inside and clean and self._is_alone(tree) and type(node) in (exp.Case, exp.Cast):
            self._add("expression", 0.92, "a value that is computed", node)
        elif not self.inside and clean and self._is_alone(tree) and type(node) in COMPARISONS:
            truth = self.folder.truth(node)
            if truth is not None:
                constant = not any(type(inner) is exp.Column for inner in walk(node))
                self._add("tautology", 0.92 if constant else 0.5, "a constant condition alone", node)
            elif _has_query(node):
                self._add("condition", 0.92, "a condition in a value", node)

    def _operands(self, node: Any) -> list[Any]:
        found: list[Any] = []
        stack = [node]
        while stack:
            current = bare(stack.pop())
            if type(current) in _CONNECTIVES:
                stack += [current.expression, current.this]
            elif type(current) is exp.Not:
                stack.append(current.this)
            else:
                found.append(current)
        return found

    def _strength(self, operand: Any) -> float:
        """How surely an operand of AND or OR is SQL."""
        node = bare(operand)
        kind = type(node)
        if kind in _LIKENESSES:
            return self._strength_of_comparison(node)
        if kind in (exp.Subquery, exp.Exists, exp.Case, exp.Select, exp.Cast):
            return 0.97
        if kind is exp.Anonymous:
            name = call_name(node)
            known = any(belongs(name, f) for f in ("time", "error", "file", "recon", "letters", "choice"))
            return 0.97 if known else 0.6
        if kind is exp.Parameter:
            return 0.9 if str(node.this.name).startswith("@@") else 0.3
        if kind in (exp.Literal, exp.Boolean, exp.Null, exp.Neg):
            return 0.5
        if kind in _SUMS:
            texts = any(type(inner) is exp.Literal and inner.is_string for inner in walk(node))
            known = texts or self.folder.value(node) is not UNKNOWN
            return 0.94 if known and self.inside else 0.4
        return 0.1 if kind is exp.Column else 0.0

    def _strength_of_comparison(self, node: Any) -> float:
        left, right = bare(node.this), bare(node.args.get("expression"))
        if type(node) is exp.Is:
            known = type(right) in (exp.Null, exp.Boolean) or type(bare(left)) is not exp.Column
            return 0.95 if known and type(left) is not exp.Placeholder else 0.2
        if type(node) is exp.In:
            return 0.95 if node.args.get("query") or _only_constants(node.expressions) else 0.3
        if type(node) is exp.Between:
            right = bare(node.args.get("high"))
        sides = (left, right)
        if any(type(side) is exp.Placeholder for side in sides):
            return 0.3
        if all(type(side) is exp.Column for side in sides):
            if type(node) is exp.Like:
                return 0.1
            return 0.95 if self.folder.truth(node) is not None else 0.8
        return 0.97

    def _is_constant_or_query(self, operands: list[Any]) -> bool:
        return any(
            (self.folder.truth(o) is not None and _is_comparison(o)) or _has_query(o) for o in operands
        )

    def _is_alone(self, tree: Any) -> bool:
        return len(self.pieces.trees) == 1

    def _ends_expression(self, lexeme: Lexeme) -> bool:
        if lexeme.kind is Kind.WORD:
            return lexeme.text in CLAUSES and lexeme.text not in ("for", "on", "when", "using", "set", "from")
        return lexeme.kind is Kind.MARK and lexeme.text in (";", ")", ",")

    # -- the three readings --------------------------------------------------------------------------------

    def _behind_the_quote(self) -> None:
        at = 1
        while at < len(self.code) and self.code[at].text == ")" and self.code[at].kind is Kind.MARK:
            at += 1
        place = self.code[0].end
        if not self.text.strip().strip("'\"`() ;\\%"):
            self.findings.add("breakout", 0.92, "nothing but quotes", place)
            return
        if at >= len(self.code):
            self._at_the_end(place, at > 1)
            return
        following = self.code[at]
        word = following.text if following.kind in (Kind.WORD, Kind.MARK) else ""
        if word == ";":
            alone = at + 1 >= len(self.code)
            weight = 0.92 if self.cut else 0.55 if alone else 0.0
            self.findings.add("cut_off", weight, "a quote, a semicolon and nothing more", place)
        elif word in _CLAUSE_STARTS:
            self._clause(at)
        elif word == "as" and self.inside and any(lexeme.text == "where" for lexeme in self.code[at:]):
            self.findings.add("breakout", 0.92, "a quote that ends, and a clause behind it", place)
        elif begins_statement(self.code[at:]) and word not in (
            "show",
            "set",
            "use",
            "begin",
            "start",
            "call",
        ):
            self.findings.add("stacked", 0.93, "a quote that ends, and a statement behind it", place)
        elif word == ",":
            weight = 0.92 if self.cut or any(_has_query(tree) for tree in self.pieces.trees) else 0.2
            self.findings.add("breakout", weight, "a quote that ends, and further values", place)
        else:
            self._operator(at)

    def _at_the_end(self, place: int, has_parenthesis: bool) -> None:
        if self.cut:
            comment = self.comments[-1]
            words = len(comment.text.split())
            is_hash = self.text.startswith("#", comment.start)
            honest = words > (0 if is_hash else 3)
            weight = 0.6 if honest else 0.95
            self.findings.add("cut_off", weight, "a quote that ends, and a comment", place)
        else:
            self.findings.add("breakout", 0.6 if has_parenthesis else 0.35, "a quote that ends", place)

    def _clause(self, at: int) -> None:
        """UNION, ORDER BY 5, HAVING ... behind a quote or a number."""
        word = self.code[at].text
        following = self.code[at + 1] if at + 1 < len(self.code) else None
        if following is None:
            return
        by = following.text == "by" and at + 2 < len(self.code)
        third = self.code[at + 2] if at + 2 < len(self.code) else None
        fits = {
            "union": following.text in ("all", "select", "distinct", "(", "values"),
            "having": following.kind in (Kind.NUMBER, Kind.STRING) or following.text in ("not", "(", "count"),
            "procedure": following.text == "analyse",
            "into": following.text in ("outfile", "dumpfile") or following.kind is Kind.VARIABLE,
            "limit": following.kind is Kind.NUMBER,
            "order": by and third is not None and (third.kind is Kind.NUMBER or bool(self.inside)),
            "group": by and third is not None and (third.kind is Kind.NUMBER or bool(self.inside)),
            "where": third is not None and third.text in ("=", "<", ">", "in", "like", "is"),
        }
        if fits[word]:
            whole = self.cut or self.inside or self._is_list_of_numbers(self.code[at + 2 :])
            weight = 0.8 if word in ("limit", "order", "group") and not whole else 0.94
            self.findings.add("breakout", weight, f"{word.upper()} behind a value", self.code[at].start + 1)

    @staticmethod
    def _is_list_of_numbers(lexemes: list[Lexeme]) -> bool:
        return bool(lexemes) and all(lexeme.kind is Kind.NUMBER or lexeme.text == "," for lexeme in lexemes)

    def _operator(self, at: int) -> None:
        """`' = '`, `'+(select ...)`, `' LIKE '`: the tree that begins with the string."""
        if not self.pieces.trees:
            return
        tree, end = bare(self.pieces.trees[0]), self.pieces.ends[0]
        clean = end >= len(self.code) or self._ends_expression(self.code[end])
        if type(tree) in _CONNECTIVES:
            left = bare(next(flatten(tree, type(tree))))
            if type(left) in _LIKENESSES and clean:
                self._add("breakout", 0.93, "a comparison behind a quote", tree)
            return
        if not clean:
            return
        weight = 0.0
        if any(type(n) is exp.BitwiseAnd and type(bare(n.expression)) is exp.Column for n in walk(tree)):
            return  # a URL: x"&page=2
        if type(tree) in _LIKENESSES or type(tree) is exp.Not:
            weight = 0.94 if not any(type(n) is exp.Placeholder for n in walk(tree)) else 0.6
            if type(tree) is exp.Is or (self.inside == '"' and type(tree) in (exp.Like, exp.RegexpLike)):
                weight = self._strength_of_comparison(tree) if type(tree) is exp.Is else 0.6
        elif type(tree) in _SUMS:
            right = bare(tree.expression)
            is_text = type(right) is exp.Literal and right.is_string
            if is_text or _has_query(tree) or (self.cut and type(right) is not exp.Column):
                weight = 0.92
            elif type(right) is not exp.Placeholder:
                weight = 0.4
        self._add("breakout", weight, "an operator behind a quote", tree)

    def _as_it_stands(self) -> None:
        for at, lexeme in enumerate(self.code):
            if lexeme.kind is Kind.WORD and lexeme.text in _CLAUSE_STARTS and lexeme.text != "where":
                before = self.code[at - 1] if at else None
                if before is None or before.kind is Kind.NUMBER or before.text in (")", "null", "%"):
                    self._clause(at)
        last = self.code[-1] if self.code else None
        if last is not None and self.cut:
            content = self.comments[-1].text.strip()
            tree = bare(self.pieces.trees[0]) if len(self.pieces.trees) == 1 else None
            computed = tree is not None and not any(
                type(inner) in (exp.Column, exp.Placeholder) for inner in walk(tree)
            )
            if last.kind is Kind.NUMBER or last.text in (")", ";") or computed:
                weight = 0.92 if computed and not content else 0.6
                self.findings.add("cut_off", weight, "a comment ends a value", self.comments[-1].start + 1)
        if self.code and begins_statement(self.code[1:]) and self.code[0].kind is Kind.NUMBER:
            self.findings.add("stacked", 0.9, "a statement behind a number", self.code[1].start + 1)

    def _add(self, code: str, weight: float, reason: str, node: Any) -> None:
        start = node.meta.get("start") if node._meta else None
        self.findings.add(code, weight, reason, None if start is None else start + 1)


def _is_comparison(node: Any) -> bool:
    return any(type(inner) in _LIKENESSES for inner in walk(node))


def _has_pipe(node: Any) -> bool:
    return any(inner._meta is not None and inner.meta.get("mark") == "||" for inner in walk(node))


def _has_query(node: Any) -> bool:
    for inner in walk(node):
        if type(inner) in (exp.Select, exp.Subquery, exp.Case):
            return True
        if type(inner) is exp.Anonymous:
            name = call_name(inner)
            if any(
                belongs(name, f) for f in ("time", "error", "file", "recon", "letters", "codes", "gather")
            ):
                return True
        if type(inner) is exp.Parameter and str(inner.this.name).startswith("@@"):
            return True
    return False


def _is_code(node: Any, folder: Folder) -> bool:
    value = folder.value(node)
    return isinstance(value, int | float) or (isinstance(value, str) and value[:2].lower() == "0x")


def _only_constants(nodes: list[Any]) -> bool:
    return bool(nodes) and all(type(bare(node)) in (exp.Literal, exp.Null) for node in nodes)
