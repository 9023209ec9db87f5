# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""quantize.py FOLDER CHIP: kernels of attn.quantize on the simulator, against NumPy, and
what they move."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from quantize_cases import KINDS, Files, Quantize  # noqa: E402
from rotary_cases import Rotary  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
failures = 0
ran = 0


def expect(case, what, holds, detail=""):
    global failures
    if not holds:
        failures += 1
        print(f"{case}: {what} {detail}")


def check(case, *options):
    global ran
    ran += 1
    files, stats = Files(case, FOLDER), os.path.join(FOLDER, "stats.json")
    done = subprocess.run(
        ["attn-run", *files.arguments(), "--device=sim", "--chip=" + CHIP,
         "--stats=" + stats, *options], capture_output=True, text=True)
    if done.returncode:
        return expect(case, "does not run:", False, done.stderr)
    # A quotient and a product of 2 ulp each, and sums of the transform.
    problem = files.problem(2.0**-21)
    expect(case, "is wrong:", problem is None, problem)
    with open(stats) as file:
        check_traffic(case, json.load(file), "--row-padding=16" not in options)


def check_traffic(case, stats, dense):
    """Each element is read once and written once, whole sectors at a time. Transforms of
    256 elements of f32 take two loads for a piece."""
    counters, ideal = stats["counters"], stats["ideal_bytes"]["by_buffer"]
    if case.rotary or 0 in case.shape:
        return
    dim, element_bytes = case.shape[3], 4 if case.element == "f32" else 2
    # A scale of more than a block takes a pass of its own.
    passes = {"input": 1 if isinstance(case.block, int) else 2}
    dense &= element_bytes == 2 or dim % 256 != 0
    # Lanes that hold a row for its transform hold few rows of a column.
    whole_out = (case.seed is None and case.width % 32 == 0
                 and (not isinstance(case.block, int) or case.block % 32 == 0)
                 if case.width else dense and dim % 32 == 0)
    for name, what, whole in (("input", "read", dense and dim * element_bytes % 32 == 0),
                              ("out", "written", whole_out),
                              ("scales", "written", False)):
        moved = counters["global"][name]
        found = {kind: moved[f"{kind}_{what}"] for kind in ("bytes", "sectors")}
        wanted = ideal[name] * passes.get(name, 1)
        expect(case, f"bytes of {name} {what}", found["bytes"] == wanted,
               f"{found['bytes']}, {wanted}")
        other = "written" if what == "read" else "read"
        expect(case, f"{name} is {other}", moved[f"bytes_{other}"] == 0)
        if whole:
            expect(case, f"sectors of {name} {what}", 32 * found["sectors"] == wanted,
                   f"{found['sectors']}, {wanted}")


def transposed():
    """Outputs in transposed blocks: of widths that blocks of rows divide, are divided by, or
    neither, with rows past the end."""
    for dim in (64, 96, 128, 256):
        for block in (64, 128, "head", "tensor"):
            for width in (64, 128):
                check(Quantize("f16", shape=(1, 2, 150, dim), block=block, width=width))
    for element, float8, dim in (("bf16", "f8E5M2", 80), ("f32", "f8E4M3FN", 128),
                                 ("f32", "f8E5M2", 40), ("f16", "f8E4M3FN", 24)):
        for kind in ("normal", "nan", "zero_blocks"):
            check(Quantize(element, float8, (2, 2, 75, dim), 32, kind=kind, width=64))
    for block, width in ((16, 16), (48, 64), (112, 32), (96, 128), (16, 128), (128, 16)):
        for dynamic in (False, True):
            check(Quantize(shape=(1, 2, 129, 64), block=block, width=width, dynamic=dynamic))
    for dim in (16, 64, 80, 128, 256):
        check(Quantize(shape=(1, 2, 100, dim), block=64, seed=dim, width=64))
    for shape in ((0, 2, 3, 16), (2, 0, 3, 16), (2, 2, 0, 16), (1, 1, 1, 16), (1, 1, 128, 16)):
        check(Quantize(shape=shape, width=128, block=32))
    check(Quantize(block="head", shape=(2, 2, 0, 16), width=64))
    for dim, alignment in ((1, 2), (7, 2), (20, 8)):
        check(Quantize("f16", shape=(1, 3, 40, dim), width=64), f"--alignment={alignment}")
    check(Quantize(layout="bshd", width=64))
    check(Quantize(width=64), "--row-padding=16", "--seed=3", "--timing=earliest")


def main():
    transposed()
    for kind in KINDS:
        for element, float8 in (("bf16", "f8E4M3FN"), ("f16", "f8E5M2"),
                                ("f32", "f8E4M3FN"), ("f16", "f8E4M3FN")):
            check(Quantize(element, float8, (1, 2, 150, 64), 64, kind=kind))
            check(Quantize(element, float8, (1, 2, 150, 64), 64, 3, kind))
    # Each width of the transform, alone and repeated in a row.
    for dim in (16, 32, 48, 64, 80, 96, 112, 128, 192, 256, 512, 576):
        check(Quantize(shape=(1, 2, 40, dim), block=32, seed=dim))
        check(Quantize("f32", shape=(1, 1, 9, dim), block=8, seed=-dim))
    # Blocks of one warp and of many, that divide the length or do not.
    for block in (1, 2, 5, 16, 37, 64, 128, 224):
        for dynamic in (False, True):
            check(Quantize(shape=(2, 2, 74, 128), block=block, seed=1, dynamic=dynamic))
    for block in ("head", "tensor"):
        for kind in ("normal", "zero_blocks", "nan", "huge"):
            check(Quantize(block=block, kind=kind, shape=(2, 3, 150, 64), seed=6))
        for dim in (24, 128, 512):
            check(Quantize("f16", "f8E5M2", (1, 2, 700, dim), block))
        check(Quantize(block=block, shape=(2, 2, 0, 16)))
    # Head dims without a transform; rows that are not multiples of 16 bytes.
    for dim, alignment in ((1, 2), (7, 2), (20, 8), (24, 16), (40, 16), (264, 16)):
        check(Quantize("f16", shape=(1, 3, 11, dim)), f"--alignment={alignment}")
    for shape in ((0, 2, 3, 16), (2, 0, 3, 16), (2, 2, 0, 16), (1, 1, 1, 16)):
        check(Quantize(shape=shape, seed=1))
    check(Quantize(layout="bshd", seed=2))
    check(Quantize(seed=2), "--row-padding=16")
    check(Quantize(shape=(2, 2, 50, 128), block=32, seed=9,
                   rotary=Rotary(where="offset", offset=100)))
    for options in (("--seed=5",), ("--timing=earliest", "--multiprocessors=1")):
        check(Quantize(shape=(1, 2, 130, 128), block=128, seed=4), *options)
    print(f"{ran} runs, {failures} failures")


main()
