# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""mutate.py FOLDER [--kernels=NAME,...] [--share=N] [--jobs=N]

A kernel without one of its synchronising instructions must be a finding, whatever
numbers it computes. Makes the mutants of each kernel and runs each with several sizes,
seeds and both timings until the simulator complains. Fails for a mutant that is not
reported unless REDUNDANT says why it is as good as the original, for an entry there
that is not needed, and when more than 3 % are redundant.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "python"))
import numpy as np  # noqa: E402

from mutations import mutants  # noqa: E402
from programs import Case, capture_inputs, program  # noqa: E402
from variants import by_name  # noqa: E402

HEADS, KEY_HEADS = 2, 1
MOST_REDUNDANT = 0.03
LONGEST = 160  # characters of a finding, whose instruction may have 100 registers


@dataclass(frozen=True)
class Run:
    """Sizes, and how often they are tried."""
    queries: int
    keys: int
    batch: int = 1
    timings: str = "latest,earliest"
    seeds: str = "1,2"


# The first finds most. Then sizes with every path of a kernel: key tiles in the loop
# for partial and for full tiles; rows, and all rows, without a key, where no loop runs.
AMPERE = [Run(256, 300, timings="latest", seeds="1"),
          *[Run(*lengths) for lengths in ((256, 300), (256, 700), (300, 100), (70, 0))]]
# A pipeline that wraps twice. Then more blocks of rows than the chip has
# multiprocessors, so that blocks walk over two: the second starts in another stage where
# the first has an odd number of key tiles, which depends on the kernel.
HOPPER = [Run(150, 500, timings="latest", seeds="1"),
          Run(150, 500), Run(300, 1000), Run(300, 100), Run(40, 60, batch=70),
          Run(200, 300, batch=36), Run(200, 400, batch=36)]


@dataclass(frozen=True)
class Kernel:
    name: str
    variant: str
    dim: int
    runs: list
    options: tuple
    latent: int = 0  # so many columns of the key are the value

    def __str__(self):
        return self.name


def ampere(variant, dim, *schedule):
    name = "-".join(["sm_80", variant, str(dim), *schedule])
    text = ["--schedule=m=64,n=64,warps=4," + schedule[0]] if schedule else []
    return Kernel(name, variant, dim, AMPERE, ("--chip=sm_80", *text))


def hopper(name, variant, dim, *options, latent=0):
    return Kernel(name, variant, dim, HOPPER, ("--chip=sm_90a", *options), latent)


CLUSTER = ("--schedule=m=128,n=176,warps=8,consumers=2,producer_registers=24,"
           "consumer_registers=240,stages=2,overlap=true,ping_pong=true,"
           "persistent=true,cluster=2")
KERNELS = {kernel.name: kernel for kernel in [
    *[ampere(v, d) for v, d in (("plain", 64), ("causal_bottom_right", 128))],
    *[ampere(v, d, "stages=2") for v, d in (("plain", 64), ("causal_bottom_right", 128))],
    *[ampere(v, d, "stages=3") for v, d in (("plain", 128), ("causal_bottom_right", 64))],
    hopper("full-128", "plain", 128),
    hopper("causal-128", "causal_bottom_right", 128),
    hopper("causal-64", "causal_bottom_right", 64),
    hopper("full-96", "plain", 96),
    hopper("full-256", "plain", 256),
    hopper("cluster-128", "plain", 128, CLUSTER),
    hopper("threads-128", "plain", 128, "--alignment=8"),
    hopper("latent-576", "causal_bottom_right", 576, latent=512),
    Kernel("sm_80-latent-576", "causal_bottom_right", 576, AMPERE, ("--chip=sm_80",), 512),
]}


@dataclass(frozen=True)
class Redundant:
    """Mutants that are as good as the original, by patterns."""
    kernel: str
    kind: str
    mutant: str
    reason: str

    def matches(self, kernel, mutant):
        return (re.fullmatch(self.kernel, kernel.name) and self.kind == mutant.kind
                and re.search(self.mutant, str(mutant)))


WAITED_LATER = (
    "the producer waits for these copies, and fences them, before it hands over the next "
    "keys, too, and consumers wait for those keys before they use these bytes")
REDUNDANT = [
    Redundant(
        ".*", "fence", "fence.mbarrier_init.*removed",
        "a barrier of all threads follows, and the copy engine signals mbarriers by the "
        "generic proxy; kept since every published kernel has it"),
    Redundant(
        ".*", "fence",
        r"wgmma.fence\S* \(number \d, after wgmma.commit_group",
        "the fence before the first product comes after the last access to the "
        "registers of the second, too; kept since the assembler serialises the products "
        "without it"),
    Redundant(
        "causal-128", "fence", r"wgmma.fence\S* \(number 2, after bar.sync",
        "of the loop over partial tiles, which a causal mask runs once at most for 128 "
        "rows: its accumulators have not been used before"),
    Redundant(
        "causal-64|full-96", "barrier id", "bar.arrive 5, 256 -> warp groups swapped",
        "of three warp groups another one has the first turn"),
    Redundant(
        "latent-576", "barrier", r"bar.sync 1, 256 \(number 8, after bar.sync\)",
        "the output lies where the query was, which all have to release before the next "
        "sums; kept for head dims where it does not"),
    Redundant(
        "latent-576", "setmaxnreg", "setmaxnreg.inc",
        "two warp groups that share the columns need fewer registers than a launch gives"),
    Redundant(
        "sm_80-latent-576", "barrier", r"bar.sync 0 \(number 7, after cp.async.wait_group\)",
        "after the last tile nothing is left to load, and the sums have a barrier"),
    *[Redundant("threads-128", kind, mutant, WAITED_LATER) for kind, mutant in (
        ("commit", r"cp.async.commit_group \(number 1,"),
        ("wait", r"cp.async.wait_group 0 \(number 2,"),
        ("wait", r"cp.async.wait_group 1 \(number 4,"),
        ("fence", r"fence.proxy.async\S* \(number (2|4),"),
        ("group", r"cp.async.wait_group 0 \(number 2\)"),
        ("group", r"cp.async.wait_group 1 \(number 4\)"))],
    Redundant(
        "sm_80-.*stages=3", "group", r"cp.async.wait_group 0 \(number \d+\)",
        "the last group is empty: no tile is left to load"),
]


def reasons(kernel, mutant):
    return [entry.reason for entry in REDUNDANT if entry.matches(kernel, mutant)]


class Bench:
    """A kernel on the simulator."""

    def __init__(self, kernel, folder, checks):
        self.kernel, self.folder = kernel, os.path.join(folder, kernel.name)
        os.makedirs(self.folder, exist_ok=True)
        case = Case(by_name(kernel.variant), "f16", 1, HEADS, KEY_HEADS,
                    d=kernel.dim, dv=kernel.latent or kernel.dim,
                    value_in_key=bool(kernel.latent))
        captures = case.variant.captures(case, np.random.default_rng(1))
        self.captures = capture_inputs(captures, self.folder)
        with open(self.path("program.mlir"), "w") as file:
            file.write(program(case, captures))
        self.lines = self.original(kernel.runs[:checks])
        self.mutants = mutants(self.lines)

    def path(self, name):
        return os.path.join(self.folder, name)

    def launch(self, run, name, *arguments):
        """Findings; `name` keeps the files of concurrent launches apart."""
        stats = self.path(name + ".json")
        keys = f"random:{run.batch}x{KEY_HEADS}x{run.keys}x{self.kernel.dim}"
        inputs = [f"random:{run.batch}x{HEADS}x{run.queries}x{self.kernel.dim}",
                  *[keys] * (1 if self.kernel.latent else 2), *self.captures]
        command = ["attn-run", self.path("program.mlir"), "--device=sim",
                   *self.kernel.options, "--inputs=" + ",".join(inputs),
                   f"--seed={run.seeds}", f"--timing={run.timings}",
                   f"--stats={stats}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode not in (0, 1):
            sys.exit(f"{' '.join(command)}: status {done.returncode}: {done.stderr}")
        with open(stats) as file:
            launches = json.load(file)["runs"]
        return [text for launch in launches for text in launch["findings"]]

    def original(self, runs):
        """The lines of the kernel, which runs without a finding."""
        path = self.path("kernel.ptx")
        for run in runs:
            findings = self.launch(run, "kernel", f"--emit-ptx={path}")
            if findings:
                sys.exit(f"{self.kernel} is wrong as it is, {run}: {findings[0]}")
        with open(path) as file:
            return file.readlines()

    def judge(self, number):
        """The first finding of a mutant, and the number of the run that has it."""
        name = f"mutant{number}"
        path = self.path(name + ".ptx")
        with open(path, "w") as file:
            file.write(self.mutants[number].ptx(self.lines))
        for i, run in enumerate(self.kernel.runs):
            findings = self.launch(run, name, f"--ptx={path}")
            if findings:
                os.remove(path)
                return findings[0], i
        return "NOT REPORTED", None


class Share:
    """One in N mutants of each kind, the first among them. Those that are known to be
    redundant take longest: they are left to a share of all."""

    def __init__(self, share):
        self.share, self.seen = share, collections.Counter()

    def numbers(self, bench):
        for number, mutant in enumerate(bench.mutants):
            if self.share > 1 and reasons(bench.kernel, mutant):
                continue
            if self.seen[mutant.kind] % self.share == 0:
                yield number
            self.seen[mutant.kind] += 1


class Score:

    def __init__(self):
        self.made, self.reported, self.redundant = (collections.Counter()
                                                    for _ in range(3))
        self.unexplained = 0

    def add(self, kernel, mutant, finding, run):
        excuses = reasons(kernel, mutant)
        self.made[mutant.kind] += 1
        self.reported[mutant.kind] += run is not None
        note = "" if run is None else f" (run {run + 1})"
        if excuses and run is None:
            self.redundant[mutant.kind] += 1
            finding = f"redundant: {excuses[0]}"
        elif run is None or excuses:
            self.unexplained += 1
            note += " BUT SAID TO BE REDUNDANT" if excuses else ""
        print(f"{kernel}: {mutant.kind}: {mutant}: {finding[:LONGEST]}{note}",
              flush=True)

    def table(self):
        rows = [(kind, self.made[kind], self.reported[kind], self.redundant[kind])
                for kind in self.made]
        rows.append(("all", *[sum(row[i] for row in rows) for i in (1, 2, 3)]))
        print("| class | mutants | reported | redundant |\n| --- | --- | --- | --- |")
        for row in rows:
            print("| " + " | ".join(str(cell) for cell in row) + " |")
        _, made, reported, redundant = rows[-1]
        needed = made - redundant
        print(f"{reported} of {needed} mutants reported, "
              f"{100 * reported / needed:.1f} %, and {redundant} redundant, "
              f"{100 * redundant / made:.1f} %")
        return self.unexplained == 0 and redundant <= MOST_REDUNDANT * made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--kernels", default=",".join(KERNELS))
    parser.add_argument("--share", type=int, default=1,
                        help="one in N mutants of each kind; 1: all")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    score, share = Score(), Share(options.share)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name in options.kernels.split(","):
            # The grid runs the kernels as they are: a share of the mutants relies on it.
            checks = 1 if options.share > 1 else None
            bench = Bench(KERNELS[name], options.folder, checks)
            chosen = list(share.numbers(bench))
            for number, verdict in zip(chosen, pool.map(bench.judge, chosen)):
                score.add(bench.kernel, bench.mutants[number], *verdict)
    return 0 if score.table() else 1


if __name__ == "__main__":
    sys.exit(main())
