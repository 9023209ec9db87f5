# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of kernels, and the cases that each of them is run on.

Batch, heads, lengths and captures are dynamic, so kernels are few and cases many. What
is not crossed is cycled, so that every value meets every kernel's code paths sooner
or later: heads, batch, layout, row padding, scale of the inputs.
"""
import itertools
import zlib
from dataclasses import dataclass
from typing import Optional

from .variants import BY_NAME

CHIPS = ["sm_80", "sm_90a"]
DIMS = [(64, 64), (128, 128), (256, 256), (96, 96), (192, 128), (32, 32), (40, 40),
        (192, 192), (64, 32), (128, 64)]


@dataclass(frozen=True)
class Kernel:
    variant: str
    d: int
    dv: int
    element: str
    alignment: int = 16
    tag: str = ""                   # of another schedule
    schedule: Optional[str] = None  # in place of the compiler's choice

    @property
    def name(self):
        dims = "d%d" % self.d if self.d == self.dv else "d%d_%d" % (self.d, self.dv)
        rows = "_align%d" % self.alignment if self.alignment != 16 else ""
        tag = "_" + self.tag if self.tag else ""
        return "%s_%s_%s%s%s" % (self.variant, dims, self.element, rows, tag)

    @property
    def what(self):
        return BY_NAME[self.variant]


def squares(dims, *elements):
    return [(d, d, element) for d in dims for element in elements]


def all_kernels():
    """What is checked; benchmarks use a part of these."""
    both = [(d, dv, e) for d, dv in DIMS for e in ("bf16", "f16")]
    most = [(d, dv, "bf16") for d, dv in DIMS] + squares((64, 128), "f16")
    table = [("plain", both), ("causal", both), ("causal_end", most), ("window", most),
             ("causal_window", most),
             ("key_lengths", squares((64, 128, 192, 256), "bf16")),
             ("alibi_causal", squares((64, 96, 128, 192, 256), "bf16")),
             ("softcap_causal", squares((64, 96, 128, 256), "bf16")),
             ("bias_matrix", squares((64, 96, 128, 192, 256), "f16"))]
    table += [(name, squares((64,), "f16") + squares((128,), "bf16"))
              for name in BY_NAME if name not in {row[0] for row in table}]
    kernels = [Kernel(name, *dims) for name, rows in table for dims in rows]
    return kernels + [Kernel("plain", 64, 64, "f16", 8),
                      Kernel("causal", 128, 128, "bf16", 4),
                      Kernel("plain", 40, 40, "bf16", 2)]


def quick_kernels():
    """A cross-section that compiles and runs on the simulator in a minute."""
    return [Kernel("plain", 64, 64, "bf16"), Kernel("causal", 128, 128, "bf16"),
            Kernel("causal_end", 64, 64, "f16"), Kernel("key_lengths", 64, 64, "bf16"),
            Kernel("softcap_causal", 64, 64, "bf16"),
            Kernel("documents", 64, 64, "f16"), Kernel("bias_matrix", 64, 64, "f16"),
            Kernel("causal_window", 256, 256, "bf16"), Kernel("alibi_causal", 96, 96, "bf16")]


# ===----------------------------------------------------------------------=== #
# Cases
# ===----------------------------------------------------------------------=== #

@dataclass(frozen=True)
class Case:
    """One problem for one kernel. left, right and cap are for variants that ask."""
    kernel: Kernel
    sq: int
    sk: int
    b: int = 1
    hq: int = 4
    hkv: int = 4
    layout: str = "bhsd"
    padding: int = 0    # elements behind each row
    scale: int = 1      # of the inputs
    left: int = 64
    right: int = 7
    cap: float = 15.0
    repeats: int = 3
    core: bool = False

    @property
    def name(self):
        text = "%s/%dx%d_b%d_h%d.%d_%s_p%d_x%d" % (
            self.kernel.name, self.sq, self.sk, self.b, self.hq, self.hkv,
            self.layout, self.padding, self.scale)
        if "left" in self.kernel.what.types:
            text += "_l%d" % self.left
        if "right" in self.kernel.what.types:
            text += "_r%d" % self.right
        if "cap" in self.kernel.what.types:
            text += "_c%g" % self.cap
        return text + ("_n%d" % self.repeats if self.repeats > 5 else "")

    @property
    def work(self):
        k = self.kernel
        return self.b * self.hq * self.sq * self.sk * (k.d + k.dv)


# Lengths of queries and keys: those of the tests of FlashAttention-2 and 3, and more.
CORE_PAIRS = [[(113, 203), (512, 256), (1023, 1024)],
              [(64, 128), (257, 257), (1024, 1023)],
              [(1, 239), (256, 512), (640, 1024)],
              [(127, 513), (239, 1), (1024, 1024)]]
SHORT_PAIRS = [(1, 1), (1, 3), (2, 1), (1, 147), (1, 239), (239, 1), (3, 513), (3, 799),
               (799, 3), (511, 1), (97, 97), (64, 128), (128, 128), (113, 128),
               (113, 203), (113, 211), (128, 192), (128, 217), (108, 256), (200, 200),
               (127, 512), (127, 513), (256, 256), (257, 257), (307, 256)]
LONG_PAIRS = [(256, 512), (384, 256), (512, 256), (640, 128), (64, 800), (3, 1024),
              (768, 768), (1024, 128), (1024, 1024), (1023, 1024), (1024, 1023),
              (64, 2048), (2048, 2048), (1, 8192), (16, 20000), (2048, 3577),
              (4096, 4096), (4224, 4224)]
EMPTY_PAIRS = [(0, 64), (64, 0), (0, 0)]
RACE_PAIRS = [(1, 239), (239, 1), (97, 97), (200, 200), (512, 512), (1024, 128)]
WHOLE = {"plain", "causal", "causal_end", "window", "causal_window"}
RACES = {("plain", 64), ("plain", 128), ("causal", 64), ("causal", 128), ("causal", 256),
         ("window", 128)}
HEADS = [(4, 4), (6, 2), (7, 1), (8, 4), (4, 1), (2, 2), (9, 3), (14, 2)]


class Cycle:
    """Values of the axes that are not crossed; coprime periods mix them."""

    def __init__(self, kernel):
        self.kernel, self.number = kernel, zlib.crc32(kernel.name.encode()) % 9973

    def case(self, sq, sk, **given):
        n = self.number = self.number + 1
        hq, hkv = HEADS[n % len(HEADS)]
        large = sq * sk >= 1 << 20
        if large:
            hq, hkv = min(hq, 2 * hq // hkv), min(hkv, 2)
        pads = [0, 8, 24] if self.kernel.alignment == 16 else \
            [self.kernel.alignment // 2, 3 * self.kernel.alignment // 2]
        values = dict(
            hq=hq, hkv=hkv, b=1 if large else [1, 2, 3][n % 3],
            layout=["bhsd", "bshd"][n // 2 % 2], padding=pads[n // 3 % len(pads)],
            scale=[1, 1, 30][n // 5 % 3], left=[13, 0, 64, 257, 1 << 30][n // 7 % 5],
            right=[7, 0, 64, 111][n // 11 % 4], cap=[15.0, 50.0, 1.5][n // 13 % 3],
            repeats=5 if sq * sk <= 1 << 17 else 2)
        values.update(given)
        return Case(self.kernel, sq, sk, **values)


def cases_of(kernel):
    """Core cases first."""
    cycle = Cycle(kernel)
    cases = [cycle.case(*pair, core=True)
             for pair in CORE_PAIRS[cycle.number % len(CORE_PAIRS)]]
    whole = kernel.variant in WHOLE
    cases += [cycle.case(*pair) for pair in
              (SHORT_PAIRS + LONG_PAIRS if whole else SHORT_PAIRS[::3] + LONG_PAIRS[::4])]
    if whole:
        cases += [cycle.case(*pair, repeats=1) for pair in EMPTY_PAIRS]
        cases.append(cycle.case(128, 128, b=0, repeats=1))
    if (kernel.variant, kernel.d) in RACES and kernel.element == "bf16":
        cases += [cycle.case(*pair, repeats=50, b=2, hq=6, hkv=2) for pair in RACE_PAIRS]
    return list({case.name: case for case in cases}.values())


def quick_cases(kernels):
    """For the simulator: two small problems per kernel."""
    cases = []
    for kernel in kernels:
        cycle = Cycle(kernel)
        cases.append(cycle.case(70, 139, b=2, hq=2, hkv=1, repeats=2, core=True))
        cases.append(cycle.case(131, 65, b=1, hq=3, hkv=1, repeats=1, core=True))
    return cases


def interleave(lists):
    """First of each, second of each: what is cut off is cut off everywhere."""
    return [case for row in itertools.zip_longest(*lists) for case in row
            if case is not None]


def agreement_cases(kernels):
    """One small problem for each kernel family: all variants, all head dims."""
    chosen, seen = [], set()
    for kernel in kernels:
        family = (kernel.variant,) + ((kernel.d, kernel.dv) if kernel.variant in (
            "plain", "causal") else ()) + (kernel.alignment,)
        if family in seen or kernel.tag:
            continue
        seen.add(family)
        padding = 0 if kernel.alignment == 16 else kernel.alignment // 2
        chosen.append(Case(kernel, 133, 197, b=1, hq=2, hkv=1, layout="bshd",
                           padding=padding, left=40, right=7, repeats=1))
    return chosen


def kernel_from(record):
    return Kernel(*(record[name] for name in (
        "variant", "d", "dv", "element", "alignment", "tag", "schedule")))
