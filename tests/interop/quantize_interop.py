#!/usr/bin/env python3
"""What `llamba quantize` and `llamba imatrix` write, read by others' programs.

The package gguf must find in a quantised file the types that the report names
and, bit for bit, the values that we read there, and the report's errors must
be those of these values. llama-cpp-python must load a quantised Llama teacher
and say what we say."""

import json
import pathlib
import tempfile

from gguf_lib import (
    check,
    exit_with_failures,
    load_in_llama_cpp,
    np,
    open_material,
    read_gguf,
)

TYPES = ("q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "q4_k", "iq4_nl")

# Widths of a block: a row that is no multiple takes the type that follows.
WIDTHS = {"Q4_K": 256}
NARROW = {"Q4_K": "IQ4_NL"}


def quantize(llamba, source, out, kind, *flags):
    """The report, by the tensor's name."""
    text = llamba.run("quantize", source, "-o", out, "--type", kind, "--json", *flags)
    return {tensor["name"]: tensor for tensor in json.loads(text)["tensors"]}


def stored_type(kind, shape):
    kind = kind.upper()
    if shape[-1] % WIDTHS.get(kind, 32) != 0:
        return NARROW[kind]
    return kind


def relative_error(found, original):
    original = original.astype(np.float64)
    return np.linalg.norm(found - original) / np.linalg.norm(original)


def compare_values(llamba, path, report, kind, original, folder):
    """The package's reading of a quantised file against ours."""
    decoded = folder / "decoded.gguf"
    llamba.run("convert", path, "-o", decoded, "--dtype", "f32")
    _, ours = read_gguf(decoded)
    _, theirs = read_gguf(path)
    check(set(theirs) == set(ours), f"{path}: names")
    kinds = set()
    for name, (found, values) in theirs.items():
        what = f"{path}: {name}"
        # A value is a product of two floats, or that and a sum, each rounded:
        # nothing is left to differ in.
        check(np.array_equal(values, ours[name][1]), f"{what}: values")
        if name not in report:  # rope_freqs.weight is none of the model's
            continue
        check(found == report[name]["type"], f"{what}: {found}")
        matrix = found != "F32"
        if matrix:
            kinds.add(found)
            check(found == stored_type(kind, values.shape), f"{what}: {found}")
        error = relative_error(values, original[name][1])
        # The report sums in double, row by row; both to 1e-9 of the sum.
        reported = report[name]["relative_error"]
        check(abs(error - reported) <= 1e-6 * error, f"{what}: {error}, {reported}")
    return kinds


def softmax(logits):
    logits = logits.astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def divergence(a, b):
    """KL(A || B) of each position."""
    a, b = softmax(a), softmax(b)
    return np.sum(a * np.log(np.maximum(a, 1e-300) / np.maximum(b, 1e-300)), axis=-1)


def read_in_llama_cpp(path, ids):
    model = load_in_llama_cpp(path, len(ids) + 4)
    model.eval(ids)
    return model.scores[: len(ids)].copy()


# llama.cpp rounds activations to 8 bits for the products of blocks, with a scale
# for 32 values, or for 256 where the weights are of a K type; ours with
# --activations 8 for 32. Each product is then half a percent to one percent of
# its norm away from decoded weights times float activations, independently,
# through a few dozen layers; more where single values dwarf the others, as
# SmolLM2's do. Mean KL that was seen, nats: llama-mini 0.0006 to 0.0011 (K type
# in llama.cpp 0.0033), SmolLM2 0.011 (0.026). Bounds are three times that; a
# wrong scale or order of codes costs nats. In 16 bits, a Llama's default, what
# is rounded away is 127 times smaller, its KL 16,000 times.
SIXTEEN_BITS = 1e-5


class Bounds:
    def __init__(self, plain, k_type):
        self.plain, self.k_type = plain, k_type


LLAMA_MINI = Bounds(0.0033, 0.01)
SMOLLM2 = Bounds(0.033, 0.08)


def compare_teacher(llamba, path, ids, folder, bounds):
    """llama.cpp on a quantised teacher against ours, with the weights decoded
    and with our own integer products."""
    theirs = read_in_llama_cpp(path, ids)
    exact = llamba.logits(path, ids, folder, "--dtype", "f32")
    ours = llamba.logits(path, ids, folder, "--activations", 8)
    wide = divergence(exact, llamba.logits(path, ids, folder)).mean()
    from_exact = divergence(exact, theirs).mean()
    own = divergence(exact, ours).mean()
    print(
        f"{path.name}: KL to decoded weights {from_exact:.2g} "
        f"(ours: {own:.2g}, in 16 bits {wide:.2g})"
    )
    bound = bounds.k_type if "q4_k" in path.name else bounds.plain
    check(from_exact < bound, f"{path}: llama.cpp is {from_exact} nats away")
    check(own < bounds.plain, f"{path}: our integer products are {own} nats away")
    check(wide < SIXTEEN_BITS, f"{path}: in 16 bits ours are {wide} nats away")
    for logits in (theirs, ours):
        same = (logits.argmax(axis=1) == exact.argmax(axis=1)).mean()
        # 87 % and more were seen: near ties turn, among some thirty tokens.
        check(same >= 0.75, f"{path}: {same:.0%} of the likeliest tokens agree")
    return theirs


def compare_answer(llamba, path):
    """A chat, text and template included. Activations in 8 bits turn this
    model's answers, so only ours must know it."""
    question = "What is the capital of France?"
    ours = llamba.run("run", path, "--chat", "-p", question, "--greedy", "-n", 16,
                      "-q")
    model = load_in_llama_cpp(path, 256)
    reply = model.create_chat_completion(
        [{"role": "user", "content": question}], temperature=0, max_tokens=16
    )
    theirs = reply["choices"][0]["message"]["content"]
    print(f"{path.name}: {ours.strip()!r}, llama.cpp {theirs.strip()!r}")
    check("Paris" in ours, f"{path}: {ours!r}")
    check(theirs.strip() != "", f"{path}: llama.cpp answers nothing")


def compare_llama_mini(llamba, shared, folder):
    """Every type; 1,408 columns are no multiple of 256."""
    source = shared / "models/llama-mini"
    ids = json.loads((source / "golden.json").read_text())["ids"]
    original = folder / "original.gguf"
    llamba.run("convert", source, "-o", original, "--dtype", "f32")
    _, values = read_gguf(original)
    logits = {}
    for kind in TYPES:
        path = folder / f"llama-mini.{kind}.gguf"
        report = quantize(llamba, source, path, kind)
        kinds = compare_values(llamba, path, report, kind, values, folder)
        if kind == "q4_k":
            check(kinds == {"Q4_K", "IQ4_NL"}, f"{path}: types {kinds}")
        logits[kind] = compare_teacher(llamba, path, ids, folder, LLAMA_MINI)
    # The control: what the tolerance must stay below.
    cost = divergence(logits["q8_0"], logits["q4_0"]).mean()
    check(cost > 3 * LLAMA_MINI.plain, f"4 bits cost only {cost} nats")


def compare_smollm2(llamba, shared, folder):
    """A model of others, from its blocks to blocks; 576 columns."""
    source = shared / "models/smollm2-135m-instruct"
    ids = json.loads((source / "golden.json").read_text())["ids"]
    model = next(source.glob("*.gguf"))
    _, original = read_gguf(model)
    for kind in ("q4_k", "q8_0"):
        path = folder / f"smollm2.{kind}.gguf"
        report = quantize(llamba, model, path, kind)
        kinds = compare_values(llamba, path, report, kind, original, folder)
        if kind == "q4_k":
            check(kinds == {"Q4_K", "IQ4_NL"}, f"{path}: types {kinds}")
        compare_teacher(llamba, path, ids, folder, SMOLLM2)
        compare_answer(llamba, path)


def compare_llamba(llamba, shared, folder):
    """A Llamba, which no other program runs: its values, and with an importance
    matrix, which must be in llama.cpp's form."""
    source = shared / "models/llamba-mini-ref"
    tokenizer = ("--tokenizer", shared / "models/llama-mini")
    original = folder / "original.gguf"
    llamba.run("convert", source, "-o", original, "--dtype", "f32", *tokenizer)
    _, values = read_gguf(original)
    imatrix = folder / "imatrix.gguf"
    text = shared / "text/stories.txt"
    llamba.run("imatrix", original, "-f", text, "-o", imatrix, "--limit", 2000,
               "--moments")
    compare_imatrix(imatrix, values)
    for kind, flags in (("q4_k", ()), ("q4_k", ("--imatrix", imatrix))):
        path = folder / f"llamba-mini.{kind}.{len(flags)}.gguf"
        report = quantize(llamba, original, path, kind, *flags)
        compare_values(llamba, path, report, kind, values, folder)


def compare_imatrix(path, model):
    keys, tensors = read_gguf(path)
    check(keys["general.type"] == "imatrix", f"{path}: general.type")
    check(keys["imatrix.chunk_size"] == 512, f"{path}: imatrix.chunk_size")
    check(keys["imatrix.chunk_count"] == 4, f"{path}: imatrix.chunk_count")
    sums = [name for name in tensors if name.endswith(".in_sum2")]
    check("blk.0.ssm_in.weight.in_sum2" in sums, f"{path}: {sums[:3]}")
    for name in sums:
        matrix = name.removesuffix(".in_sum2")
        shape = (1, model[matrix][1].shape[1])
        check(tensors[name][1].shape == shape, f"{path}: shape of {name}")
        count = tensors[f"{matrix}.counts"][1].reshape(-1)
        # 2,000 tokens and a prefix before each of the four windows.
        check(count.tolist() == [2004], f"{path}: counts of {matrix}: {count}")
        moments = tensors.get(f"{matrix}.in_moments")
        if moments is None:  # it shares another matrix's input
            continue
        # The diagonal is in_sum2 again, summed in float in another order.
        squares = np.diagonal(moments[1])
        close = np.allclose(squares, tensors[name][1][0], rtol=2004 * 2**-24)
        check(close, f"{path}: diagonal of {matrix}")


def main():
    llamba, shared = open_material(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        compare_llama_mini(llamba, shared, folder)
        compare_smollm2(llamba, shared, folder)
        compare_llamba(llamba, shared, folder)
    exit_with_failures()


if __name__ == "__main__":
    main()
