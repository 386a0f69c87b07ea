# SPDX-License-Identifier: MIT
"""What the training and the noise check share: IDX files, ONNX weights, and the cells of a deck.

Only numpy is needed, and nmc-deck for the cells. The ONNX reader knows just enough protobuf to
find the float initialisers of a chain of Gemm nodes; the runtime's importer is the real one.
"""
import gzip
import json
import os
import shutil
import struct
import subprocess

import numpy as np

LAYERS = (784, 256, 128, 10)
ONNX_FLOAT = 1
GRID = 257


def deck_table(deck, age, seed=1):
    """What nmc-deck says of a deck at one age; the tool of this tree if it is built here."""
    build = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "user")
    tool, env = os.path.join(build, "tools", "nmc-deck", "nmc-deck"), dict(os.environ)
    if os.access(tool, os.X_OK):
        env["LD_LIBRARY_PATH"] = os.path.join(build, "libnmc")
    else:
        tool = shutil.which("nmc-deck")
    if not tool:
        raise OSError("nmc-deck is neither built here (make user) nor installed")
    command = [tool, "table", "--json", "--ages", age, "--targets", "65", "--seed", str(seed), deck]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return json.loads(done.stdout)


class Cells:
    """Cells of a deck at one age. Conductances count from the lowest target on, their range is 1.

    The mean decay is divided out of everything, as a run does that compensates for it. What the
    noise of a read adds is in the spread.
    """

    def __init__(self, table):
        at = table["ages"][0]
        low, span = table["low_us"], table["high_us"] - table["low_us"]
        unit = span * at["decay"]
        target = np.array([c["target_us"] - low for c in at["targets"]]) / span
        mean = np.array([c["mean_us"] - low for c in at["targets"]]) / unit
        spread = np.array([np.hypot(c["spread_us"], c["read_noise_us"]) for c in at["targets"]]) / unit
        grid = np.linspace(0, 1, GRID)
        self.bias = np.interp(grid, target, mean - target).astype(np.float32)
        self.spread = np.interp(grid, target, spread).astype(np.float32)
        self.steps = table["levels"] - 1 if table["levels"] else 0
        self.zero = np.float32(-low / unit)
        broken = table["broken"]
        self.broken = [(broken["stuck_low"], (table["gmin_us"] - low) / unit),
                       (broken["stuck_high"], (table["gmax_us"] - low) / unit), (broken["dead"], self.zero)]

    def hold(self, target, normal, uniform):
        """What cells hold that are asked for `target`, 0 to 1, by one normal and one uniform deviate each."""
        if self.steps:
            target = np.rint(target * self.steps) / self.steps
        at = np.rint(target * (GRID - 1)).astype(np.int32)
        held = np.maximum(self.zero, target + self.bias[at] + self.spread[at] * normal)
        begin = 0
        for share, value in self.broken:
            if share:
                held[(uniform >= begin) & (uniform < begin + share)] = value
            begin += share
        return held


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
