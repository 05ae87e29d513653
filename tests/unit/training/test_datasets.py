"""What reaches training, and what never does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.datasets import DataInvalid, Pair, Ratio, fingerprint, load, mix
from training.held_out import HeldOutData, shipped


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def pair(number: int, *, domain: bool) -> Pair:
    return Pair(f"question {number}", f"SELECT {number}", "CREATE TABLE t ();", "postgres", domain)


PAIRS = [pair(i, domain=i < 40) for i in range(100)]


@pytest.mark.parametrize(
    ("ratio", "total", "domain", "open_"),
    [
        ("1:1", None, 40, 40),
        ("1:3", None, 20, 60),
        ("3:1", 40, 30, 10),
        ("0:1", None, 0, 60),
        ("1:0", 8, 8, 0),
    ],
)
def test_a_mix_has_its_ratio(ratio: str, total: int | None, domain: int, open_: int) -> None:
    mixed = mix(PAIRS, Ratio.of(ratio), total=total, seed=4)
    assert [sum(p.domain for p in mixed), sum(not p.domain for p in mixed)] == [domain, open_]
    assert mixed == mix(PAIRS, Ratio.of(ratio), total=total, seed=4)
    assert len(set(mixed)) == len(mixed)
    assert fingerprint(mixed) != fingerprint(mix(PAIRS, Ratio.of(ratio), total=total, seed=5))


def test_open_pairs_of_few_schemas() -> None:
    pairs = [Pair(f"q{n}", f"SELECT {n}", f"schema {n % 12}", "sqlite", n % 12 == 0) for n in range(240)]
    mixed = mix(pairs, Ratio(1, 2), open_schemas=3, seed=4)
    assert len({p.schema for p in mixed if not p.domain}) == 3
    assert len(mixed) == 60
    with pytest.raises(ValueError, match="20 domain and 20 open"):
        mix(pairs, Ratio(1, 2), open_schemas=1, total=60)


def test_a_mix_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="40 domain and 60 open pairs cannot make 200 at 1:1"):
        mix(PAIRS, Ratio(), total=200)
    with pytest.raises(ValueError, match="0 domain"):
        mix(PAIRS[40:], Ratio())
    for text in ("1", "0:0", "a:b", "1:-1", ""):
        with pytest.raises(ValueError, match="DOMAIN:OPEN"):
            Ratio.of(text)


@pytest.mark.parametrize(
    "name",
    [
        "spider_dev.tar.xz",
        "dev.json",
        "test.jsonl",
        "wikisql-test.jsonl",
        "phrasings.jsonl",
        "my_validation.jsonl",
    ],
)
def test_files_for_measuring_are_refused(tmp_path: Path, name: str) -> None:
    for kind in ("approved", "spider", "wikisql"):
        lines(tmp_path / name)
        with pytest.raises(HeldOutData, match="for measuring"):
            load(f"{kind}:{tmp_path / name}")


def test_a_held_out_question_is_left_out_however_it_is_written(tmp_path: Path) -> None:
    # Spider dev's first question.
    rows = [
        {"question": question, "sql": "SELECT count(*) FROM singer", "schema": "CREATE TABLE singer ();"}
        for question in (
            "how many  SINGERS do we have",
            "How many singers do we have?",
            "How many tenors sing tonight?",
        )
    ]
    kept = load(f"approved:{lines(tmp_path / 'approved.jsonl', *rows)}")
    assert [p.question for p in kept] == ["How many tenors sing tonight?"]
    assert kept[0].domain
    assert shipped().has("anything", "Concert_Singer")
    assert not shipped().has("anything", "department_management")


def test_augmented_pairs_and_their_held_out_parts(tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "patents.sql").write_text("CREATE TABLE patent ();\n")
    row = {"question": "how many patents", "sql": "SELECT 1", "schema": "patents", "split": "train"}
    lines(tmp_path / "train.jsonl", row, row | {"question": "HOW MANY GRANTS"})
    lines(tmp_path / "templates.jsonl", row | {"question": "how many grants?", "split": "templates"})
    (kept,) = load(f"augmented:{tmp_path}")
    assert kept == Pair("how many patents", "SELECT 1", "CREATE TABLE patent ();", "postgres", True)
    lines(tmp_path / "train.jsonl", row | {"split": "templates"})
    with pytest.raises(HeldOutData, match="its part 'templates'"):
        load(f"augmented:{tmp_path}")


def test_bad_files_name_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"question": "q", "sql": "s", "schema": "c"}\nnothing\n')
    with pytest.raises(DataInvalid, match=r"a.jsonl:2: no JSON object"):
        load(f"approved:{tmp_path / 'a.jsonl'}")
    lines(tmp_path / "a.jsonl", {"question": "q", "sql": 1, "schema": "c"})
    with pytest.raises(DataInvalid, match=r"a.jsonl:1: sql: a string is needed"):
        load(f"approved:{tmp_path / 'a.jsonl'}")
    with pytest.raises(ValueError, match="a source is KIND:PATH"):
        load("kaggle:x")


def test_the_published_sets(streamlink_data: Path) -> None:
    spider = load(f"spider:{streamlink_data / 'spider_train.tar.xz'}")
    wikisql = load(f"wikisql:{streamlink_data / 'wikisql.tar.xz'}")
    assert 6_800 < len(spider) < 7_000
    assert 55_000 < len(wikisql) < 56_355
    with (streamlink_data / "README.md").open() as readme:
        assert "Train on train" in readme.read()
    assert not any(shipped().has(p.question) for p in (*spider, *wikisql))
    assert all("CREATE TABLE" in p.schema for p in spider)
