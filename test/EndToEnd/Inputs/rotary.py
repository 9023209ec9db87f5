# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""rotary.py FOLDER CHIP: kernels of attn.rotary, alone and before attention, on the
simulator: against attn-run's own check, against NumPy, and what they move. Those in the
kernel of attention are in rotary_fused.py."""
import collections
import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from rotary_cases import LIMIT, SCALINGS, Alone, Chain, Files, Rotary  # noqa: E402
from test_reference import ROUNDING  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
failures = 0
ran = 0


def expect(case, what, holds, detail=""):
    global failures
    if not holds:
        failures += 1
        print(f"{case}: {what} {detail}")


def run(case, *options):
    """The files of a run, what attn-run said of it, and its counters."""
    global ran
    ran += 1
    files, stats = Files(case, FOLDER), os.path.join(FOLDER, "stats.json")
    done = subprocess.run(
        ["attn-run", *files.arguments(), "--device=sim", "--chip=" + CHIP, "--check",
         "--stats=" + stats, *options], capture_output=True, text=True)
    if not done.stdout:
        expect(case, "does not run:", False, done.stderr)
        return None, None, None
    verdict = json.loads(done.stdout.splitlines()[-1])
    expect(case, "is wrong:", verdict["verdict"] == "ok", done.stdout + done.stderr)
    with open(stats) as file:
        return files, verdict, json.load(file)


def check_alone(case, *options):
    files, verdict, stats = run(case, *options)
    if not files:
        return
    x, got, want = files.operands[0], files.results()[0], files.expected(rounds=False)[0]
    relative, absolute = ROUNDING[case.element]
    # One rounding, and 2^-21 of the largest pair for cosine and sine in f32.
    allowed = relative * np.abs(want) + absolute + 2.0**-21 * np.abs(x.x).max(initial=0)
    worst = np.max(np.abs(got - want) / allowed, initial=0)
    expect(case, "is far from NumPy:", worst <= 1, f"{worst} of what is allowed")
    copied = slice(x.width, None)
    expect(case, "changes what it should copy", np.array_equal(
        got[..., copied], x.x[..., copied]))
    check_traffic(case, stats)


def sectors_are_whole(case):
    """Whether no sector of 32 bytes is split: between rows, between halves of the
    rotated part, or where it ends. What is split takes two instructions."""
    dim, width = case.shape[3], case.rotary.width or case.shape[3]
    units = {dim, width, width if case.rotary.interleaved else width // 2}
    bytes_ = 4 if case.element == "f32" else 2
    return all(unit * bytes_ % 32 == 0 for unit in units)


def check_traffic(case, stats):
    counters, ideal = stats["counters"], stats["ideal_bytes"]["by_buffer"]
    # Nothing is moved of an empty tensor, which has no counters then.
    moved = collections.defaultdict(lambda: collections.defaultdict(int),
                                    counters["global"])
    for name, read, written in (("input", ideal["input"], 0), ("out", 0, ideal["out"])):
        for what, bytes_ in (("read", read), ("written", written)):
            found = moved[name][f"bytes_{what}"]
            expect(case, f"bytes of {name} {what}", found == bytes_, f"{found}, {bytes_}")
            if sectors_are_whole(case):
                sectors = 32 * moved[name][f"sectors_{what}"]
                expect(case, f"sectors of {name} {what}", sectors == bytes_,
                       f"{sectors}, {bytes_}")
    for kind, count in counters["shared"].items():
        expect(case, f"{kind} in shared memory", count["instructions"] == 0)


def check_chain(case, *options):
    files, verdict, stats = run(case, "--rotary=before", *options)
    if not files:
        return
    for name, got, want in zip(("out", "lse"), files.results(),
                               files.expected(rounds=False)):
        with np.errstate(invalid="ignore"):
            error = np.abs(got - want)[got != want].max(initial=0)
        expect(case, f"{name} is far from NumPy:", error <= verdict[name]["bound"],
               f"{error} > {verdict[name]['bound']}")
    expect(case, "expected two launches, but got", len(stats["kernels"]) == 2,
           stats["kernels"])
    moved, ideal = stats["counters"]["global"], stats["ideal_bytes"]["by_buffer"]
    for name in ("query", "key"):
        expect(case, f"{name} is not read once", moved[name]["bytes_read"] == ideal[name],
               moved[name])
    expect(case, "the workspace is not written once",
           moved["workspace"]["bytes_written"] == ideal["query"] + ideal["key"])


def alone():
    kinds = itertools.cycle(("f16", "bf16"))
    wheres = itertools.cycle(("rows", "offset", "positions", "batch_positions"))
    for dim, part in itertools.product((64, 96, 128, 192), (4, 2, 1)):
        for interleaved in (False, True):
            where = next(wheres)
            rotary = Rotary(dim // part, interleaved, where,
                            0 if where == "rows" else 777, base=5e5)
            check_alone(Alone(rotary, next(kinds), (2, 3, 37, dim)))
    # Angles up to the longest position, each way to scale.
    for scaling in SCALINGS:
        rotary = Rotary(where="batch_positions", offset=LIMIT // 2, scaling=scaling)
        check_alone(Alone(rotary, "f32", (2, 4, 29, 64)))
    for offset in (0, 4095, LIMIT - 5):
        check_alone(Alone(Rotary(0, True, "offset", offset, scaling="long"), "f32",
                          (1, 1, 5, 64)))
    for table in ("f32", "f16", "bf16"):
        check_alone(Alone(Rotary(24, False, "positions", table=table), "bf16",
                          (1, 2, 21, 96)))
        check_alone(Alone(Rotary(0, True, "rows", table=table), "f16", (1, 5, 9, 64)))
    for heads in (1, 4, 5, 8):
        for dynamic in (False, True):
            check_alone(Alone(Rotary(where="offset", offset=5000), "bf16",
                              (3, heads, 1, 128), "bshd", dynamic))
    # Rows that are not multiples of 16 bytes.
    for interleaved in (False, True):
        check_alone(Alone(Rotary(10, interleaved), "f16", (1, 3, 11, 21)),
                    "--alignment=2")
        check_alone(Alone(Rotary(0, interleaved), "f16", (1, 3, 11, 20)),
                    "--alignment=8")
    for table, alignment in (("f32", 2), ("f16", 2), ("bf16", 4)):
        check_alone(Alone(Rotary(20, False, "offset", 3, table=table), "f16", (1, 3, 11, 22)),
                    f"--alignment={alignment}")
    check_alone(Alone(Rotary(6, False, table="f16"), "f32", (1, 3, 11, 21)),
                "--alignment=2")
    check_alone(Alone(Rotary(), "f16", (1, 0, 4, 64)))


def chains():
    llama = Rotary(base=5e5, scaling="llama3")
    kinds = itertools.cycle(("f16", "bf16"))
    for dim, part in itertools.product((64, 96, 128, 192), (4, 2, 1)):
        rotary = Rotary(dim // part, part == 2, base=5e5)
        shifted = replace(rotary, where="offset", offset=45)
        check_chain(Chain(shifted, rotary, next(kinds), sq=51, sk=96, d=dim, dv=dim,
                          layout="bshd" if part == 4 else "bhsd"))
    for heads, kv_heads in ((4, 4), (6, 2), (5, 1)):
        check_chain(Chain(replace(llama, where="offset", offset=16), llama, "f16", 2,
                          heads, kv_heads, 113, 129))
    # Steps of decoding, far into a sequence whose keys have been rotated by position.
    for layout in ("bhsd", "bshd"):
        past = Rotary(where="positions", offset=LIMIT - 300, scaling="yarn")
        check_chain(Chain(Rotary(where="offset", offset=LIMIT - 1, scaling="yarn"), past,
                          "bf16", 2, 8, 2, 1, 201, 128, 128, layout))


alone()
chains()
print(f"{ran} runs, {failures} failures")
sys.exit(failures != 0)
