# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is timed: problems of the kernels in the table, in the order of importance.

The first grid is the one that papers on attention use: 16k tokens in all, hidden size
2048, one length after the other. Then the shapes of a model that serves requests, and
variants.
"""
from dataclasses import dataclass

from .cases import Kernel


@dataclass(frozen=True)
class Row:
    group: str
    variant: str
    d: int
    dv: int
    element: str
    b: int
    hq: int
    hkv: int
    s: int
    left: int = 1024
    right: int = 0
    cap: float = 30.0

    # As a shape for the captures of a variant.
    sq = property(lambda self: self.s)
    sk = property(lambda self: self.s)

    @property
    def kernel(self):
        return Kernel(self.variant, self.d, self.dv, self.element)

    @property
    def name(self):
        return "%s/%s_b%d_h%d.%d_s%d" % (
            self.group, self.kernel.name, self.b, self.hq, self.hkv, self.s)

    def kept_pairs(self, captures):
        """Scores per head and batch that count, by the convention of the field:
        half for a causal mask."""
        s = self.s
        if self.variant == "causal_window":
            near = min(s, self.left + 1)
            return near * (near + 1) / 2 + (s - near) * near
        if self.variant == "documents_causal":
            return documents_pairs(captures["dq"])
        return s * s / 2 if "causal" in self.variant else s * s

    def flops(self, captures):
        return 2.0 * self.b * self.hq * self.kept_pairs(captures) * (self.d + self.dv)


def documents_pairs(ids):
    """Of all batches, on average."""
    import numpy as np
    total = 0
    for row in ids:
        _, lengths = np.unique(row, return_counts=True)
        total += (lengths.astype(np.float64) * (lengths + 1) / 2).sum()
    return total / len(ids)


def paper_grid(element="bf16", lengths=(8192, 2048, 16384, 512, 4096, 1024),
               dims=(128, 64, 256)):
    return [Row("16k tokens", variant, d, d, element, 16384 // s, 2048 // d, 2048 // d, s)
            for s in lengths for d in dims for variant in ("causal", "plain")]


def core_rows():
    serving = [Row("serving", variant, 128, 128, "bf16", 1, 64, 8, s)
               for s in (8192, 2048, 32768, 4096, 16384) for variant in ("causal", "plain")]
    grid = paper_grid()
    return grid[:12] + serving[:4] + grid[12:] + serving[4:]


def rest_rows():
    variants = [Row("variants", variant, d, d, "bf16", 2, 2048 // d, 2048 // d, 8192)
                for d in (128, 64) for variant in (
                    "causal_window", "alibi_causal", "softcap_causal")]
    variants.append(Row("variants", "documents_causal", 128, 128, "bf16", 2, 16, 16, 8192))
    window = [Row("window 1024", "causal_window", 64, 64, "bf16", 16384 // s, 64, 8, s)
              for s in (4096, 16384)]
    uneven = [Row("192 and 128", variant, 192, 128, "bf16", 16384 // s, 16, 16, s)
              for s in (8192, 2048) for variant in ("causal", "plain")]
    half = paper_grid("f16", (8192, 1024), (128, 64))
    return variants[:3] + window[:1] + uneven[:2] + variants[3:] + half[:4] + \
        window[1:] + uneven[2:] + half[4:]
