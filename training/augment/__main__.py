"""`python -m training.augment`: pairs of templates and data, or of a schema that nobody prepared.

Rules: results go to files, the census to standard output, everything else to standard error; a mistake is one plain
line; exit status 0 is done, 1 failed, 2 wrong usage or a wrong template file.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from nl_frontend.prompt import order
from nl_frontend.values import TableValues, find, told
from training.augment.census import Census
from training.augment.data import Database, DataError, find_databases, read_parquet
from training.augment.output import choose_examples, write_census, write_examples, write_pairs, write_schema
from training.augment.postgres import Engine, EngineMissing, running, values_of
from training.augment.profile import profile_of
from training.augment.proof import Prover
from training.augment.propagate import Pair, Propagation
from training.augment.reading import TemplateError
from training.augment.split import PARTS, TRAINED, split
from training.augment.template import TemplateFile, read_templates

PAIRS_DEFAULT = 10_000
EXAMPLES_DEFAULT = 1000


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m training.augment",
        description="Make question/SQL pairs, each proven on the data, from templates or for any schema.",
    )
    made.add_argument(
        "--templates", type=Path, metavar="FILE", help="a template file (see training/templates)"
    )
    made.add_argument(
        "--data", type=Path, metavar="FOLDER", help="the parquet files that the templates ask about"
    )
    made.add_argument(
        "--schema", type=Path, metavar="PATH",
        help="a SQLite file, a folder of them, or of parquet files: pairs from templates that fit any schema",
    )  # fmt: skip
    made.add_argument("--out", type=Path, metavar="FOLDER", required=True, help="where the pairs go")
    made.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed makes the same pairs")
    made.add_argument(
        "--count",
        type=int,
        default=PAIRS_DEFAULT,
        metavar="N",
        help=f"pairs in all (default {PAIRS_DEFAULT:,})",
    )
    made.add_argument(
        "--examples",
        type=Path,
        metavar="FILE",
        help="also write examples for the front end, one a phrasing of a shape of SQL",
    )
    made.add_argument(
        "--examples-of", choices=("train", "all"), default="train",
        help="of which pairs; all leaves nothing to measure with (default train)",
    )  # fmt: skip
    made.add_argument(
        "--examples-count", type=int, default=EXAMPLES_DEFAULT, metavar="N",
        help=f"at most so many (default {EXAMPLES_DEFAULT})",
    )  # fmt: skip
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Raises: SystemExit for wrong usage, as argparse does."""
    arguments = parser().parse_args(argv)
    if (arguments.data is None) == (arguments.schema is None):
        parser().error("either --data with --templates, or --schema")
    if arguments.data is not None and arguments.templates is None:
        parser().error("--data needs --templates")
    if arguments.count < 1 or arguments.examples_count < 1:
        parser().error("a count is at least 1")
    # So that the engine is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(arguments)
    except TemplateError as error:
        print(f"augment: {error}", file=sys.stderr)
        return 2
    except (DataError, EngineMissing) as error:
        print(f"augment: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run(arguments: argparse.Namespace) -> int:
    """Raises: TemplateError, DataError, EngineMissing."""
    shipped = Path(str(files("training") / "templates" / "generic.yaml"))
    templates = read_templates(arguments.templates or shipped)
    if arguments.data is not None:
        readers: list[Callable[[], Database]] = [lambda: read_parquet(arguments.data, templates.schema)]
    else:
        readers = find_databases(arguments.schema)
    census, pairs = Census(), list[Pair]()
    with running() as engine, _bar(arguments.count) as bar:
        for place, read in enumerate(readers):
            try:
                database = engine.load(read())
            except DataError as error:
                if len(readers) == 1:
                    raise
                print(f"augment: left out: {error}", file=sys.stderr)
                continue
            wanted = (arguments.count - len(pairs)) // (len(readers) - place)
            made, counted = augment(database, engine, templates, arguments.seed, max(wanted, 1), bar.update)
            pairs += with_values(made, database, values_of(engine, database))
            census.add(counted)
            write_schema(arguments.out, database)
    if not pairs:
        raise DataError(f"no template fits the tables of {arguments.data or arguments.schema}")
    write_pairs(arguments.out, pairs)
    write_census(arguments.out, census)
    print("\n".join(census.lines()))
    if arguments.examples is not None:
        parts = PARTS if arguments.examples_of == "all" else TRAINED
        chosen = choose_examples(pairs, arguments.examples_count, parts)
        write_examples(arguments.examples, chosen)
        print(f"{len(chosen)} examples in {arguments.examples}")
    return 0


def with_values(
    pairs: Iterable[Pair], database: Database, held: Mapping[tuple[str, str], TableValues]
) -> list[Pair]:
    """What the server's prompt would say of the values that each question names."""
    path = (database.name,)
    tables = order(database.tables, path)
    return [replace(p, values=told(find(p.question, tables, held), tables, path)) for p in pairs]


def augment(
    database: Database, engine: Engine, templates: TemplateFile, seed: int, count: int,
    progress: Callable[[int], object] = lambda made: None,
) -> tuple[list[Pair], Census]:  # fmt: skip
    """The pairs of one loaded database.  Raises: TemplateError for a slot whose column is not there."""
    profile = profile_of(database, engine, kinds=templates.schema is None)
    check_columns(templates, database)
    parts = split(templates.templates, seed)
    propagation = Propagation(templates.templates, parts, profile, Prover(database, engine), seed=seed)
    return propagation.run(count, progress), propagation.census


def check_columns(templates: TemplateFile, database: Database) -> None:
    """Raises: TemplateError for values of a column that the data lack."""
    from training.augment.slots import Values

    for template in templates.templates:
        for name, slot in template.slots.items():
            if isinstance(slot, Values):
                table = database.table(slot.table)
                if table is None or table.column(slot.column) is None:
                    raise TemplateError(
                        f"{template.place}: the slot {name} takes values of {slot.table}.{slot.column},"
                        " which the data do not have"
                    )


def _bar(total: int):  # type: ignore[no-untyped-def]
    from tqdm import tqdm

    return tqdm(total=total, unit=" pairs", disable=None, leave=False)


if __name__ == "__main__":
    sys.exit(main())
