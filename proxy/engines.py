"""The Spark and the model that a server uses: found by the settings, or embedded and owned by us."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from nl_frontend.client import Access, RemoteNode
from nl_frontend.drafter import FrontEnd
from nl_frontend.errors import ModelUnavailable
from nl_frontend.models import adapter_of, load_catalogue, model_path, pull
from nl_frontend.similar import Similar, load_similar
from nl_frontend.supervisor import EmbeddedNode
from proxy.settings import Settings, SettingsError, shipped
from spark_thrift.client import Endpoint, SparkClient
from spark_thrift.errors import EngineError
from spark_thrift.launcher import EmbeddedSpark
from spark_thrift.sample import load_sample
from spark_thrift.servers import SparkServers
from spark_thrift.session import SparkSession

log = logging.getLogger("streamlink.engines")

SAMPLE_SCHEMA = "patents"
RESTART_PAUSE_S = 5.0


class Engine:
    """The Spark Thrift Server, or several, and the clients to them."""

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        self._settings = settings
        self._progress = progress
        self._embedded: EmbeddedSpark | None = None
        self.servers: SparkServers | None = None
        """None until `start`."""
        self._up = False

    @property
    def restarting(self) -> bool:
        """Whether it is an embedded one that has ended, and is started again."""
        return self._embedded is not None and not (self._up and self._embedded.running)

    async def open_session(self, user: str, conf: Mapping[str, str] | None = None) -> SparkSession:
        """A session on one of them.  Raises: as SparkClient's."""
        assert self.servers is not None
        return await self.servers.open_session(user, conf)

    async def start(self) -> None:
        """Raises: JavaMissing, EngineStartFailed; EngineUnavailable only later, by statements."""
        spark = self._settings.spark
        if self._settings.spark_embedded:
            self._embedded = EmbeddedSpark(
                self._settings.data.folder / "spark",
                java=spark.java or None,
                memory=f"{spark.memory_mb}m",
                conf={"spark.master": spark.master, **spark.conf},
            )
            await self._embedded.start(self._progress)
            self._up = True
            endpoints = [self._embedded.endpoint]
        else:
            endpoints = self._endpoints()
        self.servers = SparkServers(
            [
                SparkClient(
                    endpoint,
                    fetch_rows=spark.fetch_rows,
                    timezone=self._settings.session.timezone,
                    connect_timeout_s=spark.connect_deadline_s,
                )
                for endpoint in endpoints
            ]
        )
        if self._embedded is not None and self._settings.data.sample:
            self._progress("loading the sample patents")
            session = await self.open_session("streamlink")
            try:
                await load_sample(session, shipped("sample"), SAMPLE_SCHEMA, self._progress)
            finally:
                await session.close()

    def _endpoints(self) -> list[Endpoint]:
        spark = self._settings.spark
        tls = (
            ssl.create_default_context(cafile=str(spark.tls_ca) if spark.tls_ca else None)
            if spark.tls
            else None
        )
        password = spark.password_file.read_text("utf-8").split("\n", 1)[0] if spark.password_file else "x"
        first = Endpoint(
            spark.host,
            spark.port,
            spark.auth,
            tls,
            username=spark.user or None,
            password=password,
            principal=spark.principal,
            proxy_users=bool(spark.user or spark.principal),
        )
        further = [place.rpartition(":") for place in spark.more]
        return [first, *(replace(first, host=host.strip("[]"), port=int(port)) for host, _, port in further)]

    async def supervise(self) -> None:
        """Keep an embedded server alive; runs until cancelled."""
        while self._embedded is not None:
            await self._embedded.wait()
            self._up = False
            log.error("the embedded Spark has ended and is started again")
            try:
                # A port of its own each time: the old one may still be held by connections that are closing.
                endpoint = await self._embedded.start()
                assert self.servers is not None
                self.servers.all[0].client.endpoint = endpoint
                self._up = True
            except EngineError as error:
                log.error("the embedded Spark does not start: %s", error.message)
                await asyncio.sleep(RESTART_PAUSE_S)

    async def stop(self) -> None:
        if self.servers is not None:
            await self.servers.close()
        if self._embedded is not None:
            await self._embedded.stop()


class LanguageModel:
    """The node that writes drafts, and the front end over it; `front_end` is None where the settings want none."""

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        self._settings = settings
        self._progress = progress
        self._later = Later()
        self.front_end: FrontEnd | None = None
        if settings.model.enabled:
            spec = load_catalogue().spec(settings.model.name)
            # What an adapter was trained on needs no examples in the prompt; of nodes elsewhere nothing is known.
            tuned = settings.model_embedded and self._adapter is not None
            self.front_end = FrontEnd(
                self._later if settings.model_embedded else RemoteNode(settings.model.urls[0]),
                spec,
                more=[RemoteNode(url) for url in settings.model.urls[1:]],
                examples=() if tuned else None,
                similar=_similar(settings.model.examples, tuned=tuned),
                context_tokens=settings.model.context_tokens,
                access=access_to("model", settings.model.token_file, settings.model.tls_ca),
            )

    @property
    def _adapter(self) -> Path | None:
        model = self._settings.model
        return adapter_of(model.name, file=model.file, own=model.lora, untuned=model.untuned)

    async def start(self) -> None:
        """Pull the model if it is not here and the settings allow it, and start its node.

        Raises: ModelUnavailable, NodeUnavailable.
        """
        if not self._settings.model_embedded:
            return
        self._later.coming = True
        try:
            await self._start()
        except BaseException:
            self._later.coming = False
            raise

    async def _start(self) -> None:
        model = self._settings.model

        def pulling(text: str) -> None:
            self._later.coming = False  # not within a question's deadline
            self._progress(text)

        path = await found_or_pulled(model.name, model.file, pulls=model.pull, progress=pulling)
        node = EmbeddedNode(
            path,
            name=model.name,
            threads=model.threads,
            context_tokens=model.context_tokens,
            lora=self._adapter,
        )
        self._later.node = node
        await node.start(self._progress)

    async def stop(self) -> None:
        if self.front_end is not None:
            await self.front_end.close()
        if self._settings.model_embedded and self._later.node is not None:
            await self._later.node.stop()


def _similar(own: Path | None, *, tuned: bool) -> Similar:
    """Raises: SettingsError."""
    try:
        return load_similar(own, tuned=tuned)
    except (OSError, ValueError, KeyError) as error:
        raise SettingsError(f"[model] examples: {own}: {str(error).splitlines()[0]}") from error


def access_to(section: str, token_file: Path | None, authorities: Path | None) -> Access:
    """What nodes elsewhere want to see.  Raises: SettingsError."""
    try:
        token = token_file.read_text("utf-8").split("\n", 1)[0].strip() if token_file else ""
        if authorities is not None:
            ssl.create_default_context(cafile=authorities)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"[{section}] token_file, tls_ca: {error}") from error
    if token_file and not (token and token.isascii() and token.isprintable()):
        raise SettingsError(f"[{section}] token_file: {token_file}: there is no token in its first line")
    return Access(token, authorities)


class Later:
    """A node that need not be there yet: then it has no address."""

    def __init__(self) -> None:
        self.node: EmbeddedNode | None = None
        self._coming = False

    @property
    def url(self) -> str | None:
        return None if self.node is None else self.node.url

    @property
    def coming(self) -> bool:
        return self._coming if self.node is None else self.node.coming

    @coming.setter
    def coming(self, coming: bool) -> None:
        self._coming = coming


async def found_or_pulled(
    name: str, file: Path | None, *, pulls: bool, progress: Callable[[str], None]
) -> Path:
    """A model's file: the one that is named, the one that is here, or the one that is fetched now.

    Raises: ModelUnavailable.
    """
    if file is not None:
        return model_path(str(file))
    try:
        return model_path(name)
    except ModelUnavailable:
        if not pulls:
            raise

    def shown(done: int, total: int) -> None:
        progress(f"pulling the model {name}: {done // 1_000_000} of {total // 1_000_000} MB")

    return await asyncio.to_thread(pull, name, None, shown)
