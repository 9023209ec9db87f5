# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attention.mlir in NumPy and float64, to compare files of attn-run with."""
import numpy as np


def bfloat16(x):
    """Rounds to the nearest bfloat16, ties to even."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def attention(q, k, v, doc, left, cap):
    """Output and lse; q is B x Hq x Sq x D, k and v are B x Hkv x Sk x D."""
    group = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, group, 1), np.repeat(v, group, 1)
    s = np.einsum("bhid,bhjd->bhij", q, k) / np.sqrt(q.shape[3])
    s = cap * np.tanh(s / cap)
    i, j = np.ogrid[: q.shape[2], : k.shape[2]]
    rows, columns = doc[:, : q.shape[2]], doc[:, : k.shape[2]]
    kept = (j >= i - left) & (rows[:, None, :, None] == columns[:, None, None, :])
    s = np.where(kept, s, -np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        high = np.maximum(s.max(-1, keepdims=True), np.finfo(np.float64).min)
        weights = np.exp(s - high)
        total = weights.sum(-1, keepdims=True)
        out = np.where(total > 0, weights / total, 0) @ v
        lse = np.log(total) + high
    return out, np.where(total > 0, lse, -np.inf)[..., 0]
