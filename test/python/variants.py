# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention variants, each written twice: in the attn dialect and in NumPy.

In the dialect a variant may use %sq, %sk and %offset = %sk - %sq. In Python
c holds the captures by name and c["sq"], c["sk"].
"""
import math
from dataclasses import dataclass, replace
from typing import Callable, Dict, Optional, Tuple

import numpy as np

import reference_numpy


@dataclass(frozen=True)
class Variant:
    name: str
    score: Optional[str] = None  # body of the region, without its terminator
    score_value: str = "%r"      # what is yielded
    score_fn: Optional[Callable] = None  # (s, b, h, i, j, c)
    mask: Optional[str] = None
    mask_value: str = "%m"
    mask_fn: Optional[Callable] = None  # (b, h, i, j, c)
    # (shape, random generator) -> {name: (array or number, type)}
    captures: Callable[..., Dict[str, Tuple]] = lambda shape, rng: {}
    loose: bool = False  # the region is evaluated in f32 on purpose
    normalizer: Optional[str] = None
    sink: Optional[str] = None
    sink_value: str = "%r"
    row_fn: Optional[Callable] = None  # (s, v, b, h, c): a row of out and its lse
    has_lse: bool = True


def causal(i, j):
    return j <= i


def slopes(shape, rng):
    return {"slopes": (2.0 ** -np.arange(1, shape.hq + 1), "tensor<?xf32>")}


def bias_matrix(name, element):
    """A bias for each query and key, of an element type that is not f32."""
    kind = f"tensor<?x?x{element}>"
    return Variant(name, captures=lambda shape, rng: {
        "bias": (rng.standard_normal((shape.sq, shape.sk)), kind)}, score=f"""
    %0 = attn.load %bias[%i, %j] : {kind}
    %1 = arith.extf %0 : {element} to f32
    %r = arith.addf %s, %1 : f32""",
                   score_fn=lambda s, b, h, i, j, c: s + c["bias"][i, j])


def key_lengths(shape, rng):
    # The first request of the batch has no keys at all.
    lengths = np.linspace(0, shape.sk, shape.b).astype(np.int32)
    return {"len": (lengths, "tensor<?xi32>")}


SCORES = [
    Variant("alibi", captures=slopes, score="""
    %slope = attn.load %slopes[%h] : tensor<?xf32>
    %r = attn.alibi %s, %slope, %i, %j""",
            score_fn=lambda s, b, h, i, j, c: s + c["slopes"][h] * (j - i)),
    Variant("softcap", captures=lambda shape, rng: {"cap": (1.5, "f32")}, score="""
    %r = attn.softcap %s, %cap""",
            score_fn=lambda s, b, h, i, j, c: c["cap"] * np.tanh(s / c["cap"])),
    Variant("alibi_then_softcap", captures=slopes, score="""
    %c = arith.constant 2.5 : f32
    %slope = attn.load %slopes[%h] : tensor<?xf32>
    %0 = attn.alibi %s, %slope, %i, %j
    %r = attn.softcap %0, %c""",
            score_fn=lambda s, b, h, i, j, c:
            2.5 * np.tanh((s + c["slopes"][h] * (j - i)) / 2.5)),
    Variant("dense_bias", captures=lambda shape, rng: {
        "bias": (rng.standard_normal((shape.hq, shape.sq, shape.sk)),
                 "tensor<?x?x?xf32>")}, score="""
    %0 = attn.load %bias[%h, %i, %j] : tensor<?x?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            score_fn=lambda s, b, h, i, j, c: s + c["bias"][h, i, j]),
    Variant("bias_matrix", captures=lambda shape, rng: {
        "bias": (rng.standard_normal((shape.sq, shape.sk)), "tensor<?x?xf32>")},
            score="""
    %0 = attn.load %bias[%i, %j] : tensor<?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            score_fn=lambda s, b, h, i, j, c: s + c["bias"][i, j]),
    bias_matrix("bias_matrix_f16", "f16"),
    bias_matrix("bias_matrix_bf16", "bf16"),
    Variant("bias_of_all", captures=lambda shape, rng: {
        "bias": (rng.standard_normal((shape.b, shape.hq, shape.sq, shape.sk)),
                 "tensor<?x?x?x?xf32>")}, score="""
    %0 = attn.load %bias[%b, %h, %i, %j] : tensor<?x?x?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            score_fn=lambda s, b, h, i, j, c: s + c["bias"][b, h, i, j]),
    Variant("bias_of_head", captures=lambda shape, rng: {
        "bias": (rng.standard_normal(shape.hq), "tensor<?xf32>")}, score="""
    %0 = attn.load %bias[%h] : tensor<?xf32>
    %r = arith.addf %s, %0 : f32""",
            score_fn=lambda s, b, h, i, j, c: s + c["bias"][h]),
    Variant("f16_bias_of_batch", captures=lambda shape, rng: {
        "bias": (rng.standard_normal((shape.b, shape.sk)), "tensor<?x?xf16>")},
            score="""
    %0 = attn.load %bias[%b, %j] : tensor<?x?xf16>
    %1 = arith.extf %0 : f16 to f32
    %r = arith.addf %s, %1 : f32""",
            score_fn=lambda s, b, h, i, j, c: s + c["bias"][b, j]),
    Variant("relative_position_table", captures=lambda shape, rng: {
        "table": (rng.standard_normal(9), "tensor<9xf32>")}, score="""
    %low = arith.constant -4 : index
    %high = arith.constant 4 : index
    %0 = arith.subi %j, %i : index
    %1 = arith.maxsi %0, %low : index
    %2 = arith.minsi %1, %high : index
    %3 = arith.addi %2, %high : index
    %4 = attn.load %table[%3] : tensor<9xf32>
    %r = arith.addf %s, %4 : f32""",
            score_fn=lambda s, b, h, i, j, c:
            s + c["table"][np.clip(j - i, -4, 4) + 4]),
    Variant("mixed_arithmetic", captures=lambda shape, rng: {
        "t": (0.75, "f32"), "n": (3, "index")}, score="""
    %tenth = arith.constant 0.1 : f32
    %0 = arith.mulf %s, %t : f32
    %1 = math.erf %0 : f32
    %2 = arith.remui %j, %n : index
    %3 = arith.index_cast %2 : index to i32
    %4 = arith.uitofp %3 : i32 to f32
    %5 = arith.mulf %4, %tenth : f32
    %6 = math.exp %5 : f32
    %r = arith.subf %1, %6 : f32""",
            score_fn=lambda s, b, h, i, j, c: np.vectorize(math.erf, [float])(
                s * c["t"]) - np.exp((j % c["n"]) * float(np.float32(0.1)))),
    # Row 0 keeps positions, but all of their scores are -inf.
    Variant("score_of_minus_infinity", score="""
    %inf = arith.constant 0xFF800000 : f32
    %0 = arith.cmpi slt, %j, %i : index
    %r = arith.select %0, %s, %inf : f32""",
            score_fn=lambda s, b, h, i, j, c: np.where(j < i, s, -np.inf)),
    Variant("absolute_value_of_bits", loose=True, score="""
    %bits = arith.constant 0x7FFFFFFF : i32
    %0 = arith.bitcast %s : f32 to i32
    %1 = arith.andi %0, %bits : i32
    %r = arith.bitcast %1 : i32 to f32""",
            score_fn=lambda s, b, h, i, j, c: np.abs(s)),
    Variant("constant_score", score="""
    %r = arith.constant 1.0 : f32""",
            score_fn=lambda s, b, h, i, j, c: np.float64(1.0)),
]

MASKS = [
    Variant("causal", mask="%m = attn.causal %i, %j",
            mask_fn=lambda b, h, i, j, c: causal(i, j)),
    # With more queries than keys the first rows keep nothing.
    Variant("causal_bottom_right", mask="%m = attn.causal %i, %j offset %offset",
            mask_fn=lambda b, h, i, j, c: causal(i + c["sk"] - c["sq"], j)),
    Variant("window_left",
            captures=lambda shape, rng: {"w": (max(2, shape.sk // 3), "index")},
            mask="%m = attn.window %i, %j left %w",
            mask_fn=lambda b, h, i, j, c: j >= i - c["w"]),
    Variant("window_right",
            captures=lambda shape, rng: {"w": (max(2, shape.sk // 5), "index")},
            mask="%m = attn.window %i, %j right %w",
            mask_fn=lambda b, h, i, j, c: j <= i + c["w"]),
    Variant("window_both", captures=lambda shape, rng: {"w": (1, "index")},
            mask="%m = attn.window %i, %j left %w right %w offset %offset",
            mask_fn=lambda b, h, i, j, c:
            np.abs(j - (i + c["sk"] - c["sq"])) <= c["w"]),
    Variant("window_unbounded", mask="%m = attn.window %i, %j",
            mask_fn=lambda b, h, i, j, c: np.full(j.shape, True)),
    Variant("causal_and_window",
            captures=lambda shape, rng: {"w": (max(3, shape.sk // 4), "index")},
            mask="""
    %0 = attn.causal %i, %j
    %1 = attn.window %i, %j left %w
    %m = arith.andi %0, %1 : i1""",
            mask_fn=lambda b, h, i, j, c: causal(i, j) & (j >= i - c["w"])),
    Variant("prefix", captures=lambda shape, rng: {
        "prefix": (rng.integers(0, shape.sk + 1, shape.b), "tensor<?xi64>")},
            mask="""
    %0 = attn.load %prefix[%b] : tensor<?xi64>
    %1 = arith.index_cast %0 : i64 to index
    %2 = arith.cmpi slt, %j, %1 : index
    %3 = attn.causal %i, %j
    %m = arith.ori %2, %3 : i1""",
            mask_fn=lambda b, h, i, j, c: (j < c["prefix"][b]) | causal(i, j)),
    Variant("documents", captures=lambda shape, rng: {
        "dq": (rng.integers(0, 3, (shape.b, shape.sq)), "tensor<?x?xi32>"),
        "dk": (rng.integers(0, 3, (shape.b, shape.sk)), "tensor<?x?xi32>")},
            mask="""
    %0 = attn.load %dq[%b, %i] : tensor<?x?xi32>
    %1 = attn.load %dk[%b, %j] : tensor<?x?xi32>
    %m = arith.cmpi eq, %0, %1 : i32""",
            mask_fn=lambda b, h, i, j, c: c["dk"][b, j] == c["dq"][b, i]),
    Variant("key_lengths", captures=key_lengths, mask="""
    %0 = attn.load %len[%b] : tensor<?xi32>
    %1 = arith.index_cast %0 : i32 to index
    %m = arith.cmpi slt, %j, %1 : index""",
            mask_fn=lambda b, h, i, j, c: j < c["len"][b]),
    Variant("dense_mask", captures=lambda shape, rng: {
        "keep": (rng.random((shape.sq, shape.sk)) < 0.4, "tensor<?x?xi1>")},
            mask="%m = attn.load %keep[%i, %j] : tensor<?x?xi1>",
            mask_fn=lambda b, h, i, j, c: c["keep"][i, j]),
    Variant("dilated_by_head", mask="""
    %two = arith.constant 2 : index
    %stride = arith.addi %h, %two : index
    %0 = arith.subi %i, %j : index
    %1 = arith.remsi %0, %stride : index
    %zero = arith.constant 0 : index
    %m = arith.cmpi eq, %1, %zero : index""",
            mask_fn=lambda b, h, i, j, c: (i - j) % (h + 2) == 0),
    Variant("nothing", mask="%m = arith.constant false",
            mask_fn=lambda b, h, i, j, c: np.full(j.shape, False)),
]

PLAIN = Variant("plain")


def sinks(shape, rng):
    # The first head has none; a later one takes nearly all of the weight.
    logits = 3 * rng.standard_normal(shape.hq)
    logits[0], logits[-1] = -np.inf, 12
    return {"sinks": (logits, "tensor<?xf32>")}


def relu(name, parameters, power, divided):
    return Variant(name, normalizer=f"#attn.relu{parameters}", has_lse=False,
                   row_fn=lambda s, v, b, h, c: reference_numpy.relu_row(
                       s, v, power, c["sk"] if divided else 1))


NORMALIZERS = [
    # gpt-oss: a learned logit for each head.
    Variant("sink_of_head", captures=sinks, sink="""
    %r = attn.load %sinks[%h] : tensor<?xf32>""",
            row_fn=lambda s, v, b, h, c: reference_numpy.softmax_row(
                s, v, c["sinks"][h])),
    Variant("softmax_off_by_one", normalizer="#attn.softmax", sink="""
    %r = arith.constant 0.0 : f32""",
            row_fn=lambda s, v, b, h, c: reference_numpy.softmax_row(s, v, 0.0)),
    Variant("sink_of_batch_and_head", captures=lambda shape, rng: {
        "sinks": (rng.standard_normal((shape.b, shape.hq)), "tensor<?x?xf16>"),
        "factor": (2.5, "f32")}, sink="""
    %0 = attn.load %sinks[%b, %h] : tensor<?x?xf16>
    %1 = arith.extf %0 : f16 to f32
    %r = arith.mulf %1, %factor : f32""",
            row_fn=lambda s, v, b, h, c: reference_numpy.softmax_row(
                s, v, c["sinks"][b, h] * c["factor"])),
    Variant("sigmoid", normalizer="#attn.sigmoid", has_lse=False,
            row_fn=lambda s, v, b, h, c: reference_numpy.sigmoid_row(s, v, 0)),
    # About -log(Sk), as in the paper.
    Variant("sigmoid_with_bias", has_lse=False,
            normalizer="#attn.sigmoid<bias = -5.25 : f32>",
            row_fn=lambda s, v, b, h, c: reference_numpy.sigmoid_row(s, v, -5.25)),
    relu("relu", "", 1, False),
    relu("relu_over_keys", "<divide_by_keys = true>", 1, True),
    relu("relu_squared", "<squared = true>", 2, False),
    relu("relu_squared_over_keys", "<divide_by_keys = true, squared = true>", 2,
         True),
    Variant("stick_breaking", normalizer="#attn.stick_breaking",
            row_fn=lambda s, v, b, h, c: reference_numpy.stick_breaking_row(s, v)),
    Variant("linear", normalizer="#attn.identity", has_lse=False,
            row_fn=lambda s, v, b, h, c: reference_numpy.linear_row(s, v)),
    Variant("retention", normalizer="#attn.identity", has_lse=False,
            captures=lambda shape, rng: {"log_gamma": (
                np.log(1 - 2.0 ** -(5 + np.arange(shape.hq))), "tensor<?xf32>")},
            score="""
    %0 = attn.load %log_gamma[%h] : tensor<?xf32>
    %1 = arith.subi %i, %j : index
    %2 = arith.index_cast %1 : index to i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %0, %3 : f32
    %5 = math.exp %4 : f32
    %r = arith.mulf %s, %5 : f32""",
            score_fn=lambda s, b, h, i, j, c: s * np.exp(
                c["log_gamma"][h]) ** (i - j).astype(float),
            row_fn=lambda s, v, b, h, c: reference_numpy.linear_row(s, v)),
]


def combine(score, mask):
    """The score and normalizer of one variant with the mask of another."""
    return replace(score, name=f"{score.name}+{mask.name}", mask=mask.mask,
                   mask_value=mask.mask_value, mask_fn=mask.mask_fn,
                   captures=lambda shape, rng: {**score.captures(shape, rng),
                                                **mask.captures(shape, rng)})


def by_name(name):
    """One of the variants above, or "a+b": a with the mask of b."""
    score, _, mask = name.partition("+")
    found = next(v for v in [PLAIN] + SCORES + MASKS + NORMALIZERS
                 if v.name == score)
    return combine(found, by_name(mask)) if mask else found
