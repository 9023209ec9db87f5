# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Correctness: every case against float64, by the rules of docs/Spec.md.

The largest error of out is at most twice (three times with softcap) that of an unfused
program that stores what it computes in the kernel's type; lse has a bound of its own.
NaN and Inf are where they should be, nothing is left unwritten, nothing beside the
outputs is written, and repeated runs agree to the bit.
"""
import time

import numpy as np

from .buffers import Problem
from .inputs import Draw, from_element, to_element
from .reference import Attention
from .runtime import RuntimeFailure

OUT_SLACK = 1e-5
LSE_BOUND = 1e-4


def make_inputs(case, seed):
    """The arguments of a case by name, in the types of the kernel."""
    kernel, draw = case.kernel, Draw(seed, case.name)
    shapes = {"query": (case.b, case.hq, case.sq, kernel.d),
              "key": (case.b, case.hkv, case.sk, kernel.d),
              "value": (case.b, case.hkv, case.sk, kernel.dv)}
    inputs = {name: draw.normal(name, shape, kernel.element, case.scale)
              for name, shape in shapes.items()}
    inputs.update(kernel.what.captures(case, draw))
    return inputs


def poisoned(case, inputs, used):
    """Copies of key and value with NaN and Inf where no row keeps the key: in values
    only behind the last one that some row keeps, and only where the mask says so by
    comparisons, as the contract has it."""
    element = case.kernel.element
    bad = to_element(np.array([np.nan, np.inf, -np.inf], np.float32), element)
    key, value = inputs["key"].copy(), inputs["value"].copy()
    spoiled = np.zeros(used.shape, bool)
    for b, h in np.ndindex(*used.shape[:2]):
        unused = np.flatnonzero(~used[b, h])
        key[b, h, unused] = bad[unused % 3, None]
        kept = np.flatnonzero(used[b, h])
        # All rows of a block share tiles, and other batches do not.
        tail = unused[unused > (kept[-1] if kept.size else -1)]
        if case.kernel.what.linear:
            value[b, h, tail] = bad[(tail + 1) % 3, None]
        spoiled[b, h, unused] = True
    return dict(inputs, key=key, value=value), int(spoiled.sum())


# ===----------------------------------------------------------------------=== #
# The verdict
# ===----------------------------------------------------------------------=== #

def deviation(x, got, truth):
    """(largest difference of finite numbers, how many others do not match)."""
    finite = x.isfinite(got) & x.isfinite(truth)
    with np.errstate(invalid="ignore"):
        error = x.where(finite, x.absolute(got - truth), 0.0)
    same = (got == truth) | (x.isnan(got) & x.isnan(truth)) | finite
    return x.largest(error), x.count(~same)


def lse_bound(x, truth, d):
    """1e-4, and for scores in the thousands some units in the last place: float32
    rounds at the magnitude of the largest scores."""
    finite = x.where(x.isfinite(truth), x.absolute(truth), 0.0)
    return LSE_BOUND + (4 + d / 16) * float(np.spacing(np.float32(x.largest(finite))))


class Truth:
    """What a case should give, and by how much a result may miss it."""

    def __init__(self, arrays, case, inputs):
        self.x, self.element = arrays, case.kernel.element
        self.attention = Attention(arrays, case, inputs)
        self.out, self.lse = self.attention.compute(wide=True)
        same, _ = self.attention.compute(wide=False)
        same = same if arrays.name == "NumPy" else same.to(self.out.dtype)
        self.same_error, _ = deviation(arrays, same, self.out)
        bounds = {"out": case.kernel.what.out_factor * self.same_error + OUT_SLACK,
                  "lse": lse_bound(arrays, self.lse, case.kernel.d)}
        self.bounds = {name: float("%.5g" % bound) for name, bound in bounds.items()}

    def judge(self, outputs):
        """{"out": {"error", "bound", "mismatches"}, "lse": ...}"""
        result = {}
        for name, element, truth in (("out", self.element, self.out),
                                     ("lse", "f32", self.lse)):
            got = self.x.real(outputs[name], element, True)
            error, mismatches = deviation(self.x, got, truth)
            result[name] = {"error": float("%.5g" % error), "bound": self.bounds[name],
                            "mismatches": mismatches}
        return result


def problem_of(result):
    """What is wrong with a judged result, or None."""
    texts = []
    for name, one in result.items():
        if one["error"] > one["bound"]:
            texts.append("%s is off by %.3g, allowed %.3g" % (
                name, one["error"], one["bound"]))
        if one["mismatches"]:
            texts.append("%s has %d mismatches of NaN or Inf (a NaN may be an element "
                         "that was not written)" % (name, one["mismatches"]))
    return "; ".join(texts) or None


# ===----------------------------------------------------------------------=== #
# Running a case
# ===----------------------------------------------------------------------=== #

class NotForThisDevice(Exception):
    """The kernel cannot run here, which is no fault of it."""


class DeviceLost(Exception):
    """The device does not answer any more; the process has to end."""


def explain(failure, context):
    """Raises what a failed call means, or returns its message."""
    text = str(failure)
    if failure.code == "NO_VARIANT" or "bytes of dynamic shared memory" in text:
        raise NotForThisDevice(text)
    if failure.code == "OUT_OF_MEMORY":
        raise NotForThisDevice("out of memory: " + text)
    if not context.is_alive():
        raise DeviceLost(text)
    return text


def bytes_differ(first, second):
    return sum(int((first[name].view(np.uint8) != second[name].view(np.uint8)).sum())
               for name in first)


def run_repeatedly(context, chip, case, inputs):
    """(outputs of the first run, [problems])."""
    entry = context.folder.entry(case.kernel.name, chip)
    first, problems, repeats = None, [], max(1, case.repeats)
    if context.device == "sim":
        repeats = min(repeats, 2)
    problem = None
    try:
        for repeat in range(repeats):
            if problem is None or context.device == "sim":
                # On the simulator another order of warps and copies each time.
                if problem:
                    problem.release()
                problem = Problem(context.stream(chip, repeat), entry, case, inputs)
            outputs, changed = problem.outputs_of_run()
            if changed:
                problems.append("run %d changed %d bytes beside the outputs"
                                % (repeat + 1, changed))
            if first is None:
                first = outputs
            elif bytes_differ(first, outputs):
                problems.append("run %d differs from the first in %d bytes"
                                % (repeat + 1, bytes_differ(first, outputs)))
            if problems:
                break
    finally:
        if problem and context.is_alive():
            problem.release()
    return first, problems


def run_case(context, chip, case):
    """One record."""
    start = time.monotonic()
    record = {"case": case.name, "kernel": case.kernel.name, "chip": chip}
    inputs = make_inputs(case, context.seed)
    truth = Truth(context.arrays, case, inputs)
    used = truth.attention.used_keys()
    device_inputs, spoiled = poisoned(case, inputs, used)
    record["poisoned_keys"] = spoiled
    try:
        outputs, problems = run_repeatedly(context, chip, case, device_inputs)
        record.update(truth.judge(outputs))
        wrong = problem_of({name: record[name] for name in ("out", "lse")})
        problems = ([wrong] if wrong else []) + problems
    except RuntimeFailure as failure:
        problems = [explain(failure, context)]
    record["ok"] = not problems
    if problems:
        record["problem"] = "; ".join(problems)
    record["seconds"] = round(time.monotonic() - start, 4)
    return record


def tasks(context, part):
    """(id, function) of a part; the order is that of importance."""
    from . import cases as table
    kernels = list(context.folder.kernels.values())
    if context.quick:
        chosen = table.quick_cases(context.quick_kernels())
    else:
        whole = [table.cases_of(kernel) for kernel in kernels]
        core = part == "correctness-core"
        chosen = table.interleave([[c for c in some if c.core == core] for some in whole])
    if context.arrays.name == "NumPy" and not context.quick:
        # Its references of large problems take seconds each: they come last.
        chosen = sorted(chosen, key=lambda case: case.work > 1 << 30)
    pairs = [(chip, case) for case in chosen for chip in reversed(context.chips)]
    if part == "correctness-core":
        # The newest code first: the driver has to assemble what is for older chips.
        pairs.sort(key=lambda pair: -context.chips.index(pair[0]))
    return [("%s %s" % (chip, case.name),
             lambda chip=chip, case=case: run_case(context, chip, case))
            for chip, case in pairs]


def ulps(got, expected, element):
    """Distance in representable numbers of a type, where neither is NaN."""
    bits = {"f32": np.int32}.get(element, np.int16)
    lowest = np.int64(np.iinfo(bits).min)

    def ordered(values):
        raw = np.ascontiguousarray(values).view(bits).astype(np.int64)
        return np.where(raw < 0, lowest - raw, raw)
    valid = ~(np.isnan(from_element(got, element)) | np.isnan(from_element(
        expected, element)))
    return np.where(valid, np.abs(ordered(got) - ordered(expected)), 0)
