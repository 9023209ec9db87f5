# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.quantize in float64: 8-bit floats, scales of blocks of rows, Hadamard transforms.

The independent truth: it follows docs/Spec.md and shares nothing with the compiler.
"""
import numpy as np

LEAST_SCALE = 2.0**-100


def values_of(name):
    """The finite values of the type that are not negative, in ascending order."""
    mantissa, bias, most = {"f8E4M3FN": (3, 7, 0x7e), "f8E5M2": (2, 15, 0x7b)}[name]
    code = np.arange(most + 1)
    field, fraction = code >> mantissa, (code & (1 << mantissa) - 1) / 2.0**mantissa
    return np.where(field == 0, 2.0**(1 - bias) * fraction,
                    2.0**(field - bias) * (1 + fraction))


def round_to_float8(name, x):
    """The nearest value, of two as near the one with the even code, saturating."""
    table = values_of(name)
    middle = (table[1:] + table[:-1]) / 2
    magnitude = np.abs(x)
    # On the middle itself: to the even code, which is below an odd one.
    index = np.searchsorted(middle, magnitude, side="left")
    tie = np.isin(magnitude, middle)
    index = np.where(tie & (index % 2 == 1), index + 1, index)
    rounded = np.copysign(table[np.minimum(index, len(table) - 1)], x)
    return np.where(np.isnan(x), np.nan, rounded)


def signs(seed, dim):
    """+1 and -1 by SplitMix64: bit d % 64 of number d / 64 after the seed."""
    mask = (1 << 64) - 1
    result = np.empty(dim)
    for d in range(dim):
        z = (seed + (d // 64 + 1) * 0x9e3779b97f4a7c15) & mask
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 & mask
        z = (z ^ z >> 27) * 0x94d049bb133111eb & mask
        z ^= z >> 31
        result[d] = -1 if z >> d % 64 & 1 else 1
    return result


def width_of(dim):
    return min(dim & -dim, 256)


def matrix(width):
    """Sylvester's Hadamard matrix, orthonormal."""
    h = np.ones((1, 1))
    while len(h) < width:
        h = np.block([[h, h], [h, -h]])
    return h / np.sqrt(width)


def transform(x, seed):
    """Random signs, then Hadamard transforms of as many neighbours as the largest
    power of two that divides the head dim has, at most 256."""
    dim = x.shape[-1]
    width = width_of(dim)
    parts = (x * signs(seed, dim)).reshape(x.shape[:-1] + (dim // width, width))
    with np.errstate(invalid="ignore"):
        return (parts @ matrix(width)).reshape(x.shape)


def transform_back(y, seed):
    dim = y.shape[-1]
    width = width_of(dim)
    parts = y.reshape(y.shape[:-1] + (dim // width, width)) @ matrix(width)
    return parts.reshape(y.shape) * signs(seed, dim)


def quantize(x, name, block, seed=None):
    """(values of the 8-bit type before rounding, scales in float32 as float64). `block`
    is a number of rows, "head" or "tensor"."""
    y = np.asarray(x, np.float64)
    if seed is not None:
        y = transform(y, seed)

    def scale_of(part):
        magnitude = np.abs(part)
        largest = np.where(np.isfinite(part), magnitude, 0).max(initial=0)
        scale = np.float32(largest / values_of(name)[-1])
        return 1 if scale < LEAST_SCALE else float(scale)

    b, h, s, d = y.shape
    if block == "tensor":
        scales = np.array([scale_of(y)])
        return y / scales[0], scales
    rows = max(s, 1) if block == "head" else block
    blocks = 1 if block == "head" else -(-s // rows)
    scales = np.ones((b, h, blocks))
    for at in np.ndindex(b, h, blocks):
        scales[at] = scale_of(y[at[0], at[1], at[2] * rows:(at[2] + 1) * rows])
    quotients = y / np.repeat(scales, rows, axis=2)[:, :, :s, None]
    return quotients, scales[..., 0] if block == "head" else scales
