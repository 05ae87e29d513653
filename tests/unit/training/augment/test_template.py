"""Template files: what they mean, and how wrong ones are refused (wrong_templates.txt has the cases)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from training.augment.reading import TemplateError
from training.augment.slots import Numbers, Options, Values
from training.augment.template import read_templates

HERE = Path(__file__).parent
WRONG = [case.split("\n", 1) for case in (HERE / "wrong_templates.txt").read_text("utf-8").split("---\n")]


@pytest.mark.parametrize(("told", "text"), [(c[0], c[1]) for c in WRONG[1:]], ids=[c[0] for c in WRONG[1:]])
def test_a_wrong_file_is_told_with_its_line(told: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError) as caught:
        read_templates(file)
    assert str(caught.value).startswith(f"{file}:{told}")


def test_the_first_wrong_file_too(tmp_path: Path) -> None:
    told, text = WRONG[0][1].split("\n", 1)
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match=re.escape(told.partition(": ")[2])):
        read_templates(tmp_path / "wrong.yaml")


@pytest.mark.parametrize(
    ("raw", "told"), [(b"", "is empty"), (b"\xff\xfe\xff", "not UTF-8"), (None, "cannot be read")]
)
def test_a_file_that_is_none(raw: bytes | None, told: str, tmp_path: Path) -> None:
    file = tmp_path / "none.yaml"
    if raw is not None:
        file.write_bytes(raw)
    with pytest.raises(TemplateError, match=told):
        read_templates(file)


def test_a_template_has_its_slots_in_order(tmp_path: Path) -> None:
    file = tmp_path / "right.yaml"
    file.write_text(
        """
schema: patents
slots:
  company: {values: google_full.assignee, as: name, held: [5, 900], where: kind IS NULL}
  op: {choices: [{sql: ">", words: [after, later than]}, "<"]}
  unused: {numbers: [1]}
templates:
  - id: a
    slots:
      delay: {numbers: [2], unit: {year: 1, month: 12}}
    sql: SELECT 1 FROM t WHERE a = '{company}' AND b {op} {delay}
    phrasings: ["(some|any) {company} {op} {delay}", "x {company} {op} {delay}", "y {company} {op} {delay}"]
""",
        encoding="utf-8",
    )
    read = read_templates(file)
    (template,) = read.templates
    assert read.schema == "patents"
    assert list(template.slots) == ["company", "op", "delay"]
    company, op, delay = template.slots.values()
    assert isinstance(company, Values)
    assert (company.style, company.held, company.where) == ("name", (5, 900), "kind IS NULL")
    assert isinstance(op, Options)
    assert [choice.sql[""] for choice in op.choices] == [">", "<"]
    assert isinstance(delay, Numbers)
    assert delay.units == (("year", 1), ("month", 12))
