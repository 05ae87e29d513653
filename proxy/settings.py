"""Every setting of the server: one frozen dataclass a section, its defaults, and how they are read.

Order, the later wins: the defaults here; a TOML file (conf/server.toml documents every key and holds these
same defaults, which a test compares); the environment, `STREAMLINK_<SECTION>_<KEY>`.  Rules: an unknown
section or key, a wrong type and a value out of range are errors that name the place and the nearest right
name; nothing is guessed.  A relative path counts from the working folder, `~` is the home.  A password is
never a setting: a `*_file` names where it is kept.

Units: a key's suffix is its unit (`_s`, `_bytes`, `_mb`).  Leaves out: models (conf/models.toml).
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from conf.lines import line_of
from proxy.hba import AuthRule, parse_rule

PREFIX = "STREAMLINK_"
OTHER_SEARCH_PATH = ("public", "default")
"""Of a database that is another catalogue of Spark: what most sources call the schema that comes first."""
NOT_SETTINGS = frozenset({"STREAMLINK_DATA", "STREAMLINK_CONF"})
"""Read by the tests (folder of test data) and by the command line (--conf)."""


class SettingsError(Exception):
    """A setting that is wrong.  The text is complete: it names the place, the mistake and the way out."""


def at_least(default: int, least: int, most: int = 2**31 - 1) -> Any:
    """An integer setting and the values that make sense for it."""
    return field(default=default, metadata={"least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Listen:
    host: str = "127.0.0.1"
    port: int = at_least(5433, 0, 65535)


@dataclass(frozen=True, slots=True)
class Tls:
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    minimum: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.2"


@dataclass(frozen=True, slots=True)
class Auth:
    rules: tuple[str, ...] = ("host all all loopback scram-sha-256", "hostssl all all all scram-sha-256")
    users_file: Path | None = None
    deadline_s: int = at_least(30, 1)

    @property
    def parsed_rules(self) -> tuple[AuthRule, ...]:
        return tuple(parse_rule(line) for line in self.rules)


@dataclass(frozen=True, slots=True)
class Session:
    database: str = "spark_catalog"
    search_path: tuple[str, ...] = ("default",)
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Data:
    folder: Path = Path("~/.local/share/streamlink-sql")
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Mirror:
    dsn_file: Path | None = None
    pool_size: int = at_least(32, 1)
    statement_timeout_s: int = at_least(30, 1)
    sync_interval_s: int = at_least(30, 1)


@dataclass(frozen=True, slots=True)
class Spark:
    host: str = ""
    port: int = at_least(10000, 1, 65535)
    more: tuple[str, ...] = ()
    auth: Literal["NOSASL", "PLAIN", "KERBEROS"] = "PLAIN"
    user: str = ""
    password_file: Path | None = None
    principal: str = ""
    tls: bool = False
    tls_ca: Path | None = None
    java: str = ""
    memory_mb: int = at_least(2048, 512)
    master: str = "local[*]"
    conf: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    session_conf: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fetch_rows: int = at_least(10_000, 1)
    create_using: str = "parquet"
    shares_disk: bool = False
    connect_deadline_s: int = at_least(10, 1)


@dataclass(frozen=True, slots=True)
class Model:
    enabled: bool = True
    name: str = "qwen2.5-coder-1.5b"
    file: Path | None = None
    lora: Path | None = None
    untuned: bool = False
    examples: Path | None = None
    values: bool = True
    pull: bool = True
    threads: int = at_least(0, 0)
    context_tokens: int = at_least(4096, 512)
    urls: tuple[str, ...] = ()
    token_file: Path | None = None
    tls_ca: Path | None = None
    deadline_s: int = at_least(60, 1)
    confidence_percent: int = at_least(0, 0, 100)


@dataclass(frozen=True, slots=True)
class Judge:
    name: str = "smollm2-135m"
    file: Path | None = None
    adapter: Path | None = None
    calibration: Path | None = None
    pull: bool = True
    threads: int = at_least(0, 0)
    urls: tuple[str, ...] = ()
    token_file: Path | None = None
    tls_ca: Path | None = None
    waiting: int = at_least(16, 1)


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = at_least(1000, 1)
    message_bytes: int = at_least(16 * 1024 * 1024, 1024)
    statement_bytes: int = at_least(64 * 1024, 256)
    statement_deadline_s: int = at_least(3600, 0)


@dataclass(frozen=True, slots=True)
class Control:
    running: int = at_least(32, 0)
    waiting: int = at_least(200, 0)
    wait_s: int = at_least(60, 1)
    drain_s: int = at_least(30, 0)


@dataclass(frozen=True, slots=True)
class Http:
    host: str = "127.0.0.1"
    port: int = at_least(0, 0, 65535)


@dataclass(frozen=True, slots=True)
class Audit:
    enabled: bool = True
    file: Path | None = None
    rotate_bytes: int = at_least(64 * 1024 * 1024, 1024)
    keep: int = at_least(8, 1)
    keep_days: int = at_least(90, 1)
    on_failure: Literal["stop", "continue"] = "stop"


@dataclass(frozen=True, slots=True)
class Policy:
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Semantic:
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Log:
    level: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, slots=True)
class Settings:
    listen: Listen = Listen()
    tls: Tls = Tls()
    auth: Auth = Auth()
    session: Session = Session()
    data: Data = Data()
    mirror: Mirror = Mirror()
    spark: Spark = Spark()
    model: Model = Model()
    judge: Judge = Judge()
    limits: Limits = Limits()
    control: Control = Control()
    http: Http = Http()
    audit: Audit = Audit()
    policy: Policy = Policy()
    semantic: Semantic = Semantic()
    log: Log = Log()

    @property
    def users_path(self) -> Path:
        return self.auth.users_file or self.data.folder / "users"

    @property
    def audit_path(self) -> Path:
        return self.audit.file or self.data.folder / "audit.jsonl"

    @property
    def policy_path(self) -> Path:
        return self.policy.file or shipped("policy.toml")

    @property
    def semantic_path(self) -> Path | None:
        """The sample has one of its own."""
        return self.semantic.file or (shipped("semantic.toml") if self.data.sample else None)

    @property
    def catalogue_path(self) -> Path:
        """Where the server leaves what it knows of Spark's tables, for commands that work without it."""
        main = self.session.database == Session().database
        return self.data.folder / ("catalogue.json" if main else f"catalogue-{self.session.database}.json")

    @property
    def mirror_dsn(self) -> str:
        """Empty for an embedded mirror.  Raises: OSError."""
        return self.mirror.dsn_file.read_text("utf-8").strip() if self.mirror.dsn_file else ""

    @property
    def spark_embedded(self) -> bool:
        return not self.spark.host

    @property
    def spark_shares_disk(self) -> bool:
        """Whether Spark reads the files that we write: one on this machine, all in one process."""
        return self.spark.shares_disk or (self.spark_embedded and self.spark.master.startswith("local"))

    @property
    def model_embedded(self) -> bool:
        return self.model.enabled and not self.model.urls

    def with_values(self, section: str, **values: Any) -> Settings:
        """The same settings with some of one section's replaced, as command line flags do."""
        return replace(self, **{section: replace(getattr(self, section), **values)})


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Defaults, then the file, then the environment.  Raises: SettingsError."""
    settings = _from_file(Settings(), path) if path else Settings()
    settings = _from_environment(settings, os.environ if environ is None else environ)
    return _checked(settings)


def shipped(name: str) -> Path:
    """A file of the conf package: `server.toml`, `demo.toml`, `sample`."""
    import conf

    return Path(conf.__path__[0]) / name


def other_database(settings: Settings, name: str) -> Settings:
    """The settings of a database that is another catalogue of Spark."""
    return settings.with_values("session", database=name, search_path=OTHER_SEARCH_PATH)


def _from_file(settings: Settings, path: Path) -> Settings:
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    for section, table in document.items():
        where = f"{path}{line_of(text, section, None)}"
        _known(section, settings, f"{where}: section [{section}]")
        if not isinstance(table, dict):
            raise SettingsError(f"{where}: {section} is a section; write [{section}]")
        for key, value in table.items():
            where = f"{path}{line_of(text, section, key)}: [{section}] {key}"
            settings = _set(settings, section, key, value, where)
    return settings


def _from_environment(settings: Settings, environ: Mapping[str, str]) -> Settings:
    names = {f"{PREFIX}{s.name}_{k.name}".upper(): (s.name, k.name) for s, k in _all_keys(settings)}
    for name, text in sorted(environ.items()):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        if name not in names:
            raise SettingsError(f"environment: unknown setting {name}{nearest(name, names)}")
        section, key = names[name]
        settings = _set(
            settings, section, key, _from_text(settings, section, key, text), f"environment: {name}"
        )
    return settings


def _from_text(settings: Settings, section: str, key: str, text: str) -> Any:
    """What TOML would have made of it.  Shapes: a list is `a;b`, a table `key=value;key=value`."""
    kind = _kind(settings, section, key)
    if kind is bool:
        return {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}.get(
            text.lower(), text
        )
    if kind is int:
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    items = [item.strip() for item in text.split(";") if item.strip()]
    if get_origin(kind) is tuple:
        return items
    if get_origin(kind) is Mapping:
        return {name: value for name, _, value in (item.partition("=") for item in items)}
    return text


def _set(settings: Settings, section: str, key: str, value: Any, where: str) -> Settings:
    part = getattr(settings, section)
    spec = {f.name: f for f in fields(part)}
    _known(key, part, where)
    kind = _kind(settings, section, key)
    if kind is bool or kind is int:
        if type(value) is not kind:
            raise SettingsError(
                f"{where}: {value!r} is not {'true or false' if kind is bool else 'a whole number'}"
            )
        least, most = (spec[key].metadata.get(bound, value) for bound in ("least", "most"))
        if value < least:
            raise SettingsError(f"{where}: {value} is below {least}, the least that works")
        if value > most:
            raise SettingsError(f"{where}: {value} is above {most}, the most that works")
    elif get_origin(kind) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SettingsError(f"{where}: not a list of strings")
        value = tuple(value)
    elif get_origin(kind) is Mapping:
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise SettingsError(f"{where}: not a table of strings")
        value = MappingProxyType(dict(value))
    elif not isinstance(value, str):
        raise SettingsError(f"{where}: {value!r} is not a string")
    elif get_origin(kind) is Literal and value not in get_args(kind):
        raise SettingsError(f"{where}: {value!r} is none of {', '.join(get_args(kind))}")
    elif kind is Path or Path in get_args(kind):
        value = Path(value).expanduser() if value else None
        if value is None and kind is Path:
            raise SettingsError(f"{where}: a path is needed")
    return settings.with_values(section, **{key: value})


def _checked(settings: Settings) -> Settings:
    """What one key alone cannot tell."""
    try:
        rules = settings.auth.parsed_rules
    except ValueError as error:
        raise SettingsError(f"[auth] rules: {error}") from None
    tls = settings.tls
    if (tls.certificate is None) != (tls.key is None):
        raise SettingsError("[tls] certificate and key go together: one of them is missing")
    if any(rule.method == "cert" for rule in rules) and not (tls.certificate and tls.client_ca):
        raise SettingsError("[auth] rules: cert needs [tls] certificate, key and client_ca")
    if settings.spark.auth == "KERBEROS" and not settings.spark.principal:
        raise SettingsError("[spark] auth = 'KERBEROS' needs [spark] principal")
    for section, nodes in (("model", settings.model), ("judge", settings.judge)):
        for url in nodes.urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise SettingsError(f"[{section}] urls: {url!r} is not a URL as https://10.0.0.5:8000")
            if nodes.token_file and parts.scheme == "http" and not _is_loopback(parts.hostname):
                raise SettingsError(
                    f"[{section}] urls: the token must not go to {url!r} in clear; write https"
                )
    for place in settings.spark.more:
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise SettingsError(f"[spark] more: {place!r} is not an address as 10.0.0.5:10000")
    if settings.spark.more and not settings.spark.host:
        raise SettingsError("[spark] more: an embedded server stands alone; name [spark] host")
    if not settings.session.database or not settings.session.search_path:
        raise SettingsError("[session] database and search_path must not be empty")
    try:
        ZoneInfo(settings.session.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"[session] timezone: no such zone {settings.session.timezone!r}") from None
    return settings.with_values("data", folder=settings.data.folder.expanduser())


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _all_keys(settings: Settings) -> list[tuple[Any, Any]]:
    return [(s, k) for s in fields(settings) for k in fields(getattr(settings, s.name))]


def _kind(settings: Settings, section: str, key: str) -> Any:
    return get_type_hints(type(getattr(settings, section)))[key]


def _known(name: str, holder: Any, where: str) -> None:
    names = [f.name for f in fields(holder)]
    if name not in names:
        raise SettingsError(f"{where}: unknown{nearest(name, names)}")


def nearest(name: str, names: Any) -> str:
    """The end of an error about a name that is not one of `names`."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(names)}"
