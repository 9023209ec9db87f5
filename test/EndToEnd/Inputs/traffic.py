# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""traffic.py FOLDER CHIP: what kernels move and compute, against closed formulas."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from programs import Case, program  # noqa: E402
from variants import by_name  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
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
              for heads, length, dim in case.inputs.values()]
    subprocess.run(["attn-run", path, "--device=sim", "--chip=" + CHIP,
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
    for name in ("query", "key", "value")[:len(case.inputs)]:
        expect(case, f"{name} written", moved[name]["bytes_written"], 0)
        if case.d % 16 == 0:
            expect(case, f"sectors of {name} in bytes",
                   32 * moved[name]["sectors_read"], moved[name]["bytes_read"])
    for kind in ("ldmatrix", "async_copies", "loads", "stores", "stmatrix"):
        expect(case, f"bank conflicts of {kind}",
               counters["shared"][kind]["conflicts"], 0)


def check_keys(case, counters, keys, sharing=1):
    """`keys` is the sum over query tiles of the keys of their live tiles; each is
    read once for all blocks of a cluster."""
    for name, dim in (("key", case.d), ("value", case.dv))[:len(case.inputs) - 1]:
        expect(case, f"{name} read", counters["global"][name]["bytes_read"],
               case.b * case.hq * keys * dim * 2 // sharing)


def flops(case, m, keys, fill=lambda dim: -(-dim // 16) * 16):
    """Head dims are filled up to 16, the depth of a matrix instruction."""
    return case.b * case.hq * 2 * m * keys * (fill(case.d) + fill(case.dv))


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


def check_latent(variant, d, dv, m, n, schedule=None):
    """The value is in the key: one copy, and no product twice where groups of warps
    share the columns."""
    case = Case(by_name(variant), "bf16", BATCH, HEADS, KV_HEADS, LENGTH, LENGTH, d, dv,
                value_in_key=True)
    counters, rows = measure(case, *[f"--schedule={schedule}"] if schedule else [])
    if not schedule:
        expect(case, "blocks of rows are", rows, m)
    keys = sum(min(-(-(row + m) // n) * n, LENGTH) if variant == "causal" else LENGTH
               for row in range(0, LENGTH, m))
    expect(case, "value is an argument", "value" in counters["global"], False)
    check_moved_once(case, counters)
    check_keys(case, counters, keys)
    expect(case, "FLOPs", counters["mma_flops"], flops(case, m, keys))


def check_ampere():
    for variant in ("plain", "causal"):
        check_latent(variant, 576, 512, 64, 32)
        check_latent(variant, 192, 128, 128, 64)
    check_latent("causal", 64, 64, 64, 64, "m=64,n=64,warps=4,stages=2")
    check_latent("plain", 64, 64, 64, 64, "m=64,n=64,warps=4,stages=1")
    for dim in HEAD_DIMS:
        for kind in ("f16", "bf16"):
            check("plain", kind, dim)
        for tiles in ((64, 64, 4, 1), (128, 64, 8, 1), (64, 32, 4, 2), (64, 64, 4, 3)):
            if dim <= 128 or tiles == (128, 64, 8, 1):
                check("plain", "f16", dim, tiles)
                check("causal", "f16", dim, tiles)


ROLES = ("warps={warps},stages=2,consumers={consumers},producer_registers={own},"
         "consumer_registers={theirs}")


def check_roles(variant, element, d, dv, m, n, more="", sharing=1):
    """A schedule with roles: the tiles of the default ones, given so that they are
    known here. A persistent block walks over several tiles of queries."""
    case = Case(by_name(variant), element, BATCH, HEADS, KV_HEADS, 4 * m,
                4 * (m if variant == "causal" else n), d, dv)
    consumers = m // 64
    own, theirs = {1: (56, 256), 2: (24, 240), 3: (32, 160)}[consumers]
    roles = ROLES.format(warps=4 * consumers, consumers=consumers, own=own, theirs=theirs)
    counters, _ = measure(case, f"--schedule=m={m},n={n},{roles}{more}")
    # Rows past the end of the keys are not read; they are multiplied.
    read = multiplied = 0
    for row in range(0, case.sq, m):
        end = min(row + m, case.sk) if variant == "causal" else case.sk
        tiles = -(-end // n)
        read += min(tiles * n, case.sk)
        multiplied += tiles * n
    check_moved_once(case, counters)
    check_keys(case, counters, read, sharing)
    expect(case, "FLOPs", counters["mma_flops"],
           flops(case, m, multiplied, lambda dim: next(
               size for size in (16, 32, 64, 96, 128, 192, 256) if dim <= size)))


def check_hopper():
    latent = ("m=64,n=64,warps=8,consumers=2,producer_registers=24,"
              "consumer_registers=240,stages=2,weights=shared,split=columns")
    roles = ROLES.format(warps=8, consumers=2, own=24, theirs=240)
    for variant in ("plain", "causal"):
        check_latent(variant, 576, 512, 64, 64, latent)
        check_latent(variant, 192, 128, 128, 64, f"m=128,n=64,{roles},overlap=true")
    check_latent("plain", 64, 64, 128, 128, f"m=128,n=128,{roles}")
    turns = ",overlap=true,ping_pong=true"
    for kind in ("f16", "bf16"):
        check_roles("plain", kind, 128, 128, 128, 176, turns + ",persistent=true")
    check_roles("causal", "f16", 128, 128, 128, 128, turns + ",longest_first=true")
    check_roles("plain", "f16", 128, 128, 128, 128, turns + ",cluster=2", sharing=2)
    check_roles("plain", "f16", 64, 64, 192, 176, turns + ",weights=shared")
    check_roles("causal", "bf16", 64, 64, 192, 128, turns + ",persistent=true")
    check_roles("plain", "f16", 40, 40, 192, 128, turns)
    check_roles("plain", "f16", 96, 96, 192, 144, turns + ",weights=shared")
    check_roles("plain", "f16", 192, 128, 128, 128, ",overlap=true")
    check_roles("plain", "f16", 192, 192, 128, 112, ",overlap=true,rescale=before")
    check_roles("plain", "f16", 256, 256, 128, 80,
                ",overlap=true,rescale=before,cluster=2", sharing=2)
    check_roles("plain", "f16", 128, 128, 128, 128, "")
    check_roles("plain", "f16", 128, 128, 64, 128, ",overlap=true,threshold=8")


{"sm_80": check_ampere, "sm_90a": check_hopper}[CHIP]()
print(f"{failures} differences")
sys.exit(failures != 0)
