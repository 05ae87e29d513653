"""Frozen linear layers that multiply 8-bit integers.

Weights are rounded once, by output; what goes in, and the gradient that comes back, token by token.  The sums are exact
integers.  On processors with 8-bit dot products (AVX-512 VNNI, AVX-VNNI) that is several times faster than bf16 or
fp32, and weights take half of bf16's memory.  llama.cpp rounds activations so too when it serves a quantised model.

Leaves out: weights that learn; an adapter beside such a layer does.
Source: Dettmers et al., "LLM.int8()" (2022), its vector-wise quantisation; Wortsman et al., "Stable and low-precision
training for large-scale vision-language models" (2023), its SwitchBack layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

STEPS = 127
LEAST_SCALE = 1e-12
CHUNK_ROWS = 64
"""What is worked on at a time fits into a core's cache."""


def rounded(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row as integers and what they are to be multiplied with.  Shapes: (n, k) -> int8 (n, k), fp32 (n, 1)."""
    whole = torch.empty(rows.shape, dtype=torch.int8, device=rows.device)
    scales = torch.empty((rows.shape[0], 1), device=rows.device)
    for i in range(0, rows.shape[0], CHUNK_ROWS):
        part = rows[i : i + CHUNK_ROWS].to(torch.float32, copy=True)
        scale = part.abs().amax(1, keepdim=True).clamp_min_(LEAST_SCALE).div_(STEPS)
        scales[i : i + CHUNK_ROWS] = scale
        whole[i : i + CHUNK_ROWS] = part.div_(scale).round_()
    return whole, scales


def product(rows: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor | None = None) -> torch.Tensor:
    """Rows times an integer matrix, and its columns by `scale`.  Shapes: (n, k), int8 (k, m), (m,) -> (n, m)."""
    whole, scales = rounded(rows)
    sums = torch._int_mm(whole, weight)
    out = torch.empty(sums.shape, dtype=rows.dtype, device=rows.device)
    for i in range(0, sums.shape[0], CHUNK_ROWS):
        part = sums[i : i + CHUNK_ROWS].float().mul_(scales[i : i + CHUNK_ROWS])
        out[i : i + CHUNK_ROWS] = part if scale is None else part.mul_(scale)
    return out


class _Product(torch.autograd.Function):  # type: ignore[misc]
    """Of what goes in and frozen weights."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(weight, scale)
        return product(rows, weight.t(), scale)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        weight, scale = ctx.saved_tensors
        return product(gradient * scale.to(gradient.dtype), weight), None, None


class EightBitLinear(nn.Linear):  # type: ignore[misc]
    """A linear layer that was trained before.  Shapes: `weight` is int8 (out, in), `scale` fp32 (out,)."""

    def __init__(self, trained: nn.Linear) -> None:
        super().__init__(trained.in_features, trained.out_features, bias=False, device="meta")
        weight, scale = rounded(trained.weight.detach())
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.scale = nn.Buffer(scale[:, 0], persistent=False)
        self.bias = trained.bias

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Shapes: (..., in) -> (..., out)."""
        out = _Product.apply(given.reshape(-1, self.in_features), self.weight, self.scale)
        return (out if self.bias is None else out + self.bias).reshape(*given.shape[:-1], -1)


def in_eight_bits(model: nn.Module) -> None:
    """Replace a model's linear layers."""
    for name, layer in list(model.named_modules()):
        if type(layer) is nn.Linear:
            model.set_submodule(name, EightBitLinear(layer))
