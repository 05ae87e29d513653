"""The command line: `streamlink-sql COMMAND ...`, one module of proxy/cli a command or family of them.

Rules: results go to standard output, everything else to standard error; a mistake is one plain line, never a
traceback; exit status 0 is yes, 1 is no or failed, 2 is wrong usage or settings.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

EPILOG = """\
to begin:
  streamlink-sql doctor                    is everything here that is needed?
  streamlink-sql demo                      real patents, everything embedded, on 127.0.0.1:5433
  psql -h 127.0.0.1 -p 5433 -U demo spark_catalog

`streamlink-sql COMMAND --help` tells more about each.  Settings: conf/server.toml documents them all.
"""


def parser() -> argparse.ArgumentParser:
    """Every command with its flags.  A command's `run` is in the namespace it parses to."""
    from proxy.cli import ask, check, cluster, doctor, load, model, serve, users

    root = argparse.ArgumentParser(
        prog="streamlink-sql",
        description="Any PostgreSQL client connects; SQL and prose are checked and run on Spark.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(metavar="COMMAND", required=True)
    for family in (serve, ask, check, load, users, model, cluster, doctor):
        family.add_commands(commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Raises: SystemExit for wrong usage, as argparse does."""
    from checker.policy import PolicyError
    from proxy.cli.console import Failure
    from proxy.settings import SettingsError
    from proxy.users import UsersError

    arguments = parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except Failure as error:
        print(f"streamlink-sql: {error}", file=sys.stderr)
        return error.status
    except (SettingsError, PolicyError, UsersError) as error:
        print(f"streamlink-sql: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `| head` has read enough.  Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
