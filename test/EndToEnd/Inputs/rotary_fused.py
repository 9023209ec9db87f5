# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""rotary_fused.py FOLDER CHIP: query and key rotated in the kernel of attention, on the
simulator: against attn-run's own check, against NumPy, to the bit as with a kernel before,
and without the trip through memory."""
import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from rotary_cases import SCALINGS, Chain, Files, Rotary  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
failures = 0
ran = 0


def expect(case, what, holds, detail=""):
    global failures
    if not holds:
        failures += 1
        print(f"{case}: {what} {detail}")


def run(case, rule, *options):
    """The results of a run, what attn-run said of it, and its counters."""
    global ran
    ran += 1
    files, stats = Files(case, FOLDER), os.path.join(FOLDER, "stats.json")
    done = subprocess.run(
        ["attn-run", *files.arguments(), "--device=sim", "--chip=" + CHIP, "--check",
         "--rotary=" + rule, "--stats=" + stats, *options], capture_output=True, text=True)
    if not done.stdout:
        expect(case, "does not run:", False, done.stderr)
        return None
    verdict = json.loads(done.stdout.splitlines()[-1])
    expect(case, f"is wrong ({rule}):", verdict["verdict"] == "ok",
           done.stdout + done.stderr)
    with open(stats) as file:
        return files, verdict, json.load(file)


def check(case, *options):
    fused, before = run(case, "fused", *options), run(case, "before", *options)
    if not fused or not before:
        return
    files, verdict, stats = fused
    results = files.results()
    for name, got, other in zip(("out", "lse"), results, before[0].results()):
        expect(case, f"{name} is not that of the kernel before",
               got.tobytes() == other.tobytes(), np.abs(got - other).max(initial=0))
    for name, got, want in zip(("out", "lse"), results, files.expected(rounds=False)):
        with np.errstate(invalid="ignore"):
            error = np.abs(got - want)[got != want].max(initial=0)
        expect(case, f"{name} is far from NumPy:", error <= verdict[name]["bound"],
               f"{error} > {verdict[name]['bound']}")
    check_traffic(case, stats)


def check_traffic(case, stats):
    """One launch, nothing in the workspace, and the query is read once."""
    expect(case, "expected one launch, but got", len(stats["kernels"]) == 1,
           stats["kernels"])
    moved, ideal = stats["counters"]["global"], stats["ideal_bytes"]["by_buffer"]
    expect(case, "the workspace is used", "workspace" not in moved, moved)
    expect(case, "query is not read once", moved["query"]["bytes_read"] == ideal["query"],
           moved["query"])
    for name in ("query", "key"):
        expect(case, f"{name} is written", moved[name]["bytes_written"] == 0, moved[name])


def cases():
    kinds = itertools.cycle(("f16", "bf16"))
    wheres = itertools.cycle(("rows", "offset", "positions", "batch_positions"))
    # Widths of 64 and 128 columns and parts of them, in several blocks of queries.
    for dim, part, interleaved in itertools.product((64, 128), (4, 2, 1), (False, True)):
        where = next(wheres)
        rotary = Rotary(dim // part, interleaved, where, 0 if where == "rows" else 45,
                        base=5e5)
        check(Chain(rotary, replace(rotary, where="rows", offset=0), next(kinds), 2,
                    sq=151, sk=203, d=dim, dv=dim,
                    layout="bshd" if part == 4 else "bhsd"))
    # Rows that are cut in threes, and pieces of two and four bytes.
    for dim, width, interleaved in ((96, 96, False), (192, 48, True), (64, 10, False),
                                    (64, 6, True)):
        rotary = Rotary(width, interleaved, "positions", 9, positions="i64")
        check(Chain(rotary, rotary, next(kinds), sq=51, sk=96, d=dim, dv=dim))
    # Each way to scale; the query is long enough for frequencies of its own.
    for scaling in SCALINGS:
        rotary = Rotary(where="offset", offset=5000, scaling=scaling)
        check(Chain(rotary, replace(rotary, where="rows", offset=0), next(kinds), 2,
                    sq=20, sk=77))
    for table, interleaved in (("f32", False), ("f16", True), ("bf16", False)):
        rotary = Rotary(32, interleaved, "positions", table=table)
        check(Chain(rotary, replace(rotary, where="rows"), next(kinds), sq=70, sk=131))
    # Heads that share keys; one query, which is a step of decoding.
    for heads, kv_heads, queries in ((4, 4, 113), (6, 2, 129), (5, 1, 1), (8, 2, 1)):
        llama = Rotary(base=5e5, scaling="llama3")
        check(Chain(replace(llama, where="offset", offset=201 - queries), llama, "bf16", 2,
                    heads, kv_heads, queries, 201, 128, 128))
    # Rows that the copy engine cannot address.
    check(Chain(Rotary(), Rotary(), "f16", sq=77, sk=90), "--alignment=2",
          "--row-padding=1")


cases()
print(f"{ran} runs, {failures} failures")
sys.exit(failures != 0)
