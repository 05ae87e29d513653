"""The forms of a question, as forms.txt lists them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl_frontend.forms import MARK, Question, extract


def cases_of_forms() -> list[tuple[str, bool, str | None, str]]:
    cases = []
    for block in Path(__file__).with_name("forms.txt").read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith("# ") and line != "#"]
        prose = [line[3:] for line in lines if line.startswith("=> ")]
        if not prose:
            continue
        template = next((line[4:] for line in lines if line.startswith("=t>")), MARK)
        statement = lines[0].replace("⏎", "\n")
        marked = statement.startswith("[prose] ")
        cases.append(
            (statement.removeprefix("[prose] "), marked, None if prose == ["PLAIN"] else prose[0], template)
        )
    return cases


@pytest.mark.parametrize(("statement", "prose_on", "prose", "template"), cases_of_forms())
def test_each_form(statement: str, prose_on: bool, prose: str | None, template: str) -> None:
    question = extract(statement, prose=prose_on)
    if prose is None:
        assert question is None
        return
    assert question is not None
    assert (question.prose, question.template) == (prose, template)
    assert question.fill("SELECT 1") == template[: question.at] + "SELECT 1" + template[question.at + 2 :]
    assert question.template[question.at :].startswith(MARK)


def test_filling_leaves_the_clients_own_braces_alone() -> None:
    question = extract("SELECT '{}', t.* FROM (-- nl: how many\n) t", prose=False)
    assert question is not None
    assert question.fill("SELECT 1") == "SELECT '{}', t.* FROM (SELECT 1) t"


def test_only_the_first_of_two_questions_is_taken() -> None:
    question = extract("SELECT * FROM nl('a') AS x, nl('b') AS y", prose=False)
    assert question == Question("a", "SELECT * FROM ({}) AS x, nl('b') AS y", 15)


@given(st.text(max_size=200), st.booleans())
def test_any_text_is_a_question_or_none(text: str, prose: bool) -> None:
    for statement in (text, f"-- nl: {text}", f"SELECT * FROM nl({text}", f"nl: {text}", f"EXPLAIN ({text}"):
        question = extract(statement, prose=prose)
        assert question is None or MARK in question.template


@given(st.text(alphabet="-/*'\"$()nl: ;\nab", max_size=60))
def test_plain_sql_is_never_rewritten(text: str) -> None:
    question = extract(f"SELECT a FROM b WHERE {text}", prose=False)
    assert question is None or question.template != MARK
