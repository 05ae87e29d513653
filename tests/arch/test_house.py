"""The repository keeps its own rules: layout, imports, documented settings, words without a place here."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from proxy.settings import Settings, shipped

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = {
    *("proxy", "nl_frontend", "checker", "spark_thrift", "training", "conf", "tests", ".ci"),
    *("pyproject.toml", "requirements.lock", "requirements-train.lock"),
    *("README.md", "LICENSE", "Makefile", ".gitignore"),
}


def committed() -> list[Path]:
    """Every file that git knows, or in an unpacked archive every file that is there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_the_top_level_holds_nothing_else() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in committed()} <= TOP_LEVEL


def test_the_packages_import_each_other_as_the_design_says() -> None:
    outcome = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout


def test_every_package_is_packaged() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in committed()
        if path.name == "__init__.py" and "tests" not in path.parts
    }
    assert there == set(listed)


SECTIONS = {section.name: section.default for section in dataclasses.fields(Settings)}
KEYS = [(section, key.name) for section, part in SECTIONS.items() for key in dataclasses.fields(part)]


def documented() -> set[tuple[str, str]]:
    """Keys and tables of server.toml that have a comment right above them."""
    found, section, above = set(), "", ""
    for line in shipped("server.toml").read_text().splitlines():
        if table := re.fullmatch(r"\[(\w+)(?:\.(\w+))?\]", line):
            section = table[1]
            if table[2] and above.startswith("#"):
                found.add((section, table[2]))
        elif (key := re.match(r"(\w+) = ", line)) and above.startswith("#"):
            found.add((section, key[1]))
        above = line
    return found


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_setting_is_documented(section: str, key: str) -> None:
    assert (section, key) in documented()


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_setting_does_something(section: str, key: str) -> None:
    """A setting that nothing reads is a promise that nobody keeps."""
    readers = [path for path in (ROOT / "proxy").rglob("*.py") if path.name != "doctor.py"]
    used = re.compile(rf"\.{key}\b")
    named = re.compile(rf"\.{section}\b")
    assert any(used.search(text) and named.search(text) for text in map(Path.read_text, readers))


FORBIDDEN = {
    "a registry's host": r"pypi\.org|pythonhosted|npmjs|crates\.io|repo1\.maven|proxy\.golang|deb\.debian",
    "a model hub's host": r"huggingface\.co|hf\.co/",
    "a path of one machine": r"/root/|/home/\w+/|/work/|/tmp/w/|/opt/wheels",
    "the tools of a workplace": r"\bshared/(?:design|style|engine-facts|prototypes)\b|\bissue #?\d",
}


def test_nothing_committed_speaks_of_the_place_it_was_made_in() -> None:
    found = []
    for path in committed():
        if path.suffix in {".parquet", ".lock"} or path == Path(__file__) or "gen" in path.parts:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        for what, pattern in FORBIDDEN.items():
            for match in re.finditer(pattern, text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path.relative_to(ROOT)}:{line}: {what}: {match[0]}")
    assert not found, "\n".join(found)


def test_the_sample_is_small_and_free_of_lens_rows() -> None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    folder = shipped("sample")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 10_000_000
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        for column in {"source", "all_sources"} & set(table.column_names):
            assert not pc.any(pc.match_substring(table[column], "lens")).as_py(), path.name
