"""The harness fails when it should: a transcript that can't fail proves nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.transcripts.harness import Target, TranscriptFailure, matches, parse_transcript, run_transcript

WRONG = {
    "value": 'until\nReadyForQuery\n----\n{"Type": "RowDescription"}\n{"Type": "DataRow", "Values": ["2"]}\n'
    '{"Type": "CommandComplete"}\n{"Type": "ReadyForQuery"}',
    "message missing": 'until\nReadyForQuery\n----\n{"Type": "RowDescription"}\n{"Type": "ReadyForQuery"}',
    "never comes": "until\nPortalSuspended\n----",
    "not closed": "closed",
    "not silent": "silent",
}


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ({"Type": "A"}, {"Type": "A", "More": 1}, True),
        ({"Type": "A", "More": 2}, {"Type": "A", "More": 1}, False),
        ({"Less": None}, {}, False),
        (["1", None], [b"1", None], True),
        (["1"], [b"1", b"2"], False),
        ([{"binary": "00 ff"}], [b"\0\xff"], True),
        ([{"binary": "00"}], [None], False),
        (["ä"], ["ä".encode()], True),
        ([None], [b""], False),
    ],
)
def test_patterns(pattern: Any, value: Any, expected: bool) -> None:
    assert matches(pattern, value) is expected


def test_blocks_know_their_lines() -> None:
    blocks = parse_transcript('# c\nconnect b {"A": "x y"}\n\n# d\n\nuntil b ignore=X\nY\n----\n{}\n')
    assert [(block.line, block.directive, block.arguments) for block in blocks] == [
        (2, "connect", ("b", '{"A": "x y"}')),
        (6, "until", ("b", "ignore=X")),
    ]
    assert (blocks[1].lines, blocks[1].expected) == (("Y",), ("{}",))
    with pytest.raises(ValueError, match="line 1: unknown directive 'sned'"):
        parse_transcript("sned\nSync")


@pytest.mark.mirror
@pytest.mark.parametrize("ending", WRONG.values(), ids=list(WRONG))
def test_a_wrong_transcript_fails(ending: str, oracle: Target, tmp_path: Path) -> None:
    path = tmp_path / "wrong.pgt"
    path.write_text(f'connect\n\nsend\nQuery {{"String": "SELECT 1"}}\n\n{ending}\n')
    with pytest.raises(TranscriptFailure, match=r"wrong\.pgt:6: "):
        run_transcript(path, oracle.host, oracle.port, timeout_s=1)
