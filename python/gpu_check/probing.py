# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the probes of single instructions (probes/), a few at a time."""
import time

WITHOUT_CHIPS = True  # probes bring their own code
AT_A_TIME = 8         # a process each, so that what they found is kept


def tasks(context, _part):
    try:
        from .probes import PROBES, run_probes
    except ImportError as error:
        context.emit({"note": "no probes in this folder: %s" % error})
        return []
    ordered = sorted(PROBES.values(), key=lambda probe: probe.risk)
    if context.quick:
        # What neither may fault nor needs hardware.
        ordered = [p for p in ordered if p.risk == 0 and not p.sim_skip][::3]
    names = [probe.name for probe in ordered]
    groups = [names[i:i + AT_A_TIME] for i in range(0, len(names), AT_A_TIME)]
    return [("probes " + ", ".join(group),
             lambda group=group: run_group(context, run_probes, group))
            for group in groups]


def run_group(context, run_probes, names):
    """Sends a record for each probe."""
    def factory():
        runtime = context.folder.runtime
        return runtime.cuda() if context.device == "cuda" else runtime.sim("sm_90a")
    records = run_probes(factory, names, deadline=context.deadline - time.monotonic(),
                         report=lambda text: context.emit({"alive": True}))
    for record in records:
        context.emit({"record": judged(record)})


def judged(record):
    """A probe without a verdict is a figure: neither right nor wrong."""
    record = dict(record, case=record["name"])
    if not record.get("skipped"):
        record.pop("skipped", None)
        record["ok"] = record["agrees"]
        if record["ok"] is False:
            record["problem"] = "assumed %s; observed %s" % (
                record["assumed"], record["observed"])
    return record
