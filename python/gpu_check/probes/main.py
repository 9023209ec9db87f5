# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line: python3 -m gpu_check.probes --help"""
import argparse
import json
import os
import runpy
import sys

from ..runtime import Runtime, RuntimeFailure
from . import session
from .core import MAY_FAULT, MAY_HANG, PROBES, DryBench

BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="gpu_check.probes",
        description="Asks a GPU, or the simulator, what no document states.",
        epilog="Exit status: 0, or 1 when a probe disagrees, 2 for bad use.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="probes; default: all")
    parser.add_argument("--device", choices=["sim", "cuda"], default="sim")
    parser.add_argument("--library", metavar="PATH",
                        default="build/lib/libattn_runtime.so")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE",
                        help="records as JSON, to a file or instead of the table")
    parser.add_argument("--seed", type=int, default=0, help="of the simulator's schedule")
    parser.add_argument("--earliest", action="store_true",
                        help="the simulator's copies take effect at once")
    parser.add_argument("--deadline", type=float, metavar="SECONDS",
                        help="probes that would begin later are skipped")
    parser.add_argument("--isolate", action="store_true",
                        help="in processes of their own, on the simulator too")
    parser.add_argument("--patience", type=float, default=session.PATIENCE,
                        metavar="SECONDS", help="for one probe in its own process")
    parser.add_argument("--extra", action="append", default=[], metavar="FILE",
                        help="Python that declares further probes")
    parser.add_argument("--list", action="store_true", help="names and questions")
    parser.add_argument("--ptx", metavar="DIR", help="writes the PTX and runs nothing")
    parser.add_argument("--markdown", nargs="?", const="-", metavar="FILE",
                        help="the table of docs/GpuProbes.md, or writes it there")
    parser.add_argument("--check-markdown", metavar="FILE",
                        help="fails when the table in the page is old")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def write_ptx(probes, folder):
    os.makedirs(folder, exist_ok=True)
    total = 0
    for probe in probes:
        bench = DryBench()
        probe.run(bench)
        if not bench.modules:
            raise ValueError("probe %s has no kernel" % probe.name)
        for i, text in enumerate(bench.modules):
            total += 1
            with open(os.path.join(folder, "%s.%d.ptx" % (probe.name, i)), "w") as file:
                file.write(text)
    print("probes: %d modules of %d probes" % (total, len(probes)))


#===-- the page ---------------------------------------------------------------===#

def table():
    def cell(text):
        return text.replace("|", "\\|").replace("*", "\\*")
    lines = ["| name | question | what is assumed | |", "| --- | --- | --- | --- |"]
    marks = {MAY_HANG: "may hang", MAY_FAULT: "may fault"}
    for probe in PROBES.values():
        notes = [marks[probe.risk]] if probe.risk in marks else []
        if probe.sim_skip:
            notes.append("not on the simulator: " + probe.sim_skip)
        lines.append("| `%s` | %s | %s | %s |" % (
            probe.name, cell(probe.question), cell(probe.assumed), "; ".join(notes)))
    return "\n".join(lines)


def page(path):
    """The page's text, and that with the table of today."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError("%s: expected the lines %s and %s once" % (path, BEGIN, END))
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return text, "%s%s\n\n%s\n\n%s%s" % (before, BEGIN, table(), END, after)


def write_page(path):
    if path == "-":
        print(table())
        return 0
    text = page(path)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return 0


def check_page(path):
    have, want = page(path)
    if have == want:
        print("probes: %s is up to date" % os.path.basename(path))
        return 0
    print("probes: %s is old: run python3 -m gpu_check.probes --markdown=%s" % (
        os.path.basename(path), path))
    return 1


#===-- running ----------------------------------------------------------------===#

def run(options, probes):
    runtime = Runtime(options.library)

    def stream():
        if options.device == "cuda":
            return runtime.cuda()
        return runtime.sim("sm_90a", options.seed, options.earliest)
    if options.worker:
        session.work(probes, stream, sys.stdout)
        return 0
    silent = options.json == "-"
    records = session.run_probes(
        stream, [p.name for p in probes], options.deadline,
        (lambda line: None) if silent else lambda line: print(line, flush=True),
        options.isolate or None, options.extra, options.patience)
    if silent:
        print(json.dumps(records, indent=1))
    else:
        print(session.summary(records))
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(records, file, indent=1)
    return int(any(record["agrees"] is False for record in records))


def main(argv=None):
    options = parse(argv)
    try:
        for path in options.extra:
            runpy.run_path(path)
        if options.markdown:
            return write_page(options.markdown)
        if options.check_markdown:
            return check_page(options.check_markdown)
        probes = session.chosen(options.names)
        if options.list:
            for probe in probes:
                print("%-26s %s" % (probe.name, probe.question))
            return 0
        if options.ptx:
            write_ptx(probes, options.ptx)
            return 0
        return run(options, probes)
    except (OSError, ValueError, RuntimeFailure) as problem:
        print("gpu_check.probes: %s" % problem, file=sys.stderr)
        return 2
