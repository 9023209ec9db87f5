# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The runtime's C interface (attn/Runtime/Runtime.h) for Python, through ctypes.

Needs nothing but the standard library and NumPy. A tensor is an address in device
memory with a shape and strides in elements; NumPy arrays are copied with write()
and read(). bfloat16, which NumPy lacks, is uint16 bits.
"""
import ctypes
from ctypes import (POINTER, Structure, byref, c_char_p, c_int32, c_int64, c_uint32,
                    c_uint64, c_void_p)

import numpy as np

#: ATTN_RT_ELEMENT_ by name, with the NumPy type of the same bytes.
ELEMENTS = {
    "u8": (0, np.uint8), "i32": (1, np.int32), "f16": (2, np.float16),
    "bf16": (3, np.uint16), "f32": (4, np.float32), "f64": (5, np.float64),
    "i64": (6, np.int64), "i8": (7, np.int8), "bool": (8, np.bool_),
    "f8E4M3FN": (9, np.uint8), "f8E5M2": (10, np.uint8),
}
ELEMENT_NAMES = {code: name for name, (code, _) in ELEMENTS.items()}

STATUS = {1: "INVALID_ARGUMENT", 2: "OUT_OF_MEMORY", 3: "BAD_IMAGE", 4: "NO_KERNEL",
          5: "LAUNCH_FAILED", 6: "FINDING", 7: "DEVICE_ERROR", 8: "NO_VARIANT"}


class RuntimeFailure(Exception):
    """A status code other than success; `code` is its name, as in STATUS."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = STATUS.get(code, str(code))


class _Tensor(Structure):
    _fields_ = [("data", c_void_p), ("sizes", POINTER(c_int64)),
                ("strides", POINTER(c_int64)), ("rank", c_int32), ("element", c_int32)]


class _Argument(Structure):
    _fields_ = [("name", c_char_p), ("sizes", POINTER(c_int64)), ("rank", c_int32),
                ("element", c_int32), ("is_output", c_int32)]


class _Variant(Structure):
    _fields_ = [("chip", c_char_p), ("host", c_void_p)]


class _Entry(Structure):
    _fields_ = [("name", c_char_p), ("arguments", POINTER(_Argument)),
                ("variants", POINTER(_Variant)), ("argument_count", c_uint32),
                ("variant_count", c_uint32), ("version", c_uint32)]


class _Image(Structure):
    _fields_ = [("chip", c_char_p), ("ptx", c_char_p), ("ptx_size", c_uint64),
                ("cubin", c_char_p), ("cubin_size", c_uint64)]


class _TensorMap(Structure):
    _fields_ = [("name", c_char_p), ("address", c_uint64), ("dims", c_int64 * 5),
                ("strides", c_int64 * 5), ("box", c_uint32 * 5), ("rank", c_uint32),
                ("element", c_uint32), ("swizzle", c_uint32), ("promotion", c_uint32)]


class Runtime:
    """libattn_runtime.so. Nothing of CUDA is touched before cuda()."""

    def __init__(self, path):
        lib = self.lib = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        for name in ("attn_rt_stream_create_cuda", "attn_rt_stream_create_sim"):
            getattr(lib, name).restype = c_void_p
        for name in ("attn_rt_last_error", "attn_rt_stream_device",
                     "attn_rt_stream_chip", "attn_rt_stream_log"):
            getattr(lib, name).restype = c_char_p
        lib.attn_rt_stream_destroy.restype = None

    def check(self, code):
        if code:
            raise RuntimeFailure(code, self.lib.attn_rt_last_error().decode())

    def cuda(self, ordinal=0, queue=None):
        """A stream on a GPU; `queue` is a cudaStream_t as an integer."""
        return Stream(self, self.lib.attn_rt_stream_create_cuda(
            c_int32(ordinal), c_void_p(queue)))

    def sim(self, chip, seed=0, earliest=False):
        """A stream on the simulator of a chip such as "sm_90a"."""
        return Stream(self, self.lib.attn_rt_stream_create_sim(
            chip.encode(), c_uint64(seed), c_int32(earliest)))


class Stream:
    """A queue on a device. Close it, or use it in a with statement."""

    def __init__(self, runtime, handle):
        if not handle:
            raise RuntimeFailure(7, runtime.lib.attn_rt_last_error().decode())
        self.runtime, self.lib, self.handle = runtime, runtime.lib, c_void_p(handle)
        self.images = []  # their addresses are their identity

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.handle:
            self.lib.attn_rt_stream_destroy(self.handle)
        self.handle = None

    @property
    def device(self):
        return self.lib.attn_rt_stream_device(self.handle).decode()

    @property
    def chip(self):
        return self.lib.attn_rt_stream_chip(self.handle).decode()

    @property
    def log(self):
        return self.lib.attn_rt_stream_log(self.handle).decode()

    def synchronize(self):
        self.runtime.check(self.lib.attn_rt_stream_synchronize(self.handle))

    # Memory.

    def allocate(self, size, name="buffer"):
        address = c_uint64()
        self.runtime.check(self.lib.attn_rt_allocate(
            self.handle, c_uint64(size), name.encode(), byref(address)))
        return address.value

    def release(self, address):
        self.runtime.check(self.lib.attn_rt_release(self.handle, c_uint64(address)))

    def write(self, address, array):
        """Copies a C-contiguous array to the device."""
        array = np.ascontiguousarray(array)
        self.runtime.check(self.lib.attn_rt_write(
            self.handle, c_uint64(address), c_void_p(array.ctypes.data),
            c_uint64(array.nbytes)))

    def read(self, address, shape, dtype):
        """Copies from the device to a new array."""
        array = np.empty(shape, dtype)
        self.runtime.check(self.lib.attn_rt_read(
            self.handle, c_void_p(array.ctypes.data), c_uint64(address),
            c_uint64(array.nbytes)))
        return array

    # Kernels that are given as text.

    def image(self, ptx, chip):
        """PTX text as an image; it is loaded by the first launch."""
        text = ptx.encode() if isinstance(ptx, str) else ptx
        image = _Image(chip.encode(), text, len(text), None, 0)
        self.images.append(image)
        return image

    def launch(self, image, kernel, grid, block, params, shared=0, cluster=(1, 1, 1)):
        """params: ctypes values or bytes-like structures, one per parameter."""
        pointers = (c_void_p * max(len(params), 1))(
            *[ctypes.cast(ctypes.pointer(p), c_void_p) for p in params])
        sizes = [c_uint32(x) for x in (*grid, *block, *cluster)]
        self.runtime.check(self.lib.attn_rt_launch_cluster(
            self.handle, byref(image), kernel.encode(), *sizes, c_uint32(shared),
            pointers, c_uint64(len(params))))

    def tensor_map(self, address, dims, strides, box, element="f16", swizzle=0,
                   promotion=0, name="tensor"):
        """An encoded tensor map, to be a parameter of launch(). Dimensions are
        innermost first, strides are bytes (that of the innermost is not read)."""
        rank = len(dims)
        pad = [0] * (5 - rank)
        desc = _TensorMap(name.encode(), address, (c_int64 * 5)(*dims, *pad),
                          (c_int64 * 5)(*strides, *pad), (c_uint32 * 5)(*box, *pad),
                          rank, ELEMENTS[element][0], swizzle, promotion)
        room = (ctypes.c_ubyte * 192)()
        shift = -ctypes.addressof(room) % 64
        encoded = (ctypes.c_ubyte * 128).from_buffer(room, shift)
        self.runtime.check(self.lib.attn_rt_encode_tensor_map(
            self.handle, byref(encoded), byref(desc)))
        return encoded


class Tensor:
    """A strided tensor in device memory; strides count elements, None is dense."""

    def __init__(self, address, shape, element, strides=None):
        self.sizes = (c_int64 * max(len(shape), 1))(*shape)
        self.strides = (c_int64 * max(len(shape), 1))(*strides) if strides else None
        self.raw = _Tensor(address or None, self.sizes, self.strides, len(shape),
                           ELEMENTS[element][0])


class Argument:
    """What a compiled function declares: name, element, and shape, in which None is
    any size; shape is None for a scalar."""

    def __init__(self, raw):
        self.name, self.element = raw.name.decode(), ELEMENT_NAMES[raw.element]
        self.is_output = bool(raw.is_output)
        self.shape = None if raw.rank < 0 else tuple(
            None if raw.sizes[i] < 0 else raw.sizes[i] for i in range(raw.rank))


class Entry:
    """A compiled function of a Library."""

    def __init__(self, runtime, raw):
        self.runtime, self.raw = runtime, raw
        self.name = raw.name.decode()
        self.arguments = [Argument(raw.arguments[i]) for i in range(raw.argument_count)]
        self.chips = [raw.variants[i].chip.decode() for i in range(raw.variant_count)]

    def pack(self, values):
        """args of attn_rt_call: Tensors and numbers, one per argument."""
        if len(values) != len(self.arguments):
            raise ValueError("%s: expected %d arguments (%s), but got %d" % (
                self.name, len(self.arguments),
                ", ".join(a.name for a in self.arguments), len(values)))
        kept, pointers = [], []
        for argument, value in zip(self.arguments, values):
            if argument.shape is None:
                value = np.array(value, ELEMENTS[argument.element][1])
                pointers.append(value.ctypes.data)
            else:
                pointers.append(ctypes.addressof(value.raw))
            kept.append(value)
        packed = (c_void_p * max(len(pointers), 1))(*pointers)
        packed.kept = kept  # what the pointers point at
        return packed

    def workspace_bytes(self, stream, values):
        size = c_uint64()
        self.runtime.check(self.runtime.lib.attn_rt_workspace_bytes(
            byref(self.raw), stream.handle, self.pack(values), byref(size)))
        return size.value

    def bind(self, stream, values, workspace=0, workspace_bytes=0):
        """A function without arguments that enqueues one call; everything that can be
        prepared for it is."""
        call, check = self.runtime.lib.attn_rt_call, self.runtime.check
        entry, packed = byref(self.raw), self.pack(values)
        room, size = c_void_p(workspace or None), c_uint64(workspace_bytes)

        def run():
            code = call(entry, stream.handle, packed, room, size)
            if code:
                check(code)
        return run

    def call(self, stream, values, workspace=0, workspace_bytes=0):
        self.bind(stream, values, workspace, workspace_bytes)()


class Library:
    """A shared object made by `attn-opt --emit=shared`. Load the Runtime first."""

    def __init__(self, runtime, path):
        self.runtime, self.lib = runtime, ctypes.CDLL(path)

    def entry(self, name):
        return Entry(self.runtime, _Entry.in_dll(self.lib, name + "_entry"))
