# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_pictures.py FOLDER CHIP: pictures and counts are those of brute force.

Every mask of variants.py is drawn by attn-opt; the rectangles of the drawing are put
together to a map of tiles and compared with the classes of NumPy, tile by tile. What the
explanation says a kernel visits is compared with the products that the simulator counts.
"""
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "..", "python"))
from programs import Case, program  # noqa: E402
from variants import MASKS  # noqa: E402

FOLDER, CHIP = sys.argv[1:]
M, N, SCHEDULE = {
    "sm_80": (64, 32, "m=64,n=32,warps=4,stages=1"),
    "sm_90a": (64, 64, "m=64,n=64,warps=4,stages=2,consumers=1,producer_registers=56,"
                       "consumer_registers=256,overlap=true,persistent=true"),
}[CHIP]
SIZES = dict(b=2, hq=2, hkv=1)
HEAD_DIM = 16
# Ranges, lists, lists after a reading of captures, and one that nothing is known of.
SIMULATED = "causal window_both key_length streaming same_document sparse_strided " \
            "block_mask dense_mask nothing".split()
CLASSES = ("empty", "partial", "full", "unknown")
SVG = "{http://www.w3.org/2000/svg}"
failures = 0


def check(condition, text):
    global failures
    if not condition:
        failures += 1
        print("FAIL:", text)


class Problem:
    """One variant with its captures, as a file and in NumPy."""

    def __init__(self, variant, sq, sk):
        self.name = f"{variant.name} {sq} x {sk}"
        self.sq, self.sk = sq, sk
        case = Case(variant, "f16", sq=sq, sk=sk, d=HEAD_DIM, dv=HEAD_DIM, sizes="all",
                    lse=False, **SIZES)
        captures = variant.captures(case, np.random.default_rng(3))
        self.path = os.path.join(FOLDER, "p.mlir")
        with open(self.path, "w") as file:
            file.write(program(case, captures))
        self.values = []
        for name, (value, kind) in captures.items():
            self.values.append(str(value))
            if "tensor" in kind:
                self.values[-1] = os.path.join(FOLDER, name + ".npy")
                kinds = {"f32>": np.float32, "i64>": np.int64, "i32>": np.int32,
                         "i1>": np.bool_}
                np.save(self.values[-1], np.asarray(value, kinds[kind.split("x")[-1]]))
        given = {name: np.asarray(value) if isinstance(value, np.ndarray) else value
                 for name, (value, _) in captures.items()}
        given.update(sq=sq, sk=sk)
        j = np.arange(sk)
        self.kept = np.array([[[variant.mask_fn(b, h, i, j, given) for i in range(sq)]
                               for h in range(case.hq)] for b in range(case.b)])

    def options(self):
        values = ",".join(f"arg{3 + i}={value}" for i, value in enumerate(self.values))
        return [self.path, f"--chip={CHIP}", f"--schedule={SCHEDULE}",
                f"--attn-mask-lengths={self.sq},{self.sk}",
                "--attn-explain-sizes={b},{hq},{hkv}".format(**SIZES)] + (
                    [f"--attn-mask-captures={values}"] if values else [])

    def classes(self, b, h):
        rows, columns = -(-self.sq // M), -(-self.sk // N)
        kept = self.kept[b, h]
        tiles = np.full((rows, columns), "partial", object)
        for r in range(rows):
            for c in range(columns):
                tile = kept[r * M:(r + 1) * M, c * N:(c + 1) * N]
                if not tile.any():
                    tiles[r, c] = "empty"
                elif tile.all():
                    tiles[r, c] = "full"
        return tiles


def read_tiles(root, shape):
    """The map of a drawing, and its marks."""
    tiles, marks = np.full(shape, "", object), {}
    for group in root.iter(SVG + "g"):
        name = group.get("class")
        if not name:
            continue
        count = 0
        for rect in group.iter(SVG + "rect"):
            x, y, width, height = (float(rect.get(key))
                                   for key in ("x", "y", "width", "height"))
            row = int(y + height / 2) // M
            begin, end = int(x) // N, -(-int(x + width) // N)
            count += end - begin
            if name in CLASSES:
                check((tiles[row, begin:end] == "").all(), "tiles overlap")
                tiles[row, begin:end] = name
            for column in range(begin, end):
                marks.setdefault(name, set()).add((row, column))
        check(int(group.get("data-tiles")) == count, f"{name}: {count} tiles")
    return tiles, marks


def check_picture(problem, b, h):
    path = os.path.join(FOLDER, "p.svg")
    subprocess.run(["attn-opt", *problem.options(), f"--attn-mask-picture={path}",
                    f"--attn-mask-position={b},{h}"], check=True)
    root = ElementTree.parse(path).getroot()
    wanted = problem.classes(b, h)
    tiles, marks = read_tiles(root, wanted.shape)
    check((tiles == wanted).all(), f"{problem.name}: other tiles are drawn")
    words = "\n".join(text.text for text in root.iter(SVG + "text"))
    for name in CLASSES[:3]:
        check(re.search(rf"^{name} {(wanted == name).sum()}$", words, re.M),
              f"{problem.name}: the legend counts other {name} tiles")
    live = (wanted != "empty").sum()
    kept = problem.kept[b, h]
    for part, whole in ((live, wanted.size), (kept.sum(), kept.size)):
        check(f"{part} of {whole}" in words, f"{problem.name}: no {part} of {whole}")
    for mark, tile in (("visited-empty", "empty"), ("masked-full", "full")):
        check(all(wanted[at] == tile for at in marks.get(mark, ())),
              f"{problem.name}: {mark} is on other tiles")
    return words


def check_explanation(problem):
    """Counts of all batches and heads; returns what the kernel visits."""
    done = subprocess.run(["attn-opt", *problem.options(), "--attn-explain-json"],
                          check=True, stdout=subprocess.PIPE)
    op, = json.loads(done.stdout)["ops"]
    wanted = np.concatenate([problem.classes(b, h) for b in range(SIZES["b"])
                             for h in range(SIZES["hq"])])
    for name in CLASSES[:3]:
        check(op["tiles"][name] == (wanted == name).sum(),
              f"{problem.name}: {op['tiles'][name]} {name} tiles explained")
    check(op["tiles"]["kept_at_least"] == problem.kept.sum(),
          f"{problem.name}: other positions")
    each = 2 * 2 * HEAD_DIM
    check(op["work"]["needed_flops"] == each * problem.kept.sum(), "needed FLOPs")
    check(op["work"]["done_flops"] == each * M * N * op["tiles"]["visited"], "done FLOPs")
    return op


def simulate(problem, op):
    stats = os.path.join(FOLDER, "stats.json")
    heads = (SIZES["hq"], SIZES["hkv"], SIZES["hkv"])
    inputs = [f"random:{SIZES['b']}x{h}x{length}x{HEAD_DIM}"
              for h, length in zip(heads, (problem.sq, problem.sk, problem.sk))]
    subprocess.run(["attn-run", problem.path, "--device=sim", f"--chip={CHIP}",
                    "--inputs=" + ",".join(inputs + problem.values), f"--stats={stats}",
                    f"--schedule={SCHEDULE}"], check=True, stdout=subprocess.DEVNULL)
    with open(stats) as file:
        run = json.load(file)
    computed = run["counters"]["mma_flops"] // (2 * M * N * 2 * HEAD_DIM)
    check(computed == op["tiles"]["visited"],
          f"{problem.name}: {computed} tiles computed, {op['tiles']['visited']} explained")
    moved = run["counters"]["global"]
    for name, bytes_of in (("query", "bytes_read"), ("out", "bytes_written")):
        check(moved[name][bytes_of] == op["traffic"][name + "_bytes"],
              f"{problem.name}: {moved[name][bytes_of]} bytes of {name}")
    # Keys that no row of a block keeps may be left out of its last tile.
    read = sum(moved.get(name, {"bytes_read": 0})["bytes_read"] for name in ("key", "value"))
    requested = op["traffic"]["key_value_requested_bytes"]
    check(0.7 * requested <= read <= requested,
          f"{problem.name}: {read} bytes of key and value read, {requested} explained")
    names = [kernel["name"] for kernel in run["kernels"]]
    check(names == [kernel["name"] for kernel in op["kernels"]],
          f"{problem.name}: the kernels are {names}")
    shared = [kernel["dynamic_shared_bytes"] for kernel in run["kernels"]]
    check(shared == [kernel["shared_bytes"] for kernel in op["kernels"]],
          f"{problem.name}: shared memory of {shared} bytes")


for mask in MASKS:
    one = Problem(mask, 200, 333)
    check_picture(one, 0, 0)
    check_picture(one, 1, 1)
    explained = check_explanation(one)
    if mask.name in SIMULATED:
        simulate(one, explained)
    print(one.name, explained["key_tiles"]["walk"], explained["tiles"]["visited"])
print(f"{failures} failures")
sys.exit(failures != 0)
