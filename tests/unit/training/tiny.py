"""Tiny models, made here: a Llama and a Qwen2 with random weights and a byte-level vocabulary, as GGUF files."""

from __future__ import annotations

from pathlib import Path

WIDTH, HEADS, KEY_HEADS, LAYERS, HIDDEN, CONTEXT = 64, 4, 2, 2, 128, 512
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = ["e r", "i n", "o n", "a t", "\u0120 t", "c o", "co un", "u n", "coun t", "S E", "SE L"]
MAKERS = {"llama": "smollm", "qwen2": "qwen2"}
"""Architecture -> pre-tokenizer."""


def vocabulary() -> list[str]:
    """GPT-2's names of the 256 bytes, what MERGES makes of them, and the control tokens."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names = {byte: chr(byte) for byte in plain}
    others = [byte for byte in range(256) if byte not in names]
    names |= {byte: chr(256 + i) for i, byte in enumerate(others)}
    merged = [merge.replace(" ", "") for merge in MERGES]
    return [names[byte] for byte in range(256)] + merged + SPECIAL


def write_tiny(path: Path, architecture: str, *, seed: int = 3, quantised: bool = False) -> Path:
    """A GGUF file of a model with random weights, Q8_0 or F32."""
    import gguf
    import numpy as np

    rng = np.random.default_rng(seed)
    tokens = vocabulary()
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(MAKERS[architecture])
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in SPECIAL else 1 for token in tokens])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)

    def add(name: str, *shape: int) -> None:
        vector = len(shape) == 1
        values = rng.normal(1.0 if vector else 0.0, 0.1 if vector else 0.25, shape).astype(np.float32)
        if name.endswith("bias"):
            values -= 1.0
        if quantised and not vector:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)

    narrow = WIDTH // HEADS * KEY_HEADS
    add("token_embd.weight", len(tokens), WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        add(f"{block}.attn_norm.weight", WIDTH)
        add(f"{block}.ffn_norm.weight", WIDTH)
        for part, rows in (("q", WIDTH), ("k", narrow), ("v", narrow)):
            add(f"{block}.attn_{part}.weight", rows, WIDTH)
            if architecture == "qwen2":
                add(f"{block}.attn_{part}.bias", rows)
        add(f"{block}.attn_output.weight", WIDTH, WIDTH)
        add(f"{block}.ffn_gate.weight", HIDDEN, WIDTH)
        add(f"{block}.ffn_up.weight", HIDDEN, WIDTH)
        add(f"{block}.ffn_down.weight", WIDTH, HIDDEN)
    add("output_norm.weight", WIDTH)
    add("output.weight", len(tokens), WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
