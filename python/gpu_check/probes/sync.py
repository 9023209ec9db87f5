# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Elected lanes, named barriers, register budgets, the base of shared memory."""
import numpy as np

from . import ptx
from .core import MAY_HANG, Answer, Out, compare, probe


def elect_kernel(masks):
    """result[mask][thread]: twice (leader, is it me)."""
    body = ptx.pointer("%d1", "result") + "mov.u32 %r4, %tid.x; and.b32 %r5, %r4, 31;\n" \
        "mul.wide.u32 %d2, %r4, 16; add.u64 %d1, %d1, %d2;\n"
    for i, mask in enumerate(masks):
        body += "shr.u32 %%r6, 0x%x, %%r5; and.b32 %%r6, %%r6, 1;\n" \
            "setp.eq.u32 %%p1, %%r6, 1;\n{\n@!%%p1 bra OVER;\n" % mask
        for turn in range(2):
            body += "elect.sync %%r7|%%p2, 0x%x;\nselp.b32 %%r8, 1, 0, %%p2;\n" % mask
            body += "st.global.v2.u32 [%%d1+%d], {%%r7, %%r8};\n" % (i * 2048 + 8 * turn)
        body += "OVER:\n}\nbar.warp.sync 0xffffffff;\n"
    return ptx.kernel(["u64 result"], body + "ret;\n", shared=False)


@probe("elect-one",
       "Does elect.sync choose exactly one lane of the mask, the same each time, and "
       "which?",
       "One lane, always the same; no kernel depends on which.")
def _(bench):
    masks = [0xffffffff, 0x0000fff0, 0x80000001, 0x00ff0000]
    got, = bench.run(elect_kernel(masks), [Out((4, 128, 2, 2), np.uint32)])
    lanes, good = [], True
    for mask, words in zip(masks, got):
        members = [lane for lane in range(32) if mask >> lane & 1]
        warps = words.reshape(4, 32, 4)[:, members]
        leaders, mine = warps[..., [0, 2]], warps[..., [1, 3]]
        good &= bool((leaders == leaders.flat[0]).all() and leaders.flat[0] in members)
        expected = (np.array(members) == leaders.flat[0])[None, :, None]
        good &= bool((mine == expected).all())
        lanes.append("%08x: lane %d" % (mask, leaders.flat[0]))
    return Answer(good, ", ".join(lanes), "twice in each of four warps")


def barriers_kernel(count):
    """Of 256 threads the first `count` use barriers 1 to 15: each round they write, meet
    and read what their mirror image wrote."""
    body = ptx.pointer("%d1", "result") + """
mov.u32 %r1, smem; mov.u32 %r4, %tid.x;
mov.b32 %r20, 0;
"""
    body += "setp.ge.u32 %%p1, %%r4, %d;\n@%%p1 bra END;\n" % count
    body += "shl.b32 %%r5, %%r4, 2; add.u32 %%r5, %%r5, %%r1;\n" \
        "sub.u32 %%r6, %d, %%r4; shl.b32 %%r7, %%r6, 2; add.u32 %%r7, %%r7, %%r1;\n" % (
            count - 1)
    for number in range(1, 16):
        body += """add.u32 %%r8, %%r4, %(k)d; st.shared.u32 [%%r5], %%r8;
bar.sync %(id)d, %(count)d;
ld.shared.u32 %%r9, [%%r7];
add.u32 %%r8, %%r6, %(k)d; setp.ne.u32 %%p2, %%r8, %%r9;
@%%p2 add.u32 %%r20, %%r20, 1;
bar.sync %(id)d, %(count)d;
""" % {"k": 1000 * number, "id": number, "count": count}
    body += """END:
mul.wide.u32 %d2, %r4, 4; add.u64 %d1, %d1, %d2;
st.global.u32 [%d1], %r20;
ret;
"""
    return ptx.kernel(["u64 result"], body, threads=256)


@probe("named-barriers",
       "Do barriers 1 to 15 each hold 128 threads of a CTA of 256, and all 256?",
       "Yes, the other threads need not come.", risk=MAY_HANG)
def _(bench):
    cases = []
    for count in (128, 256):
        got, = bench.run(barriers_kernel(count), [Out(256, np.uint32)], threads=256,
                         shared=1024)
        cases.append(("%d threads, wrong reads" % count, np.zeros(256, np.uint32), got))
    return compare(cases)


def handshake_kernel():
    """The first warp group writes and arrives at barrier 1, the second one waits there
    and reads, then the way back by barrier 2; `rounds` times."""
    return ptx.kernel(["u64 result", "u32 rounds"], ptx.pointer("%d1", "result") + """
ld.param.u32 %r10, [rounds];
mov.u32 %r1, smem; mov.u32 %r4, %tid.x;
and.b32 %r6, %r4, 127; shl.b32 %r5, %r6, 2; add.u32 %r5, %r5, %r1;
xor.b32 %r7, %r6, 127; shl.b32 %r8, %r7, 2; add.u32 %r8, %r8, %r1;
mov.b32 %r20, 0; mov.b32 %r11, 0;
setp.ge.u32 %p1, %r4, 128;
@%p1 bra READER;
WRITE:
mad.lo.u32 %r9, %r11, 128, %r6;
st.shared.u32 [%r5], %r9;
bar.arrive 1, 256;
bar.sync 2, 256;
add.u32 %r11, %r11, 1;
setp.lt.u32 %p2, %r11, %r10;
@%p2 bra WRITE;
bra END;
READER:
bar.sync 1, 256;
ld.shared.u32 %r9, [%r8];
bar.arrive 2, 256;
mad.lo.u32 %r12, %r11, 128, %r7;
setp.ne.u32 %p3, %r9, %r12;
@%p3 add.u32 %r20, %r20, 1;
add.u32 %r11, %r11, 1;
setp.lt.u32 %p2, %r11, %r10;
@%p2 bra READER;
END:
mul.wide.u32 %d2, %r4, 4; add.u64 %d1, %d1, %d2;
st.global.u32 [%d1], %r20;
ret;
""", threads=256)


@probe("barrier-handshake",
       "Do bar.arrive of one warp group and bar.sync of another hand memory over?",
       "Yes: what was written before bar.arrive is read after bar.sync.", risk=MAY_HANG)
def _(bench):
    rounds = bench.sample(5000, 16)
    got, = bench.run(handshake_kernel(), [Out(256, np.uint32), rounds], threads=256,
                     shared=512)
    return compare([("wrong reads", np.zeros(256, np.uint32), got)],
                   "%d rounds" % rounds)


def budget_kernel(groups, few, many, live):
    """The first warp group keeps `few` registers, the others take `many`, and hold
    `live` values over a barrier of their own."""
    body = ptx.pointer("%d1", "source") + ptx.pointer("%d2", "result")
    body += "mov.u32 %%r4, %%tid.x;\nsetp.ge.u32 %%p1, %%r4, 128;\n@%%p1 bra MANY;\n" \
        "setmaxnreg.dec.sync.aligned.u32 %d;\nret;\nMANY:\n" \
        "setmaxnreg.inc.sync.aligned.u32 %d;\n" % (few, many)
    body += ptx.per_thread("%d3", "%d1", live) + ptx.per_thread("%d4", "%d2", live)
    # A value is known only when all are loaded: nothing can be stored earlier.
    for i in range(live):
        body += "ld.volatile.global.u32 %%r%d, [%%d3+%d];\n" % (100 + i, 4 * i)
    body += "bar.sync 1, %d;\n" % (128 * (groups - 1))
    for i in range(live):
        body += "st.volatile.global.u32 [%%d4+%d], %%r%d;\n" % (
            4 * i, 100 + live - 1 - i)
    return ptx.kernel(["u64 source", "u64 result"], body + "ret;\n", threads=128 * groups,
                      shared=False)


for _groups, _few, _many, _live in ((3, 24, 240, 216), (4, 32, 160, 136), (3, 40, 232, 208),
                                    (2, 56, 256, 220)):
    def _run(bench, groups=_groups, few=_few, many=_many, live=_live):
        threads = 128 * groups
        source = np.arange(threads * live, dtype=np.uint32).reshape(threads, live)
        got, = bench.run(budget_kernel(groups, few, many, live),
                         [source, Out((threads, live), np.uint32)], threads=threads)
        return compare([("values", source[128:, ::-1], got[128:])],
                       "%d values live in each thread" % live)
    probe("setmaxnreg-%d-%d" % (_few, _many),
          "Can one warp group go down to %d registers and %d go up to %d, from what a "
          "launch of %d threads gives?" % (_few, _groups - 1, _many, 128 * _groups),
          "Yes: the pool has enough when the first has given back.", risk=MAY_HANG)(_run)


def base_kernel(align, static):
    """result: offset of the dynamic array, of a static one, size, what mapa gives for
    rank 0, what was read through a generic address."""
    text = ptx.pointer("%d1", "result") + """
mov.u32 %r1, smem;
st.global.u32 [%d1], %r1;
mov.b32 %r2, 0;
""" + ("mov.u32 %r2, fixed;\n" if static else "") + """
st.global.u32 [%d1+4], %r2;
mov.u32 %r3, %dynamic_smem_size; st.global.u32 [%d1+8], %r3;
mapa.shared::cluster.u32 %r5, %r1, 0; st.global.u32 [%d1+12], %r5;
mov.b32 %r6, 4711; st.shared.u32 [%r1], %r6; bar.warp.sync 0xffffffff;
mov.u64 %d2, smem; cvta.shared.u64 %d2, %d2; ld.u32 %r7, [%d2];
st.global.u32 [%d1+16], %r7;
ret;
"""
    if static:
        text = ".shared .align 16 .b8 fixed[%d];\n" % static + text
    return ptx.kernel(["u64 result"], text, threads=32, align=align)


@probe("shared-base",
       "At which shared address does the dynamic array begin?",
       "At a multiple of 1024, if declared so or if there is nothing else; generic "
       "addresses lead to it.")
def _(bench):
    cases, places = [], []
    for align, static in ((1024, 0), (16, 0), (1024, 48)):
        got, = bench.run(base_kernel(align, static), [Out(5, np.uint32)], threads=32,
                         shared=2048)
        label = "aligned to %d%s" % (align, ", %d static bytes" % static if static else "")
        places.append("%s: %d (static %d, mapa 0x%x)" % (label, got[0], got[1], got[3]))
        cases.append((label, np.array([0, 2048, 4711], np.uint32),
                      np.array([got[0] % 1024, got[2], got[4]], np.uint32)))
    answer = compare(cases)
    return Answer(answer.agrees, "; ".join(places) if answer.agrees else
                  answer.observed + "; " + "; ".join(places), "shared::cta addresses")
