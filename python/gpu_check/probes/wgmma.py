# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""wgmma: descriptors, fragments, sums."""
import ctypes

import numpy as np

from . import ptx
from .core import Answer, Out, compare, difference, probe
from .layouts import Tile, accumulator, register_a
from .numbers import bf16_bits, e4m3_bits, f16_bits

K = {"bf16": 16, "f16": 16, "e4m3": 32, "e5m2": 32}
BITS = {"bf16": bf16_bits, "f16": f16_bits, "e4m3": e4m3_bits}


def registers(first, count, kind="f"):
    return ", ".join("%%%s%d" % (kind, first + i) for i in range(count))


def multiply(n, types, a, b="%d11", accumulate="%p7", trans_a=0, trans_b=0, first=0):
    """One instruction; `a` is a descriptor or a list of registers in braces."""
    k = K[types[0]]
    trans = ""
    if k == 16:
        trans = ", %d" % trans_b if "{" in a else ", %d, %d" % (trans_a, trans_b)
    return "wgmma.mma_async.sync.aligned.m64n%dk%d.f32.%s.%s\n  {%s},\n  %s, %s, %s, 1, " \
        "1%s;\n" % (n, k, types[0], types[1], registers(first, n // 2), a, b, accumulate,
                    trans)


FENCE = "wgmma.fence.sync.aligned;\n"
FINISH = "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n"

#: %d20 = descriptor of the start address in %r5.
ENCODE = "and.b32 %r6, %r5, 0x3ffff; shr.u32 %r6, %r6, 4; cvt.u64.u32 %d20, %r6;\n"


def product_kernel(n, types, steps=1, mn_a=0, mn_b=0, a_in_registers=False):
    """D (64 x n) = C + A B. `image` goes to shared memory as it is. Descriptors without
    their start addresses, and the start of each step, are parameters."""
    names = ["u64 image", "u64 c", "u64 d", "u64 a", "u64 desc_a", "u64 desc_b",
             "u32 words", "u32 use_c"]
    names += ["u32 %s%d" % (side, i) for i in range(steps) for side in ("a_at", "b_at")]
    body = "".join(ptx.pointer("%%d%d" % (1 + i), name)
                   for i, name in enumerate(["image", "c", "d", "a"]))
    body += """
ld.param.u64 %d8, [desc_a]; ld.param.u64 %d9, [desc_b];
ld.param.u32 %r10, [words]; ld.param.u32 %r11, [use_c];
setp.ne.u32 %p6, %r11, 0;
mov.u32 %r1, smem;
""" + ptx.copy_words("%d1", "%r1", "%r10", into_shared=True)
    body += "fence.proxy.async.shared::cta;\nbar.sync 0;\n"
    body += ptx.per_thread("%d12", "%d2", n // 2) + ptx.per_thread("%d13", "%d3", n // 2)
    body += ptx.per_thread("%d14", "%d4", 4)
    for i in range(n // 2):
        body += "ld.global.f32 %%f%d, [%%d12+%d];\n" % (i, 4 * i)
    if a_in_registers:
        for i in range(4):
            body += "ld.global.u32 %%r%d, [%%d14+%d];\n" % (20 + i, 4 * i)
    body += FENCE
    for i in range(steps):
        for side, base, register in (("a_at", "%d8", "%d10"), ("b_at", "%d9", "%d11")):
            body += "ld.param.u32 %%r5, [%s%d]; add.u32 %%r5, %%r5, %%r1;\n" % (side, i)
            body += ENCODE + "or.b64 %s, %%d20, %s;\n" % (register, base)
        a = "{%s}" % registers(20, 4, "r") if a_in_registers else "%d10"
        # The first step may add to C, the others add to the first.
        body += "setp.eq.u32 %p7, %r1, %r1;\n" if i else "mov.pred %p7, %p6;\n"
        body += multiply(n, types, a, trans_a=mn_a, trans_b=mn_b)
    body += FINISH
    for i in range(n // 2):
        body += "st.global.f32 [%%d13+%d], %%f%d;\n" % (4 * i, i)
    return ptx.kernel(names, body + "ret;\n")


class Product:
    """Small integers, or given matrices, through one chain of wgmma."""

    def __init__(self, n, types=("bf16", "bf16"), depth=None, swizzle=128, mn_a=False,
                 mn_b=False, a_in_registers=False, shift=0, seed=0, swizzle_b=None):
        self.n, self.types, self.in_registers = n, types, a_in_registers
        self.k = K[types[0]]
        self.depth = depth or self.k
        size = 1 if self.k == 32 else 2
        rng = np.random.RandomState(seed)
        self.a = rng.randint(-4, 5, (64, self.depth)).astype(np.float64)
        self.b = rng.randint(-4, 5, (n, self.depth)).astype(np.float64)
        self.c = np.zeros((64, n), np.float32)
        self.use_c = False
        self.tile_a = Tile(64, self.depth, size, swizzle, mn_a, shift)
        start = (shift + self.tile_a.size + 1023) // 1024 * 1024 + shift
        self.tile_b = Tile(n, self.depth, size,
                           swizzle if swizzle_b is None else swizzle_b, mn_b, start)
        self.descriptor_a = self.tile_a.descriptor()
        self.descriptor_b = self.tile_b.descriptor()

    def image(self):
        size = (self.tile_b.base + self.tile_b.size + 2047) // 1024 * 1024
        image = np.zeros(size, np.uint8)
        self.tile_a.place(image, BITS[self.types[0]](self.a))
        self.tile_b.place(image, BITS[self.types[1]](self.b))
        return image.view(np.uint32)

    def fragments_a(self):
        size = self.tile_a.bytes
        bits = BITS[self.types[0]](self.a)[register_a(size)]
        dtype = np.uint8 if size == 1 else np.uint16
        return np.ascontiguousarray(bits.astype(dtype)).view(np.uint32)

    def kernel(self):
        return product_kernel(self.n, self.types, self.depth // self.k,
                              int(self.tile_a.mn_major), int(self.tile_b.mn_major),
                              self.in_registers)

    def run(self, bench, image=None):
        """The 64 x n result."""
        at = accumulator(self.n)
        starts = []
        for step in range(self.depth // self.k):
            starts += [self.tile_a.base + self.tile_a.step(step),
                       self.tile_b.base + self.tile_b.step(step)]
        image = self.image() if image is None else image
        d, = bench.run(self.kernel(),
                       [image, np.ascontiguousarray(self.c[at]),
                        Out((128, self.n // 2), np.float32),
                        self.fragments_a() if self.in_registers else np.zeros(
                            (128, 4), np.uint32),
                        ctypes.c_uint64(self.descriptor_a),
                        ctypes.c_uint64(self.descriptor_b), image.size,
                        int(self.use_c)] + starts, shared=image.nbytes)
        result = np.full((64, self.n), np.nan, np.float32)
        result[at] = d
        return result

    def expected(self):
        return (self.a @ self.b.T + (self.c if self.use_c else 0)).astype(np.float32)

    def case(self, bench, label):
        return [(label, self.expected(), self.run(bench))]


#===-- layouts ----------------------------------------------------------------===#

@probe("wgmma-accumulator",
       "Which row and column of D does each register of each thread hold?",
       "Row 16 w + l / 4 + 8 (i / 2 % 2), column 8 (i / 4) + 2 (l % 4) + i % 2 for "
       "register i of lane l of warp w.")
def _(bench):
    cases = []
    for n in (8, 64, 256):
        product = Product(n)
        # D = C + 0: the layout of the accumulators alone, in and out.
        product.a[:] = 0
        product.c = np.arange(64 * n, dtype=np.float32).reshape(64, n)
        product.use_c = True
        cases += product.case(bench, "N = %d, C passed through" % n)
        product = Product(n)
        product.a[:], product.b[:] = 0, 0
        product.a[:, 0] = np.arange(64) + 1
        product.b[:, 0] = np.arange(n) % 128 + 1
        cases += product.case(bench, "N = %d, numbered" % n)
    return compare(cases)


@probe("wgmma-registers-a",
       "Which element of A does each register of each thread hold?",
       "For 16 bits as D has it; for 8 bits four neighbours along K in a word.")
def _(bench):
    cases = []
    for types in (("bf16", "bf16"), ("f16", "f16"), ("e4m3", "e4m3")):
        for seed in (1, 2):
            cases += Product(64, types, a_in_registers=True, seed=seed).case(
                bench, "%s, %d" % (types[0], seed))
    return compare(cases)


def edges(bench, swizzle, mn_a, mn_b, sizes, types=("bf16", "bf16")):
    return compare(case for n in sizes for case in Product(
        n, types, swizzle=swizzle, mn_a=mn_a, mn_b=mn_b,
        depth=K[types[0]]).case(bench, "N = %d" % n))


for _swizzle in (0, 32, 64, 128):
    probe("wgmma-k-major-%d" % _swizzle,
          "Where does wgmma find K-major operands %s?" % (
              "with a swizzle of %d bytes" % _swizzle if _swizzle else "without swizzle"),
          "Groups of eight rows are SBO bytes apart" +
          (", swizzled as a tensor copy does it." if _swizzle else
           ", the two 16-byte halves of K are LBO bytes apart."))(
               lambda bench, swizzle=_swizzle: edges(
                   bench, swizzle, False, False, (8, 24, 128, 256)))
    probe("wgmma-mn-major-%d" % _swizzle,
          "Where does wgmma find MN-major operands %s?" % (
              "with a swizzle of %d bytes" % _swizzle if _swizzle else "without swizzle"),
          "Groups of eight along K are SBO bytes apart, blocks of the swizzle's width "
          "along the rows LBO." if _swizzle else
          "Groups of eight rows are SBO bytes apart, groups of eight along K LBO.")(
              lambda bench, swizzle=_swizzle: edges(
                  bench, swizzle, True, True, (8, 64, 192, 256)))


@probe("wgmma-e4m3",
       "Does the same hold for operands of 8 bits, 32 along K?",
       "The same bytes, K-major.")
def _(bench):
    cases = []
    for swizzle, n in ((128, 8), (128, 256), (64, 96), (32, 16), (0, 64)):
        cases += Product(n, ("e4m3", "e4m3"), swizzle=swizzle, seed=n).case(
            bench, "swizzle %d, N = %d" % (swizzle, n))
    return compare(cases)


@probe("wgmma-leading-ignored",
       "Is the leading byte offset of a K-major operand with a swizzle read?",
       "No: any value gives the same.")
def _(bench):
    cases = []
    for leading in (0, 16, 80, 1024, 0x3fff0):
        for swizzle in (32, 64, 128):
            product = Product(64, swizzle=swizzle)
            product.descriptor_a = product.tile_a.descriptor(leading)
            product.descriptor_b = product.tile_b.descriptor(leading)
            cases += product.case(bench, "LBO %d, swizzle %d" % (leading, swizzle))
    return compare(cases)


@probe("wgmma-advance",
       "May a descriptor start 32, 64 or 96 bytes inside of a swizzled row?",
       "Yes, the pattern goes by the absolute address: a chain of steps of 32 bytes is "
       "the product over all of K; MN-major steps are two groups of eight.")
def _(bench):
    cases = []
    for swizzle, depth, mn in ((128, 64, False), (64, 32, False), (128, 128, False),
                               (128, 64, True), (64, 32, True), (0, 64, False)):
        cases += Product(128, depth=depth, swizzle=swizzle, mn_b=mn).case(
            bench, "swizzle %d, K = %d%s" % (swizzle, depth, ", B MN-major" * mn))
    cases += Product(64, ("e4m3", "e4m3"), depth=128).case(bench, "e4m3, K = 128")
    return compare(cases)


@probe("wgmma-base-offset",
       "With a base offset, from where does wgmma count the rows of the swizzle pattern?",
       "Data that is swizzled from a start on 128 bytes, which is no multiple of 1024, "
       "is read right with base offset (start / 128) % 8.",
       sim_skip="the simulator refuses base offsets other than 0")
def _(bench):
    fits = {}
    for row in (1, 2, 4, 7):
        product = Product(64, shift=128 * row)
        expected = product.expected()
        absolute = product.image()
        relative = np.zeros(absolute.nbytes, np.uint8)
        # Swizzled as if the tiles began a pattern, then moved.
        moved = Product(64, seed=0)
        for tile, matrix, at in ((moved.tile_a, product.a, product.tile_a.base),
                                 (moved.tile_b, product.b, product.tile_b.base)):
            piece = np.zeros(tile.base + tile.size, np.uint8)
            tile.place(piece, bf16_bits(matrix))
            relative[at:at + tile.size] = piece[tile.base:]
        for name, image, offset in (("relative, offset", relative.view(np.uint32), row),
                                    ("relative, 0", relative.view(np.uint32), 0),
                                    ("relative, 8 - offset", relative.view(np.uint32),
                                     8 - row),
                                    ("absolute, offset", absolute, row),
                                    ("absolute, 0", absolute, 0)):
            product.descriptor_a = product.tile_a.descriptor(base_offset=offset)
            product.descriptor_b = product.tile_b.descriptor(base_offset=offset)
            right = not difference(expected, product.run(bench, image))
            fits.setdefault(name, []).append(right)
    text = "; ".join("%s: %d of 4 right" % (name, sum(right))
                     for name, right in fits.items())
    return Answer(all(fits["relative, offset"]), text,
                  "swizzle from the start or from the absolute address, base offset field")


#===-- sums -------------------------------------------------------------------===#

def small_sums(bench, types, in_accumulator, factor):
    """256 + factor * 2^(8 - s): (s, what the sum has more than 256), 64 x 64."""
    product = Product(64, types)
    product.a[:], product.b[:] = 0, 0
    shift_a, shift_b = np.arange(64) % 10, np.arange(64) % 9
    if in_accumulator:
        product.c[:] = 256.0
        product.use_c = True
    else:
        product.a[:, 0], product.b[:, 0] = 16.0, 16.0
    product.a[:, 1] = np.ldexp(1.0, -shift_a)
    product.b[:, 1] = np.ldexp(factor, -shift_b)
    sums = product.run(bench).astype(np.float64) - 256.0
    return 8 + shift_a[:, None] + shift_b[None, :], sums


def kept_bits(bench, types, in_accumulator):
    """(bits behind the leading one that a sum keeps, what becomes of the others)"""
    distance, sums = small_sums(bench, types, in_accumulator, 1.0)
    kept = 0
    for bits in range(8, 26):
        if (sums[distance == bits] == np.ldexp(1.0, 8 - bits)).all():
            kept = bits
    distance, sums = small_sums(bench, types, in_accumulator, 1.5)
    rest = sums[distance == kept + 1]
    return kept, ("cut off" if (rest == 0).all() else
                  "rounded" if (rest == np.ldexp(1.0, 8 - kept)).all() else "mixed")


def sums_answer(bench, types, wanted):
    inside, how = kept_bits(bench, types, False)
    across, how_across = kept_bits(bench, types, True)
    return Answer(
        inside >= wanted and across >= wanted,
        "%s products: %d bits, then %s; onto the accumulator: %d bits, then %s" % (
            types[0], inside, how, across, how_across),
        "bits behind the leading one; f32 has 23")


@probe("wgmma-sum-bits-16",
       "How many bits do sums of bf16 and f16 products in f32 keep?",
       "23, as f32 has: the simulator adds in f32.")
def _(bench):
    first = sums_answer(bench, ("bf16", "bf16"), 23)
    second = sums_answer(bench, ("f16", "f16"), 23)
    return Answer(first.agrees and second.agrees,
                  first.observed + "; " + second.observed, first.note)


@probe("wgmma-sum-bits-e4m3",
       "How many bits do sums of e4m3 products keep?",
       "13 at least; silicon is said to keep about 14, the simulator keeps 23.")
def _(bench):
    return sums_answer(bench, ("e4m3", "e4m3"), 13)


@probe("wgmma-specials",
       "How do infinities, NaN and subnormals go through wgmma?",
       "inf * 0 and inf - inf are NaN, sums beyond f32 are infinite, subnormal inputs "
       "and results are kept.")
def _(bench):
    tiny, inf, huge = 2.0 ** -133, np.inf, 1.5 * 2.0 ** 127
    rows = [("inf * 0", [inf, 1], [0, 1], np.nan), ("inf * 1", [inf, 1], [1, 1], inf),
            ("inf * -1", [inf, 1], [-1, 1], -inf), ("-inf + 1", [-inf, 1], [1, 1], -inf),
            ("inf - inf", [inf, -inf], [1, 1], np.nan),
            ("NaN", [np.nan, 1], [1, 1], np.nan),
            ("beyond f32", [huge, huge], [1, 1], inf),
            ("subnormal * 1", [tiny, 0], [1, 0], tiny),
            ("subnormal product", [2.0 ** -70, 0], [2.0 ** -70, 0], 2.0 ** -140),
            ("subnormal * 2^60", [tiny, 0], [2.0 ** 60, 0], 2.0 ** -73)]
    cases = []
    for types, chosen in (("bf16", rows),
                          ("f16", [("f16 subnormal", [2.0 ** -24, 0], [1, 0], 2.0 ** -24),
                                   ("f16 squared", [2.0 ** -24, 0], [2.0 ** -24, 0],
                                    2.0 ** -48)])):
        for label, a, b, expected in chosen:
            product = Product(8, (types, types))
            product.a[:], product.b[:] = 0, 0
            product.a[0, :2], product.b[0, :2] = a, b
            cases.append((label, np.float32(expected), product.run(bench)[0, 0]))
    product = Product(8)
    product.a[:] = 0
    product.c[:] = np.float32(2.0 ** -149)
    product.use_c = True
    cases.append(("subnormal accumulator", np.float32(2.0 ** -149),
                  product.run(bench)[0, 0]))
    return compare(cases)


def groups_kernel(groups, left):
    """`groups` groups of one wgmma each; the first has accumulators of its own (f0..3),
    the others share f4..131. After wait_group `left` those of the first are stored."""
    body = ptx.pointer("%d1", "image") + ptx.pointer("%d2", "d") + """
ld.param.u64 %d10, [desc_a]; ld.param.u64 %d11, [desc_b]; ld.param.u32 %r10, [words];
ld.param.u32 %r12, [b_at];
mov.u32 %r1, smem;
""" + ptx.copy_words("%d1", "%r1", "%r10", into_shared=True)
    body += "fence.proxy.async.shared::cta;\nbar.sync 0;\nmov.u32 %r5, %r1;\n" + ENCODE
    body += "or.b64 %d10, %d20, %d10;\nadd.u32 %r5, %r1, %r12;\n" + ENCODE
    body += "or.b64 %d11, %d20, %d11;\n" + ptx.per_thread("%d13", "%d2", 4)
    for i in range(132):
        body += "mov.f32 %%f%d, 0f00000000;\n" % i
    body += FENCE
    for i in range(groups):
        body += multiply(256 if i else 8, ("bf16", "bf16"), "%d10", accumulate="1",
                         first=4 if i else 0)
        body += "wgmma.commit_group.sync.aligned;\n"
    body += "wgmma.wait_group.sync.aligned %d;\n" % left
    for i in range(4):
        body += "st.global.f32 [%%d13+%d], %%f%d;\n" % (4 * i, i)
    body += "wgmma.wait_group.sync.aligned 0;\n"
    return ptx.kernel(["u64 image", "u64 d", "u64 desc_a", "u64 desc_b", "u32 words",
                       "u32 b_at"], body + "ret;\n")


@probe("wgmma-wait-group",
       "How many groups may wgmma.wait_group leave, so that the older ones are done?",
       "Any number that the assembler takes, which makes 7 of larger ones: the first of "
       "N + 1 groups is done after wait_group N.")
def _(bench):
    cases = []
    for left in (1, 7, 8, 15, 31):
        product = Product(256)
        image = product.image()
        d, = bench.run(groups_kernel(left + 1, left),
                       [image, Out((128, 4), np.float32),
                        ctypes.c_uint64(product.descriptor_a),
                        ctypes.c_uint64(product.descriptor_b), image.size,
                        product.tile_b.base], shared=image.nbytes)
        row, column = accumulator(8)
        cases.append(("wait_group %d" % left, product.expected()[row, column], d))
    return compare(cases)
