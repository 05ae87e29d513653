"""The judgement of a statement that the grammar takes, on its tree."""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp

from checker.injection import comments, conditions, queries
from checker.injection.constants import Folder
from checker.injection.findings import Findings
from checker.injection.gather import Gathered, gather, place, table_name
from checker.injection.names import belongs
from checker.verdict import Finding


def judge_statement(
    tree: Any | None, text: str, end: int, *, is_application: bool = False
) -> tuple[Finding, ...]:
    """The findings on one statement, the heaviest first.

    `tree` is None for statements without a query; `is_application`: whoever asks is a program that has no business
    in the catalogue.
    Units: `end` is the offset in `text` of the end of its last token; positions are characters of `text`, from 1.
    """
    findings = Findings()
    if tree is not None:
        folder = Folder()
        gathered = gather([tree])
        conditions.judge(gathered, folder, findings)
        queries.judge(gathered, folder, findings)
        if is_application:
            _harvest(gathered, findings)
    comments.judge(text, end, findings)
    return findings.all()


def _harvest(gathered: Gathered, findings: Findings) -> None:
    for table in gathered.all(exp.Table):
        name = table_name(table)
        if belongs(name, "catalogue"):
            reason = f"a program asks the catalogue ({name}) what there is"
            findings.add("harvest", 0.6, reason, place(table))
            return


__all__ = ["judge_statement"]
