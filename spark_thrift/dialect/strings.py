"""Text functions whose edge cases differ: positions below 1, negative counts, NULL arguments, character sets.

Left out: format with %I and %L, quote_*, base64, overlay with positions below 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from spark_thrift.dialect.casts import coerce, to_text
from spark_thrift.dialect.context import Context, FunctionRule, present
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import BYTEA, INT4, INTEGERS, TEXT
from spark_thrift.dialect.terms import Term, guarded, null_of, string


def text_of(ctx: Context, node: exp.Expr) -> Term:
    return coerce(ctx.term(node), TEXT)


def int_of(ctx: Context, node: exp.Expr) -> Term:
    term = ctx.term(node)
    if term.type.name in ("int2", "int4"):
        return term
    if term.type.name == "unknown":
        return coerce(term, INT4)
    raise Untranslatable(f"{term.type} where integer is expected", sqlstate="42883")


def _substring(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    if len(args) == 2:
        second = ctx.term(args[1])
        if second.type.name not in INTEGERS:
            from spark_thrift.dialect.patterns import substring_pattern

            return substring_pattern(ctx, args)
    if len(args) not in (2, 3):
        raise Untranslatable("substring with these arguments")
    value, start = text_of(ctx, args[0]), int_of(ctx, args[1])
    if len(args) == 2:
        if start.integer is not None:
            return Term(f"substring({value.sql}, {max(start.integer, 1)})", TEXT)
        # greatest skips NULL, where substring from a NULL position is NULL.
        tail = f"substring({value.sql}, greatest({start.sql}, 1))"
        return Term(f"CASE WHEN {start.operand} IS NOT NULL THEN {tail} END", TEXT)
    length = int_of(ctx, args[2])
    if start.integer is not None and length.integer is not None:
        if length.integer < 0:
            raise Untranslatable("negative substring length not allowed", sqlstate="22011")
        # Positions before the first character count as length, though nothing is there.
        kept = length.integer + min(start.integer, 1) - 1
        return Term(f"substring({value.sql}, {max(start.integer, 1)}, {max(kept, 0)})", TEXT)
    kept_sql = f"greatest({length.operand} + least({start.sql}, 1) - 1, 0)"
    result = Term(f"substring({value.sql}, greatest({start.sql}, 1), {kept_sql})", TEXT)
    nulls = f"CASE WHEN {start.operand} IS NOT NULL AND {length.operand} IS NOT NULL THEN {result.sql} END"
    if length.integer is not None:
        return Term(nulls, TEXT)
    return guarded(
        f"{length.operand} < 0", "negative substring length not allowed", Term(nulls, TEXT), "22011"
    )


def _side(function: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        value, count = text_of(ctx, args[0]), int_of(ctx, args[1])
        if count.integer is not None and count.integer >= 0:
            return Term(f"{function}({value.sql}, {count.integer})", TEXT)
        # A negative count takes all but so many characters; Spark would give ''.
        kept = f"CASE WHEN {count.operand} < 0 THEN char_length({value.sql}) + {count.operand} ELSE {count.sql} END"
        return Term(f"{function}({value.sql}, {kept})", TEXT)

    return rule


def _pad(function: str) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        value, length = text_of(ctx, args[0]), int_of(ctx, args[1])
        fill = text_of(ctx, args[2]) if len(args) == 3 else Term("' '", TEXT)
        return Term(f"{function}({value.sql}, {length.sql}, {fill.sql})", TEXT)

    return rule


def pad(ctx: Context, node: exp.Pad) -> Term:
    present(node, "this", "expression", "fill_pattern", "is_left")
    fill = node.args.get("fill_pattern")
    args = [node.this, node.expression, *([fill] if fill is not None else [])]
    return _pad("lpad" if node.args.get("is_left") else "rpad")(ctx, args)


def trim(ctx: Context, node: exp.Trim) -> Term:
    present(node, "this", "expression", "position")
    side = str(node.args.get("position") or "BOTH").upper()
    if side not in ("BOTH", "LEADING", "TRAILING"):
        raise Untranslatable(f"trim({side})")
    return _trimmed(ctx, side, [node.this, *([node.expression] if node.expression else [])])


def _trimmed(ctx: Context, side: str, args: Sequence[exp.Expr]) -> Term:
    value = text_of(ctx, args[0])
    characters = text_of(ctx, args[1]).sql if len(args) > 1 else "' '"
    return Term(f"trim({side} {characters} FROM {value.sql})", TEXT)


def _concat(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    # concat() skips NULL; a boolean shows as t and f there, as its output function has it.
    parts = [_output(ctx.term(arg)) for arg in args]
    return Term(f"concat({', '.join(parts)})", TEXT) if parts else Term("''", TEXT)


def _output(term: Term) -> str:
    if term.text is not None:
        return to_text(term).sql
    if term.type.name == "bool":
        return f"CASE WHEN {term.sql} THEN 't' WHEN NOT {term.operand} THEN 'f' ELSE '' END"
    if term.type.name == "bpchar":
        return f"coalesce({term.sql}, '')"
    return f"coalesce({to_text(term).sql}, '')"


def _concat_ws(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    separator, parts = text_of(ctx, args[0]), []
    for arg in args[1:]:
        term = ctx.term(arg)
        if term.type.name in ("bool", "array", "bpchar"):
            raise Untranslatable(f"concat_ws of {term.type}", "cast it to text")
        parts.append(to_text(term).sql)
    return Term(f"concat_ws({', '.join([separator.sql, *parts])})", TEXT)


def _chr(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    code = ctx.term(args[0])
    if code.integer is None or not 1 <= code.integer <= 127:
        raise Untranslatable("chr of anything but a constant from 1 to 127")
    return Term(f"chr({code.integer})", TEXT)


def _ascii(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    return Term(f"ascii({text_of(ctx, args[0]).sql})", INT4)


def _overlay(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    value, new, start = text_of(ctx, args[0]), text_of(ctx, args[1]), int_of(ctx, args[2])
    length = int_of(ctx, args[3]) if len(args) > 3 else None
    if (
        start.integer is None
        or start.integer < 1
        or (length and (length.integer is None or length.integer < 0))
    ):
        raise Untranslatable("overlay with positions that are not positive constants")
    tail = f" FOR {length.integer}" if length else ""
    return Term(f"overlay({value.sql} PLACING {new.sql} FROM {start.integer}{tail})", TEXT)


# Letters whose title case is not their upper case.
_TITLED = (
    "[\u01c4-\u01cc\u01f1-\u01f3\u00df\u0149\u01f0\u0390\u03b0\u0587\u1e96-\u1e9a\u1f50-\u1fff\ufb00-\ufb17]"
)
_WORD = r"[\p{IsAlphabetic}\p{Nd}]"


def _initcap(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    value = text_of(ctx, args[0])
    pieces = f"regexp_extract_all(lower({value.sql}), {string(f'{_WORD}+|[^{_WORD[1:]}+')}, 0)"
    titled = f"array_join(transform({pieces}, item -> concat(upper(left(item, 1)), substring(item, 2))), '')"
    unknown = f"{value.operand} RLIKE {string(_TITLED)}"
    return guarded(unknown, "initcap of this letter is not supported on Spark", Term(titled, TEXT), "0A000")


def _format(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    first = ctx.term(args[0])
    if first.null:
        return null_of(TEXT)
    template = first.text
    if template is None:
        raise Untranslatable("format with a template that is not a constant")
    values = [_output(ctx.term(arg)) for arg in args[1:]]
    parts, used = [], 0
    for piece in re.split(r"(%(?:%|s|\d+\$s))", template):
        if piece == "%%":
            parts.append("'%'")
        elif piece[:1] == "%" and piece[-1] == "s":
            number = int(piece[1:-2]) if piece != "%s" else used + 1
            if not 1 <= number <= len(values):
                raise Untranslatable("too few arguments for format()", sqlstate="22023")
            parts.append(values[number - 1])
            used = number
        elif "%" in piece:
            raise Untranslatable("format with anything but %s and %%")
        elif piece:
            parts.append(string(piece))
    return Term(f"concat({', '.join(parts)})" if parts else "''", TEXT)


def _to_hex(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    value = ctx.term(args[0])
    if value.type.name not in INTEGERS:
        raise Untranslatable(f"function to_hex({value.type}) does not exist", sqlstate="42883")
    digits = value.sql if value.type.name == "int8" else f"CAST({value.sql} AS BIGINT) & 4294967295L"
    return Term(f"lower(hex({digits}))", TEXT)


def _encode(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    value, form = ctx.term(args[0]), ctx.term(args[1]).text
    if value.type.name != "bytea" or form is None or form.lower() != "hex":
        raise Untranslatable("encode of anything but bytea, or in another form than 'hex'")
    return Term(f"lower(hex({value.sql}))", TEXT)


def _sha(bits: int) -> FunctionRule:
    def rule(ctx: Context, args: Sequence[exp.Expr]) -> Term:
        value = ctx.term(args[0])
        if value.type.name != "bytea":
            raise Untranslatable(f"sha{bits} of {value.type}")
        return Term(f"unhex(sha2({value.sql}, {bits}))", BYTEA)

    return rule


def _convert_to(ctx: Context, args: Sequence[exp.Expr]) -> Term:
    coding = ctx.term(args[1]).text
    if coding is None or coding.lower() not in ("utf8", "utf-8"):
        raise Untranslatable("convert_to another encoding than UTF8")
    return Term(f"encode({text_of(ctx, args[0]).sql}, 'UTF-8')", BYTEA)


FUNCTIONS: dict[str, FunctionRule] = {
    "initcap": _initcap,
    "format": _format,
    "to_hex": _to_hex,
    "encode": _encode,
    "convert_to": _convert_to,
    **{f"sha{bits}": _sha(bits) for bits in (224, 256, 384, 512)},
    "substring": _substring,
    "substr": _substring,
    "left": _side("left"),
    "right": _side("right"),
    "lpad": _pad("lpad"),
    "rpad": _pad("rpad"),
    "btrim": lambda ctx, args: _trimmed(ctx, "BOTH", args),
    "ltrim": lambda ctx, args: _trimmed(ctx, "LEADING", args),
    "rtrim": lambda ctx, args: _trimmed(ctx, "TRAILING", args),
    "concat": _concat,
    "concat_ws": _concat_ws,
    "chr": _chr,
    "ascii": _ascii,
    "overlay": _overlay,
}
