# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tracing of a score or mask function: what it captures, and its text in the dialect.

A function reaches numbers and tensors through its closure, its globals, its defaults,
the object that it is a method of, and containers of these. For the trace they are
replaced by stand-ins, in a copy of the function; a *path* says how each is reached. At
the next call the values at the same paths are read again, so that a trace serves all
of them as long as types and ranks stay.
"""
from __future__ import annotations

import copy
import functools
import os
import re
import traceback
import types
from typing import Any, Callable, Dict, List, Sequence, Set, Tuple

import numpy as np

from ._arrays import is_array
from ._trace import (Builder, CapturedNumber, CapturedTensor, Specialize, Value, error, lift,
                     to_float)
from .errors import ArgumentError, TraceError

Path = Tuple
_MOST_ITEMS, _DEEPEST = 256, 8
_FOREIGN = ("numpy", "torch", "attn", "jax", "cupy", "math", "builtins")


class Missing(Exception):
    """A path leads nowhere: the function has changed."""


def names_used(code: types.CodeType) -> Set[str]:
    """Names that the code or code within it looks up."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_used(constant)
    return names


def step(value: Any, key: Tuple) -> Any:
    """What `value` leads to by one step of a path."""
    kind, what = key
    try:
        if kind == "closure":
            return value.__closure__[what].cell_contents
        if kind == "global":
            return value.__globals__[what]
        if kind == "default":
            return value.__defaults__[what]
        if kind == "keyword":
            return value.__kwdefaults__[what]
        if kind == "item":
            return value[what]
        if kind == "attribute":
            return value.__dict__[what] if what in value.__dict__ else getattr(value, what)
        if kind == "size":
            return int(value.shape[what])
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        pass
    raise Missing(key)


def follow(root: Any, path: Path) -> Any:
    for key in path:
        root = step(root, key)
    return root


def element_of(value: Any, name: str) -> str:
    """The element type that a captured tensor has in the program."""
    dtype = str(value.dtype).replace("torch.", "") if hasattr(value, "dtype") else None
    if dtype is None:
        from ._arrays import describe
        return describe(value, name).element
    element = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "int8": "i8",
               "int32": "i32", "int64": "i64", "bool": "i1"}.get(dtype)
    if element is None and isinstance(value, np.ndarray):
        # Copied for each call anyway: what the kernels compute with.
        element = {"float64": "f32", "uint8": "i32", "int16": "i32",
                   "uint16": "i32"}.get(dtype)
    if element is None:
        raise ArgumentError("captured tensor '%s': dtype: expected float16, bfloat16, "
                            "float32, int8, int32, int64 or bool, but got %s" % (name, dtype))
    return element


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and \
        not isinstance(value, (bool, np.bool_))


def number(value: Any) -> Any:
    return float(value) if isinstance(value, (float, np.floating)) else int(value)


def _is_user_function(value: Any) -> bool:
    if not isinstance(value, types.FunctionType):
        return False
    # What PyTorch's and_masks() and or_masks() make holds functions of users.
    module = value.__module__ or ""
    return module.split(".")[0] not in _FOREIGN or module.startswith("torch.nn.attention.")


class Lifting:
    """Copies a function with stand-ins for what it captures. `constants`: paths of numbers
    that Python asked for."""

    def __init__(self, constants: Set[Path]):
        self.constants = constants
        self.guards: Dict[Path, Any] = {}  # what has to be there again
        self.memo: Dict[int, Any] = {}

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, (bool, np.bool_, str, type(None))):
            self.guards[path] = ("is", value)
            return value
        if is_number(value):
            if path in self.constants:
                self.guards[path] = ("is", number(value))
                return number(value)
            self.guards[path] = ("number", isinstance(number(value), float))
            return CapturedNumber(path, _name(path), number(value)).traced()
        if is_array(value):
            # Also of one that nothing is loaded from: its rank may decide about a branch.
            sizes, element = tuple(int(n) for n in value.shape), element_of(value, _name(path))
            self.guards[path] = ("array", (len(sizes), element))
            return CapturedTensor(path, _name(path), element, sizes)
        if id(value) in self.memo:
            return self.memo[id(value)][1]
        if len(path) >= _DEEPEST:
            return value
        made = self.container(value, path)
        if made is not value:
            self.memo[id(value)] = (value, made)
        return made

    def container(self, value: Any, path: Path) -> Any:
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            if len(value) > _MOST_ITEMS:
                return value
            self.guards[path] = ("length", len(value))
            return type(value)(self.value(v, path + (("item", i),))
                               for i, v in enumerate(value))
        if type(value) is dict and len(value) <= _MOST_ITEMS:
            return {k: self.value(v, path + (("item", k),)) for k, v in value.items()}
        if isinstance(value, functools.partial):
            return functools.partial(
                self.value(value.func, path + (("attribute", "func"),)),
                *self.value(value.args, path + (("attribute", "args"),)),
                **self.value(value.keywords, path + (("attribute", "keywords"),)))
        if isinstance(value, types.MethodType):
            return types.MethodType(
                self.value(value.__func__, path + (("attribute", "__func__"),)),
                self.value(value.__self__, path + (("attribute", "__self__"),)))
        if _is_user_function(value):
            return self.function(value, path)
        if hasattr(value, "__dict__") and not isinstance(
                value, (type, types.ModuleType, types.FunctionType)) and \
                (type(value).__module__.split(".")[0] not in _FOREIGN or
                 getattr(type(value), "captures_by_attribute", False)):
            return self.instance(value, path)
        return value

    def instance(self, value: Any, path: Path) -> Any:
        """A copy of an object whose attributes are stand-ins."""
        if len(value.__dict__) > _MOST_ITEMS:
            return value
        self.guards[path] = ("type", type(value))
        made = copy.copy(value)
        self.memo[id(value)] = (value, made)
        for name, attribute in list(value.__dict__.items()):
            made.__dict__[name] = self.value(attribute, path + (("attribute", name),))
        return made

    def function(self, function: types.FunctionType, path: Path) -> types.FunctionType:
        self.guards[path] = ("code", function.__code__)
        used = names_used(function.__code__)
        made = types.FunctionType(
            function.__code__, dict(function.__globals__), function.__name__,
            closure=tuple(types.CellType() for _ in function.__closure__ or ()) or None)
        made.__module__ = function.__module__
        self.memo[id(function)] = (function, made)  # before a recursive one is met
        for name in used & function.__globals__.keys():
            made.__globals__[name] = self.value(function.__globals__[name],
                                                path + (("global", name),))
        for i, cell in enumerate(function.__closure__ or ()):
            try:
                contents = cell.cell_contents
            except ValueError:
                continue
            self.cell_names[path + (("closure", i),)] = function.__code__.co_freevars[i]
            made.__closure__[i].cell_contents = self.value(contents,
                                                           path + (("closure", i),))
        if function.__defaults__:
            names = function.__code__.co_varnames[:function.__code__.co_argcount]
            names = names[-len(function.__defaults__):]
            for i, name in enumerate(names):
                self.cell_names[path + (("default", i),)] = name
            made.__defaults__ = tuple(self.value(v, path + (("default", i),))
                                      for i, v in enumerate(function.__defaults__))
        if function.__kwdefaults__:
            made.__kwdefaults__ = {k: self.value(v, path + (("keyword", k),))
                                   for k, v in function.__kwdefaults__.items()}
        return made

    cell_names: Dict[Path, str] = {}


def _name(path: Path) -> str:
    """What a captured value is called: the last name on its path."""
    for length in range(len(path), 0, -1):
        known = Lifting.cell_names.get(path[:length])
        kind, what = path[length - 1]
        text = known if known else what if isinstance(what, str) else None
        if text and text not in ("func", "args", "keywords", "__self__", "__func__"):
            return re.sub(r"\W", "_", text)
    return "capture"


def _is_again(what: str, expected: Any, value: Any) -> bool:
    """Whether a value is what a trace has found in its place."""
    if what == "array":
        return is_array(value) and len(value.shape) == expected[0] and \
            element_of(value, "capture") == expected[1]
    if what == "number":
        return is_number(value) and isinstance(number(value), float) == expected
    if what == "code":
        return getattr(value, "__code__", None) is expected
    if what == "type":
        return type(value) is expected
    if what == "length":
        return len(value) == expected
    if is_number(expected):
        return is_number(value) and number(value) == expected and \
            type(number(value)) is type(expected)
    return type(value) is type(expected) and value == expected


#: What names of a region's values begin with; regions of one op share them.
_PREFIXES = {"score": "s", "mask": "m", "sink": "z"}


class Trace:
    """A function as operations, for all captures of the same types."""

    def __init__(self, kind: str, body: List[str], prelude: List[str],
                 captures: Sequence[Any], guards: Dict[Path, Any], result: str):
        self.kind, self.body, self.prelude, self.result = kind, body, prelude, result
        self.prefix = _PREFIXES[kind]
        self.captures = [(c.path, c.name, getattr(c, "element", None) or c.kind,
                          len(c.sizes) if isinstance(c, CapturedTensor) else None,
                          dict(c.index_sizes)) for c in captures]
        self.guards = guards

    def fits(self, function: Any) -> bool:
        """Whether the function, perhaps another object of the same code, is this one."""
        try:
            return all(_is_again(what, expected, follow(function, path))
                       for path, (what, expected) in self.guards.items())
        except (Missing, TypeError):
            return False

    def values(self, function: Any) -> List[Any]:
        return [follow(function, path) for path, *_ in self.captures]


_ARGUMENTS = {
    "score": [("s", "f32"), ("b", "index"), ("h", "index"), ("i", "index"), ("j", "index")],
    "mask": [("b", "index"), ("h", "index"), ("i", "index"), ("j", "index")],
    "sink": [("b", "index"), ("h", "index")],
}
_RESULTS = {"score": "f32", "mask": "i1", "sink": "f32"}
_POSITIONS = {"b": "b", "h": "h", "i": "q", "j": "kv"}


def _describe(function: Any) -> str:
    code = getattr(function, "__code__", None)
    return "%s (%s:%d)" % (function.__name__, code.co_filename, code.co_firstlineno) \
        if code else repr(function)


def _result(kind: str, result: Any, function: Any) -> Value:
    """The value that a function has returned, of the type that its kind asks for."""
    where = _describe(function)
    if result is None:
        raise TraceError("%s: the %s function returns nothing" % (where, kind))
    try:
        value = lift(result, "the result of the %s function" % kind)
    except TraceError as problem:
        raise TraceError("%s: the %s function returns a %s, expected a scalar (%s)" % (
            where, kind, type(result).__name__, problem)) from None
    if kind == "mask" and not value.is_bool:
        raise TraceError("%s: the mask function returns a %s, expected a bool: compare it "
                         "with something" % (where, value.dtype))
    if kind != "mask" and value.is_bool:
        raise TraceError("%s: the %s function returns a bool, expected a number: use "
                         "attn.where(condition, score, -float('inf')), or make it the "
                         "mask function" % (where, kind))
    if kind != "mask":
        value = to_float(value)
    return value


def _name_foreign_call(problem: TypeError) -> None:
    """Raises a TraceError where a library that does not know traced values has failed, such
    as jax.numpy. Returns where the function itself has."""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__)
              if not frame.filename.startswith(os.path.dirname(__file__) + os.sep)]
    own = [frame for frame in frames if "-packages" + os.sep not in frame.filename]
    # JAX hides its frames, but says what it got.
    if own and (frames[-1] is not own[-1] or Value.__module__ in str(problem)):
        raise TraceError("%s:%d: %s: a library cannot take a traced value (%s); use functions "
                         "of attn, torch or numpy" % (
                             own[-1].filename, own[-1].lineno, own[-1].line,
                             str(problem).split("\n", 1)[0])) from problem


def _trace_once(kind: str, function: Callable, constants: Set[Path]) -> Trace:
    lifting = Lifting(constants)
    stand_in = lifting.value(function, ())
    builder = Builder(_PREFIXES[kind], constants)
    arguments = [Value("%" + name, element, is_nonnegative=element == "index",
                       index_of=_POSITIONS.get(name)) for name, element in _ARGUMENTS[kind]]
    with builder:
        try:
            result = stand_in(*arguments)
        except TypeError as problem:
            if isinstance(problem, TraceError):
                raise
            if problem.__traceback__.tb_next is not None:
                _name_foreign_call(problem)
                raise
            raise TraceError("%s: a %s function takes (%s): %s" % (
                _describe(function), kind, ", ".join(
                    {"score": ["score", "b", "h", "q_idx", "kv_idx"],
                     "mask": ["b", "h", "q_idx", "kv_idx"], "sink": ["b", "h"]}[kind]),
                problem)) from None
        value = _result(kind, result, function)
        name = value.name
    for path in constants:
        if path and path[-1][0] == "size":
            lifting.guards[path] = ("is", follow(function, path))
    return Trace(kind, builder.lines, builder.prelude, builder.captures, lifting.guards, name)


def trace(kind: str, function: Callable) -> Trace:
    """Runs the function on stand-ins. Numbers whose value Python asks for, as in range(n),
    become constants of this trace."""
    constants: Set[Path] = set()
    while True:
        try:
            return _trace_once(kind, function, constants)
        except Specialize as needed:
            if needed.paths <= constants:
                raise error("a captured number is asked for again") from None
            constants |= needed.paths


#: Traces by kind and code, newest last.
_traces: Dict[Tuple, List[Trace]] = {}


def _key(function: Any) -> Any:
    """Something hashable that functions of the same code share."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    inner = getattr(function, "function", None)
    if inner is not None:
        return (type(function), _key(inner))
    return getattr(function, "__code__", None) or type(function)


def find_trace(kind: str, function: Callable) -> Tuple[Trace, bool]:
    """The trace of a function, and whether it is a new one."""
    known = _traces.setdefault((kind, _key(function)), [])
    for candidate in known:
        if candidate.fits(function):
            return candidate, False
    known.append(trace(kind, function))
    return known[-1], True
