# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random inputs that are the same to the bit on every machine and with every NumPy.

They are functions of a seed, a name and a position: SplitMix64 of a counter, and sums
of integers in place of a library's logarithms and cosines.
"""
import math
import zlib

import numpy as np

_SUM_OF_FOUR = np.float32(2.0 ** -16 * math.sqrt(3.0))  # makes the variance 1


def to_bf16(values):
    """float32 to the bits of bfloat16, to nearest and ties to even; NaN stays NaN."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))))
    rounded = (rounded >> np.uint32(16)).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FC0), rounded)


def from_bf16(bits):
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def to_element(values, element):
    """Real numbers as `element`; bfloat16 as its bits."""
    if element == "bf16":
        return to_bf16(np.asarray(values, np.float32))
    return np.asarray(values, {"f16": np.float16, "f32": np.float32}[element])


def from_element(values, element):
    return from_bf16(values) if element == "bf16" else values


def random_bits(seed, count):
    """SplitMix64 of the numbers that follow seed."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    z = np.arange(1, count + 1, dtype=np.uint64)
    z *= golden
    z += np.uint64(seed & 0xFFFFFFFFFFFFFFFF)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


class Draw:
    """The random numbers of one case."""

    def __init__(self, seed, case):
        self.prefix = "%d/%s/" % (seed, case)

    def bits(self, name, count):
        text = (self.prefix + name).encode()
        return random_bits(zlib.crc32(text) << 32 | zlib.adler32(text), count)

    def normal(self, name, shape, element, scale=1):
        """Close to a normal distribution: the sum of four uniform numbers."""
        count = int(np.prod(shape, dtype=np.int64))
        parts = self.bits(name, count).view(np.uint16).reshape(count, 4)
        total = parts.sum(axis=1, dtype=np.int32) - np.int32(2 * 65535)
        values = total.astype(np.float32) * (_SUM_OF_FOUR * np.float32(scale))
        return to_element(values, element).reshape(shape)

    def integers(self, name, shape, end):
        """0 <= n < end <= 2^31."""
        count = int(np.prod(shape, dtype=np.int64))
        high = self.bits(name, count) >> np.uint64(32)
        return ((high * np.uint64(max(1, end))) >> np.uint64(32)) \
            .astype(np.int64).reshape(shape)
