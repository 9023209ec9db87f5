# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors in device memory between guards, with rows that may be padded.

Everything that is no element of the tensor holds a pattern that is a NaN: a kernel
that reads it shows it in its result, and one that writes it is found out. Outputs
start as that pattern too, so what a kernel does not write is a NaN.
"""
import numpy as np

from .runtime import ELEMENTS, Tensor

GUARD = 256  # bytes on either side
PATTERNS = {"f16": 0x7E5A, "bf16": 0x7FDA, "f32": 0x7FDA5A5A}
DEFAULT = 0x5A  # bytes of integers


def strides_of(shape, layout, padding):
    """Elements from one index to the next; shape is batch, heads, length, dim."""
    shape = [max(1, size) for size in shape]
    if layout == "dense":
        strides = [1]
        for size in reversed(shape[1:]):
            strides.insert(0, strides[0] * size)
        return tuple(strides)
    _, heads, length, dim = shape
    row = dim + padding
    if layout == "bhsd":
        return heads * length * row, length * row, row, 1
    return heads * length * row, row, heads * row, 1


class Buffer:
    """One tensor on a stream's device."""

    def __init__(self, stream, name, shape, element, layout="dense", padding=0, shift=0):
        self.stream, self.name, self.element = stream, name, element
        self.shape = tuple(int(size) for size in shape)
        self.dtype = np.dtype(ELEMENTS[element][1])
        self.strides = strides_of(self.shape, layout, padding)
        body = (self.shape[0] * self.strides[0]) if self.shape else 1
        if 0 in self.shape:
            body = 0
        size = self.dtype.itemsize
        before = GUARD + shift  # shift: the least alignment that a kernel accepts
        assert before % size == 0
        self.first = before // size
        count = self.first + body + GUARD // size
        if element in PATTERNS:
            bits = {2: np.uint16, 4: np.uint32}[size]
            self.empty = np.full(count, PATTERNS[element], bits).view(self.dtype)
        else:
            self.empty = np.full(count * size, DEFAULT, np.uint8).view(self.dtype)
        self.owned = np.zeros(count, bool)
        self.view(self.owned)[...] = True
        self.address = stream.allocate(count * size, name)
        self.tensor = Tensor(self.address + before, self.shape, element, self.strides)

    def view(self, flat):
        """The elements of the tensor in a flat copy of the whole buffer."""
        item = flat.dtype.itemsize
        return np.lib.stride_tricks.as_strided(
            flat[self.first:], self.shape, [s * item for s in self.strides])

    def write(self, values):
        flat = self.empty.copy()
        self.view(flat)[...] = values
        self.stream.write(self.address, flat)

    def poison(self):
        self.stream.write(self.address, self.empty)

    def read(self):
        """(elements, how many bytes beside them were changed)."""
        flat = self.stream.read(self.address, self.empty.shape, self.dtype)
        changed = flat.view(np.uint8) != self.empty.view(np.uint8)
        beside = changed.reshape(len(flat), -1)[~self.owned]
        return np.ascontiguousarray(self.view(flat)), int(beside.sum())

    def release(self):
        self.stream.release(self.address)


class Problem:
    """The buffers of one case, filled, and the call that runs it."""

    def __init__(self, stream, entry, case, inputs):
        self.stream, self.buffers, self.outputs = stream, [], {}
        kernel = case.kernel
        shapes = {"out": (case.b, case.hq, case.sq, kernel.dv),
                  "lse": (case.b, case.hq, case.sq)}
        values = []
        try:
            for argument in entry.arguments:
                name = argument.name
                if argument.shape is None:
                    values.append(inputs[name])
                    continue
                rows = name in ("query", "key", "value", "out")
                shape = shapes[name] if argument.is_output else inputs[name].shape
                layout = (case.layout, case.padding, kernel.alignment) if rows else \
                    ("dense", 0, 0)
                buffer = Buffer(stream, name, shape, argument.element, *layout)
                self.buffers.append(buffer)
                values.append(buffer.tensor)
                if argument.is_output:
                    self.outputs[name] = buffer
                else:
                    buffer.write(inputs[name])
            size = entry.workspace_bytes(stream, values)
            workspace = stream.allocate(size, "workspace") if size else 0
            self.workspace = workspace
            self.run = entry.bind(stream, values, workspace, size)
        except BaseException:
            self.release()
            raise

    def outputs_of_run(self):
        """Poisons the outputs, runs, and returns them and the changes beside them."""
        for buffer in self.outputs.values():
            buffer.poison()
        self.run()
        self.stream.synchronize()
        read = {name: buffer.read() for name, buffer in self.outputs.items()}
        return ({name: values for name, (values, _) in read.items()},
                sum(changed for _, changed in read.values()))

    def release(self):
        for buffer in self.buffers:
            buffer.release()
        if getattr(self, "workspace", 0):
            self.stream.release(self.workspace)
        self.buffers = []
