# SPDX-License-Identifier: MIT
"""What the training and the noise check share: IDX files, ONNX weights, and the array's errors.

Only numpy is needed. The ONNX reader knows just enough protobuf to find the float initialisers
of a chain of Gemm nodes; the runtime's importer is the real one.
"""
import gzip
import os
import struct

import numpy as np

GMAX_US = 40.0
# Wan 2022: standard deviation (uS) of a cell one second after write-verify, r = g / gmax.
WAN_1S = (0.348, 16.030, -43.853, 45.393, -16.815)

LAYERS = (784, 256, 128, 10)
ONNX_FLOAT = 1


def sigma_wan(r):
    """Standard deviation in uS of a cell programmed to r * gmax; works on arrays and tensors."""
    c0, c1, c2, c3, c4 = WAN_1S
    return c0 + r * (c1 + r * (c2 + r * (c3 + r * c4)))


def read_idx(path):
    """The uint8 array of an IDX file, plain or gzip (a missing path is tried with .gz)."""
    if not os.path.exists(path) and os.path.exists(path + ".gz"):
        path += ".gz"
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as f:
        raw = f.read()
    zero, kind, rank = struct.unpack_from(">HBB", raw)
    if zero != 0 or kind != 0x08:
        raise ValueError(f"{path}: not an IDX file of bytes")
    shape = struct.unpack_from(f">{rank}I", raw, 4)
    data = np.frombuffer(raw, np.uint8, offset=4 + 4 * rank)
    if data.size != int(np.prod(shape)):
        raise ValueError(f"{path}: {data.size} bytes of data, the header says {shape}")
    return data.reshape(shape)


def load_mnist(folder, part):
    """Images as float32 N x 784 in 0..1 and labels, part "train" or "t10k"."""
    images = read_idx(os.path.join(folder, f"{part}-images-idx3-ubyte"))
    labels = read_idx(os.path.join(folder, f"{part}-labels-idx1-ubyte"))
    if len(images) != len(labels):
        raise ValueError(f"{folder}: {len(images)} images but {len(labels)} labels")
    return images.reshape(len(images), -1).astype(np.float32) / 255, labels.astype(np.int64)


def _varint(buf, at):
    value = shift = 0
    while True:
        byte = buf[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(buf):
    """(field number, value) of one protobuf message; value is an int or bytes."""
    at = 0
    while at < len(buf):
        key, at = _varint(buf, at)
        wire = key & 7
        if wire == 0:
            value, at = _varint(buf, at)
        elif wire == 2:
            size, at = _varint(buf, at)
            value, at = buf[at:at + size], at + size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = buf[at:at + size], at + size
        else:
            raise ValueError(f"protobuf wire type {wire}")
        yield key >> 3, value


def _tensor(buf):
    dims, kind, name, raw = [], 0, "", b""
    for number, value in _fields(buf):
        if number == 1 and isinstance(value, int):
            dims.append(value)
        elif number == 1:
            at = 0
            while at < len(value):
                dim, at = _varint(value, at)
                dims.append(dim)
        elif number == 2:
            kind = value
        elif number == 8:
            name = value.decode()
        elif number == 9:
            raw = value
    if kind != ONNX_FLOAT:
        raise ValueError(f"initialiser {name}: type {kind}, only float is expected here")
    return name, np.frombuffer(raw, "<f4").reshape(dims)


def load_onnx_mlp(path):
    """[(weight out x in, bias out), ...] of the model that train-mnist writes."""
    with open(path, "rb") as f:
        model = dict(_fields(f.read()))
    tensors = dict(_tensor(v) for n, v in _fields(model[7]) if n == 5)
    count = len(tensors) // 2
    return [(tensors[f"fc{i}.weight"], tensors[f"fc{i}.bias"]) for i in range(1, count + 1)]
