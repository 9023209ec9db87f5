# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a probe is, and the bench that it runs on."""
import ctypes

import numpy as np

from ..runtime import RuntimeFailure

#: All probes by name, in the order in which they were declared.
PROBES = {}

#: Runs on a device are ordered by this.
SAFE, MAY_HANG, MAY_FAULT = range(3)


class Probe:
    """One question. `run(bench)` gives an Answer."""

    def __init__(self, name, question, assumed, run, risk, sim_skip):
        self.name, self.question, self.assumed = name, question, assumed
        self.run, self.risk, self.sim_skip = run, risk, sim_skip
        self.chips = ("sm_90a",)

    @property
    def may_fault(self):
        return self.risk == MAY_FAULT


def probe(name, question, assumed, risk=SAFE, sim_skip=None):
    """Declares the function below as a probe. `sim_skip` says why the simulator
    cannot answer; `risk` is for a device and puts the probe into its own process."""
    def declare(run):
        if name in PROBES:
            raise ValueError("two probes have the name %s" % name)
        PROBES[name] = Probe(name, question, assumed, run, risk, sim_skip)
        return run
    return declare


class Answer:
    """observed: what people read. agrees: None for a figure without a verdict."""

    def __init__(self, agrees, observed, note=""):
        self.agrees = None if agrees is None else bool(agrees)
        self.observed, self.note = observed, note


def plain(value):
    """For JSON: no NumPy."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def difference(expected, got):
    """"" when the arrays are the same, NaN equal to NaN; else how they differ."""
    if got is None:
        return "nothing instead of %s" % (expected,)
    expected, got = np.asarray(expected), np.asarray(got)
    if expected.shape != got.shape:
        return "shape %s instead of %s" % (got.shape, expected.shape)
    same = expected == got
    if expected.dtype.kind == "f":
        same |= np.isnan(expected) & np.isnan(got)
    if same.all():
        return ""
    wrong = np.argwhere(~same)
    first = tuple(int(i) for i in wrong[0])
    return "%d of %d differ, first at %s: %s instead of %s" % (
        len(wrong), got.size, list(first), got[first], expected[first])


def compare(cases, note=""):
    """cases: (label, expected, got). The answer names each case that differs."""
    cases = list(cases)
    wrong = []
    for label, expected, got in cases:
        text = difference(expected, got)
        if text:
            wrong.append("%s: %s" % (label, text))
    if not wrong:
        return Answer(True, "as assumed (%d cases)" % len(cases), note)
    return Answer(False, "; ".join(wrong[:6]) +
                  ("; and %d more" % (len(wrong) - 6) if len(wrong) > 6 else ""), note)


class Out:
    """A parameter that the kernel writes. It starts with `fill` in every byte."""

    def __init__(self, shape, dtype, fill=0xcd):
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype, self.fill = np.dtype(dtype), fill

    def initial(self):
        count = int(np.prod(self.shape)) * self.dtype.itemsize
        return np.full(count, self.fill, np.uint8)


class Map:
    """A parameter that is a tensor map over an array in device memory."""

    def __init__(self, array, dims, strides, box, element="f16", swizzle=0, shift=0):
        self.array, self.shift = array, shift
        self.rest = (dims, strides, box, element, swizzle)


class Bench:
    """Runs kernels on a stream and frees what they used."""

    def __init__(self, stream):
        self.stream = stream
        self.is_sim = stream.device == "simulator"
        self.images = {}

    def sample(self, on_device, on_simulator):
        """Set sizes: the simulator takes a smaller one."""
        return on_simulator if self.is_sim else on_device

    def image(self, ptx):
        if ptx not in self.images:
            self.images[ptx] = self.stream.image(ptx, "sm_90a")
        return self.images[ptx]

    def _place(self, array, name, owned):
        address = self.stream.allocate(max(array.nbytes, 1), name)
        owned.append(address)
        self.stream.write(address, array)
        return address

    def _param(self, param, index, owned, outputs):
        if isinstance(param, (int, np.integer)):
            return ctypes.c_uint32(int(param) & (1 << 32) - 1)
        if isinstance(param, (ctypes.c_uint64, ctypes.c_uint32)):
            return param
        if isinstance(param, np.ndarray):
            return ctypes.c_uint64(self._place(param, "in%d" % index, owned))
        if isinstance(param, Out):
            address = self._place(param.initial(), "out%d" % index, owned)
            outputs.append((address, param))
            return ctypes.c_uint64(address)
        if isinstance(param, Map):
            array = param.array
            if isinstance(array, Out):
                address = self._place(array.initial(), "tensor%d" % index, owned)
                outputs.append((address, array))
            else:
                address = self._place(array, "tensor%d" % index, owned)
            return self.stream.tensor_map(address + param.shift, *param.rest,
                                          name="tensor%d" % index)
        raise TypeError("no kernel parameter: %r" % (param,))

    def run(self, ptx, params, grid=(1, 1, 1), threads=128, shared=0, cluster=(1, 1, 1)):
        """Launches `k` of the module; gives the arrays of the Out parameters."""
        owned, outputs = [], []
        try:
            values = [self._param(param, i, owned, outputs)
                      for i, param in enumerate(params)]
            self.stream.launch(self.image(ptx), "k", grid, (threads, 1, 1), values,
                               shared, cluster)
            self.stream.synchronize()
            return [self.stream.read(address, out.shape, out.dtype)
                    for address, out in outputs]
        finally:
            for address in owned:
                try:
                    self.stream.release(address)
                except RuntimeFailure:
                    pass  # a device that has died frees nothing


class DryBench:
    """Keeps the PTX of a probe and runs nothing: outputs stay as they begin."""
    is_sim = False

    def __init__(self):
        self.modules = []

    def sample(self, on_device, on_simulator):
        return on_simulator

    def run(self, ptx, params, grid=(1, 1, 1), threads=128, shared=0, cluster=(1, 1, 1)):
        if ptx not in self.modules:
            self.modules.append(ptx)
        arrays = [param.array if isinstance(param, Map) else param for param in params]
        return [a.initial().view(a.dtype).reshape(a.shape)
                for a in arrays if isinstance(a, Out)]
