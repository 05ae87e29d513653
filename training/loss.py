"""The loss of a model on rows of samples, per token of the answers.

Rules: only the answers' logits are computed (a vocabulary is 150,000 wide); a token sees what its row's samples share
and what stands before it in its own sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.samples import Row


def answer_loss(model: Any, row: Row) -> Any:
    """The cross-entropy summed over a row's answer tokens, as a tensor."""
    import torch

    from training.attention import blocks_of

    ids = torch.tensor([row.ids], device=model.device)
    positions = torch.tensor([row.positions], device=model.device)
    targets = torch.tensor([i for i, counts in enumerate(row.counted) if counts], device=model.device)
    samples = torch.tensor(row.samples, device=model.device)
    seen = (samples == 0) | (samples == samples[:, None])
    out = model(
        input_ids=ids,
        position_ids=positions,
        attention_mask=seen.tril()[None, None],
        blocks=blocks_of(row.samples),
        logits_to_keep=targets - 1,
        use_cache=False,
    )
    return torch.nn.functional.cross_entropy(out.logits[0].float(), ids[0, targets], reduction="sum")


def mean_loss(model: Any, rows: Sequence[Row]) -> float | None:
    """Over all answer tokens of some rows, without dropout; None without rows."""
    import torch

    if not rows:
        return None
    training = model.training
    model.eval()
    with torch.no_grad():
        loss = sum(float(answer_loss(model, row)) for row in rows)
    model.train(training)
    return loss / sum(sum(row.counted) for row in rows)
