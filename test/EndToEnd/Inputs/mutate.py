# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""mutate.py FOLDER [--schedule=TEXT] VARIANT:HEAD_DIM...

A kernel without one of its synchronising instructions must be a finding, whatever
numbers it computes. Deletes each wait, commit and barrier of each kernel in turn and
runs the rest with several sizes, seeds and both timings until the simulator complains.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
import numpy as np  # noqa: E402

from programs import Case, capture_inputs, program  # noqa: E402
from variants import by_name  # noqa: E402

SYNC = re.compile(r"^\s*(@%p\d+\s+)?(cp\.async\.(wait_group|wait_all|commit_group)"
                  r"|bar\.sync|barrier\.sync|bar\.warp\.sync|barrier\.cta\.sync)\b")
# Lengths with every path of a kernel: some key tiles in the loop for partial and for
# full tiles; rows, and all rows, without a key, where no loop runs.
LENGTHS = [(256, 300), (256, 700), (300, 100), (70, 0)]
RUNS = [(lengths, seed, timing) for seed in (1, 2) for lengths in LENGTHS
        for timing in ("latest", "earliest")]


class Kernel:

    def __init__(self, name, options):
        variant, dim = name.split(":")
        self.name, self.folder = name, os.path.join(options.folder, variant + dim)
        os.makedirs(self.folder, exist_ok=True)
        case = Case(by_name(variant), "f16", 1, 2, 1, d=int(dim), dv=int(dim))
        captures = case.variant.captures(case, np.random.default_rng(1))
        self.captures, self.dim = capture_inputs(captures, self.folder), dim
        path = self.path("program.mlir")
        with open(path, "w") as file:
            file.write(program(case, captures))
        self.command = ["attn-run", path, "--device=sim", "--chip=sm_80"]
        if options.schedule:
            self.command.append("--schedule=" + options.schedule)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, lengths, seed, timing, *arguments):
        queries, keys = lengths
        inputs = [f"random:1x2x{queries}x{self.dim}",
                  *[f"random:1x1x{keys}x{self.dim}"] * 2, *self.captures]
        return subprocess.run(
            [*self.command, "--inputs=" + ",".join(inputs), f"--seed={seed}",
             f"--timing={timing}", *arguments],
            capture_output=True, text=True, timeout=300)

    def ptx(self):
        """The lines of the kernel, which runs without a finding."""
        path = self.path("kernel.ptx")
        for run in RUNS[:len(RUNS) // 2]:
            done = self.run(*run, f"--emit-ptx={path}")
            if done.returncode:
                sys.exit(f"{self.name} is wrong as it is: {done.stderr}")
        with open(path) as file:
            return file.readlines()

    def hazards(self, lines):
        """What the simulator says of other PTX, by the first run that finds it."""
        mutant, stats = self.path("mutant.ptx"), self.path("stats.json")
        with open(mutant, "w") as file:
            file.writelines(lines)
        for run in RUNS:
            done = self.run(*run, f"--ptx={mutant}", f"--stats={stats}")
            if done.returncode not in (0, 1):
                sys.exit(f"{self.name}: status {done.returncode}: {done.stderr}")
            with open(stats) as file:
                findings = json.load(file)["findings"]
            if findings:
                return findings
        return []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("kernels", nargs="+")
    parser.add_argument("--schedule")
    options = parser.parse_args()
    reported = total = 0
    for name in options.kernels:
        kernel = Kernel(name, options)
        lines = kernel.ptx()
        seen = collections.Counter()
        for number, line in enumerate(lines):
            if not SYNC.match(line):
                continue
            total += 1
            # An empty line in its place keeps the numbers of the others.
            findings = kernel.hazards(lines[:number] + ["\n"] + lines[number + 1:])
            reported += bool(findings)
            seen[line.split()[0].rstrip(";")] += bool(findings)
            print(f"{name} line {number + 1} {' '.join(line.split())} "
                  f"{findings[0] if findings else 'NOT REPORTED'}", flush=True)
        print(f"{name}: {dict(seen)}")
    print(f"{reported} of {total} mutants reported")


main()
