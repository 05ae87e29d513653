"""Layers of 8-bit integers: near to what they stand for, forwards and backwards, and a model learns beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.training.test_finetune_export import ARCHITECTURES, SAMPLES, TUNING, Tiny
from training.base import BaseInvalid, load_base
from training.finetune import finetune
from training.loss import mean_loss
from training.samples import encode, pack

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]


def test_a_row_is_rounded_by_half_a_step_at_most() -> None:
    import torch

    from training.eight_bit import CHUNK_ROWS, rounded

    torch.manual_seed(1)
    rows = torch.randn(2 * CHUNK_ROWS + 3, 40) * torch.logspace(-3, 3, 2 * CHUNK_ROWS + 3)[:, None]
    rows[5] = 0
    whole, scales = rounded(rows)
    assert whole.dtype == torch.int8
    assert (rows - whole * scales).abs().le(scales * 0.501).all()
    assert whole.abs().amax(1).sort().values.tolist() == [0] + [127] * (len(rows) - 1)


def test_a_layer_is_near_to_the_one_that_it_stands_for() -> None:
    import torch

    from training.eight_bit import EightBitLinear

    torch.manual_seed(1)
    exact = torch.nn.Linear(96, 64).requires_grad_(False)
    layer = EightBitLinear(exact)
    given = torch.randn(2, 37, 96)
    results = []
    for each in (exact, layer):
        read = given.clone().requires_grad_()
        out = each(read)
        out.pow(2).sum().backward()
        results.append((out.detach(), read.grad))
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        assert (ours - theirs).norm() < 0.02 * theirs.norm()
    assert not [name for name, weight in layer.named_parameters() if weight.requires_grad]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_model_learns_beside_them(architecture: str, tiny: Tiny, tmp_path: Path) -> None:
    path = tiny(architecture)
    exact, base = load_base(path), load_base(path, precision="int8")
    rows = pack([encode(sample, base.tokenise) for sample in SAMPLES[:9]], 256, seed=1)
    before = mean_loss(base.model, rows)
    assert before == pytest.approx(mean_loss(exact.model, rows), rel=0.05)
    result = finetune(base, SAMPLES, TUNING, tmp_path / "run")
    assert result.loss < 0.5 * before
    with pytest.raises(BaseInvalid, match="GPU"):
        load_base(path, precision="int8", device="cuda")
