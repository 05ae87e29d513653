"""What an adapter is trained to say: prompts and answers, and the rows of tokens that they are packed into.

An adapter has a kind.  `sql` writes a statement for a question; `judge` says of a statement which of two labels it is.
Both use the very prompt that the server uses, from the module that the server takes it from.

Rules: only the answer counts for the loss; a piece of a prompt is tokenised as the node tokenises it; samples in one
row do not see each other (each begins at position 0); what does not fit into a row is left out and counted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from nl_frontend.prompt import FENCE, build_prompt
from training.datasets import Pair

END_OF_TURN = "<|im_end|>"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a prompt.  `control`: whether `<|im_end|>` in it is the token of that name, or six signs of text."""

    text: str
    control: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """What is read, and what is to be written behind it.  Shapes: `answer` may hold control tokens."""

    prompt: tuple[Piece, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sample as tokens.  Shapes: `answer` of the ids, at the end, are the answer."""

    ids: tuple[int, ...]
    answer: int


@dataclass(frozen=True, slots=True)
class Row:
    """Samples behind each other.

    Shapes: three sequences of one length; `positions` begin at 0 with each sample; `counted` tells which tokens the
    loss is of.
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    counted: tuple[bool, ...]


def sql_sample(pair: Pair, examples: Sequence[tuple[str, str]] = ()) -> Sample:
    """The front end's prompt, and the statement as the node's stop texts end it.

    Shapes: `examples`, (question, SQL), are on the domain's tables, so open pairs go without.
    """
    shown = examples if pair.domain else ()
    prompt = build_prompt(pair.schema, pair.question, examples=shown, dialect=pair.dialect)
    return Sample((Piece(prompt),), f"{pair.sql}\n{FENCE}{END_OF_TURN}")


def judge_sample(row: Mapping[str, Any]) -> Sample:
    """Shapes: `row` has "statement" and "attack" (true or false).  Raises: ValueError for what the judge refuses."""
    prompt = import_module("checker.judge").judge_prompt(row["statement"])
    attack, safe = prompt.labels
    pieces = (Piece(prompt.prefix), Piece(prompt.text, control=False), Piece(prompt.suffix))
    return Sample(pieces, attack if row["attack"] else safe)


KINDS: Mapping[str, Callable[..., Sample]] = {"sql": sql_sample, "judge": judge_sample}


def encode(sample: Sample, tokenise: Callable[[str], Sequence[int]]) -> Encoded:
    """Piece by piece, as nothing may merge over their ends.

    Raises: ValueError for text that could be read as a control token.
    """
    ids: list[int] = []
    for piece in sample.prompt:
        if not piece.control and "<|" in piece.text:
            raise ValueError("a text holds what a tokenizer reads as a control token")
        ids += tokenise(piece.text)
    answer = tokenise(sample.answer)
    return Encoded((*ids, *answer), len(answer))


def pack(encoded: Sequence[Encoded], length: int, *, seed: int) -> list[Row]:
    """Rows of at most `length` tokens, in an order that the seed draws.  Samples longer than that are left out."""
    fitting = [sample for sample in encoded if len(sample.ids) <= length]
    random.Random(seed).shuffle(fitting)
    return [_row(group) for group in _groups(fitting, length)]


def _groups(samples: Iterable[Encoded], length: int) -> Iterator[list[Encoded]]:
    group: list[Encoded] = []
    used = 0
    for sample in samples:
        if group and used + len(sample.ids) > length:
            yield group
            group, used = [], 0
        group.append(sample)
        used += len(sample.ids)
    if group:
        yield group


def _row(group: Iterable[Encoded]) -> Row:
    ids: list[int] = []
    positions: list[int] = []
    counted: list[bool] = []
    for sample in group:
        read = len(sample.ids) - sample.answer
        ids += sample.ids
        positions += range(len(sample.ids))
        counted += [False] * read + [True] * sample.answer
    return Row(tuple(ids), tuple(positions), tuple(counted))
