# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""traffic.py FOLDER: what kernels move and compute, against closed formulas."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from programs import Case, program  # noqa: E402
from variants import by_name  # noqa: E402

FOLDER = sys.argv[1]
BATCH, HEADS, KV_HEADS, LENGTH = 1, 2, 1, 384  # whole tiles of every schedule
HEAD_DIMS = (16, 32, 40, 64, 96, 128, 192, 256)
failures = 0


def expect(case, what, got, want):
    global failures
    if got != want:
        failures += 1
        print(f"{case}: {what} is {got}, expected {want}")


def measure(case, *arguments):
    """The counters of one run and the rows of its tiles."""
    path, stats = (os.path.join(FOLDER, name) for name in ("p.mlir", "stats.json"))
    with open(path, "w") as file:
        file.write(program(case, {}))
    inputs = [f"random:{case.b}x{heads}x{length}x{dim}"
              for heads, length, dim in ((case.hq, case.sq, case.d),
                                         (case.hkv, case.sk, case.d),
                                         (case.hkv, case.sk, case.dv))]
    subprocess.run(["attn-run", path, "--device=sim", "--chip=sm_80",
                    "--inputs=" + ",".join(inputs), f"--stats={stats}",
                    *arguments], check=True)
    with open(stats) as file:
        stats = json.load(file)
    counters = stats["counters"]
    counters["ideal"] = stats["ideal_bytes"]["by_buffer"]
    return counters, case.sq // stats["kernels"][0]["grid"][0]


def check_moved_once(case, counters):
    """Query, out and lse; and no bank of shared memory is asked twice."""
    moved = counters["global"]
    for name, ideal in counters["ideal"].items():
        if name == "query":
            expect(case, "query read", moved[name]["bytes_read"], ideal)
        elif name in ("out", "lse"):
            expect(case, f"{name} written", moved[name]["bytes_written"], ideal)
            expect(case, f"{name} read", moved[name]["bytes_read"], 0)
    for name in ("query", "key", "value"):
        expect(case, f"{name} written", moved[name]["bytes_written"], 0)
        if case.d % 16 == 0:
            expect(case, f"sectors of {name} in bytes",
                   32 * moved[name]["sectors_read"], moved[name]["bytes_read"])
    for kind in ("ldmatrix", "async_copies", "loads", "stores"):
        expect(case, f"bank conflicts of {kind}",
               counters["shared"][kind]["conflicts"], 0)


def check_keys(case, counters, keys):
    """`keys` is the sum over query tiles of the keys of their live tiles."""
    for name in ("key", "value"):
        expect(case, f"{name} read", counters["global"][name]["bytes_read"],
               case.b * case.hq * keys * case.d * 2)


def flops(case, m, keys):
    """Head dims are filled up to 16, the depth of a matrix instruction."""
    return case.b * case.hq * 4 * m * keys * (-(-case.d // 16) * 16)


def check(variant, element, head_dim, schedule=None):
    # A multiple of every tile of keys: the default one of head dim 32 is 112.
    key_length = 336 if head_dim == 32 and not schedule else LENGTH
    case = Case(by_name(variant), element, BATCH, HEADS, KV_HEADS, LENGTH, key_length,
                head_dim, head_dim)
    if not schedule:
        counters, m = measure(case)
        keys = -(-LENGTH // m) * key_length
    else:
        m, n, warps, stages = schedule
        counters, _ = measure(
            case, f"--schedule=m={m},n={n},warps={warps},stages={stages}")
        keys = sum(min(-(-(row + m) // n) * n, LENGTH) if variant == "causal"
                   else LENGTH for row in range(0, LENGTH, m))
    check_moved_once(case, counters)
    check_keys(case, counters, keys)
    expect(case, "FLOPs", counters["mma_flops"], flops(case, m, keys))


for dim in HEAD_DIMS:
    for kind in ("f16", "bf16"):
        check("plain", kind, dim)
    for tiles in ((64, 64, 4, 1), (128, 64, 8, 1), (64, 32, 4, 2), (64, 64, 4, 3)):
        if dim <= 128 or tiles == (128, 64, 8, 1):
            check("plain", "f16", dim, tiles)
            check("causal", "f16", dim, tiles)
print(f"{failures} differences")
sys.exit(failures != 0)
