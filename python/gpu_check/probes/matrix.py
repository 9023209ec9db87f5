# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ldmatrix, stmatrix and mma.sync: fragments, and sums."""
import numpy as np

from . import ptx
from .core import Answer, Out, compare, probe
from .layouts import matrix_fragment, mma_a, mma_b, mma_c
from .numbers import bf16_bits, f16_bits

#: Rows of matrices are apart by more than their 16 bytes, and not in order.
PITCH = 48


def matrices_kernel(store, count, transposed):
    """One warp. ldmatrix: memory `image` -> four words a lane. stmatrix: words -> image.
    Lane l gives the row address at[l]."""
    words = ", ".join("%%r%d" % (20 + i) for i in range(count))
    name = "%s.sync.aligned.m8n8.x%d%s.shared.b16" % (
        "stmatrix" if store else "ldmatrix", count, ".trans" if transposed else "")
    body = ptx.pointer("%d1", "image") + ptx.pointer("%d2", "words") + \
        ptx.pointer("%d3", "at") + "mov.u32 %r1, smem; mov.u32 %r4, %tid.x;\n" \
        "mov.b32 %r10, " + "%d;\n" % (32 * PITCH // 4)
    body += ptx.copy_words("%d1", "%r1", "%r10", True, 32) + "bar.warp.sync 0xffffffff;\n"
    body += ptx.per_thread("%d4", "%d3", 1) + ptx.per_thread("%d5", "%d2", count)
    body += "ld.global.u32 %r5, [%d4]; add.u32 %r5, %r5, %r1;\n"
    if store:
        for i in range(count):
            body += "ld.global.u32 %%r%d, [%%d5+%d];\n" % (20 + i, 4 * i)
        body += "%s [%%r5], {%s};\nbar.warp.sync 0xffffffff;\n" % (name, words)
        body += ptx.pointer("%d6", "result") + ptx.copy_words("%d6", "%r1", "%r10", False, 32)
    else:
        body += "%s {%s}, [%%r5];\n" % (name, words) + ptx.pointer("%d6", "result")
        body += ptx.per_thread("%d7", "%d6", count)
        for i in range(count):
            body += "st.global.u32 [%%d7+%d], %%r%d;\n" % (4 * i, 20 + i)
    return ptx.kernel(["u64 image", "u64 words", "u64 at", "u64 result"], body + "ret;\n",
                      threads=32)


def matrices(bench, store, count, transposed):
    rng = np.random.RandomState(count + 10 * transposed)
    order = rng.permutation(32)
    at = (order * PITCH).astype(np.uint32)
    elements = np.arange(1, 257, dtype=np.uint16).reshape(4, 8, 8)[:count]
    row, column = matrix_fragment(transposed)
    fragments = np.stack([m[row, column] for m in elements], axis=1)  # lane, matrix, half
    words = np.ascontiguousarray(fragments).view(np.uint32).reshape(32, count)
    image = np.full(32 * PITCH, 0xcd, np.uint8)
    full = image.copy()
    for matrix in range(count):
        for r in range(8):
            start = at[8 * matrix + r]
            full[start:start + 16] = elements[matrix, r].view(np.uint8)
    kernel = matrices_kernel(store, count, transposed)
    if store:
        got, = bench.run(kernel, [image.view(np.uint32), words, at,
                                  Out(32 * PITCH // 4, np.uint32)], threads=32,
                         shared=image.size)
        return full.view(np.uint32), got
    got, = bench.run(kernel, [full.view(np.uint32), np.zeros((32, count), np.uint32), at,
                              Out((32, count), np.uint32)], threads=32, shared=image.size)
    return words, got


for _store in (False, True):
    _name = "stmatrix" if _store else "ldmatrix"
    for _transposed in (False, True):
        probe(_name + "-trans" * _transposed,
              "Which elements does each lane of %s%s hold, and whose address is a row's?" %
              (_name, ".trans" * _transposed),
              "Lane l: row l / 4, columns 2 (l % 4) and the next{}; lane 8 j + r gives "
              "row r of matrix j.".format(" of the transposed matrix" * _transposed))(
                  lambda bench, store=_store, transposed=_transposed: compare(
                      ("x%d" % count,) + matrices(bench, store, count, transposed)
                      for count in (1, 2, 4)))


def mma_kernel(kind):
    body = "".join(ptx.pointer("%%d%d" % (1 + i), name)
                   for i, name in enumerate(["a", "b", "c", "d"]))
    for i, (register, count, load) in enumerate((("%d5", 4, "r2"), ("%d6", 2, "r3"),
                                                 ("%d7", 4, "f"))):
        body += ptx.per_thread(register, "%%d%d" % (1 + i), count)
        for j in range(count):
            body += "ld.global.b32 %%%s%d, [%s+%d];\n" % (load, j, register, 4 * j)
    body += "mma.sync.aligned.m16n8k16.row.col.f32.%s.%s.f32\n" % (kind, kind)
    body += "  {%f4, %f5, %f6, %f7}, {%r20, %r21, %r22, %r23}, {%r30, %r31}, " \
        "{%f0, %f1, %f2, %f3};\n" + ptx.per_thread("%d8", "%d4", 4)
    for j in range(4):
        body += "st.global.f32 [%%d8+%d], %%f%d;\n" % (4 * j, 4 + j)
    return ptx.kernel(["u64 a", "u64 b", "u64 c", "u64 d"], body + "ret;\n", threads=32,
                      shared=False)


def multiply(bench, kind, a, b, c):
    """D = A B + C for one m16n8k16."""
    bits = bf16_bits if kind == "bf16" else f16_bits
    pack = [np.ascontiguousarray(bits(m)[layout].astype(np.uint16)).view(np.uint32)
            for m, layout in ((a, mma_a()), (b, mma_b()))]
    got, = bench.run(mma_kernel(kind), pack + [
        np.ascontiguousarray(c.astype(np.float32)[mma_c()]), Out((32, 4), np.float32)],
        threads=32)
    d = np.full((16, 8), np.nan, np.float32)
    d[mma_c()] = got
    return d


@probe("mma-fragments",
       "Which elements of A, B, C and D does each lane of mma.sync m16n8k16 hold?",
       "A word w: row l / 4 + 8 (w % 2), k 2 (l % 4) + 8 (w / 2); B: column l / 4; C and "
       "D: rows l / 4 and 8 more, columns 2 (l % 4) and the next.")
def _(bench):
    cases = []
    for kind in ("bf16", "f16"):
        for seed in range(3):
            rng = np.random.RandomState(seed)
            a = rng.randint(-8, 9, (16, 16)).astype(np.float64)
            b = rng.randint(-8, 9, (16, 8)).astype(np.float64)
            c = rng.randint(-99, 99, (16, 8)).astype(np.float64)
            cases.append(("%s, %d" % (kind, seed), (a @ b + c).astype(np.float32),
                          multiply(bench, kind, a, b, c)))
    return compare(cases)


def small_sums(bench, in_accumulator, factor):
    """256 + factor * 2^(8 - s): (s, what the sum has more), 16 x 8."""
    a, b, c = np.zeros((16, 16)), np.zeros((16, 8)), np.zeros((16, 8))
    if in_accumulator:
        c[:] = 256
    else:
        a[:, 0], b[0] = 16, 16
    a[:, 1] = np.ldexp(1.0, -np.arange(16))
    b[1] = np.ldexp(factor, -np.arange(8))
    d = multiply(bench, "bf16", a, b, c).astype(np.float64) - 256
    return 8 + np.arange(16)[:, None] + np.arange(8)[None, :], d


@probe("mma-sum-bits",
       "How many bits do sums of mma.sync in f32 keep?",
       "23, as f32 has: the simulator adds in f32.")
def _(bench):
    texts, good = [], True
    for in_accumulator in (False, True):
        distance, sums = small_sums(bench, in_accumulator, 1.0)
        kept = max([bits for bits in range(8, 31) if
                    (sums[distance == bits] == np.ldexp(1.0, 8 - bits)).all()] or [0])
        distance, sums = small_sums(bench, in_accumulator, 1.5)
        rest = sums[distance == kept + 1]
        how = "cut off" if (rest == 0).all() else "rounded"
        good &= kept >= 23
        texts.append("%s: %d bits, then %s" % (
            "onto the accumulator" if in_accumulator else "products", kept, how))
    return Answer(good, "; ".join(texts), "bits behind the leading one")


@probe("mma-specials",
       "How do infinities, NaN and subnormals go through mma.sync?",
       "inf * 0 and inf - inf are NaN, sums beyond f32 are infinite, subnormal inputs, "
       "accumulators and results are kept.")
def _(bench):
    inf, tiny, huge = np.inf, 2.0 ** -133, 1.5 * 2.0 ** 127
    rows = [("inf * 0", [inf, 1], [0, 1], 0, np.nan),
            ("inf * -1", [inf, 0], [-1, 0], 0, -inf),
            ("-inf + inf in C", [-inf, 1], [1, 1], inf, np.nan),
            ("-inf in C", [1, 1], [1, 1], -inf, -inf),
            ("NaN", [np.nan, 1], [1, 1], 0, np.nan),
            ("NaN in C", [1, 1], [1, 1], np.nan, np.nan),
            ("beyond f32", [huge, huge], [1, 1], 0, inf),
            ("subnormal", [tiny, 0], [1, 0], 0, tiny),
            ("subnormal product", [2.0 ** -70, 0], [2.0 ** -70, 0], 0, 2.0 ** -140),
            ("subnormal in C", [0, 0], [0, 0], 2.0 ** -149, 2.0 ** -149),
            ("-0 in C", [0, 0], [0, 0], -0.0, 0.0)]
    cases = []
    for label, first, second, start, expected in rows:
        a, b, c = np.zeros((16, 16)), np.zeros((16, 8)), np.zeros((16, 8))
        a[0, :2], b[:2, 0], c[0, 0] = first, second, start
        cases.append((label, np.float32(expected), multiply(bench, "bf16", a, b, c)[0, 0]))
    return compare(cases)
