"""The command, and the templates that ship."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from pathlib import Path

import pytest

from training.augment.__main__ import main
from training.augment.data import read_parquet
from training.augment.filling import Fillings, bind, sql_of
from training.augment.postgres import Engine
from training.augment.profile import profile_of
from training.augment.proof import Proven, Prover
from training.augment.template import read_templates

TEMPLATES = Path(str(files("training") / "templates"))


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_a_database_that_nobody_prepared(
    shop_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, examples = tmp_path / "out", tmp_path / "examples.toml"
    arguments = ["--schema", str(shop_file), "--out", str(out), "--count", "200", "--seed", "3"]
    assert main([*arguments, "--examples", str(examples), "--examples-count", "5"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "held-out templates" in told.out
    assert "5 examples in" in told.out
    first = {part: lines(out / f"{part}.jsonl") for part in ("train", "phrasings", "templates")}
    assert sum(map(len, first.values())) == 200
    assert "CREATE TABLE maker (" in (out / "schemas" / "shop.sql").read_text()
    assert json.loads((out / "census.json").read_text())["failed"] == {}
    assert main([*arguments[:3], str(tmp_path / "again"), *arguments[4:]]) == 0
    assert {part: lines(tmp_path / "again" / f"{part}.jsonl") for part in first} == first


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [(["--templates", "wrong.yaml", "--data", "."], 2, "wrong.yaml:1: there are no templates"),
     (["--schema", "nothing.sqlite"], 1, "nothing.sqlite: no such file or folder"),
     (["--templates", "right.yaml", "--data", "."], 1, "no parquet files")],
)  # fmt: skip
def test_a_mistake_is_one_line(
    arguments: list[str], status: int, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.yaml").write_text("schema: x\n")
    (tmp_path / "right.yaml").write_text("templates: [{id: a, sql: SELECT 1, phrasings: [a, b, c]}]\n")
    assert main([*arguments, "--out", "out"]) == status
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["--data", "x"], ["--data", "x", "--schema", "y"], ["--schema", "y", "--count", "0"]]
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--out", "out"])
    assert caught.value.code == 2


def test_values_of_a_column_that_is_not_there(
    sample_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(
        "schema: patents\nslots: {x: {values: google_full.owner}}\ntemplates:\n"
        "  - {id: a, sql: 'SELECT {x}', phrasings: ['a {x}', 'b {x}', 'c {x}']}\n"
    )
    assert main(["--templates", str(file), "--data", str(sample_folder), "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(
        f"augment: {file}:4: the slot x takes values of google_full.owner"
    )


def test_every_shipped_template_runs_and_finds_something(engine: Engine, sample_folder: Path) -> None:
    shipped = read_templates(TEMPLATES / "patents.yaml")
    assert shipped.schema is not None
    assert len(shipped.templates) >= 80
    assert min(len(t.phrasings) for t in shipped.templates) >= 6
    database = engine.load(read_parquet(sample_folder, shipped.schema))
    profile, prover, fillings = (
        profile_of(database, engine, kinds=False),
        Prover(database, engine),
        Fillings(),
    )
    empty = []
    for template in shipped.templates:
        rng = random.Random(template.id)
        for _ in range(10):
            bound = bind(template, profile, fillings, rng)
            assert bound is not None, f"{template.id}: a slot has no values"
            sql = sql_of(template, bound)
            outcome = prover.prove(sql)
            assert isinstance(outcome, Proven), f"{template.id}: {outcome} in {sql}"
            if not outcome.empty:
                break
        else:
            empty.append(template.id)
    assert empty == [t.id for t in shipped.templates if t.may_be_empty]


def test_the_papers_question_is_among_them(engine: Engine, sample_folder: Path) -> None:
    (template,) = [
        t for t in read_templates(TEMPLATES / "patents.yaml").templates if t.id == "top-cpc-company-since"
    ]
    assert (
        "tell me the top {n} most frequently appeared CPC by the assignee of {cpc_company} {since} {year}"
        in template.phrasings
    )
    database = engine.load(read_parquet(sample_folder, "patents"))
    companies = Fillings().of(template.slots["cpc_company"], profile_of(database, engine, kinds=False), {})
    assert {"Intel ", "NVIDIA", "Apple"} == {choice.sql[""] for choice in companies}
