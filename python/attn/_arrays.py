# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors of callers: NumPy arrays and whatever speaks DLPack, as address, shape and
strides. Nothing here needs PyTorch; its tensors are asked directly since that is
faster and knows the current stream."""
from __future__ import annotations

import ctypes
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char_p, c_int32, c_int64, c_uint8,
                    c_uint16, c_uint64, c_void_p, py_object)
from typing import Any, Optional, Sequence, Tuple

import numpy as np

from ._library import ELEMENTS, RawTensor, Stream
from .errors import ArgumentError

#: NumPy types by element; bfloat16, which NumPy lacks, as its bits.
NUMPY = {"f16": np.float16, "bf16": np.uint16, "f32": np.float32, "f64": np.float64,
         "i8": np.int8, "i32": np.int32, "i64": np.int64, "i1": np.bool_}
_BY_NAME = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64",
            "int8": "i8", "int32": "i32", "int64": "i64", "bool": "i1",
            "uint8": "u8", "int16": "i16"}
_BYTES = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8, "i8": 1, "i32": 4, "i64": 8, "i1": 1,
          "u8": 1, "i16": 2}
_CPU, _CUDA, _PINNED, _MANAGED = 1, 2, 3, 13


class _DLDevice(Structure):
    _fields_ = [("type", c_int32), ("id", c_int32)]


class _DLDataType(Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class _DLTensor(Structure):
    _fields_ = [("data", c_void_p), ("device", _DLDevice), ("ndim", c_int32),
                ("dtype", _DLDataType), ("shape", POINTER(c_int64)),
                ("strides", POINTER(c_int64)), ("byte_offset", c_uint64)]


class _DLManaged(Structure):
    pass


_Deleter = CFUNCTYPE(None, POINTER(_DLManaged))
_DLManaged._fields_ = [("tensor", _DLTensor), ("context", c_void_p), ("deleter", _Deleter)]
_DL_CODES = {0: "int", 1: "uint", 2: "float", 4: "bfloat", 6: "bool"}
_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype, _get_pointer.argtypes = c_void_p, [py_object, c_char_p]
_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = py_object
_new_capsule.argtypes = [c_void_p, c_char_p, c_void_p]
# By address: a reference to a capsule that is being destroyed would revive it.
_raw_is_valid = ctypes.PYFUNCTYPE(c_int32, c_void_p, c_char_p)(
    ("PyCapsule_IsValid", ctypes.pythonapi))
_raw_pointer = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi))


class Array:
    """A strided tensor of somebody else's; strides count elements. `device` is "cpu" or
    ("cuda", number)."""

    __slots__ = ("owner", "kind", "address", "shape", "strides", "element", "device", "raw",
                 "kept")

    def __init__(self, owner: Any, kind: str, address: int, shape: Sequence[int],
                 strides: Sequence[int], element: str, device: Any, kept: Any = None):
        self.owner, self.kind, self.address = owner, kind, address
        self.shape, self.strides = tuple(shape), tuple(strides)
        self.element, self.device, self.kept = element, device, kept
        self.raw: Optional[RawTensor] = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    def descriptor(self) -> int:
        """The address of its RawTensor."""
        rank = len(self.shape)
        self.kept = (self.kept, (c_int64 * max(rank, 1))(*self.shape),
                     (c_int64 * max(rank, 1))(*self.strides))
        self.raw = RawTensor(self.address or None, self.kept[1], self.kept[2], rank,
                             ELEMENTS[self.element])
        return ctypes.addressof(self.raw)

    def view(self, shape: Sequence[int], strides: Sequence[int]) -> "Array":
        return Array(self.owner, self.kind, self.address, shape, strides, self.element,
                     self.device, self.kept)

    def dense(self) -> np.ndarray:
        """A dense copy of host memory, or the array itself when it is dense; elements
        have the type of NUMPY."""
        dtype = np.dtype(NUMPY[self.element])
        if 0 in self.shape:
            return np.empty(self.shape, dtype)
        extent = 1 + sum((n - 1) * s for n, s in zip(self.shape, self.strides))
        flat = np.ctypeslib.as_array(
            (c_uint8 * (extent * dtype.itemsize)).from_address(self.address)).view(dtype)
        view = np.lib.stride_tricks.as_strided(
            flat, self.shape, [s * dtype.itemsize for s in self.strides])
        return np.array(view, order="C", copy=True) if self.shape else view.copy()


class Broadcast:
    """A tensor with other sizes, as a view with strides of 0; `name` is for messages."""

    def __init__(self, array: Array, shape: Sequence[int], name: str):
        lead = len(shape) - array.rank
        strides = [0] * lead + list(array.strides)
        sizes = [1] * lead + list(array.shape)
        for d, (size, wanted) in enumerate(zip(sizes, shape)):
            if size not in (1, wanted):
                raise ArgumentError("%s: dimension %d: expected 1 or %d, but got %d" % (
                    name, d - lead, wanted, size))
            if size == 1:
                strides[d] = 0
        self.array, self.shape = array.view(shape, strides), tuple(shape)
        self.dtype = {"i1": "bool", "f16": "float16", "bf16": "bfloat16",
                      "f32": "float32"}[array.element]


def dense_strides(shape: Sequence[int]) -> Tuple[int, ...]:
    """In elements; at least 1 where there are no elements."""
    strides, stride = [], 1
    for size in reversed(shape):
        strides.append(stride)
        stride *= max(int(size), 1)
    return tuple(reversed(strides))


def is_torch(value: Any) -> bool:
    return type(value).__module__.split(".")[0] == "torch" and hasattr(value, "data_ptr")


def is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, Broadcast)) or is_torch(value) or (
        hasattr(value, "__dlpack__") and hasattr(value, "__dlpack_device__"))


def _named(name: str, dtype: Any) -> str:
    element = _BY_NAME.get(str(dtype).replace("torch.", ""))
    if element is None:
        raise ArgumentError("%s: dtype: expected one of %s, but got %s" % (
            name, ", ".join(sorted(_BY_NAME)), dtype))
    return element


def _of_numpy(value: np.ndarray, name: str) -> Array:
    element = _named(name, value.dtype.name)
    size = value.dtype.itemsize
    if not value.dtype.isnative or any(s % size or s < 0 for s in value.strides):
        value = np.ascontiguousarray(value, value.dtype.newbyteorder("="))
    return Array(value, "numpy", value.ctypes.data, value.shape,
                 [s // size for s in value.strides], element, "cpu")


def _of_torch(value: Any, name: str) -> Array:
    if value.requires_grad and __import__("torch").is_grad_enabled():
        raise ArgumentError("%s: requires a gradient, and attn computes none; call it under "
                            "torch.no_grad() or detach() it" % name)
    device = value.device
    if device.type not in ("cpu", "cuda"):
        raise ArgumentError("%s: device: expected cpu or cuda, but got %s" % (name, device))
    return Array(value, "torch", value.data_ptr(), value.shape, value.stride(),
                 _named(name, value.dtype),
                 "cpu" if device.type == "cpu" else ("cuda", device.index or 0))


def _of_dlpack(value: Any, name: str, queue: int) -> Array:
    device_type, number = (int(x) for x in value.__dlpack_device__())
    if device_type in (_CUDA, _MANAGED):
        # 1 is CUDA's default stream; the producer makes ours wait for its own.
        capsule = value.__dlpack__(stream=queue or 1)
        device = ("cuda", number)
    elif device_type in (_CPU, _PINNED):
        capsule, device = value.__dlpack__(), "cpu"
    else:
        raise ArgumentError("%s: device: expected a CPU or a CUDA GPU, but got DLPack's "
                            "device type %d" % (name, device_type))
    managed = ctypes.cast(_get_pointer(capsule, b"dltensor"), POINTER(_DLManaged)).contents
    tensor = managed.tensor
    code, bits = _DL_CODES.get(tensor.dtype.code, "?"), tensor.dtype.bits
    element = _named(name, "bool" if code == "bool" else code + str(bits))
    shape = [tensor.shape[i] for i in range(tensor.ndim)]
    if tensor.strides:
        strides = [tensor.strides[i] for i in range(tensor.ndim)]
    else:
        strides = list(dense_strides(shape))
    return Array(value, "dlpack", (tensor.data or 0) + tensor.byte_offset, shape, strides,
                 element, device, kept=capsule)


def describe(value: Any, name: str, queue: int = 0) -> Array:
    """The tensor behind `value`, the argument `name`. `queue`: the CUDA stream that it
    will be used on."""
    if isinstance(value, Broadcast):
        return value.array
    if isinstance(value, np.ndarray):
        return _of_numpy(value, name)
    if is_torch(value):
        return _of_torch(value, name)
    if is_array(value):
        return _of_dlpack(value, name, queue)
    raise ArgumentError("%s: expected a NumPy array or a tensor that speaks DLPack, but got "
                        "%s" % (name, type(value).__name__))


class DeviceArray:
    """A result in the memory of a GPU, for callers whose tensors attn knows through DLPack
    only. `numpy()` copies it to the host (bfloat16 as uint16); `__dlpack__` lends it."""

    def __init__(self, stream: Stream, ordinal: int, shape: Sequence[int], element: str):
        self.shape, self.element, self.ordinal = tuple(shape), element, ordinal
        self.stream = stream
        self.nbytes = int(np.prod(self.shape, dtype=np.int64)) * _BYTES[element]
        self.address = stream.allocate(self.nbytes, "result")

    def __del__(self) -> None:
        if getattr(self, "address", 0):
            self.stream.release(self.address)

    @property
    def strides(self) -> Tuple[int, ...]:
        return dense_strides(self.shape)

    def numpy(self) -> np.ndarray:
        """Waits for the kernels and copies."""
        host = np.empty(self.shape, NUMPY[self.element])
        self.stream.read(host.ctypes.data, self.address, self.nbytes)
        return host

    def __dlpack_device__(self) -> Tuple[int, int]:
        return (_CUDA, self.ordinal)

    def __dlpack__(self, stream: Any = None, **_: Any) -> Any:
        self.stream.synchronize()  # whatever stream the consumer uses
        return _Lent.lend(self)

    def array(self) -> Array:
        return Array(self, "device", self.address, self.shape, self.strides, self.element,
                     ("cuda", self.ordinal))


class _Lent:
    """Keeps what a capsule points at until its consumer, or nobody, has deleted it."""

    alive: dict = {}

    @classmethod
    def lend(cls, array: DeviceArray) -> Any:
        code, bits = {"f16": (2, 16), "bf16": (4, 16), "f32": (2, 32)}[array.element]
        managed, rank = _DLManaged(), len(array.shape)
        shape, strides = (c_int64 * rank)(*array.shape), (c_int64 * rank)(*array.strides)
        managed.tensor = _DLTensor(array.address, _DLDevice(_CUDA, array.ordinal), rank,
                                   _DLDataType(code, bits, 1), shape, strides, 0)
        managed.deleter = _delete
        cls.alive[ctypes.addressof(managed)] = (managed, shape, strides, array)
        return _new_capsule(ctypes.addressof(managed), _CAPSULE_NAME, _destroy_capsule)


_CAPSULE_NAME = b"dltensor"


@_Deleter
def _delete(pointer: Any) -> None:
    _Lent.alive.pop(ctypes.addressof(pointer.contents), None)


@CFUNCTYPE(None, c_void_p)
def _destroy_callback(capsule: int) -> None:
    # A consumer renames what it has taken; then the deleter is its business.
    if _raw_is_valid(capsule, _CAPSULE_NAME):
        _Lent.alive.pop(_raw_pointer(capsule, _CAPSULE_NAME), None)


_destroy_capsule = ctypes.cast(_destroy_callback, c_void_p)
