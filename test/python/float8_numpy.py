# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.attention on 8-bit floats in float64: scales, transposed blocks, and what a program
in that precision rounds.

The independent truth: it follows docs/Spec.md and shares nothing with the compiler.
"""
import numpy as np

import quantize_numpy

RANGE = 2.0**8  # of weights from 0 to 1, where they are rounded


def column(row):
    """Where row `row` of a transposed block is."""
    return 16 * (row // 16) + 4 * (row % 8 // 2) + 2 * (row % 16 // 8) + row % 2


def transposed(x, width):
    """B x H x S x D as B x H x ceil(S / width) x D x width, with 0 past the end."""
    b, h, s, d = x.shape
    blocks = np.zeros((b, h, -(-s // width), d, width), x.dtype)
    for j in range(s):
        blocks[:, :, j // width, :, column(j % width)] = x[:, :, j]
    return blocks


def untransposed(blocks, length):
    width = blocks.shape[4]
    rows = [blocks[:, :, j // width, :, column(j % width)] for j in range(length)]
    return np.stack(rows, 2) if rows else blocks[:, :, :0, :, 0]


def dequantized(x, scales, block):
    """The numbers that 8-bit floats (by value) stand for."""
    if scales is None:
        return x.astype(np.float64)
    scales = scales.astype(np.float64)
    if scales.ndim == 1:
        return x * scales[0]
    if scales.ndim == 2:
        return x * scales[:, :, None, None]
    return x * np.repeat(scales, block, axis=2)[:, :, :x.shape[2], None]


def rounded_weights(w, has_unit_weights=True):
    """Weights as the second product of a kernel has them."""
    factor = RANGE if has_unit_weights else 1
    return quantize_numpy.round_to_float8("f8E4M3FN", w * factor) / factor


def softmax_row(s, v):
    """An unfused program's row: weights are rounded, their sum is of those before."""
    if not len(s) or s.max() == -np.inf:
        return np.zeros(v.shape[1]), -np.inf
    w = np.exp(s - s.max())
    return rounded_weights(w) @ v / w.sum(), s.max() + np.log(w.sum())


def sigmoid_row(s, v):
    return rounded_weights(1 / (1 + np.exp(-s))) @ v, None


def relu_row(s, v):
    """One of the normalizers whose weights may be above 1."""
    return rounded_weights(np.maximum(s, 0), has_unit_weights=False) @ v, None


def half_softmax_row(s, v):
    """The same for 16-bit queries with keys and values in 8 bits: as with 16 bits."""
    s = s.astype(np.float16).astype(np.float64)
    w = np.exp(s - s.max())
    return (w / w.sum()).astype(np.float16).astype(np.float64) @ v, None
