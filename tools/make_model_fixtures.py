#!/usr/bin/env python3
"""Writes tests/data/model: small models by other programs than ours.

  pytorch/          a Llamba of one layer as pytorch_model.bin; element i of a
                    tensor is i / 64 - 1, minus 1000 for the norms
  sharded/          the same in two safetensors files with an index, BF16
  mlx.safetensors   a Llamba of one block in MLX's layout, in_proj quantised to
                    8 bits with groups of 32, the rest plain

Needs numpy, gguf and safetensors (for make_checkpoint_fixtures).
"""

import collections
import json
import pathlib
import struct
import sys

import numpy as np
from make_checkpoint_fixtures import (
    FloatStorage,
    Storage,
    Tensor,
    write_pytorch,
)

ROOT = pathlib.Path(__file__).resolve().parent.parent

CONFIG = {
    "model_type": "llamba",
    "vocab_size": 13,
    "pad_vocab_size_multiple": 8,
    "d_model": 8,
    "n_layer": 1,
    "tie_embeddings": True,
    "mlp_cfg": {"intermediate_size": 12},
    "ssm_cfg": {"d_state": 4, "n_v_heads": 2, "n_qk_heads": 1},
}
CHANNELS, ROWS = 8 + 2 * 4, 8 + 2 * 4 + 8 + 2
LAYER = "backbone.layers.0."
SHAPES = {
    "backbone.embedding.weight": (16, 8),
    LAYER + "input_layernorm.weight": (8,),
    LAYER + "mixer.in_proj.weight": (ROWS, 8),
    LAYER + "mixer.conv1d.weight": (CHANNELS, 1, 4),
    LAYER + "mixer.conv1d.bias": (CHANNELS,),
    LAYER + "mixer.z_bias": (8,),
    LAYER + "mixer.D": (2,),
    LAYER + "mixer.out_proj.weight": (8, 8),
    LAYER + "post_attention_layernorm.weight": (8,),
    LAYER + "mlp.gate_proj.weight": (12, 8),
    LAYER + "mlp.up_proj.weight": (12, 8),
    LAYER + "mlp.down_proj.weight": (8, 12),
    "backbone.final_layernorm.weight": (8,),
    # Tied: torch.save writes it as a second view of the embedding.
    "lm_head.weight": (16, 8),
}


def values(name):
    n = np.arange(np.prod(SHAPES[name]), dtype=np.float32) / 64 - 1
    if "norm" in name:
        n -= 1000
    return n.reshape(SHAPES[name])


def contiguous_strides(shape):
    strides = [1]
    for size in reversed(shape[1:]):
        strides.insert(0, strides[0] * size)
    return tuple(strides)


def write_pytorch_model(folder):
    tensors, storages = collections.OrderedDict(), {}
    for name, shape in SHAPES.items():
        home = "backbone.embedding.weight" if name == "lm_head.weight" else name
        if home not in storages:
            data = values(home)
            storages[home] = Storage(
                FloatStorage, str(len(storages)), data.tobytes(), data.size
            )
        tensors[name] = Tensor(storages[home], 0, shape, contiguous_strides(shape))
    path = folder / "pytorch_model.bin"
    write_pytorch(path, tensors, list(storages.values()), True, False)


def write_safetensors(path, tensors, metadata=None):
    """{name: (dtype, shape, bytes)}"""
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, raw) in tensors.items():
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def bf16(array):
    return (np.ascontiguousarray(array, "<f4").view("<u4") >> 16).astype("<u2")


def write_sharded_model(folder):
    names = [name for name in SHAPES if name != "lm_head.weight"]
    index = {"metadata": {"total_size": 0}, "weight_map": {}}
    for i, part in enumerate((names[::2], names[1::2])):
        file = f"model-0000{i + 1}-of-00002.safetensors"
        tensors = {n: ("BF16", SHAPES[n], bf16(values(n)).tobytes()) for n in part}
        write_safetensors(folder / file, tensors, {"format": "pt"})
        index["weight_map"].update(dict.fromkeys(part, file))
        index["metadata"]["total_size"] += sum(len(t[2]) for t in tensors.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1))


MLX_SHAPES = {
    "embedding.encoder.weight": (16, 32),
    "model.norm.weight": (32,),
    "head.linear.weight": (16, 32),
    "model.layers.0.norm.weight": (32,),
    "model.layers.0.layer.conv_weight": (48, 4),
    "model.layers.0.layer.conv_bias": (48,),
    "model.layers.0.layer.z_bias": (32,),
    "model.layers.0.layer.D": (2,),
    "model.layers.0.layer.out_proj.weight": (32, 32),
    "model.layers.1.norm.weight": (32,),
    "model.layers.1.layer.in_proj.weight": (24, 32),
    "model.layers.1.layer.gate_proj.weight": (24, 32),
    "model.layers.1.layer.out_proj.weight": (32, 24),
}


def write_mlx(path):
    tensors = {}
    for name, shape in MLX_SHAPES.items():
        data = (np.arange(np.prod(shape), dtype=np.float32) / 64 - 1).astype("<f2")
        tensors[name] = ("F16", shape, data.tobytes())
    rows = 48 + 32 + 2
    # Value j of row r is q * scale + bias with q = (7 r + j) mod 256.
    quants = (7 * np.arange(rows)[:, None] + np.arange(32)) % 256
    words = quants.astype("u1").reshape(rows, 8, 4).copy().view("<u4")
    scales = (np.where(np.arange(rows) % 2, -1, 1) / 128).astype("<f2")
    offsets = (np.arange(rows) / 4).astype("<f2")
    layer = "model.layers.0.layer.in_proj."
    tensors[layer + "weight"] = ("U32", (rows, 8), words.tobytes())
    tensors[layer + "scales"] = ("F16", (rows, 1), scales.tobytes())
    tensors[layer + "biases"] = ("F16", (rows, 1), offsets.tobytes())
    metadata = {
        "_class_": '"models.llamba.Llamba"',
        "eos": "128009",
        "model.n_layer_repeats": "1",
        "model.unique_layers.0.layer.conv_swish": "true",
        "model.unique_layers.0.layer.dt_limit.1": "Infinity",
        "model.unique_layers.0.layer.n_heads": "2",
        "model.unique_layers.1.layer.activation": '"swish"',
        "model.unique_layers.1.layer.norm": "null",
    }
    write_safetensors(path, tensors, metadata)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/data/model"
    for name, write in (("pytorch", write_pytorch_model), ("sharded", write_sharded_model)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        write(folder / name)
        (folder / name / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    write_mlx(folder / "mlx.safetensors")


if __name__ == "__main__":
    main()
