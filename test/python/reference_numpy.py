# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention by brute force in float64, one row at a time.

The independent truth: it follows the formulas of docs/Spec.md and shares nothing
with the compiler. Score and mask are Python functions on index grids.
"""
import numpy as np


def softmax_row(s, v, sink=-np.inf):
    """Softmax over s and the sink, times v, and log(exp(sink) + sum_j exp(s[j]));
    0 and the sink if there is no score."""
    largest = max(s.max(initial=-np.inf), sink)
    if largest == -np.inf:
        return np.zeros(v.shape[1]), -np.inf
    weights = np.exp(s - largest)
    total = weights.sum() + np.exp(sink - largest)
    return (weights / total) @ v, largest + np.log(total)


def sigmoid_row(s, v, bias):
    """Sigmoid attention, arXiv 2409.04431, equation 3. There is no lse."""
    return (1 / (1 + np.exp(-(s + bias)))) @ v, None


def relu_row(s, v, power, divisor):
    """Attention with a power of ReLU instead of softmax, arXiv 2309.08586."""
    return (np.where(s > 0, s, 0) ** power / divisor) @ v, None


def softpick_row(s, v):
    """Softpick, arXiv 2504.20966, without its epsilon: 0 where all scores are."""
    differences = np.expm1(s)
    total = np.abs(differences).sum()
    if total == 0:
        return np.zeros(v.shape[1]), -np.inf
    return (np.maximum(differences, 0) / total) @ v, np.log(total)


def stick_breaking_row(s, v):
    """Stick-breaking attention, arXiv 2410.17980: each key, from the last on, breaks
    sigmoid(s) off what is left. The second result is the log of what remains."""
    out, left = np.zeros(v.shape[1]), 0.0
    for score, value in zip(s[::-1], v[::-1]):
        out += np.exp(left - np.logaddexp(0, -score)) * value
        left -= np.logaddexp(0, score)
    return out, left


def linear_row(s, v):
    """Scores as weights, as in the parallel form of retention, arXiv 2307.08621."""
    return s @ v, None


def attention(q, k, v, scale=None, score=None, mask=None,
              row=lambda s, v, b, h: softmax_row(s, v)):
    """Returns (out, lse) in float64; lse means nothing where rows have none.

    q: B x Hq x Sq x D, k: B x Hkv x Sk x D, v: B x Hkv x Sk x Dv.
    score(s, b, h, i, j) and mask(b, h, i, j): b, h and i are integers, j is the
    array of all key positions and s are their scaled dot products. row(s, v, b, h)
    gives a row of out and its lse from the kept scores and values.
    """
    batch, heads, queries, head_dim = q.shape
    kv_heads, keys = k.shape[1:3]
    assert heads % kv_heads == 0 and v.shape[:3] == k.shape[:3]
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    if scale is None:
        scale = 1 / np.sqrt(head_dim)
    out = np.zeros((batch, heads, queries, v.shape[3]))
    lse = np.full((batch, heads, queries), -np.inf)
    positions = np.arange(keys)
    for b, h, i in np.ndindex(batch, heads, queries):
        kv_head = h // (heads // kv_heads)
        j = positions
        if mask is not None:
            # Dropped keys are gone from here on: whatever they hold.
            j = j[np.broadcast_to(mask(b, h, i, j), j.shape)]
        s = scale * (k[b, kv_head, j] @ q[b, h, i])
        if score is not None:
            s = np.broadcast_to(score(s, b, h, i, j), j.shape)
        out[b, h, i], lse[b, h, i] = row(s, v[b, kv_head, j], b, h)
    return out, lse


def differential(q0, k0, q1, k1, v, factor, epsilon=None, norm_scale=1.0, weight=None,
                 **options):
    """Differential attention, arXiv 2410.05258: equation 1, and with epsilon the
    normalization of equation 3. `factor` is lambda: it broadcasts to B x Hq x Sq."""
    first, second = (attention(q, k, v, **options)[0] for q, k in ((q0, k0), (q1, k1)))
    factor = np.asarray(factor, np.float64)
    if factor.ndim == 1:  # one for each head
        factor = factor[:, None]
    out = first - np.broadcast_to(factor, first.shape[:3])[..., None] * second
    if epsilon is None:
        return out
    out = out / np.sqrt(np.mean(out ** 2, axis=3, keepdims=True) + epsilon) * norm_scale
    return out if weight is None else out * weight


def to_bf16_bits(x):
    """float32 to the bits of bfloat16, to nearest and ties to even. No NaN."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16_bits(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)
