# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""scores.py FOLDER CHIP: a score that only computes moves what plain attention moves.

Kernels of one schedule with and without a score are run and their counters compared:
bytes of each tensor, matrix FLOPs, conflicts in shared memory.
"""
import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from programs import Case, capture_inputs, program  # noqa: E402
from variants import by_name  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
SCHEDULE = {
    "sm_80": "m=128,n=64,warps=4,stages=2",
    "sm_90a": "m=128,n=96,warps=8,stages=2,consumers=2,producer_registers=24,"
              "consumer_registers=240,overlap=true,persistent=true"}[CHIP]
SCORES = ["alibi", "softcap", "alibi_then_softcap", "temperature", "temperature_of_head",
          "scale_of_head", "log_length", "yarn"]
TENSORS = ["query", "key", "value", "out", "lse"]
failures = 0


def counters_of(name, dim):
    case = Case(by_name(name), "bf16", 2, 4, 2, 384, 384, dim, dim)
    captures = case.variant.captures(case, np.random.default_rng(0))
    path, stats = (os.path.join(FOLDER, file) for file in ("p.mlir", "stats.json"))
    with open(path, "w") as file:
        file.write(program(case, captures))
    inputs = [f"random:{case.b}x{heads}x{length}x{width}"
              for heads, length, width in case.inputs.values()]
    inputs += capture_inputs(captures, FOLDER)
    subprocess.run(["attn-run", path, "--device=sim", "--chip=" + CHIP, "--check",
                    "--inputs=" + ",".join(inputs), f"--stats={stats}",
                    "--schedule=" + SCHEDULE], check=True, stdout=subprocess.DEVNULL)
    with open(stats) as file:
        return json.load(file)["counters"]


def expect(what, got, want):
    global failures
    if got != want:
        failures += 1
        print(f"{what}: {got}, expected {want}")


def compare(name, dim, mask):
    plain, scored = counters_of(mask, dim), counters_of(f"{name}+{mask}", dim)
    text = f"{name}+{mask}, head dim {dim}"
    for tensor in TENSORS:
        for kind in ("bytes_read", "bytes_written"):
            expect(f"{text}: {kind} of {tensor}", scored["global"][tensor][kind],
                   plain["global"][tensor][kind])
    expect(text + ": FLOPs", scored["mma_flops"], plain["mma_flops"])
    for kind, values in scored["shared"].items():
        expect(f"{text}: conflicts of {kind}", values["conflicts"], 0)
    # What is left are scalars, one sector of 32 bytes for each warp that reads one.
    more = sum(32 * values["sectors_read"] for tensor, values in scored["global"].items()
               if tensor not in TENSORS)
    moved = sum(plain["global"][tensor]["bytes_read"] for tensor in TENSORS)
    print(f"{text}: {more / moved:.2%} more is read, "
          f"{scored['instructions'] / plain['instructions']:.2f} times the instructions")
    if more > 0.02 * moved:
        expect(text + ": bytes read beside", more, "less than 2 %")


for score in SCORES:
    compare(score, 64, "causal")
for score in SCORES[:2]:
    compare(score, 128, "window_both")
print(f"{failures} failures")
sys.exit(failures != 0)
