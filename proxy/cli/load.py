"""`load`: files of the owner's as a table."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping
from glob import glob
from pathlib import Path
from typing import Any

from proxy.cli.console import ALL_GOOD, Failure, activity, add_conf_flag, settings_of
from proxy.settings import Settings

EPILOG = """\
examples:
  streamlink-sql load sales.csv --table shop.sales --text zip
  streamlink-sql load 'exports/*.parquet' --table patents.claims --replace --partition-by year --sort-by number
  streamlink-sql load hdfs://nn:8020/in/day.jsonl.gz --table logs.clicks --append

A running server on the same data folder does it, and its sessions see the rows at once; else an embedded Spark is
started for it.  A load that fails or is stopped leaves the table as it was.
"""


def add_commands(commands: Any) -> None:
    command = commands.add_parser(
        "load",
        help="make a table of parquet, ORC, CSV or JSON files, or add them to one",
        description="Load files into the warehouse through Spark: all rows or none, with statistics and comments.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "source", metavar="SOURCE", help="a file, a folder, a pattern, or a URI that Spark reads"
    )
    command.add_argument("--table", required=True, metavar="[SCHEMA.]NAME", help="the table")
    mode = command.add_mutually_exclusive_group()
    mode.add_argument("--replace", action="store_true", help="instead of the table that has the name")
    mode.add_argument("--append", action="store_true", help="behind the rows of the table that has the name")
    command.add_argument(
        "--format", default="", help="parquet, orc, csv, tsv or json (default: by the file's name)"
    )
    command.add_argument(
        "--partition-by", type=_names, default=(), metavar="COLUMN,...", help="a folder a value"
    )
    command.add_argument(
        "--sort-by", type=_names, default=(), metavar="COLUMN,...", help="order within the files"
    )
    command.add_argument(
        "--text",
        type=_names,
        default=(),
        metavar="COLUMN,...",
        help="columns that look like numbers and are not",
    )
    command.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of Spark's reader: sep=; multiLine=true",
    )
    command.add_argument(
        "--comments", type=Path, metavar="FILE", help='TOML: column = "what it holds"; "" is the table itself'
    )
    add_conf_flag(command)
    command.set_defaults(run=run_load)


def run_load(arguments: argparse.Namespace) -> int:
    import asyncio

    from proxy.loading import alone, as_request
    from proxy.owner import NoServer, Unanswerable, asked
    from spark_thrift.load import LoadRefused, Source, Target

    settings = settings_of(arguments)
    mode = "replace" if arguments.replace else "append" if arguments.append else "create"
    source = Source(
        _path(arguments.source, settings), arguments.format, _options(arguments.option), arguments.text
    )
    target = Target(
        _table(arguments.table, settings),
        mode,  # type: ignore[arg-type]
        arguments.partition_by,
        arguments.sort_by,
        _comments(arguments.comments),
    )
    with activity() as shown:
        try:
            _ = source.reader  # known now, and not when Spark is up
            try:
                done = asked(settings.data.folder, as_request(source, target), shown.now)
                rows, columns = done["rows"], len(done["columns"])
            except NoServer:
                loaded = asyncio.run(alone(settings, source, target, shown.now))
                rows, columns = loaded.rows, len(loaded.columns)
        except (LoadRefused, Unanswerable) as problem:
            raise Failure(str(problem)) from problem
    print(f"{rows} rows of {columns} columns in {'.'.join(target.name)}")
    return ALL_GOOD


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _table(name: str, settings: Settings) -> tuple[str, str]:
    schema, dot, bare = name.rpartition(".")
    if not bare or "." in schema or (dot and not schema):
        raise Failure(f"{name!r} is not a table's name, as in patents.claims")
    return (schema or settings.session.search_path[0]).lower(), bare.lower()


def _path(source: str, settings: Settings) -> str:
    """A URI as it is; a file of this machine by its whole name, where Spark reads this machine's files."""
    if "://" in source or not settings.spark_shares_disk:
        return source
    path = str(Path(source).expanduser().absolute())
    if not Path(path).exists() and not glob(path):
        raise Failure(f"there is no {source}")
    # Where tables lie on HDFS, Spark takes a bare path for one of HDFS's.
    return f"file://{path}"


def _options(given: list[str]) -> Mapping[str, str]:
    options = {}
    for option in given:
        key, equals, value = option.partition("=")
        if not (key and equals):
            raise Failure(f"--option {option!r} is not KEY=VALUE", 2)
        options[key] = value
    return options


def _comments(file: Path | None) -> Mapping[str, str]:
    if file is None:
        return {}
    try:
        said = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Failure(f"{file}: {error}") from error
    if wrong := [key for key, value in said.items() if not isinstance(value, str)]:
        raise Failure(f"{file}: {wrong[0]} is not a text")
    return said
