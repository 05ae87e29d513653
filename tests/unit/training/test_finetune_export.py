"""Tuning and export on tiny models: the loss falls, a run goes on exactly, llama.cpp computes what was trained."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nl_frontend.client import NodeClient
from nl_frontend.supervisor import EmbeddedNode
from tests.unit.training.tiny import write_tiny
from training.base import BaseInvalid, load_base
from training.export import ExportFailed, main, merge, read_adapter, write_adapter
from training.finetune import NothingToTrain, Result, Tuning, finetune
from training.finetune import main as finetune_command
from training.loss import mean_loss
from training.run_folder import RunMismatch
from training.samples import Piece, Sample, encode, pack

# torch, transformers and peft warn of each other's changes to come.
pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("default")]

SAMPLES = [Sample((Piece(f"question {i % 7}\n"),), f"SELECT {i % 5} FROM t<|im_end|>") for i in range(35)]
TUNING = Tuning(
    steps=20, tokens=128, accumulate=2, learning_rate=5e-3, validation=0.1, dropout=0.1, checkpoint_every=5
)
TEXT = "question 3\nSELECT 4 FROM t<|im_end|>question 1\nSELECT count(*) FROM t<|im_end|>"
ARCHITECTURES = ("llama", "qwen2")
Tiny = Callable[..., Path]


def tuned(base: Path, out: Path, **how: Any) -> Result:
    return finetune(load_base(base), SAMPLES, TUNING, out, **how)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A base and a finished run of it, of each architecture."""
    folder = tmp_path_factory.mktemp(request.param)
    base = write_tiny(folder / "base.gguf", request.param)
    return base, tuned(base, folder / "run")


def weights(result: Result) -> dict[str, Any]:
    from safetensors.numpy import load_file

    loaded: dict[str, Any] = load_file(str(result.folder.adapter / "adapter_model.safetensors"))
    return loaded


def trained_logits(base: Path, adapter: Path | None) -> tuple[list[int], Any]:
    """What peft computes for TEXT: (token ids, logits at each)."""
    import torch
    from peft import PeftModel

    loaded = load_base(base)
    model = PeftModel.from_pretrained(loaded.model, str(adapter)) if adapter else loaded.model
    model.eval()
    ids = list(loaded.tokenise(TEXT))
    with torch.no_grad():
        return ids, model(torch.tensor([ids])).logits[0].numpy()


def served_logits(model: Path, ids: list[int], lora: Path | None = None) -> Any:
    """What llama.cpp computes, its memory of keys and values unrounded."""
    import llama_cpp
    import numpy as np

    exact = llama_cpp.GGML_TYPE_F32
    llama = llama_cpp.Llama(
        str(model),
        n_ctx=256,
        logits_all=True,
        lora_path=lora and str(lora),
        type_k=exact,
        type_v=exact,
        verbose=False,
    )
    llama.eval(ids)
    return np.array(llama.scores[: len(ids)])


def test_the_loss_falls_and_a_run_goes_on_exactly(trained: tuple[Path, Result], tmp_path: Path) -> None:
    base, whole = trained
    losses = [float(row["loss"]) for row in whole.folder.curve()]
    assert len(losses) == whole.steps == 20
    assert losses[-1] < losses[0] / 4
    assert (whole.folder.path / "curve.png").stat().st_size > 1_000

    tuned(base, tmp_path / "parts", stop_after=12)
    # As if it had been killed two steps after its last checkpoint.
    (tmp_path / "parts" / "checkpoints" / "000012").rename(tmp_path / "lost")
    parts = tuned(base, tmp_path / "parts")
    first, second = weights(whole), weights(parts)
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)
    assert [row["loss"] for row in parts.folder.curve()] == [row["loss"] for row in whole.folder.curve()]


def test_llama_cpp_computes_what_was_trained(trained: tuple[Path, Result], tmp_path: Path) -> None:
    base, run = trained[0], trained[1].folder
    write_adapter(read_adapter(run.path), tmp_path / "lora.gguf", kind="f32")
    ids, wanted = trained_logits(base, run.adapter)
    got = served_logits(base, ids, tmp_path / "lora.gguf")
    assert (got.argmax(1) == wanted.argmax(1)).all()
    assert abs(got - wanted).max() < 1e-3
    # The adapter is what makes them equal.
    assert abs(served_logits(base, ids) - wanted).max() > 1


def test_a_quantised_base_differs_by_its_own_rounding(tiny: Tiny, tmp_path: Path) -> None:
    base = tiny("llama", quantised=True)
    run = tuned(base, tmp_path / "run").folder
    assert main([str(run.path), "--out", str(tmp_path / "lora.gguf")]) == 0
    ids, plain = trained_logits(base, None)
    rounding = abs(served_logits(base, ids) - plain).max()
    _, wanted = trained_logits(base, run.adapter)
    got = served_logits(base, ids, tmp_path / "lora.gguf")
    assert 0 < rounding < 1
    assert abs(got - wanted).max() < 3 * rounding
    # Where the first two lie further apart than the rounding, the first stays the first.
    two = wanted.copy()
    two.sort(axis=1)
    clear = two[:, -1] - two[:, -2] > 6 * rounding
    assert clear.sum() > 5
    assert (got.argmax(1) == wanted.argmax(1))[clear].all()


def test_merged_into_one_model(trained: tuple[Path, Result], tmp_path: Path) -> None:
    base, run = trained[0], trained[1].folder
    adapter = read_adapter(run.path)
    merge(adapter, base, tmp_path / "merged.gguf", quantise="F16")
    ids, wanted = trained_logits(base, run.adapter)
    assert abs(served_logits(tmp_path / "merged.gguf", ids) - wanted).max() < 0.1
    merge(adapter, base, tmp_path / "small.gguf", quantise="Q8_0")
    assert abs(served_logits(tmp_path / "small.gguf", ids) - wanted).max() < 1
    assert (tmp_path / "small.gguf").stat().st_size < (tmp_path / "merged.gguf").stat().st_size
    with pytest.raises(ExportFailed, match="no quantisation 'Q9'"):
        merge(adapter, base, tmp_path / "none.gguf", quantise="Q9")


def test_an_adapter_fits_its_own_base_only(trained: tuple[Path, Result], tiny: Tiny, tmp_path: Path) -> None:
    adapter = read_adapter(trained[1].folder.path)
    other = next(name for name in ARCHITECTURES if name != adapter.architecture)
    with pytest.raises(ExportFailed, match=f"is a {other}"):
        merge(adapter, tiny(other), tmp_path / "none.gguf", quantise="F16")
    with pytest.raises(ExportFailed, match="is the run finished"):
        read_adapter(tmp_path)


def test_a_folder_trains_like_the_file_it_came_from(tiny: Tiny, tmp_path: Path) -> None:
    base = tiny("llama")
    loaded = load_base(base)
    loaded.model.config.quantization_config = None
    loaded.model.save_pretrained(tmp_path / "folder")
    loaded.tokenizer.save_pretrained(tmp_path / "folder")
    first = tuned(base, tmp_path / "file-run")
    second = tuned(tmp_path / "folder", tmp_path / "folder-run")
    assert second.loss == pytest.approx(first.loss, rel=1e-3)


def test_a_run_begins_with_an_exported_adapter(trained: tuple[Path, Result], tmp_path: Path) -> None:
    base, before = trained
    exported = tmp_path / "lora.gguf"
    write_adapter(read_adapter(before.folder.path), exported)
    still = replace(TUNING, steps=1, learning_rate=0.0, dropout=0.0)
    loaded = load_base(base)
    after = finetune(loaded, SAMPLES, still, tmp_path / "run", begin=exported)
    for name, values in weights(before).items():
        assert weights(after)[name] == pytest.approx(values, rel=2e-3, abs=1e-5), name
    assert after.loss < 0.5
    assert json.loads((after.folder.path / "config.json").read_text())["begin"]
    with pytest.raises(RunMismatch):
        finetune(load_base(base), SAMPLES, still, tmp_path / "run")
    with pytest.raises(ExportFailed, match="rank"):
        finetune(load_base(base), SAMPLES, replace(still, rank=4), tmp_path / "other", begin=exported)


async def test_the_node_serves_base_and_adapter(trained: tuple[Path, Result], tmp_path: Path) -> None:
    base, run = trained[0], trained[1].folder
    write_adapter(read_adapter(run.path), tmp_path / "lora.gguf")
    said = []
    for lora in (None, tmp_path / "lora.gguf"):
        node = EmbeddedNode(base, name="tiny", context_tokens=256, threads=1, lora=lora)
        await node.start()
        client = NodeClient(node)
        body = {"prompt": "question 3\n", "max_tokens": 16, "temperature": 0.0}
        said.append((await client.complete(body, deadline_s=60)).text)
        await client.close()
        await asyncio.wait_for(node.stop(), 30)
    assert "FROM t" in said[1]
    assert said[0] != said[1]


def test_packed_samples_do_not_see_each_other(tiny: Tiny) -> None:
    base = load_base(tiny("llama"))
    encoded = [encode(sample, base.tokenise) for sample in SAMPLES[:6]]
    together = pack(encoded, 1_000, seed=1)
    alone = pack(encoded, max(len(e.ids) for e in encoded), seed=1)
    assert (len(together), len(alone)) == (1, 6)
    assert mean_loss(base.model, together) == pytest.approx(mean_loss(base.model, alone), rel=1e-5)
    assert mean_loss(base.model, ()) is None


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_shared_beginning_is_read_once_and_changes_nothing(
    architecture: str, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import attention

    monkeypatch.setattr(attention, "BLOCK_TOKENS", 30)
    base = load_base(tiny(architecture))
    asked = [(f"tables {i % 2} of all\n" * 3, f"question {i}\n", f"SELECT {i}<|im_end|>") for i in range(6)]
    shared = [Sample((Piece(table), Piece(question)), sql) for table, question, sql in asked]
    encoded = [encode(sample, base.tokenise) for sample in shared]
    together = pack(encoded, 1_000, seed=1)
    alone = [row for one in encoded for row in pack([one], 1_000, seed=1)]
    assert (len(together), len(alone)) == (2, 6)
    assert (
        sum(len(row.ids) for row in together) < sum(len(row.ids) for row in alone) - 4 * encoded[0].shared + 1
    )
    assert all(len(blocks) == 3 for blocks in (attention.blocks_of(row.samples) for row in together))
    losses = [mean_loss(base.model, rows) for rows in (together, alone)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_run_says_what_made_it(tiny: Tiny, tmp_path: Path) -> None:
    base = tiny("llama")
    result = tuned(base, tmp_path / "run", stop_after=2)
    config = json.loads((result.folder.path / "config.json").read_text())
    assert config["tuning"]["seed"] == 1
    assert config["samples"] + config["validation_samples"] == len(set(SAMPLES))
    assert {"torch", "transformers", "peft", "python"} <= config["versions"].keys()
    with pytest.raises(RunMismatch, match="other data"):
        finetune(load_base(base), SAMPLES[:20], TUNING, tmp_path / "run")
    with pytest.raises(NothingToTrain):
        finetune(load_base(base), SAMPLES, Tuning(tokens=4), tmp_path / "other")


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BaseInvalid, match="no model at"):
        load_base(tmp_path / "none.gguf")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BaseInvalid, match="no model that can be trained"):
        load_base(tmp_path / "empty")
    (tmp_path / "torn.gguf").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(BaseInvalid):
        load_base(tmp_path / "torn.gguf")


def test_the_commands_from_pairs_to_an_adapter(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "approved.jsonl"
    rows = [{"question": f"q {i}", "sql": f"SELECT {i}", "schema": "CREATE TABLE t ();"} for i in range(6)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = tmp_path / "run"
    arguments = ["--base", str(tiny("qwen2")), "--data", f"approved:{pairs}", "--out", str(run)]
    settings = ["--steps", "2", "--accumulate", "1", "--rank", "2", "--tokens", "1024", "--device", "cpu"]
    assert finetune_command([*arguments, *settings]) == 0
    assert "2 steps, loss" in capsys.readouterr().out
    assert main([str(run), "--out", str(tmp_path / "lora.gguf")]) == 0
    assert (tmp_path / "lora.gguf").read_bytes()[:4] == b"GGUF"
    # The same folder with other settings, and data that is for measuring.
    assert finetune_command([*arguments, *settings, "--seed", "2"]) == 1
    assert "other data, tuning" in capsys.readouterr().err
    assert finetune_command([*arguments, "--data", f"approved:{tmp_path / 'dev.jsonl'}"]) == 1
    assert "for measuring" in capsys.readouterr().err
    assert main([str(tmp_path), "--out", str(tmp_path / "none.gguf")]) == 1
