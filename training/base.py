"""The model that an adapter is made for: a Hugging Face folder or a GGUF, from this disk alone.

Rules: nothing is fetched; a GGUF is unpacked into dense weights (packed ones make training slow), or in int8 into
whole numbers of eight bits (eight_bit.py); its rows come in Hugging Face's order, so the adapter has to be turned back
for llama.cpp (export.py).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Precision = Literal["fp32", "bf16", "int8", "auto"]
ARCHITECTURES = ("llama", "qwen2")
"""Those that export.py knows the tensors of."""
CHUNK_BYTES = 1 << 20
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Source: glibc's malloc.h."""


class BaseInvalid(ValueError):
    """A folder or file that is no model this can train."""


@dataclass(frozen=True, slots=True)
class Base:
    """A model in memory.  Shapes: `heads` are (query heads, key heads); `fingerprint` is of the weights' files."""

    model: Any
    tokenizer: Any
    architecture: str
    heads: tuple[int, int]
    fingerprint: str

    def tokenise(self, text: str) -> Sequence[int]:
        """Token ids, control tokens read as such, nothing put before them."""
        ids: Sequence[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids


def load_base(path: Path, *, precision: Precision = "auto", device: str = "cpu") -> Base:
    """Raises: BaseInvalid."""
    # Whatever these libraries would look up, they find it here or not at all.
    os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from training.attention import register

    if not path.exists():
        raise BaseInvalid(f"no model at {path}")
    if device == "cpu":
        _keep_memory()
    if precision == "int8" and device != "cpu":
        raise BaseInvalid("int8 is for the CPU; a GPU is fast in bf16")
    if precision == "auto":
        precision = "bf16" if device.startswith("cuda") else "fp32"
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    gguf = path.is_file()
    where: dict[str, Any] = {"gguf_file": path.name} if gguf else {}
    how: dict[str, Any] = {"quantization_config": GgufConfig(dequantize=True)} if gguf else {}
    folder = str(path.parent if gguf else path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **where)
        model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, attn_implementation=register(), **where, **how
        )
    except (OSError, ValueError, KeyError) as error:
        raise BaseInvalid(f"{path} is no model that can be trained: {error}") from error
    config = model.config
    if config.model_type not in ARCHITECTURES:
        raise BaseInvalid(f"{path} is a {config.model_type}; known are {', '.join(ARCHITECTURES)}")
    if precision == "int8":
        from training.eight_bit import in_eight_bits

        in_eight_bits(model)
    heads = (config.num_attention_heads, config.num_key_value_heads)
    return Base(model.to(device), tokenizer, config.model_type, heads, fingerprint_of(path))


def _keep_memory() -> None:
    """Let the C library keep what a step has freed for the next one.

    Large blocks go back to the system otherwise, and a third of a step is spent on getting them anew, page by page.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)


def fingerprint_of(path: Path) -> str:
    """The SHA-256 of a GGUF, or of a folder's weights and configuration.  Shapes: 64 hexadecimal digits."""
    names = [path] if path.is_file() else sorted([*path.glob("*.safetensors"), path / "config.json"])
    digest = hashlib.sha256()
    for name in names:
        with name.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()
