"""Date templates: PostgreSQL's `YYYY-MM-DD HH24:MI` taken apart and written as Spark expressions.

Each token is one date_format of its own, joined by concat, so that nothing rests on how Java reads a neighbour.
Left out: RN, TM, J, W, WW, Y,YYY, BC, TZ and OF, suffixes other than FM's prefix, lower-case month names.
Source: PostgreSQL chapter 9.8; Spark's "Datetime Patterns for Formatting and Parsing".
"""

from __future__ import annotations

import re

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.terms import Term, string

# {d} is the value's date and {t} the value: Spark's date_format would take a timestamp through the session's zone.
# Names are padded to nine characters, as PostgreSQL pads them without FM.
_TOKENS: dict[str, str] = {
    "YYYY": "date_format({d}, 'yyyy')",
    "YYY": "right(date_format({d}, 'yyyy'), 3)",
    "YY": "date_format({d}, 'yy')",
    "IYYY": "lpad(CAST(EXTRACT(YEAROFWEEK FROM {d}) AS STRING), 4, '0')",
    "Q": "CAST(quarter({d}) AS STRING)",
    "MM": "date_format({d}, 'MM')",
    "MONTH": "upper(rpad(date_format({d}, 'MMMM'), 9, ' '))",
    "Month": "rpad(date_format({d}, 'MMMM'), 9, ' ')",
    "month": "lower(rpad(date_format({d}, 'MMMM'), 9, ' '))",
    "MON": "upper(date_format({d}, 'MMM'))",
    "Mon": "date_format({d}, 'MMM')",
    "mon": "lower(date_format({d}, 'MMM'))",
    "IW": "lpad(CAST(weekofyear({d}) AS STRING), 2, '0')",
    "DDD": "date_format({d}, 'DDD')",
    "DD": "date_format({d}, 'dd')",
    "D": "CAST(dayofweek({d}) AS STRING)",
    "ID": "CAST(weekday({d}) + 1 AS STRING)",
    "DAY": "upper(rpad(date_format({d}, 'EEEE'), 9, ' '))",
    "Day": "rpad(date_format({d}, 'EEEE'), 9, ' ')",
    "day": "lower(rpad(date_format({d}, 'EEEE'), 9, ' '))",
    "DY": "upper(date_format({d}, 'EEE'))",
    "Dy": "date_format({d}, 'EEE')",
    "dy": "lower(date_format({d}, 'EEE'))",
    "HH24": "lpad(CAST(hour({t}) AS STRING), 2, '0')",
    "HH12": "lpad(CAST(pmod(hour({t}) + 11, 12) + 1 AS STRING), 2, '0')",
    "HH": "lpad(CAST(pmod(hour({t}) + 11, 12) + 1 AS STRING), 2, '0')",
    "MI": "lpad(CAST(minute({t}) AS STRING), 2, '0')",
    "SS": "lpad(CAST(second({t}) AS STRING), 2, '0')",
    "MS": "substring(CAST(pmod(EXTRACT(SECOND FROM {t}), 1) AS STRING), 3, 3)",
    "US": "substring(CAST(pmod(EXTRACT(SECOND FROM {t}), 1) AS STRING), 3, 6)",
    "AM": "CASE WHEN hour({t}) < 12 THEN 'AM' WHEN hour({t}) >= 12 THEN 'PM' END",
    "am": "CASE WHEN hour({t}) < 12 THEN 'am' WHEN hour({t}) >= 12 THEN 'pm' END",
}
_TOKENS |= {"PM": _TOKENS["AM"], "pm": _TOKENS["am"]}
_UNKNOWN = ("SSSSS", "SSSS", "IDDD")
"""Tokens of PostgreSQL's without a form here that could be read as two that have one."""
_UNPADDED = {
    "MM": "month({d})", "DD": "day({d})", "HH24": "hour({t})", "MI": "minute({t})", "DDD": "dayofyear({d})",
    "IW": "weekofyear({d})", "YYYY": "year({d})",
}  # fmt: skip
_PARSED = {
    "YYYY": "yyyy", "MM": "MM", "DD": "dd", "HH24": "HH", "MI": "mm", "SS": "ss", "MS": "SSS", "US": "SSSSSS",
}  # fmt: skip
_NAMES = {"MON", "DAY", "MONTH", "DY", "AM", "PM"}
_SEPARATORS = set(" -/:.,;_()[]")
# sqlglot rewrites what it knows of a template to strftime; anything else in it stays.
_STRFTIME = {
    "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%j": "DDD", "%H": "HH24", "%I": "HH12", "%M": "MI",
    "%S": "SS", "%f": "US", "%p": "AM", "%u": "D", "%U": "WW", "%-d": "FMDD", "%-j": "FMDDD", "%-I": "FMHH12",
    "%-H": "FMHH24", "%-M": "FMMI", "%-m": "FMMM", "%-S": "FMSS", "%A": "TMDay", "%a": "TMDy", "%b": "TMMon",
    "%B": "TMMonth", "%z": "OF", "%Z": "TZ", "%G": "IYYY", "%V": "IW",
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
    # Names have three spellings, numbers two: `yyyy` is YYYY, `mOn` and `Yyyy` are no tokens.
    if len(text) != size:
        return False
    folded = text.upper()
    if folded in _UNKNOWN and text in (folded, text.lower()):
        raise Untranslatable(f"{text} in a date template")
    return text in _TOKENS or (text == text.lower() and folded in _TOKENS and folded not in _NAMES)


def to_char(value: Term, template: str) -> str:
    """Spark's expression for to_char(value, template)."""
    parts: list[str] = []
    day = value.sql if value.type.name == "date" else f"CAST({value.sql} AS DATE)"
    if value.type.name == "date":
        value = Term(f"CAST({value.sql} AS TIMESTAMP_NTZ)", value.type)
    for token, text, fill in _tokens(template):
        if not token:
            parts.append(string(text))
        elif not fill:
            parts.append(_TOKENS[token].format(d=day, t=value.sql))
        elif token in _UNPADDED:
            parts.append(f"CAST({_UNPADDED[token].format(d=day, t=value.sql)} AS STRING)")
        elif token.upper() in ("DAY", "MONTH"):
            parts.append(f"rtrim({_TOKENS[token].format(d=day, t=value.sql)})")
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
