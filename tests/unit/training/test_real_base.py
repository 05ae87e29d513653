"""Training and serving read a real model alike: SmolLM2-135M, a Llama with grouped heads in four bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nl_frontend.models import pull
from nl_frontend.prompt import build_prompt
from training.base import load_base
from training.export import read_adapter, write_adapter
from training.finetune import Tuning, finetune
from training.samples import Piece, Sample

pytestmark = [pytest.mark.train, pytest.mark.model, pytest.mark.filterwarnings("default")]

SCHEMA = "CREATE TABLE patent ( -- grants\n  patent_id text,\n  grant_year int, -- such as 1999, 2012\n);"
PROMPT = build_prompt(SCHEMA, "how many patents were granted in 2012")
ANSWER = "SELECT count(*) FROM patent WHERE grant_year = 2012\n```<|im_end|>"
TEXTS = (
    PROMPT + ANSWER,
    "naïve Übergröße  'it''s' \t\n\n  \"Quoted\" 12345.678 <> >= || ; ~ 東京 \u00a0 x_y-z",
    "",
)


@pytest.fixture(scope="module")
def model() -> Path:
    return pull("smollm2-135m")


def served(model: Path, lora: Path | None) -> Any:
    import llama_cpp

    return llama_cpp.Llama(
        str(model), n_ctx=512, logits_all=True, lora_path=lora and str(lora), verbose=False
    )


def test_the_same_words_and_the_same_logits(model: Path, tmp_path: Path) -> None:
    import numpy as np
    import torch

    base = load_base(model)
    plain = served(model, None)
    for text in TEXTS:
        assert list(base.tokenise(text)) == plain.tokenize(text.encode(), add_bos=False, special=True), text

    ids = list(base.tokenise(PROMPT + ANSWER))
    answer = len(base.tokenise(ANSWER))

    def logits() -> Any:
        with torch.no_grad():
            return base.model(torch.tensor([ids])).logits[0, -answer - 1 :].numpy()

    def of(llama: Any) -> Any:
        llama.eval(ids)
        return np.array(llama.scores[len(ids) - answer - 1 : len(ids)])

    before = logits()
    rounding = abs(of(plain) - before).mean()
    # The base's modules carry the adapter from here on.
    tuning = Tuning(steps=4, tokens=512, accumulate=1, learning_rate=1e-3, validation=0.0, rank=8, alpha=16)
    run = finetune(base, [Sample((Piece(PROMPT),), ANSWER)], tuning, tmp_path / "run")
    assert run.loss < float(run.folder.curve()[0]["loss"])
    write_adapter(read_adapter(run.folder.path), tmp_path / "lora.gguf")
    base.model.eval()
    wanted = logits()
    got = of(served(model, tmp_path / "lora.gguf"))
    assert abs(wanted - before).mean() > 3 * rounding
    assert abs(got - wanted).mean() < 2 * rounding
    # Where the first token is ahead by more than the rounding moves it, it is the same one.
    two = np.sort(wanted, axis=1)[:, -2:]
    clear = two[:, 1] - two[:, 0] > 4 * rounding
    assert clear.sum() > answer // 2
    assert (got.argmax(1) == wanted.argmax(1))[clear].all()
