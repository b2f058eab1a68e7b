#!/usr/bin/env python3
"""Writes tests/data/checkpoint: small files by the programs that others use.

  gguf.gguf              the package gguf: every value type, alignment 64
  safetensors.safetensors  the package safetensors: types, a scalar, metadata
  ordered_dict.bin       the layout of torch.save(model.state_dict(), protocol 2)
  plain_dict.bin         a plain dict, zip64 records, no byteorder member

PyTorch itself is not needed: Python's pickle writes what its pickler would,
with classes of the same names and the same persistent ids. Needs numpy, gguf
and safetensors.
"""

import collections
import io
import pathlib
import pickle
import struct
import sys
import types
import zipfile

import gguf
import numpy as np
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parent.parent


def write_gguf(path):
    writer = gguf.GGUFWriter(path, "llamba")
    writer.add_custom_alignment(64)
    writer.add_uint8("t.u8", 200)
    writer.add_int8("t.i8", -100)
    writer.add_uint16("t.u16", 60000)
    writer.add_int16("t.i16", -30000)
    writer.add_uint32("t.u32", 4000000000)
    writer.add_int32("t.i32", -2000000000)
    writer.add_uint64("t.u64", 2**63 + 5)
    writer.add_int64("t.i64", -(2**62))
    writer.add_float32("t.f32", 0.5)
    writer.add_float64("t.f64", 0.1)
    writer.add_bool("t.bool", True)
    writer.add_string("t.string", "naïve \u4e16")
    writer.add_array("t.ints", [3, -4, 5])
    writer.add_array("t.floats", [0.25, -1.5])
    writer.add_array("t.bools", [True, False, True])
    writer.add_array("t.strings", ["", "a", "\u0120b"])
    rng = np.random.default_rng(1)
    writer.add_tensor("f32", np.arange(6, dtype=np.float32).reshape(2, 3))
    writer.add_tensor("f16", np.arange(4, dtype=np.float16))
    values = rng.standard_normal((2, 64)).astype(np.float32)
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("q8_0", gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_safetensors(path):
    tensors = {
        "matrix": np.arange(6, dtype=np.float32).reshape(2, 3),
        "halves": np.arange(3, dtype=np.float16),
        "scalar": np.array(7, dtype=np.int64),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 4), dtype=np.uint32),
    }
    save_file(tensors, path, metadata={"format": "pt", "note": "naïve"})


def fake_module(name, **members):
    module = types.ModuleType(name)
    for key, value in members.items():
        value.__module__ = name
        setattr(module, key, value)
    sys.modules[name] = module
    return module


def rebuild_tensor_v2():
    raise NotImplementedError


class FloatStorage:
    pass


class BFloat16Storage:
    pass


class LongStorage:
    pass


rebuild_tensor_v2.__name__ = rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
fake_module("torch._utils", _rebuild_tensor_v2=rebuild_tensor_v2)
fake_module(
    "torch",
    FloatStorage=FloatStorage,
    BFloat16Storage=BFloat16Storage,
    LongStorage=LongStorage,
)


class Storage:
    def __init__(self, kind, key, data, elements):
        self.kind, self.key, self.data, self.elements = kind, key, data, elements


class Tensor:
    def __init__(self, storage, offset, size, stride):
        self.args = (storage, offset, size, stride, False, collections.OrderedDict())

    def __reduce__(self):
        return rebuild_tensor_v2, self.args


class Pickler(pickle.Pickler):
    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", obj.kind, obj.key, "cpu", obj.elements)
        return None


def make_tensors():
    floats = np.arange(12, dtype=np.float32)
    shared = Storage(FloatStorage, "0", floats.tobytes(), 12)
    # 1, -2, 0.5 in bfloat16.
    brains = Storage(BFloat16Storage, "1", struct.pack("<3H", 0x3F80, 0xC000, 0x3F00), 3)
    longs = Storage(LongStorage, "2", struct.pack("<q", -9), 1)
    tensors = {
        "embedding": Tensor(shared, 0, (3, 4), (4, 1)),
        "head": Tensor(shared, 0, (3, 4), (4, 1)),
        "transposed": Tensor(shared, 0, (4, 3), (1, 4)),
        "column": Tensor(shared, 2, (3,), (4,)),
        "row": Tensor(shared, 4, (1, 4), (99, 1)),
        "brains": Tensor(brains, 0, (3,), (1,)),
        "scalar": Tensor(longs, 0, (), ()),
        "none": Tensor(brains, 3, (0,), (1,)),
    }
    return tensors, [shared, brains, longs]


def write_pytorch(path, dictionary, storages, byteorder, zip64):
    pickled = io.BytesIO()
    Pickler(pickled, protocol=2).dump(dictionary)
    members = [("data.pkl", pickled.getvalue())]
    if byteorder:
        members.append(("byteorder", b"little"))
    members += [(f"data/{s.key}", s.data) for s in storages]
    members.append(("version", b"3\n"))
    if zip64:
        zipfile.ZIP_FILECOUNT_LIMIT = 0
        zipfile.ZIP64_LIMIT = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(f"archive/{name}")
            with archive.open(info, "w", force_zip64=zip64) as member:
                member.write(data)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/data/checkpoint"
    folder.mkdir(parents=True, exist_ok=True)
    write_gguf(folder / "gguf.gguf")
    write_safetensors(folder / "safetensors.safetensors")
    tensors, storages = make_tensors()
    ordered = collections.OrderedDict(tensors)
    ordered._metadata = collections.OrderedDict({"": {"version": 1}})
    write_pytorch(folder / "ordered_dict.bin", ordered, storages, True, False)
    write_pytorch(folder / "plain_dict.bin", tensors, storages, False, True)


if __name__ == "__main__":
    main()
