#!/usr/bin/env python3
"""Writes tests/data/runtime: small random models and what they must compute.

The logits come from the equations of the model in numpy's float64, one token
at a time, written apart from the engine: a recurrent layer keeps its state and
the last inputs of its convolution, an attention layer keeps keys and values.

    python3 tools/make_runtime_fixtures.py [DIRECTORY]
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np

EPS_BLOCK = 1e-5


# --- Storing: safetensors in F32, F16 or BF16 --------------------------------


def encode(values, dtype):
    """Bytes of the values, and the values that those bytes hold."""
    single = np.asarray(values, np.float32)
    if dtype == "F32":
        return single.tobytes(), single.astype(np.float64)
    if dtype == "F16":
        half = single.astype(np.float16)
        return half.tobytes(), half.astype(np.float64)
    top = (single.view(np.uint32) + 0x8000) >> 16
    exact = (top << 16).astype(np.uint32).view(np.float32)
    return top.astype(np.uint16).tobytes(), exact.astype(np.float64)


class Writer:
    def __init__(self, dtype, seed):
        self.dtype = dtype
        self.rng = np.random.default_rng(seed)
        self.header, self.data = {}, b""
        self.values = {}

    def add(self, name, shape, scale, offset=0.0):
        raw, exact = encode(self.rng.normal(offset, scale, shape), self.dtype)
        begin = len(self.data)
        self.data += raw
        self.header[name] = {
            "dtype": self.dtype,
            "shape": list(shape),
            "data_offsets": [begin, len(self.data)],
        }
        self.values[name] = exact

    def linear(self, name, rows, cols, bias=False):
        self.add(name + ".weight", (rows, cols), 1.2 / math.sqrt(cols))
        if bias:
            self.add(name + ".bias", (rows,), 0.3)

    def save(self, path):
        header = json.dumps(self.header, separators=(",", ":")).encode()
        header += b" " * (-len(header) % 8)
        path.write_bytes(struct.pack("<Q", len(header)) + header + self.data)


# --- Computing ---------------------------------------------------------------


def silu(x):
    return x / (1 + np.exp(-x))


ACTIVATIONS = {
    "identity": lambda x: x,
    "silu": silu,
    "gelu": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (
        1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    ),
    "relu": lambda x: np.maximum(x, 0),
}


def rms_norm(x, weight, eps):
    return x / np.sqrt(np.mean(x * x) + eps) * weight


def apply_linear(w, name, x):
    y = w[name + ".weight"] @ x
    return y + w[name + ".bias"] if name + ".bias" in w else y


class Mamba2:
    def __init__(self, w, prefix, cfg, d_model):
        self.w, self.prefix, self.cfg = w, prefix, cfg
        self.inner = cfg["expand"] * d_model
        self.group_width = cfg["n_qk_heads"] * cfg["d_state"]
        channels = self.inner + 2 * self.group_width
        self.window = [np.zeros(channels)] * cfg["d_conv"]
        head_dim = self.inner // cfg["n_v_heads"]
        self.state = np.zeros((cfg["n_v_heads"], head_dim, cfg["d_state"]))

    def step(self, u, _position):
        w, p, cfg = self.w, self.prefix, self.cfg
        row = apply_linear(w, p + "in_proj", u)
        n_conv = self.inner + 2 * self.group_width
        xbc, z, a_log = np.split(row, [n_conv, n_conv + self.inner])
        self.window = self.window[1:] + [xbc]
        taps = w[p + "conv1d.weight"][:, 0, :]
        xbc = sum(taps[:, j] * x for j, x in enumerate(self.window))
        xbc = xbc + w.get(p + "conv1d.bias", 0)
        xbc = ACTIVATIONS[cfg["activation"]](xbc)
        x, b, c = np.split(xbc, [self.inner, self.inner + self.group_width])
        x = x.reshape(cfg["n_v_heads"], -1)
        repeat = cfg["n_v_heads"] // cfg["n_qk_heads"]
        b = b.reshape(cfg["n_qk_heads"], -1).repeat(repeat, axis=0)
        c = c.reshape(cfg["n_qk_heads"], -1).repeat(repeat, axis=0)
        decay = 1 / (1 + np.exp(a_log))
        self.state = decay[:, None, None] * self.state
        self.state = self.state + x[:, :, None] * b[:, None, :]
        y = np.einsum("hpn,hn->hp", self.state, c)
        y = y + w[p + "D"][:, None] * x
        y = y.reshape(-1) * silu(z + w.get(p + "z_bias", 0))
        return apply_linear(w, p + "out_proj", y)


def rope_frequencies(theta, dim, scaling):
    frequencies = theta ** (-np.arange(0, dim, 2) / dim)
    if scaling is None:
        return frequencies
    out = []
    for f in frequencies:
        turns = scaling["original_max_position_embeddings"] * f / (2 * math.pi)
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        if turns > high:
            out.append(f)
        elif turns < low:
            out.append(f / scaling["factor"])
        else:
            smooth = (turns - low) / (high - low)
            out.append((1 - smooth) * f / scaling["factor"] + smooth * f)
    return np.array(out)


class Attention:
    def __init__(self, w, prefix, heads, kv_heads, dim, theta, scaling):
        self.w, self.prefix = w, prefix
        self.heads, self.kv_heads, self.dim = heads, kv_heads, dim
        self.frequencies = rope_frequencies(theta, dim, scaling)
        self.keys, self.values = [], []

    def rotate(self, x, position):
        cos = np.cos(position * self.frequencies)
        sin = np.sin(position * self.frequencies)
        a, b = x[:, : self.dim // 2], x[:, self.dim // 2 :]
        return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=1)

    def step(self, u, position):
        w, p = self.w, self.prefix
        q = apply_linear(w, p + "q_proj", u).reshape(self.heads, self.dim)
        k = apply_linear(w, p + "k_proj", u).reshape(self.kv_heads, self.dim)
        v = apply_linear(w, p + "v_proj", u).reshape(self.kv_heads, self.dim)
        q, k = self.rotate(q, position), self.rotate(k, position)
        self.keys.append(k)
        self.values.append(v)
        out = []
        for h in range(self.heads):
            g = h // (self.heads // self.kv_heads)
            score = np.array([key[g] @ q[h] for key in self.keys])
            score = score / math.sqrt(self.dim)
            share = np.exp(score - score.max())
            share /= share.sum()
            out.append(sum(s * v[g] for s, v in zip(share, self.values)))
        return apply_linear(w, p + "o_proj", np.concatenate(out))


def run(w, root, embedding, final_norm, mixers, act, eps_block, eps_final, ids):
    """Logits of every position."""
    head = w.get("lm_head.weight", w[embedding])
    rows = []
    for position, token in enumerate(ids):
        x = w[embedding][token]
        for i, mixer in enumerate(mixers):
            p = f"{root}.layers.{i}."
            u = rms_norm(x, w[p + "input_layernorm.weight"], eps_block)
            x = x + mixer.step(u, position)
            norm = w[p + "post_attention_layernorm.weight"]
            u = rms_norm(x, norm, eps_block)
            gate = ACTIVATIONS[act](apply_linear(w, p + "mlp.gate_proj", u))
            up = apply_linear(w, p + "mlp.up_proj", u)
            x = x + apply_linear(w, p + "mlp.down_proj", gate * up)
        x = rms_norm(x, w[final_norm], eps_final)
        rows.append(head @ x + w.get("lm_head.bias", 0))
    return rows


# --- The models --------------------------------------------------------------


def add_block(t, p, d, width, mlp_bias):
    t.add(p + "input_layernorm.weight", (d,), 0.2, 1.0)
    t.add(p + "post_attention_layernorm.weight", (d,), 0.2, 1.0)
    t.linear(p + "mlp.gate_proj", width, d, mlp_bias)
    t.linear(p + "mlp.up_proj", width, d, mlp_bias)
    t.linear(p + "mlp.down_proj", d, width, mlp_bias)


def add_mamba2(t, p, d, cfg):
    inner, heads = cfg["expand"] * d, cfg["n_v_heads"]
    channels = inner + 2 * cfg["n_qk_heads"] * cfg["d_state"]
    t.linear(p + "in_proj", channels + inner + heads, d, cfg["bias"])
    if not cfg["bias"]:
        t.add(p + "z_bias", (inner,), 0.3, 1.0)
    taps = cfg["d_conv"]
    t.add(p + "conv1d.weight", (channels, 1, taps), 1 / math.sqrt(taps))
    if cfg["conv_bias"]:
        t.add(p + "conv1d.bias", (channels,), 0.2)
    t.add(p + "D", (heads,), 0.3, 1.0)
    t.linear(p + "out_proj", d, inner, cfg["bias"])


def add_attention(t, p, d, heads, kv_heads, dim):
    t.linear(p + "q_proj", heads * dim, d)
    t.linear(p + "k_proj", kv_heads * dim, d)
    t.linear(p + "v_proj", kv_heads * dim, d)
    t.linear(p + "o_proj", d, heads * dim)


def llamba_like(t, config):
    """Adds the tensors of a Llamba or a hybrid, and builds its mixers."""
    d, vocab = config["d_model"], config["vocab_size"]
    mlp, ssm = config["mlp_cfg"], config["ssm_cfg"]
    attn = config.get("attn_cfg")
    t.add("backbone.embedding.weight", (vocab, d), 1.0)
    mixers = []
    for i in range(config["n_layer"]):
        p = f"backbone.layers.{i}."
        add_block(t, p, d, mlp["intermediate_size"], mlp["bias"])
        if i in config.get("attn_layer_idx", []):
            sizes = attn["num_heads"], attn["num_heads_kv"], attn["head_dim"]
            add_attention(t, p + "self_attn.", d, *sizes)
            mixers.append(Attention(t.values, p + "self_attn.", *sizes,
                                    attn["rope_theta"], None))
        else:
            add_mamba2(t, p + "mixer.", d, ssm)
            mixers.append(Mamba2(t.values, p + "mixer.", ssm, d))
    t.add("backbone.final_layernorm.weight", (d,), 0.2, 1.0)
    if not config["tie_embeddings"]:
        t.linear("lm_head", vocab, d, config["lm_head_bias"])
    return mixers


def make_llamba(ids):
    config = {
        "model_type": "llamba", "vocab_size": 40, "d_model": 16, "n_layer": 2,
        "tie_embeddings": False, "lm_head_bias": True, "norm_epsilon": 0.01,
        "pad_vocab_size_multiple": 8,
        "mlp_cfg": {"intermediate_size": 27, "bias": True,
                    "act_fn": "gelu_new"},
        "ssm_cfg": {"d_state": 6, "n_v_heads": 4, "n_qk_heads": 2, "d_conv": 3,
                    "expand": 2, "activation": "silu", "bias": True,
                    "conv_bias": False, "chunk_size": 16},
    }
    t = Writer("F32", 1)
    mixers = llamba_like(t, config)
    logits = run(t.values, "backbone", "backbone.embedding.weight",
                 "backbone.final_layernorm.weight", mixers, "gelu_new",
                 EPS_BLOCK, 0.01, ids)
    return config, t, logits


def make_hybrid(ids):
    config = {
        "model_type": "llamba", "vocab_size": 40, "d_model": 16, "n_layer": 3,
        "tie_embeddings": True, "lm_head_bias": False, "norm_epsilon": 1e-5,
        "pad_vocab_size_multiple": 8,
        "mlp_cfg": {"intermediate_size": 24, "bias": False, "act_fn": "silu"},
        "ssm_cfg": {"d_state": 5, "n_v_heads": 4, "n_qk_heads": 4, "d_conv": 4,
                    "expand": 1, "activation": "identity", "bias": False,
                    "conv_bias": True, "chunk_size": 16},
        "attn_layer_idx": [1],
        "attn_cfg": {"num_heads": 2, "num_heads_kv": 1, "head_dim": 8,
                     "rope_theta": 1000.0, "max_position_embeddings": 160},
    }
    t = Writer("F16", 2)
    mixers = llamba_like(t, config)
    logits = run(t.values, "backbone", "backbone.embedding.weight",
                 "backbone.final_layernorm.weight", mixers, "silu", EPS_BLOCK,
                 1e-5, ids)
    return config, t, logits


def make_llama(ids):
    # Of the four frequencies (turns in 64 positions: 10.2, 3.2, 1.02, 0.3) one
    # stays, two lie in the smooth part, one is divided by the whole factor.
    scaling = {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "vocab_size": 40, "hidden_size": 24, "intermediate_size": 36,
        "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "head_dim": 8, "rms_norm_eps": 1e-6,
        "rope_theta": 100.0, "rope_scaling": scaling, "hidden_act": "silu",
        "tie_word_embeddings": False, "max_position_embeddings": 256,
        "attention_bias": False, "mlp_bias": False,
    }
    t = Writer("BF16", 3)
    t.add("model.embed_tokens.weight", (40, 24), 1.0)
    mixers = []
    for i in range(2):
        p = f"model.layers.{i}."
        add_block(t, p, 24, 36, False)
        add_attention(t, p + "self_attn.", 24, 4, 2, 8)
        mixers.append(Attention(t.values, p + "self_attn.", 4, 2, 8, 100.0,
                                scaling))
    t.add("model.norm.weight", (24,), 0.2, 1.0)
    t.linear("lm_head", 40, 24)
    logits = run(t.values, "model", "model.embed_tokens.weight",
                 "model.norm.weight", mixers, "silu", 1e-6, 1e-6, ids)
    return config, t, logits


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                        pathlib.Path(__file__).parent.parent /
                        "tests/data/runtime")
    ids = np.random.default_rng(0).integers(0, 40, 140).tolist()
    kept = [0, 1, 2, 3, 4, 17, 31, 63, 64, 65, 100, 127, 128, 139]
    for name, make in (("llamba", make_llamba), ("hybrid", make_hybrid),
                       ("llama", make_llama)):
        config, tensors, logits = make(ids)
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        tensors.save(folder / "model.safetensors")
        expected = {"ids": ids, "positions": [
            {"position": p, "logits": [float(f"{v:.9g}") for v in logits[p]]}
            for p in kept]}
        (folder / "expected.json").write_text(
            json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
