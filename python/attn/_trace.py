# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values of a score or mask function while it is traced: what Python does with them
becomes operations of the attn dialect.

A Value is a scalar: a real number (f32), an integer, or a truth value (i1). Integers
are of type index, or of the type of the tensor that they were loaded from. A value
that depends on captured numbers alone also knows what it is in this call; where
Python needs to know it (range(n), a branch), the function is compiled for it.
"""
from __future__ import annotations

import linecache
import operator
import os
import sys
import threading
from typing import Any, Callable, FrozenSet, List, Optional, Sequence, Tuple

import numpy as np

from .errors import TraceError

_PACKAGE = os.path.dirname(os.path.abspath(__file__))
_NOT_THE_USERS = (_PACKAGE + os.sep, os.path.dirname(np.__file__) + os.sep,
                  "<__array_function__")
_INTEGERS = ("index", "i64", "i32", "i8")
_ACTIVE = threading.local()


class Specialize(Exception):
    """Python asked for the value of these captures: they become constants."""

    def __init__(self, paths: FrozenSet[Tuple]):
        super().__init__(paths)
        self.paths = paths


def place() -> str:
    """"FILE:LINE: SOURCE" of the user's code that runs now."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_NOT_THE_USERS) and "/torch/" not in file:
            line = linecache.getline(file, frame.f_lineno).strip()
            return "%s:%d: %s" % (file, frame.f_lineno, line)
        frame = frame.f_back
    return "?"


def error(message: str) -> TraceError:
    return TraceError("%s: %s" % (place(), message))


class _NoAttribute(TraceError, AttributeError):
    """Also what hasattr() expects."""


class Builder:
    """The operations of one region. `arguments` are those of the region, `prelude` is
    what the function computes before the attention op."""

    def __init__(self, prefix: str, constants: Any = ()):
        self.prefix, self.known_paths = prefix, constants
        self.lines: List[str] = []
        self.prelude: List[str] = []
        self.count = 0
        self.captures: List[Any] = []  # CapturedTensor and captured numbers, as used
        self.constants: dict = {}

    def __enter__(self) -> "Builder":
        self.outer = getattr(_ACTIVE, "builder", None)
        _ACTIVE.builder = self
        return self

    def __exit__(self, *_: Any) -> None:
        _ACTIVE.builder = self.outer

    def fresh(self) -> str:
        self.count += 1
        return "%%%s%d" % (self.prefix, self.count)

    def emit(self, text: str, kind: str, **known: Any) -> "Value":
        name = self.fresh()
        self.lines.append("%s = %s" % (name, text))
        return Value(name, kind, **known)

    def before(self, text: str, kind: str, **known: Any) -> "Value":
        """Computed once for the call; the same text is one value."""
        key = ("before", text)
        if key not in self.constants:
            name = self.fresh()
            self.prelude.append("%s = %s" % (name, text))
            self.constants[key] = Value(name, kind, **known)
        return self.constants[key]

    def constant(self, value: Any, kind: str) -> "Value":
        if kind == "f32":
            number = np.float32(value)
            text = "%.9e" % number if np.isfinite(number) else \
                "0x%08X" % int(number.view(np.uint32))
            known = float(value)
        elif kind == "i1":
            text, known = ("true", True) if value else ("false", False)
        else:
            text, known = "%d" % value, int(value)
        suffix = "" if kind == "i1" else " : " + kind
        key = (text, kind)
        if key not in self.constants:
            made = self.before("arith.constant " + text + suffix, kind, known=known)
            self.constants[key] = made
        return self.constants[key]

    def use(self, capture: Any) -> str:
        """The name of a capture as an argument of the function."""
        for number, used in enumerate(self.captures):
            if used.path == capture.path:
                return "%%%sc%d" % (self.prefix, number)
        self.captures.append(capture)
        return "%%%sc%d" % (self.prefix, len(self.captures) - 1)


def builder() -> Builder:
    active = getattr(_ACTIVE, "builder", None)
    if active is None:
        raise error("a traced value is used outside of the function that it was given to")
    return active


class Arithmetic:
    """Operators for Value and CapturedTensor."""

    __array_priority__ = 1000

    def __hash__(self):
        raise error("a traced value is of each position and cannot be the key of a dict or set; "
                    "capture a tensor and index it")

    def __add__(self, other): return apply("add", self, other)
    def __radd__(self, other): return apply("add", other, self)
    def __sub__(self, other): return apply("sub", self, other)
    def __rsub__(self, other): return apply("sub", other, self)
    def __mul__(self, other): return apply("mul", self, other)
    def __rmul__(self, other): return apply("mul", other, self)
    def __truediv__(self, other): return apply("div", self, other)
    def __rtruediv__(self, other): return apply("div", other, self)
    def __floordiv__(self, other): return apply("floor_divide", self, other)
    def __rfloordiv__(self, other): return apply("floor_divide", other, self)
    def __mod__(self, other): return apply("remainder", self, other)
    def __rmod__(self, other): return apply("remainder", other, self)
    def __pow__(self, other): return apply("pow", self, other)
    def __rpow__(self, other): return apply("pow", other, self)
    def __and__(self, other): return apply("bitwise_and", self, other)
    def __rand__(self, other): return apply("bitwise_and", other, self)
    def __or__(self, other): return apply("bitwise_or", self, other)
    def __ror__(self, other): return apply("bitwise_or", other, self)
    def __xor__(self, other): return apply("bitwise_xor", self, other)
    def __rxor__(self, other): return apply("bitwise_xor", other, self)
    def __lshift__(self, other): return apply("bitwise_left_shift", self, other)
    def __rshift__(self, other): return apply("bitwise_right_shift", self, other)
    def __lt__(self, other): return apply("lt", self, other)
    def __le__(self, other): return apply("le", self, other)
    def __gt__(self, other): return apply("gt", self, other)
    def __ge__(self, other): return apply("ge", self, other)
    def __eq__(self, other): return apply("eq", self, other)
    def __ne__(self, other): return apply("ne", self, other)
    def __neg__(self): return apply("neg", self)
    def __pos__(self): return self
    def __abs__(self): return apply("abs", self)
    def __round__(self, digits=0): return apply("round", self, digits)
    def __divmod__(self, other): return self // other, self % other
    def __rdivmod__(self, other): return other // self, other % self
    def __matmul__(self, other): return apply("matmul", self, other)
    def __rmatmul__(self, other): return apply("matmul", other, self)
    def __invert__(self): return apply("bitwise_not", self)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or any(v is not None for v in options.values()):
            raise error("numpy.%s.%s is not supported in a traced function" % (
                ufunc.__name__, method))
        return apply(ufunc.__name__, *inputs)

    def __array_function__(self, function, types, args, options):
        return apply(function.__name__, *args, **options)

    def __setitem__(self, index, value):
        raise error("a traced function computes one score or truth value and stores nothing")

    def __array__(self, *_, **__):
        raise error("a traced value cannot become a NumPy array")

    @classmethod
    def __torch_function__(cls, function, types, args=(), options=None):
        return apply(function.__name__, *args, **(options or {}))

    #: For new_ones((), device=x.device): a traced value is on none.
    device = None

    # Methods of tensors, by the names of PyTorch's.
    def __getattr__(self, name):
        if name.startswith("__") or name not in METHODS:
            raise _NoAttribute("%s: a traced value has no '%s'" % (place(), name))
        return lambda *args, **options: apply(name, self, *args, **options)


#: Names that are methods as well; _functions.py fills it in.
METHODS: set = set()
#: The functions by name, all from _functions.py.
FUNCTIONS: dict = {}


def apply(name: str, *args: Any, **options: Any) -> Any:
    """The function `name` of torch, numpy or attn on traced values."""
    function = FUNCTIONS.get(name.strip("_") if name not in FUNCTIONS else name)
    if function is None:
        raise error("the function '%s' is not supported in a score or mask function; "
                    "supported are %s" % (name, ", ".join(sorted(FUNCTIONS))))
    try:
        return function(*args, **options)
    except TypeError as problem:
        if isinstance(problem, TraceError) or not _is_bad_call(problem):
            raise
        raise error("%s: %s" % (name, problem)) from None


def _is_bad_call(problem: TypeError) -> bool:
    """Whether the arguments did not fit the function: no frame within it."""
    trace = problem.__traceback__
    return trace is not None and trace.tb_next is None


class Value(Arithmetic):
    """A traced scalar. `known`: its value in this call, where it depends on constants and
    captured numbers alone; `deps`: the paths of the latter. `is_nonnegative`: an
    integer that cannot be below 0."""

    __slots__ = ("name", "kind", "known", "deps", "is_nonnegative", "mod_of", "index_of")

    def __init__(self, name: str, kind: str, known: Any = None,
                 deps: FrozenSet[Tuple] = frozenset(), is_nonnegative: bool = False,
                 index_of: Optional[str] = None):
        self.name, self.kind, self.known, self.deps = name, kind, known, deps
        self.is_nonnegative = is_nonnegative or (
            kind in _INTEGERS and not deps and known is not None and known >= 0)
        self.mod_of: Optional[Tuple["Value", "Value"]] = None
        self.index_of = index_of  # "b", "h", "q" or "kv" for an argument of the region

    @property
    def is_float(self) -> bool:
        return self.kind == "f32"

    @property
    def is_bool(self) -> bool:
        return self.kind == "i1"

    @property
    def is_integer(self) -> bool:
        return self.kind in _INTEGERS

    def _concrete(self, what: str, fix: str) -> Any:
        if self.known is None:
            raise error("%s needs a value that is known when compiling, but this one is of "
                        "each position; %s" % (what, fix))
        if self.deps:
            raise Specialize(self.deps)
        return self.known

    def __bool__(self):
        return bool(self._concrete(
            "a Python `if`, `and`, `or`, `not` or chained comparison",
            "use attn.where(condition, a, b) in place of `if`, and & | ~ in place of "
            "and, or, not"))

    def __index__(self):
        return operator.index(self._concrete(
            "an index or count", "index captured tensors only, by closure, default or global"))

    def __int__(self):
        return int(self._concrete("int()", "use x.to(attn.int32)"))

    def __float__(self):
        return float(self._concrete("float() or a function of `math`",
                                    "use attn.exp and the like, or x.to(attn.float32)"))

    def __iter__(self):
        raise error("a traced value is a scalar and cannot be iterated over")

    def __len__(self):
        raise error("a traced value is a scalar and has no length")

    def __getitem__(self, index):
        raise error("a traced value is a scalar and cannot be indexed")

    @property
    def dtype(self):
        return {"f32": "float32", "i1": "bool"}.get(self.kind, "int32")

    @property
    def shape(self):
        return ()

    ndim = 0

    def __repr__(self):
        return "<traced %s>" % self.dtype


def merge(values: Sequence[Value], compute: Optional[Callable]) -> dict:
    """`known` and `deps` of a result."""
    if compute is None or any(v.known is None for v in values):
        return {}
    try:
        known = compute(*[v.known for v in values])
    except (ArithmeticError, ValueError):
        return {}
    return {"known": known, "deps": frozenset().union(*[v.deps for v in values])}


def lift(value: Any, what: str = "a traced function") -> Value:
    """Numbers, rank-0 captures and values as a Value."""
    if isinstance(value, Value):
        return value
    if isinstance(value, CapturedTensor):
        return value.scalar()
    if isinstance(value, (bool, np.bool_)):
        return builder().constant(bool(value), "i1")
    if isinstance(value, (int, np.integer)):
        if abs(int(value)) >= 1 << 31:
            raise error("the integer %d does not fit 32 bits" % value)
        return builder().constant(int(value), "index")
    if isinstance(value, (float, np.floating)):
        return builder().constant(float(value), "f32")
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return lift(value.item(), what)
    raise error("%s got a %s; what a function uses has to be a number or a captured tensor, "
                "reached through a closure, a global, a default or an attribute" % (
                    what, type(value).__name__))


def to_float(value: Any) -> Value:
    value = lift(value)
    if value.is_float:
        return value
    b = builder()
    known = merge([value], float)
    if value.known is not None and not value.deps:
        return b.constant(float(value.known), "f32")
    if value.is_bool:
        return b.emit("arith.uitofp %s : i1 to f32" % value.name, "f32", **known)
    if value.kind in ("index", "i64"):
        value = b.emit("arith.%s %s : %s to i32" % (
            "index_cast" if value.kind == "index" else "trunci", value.name, value.kind),
            "i32", **merge([value], int))
    return b.emit("arith.sitofp %s : %s to f32" % (value.name, value.kind), "f32", **known)


def to_index(value: Any) -> Value:
    """An integer of type index; of a real number what is before the point."""
    value = lift(value)
    b = builder()
    if value.kind == "index":
        return value
    if value.known is not None and not value.deps:
        return b.constant(int(value.known), "index")
    known = merge([value], int)
    if value.is_bool:
        value = b.emit("arith.extui %s : i1 to i32" % value.name, "i32", **known)
        return b.emit("arith.index_cast %s : i32 to index" % value.name, "index",
                      is_nonnegative=True, **known)
    if value.is_float:
        value = b.emit("arith.fptosi %s : f32 to i32" % value.name, "i32", **known)
    return b.emit("arith.index_cast %s : %s to index" % (value.name, value.kind), "index",
                  **known)


def to_bool(value: Any) -> Value:
    value = lift(value)
    return value if value.is_bool else apply("ne", value, 0)


class CapturedNumber:
    """A number that the function has captured: an argument of the compiled program."""

    def __init__(self, path: Tuple, name: str, value: Any):
        self.path, self.name, self.value = path, name, value
        self.kind = "f32" if isinstance(value, float) else "index"
        self.index_sizes: dict = {}

    def traced(self) -> "Value":
        return _LazyNumber(self)


class _LazyNumber(Value):
    """A captured number; it becomes an argument when an operation uses it."""

    __slots__ = ("capture",)

    def __init__(self, capture: CapturedNumber):
        super().__init__("", capture.kind, known=capture.value,
                         deps=frozenset([capture.path]))
        self.capture = capture

    def __getattribute__(self, name):
        if name == "name":
            return builder().use(object.__getattribute__(self, "capture"))
        return object.__getattribute__(self, name)


class CapturedTensor(Arithmetic):
    """A tensor that the function has captured, or a part of it: `indices` are the leading
    ones. An argument of the compiled program when something is loaded."""

    def __init__(self, path: Tuple, name: str, element: str, sizes: Tuple[int, ...],
                 indices: Tuple[Value, ...] = (), root: Optional["CapturedTensor"] = None):
        self.path, self.name, self.element, self.sizes = path, name, element, sizes
        self.indices, self.root = indices, self if root is None else root
        # Which position is an index of which dimension: they have to fit each other.
        self.index_sizes: dict = {}

    @property
    def type(self) -> str:
        return "tensor<%s%s>" % ("?x" * len(self.sizes), self.element)

    def __getitem__(self, index: Any) -> Any:
        given = index if isinstance(index, tuple) else (index,)
        indices = self.indices + tuple(self._index(i, len(self.indices) + d)
                                       for d, i in enumerate(given))
        if len(indices) > len(self.sizes):
            raise error("captured tensor '%s': expected at most %d indices, but got %d" % (
                self.name, len(self.sizes), len(indices)))
        part = CapturedTensor(self.path, self.name, self.element, self.sizes, indices,
                              self.root)
        return part.scalar() if len(indices) == len(self.sizes) else part

    def _index(self, index: Any, dimension: int) -> Value:
        if isinstance(index, (slice, type(None), type(Ellipsis), list, np.ndarray)):
            raise error("captured tensor '%s': expected integers as indices, but got %r" % (
                self.name, index))
        value = lift(index, "an index of '%s'" % self.name)
        if not value.is_integer:
            raise error("captured tensor '%s': expected an integer as index %d, but got a "
                        "%s" % (self.name, dimension, value.dtype))
        if value.known is not None and not value.deps and value.known < 0:
            value = self.size(dimension) + value
        if value.index_of:
            self.root.index_sizes[dimension] = value.index_of
        return to_index(value)

    def scalar(self) -> Value:
        if len(self.indices) != len(self.sizes):
            raise error("captured tensor '%s' has %d dimensions: index it by positions, as "
                        "in %s[%s]" % (self.name, len(self.sizes), self.name, ", ".join(
                            ["b", "h", "q_idx", "kv_idx"][:len(self.sizes)])))
        b = builder()
        loaded = b.emit("attn.load %s[%s] : %s" % (
            b.use(self.root), ", ".join(i.name for i in self.indices), self.type),
            self.element)
        if self.element in ("f16", "bf16"):
            return b.emit("arith.extf %s : %s to f32" % (loaded.name, self.element), "f32")
        return loaded

    def size(self, dimension: int) -> Value:
        """The number of elements along a dimension, as an integer of this call."""
        b, d = builder(), dimension % len(self.sizes)
        path = self.path + (("size", d),)
        if path in b.known_paths:
            return b.constant(self.sizes[d], "index")
        number = b.constant(d, "index")
        return b.before("tensor.dim %s, %s : %s" % (b.use(self.root), number.name, self.type),
                        "index", known=self.sizes[d], is_nonnegative=True,
                        deps=frozenset([path]))

    @property
    def shape(self) -> Tuple[Value, ...]:
        return tuple(self.size(d) for d in range(len(self.indices), len(self.sizes)))

    @property
    def ndim(self) -> int:
        return len(self.sizes) - len(self.indices)

    def __len__(self):
        return operator.index(self.size(len(self.indices)))

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __bool__(self):
        return bool(self.scalar())

    def __float__(self):
        return float(self.scalar())

    def __index__(self):
        return operator.index(self.scalar())

    __int__ = __index__

    def __repr__(self):
        return "<captured tensor %s>" % self.name

