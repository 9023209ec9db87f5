# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small floating-point formats in NumPy, by their definition."""
import numpy as np


def round_to(values, digits, least, most, overflow):
    """float64 -> the nearest value with `digits` significand bits, ties to even.
    least: exponent of the smallest subnormal. Beyond `most`: `overflow`."""
    values = np.asarray(values, np.float64)
    with np.errstate(all="ignore"):
        _, exponent = np.frexp(values)
        unit = np.ldexp(1.0, np.maximum(exponent - digits, least))
        rounded = np.where(np.isfinite(values), np.rint(values / unit) * unit, values)
        beyond = np.abs(rounded) > most
        return np.where(beyond, np.copysign(overflow, values), rounded)


def to_bf16(values):
    return round_to(values, 8, -133, 3.3895313892515355e38, np.inf)


def to_f16(values):
    return round_to(values, 11, -24, 65504.0, np.inf)


def to_e4m3(values):
    """.satfinite: what is too large becomes the largest."""
    return round_to(values, 4, -9, 448.0, 448.0)


def bf16_bits(values):
    """Bits of values that are exact in bfloat16."""
    return (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint32)


def bf16_values(bits):
    return (np.asarray(bits, np.uint32) << 16).view(np.float32)


def f16_bits(values):
    return np.asarray(values, np.float16).view(np.uint16).astype(np.uint32)


def e4m3_table():
    """The values of all 256 codes: bias 7, no infinities, NaN is 0x7f and 0xff."""
    code = np.arange(256)
    exponent, fraction = code >> 3 & 15, code & 7
    size = np.where(exponent > 0, np.ldexp(1 + fraction / 8, exponent - 7),
                    np.ldexp(fraction / 8, -6))
    size = np.where(code & 0x7f == 0x7f, np.nan, size)
    return np.where(code & 0x80, -size, size)


def e4m3_bits(values):
    """Codes of values that are exact in e4m3 and not negative zero."""
    table = e4m3_table()
    lookup = {value: i for i, value in reversed(list(enumerate(table)))}
    flat = np.asarray(values, np.float64)
    return np.array([lookup[v] for v in flat.ravel()], np.uint32).reshape(flat.shape)


def flush(values):
    """float32 subnormals become zeros of their sign, as .ftz has it."""
    values = np.asarray(values, np.float32)
    tiny = np.abs(values) < np.float32(2.0 ** -126)
    return np.where(tiny, np.copysign(np.float32(0), values), values)


def ulp(exact):
    """Distance between float32 neighbours at the exact values."""
    _, exponent = np.frexp(np.asarray(exact, np.float64))
    return np.ldexp(1.0, np.maximum(exponent, -125) - 24)
