# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""differential.py FOLDER CHIP: kernels of attn.differential on the simulator: against
attn-run's own check, against NumPy in float64, and what they read, write and multiply."""
import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from programs import Case, Difference  # noqa: E402
from test_reference import Run  # noqa: E402
from variants import by_name  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
# On a chip with roles under both timings, and with two orders of the warps.
CONDITIONS = {"sm_80": ["--timing=latest", "--seed=0"],
              "sm_90a": ["--timing=latest,earliest", "--seed=0,1"]}[CHIP]
failures = ran = 0


def expect(case, what, got, want):
    global failures
    if got != want:
        failures += 1
        print(f"{case}: {what} is {got}, expected {want}")


def measure(case, *options):
    """The counters of a run whose result has been compared with NumPy."""
    global ran
    ran += 1
    run, stats = Run(case, FOLDER), os.path.join(FOLDER, "stats.json")
    command = [word for word in run.command() if word != "--device=reference"]
    done = subprocess.run(command + ["--device=sim", "--chip=" + CHIP, "--check",
                                     "--stats=" + stats, *CONDITIONS, *options],
                          capture_output=True, text=True)
    if not done.stdout:
        expect(case, "the run", done.stderr, "one")
        return None
    verdict = json.loads(done.stdout.splitlines()[-1])
    expect(case, "the verdict", verdict["verdict"], "ok")
    (out, _), (want, _) = run.results(), run.expected()
    error = np.abs(out - want).max(initial=0)
    expect(case, f"an error of {error} within {verdict['out']['bound']}",
           bool(error <= verdict["out"]["bound"]), True)
    with open(stats) as file:
        return json.load(file)


def check_traffic(case, keys_of_tile, *options):
    """Query and output once; each tile of keys and values once for each tile of
    queries and each head, though two maps ask for the values. `keys_of_tile` are the
    keys that the queries from one to another visit."""
    stats = measure(case, *options)
    if not stats:
        return
    expect(case, "kernels", len(stats["kernels"]), 1)
    rows = 64  # of 128 that the schedules have, half for each map
    keys = sum(keys_of_tile(first, first + rows) for first in range(0, case.sq, rows))
    moved, ideal = stats["counters"]["global"], stats["ideal_bytes"]["by_buffer"]
    heads = case.b * case.hq
    names = ["key0"] + (["key1"] if case.difference.keys == "own" else [])
    for name, dim in [(name, case.d) for name in names] + [("value", case.dv)]:
        expect(case, f"{name} read", moved[name]["bytes_read"], heads * keys * dim * 2)
    for name in ("query0", "query1"):
        expect(case, f"{name} read", moved[name]["bytes_read"], ideal[name])
    expect(case, "out written", moved["out"]["bytes_written"], ideal["out"])
    # Each map has its own two products.
    expect(case, "FLOPs", stats["counters"]["mma_flops"],
           2 * heads * 2 * rows * keys * (case.d + case.dv))


def check_moved():
    n = {"sm_80": 64, "sm_90a": 96}[CHIP]  # a tile that these head dims have room for
    roles = ("m=128,n=96,warps=8,stages=2,consumers=2,producer_registers=24,"
             "consumer_registers=240,overlap=true,ping_pong=true")
    schedule = "--schedule=" + {"sm_80": "m=128,n=64,warps=8,stages=1",
                                "sm_90a": roles}[CHIP]
    for d, dv in ((64, 128), (128, 128)):
        for keys in ("own", "shared"):
            plain = Case(element="bf16", b=1, hq=2, hkv=1, sq=256, sk=4 * n, d=d, dv=dv,
                         difference=Difference("heads", keys, "scaled"))
            check_traffic(plain, lambda first, last: 4 * n, schedule)
            causal = Case(by_name("causal"), "f16", 1, 2, 1, 192, 192, d, dv,
                          difference=Difference("tokens", keys))
            check_traffic(causal, lambda first, last: min(-(-last // n) * n, 192),
                          schedule)


def check_values():
    # The two versions of the paper: both keys of a map, and maps that share one.
    for keys, kind in (("own", "scalar"), ("own", "heads"), ("shared", "tokens")):
        for element, d, dv in (("bf16", 64, 128), ("f16", 128, 256), ("bf16", 128, 128)):
            for name, norm in (("causal", "weight"), ("plain", "none")):
                measure(Case(by_name(name), element, 1, 4, 2, 133, 197, d, dv,
                             difference=Difference(kind, keys, norm)))
    # No tile is whole, head dims that are filled up, lambda in the type of the query.
    for name in ("documents", "key_lengths", "alibi+causal_bottom_right", "block_list",
                 "sink_of_head+causal", "stick_breaking", "sigmoid_with_bias", "nothing"):
        measure(Case(by_name(name), "f16", 2, 4, 1, 77, 61, 40, 80, layout="bshd",
                     difference=Difference("tokens", "own", "weight", "f16")))
    measure(Case(element="bf16", b=1, hq=2, hkv=2, sq=65, sk=1, d=16, dv=32,
                 difference=Difference("one", "own", "norm")))
    measure(Case(by_name("causal"), "f16", 1, 2, 1, 1, 130, 256, 256,
                 difference=Difference("heads", "shared", "none")))
    # What no query keeps is not read: NaN and Inf there change nothing.
    measure(Case(by_name("key_lengths"), "bf16", b=3, sq=70, sk=150, d=64, dv=128,
                 poison=True, difference=Difference()))
    # Rows that are not 16-byte aligned are copied by threads.
    measure(Case(element="f16", b=1, hq=2, hkv=1, sq=70, sk=90, d=64, dv=64,
                 difference=Difference("heads", "own", "weight")),
            "--row-padding=2", "--alignment=4")


check_values()
check_moved()
print(f"{ran} runs, {failures} failures")
sys.exit(failures != 0)
