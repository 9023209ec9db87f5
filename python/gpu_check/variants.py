# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention variants: the regions in the attn dialect, and what they mean as formulas.

A region may use %s (score), %b %h %i %j and its captures, and %offset, the number of
keys minus that of queries. A formula has the same on arrays that broadcast to batch x
heads x queries x keys; x holds the functions of the array library (reference.py), and
c the captures by name and c["offset"].
"""
from dataclasses import dataclass, field
from typing import Callable, Dict, Optional

import numpy as np


@dataclass(frozen=True)
class Variant:
    name: str
    score: Optional[str] = None        # MLIR, its result is %r
    score_fn: Optional[Callable] = None  # (x, s, b, h, i, j, c)
    mask: Optional[str] = None         # MLIR, its result is %m
    mask_fn: Optional[Callable] = None   # (x, b, h, i, j, c)
    types: Dict[str, str] = field(default_factory=dict)  # of captures, in MLIR
    # (shape, draw) -> {name: array or number}; see inputs.py
    captures: Callable = lambda shape, draw: {}
    # The mask is a conjunction of linear comparisons, so that a kernel knows from
    # where on no key is kept: see "NaN and Inf in dropped positions" in docs/Spec.md.
    linear: bool = True
    out_factor: float = 2  # of the error of an unfused program


def bias(name, indices, element, shape_of):
    """A bias that is loaded by position; shape_of(shape) is that of the tensor."""
    kind = "tensor<%sx%s>" % ("x".join("?" * len(indices)), element)
    widen = "" if element == "f32" else "\n    %1 = arith.extf %0 : " + element + " to f32"
    loaded = "%0" if element == "f32" else "%1"
    body = "%0 = attn.load %" + name + "[" + ", ".join("%" + x for x in indices) + \
        "] : " + kind + widen + "\n    %r = arith.addf %s, " + loaded + " : f32"

    def score(x, s, b, h, i, j, c):
        by_name = {"b": b, "h": h, "i": i, "j": j}
        return s + c[name][tuple(by_name[index] for index in indices)]
    return dict(score=body, score_fn=score, types={name: kind},
                captures=lambda shape, draw: {
                    name: draw.normal(name, shape_of(shape), element)})


ALIBI = Variant(
    "alibi", score="""%slope = attn.load %slopes[%h] : tensor<?xf32>
    %r = attn.alibi %s, %slope, %i, %j""",
    score_fn=lambda x, s, b, h, i, j, c: s + c["slopes"][h] * (j - i),
    types={"slopes": "tensor<?xf32>"},
    captures=lambda shape, draw: {
        "slopes": np.exp2(-8.0 * np.arange(1, shape.hq + 1) / shape.hq).astype(np.float32)})
SOFTCAP = Variant(
    "softcap", score="%r = attn.softcap %s, %cap",
    score_fn=lambda x, s, b, h, i, j, c: c["cap"] * x.tanh(s / c["cap"]),
    types={"cap": "f32"}, captures=lambda shape, draw: {"cap": shape.cap}, out_factor=3)
BIAS_HEAD = Variant("bias_head", **bias("bias", "h", "f32", lambda s: (s.hq,)))
BIAS_MATRIX = Variant("bias_matrix", **bias("bias", "ij", "f32", lambda s: (s.sq, s.sk)))
BIAS_MATRIX_F16 = Variant("bias_matrix_f16", **bias(
    "bias", "ij", "f16", lambda s: (s.sq, s.sk)))
BIAS_MATRIX_BF16 = Variant("bias_matrix_bf16", **bias(
    "bias", "ij", "bf16", lambda s: (s.sq, s.sk)))
BIAS_FULL = Variant("bias_full", **bias(
    "bias", "bhij", "f32", lambda s: (s.b, s.hq, s.sq, s.sk)))
BIAS_KEY = Variant("bias_key", **bias("bias", "bj", "f16", lambda s: (s.b, s.sk)))
RELATIVE = Variant(
    "relative_table", score="""%low = arith.constant -16 : index
    %high = arith.constant 16 : index
    %0 = arith.subi %j, %i : index
    %1 = arith.maxsi %0, %low : index
    %2 = arith.minsi %1, %high : index
    %3 = arith.addi %2, %high : index
    %4 = attn.load %table[%3] : tensor<33xf32>
    %r = arith.addf %s, %4 : f32""",
    score_fn=lambda x, s, b, h, i, j, c: s + c["table"][x.clip(j - i, -16, 16) + 16],
    types={"table": "tensor<33xf32>"},
    captures=lambda shape, draw: {"table": draw.normal("table", (33,), "f32")})
# Row 0 keeps positions, but all of their scores are -inf.
MINUS_INFINITY = Variant(
    "minus_infinity", score="""%inf = arith.constant 0xFF800000 : f32
    %0 = arith.cmpi slt, %j, %i : index
    %r = arith.select %0, %s, %inf : f32""",
    score_fn=lambda x, s, b, h, i, j, c: x.where(j < i, s, -np.inf))

CAUSAL = Variant("causal", mask="%m = attn.causal %i, %j",
                 mask_fn=lambda x, b, h, i, j, c: j <= i)
# With more queries than keys the first rows keep nothing.
CAUSAL_END = Variant("causal_end", mask="%m = attn.causal %i, %j offset %offset",
                     mask_fn=lambda x, b, h, i, j, c: j <= i + c["offset"])
WINDOW = Variant(
    "window", mask="%m = attn.window %i, %j left %left right %right offset %offset",
    mask_fn=lambda x, b, h, i, j, c: (
        (i + c["offset"] - c["left"] <= j) & (j <= i + c["offset"] + c["right"])),
    types={"left": "index", "right": "index"},
    captures=lambda shape, draw: {"left": shape.left, "right": shape.right})
CAUSAL_WINDOW = Variant(
    "causal_window", mask="""%0 = attn.causal %i, %j offset %offset
    %1 = attn.window %i, %j left %left offset %offset
    %m = arith.andi %0, %1 : i1""",
    mask_fn=lambda x, b, h, i, j, c: (
        (j <= i + c["offset"]) & (i + c["offset"] - c["left"] <= j)),
    types={"left": "index"}, captures=lambda shape, draw: {"left": shape.left})
PREFIX = Variant(
    "prefix", linear=False, mask="""%0 = attn.load %prefix[%b] : tensor<?xi64>
    %1 = arith.index_cast %0 : i64 to index
    %2 = arith.cmpi slt, %j, %1 : index
    %3 = attn.causal %i, %j
    %m = arith.ori %2, %3 : i1""",
    mask_fn=lambda x, b, h, i, j, c: (j < c["prefix"][b]) | (j <= i),
    types={"prefix": "tensor<?xi64>"}, captures=lambda shape, draw: {
        "prefix": draw.integers("prefix", (shape.b,), shape.sk + 1).astype(np.int64)})


def documents(shape, draw):
    """Ids that grow with the position, of documents of uneven lengths."""
    def ids(name, length):
        starts = draw.integers(name, (shape.b, max(1, length)), 60) == 0
        return np.cumsum(starts, axis=1).astype(np.int32)[:, :length]
    longer = ids("documents", max(shape.sq, shape.sk))
    return {"dq": longer[:, :shape.sq], "dk": longer[:, :shape.sk]}


DOCUMENTS = Variant(
    "documents", linear=False, mask="""%0 = attn.load %dq[%b, %i] : tensor<?x?xi32>
    %1 = attn.load %dk[%b, %j] : tensor<?x?xi32>
    %m = arith.cmpi eq, %0, %1 : i32""",
    mask_fn=lambda x, b, h, i, j, c: c["dq"][b, i] == c["dk"][b, j],
    types={"dq": "tensor<?x?xi32>", "dk": "tensor<?x?xi32>"}, captures=documents)


def key_lengths(shape, draw):
    """The first request of a batch has no keys at all, the last one has all."""
    lengths = [0] * (shape.b > 1) + [shape.sk]
    middle = draw.integers("lengths", (max(0, shape.b - len(lengths)),), shape.sk + 1)
    return {"lengths": np.array([*lengths[:-1], *middle, lengths[-1]], np.int32)}


KEY_LENGTHS = Variant(
    "key_lengths", mask="""%0 = attn.load %lengths[%b] : tensor<?xi32>
    %1 = arith.index_cast %0 : i32 to index
    %m = arith.cmpi slt, %j, %1 : index""",
    mask_fn=lambda x, b, h, i, j, c: j < c["lengths"][b],
    types={"lengths": "tensor<?xi32>"}, captures=key_lengths)
DENSE = Variant(
    "dense_mask", linear=False, mask="%m = attn.load %keep[%i, %j] : tensor<?x?xi1>",
    mask_fn=lambda x, b, h, i, j, c: c["keep"][i, j],
    types={"keep": "tensor<?x?xi1>"}, captures=lambda shape, draw: {
        "keep": draw.integers("keep", (shape.sq, shape.sk), 5) < 2})
DILATED = Variant(
    "dilated_by_head", linear=False, mask="""%two = arith.constant 2 : index
    %stride = arith.addi %h, %two : index
    %0 = arith.subi %i, %j : index
    %1 = arith.remsi %0, %stride : index
    %zero = arith.constant 0 : index
    %m = arith.cmpi eq, %1, %zero : index""",
    mask_fn=lambda x, b, h, i, j, c: (i - j) % (h + 2) == 0)
NOTHING = Variant("nothing", linear=False, mask="%m = arith.constant false",
                  mask_fn=lambda x, b, h, i, j, c: (i < 0) & (j < 0))
PLAIN = Variant("plain")


def both(first, second):
    """The mask that keeps what two masks keep; only one of them has other values
    than its result."""
    body = "%s\n    %s\n    %%m = arith.andi %%ma, %%mb : i1" % (
        first.mask.replace("%m =", "%ma ="), second.mask.replace("%m =", "%mb ="))
    return body, lambda x, b, h, i, j, c: (first.mask_fn(x, b, h, i, j, c) &
                                           second.mask_fn(x, b, h, i, j, c))


def combine(first, second):
    """A score and a mask, or two masks of which both count."""
    assert not (first.score and second.score), "one score at a time"
    mask, mask_fn = first.mask or second.mask, first.mask_fn or second.mask_fn
    if first.mask and second.mask:
        mask, mask_fn = both(first, second)
    return Variant(
        first.name + "_" + second.name, first.score or second.score,
        first.score_fn or second.score_fn, mask, mask_fn,
        {**first.types, **second.types},
        lambda shape, draw: {**first.captures(shape, draw),
                             **second.captures(shape, draw)},
        first.linear and second.linear, max(first.out_factor, second.out_factor))


ALL = [
    PLAIN, CAUSAL, CAUSAL_END, WINDOW, CAUSAL_WINDOW, PREFIX, DOCUMENTS, KEY_LENGTHS,
    DENSE, DILATED, NOTHING, ALIBI, SOFTCAP, BIAS_HEAD, BIAS_MATRIX, BIAS_MATRIX_F16,
    BIAS_MATRIX_BF16, BIAS_FULL, BIAS_KEY, RELATIVE, MINUS_INFINITY,
    combine(ALIBI, CAUSAL), combine(ALIBI, CAUSAL_END), combine(SOFTCAP, CAUSAL),
    combine(SOFTCAP, CAUSAL_WINDOW), combine(BIAS_MATRIX, CAUSAL),
    combine(BIAS_FULL, KEY_LENGTHS), combine(DOCUMENTS, CAUSAL),
    combine(KEY_LENGTHS, CAUSAL), combine(SOFTCAP, PREFIX),
]
BY_NAME = {variant.name: variant for variant in ALL}
