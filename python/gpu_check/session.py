# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One run of the check: which parts, in which order, how long, and what is kept."""
import datetime
import json
import os
import sys
import time

from . import report
from .folder import Folder
from .supervise import GRACE, Part, Stopped, raise_on_signals

# Part, the share of the budget it may use, and the seconds without an answer after
# which it is taken for hung, on a GPU and on the simulator. In the order of
# importance: time that a part leaves goes to those behind it.
ORDER = [("correctness-core", 0.22, 45, 400), ("probes", 0.12, 45, 400),
         ("agreement", 0.10, 30, 400), ("benchmark-core", 0.35, 60, 1),
         ("correctness", 0.40, 30, 400), ("benchmark", 0.70, 120, 1),
         ("sweep", 1.00, 30, 1)]
GROUP = {"correctness-core": "correctness", "benchmark-core": "benchmark"}


def group_of(part):
    return GROUP.get(part, part)


def plan(options):
    """The parts of this run, and [(part, why it is left out)]."""
    order, left_out = list(ORDER), []
    if options.sweep:
        sweep = order.pop()
        order.insert(3, sweep[:1] + (0.4,) + sweep[2:])
    if options.quick:
        order = [row for row in order if row[0] in (
            "correctness-core", "probes", "agreement")]
    if options.only:
        order = [row for row in order if group_of(row[0]) in options.only]
        if len({group_of(row[0]) for row in order}) == 1:
            order = [row[:1] + (1.0,) + row[2:] for row in order]
    if options.device == "sim":
        timed = [row for row in order if group_of(row[0]) in ("benchmark", "sweep")]
        left_out += [(row[0], "a simulator has no time to measure") for row in timed]
        order = [row for row in order if row not in timed]
    return order, left_out


class Session:
    """The results, on disk at every moment."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.start = time.monotonic()
        self.written = 0
        os.makedirs(options.out, exist_ok=True)
        self.path = os.path.join(options.out, "results.json")
        now = datetime.datetime.now(datetime.timezone.utc)
        self.results = {
            "format": 1, "date": now.strftime("%Y-%m-%d %H:%M UTC"),
            "arguments": sys.argv[1:], "device": options.device,
            "seed": options.seed, "budget": options.budget, "facts": {},
            "build": {name: folder.manifest[name] for name in (
                "commit", "date", "chips", "machine_code", "quick")},
            "not_compiled": folder.manifest["not_compiled"], "parts": {}, "state": "running"}
        self.save()

    def save(self, always=True):
        if not always and time.monotonic() - self.written < 2:
            return
        with open(self.path + ".new", "w") as file:
            json.dump(self.results, file, indent=None, separators=(",", ":"))
        os.replace(self.path + ".new", self.path)
        self.written = time.monotonic()

    def left(self):
        reserve = GRACE if self.options.budget >= 60 else 0
        return self.options.budget - reserve - (time.monotonic() - self.start)

    # What Part tells.

    def record(self, part, record):
        records = part.result["records"]
        if record.get("ok") is False:
            print("FAIL %s %s: %s" % (part.name, report.name_of(record),
                                      shortened(record.get("problem"))), flush=True)
            print("  again: python3 run.py --only=%s --device=%s --seed=%d --case=%r" % (
                group_of(part.name), self.options.device, self.options.seed,
                record["case"]), flush=True)
        elif record.get("line"):
            print(record["line"], flush=True)
        elif len(records) % 200 == 0:
            print("  %d of %d" % (len(records), part.result["planned"]), flush=True)
        self.save(always=False)

    def note(self, _part, text):
        print("  note: " + text, flush=True)

    def run_part(self, name, share, command, patience):
        seconds = min(self.left(), share * self.options.budget)
        part = Part(name, command, self.options.out, self, patience)
        self.results["parts"][name] = part.result
        if seconds <= 0:
            part.result.update(state="trimmed", reason="no time was left", seconds=0)
            return part
        print("%s: up to %.0f s" % (name, seconds), flush=True)
        try:
            part.run(seconds)
        finally:
            merge_facts(self.results["facts"], part.facts)
            print("%s: %s" % (name, report.summary_of(part.result)), flush=True)
            self.save()
        return part

    def finish(self, state):
        self.results["state"] = state
        self.results["seconds"] = round(time.monotonic() - self.start, 1)
        self.save()
        report.rerender(self.path, quiet=True)
        print("%s and results.md: %s" % (self.path, report.verdict(self.results)[1]),
              flush=True)


def shortened(text, length=400):
    text = " ".join(str(text).split())
    return text if len(text) <= length else text[:length] + " ..."


def merge_facts(facts, new):
    """Counts of images add up, everything else is as it was said last."""
    images = facts.get("images", {})
    for text, count in new.get("images", {}).items():
        images[text] = images.get(text, 0) + count
    facts.update(new)
    if images:
        facts["images"] = images


def worker_command(options, base):
    command = base + ["--device=" + options.device, "--seed=%d" % options.seed,
                      "--folder=" + options.folder, "--out=" + options.out,
                      "--results=" + os.path.join(options.out, "results.json"),
                      "--case=" + options.case]
    return command + (["--quick"] if options.quick else [])


def run(options, base):
    folder = Folder(options.folder)
    options.out = os.path.abspath(options.out)
    order, left_out = plan(options)
    session = Session(options, folder)
    command = worker_command(options, base)
    raise_on_signals()
    try:
        if options.budget:
            part = Part("facts", command, options.out, session, 120)
            part.run(min(120, options.budget))
            session.results["facts"].update(part.facts)
            if part.result["state"] not in ("complete", "skipped"):
                return cannot_run(session, part.result)
            print("%(device)s (%(chip)s), PyTorch %(torch)s" % part.facts, flush=True)
        for name, reason in left_out:
            session.results["parts"][name] = {
                "state": "skipped", "reason": reason, "records": [], "planned": 0}
        for name, share, *patience in order:
            session.run_part(name, share, command, patience[options.device == "sim"])
    except Stopped as stopped:
        session.finish("stopped by %s" % stopped)
        return 128 + stopped.number
    session.finish("complete")
    return report.verdict(session.results)[0]


def cannot_run(session, result):
    reason = result.get("reason", "no answer from the device")
    if "CUDA" in reason or "libcuda" in reason or "GPU" in reason:
        reason += "; --device=sim runs the same kernels in the simulator"
    session.results["reason"] = reason
    session.finish("could not run")
    print("run.py: " + reason, file=sys.stderr)
    return 2


def list_tasks(options):
    """What would run, without a device."""
    from . import agree, bench, check, probing, sweep

    class Listing:
        folder, device, quick = Folder(options.folder), options.device, options.quick
        seed, results, arrays = options.seed, None, type("", (), {"name": ""})
        chips = folder.manifest["chips"]

        def quick_kernels(self):
            from .cases import quick_kernels
            return [k for k in quick_kernels() if k.name in self.folder.kernels]

        def emit(self, message):
            pass

    modules = {"correctness-core": check, "correctness": check, "agreement": agree,
               "benchmark-core": bench, "benchmark": bench, "sweep": sweep,
               "probes": probing}
    for name, *_ in plan(options)[0]:
        if name in modules:
            for task, _ in modules[name].tasks(Listing(), name):
                if options.case in task:
                    print(name, task)
    return 0
