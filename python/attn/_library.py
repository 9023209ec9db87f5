# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libattn.so through ctypes: attn-c/attn.h and attn/Runtime/Runtime.h."""
from __future__ import annotations

import ctypes
import glob
import os
import shutil
import sys
import threading
from ctypes import (POINTER, Structure, byref, c_char_p, c_double, c_int32,
                    c_int64, c_uint32, c_uint64, c_void_p)
from typing import Dict, List, Optional, Sequence, Tuple

from .errors import ArgumentError, CompileError, DeviceError

#: ATTN_RT_ELEMENT_ by the name of the type in MLIR.
ELEMENTS = {"i32": 1, "f16": 2, "bf16": 3, "f32": 4, "f64": 5, "i64": 6, "i8": 7, "i1": 8}
_INVALID_ARGUMENT, _NO_VARIANT, _COMPILE_FAILED = 1, 8, 101
_C_VERSION = 1


class RawTensor(Structure):
    _fields_ = [("data", c_void_p), ("sizes", POINTER(c_int64)),
                ("strides", POINTER(c_int64)), ("rank", c_int32), ("element", c_int32)]


class _CompilerOptions(Structure):
    _fields_ = [("struct_size", c_uint64), ("cache_directory", c_char_p),
                ("cache_limit", c_uint64), ("warn", c_void_p), ("warn_context", c_void_p)]


class _CompilerStats(Structure):
    _fields_ = [("struct_size", c_uint64), ("compiled", c_uint64), ("loaded", c_uint64),
                ("reused", c_uint64), ("compile_seconds", c_double)]


class _CompileOptions(Structure):
    _fields_ = [("struct_size", c_uint64), ("chip", c_char_p), ("schedule", c_char_p),
                ("alignment", c_int32)]


class _ArgumentValue(Structure):
    _fields_ = [("number", c_uint32), ("rank", c_int32), ("data", c_void_p),
                ("sizes", POINTER(c_int64))]


class _Problem(Structure):
    _fields_ = [("struct_size", c_uint64), ("batch", c_int64), ("heads", c_int64),
                ("kv_heads", c_int64), ("queries", c_int64), ("keys", c_int64),
                ("shown_batch", c_int64), ("shown_head", c_int64),
                ("arguments", POINTER(_ArgumentValue)), ("argument_count", c_uint64)]


def _candidates() -> List[str]:
    """Where libattn.so may be: named, beside the package, in a build folder, or where
    pip has put it when it has left the package in the source tree (pip install -e)."""
    given = os.environ.get("ATTN_LIBRARY")
    if given:
        return [given]
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    build = os.environ.get("ATTN_BUILD_DIR", os.path.join(root, "build"))
    folders = [here, build] + [os.path.join(folder, "attn") for folder in sys.path]
    return [os.path.join(folder, "lib", "libattn.so") for folder in folders]


def _find() -> str:
    candidates = _candidates()
    for path in candidates:
        if os.path.exists(path):
            return path
    raise ImportError("attn: no %s; build it (`ninja -C build attn`) or name it in "
                      "ATTN_LIBRARY" % " or ".join(candidates[:2]))


def _name_ptxas() -> None:
    """Tells the compiler where NVIDIA's wheel has put ptxas, unless it finds one itself."""
    if any(os.environ.get(name) for name in ("ATTN_PTXAS", "CUDA_HOME")) or \
            shutil.which("ptxas") or os.path.exists("/usr/local/cuda/bin/ptxas"):
        return
    for folder in sys.path:
        for path in glob.glob(os.path.join(glob.escape(folder), "nvidia", "cu*", "bin",
                                           "ptxas")):
            if os.access(path, os.X_OK):
                os.environ["ATTN_PTXAS"] = path
                return


class _Library:
    """The functions, typed. It is loaded when something is compiled first, so that
    importing the package costs nothing."""

    def __init__(self) -> None:
        self.path = _find()
        _name_ptxas()
        lib = ctypes.CDLL(self.path)
        if lib.attn_c_version() != _C_VERSION:
            raise ImportError("attn: %s has version %d of the C interface, expected %d" % (
                self.path, lib.attn_c_version(), _C_VERSION))
        for name in ("attn_version", "attn_last_error", "attn_compiler_cache",
                     "attn_kernel_mlir", "attn_kernel_ptx", "attn_kernel_chip",
                     "attn_rt_last_error", "attn_rt_stream_device", "attn_rt_stream_chip",
                     "attn_rt_stream_log"):
            getattr(lib, name).restype = c_char_p
        for name in ("attn_kernel_entry", "attn_rt_stream_create_cuda",
                     "attn_rt_stream_create_sim"):
            getattr(lib, name).restype = c_void_p
        lib.attn_free.restype = lib.attn_rt_stream_destroy.restype = None
        self.lib = lib


_lock = threading.RLock()
_library: Optional[_Library] = None


def library() -> ctypes.CDLL:
    global _library
    with _lock:
        if _library is None:
            _library = _Library()
    return _library.lib


def library_path() -> str:
    library()
    return _library.path


def check_runtime(code: int) -> None:
    """Raises what a function of Runtime.h reports."""
    if code:
        message = library().attn_rt_last_error().decode()
        raise (ArgumentError if code in (_INVALID_ARGUMENT, _NO_VARIANT)
               else DeviceError)(message)


def _check(code: int) -> None:
    if code:
        message = library().attn_last_error().decode()
        raise (CompileError if code == _COMPILE_FAILED else
               ArgumentError if code == _INVALID_ARGUMENT else DeviceError)(message)


def _take_text(pointer: c_void_p) -> str:
    text = ctypes.string_at(pointer).decode()
    library().attn_free(pointer)
    return text


def target_for(chip: str) -> str:
    """What to compile for on a device that calls itself `chip`."""
    text = c_void_p()
    _check(library().attn_target_for(chip.encode(), byref(text)))
    return _take_text(text)


class Kernel:
    """A compiled program. The compiler owns it and is never destroyed."""

    def __init__(self, handle: c_void_p) -> None:
        lib = library()
        self.mlir: str = lib.attn_kernel_mlir(handle).decode()
        self.ptx: str = lib.attn_kernel_ptx(handle).decode()
        self.chip: str = lib.attn_kernel_chip(handle).decode()
        self.from_disk = bool(lib.attn_kernel_is_from_disk(handle))
        self.has_machine_code = bool(lib.attn_kernel_has_machine_code(handle))
        self.entry = c_void_p(lib.attn_kernel_entry(handle, None))


def _options(chip: str, schedule: Optional[str], alignment: int) -> _CompileOptions:
    return _CompileOptions(ctypes.sizeof(_CompileOptions), chip.encode(),
                           schedule.encode() if schedule else None, alignment)


class Compiler:
    """The process's compiler; see compiler()."""

    def __init__(self) -> None:
        options = _CompilerOptions(ctypes.sizeof(_CompilerOptions))
        if os.environ.get("ATTN_CACHE") == "0":
            options.cache_directory = b""
        self.handle = c_void_p()
        _check(library().attn_compiler_create(byref(options), byref(self.handle)))

    def compile(self, text: str, chip: str, schedule: Optional[str] = None,
                alignment: int = 16) -> Kernel:
        source, kernel = text.encode(), c_void_p()
        options = _options(chip, schedule, alignment)
        _check(library().attn_compile(self.handle, source, c_uint64(len(source)),
                                      byref(options), byref(kernel)))
        return Kernel(kernel)

    def stats(self) -> Dict[str, float]:
        raw = _CompilerStats(ctypes.sizeof(_CompilerStats))
        _check(library().attn_compiler_get_stats(self.handle, byref(raw)))
        return {name: getattr(raw, name) for name, _ in raw._fields_[1:]}

    def cache(self) -> str:
        return library().attn_compiler_cache(self.handle).decode()

    def explain(self, text: str, chip: str, problem: "Problem", as_json: bool,
                schedule: Optional[str] = None, alignment: int = 16) -> str:
        source, made = text.encode(), c_void_p()
        options = _options(chip, schedule, alignment)
        _check(library().attn_explain(
            self.handle, source, c_uint64(len(source)), byref(options),
            byref(problem.raw), c_int32(as_json), byref(made)))
        return _take_text(made)

    def mask_picture(self, text: str, chip: str, problem: "Problem",
                     schedule: Optional[str] = None, alignment: int = 16) -> str:
        source, made = text.encode(), c_void_p()
        options = _options(chip, schedule, alignment)
        _check(library().attn_mask_picture(
            self.handle, source, c_uint64(len(source)), byref(options),
            byref(problem.raw), byref(made)))
        return _take_text(made)


class Problem:
    """What is known of a call; sizes are (batch, heads, kv_heads, queries, keys), None
    is not known. `arguments`: {number: (address, sizes)} in host memory."""

    def __init__(self, sizes: Sequence[Optional[int]], shown: Tuple[int, int] = (0, 0),
                 arguments: Optional[Dict[int, Tuple[int, Sequence[int]]]] = None) -> None:
        arguments = arguments or {}
        self.kept = [(c_int64 * max(len(shape), 1))(*shape)
                     for _, shape in arguments.values()]
        values = [_ArgumentValue(number, len(shape), address, kept)
                  for (number, (address, shape)), kept in zip(arguments.items(), self.kept)]
        self.values = (_ArgumentValue * max(len(values), 1))(*values)
        self.raw = _Problem(ctypes.sizeof(_Problem),
                            *[-1 if size is None else size for size in sizes], *shown,
                            self.values, len(values))


_compiler: Optional[Compiler] = None


def compiler() -> Compiler:
    """The one of this process. It lives to the end, as addresses of kernels are what
    streams know them by."""
    global _compiler
    with _lock:
        if _compiler is None:
            _compiler = Compiler()
    return _compiler


class Stream:
    """A queue on a GPU or on a simulator, with workspace for its calls. Calls of
    several threads are made one after the other."""

    def __init__(self, handle: Optional[int]) -> None:
        if not handle:
            raise DeviceError(library().attn_rt_last_error().decode())
        self.handle = c_void_p(handle)
        self.chip: str = library().attn_rt_stream_chip(self.handle).decode()
        self.device: str = library().attn_rt_stream_device(self.handle).decode()
        self.lock = threading.Lock()
        self.workspace, self.workspace_bytes = 0, 0

    @staticmethod
    def cuda(ordinal: int, queue: int) -> "Stream":
        return Stream(library().attn_rt_stream_create_cuda(c_int32(ordinal),
                                                           c_void_p(queue or None)))

    @staticmethod
    def sim(chip: str) -> "Stream":
        return Stream(library().attn_rt_stream_create_sim(chip.encode(), c_uint64(0),
                                                          c_int32(0)))

    def allocate(self, size: int, name: str) -> int:
        address = c_uint64()
        check_runtime(library().attn_rt_allocate(self.handle, c_uint64(size),
                                                 name.encode(), byref(address)))
        return address.value

    def release(self, address: int) -> None:
        check_runtime(library().attn_rt_release(self.handle, c_uint64(address)))

    def write(self, address: int, source: int, size: int) -> None:
        check_runtime(library().attn_rt_write(self.handle, c_uint64(address),
                                              c_void_p(source), c_uint64(size)))

    def read(self, target: int, address: int, size: int) -> None:
        check_runtime(library().attn_rt_read(self.handle, c_void_p(target),
                                             c_uint64(address), c_uint64(size)))

    def synchronize(self) -> None:
        check_runtime(library().attn_rt_stream_synchronize(self.handle))

    def call(self, kernel: Kernel, arguments: Sequence[int]) -> None:
        """Enqueues a call; `arguments` are addresses of RawTensors and of scalars."""
        lib, needed = library(), c_uint64()
        packed = (c_void_p * len(arguments))(*arguments)
        with self.lock:
            check_runtime(lib.attn_rt_workspace_bytes(kernel.entry, self.handle, packed,
                                                      byref(needed)))
            if needed.value > self.workspace_bytes:
                # The driver frees memory when no kernel uses it any more.
                self.release(self.workspace)
                self.workspace = self.workspace_bytes = 0
                self.workspace = self.allocate(needed.value, "workspace")
                self.workspace_bytes = needed.value
            check_runtime(lib.attn_rt_call(
                kernel.entry, self.handle, packed, c_void_p(self.workspace or None),
                c_uint64(self.workspace_bytes)))


_streams: Dict[Tuple, Stream] = {}


def cuda_stream(ordinal: int, queue: int) -> Stream:
    """The Stream for a CUDA stream, given as its address; 0 is the default one."""
    key = ("cuda", ordinal, queue)
    with _lock:
        if key not in _streams:
            _streams[key] = Stream.cuda(ordinal, queue)
        return _streams[key]


def sim_stream(chip: str) -> Stream:
    key = ("sim", chip)
    with _lock:
        if key not in _streams:
            _streams[key] = Stream.sim(chip)
        return _streams[key]
