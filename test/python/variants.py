# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention variants, each written twice: in the attn dialect and in NumPy.

In the dialect a variant may use %sq, %sk and %offset = %sk - %sq. In Python
c holds the captures by name and c["sq"], c["sk"].
"""
import math
from dataclasses import replace

import numpy as np

import flex_variants
import reference_numpy
from variant import Variant


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


def t5_bucket(distance, buckets, limit, bidirectional):
    """The bucket of T5 for keys at these distances from the query."""
    start = 0
    if bidirectional:
        buckets //= 2
        start, distance = buckets * (distance > 0), np.abs(distance)
    else:
        distance = np.maximum(-distance, 0)
    exact = buckets // 2
    # 1e-9: a logarithm that is an integer must not come out below it.
    part = np.log(np.maximum(distance, 1) / exact) / math.log(limit / exact)
    large = exact + np.floor(part * (buckets - exact) + 1e-9).astype(int)
    return start + np.where(distance < exact, distance,
                            np.minimum(large, buckets - 1))


def t5_table(buckets):
    return lambda shape, rng: {
        "table": (rng.standard_normal((buckets, shape.hq)), "tensor<?x?xf32>")}


def sandwich_bias(distance, dim):
    k = np.arange(1, dim // 2 + 1)
    return np.cos(distance[:, None] / 10000.0**(2 * k / dim)).sum(1)


def packed_sequences(shape, rng):
    """Three sequences: which one a query is of, and where the keys of each are."""
    cuts = np.sort(rng.integers(0, shape.sk + 1, 2))
    return {"document": (np.sort(rng.integers(0, 3, shape.sq)).astype(np.int32),
                         "tensor<?xi32>"),
            "cu_seqlens": (np.array([0, *cuts, shape.sk], np.int32),
                           "tensor<?xi32>")}


def blocks_of(shape):
    """A size of blocks, and how many of them there are of queries and keys."""
    size = max(2, shape.sk // 7)
    return size, -(-shape.sq // size), max(1, -(-shape.sk // size))


def random_blocks(shape, rng):
    size, queries, keys = blocks_of(shape)
    return {"random": (rng.integers(0, keys, (queries, 2)).astype(np.int32),
                       "tensor<?x?xi32>"), "size": (size, "index")}


def bigbird(block, blocks, random):
    near = (blocks >= block - 1) & (blocks <= block + 1)
    return near | (block == 0) | (blocks == 0) | np.isin(blocks, random[block])


def block_mask(shape, rng):
    size, queries, keys = blocks_of(shape)
    return {"keep": (rng.random((shape.hq, queries, keys)) < 0.4,
                     "tensor<?x?x?xi1>"), "size": (size, "index")}


def block_list(shape, rng):
    # -1 is no block: some lists are shorter, and some are empty.
    size, queries, keys = blocks_of(shape)
    return {"list": (rng.integers(-1, keys, (shape.hq, queries, 3)).astype(np.int32),
                     "tensor<?x?x?xi32>"), "size": (size, "index")}


def in_chunk_before(position, j, size):
    first = position - position % size
    return (first <= j) & (j <= position)


SCORES = [
    Variant("alibi", captures=slopes, score="""
    %slope = attn.load %slopes[%h] : tensor<?xf32>
    %r = attn.alibi %s, %slope, %i, %j""",
            formula="s + slopes[h] * (j - i)",
            source="ALiBi, arXiv 2108.12409",
            score_fn=lambda s, b, h, i, j, c: s + c["slopes"][h] * (j - i)),
    Variant("softcap", captures=lambda shape, rng: {"cap": (1.5, "f32")}, score="""
    %r = attn.softcap %s, %cap""",
            formula="cap * tanh(s / cap)",
            source="Gemma 2, arXiv 2408.00118",
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
            formula="s + bias[h, i, j]",
            source="T5, arXiv 1910.10683",
            score_fn=lambda s, b, h, i, j, c: s + c["bias"][h, i, j]),
    Variant("bias_matrix", captures=lambda shape, rng: {
        "bias": (rng.standard_normal((shape.sq, shape.sk)), "tensor<?x?xf32>")},
            score="""
    %0 = attn.load %bias[%i, %j] : tensor<?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            formula="s + bias[i, j]",
            source="Transformer, arXiv 1706.03762",
            score_fn=lambda s, b, h, i, j, c: s + c["bias"][i, j]),
    bias_matrix("bias_matrix_f16", "f16"),
    bias_matrix("bias_matrix_bf16", "bf16"),
    Variant("bias_of_all", captures=lambda shape, rng: {
        "bias": (rng.standard_normal((shape.b, shape.hq, shape.sq, shape.sk)),
                 "tensor<?x?x?x?xf32>")}, score="""
    %0 = attn.load %bias[%b, %h, %i, %j] : tensor<?x?x?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            formula="s + bias[b, h, i, j]",
            source="AlphaFold 3, Nature 630, 493 (2024)",
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
    Variant("t5_bidirectional", captures=t5_table(32), score="""
    %bucket = attn.relative_bucket %i, %j buckets 32 max_distance 128 bidirectional
    %0 = attn.load %table[%bucket, %h] : tensor<?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            formula="s + table[bucket(j - i), h], 32 buckets up to 128",
            source="T5, arXiv 1910.10683",
            score_fn=lambda s, b, h, i, j, c:
            s + c["table"][t5_bucket(j - i, 32, 128, True), h]),
    Variant("t5_causal", captures=t5_table(8), score="""
    %bucket = attn.relative_bucket %i, %j buckets 8 max_distance 20
    %0 = attn.load %table[%bucket, %h] : tensor<?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            formula="s + table[bucket(min(j - i, 0)), h], 8 buckets up to 20",
            source="T5, arXiv 1910.10683",
            score_fn=lambda s, b, h, i, j, c:
            s + c["table"][t5_bucket(j - i, 8, 20, False), h]),
    Variant("clipped_distance", captures=lambda shape, rng: {
        "table": (rng.standard_normal((11, shape.hq)), "tensor<?x?xf32>"),
        "limit": (5, "index")}, score="""
    %row = attn.clipped_distance %i, %j, %limit
    %0 = attn.load %table[%row, %h] : tensor<?x?xf32>
    %r = arith.addf %s, %0 : f32""",
            formula="s + table[clip(j - i, -limit, limit) + limit, h]",
            source="Shaw et al., arXiv 1803.02155",
            score_fn=lambda s, b, h, i, j, c:
            s + c["table"][np.clip(j - i, -c["limit"], c["limit"]) + c["limit"], h]),
    # position[.., d + limit] is the product of a query with R of the distance d.
    Variant("transformer_xl", captures=lambda shape, rng: {
        "position": (rng.standard_normal(
            (shape.b, shape.hq, shape.sq, 2 * shape.sk + 1)), "tensor<?x?x?x?xf32>"),
        "content": (rng.standard_normal((shape.b, shape.hq, shape.sk)),
                    "tensor<?x?x?xf32>"),
        "distance": (rng.standard_normal((shape.hq, 2 * shape.sk + 1)),
                     "tensor<?x?xf32>"),
        "scale": (0.25, "f32")}, score="""
    %d = attn.clipped_distance %i, %j, %sk
    %0 = attn.load %position[%b, %h, %i, %d] : tensor<?x?x?x?xf32>
    %1 = attn.load %content[%b, %h, %j] : tensor<?x?x?xf32>
    %2 = attn.load %distance[%h, %d] : tensor<?x?xf32>
    %r = attn.transformer_xl %s, %scale, %0, %1, %2""",
            formula="s + scale * (position[b, h, i, d] + content[b, h, j] + "
            "distance[h, d]), d of j - i",
            source="Transformer-XL, arXiv 1901.02860",
            score_fn=lambda s, b, h, i, j, c: s + c["scale"] * (
                c["position"][b, h, i, np.clip(j - i, -c["sk"], c["sk"]) + c["sk"]] +
                c["content"][b, h, j] +
                c["distance"][h, np.clip(j - i, -c["sk"], c["sk"]) + c["sk"]])),
    Variant("temperature", captures=lambda shape, rng: {"t": (1.5, "f32")},
            score="%r = attn.temperature %s, %t", formula="s / t",
            source="Hinton et al., arXiv 1503.02531",
            score_fn=lambda s, b, h, i, j, c: s / c["t"]),
    Variant("temperature_of_head", captures=lambda shape, rng: {
        "t": (np.linspace(0.5, 2, shape.hq), "tensor<?xf32>")}, score="""
    %0 = attn.load %t[%h] : tensor<?xf32>
    %r = attn.temperature %s, %0""", formula="s / t[h]",
            source="Swin Transformer V2, arXiv 2111.09883",
            score_fn=lambda s, b, h, i, j, c: s / c["t"][h]),
    Variant("scale_of_head", captures=lambda shape, rng: {
        "factor": (np.linspace(0.25, 1.5, shape.hq), "tensor<?xf32>")}, score="""
    %0 = attn.load %factor[%h] : tensor<?xf32>
    %r = arith.mulf %s, %0 : f32""", formula="s * factor[h]",
            source="Swin Transformer V2, arXiv 2111.09883",
            score_fn=lambda s, b, h, i, j, c: s * c["factor"][h]),
    Variant("log_length", captures=lambda shape, rng: {"factor": (0.43, "f32")},
            score="""
    %one = arith.constant 1 : index
    %n = arith.addi %i, %one : index
    %r = attn.log_length %s, %factor, %n""", formula="s * factor * ln(i + 1)",
            source="Scalable-Softmax, arXiv 2501.19399",
            score_fn=lambda s, b, h, i, j, c: s * c["factor"] * np.log(i + 1)),
    Variant("log_length_of_head", captures=lambda shape, rng: {
        "factor": (np.linspace(0.2, 0.6, shape.hq), "tensor<?xf32>")}, score="""
    %0 = attn.load %factor[%h] : tensor<?xf32>
    %r = attn.log_length %s, %0, %sk""", formula="s * factor[h] * ln(Sk)",
            source="Critical attention scaling, arXiv 2510.05554",
            score_fn=lambda s, b, h, i, j, c:
            s * c["factor"][h] * np.log(c["sk"])),
    Variant("yarn", captures=lambda shape, rng: {"factor": (16.0, "f32")},
            score="%r = attn.yarn %s, %factor",
            formula="s * (0.1 * ln(factor) + 1)^2", source="YaRN, arXiv 2309.00071",
            score_fn=lambda s, b, h, i, j, c:
            s * (float(np.float32(0.1)) * np.log(c["factor"]) + 1)**2),
    # The table is sum_k cos(d / 10000^(2 k / D)), for D = 16.
    Variant("sandwich", captures=lambda shape, rng: {
        "table": (sandwich_bias(np.arange(-shape.sk, shape.sk + 1), 16),
                  "tensor<?xf32>"),
        "factor": (8.0 / np.arange(1, shape.hq + 1), "tensor<?xf32>")}, score="""
    %d = attn.clipped_distance %i, %j, %sk
    %0 = attn.load %table[%d] : tensor<?xf32>
    %1 = attn.load %factor[%h] : tensor<?xf32>
    %2 = arith.mulf %0, %1 : f32
    %r = arith.addf %s, %2 : f32""",
            formula="s + factor[h] * sum_k cos((j - i) / 10000^(2 k / D)), by a table",
            source="Sandwich, arXiv 2212.10356",
            score_fn=lambda s, b, h, i, j, c: s + c["factor"][h] *
            c["table"][np.clip(j - i, -c["sk"], c["sk"]) + c["sk"]]),
]

MASKS = [
    Variant("causal", mask="%m = attn.causal %i, %j",
            formula="j <= i",
            source="Transformer, arXiv 1706.03762",
            mask_fn=lambda b, h, i, j, c: causal(i, j)),
    # With more queries than keys the first rows keep nothing.
    Variant("causal_bottom_right", mask="%m = attn.causal %i, %j offset %offset",
            formula="j <= i + Sk - Sq",
            source="FlashAttention-2, arXiv 2307.08691",
            mask_fn=lambda b, h, i, j, c: causal(i + c["sk"] - c["sq"], j)),
    Variant("window_left",
            captures=lambda shape, rng: {"w": (max(2, shape.sk // 3), "index")},
            mask="%m = attn.window %i, %j left %w",
            formula="i - w <= j",
            source="Longformer, arXiv 2004.05150",
            mask_fn=lambda b, h, i, j, c: j >= i - c["w"]),
    Variant("window_right",
            captures=lambda shape, rng: {"w": (max(2, shape.sk // 5), "index")},
            mask="%m = attn.window %i, %j right %w",
            mask_fn=lambda b, h, i, j, c: j <= i + c["w"]),
    Variant("window_both", captures=lambda shape, rng: {"w": (1, "index")},
            mask="%m = attn.window %i, %j left %w right %w offset %offset",
            formula="|i + Sk - Sq - j| <= w",
            source="Longformer, arXiv 2004.05150",
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
            formula="i - w <= j <= i",
            source="Mistral 7B, arXiv 2310.06825",
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
            formula="keep[i, j]",
            source="Transformer, arXiv 1706.03762",
            mask_fn=lambda b, h, i, j, c: c["keep"][i, j]),
    Variant("dilated_by_head", mask="""
    %two = arith.constant 2 : index
    %stride = arith.addi %h, %two : index
    %0 = arith.subi %i, %j : index
    %1 = arith.remsi %0, %stride : index
    %zero = arith.constant 0 : index
    %m = arith.cmpi eq, %1, %zero : index""",
            mask_fn=lambda b, h, i, j, c: (i - j) % (h + 2) == 0),
    Variant("prefix_lm", captures=lambda shape, rng: {
        "prefix": (rng.integers(0, shape.sk + 1, shape.b), "tensor<?xi64>")},
            mask="""
    %0 = attn.load %prefix[%b] : tensor<?xi64>
    %p = arith.index_cast %0 : i64 to index
    %m = attn.prefix_lm %i, %j, %p""",
            formula="j < prefix[b] or j <= i", source="T5, arXiv 1910.10683",
            mask_fn=lambda b, h, i, j, c: (j < c["prefix"][b]) | (j <= i)),
    Variant("same_document", captures=lambda shape, rng: {
        "dq": (np.sort(rng.integers(0, 4, shape.sq)), "tensor<?xi64>"),
        "dk": (np.sort(rng.integers(0, 4, shape.sk)), "tensor<?xi64>")}, mask="""
    %0 = attn.load %dq[%i] : tensor<?xi64>
    %1 = attn.load %dk[%j] : tensor<?xi64>
    %m = attn.same_document %0, %1 : i64""",
            formula="dq[i] == dk[j]", source="Packing, arXiv 2107.02027",
            mask_fn=lambda b, h, i, j, c: c["dq"][i] == c["dk"][j]),
    Variant("same_document_of_batch", captures=lambda shape, rng: {
        "dq": (rng.integers(0, 3, (shape.b, shape.sq)).astype(np.int32),
               "tensor<?x?xi32>"),
        "dk": (rng.integers(0, 3, (shape.b, shape.sk)).astype(np.int32),
               "tensor<?x?xi32>")}, mask="""
    %0 = attn.load %dq[%b, %i] : tensor<?x?xi32>
    %1 = attn.load %dk[%b, %j] : tensor<?x?xi32>
    %m = attn.same_document %0, %1 : i32""",
            formula="dq[b, i] == dk[b, j]", source="Packing, arXiv 2107.02027",
            mask_fn=lambda b, h, i, j, c: c["dq"][b, i] == c["dk"][b, j]),
    Variant("key_range", captures=packed_sequences, mask="""
    %one = arith.constant 1 : index
    %0 = attn.load %document[%i] : tensor<?xi32>
    %d = arith.index_cast %0 : i32 to index
    %n = arith.addi %d, %one : index
    %1 = attn.load %cu_seqlens[%d] : tensor<?xi32>
    %2 = attn.load %cu_seqlens[%n] : tensor<?xi32>
    %begin = arith.index_cast %1 : i32 to index
    %end = arith.index_cast %2 : i32 to index
    %m = attn.key_range %j, %begin, %end""",
            formula="cu_seqlens[document[i]] <= j < cu_seqlens[document[i] + 1]",
            source="FlashAttention-2, arXiv 2307.08691",
            mask_fn=lambda b, h, i, j, c:
            np.searchsorted(c["cu_seqlens"][1:], j, "right") == c["document"][i]),
    Variant("key_length", captures=key_lengths, mask="""
    %0 = attn.load %len[%b] : tensor<?xi32>
    %n = arith.index_cast %0 : i32 to index
    %m = attn.key_length %j, %n""",
            formula="j < len[b]", source="Transformer, arXiv 1706.03762",
            mask_fn=lambda b, h, i, j, c: j < c["len"][b]),
    Variant("longformer", captures=lambda shape, rng: {
        "w": (max(1, shape.sk // 8), "index"), "g": (2, "index")},
            mask="%m = attn.longformer %i, %j, %w global %g",
            formula="|i - j| <= w or i < g or j < g",
            source="Longformer, arXiv 2004.05150",
            mask_fn=lambda b, h, i, j, c:
            (np.abs(i - j) <= c["w"]) | (i < c["g"]) | (j < c["g"])),
    Variant("longformer_flags", captures=lambda shape, rng: {
        "w": (max(1, shape.sk // 8), "index"),
        "gq": (rng.random((shape.b, shape.sq)) < 0.1, "tensor<?x?xi1>"),
        "gk": (rng.random((shape.b, shape.sk)) < 0.1, "tensor<?x?xi1>")}, mask="""
    %0 = attn.load %gq[%b, %i] : tensor<?x?xi1>
    %1 = attn.load %gk[%b, %j] : tensor<?x?xi1>
    %m = attn.longformer %i, %j, %w flags %0, %1""",
            formula="|i - j| <= w or gq[b, i] or gk[b, j]",
            source="Longformer, arXiv 2004.05150",
            mask_fn=lambda b, h, i, j, c:
            (np.abs(i - j) <= c["w"]) | c["gq"][b, i] | c["gk"][b, j]),
    Variant("dilated_window", captures=lambda shape, rng: {
        "w": (max(4, shape.sk // 2), "index"), "d": (3, "index")},
            mask="%m = attn.dilated_window %i, %j, %w, %d",
            formula="|i - j| <= w and (i - j) mod d == 0",
            source="Longformer, arXiv 2004.05150",
            mask_fn=lambda b, h, i, j, c:
            (np.abs(i - j) <= c["w"]) & ((i - j) % c["d"] == 0)),
    Variant("sparse_strided", captures=lambda shape, rng: {
        "l": (math.isqrt(shape.sk) + 1, "index")},
            mask="%m = attn.sparse_strided %i, %j, %l",
            formula="j <= i and (i - j <= l or (i - j) mod l == 0)",
            source="Sparse Transformer, arXiv 1904.10509",
            mask_fn=lambda b, h, i, j, c:
            ((i - c["l"] <= j) & (j <= i)) | ((j <= i) & ((i - j) % c["l"] == 0))),
    Variant("sparse_fixed", captures=lambda shape, rng: {
        "l": (math.isqrt(shape.sk) + 2, "index"), "n": (2, "index")},
            mask="%m = attn.sparse_fixed %i, %j, %l, %n",
            formula="j <= i and (floor(i / l) == floor(j / l) or j mod l >= l - n)",
            source="Sparse Transformer, arXiv 1904.10509",
            mask_fn=lambda b, h, i, j, c: (j <= i) & (
                (j // c["l"] == i // c["l"]) | (j % c["l"] >= c["l"] - c["n"]))),
    Variant("longnet", captures=lambda shape, rng: {
        "w": (max(4, shape.sk // 3), "index"), "r": (2, "index")}, mask="""
    %shift = arith.remsi %h, %r : index
    %m = attn.longnet %i, %j, %w, %r shift %shift""",
            formula="floor(i / w) == floor(j / w) and "
            "i mod w == j mod w == h (modulo r)",
            source="LongNet, arXiv 2307.02486",
            mask_fn=lambda b, h, i, j, c: (i // c["w"] == j // c["w"]) & np.isin(
                j % c["w"], np.arange(h % c["r"], c["w"], c["r"])) & np.isin(
                i % c["w"], np.arange(h % c["r"], c["w"], c["r"]))),
    Variant("bigbird", captures=random_blocks, mask="""
    %bi = attn.block %i, %size
    %bj = attn.block %j, %size
    %one = arith.constant 1 : index
    %zero = arith.constant 0 : index
    %0 = attn.load %random[%bi, %zero] : tensor<?x?xi32>
    %1 = attn.load %random[%bi, %one] : tensor<?x?xi32>
    %r0 = arith.index_cast %0 : i32 to index
    %r1 = arith.index_cast %1 : i32 to index
    %m = attn.bigbird %bi, %bj, %one, %one random %r0, %r1""",
            formula="|bi - bj| <= 1 or bi < 1 or bj < 1 or bj in random[bi], "
            "bi and bj the blocks of i and j",
            source="BigBird, arXiv 2007.14062",
            mask_fn=lambda b, h, i, j, c: bigbird(
                i // c["size"], j // c["size"], c["random"])),
    Variant("chunked", captures=lambda shape, rng: {
        "size": (max(3, shape.sk // 3), "index")},
            mask="%m = attn.chunked %i, %j, %size",
            formula="floor(i / size) == floor(j / size)",
            source="Llama 4, Hugging Face transformers",
            mask_fn=lambda b, h, i, j, c: i // c["size"] == j // c["size"]),
    # With more queries than keys the first positions are negative, and in no chunk.
    Variant("chunked_bottom_right", captures=lambda shape, rng: {
        "size": (max(3, shape.sk // 3), "index")}, mask="""
    %p = arith.addi %i, %offset : index
    %m = attn.chunked %p, %j, %size""",
            formula="floor(p / size) == floor(j / size), p = i + Sk - Sq",
            source="Llama 4, Hugging Face transformers",
            mask_fn=lambda b, h, i, j, c:
            (i + c["sk"] - c["sq"]) // c["size"] == j // c["size"]),
    Variant("chunked_causal", captures=lambda shape, rng: {
        "size": (max(3, shape.sk // 3), "index")}, mask="""
    %p = arith.addi %i, %offset : index
    %0 = attn.chunked %p, %j, %size
    %1 = attn.causal %p, %j
    %m = arith.andi %0, %1 : i1""",
            formula="floor(p / size) == floor(j / size) and j <= p, p = i + Sk - Sq",
            source="Llama 4, Hugging Face transformers",
            mask_fn=lambda b, h, i, j, c: in_chunk_before(
                i + c["sk"] - c["sq"], j, c["size"])),
    Variant("block_causal", captures=lambda shape, rng: {
        "size": (max(3, shape.sk // 5), "index")},
            mask="%m = attn.block_causal %i, %j, %size",
            formula="floor(j / size) <= floor(i / size)",
            source="Block Diffusion, arXiv 2503.09573",
            mask_fn=lambda b, h, i, j, c: j // c["size"] <= i // c["size"]),
    Variant("streaming", captures=lambda shape, rng: {
        "sinks": (2, "index"), "w": (max(3, shape.sk // 4), "index")},
            mask="%m = attn.streaming %i, %j, %sinks, %w",
            formula="j <= i and (j < sinks or i - j < w)",
            source="StreamingLLM, arXiv 2309.17453",
            mask_fn=lambda b, h, i, j, c:
            (j <= i) & ((j < c["sinks"]) | (i - j < c["w"]))),
    Variant("duo_attention", captures=lambda shape, rng: {
        "retrieval": (np.arange(shape.hq) % 2 == 0, "tensor<?xi1>"),
        "sinks": (2, "index"), "w": (max(3, shape.sk // 4), "index")}, mask="""
    %0 = attn.load %retrieval[%h] : tensor<?xi1>
    %m = attn.duo_attention %i, %j, %0, %sinks, %w""",
            formula="j <= i and (retrieval[h] or j < sinks or i - j < w)",
            source="DuoAttention, arXiv 2410.10819",
            mask_fn=lambda b, h, i, j, c: (j <= i) & (
                c["retrieval"][h] | (j < c["sinks"]) | (i - j < c["w"]))),
    # One key, where there are that many, is beyond the tree.
    Variant("tree", captures=lambda shape, rng: {
        "ancestor": (rng.random((shape.sq, 6)) < 0.5, "tensor<?x?xi1>"),
        "p": (max(0, shape.sk - 7), "index"), "n": (6, "index")}, mask="""
    %node = attn.tree_node %j, %p, %n
    %0 = attn.load %ancestor[%i, %node] : tensor<?x?xi1>
    %m = attn.tree %j, %p, %n, %0""",
            formula="j < p or (j < p + n and ancestor[i, j - p])",
            source="SpecInfer, arXiv 2305.09781",
            mask_fn=lambda b, h, i, j, c: np.concatenate(
                [np.full(c["p"], True), c["ancestor"][i], [False]])[j]),
    Variant("block_mask", captures=block_mask, mask="""
    %bi = attn.block %i, %size
    %bj = attn.block %j, %size
    %m = attn.load %keep[%h, %bi, %bj] : tensor<?x?x?xi1>""",
            formula="keep[h, floor(i / size), floor(j / size)]",
            source="Native Sparse Attention, arXiv 2502.11089",
            mask_fn=lambda b, h, i, j, c:
            c["keep"][h, i // c["size"], j // c["size"]]),
    Variant("block_list", captures=block_list, mask="""
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %bi = attn.block %i, %size
    %bj = attn.block %j, %size
    %0 = attn.load %list[%h, %bi, %zero] : tensor<?x?x?xi32>
    %1 = attn.load %list[%h, %bi, %one] : tensor<?x?x?xi32>
    %2 = attn.load %list[%h, %bi, %two] : tensor<?x?x?xi32>
    %l0 = arith.index_cast %0 : i32 to index
    %l1 = arith.index_cast %1 : i32 to index
    %l2 = arith.index_cast %2 : i32 to index
    %m = attn.block_list %bj in %l0, %l1, %l2""",
            formula="floor(j / size) in list[h, floor(i / size)]",
            source="MoBA, arXiv 2502.13189",
            mask_fn=lambda b, h, i, j, c:
            np.isin(j // c["size"], c["list"][h, i // c["size"]])),
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
    Variant("softpick", normalizer="#attn.softpick",
            row_fn=lambda s, v, b, h, c: reference_numpy.softpick_row(s, v)),
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
    """A variant of this file or of flex_variants.py, or "a+b": a with the mask of b."""
    score, _, mask = name.partition("+")
    found = next(v for v in [PLAIN] + SCORES + MASKS + NORMALIZERS +
                 flex_variants.SCORES + flex_variants.MASKS if v.name == score)
    return combine(found, by_name(mask)) if mask else found
