"""Date templates: PostgreSQL's `YYYY-MM-DD HH24:MI` taken apart and written as Spark expressions.

Each token is one date_format of its own, joined by concat, so that nothing rests on how Java reads a neighbour.
Left out: RN, TM, J, W, WW, Y,YYY, BC, TZ and OF, suffixes other than FM's prefix, lower-case month names.
Source: PostgreSQL chapter 9.8; Spark's "Datetime Patterns for Formatting and Parsing".
"""

from __future__ import annotations

import re

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.terms import Term, string

# The longest token first, as PostgreSQL matches.  Width is what the blank-padded names take without FM.
_TOKENS: dict[str, str] = {
    "YYYY": "date_format({0}, 'yyyy')",
    "IYYY": "lpad(CAST(EXTRACT(YEAROFWEEK FROM {0}) AS STRING), 4, '0')",
    "HH24": "date_format({0}, 'HH')",
    "HH12": "date_format({0}, 'hh')",
    "YYY": "right(date_format({0}, 'yyyy'), 3)",
    "DDD": "date_format({0}, 'DDD')",
    "MON": "upper(date_format({0}, 'MMM'))",
    "Mon": "date_format({0}, 'MMM')",
    "mon": "lower(date_format({0}, 'MMM'))",
    "DAY": "upper(rpad(date_format({0}, 'EEEE'), 9, ' '))",
    "Day": "rpad(date_format({0}, 'EEEE'), 9, ' ')",
    "day": "lower(rpad(date_format({0}, 'EEEE'), 9, ' '))",
    "MONTH": "upper(rpad(date_format({0}, 'MMMM'), 9, ' '))",
    "Month": "rpad(date_format({0}, 'MMMM'), 9, ' ')",
    "month": "lower(rpad(date_format({0}, 'MMMM'), 9, ' '))",
    "YY": "date_format({0}, 'yy')",
    "MM": "date_format({0}, 'MM')",
    "DD": "date_format({0}, 'dd')",
    "HH": "date_format({0}, 'hh')",
    "MI": "date_format({0}, 'mm')",
    "SS": "date_format({0}, 'ss')",
    "MS": "date_format({0}, 'SSS')",
    "US": "date_format({0}, 'SSSSSS')",
    "IW": "lpad(CAST(weekofyear({0}) AS STRING), 2, '0')",
    "ID": "CAST(weekday({0}) + 1 AS STRING)",
    "DY": "upper(date_format({0}, 'EEE'))",
    "Dy": "date_format({0}, 'EEE')",
    "dy": "lower(date_format({0}, 'EEE'))",
    "AM": "upper(date_format({0}, 'a'))",
    "PM": "upper(date_format({0}, 'a'))",
    "am": "lower(date_format({0}, 'a'))",
    "pm": "lower(date_format({0}, 'a'))",
    "D": "CAST(dayofweek({0}) AS STRING)",
    "Q": "CAST(quarter({0}) AS STRING)",
}
_UNPADDED = {
    "MM": "month({0})", "DD": "day({0})", "HH24": "hour({0})", "MI": "minute({0})", "DDD": "dayofyear({0})",
    "IW": "weekofyear({0})", "YYYY": "year({0})",
}  # fmt: skip
_PARSED = {"YYYY": "yyyy", "MM": "MM", "DD": "dd", "HH24": "HH", "MI": "mm", "SS": "ss"}
_CASED = {token.upper() for token in _TOKENS}
_SEPARATORS = set(" -/:.,;_()[]T")
# sqlglot rewrites what it knows of a template to strftime; anything else in it stays.
_STRFTIME = {
    "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%j": "DDD", "%H": "HH24", "%I": "HH12", "%M": "MI",
    "%S": "SS", "%f": "US", "%p": "AM", "%u": "D", "%U": "WW", "%-d": "FMDD", "%-j": "FMDDD", "%-I": "FMHH12",
    "%-H": "FMHH24", "%-M": "FMMI", "%-m": "FMMM", "%-S": "FMSS", "%A": "TMDay", "%a": "TMDy", "%b": "TMMon",
    "%B": "TMMonth", "%z": "OF", "%Z": "TZ",
}  # fmt: skip


def restored(template: str) -> str:
    """The PostgreSQL template behind one that sqlglot turned into strftime."""
    out = re.sub(r"%-?[a-zA-Z]", lambda found: _STRFTIME.get(found[0], "%"), template)
    if "%" in out:
        raise Untranslatable("this date template")
    return out


def _tokens(template: str) -> list[tuple[str, str, bool]]:
    """(token or "", literal text, fill mode) in order."""
    found: list[tuple[str, str, bool]] = []
    index = 0
    while index < len(template):
        if template[index] == '"':
            end = template.find('"', index + 1)
            if end < 0:
                raise Untranslatable("this date template")
            found.append(("", template[index + 1 : end], False))
            index = end + 1
            continue
        fill = template[index : index + 2] == "FM"
        index += 2 if fill else 0
        token = next((size for size in (5, 4, 3, 2, 1) if _known(template[index : index + size], size)), 0)
        text = template[index : index + max(token, 1)]
        if token:
            found.append((text if text in _TOKENS else text.upper(), "", fill))
        elif fill or text.isalnum() or text not in _SEPARATORS:
            raise Untranslatable(f"the date template {template!r}")
        else:
            found.append(("", text, False))
        index += len(text)
    return found


def _known(text: str, size: int) -> bool:
    # Names have three spellings, numbers any: `yyyy` is YYYY, `mOn` is nothing we know.
    if len(text) != size:
        return False
    named = {"MON", "DAY", "MONTH", "DY", "AM", "PM"}
    return text in _TOKENS or (text.upper() in _CASED and text.upper() not in named)


def to_char(value: Term, template: str) -> str:
    """Spark's expression for to_char(value, template)."""
    parts: list[str] = []
    for token, text, fill in _tokens(template):
        if not token:
            parts.append(string(text))
        elif not fill:
            parts.append(_TOKENS[token].format(value.sql))
        elif token in _UNPADDED:
            parts.append(f"CAST({_UNPADDED[token].format(value.sql)} AS STRING)")
        elif token.upper() in ("DAY", "MONTH"):
            parts.append(f"rtrim({_TOKENS[token].format(value.sql)})")
        else:
            raise Untranslatable(f"FM{token} in a date template")
    if not parts:
        raise Untranslatable("an empty date template")
    return parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"


def to_parse(template: str) -> str:
    """Spark's pattern for to_date and to_timestamp; only tokens of fixed width, which Spark reads strictly."""
    parts: list[str] = []
    seen = set()
    for token, text, fill in _tokens(template):
        if (
            fill
            or (token and token not in _PARSED)
            or (token and token in seen)
            or (not token and text not in ("-", "/", ":", ".", " "))
        ):
            raise Untranslatable(f"the date template {template!r} for reading")
        seen.add(token)
        parts.append(_PARSED[token] if token else text)
    if not {"YYYY", "MM", "DD"} <= seen:
        raise Untranslatable(f"the date template {template!r} for reading", "it needs YYYY, MM and DD")
    return "".join(parts)
