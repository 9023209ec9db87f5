# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs probes: in this process on the simulator, in processes of their own on a GPU.

A fault kills the CUDA context of its process, and a hang the process. So probes of a
GPU run in a worker that prints each record as it has it; when it dies, or is silent for
too long, the probe that it was at gets the blame and another worker goes on.
"""
import json
import os
import select
import subprocess
import sys
import time

from ..runtime import RuntimeFailure
from .core import MAY_FAULT, MAY_HANG, PROBES, SAFE, Bench, plain

#: Seconds that a worker may need for one probe, with the start of its CUDA context.
PATIENCE = 15.0


def record_of(probe, observed=None, agrees=None, seconds=0.0, note="", skipped=None):
    record = {"name": probe.name, "question": probe.question, "assumed": probe.assumed,
              "observed": plain(observed), "agrees": agrees, "seconds": round(seconds, 3),
              "note": note}
    if skipped:
        record["skipped"] = skipped
    return record


def run_one(probe, stream_factory):
    """One record. A second value says that the device cannot be used any more."""
    start = time.time()
    try:
        with stream_factory() as stream:
            is_sim = stream.device == "simulator"
            if is_sim and probe.sim_skip:
                return record_of(probe, skipped=probe.sim_skip), False
            if stream.chip not in probe.chips:
                return record_of(probe, skipped="needs %s, this is %s" % (
                    " or ".join(probe.chips), stream.chip)), False
            answer = probe.run(Bench(stream))
    except RuntimeFailure as failure:
        text = "%s: %s" % (failure.code, failure)
        broken = failure.code in ("LAUNCH_FAILED", "DEVICE_ERROR")
        return record_of(probe, "failed, " + text, False, time.time() - start), broken
    return record_of(probe, answer.observed, answer.agrees, time.time() - start,
                     answer.note), False


def chosen(names):
    """The probes by rising risk; all of them when there are no names."""
    unknown = [name for name in names or [] if name not in PROBES]
    if unknown:
        raise ValueError("no probe has the name %s" % ", ".join(unknown))
    probes = [PROBES[name] for name in dict.fromkeys(names or PROBES)]
    return sorted(probes, key=lambda p: p.risk)


#===-- workers ----------------------------------------------------------------===#

class Worker:
    """`python3 -m gpu_check.probes --worker NAMES`: a line of JSON for each record, which
    also says whether the worker has lost its device and ends."""

    def __init__(self, probes, options):
        package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
        path = [package, os.environ.get("PYTHONPATH", "")]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, path)))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gpu_check.probes", "--worker"] + options +
            ["--"] + [p.name for p in probes],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        self.rest = b""

    def line(self, seconds):
        """The next line, "" when the worker has ended, None when it is silent."""
        end = time.time() + seconds
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(end - time.time(), 0))
            if not ready:
                return None
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return ""
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def end(self):
        """Stops it; gives what it said last."""
        self.process.kill()
        _, errors = self.process.communicate()
        lines = errors.decode(errors="replace").strip().split("\n")
        return lines[-1]


def blame(probe, worker, line, seconds, deadline):
    """The record of the probe that a worker was at when it ended, or was silent."""
    said = worker.end()
    if line is not None:
        return record_of(probe, "failed, the process ended with status %s: %s" % (
            worker.process.returncode, said), False)
    if deadline is not None and time.time() >= deadline:
        return record_of(probe, skipped="the time is up")
    return record_of(probe, "failed, no answer within %.0f s" % seconds, False)


def run_in_worker(probes, options, patience, deadline, emit):
    """Records for the first of the probes; gives those that are left."""
    worker = Worker(probes, options)
    rest = list(probes)
    try:
        while rest:
            seconds = patience
            if deadline is not None:
                seconds = min(seconds, max(deadline - time.time(), 0.1))
            line = worker.line(seconds)
            if line:
                said = json.loads(line)
                emit(said["record"])
                rest.pop(0)
                if said["lost"]:
                    break
                continue
            emit(blame(rest.pop(0), worker, line, seconds, deadline))
            break
    finally:
        worker.end()
    return rest


def run_isolated(probes, options, patience, deadline, emit):
    # After a fault the device is lost to the process; a hang costs one probe.
    batches = [[p for p in probes if p.risk == risk] for risk in (SAFE, MAY_HANG)]
    batches += [[p] for p in probes if p.risk == MAY_FAULT]
    for batch in batches:
        while batch:
            if deadline is not None and time.time() > deadline:
                for late in batch:
                    emit(record_of(late, skipped="the time is up"))
                break
            batch = run_in_worker(batch, options, patience, deadline, emit)


def run_probes(stream_factory, names=None, deadline=None, report=print, isolate=None,
               extra=(), patience=PATIENCE):
    """A list of records, one for each probe of that name, or all of them.

    stream_factory() gives a new Stream. deadline: seconds from now on; later probes are
    skipped. report takes lines of text. isolate: in processes of their own; None: on a
    GPU only. extra: files with further probes, for the processes.
    """
    probes, records = chosen(names), []
    end = None if deadline is None else time.time() + deadline

    def emit(record):
        records.append(record)
        report(describe(record))

    with stream_factory() as stream:
        is_sim = stream.device == "simulator"
        library = stream.lib._name
        if isolate is None:
            isolate = not is_sim
        options = ["--device=" + ("sim" if is_sim else "cuda"), "--library=" + library]
        options += ["--extra=" + path for path in extra]
    if isolate:
        run_isolated(probes, options, patience, end, emit)
        return records
    for probe in probes:
        if end is not None and time.time() > end:
            emit(record_of(probe, skipped="the time is up"))
        else:
            emit(run_one(probe, stream_factory)[0])
    return records


def work(probes, stream_factory, out):
    """What a worker does: records as lines; stops when the device is lost."""
    with stream_factory():  # keeps the context
        for probe in probes:
            record, broken = run_one(probe, stream_factory)
            lost = broken or probe.risk == MAY_FAULT
            out.write(json.dumps({"record": record, "lost": lost}) + "\n")
            out.flush()
            if lost:
                os._exit(0)  # nothing of a lost device is to be freed


#===-- text -------------------------------------------------------------------===#

#: Characters of an observation in the table; the JSON has all.
WIDTH = 600


def state(record):
    if record.get("skipped"):
        return "skipped"
    return {True: "agrees", False: "DISAGREES", None: "figure"}[record["agrees"]]


def describe(record):
    text = record.get("skipped") or record["observed"]
    if not isinstance(text, str):
        text = json.dumps(text)
    text = " ".join(text.split())
    if len(text) > WIDTH:
        text = text[:WIDTH] + " ..."
    return "%-9s %-28s %s" % (state(record), record["name"], text)


def summary(records):
    states = [state(record) for record in records]
    return "probes: %d agree, %d disagree, %d figures, %d skipped, %.1f s" % (
        states.count("agrees"), states.count("DISAGREES"), states.count("figure"),
        states.count("skipped"), sum(record["seconds"] for record in records))
