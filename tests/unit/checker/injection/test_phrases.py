from __future__ import annotations

import pytest

from checker.injection.findings import Findings
from checker.injection.lexemes import read
from checker.injection.phrases import judge, phrases


def weight(text: str) -> float:
    findings = Findings()
    judge(read(text), findings)
    return max((finding.weight for finding in findings.all()), default=0.0)


def test_each_phrase_of_the_table_is_found() -> None:
    for group in phrases().values():
        for phrase in group:
            words = [word.replace("'x'", "'cmd'") for word in phrase.words]
            text = " ".join(word[:-1] + "y" if word.endswith("*") and word != "*" else word for word in words)
            assert weight(text.replace("*", "any")) >= phrase.weight, text


@pytest.mark.parametrize(
    "text", ["wait for delay", "select name from program", "into the wild", "master exec"]
)
def test_prose_is_none(text: str) -> None:
    assert weight(text) == 0.0
