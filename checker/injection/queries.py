"""What an attacker makes of a statement besides its conditions: UNION, subqueries that tell one bit, errors, waiting.

Rules: each rule looks at one kind of node (gather.py) and hands in weights.  What honest statements share with
attacks weighs little by itself: totals and dummy rows by UNION ALL, one scalar subquery, `version()` at the start of
a session.

Left out: constant conditions, see conditions.py; texts that are no statement, see values.py.
"""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp

from checker.injection.conditions import is_constant
from checker.injection.constants import Folder, bare, flatten
from checker.injection.findings import Findings
from checker.injection.gather import (
    COMPARISONS,
    SET_OPERATIONS,
    Gathered,
    branches,
    call_name,
    clause_of,
    contains,
    is_correlated,
    is_subquery_of_condition,
    items,
    place,
    query_of,
    reads_catalogue,
    reads_row,
    relations,
    table_name,
    walk,
)
from checker.injection.names import belongs, is_identity, is_secret

_NUMERIC = ("int", "bigint", "smallint", "decimal", "numeric", "double", "float", "real", "signed", "unsigned",
            "date", "timestamp", "bool", "uuid", "inet", "xml", "json", "oid", "money", "time")  # fmt: skip
_SESSION_WORDS = {
    exp.CurrentUser: "current_user",
    exp.SessionUser: "session_user",
    exp.CurrentCatalog: "current_catalog",
    exp.CurrentSchema: "current_schema",
}
_HEAVY_ROWS = 1_000_000
_HEAVY_CHARS = 1_000_000


def judge(gathered: Gathered, folder: Folder, findings: Findings, *, is_text: bool = False) -> None:
    """Findings on the queries, calls and casts of a statement.

    `is_text`: no grammar stands before or behind this judgement, so a UNION that fits nowhere counts by itself.
    """
    defined = {cte.alias.lower() for cte in gathered.all(exp.CTE)}
    tables = [n for table in gathered.all(exp.Table) if (n := table_name(table)) and n not in defined]
    only_catalogue = bool(tables) and all(belongs(name, "catalogue") for name in tables)
    for operation in gathered.all(*SET_OPERATIONS):
        if type(operation.parent) not in SET_OPERATIONS:
            _union(operation, folder, findings, gathered.is_value, is_text)
    for call in gathered.all(exp.Anonymous):
        _call(call, folder, findings)
    for cast in gathered.all(exp.Cast):
        _cast(cast, folder, findings)
    for case in gathered.all(exp.Case):
        _case(case, folder, findings)
    if not only_catalogue:
        for clause in gathered.all(exp.Where, exp.Having):
            _probes(clause.this, folder, findings)
    for pipe in gathered.all(exp.DPipe):
        _concatenation(pipe, findings)
    for order in gathered.all(exp.Order):
        _order(order, folder, findings)
    for bound in gathered.all(exp.Limit, exp.Offset):
        _bound(bound, folder, findings)
    for select in gathered.all(exp.Select):
        _numbered(select, findings)
        _sources(select, only_catalogue, findings)


# -- UNION ---------------------------------------------------------------------------------------------------


def _union(operation: Any, folder: Folder, findings: Findings, is_value: bool, is_text: bool) -> None:
    first, *later = branches(operation)
    if not later:
        return
    reads_data = is_value or (bool(relations(first)) and not reads_catalogue(first))
    first_is_constant = not is_value and all(is_constant(item, folder) for item in items(first))
    for branch in later:
        columns = items(branch)
        where = place(branch)
        elsewhere = is_value or bool(set(relations(branch)) ^ set(relations(first)))
        if not is_value and elsewhere and type(operation) is exp.Union and _ends_unparenthesised(operation):
            findings.add("union_behind_limit", 0.95, "UNION behind ORDER BY or LIMIT", where)
        if reads_data and branch.args.get("from_") is None and any(map(reads_row, columns)):
            findings.add("union_probe", 0.92, "UNION that reads columns of no table", where)
        if reads_data and reads_catalogue(branch):
            findings.add("union_catalogue", 0.95, "UNION with the catalogue", where)
        if not first_is_constant:
            weight = _weight_of_constants(columns, folder, first, is_value)
            findings.add("union_probe", weight, "UNION with a row of constants", where)
        if reads_data and any(_recon(column) for column in columns):
            findings.add("union_recon", 0.95, "UNION that asks for the server or its user", where)
        reads_others = is_value or bool(set(relations(branch)) - set(relations(first)))
        if reads_data and reads_others and type(operation) is exp.Union:
            _union_elsewhere(columns, folder, findings, where)
        shapes = [_width(first), _width(branch)]
        if not is_value and None not in shapes and shapes[0] != shapes[1]:
            findings.add(
                "union_shape",
                0.92 if reads_data or is_text else 0.3,
                "UNION with another number of columns",
                where,
            )


def _union_elsewhere(columns: list[Any], folder: Folder, findings: Findings, where: int | None) -> None:
    names = [node.name for column in columns for node in walk(column) if type(node) is exp.Column]
    if any(map(is_secret, names)):
        findings.add("union_secret", 0.93, "UNION that reads a secret of another table", where)
    elif any(map(is_identity, names)):
        findings.add("union_secret", 0.4, "UNION that reads users of another table", where)
    if any(_is_padding(column) for column in columns) and not all(is_constant(c, folder) for c in columns):
        findings.add("union_padding", 0.6, "UNION with another table, filled up with NULL", where)
    if any(type(n) is exp.Anonymous and belongs(call_name(n), "gather") for c in columns for n in walk(c)):
        findings.add("union_gather", 0.5, "UNION that puts columns of another table into one", where)


def _ends_unparenthesised(operation: Any) -> bool:
    """`SELECT ... LIMIT 1 UNION SELECT ...`: no statement, but what a value in LIMIT makes."""
    left = operation.this
    while type(left) in SET_OPERATIONS:
        left = left.this
    return type(left) is exp.Select and any(left.args.get(key) for key in ("order", "limit", "offset"))


def _is_padding(column: Any) -> bool:
    node = bare(column)
    return type(node) is exp.Null or (type(node) is exp.Literal and not node.is_string)


def _width(select: Any) -> int | None:
    columns = items(select)
    has_star = any(
        type(c) is exp.Star or (type(c) is exp.Column and type(c.this) is exp.Star) for c in columns
    )
    return None if has_star or not columns else len(columns)


def _weight_of_constants(columns: list[Any], folder: Folder, first: Any, is_value: bool) -> float:
    """What `UNION SELECT NULL, 'a', 3` weighs."""
    if not columns or not all(is_constant(column, folder) for column in columns):
        return 0.0
    values = [folder.value(column) for column in columns]
    if is_value:
        return 0.95
    numbers = [value for value in values if isinstance(value, int | float)]
    nulls = values.count(None)
    if len(values) == 1:
        return 0.9 if first.args.get("where") is not None and not isinstance(values[0], str) else 0.3
    if nulls == len(values) or len(set(numbers)) == len(values) or (nulls and nulls + 1 >= len(values)):
        return 0.95
    return 0.9 if nulls + len(numbers) == len(values) else 0.4


# -- what asks for one bit -------------------------------------------------------------------------------------


def _recon(node: Any) -> str | None:
    """The name by which an expression asks for the server or its user; subqueries count."""
    for inner in walk(node):
        kind = type(inner)
        if kind in _SESSION_WORDS:
            return _SESSION_WORDS[kind]
        if kind is exp.Anonymous and belongs(call_name(inner), "recon"):
            return call_name(inner)
        if kind is exp.Parameter and str(inner.this.name).startswith("@@"):
            return str(inner.this.name)
        if kind is exp.Column and inner.name.lower() in ("current_user", "session_user", "system_user"):
            return str(inner.name.lower())
    return None


def _letters(node: Any) -> bool:
    return any(type(n) is exp.Anonymous and belongs(call_name(n), "letters") for n in walk(node))


def _selects(node: Any) -> list[Any]:
    return [inner for inner in walk(node) if type(inner) is exp.Select]


def _probes(condition: Any, folder: Folder, findings: Findings) -> None:
    """Conditions that compare a constant with what no row has a part in."""
    stack = [condition]
    while stack:
        node = bare(stack.pop())
        kind = type(node)
        if kind in (exp.And, exp.Or, exp.Xor):
            stack.extend(flatten(node, kind))
        elif kind is exp.Not:
            stack.append(node.this)
        elif kind is exp.Exists:
            selects = _selects(node)
            if selects and not is_correlated(selects[0]):
                weight = 0.95 if _is_telling(selects, folder) else 0.5
                findings.add("blind", weight, "EXISTS on another table, whatever the row", place(node))
        elif kind in COMPARISONS or kind is exp.Is:
            _probe(node, folder, findings)


def _probe(node: Any, folder: Folder, findings: Findings) -> None:
    if folder.value(node.this) is folder.value(node.expression) or reads_row(node):
        return
    selects = _selects(node)
    recon = _recon(node)
    if not selects and recon is None:
        return
    if selects and any(map(is_correlated, selects)):
        return
    if selects:
        weight = 0.95 if _letters(node) or recon or _is_telling(selects, folder) else 0.7
        findings.add("blind", weight, "a subquery is compared with a constant", place(node))
    else:
        weight = 0.95 if _letters(node) else 0.3
        findings.add("blind", weight, f"{recon} is compared with a constant", place(node))


def _is_telling(selects: list[Any], folder: Folder) -> bool:
    """Subqueries that read a secret, the catalogue or nothing at all, or that only choose between constants."""
    for select in selects:
        columns = items(select)
        if reads_catalogue(select) or not relations(select):
            return True
        if any(type(bare(c)) is exp.Case or is_constant(c, folder) for c in columns):
            return True
        if any(type(n) is exp.Column and is_secret(n.name) for n in walk(select)):
            return True
    return False


# -- calls, casts, CASE ----------------------------------------------------------------------------------------


def _call(call: Any, folder: Folder, findings: Findings) -> None:
    name = call_name(call)
    for family, weight, reason in _CALLS:
        if belongs(name, family):
            findings.add(family, weight, f"{name}() {reason}", place(call))
    arguments = call.expressions
    if name == "generate_series" and len(arguments) >= 2:
        low, high = folder.value(arguments[0]), folder.value(arguments[1])
        if isinstance(low, int | float) and isinstance(high, int | float) and high - low >= _HEAVY_ROWS:
            query = query_of(call)
            wasted = query is not None and (is_subquery_of_condition(query) or _only_counts(query))
            weight = 0.95 if wasted else 0.1
            findings.add("heavy", weight, "a long series that nothing needs", place(call))
    elif name in ("repeat", "replicate", "lpad", "rpad", "space") and arguments:
        counts = [folder.value(argument) for argument in arguments]
        if any(isinstance(c, int | float) and not isinstance(c, bool) and c >= _HEAVY_CHARS for c in counts):
            findings.add("heavy", 0.9, f"{name}() makes a very long text", place(call))


def _only_counts(query: Any) -> bool:
    """`SELECT count(*) FROM generate_series(...)` and nothing else."""
    columns = items(query)
    counts = len(columns) == 1 and type(columns[0]) is exp.Anonymous and call_name(columns[0]) == "count"
    return counts and not relations(query) and not query.args.get("joins")


_CALLS = (
    ("time", 0.97, "makes the server wait"),
    ("error", 0.95, "shows its argument in an error"),
    ("file", 0.95, "reaches files, commands or the network"),
)


def _cast(cast: Any, folder: Folder, findings: Findings) -> None:
    kind = str(cast.args["to"]).lower()
    if not kind.startswith(_NUMERIC) or kind.startswith("interval"):
        return
    inner = bare(cast.this)
    clause = clause_of(cast)
    is_condition = clause in ("where", "having", "on", "order", "bound", "value")
    recon = None if type(inner) is exp.Column else _recon(inner)
    if recon and not _letters(inner) and recon not in ("inet_server_port", "pg_backend_pid"):
        findings.add("error_cast", 0.95, f"{recon} as a number: the error would show it", place(cast))
    selects = _selects(inner)
    if type(inner) is exp.DPipe or (type(inner) is exp.Anonymous and belongs(call_name(inner), "gather")):
        codes = any(type(n) is exp.Anonymous and belongs(call_name(n), "codes") for n in walk(inner))
        if selects or codes:
            findings.add("error_cast", 0.95, "a text put together as a number", place(cast))
    elif selects and is_condition and not any(map(is_correlated, selects)) and not reads_row(inner):
        weight = 0.6 if all(_is_aggregate(select) for select in selects) else 0.92
        findings.add("error_cast", weight, "a subquery as a number: the error would show it", place(cast))
    elif is_condition and kind.startswith(("int", "num")) and _is_text_without_number(inner):
        findings.add("error_cast", 0.9, "a text as a number: an error is wanted", place(cast))


def _is_text_without_number(node: Any) -> bool:
    if type(node) is not exp.Literal or not node.is_string:
        return False
    return not node.this.strip().lstrip("+-").replace(".", "", 1).isdigit()


def _is_aggregate(select: Any) -> bool:
    return any(
        type(n) is exp.Anonymous and call_name(n) in ("count", "sum", "avg", "min", "max")
        for item in items(select)
        for n in walk(item)
    )


def _case(case: Any, folder: Folder, findings: Findings) -> None:
    outcomes = [branch.args.get("true") for branch in case.args.get("ifs") or []]
    outcomes.append(case.args.get("default"))
    fails = any(outcome is not None and _fails(outcome, folder) for outcome in outcomes)
    if fails:
        findings.add("error_case", 0.93, "CASE that fails or not by a condition", place(case))
    clause = clause_of(case)
    if clause not in ("where", "having", "order", "bound", "value"):
        return
    for branch in case.args.get("ifs") or []:
        if case.args.get("this") is not None or folder.truth(branch.this) is None:
            continue
        texts = any(type(n) is exp.Literal and n.is_string for n in walk(branch.this))
        weight = 0.3 if texts else 0.92
        findings.add(
            "constant_case", weight, f"CASE in {clause.upper()} by a constant condition", place(case)
        )


def _fails(outcome: Any, folder: Folder) -> bool:
    """Whether an outcome of CASE is an error on purpose: a division by zero, two rows where one belongs."""
    for node in walk(outcome):
        if type(node) is exp.Div and folder.value(node.expression) == 0:
            return True
        if type(node) is exp.Cast and type(bare(node.this)) is exp.Literal and bare(node.this).is_string:
            kind = str(node.args["to"]).lower()
            if (
                kind.startswith(("int", "numeric", "decimal"))
                and not bare(node.this).this.strip(" +-").isdigit()
            ):
                return True
        if type(node) in SET_OPERATIONS and all(
            is_constant(i, folder) for b in branches(node) for i in items(b)
        ):
            return True
    return False


def _concatenation(pipe: Any, findings: Findings) -> None:
    """`name = 'x' || (SELECT ...) || ''`: a value that was cut in two."""
    if type(pipe.parent) is exp.DPipe or clause_of(pipe) not in ("where", "having", "value"):
        return
    operands = list(flatten(pipe, exp.DPipe))
    texts = [o for o in operands if type(bare(o)) is exp.Literal and bare(o).is_string]
    if not texts or any(reads_row(operand) for operand in operands):
        return
    selects = [s for operand in operands for s in _selects(operand)]
    recon = next(filter(None, map(_recon, operands)), None)
    codes = any(
        type(n) is exp.Anonymous and belongs(call_name(n), "codes") for o in operands for n in walk(o)
    )
    cases = any(type(bare(operand)) is exp.Case for operand in operands)
    if (selects and not any(map(is_correlated, selects))) or recon or cases:
        findings.add("concatenation", 0.93, "a value put together of a query", place(pipe))
    elif codes or len(texts) == len(operands):
        findings.add("concatenation", 0.5, "a constant put together of pieces", place(pipe))


# -- ORDER BY, LIMIT, FROM -------------------------------------------------------------------------------------


def _order(order: Any, folder: Folder, findings: Findings) -> None:
    query = order.parent
    width = _width(query) if type(query) is exp.Select else None
    for ordered in order.expressions:
        key = bare(ordered.this if type(ordered) is exp.Ordered else ordered)
        if type(key) is exp.Literal and not key.is_string and key.this.isdigit():
            number = int(key.this[:9])
            if width is None and number > 10:
                findings.add("order_probe", 0.8, "ORDER BY a column far to the right", place(order))
            elif width is not None and number > width:
                weight = 0.9 if query.args.get("where") is not None else 0.3
                findings.add("order_probe", weight, "ORDER BY a column that is not there", place(order))
        elif type(key) is exp.Subquery or (type(key) is not exp.Column and not reads_row(key)):
            selects = _selects(key)
            if selects and not any(map(is_correlated, selects)):
                weight = 0.93 if _is_telling(selects, folder) else 0.7
                findings.add("order_probe", weight, "ORDER BY a subquery, whatever the row", place(order))


def _bound(bound: Any, folder: Folder, findings: Findings) -> None:
    limit = bound.expression
    if limit is not None and contains(limit, exp.Select, exp.Case, exp.Subquery):
        findings.add("bound", 0.9, "a subquery or CASE as the number of rows", place(bound) or place(limit))


def _numbered(select: Any, findings: Findings) -> None:
    """`SELECT 1, 2, password, 4 FROM users`: columns counted to find which of them are shown."""
    columns = items(select)
    if len(columns) < 3 or select.args.get("from_") is None:
        return
    numbers = [_integer(column) for column in columns]
    for first in (0, 1):
        fits = sum(number == index + first for index, number in enumerate(numbers))
        if fits >= 2 and len(columns) - fits <= max(2, fits) and fits < len(columns):
            findings.add("numbered", 0.92, "columns that are counted through", place(select))


def _integer(node: Any) -> int | None:
    node = bare(node)
    is_number = type(node) is exp.Literal and not node.is_string and node.this.isdigit()
    return int(node.this[:9]) if is_number else None


def _sources(select: Any, only_catalogue: bool, findings: Findings) -> None:
    names = relations(select)
    catalogue = [name for name in names if belongs(name, "catalogue")]
    if len(catalogue) >= 3 and select.args.get("where") is None:
        joins = select.args.get("joins") or []
        if len(joins) >= 2 and not any(j.args.get("on") or j.args.get("using") for j in joins):
            findings.add("heavy", 0.93, "catalogue tables multiplied with each other", place(select))
    if catalogue and not only_catalogue:
        weight = 0.9 if is_subquery_of_condition(select) else 0.4
        findings.add("catalogue", weight, "the catalogue is read beside data", place(select))
    if any(name.endswith(("pg_shadow", "pg_authid")) for name in catalogue):
        findings.add("catalogue_secret", 0.4, "password hashes of the server are read", place(select))
