"""to_char of integers and numerics: templates of 9, 0, a group separator, a decimal point, FM, and literals around.

Left out: S, MI, PR, PL, SG, RN, TH, V, EEEE, L, a separator elsewhere than between thousands, floating point (whose
ties PostgreSQL rounds to even digits, in binary).
Source: PostgreSQL chapter 9.8, "Template Patterns for Numeric Formatting".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.pgtypes import INTEGERS
from spark_thrift.dialect.terms import Term, string

_TEMPLATE = re.compile(r"(FM)?([$ ]*)([09,G]*)(?:([.D])([09]*))?([ %]*)", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})*")
MAX_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class NumberTemplate:
    """Units: digits.  `zeros` is how many digits of the whole part are always there, `kept` those of the fraction."""

    filled: bool
    before: str
    whole: str
    point: bool
    decimals: int
    zeros: int
    kept: int
    after: str

    @property
    def digits(self) -> int:
        return len(self.whole.replace(",", ""))


def parse(template: str) -> NumberTemplate:
    """Raises: Untranslatable for what is left out."""
    found = _TEMPLATE.fullmatch(template)
    if found is None or not found[3]:
        raise Untranslatable(f"the number template {template!r}")
    fill, before, whole, point, fraction, after = (part or "" for part in found.groups())
    whole = whole.upper().replace("G", ",")
    if "," in whole and not _GROUPED.fullmatch(whole):
        raise Untranslatable(f"the number template {template!r}", "separate thousands")
    digits = whole.replace(",", "")
    if len(fraction) > MAX_DECIMALS or len(digits) > 36:
        raise Untranslatable(f"the number template {template!r}")
    zeros = len(digits) - digits.index("0") if "0" in digits else 0
    return NumberTemplate(
        not fill,
        before,
        whole,
        bool(point and fraction),
        len(fraction),
        zeros,
        fraction.rfind("0") + 1,
        after,
    )


def to_char(value: Term, template: str) -> str:
    """Spark's expression for to_char(value, template)."""
    form = parse(template)
    if value.type.name not in INTEGERS and not value.type.is_decimal:
        raise Untranslatable(f"to_char of {value.type}", "cast it to numeric")
    rounded = f"round(CAST({value.sql} AS DECIMAL(38, {_scale(value, form)})), {form.decimals})"
    shown = f"CAST(CAST(abs({rounded}) AS DECIMAL(38, {form.decimals})) AS STRING)"
    whole = f"substring_index({shown}, '.', 1)" if form.decimals else shown
    too_long = f"length({whole}) > {form.digits}"
    if form.zeros:
        # lpad would cut what is longer.
        whole = f"lpad({whole}, greatest({form.zeros}, length({whole})), '0')"
    elif form.decimals:
        # A nought before the point is left out unless nothing else would be left.
        alone = f" AND {rounded} <> 0" if not form.filled and not form.kept else ""
        whole = f"CASE WHEN {whole} = '0'{alone} THEN '' ELSE {whole} END"
    if "," in form.whole:
        whole = f"regexp_replace({whole}, {string(r'(?<=[0-9])(?=([0-9]{3})+$)')}, ',')"
    sign = f"CASE WHEN {rounded} < 0 THEN '-' ELSE '' END"
    body = f"concat({sign}, {whole})"
    if form.filled:
        body = f"lpad({body}, {len(form.whole) + 1}, ' ')"
    parts = [body]
    if form.point:
        parts.append("'.'")
    if form.decimals:
        parts.append(_fraction(f"right({shown}, {form.decimals})", form))
    number = f"concat({', '.join(parts)})"
    hashes = re.sub("[09]", "#", form.whole) + ("." if form.point else "") + "#" * form.decimals
    signed = f"CASE WHEN {rounded} < 0 THEN '-' ELSE {string(' ' if form.filled else '')} END"
    chosen = f"CASE WHEN {too_long} THEN concat({signed}, {string(hashes)}) ELSE {number} END"
    around = [string(form.before)] if form.before else []
    around += [chosen, *([string(form.after)] if form.after else [])]
    return f"concat({', '.join(around)})"


def _fraction(digits: str, form: NumberTemplate) -> str:
    if form.filled or form.kept == form.decimals:
        return digits
    if not form.kept:
        return f"rtrim('0', {digits})"
    return f"concat(left({digits}, {form.kept}), rtrim('0', substring({digits}, {form.kept + 1})))"


def _scale(value: Term, form: NumberTemplate) -> int:
    own = 0 if value.type.name in INTEGERS else value.type.scale or 0
    return max(own, form.decimals)
