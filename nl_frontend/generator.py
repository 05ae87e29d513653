"""One GGUF model, loaded: prompt in, text and its tokens' probabilities out.

Rules: one caller at a time; what the context still holds of the last prompt is not computed again, so
prompts that share a beginning (the schema) pay only for their ends (the question); `stop` is asked before
every token and between chunks of the prompt.  Leaves out: conversations (the caller writes the template)
and several prompts at once.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

CHUNK_TOKENS = 64
"""Prompt tokens computed between two looks at `cancelled`: under a second of a 1.5B on two cores."""


class Cancelled(Exception):
    """The caller no longer wants the completion."""


class PromptTooLong(Exception):
    """Prompt and answer do not fit into the model's context."""


@dataclass(frozen=True, slots=True)
class Request:
    """One completion.  Shapes: `grammar` is GBNF; text ends before the first of `stop`."""

    prompt: str
    max_tokens: int = 256
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    grammar: str | None = None
    logprobs: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote.  Units: tokens; `logprobs` natural, one per token, empty unless asked for.

    Shapes: `finish` is "stop" (its own end, or a stop text) or "length"; `cached_tokens` of the prompt cost
    nothing.
    """

    text: str
    finish: str
    prompt_tokens: int
    cached_tokens: int
    tokens: tuple[str, ...]
    logprobs: tuple[float, ...]


class Generator:
    """A model and its one context.  Raises: ValueError when the file is no model that llama.cpp can load.

    Shapes: `lora` is a LoRA adapter's GGUF file.
    """

    def __init__(self, path: str, *, threads: int, context_tokens: int, lora: str | None = None) -> None:
        # Waiting threads that spin starve beside a busy Spark; libgomp reads this once, as it loads.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        from llama_cpp import Llama

        self._llama = Llama(
            path,
            n_ctx=context_tokens,
            n_batch=CHUNK_TOKENS,
            n_threads=threads,
            n_threads_batch=threads,
            lora_path=lora,
            verbose=False,
        )
        self.context_tokens = context_tokens

    def complete(self, request: Request, cancelled: Callable[[], bool]) -> Completion:
        """Raises: Cancelled as soon as `cancelled()` holds; PromptTooLong; ValueError for a bad grammar."""
        llama = self._llama
        prompt = llama.tokenize(request.prompt.encode(), add_bos=True, special=True)
        if not prompt or len(prompt) + request.max_tokens > self.context_tokens:
            raise PromptTooLong(
                f"{len(prompt)} + {request.max_tokens} tokens; the context has {self.context_tokens}"
            )
        grammar = None if request.grammar is None else self._grammar(request.grammar)
        cached = self._read(prompt, cancelled)
        written = self._write(prompt, request, grammar, cancelled)
        return Completion(prompt_tokens=len(prompt), cached_tokens=cached, **written)

    def _grammar(self, gbnf: str) -> Any:
        """A grammar that was tried first: llama.cpp answers a bad one with NULL and dies when it samples by it."""
        import llama_cpp

        vocab = llama_cpp.llama_model_get_vocab(self._llama.model)
        tried = llama_cpp.llama_sampler_init_grammar(vocab, gbnf.encode(), b"root")
        if not tried:
            raise ValueError("grammar: it does not parse, or has no rule named root")
        llama_cpp.llama_sampler_free(tried)
        return llama_cpp.LlamaGrammar.from_string(gbnf, verbose=False)

    def _read(self, prompt: Sequence[int], cancelled: Callable[[], bool]) -> int:
        """Bring the context to all of the prompt but its last token; returns how much of it was there
        already.
        """
        llama = self._llama
        last = len(prompt) - 1
        shared: int = min(llama.longest_token_prefix(llama.eval_tokens, prompt), last)
        llama.n_tokens = shared  # eval() drops what lies behind it
        for start in range(shared, last, CHUNK_TOKENS):
            if cancelled():
                raise Cancelled
            llama.eval(prompt[start : min(start + CHUNK_TOKENS, last)])
        return shared

    def _write(
        self, prompt: Sequence[int], request: Request, grammar: Any, cancelled: Callable[[], bool]
    ) -> dict[str, Any]:
        from llama_cpp import llama_model_get_vocab, llama_vocab_is_eog

        llama = self._llama
        vocab = llama_model_get_vocab(llama.model)
        raw = b""
        pieces: list[bytes] = []
        logprobs: list[float] = []
        finish = "length"
        stops = [text.encode() for text in request.stop]
        generated = llama.generate(prompt, temp=request.temperature, top_k=40, top_p=0.95, grammar=grammar)
        for token in generated:
            if llama_vocab_is_eog(vocab, token):
                finish = "stop"
                break
            pieces.append(llama.detokenize([token], special=True))
            raw += pieces[-1]
            if request.logprobs:
                logprobs.append(self._logprob(token))
            cut = min((at for at in (raw.find(text) for text in stops) if at >= 0), default=-1)
            if cut >= 0:
                raw, finish = raw[:cut], "stop"
                break
            if len(pieces) >= request.max_tokens:
                break
            if cancelled():
                raise Cancelled
        return {
            "text": raw.decode(errors="replace"),
            "finish": finish,
            "tokens": tuple(piece.decode(errors="replace") for piece in pieces),
            "logprobs": tuple(logprobs),
        }

    def _logprob(self, token: int) -> float:
        """log p(token) under the model itself, before grammar and temperature."""
        import numpy as np
        from llama_cpp import llama_get_logits_ith

        pointer = llama_get_logits_ith(self._llama.ctx, -1)
        logits = np.ctypeslib.as_array(
            ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), (self._llama.n_vocab(),)
        )
        top = float(logits.max())
        return float(logits[token]) - top - math.log(float(np.exp(logits - top).sum()))
