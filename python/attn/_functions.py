# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions that score and mask functions may use, by the names that PyTorch and
NumPy give them."""
from __future__ import annotations

import math
from typing import Any, Callable, Optional

from ._trace import (FUNCTIONS, METHODS, CapturedTensor, Value, builder, error, lift, merge,
                     to_bool, to_float, to_index)


def _register(*names: str, method: bool = True) -> Callable:
    def add(function: Callable) -> Callable:
        for name in names:
            FUNCTIONS[name] = function
            if method:
                METHODS.add(name)
        return function
    return add


# ===----------------------------------------------------------------------=== #
# Arithmetic
# ===----------------------------------------------------------------------=== #


def _arithmetic(integer: str, real: str, compute: Callable, keeps_sign: bool) -> Callable:
    """keeps_sign: of operands that are not negative comes what is not negative."""
    def function(a: Any, b: Any, alpha: Any = 1) -> Value:
        if not (isinstance(alpha, int) and alpha == 1):
            b = FUNCTIONS["mul"](b, alpha)
        x, y = lift(a), lift(b)
        if x.is_float or y.is_float:
            x, y = to_float(x), to_float(y)
            return builder().emit("%s %s, %s : f32" % (real, x.name, y.name), "f32",
                                  **merge([x, y], compute))
        x, y = to_index(x), to_index(y)
        if all(v.known is not None and not v.deps for v in (x, y)):
            return builder().constant(compute(x.known, y.known), "index")
        return builder().emit(
            "%s %s, %s : index" % (integer, x.name, y.name), "index",
            is_nonnegative=keeps_sign and x.is_nonnegative and y.is_nonnegative,
            **merge([x, y], compute))
    return function


_register("add")(_arithmetic("arith.addi", "arith.addf", lambda x, y: x + y, True))
_register("sub", "subtract")(
    _arithmetic("arith.subi", "arith.subf", lambda x, y: x - y, False))
_register("mul", "multiply")(
    _arithmetic("arith.muli", "arith.mulf", lambda x, y: x * y, True))
_register("maximum", "fmax")(_arithmetic("arith.maxsi", "arith.maximumf", max, True))
_register("minimum", "fmin")(_arithmetic("arith.minsi", "arith.minimumf", min, True))


@_register("max", "amax", method=False)
def _max(a: Any, b: Any) -> Value:
    return FUNCTIONS["maximum"](a, b)


@_register("min", "amin", method=False)
def _min(a: Any, b: Any) -> Value:
    return FUNCTIONS["minimum"](a, b)


@_register("rsub", method=False)
def _rsub(a: Any, b: Any) -> Value:
    return FUNCTIONS["sub"](b, a)


@_register("div", "divide", "true_divide", "truediv")
def _div(a: Any, b: Any, rounding_mode: Optional[str] = None) -> Value:
    if rounding_mode == "floor":
        return _floor_divide(a, b)
    if rounding_mode is not None:
        raise error("div: expected rounding_mode None or 'floor', but got %r" % rounding_mode)
    x, y = to_float(a), to_float(b)
    return builder().emit("arith.divf %s, %s : f32" % (x.name, y.name), "f32",
                          **merge([x, y], lambda p, q: p / q))


@_register("floor_divide", "floordiv")
def _floor_divide(a: Any, b: Any) -> Value:
    x, y = lift(a), lift(b)
    if x.is_float or y.is_float:
        return _floor(_div(x, y))
    x, y = to_index(x), to_index(y)
    _check_divisor(y)
    return builder().emit("arith.floordivsi %s, %s : index" % (x.name, y.name), "index",
                          is_nonnegative=x.is_nonnegative and y.is_nonnegative,
                          **merge([x, y], lambda p, q: p // q))


def _check_divisor(y: Value) -> None:
    if y.known is not None and y.known <= 0:
        raise error("expected a positive divisor, but got %d" % y.known)


@_register("remainder", "mod")
def _remainder(a: Any, b: Any) -> Value:
    """As in Python: the sign is that of the divisor."""
    x, y = lift(a), lift(b)
    if x.is_float or y.is_float:
        x, y = to_float(x), to_float(y)
        return x - _floor(x / y) * y
    x, y = to_index(x), to_index(y)
    _check_divisor(y)
    known = merge([x, y], lambda p, q: p % q)
    if x.is_nonnegative:
        result = builder().emit("arith.remsi %s, %s : index" % (x.name, y.name), "index",
                                is_nonnegative=True, **known)
    else:
        result = x - _floor_divide(x, y) * y
        result.is_nonnegative = True
    result.mod_of = (x, y)
    return result


@_register("fmod")
def _fmod(a: Any, b: Any) -> Value:
    """The sign is that of the dividend."""
    x, y = lift(a), lift(b)
    if x.is_float or y.is_float:
        x, y = to_float(x), to_float(y)
        return x - FUNCTIONS["trunc"](x / y) * y
    x, y = to_index(x), to_index(y)
    _check_divisor(y)
    return builder().emit("arith.remsi %s, %s : index" % (x.name, y.name), "index",
                          is_nonnegative=x.is_nonnegative,
                          **merge([x, y], lambda p, q: int(math.fmod(p, q))))


@_register("pow", "power", "float_power")
def _pow(a: Any, b: Any) -> Value:
    x, y = lift(a), lift(b)
    if y.known is not None and not y.deps and y.known in (0, 1, 2, 3, 4):
        result = x if y.known else lift(1.0 if x.is_float else 1)
        for _ in range(int(y.known) - 1):
            result = result * x
        return to_float(result) if y.is_float else result
    if x.known is not None and not x.deps and x.known > 0:
        return _exp2(to_float(y) * math.log2(x.known))
    x, y = to_float(x), to_float(y)
    return builder().emit("math.powf %s, %s : f32" % (x.name, y.name), "f32",
                          **merge([x, y], lambda p, q: p ** q))


@_register("square")
def _square(a: Any) -> Value:
    return lift(a) * a


@_register("neg", "negative")
def _neg(a: Any) -> Value:
    x = lift(a)
    if not x.is_float:
        return 0 - x
    if x.known is not None and not x.deps:
        return builder().constant(-x.known, "f32")
    return builder().emit("arith.negf %s : f32" % x.name, "f32",
                          **merge([x], lambda p: -p))


@_register("positive")
def _positive(a: Any) -> Value:
    return lift(a)


@_register("abs", "absolute", "fabs")
def _abs(a: Any) -> Value:
    x = lift(a)
    if x.is_float:
        return builder().emit("math.absf %s : f32" % x.name, "f32", **merge([x], abs))
    x = to_index(x)
    return builder().emit("math.absi %s : index" % x.name, "index", is_nonnegative=True,
                          **merge([x], abs))


# ===----------------------------------------------------------------------=== #
# Functions of a real number
# ===----------------------------------------------------------------------=== #


def _real(operation: str, compute: Callable, *names: str) -> Callable:
    def function(a: Any) -> Value:
        x = to_float(a)
        return builder().emit("%s %s : f32" % (operation, x.name), "f32",
                              **merge([x], compute))
    return _register(*names)(function)


_exp = _real("math.exp", math.exp, "exp")
_exp2 = _real("math.exp2", lambda x: 2.0 ** x, "exp2")
_log = _real("math.log", math.log, "log")
_real("math.log2", math.log2, "log2")
_tanh = _real("math.tanh", math.tanh, "tanh")
_erf = _real("math.erf", math.erf, "erf")
_real("math.sin", math.sin, "sin")
_real("math.cos", math.cos, "cos")
_real("math.sqrt", math.sqrt, "sqrt")
_real("math.rsqrt", lambda x: x ** -0.5, "rsqrt")
_floor = _real("math.floor", lambda x: float(math.floor(x)), "floor")
_real("math.ceil", lambda x: float(math.ceil(x)), "ceil")


@_register("trunc", "fix")
def _trunc(a: Any) -> Value:
    x = to_float(a)
    return where(x < 0.0, FUNCTIONS["ceil"](x), _floor(x))


@_register("round", "rint")
def _round(a: Any, decimals: Any = 0) -> Value:
    """To the nearest integer, halves to the even one."""
    if decimals not in (0, None):
        raise error("round: expected no digits behind the point, but got %r" % (decimals,))
    x = lift(a)
    if not x.is_float:
        return x
    up = _floor(x + 0.5)
    is_odd_half = (up - x == 0.5) & (_floor(up * 0.5) * 2.0 != up)
    return where(is_odd_half, up - 1.0, up)


@_register("sign", "sgn")
def _sign(a: Any) -> Value:
    """-1, 0 or 1, of the type of the argument."""
    x = lift(a)
    one, zero = (1.0, 0.0) if x.is_float else (1, 0)
    return where(x > zero, one, where(x < zero, -one, zero))


@_register("log1p")
def _log1p(a: Any) -> Value:
    return _log(to_float(a) + 1.0)


@_register("expm1")
def _expm1(a: Any) -> Value:
    return _exp(a) - 1.0


@_register("reciprocal")
def _reciprocal(a: Any) -> Value:
    return _div(1.0, a)


@_register("sigmoid", "expit")
def _sigmoid(a: Any) -> Value:
    return 1.0 / (1.0 + _exp(-to_float(a)))


@_register("silu")
def _silu(a: Any, inplace: bool = False) -> Value:
    return to_float(a) * _sigmoid(a)


@_register("relu")
def _relu(a: Any, inplace: bool = False) -> Value:
    return FUNCTIONS["maximum"](a, 0)


@_register("gelu")
def _gelu(a: Any, approximate: str = "none") -> Value:
    x = to_float(a)
    if approximate == "tanh":
        return 0.5 * x * (1.0 + _tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1.0 + _erf(x * 0.7071067812))


@_register("softplus")
def _softplus(a: Any) -> Value:
    x = to_float(a)
    return FUNCTIONS["maximum"](x, 0.0) + _log1p(_exp(-_abs(x)))


# ===----------------------------------------------------------------------=== #
# Comparisons and truth
# ===----------------------------------------------------------------------=== #


def _same_kind(a: Any, b: Any) -> Any:
    """Both as they are compared: two loaded integers of a type stay what they are."""
    x, y = lift(a), lift(b)
    if x.is_float or y.is_float:
        return to_float(x), to_float(y), "f32"
    if x.kind == y.kind:
        return x, y, x.kind
    for one, other in ((x, y), (y, x)):
        if one.kind in ("i32", "i64") and other.known is not None and not other.deps:
            constant = builder().constant(int(other.known), one.kind)
            return (one, constant, one.kind) if one is x else (constant, one, one.kind)
    return to_index(x), to_index(y), "index"


def _comparison(integer: str, real: str, compute: Callable, *names: str) -> None:
    def function(a: Any, b: Any) -> Value:
        x, y, kind = _same_kind(a, b)
        if integer in ("eq", "ne") and y.known == 0 and x.mod_of and not y.deps:
            # Of what is 0 the sign does not matter, and the compiler knows this form.
            dividend, divisor = x.mod_of
            x = builder().emit("arith.remsi %s, %s : index" % (dividend.name, divisor.name),
                               "index", **merge([x], lambda p: p))
        known = merge([x, y], compute)
        if kind == "f32":
            return builder().emit("arith.cmpf %s, %s, %s : f32" % (real, x.name, y.name),
                                  "i1", **known)
        # Truth values are compared as 0 and 1.
        predicate = integer if kind != "i1" else integer.replace("s", "u")
        return builder().emit("arith.cmpi %s, %s, %s : %s" % (predicate, x.name, y.name, kind),
                              "i1", **known)
    _register(*names)(function)


_comparison("eq", "oeq", lambda x, y: x == y, "eq", "equal")
_comparison("ne", "une", lambda x, y: x != y, "ne", "not_equal")
_comparison("slt", "olt", lambda x, y: x < y, "lt", "less")
_comparison("sle", "ole", lambda x, y: x <= y, "le", "less_equal")
_comparison("sgt", "ogt", lambda x, y: x > y, "gt", "greater")
_comparison("sge", "oge", lambda x, y: x >= y, "ge", "greater_equal")


def _bitwise(operation: str, compute: Callable, *names: str) -> None:
    def function(a: Any, b: Any) -> Value:
        x, y = lift(a), lift(b)
        if x.is_float or y.is_float:
            raise error("expected integers or truth values for &, | and ^, but got a real "
                        "number")
        if not (x.is_bool and y.is_bool):
            x, y = to_index(x), to_index(y)
        return builder().emit("%s %s, %s : %s" % (operation, x.name, y.name, x.kind), x.kind,
                              **merge([x, y], compute))
    _register(*names)(function)


_bitwise("arith.andi", lambda x, y: x & y, "bitwise_and", "and")
_bitwise("arith.ori", lambda x, y: x | y, "bitwise_or", "or")
_bitwise("arith.xori", lambda x, y: x ^ y, "bitwise_xor", "xor")


@_register("bitwise_not", "invert")
def _invert(a: Any) -> Value:
    x = lift(a)
    if x.is_bool:
        return FUNCTIONS["bitwise_xor"](x, True)
    return FUNCTIONS["bitwise_xor"](x, -1)


@_register("bitwise_left_shift", "left_shift")
def _shift_left(a: Any, b: Any) -> Value:
    x, y = to_index(a), to_index(b)
    return builder().emit("arith.shli %s, %s : index" % (x.name, y.name), "index",
                          **merge([x, y], lambda p, q: p << q))


@_register("bitwise_right_shift", "right_shift")
def _shift_right(a: Any, b: Any) -> Value:
    x, y = to_index(a), to_index(b)
    return builder().emit("arith.shrsi %s, %s : index" % (x.name, y.name), "index",
                          is_nonnegative=x.is_nonnegative, **merge([x, y], lambda p, q: p >> q))


@_register("logical_and")
def _logical_and(a: Any, b: Any) -> Value:
    return to_bool(a) & to_bool(b)


@_register("logical_or")
def _logical_or(a: Any, b: Any) -> Value:
    return to_bool(a) | to_bool(b)


@_register("logical_xor")
def _logical_xor(a: Any, b: Any) -> Value:
    return to_bool(a) ^ to_bool(b)


@_register("logical_not")
def _logical_not(a: Any) -> Value:
    return ~to_bool(a)


@_register("isinf")
def _isinf(a: Any) -> Value:
    return _abs(to_float(a)) == math.inf


@_register("isnan")
def _isnan(a: Any) -> Value:
    x = to_float(a)
    return x != x


# ===----------------------------------------------------------------------=== #
# Choices
# ===----------------------------------------------------------------------=== #


@_register("where", method=False)
def where(condition: Any, a: Any, b: Any) -> Value:
    """`a` where the condition holds, else `b`."""
    c = lift(condition)
    if not c.is_bool:
        raise error("where: expected a truth value as the condition, but got a %s" % c.dtype)
    x, y = lift(a), lift(b)
    if x.is_float or y.is_float:
        x, y = to_float(x), to_float(y)
    elif not (x.is_bool and y.is_bool):
        x, y = to_index(x), to_index(y)
    return builder().emit(
        "arith.select %s, %s, %s : %s" % (c.name, x.name, y.name, x.kind), x.kind,
        is_nonnegative=x.is_nonnegative and y.is_nonnegative,
        **merge([c, x, y], lambda p, q, r: q if p else r))


@_register("masked_fill")
def _masked_fill(a: Any, mask: Any, value: Any) -> Value:
    return where(mask, value, a)


@_register("clamp", "clip")
def _clamp(a: Any, min: Any = None, max: Any = None, **names: Any) -> Value:
    low, high = names.pop("a_min", min), names.pop("a_max", max)
    if any(value is not None for value in names.values()):
        raise error("clip: expected bounds only, but got %s" % ", ".join(names))
    x = lift(a)
    if low is not None:
        x = FUNCTIONS["maximum"](x, low)
    return x if high is None else FUNCTIONS["minimum"](x, high)


@_register("isin", method=False)
def _isin(a: Any, elements: Any) -> Value:
    """Whether the value is one of a row of a captured tensor, whose length then is a
    constant of the kernel, or of a list."""
    found = lift(False)
    if not isinstance(elements, CapturedTensor) and hasattr(elements, "tolist"):
        elements = elements.tolist()  # made within the function: constants
    items = list(elements) if isinstance(elements, (CapturedTensor, list, tuple)) else None
    if items is None:
        raise error("isin: expected a list or a row of a captured tensor")
    for item in items:
        found = found | (lift(a) == item)
    return found


# ===----------------------------------------------------------------------=== #
# Types
# ===----------------------------------------------------------------------=== #


@_register("float", "to_float")
def _to_float(a: Any) -> Value:
    return to_float(a)


@_register("int", "long", "to_int")
def _to_int(a: Any) -> Value:
    return to_index(a)


@_register("bool", "to_bool")
def _to_bool(a: Any) -> Value:
    return to_bool(a)


@_register("to", "type", "astype", "type_as")
def _to(a: Any, dtype: Any = None, **_: Any) -> Value:
    name = getattr(dtype, "dtype", dtype)
    name = getattr(name, "__name__", None) or str(name).replace("torch.", "")
    if name in ("float32", "float", "float64", "double"):
        return to_float(a)
    if name in ("int32", "int64", "int", "long", "int8", "int16"):
        return to_index(a)
    if name in ("bool", "bool_"):
        return to_bool(a)
    raise error("to: expected float32, int32 or bool, but got %s; scores are computed in "
                "float32" % name)


@_register("clone", "detach", "contiguous", "copy")
def _same(a: Any) -> Any:
    return a if isinstance(a, CapturedTensor) else lift(a)


@_register("item")
def _item(a: Any) -> Value:
    """Of captured numbers, which are known when compiling or read at each call."""
    if isinstance(a, CapturedTensor):
        return a.scalar()
    value = lift(a)
    if value.known is None:
        raise error("item() needs a value that is known when compiling, but this one is of "
                    "each position; use it as it is")
    return value


@_register("size")
def _size(a: Any, dimension: Optional[int] = None) -> Any:
    shape = a.shape
    return shape if dimension is None else shape[dimension]


@_register("getitem", "__getitem__", method=False)
def _getitem(tensor: Any, index: Any) -> Value:
    raise error("a tensor that attn did not see as a capture is indexed by a position; "
                "reach it through a closure, a global, a default or an attribute")


@_register("zeros_like", method=False)
def _zeros_like(a: Any, **_: Any) -> Value:
    x = lift(a)
    return lift(0.0 if x.is_float else False if x.is_bool else 0)


@_register("ones_like", method=False)
def _ones_like(a: Any, **_: Any) -> Value:
    x = lift(a)
    return lift(1.0 if x.is_float else True if x.is_bool else 1)


@_register("full_like", method=False)
def _full_like(a: Any, fill_value: Any, **_: Any) -> Value:
    x = lift(a)
    value = lift(fill_value)
    return to_float(value) if x.is_float else value


def _new(a: Any, size: Any, value: Any, dtype: Any) -> Value:
    """What new_full() and the like make; PyTorch's and_masks() starts from such a one."""
    if tuple(size if isinstance(size, (tuple, list)) else [size]) != ():
        raise error("a traced function computes scalars: expected the size (), but got %r" % (
            size,))
    return _full_like(a, value) if dtype is None else _to(value, dtype)


@_register("new_ones")
def _new_ones(a: Any, size: Any, dtype: Any = None, **_: Any) -> Value:
    return _new(a, size, _ones_like(a), dtype)


@_register("new_zeros")
def _new_zeros(a: Any, size: Any, dtype: Any = None, **_: Any) -> Value:
    return _new(a, size, _zeros_like(a), dtype)


@_register("new_full")
def _new_full(a: Any, size: Any, fill_value: Any, dtype: Any = None, **_: Any) -> Value:
    return _new(a, size, fill_value, dtype)


@_register("new_tensor")
def _new_tensor(a: Any, data: Any, dtype: Any = None, **_: Any) -> Value:
    return _new(a, (), data, dtype)


# ===----------------------------------------------------------------------=== #
# By name, for `attn.exp` and the like
# ===----------------------------------------------------------------------=== #


def public(name: str) -> Callable:
    function = FUNCTIONS[name]

    def call(*args: Any, **options: Any) -> Any:
        return function(*args, **options)
    call.__name__ = call.__qualname__ = name
    call.__doc__ = function.__doc__ or "`%s` of traced values, as torch.%s." % (name, name)
    return call


def softcap(score: Any, cap: Any) -> Value:
    """cap * tanh(score / cap), by the chip's instruction where it has one."""
    s, c = to_float(score), to_float(cap)
    return builder().emit("attn.softcap %s, %s" % (s.name, c.name), "f32")
