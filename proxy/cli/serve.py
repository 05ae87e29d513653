"""`serve` and `demo`: run the server until a signal.

SIGTERM drains (see server.py); SIGINT, a second SIGTERM, and either while the server starts, end it at once.
"""

from __future__ import annotations

import argparse
import resource
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from proxy import logs
from proxy.cli import doctor
from proxy.cli.console import ALL_GOOD, Failure, activity, add_conf_flag, settings_of
from proxy.settings import Settings, SettingsError, shipped
from proxy.users import UsersError

if TYPE_CHECKING:
    from proxy.server import Ready


def add_commands(commands: Any) -> None:
    serve = commands.add_parser(
        "serve",
        help="run the server",
        description="Run the server until Ctrl-C, or SIGTERM and the end of what runs then.  What the settings name no "
        "address for is embedded: Spark, the catalogue's PostgreSQL and the language model start and stop with it.",
        epilog="First: streamlink-sql users add NAME.  Settings and their defaults: conf/server.toml.",
    )
    add_conf_flag(serve)
    serve.set_defaults(run=run_serve)
    demo = commands.add_parser(
        "demo",
        help="run the server with the sample patents, for this machine alone",
        description="Run the server with everything embedded and the sample patents loaded, in the folder "
        ".streamlink; only this machine can connect, as user demo, without a password.",
    )
    add_conf_flag(demo, shipped("demo.toml"))
    demo.set_defaults(run=run_demo)
    for command in (serve, demo):
        command.add_argument("--host", help="address to listen on instead of [listen] host")
        command.add_argument("--port", type=int, help="port instead of [listen] port; 0 takes a free one")


def run_serve(arguments: argparse.Namespace) -> int:
    return run(_settings(arguments), lambda ready: f"ready on {ready.host}:{ready.port}")


def run_demo(arguments: argparse.Namespace) -> int:
    from proxy import demo

    settings = _settings(arguments)
    return run(settings, lambda ready: demo.welcome(settings, ready.host, ready.port))


def run(settings: Settings, ready_text: Callable[[Ready], str]) -> int:
    """Start everything, print `ready_text` once it listens, and return after a signal.  Raises: Failure."""
    import asyncio

    import uvloop

    taken = next((finding for finding in doctor.port(settings) if finding.state == "missing"), None)
    if taken is not None:
        # Known now, and not when Spark is up.
        raise Failure(f"cannot listen on {taken.text}")
    logs.configure(settings.log.level)
    # A client is a file descriptor, and the soft limit is often 1,024.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with activity() as shown:
        listening = False

        def on_ready(ready: Ready) -> None:
            nonlocal listening
            listening = True
            shown.now("")
            print(ready_text(ready), flush=True)

        async def until_a_signal() -> None:
            from proxy.server import serve

            task = asyncio.current_task()
            assert task is not None
            loop = asyncio.get_running_loop()
            leaving = asyncio.Event()

            def drain() -> None:
                if leaving.is_set() or not listening:
                    task.cancel()
                leaving.set()

            loop.add_signal_handler(signal.SIGINT, task.cancel)
            loop.add_signal_handler(signal.SIGTERM, drain)
            await serve(settings, leaving=leaving, on_ready=on_ready, progress=shown.now)

        try:
            uvloop.run(until_a_signal())
        except (asyncio.CancelledError, KeyboardInterrupt):
            pass
        except Exception as error:
            raise _as_failure(error) from error
    return ALL_GOOD


def _as_failure(error: Exception) -> Exception:
    """What a person can mend, in one line; a defect of ours stays what it is."""
    from checker.policy import PolicyError
    from proxy.mirror.errors import MirrorError, MirrorNotStarted
    from spark_thrift.errors import EngineError

    cause: BaseException = error
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    mendable = (OSError, EngineError, MirrorError, MirrorNotStarted, SettingsError, PolicyError, UsersError)
    return Failure(str(cause)) if isinstance(cause, mendable) else error


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = settings_of(arguments)
    given = {name: getattr(arguments, name) for name in ("host", "port")}
    return settings.with_values(
        "listen", **{name: value for name, value in given.items() if value is not None}
    )
