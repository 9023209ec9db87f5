# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One compiled function, called with tensors in every order of memory, on the simulator.

Usage: strides.py REPOSITORY RUNTIME LIBRARY16 LIBRARY2 CHIP

LIBRARY16 and LIBRARY2 are strides.mlir for rows at multiples of 16 and of 2 bytes. What
dense tensors give is compared with NumPy, all others with that to the bit.
"""
import itertools
import os
import sys

import numpy as np

ROOT, RUNTIME, LIBRARY16, LIBRARY2, CHIP = sys.argv[1:]
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "python"), os.path.join(ROOT, "test", "python")]

import reference_numpy  # noqa: E402
from gpu_check.runtime import ELEMENTS, Library, Runtime, RuntimeFailure, Tensor  # noqa: E402

NAMES = ["query", "key", "value", "bias", "row", "document"]
TYPES = dict(query="f16", key="f16", value="f16", bias="f32", row="f32", document="i32",
             out="f16", lse="f32")


class Layout:
    """Where a tensor lies: `order` is its dimensions from the outermost to the innermost
    in memory, `offset` and `padding` are elements before it and after its last dimension,
    `step` is the smallest stride, and `shared` are dimensions with a stride of 0."""

    def __init__(self, order=None, offset=0, padding=0, step=1, shared=()):
        self.order, self.offset, self.padding = order, offset, padding
        self.step, self.shared = step, shared

    def strides(self, shape):
        strides, size = [0] * len(shape), self.step
        for d in reversed(self.order or range(len(shape))):
            strides[d] = 0 if d in self.shared else size
            if d not in self.shared:
                padding = self.padding if d == len(shape) - 1 else 0
                size *= max(shape[d] + padding, 1)
        return strides, self.offset + size


DENSE = Layout()


def inputs(shape, rng):
    """shape: batch, query heads, key heads, queries, keys."""
    b, hq, hkv, sq, sk = shape
    longest = max(sq, sk)
    made = [rng.standard_normal(s) for s in (
        (b, hq, sq, 32), (b, hkv, sk, 32), (b, hkv, sk, 32), (sq, sk), (sk,))]
    documents = np.sort(rng.integers(0, 3, longest))
    return {name: array.astype(ELEMENTS[TYPES[name]][1])
            for name, array in zip(NAMES, made + [documents])}


class Memory:
    """Tensors of one call in device memory; out and lse are poisoned."""

    def __init__(self, stream, layouts):
        self.stream, self.layouts, self.addresses = stream, layouts, []

    def place(self, name, array):
        dtype = ELEMENTS[TYPES[name]][1]
        layout = self.layouts.get(name, DENSE)
        strides, size = layout.strides(array.shape)
        room = np.full(size, 77, dtype)
        view = np.lib.stride_tricks.as_strided(
            room[layout.offset:], array.shape, [x * room.itemsize for x in strides])
        view[...] = array
        address = self.stream.allocate(room.nbytes, name)
        self.addresses.append(address)
        self.stream.write(address, room)
        tensor = Tensor(address + layout.offset * room.itemsize, array.shape,
                        TYPES[name], strides)
        return tensor, (address, room, view)

    def release(self):
        for address in self.addresses:
            self.stream.release(address)


def call(entry, stream, arrays, layouts):
    """out and lse, where nothing beside them has changed."""
    b, hq, sq, dim = arrays["query"].shape
    outputs = {"out": np.zeros((b, hq, sq, dim)), "lse": np.zeros((b, hq, sq))}
    memory = Memory(stream, layouts)
    placed = {name: memory.place(name, array)
              for name, array in {**arrays, **outputs}.items()}
    values = [tensor for tensor, _ in placed.values()]
    workspace = 0
    try:
        size = entry.workspace_bytes(stream, values)
        workspace = stream.allocate(size, "workspace") if size else 0
        entry.call(stream, values, workspace, size)
        stream.synchronize()
        results = []
        for name in outputs:
            address, room, view = placed[name][1]
            room[:] = stream.read(address, room.shape, room.dtype)
            results.append(view.copy())
            view[...] = 77
            assert (room == 77).all(), name + ": written beside the tensor"
        return results
    finally:
        memory.release()
        if workspace:
            stream.release(workspace)


def expected(arrays):
    c = arrays

    def mask(b, h, i, j):
        return (c["document"][i] == c["document"][j]) | (j <= i)
    return reference_numpy.attention(
        c["query"], c["key"], c["value"], mask=mask,
        score=lambda s, b, h, i, j: s + c["bias"][i, j] + c["row"][j])


def check(entry, stream, arrays):
    """Dense tensors against NumPy; returns the results."""
    got = call(entry, stream, arrays, {})
    for name, x, y, bound in zip(("out", "lse"), got, expected(arrays), (4e-3, 1e-5)):
        error = np.abs(x.astype(float) - y).max()
        assert error <= bound, f"{name} is off by {error}, allowed {bound}"
    return got


# ===----------------------------------------------------------------------=== #
# What is run
# ===----------------------------------------------------------------------=== #

ALL = ["query", "key", "value", "out"]


def on(names, **layout):
    return {name: Layout(**layout) for name in names}


def accepted():
    """(title, whether rows are at multiples of 2 bytes only, layouts)."""
    for order in itertools.permutations(range(3)):
        yield f"order {order}", False, on(ALL, order=(*order, 3))
    yield "own orders", False, {
        **on(["query"], order=(2, 1, 0, 3)), **on(["key"], order=(1, 2, 0, 3)),
        **on(["value"], order=(0, 2, 1, 3), padding=8), **on(["out"], order=(1, 0, 2, 3))}
    yield "offset 1000", False, on(ALL, offset=1000)
    yield "offset 997", True, on(ALL, offset=997)
    yield "offsets 499, 293, 97", True, {
        **on(["query"], offset=499), **on(["key"], offset=293),
        **on(["value"], offset=97)}
    yield "padding 8", False, on(ALL, padding=8)
    yield "padding 1", True, on(ALL, padding=1)
    yield "captures transposed", False, on(["bias"], order=(1, 0))
    yield "captures interleaved", False, on(["bias", "row", "document"], step=2, offset=1)
    yield "captures of one row", False, {**on(["bias"], shared=(0,)),
                                         **on(["row", "document"], shared=(0,))}
    yield "lse transposed", False, on(["lse"], order=(2, 0, 1), step=3)


def refused():
    yield "offset 997", on(["query"], offset=997)
    yield "padding 1", on(["key"], padding=1)
    yield "head dim not innermost", on(["value"], order=(0, 1, 3, 2))
    yield "every other element", on(["key"], step=2)


def broadcast(entry, stream, rng):
    """Keys and values of one batch, and of one head, for all by a stride of 0."""
    for batch in (3, 5, 8):
        arrays = inputs((batch, 4, 2, 35, 70), rng)
        for dims in ((0,), (1,), (0, 1)):
            for name in ("key", "value"):
                first = arrays[name]
                for d in dims:
                    first = np.take(first, [0], d)
                arrays[name] = np.broadcast_to(first, arrays[name].shape)
            want = check(entry, stream, arrays)
            got = call(entry, stream, arrays, on(["key", "value"], shared=dims))
            assert all(map(np.array_equal, got, want)), (batch, dims)
    print("broadcast: ok")


def shapes(entry, stream, rng):
    """One compiled function, sizes from call to call."""
    for shape in ((2, 4, 4, 256, 256), (4, 4, 4, 128, 128), (4, 4, 4, 64, 64),
                  (1, 4, 2, 1, 256), (3, 1, 1, 37, 37), (1, 2, 1, 12, 277),
                  (1, 5, 5, 255, 234), (1, 6, 2, 243, 243), (1, 8, 1, 128, 256),
                  (1, 16, 1, 1, 383), (2, 7, 1, 3, 1)):
        check(entry, stream, inputs(shape, rng))
    for shape in ((0, 4, 2, 8, 8), (2, 4, 2, 0, 8)):
        out, _ = call(entry, stream, inputs(shape, rng), {})
        assert out.size == 0
    print("shapes: ok")


def main():
    runtime = Runtime(RUNTIME)
    aligned, odd = (Library(runtime, path).entry("strides")
                    for path in (LIBRARY16, LIBRARY2))
    rng = np.random.default_rng(1)
    with runtime.sim(CHIP) as stream:
        arrays = inputs((2, 4, 2, 70, 133), rng)
        want = {entry: check(entry, stream, arrays) for entry in (aligned, odd)}
        for title, is_odd, layouts in accepted():
            entry, values, compared = odd if is_odd else aligned, dict(arrays), None
            if "one row" in title:
                for name in layouts:
                    values[name] = np.broadcast_to(values[name][:1], values[name].shape)
                compared = check(entry, stream, values)
            got = call(entry, stream, values, layouts)
            same = map(np.array_equal, got, compared or want[entry])
            print(f"{title}: {'ok' if all(same) else 'DIFFERS'}")
        for title, layouts in refused():
            try:
                call(aligned, stream, arrays, layouts)
                print(f"{title}: accepted")
            except RuntimeFailure as error:
                print(f"{title}: refused: {error}")
        broadcast(aligned, stream, rng)
        shapes(aligned, stream, rng)


if __name__ == "__main__":
    main()
