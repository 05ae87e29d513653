"""YAML with its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.augment.reading import TemplateError, read_yaml


def test_values_know_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a: 1\nb:\n  - yes\n  - [p, q]\n", encoding="utf-8")
    top = read_yaml(file, "shown.yaml").mapping(("a", "b"))
    assert top["a"].number() == 1
    first, second = top["b"].items()
    assert (first.line, first.text(), second.texts()) == (3, "yes", ("p", "q"))
    with pytest.raises(TemplateError, match=r"^shown\.yaml:3: expected true or false, not 'yes'"):
        first.truth()
    with pytest.raises(TemplateError, match=r"^shown\.yaml:4: expected a text"):
        second.text()
