# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the folder build/gpu-check; called by tools/gpu-check."""
import argparse
import concurrent.futures
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib

import numpy as np

from . import agree, cases, sweep
from .folder import FORMAT, MANIFEST, RUNTIME, Folder
from .program import program

HERE = os.path.dirname(os.path.abspath(__file__))
#: Only needed where the folder is made.
NOT_SHIPPED = {"build.py", "program.py", "run.py"}


class Builder:
    def __init__(self, options):
        self.options, self.out = options, options.out
        self.files, self.work = {}, tempfile.mkdtemp(prefix="attn-gpu-check-build-")
        self.machine_code = True

    def opt(self, arguments):
        return subprocess.run([self.options.attn_opt, *arguments], capture_output=True,
                              text=True)

    def source(self, kernel):
        path = os.path.join(self.work, kernel.name + ".mlir")
        with open(path, "w") as file:
            file.write(program(kernel))
        return path

    def compile(self, kernel, chip):
        """Adds a library to the folder; returns the compiler's message on failure."""
        made = os.path.join(self.work, "%s.%s.so" % (kernel.name, chip))
        done = self.opt([self.source(kernel), "--emit=shared", "--chips=" + chip,
                         "--attn-compile=alignment=%d" % kernel.alignment, "-o", made])
        if done.returncode:
            return message_of(done.stderr) or "status %d" % done.returncode
        self.machine_code &= "no ptxas" not in done.stderr
        with open(made, "rb") as file:
            contents = file.read()
        os.unlink(made)
        with open(os.path.join(self.out, "kernels", "%s.%s.so.z" % (
                kernel.name, chip)), "wb") as file:
            file.write(zlib.compress(contents, 9))
        return None

    def compile_all(self, jobs):
        """[(kernel, chip, message)] of those that failed."""
        failed, done, start = [], 0, time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            running = {pool.submit(self.compile, *job): job for job in jobs}
            for future in concurrent.futures.as_completed(running):
                done += 1
                if future.result():
                    failed.append((*running[future], future.result()))
                if done % 50 == 0:
                    print("gpu-check: %d of %d compiled, %.0f s" % (
                        done, len(jobs), time.monotonic() - start), flush=True)
        return failed

    def default_schedules(self, kernels, chip):
        """{kernel name: schedule} of the compiler's choice."""
        path = os.path.join(self.work, "bases.mlir")
        with open(path, "w") as file:
            file.write("\n".join(program(kernel) for kernel in kernels))
        done = self.opt([path, "--attn-bufferize", "--attn-expand-score-ops",
                         "--attn-choose-schedule=chip=" + chip])
        if done.returncode:
            raise SystemExit("gpu-check: " + done.stderr)
        aliases = dict(re.findall(r"^(#\w+) = #tile\.schedule<(.*)>$", done.stdout, re.M))
        found = {}
        for function in re.split(r"func\.func ", done.stdout)[1:]:
            name = re.match(r"@(\w+)", function).group(1)
            text = re.search(r"tile\.schedule = (#\w+)(?:\.schedule<(.*?)>)?", function)
            found[name] = text.group(2) or aliases[text.group(1)]
        return found


def message_of(text):
    """The line that says what is wrong."""
    text = re.sub(r" #tile\.schedule<.*?>", "", text)
    lines = [line for line in text.splitlines() if "error" in line]
    return re.sub(r"^.*?error: ", "", lines[0])[:300] if lines else text.strip()[-300:]


def record_of(kernel):
    return {"name": kernel.name, "variant": kernel.variant, "d": kernel.d,
            "dv": kernel.dv, "element": kernel.element, "alignment": kernel.alignment,
            "tag": kernel.tag, "schedule": kernel.schedule}


def compile_alternatives(builder, kernels, chips):
    """(records of what compiled, records of what did not)."""
    names, made = {kernel.name for kernel in kernels}, []
    for chip in chips:
        bases = [k for k in sweep.base_kernels(chip) if k.name in names]
        defaults = builder.default_schedules(bases, chip)
        for base in bases:
            for kernel in sweep.alternatives(base, defaults[base.name], chip):
                made.append((base, kernel, chip))
    failed = builder.compile_all([(kernel, chip) for _, kernel, chip in made])
    messages = {(kernel.name, chip): text for kernel, chip, text in failed}
    good = [dict(record_of(kernel), base=base.name, chip=chip)
            for base, kernel, chip in made if (kernel.name, chip) not in messages]
    return good, [{"name": name, "chip": chip, "message": text}
                  for (name, chip), text in sorted(messages.items())]


def copy_files(builder):
    out, package = builder.out, os.path.join(builder.out, "gpu_check")
    os.makedirs(package)
    shutil.copy(builder.options.runtime, os.path.join(out, RUNTIME))
    shutil.copy(os.path.join(HERE, "run.py"), out)
    for name in sorted(os.listdir(HERE)):
        path = os.path.join(HERE, name)
        if name.endswith(".py") and name not in NOT_SHIPPED:
            shutil.copy(path, package)
        elif os.path.isdir(path) and name != "__pycache__":
            shutil.copytree(path, os.path.join(package, name),
                            ignore=shutil.ignore_patterns("__pycache__"))


def sizes(out):
    """{path: bytes} of all files, relative to the folder."""
    found = {}
    for folder, _, names in os.walk(out):
        for name in names:
            path = os.path.join(folder, name)
            if name != MANIFEST and "__pycache__" not in path:
                found[os.path.relpath(path, out)] = os.path.getsize(path)
    return found


def write_manifest(builder, fields):
    manifest = dict(fields, format=FORMAT, files=sizes(builder.out))
    with open(os.path.join(builder.out, MANIFEST), "w") as file:
        json.dump(manifest, file, indent=0)


# ===----------------------------------------------------------------------=== #
# What the simulator says
# ===----------------------------------------------------------------------=== #

class SimContext:
    """As worker.Context, for the build."""
    device = "sim"

    def __init__(self, out):
        self.folder, self.streams = Folder(out), {}

    def stream(self, chip, repeat=0):
        if chip not in self.streams:
            self.streams[chip] = self.folder.runtime.sim(chip)
        return self.streams[chip]

    def is_alive(self):
        return True


def simulate(out, names):
    """{name: array} for the cases of some kernels and both chips."""
    context, found = SimContext(out), {}
    for case in cases.agreement_cases(context.folder.kernels.values()):
        for chip in context.folder.manifest["chips"]:
            if agree.key_of(chip, case) in names:
                found.update(agree.record_expected(context, chip, case))
    return found


def write_agreement(builder, kernels, chips):
    chosen = [(case.work, agree.key_of(chip, case)) for chip in chips
              for case in cases.agreement_cases(kernels)]
    chosen.sort(reverse=True)
    jobs = builder.options.jobs
    shares = [{name for _, name in chosen[i::jobs * 4]} for i in range(jobs * 4)]
    found = {}
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for part in pool.map(simulate, [builder.out] * len(shares), shares):
            found.update(part)
    np.savez_compressed(os.path.join(builder.out, agree.FILE), **found)
    return len(chosen)


def git_commit():
    done = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty",
                           "--abbrev=12"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def parse_options(arguments):
    parser = argparse.ArgumentParser(prog="gpu-check", description=__doc__)
    parser.add_argument("--out", required=True, metavar="FOLDER")
    parser.add_argument("--attn-opt", required=True)
    parser.add_argument("--runtime", required=True, metavar="libattn_runtime.so")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--quick", action="store_true",
                        help="a few kernels, for run.py --quick only")
    return parser.parse_args(arguments)


def build(options):
    """Into a folder beside the result, which is replaced when all is there."""
    start = time.monotonic()
    final = os.path.abspath(options.out)
    options.out = final + ".new"
    shutil.rmtree(options.out, ignore_errors=True)
    os.makedirs(os.path.join(options.out, "kernels"))
    builder = Builder(options)
    kernels = cases.quick_kernels() if options.quick else cases.all_kernels()
    failed = builder.compile_all([(k, chip) for k in kernels for chip in cases.CHIPS])
    for kernel, chip, message in failed:
        print("gpu-check: %s for %s does not compile: %s" % (kernel.name, chip, message),
              file=sys.stderr)
    if failed:
        return 1
    alternatives, refused = ([], []) if options.quick else \
        compile_alternatives(builder, kernels, cases.CHIPS)
    copy_files(builder)
    fields = {
        "commit": git_commit(), "chips": cases.CHIPS, "quick": options.quick,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine_code": builder.machine_code, "not_compiled": refused,
        "kernels": [record_of(kernel) for kernel in kernels],
        "alternatives": alternatives}
    write_manifest(builder, fields)  # what the simulator part reads
    expected = write_agreement(builder, kernels, cases.CHIPS)
    write_manifest(builder, fields)
    shutil.rmtree(builder.work)
    shutil.rmtree(final, ignore_errors=True)
    os.rename(options.out, final)
    total = sum(sizes(final).values())
    print("gpu-check: %d kernels, %d other schedules (%d are not compiled), %d results of "
          "the simulator, %.1f MB, %.0f s\ngpu-check: now python3 %s/run.py"
          % (len(kernels), len(alternatives), len(refused), expected, total / 1e6,
             time.monotonic() - start, final))
    return 0
