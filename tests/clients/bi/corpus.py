"""The statements of the files beside this one, and the README's table of what they prove.

A file is a family of constructs: its first line is `-- family: NAME`.  A statement stands under a line of its own and
ends with a semicolon:

    -- a name | construct
    SELECT ...;
    -- refused: a name | construct            the server answers 0A000 and names what it cannot carry over
    -- error 22012: a name | construct        PostgreSQL raises this SQLSTATE, and so must the server

`python -m tests.clients.bi.corpus` writes the table into the README.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent.parent.parent / "README.md"
BEGIN, END = "<!-- tests/clients/bi -->\n", "<!-- /tests/clients/bi -->\n"

_HEADER = re.compile(r"-- (?:(?P<fate>refused|error (?P<code>\w{5})): )?(?P<name>.+?) \| (?P<construct>.+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.  `error` is the SQLSTATE that both answer; `refused` that only the server does, with 0A000."""

    family: str
    name: str
    construct: str
    sql: str
    refused: bool = False
    error: str | None = None

    @property
    def label(self) -> str:
        return f"{self.family}: {self.name}"

    @property
    def ordered(self) -> bool:
        """Whether ORDER BY decides the order of all rows: whoever writes one in the corpus writes it so."""
        depth, outside = 0, []
        for part in re.split(r"('(?:[^']|'')*'|[()])", self.sql):
            if part in "()":
                depth += {"(": 1, ")": -1}.get(part, 0)
            elif not depth and not part.startswith("'"):
                outside.append(part)
        return re.search(r"\border\s+by\b", " ".join(outside), re.IGNORECASE) is not None


def statements() -> list[Statement]:
    """Raises: ValueError for a line that belongs to nothing, and for a name that a family uses twice."""
    found = [statement for file in sorted(HERE.glob("*.sql")) for statement in _read(file)]
    names = [statement.label for statement in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"two statements are called {sorted(twice)}")
    return found


def _read(file: Path) -> list[Statement]:
    title, *lines = file.read_text("utf-8").splitlines()
    if not title.startswith("-- family: "):
        raise ValueError(f"{file.name}: its first line is no `-- family: NAME`")
    found: list[Statement] = []
    header: re.Match[str] | None = None
    sql: list[str] = []
    for number, line in enumerate(lines, start=2):
        if not line.strip() and not sql:
            continue
        if not sql and line.startswith("-- "):
            header = _HEADER.fullmatch(line)
            if header is None:
                raise ValueError(f"{file.name}:{number}: cannot read {line!r}")
            continue
        sql.append(line)
        if not line.endswith(";"):
            continue
        if header is None:
            raise ValueError(f"{file.name}:{number}: a statement without a name")
        found.append(_statement(title.removeprefix("-- family: "), header, "\n".join(sql)[:-1]))
        header, sql = None, []
    if sql or header:
        raise ValueError(f"{file.name}: its last statement has no end")
    return found


def _statement(family: str, header: re.Match[str], sql: str) -> Statement:
    return Statement(
        family, header["name"], header["construct"], sql, header["fate"] == "refused", header["code"]
    )


def table() -> str:
    """Markdown: a line a family, each construct once, under what becomes of it."""
    families: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for statement in statements():
        runs, refused = families.setdefault(statement.family, ({}, {}))
        (refused if statement.refused else runs)[statement.construct] = None
    lines = ["| | runs | refused |", "|---|---|---|"]
    for family, (runs, refused) in families.items():
        cells = (", ".join(each).replace("|", "\\|") for each in (runs, refused))
        lines.append(f"| {family} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def with_table(readme: str) -> str:
    """The README with today's table.  Raises: ValueError where it has no place for one."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN.strip()} ... {END.strip()}")
    return f"{before}{begin}{table()}{end}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
