# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Score functions that the tests of other attention systems run.

What variants.py has is not repeated here.
"""
import math

import numpy as np

from variant import FA4, FLEX, GYM, Variant, tensors

SCORES = []


def score(name, formula, source, fn, body, captures=tensors(), **rest):
    SCORES.append(Variant(name, score=body, score_fn=fn, captures=captures,
                          formula=formula, source=source, **rest))


# %d is the distance between query and key, as a real number.
BACK = """
    %0 = arith.subi %i, %j : index
    %1 = arith.index_cast %0 : index to i32
    %d = arith.sitofp %1 : i32 to f32"""
AHEAD = BACK.replace("%i, %j", "%j, %i")
INF = """
    %inf = arith.constant 0xFF800000 : f32"""


def dropped(keep, s):
    return np.where(keep, s, -np.inf)


# ===----------------------------------------------------------------------=== #
# Arithmetic on the score
# ===----------------------------------------------------------------------=== #

score("identity_score", "s", FLEX, lambda s, b, h, i, j, c: s,
      "", score_value="%s")
score("times_two", "2 * s", FLEX, lambda s, b, h, i, j, c: 2 * s, """
    %r = arith.addf %s, %s : f32""")
score("squared", "s * s", FLEX, lambda s, b, h, i, j, c: s * s, """
    %r = arith.mulf %s, %s : f32""")
score("silu", "s * sigmoid(s)", FLEX, lambda s, b, h, i, j, c: s / (1 + np.exp(-s)), """
    %one = arith.constant 1.0 : f32
    %0 = arith.negf %s : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %one : f32
    %r = arith.divf %s, %2 : f32""")
# attn.softcap may use the chip's tanh, which has an absolute error of 2^-11.
score("softcap_by_exp", "cap * (1 - 2 / (exp(2 * s / cap) + 1))", GYM,
      lambda s, b, h, i, j, c: c["cap"] * np.tanh(s / c["cap"]), """
    %one = arith.constant 1.0 : f32
    %two = arith.constant 2.0 : f32
    %0 = arith.divf %s, %cap : f32
    %1 = arith.mulf %0, %two : f32
    %2 = math.exp %1 : f32
    %3 = arith.addf %2, %one : f32
    %4 = arith.divf %two, %3 : f32
    %5 = arith.subf %one, %4 : f32
    %r = arith.mulf %5, %cap : f32""", lambda shape, rng: {"cap": (3.0, "f32")})


def activation(name, formula, fn, body, c):
    """ln(f(s) + c): softmax of it is f(s) + c over the sum."""
    score("log_" + name, f"ln({formula} + c)", GYM,
          lambda s, b, h, i, j, c: np.log(fn(s) + c["c"]), body + """
    %p = arith.addf %f, %c : f32
    %r = math.log %p : f32""", lambda shape, rng: {"c": (c, "f32")})


activation("relu", "max(s, 0)", lambda s: np.maximum(s, 0), """
    %zero = arith.constant 0.0 : f32
    %f = arith.maximumf %s, %zero : f32""", 0.125)
activation("sigmoid", "sigmoid(s)", lambda s: 1 / (1 + np.exp(-s)), """
    %one = arith.constant 1.0 : f32
    %0 = arith.negf %s : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %one : f32
    %f = arith.divf %one, %2 : f32""", 0.0625)
# GELU is at least -0.17.
activation("gelu", "s / 2 * (1 + erf(s / sqrt(2)))", lambda s: s / 2 * (
    1 + np.vectorize(math.erf, [float])(s * float(np.float32(0.70710678)))), """
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %root = arith.constant 0.70710678 : f32
    %0 = arith.mulf %s, %root : f32
    %1 = math.erf %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %s, %half : f32
    %f = arith.mulf %3, %2 : f32""", 0.5)

# ===----------------------------------------------------------------------=== #
# Functions of the positions
# ===----------------------------------------------------------------------=== #

score("rel_bias", "s + (i - j)", FLEX, lambda s, b, h, i, j, c: s + (i - j), BACK + """
    %r = arith.addf %s, %d : f32""")
score("distance", "s + |i - j|", FA4, lambda s, b, h, i, j, c: s + np.abs(i - j),
      BACK + """
    %2 = math.absf %d : f32
    %r = arith.addf %s, %2 : f32""")
score("distance_twice", "s + 2 * |i - j|", FA4,
      lambda s, b, h, i, j, c: s + 2 * np.abs(i - j), """
    %two = arith.constant 2 : index
    %0 = arith.subi %i, %j : index
    %1 = math.absi %0 : index
    %2 = arith.muli %1, %two : index
    %3 = arith.index_cast %2 : index to i32
    %4 = arith.sitofp %3 : i32 to f32
    %r = arith.addf %s, %4 : f32""")
score("alibi_by_head", "s + (j - i) * 2^(-8 * (h + 1) / 8)", FLEX,
      lambda s, b, h, i, j, c: s + (j - i) * 2.0**-(h + 1), AHEAD + """
    %one = arith.constant 1 : index
    %2 = arith.addi %h, %one : index
    %3 = arith.index_cast %2 : index to i32
    %4 = arith.sitofp %3 : i32 to f32
    %5 = arith.negf %4 : f32
    %6 = math.exp2 %5 : f32
    %7 = arith.mulf %6, %d : f32
    %r = arith.addf %s, %7 : f32""")
score("alibi_both_ways", "s - slopes[h] * |i - j|", FA4,
      lambda s, b, h, i, j, c: s - c["slopes"][h] * np.abs(i - j), BACK + """
    %2 = math.absf %d : f32
    %slope = attn.load %slopes[%h] : tensor<?xf32>
    %3 = arith.mulf %2, %slope : f32
    %r = arith.subf %s, %3 : f32""", lambda shape, rng: {
    "slopes": (2.0 ** -np.arange(1, shape.hq + 1), "tensor<?xf32>")})
score("bias_by_head_number", "s + 0.1 * h", FLEX,
      lambda s, b, h, i, j, c: s + float(np.float32(0.1)) * h, """
    %tenth = arith.constant 0.1 : f32
    %0 = arith.index_cast %h : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    %2 = arith.mulf %1, %tenth : f32
    %r = arith.addf %s, %2 : f32""")
score("less_far_away", "s / (1 + 1e-4 * (i - j)^2)", FLEX,
      lambda s, b, h, i, j, c: s / (1 + float(np.float32(1e-4)) * (i - j)**2.0),
      BACK + """
    %one = arith.constant 1.0 : f32
    %small = arith.constant 1.0e-4 : f32
    %2 = arith.mulf %d, %d : f32
    %3 = arith.mulf %2, %small : f32
    %4 = arith.addf %3, %one : f32
    %r = arith.divf %s, %4 : f32""")

# ===----------------------------------------------------------------------=== #
# Masks that are written as scores of -inf
# ===----------------------------------------------------------------------=== #

score("causal_score", "s if j <= i else -inf", FLEX,
      lambda s, b, h, i, j, c: dropped(j <= i, s), INF + """
    %0 = arith.cmpi sge, %i, %j : index
    %r = arith.select %0, %s, %inf : f32""")
score("inverse_causal_score", "s if i <= j else -inf", FLEX,
      lambda s, b, h, i, j, c: dropped(i <= j, s), INF + """
    %0 = arith.cmpi sle, %i, %j : index
    %r = arith.select %0, %s, %inf : f32""")
score("rel_causal", "s + (i - j) if j <= i else -inf", FLEX,
      lambda s, b, h, i, j, c: dropped(j <= i, s + (i - j)), BACK + INF + """
    %2 = arith.addf %s, %d : f32
    %3 = arith.cmpi sle, %j, %i : index
    %r = arith.select %3, %2, %inf : f32""")
score("windowed_score", "s if i + w >= j else -inf", FLEX,
      lambda s, b, h, i, j, c: dropped(i + c["w"] >= j, s), INF + """
    %0 = arith.addi %i, %w : index
    %1 = arith.cmpi sge, %0, %j : index
    %r = arith.select %1, %s, %inf : f32""", lambda shape, rng: {
    "w": (max(1, shape.sk // 4), "index")})
score("composed", "s + (i - j) if i <= j else -inf", FLEX,
      lambda s, b, h, i, j, c: dropped(i <= j, s + (i - j)), BACK + INF + """
    %2 = arith.addf %s, %d : f32
    %3 = arith.cmpi sle, %i, %j : index
    %r = arith.select %3, %2, %inf : f32""")
score("window_score", "s if |i - j| <= w else -inf", FA4,
      lambda s, b, h, i, j, c: dropped(np.abs(i - j) <= c["w"], s), INF + """
    %0 = arith.subi %i, %j : index
    %1 = math.absi %0 : index
    %2 = arith.cmpi sle, %1, %w : index
    %r = arith.select %2, %s, %inf : f32""", lambda shape, rng: {
    "w": (max(2, shape.sk // 3), "index")})
score("block_diagonal_score", "s if floor(i / 64) == floor(j / 64) else -inf", FA4,
      lambda s, b, h, i, j, c: dropped(i // 64 == j // 64, s), INF + """
    %size = arith.constant 64 : index
    %0 = arith.floordivsi %i, %size : index
    %1 = arith.floordivsi %j, %size : index
    %2 = arith.cmpi eq, %0, %1 : index
    %r = arith.select %2, %s, %inf : f32""")
# The condition is about the score itself: no mask can say it.
score("padded_by_score", "s if s <= len[b] and j <= i else -inf", FLEX,
      lambda s, b, h, i, j, c: dropped((s <= c["len"][b]) & (j <= i), s), INF + """
    %0 = attn.load %len[%b] : tensor<?xf32>
    %1 = arith.cmpf ole, %s, %0 : f32
    %2 = arith.cmpi sle, %j, %i : index
    %3 = arith.select %2, %s, %inf : f32
    %r = arith.select %1, %3, %inf : f32""", tensors(len="b"))

# ===----------------------------------------------------------------------=== #
# Captures by one index, by several, by none
# ===----------------------------------------------------------------------=== #

score("all_dims_bias", "s + t[i] + u[b] + w[h]", FLEX,
      lambda s, b, h, i, j, c: s + c["t"][i] + c["u"][b] + c["w"][h], """
    %0 = attn.load %t[%i] : tensor<?xf32>
    %1 = attn.load %u[%b] : tensor<?xf32>
    %2 = attn.load %w[%h] : tensor<?xf32>
    %3 = arith.addf %s, %0 : f32
    %4 = arith.addf %3, %1 : f32
    %r = arith.addf %4, %2 : f32""", tensors(t="i", u="b", w="h"))
score("query_and_key_offsets", "s + a[i] + c[j]", FLEX,
      lambda s, b, h, i, j, c: s + c["a"][i] + c["c"][j], """
    %0 = attn.load %a[%i] : tensor<?xf32>
    %1 = attn.load %c[%j] : tensor<?xf32>
    %2 = arith.addf %s, %0 : f32
    %r = arith.addf %2, %1 : f32""", tensors(a="i", c="j"))
score("four_offsets", "s + w[h] + a[i] - c[j] + u[b]", FA4,
      lambda s, b, h, i, j, c:
      s + c["w"][h] + c["a"][i] - c["c"][j] + c["u"][b], """
    %0 = attn.load %w[%h] : tensor<?xf32>
    %1 = attn.load %a[%i] : tensor<?xf32>
    %2 = attn.load %c[%j] : tensor<?xf32>
    %3 = attn.load %u[%b] : tensor<?xf32>
    %4 = arith.addf %s, %0 : f32
    %5 = arith.addf %4, %1 : f32
    %6 = arith.subf %5, %2 : f32
    %r = arith.addf %6, %3 : f32""", tensors(w="h", a="i", c="j", u="b"))
score("head_and_query_offset", "s + w[h] + 0.01 * p[i]", FA4,
      lambda s, b, h, i, j, c: s + c["w"][h] + float(np.float32(0.01)) * c["p"][i], """
    %small = arith.constant 0.01 : f32
    %0 = attn.load %w[%h] : tensor<?xf32>
    %1 = attn.load %p[%i] : tensor<?xf32>
    %2 = arith.mulf %1, %small : f32
    %3 = arith.addf %s, %0 : f32
    %r = arith.addf %3, %2 : f32""", tensors(w="h", p="i"))


def loaded(name, formula, source, shape, indices, value, body=""):
    """s plus an element of t; `body` computes the indices."""
    kind = "tensor<" + "?x" * len(shape) + "f32>"
    score(name, formula, source, lambda s, b, h, i, j, c: s + value(b, h, i, j, c),
          f"""{body}
    %t0 = attn.load %t[{indices}] : {kind}
    %r = arith.addf %s, %t0 : f32""", tensors(t=shape))


loaded("bias_of_batch_number", "s + t[b]", FA4, "b", "%b",
       lambda b, h, i, j, c: c["t"][b])
loaded("bias_of_key", "s + t[j]", FLEX, "j", "%j", lambda b, h, i, j, c: c["t"][j])
loaded("bias_of_batch_and_head", "s + t[b, h]", FA4, "bh", "%b, %h",
       lambda b, h, i, j, c: c["t"][b, h])
loaded("bias_of_batch_and_query", "s + t[b, i]", FLEX, "bi", "%b, %i",
       lambda b, h, i, j, c: c["t"][b, i])
loaded("bias_of_batch", "s + t[b, i, j]", FLEX, "bij", "%b, %i, %j",
       lambda b, h, i, j, c: c["t"][b, i, j])
loaded("bias_transposed", "s + t[j, i]", FLEX, "ji", "%j, %i",
       lambda b, h, i, j, c: c["t"][j, i])
loaded("bias_of_first_row", "s + t[0, b, h, i]", FLEX, "1bhi", "%zero, %b, %h, %i",
       lambda b, h, i, j, c: c["t"][0, b, h, i], """
    %zero = arith.constant 0 : index""")
# One column of an array of pairs, as an array of heads and as one of keys.
loaded("bias_of_column", "s + t[h, 0]", FA4, "h2", "%h, %zero",
       lambda b, h, i, j, c: c["t"][h, 0], """
    %zero = arith.constant 0 : index""")
loaded("interleaved_bias", "s + t[j, 1]", FA4, "j2", "%j, %one",
       lambda b, h, i, j, c: c["t"][j, 1], """
    %one = arith.constant 1 : index""")
loaded("table_of_distance", "s + t[|i - j|]", FLEX, "s", "%1",
       lambda b, h, i, j, c: c["t"][np.abs(i - j)], """
    %0 = arith.subi %i, %j : index
    %1 = math.absi %0 : index""")
loaded("table_of_clamped_distance", "s + t[clamp(i - j + 8, 0, 16)]", FLEX, [17], "%3",
       lambda b, h, i, j, c: c["t"][np.clip(i - j + 8, 0, 16)], """
    %eight = arith.constant 8 : index
    %zero = arith.constant 0 : index
    %last = arith.constant 16 : index
    %0 = arith.subi %i, %j : index
    %1 = arith.addi %0, %eight : index
    %2 = arith.maxsi %1, %zero : index
    %3 = arith.minsi %2, %last : index""")
loaded("table_of_offset", "s + t[i - j + Sk - 1]", FLEX, "+", "%2",
       lambda b, h, i, j, c: c["t"][i - j + c["sk"] - 1], """
    %one = arith.constant 1 : index
    %0 = arith.subi %i, %j : index
    %1 = arith.addi %0, %sk : index
    %2 = arith.subi %1, %one : index""")
score("one_table_twice", "s + t[i] + t[j]", FLEX,
      lambda s, b, h, i, j, c: s + c["t"][i] + c["t"][j], """
    %0 = attn.load %t[%i] : tensor<?xf32>
    %1 = attn.load %t[%j] : tensor<?xf32>
    %2 = arith.addf %s, %0 : f32
    %r = arith.addf %2, %1 : f32""", tensors(t="s"))
score("gathered_bias", "s + t[off[i]]", FLEX,
      lambda s, b, h, i, j, c: s + c["t"][c["off"][i]], """
    %0 = attn.load %off[%i] : tensor<?xi32>
    %1 = arith.index_cast %0 : i32 to index
    %2 = attn.load %t[%1] : tensor<?xf32>
    %r = arith.addf %s, %2 : f32""", lambda shape, rng: {
    "off": (rng.permutation(shape.sq).astype(np.int32), "tensor<?xi32>"),
    "t": (rng.standard_normal(shape.sq), "tensor<?xf32>")})
score("table_row_of_capture", "s + t[b, h, w, i], w a tensor without dimensions", FLEX,
      lambda s, b, h, i, j, c: s + c["t"][b, h, int(c["w"]), i], """
    %0 = attn.load %w[] : tensor<i32>
    %1 = arith.index_cast %0 : i32 to index
    %2 = attn.load %t[%b, %h, %1, %i] : tensor<?x?x?x?xf32>
    %r = arith.addf %s, %2 : f32""", lambda shape, rng: {
    "w": (np.array(2, np.int32), "tensor<i32>"),
    "t": (rng.standard_normal((shape.b, shape.hq, 3, shape.sq)),
          "tensor<?x?x?x?xf32>")})
score("two_element_types", "s + t[i] + u[j], t of f16, u of bf16", FLEX,
      lambda s, b, h, i, j, c: s + c["t"][i] + c["u"][j], """
    %0 = attn.load %t[%i] : tensor<?xf16>
    %1 = attn.load %u[%j] : tensor<?xbf16>
    %2 = arith.extf %0 : f16 to f32
    %3 = arith.extf %1 : bf16 to f32
    %4 = arith.addf %s, %2 : f32
    %r = arith.addf %4, %3 : f32""",
      lambda shape, rng: {**tensors("f16", t="i")(shape, rng),
                          **tensors("bf16", u="j")(shape, rng)})

# ===----------------------------------------------------------------------=== #
# Factors, and captures without an index
# ===----------------------------------------------------------------------=== #

score("scale_of_query", "s * t[i]", FLEX,
      lambda s, b, h, i, j, c: s * c["t"][i], """
    %0 = attn.load %t[%i] : tensor<?xf32>
    %r = arith.mulf %s, %0 : f32""", tensors(t="i"))
score("scale_of_batch_and_head", "s * t[b, h]", FLEX,
      lambda s, b, h, i, j, c: s * c["t"][b, h], """
    %0 = attn.load %t[%b, %h] : tensor<?x?xf32>
    %r = arith.mulf %s, %0 : f32""", tensors(t="bh"))
score("gate_of_head", "s * sigmoid(g[h])", FLEX,
      lambda s, b, h, i, j, c: s / (1 + np.exp(-c["g"][h])), """
    %one = arith.constant 1.0 : f32
    %0 = attn.load %g[%h] : tensor<?xf32>
    %1 = arith.negf %0 : f32
    %2 = math.exp %1 : f32
    %3 = arith.addf %2, %one : f32
    %r = arith.divf %s, %3 : f32""", tensors(g="h"))
score("captured_integer", "s + n", FLEX, lambda s, b, h, i, j, c: s + c["n"], """
    %0 = arith.sitofp %n : i32 to f32
    %r = arith.addf %s, %0 : f32""", lambda shape, rng: {"n": (-3, "i32")})
score("times_captured_integer", "s * n", FLEX, lambda s, b, h, i, j, c: s * c["n"], """
    %0 = arith.sitofp %n : i32 to f32
    %r = arith.mulf %s, %0 : f32""", lambda shape, rng: {"n": (-3, "i32")})
score("learned_scalar", "s + c[0]", FLEX, lambda s, b, h, i, j, c: s + c["c"][0], """
    %zero = arith.constant 0 : index
    %0 = attn.load %c[%zero] : tensor<1xf32>
    %r = arith.addf %s, %0 : f32""", lambda shape, rng: {
    "c": (rng.standard_normal(1), "tensor<1xf32>")})
score("learned_temperature", "s * t + t, t a tensor without dimensions", FLEX,
      lambda s, b, h, i, j, c: s * c["t"] + c["t"], """
    %0 = attn.load %t[] : tensor<f32>
    %1 = arith.mulf %s, %0 : f32
    %r = arith.addf %1, %0 : f32""", lambda shape, rng: {
    "t": (np.array(0.75), "tensor<f32>")})
score("unused_capture", "s, and t[h] is read", FLEX, lambda s, b, h, i, j, c: s, """
    %0 = attn.load %t[%h] : tensor<?xf32>""", tensors(t="h"), score_value="%s")
