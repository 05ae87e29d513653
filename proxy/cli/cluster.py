"""`cluster`: a small cluster of real processes on this machine, up, watched and down."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proxy.cli.console import ALL_GOOD, SOME_BAD, Failure, activity

if TYPE_CHECKING:
    from proxy.cluster.parts import Cluster


def add_commands(commands: Any) -> None:
    family = commands.add_parser(
        "cluster",
        help="run a small cluster on this machine: HDFS, Spark, several servers",
        description="Real processes on loopback: NameNode and DataNodes, Spark's Master and Workers, Thrift Servers, "
        "a PostgreSQL that the servers share, language model nodes, servers.  For trying and testing: a site runs the "
        "same with conf/cluster/ on its own machines.  Hadoop's servers are fetched by Maven.",
    )
    actions = family.add_subparsers(metavar="ACTION", required=True)
    for name, run, help_text in (
        ("up", run_up, "start what is down"),
        ("status", run_status, "a line each; exit status 1 when one is down"),
        ("down", run_down, "end everything; what it holds stays"),
    ):
        action = actions.add_parser(name, help=help_text)
        action.add_argument(
            "--config", type=Path, metavar="FILE", help="what it consists of (conf/cluster/small.toml)"
        )
        action.set_defaults(run=run)


def run_up(arguments: argparse.Namespace) -> int:
    from proxy.cluster import control

    cluster = _cluster(arguments)
    with activity() as shown:
        _told(lambda: control.up(cluster, shown.now))
    port = cluster.port("server-1")
    print(f"the cluster is up; try\n\n    psql -h 127.0.0.1 -p {port} -U demo spark_catalog\n")
    return ALL_GOOD


def run_status(arguments: argparse.Namespace) -> int:
    from proxy.cluster import control

    states = control.status(_cluster(arguments))
    for state in states:
        what = "down" if state.pid is None else "up" if state.answers else "silent"
        since = time.strftime("since %Y-%m-%d %H:%M:%S", time.localtime(state.since)) if state.since else ""
        print(f"{state.name:12} {what:7} 127.0.0.1:{state.port:<6} {since}".rstrip())
    return ALL_GOOD if all(state.answers for state in states) else SOME_BAD


def run_down(arguments: argparse.Namespace) -> int:
    from proxy.cluster import control

    cluster = _cluster(arguments)
    with activity() as shown:
        ended: list[int] = []
        _told(lambda: ended.append(control.down(cluster, shown.now)))
    print(f"{ended[0]} processes ended")
    return ALL_GOOD


def _cluster(arguments: argparse.Namespace) -> Cluster:
    from proxy.cluster.config import read
    from proxy.cluster.parts import Cluster
    from proxy.settings import shipped

    return Cluster(read(arguments.config or shipped("cluster") / "small.toml"))


def _told(run: Callable[[], None]) -> None:
    """What a person can mend, in one line.  Raises: Failure."""
    from nl_frontend.errors import ModelUnavailable
    from proxy.mirror.errors import MirrorNotStarted
    from spark_thrift.errors import EngineError, JavaMissing

    try:
        run()
    except (EngineError, JavaMissing, MirrorNotStarted, OSError) as error:
        raise Failure(str(error)) from error
    except ModelUnavailable as error:
        raise Failure(f"{error.message} ({error.hint})" if error.hint else error.message) from error
