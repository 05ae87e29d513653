"""LIKE, ILIKE and the functions on regular expressions.

Patterns must be constants: a pattern that is only known at run time cannot be checked.  LIKE is the exception, since
Spark's own LIKE raises on what it would read otherwise.
Left out: SIMILAR TO, regexp_matches, regexp_instr, flags other than g and i.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from spark_thrift.dialect import predicates, regex, strings
from spark_thrift.dialect.casts import coerce
from spark_thrift.dialect.context import Context, FunctionRule, Rule, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import BOOL, INT4, STRINGS, TEXT, Type, array
from spark_thrift.dialect.terms import Term, boolean, null_of, string

_ESCAPED = r"(\\[%_\\])|\\(.)"


def _text_operand(ctx: Context, node: exp.Expr, operator: str) -> Term:
    term = ctx.term(node)
    if term.type.name == "any":
        return term
    if term.type.name not in (*STRINGS, "unknown"):
        raise Untranslatable(f"operator does not exist: {term.type} {operator} text", sqlstate="42883")
    # LIKE on character(n) sees the padding, regular expressions do not; both are kept apart from it here.
    if term.type.name == "bpchar":
        raise Untranslatable(f"{operator} on character(n)", "cast it to text")
    return coerce(term, TEXT)


def _like(word: str) -> Rule:
    def rule(ctx: Context, node: exp.Expr) -> Term:
        escape = "\\"
        if isinstance(node, exp.Escape):
            mark = node.expression
            if not isinstance(mark, exp.Literal) or len(mark.name) > 1:
                raise Untranslatable("ESCAPE with anything but one character or none")
            escape, node = mark.name, node.this
        if not isinstance(node, (exp.Like, exp.ILike)):
            raise Untranslatable("ESCAPE here")
        present(node, "this", "expression", "negate")
        spelled = "ILIKE" if isinstance(node, exp.ILike) else "LIKE"
        value = _text_operand(ctx, node.this, spelled)
        words = f"NOT {spelled}" if node.args.get("negate") else spelled
        other = node.expression
        if isinstance(other, (exp.Any, exp.All)) and not isinstance(other.this, (exp.Subquery, exp.Query)):
            patterns = predicates.quantified_array(ctx, other.this, coerce(value, TEXT))
            every = isinstance(other, exp.All)
            return predicates.each_of(patterns, every, lambda item: _matched(value, words, item, escape))
        if isinstance(other, (exp.Any, exp.All, exp.Tuple)):
            raise Untranslatable(f"{spelled} ANY/ALL over a subquery")
        return boolean(_matched(value, words, _text_operand(ctx, other, spelled), escape))

    return rule


def _matched(value: Term, words: str, pattern: Term, escape: str) -> str:
    if pattern.text is not None:
        return f"{value.operand} {words} {string(like_pattern(pattern.text, escape))}"
    shown = pattern.operand
    if not escape:
        # Spark always has an escape character: doubled, it is itself.
        shown = f"replace({pattern.sql}, {string(chr(92))}, {string(chr(92) * 2)})"
    elif escape == "\\":
        # Spark refuses an escape before a character that needs none.
        shown = f"regexp_replace({pattern.sql}, {string(_ESCAPED)}, '$1$2')"
    tail = "" if escape in ("", "\\") else f" ESCAPE {string(escape)}"
    return f"{value.operand} {words} {shown}{tail}"


def like_pattern(pattern: str, escape: str) -> str:
    """The pattern with a backslash as escape, and only before what needs one: Spark refuses it elsewhere."""
    out: list[str] = []
    index = 0
    while index < len(pattern):
        character = pattern[index]
        if escape and character == escape:
            index += 1
            if index == len(pattern):
                raise Untranslatable("LIKE pattern must not end with escape character", sqlstate="22025")
            character = pattern[index]
            out.append("\\" + character if character in "%_\\" else character)
        elif character == "\\":
            out.append("\\\\")
        else:
            out.append(character)
        index += 1
    return "".join(out)


def _constant_pattern(ctx: Context, node: exp.Expr, *, ignore_case: bool = False) -> regex.Pattern:
    term = ctx.term(node)
    if term.text is None:
        raise Untranslatable("a regular expression that is not a constant")
    return regex.translate(term.text, ignore_case=ignore_case)


def _matches(ignore_case: bool) -> Rule:
    def rule(ctx: Context, node: exp.Expr) -> Term:
        present(node, "this", "expression")
        operator = "~*" if ignore_case else "~"
        value = _text_operand(ctx, node.this, operator)
        if ctx.term(node.expression).null:
            return null_of(BOOL)
        pattern = _constant_pattern(ctx, node.expression, ignore_case=ignore_case)
        return boolean(f"{value.operand} RLIKE {string(pattern.java)}")

    return rule


def _strict(kind: Type, rule: FunctionRule) -> FunctionRule:
    """NULL for a NULL pattern, flag or replacement, which is no constant to look into."""

    def strict(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        return null_of(kind) if any(ctx.term(arg).null for arg in args) else rule(ctx, args)

    return strict


def _regexp_like(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    ignore_case = len(args) > 2 and _flags(ctx, args[2]) == {"i"}
    pattern = _constant_pattern(ctx, args[1], ignore_case=ignore_case)
    return Term(f"regexp_like({strings.text_of(ctx, args[0]).sql}, {string(pattern.java)})", BOOL)


def _flags(ctx: Context, node: exp.Expr) -> set[str]:
    flags = ctx.term(node).text
    if flags is None or set(flags) - set("gi"):
        raise Untranslatable("regular expression flags other than g and i")
    return set(flags)


def _exact(pattern: regex.Pattern) -> regex.Pattern:
    if not pattern.exact:
        raise regex.refused("alternatives or repeated groups, where the matching part counts")
    return pattern


def _consuming(pattern: regex.Pattern) -> regex.Pattern:
    # Java finds an empty match between the two halves of a character beyond U+FFFF.
    if pattern.nullable:
        raise regex.refused("empty matches, where every match counts")
    return pattern


def _regexp_replace(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) not in (3, 4):
        raise Untranslatable("regexp_replace with a start or a count")
    flags = _flags(ctx, args[3]) if len(args) == 4 else set()
    value, new = strings.text_of(ctx, args[0]), ctx.term(args[2]).text
    pattern = _exact(_constant_pattern(ctx, args[1], ignore_case="i" in flags))
    if new is None:
        raise Untranslatable("regexp_replace with a replacement that is not a constant")
    if "g" in flags:
        _consuming(pattern)
        shown = regex.replacement(new, pattern.groups, 0)
        return Term(f"regexp_replace({value.sql}, {string(pattern.java)}, {string(shown)})", TEXT)
    # Spark replaces every match; a lazy prefix from the start of the text pins the first.
    head, _, body = pattern.java.partition(")")
    shown = "$1" + regex.replacement(new, pattern.groups, 2).replace("${whole}", "$2")
    first = f"{head})\\A(.*?)({body})"
    return Term(f"regexp_replace({value.sql}, {string(first)}, {string(shown)})", TEXT)


def substring_pattern(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    """substring(text from pattern): the first group, or the whole match; NULL without one."""
    value = strings.text_of(ctx, args[0])
    if ctx.term(args[1]).null:
        return null_of(TEXT)
    pattern = _exact(_constant_pattern(ctx, args[1]))
    if pattern.groups == 0:
        return Term(f"regexp_substr({value.sql}, {string(pattern.java)})", TEXT)
    found = f"regexp_extract({value.sql}, {string(pattern.java)}, 1)"
    return Term(f"CASE WHEN {value.operand} RLIKE {string(pattern.java)} THEN {found} END", TEXT)


def _regexp_substr(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) != 2:
        raise Untranslatable("regexp_substr with a start, a count or flags")
    pattern = _exact(_constant_pattern(ctx, args[1]))
    return Term(f"regexp_substr({strings.text_of(ctx, args[0]).sql}, {string(pattern.java)})", TEXT)


def _regexp_count(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) != 2:
        raise Untranslatable("regexp_count with a start or flags")
    pattern = _consuming(_exact(_constant_pattern(ctx, args[1])))
    return Term(f"regexp_count({strings.text_of(ctx, args[0]).sql}, {string(pattern.java)})", INT4)


def _regexp_split(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) != 2:
        raise Untranslatable("regexp_split_to_array with flags")
    pattern = _consuming(_exact(_constant_pattern(ctx, args[1])))
    return Term(f"split({strings.text_of(ctx, args[0]).sql}, {string(pattern.java)}, -1)", array(TEXT))


def _regexp_match(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) != 2:
        raise Untranslatable("regexp_match with flags")
    value, pattern = strings.text_of(ctx, args[0]), _exact(_constant_pattern(ctx, args[1]))
    groups = range(1, pattern.groups + 1) if pattern.groups else (0,)
    found = ", ".join(f"regexp_extract({value.sql}, {string(pattern.java)}, {group})" for group in groups)
    matched = f"{value.operand} RLIKE {string(pattern.java)}"
    return Term(f"CASE WHEN {matched} THEN array({found}) END", array(TEXT))


RULES: dict[type[exp.Expr], Callable[..., Term]] = {
    exp.Like: _like("LIKE"),
    exp.ILike: _like("ILIKE"),
    exp.Escape: _like("LIKE"),
    exp.RegexpLike: _matches(ignore_case=False),
    exp.RegexpILike: _matches(ignore_case=True),
    exp.Pad: strings.pad,
    exp.Trim: strings.trim,
}
FUNCTIONS: dict[str, FunctionRule] = {
    "regexp_like": _strict(BOOL, _regexp_like),
    "regexp_replace": _strict(TEXT, _regexp_replace),
    "regexp_substr": _strict(TEXT, _regexp_substr),
    "regexp_split_to_array": _strict(array(TEXT), _regexp_split),
    "regexp_match": _strict(array(TEXT), _regexp_match),
    "regexp_count": _strict(INT4, _regexp_count),
}
