# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cycles: figures for the cost model, without a verdict."""
import ctypes

import numpy as np

from . import ptx
from .core import MAY_HANG, Answer, Out, probe
from .wgmma import ENCODE, FENCE, Product, multiply

NO_CLOCK = "the simulator has no clock"
ROUNDS = 256


def timed(setup, loop, params=(), threads=128, rounds=None, after="", meet=True, **rest):
    """Warps write (start, end) of `rounds` rounds to `clocks`. %r0 counts."""
    rounds = rounds or ROUNDS
    body = ptx.pointer("%d40", "clocks") + setup + """
mov.b32 %r0, 0;
""" + ("bar.sync 0;\n" if meet else "") + """mov.u64 %d41, %clock64;
ROUND:
""" + loop + """
add.u32 %%r0, %%r0, 1;
setp.lt.u32 %%p15, %%r0, %d;
@%%p15 bra ROUND;
mov.u64 %%d42, %%clock64;
""" % rounds + after + """
{ .reg .b32 t, c, n, lane; .reg .pred first; .reg .b64 place;
mov.u32 t, %tid.x; mov.u32 c, %ctaid.x; mov.u32 n, %ntid.x;
mad.lo.u32 t, c, n, t; and.b32 lane, t, 31; shr.u32 t, t, 5;
mul.wide.u32 place, t, 16; add.u64 place, place, %d40;
setp.eq.u32 first, lane, 0;
@first st.global.v2.u64 [place], {%d41, %d42}; }
ret;
"""
    return ptx.kernel(["u64 clocks"] + list(params), body, threads=threads, **rest)


def cycles(bench, kernel, params=(), threads=128, ctas=1, shared=0):
    """Of the median CTA, from its first start to its last end."""
    got = bench.run(kernel, [Out((ctas, threads // 32, 2), np.uint64)] + list(params),
                    grid=(ctas, 1, 1), threads=threads, shared=shared)[0].astype(np.int64)
    return float(np.median(got[..., 1].max(axis=1) - got[..., 0].min(axis=1)))


RATES = [("ex2.approx.ftz.f32", "ex2.approx.ftz.f32 {0}, {0};", 1),
         ("ex2.approx.f16x2", "ex2.approx.f16x2 {0}, {0};", 2),
         ("ex2.approx.ftz.bf16x2", "ex2.approx.ftz.bf16x2 {0}, {0};", 2),
         ("tanh.approx.f32", "tanh.approx.f32 {0}, {0};", 1),
         ("lg2.approx.ftz.f32", "lg2.approx.ftz.f32 {0}, {0};", 1),
         ("cvt.rn.bf16x2.f32", "cvt.rn.bf16x2.f32 {0}, {0}, {0};", 2),
         ("fma.rn.ftz.f32", "fma.rn.ftz.f32 {0}, {0}, {0}, {0};", 1),
         ("add.ftz.f32", "add.rn.ftz.f32 {0}, {0}, {0};", 1),
         ("max.ftz.f32", "max.ftz.f32 {0}, {0}, %r{1};", 1),
         ("shfl.sync.bfly", "shfl.sync.bfly.b32 {0}, {0}, 1, 31, -1;", 1)]


@probe("rate-arithmetic",
       "How many results per clock and SM do the operations of a softmax give?",
       "ex2: 16; of the packed forms nothing is known.",
       sim_skip=NO_CLOCK)
def _(bench):
    found = {}
    for name, code, results in RATES:
        setup = "".join("ld.param.u32 %%r%d, [seed]; add.u32 %%r%d, %%r%d, %d;\n" % (
            20 + i, 20 + i, 20 + i, i) for i in range(9))
        loop = "\n".join(code.format("%%r%d" % (20 + i), 28) for i in range(8))
        after = "".join("xor.b32 %%r20, %%r20, %%r%d;\n" % (21 + i) for i in range(7)) + \
            "setp.eq.u32 %p3, %r20, 0x12345679;\n@%p3 st.global.u32 [%d40], %r20;\n"
        took = cycles(bench, timed(setup, loop, ["u32 seed"], 512, after=after,
                                   shared=False), [0x3f000000], 512, 132)
        found[name] = round(512 * 8 * ROUNDS * results / took, 2) if took else 0
    return Answer(None, found, "results per clock and SM, 16 warps, one CTA an SM")


#===-- shared memory ----------------------------------------------------------===#

LANES = np.arange(32)
PATTERNS = {
    4: {"neighbours": 4 * LANES, "every second word": 8 * LANES, "one bank": 128 * LANES,
        "one word": 0 * LANES, "pairs": LANES // 2 * 4},
    8: {"neighbours": 8 * LANES, "halves alike": LANES % 16 * 8, "pairs": LANES // 2 * 8,
        "every second": 16 * LANES, "one column": 128 * LANES,
        "lane and lane + 16 in one bank": LANES % 16 * 8 + LANES // 16 * 128},
    16: {"neighbours": 16 * LANES, "quarters alike": LANES % 8 * 16,
         "pairs": LANES // 2 * 16, "every second": 32 * LANES, "one column": 128 * LANES,
         "column, swizzled": 128 * LANES + LANES % 8 * 16,
         "row of four lanes": LANES // 4 * 128 + LANES % 4 * 16},
}


def wavefronts(width, offsets):
    """The usual model: the warp in parts of 128 bytes; a part takes as many passes as a
    bank has different words."""
    part, passes = min(32, 128 // width), 0
    for first in range(0, 32, part):
        words = {int(at) // 4 + i for at in offsets[first:first + part]
                 for i in range(width // 4)}
        banks = [word % 32 for word in words]
        passes += max(banks.count(bank) for bank in set(banks))
    return passes


@probe("rate-shared-banks",
       "How many cycles does a warp's access to shared memory take, by width and pattern?",
       "One for each pass over the banks; 8 bytes a lane go by halves of the warp, 16 by "
       "quarters.", sim_skip=NO_CLOCK)
def _(bench):
    found = {}
    for width, patterns in PATTERNS.items():
        count = width // 4
        move = "ld.volatile.shared%s.u32 " % ("" if count == 1 else ".v%d" % count)
        loop, after = "", ""
        for i in range(8):
            names = ["%%r%d" % (20 + count * i + j) for j in range(count)]
            loop += "%s%s, [%%r5+%d];\n" % (
                move, names[0] if count == 1 else "{%s}" % ", ".join(names), 4096 * i)
        setup = ptx.pointer("%d1", "at") + "mov.u32 %r4, %tid.x; and.b32 %r4, %r4, 31;\n" \
            "mul.wide.u32 %d2, %r4, 4; add.u64 %d1, %d1, %d2; ld.global.u32 %r5, [%d1];\n" \
            "mov.u32 %r1, smem; add.u32 %r5, %r5, %r1;\n"
        kernel = timed(setup, loop, ["u64 at"], 128, after=after)
        for label, offsets in patterns.items():
            took = cycles(bench, kernel, [offsets.astype(np.uint32)], 128,
                          shared=4096 * 8 + 128 * 32)
            found["%d bytes, %s" % (width, label)] = [
                round(took / (4 * 8 * ROUNDS), 2), wavefronts(width, offsets)]
    return Answer(None, found, "cycles a load, four warps; then passes by the model")


#===-- barriers ---------------------------------------------------------------===#

@probe("rate-barriers",
       "How many cycles does a handshake of two warp groups take?",
       "Not known; ping-pong of warp groups pays it twice for each tile.",
       risk=MAY_HANG, sim_skip=NO_CLOCK)
def _(bench):
    split = "mov.u32 %r4, %tid.x; setp.ge.u32 %p1, %r4, 128;\n"
    named = "{\n@%p1 bra SECOND;\nbar.arrive 1, 256;\nbar.sync 2, 256;\nbra BOTH;\n" \
        "SECOND:\nbar.sync 1, 256;\nbar.arrive 2, 256;\nBOTH:\n}\n"
    arrays = "mov.u32 %r1, smem; add.u32 %r2, %r1, 8; setp.eq.u32 %p2, %r4, 0;\n" \
        "@%p2 mbarrier.init.shared::cta.b64 [%r1], 4;\n" \
        "@%p2 mbarrier.init.shared::cta.b64 [%r2], 4;\n" \
        "and.b32 %r5, %r4, 31; setp.eq.u32 %p3, %r5, 0;\n" \
        "selp.b32 %r6, %r2, %r1, %p1; selp.b32 %r7, %r1, %r2, %p1;\n"
    # The first group arrives, a lane for each warp, then waits; the second waits, then
    # arrives.
    awaited = ptx.wait("%r9", "%r7", "%r8", "try_wait")
    by_mbarrier = "and.b32 %r8, %r0, 1;\n@!%p1 bra A;\n" + awaited + \
        "@%p3 mbarrier.arrive.shared::cta.b64 _, [%r6];\nbra B;\nA:\n" \
        "@%p3 mbarrier.arrive.shared::cta.b64 _, [%r6];\n" + awaited + "B:\n"
    found = {}
    for name, setup, loop in (("bar.arrive and bar.sync, there and back", split, named),
                              ("mbarrier, there and back", split + arrays, by_mbarrier),
                              ("bar.sync of 256 threads", split, "bar.sync 0;\n")):
        took = cycles(bench, timed(setup, loop, threads=256), threads=256, shared=128)
        found[name] = round(took / ROUNDS, 1)
    return Answer(None, found, "cycles")


#===-- wgmma and copies -------------------------------------------------------===#

def wgmma_setup(in_registers):
    text = ptx.pointer("%d1", "image") + """
ld.param.u64 %d10, [desc_a]; ld.param.u64 %d11, [desc_b]; ld.param.u32 %r10, [words];
ld.param.u32 %r12, [b_at];
mov.u32 %r1, smem;
""" + ptx.copy_words("%d1", "%r1", "%r10", into_shared=True) + \
        "fence.proxy.async.shared::cta;\nbar.sync 0;\nmov.u32 %r5, %r1;\n" + ENCODE + \
        "or.b64 %d10, %d20, %d10;\nadd.u32 %r5, %r1, %r12;\n" + ENCODE + \
        "or.b64 %d11, %d20, %d11;\n"
    for i in range(132):
        text += "mov.f32 %%f%d, 0f00000000;\n" % i
    if in_registers:  # constants would be copied for each product
        text += "".join("ld.shared.u32 %%r%d, [%%r1+%d];\n" % (20 + i, 4 * i)
                        for i in range(4))
    return text


def alive(count):
    """Uses accumulators: products that nobody uses are not made."""
    return "".join("add.f32 %%f0, %%f0, %%f%d;\n" % i for i in range(1, count)) + \
        "setp.eq.f32 %p3, %f0, 0f12345678;\n@%p3 st.global.f32 [%d40], %f0;\n"


GROUP = 32  # instructions in a row; a loop of them takes the assembler long
WGMMA_PARAMS = ["u64 image", "u64 desc_a", "u64 desc_b", "u32 words", "u32 b_at"]


def wgmma_values(product):
    image = product.image()
    return [image, ctypes.c_uint64(product.descriptor_a),
            ctypes.c_uint64(product.descriptor_b), image.size, product.tile_b.base], \
        image.nbytes


@probe("rate-wgmma",
       "How many cycles does a wgmma of one warp group take, by N and by where A is?",
       "N / 2 for 16-bit types at full rate, N / 2 for e4m3 with twice the depth.",
       sim_skip=NO_CLOCK)
def _(bench):
    found = {}
    for types in (("bf16", "bf16"), ("e4m3", "e4m3")):
        for n in (64, 128, 256):
            for in_registers in (False, True):
                product = Product(n, types)
                a = "{%r20, %r21, %r22, %r23}" if in_registers else "%d10"
                loop = FENCE + "".join(multiply(n, types, a, accumulate="1")
                                       for _ in range(GROUP)) + \
                    "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n"
                values, size = wgmma_values(product)
                took = cycles(bench, timed(wgmma_setup(in_registers), loop, WGMMA_PARAMS,
                                           rounds=1, after=alive(4)),
                              values, shared=size)
                found["%s, N = %d, A in %s" % (
                    types[0], n, "registers" if in_registers else "shared memory")] = \
                    round(took / GROUP, 1)
    return Answer(None, found, "cycles an instruction, %d in a group, one warp group" %
                  GROUP)


@probe("rate-wait-group",
       "How long does wgmma.wait_group N wait when 32 groups are in flight?",
       "Less by one group's time for each group more that may stay, up to 7: of a larger N "
       "the assembler makes 7.", sim_skip=NO_CLOCK)
def _(bench):
    found = {}
    for left in (0, 1, 3, 7, 8, 15):
        setup = wgmma_setup(False) + FENCE
        queue = "".join(multiply(128, ("bf16", "bf16"), "%d10", accumulate="1") +
                        "wgmma.commit_group.sync.aligned;\n" for _ in range(32))
        # The first clock is read when all have been issued.
        kernel = timed(setup + queue, "wgmma.wait_group.sync.aligned %d;\n" % left,
                       WGMMA_PARAMS, rounds=1, meet=False,
                       after="wgmma.wait_group.sync.aligned 0;\n" + alive(4))
        values, size = wgmma_values(Product(128))
        found["wait_group %d" % left] = cycles(bench, kernel, values, shared=size)
    return Answer(None, found, "cycles from the last issue to the end of the wait")


@probe("rate-bulk-copy",
       "How many cycles pass from the issue of a bulk copy to the end of its phase, with "
       "its data in L2?",
       "Not known; pipelines are as deep as it demands.", sim_skip=NO_CLOCK)
def _(bench):
    found = {}
    for size in (1024, 8192, 32768):
        setup = ptx.pointer("%d1", "source") + "mov.u32 %r1, smem; mov.u32 %r4, %tid.x;\n" \
            "add.u32 %r3, %r1, 128; setp.eq.u32 %p1, %r4, 0;\n" \
            "@%p1 mbarrier.init.shared::cta.b64 [%r1], 1;\n"
        loop = "and.b32 %%r8, %%r0, 1;\n" \
            "@%%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r1], %d;\n" \
            "@%%p1 cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes " \
            "[%%r3], [%%d1], %d, [%%r1];\n" % (size, size)
        loop += ptx.wait("%r9", "%r1", "%r8", "try_wait")
        took = cycles(bench, timed(setup, loop, ["u64 source"], 32),
                      [np.zeros(size // 4, np.uint32)], 32, shared=128 + size)
        found["%d bytes" % size] = round(took / ROUNDS, 0)
    return Answer(None, found, "cycles, one copy at a time")
