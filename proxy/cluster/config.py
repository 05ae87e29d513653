"""conf/cluster/small.toml and files like it.

Shapes: every process has a place of its own from `base_port` on, see the properties below.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from conf.lines import line_of
from proxy.settings import SettingsError, at_least, nearest


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path = Path("~/.local/share/streamlink-sql/cluster")
    base_port: int = at_least(19000, 1024, 65_000)


@dataclass(frozen=True, slots=True)
class Hdfs:
    datanodes: int = at_least(3, 1, 9)
    replication: int = at_least(2, 1, 9)
    heap_mb: int = at_least(256, 128)


@dataclass(frozen=True, slots=True)
class Spark:
    workers: int = at_least(2, 1, 9)
    worker_cores: int = at_least(1, 1)
    worker_memory_mb: int = at_least(1024, 768)
    heap_mb: int = at_least(256, 128)


@dataclass(frozen=True, slots=True)
class Thrift:
    servers: int = at_least(2, 1, 9)
    heap_mb: int = at_least(1024, 512)


@dataclass(frozen=True, slots=True)
class Model:
    nodes: int = at_least(0, 0, 9)
    name: str = "qwen2.5-coder-0.5b"


@dataclass(frozen=True, slots=True)
class Servers:
    count: int = at_least(2, 1, 9)
    port: int = at_least(5433, 1024, 65_000)
    settings: Path | None = None


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """One file, checked."""

    cluster: Place = field(default_factory=Place)
    hdfs: Hdfs = field(default_factory=Hdfs)
    spark: Spark = field(default_factory=Spark)
    thrift: Thrift = field(default_factory=Thrift)
    model: Model = field(default_factory=Model)
    servers: Servers = field(default_factory=Servers)

    @property
    def folder(self) -> Path:
        return self.cluster.folder.expanduser().absolute()

    def port(self, which: int) -> int:
        return self.cluster.base_port + which


def read(path: Path) -> ClusterConfig:
    """Raises: SettingsError, complete: file, line, mistake."""
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    parts: dict[str, Any] = {each.name: each.default_factory for each in fields(ClusterConfig)}
    values: dict[str, Any] = {}
    for section, table in document.items():
        where = f"{path}{line_of(text, section, None)}"
        if section not in parts or not isinstance(table, dict):
            raise SettingsError(f"{where}: section [{section}]: unknown{nearest(section, parts)}")
        kinds = {each.name: each for each in fields(parts[section])}
        given: dict[str, Any] = {}
        for key, value in table.items():
            where = f"{path}{line_of(text, section, key)}: [{section}] {key}"
            if key not in kinds:
                raise SettingsError(f"{where}: unknown{nearest(key, kinds)}")
            given[key] = _value(value, kinds[key], where)
        values[section] = parts[section](**given)
    config = ClusterConfig(**values)
    if config.hdfs.replication > config.hdfs.datanodes:
        raise SettingsError(f"{path}: [hdfs] replication: more than there are datanodes")
    return config


def _value(value: Any, spec: Any, where: str) -> Any:
    if spec.type == "int":
        if type(value) is not int:
            raise SettingsError(f"{where}: {value!r} is not a whole number")
        least, most = spec.metadata.get("least", value), spec.metadata.get("most", value)
        if not least <= value <= most:
            raise SettingsError(f"{where}: {value} is not from {least} to {most}")
        return value
    if not isinstance(value, str):
        raise SettingsError(f"{where}: {value!r} is not a string")
    if spec.type == "str":
        return value
    if not value and spec.type == "Path":
        raise SettingsError(f"{where}: a path is needed")
    return Path(value) if value else None
