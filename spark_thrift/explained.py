"""Spark's physical plan in the shape of PostgreSQL's EXPLAIN (FORMAT JSON), for tools that draw plans.

Rules: a node has PostgreSQL's name where PostgreSQL has such a node, else "Custom Scan" with Spark's name as its
provider; "Operation" is Spark's own line.  Costs and rows are left out, as with COSTS OFF: Spark has none to tell.
Where files lie is not told.
Source: PostgreSQL 18 src/backend/commands/explain.c (ExplainNode); Spark 4 TreeNode.generateTreeString.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

_LINE = re.compile(r"(?P<indent>(?:[ :]  )*)(?P<mark>[+:]- )?(?:\*\(\d+\) *|\* |!)?(?P<operator>\w.*)")
_EXPRESSION_ID = re.compile(r"#\d+L?")
_HIDDEN = re.compile(r",? ?(?:Location: .*?\]|Batched: \w+|Format: \w+|\[plan_id=\d+\])(?=,|$| )")
_SCAN = re.compile(r"(?:FileScan|Scan) \w+ (?:(?P<catalog>\w+)\.)?(?P<schema>\w+)\.(?P<table>\w+)")
_LIST = r"\[(?P<{0}>(?:[^\[\]]|\[[^\]]*\])*)\]"
_KEYS = re.compile(r"keys=" + _LIST.format("keys"))
_FUNCTIONS = re.compile(r"functions=" + _LIST.format("functions"))
_FILTERS = re.compile(r"DataFilters: " + _LIST.format("filters"))
_JOIN = re.compile(r"\b(Inner|Cross|LeftOuter|RightOuter|FullOuter|LeftSemi|LeftAnti|ExistenceJoin\b)")
_JOIN_TYPES = {
    "Inner": "Inner", "Cross": "Inner", "LeftOuter": "Left", "RightOuter": "Right", "FullOuter": "Full",
    "LeftSemi": "Semi", "LeftAnti": "Anti",
}  # fmt: skip


@dataclass(slots=True)
class _Node:
    depth: int
    operator: str
    children: list[_Node] = field(default_factory=list)


def as_json(plan: str) -> str:
    """PostgreSQL's JSON of what Spark's EXPLAIN says.  Shapes: `plan` has the line `== Physical Plan ==`."""
    root = _tree(plan.partition("== Physical Plan ==")[2].splitlines())
    shown = {"Plan": {} if root is None else _shown(root)}
    return json.dumps([shown], indent=2, ensure_ascii=False)


def _tree(lines: Iterable[str]) -> _Node | None:
    root: _Node | None = None
    stack: list[_Node] = []
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None or (root is not None and not found["mark"]):
            if root is not None:
                break  # subqueries and the initial plan follow
            continue
        node = _Node(len(found["indent"]) // 3 + bool(found["mark"]), found["operator"])
        while stack and stack[-1].depth >= node.depth:
            stack.pop()
        if stack:
            stack[-1].children.append(node)
        root = root or node
        stack.append(node)
    return root


def _shown(node: _Node) -> dict[str, Any]:
    name = re.split(r"[ (]", node.operator, maxsplit=1)[0]
    if name in ("AdaptiveSparkPlan", "InputAdapter", "ColumnarToRow", "WholeStageCodegen") and node.children:
        return _shown(node.children[0])
    text = _HIDDEN.sub("", _EXPRESSION_ID.sub("", node.operator))
    shown = _NODES.get(name, _custom)(name, text) | {"Operation": text}
    if node.children:
        shown["Plans"] = [{**_shown(child)} for child in node.children]
    return shown


def _custom(name: str, text: str) -> dict[str, Any]:
    return {"Node Type": "Custom Scan", "Custom Plan Provider": f"Spark {name}"}


def _plain(node_type: str) -> Callable[[str, str], dict[str, Any]]:
    return lambda name, text: {"Node Type": node_type}


def _items(found: re.Match[str] | None) -> list[str]:
    return re.split(r", (?![^(]*\))", found[1]) if found is not None and found[1] else []


def _aggregate(name: str, text: str) -> dict[str, Any]:
    keys = _items(_KEYS.search(text))
    functions = _items(_FUNCTIONS.search(text))
    strategy = "Plain" if not keys else "Sorted" if name == "SortAggregate" else "Hashed"
    partial = any(function.startswith("partial_") for function in functions)
    made = {
        "Node Type": "Aggregate",
        "Strategy": strategy,
        "Partial Mode": "Partial" if partial else "Simple",
    }
    return made | ({"Group Key": keys} if keys else {})


def _sort(name: str, text: str) -> dict[str, Any]:
    return {"Node Type": "Sort", "Sort Key": _items(re.search(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]", text))}


def _join(node_type: str) -> Callable[[str, str], dict[str, Any]]:
    def shown(name: str, text: str) -> dict[str, Any]:
        found = _JOIN.search(text)
        kind = _JOIN_TYPES.get(found[1], "Inner") if found is not None else "Inner"
        return {"Node Type": node_type, "Join Type": kind}

    return shown


def _scan(name: str, text: str) -> dict[str, Any]:
    if "OneRowRelation" in text:
        return {"Node Type": "Result"}
    made: dict[str, Any] = {"Node Type": "Seq Scan"}
    if found := _SCAN.match(text):
        made |= {"Relation Name": found["table"], "Schema": found["schema"], "Alias": found["table"]}
    if filters := _items(_FILTERS.search(text)):
        made["Filter"] = " AND ".join(filters)
    return made


def _filter(name: str, text: str) -> dict[str, Any]:
    return {"Node Type": "Result", "Filter": text.removeprefix("Filter ")}


_NODES: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "HashAggregate": _aggregate,
    "ObjectHashAggregate": _aggregate,
    "SortAggregate": _aggregate,
    "Sort": _sort,
    "Filter": _filter,
    "FileScan": _scan,
    "Scan": _scan,
    "SortMergeJoin": _join("Merge Join"),
    "BroadcastHashJoin": _join("Hash Join"),
    "ShuffledHashJoin": _join("Hash Join"),
    "BroadcastNestedLoopJoin": _join("Nested Loop"),
    "CartesianProduct": _join("Nested Loop"),
    "BroadcastExchange": _plain("Hash"),
    "Exchange": _plain("Gather"),
    "TakeOrderedAndProject": _plain("Limit"),
    "CollectLimit": _plain("Limit"),
    "GlobalLimit": _plain("Limit"),
    "LocalLimit": _plain("Limit"),
    "Project": _plain("Result"),
    "Window": _plain("WindowAgg"),
    "Union": _plain("Append"),
    "Generate": _plain("ProjectSet"),
    "LocalTableScan": _plain("Values Scan"),
}
