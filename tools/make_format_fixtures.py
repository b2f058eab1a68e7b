#!/usr/bin/env python3
"""Writes tests/data/formats: what the Python package `gguf` encodes and decodes.

For every type T: T.blocks (encoded bytes) and T.decoded (the floats they mean).
For types with an encoder, T.blocks is the encoding of input.f32; for the others
the blocks are random bytes with finite scales. Needs numpy and gguf.
"""

import pathlib
import sys

import gguf
import numpy as np

ENCODED = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"]
# Type: the byte offsets of its half-precision scales in a block.
DECODED = {"IQ4_NL": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
BLOCKS = 5


def make_input(rng):
    """24 blocks of 32 values that try the corners of the encoders."""
    blocks = [rng.standard_normal(32) * scale for scale in (1, 0.02, 300, 1e-6)]
    blocks += [rng.standard_normal(32) for _ in range(11)]
    blocks.append(np.zeros(32))
    blocks.append(np.full(32, 0.75))
    blocks.append(np.full(32, -3.0))
    blocks.append(np.arange(32) - 16.0)  # every code of five bits once
    blocks.append(16.0 - np.arange(32))
    blocks.append(np.arange(32) / 2)  # ties
    blocks.append(np.where(np.arange(32) % 2, 1.0, -1.0))  # equal magnitudes
    blocks.append(np.abs(rng.standard_normal(32)))
    blocks.append(rng.standard_normal(32) * 1e-30)  # scales that become 0
    return np.concatenate(blocks).astype(np.float32)


def random_blocks(rng, name):
    _, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    blocks = rng.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for offset in DECODED[name]:
        scales = rng.standard_normal(BLOCKS).astype(np.float16)
        blocks[:, offset : offset + 2] = scales.view(np.uint8).reshape(BLOCKS, 2)
    return blocks


def write(folder, name, blocks):
    kind = gguf.GGMLQuantizationType[name]
    (folder / f"{name}.blocks").write_bytes(blocks.tobytes())
    decoded = gguf.quants.dequantize(blocks, kind).astype(np.float32)
    (folder / f"{name}.decoded").write_bytes(decoded.tobytes())


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "tests/data/formats"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(20240229)
    values = make_input(rng)
    (folder / "input.f32").write_bytes(values.tobytes())
    for name in ENCODED:
        kind = gguf.GGMLQuantizationType[name]
        blocks = gguf.quants.quantize(values.reshape(1, -1), kind)
        write(folder, name, np.ascontiguousarray(blocks).view(np.uint8))
    for name in DECODED:
        write(folder, name, random_blocks(rng, name))


if __name__ == "__main__":
    main()
