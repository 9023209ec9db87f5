# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Copies out of shared memory, copies without a tensor map, multicast."""
import numpy as np

from . import ptx
from .core import Map, Out, compare, probe
from .tma import SENTINEL, Box

PATTERN = 0xcdcdcdcd


def store_kernel(rank, operation):
    """Fills shared memory from `image` and stores it by one tensor copy."""
    coordinates = ", ".join("%%r%d" % (40 + i) for i in range(rank))
    body = ptx.pointer("%d1", "image") + "ld.param.u32 %r10, [words];\n"
    for i in range(rank):
        body += "ld.param.u32 %%r%d, [c%d];\n" % (40 + i, i)
    body += """
mov.u32 %%r1, smem;
mov.u32 %%r4, %%tid.x;
setp.eq.u32 %%p1, %%r4, 0;
%(fill)s
fence.proxy.async.shared::cta;
bar.sync 0;
mov.b64 %%d3, tensor; cvta.param.u64 %%d3, %%d3;
@%%p1 %(operation)s [%%d3, {%(coordinates)s}], [%%r1];
@%%p1 cp.async.bulk.commit_group;
@%%p1 cp.async.bulk.wait_group 0;
ret;
""" % {"fill": ptx.copy_words("%d1", "%r1", "%r10", into_shared=True),
       "operation": operation, "coordinates": coordinates}
    return ptx.kernel(["map tensor", "u64 image", "u32 words"] +
                      ["u32 c%d" % i for i in range(rank)], body)


def store_cases(bench, box, operation):
    """Stores numbers over a tensor of a pattern; only what is inside may change."""
    rank = len(box.dims)
    count = int(np.prod(box.box))
    is_add = "reduce" in operation
    image = (np.arange(count) % 30000 + 1).astype(box.memory.dtype)
    if is_add:
        image = image.astype(np.float32).view(np.uint32)
    before = Out(box.memory.shape, box.memory.dtype, 0 if is_add else 0xcd)
    expected = before.initial().view(box.memory.dtype).reshape(before.shape).copy()
    inside = box.inside()
    values = image.reshape(inside.shape)
    for at in np.argwhere(inside):
        place = tuple(int(i) + s for i, s in zip(at, reversed(box.start)))
        expected[place] = values[tuple(at)]
    words = np.frombuffer(image.tobytes(), np.uint32)
    got, = bench.run(store_kernel(rank, operation),
                     [box.map(before), words, words.size] + list(box.start),
                     shared=words.nbytes)
    return [("start %s" % (box.start,), expected, got)]


def operation(rank, reduce=False):
    return "cp.%sasync.bulk.tensor.%dd.global.shared::cta%s.tile.bulk_group" % (
        "reduce." if reduce else "", rank, ".add" if reduce else "")


@probe("tma-store-clips",
       "Does a tensor store leave memory behind the tensor's ends alone?",
       "Elements outside of the tensor are not written, also those in the gap behind a "
       "row.")
def _(bench):
    cases = []
    for start in ((0, 0), (40, 0), (0, 58), (50, 60), (60, 61), (59, 60)):
        cases += store_cases(bench, Box((60, 61), (32, 8), start), operation(2))
    for start in ((0, 40, 1, 1), (0, 16, 2, 0), (0, 0, 3, 1)):
        cases += store_cases(bench, Box((64, 50, 3, 2), (64, 16, 1, 1), start),
                             operation(4))
    return compare(cases)


@probe("tma-add-clips",
       "Does an adding tensor store leave memory behind the tensor's ends alone?",
       "Elements outside of the tensor are not changed.")
def _(bench):
    cases = []
    for start in ((0, 0), (20, 0), (0, 27), (29, 30)):
        cases += store_cases(bench, Box((30, 31), (16, 8), start, "f32"),
                             operation(2, reduce=True))
    return compare(cases)


def bulk_kernel():
    """`bytes` bytes from `source` to shared memory, and from there to `result`. head:
    waited well, missing bytes."""
    body = ptx.pointer("%d1", "source") + ptx.pointer("%d2", "result") + \
        ptx.pointer("%d3", "head") + """
ld.param.u32 %%r10, [bytes];
mov.u32 %%r1, smem;
add.u32 %%r2, %%r1, 128;
mov.u32 %%r4, %%tid.x;
setp.eq.u32 %%p1, %%r4, 0;
mov.b32 %%r20, 1; mov.b32 %%r21, 0;
@%%p1 mbarrier.init.shared::cta.b64 [%%r1], 1;
bar.sync 0;
@!%%p1 bra END;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r1], %%r10;
cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%%r2], [%%d1], %%r10, [%%r1];
%(wait)s
setp.eq.u32 %%p2, %%r20, 1;
@%%p2 bra STORE;
%(missing)s
STORE:
cp.async.bulk.global.shared::cta.bulk_group [%%d2], [%%r2], %%r10;
cp.async.bulk.commit_group;
cp.async.bulk.wait_group 0;
st.global.u32 [%%d3], %%r20;
st.global.u32 [%%d3+4], %%r21;
END:
ret;
""" % {"wait": ptx.wait("%r20", "%r1", "0"),
       "missing": ptx.count_missing("%r21", "%r1", "%r10")}
    return ptx.kernel(["u64 source", "u64 result", "u64 head", "u32 bytes"], body)


@probe("bulk-bytes",
       "How many bytes does a bulk copy without a tensor map count and write?",
       "Its size, to and from shared memory.")
def _(bench):
    cases = []
    source = np.arange(4096, dtype=np.uint32) + 7
    for size in (16, 48, 1008, 4096, 16384):
        result, head = bench.run(
            bulk_kernel(), [source, Out(4160, np.uint32), Out(2, np.uint32), size],
            shared=128 + 16384)
        expected = np.full(4160, PATTERN, np.uint32)
        expected[:size // 4] = source[:size // 4]
        cases += [("%d bytes, missing" % size, 0, int(head[1])),
                  ("%d bytes, memory" % size, expected, result)]
    return compare(cases)


def multicast_kernel():
    """Rank 0 of a 2 x 2 cluster copies 1 KiB to the CTAs of `mask`. Each CTA dumps its
    buffer to row %cluster_ctaid.x + 2 * .y, with its rank and whether its wait ended."""
    body = ptx.pointer("%d1", "source") + ptx.pointer("%d2", "result") + \
        ptx.pointer("%d3", "head") + """
ld.param.u32 %%r10, [mask];
mov.u32 %%r1, smem;
add.u32 %%r2, %%r1, 1024;
mov.u32 %%r4, %%tid.x;
setp.eq.u32 %%p1, %%r4, 0;
mov.u32 %%r5, %%cluster_ctarank;
mov.u32 %%r6, %%cluster_ctaid.x; mov.u32 %%r7, %%cluster_ctaid.y;
shl.b32 %%r7, %%r7, 1; add.u32 %%r6, %%r6, %%r7;
shr.u32 %%r8, %%r10, %%r6; and.b32 %%r8, %%r8, 1;
setp.eq.u32 %%p3, %%r8, 1;              // a destination, if ranks are as assumed
@%%p1 mbarrier.init.shared::cta.b64 [%%r1], 1;
@%%p1 fence.mbarrier_init.release.cluster;
mov.b32 %%r12, 256;
%(fill)s
and.pred %%p4, %%p1, %%p3;
@%%p4 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r1], 1024;
barrier.cluster.arrive.aligned;
barrier.cluster.wait.aligned;
setp.eq.u32 %%p5, %%r5, 0;
and.pred %%p5, %%p5, %%p1;
cvt.u16.u32 %%h1, %%r10;
@%%p5 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
  [%%r2], [%%d1], 1024, [%%r1], %%h1;
mov.b32 %%r20, 2;
@!%%p3 bra DONE;
%(wait)s
DONE:
barrier.cluster.arrive.aligned;
barrier.cluster.wait.aligned;
mul.wide.u32 %%d4, %%r6, 1024; add.u64 %%d2, %%d2, %%d4;
%(dump)s
mul.wide.u32 %%d5, %%r6, 8; add.u64 %%d3, %%d3, %%d5;
@%%p1 st.global.u32 [%%d3], %%r5;
@%%p1 st.global.u32 [%%d3+4], %%r20;
ret;
""" % {"fill": ptx.fill_shared("%r2", "%r12", str(SENTINEL)),
       "wait": ptx.wait("%r20", "%r1", "0"),
       "dump": ptx.copy_words("%d2", "%r2", "%r12", into_shared=False)}
    return ptx.kernel(["u64 source", "u64 result", "u64 head", "u32 mask"], body,
                      directives=".explicitcluster .reqnctapercluster 2, 2, 1")


@probe("multicast-ranks",
       "In a 2 x 2 cluster, does bit i of a multicast mask stand for %cluster_ctarank i, "
       "and does the mbarrier of each destination get its own bytes?",
       "Rank = x + 2 y; each CTA of the mask gets data and bytes, no other gets any.")
def _(bench):
    source = np.arange(256, dtype=np.uint32) + 100
    cases = []
    for mask in (0b0010, 0b0100, 0b1001, 0b1111):
        result, head = bench.run(
            multicast_kernel(), [source, Out((4, 256), np.uint32), Out((4, 2), np.uint32),
                                 mask],
            grid=(2, 2, 1), cluster=(2, 2, 1), shared=2048)
        expected = np.full((4, 256), SENTINEL, np.uint32)
        state = np.array([[i, 1 if mask >> i & 1 else 2] for i in range(4)], np.uint32)
        for i in range(4):
            if mask >> i & 1:
                expected[i] = source
        cases += [("mask %d, ranks and waits" % mask, state, head),
                  ("mask %d, data" % mask, expected, result)]
    return compare(cases)
