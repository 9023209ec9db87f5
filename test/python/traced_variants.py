# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The variants as functions that attn traces.

Most of the functions that say what a variant is in NumPy can be traced as they are. The
others ask arrays of positions for something that one position cannot answer; here they
are as one writes them for FlexAttention.
"""
import numpy as np

import attn


def log_gelu(s, b, h, i, j, c):
    return np.log(0.5 * s * (1.0 + attn.erf(s * 0.70710678)) + c["c"])


def mixed_arithmetic(s, b, h, i, j, c):
    return attn.erf(s * c["t"]) - attn.exp((j % c["n"]) * 0.1)


def table_row_of_capture(s, b, h, i, j, c):
    return s + c["t"][b, h, c["w"], i]


def first_half_of_queries(b, h, i, j, c):
    return i < c["sq"] // 2


def queries_below_blocks(b, h, i, j, c):
    return i < (c["sq"] // 32 + c["sk"] // 32) * 32


def causal_by_shift(b, h, i, j, c):
    return i + c["n"] >= j


def queries_not_dropped(b, h, i, j, c):
    return ~c["dropped"][b, i]


def key_range(b, h, i, j, c):
    document = c["document"][i]
    return (c["cu_seqlens"][document] <= j) & (j < c["cu_seqlens"][document + 1])


def longnet(b, h, i, j, c):
    shift = h % c["r"]
    return (i // c["w"] == j // c["w"]) & (i % c["w"] % c["r"] == shift) & \
        (j % c["w"] % c["r"] == shift)


def tree(b, h, i, j, c):
    node = attn.clamp(j - c["p"], 0, c["n"] - 1)
    return (j < c["p"]) | ((j < c["p"] + c["n"]) & c["ancestor"][i, node])


WRITTEN = {function.__name__: function for function in (
    log_gelu, mixed_arithmetic, table_row_of_capture, first_half_of_queries,
    queries_below_blocks, causal_by_shift, queries_not_dropped, key_range, longnet, tree)}


def captured(variant, case, rng):
    """What a variant captures, as arrays and numbers of the types it names."""
    values = {}
    for name, (value, kind) in variant.captures(case, rng).items():
        if isinstance(value, np.ndarray) and value.dtype == float:
            value = value.astype(np.float16 if kind.endswith("f16>") else np.float32)
        values[name] = value
    values.update(sq=case.sq, sk=case.sk)
    return values


def functions(variant, values):
    """(score_mod, mask_mod) of a variant, for attn and for NumPy: closures over `values`."""
    def close(fn):
        if fn is None:
            return None
        return lambda *arguments: fn(*arguments, values)
    written = WRITTEN.get(variant.name)
    if written is None:
        return close(variant.score_fn), close(variant.mask_fn)
    return (close(written), None) if variant.score_fn else (None, close(written))
