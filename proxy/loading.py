"""`streamlink-sql load`, in the server that runs on the data folder or, where none does, in the command itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from proxy.engines import Engine
from proxy.owner import Unanswerable
from proxy.settings import Settings
from spark_thrift.dialect.errors import Untranslatable
from spark_thrift.errors import EngineError
from spark_thrift.load import Loaded, LoadRefused, Source, Target, load

if TYPE_CHECKING:
    from proxy.service import Service

USER = "streamlink"


def as_request(source: Source, target: Target) -> dict[str, Any]:
    return {"do": "load", "source": asdict(source), "target": asdict(target)}


async def served(
    service: Service, request: Mapping[str, Any], progress: Callable[[str], None]
) -> dict[str, Any]:
    """Load in a running server: its own writers wait, and its sessions see the new rows.  Raises: Unanswerable."""
    if request.get("do") != "load":
        raise Unanswerable(f"this server does not know how to do {request.get('do')!r}")
    source, target = _read(request)
    try:
        spark = await service.engine.open_session(USER)
        try:
            async with service.ledger.turn(target.name, spark):
                loaded = await load(spark, source, target, progress)
            await service.refresh_catalogue(force=True)
            await service.learn_size(*target.name, spark)
        finally:
            await spark.close()
    except (LoadRefused, EngineError, Untranslatable) as problem:
        raise Unanswerable(_said(problem)) from problem
    return asdict(loaded)


async def alone(
    settings: Settings, source: Source, target: Target, progress: Callable[[str], None]
) -> Loaded:
    """Load with an engine of the command's own, started and stopped for it if it is embedded.

    Raises: Unanswerable.
    """
    settings.data.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = Engine(settings.with_values("data", sample=False), progress)
    try:
        await engine.start()
        session = await engine.open_session(USER)
        try:
            return await load(session, source, target, progress)
        finally:
            await session.close()
    except (LoadRefused, EngineError, Untranslatable) as problem:
        raise Unanswerable(_said(problem)) from problem
    finally:
        await engine.stop()


def _said(problem: Exception) -> str:
    """The first line: what follows in Spark's messages is its plan."""
    return str(getattr(problem, "message", problem)).split("\n", 1)[0]


def _read(request: Mapping[str, Any]) -> tuple[Source, Target]:
    try:
        source, target = dict(request["source"]), dict(request["target"])
        source["text"] = tuple(source["text"])
        target["name"] = tuple(target["name"])
        for key in ("partition_by", "sort_by"):
            target[key] = tuple(target[key])
        return Source(**source), Target(**target)
    except (KeyError, TypeError, ValueError) as error:
        raise Unanswerable(f"the request is incomplete: {error}") from error
