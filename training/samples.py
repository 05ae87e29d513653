"""What an adapter is trained to say: prompts and answers, and the rows of tokens that they are packed into.

An adapter has a kind.  `sql` writes a statement for a question; `judge` says of a statement which of two labels it is.
Both use the very prompt that the server uses, from the module that the server takes it from.

Rules: only the answer counts for the loss; a piece of a prompt is tokenised as the node tokenises it; samples of one
row have the same first piece, which stands there once, and do not see each other; what does not fit into a row is left
out and counted.  A row is cheaper than its samples by themselves, the more the longer that piece is, and computes the
same.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from nl_frontend.prompt import FENCE, USER_TURN, build_prompt
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
    """A sample as tokens.

    Shapes: `answer` of the ids, at the end, are the answer; `shared`, at the beginning, are what others may have too.
    """

    ids: tuple[int, ...]
    answer: int
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """What samples share, and the rest of them behind each other.

    Shapes: four sequences of one length; `positions` go on from the shared part with each sample; `samples` numbers
    them from 1, and 0 is what they share; `counted` tells which tokens the loss is of.
    """

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    samples: tuple[int, ...]
    counted: tuple[bool, ...]


def sql_sample(pair: Pair) -> Sample:
    """The front end's prompt without examples, which a tuned model is shown none of, and the statement as the
    node's stop texts end it.
    """
    prompt = build_prompt(pair.schema, pair.question, values=pair.values, dialect=pair.dialect)
    shared, turn, asked = prompt.partition(USER_TURN)
    return Sample((Piece(shared), Piece(turn + asked)), f"{pair.sql}\n{FENCE}{END_OF_TURN}")


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
    shared = 0
    for number, piece in enumerate(sample.prompt, 1):
        if not piece.control and "<|" in piece.text:
            raise ValueError("a text holds what a tokenizer reads as a control token")
        ids += tokenise(piece.text)
        if number == 1 < len(sample.prompt):
            shared = len(ids)
    answer = tokenise(sample.answer)
    return Encoded((*ids, *answer), len(answer), shared)


def pack(encoded: Sequence[Encoded], length: int, *, seed: int) -> list[Row]:
    """Rows of at most `length` tokens, in an order that the seed draws.  Samples longer than that are left out."""
    fitting = [sample for sample in encoded if len(sample.ids) <= length]
    order = random.Random(seed)
    order.shuffle(fitting)
    alike: dict[tuple[int, ...], list[Encoded]] = {}
    for sample in fitting:
        alike.setdefault(sample.ids[: sample.shared], []).append(sample)
    rows = [_row(group) for samples in alike.values() for group in _groups(samples, length)]
    order.shuffle(rows)
    return rows


def _groups(samples: Iterable[Encoded], length: int) -> Iterator[list[Encoded]]:
    """Of samples that share their beginning."""
    group: list[Encoded] = []
    used = 0
    for sample in samples:
        own = len(sample.ids) - sample.shared
        if group and used + own > length:
            yield group
            group = []
        used = used + own if group else len(sample.ids)
        group.append(sample)
    if group:
        yield group


def _row(group: Sequence[Encoded]) -> Row:
    shared = group[0].shared
    ids = list(group[0].ids[:shared])
    positions = list(range(shared))
    samples = [0] * shared
    counted = [False] * shared
    for number, sample in enumerate(group, 1):
        own = len(sample.ids) - shared
        ids += sample.ids[shared:]
        positions += range(shared, len(sample.ids))
        samples += [number] * own
        counted += [False] * (own - sample.answer) + [True] * sample.answer
    return Row(tuple(ids), tuple(positions), tuple(samples), tuple(counted))
