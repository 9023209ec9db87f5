# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.compile() and what it makes."""
from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import _checks, _library
from ._arrays import NUMPY, Array, describe
from ._call import _SIMULATED, Call, Place, device_text
from ._captures import find_trace
from ._library import Kernel, Problem, compiler
from ._program import Difference, Variant, kernel_of, normalizer_text, program
from .errors import ArgumentError, Error

ScoreFunction = Callable[[Any, Any, Any, Any, Any], Any]
MaskFunction = Callable[[Any, Any, Any, Any], Any]
_ELEMENTS = {"float16": "f16", "bfloat16": "bf16", "f16": "f16", "bf16": "bf16"}


@dataclass
class Stats:
    """How often something was done. `compiled`, `loaded` (from the disk) and `reused` count
    the kernels of this process, `calls` and `traces` those of one compiled variant."""

    calls: int = 0
    traces: int = 0
    compiled: int = 0
    loaded: int = 0
    reused: int = 0
    compile_seconds: float = 0.0


class Picture(str):
    """SVG text that a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def stats() -> Stats:
    """Counters of this process's compiler."""
    raw = compiler().stats()
    return Stats(compiled=int(raw["compiled"]), loaded=int(raw["loaded"]),
                 reused=int(raw["reused"]), compile_seconds=raw["compile_seconds"])


def _element(dtypes: Any) -> Optional[str]:
    if dtypes is None:
        return None
    names = {str(getattr(d, "__name__", d)).replace("torch.", "")
             for d in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])}
    if len(names) != 1 or not names <= _ELEMENTS.keys():
        raise ArgumentError("dtypes: expected 'float16' or 'bfloat16', the same for query, "
                            "key and value, but got %s" % ", ".join(sorted(names)))
    return _ELEMENTS[names.pop()]


class Compiled:
    """A variant of attention, called with query, key and value.

    query: [B, Hq, Sq, D], key: [B, Hkv, Sk, D], value: [B, Hkv, Sk, Dv], of float16 or
    bfloat16, on one device; Hq is a multiple of Hkv. B, Sq and Sk may be 0. The result is
    [B, Hq, Sq, Dv] of the same type, and with return_lse the pair of it and of
    [B, Hq, Sq] in float32: the natural logarithm of the sum of exponentials of a row.

    NumPy arrays, tensors of PyTorch, and what speaks DLPack; the result is of the same
    kind. On a GPU the call is enqueued on the current stream of PyTorch, or on `stream`
    (the address of a CUDA stream), and does not wait. What is on the CPU runs on the
    simulator.

    Raises ArgumentError for tensors that do not fit, before anything is launched,
    TraceError for a function that cannot be compiled, CompileError, and DeviceError.
    """

    def __init__(self, score_mod: Optional[ScoreFunction], mask_mod: Optional[MaskFunction],
                 sink_mod: Optional[Callable], normalizer: str, scale: Optional[float],
                 return_lse: bool, target: Optional[str], alignment: int,
                 difference: Optional[Difference] = None):
        self.difference = difference
        self.functions = {"score": score_mod, "mask": mask_mod, "sink": sink_mod}
        for kind, function in self.functions.items():
            if function is not None and not callable(function):
                raise ArgumentError("%s_mod: expected a function, but got a %s" % (
                    kind, type(function).__name__))
        try:
            normalizer_text(normalizer)
        except ValueError as problem:
            raise ArgumentError(str(problem)) from None
        _checks.target(target)
        _checks.alignment(alignment)
        if target is not None:
            target = _library.target_for(target)
        self.normalizer = normalizer
        self.scale = None if scale is None else _checks.number(scale, "scale")
        self.return_lse, self.target, self.alignment = return_lse, target, alignment
        self.counts = Stats()
        self.kernel: Optional[Kernel] = None
        self.variant: Optional[Variant] = None
        self._lock = threading.RLock()

    # Compiling.

    def _traces(self) -> Tuple:
        found = []
        for kind, function in self.functions.items():
            if function is None:
                found.append(None)
                continue
            trace, is_new = find_trace(kind, function)
            self.counts.traces += is_new
            found.append(trace)
        return tuple(found)

    def specialize(self, element: str, head_dim: int, value_dim: int, chip: str,
                   value_in_key: bool = False, heads_are_rows: bool = False) -> Kernel:
        """The kernel for these types, compiled if need be."""
        with self._lock:
            variant = Variant(self._traces(), element, head_dim, value_dim, self.normalizer,
                              self.scale, self.return_lse, chip, self.alignment,
                              self.difference, value_in_key, heads_are_rows)
            self.kernel, self.variant = kernel_of(variant), variant
            return self.kernel

    def _last(self) -> Kernel:
        if self.kernel is None:
            raise Error("nothing is compiled yet: call it, or give dtypes=, head_dims= and "
                        "target= to attn.compile()")
        return self.kernel

    # Calling.

    def __call__(self, query: Any, key: Any, value: Any, *,
                 stream: Optional[int] = None) -> Any:
        _checks.stream(stream)
        tensors = {name: describe(x, name, stream or 0) for name, x in (
            ("query", query), ("key", key), ("value", value))}
        check_shapes(*tensors.values())
        return self.run(tensors, [], stream)

    def run(self, tensors: Dict[str, Array], more: Sequence[Tuple[str, Any]],
             stream: Optional[int]) -> Any:
        """`more` are tensors and numbers between the tensors and the captures."""
        (first_name, first), (_, key), *_, (_, value) = tensors.items()
        place = Place(first, self.target, stream)
        in_key = self.difference is None and is_in_key(value, key)
        # One query of heads that share a key: its heads fill a tile as rows of one head.
        rows = in_key and key.shape[1] == 1 and first.shape[2] == 1 and \
            self.functions["sink"] is None
        kernel = self.specialize(first.element, first.shape[3], value.shape[3], place.chip,
                                 in_key, rows)
        self.counts.calls += 1
        variant = self.variant
        with Call(place, first, first_name) as call:
            for name, array in tensors.items():
                if rows and array is first:
                    b, h, s, d = array.strides
                    array = array.view((first.shape[0], 1, first.shape[1], first.shape[3]),
                                       (b, s, h, d))
                if not (in_key and array is value):
                    call.tensor(array, name)
            for name, operand in more:
                if isinstance(operand, Array):
                    call.tensor(operand, name)
                else:
                    call.number(operand, "f32")
            sizes = {"b": first.shape[0], "h": first.shape[1], "q": first.shape[2],
                     "kv": key.shape[2]}
            self._add_captures(call, variant, sizes)
            shape = first.shape[:3] + (value.shape[3],)
            as_rows = (shape[0], 1, shape[1]) if rows else None
            call.result(shape, first.element, "out", as_rows and as_rows + shape[3:])
            if self.return_lse:
                call.result(shape[:3], "f32", "lse", as_rows)
            results = call.run(kernel)
        return tuple(results) if self.return_lse else results[0]

    def _add_captures(self, call: Call, variant: Variant, sizes: Dict[str, int]) -> None:
        for trace in variant.parts:
            values = trace.values(self.functions[trace.kind])
            for (_, name, element, rank, index_sizes), value in zip(trace.captures, values):
                if rank is None:
                    call.number(value, element)
                    continue
                array = call.capture(value, name, element)
                for dimension, position in index_sizes.items():
                    if array.shape[dimension] < sizes[position]:
                        raise ArgumentError(
                            "captured tensor '%s': dimension %d is indexed by %s: expected "
                            "at least %d elements, but got %d" % (
                                name, dimension, {"b": "b", "h": "h", "q": "q_idx",
                                                  "kv": "kv_idx"}[position],
                                sizes[position], array.shape[dimension]))

    # Looking at it.

    def _text(self) -> str:
        """The program for sizes as callers mean them."""
        return program(replace(self.variant, heads_are_rows=False))

    @property
    def mlir(self) -> str:
        """The program in the attn dialect, of the last kernel that was used."""
        self._last()
        return program(self.variant)

    @property
    def ptx(self) -> str:
        """The PTX of the last kernel that was used."""
        return self._last().ptx

    @property
    def stats(self) -> Stats:
        """Counters; those of kernels are of the whole process."""
        made = stats()
        made.calls, made.traces = self.counts.calls, self.counts.traces
        return made

    def explain(self, *, batch: Optional[int] = None, heads: Optional[int] = None,
                kv_heads: Optional[int] = None, queries: Optional[int] = None,
                keys: Optional[int] = None, as_json: bool = False) -> str:
        """Why the compiler makes this kernel, as docs/Explain.md has it. The sizes are those
        of a call; what is not given is left open."""
        kernel = self._last()
        sizes = {"batch": batch, "heads": heads, "kv_heads": kv_heads, "queries": queries,
                 "keys": keys}
        problem = Problem([None if size is None else _checks.integer(size, name, 0)
                           for name, size in sizes.items()])
        return compiler().explain(self._text(), kernel.chip, problem, as_json,
                                  alignment=self.alignment)

    def mask_picture(self, queries: int, keys: int, *, batch: int = 1, heads: int = 1,
                     kv_heads: Optional[int] = None, shown: Tuple[int, int] = (0, 0)
                     ) -> Picture:
        """Which tiles of the mask are empty, full and partial for `queries` x `keys`
        positions and the present values of all captures. `shown`: the batch and head."""
        for name, size in (("queries", queries), ("keys", keys)):
            _checks.integer(size, name, 0)
        kernel, held, arguments = self._last(), [], {}
        number = self.variant.num_tensors
        for trace in self.variant.parts:
            values = trace.values(self.functions[trace.kind])
            for (_, name, element, rank, _), value in zip(trace.captures, values):
                host = _host_value(value, name, element, rank)
                held.append(host)
                arguments[number] = (host.ctypes.data, host.shape if rank is not None else ())
                number += 1
        problem = Problem((batch, heads, kv_heads or heads, queries, keys), shown, arguments)
        return Picture(compiler().mask_picture(self._text(), kernel.chip, problem,
                                               alignment=self.alignment))

    def __repr__(self) -> str:
        return "<attn.Compiled: %s>" % ", ".join(
            "%s_mod=%s" % (kind, getattr(function, "__name__", function))
            for kind, function in self.functions.items() if function is not None)


def _host_value(value: Any, name: str, element: str, rank: Optional[int]) -> np.ndarray:
    if rank is None:
        return np.array([value], np.float32 if element == "f32" else np.int64)
    array = describe(value, name)
    if array.device != "cpu":
        if not hasattr(value, "cpu"):
            raise ArgumentError("captured tensor '%s': expected host memory for a picture"
                                % name)
        array = describe(value.cpu(), name)
    host = array.dense()
    return host if element == "bf16" else np.ascontiguousarray(host, NUMPY[element])


def is_in_key(value: Array, key: Array) -> bool:
    """Whether the value is the first columns of the key, as in latent attention."""
    return value.address == key.address and value.strides == key.strides and \
        value.shape[3] < key.shape[3] and 0 not in key.shape


def check_shapes(query: Array, key: Array, value: Array, map_number: str = "") -> None:
    """What can be said of query, key and value without a kernel. Where there are several
    maps, the names of queries and keys end with the number of the map."""
    q, k = "query" + map_number, "key" + map_number
    first = query
    for array, name in ((query, q), (key, k), (value, "value")):
        if array.rank != 4:
            raise ArgumentError("%s: rank: expected 4, [batch, heads, length, head dim], but "
                                "got %d" % (name, array.rank))
        if array.element not in ("f16", "bf16"):
            raise ArgumentError("%s: dtype: expected float16 or bfloat16, but got %s" % (
                name, array.element))
        if array.element != first.element:
            raise ArgumentError("%s: dtype: expected %s as for %s, but got %s" % (
                name, first.element, q, array.element))
        if array.device != first.device:
            raise ArgumentError("%s: device: expected %s as for %s, but got %s" % (
                name, device_text(first.device), q, device_text(array.device)))
        if array.shape[0] != first.shape[0]:
            raise ArgumentError("%s: batch: expected %d as for %s, but got %d" % (
                name, first.shape[0], q, array.shape[0]))
    if key.shape[3] != query.shape[3]:
        raise ArgumentError("%s: head dim: expected %d as for %s, but got %d" % (
            k, query.shape[3], q, key.shape[3]))
    for what, d in (("heads", 1), ("length", 2)):
        if value.shape[d] != key.shape[d]:
            raise ArgumentError("value: %s: expected %d as for %s, but got %d" % (
                what, key.shape[d], k, value.shape[d]))
    if key.shape[1] == 0 or query.shape[1] % key.shape[1]:
        raise ArgumentError("%s: heads: expected a divisor of the %d query heads, but got "
                            "%d" % (k, query.shape[1], key.shape[1]))


def compile(score_mod: Optional[ScoreFunction] = None,  # noqa: A001
            mask_mod: Optional[MaskFunction] = None, *, sink_mod: Optional[Callable] = None,
            normalizer: str = "softmax", dtypes: Any = None,
            head_dims: Union[int, Sequence[int], None] = None, target: Optional[str] = None,
            scale: Optional[float] = None, return_lse: bool = False, alignment: int = 16,
            value_in_key: bool = False) -> Compiled:
    """A variant of attention as a callable: see Compiled.

    score_mod: (score, b, h, q_idx, kv_idx) -> the new score, a number; `score` is
        scale * query . key, in float32. mask_mod: (b, h, q_idx, kv_idx) -> whether the
        position is kept, a bool. sink_mod: (b, h) -> the logit of a sink. They are run
        once on traced values; what they capture is read again at each call.
    normalizer: softmax, sigmoid, or another one that docs/Spec.md lists, or the text of an
        attribute of the dialect.
    scale: of the scores; 1 / sqrt(head dim) when it is not given.
    dtypes ("float16" or "bfloat16"), head_dims (D, or (D, Dv)) and target ("sm_80",
        "sm_90a"): with all three it is compiled now, else at the first call. The target
        is that of the device when it is not given.
    alignment: bytes that rows of the tensors start at multiples of: 16, or 8, 4 or 2 for
        odd strides at the price of slower copies.
    value_in_key: compile now for values that are the first Dv columns of their keys. Calls
        see by themselves whether that is so.

    Raises TraceError with the line of a function that cannot be compiled, ArgumentError,
    and CompileError.
    """
    compiled = Compiled(score_mod, mask_mod, sink_mod, normalizer, scale, return_lse, target,
                        alignment)
    element = _element(dtypes)
    if head_dims is not None and element is not None and target is not None:
        dims: List[int] = list(head_dims) if isinstance(head_dims, (tuple, list)) else \
            [head_dims, head_dims]
        if len(dims) != 2:
            raise ArgumentError("head_dims: expected D or (D, Dv), but got %r" % (head_dims,))
        dims = [_checks.integer(dim, "head_dims", 1) for dim in dims]
        compiled.specialize(element, dims[0], dims[1], compiled.target or _SIMULATED,
                            value_in_key)
    else:
        compiled._traces()  # what is wrong with a function is said now
    return compiled
