"""Attention within a row of samples, of which only what is seen is computed.

A sample sees what it shares with the others and itself.  The row is gone through in blocks: what is shared, then some
samples at a time beside it; with 700 shared tokens of 2,048 that is half of the row's square.  On a CPU it is done in
fp32, where that is the faster kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

NAME = "row"
BLOCK_TOKENS = 384


def register() -> str:
    """The name under which a model finds it."""
    AttentionInterface.register(NAME, row_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


def blocks_of(samples: Sequence[int]) -> list[tuple[int, int]]:
    """What is shared, and then whole samples, some BLOCK_TOKENS at a time.

    Shapes: `samples` as Row.samples; blocks are (start, end), the first one may be empty.
    """
    shared = sum(number == 0 for number in samples)
    found = [(0, shared)]
    start = shared
    for place in range(shared + 1, len(samples) + 1):
        at_end = place == len(samples)
        if at_end or (samples[place] != samples[place - 1] and place - start >= BLOCK_TOKENS):
            found.append((start, place))
            start = place
    return found


def row_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    blocks: Sequence[tuple[int, int]] | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers' other kinds of attention; without `blocks` it is SDPA.

    Shapes: (1, heads, tokens, width) -> (1, tokens, heads, width); the mask is (1, 1, tokens, tokens), true for seen.
    """
    if blocks is None or attention_mask is None:
        out: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
        return out
    kind = query.dtype
    if query.device.type == "cpu":
        query, key, value = query.float(), key.float(), value.float()
    key, value = (repeat_kv(part, module.num_key_value_groups) for part in (key, value))
    shared = blocks[0][1]
    parts = []
    for start, end in blocks:
        if start == end:
            continue
        seen = [slice(0, shared), slice(start, end)] if start else [slice(0, end)]
        parts.append(
            torch.nn.functional.scaled_dot_product_attention(
                query[:, :, start:end],
                torch.cat([key[:, :, s] for s in seen], 2),
                torch.cat([value[:, :, s] for s in seen], 2),
                attn_mask=torch.cat([attention_mask[:, :, start:end, s] for s in seen], 3),
                dropout_p=dropout,
                scale=scaling,
            )
        )
    return torch.cat(parts, 2).to(kind).transpose(1, 2).contiguous(), None
