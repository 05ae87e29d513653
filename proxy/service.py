"""What the sessions of one database share: mirror, Spark, the model's node, gate, pipeline, users and audit.

Each of Spark's catalogues is a database.  The session catalogue's service has what is there once for all of them;
those of other catalogues stand beside it, with a catalogue, a mirror and a pipeline of their own, and come as Spark
tells them.

Entering it starts what the settings do not find elsewhere, all at once; leaving it stops what it started.  Spark and
the catalogue's server are needed before a client may come in; the model may still be loading.  A part that dies is
started again, and the catalogue is read anew on a timer and whenever a statement names what is not there.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from checker.context import Grants
from checker.gate import Gate, Limits
from checker.rights import unrestricted
from nl_frontend.errors import FrontEndError
from nl_frontend.models import adapter_of
from proxy.answers import Answers
from proxy.audit import Audit
from proxy.audit_table import AuditTable
from proxy.carrier import clean, forget, left_over
from proxy.control import Control, pool_of
from proxy.engines import Engine, LanguageModel
from proxy.firewall import Firewall
from proxy.judging import Judging
from proxy.ledger import Ledger
from proxy.metrics import Metrics
from proxy.mirror import Mirror, MirrorOptions
from proxy.mirror.errors import MirrorError, MirrorNotStarted, MirrorUnavailable
from proxy.mirror.pool import STATEMENT_TIMEOUT
from proxy.mirror.state import Rights
from proxy.mirror.visible import Visible
from proxy.nodes import Nodes
from proxy.peers import Peers
from proxy.pipeline import Pipeline
from proxy.policies import Policies
from proxy.ports import Catalogue
from proxy.registry import Registry
from proxy.semantic import SemanticError, Semantics, read_semantics
from proxy.settings import Model, Settings, SettingsError, other_database
from proxy.snapshot import write_snapshot
from proxy.sqlstate import Refused
from proxy.timezones import UnknownTimeZone, engine_zone
from proxy.transaction import Settings as SessionSettings
from proxy.transaction import lowered
from proxy.users import Users
from proxy.values import Values
from proxy.visible import shown
from proxy.wire.errors import ProtocolError
from spark_thrift.catalogue import (
    ASIDE_PREFIX,
    SESSION_CATALOGUE,
    SparkCatalogue,
    catalogue_names,
    read_catalogue,
    read_other_catalogue,
    read_size,
    read_statistics,
    read_table,
)
from spark_thrift.errors import EngineError, SparkError
from spark_thrift.load import mend
from spark_thrift.session import SparkSession

if TYPE_CHECKING:
    from proxy.session import Session

log = logging.getLogger("streamlink.service")

READING_S = 120.0
"""A metastore that does not answer for so long leaves what is known as it is."""
REST_S = 5.0
"""What the last records may take to reach the mirror at shut-down."""
REFRESH_PAUSE_S = 1.0
"""A statement that names an unknown table has the catalogue read anew, but not more often than this."""
SIZES_PAUSE_S = 1.0
SHARE_OF_READING = 10
"""Of the time between two looks at the catalogue, a look takes a tenth at most."""
_DATABASE_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}\Z")
_NOT_DATABASES = ("postgres", "template0", "template1")
PAGE_BYTES = 8192
"""Of PostgreSQL: what relpages counts."""


class Service:
    """Use as `async with Service(settings, progress) as service`."""

    def __init__(
        self, settings: Settings, progress: Callable[[str], None], *, beside: Service | None = None
    ) -> None:
        self.settings = settings
        self.database = settings.session.database
        self.draining = False
        """Whether the server lets no session in any more; of the first database for all."""
        if beside is None:
            self.registry = Registry()
            self.ledger = Ledger()
            self.metrics = Metrics(self)
            self.control = Control(settings, self.metrics.waited)
            self.users = Users(settings.users_path)
            self.policies = Policies(settings.policy_path)
            self.audit = Audit(settings, self.metrics.statement)
            self.engine = Engine(settings, progress)
            self.model = LanguageModel(settings, progress)
            self.judging = Judging(settings.judge, progress)
        else:
            self.registry, self.ledger, self.users = beside.registry, beside.ledger, beside.users
            self.policies, self.audit, self.judging = beside.policies, beside.audit, beside.judging
            self.engine, self.model = beside.engine, beside.model
            self.control, self.metrics = beside.control, beside.metrics
        self._loaded: asyncio.Event = asyncio.Event() if beside is None else beside._loaded
        """Whether the model has been loaded, or could not be."""
        self.values = Values(self)
        self._beside: Service | None = beside
        self._others: dict[str, Service] = {}
        self._catalogues: tuple[str, ...] = ()
        self._not_shown: set[str] = set()
        self._unmeasured: set[tuple[str, str]] = set()
        self.mirror: Mirror = Mirror(
            MirrorOptions(
                settings.data.folder / "mirror",
                database=settings.session.database,
                connections=settings.mirror.pool_size,
                statement_timeout_ms=settings.mirror.statement_timeout_s * 1000,
                search_path=settings.session.search_path,
                defaults={"timezone": settings.session.timezone},
                dsn=settings.mirror_dsn,
            ),
            beside=beside.mirror if beside else None,
        )
        self.nodes: Nodes = Nodes(self) if beside is None else beside.nodes
        if beside is None and settings.mirror_dsn:
            self.registry.peers = Peers(self.mirror, self.registry)
        self.firewall = Firewall(self.mirror)
        self.answers = Answers(self.mirror, _fingerprint(settings.model))
        self._audit_table = (
            None
            if self.audit.journal is None or beside is not None
            else AuditTable(self.audit.journal, self.mirror, keep_days=settings.audit.keep_days)
        )
        self.catalogue = Catalogue()
        self.mirror_parameters: Mapping[str, str] = {}
        self.pipeline = Pipeline(
            self, Gate(Limits(statement_chars=settings.limits.statement_bytes)), self.model.front_end
        )
        self._progress = progress
        self._tasks: asyncio.TaskGroup | None = None
        self._reading = asyncio.Lock()
        self._read_at = 0.0
        self._reading_s = 0.0
        self._spark: SparkSession | None = None
        self._found: SparkCatalogue | None = None
        self._semantics = _semantics(settings.semantic_path if beside is None else None)
        self._semantic_problems: tuple[str, ...] = ()
        self._shown: dict[Grants, tuple[int, Visible]] = {}
        self._canonical: dict[tuple[object, ...], SessionSettings] = {}
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.settings.data.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            async with asyncio.TaskGroup() as starting:
                starting.create_task(self.mirror.start(self._progress))
                starting.create_task(self.engine.start())
            # The embedded Spark holds the folder's lock from here on.
            await asyncio.to_thread(clean, self.settings)
            await self.refresh_catalogue(force=True)
            await self._load()
            await self._find_others()
        except BaseException:
            await self._stop()
            raise
        if any(grants.judge.when != "never" for grants in self.policies.policy.roles.values()):
            self.judging.begin()
        self._run(
            self._follow_catalogue(),
            self._learn_sizes(),
            self.engine.supervise(),
            self._load_model(),
            self._run_values(),
            self.mirror.supervise(),
            self.nodes.run(),
            self.policies.follow(self._readmit),
            self.firewall.run(),
            self.answers.run(),
            *([] if self._audit_table is None else [self._audit_table.run()]),
            *([] if self.registry.peers is None else [self.registry.peers.run()]),
        )
        return self

    async def _load(self) -> None:
        """What the mirror keeps, and how it greets."""
        async with self.mirror.lease("streamlink_probe", {}) as lease:
            self.mirror_parameters = dict(lease.parameters)
        await self.firewall.load()
        await self.answers.load()

    def _run(self, *parts: Coroutine[Any, Any, None]) -> None:
        self._running += [asyncio.create_task(part) for part in parts]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await self._stop_own()
        await asyncio.gather(
            self.judging.stop(),
            self.model.stop(),
            self.engine.stop(),
            self.mirror.stop(),
            return_exceptions=True,
        )
        self.audit.close()

    async def _stop_own(self) -> None:
        """What is not shared with other databases."""
        for other in self._others.values():
            await other._stop_own()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._spark is not None:
            await self._spark.close()
        await self._write_rest()

    # --- databases

    def of_database(self, name: str) -> Service | None:
        """The service of a database, this one's or another's; None where there is none of that name."""
        return self if name == self.database else self._others.get(name)

    def grants(self, user: str, given: tuple[str, ...]) -> Grants:
        """What a user may do in this database under the policy of now."""
        return self.policies.grants(user, given, None if self._beside is None else self.database)

    def may_connect(self, user: str, given: tuple[str, ...]) -> bool:
        return self._beside is None or self.policies.may_connect(user, given, self.database)

    async def _find_others(self) -> None:
        """Open a database for each of Spark's other catalogues that has none yet."""
        for name in sorted({*self._catalogues} - {*self._others} - self._not_shown):
            try:
                if name in (self.database, *_NOT_DATABASES) or not _DATABASE_NAME.match(name):
                    raise MirrorNotStarted("its name cannot be a database's")
                other = Service(other_database(self.settings, name), self._progress, beside=self)
                await other.mirror.start()
                await other._load()
            except (MirrorError, MirrorUnavailable, MirrorNotStarted) as error:
                log.warning("Spark's catalogue %s is not shown: %s", name, error)
                self._not_shown.add(name)
                continue
            other._run(
                other._follow_catalogue(), other.firewall.run(), other.answers.run(), other._run_values()
            )
            self._others[name] = other

    async def _write_rest(self) -> None:
        """What was recorded since the last look; what the mirror does not take is in the journal."""
        try:
            async with asyncio.timeout(REST_S):
                await self.firewall.write()
                await self.answers.write()
                if self._audit_table is not None:
                    await self._audit_table.catch_up()
        except Exception as error:
            log.info("the last records wait in the journal: %s", type(error).__name__)

    async def admit(self, session: Session) -> None:
        """Give a session's role its rights on the mirror; to be called again when its grants change.

        Raises: ProtocolError, fatal, where the user may not be in this database or the mirror does not take the rights.
        """
        if not self.may_connect(session.user, session.given_roles):
            raise ProtocolError(
                "42501",
                f'permission denied for database "{self.database}"',
                fatal=True,
                detail="User does not have CONNECT privilege.",
            )
        grants = session.grants
        try:
            await self.mirror.grant(session.user, Rights(grants.audit, grants.admin))
            await self._show(session)
        except MirrorError as error:
            fields = error.fields
            raise ProtocolError(fields.sqlstate, fields.message, fatal=True, detail=fields.detail) from None
        self.firewall.warn_of(session)

    async def _show(self, session: Session) -> None:
        """Keep what the session's user sees of the catalogue in step.  Raises: MirrorUnavailable."""
        grants, version = session.grants, self.catalogue.version
        if unrestricted(grants):
            return
        known, visible = self._shown.get(grants, (None, None))
        if visible is None or known != version:
            visible = shown(self.catalogue, grants)
            self._shown = {each: kept for each, kept in self._shown.items() if kept[0] == version}
            self._shown[grants] = (version, visible)
        await self.mirror.show(session.user, visible)

    async def _readmit(self) -> None:
        """After a change of the policy."""
        for session in list(self.registry.sessions.values()):
            try:
                await session.service.admit(session)
            except (ProtocolError, MirrorUnavailable) as error:
                # It would go on with the rights that it had.
                log.warning("a session ends, since the mirror does not take its new rights: %s", error)
                session.terminate()

    async def _load_model(self) -> None:
        try:
            await self.model.start()
            front_end = self.model.front_end
            if front_end is not None:
                await front_end.warm(
                    self.catalogue, search_path=self.settings.session.search_path, deadline_s=600
                )
        except FrontEndError as error:
            log.warning("questions cannot be answered: %s", error.message)
        finally:
            self._loaded.set()
            self._progress("")

    async def _run_values(self) -> None:
        """Once the model is there: until then it has the processors."""
        await self._loaded.wait()
        if self.settings.model.enabled and self.settings.model.values:
            await self.values.run()

    # --- Spark

    async def open_spark(self, user: str, roles: Sequence[str], zone: str) -> SparkSession:
        """A Spark session for a client.  Raises: EngineUnavailable, Refused for a zone that Spark lacks."""
        conf = {
            "spark.sql.session.timeZone": _spark_zone(zone),
            "spark.sql.thriftserver.scheduler.pool": pool_of(roles),
            **self.settings.spark.session_conf,
            **self._catalogue_conf,
        }
        try:
            return await self.engine.open_session(user, conf)
        except SparkError as error:
            if "timezone" not in error.message.lower():
                raise
            raise _zone_refused(zone) from error

    @property
    def _catalogue_conf(self) -> dict[str, str]:
        """What makes a Spark session look names up in this catalogue."""
        return {} if self._beside is None else {"spark.sql.defaultCatalog": self.database}

    async def set_zone(self, spark: SparkSession, zone: str) -> None:
        """Raises: EngineUnavailable, Refused for a zone that Spark lacks."""
        try:
            await spark.set_conf("spark.sql.session.timeZone", _spark_zone(zone))
        except (SparkError, ValueError) as error:
            raise _zone_refused(zone) from error

    # --- the catalogue

    async def refresh_catalogue(self, *, force: bool = False) -> bool:
        """Read Spark's catalogue and bring the mirror in step; whether anything changed.

        An engine that does not answer leaves what is known as it is.
        """
        async with self._reading:
            if not force and time.monotonic() - self._read_at < REFRESH_PAUSE_S:
                return False
            before, begun = self.catalogue.version, time.monotonic()
            try:
                if self._spark is None or self._spark.broken:
                    self._spark = await self.open_own_spark()
                async with asyncio.timeout(READING_S):
                    found = await self._read(self._spark)
            except (EngineError, TimeoutError) as error:
                log.warning("the catalogue cannot be read: %s", error or "the engine does not answer")
                if self._spark is not None:
                    await self._spark.close()
                    self._spark = None
                return False
            finally:
                self._read_at = time.monotonic()
                self._reading_s = self._read_at - begun
            await self._drop_left_over(found.stages)
            if self._found and found.fingerprint == self._found.fingerprint and self.mirror.in_step:
                return False
            await self._take(found)
            return self.catalogue.version != before

    async def open_own_spark(self) -> SparkSession:
        """A session that looks at tables for the server itself.  Raises: EngineUnavailable."""
        return await self.engine.open_session("streamlink", self._own_conf)

    @property
    def _own_conf(self) -> dict[str, str]:
        """Of the session that reads the catalogue."""
        site = self.settings.spark.session_conf
        return {key: site[key] for key in site if key.startswith("spark.sql.catalog.")} | self._catalogue_conf

    async def _read(self, spark: SparkSession) -> SparkCatalogue:
        if self._beside is not None:
            found = await read_other_catalogue(spark)
            names = {*self._beside._catalogues, SESSION_CATALOGUE}
        else:
            found = await read_catalogue(spark, view_texts=self.policies.restricts_reading)
            self._catalogues = await catalogue_names(spark)
            names = {*self._catalogues, SESSION_CATALOGUE}
        # Spark reads `a`.`b` as a catalogue's table where there is a catalogue `a`.
        return found.without_schemas({name.lower() for name in names})

    async def table_changed(self, schema: str, name: str) -> None:
        """Bring the mirror in step with one table that was made, changed or dropped here; the others are not read."""
        async with self._reading:
            found, spark = self._found, self._spark
            if found and schema in found.schemas and spark and not spark.broken and self.mirror.in_step:
                try:
                    async with asyncio.timeout(READING_S):
                        table = await read_table(
                            spark, schema, name, view_text=self.policies.restricts_reading
                        )
                except (EngineError, TimeoutError) as error:
                    log.warning("a table cannot be read: %s", error or "the engine does not answer")
                else:
                    await self._take(found.with_table(schema, name, table))
                    return
        await self.refresh_catalogue(force=True)

    async def _take(self, found: SparkCatalogue) -> None:
        """What Spark has becomes what we have.  Raises: MirrorUnavailable; then the next look takes it."""
        tables, problems = self._semantics.applied(found.tables)
        for problem in problems:
            if problem not in self._semantic_problems:
                log.warning("%s: %s", self.settings.semantic_path, problem)
        self._semantic_problems = problems
        known = self.catalogue.tables
        self.catalogue = await self.mirror.sync(tables, found.schemas)
        self._unmeasured |= {
            name
            for name, table in self.catalogue.tables.items()
            if table.kind == "table" and table != known.get(name)
        }
        # One list a user, whichever of the sessions is looked at.
        here = (session for session in self.registry.sessions.values() if session.service is self)
        for session in {session.user: session for session in here}.values():
            await self._show(session)
        self._found = found
        try:
            await asyncio.to_thread(write_snapshot, self.catalogue, self.settings.catalogue_path)
        except OSError as error:
            log.warning("%s: %s", self.settings.catalogue_path, error.strerror)

    async def learn_size(self, schema: str, table: str, spark: SparkSession) -> None:
        """Show tools what a table holds by Spark's statistics, which were just made.

        Never raises for an engine that does not tell or a mirror that does not take it: what made them is done.
        """
        try:
            rows = await self._learn_rows(schema, table, spark)
            known = self.catalogue.tables.get((schema, table))
            if rows and known is not None:
                await self.mirror.note_columns(
                    schema, table, rows, await read_statistics(spark, schema, known)
                )
        except (EngineError, MirrorUnavailable) as error:
            log.warning("tools are not told a table's size: %s", error)

    async def _learn_rows(self, schema: str, table: str, spark: SparkSession) -> int | None:
        """Raises: EngineError, MirrorUnavailable."""
        size = await read_size(spark, schema, table)
        if size is None or size.rows is None:
            return None
        pages = min(-(-size.bytes // PAGE_BYTES), 2**31 - 1)
        await self.mirror.note_size(schema, table, pages, size.rows)
        return size.rows

    async def _learn_sizes(self) -> None:
        """Ask for the sizes of tables that were found, one after the other and beside all else; until cancelled."""
        while True:
            while self._unmeasured:
                name, begun = self._unmeasured.pop(), time.monotonic()
                async with self._reading:
                    if self._spark is not None and not self._spark.broken:
                        with suppress(EngineError, MirrorUnavailable):
                            await self._learn_rows(*name, self._spark)
                await asyncio.sleep(SHARE_OF_READING * (time.monotonic() - begun))
            await asyncio.sleep(SIZES_PAUSE_S)

    async def _drop_left_over(self, stages: Iterable[tuple[str, str]]) -> None:
        """Tables that a server made on the way of a write or a load, and did not live to drop or to name."""
        assert self._spark is not None
        for schema in {schema for schema, name in stages if name.startswith(ASIDE_PREFIX)}:
            with suppress(SparkError):
                await mend(self._spark, schema)
        for name in stages:
            if left_over(name[1], time.time()):
                await forget(name, self._spark.run_command)

    async def _follow_catalogue(self) -> None:
        while True:
            try:
                if self._found is None and self._beside is not None:
                    await self.refresh_catalogue(force=True)
                # A metastore of ten thousand tables takes half a minute to read, and shall not do only that.
                await asyncio.sleep(
                    max(self.settings.mirror.sync_interval_s, SHARE_OF_READING * self._reading_s)
                )
                await self.refresh_catalogue()
                await self._find_others()
            except Exception:
                log.exception("the mirror could not be brought in step")

    # --- settings

    async def canonical_settings(self, user: str, wanted: Mapping[str, str]) -> SessionSettings:
        """Settings as the mirror writes them, remembered.  Raises: MirrorError for what it refuses."""
        key = tuple(sorted(wanted.items()))
        known = self._canonical.get(key)
        if known is None:
            others = dict(wanted)
            limit = others.pop(STATEMENT_TIMEOUT, None)
            async with self.mirror.lease(user, others) as lease:
                custom = [name for name in others if "." in name]
                known = lowered(await lease.settings_after(custom))
                if limit is not None:
                    known = {**known, STATEMENT_TIMEOUT: await lease.timeout_ms(limit)}
            if len(self._canonical) > 1000:
                self._canonical.clear()
            self._canonical[key] = known
        return known


def _fingerprint(model: Model) -> str:
    """What tells one model, with or without an adapter, from another; a file by its name, size and time."""
    adapter = adapter_of(model.name, file=model.file, own=model.lora, untuned=model.untuned)
    files = [path for path in (model.file, adapter) if path is not None]
    stamps = [f"{path}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in files if path.is_file()]
    return "|".join([model.name, *model.urls, *stamps])


def _semantics(path: Path | None) -> Semantics:
    """Raises: SettingsError."""
    try:
        return read_semantics(path)
    except (OSError, SemanticError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"[semantic] file: {path}: {reason}") from None


def _spark_zone(zone: str) -> str:
    try:
        return engine_zone(zone)
    except UnknownTimeZone as error:
        raise _zone_refused(zone) from error


def _zone_refused(zone: str) -> Refused:
    return Refused("22023", f'Spark does not know the time zone "{zone}"', hint="Name one as Europe/Berlin.")
