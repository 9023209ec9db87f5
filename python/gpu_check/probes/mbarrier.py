# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mbarriers: parities, arrivals, transactions, and copies over what was read."""
import numpy as np

from . import ptx
from .core import Answer, Out, compare, probe

TEST = "mbarrier.test_wait.parity.shared::cta.b64 %%p2, [%%r1], %d;\n" \
    "selp.b32 %%r9, 1, 0, %%p2;\n"


def tests_kernel(steps, count, threads=128, copy_bytes=0):
    """Thread 0 records the answers. A step is ("test", parity), ("one", PTX that thread 0
    executes), ("thread", t, PTX) or ("wait", parity)."""
    body = ptx.pointer("%d1", "result") + ptx.pointer("%d2", "source") + """
mov.u32 %r1, smem; add.u32 %r2, %r1, 128;
mov.u32 %r4, %tid.x;
setp.eq.u32 %p1, %r4, 0;
@%p1 mbarrier.init.shared::cta.b64 [%r1], """ + "%d;\nbar.sync 0;\n" % count
    place = 0
    for step in steps:
        if step[0] == "thread":
            # Thread 0 has tested before, and tests after it.
            body += "bar.sync 0;\nsetp.eq.u32 %%p3, %%r4, %d;\n@%%p3 %s\nbar.sync 0;\n" % \
                step[1:]
            continue
        if step[0] == "one":
            body += "@%%p1 %s\n" % step[1]
            continue
        body += "{\n@!%p1 bra OVER;\n"
        body += TEST % step[1] if step[0] == "test" else ptx.wait(
            "%r9", "%r1", str(step[1]), "try_wait")
        body += "st.global.u32 [%%d1+%d], %%r9;\nOVER:\n}\n" % (4 * place)
        place += 1
    return ptx.kernel(["u64 result", "u64 source"], body + "bar.sync 0;\nret;\n", threads)


def answers(bench, steps, count, expected, threads=128):
    source = np.arange(1024, dtype=np.uint32)
    got, = bench.run(tests_kernel(steps, count, threads),
                     [Out(len(expected), np.uint32), source], threads=threads,
                     shared=128 + 4096)
    return np.array(expected, np.uint32), got


ARRIVE = "mbarrier.arrive.shared::cta.b64 _, [%r1];"
COPY = "cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes " \
    "[%r2], [%d2], 4096, [%r1];"


@probe("mbarrier-parity",
       "Which parities does a wait find ended, before and after phases end?",
       "Fresh: 1 ended, 0 not. After the first phase: 0 ended, 1 not; after the second "
       "as fresh.")
def _(bench):
    steps = [("test", 1), ("test", 0), ("one", ARRIVE), ("test", 0), ("test", 1),
             ("one", ARRIVE), ("test", 1), ("test", 0)]
    return compare([("answers",) + answers(bench, steps, 1, [1, 0, 1, 0, 1, 0])])


@probe("mbarrier-warp-group-arrival",
       "Does a barrier with one arrival for each of two warp groups end its phase with "
       "the second thread that arrives, from whichever group?",
       "Yes: not after one arrival, but after both.")
def _(bench):
    cases = []
    for first, second in ((128, 0), (0, 128), (37, 255)):
        steps = [("thread", first, ARRIVE), ("test", 0), ("thread", second, ARRIVE),
                 ("test", 0)]
        cases.append(("threads %d and %d" % (first, second),) +
                     answers(bench, steps, 2, [0, 1], 256))
    return compare(cases)


@probe("mbarrier-expect-order",
       "May a copy be issued before its bytes are expected?",
       "Yes, while an arrival is pending: the phase ends when the arrival has come and "
       "the bytes add up, in each order.")
def _(bench):
    expect = "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 4096;"
    apart = "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 4096;"
    orders = [("expect, copy", [expect, COPY]), ("copy, expect", [COPY, expect]),
              ("copy, expect, arrive", [COPY, apart, ARRIVE]),
              ("expect, arrive, copy", [apart, ARRIVE, COPY])]
    return compare((label,) + answers(
        bench, [("one", text) for text in order] + [("wait", 0)], 1, [1])
        for label, order in orders)


def remote_kernel():
    """In a cluster of two each CTA arrives at the other's barrier, and waits for its
    own."""
    return ptx.kernel(["u64 result"], ptx.pointer("%d1", "result") + """
mov.u32 %%r1, smem;
mov.u32 %%r4, %%tid.x; mov.u32 %%r5, %%cluster_ctarank;
setp.eq.u32 %%p1, %%r4, 0;
@%%p1 mbarrier.init.shared::cta.b64 [%%r1], 1;
@%%p1 fence.mbarrier_init.release.cluster;
barrier.cluster.arrive.aligned;
barrier.cluster.wait.aligned;
xor.b32 %%r6, %%r5, 1;
mapa.shared::cluster.u32 %%r7, %%r1, %%r6;
@%%p1 mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%%r7];
%s
mul.wide.u32 %%d2, %%r5, 4; add.u64 %%d1, %%d1, %%d2;
@%%p1 st.global.u32 [%%d1], %%r9;
barrier.cluster.arrive.aligned;
barrier.cluster.wait.aligned;
ret;
""" % ptx.wait("%r9", "%r1", "0", "try_wait"),
                      directives=".explicitcluster .reqnctapercluster 2, 1, 1")


@probe("mbarrier-remote-arrival",
       "Does an arrival by mapa end a phase of the other CTA of a cluster?",
       "Yes.")
def _(bench):
    got, = bench.run(remote_kernel(), [Out(2, np.uint32)], grid=(2, 1, 1),
                     cluster=(2, 1, 1), shared=128)
    return compare([("waits", np.array([1, 1], np.uint32), got)])


#===-- copies over what was just read -----------------------------------------===#

READS = 8  # words of each thread in a block
BLOCK = 4 * READS * 128


def overwrite_kernel():
    """A producer (thread 128) copies block i over block i - 1 as soon as 128 readers
    have arrived; no proxy fence. wrong += words that were not those of block i."""
    reads = "".join("ld.shared.u32 %%r%d, [%%r7+%d];\n" % (30 + i, 4 * i)
                    for i in range(READS))
    checks = "".join("add.u32 %%r50, %%r12, %d; setp.ne.u32 %%p4, %%r%d, %%r50;\n"
                     "@%%p4 add.u32 %%r20, %%r20, 1;\n" % (i, 30 + i)
                     for i in range(READS))
    body = ptx.pointer("%d1", "source") + ptx.pointer("%d2", "wrong") + """
ld.param.u32 %%r10, [blocks];
mov.u32 %%r1, smem; add.u32 %%r2, %%r1, 8; add.u32 %%r3, %%r1, 128;
mov.u32 %%r4, %%tid.x;
setp.eq.u32 %%p1, %%r4, 0;
@%%p1 mbarrier.init.shared::cta.b64 [%%r1], 1;     // full
@%%p1 mbarrier.init.shared::cta.b64 [%%r2], 128;   // empty
bar.sync 0;
mov.b32 %%r11, 0;                                  // the block
mov.b32 %%r20, 0;
setp.ge.u32 %%p2, %%r4, 128;
@%%p2 bra PRODUCER;
mul.lo.u32 %%r7, %%r4, %(stride)d; add.u32 %%r7, %%r7, %%r3;
READ:
and.b32 %%r13, %%r11, 1;
%(full)s
setp.eq.u32 %%p6, %%r9, 0;
@%%p6 bra LATE;
%(reads)s
mbarrier.arrive.shared::cta.b64 _, [%%r2];
mad.lo.u32 %%r12, %%r11, %(words)d, 0; mad.lo.u32 %%r12, %%r4, %(own)d, %%r12;
%(checks)s
add.u32 %%r11, %%r11, 1;
setp.lt.u32 %%p3, %%r11, %%r10;
@%%p3 bra READ;
bra DONE;
LATE:
mov.b32 %%r20, 0x10000;
DONE:
mov.u32 %%r14, %%ctaid.x; mad.lo.u32 %%r14, %%r14, 128, %%r4;
mul.wide.u32 %%d3, %%r14, 4; add.u64 %%d2, %%d2, %%d3;
st.global.u32 [%%d2], %%r20;
ret;
PRODUCER:
setp.ne.u32 %%p2, %%r4, 128;
@%%p2 bra END;
mov.b32 %%r13, 1;
COPY:
%(empty)s
setp.eq.u32 %%p6, %%r9, 0;
@%%p6 bra END;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r1], %(block)d;
cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%%r3], [%%d1], %(block)d,
  [%%r1];
add.u64 %%d1, %%d1, %(block)d;
xor.b32 %%r13, %%r13, 1;
add.u32 %%r11, %%r11, 1;
setp.lt.u32 %%p3, %%r11, %%r10;
@%%p3 bra COPY;
END:
ret;
""" % {"stride": 4 * READS, "block": BLOCK, "words": BLOCK // 4, "own": READS,
       "full": ptx.wait("%r9", "%r1", "%r13", "try_wait"),
       "empty": ptx.wait("%r9", "%r2", "%r13", "try_wait"), "reads": reads,
       "checks": checks}
    return ptx.kernel(["u64 source", "u64 wrong", "u32 blocks"], body, threads=160)


@probe("read-then-copy-over",
       "May a bulk copy overwrite what ordinary loads have read, when arrivals at an "
       "mbarrier order it behind them, without a proxy fence?",
       "Yes: no word of any block is wrong.")
def _(bench):
    blocks, ctas = bench.sample((4000, 264), (24, 2))
    source = np.arange(blocks * BLOCK // 4, dtype=np.uint32)
    wrong, = bench.run(overwrite_kernel(), [source, Out((ctas, 128), np.uint32), blocks],
                       grid=(ctas, 1, 1), threads=160, shared=128 + BLOCK)
    late = int((wrong >= 0x10000).sum())
    words = int((wrong & 0xffff).sum())
    reads = blocks * ctas * BLOCK // 4
    return Answer(words == 0 and late == 0,
                  "%d of %d words wrong, %d threads stopped waiting" % (words, reads, late),
                  "a sample, not a proof")


def init_kernel():
    """Thread 0 makes and unmakes a barrier again and again; after bar.sync thread 32
    has a copy signal it, without fence.mbarrier_init."""
    body = ptx.pointer("%d1", "source") + ptx.pointer("%d2", "ended") + """
ld.param.u32 %%r10, [rounds];
mov.u32 %%r1, smem; add.u32 %%r3, %%r1, 128;
mov.u32 %%r4, %%tid.x;
setp.eq.u32 %%p1, %%r4, 0; setp.eq.u32 %%p2, %%r4, 32;
mov.b32 %%r11, 0; mov.b32 %%r20, 0;
ROUND:
@%%p1 mbarrier.init.shared::cta.b64 [%%r1], 1;
bar.sync 0;
@%%p2 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r1], 256;
@%%p2 cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%%r3], [%%d1], 256,
  [%%r1];
%(wait)s
add.u32 %%r20, %%r20, %%r9;
bar.sync 0;
@%%p1 mbarrier.inval.shared::cta.b64 [%%r1];
add.u32 %%r11, %%r11, 1;
setp.lt.u32 %%p3, %%r11, %%r10;
setp.eq.u32 %%p4, %%r9, 1;
and.pred %%p3, %%p3, %%p4;
@%%p3 bra ROUND;
mov.u32 %%r14, %%ctaid.x; mad.lo.u32 %%r14, %%r14, 128, %%r4;
mul.wide.u32 %%d3, %%r14, 4; add.u64 %%d2, %%d2, %%d3;
st.global.u32 [%%d2], %%r20;
ret;
""" % {"wait": ptx.wait("%r9", "%r1", "0", "try_wait")}
    return ptx.kernel(["u64 source", "u64 ended", "u32 rounds"], body)


@probe("mbarrier-init-without-fence",
       "Does a copy find a barrier that another thread initialised before a bar.sync, "
       "without fence.mbarrier_init?",
       "Yes: copies signal barriers by the generic proxy, so all phases end.")
def _(bench):
    rounds, ctas = bench.sample((1000, 264), (8, 2))
    got, = bench.run(init_kernel(), [np.arange(64, dtype=np.uint32),
                                     Out((ctas, 128), np.uint32), rounds],
                     grid=(ctas, 1, 1), shared=512)
    short = int((got != rounds).sum())
    return Answer(short == 0, "%d of %d threads missed a phase in %d rounds" % (
        short, got.size, rounds), "a sample, not a proof")
