# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The difference of two attention maps over one value."""
from __future__ import annotations

from numbers import Real
from typing import Any, Callable, Optional

import numpy as np

from ._arrays import Array, describe
from ._program import Difference
from .compiled import Compiled, check_shapes
from .errors import ArgumentError


def _same(array: Array, name: str, like: Array, of: str) -> None:
    if array.shape != like.shape or array.element != like.element:
        raise ArgumentError("%s: expected shape %s of %s as for %s, but got %s of %s" % (
            name, list(like.shape), like.element, of, list(array.shape), array.element))


def _factor(lam: Any, query: Array, queue: int) -> Any:
    """lambda as a number or an array of one of the shapes that it may have."""
    if isinstance(lam, Real):
        return float(lam)
    array = describe(lam, "lam", queue)
    shapes = ((), (query.shape[1],), tuple(query.shape[:3]))
    if tuple(array.shape) not in shapes or array.element not in ("f32", query.element):
        raise ArgumentError("lam: expected a number, [Hq] = %s or [B, Hq, Sq] = %s of float32 or "
                            "%s, but got %s of %s" % (
                                list(shapes[1]), list(shapes[2]), query.element,
                                list(array.shape), array.element))
    return array


def _type(array: Array) -> str:
    return "tensor<%s%s>" % ("?x" * array.rank, array.element)


def differential_attention(query0: Any, key0: Any, query1: Any, key1: Any, value: Any,
                           lam: Any, *, score_mod: Optional[Callable] = None,
                           mask_mod: Optional[Callable] = None,
                           norm_epsilon: Optional[float] = None,
                           norm_scale: Optional[float] = None, weight: Any = None,
                           scale: Optional[float] = None, stream: Optional[int] = None,
                           target: Optional[str] = None) -> Any:
    """attention(query0, key0, value) - lam * attention(query1, key1, value), which reads the
    value once (Differential Transformer, arXiv 2410.05258).

    query0, query1: [B, Hq, Sq, D], key0, key1: [B, Hkv, Sk, D], value: [B, Hkv, Sk, Dv], of
    float16 or bfloat16. lam: a number, [Hq], or [B, Hq, Sq], of float32 or the type of the
    queries. score_mod and mask_mod as in attn.compile(), the same for both maps. With
    norm_epsilon each row x of the result becomes
    x / sqrt(mean(x^2) + norm_epsilon) * norm_scale * weight, with weight of [Dv].

    The first version of the model has norm_scale = 1 - lambda_init; the second has one key
    for both maps, neighbouring query heads, query[:, 0::2] and query[:, 1::2], a lam for each
    token, and no norm. Returns [B, Hq, Sq, Dv]. Raises as attn.Compiled does.
    """
    queue = stream or 0
    tensors = {name: describe(x, name, queue) for name, x in (
        ("query0", query0), ("key0", key0), ("query1", query1), ("key1", key1),
        ("value", value))}
    first = tensors["query0"]
    check_shapes(first, tensors["key0"], tensors["value"], "0")
    _same(tensors["query1"], "query1", first, "query0")
    _same(tensors["key1"], "key1", tensors["key0"], "key0")
    if norm_epsilon is None and (norm_scale is not None or weight is not None):
        raise ArgumentError("%s: expected norm_epsilon beside it" % (
            "weight" if norm_scale is None else "norm_scale"))
    for number, name in ((norm_epsilon, "norm_epsilon"), (norm_scale, "norm_scale")):
        if number is not None and not np.isfinite(number):
            raise ArgumentError("%s: expected a finite number, but got %r" % (name, number))
    if norm_epsilon is not None and norm_epsilon <= 0:
        raise ArgumentError("norm_epsilon: expected a number above 0, but got %r" % norm_epsilon)
    factor = _factor(lam, first, queue)
    more, weight_type = [("lam", factor)], None
    if weight is not None:
        given = describe(weight, "weight", queue)
        width = tensors["value"].shape[3]
        if tuple(given.shape) != (width,) or given.element not in ("f32", first.element):
            raise ArgumentError("weight: expected [%d] of float32 or %s, but got %s of %s" % (
                width, first.element, list(given.shape), given.element))
        more.append(("weight", given))
        weight_type = "tensor<%dx%s>" % (width, given.element)
    difference = Difference("f32" if isinstance(factor, float) else _type(factor), weight_type,
                            norm_epsilon, norm_scale)
    compiled = Compiled(score_mod, mask_mod, None, "softmax", scale, False, target, 16,
                        difference)
    return compiled.run(tensors, more, stream)
