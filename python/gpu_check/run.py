#!/usr/bin/env python3
# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Are the kernels right on this GPU, does the simulator agree with it, how fast are they?

Ends within --budget seconds, keeps what it has when it is stopped, and writes
results.json and results.md to the folder --out. The exit status is 0 when something ran
and all that ran is right, 1 when something is wrong or nothing ran, 2 when it cannot run,
128 and the signal's number when it was stopped. docs/GpuCheck.md says more.
"""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

PARTS = ["correctness", "probes", "agreement", "benchmark", "sweep"]


def fail(text):
    print("run.py: " + text, file=sys.stderr)
    sys.exit(2)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "sim"], default="cuda")
    parser.add_argument("--budget", type=float, default=480, metavar="SECONDS")
    parser.add_argument("--quick", action="store_true",
                        help="a small cross-section of correctness, probes, agreement")
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART",
                        help="one of %s; may be repeated" % ", ".join(PARTS))
    parser.add_argument("--sweep", action="store_true",
                        help="schedules before the other benchmarks")
    parser.add_argument("--case", default="", metavar="TEXT",
                        help="only tasks whose name has this in it")
    parser.add_argument("--seed", type=int, default=1, help="of the inputs (default 1)")
    parser.add_argument("--out", default="results", metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="print the tasks only")
    parser.add_argument("--render", metavar="results.json",
                        help="only write the Markdown beside this file again")
    for name, kind in (("worker", str), ("channel", int), ("skip", int), ("seconds", float),
                       ("folder", str), ("results", str)):
        parser.add_argument("--" + name, type=kind, help=argparse.SUPPRESS)
    parser.add_argument("--avoid", action="append", default=[], help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.budget < 0:
        parser.error("expected --budget of 0 or more, but got %g" % options.budget)
    options.folder = options.folder or HERE
    return options


def check_python():
    if sys.version_info < (3, 9):
        fail("expected Python 3.9 or newer, but got %d.%d" % sys.version_info[:2])
    if not os.path.isdir(os.path.join(HERE, "gpu_check")):
        fail("expected the folder gpu_check beside run.py, but it is not there: copy the "
             "whole folder build/gpu-check that tools/gpu-check makes")


def check_numpy():
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        fail("expected NumPy, but it does not import (%s): python3 -m pip install numpy"
             % error)


def main():
    check_python()
    options = parse(sys.argv[1:])
    if options.render:
        from gpu_check.report import rerender
        return rerender(options.render)
    check_numpy()
    if options.worker:
        from gpu_check.worker import main as work
        return work(options)
    from gpu_check.folder import FolderError
    from gpu_check.session import list_tasks, run
    try:
        return list_tasks(options) if options.list else run(
            options, [sys.executable, os.path.abspath(__file__)])
    except FolderError as error:
        fail(str(error))


if __name__ == "__main__":
    sys.exit(main())
