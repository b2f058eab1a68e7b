#!/usr/bin/env python3
"""What `llamba convert` writes, read by others' programs.

The packages gguf and safetensors must find the names, shapes, types and values
of the model that was converted; llama-cpp-python must load a Llama teacher of
ours and answer as golden.json (float64, by numpy) says, and beyond 8,192
tokens as `llamba logits` says."""

import json
import pathlib
import struct
import sys
import tempfile

from gguf_lib import (
    check,
    exit_with_failures,
    gguf,
    load_in_llama_cpp,
    np,
    open_material,
    read_gguf,
)

try:
    from safetensors import safe_open
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def widen_bf16(halves):
    return (halves.astype("<u4") << 16).view("<f4")


def read_safetensors(path):
    """{name: float32 array}, by the file's own header; the package must agree."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        raw = np.frombuffer(data[begin:end], kinds[entry["dtype"]])
        values = widen_bf16(raw) if entry["dtype"] == "BF16" else raw.astype("<f4")
        tensors[name] = values.reshape(entry["shape"])
    with safe_open(path, "np") as file:
        check(set(file.keys()) == set(tensors), f"{path}: names by safetensors")
        for name in file.keys():
            shape = tuple(file.get_slice(name).get_shape())
            check(shape == tensors[name].shape, f"{path}: shape of {name}")
    return tensors


def interleave(matrix, heads):
    """The rows of q and k as llama.cpp's converter orders them."""
    rows = matrix.shape[0]
    halves = matrix.reshape(heads, 2, rows // heads // 2, -1)
    return halves.swapaxes(1, 2).reshape(matrix.shape)


LLAMBA_NAMES = {
    "backbone.embedding.weight": "token_embd.weight",
    "backbone.final_layernorm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "lm_head.bias": "output.bias",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "mixer.in_proj": "ssm_in",
    "mixer.conv1d": "ssm_conv1d",
    "mixer.z_bias": "ssm_z.bias",
    "mixer.D": "ssm_d",
    "mixer.out_proj": "ssm_out",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
}


def gguf_name(name):
    parts = name.split(".")
    prefix = ""
    if parts[1] == "layers":
        prefix, name = f"blk.{parts[2]}.", ".".join(parts[3:])
    for theirs, ours in LLAMBA_NAMES.items():
        if name == theirs or name.startswith(theirs + "."):
            return prefix + ours + name[len(theirs) :]
    raise KeyError(name)


def is_matrix(name):
    vectors = ("norm", "conv1d", ".D", "bias")
    return not any(part in name for part in vectors)


def compare_file(llamba, shared, model, dtype, folder):
    """One file of a model, value by value; then a directory of that file."""
    source = shared / model
    config = json.loads((source / "config.json").read_text())
    path = folder / f"{source.name}.{dtype}.gguf"
    arguments = ["--tokenizer", shared / "models/llama-mini"]
    if (source / "tokenizer.model").exists() or "published" in model:
        arguments = []
    llamba.run("convert", source, "-o", path, "--dtype", dtype, *arguments)
    original = read_safetensors(source / "model.safetensors")
    keys, tensors = read_gguf(path)
    kind = config.get("model_type")
    check(keys["general.architecture"] == kind, f"{path}: architecture")
    check(keys[f"{kind}.vocab_size"] == config["vocab_size"], f"{path}: vocabulary")
    check(len(tensors) == len(original), f"{path}: number of tensors")
    stored = {"f32": "F32", "f16": "F16", "bf16": "BF16"}[dtype]
    for name, values in original.items():
        found_type, found = tensors[gguf_name(name)]
        matrix = is_matrix(name)
        check(found_type == (stored if matrix else "F32"), f"{path}: type of {name}")
        expected = values
        if "q_proj" in name:
            expected = interleave(values, config["num_attention_heads"])
        if "k_proj" in name:
            expected = interleave(values, config["num_key_value_heads"])
        if matrix and dtype == "f16":
            expected = expected.astype("<f2").astype("<f4")
        if matrix and dtype == "bf16":
            expected = gguf.quants.dequantize(
                gguf.quants.quantize(expected, gguf.GGMLQuantizationType.BF16),
                gguf.GGMLQuantizationType.BF16,
            )
        expected = expected.reshape(found.shape)
        check(np.array_equal(found, expected), f"{path}: values of {name}")
    if arguments or (source / "tokenizer.model").exists():
        rows = len(keys["tokenizer.ggml.tokens"])
        check(rows == config["vocab_size"], f"{path}: {rows} tokens")
    back = folder / f"{source.name}.{dtype}"
    llamba.run("convert", path, "-o", back, "--dtype", "f32")
    again = read_safetensors(back / "model.safetensors")
    check(set(again) == set(original), f"{back}: names")
    if dtype == "f32":
        for name, values in original.items():
            check(np.array_equal(again[name], values), f"{back}: values of {name}")
    return path


def compare_golden(path, golden):
    """A teacher in llama.cpp against the float64 figures of golden.json."""
    model = load_in_llama_cpp(path, 256)
    ids = golden["ids"]
    model.eval(ids)
    for entry in golden["positions"]:
        logits = model.scores[entry["position"]]
        # F32 weights in float32 arithmetic; llama.cpp's SiLU and softmax use
        # approximations of about 1e-6: 1e-4 of the norm leaves room, and a row
        # of q or k in a wrong place moves logits by a tenth of it.
        for token, value in entry["top"]:
            difference = abs(logits[token] - value)
            what = f"{path}: position {entry['position']}, token {token}: {difference}"
            check(difference < 1e-4 * entry["norm"], what)
    model.reset()
    model.eval(ids)
    greedy = []
    while len(greedy) < len(golden["greedy"]):
        greedy.append(int(np.argmax(model.scores[model.n_tokens - 1])))
        model.eval(greedy[-1:])
    check(greedy == golden["greedy"], f"{path}: greedy continuation {greedy}")


LONG_CONFIG = {
    "model_type": "llama",
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "rms_norm_eps": 1e-5,
    "rope_theta": 20000.0,
    "max_position_embeddings": 16384,
    "tie_word_embeddings": True,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
}
N_LONG = 8500


def compare_long_context(llamba, shared, folder):
    """A random Llama with rope_scaling, past 8,192 tokens, in both engines."""
    tokenizer = shared / "models/stories260k"
    files = {}
    for name, scaling in (("scaled", LONG_CONFIG["rope_scaling"]), ("plain", None)):
        config = folder / f"{name}.json"
        config.write_text(json.dumps({**LONG_CONFIG, "rope_scaling": scaling}))
        made, files[name] = folder / name, folder / f"{name}.gguf"
        llamba.run("synth", "--config", config, "--dtype", "f32", "--tokenizer",
                   tokenizer, "--seed", 5, "-o", made)
        llamba.run("convert", made, "-o", files[name])
    scaled, plain = (read_gguf(files[name])[1] for name in ("scaled", "plain"))
    divisors = scaled["rope_freqs.weight"][1]
    check(divisors[0] == 1 and divisors[-1] == 32, f"rope_freqs.weight {divisors}")
    check("rope_freqs.weight" not in plain, "rope_freqs.weight without scaling")

    ids = np.random.default_rng(3).integers(3, 512, N_LONG).tolist()
    ours = llamba.logits(files["scaled"], ids, folder)
    unscaled = llamba.logits(files["plain"], ids, folder)
    model = load_in_llama_cpp(files["scaled"], N_LONG + 4)
    model.eval(ids)
    theirs = model.scores[:N_LONG]
    norms = np.linalg.norm(ours, axis=1)
    error = np.linalg.norm(ours - theirs, axis=1) / norms
    control = np.linalg.norm(unscaled - theirs, axis=1) / norms
    late = slice(8192, N_LONG)
    print(f"beyond 8,192 tokens: relative error {error[late].max():.2g} (all: "
          f"{error.max():.2g}); without scaling {control[late].mean():.2g}")
    # Angles, attention and sums in float32 on their side: errors of some 1e-6
    # were seen; a wrong frequency shows as a thousand times that.
    check(error.max() < 5e-5, f"logits differ by {error.max()} of their norm")
    check(control[late].mean() > 0.01, "the scaling changes nothing")


def main():
    llamba, shared = open_material(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for model, dtype in (
            ("models/stories260k-llamba", "f32"),
            ("models/stories260k-llamba", "f16"),
            ("models/stories260k-llamba", "bf16"),
            ("models/llamba-mini-ref", "bf16"),
            ("published/pt-groups-silu", "f32"),
            ("published/pt-odd", "f32"),
            ("models/stories260k", "f32"),
            ("models/llama-mini", "f32"),
        ):
            path = compare_file(llamba, shared, model, dtype, folder)
            if model in ("models/stories260k", "models/llama-mini"):
                golden = json.loads((shared / model / "golden.json").read_text())
                compare_golden(path, golden)
        compare_long_context(llamba, shared, folder)
    exit_with_failures()


if __name__ == "__main__":
    main()
