# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of kernels with tensors of callers."""
from __future__ import annotations

import ctypes
import os
import sys
import warnings
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ._arrays import NUMPY, Array, DeviceArray, dense_strides, describe, is_torch
from ._library import Kernel, cuda_stream, sim_stream, target_for
from .errors import ArgumentError

_SIMULATED = "sm_80"  # what arrays on the CPU are computed for when nothing is said
_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_told = False


def _tell_once(chip: str) -> None:
    global _told
    if not _told:
        _told = True
        frame, level = sys._getframe(), 1
        while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
            frame, level = frame.f_back, level + 1
        warnings.warn("attn: arrays on the CPU are computed by the simulator of %s: kernels "
                      "are checked as they run, thousands of times slower than a GPU" % chip,
                      stacklevel=level)


class Place:
    """Where a call runs: a stream, and the chip to compile for."""

    def __init__(self, first: Array, target: Optional[str], stream: Optional[int]):
        self.device, self.queue = first.device, 0
        if self.device == "cpu":
            self.chip = target or _SIMULATED
            _tell_once(self.chip)
            self.stream = sim_stream(self.chip)
            return
        if stream is not None:
            self.queue = stream
        elif is_torch(first.owner):
            torch = __import__("torch")
            self.queue = torch.cuda.current_stream(first.owner.device).cuda_stream
        self.stream = cuda_stream(self.device[1], self.queue)
        self.chip = target or target_for(self.stream.chip)


def device_text(device: Any) -> str:
    return device if isinstance(device, str) else "%s:%d" % device


class Call:
    """The arguments of one call, in the order of the program's."""

    def __init__(self, place: Place, like: Array, first: str = "query"):
        """`like`: the tensor whose kind results are of, the argument `first`."""
        self.place, self.like, self.first = place, like, first
        self.arguments: List[int] = []
        self.kept: List[Any] = []
        self.buffers: List[int] = []  # of the simulator
        self.results: List[Tuple[Any, Optional[int]]] = []

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *_: Any) -> None:
        for address in self.buffers:
            self.place.stream.release(address)

    def upload(self, host: np.ndarray, element: str, name: str) -> None:
        """A copy of host memory on the simulator."""
        stream = self.place.stream
        address = stream.allocate(host.nbytes, name)
        self.buffers.append(address)
        stream.write(address, host.ctypes.data, host.nbytes)
        self.add(Array(None, "sim", address, host.shape, dense_strides(host.shape), element,
                       "cpu"))

    def add(self, array: Array) -> None:
        self.arguments.append(array.descriptor())
        self.kept.append(array)

    def tensor(self, array: Array, name: str) -> None:
        if array.device != self.place.device:
            raise ArgumentError("%s: device: expected %s as for %s, but got %s" % (
                name, device_text(self.place.device), self.first, device_text(array.device)))
        if self.place.device == "cpu":
            self.upload(array.dense(), array.element, name)
        else:
            self.add(array)

    def number(self, value: Any, element: str) -> None:
        held = (ctypes.c_float(value) if element == "f32" else
                ctypes.c_int64(max(-2**30, min(2**30, value))))
        self.kept.append(held)
        self.arguments.append(ctypes.addressof(held))

    def capture(self, value: Any, name: str, element: str) -> Array:
        array = describe(value, "captured tensor '%s'" % name, self.place.queue)
        if array.element != element:  # a NumPy type that is converted
            host = np.asarray(value).astype(NUMPY[element])
            array = describe(host, "captured tensor '%s'" % name)
        self.tensor(array, "captured tensor '%s'" % name)
        return array

    def result(self, shape: Sequence[int], element: str, name: str,
               seen: Optional[Sequence[int]] = None) -> None:
        """Room for a result of the caller's kind. `seen`: the sizes that the kernel has for
        it, where these are others."""
        owner, stream = self.like.owner, self.place.stream
        if self.place.device == "cpu":
            host = np.empty(shape, NUMPY[element])
            address = stream.allocate(host.nbytes, name)
            self.buffers.append(address)
            self.results.append((host, address))
            made = Array(None, "sim", address, shape, dense_strides(shape), element, "cpu")
        elif is_torch(owner):
            torch = __import__("torch")
            tensor = torch.empty(tuple(shape), device=owner.device, dtype=torch.float32
                                 if element == "f32" else owner.dtype)
            self.results.append((tensor, None))
            made = describe(tensor, name)
        else:
            lent = DeviceArray(stream, self.place.device[1], shape, element)
            self.results.append((lent, None))
            made = lent.array()
        self.add(made.view(seen, dense_strides(seen)) if seen else made)

    def run(self, kernel: Kernel) -> List[Any]:
        self.place.stream.call(kernel, self.arguments)
        if self.place.device == "cpu":
            self.place.stream.synchronize()
        return [self._finish(value, address) for value, address in self.results]

    def _finish(self, value: Any, address: Optional[int]) -> Any:
        if address is None:
            return value
        self.place.stream.read(value.ctypes.data, address, value.nbytes)
        owner = self.like.owner
        if is_torch(owner):
            torch = __import__("torch")
            if value.dtype == np.uint16:
                return torch.from_numpy(value.view(np.int16)).view(torch.bfloat16)
            return torch.from_numpy(value)
        if value.dtype == np.uint16 and getattr(owner, "dtype", None) is not None:
            return value.view(owner.dtype)  # bfloat16 of ml_dtypes
        return value

