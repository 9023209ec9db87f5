# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Masks that the tests of other attention systems run.

What variants.py has is not repeated here.
"""
import numpy as np

from variant import FA4, FLEX, GYM, Variant, tensors

MASKS = []


def mask(name, formula, source, fn, body, captures=tensors(), **rest):
    MASKS.append(Variant(name, mask=body, mask_fn=fn, captures=captures,
                         formula=formula, source=source, **rest))


def everywhere(j, keep):
    return np.full(j.shape, bool(keep))


# ===----------------------------------------------------------------------=== #
# Comparisons of positions
# ===----------------------------------------------------------------------=== #

mask("inverse_causal", "i <= j", FLEX, lambda b, h, i, j, c: i <= j, """
    %m = arith.cmpi sle, %i, %j : index""")
mask("causal_strict", "j < i", FLEX, lambda b, h, i, j, c: j < i, """
    %m = arith.cmpi sgt, %i, %j : index""")
mask("causal_and_future", "j <= i and i < j", FLEX,
     lambda b, h, i, j, c: everywhere(j, False), """
    %0 = attn.causal %i, %j
    %1 = arith.cmpi slt, %i, %j : index
    %m = arith.andi %0, %1 : i1""")
mask("causal_or_future", "j <= i or i < j", FLEX,
     lambda b, h, i, j, c: everywhere(j, True), """
    %0 = attn.causal %i, %j
    %1 = arith.cmpi slt, %i, %j : index
    %m = arith.ori %0, %1 : i1""")
mask("first_half_of_queries", "i < floor(Sq / 2)", FLEX,
     lambda b, h, i, j, c: everywhere(j, i < c["sq"] // 2), """
    %two = arith.constant 2 : index
    %half = arith.divui %sq, %two : index
    %m = arith.cmpi slt, %i, %half : index""")
mask("padded_causal", "i < n and j <= i", FLEX,
     lambda b, h, i, j, c: (i < c["n"]) & (j <= i), """
    %0 = arith.cmpi slt, %i, %n : index
    %1 = attn.causal %i, %j
    %m = arith.andi %0, %1 : i1""",
     lambda shape, rng: {"n": (max(1, shape.sq * 201 // 256), "index")})
mask("queries_below_blocks", "i < (floor(Sq / 32) + floor(Sk / 32)) * 32", FLEX,
     lambda b, h, i, j, c: everywhere(j, i < (c["sq"] // 32 + c["sk"] // 32) * 32), """
    %size = arith.constant 32 : index
    %0 = arith.divui %sq, %size : index
    %1 = arith.divui %sk, %size : index
    %2 = arith.addi %0, %1 : index
    %3 = arith.muli %2, %size : index
    %m = arith.cmpi slt, %i, %3 : index""")
mask("keys_up_to", "j <= p + 1", FLEX, lambda b, h, i, j, c: j <= c["p"] + 1, """
    %one = arith.constant 1 : index
    %0 = arith.addi %p, %one : index
    %m = arith.cmpi sle, %j, %0 : index""",
     lambda shape, rng: {"p": (shape.sk // 3, "index")})
mask("two_key_ranges", "j < begin or j >= end", FLEX,
     lambda b, h, i, j, c: (j < c["begin"]) | (j >= c["end"]), """
    %0 = arith.cmpi slt, %j, %begin : index
    %1 = arith.cmpi sge, %j, %end : index
    %m = arith.ori %0, %1 : i1""",
     lambda shape, rng: {"begin": (shape.sk // 8, "index"),
                         "end": (max(1, shape.sk * 7 // 8), "index")})
mask("causal_of_even_batch", "j <= i and b mod 2 == 0", FLEX,
     lambda b, h, i, j, c: (j <= i) & (b % 2 == 0), """
    %two = arith.constant 2 : index
    %zero = arith.constant 0 : index
    %0 = arith.remui %b, %two : index
    %1 = arith.cmpi eq, %0, %zero : index
    %2 = attn.causal %i, %j
    %m = arith.andi %1, %2 : i1""")
mask("causal_by_shift", "i + n >= j, n a tensor without dimensions", FLEX,
     lambda b, h, i, j, c: j <= i + int(c["n"]), """
    %0 = attn.load %n[] : tensor<i32>
    %1 = arith.index_cast %0 : i32 to index
    %m = attn.causal %i, %j offset %1""",
     lambda shape, rng: {"n": (np.array(5, np.int32), "tensor<i32>")})

# ===----------------------------------------------------------------------=== #
# Conditions on captures
# ===----------------------------------------------------------------------=== #

mask("causal_unless_head", "j <= i or w[h] > 0", FLEX,
     lambda b, h, i, j, c: (j <= i) | (c["w"][h] > 0), """
    %zero = arith.constant 0.0 : f32
    %0 = attn.load %w[%h] : tensor<?xf32>
    %1 = arith.cmpf ogt, %0, %zero : f32
    %2 = attn.causal %i, %j
    %m = arith.ori %1, %2 : i1""", tensors(w="h"))
mask("causal_unless_column", "j <= i or w[h, 0] > 0", FLEX,
     lambda b, h, i, j, c: (j <= i) | (c["w"][h, 0] > 0), """
    %zero = arith.constant 0.0 : f32
    %first = arith.constant 0 : index
    %0 = attn.load %w[%h, %first] : tensor<?x?xf32>
    %1 = arith.cmpf ogt, %0, %zero : f32
    %2 = attn.causal %i, %j
    %m = arith.ori %1, %2 : i1""", tensors(w="h2"))
mask("causal_unless_sum", "j <= i or u[b] + w[h] > 0", FLEX,
     lambda b, h, i, j, c: (j <= i) | (c["u"][b] + c["w"][h] > 0), """
    %zero = arith.constant 0.0 : f32
    %0 = attn.load %u[%b] : tensor<?xf32>
    %1 = attn.load %w[%h] : tensor<?xf32>
    %2 = arith.addf %0, %1 : f32
    %3 = arith.cmpf ogt, %2, %zero : f32
    %4 = attn.causal %i, %j
    %m = arith.ori %3, %4 : i1""", tensors(u="b", w="h"))


def lengths(shape, rng):
    # The first request of the batch has no keys at all.
    return {"len": (np.linspace(0, min(shape.sq, shape.sk), shape.b).astype(np.int32),
                    "tensor<?xi32>")}


mask("padding_of_both", "i < len[b] and j < len[b]", FLEX,
     lambda b, h, i, j, c: (i < c["len"][b]) & (j < c["len"][b]), """
    %0 = attn.load %len[%b] : tensor<?xi32>
    %n = arith.index_cast %0 : i32 to index
    %1 = arith.cmpi slt, %i, %n : index
    %2 = arith.cmpi slt, %j, %n : index
    %m = arith.andi %1, %2 : i1""", lengths)
mask("prefix_of_both", "i <= p[b] and j <= p[b] or j <= i", FLEX,
     lambda b, h, i, j, c: (i <= c["p"][b]) & (j <= c["p"][b]) | (j <= i), """
    %0 = attn.load %p[%b] : tensor<?xi32>
    %n = arith.index_cast %0 : i32 to index
    %1 = arith.cmpi sle, %i, %n : index
    %2 = arith.cmpi sle, %j, %n : index
    %3 = arith.andi %1, %2 : i1
    %4 = attn.causal %i, %j
    %m = arith.ori %3, %4 : i1""", lambda shape, rng: {
    "p": (rng.integers(0, shape.sk, shape.b).astype(np.int32), "tensor<?xi32>")})
mask("queries_not_dropped", "not dropped[b, i]", FLEX,
     lambda b, h, i, j, c: everywhere(j, not c["dropped"][b, i]), """
    %true = arith.constant true
    %0 = attn.load %dropped[%b, %i] : tensor<?x?xi1>
    %m = arith.xori %0, %true : i1""", lambda shape, rng: {
    "dropped": (rng.random((shape.b, shape.sq)) < 0.4, "tensor<?x?xi1>")})
mask("keys_from_threshold", "j >= begin[i]", FA4,
     lambda b, h, i, j, c: j >= c["begin"][i], """
    %0 = attn.load %begin[%i] : tensor<?xi32>
    %1 = arith.index_cast %0 : i32 to index
    %m = arith.cmpi sge, %j, %1 : index""", lambda shape, rng: {
    "begin": (rng.integers(0, shape.sk + 1, shape.sq).astype(np.int32),
              "tensor<?xi32>")})
# Each key says from which query on it is seen: by itself, not sorted.
mask("keys_with_threshold", "i >= begin[j]", FA4,
     lambda b, h, i, j, c: i >= c["begin"][j], """
    %0 = attn.load %begin[%j] : tensor<?xi32>
    %1 = arith.index_cast %0 : i32 to index
    %m = arith.cmpi sge, %i, %1 : index""", lambda shape, rng: {
    "begin": (rng.integers(0, shape.sq + 1, shape.sk).astype(np.int32),
              "tensor<?xi32>")})

# ===----------------------------------------------------------------------=== #
# Documents: one tensor of ids for queries and keys
# ===----------------------------------------------------------------------=== #


def documents(shape, rng):
    length = max(shape.sq, shape.sk)
    return {"doc": (np.sort(rng.integers(0, 4, length)).astype(np.int32),
                    "tensor<?xi32>")}


def documents_with(name, values):
    """Documents and, of each, what values(ids, rng) says: a tensor by id."""
    def captures(shape, rng):
        made = documents(shape, rng)
        of_document = values(made["doc"][0], rng).astype(np.int32)
        return {**made, name: (of_document, "tensor<?xi32>")}
    return captures


def first_positions(doc, rng):
    return np.searchsorted(doc, np.arange(4))


DOCUMENTS = """
    %di = attn.load %doc[%i] : tensor<?xi32>
    %dj = attn.load %doc[%j] : tensor<?xi32>
    %same = attn.same_document %di, %dj : i32"""

mask("document_causal", "doc[i] == doc[j] and j <= i", FLEX,
     lambda b, h, i, j, c: (c["doc"][i] == c["doc"][j]) & (j <= i), DOCUMENTS + """
    %0 = attn.causal %i, %j
    %m = arith.andi %same, %0 : i1""", documents)
mask("causal_or_document", "doc[i] == doc[j] or j <= i", FLEX,
     lambda b, h, i, j, c: (c["doc"][i] == c["doc"][j]) | (j <= i), DOCUMENTS + """
    %0 = attn.causal %i, %j
    %m = arith.ori %same, %0 : i1""", documents)
mask("segments_of_bool", "seg[i] == seg[j], seg of i1", FLEX,
     lambda b, h, i, j, c: c["seg"][i] == c["seg"][j], """
    %0 = attn.load %seg[%i] : tensor<?xi1>
    %1 = attn.load %seg[%j] : tensor<?xi1>
    %m = attn.same_document %0, %1 : i1""", lambda shape, rng: {
    "seg": (np.arange(max(shape.sq, shape.sk)) >= shape.sk // 2, "tensor<?xi1>")})
mask("same_token", "token[i] == token[j] and token[i] != -1", FLEX,
     lambda b, h, i, j, c: (c["token"][i] == c["token"][j]) & (c["token"][i] != -1), """
    %none = arith.constant -1 : i32
    %0 = attn.load %token[%i] : tensor<?xi32>
    %1 = attn.load %token[%j] : tensor<?xi32>
    %2 = arith.cmpi eq, %0, %1 : i32
    %3 = arith.cmpi ne, %0, %none : i32
    %m = arith.andi %2, %3 : i1""", lambda shape, rng: {
    "token": (rng.integers(-1, 3, max(shape.sq, shape.sk)).astype(np.int32),
              "tensor<?xi32>")})
mask("packed_causal", "start[doc[i]] <= j <= i", GYM,
     lambda b, h, i, j, c: (c["start"][c["doc"][i]] <= j) & (j <= i), """
    %0 = attn.load %doc[%i] : tensor<?xi32>
    %1 = arith.index_cast %0 : i32 to index
    %2 = attn.load %start[%1] : tensor<?xi32>
    %3 = arith.index_cast %2 : i32 to index
    %4 = arith.cmpi sge, %j, %3 : index
    %5 = attn.causal %i, %j
    %m = arith.andi %4, %5 : i1""", documents_with("start", first_positions))
mask("document_prefix_lm", "doc[i] == doc[j] and (j - start[doc[j]] < p or j <= i)", GYM,
     lambda b, h, i, j, c: (c["doc"][i] == c["doc"][j]) & (
         (j - c["start"][c["doc"][j]] < c["p"]) | (j <= i)), DOCUMENTS + """
    %0 = arith.index_cast %dj : i32 to index
    %1 = attn.load %start[%0] : tensor<?xi32>
    %2 = arith.index_cast %1 : i32 to index
    %lj = arith.subi %j, %2 : index
    %li = arith.subi %i, %2 : index
    %base = attn.prefix_lm %li, %lj, %p
    %m = arith.andi %same, %base : i1""", lambda shape, rng: {
    **documents_with("start", first_positions)(shape, rng), "p": (2, "index")})
mask("shared_prefix", "doc[i] == doc[j] and j <= i or doc[j] == prefix[doc[i]]", GYM,
     lambda b, h, i, j, c: (c["doc"][i] == c["doc"][j]) & (j <= i) | (
         c["doc"][j] == c["prefix"][c["doc"][i]]), DOCUMENTS + """
    %0 = attn.causal %i, %j
    %own = arith.andi %same, %0 : i1
    %1 = arith.index_cast %di : i32 to index
    %2 = attn.load %prefix[%1] : tensor<?xi32>
    %shared = arith.cmpi eq, %dj, %2 : i32
    %m = arith.ori %own, %shared : i1""", documents_with(
         # Documents 0 and 2 are prefixes, each of the next; -1 is none.
         "prefix", lambda doc, rng: np.array([-1, 0, -1, 2])))

# ===----------------------------------------------------------------------=== #
# Blocks
# ===----------------------------------------------------------------------=== #

mask("batched_prefix_lm", "floor(i / n) == floor(j / n) and "
     "(j mod n < p or j mod n <= i mod n)", GYM,
     lambda b, h, i, j, c: (i // c["n"] == j // c["n"]) & (
         (j % c["n"] < c["p"]) | (j % c["n"] <= i % c["n"])), """
    %bi = attn.block %i, %n
    %bj = attn.block %j, %n
    %0 = arith.cmpi eq, %bi, %bj : index
    %li = arith.remsi %i, %n : index
    %lj = arith.remsi %j, %n : index
    %1 = attn.prefix_lm %li, %lj, %p
    %m = arith.andi %0, %1 : i1""", lambda shape, rng: {
    "n": (max(3, shape.sk // 3), "index"), "p": (2, "index")})


def best_tiles(shape, rng):
    """For each block of queries the best key blocks by random scores."""
    size = max(2, shape.sk // 7)
    queries, keys = -(-shape.sq // size), max(1, -(-shape.sk // size))
    order = np.argsort(rng.random((shape.b, shape.hq, queries, keys)), axis=-1)
    best = np.resize(order[..., :3], (shape.b, shape.hq, queries, 3)) \
        if keys >= 3 else np.repeat(order[..., :1], 3, axis=-1)
    return {"best": (best.astype(np.int32), "tensor<?x?x?x?xi32>"),
            "size": (size, "index")}


mask("best_tiles", "floor(j / size) in best[b, h, floor(i / size)], three of them", GYM,
     lambda b, h, i, j, c: np.isin(j // c["size"], c["best"][b, h, i // c["size"]]), """
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %two = arith.constant 2 : index
    %bi = attn.block %i, %size
    %bj = attn.block %j, %size
    %0 = attn.load %best[%b, %h, %bi, %zero] : tensor<?x?x?x?xi32>
    %1 = attn.load %best[%b, %h, %bi, %one] : tensor<?x?x?x?xi32>
    %2 = attn.load %best[%b, %h, %bi, %two] : tensor<?x?x?x?xi32>
    %l0 = arith.index_cast %0 : i32 to index
    %l1 = arith.index_cast %1 : i32 to index
    %l2 = arith.index_cast %2 : i32 to index
    %m = attn.block_list %bj in %l0, %l1, %l2""", best_tiles)
