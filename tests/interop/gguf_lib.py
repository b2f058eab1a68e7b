"""What the tests of this folder share: the program, GGUF files by the package
gguf, and a tally of failures. Ends with 77 where a package is absent."""

import argparse
import json
import pathlib
import subprocess
import sys

try:
    import gguf
    import llama_cpp
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}")


def exit_with_failures():
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)


class Program:
    def __init__(self, path):
        self.path = path

    def run(self, *arguments):
        command = [self.path, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def logits(self, model, ids, folder, *flags):
        """All logits, a row a position."""
        path = pathlib.Path(folder) / "ids.txt"
        path.write_text(",".join(map(str, ids)))
        text = self.run(
            "logits", model, "--ids-file", path, "--top", 0, "--json", *flags
        )
        positions = json.loads(text)["positions"]
        return np.array([position["logits"] for position in positions])


def open_material(description):
    """(program, folder of the test material), as the command line says. Ends
    with 77 where the material is absent."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--llamba", required=True)
    parser.add_argument("--shared", type=pathlib.Path, required=True)
    flags = parser.parse_args()
    material = flags.shared / "material"
    if not material.is_dir():
        print(f"skipped: no test material in {material}")
        sys.exit(77)
    return Program(flags.llamba), material


def read_gguf(path):
    """({key: value}, {name: (type, float32 array)}) by the package gguf."""
    reader = gguf.GGUFReader(path)
    keys = {name: field.contents() for name, field in reader.fields.items()}
    tensors = {}
    for tensor in reader.tensors:
        shape = tuple(int(n) for n in reversed(tensor.shape))
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        tensors[tensor.name] = (tensor.tensor_type.name, values.reshape(shape))
    return keys, tensors


def load_in_llama_cpp(path, context, n_threads=2):
    return llama_cpp.Llama(
        model_path=str(path),
        n_ctx=context,
        n_batch=512,
        logits_all=True,
        type_k=llama_cpp.GGML_TYPE_F32,
        type_v=llama_cpp.GGML_TYPE_F32,
        n_threads=n_threads,
        n_threads_batch=n_threads,
        verbose=False,
    )
