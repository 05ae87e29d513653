"""A YAML file with its line numbers: what is read is typed, and what is wrong is told with file:line.

Rules: every key is known or refused with the nearest right one; a list is a list and a text is a text.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class TemplateError(Exception):
    """A template file that cannot be used; the text begins with file:line."""


@dataclass(frozen=True, slots=True)
class Item:
    """One node of the file."""

    node: Any
    file: str

    @property
    def line(self) -> int:
        """Counted from one."""
        return int(self.node.start_mark.line) + 1

    def wrong(self, what: str) -> TemplateError:
        return TemplateError(f"{self.file}:{self.line}: {what}")

    def mapping(self, known: Iterable[str] | None = None) -> dict[str, Item]:
        """The keys of a mapping; only `known` ones, unless any may stand there.  Raises: TemplateError."""
        from yaml import MappingNode

        if not isinstance(self.node, MappingNode):
            raise self.wrong("expected keys with values")
        allowed = None if known is None else list(known)
        found: dict[str, Item] = {}
        for key, value in self.node.value:
            name = Item(key, self.file).text()
            if allowed is not None and name not in allowed:
                near = difflib.get_close_matches(name, allowed, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(allowed)}"
                raise Item(key, self.file).wrong(f"unknown key {name!r}: {hint}")
            if name in found:
                raise Item(key, self.file).wrong(f"{name!r} stands here twice")
            found[name] = Item(value, self.file)
        return found

    def items(self) -> list[Item]:
        """Raises: TemplateError unless this is a list."""
        from yaml import SequenceNode

        if not isinstance(self.node, SequenceNode):
            raise self.wrong("expected a list")
        return [Item(node, self.file) for node in self.node.value]

    def is_list(self) -> bool:
        from yaml import SequenceNode

        return isinstance(self.node, SequenceNode)

    def is_mapping(self) -> bool:
        from yaml import MappingNode

        return isinstance(self.node, MappingNode)

    def text(self) -> str:
        """Raises: TemplateError unless this is one value."""
        from yaml import ScalarNode

        if not isinstance(self.node, ScalarNode):
            raise self.wrong("expected a text")
        return str(self.node.value)

    def number(self) -> int:
        """Raises: TemplateError unless this is a whole number."""
        text = self.text()
        try:
            return int(text)
        except ValueError:
            raise self.wrong(f"expected a whole number, not {text!r}") from None

    def truth(self) -> bool:
        """Raises: TemplateError unless this is true or false."""
        match self.text().lower():
            case "true":
                return True
            case "false":
                return False
            case other:
                raise self.wrong(f"expected true or false, not {other!r}")

    def texts(self) -> tuple[str, ...]:
        """A text, or a list of them."""
        return tuple(self._texts())

    def _texts(self) -> Iterator[str]:
        if self.is_list():
            yield from (item.text() for item in self.items())
        else:
            yield self.text()

    def choice(self, known: Iterable[str], what: str) -> str:
        """A text that is one of `known`.  Raises: TemplateError."""
        text, allowed = self.text(), list(known)
        if text not in allowed:
            near = difflib.get_close_matches(text, allowed, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(allowed)}"
            raise self.wrong(f"unknown {what} {text!r}: {hint}")
        return text


def read_yaml(path: Path, name: str | None = None) -> Item:
    """The file's top.  Raises: TemplateError for a file that is missing, empty or no YAML."""
    import yaml

    shown = name or str(path)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise TemplateError(f"{shown}:1: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TemplateError(f"{shown}:1: is not UTF-8 text") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise TemplateError(f"{shown}:{line}: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"{shown}:1: {error}") from error
    if node is None:
        raise TemplateError(f"{shown}:1: the file is empty")
    return Item(node, shown)
