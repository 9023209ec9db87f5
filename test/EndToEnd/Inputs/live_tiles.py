# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""live_tiles.py FOLDER CHIP: work follows the mask.

For every mask of variants.py the products that a kernel computes and the keys and
values that it reads are counted, and compared with the tiles of which the mask, in
NumPy, keeps a position. The masks of EXACT visit these tiles and no others.

The walk along the queries, which no kernel has yet, is that of the explanation: over all
tiles of keys it visits the same tiles.
"""
import json
import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from programs import Case, capture_inputs, program  # noqa: E402
from variants import MASKS, PLAIN, by_name  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
SCHEDULES = {
    "sm_80": (64, 64, "m=64,n=64,warps=4,stages=1"),
    "sm_90a": (64, 64, "m=64,n=64,warps=4,stages=2,consumers=1,producer_registers=56,"
                       "consumer_registers=256,overlap=true,persistent=true"),
}
M, N, SCHEDULE = SCHEDULES[CHIP]

# Masks whose tiles are found exactly, as long as their captures are of the kind
# that they are made for (sorted documents, say).
EXACT = ("causal causal_bottom_right window_left window_right window_both "
         "window_unbounded causal_and_window prefix prefix_lm key_lengths key_length "
         "same_document key_range longformer longformer_flags dilated_window "
         "dilated_by_head sparse_strided chunked chunked_bottom_right chunked_causal "
         "streaming duo_attention tree nothing").split()
failures = 0


def check(condition, text):
    global failures
    if not condition:
        failures += 1
        print("FAIL:", text)


def run(variant, sq, sk, head_dim=16, seed=0, heads=2, **replaced):
    """Counters of one run, the kept positions, batch x head x query x key, and the
    options that name captures to attn-opt."""
    case = Case(variant, "f16", 2, heads, heads, sq, sk, head_dim, head_dim)
    captures = dict(variant.captures(case, np.random.default_rng(seed)))
    for name, value in replaced.items():
        captures[name] = (value, captures[name][1])
    path, stats = (os.path.join(FOLDER, name) for name in ("p.mlir", "stats.json"))
    with open(path, "w") as file:
        file.write(program(case, captures))
    inputs = [f"random:{case.b}x{heads}x{length}x{head_dim}"
              for length in (sq, sk, sk)]
    given = capture_inputs(captures, FOLDER)
    inputs += given
    subprocess.run(["attn-run", path, "--device=sim", "--chip=" + CHIP,
                    "--inputs=" + ",".join(inputs), f"--stats={stats}",
                    "--schedule=" + SCHEDULE], check=True, stdout=subprocess.DEVNULL)
    with open(stats) as file:
        counters = json.load(file)["counters"]
    values = {name: value for name, (value, _) in captures.items()}
    values.update(sq=sq, sk=sk)
    j = np.arange(sk)
    kept = np.array([[[variant.mask_fn(b, h, i, j, values) if variant.mask_fn
                       else np.full(sk, True) for i in range(sq)]
                      for h in range(heads)] for b in range(case.b)])
    named = ",".join(f"arg{3 + i}={value}" for i, value in enumerate(given))
    return counters, kept, [f"--attn-mask-captures={named}"] if given else []


def classes(kept):
    """Live and full tiles of each block of rows: batch x head x block."""
    b, h, sq, sk = kept.shape
    rows, cols = -(-sq // M), -(-sk // N)
    live, full = (np.zeros((b, h, rows), int) for _ in range(2))
    for r in range(rows):
        for c in range(cols):
            tile = kept[:, :, r * M:(r + 1) * M, c * N:(c + 1) * N]
            live[:, :, r] += tile.any((2, 3))
            full[:, :, r] += tile.all((2, 3)) & ((c + 1) * N <= sk)
    return live, full


def check_tiles(variant, sq, sk):
    counters, kept, named = run(variant, sq, sk)
    live, _ = classes(kept)
    # A kernel with roles has a first tile, be it masked as a whole.
    least = live if CHIP == "sm_80" else np.maximum(live, 1)
    tiles = int(least.sum())
    computed = counters["mma_flops"] // (2 * M * N * 2 * 16)
    exact = variant.name in EXACT
    text = f"{variant.name} {sq} x {sk}: {computed} tiles computed, {tiles} kept"
    print(text)
    check(computed >= tiles, text)
    check(computed == tiles or not exact, text)
    # Keys that no row of a block keeps may be left out of its last tile.
    if exact:
        for name in ("key", "value"):
            read = counters["global"].get(name, {"bytes_read": 0})["bytes_read"]
            check(read <= 1.02 * tiles * N * 16 * 2,
                  f"{variant.name}: {read} bytes of {name} read")
    if CHIP == "sm_80" and sq != sk:
        check_queries(variant, kept, named)


def check_queries(variant, kept, named):
    """The walk along the queries, summed over the tiles of keys."""
    b, h, sq, sk = kept.shape
    done = subprocess.run(
        ["attn-opt", os.path.join(FOLDER, "p.mlir"), "--attn-explain-json",
         f"--chip={CHIP}", f"--schedule={SCHEDULE}", f"--attn-mask-lengths={sq},{sk}",
         f"--attn-explain-sizes={b},{h},{h}", *named], check=True,
        stdout=subprocess.PIPE, env=dict(os.environ, ATTN_PTXAS="/none"))
    op, = json.loads(done.stdout)["ops"]
    # The transposed mask, with queries in the place of keys.
    live, full = (int(tiles.sum()) for tiles in classes(kept.swapaxes(2, 3)))
    walk = op["tiles"]["along_queries"]
    unmasked = walk["visited"] - walk["masked"]
    exact = variant.name in EXACT
    text = (f"{variant.name} {sq} x {sk}, along the queries: {op['query_tiles']['walk']}, "
            f"{walk['visited']} tiles visited, {live} kept; {unmasked} unmasked, {full} full")
    print(text)
    check(walk["visited"] - walk["visited_although_empty"] == live, text)
    check(unmasked <= full, text)
    check(walk["visited"] == live and unmasked == full or not exact, text)


def check_unmasked_steps():
    """Instructions of full and partial tiles, from runs of one kernel that differ in
    the window: a full tile costs what it costs without a mask."""
    variant = by_name("streaming")
    rows, totals = [], []
    for window in (70, 200, 333, 500, 640):
        counters, kept, _ = run(variant, 640, 640, 64, w=window)
        live, full = (int(x.sum()) for x in classes(kept))
        rows.append([1, full, live - full])
        totals.append(counters["instructions"])
    rows = np.array(rows, float)
    costs = np.linalg.lstsq(rows, np.array(totals, float), rcond=None)[0]
    _, full, partial = costs
    check(np.abs(rows @ costs / totals - 1).max() < 0.01, "instructions are not linear")
    short, long = (run(PLAIN, 640, keys, 64)[0]["instructions"] for keys in (640, 1280))
    plain = (long - short) / (2 * 2 * 10 * 10)
    print(f"instructions of all warps: full tile {full:.0f}, partial {partial:.0f}, "
          f"without mask {plain:.0f}")
    check(abs(full / plain - 1) < 0.02, "full tiles cost more than without a mask")
    check(partial > 1.1 * plain, "partial tiles evaluate the mask")


for mask in MASKS:
    check_tiles(mask, 512, 512)
    check_tiles(mask, 200, 333)
check_unmasked_steps()
print(f"{failures} failures")
sys.exit(failures != 0)
