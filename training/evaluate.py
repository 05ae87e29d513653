"""`python -m training.evaluate SET`: how good the models and the gate are, measured.

    spider     questions of Spider dev: exact match and execution accuracy, beside published figures
    patents    held-out questions about the patents: execution accuracy of the whole front end
    gate       attacks and honest statements against the gate

Each says more with --help.  The table goes to standard output; with --json one object is its last line.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

SETS = {
    "spider": "training.evaluate_spider",
    "patents": "training.evaluate_patents",
    "gate": "training.evaluate_gate",
}


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 measured, 1 failed, 2 wrong usage."""
    if not arguments or arguments[0] not in SETS:
        print((__doc__ or "").strip(), file=sys.stderr if arguments[:1] != ["--help"] else sys.stdout)
        return 0 if arguments[:1] == ["--help"] else 2
    status: int = import_module(SETS[arguments[0]]).main(list(arguments[1:]))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
