# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where elements lie, typed in from the PTX manual: shared with nothing on purpose."""
import numpy as np


def swizzled(address, width):
    """Byte address after the pattern whose rows have `width` bytes (0: none)."""
    bits = {0: 0, 32: 1, 64: 3, 128: 7}[width]
    return address ^ (((address >> 7) & bits) << 4)


#===-- accumulators and A of wgmma -------------------------------------------===#

def accumulator(n):
    """(rows, columns) of register i of thread t, of a 64 x n accumulator in f32."""
    thread, i = np.meshgrid(np.arange(128), np.arange(n // 2), indexing="ij")
    warp, lane = thread // 32, thread % 32
    row = 16 * warp + lane // 4 + 8 * (i // 2 % 2)
    return row, 8 * (i // 4) + 2 * (lane % 4) + i % 2


def register_a(element_bytes):
    """(rows, columns) of element i of thread t: A in four registers, 32 bytes of K."""
    per_word = 4 // element_bytes
    thread, i = np.meshgrid(np.arange(128), np.arange(4 * per_word), indexing="ij")
    warp, lane = thread // 32, thread % 32
    word, inside = i // per_word, i % per_word
    row = 16 * warp + lane // 4 + 8 * (word % 2)
    return row, (word // 2 * 4 + lane % 4) * per_word + inside


#===-- operands of wgmma in shared memory ------------------------------------===#

class Tile:
    """A (rows = M) or B (rows = N) of a wgmma, `depth` elements of K, in boxes as wide
    as the swizzle, one after the other; `base` is its first byte."""

    def __init__(self, rows, depth, element_bytes=2, swizzle=128, mn_major=False, base=0):
        self.rows, self.depth, self.bytes = rows, depth, element_bytes
        self.swizzle, self.mn_major, self.base = swizzle, mn_major, base
        self.outer = depth if mn_major else rows
        inner = (rows if mn_major else depth) * element_bytes
        width = swizzle or 16
        self.size = -(-inner // width) * width * self.outer

    def addresses(self):
        """[row][k] -> byte address of the element."""
        row, k = np.meshgrid(np.arange(self.rows), np.arange(self.depth), indexing="ij")
        outer, inner = (k, row) if self.mn_major else (row, k)
        byte, width = inner * self.bytes, self.swizzle or 16
        flat = byte // width * (self.outer * width) + outer * width + byte % width
        return swizzled(self.base + flat, self.swizzle)

    def place(self, image, matrix):
        """Writes matrix[row][k] of unsigned integers into an image of bytes."""
        at = self.addresses()
        for i in range(self.bytes):
            image[at + i] = (matrix >> (8 * i)) & 0xff

    def descriptor(self, leading=None, base_offset=0):
        """All but the start address."""
        mode = {0: 0, 128: 1, 64: 2, 32: 3}[self.swizzle]
        width = self.swizzle or 16
        box = self.outer * width          # from one box to the next
        if self.swizzle:                  # eight rows on
            stride, lead = 8 * width, box if self.mn_major else 16
        elif self.mn_major:               # the two exchange their roles
            stride, lead = box, 8 * width
        else:
            stride, lead = 8 * width, box
        lead = lead if leading is None else leading
        return (mode << 62 | base_offset << 49 | (stride >> 4 & 0x3fff) << 32 |
                (lead >> 4 & 0x3fff) << 16)

    def step(self, index):
        """Bytes from the start to the index-th 32 bytes of K (16 elements if MN-major)."""
        width = self.swizzle or 16
        if self.mn_major:
            return index * 16 * width
        return index * 32 // width * self.outer * width + index * 32 % width


#===-- fragments of mma.sync and ldmatrix ------------------------------------===#

def mma_a():
    """m16n8k16, 16-bit A: (row, k) of element i of lane l."""
    lane, i = np.meshgrid(np.arange(32), np.arange(8), indexing="ij")
    return lane // 4 + 8 * (i // 2 % 2), 2 * (lane % 4) + i % 2 + 8 * (i // 4)


def mma_b():
    """m16n8k16, 16-bit B: (k, column) of element i of lane l."""
    lane, i = np.meshgrid(np.arange(32), np.arange(4), indexing="ij")
    return 2 * (lane % 4) + i % 2 + 8 * (i // 2), lane // 4


def mma_c():
    """m16n8, f32: (row, column) of element i of lane l."""
    lane, i = np.meshgrid(np.arange(32), np.arange(4), indexing="ij")
    return lane // 4 + 8 * (i // 2), 2 * (lane % 4) + i % 2


def matrix_fragment(transposed):
    """ldmatrix and stmatrix: (row, column) of half i (0: low) of lane l in its 8x8."""
    lane, i = np.meshgrid(np.arange(32), np.arange(2), indexing="ij")
    major, minor = lane // 4, 2 * (lane % 4) + i
    return (minor, major) if transposed else (major, minor)
