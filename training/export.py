"""`python -m training.export`: a run's adapter as a GGUF that llama.cpp loads beside the base, or merged into it.

    python -m training.export RUN --out ADAPTER.gguf
    python -m training.export RUN --out MODEL.gguf --merge BASE.gguf --quantise Q4_K_M

Rules: llama.cpp rotates neighbouring rows of Llama's query and key projections where Hugging Face rotates the first
half against the second, so a GGUF of that architecture has these rows in another order: an adapter's are put into it
here (Qwen2's are alike in both); a tensor that is not known is an error, not left out.
Source: llama.cpp, docs on GGUF and its LoRA adapters (adapter.lora.alpha; scale = alpha / rank).
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.run_folder import RunFolder

Floats = NDArray[np.float32]
TENSORS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
PERMUTED = {"llama": {"attn_q": 0, "attn_k": 1}}
"""Architecture -> tensors whose rows a GGUF has in another order, and which of the head counts they go by."""
_NAME = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(\w+\.\w+)\.lora_(A|B)\.weight\Z")


_EXPORTED = re.compile(r"blk\.(\d+)\.(\w+)\.weight\.lora_(a|b)\Z")


class ExportFailed(ValueError):
    """An adapter or a base that cannot be written; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A run's result in llama.cpp's order of rows.  Shapes: GGUF tensor name -> A (rank, in) and B (out, rank)."""

    architecture: str
    alpha: float
    tensors: dict[str, tuple[Floats, Floats]]


def read_adapter(run: Path) -> Adapter:
    """Raises: ExportFailed."""
    from safetensors.numpy import load_file

    folder = RunFolder(run)
    weights = folder.adapter / "adapter_model.safetensors"
    if not weights.is_file():
        raise ExportFailed(f"{run} holds no adapter: is the run finished?")
    config = folder.config()
    halves: dict[str, dict[str, Floats]] = {}
    for name, values in load_file(str(weights)).items():
        found = _NAME.match(name)
        if found is None or found[2] not in TENSORS:
            raise ExportFailed(f"the adapter has {name}, which has no place in a GGUF")
        tensor = TENSORS[found[2]]
        values = values.astype(np.float32)
        which = PERMUTED.get(config["architecture"], {}).get(tensor)
        if found[3] == "B" and which is not None:
            values = permute(values, config["heads"][which])
        halves.setdefault(f"blk.{found[1]}.{tensor}.weight", {})[found[3]] = values
    tensors = {name: (half["A"], half["B"]) for name, half in halves.items()}
    return Adapter(config["architecture"], float(config["tuning"]["alpha"]), tensors)


def permute(rows: Floats, heads: int) -> Floats:
    """Rows of one head: first half and second half, taken in turns."""
    out, width = rows.shape
    return np.ascontiguousarray(
        rows.reshape(heads, 2, out // heads // 2, width).swapaxes(1, 2).reshape(out, width)
    )


def unpermute(rows: Floats, heads: int) -> Floats:
    """What `permute` was given."""
    out, width = rows.shape
    return np.ascontiguousarray(
        rows.reshape(heads, out // heads // 2, 2, width).swapaxes(1, 2).reshape(out, width)
    )


def read_exported(path: Path, heads: Sequence[int]) -> tuple[str, float, dict[str, Floats]]:
    """An adapter's GGUF as peft has it: architecture, alpha, and the weights by peft's names.

    Shapes: `heads` are the base's (query heads, key heads).  Raises: ExportFailed.
    """
    import gguf

    try:
        reader = gguf.GGUFReader(path)
        architecture = str(reader.fields["general.architecture"].contents())
        alpha = float(reader.fields["adapter.lora.alpha"].contents())
    except (KeyError, ValueError) as error:
        raise ExportFailed(f"{path} is no adapter's GGUF: {error}") from error
    layers = {tensor: layer for layer, tensor in TENSORS.items()}
    weights = {}
    for tensor in reader.tensors:
        found = _EXPORTED.match(tensor.name)
        if found is None or found[2] not in layers:
            raise ExportFailed(f"{path.name} has {tensor.name}, which has no place in a model")
        values = np.asarray(tensor.data, dtype=np.float32)
        which = PERMUTED.get(architecture, {}).get(found[2])
        if found[3] == "b" and which is not None:
            values = unpermute(values, heads[which])
        name = f"base_model.model.model.layers.{found[1]}.{layers[found[2]]}.lora_{found[3].upper()}.weight"
        weights[name] = values
    return architecture, alpha, weights


def write_adapter(adapter: Adapter, out: Path, *, kind: str = "f16") -> None:
    """A GGUF for `--lora`.  Shapes: `kind` of the numbers is f16 or f32."""
    import gguf

    dtype = {"f16": np.float16, "f32": np.float32}[kind]
    writer = gguf.GGUFWriter(out, adapter.architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", adapter.alpha)
    for name, (a, b) in sorted(adapter.tensors.items()):
        writer.add_tensor(f"{name}.lora_a", a.astype(dtype))
        writer.add_tensor(f"{name}.lora_b", b.astype(dtype))
    _finish(writer)


def merge(adapter: Adapter, base: Path, out: Path, *, quantise: str) -> None:
    """One model of both.  Shapes: `quantise` is a llama.cpp file type, as Q4_K_M or F16.  Raises: ExportFailed."""
    with tempfile.TemporaryDirectory(prefix=".merge-", dir=out.parent) as folder:
        dense = Path(folder) / "merged.gguf"
        _write_merged(adapter, base, dense)
        _quantise(dense, out, quantise)


def _write_merged(adapter: Adapter, base: Path, out: Path) -> None:
    """The base with every changed tensor in 16 bits; all else as it is."""
    import gguf

    reader = gguf.GGUFReader(base)
    architecture = reader.fields["general.architecture"].contents()
    if architecture != adapter.architecture:
        raise ExportFailed(f"{base.name} is a {architecture}, the adapter is for a {adapter.architecture}")
    writer = gguf.GGUFWriter(out, adapter.architecture)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], inner)
    left = dict(adapter.tensors)
    for tensor in reader.tensors:
        if tensor.name not in left:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        a, b = left.pop(tensor.name)
        weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        if weights.shape != (b.shape[0], a.shape[1]):
            raise ExportFailed(f"{tensor.name} of {base.name} has another shape than the adapter's")
        writer.add_tensor(tensor.name, (weights + adapter.alpha / a.shape[0] * (b @ a)).astype(np.float16))
    if left:
        raise ExportFailed(f"{base.name} has no {', '.join(sorted(left))}")
    _finish(writer)


def _finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _quantise(dense: Path, out: Path, kind: str) -> None:
    """Raises: ExportFailed."""
    import ctypes

    import llama_cpp

    file_type = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{kind.upper()}", None)
    if file_type is None:
        raise ExportFailed(f"llama.cpp knows no quantisation {kind!r}")
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = file_type
    params.allow_requantize = True
    if llama_cpp.llama_model_quantize(str(dense).encode(), str(out).encode(), ctypes.byref(params)):
        raise ExportFailed(f"llama.cpp could not write {out.name} as {kind}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 written, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m training.export", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("run", type=Path, help="the folder that finetune made")
    parser.add_argument("--out", type=Path, required=True, help="the GGUF file to write")
    parser.add_argument("--type", choices=("f16", "f32"), default="f16", help="numbers of an adapter (f16)")
    parser.add_argument(
        "--merge", type=Path, metavar="BASE", help="write one model of this GGUF and the adapter"
    )
    parser.add_argument("--quantise", default="Q4_K_M", help="how the merged model is packed (Q4_K_M)")
    options = parser.parse_args(arguments)
    try:
        adapter = read_adapter(options.run)
        if options.merge:
            merge(adapter, options.merge, options.out, quantise=options.quantise)
        else:
            write_adapter(adapter, options.out, kind=options.type)
    except (ExportFailed, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
