# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Other schedules than the table's, and what each technique is worth.

They are compiled when the folder is built; what the compiler refuses is listed with its
message. Each is timed beside the default in turn, on the problem of its base, and its
output has to be that of the default.
"""
import json
import re

from . import rows as table
from .cases import Kernel

# The problems of the grid on which a base is timed.
BASES = [("plain", 128, 128, 8192), ("causal", 128, 128, 8192), ("plain", 64, 64, 8192),
         ("causal", 64, 64, 8192), ("plain", 256, 256, 8192), ("causal", 256, 256, 8192),
         ("causal_window", 64, 64, 8192), ("causal", 192, 128, 8192)]
AMPERE_BASES = BASES[:6]
DEFAULTS = {"order": "source", "weights": "registers", "overlap": "false",
            "ping_pong": "false", "rescale": "after", "threshold": "0",
            "persistent": "false", "longest_first": "false", "cluster": "1"}
OTHER = {"true": "false", "false": "true", "registers": "shared", "shared": "registers",
         "after": "before", "before": "after", "source": "pressure", "pressure": "source"}


def base_kernels(chip):
    bases = BASES if chip == "sm_90a" else AMPERE_BASES
    return [Kernel(variant, d, dv, "bf16") for variant, d, dv, _ in bases]


def parse(text):
    """`m = 128, n = 64, ...` as a dictionary of texts."""
    return dict(re.findall(r"(\w+) = ([\w]+)", text))


def edits(schedule, chip):
    """{tag: changed fields}, one technique at a time."""
    def value(name):
        return schedule.get(name, DEFAULTS.get(name))
    n, stages = int(schedule["n"]), int(schedule["stages"])
    step = 16 if chip == "sm_90a" else 32
    changes = {"n%d" % other: {"n": str(other)} for other in (
        n - 2 * step, n - step, n + step, n + 2 * step) if other > 0}
    changes.update({"stages%d" % other: {"stages": str(other)}
                    for other in (stages - 1, stages + 1) if other > 0})
    toggled = ["order"]
    if chip == "sm_90a":
        toggled += ["overlap", "ping_pong", "persistent", "longest_first", "rescale",
                    "weights"]
        changes["cluster2"] = {"cluster": "2"}
        changes["threshold8"] = {"threshold": "8"}
        less = n // 32 * 16
        changes["n%d_stages%d" % (less, stages + 1)] = {
            "n": str(less), "stages": str(stages + 1)}
    for name in toggled:
        other = OTHER[value(name)]
        changes["%s_%s" % (name, {"true": "on", "false": "off"}.get(other, other))] = {
            name: other}
    if "overlap_off" in changes:  # these need it
        changes["overlap_off"].update(ping_pong="false", rescale="after")
    return changes


def alternatives(kernel, default, chip):
    """Kernels with other schedules."""
    schedule = parse(default)
    return [Kernel(kernel.variant, kernel.d, kernel.dv, kernel.element,
                   tag=chip.replace("_", "") + "_" + tag,
                   schedule=", ".join("%s = %s" % item for item in
                                      {**schedule, **change}.items()))
            for tag, change in edits(schedule, chip).items()]


def row_of(base):
    for variant, d, dv, s in BASES:
        if (variant, d, dv) == (base.variant, base.d, base.dv):
            return table.Row("sweep", variant, d, dv, "bf16", 16384 // s, max(
                1, 2048 // d), max(1, 2048 // d), s)
    raise KeyError(base.name)


class Sweep:
    def __init__(self, context):
        from .bench import Bench
        self.context, self.bench = context, Bench(context)
        self.base = None

    def prepare(self, chip, name):
        """The tensors and the default kernel of a base; kept for its alternatives."""
        if self.base == (chip, name):
            return
        from . import bench
        torch = self.bench.torch
        self.base = self.default = None
        torch.cuda.empty_cache()
        self.row = row_of(self.context.folder.kernels[name])
        self.tensors = bench.make_tensors(torch, self.row, "cuda",
                                          self.bench.sets(self.row), 1)
        self.values, self.captures = bench.make_captures(torch, self.row, "cuda", 1)
        self.default = self.make(name, chip)
        self.expected = self.default.output().float().clone()
        self.base = chip, name

    def make(self, name, chip):
        from .bench import Ours
        return Ours(self.bench.torch, self.bench.stream, self.context.folder.entry(
            name, chip), self.row, self.tensors, self.values, self.captures)

    def run(self, one):
        from .bench import AGREE, difference, measure_all
        from .check import explain
        from .runtime import RuntimeFailure
        record = {name: one[name] for name in ("base", "chip", "tag", "schedule")}
        record["case"] = "%s %s" % (one["chip"], one["name"])
        try:
            self.prepare(one["chip"], one["base"])
            other = self.make(one["name"], one["chip"])
            off = difference(other.output(), self.expected)
        except RuntimeFailure as failure:
            return dict(record, ok=False, problem=explain(failure, self.context))
        times = measure_all(self.bench.clock, {"default": self.default.calls,
                                               "other": other.calls})
        ratio = times["default"]["seconds"] / times["other"]["seconds"]
        right = off <= AGREE
        flops = self.row.flops(self.values)
        record.update(
            ok=right, times=times, ratio=ratio, row=self.row.name,
            tflops=flops / times["other"]["seconds"] * 1e-12,
            default_tflops=flops / times["default"]["seconds"] * 1e-12,
            problem=None if right else "its output differs from the default's by %.3g"
            % off,
            line="  %s: %.3f x the default" % (record["case"], ratio))
        return record


def losing(results):
    """Kernels that some row of the benchmarks shows behind another implementation."""
    try:
        with open(results) as file:
            parts = json.load(file)["parts"]
    except (OSError, TypeError, ValueError, KeyError):
        return set()
    return {record["kernel"] for part in ("benchmark-core", "benchmark")
            for record in parts.get(part, {}).get("records", [])
            if any(ratio < 1 for ratio in record.get("ratio", {}).values())}


def tasks(context, _part):
    from .bench import torch_is_there
    if not torch_is_there(context):
        return []
    shared, behind = [], losing(context.results)

    def sweep():
        if not shared:
            shared.append(Sweep(context))
        return shared[0]
    newest = context.chips[-1]
    chosen = [one for one in context.folder.alternatives if one["chip"] in context.chips]
    order = [(kernel.variant, kernel.d) for kernel in base_kernels("sm_90a")]
    chosen.sort(key=lambda one: (one["chip"] != newest, one["base"] not in behind,
                                 order.index((one["variant"], one["d"]))))
    return [("%s %s" % (one["chip"], one["name"]), lambda one=one: sweep().run(one))
            for one in chosen]
