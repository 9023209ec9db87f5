# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Agreement: what the simulator computed when the folder was built, and the device now.

The hardware's exponential differs from the simulator's in the last place, so equality to
the bit is reported and not asked for. What is asked for: each element of out is within
4 units in the last place of its type plus the bound of the case against float64
(check.py) of the simulator's; lse within twice its bound.
"""
import time
import zlib

import numpy as np

from . import cases as table
from .check import Truth, bytes_differ, explain, make_inputs, run_repeatedly, ulps
from .inputs import from_element
from .reference import NumpyArrays
from .runtime import RuntimeFailure

FILE = "agreement.npz"
SEED = 20  # of the inputs, at both ends
ULPS = 4


def key_of(chip, case):
    return "%s %s" % (chip, case.name)


def fingerprint(inputs):
    """Whether the inputs are those of the machine that built the folder."""
    crc = 0
    for name in sorted(inputs):
        crc = zlib.crc32(np.ascontiguousarray(inputs[name]).tobytes(), crc)
    return crc


def record_expected(context, chip, case):
    """For the build: {name: array} of one case on the simulator."""
    inputs = make_inputs(case, SEED)
    outputs, problems = run_repeatedly(context, chip, case, inputs)
    bounds = Truth(NumpyArrays(), case, inputs).bounds
    if problems:
        raise RuntimeError("%s: %s" % (key_of(chip, case), "; ".join(problems)))
    key = key_of(chip, case)
    return {key + " out": outputs["out"], key + " lse": outputs["lse"],
            key + " bounds": np.array([bounds["out"], bounds["lse"]]),
            key + " inputs": np.array([fingerprint(inputs)], np.uint32)}


def compare(case, outputs, expected, bounds):
    """Fields of a record."""
    element = case.kernel.element
    got, should = (from_element(o["out"], element).astype(np.float64)
                   for o in (outputs, expected))
    lse, lse_should = (o["lse"].astype(np.float64) for o in (outputs, expected))
    eps = {"bf16": 2.0 ** -8, "f16": 2.0 ** -11}[element]
    ulp = np.maximum(np.abs(should), 2.0 ** -14) * 2 * eps
    with np.errstate(invalid="ignore"):
        off = np.abs(got - should) > ULPS * ulp + bounds[0]
        lse_off = np.abs(lse - lse_should) > 2 * bounds[1]
    lse_off &= ~(lse == lse_should)
    nan = (np.isnan(got) != np.isnan(should)).sum() + \
        (np.isfinite(lse) != np.isfinite(lse_should)).sum()
    distance = ulps(outputs["out"], expected["out"], element)
    differences = int(off.sum() + lse_off.sum() + nan)
    return {"ok": differences == 0, "max_ulps": int(distance.max(initial=0)),
            "max_error": float(np.nanmax(np.abs(got - should), initial=0)),
            "lse_max_ulps": int(ulps(outputs["lse"], expected["lse"], "f32").max(initial=0)),
            "equal_elements": float((distance == 0).mean()) if distance.size else 1.0,
            "bit_equal": bytes_differ(outputs, expected) == 0,
            "problem": "%d elements are further from the simulator's than allowed"
                       % differences if differences else None}


def run_case(context, chip, case, stored):
    start, key = time.monotonic(), key_of(chip, case)
    record = {"case": case.name, "kernel": case.kernel.name, "chip": chip, "ok": False}
    inputs = make_inputs(case, SEED)
    if fingerprint(inputs) != int(stored[key + " inputs"][0]):
        record["problem"] = "the inputs made here are not those of the build; expected " \
            "the same from every NumPy: please report its version"
        return record
    try:
        outputs, problems = run_repeatedly(context, chip, case, inputs)
        expected = {name: stored["%s %s" % (key, name)] for name in ("out", "lse")}
        record.update(compare(case, outputs, expected, stored[key + " bounds"]))
        if problems:
            record.update(ok=False, problem="; ".join(problems))
    except RuntimeFailure as failure:
        record["problem"] = explain(failure, context)
    record["seconds"] = round(time.monotonic() - start, 4)
    return record


def tasks(context, _part):
    stored = np.load(context.folder.path + "/" + FILE)
    known = set(stored.files)
    kernels = list(context.folder.kernels.values())
    chosen = table.agreement_cases(kernels)
    if context.quick:
        names = {kernel.name for kernel in context.quick_kernels()}
        chosen = [case for case in chosen if case.kernel.name in names]
    return [(key_of(chip, case),
             lambda chip=chip, case=case: run_case(context, chip, case, stored))
            for case in chosen for chip in context.chips
            if key_of(chip, case) + " out" in known]
