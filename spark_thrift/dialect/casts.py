"""Casts, explicit and implicit.

Spark truncates where PostgreSQL rounds, prints doubles, timestamps with zone and binary otherwise, and takes texts
that PostgreSQL does not.  So each pair of families has its own line here, and a pair without one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.dialect.instants import instant
from spark_thrift.dialect.literals import array_of, literal_as
from spark_thrift.dialect.pgtypes import (
    DATETIMES,
    INTEGERS,
    MAX_PRECISION,
    MICROS,
    NUMBERS,
    STRINGS,
    TEXT,
    Type,
    array,
    as_decimal,
    decimal,
    spark_name,
)
from spark_thrift.dialect.terms import Term, cast, guarded, string

_ISO_MOMENT = (
    r"\A\s*\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s*(Z|[+-]\d{2}(:\d{2})?)?)?\s*\z"
)
NUMERIC_SCALE = 18
"""Decimals of a numeric that has no scale of its own: a quotient, an average, a cast double."""


def no_cast(source: Type, target: Type) -> Untranslatable:
    return Untranslatable(f"cannot cast type {source} to {target}", sqlstate="42846")


def convert(term: Term, target: Type) -> Term:
    """`term` under an explicit cast to `target`.  Raises: Untranslatable (0A000, 42846, 22P02 ...)."""
    source = term.type
    if term.null:
        stored = _storable(target)
        return Term(
            f"CAST(NULL AS {spark_name(stored)})", target if target.name == "numeric" else stored, null=True
        )
    if source.name == "unknown":
        if term.text is None:
            raise Untranslatable(f"a cast of a value of no known type to {target}")
        constant = literal_as(term.text, target)
        return _fit(constant, target) if target.is_decimal else constant
    if source.name == "any":
        return _from_any(term, target)
    if target.name == "interval" and source.name == "interval":
        return term
    if source.name == target.name and source.name not in ("numeric", "array", "bpchar"):
        return term
    if source.name in NUMBERS and target.name in NUMBERS:
        return _between_numbers(term, target)
    if target.name in STRINGS:
        return to_text(term).typed(TEXT if target.name == "bpchar" else target)
    if source.name in STRINGS:
        return _from_text(term, target)
    if source.name == "timestamp" and target.name == "timestamptz":
        return instant(term)
    if source.name in DATETIMES and target.name in DATETIMES:
        return cast(term, spark_name(target), target)
    if source.name == "bool" and target.name == "int4":
        return cast(term, "INT", target)
    if target.name == "bool" and source.name == "int4":
        return cast(term, "BOOLEAN", target)
    if source.name == "array" and target.name == "array":
        return _between_arrays(term, target)
    if {source.name, target.name} & {"opaque", "record", "bytea"}:
        raise Untranslatable(f"a cast from {source} to {target}")
    raise no_cast(source, target)


def _storable(target: Type) -> Type:
    """The type that Spark can give a NULL: it has no numeric without a precision and no interval of both kinds."""
    if target.name == "array" and target.element is not None:
        return array(_storable(target.element))
    if target.name == "interval" and not target.part:
        return MICROS
    if target.name == "numeric" and not target.precision:
        return decimal(MAX_PRECISION, NUMERIC_SCALE)
    return target


def _from_any(term: Term, target: Type) -> Term:
    # Only where Spark's cast is PostgreSQL's whatever the column turns out to be.
    raise Untranslatable(f"a cast to {target} of a column whose type is not known")


def _between_numbers(term: Term, target: Type) -> Term:
    source = term.type
    if target.name in INTEGERS:
        if source.name in INTEGERS:
            return cast(term, spark_name(target), target)
        # PostgreSQL rounds: numeric half away from zero, floating point half to even.  Spark truncates.
        rounding = "round" if source.name == "numeric" else "rint"
        return Term(f"CAST({rounding}({term.sql}) AS {spark_name(target)})", target)
    if target.name in ("float4", "float8"):
        return cast(term, spark_name(target), target)
    if source.name in ("float4", "float8"):
        # PostgreSQL keeps 6 and 15 significant digits (FLT_DIG, DBL_DIG) of a binary fraction.
        digits = 6 if source.name == "float4" else 15
        wide = target if target.precision else decimal(MAX_PRECISION, NUMERIC_SCALE, printed=False)
        value = f"format_string('%.{digits}g', CAST({term.sql} AS DOUBLE))"
        return Term(f"CAST({value} AS {spark_name(wide)})", wide)
    if target.precision is None:
        return (
            cast(term, spark_name(as_decimal(source)), as_decimal(source))
            if source.name in INTEGERS
            else term
        )
    return _fit(term, target)


def _fit(term: Term, target: Type) -> Term:
    """A numeric or integer as numeric(p, s), rounded half away from zero as both do."""
    return cast(term, spark_name(target), target)


def to_text(term: Term) -> Term:
    """The text output of a value.  Raises: where Spark prints it otherwise."""
    source = term.type
    if source.name == "unknown" and term.text is not None:
        return literal_as(term.text, TEXT)
    if term.null:
        return cast(term, "STRING", TEXT)
    if source.name in ("text", "varchar"):
        return term.typed(TEXT) if term.text is None else Term(term.sql, TEXT, term.simple, text=term.text)
    if source.name == "bpchar":
        return Term(f"rtrim({term.sql})", TEXT)
    printed = source.is_decimal and source.printed
    if source.name in INTEGERS or source.name in ("bool", "date", "timestamp") or printed:
        return cast(term, "STRING", TEXT)
    if source.name == "any":
        raise Untranslatable("a cast to text of a column whose type is not known")
    how = "cast it to numeric(p, s) or format it with to_char"
    raise Untranslatable(
        f"a cast from {source} to text", "format it with to_char" if source.name == "timestamptz" else how
    )


def _from_text(term: Term, target: Type) -> Term:
    if term.text is not None:
        return convert(Term(term.sql, Type("unknown"), text=term.text), target)
    value = f"rtrim({term.sql})" if term.type.name == "bpchar" else term.sql
    if target.name in DATETIMES:
        # Spark takes more texts than PostgreSQL, and names of zones in another sense.
        moment = Term(f"CAST({value} AS {spark_name(target)})", target)
        return guarded(
            f"NOT {value} RLIKE {string(_ISO_MOMENT)}",
            f"invalid input syntax for type {target}",
            moment,
            "22007",
        )
    if target.name in INTEGERS or target.name == "bool" or target.is_decimal:
        return Term(f"CAST({value} AS {spark_name(target)})", target)
    if target.name in ("float4", "float8"):
        return Term(f"CAST({value} AS {spark_name(target)})", target)
    if target.name == "numeric":
        wide = decimal(MAX_PRECISION, NUMERIC_SCALE, printed=False)
        return Term(f"CAST({value} AS {spark_name(wide)})", wide)
    raise Untranslatable(f"a cast from text to {target}")


def _between_arrays(term: Term, target: Type) -> Term:
    source, wanted = term.type.element, target.element
    if source is None or wanted is None:
        return term
    if (
        wanted.name == "numeric"
        and wanted.precision is None
        and (source.is_decimal or source.name in INTEGERS)
    ):
        # numeric[] keeps each item's own digits; Spark's array needs one DECIMAL for all.
        wanted = as_decimal(source)
        target = array(wanted)
    if source == wanted:
        return term
    if term.items:
        return array_of(tuple(convert(item, wanted) for item in term.items), target, wanted)
    item = convert(Term("item", source), wanted)
    return Term(f"transform({term.sql}, item -> {item.sql})", array(item.type))


def coerce(term: Term, target: Type) -> Term:
    """`term` where PostgreSQL expects `target`: an implicit cast.  Raises: 42883 where there is none."""
    source = term.type
    if source == target or source.name == "any":
        return term
    if source.name == "unknown":
        # Without its scale: what an implicit cast makes of a constant is not rounded.
        if term.text is not None and target.name in ("interval", "numeric"):
            return literal_as(term.text, target)
        return convert(term, target)
    widens = any(
        source.name in tower and target.name in tower and tower.index(source.name) <= tower.index(target.name)
        for tower in (NUMBERS, DATETIMES)
    )
    if source.name in STRINGS and target.name in STRINGS:
        return to_text(term)
    if source.name == "interval" and target.name == "interval":
        return term
    if widens:
        if source.name == "numeric" and target.name == "numeric":
            return term
        return convert(term, target)
    if source.name == "array" and target.name == "array":
        return convert(term, target)
    raise Untranslatable(f"{source} where {target} is expected", sqlstate="42883")


def common_type(kinds: Sequence[Type]) -> Type | None:
    """PostgreSQL's select_common_type; None where there is no common type."""
    typed = [kind for kind in kinds if kind.name != "unknown"]
    if not typed:
        return TEXT
    first = typed[0]
    if any(kind.name == "any" for kind in typed):
        return Type("any")
    names = {kind.name for kind in typed}
    if names <= set(NUMBERS):
        name = max(names, key=NUMBERS.index)
        return _common_numeric(typed) if name == "numeric" else Type(name)
    if names <= set(DATETIMES):
        return Type(max(names, key=DATETIMES.index))
    if names == {"interval"} and all(kind.part in ("days", "micros") for kind in typed):
        return first if len(set(typed)) == 1 else MICROS
    if names <= set(STRINGS):
        # Beside another string type the first one decides whether blanks at the end are kept.
        return first if len(names) == 1 else None if "bpchar" in names else TEXT
    if names == {"array"}:
        element = common_type([kind.element for kind in typed if kind.element])
        return array(element) if element else None
    if len(set(typed)) == 1:
        return first
    return None


def _common_numeric(kinds: Sequence[Type]) -> Type:
    decimals = [as_decimal(kind) for kind in kinds]
    if any(kind.precision is None for kind in decimals):
        return Type("numeric")
    scale = max(kind.scale or 0 for kind in decimals)
    digits = max(kind.integer_digits for kind in decimals)
    printed = all(kind.printed and kind.scale == scale for kind in decimals)
    return decimal(digits + scale, scale, printed=printed)


def unify(terms: Sequence[Term], construct: str) -> tuple[list[Term], Type]:
    """The terms in their common type, with it.  Raises: 42804 as PostgreSQL does."""
    kind = common_type([term.type for term in terms])
    if kind is None:
        first, second = _clash(terms)
        raise Untranslatable(f"{construct} types {first} and {second} cannot be matched", sqlstate="42804")
    if kind.is_decimal:
        terms = [coerce(term, kind) if term.type.name == "unknown" else term for term in terms]
        kind = common_type([term.type for term in terms]) or kind
    if kind.name == "any":
        # Beside a column of no known type a string constant stays one: Spark casts it to the column's type.
        return list(terms), kind
    return [align(term, kind) for term in terms], kind


def align(term: Term, kind: Type) -> Term:
    """`term` held by Spark exactly as `kind`: Spark's own widening would drop decimals beyond 38 digits."""
    if kind.name in INTEGERS and term.type.name in INTEGERS:
        return term  # Spark widens integers among themselves as PostgreSQL does.
    if kind.is_double and term.type.name in NUMBERS and not term.type.is_double:
        return cast(term, "DOUBLE", kind)
    if kind.is_decimal and term.type.name != "unknown":
        own = as_decimal(term.type)
        overflows = (kind.precision or 0) >= MAX_PRECISION
        if overflows and (own.precision, own.scale) != (kind.precision, kind.scale):
            return cast(term, spark_name(kind), kind)
        return term
    if term.null and kind.name == "opaque":
        return Term("NULL", kind, null=True)  # beside a value of that type, which Spark alone can name
    return coerce(term, kind)


def _clash(terms: Sequence[Term]) -> tuple[Type, Type]:
    typed = [term.type for term in terms if term.type.name != "unknown"]
    for kind in typed[1:]:
        if common_type([typed[0], kind]) is None:
            return typed[0], kind
    return typed[0], typed[-1]
