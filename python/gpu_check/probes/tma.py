# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensor copies and bulk copies: bytes counted, elements outside, swizzles, alignment."""
import numpy as np

from ..runtime import RuntimeFailure
from . import ptx
from .core import MAY_FAULT, Answer, Map, Out, compare, difference, probe
from .layouts import swizzled

SENTINEL = 0x5a5a5a5a
ELEMENT = {"u8": np.uint8, "f16": np.uint16, "bf16": np.uint16, "f32": np.uint32}


def load_kernel(rank):
    """Copies one box to `place` bytes into shared memory and dumps `words` words from
    1024 on. head: waited well, missing bytes, the address of byte 1024."""
    coordinates = ", ".join("%%r%d" % (40 + i) for i in range(rank))
    body = ptx.pointer("%d1", "head") + ptx.pointer("%d2", "dump")
    for i, name in enumerate(["place", "expected", "words"]):
        body += "ld.param.u32 %%r%d, [%s];\n" % (10 + i, name)
    for i in range(rank):
        body += "ld.param.u32 %%r%d, [c%d];\n" % (40 + i, i)
    body += """
mov.u32 %%r1, smem;                     // the mbarrier
add.u32 %%r2, %%r1, 1024;               // what is dumped
add.u32 %%r3, %%r1, %%r10;              // the box
mov.u32 %%r4, %%tid.x;
setp.eq.u32 %%p1, %%r4, 0;
mov.b32 %%r20, 1; mov.b32 %%r21, 0;
@%%p1 mbarrier.init.shared::cta.b64 [%%r1], 1;
%(fill)s
mov.b64 %%d3, tensor; cvta.param.u64 %%d3, %%d3;
@!%%p1 bra ISSUED;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%%r1], %%r11;
cp.async.bulk.tensor.%(rank)dd.shared::cta.global.tile.mbarrier::complete_tx::bytes
  [%%r3], [%%d3, {%(coordinates)s}], [%%r1];
%(wait_one)s
setp.eq.u32 %%p2, %%r20, 1;
@%%p2 bra ISSUED;
%(missing)s
ISSUED:
bar.sync 0;
%(wait_all)s
%(dump)s
@%%p1 st.global.u32 [%%d1], %%r20;
@%%p1 st.global.u32 [%%d1+4], %%r21;
@%%p1 st.global.u32 [%%d1+8], %%r2;
ret;
""" % {"fill": ptx.fill_shared("%r2", "%r12", str(SENTINEL)), "rank": rank,
       "coordinates": coordinates, "wait_one": ptx.wait("%r20", "%r1", "0"),
       "missing": ptx.count_missing("%r21", "%r1", "%r11"),
       "wait_all": ptx.wait("%r22", "%r1", "0"),
       "dump": ptx.copy_words("%d2", "%r2", "%r12", into_shared=False)}
    return ptx.kernel(["map tensor", "u64 head", "u64 dump", "u32 place", "u32 expected",
                       "u32 words"] + ["u32 c%d" % i for i in range(rank)], body)


class Box:
    """A tensor of consecutive numbers, with a gap behind each row, and a box of it."""

    def __init__(self, dims, box, start, element="f16", swizzle=0, place=1024):
        self.dims, self.box, self.start = dims, box, start
        self.element, self.swizzle, self.place = element, swizzle, place
        dtype = ELEMENT[element]
        size = np.dtype(dtype).itemsize
        # A row in memory is longer than the tensor's by 16 bytes at least.
        self.pitch = (dims[0] * size + 31) // 16 * 16 // size
        shape = tuple(reversed(dims[1:])) + (self.pitch,)
        count = int(np.prod(shape))
        self.memory = (np.arange(count) % 65521 + 1).astype(dtype).reshape(shape)
        self.strides = [size]
        for extent in (self.pitch,) + tuple(dims[1:-1]):
            self.strides.append(self.strides[-1] * extent)
        self.full = int(np.prod(box)) * size
        self.size = size

    def inside(self):
        """[..][c1][c0]: which elements of the box are in the tensor."""
        mask = np.ones(tuple(reversed(self.box)), bool)
        for i, (extent, length, first) in enumerate(zip(self.dims, self.box, self.start)):
            at = np.arange(length) + first
            shape = [1] * len(self.box)
            shape[len(self.box) - 1 - i] = length
            mask &= ((at >= 0) & (at < extent)).reshape(shape)
        return mask

    def values(self):
        """What the box has to hold: zero outside."""
        index = []
        for extent, length, first in zip(self.dims, self.box, self.start):
            index.insert(0, np.clip(np.arange(length) + first, 0, extent - 1))
        values = self.memory[np.ix_(*index)]
        return np.where(self.inside(), values, 0).astype(self.memory.dtype)

    def image(self, words, base):
        """The dump; `base` is the address of its first byte."""
        dump = np.full(words, SENTINEL, np.uint32).view(np.uint8)
        flat = np.ascontiguousarray(self.values()).view(np.uint8).ravel()
        at = np.arange(flat.size) + base + self.place - 1024
        dump[swizzled(at, self.swizzle) - base] = flat
        return dump.view(np.uint32)

    def map(self, array=None):
        return Map(self.memory if array is None else array, self.dims, self.strides,
                   self.box, self.element, self.swizzle)

    def load(self, bench):
        """(bytes counted, the dump and what it should be). -1: they never added up; None:
        the kernel wrote nothing."""
        words = (self.place - 1024 + self.full + 1024) // 4
        head, dump = bench.run(
            load_kernel(len(self.dims)),
            [self.map(), Out(3, np.uint32), Out(words, np.uint32), self.place, self.full,
             words] + list(self.start), shared=1024 + 4 * words)
        missing = int(head[1])
        counted = self.full - missing if missing != 0xffffffff else -1
        if int(head[2]) % 128:  # not an address of the kernel's
            counted = None
        return counted, dump, self.image(words, int(head[2]))

    def cases(self, bench, label):
        counted, dump, expected = self.load(bench)
        return [(label + ", bytes counted", self.full, counted),
                (label + ", shared memory", expected, dump)]


def box_cases(bench, starts, dims, box, element="f16"):
    cases = []
    for start in starts:
        cases += Box(dims, box, start, element).cases(
            bench, "%s, start %s" % (element, start))
    return cases


def boxes(bench, starts, dims, box):
    return compare(box_cases(bench, starts, dims, box))


@probe("tma-bytes-inside",
       "Does a tensor copy count the bytes of its box when all of it is inside?",
       "The bytes of the box, and its elements in order, dimension 0 innermost.")
def _(bench):
    return compare(
        box_cases(bench, [(0, 0), (8, 3), (32, 56)], (64, 64), (32, 8)) +
        box_cases(bench, [(0, 0), (16, 5)], (48, 40), (16, 8), "f32") +
        box_cases(bench, [(0, 0), (7, 5)], (100, 40), (48, 8), "u8"))


@probe("tma-bytes-partly-outside",
       "Does a copy whose box ends behind the tensor count the full box, and are the "
       "elements outside zero?",
       "The full box is counted; outside is zero, also where memory has a gap.")
def _(bench):
    return boxes(bench, [(40, 0), (0, 60), (50, 58), (59, 60)], (60, 61), (32, 8))


@probe("tma-bytes-negative-start",
       "The same for a box that begins before the tensor.",
       "The full box is counted; outside is zero.")
def _(bench):
    return boxes(bench, [(-8, 0), (0, -3), (-31, -7), (-5, 58)], (60, 61), (32, 8))


@probe("tma-bytes-outside",
       "Does a copy whose box is wholly outside count the full box, and does it write "
       "zeros?",
       "The full box is counted, all of it is zero.")
def _(bench):
    starts = [(60, 0), (0, 61), (1000, 1000), (-32, 0), (0, -8), (-100, -100),
              (0, 2 ** 31 - 1), (-2 ** 31, 0)]
    return boxes(bench, starts, (60, 61), (32, 8))


@probe("tma-bytes-4d",
       "The same for boxes of four dimensions, as kernels copy tiles of a batch.",
       "A box that ends behind the keys of one head is zero there, and does not go on "
       "in the next head; the full box is counted.")
def _(bench):
    starts = [(0, 0, 0, 0), (0, 40, 1, 1), (0, 16, 2, 1), (32, 40, 0, 0), (0, 0, 3, 0)]
    return boxes(bench, starts, (64, 50, 3, 2), (64, 16, 1, 1))


@probe("tma-zero-stride",
       "May the stride of a dimension be 0, so that all its indices are one row?",
       "The driver encodes it, and each index gives the same elements.")
def _(bench):
    box = Box((64, 8), (32, 8), (16, 0))
    box.memory, box.strides = box.memory[:1].copy(), [2, 0]
    box.values = lambda: np.repeat(box.memory[:, 16:48], 8, axis=0)
    try:
        return compare(box.cases(bench, "stride 0"))
    except RuntimeFailure as failure:
        if failure.code in ("LAUNCH_FAILED", "FINDING"):
            raise
        return Answer(False, "refused: %s" % failure)


@probe("tma-zero-size",
       "Can the map of a tensor without elements be made?",
       "The runtime gives a map; no kernel copies through it.")
def _(bench):
    body = "ret;\n"
    try:
        for dims in ((0, 8), (64, 0)):
            bench.run(ptx.kernel(["map tensor"], body),
                      [Map(np.zeros(1024, np.uint16), dims, (2, 128), (32, 8))])
    except RuntimeFailure as failure:
        return Answer(False, "refused: %s" % failure)
    return Answer(True, "as assumed (2 cases)")


#===-- swizzles ---------------------------------------------------------------===#

def swizzle_answer(bench, width, place=1024, element="f16"):
    row = (width or 64) // np.dtype(ELEMENT[element]).itemsize
    box = Box((row, 64), (row, 32), (0, 8), element, width, place)
    return box.cases(bench, "%d bytes at %d" % (width, place - 1024))


for _width in (0, 32, 64, 128):
    probe("tma-swizzle-%d" % _width,
          "Where does a copy with a swizzle of %d bytes put each 16 bytes?" % _width
          if _width else "Where does a copy without swizzle put each 16 bytes?",
          "Bits 4 to 6 of the shared address, as far as the pattern is wide, are XORed "
          "with bits 7 to 9." if _width else "Dense rows of the box.")(
              lambda bench, width=_width: compare(swizzle_answer(bench, width) +
                                                  swizzle_answer(bench, width, 2048)))


@probe("tma-swizzle-narrow",
       "With a box whose rows are narrower than its swizzle, are rows dense or as far "
       "apart as the swizzle is wide?",
       "Dense, and the pattern goes by the address.")
def _(bench):
    cases = []
    for width, row in ((128, 32), (128, 16), (64, 16)):
        cases += Box((row, 64), (row, 32), (0, 8), "f16", width).cases(
            bench, "%d of %d bytes" % (2 * row, width))
    return compare(cases)


@probe("tma-swizzle-unaligned",
       "With a destination on 128 bytes that is not where the pattern begins, does the "
       "swizzle go by the absolute address?",
       "By bits of the absolute address.", risk=MAY_FAULT,
       sim_skip="the simulator refuses a destination that is no multiple of the "
                "pattern's 256, 512 or 1024 bytes")
def _(bench):
    cases = []
    for width, shift in ((32, 128), (64, 128), (64, 384), (128, 128), (128, 640)):
        cases += swizzle_answer(bench, width, 1024 + shift)
    return compare(cases)


def misplaced(bench, width, shift):
    """What a copy to an address that should be refused does."""
    row = (width or 64) // 2
    box = Box((row, 64), (row, 32), (0, 8), "f16", width, 1024 + shift)
    try:
        counted, dump, expected = box.load(bench)
    except RuntimeFailure as failure:
        if failure.code != "LAUNCH_FAILED":
            raise
        return Answer(True, "refused at %d bytes: %s" % (shift, failure))
    if counted is None:
        return Answer(False, "the kernel wrote nothing")
    if counted == box.full and not difference(expected, dump):
        return Answer(False, "works at %d bytes" % shift)
    return Answer(True, "no fault, but wrong at %d bytes: %d of %d bytes counted, %s" %
                  (shift, counted, box.full, difference(expected, dump) or "right data"))


for _width in (0, 128):
    probe("tma-alignment-%s" % ("swizzled" if _width else "plain"),
          "Does a tensor copy %s need a shared address on 128 bytes?" %
          ("with a swizzle" if _width else "without swizzle"),
          "Yes: at 64 bytes it faults or writes elsewhere.", risk=MAY_FAULT,
          sim_skip="the simulator refuses it as a finding, without a result")(
              lambda bench, width=_width: misplaced(bench, width, 64))
