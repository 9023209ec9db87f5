# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn: attention variants, compiled from Python functions.

    import attn, numpy as np

    def soft_alibi(score, b, h, q_idx, kv_idx):
        return attn.softcap(score + slopes[h] * (kv_idx - q_idx), 30.0)

    out = attn.flex_attention(query, key, value, soft_alibi,
                              attn.causal & attn.window(1023), enable_gqa=True)

docs/Python.md has all of it. Nothing is loaded before something is compiled.
"""
from __future__ import annotations

from . import errors, masks
from ._functions import public as _public
from ._functions import softcap
from .api import (BlockMask, apply_rotary, create_block_mask, flex_attention,
                  scaled_dot_product_attention)
from .compiled import Compiled, Picture, Stats, compile, stats  # noqa: A004
from .differential import differential_attention
from .errors import ArgumentError, CompileError, DeviceError, Error, TraceError
from .masks import (Mask, as_mask, causal, causal_bottom_right, chunked, dilated, key_length,
                    num_keys, num_queries, prefix_lm, same_document, sinks, window)

__version__ = "0.1.0"

where = _public("where")
exp, exp2, log, log2, log1p = map(_public, ("exp", "exp2", "log", "log2", "log1p"))
tanh, sigmoid, erf, relu, gelu, silu = map(
    _public, ("tanh", "sigmoid", "erf", "relu", "gelu", "silu"))
sin, cos, sqrt, rsqrt, floor, ceil = map(
    _public, ("sin", "cos", "sqrt", "rsqrt", "floor", "ceil"))
abs, maximum, minimum, clamp, isin = map(  # noqa: A001
    _public, ("abs", "maximum", "minimum", "clamp", "isin"))
#: For x.to(attn.float32) in traced functions.
float32, int32, bool_ = "float32", "int32", "bool"

__all__ = [name for name in dir() if not name.startswith("_") and name != "annotations"]


def version() -> str:
    """The compiler's version, with that of LLVM and a hash of its code."""
    from ._library import library
    return library().attn_version().decode()


def cache_directory() -> str:
    """Where compiled kernels are kept; "" when they are not."""
    from ._library import compiler
    return compiler().cache()
