"""One GGUF model, loaded to judge: a text between two fixed ones in, two labels' log-probabilities out.

Nothing is generated: the answer is the model's own distribution over the next token, read at the one position behind
the prompt, for exactly two labels of one token each.  The text is tokenised with special tokens off, so no words in it
can end a turn or begin one, and by itself, so none can merge with what stands around it.

Rules: one caller at a time; the prefix is computed once and its state kept; `cancelled` is asked between pieces of a
prompt.  A text's score depends on nothing that was scored before it.
Leaves out: what the labels mean and what is a probability of an attack (checker.judge); several texts side by side:
tried on two cores with 16 sequences, it read no more tokens a second, and a score came to depend on its neighbours.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nl_frontend.generator import Cancelled, PromptTooLong

CHUNK_TOKENS = 256
"""Tokens computed between two looks at `cancelled`: about a second of a 135M on two cores."""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """A text to judge.

    Shapes: `prefix` and `suffix` may hold the template's control tokens, `text` is plain; each label is one token of
    the model.
    """

    prefix: str
    text: str
    suffix: str
    labels: tuple[str, str]
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What the model makes of one text.

    Units: `logprobs` natural, of the labels in their order, out of the whole vocabulary; `hidden` is the last layer's
    normalised state at the position that the labels are read at, empty unless asked for.
    """

    logprobs: tuple[float, float]
    hidden: tuple[float, ...]
    tokens: int
    cached_tokens: int


class Scorer:
    """A model and its one context.  Raises: ValueError when a file is no model or adapter that llama.cpp can load."""

    def __init__(self, path: str, *, threads: int, context_tokens: int, lora: str | None = None) -> None:
        # Waiting threads that spin starve beside a busy Spark; libgomp reads this once, as it loads.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import llama_cpp

        self._api = llama_cpp
        llama_cpp.llama_log_set(_quiet(), ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(
            path.encode(), llama_cpp.llama_model_default_params()
        )
        if not self._model:
            raise ValueError(f"{path} is no model that llama.cpp can load")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = context_tokens
        params.n_batch = params.n_ubatch = CHUNK_TOKENS
        params.embeddings = True
        params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_NONE
        params.n_threads = params.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            raise ValueError(f"{path}: no context of {context_tokens} tokens")
        if lora is not None:
            self._apply(lora)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._width = llama_cpp.llama_model_n_embd(self._model)
        self._batch = llama_cpp.llama_batch_init(CHUNK_TOKENS, 0, 1)
        self._prefix: list[int] = []
        self.context_tokens = context_tokens

    def _apply(self, lora: str) -> None:
        adapter = self._api.llama_adapter_lora_init(self._model, lora.encode())
        if not adapter:
            raise ValueError(f"{lora} is no LoRA adapter for this model")
        adapters = (self._api.llama_adapter_lora_p_ctypes * 1)(adapter)
        if self._api.llama_set_adapters_lora(self._context, adapters, 1, (ctypes.c_float * 1)(1.0)):
            raise ValueError(f"{lora} cannot be used with this model")

    def score(self, request: ScoreRequest, cancelled: Callable[[], bool]) -> Score:
        """Raises: Cancelled as soon as `cancelled()` holds; PromptTooLong; ValueError for a label of several tokens."""
        labels = [self._label(label) for label in request.labels]
        prefix = self.tokenize(request.prefix, special=True, first=True)
        suffix = self.tokenize(request.suffix, special=True)
        if not prefix or not suffix:
            raise ValueError("prefix, suffix: neither may be empty")
        end = [*self.tokenize(request.text, special=False), *suffix]
        count = len(prefix) + len(end)
        if count > self.context_tokens:
            raise PromptTooLong(f"{count} tokens; the context has {self.context_tokens}")
        cached = len(prefix) if prefix == self._prefix else 0
        if cached:
            self._api.llama_memory_seq_rm(self._memory, 0, cached, -1)
        else:
            self._prefix = []
            self._api.llama_memory_clear(self._memory, False)
            self._read(prefix, 0, cancelled)
            self._prefix = prefix
        self._read(end, len(prefix), cancelled)
        return Score(self._logprobs(labels), self._hidden() if request.hidden else (), count, cached)

    def tokenize(self, text: str, *, special: bool, first: bool = False) -> list[int]:
        """Token ids; `special` reads control tokens as such, `first` puts the model's own beginning before it."""
        raw = text.encode()
        ids = (ctypes.c_int32 * (len(raw) + 8))()
        count = self._api.llama_tokenize(self._vocab, raw, len(raw), ids, len(ids), first, special)
        if count < 0:
            raise ValueError("the text cannot be tokenised")
        return list(ids[:count])

    def _label(self, label: str) -> int:
        ids = self.tokenize(label, special=False)
        if len(ids) != 1:
            raise ValueError(f"labels: {label!r} is {len(ids)} tokens of this model, and must be one")
        return ids[0]

    def _read(self, tokens: Sequence[int], start: int, cancelled: Callable[[], bool]) -> None:
        """Compute the state of some tokens from position `start` on; the last one's output can be read then."""
        batch = self._batch
        for at in range(0, len(tokens), CHUNK_TOKENS):
            if cancelled():
                raise Cancelled
            piece = tokens[at : at + CHUNK_TOKENS]
            batch.n_tokens = len(piece)
            for i, token in enumerate(piece):
                batch.token[i] = token
                batch.pos[i] = start + at + i
                batch.n_seq_id[i] = 1
                batch.seq_id[i][0] = 0
                batch.logits[i] = at + i == len(tokens) - 1
            if self._api.llama_decode(self._context, batch):
                raise ValueError("llama.cpp could not compute the prompt")

    def _logprobs(self, labels: Sequence[int]) -> tuple[float, float]:
        count = self._api.llama_vocab_n_tokens(self._vocab)
        logits = _floats(self._api.llama_get_logits_ith(self._context, -1), count)
        top = float(logits.max())
        total = top + math.log(float(np.exp(logits - top).sum()))
        return float(logits[labels[0]]) - total, float(logits[labels[1]]) - total

    def _hidden(self) -> tuple[float, ...]:
        state = _floats(self._api.llama_get_embeddings_ith(self._context, -1), self._width)
        return tuple(state.tolist())


def _floats(pointer: Any, count: int) -> Any:
    return np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), (count,))


_LOG: list[Any] = []


def _quiet() -> Any:
    """llama.cpp's chatter goes nowhere; the callback must outlive every call."""
    import llama_cpp

    if not _LOG:
        _LOG.append(llama_cpp.llama_log_callback(lambda level, text, data: None))
    return _LOG[0]
