# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmarks' code on CPU tensors: every competitor that runs there computes what
the reference does, both references agree, and rows become records and Markdown.

Usage: cpu_benchmarks.py SOURCE-FOLDER OUT-FOLDER
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(sys.argv[1], "python"))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from gpu_check import bench, check, competitors, report  # noqa: E402
from gpu_check.cases import Case, Kernel  # noqa: E402
from gpu_check.reference import Attention, NumpyArrays, TorchArrays  # noqa: E402
from gpu_check.rows import Row  # noqa: E402
from gpu_check.timing import WallClock  # noqa: E402
from gpu_check.variants import ALL  # noqa: E402

VARIANTS = ["plain", "causal", "causal_window", "alibi_causal", "softcap_causal",
            "documents_causal"]
ROWS = [Row("variants", variant, 64, 64, "bf16", 2, 4, 2, 160, left=50, cap=2.0)
        for variant in VARIANTS]


class CpuBench(bench.Bench):
    """The rows on a CPU; FlexAttention or SDPA takes the place of our kernel."""
    device, timing = "cpu", {"rounds": 2, "least": 1e-3, "warm_up": 0.0}

    def __init__(self, damage=0.0):
        self.torch, self.competitors, self.clock = torch, competitors, WallClock()
        self.kinds = competitors.ON_CPU
        self.context = type("Context", (), {"seed": 1})
        self.cache, self.memory, self.damage = 1 << 16, 1 << 30, damage

    def ours(self, row, tensors, values, captures, failed):
        made, reason = competitors.make(competitors.Flex, row, tensors, captures)
        assert made, reason
        call = made.call
        made.call = lambda q, k, v: call(q, k, v) + self.damage
        return {"attn stand-in": made}


def bits(x):
    return x.view(torch.int16).numpy().view(np.uint16)


def check_competitors(row):
    tensors = bench.make_tensors(torch, row, "cpu", 2, 1)
    values, captures = bench.make_captures(torch, row, "cpu", 1)
    inputs = dict(values, **dict(zip(("query", "key", "value"), map(bits, tensors[0]))))
    expected, _ = Attention(NumpyArrays(), row, inputs).compute(True)
    again, _ = Attention(TorchArrays(torch, "cpu"), row, inputs).compute(True)
    assert np.abs(expected - again.numpy()).max() < 1e-12, row.variant
    ran = []
    for kind in competitors.ON_CPU + [competitors.Flash2Package]:
        one, reason = competitors.make(kind, row, tensors, captures)
        if one is None:
            assert kind is not competitors.Flex, reason
            continue
        off = np.abs(one.output().double().numpy() - expected).max()
        assert off < 0.02, (row.variant, kind.name, off)
        ran.append(kind.name)
    print(row.variant, "agree:", ", ".join(ran))
    kept = (Attention(NumpyArrays(), row, inputs).variant.mask_fn or (
        lambda x, b, h, i, j, c: np.ones((1, 1, row.s, row.s), bool)))(
        np, np.arange(row.b).reshape(-1, 1, 1, 1), 0, np.arange(row.s).reshape(1, 1, -1, 1),
        np.arange(row.s).reshape(1, 1, 1, -1), dict(values, offset=0))
    exact = np.broadcast_to(kept, (row.b, 1, row.s, row.s)).sum() / row.b
    counted = row.kept_pairs(values)
    # By convention a causal mask keeps exactly half.
    assert abs(counted - exact) <= row.s / 2, (row.variant, counted, exact)


def check_references():
    """Bounds and verdicts are those of NumPy, for every variant, in pieces as well."""
    pieces = TorchArrays(torch, "cpu")
    pieces.limit = 2000
    for variant in ALL:
        element = "f16" if "f16" in variant.name else "bf16"
        case = Case(Kernel(variant.name, 32, 32, element), 37, 53, 2, 4, 2, left=9)
        inputs = check.make_inputs(case, 3)
        truths = [check.Truth(x, case, inputs) for x in (
            NumpyArrays(), TorchArrays(torch, "cpu"), pieces)]
        for other in truths[1:]:
            assert np.allclose(truths[0].out, other.out.numpy(), 1e-10, 1e-10), variant.name
            assert np.array_equal(np.isfinite(truths[0].lse),
                                  np.isfinite(other.lse.numpy())), variant.name
            ratio = other.bounds["out"] / truths[0].bounds["out"]
            assert 0.5 < ratio < 2, (variant.name, ratio)
            assert np.array_equal(truths[0].attention.used_keys(),
                                  other.attention.used_keys()), variant.name
        outputs = {"out": inputs["query"], "lse": np.zeros((2, 4, 37), np.float32)}
        one, two = (check.problem_of(truth.judge(outputs)) for truth in truths[:2])
        assert one and two and one[:20] == two[:20], (variant.name, one, two)
    print("references agree for %d variants" % len(ALL))


FLASH = """
import torch
def flash_attn_func(q, k, v, causal=False):
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return torch.nn.functional.scaled_dot_product_attention(
        q, k, v, is_causal=causal, enable_gqa=True).transpose(1, 2)
"""


def check_packages(folder):
    """One that works is called in its layout; one that ends the process is named."""
    for name, text in (("flash_attn", FLASH),
                       ("flash_attn_interface", "import os; os.kill(os.getpid(), 11)")):
        with open(os.path.join(folder, name + ".py"), "w") as file:
            file.write(text)
    sys.path.insert(0, folder)
    os.environ["PYTHONPATH"] = folder
    row = ROWS[1]
    tensors = bench.make_tensors(torch, row, "cpu", 1, 1)
    works, reason = competitors.make(competitors.Flash2Package, row, tensors, {})
    assert works, reason
    expected, _ = competitors.make(competitors.SdpaMath, row, tensors, {})
    assert bench.difference(works.output(), expected.output().float()) < 0.02
    none, reason = competitors.make(competitors.Flash3Package, row, tensors, {})
    assert none is None and "does not import: status -11" in reason, reason
    print("packages:", reason)


def main():
    os.makedirs(sys.argv[2], exist_ok=True)
    check_packages(sys.argv[2])
    check_references()
    for row in ROWS:
        check_competitors(row)
    records = [CpuBench().run(row, core=False) for row in ROWS]
    for record in records:
        assert record["ok"], record
        assert record["times"]["attn stand-in"]["tflops"] > 0
        assert record["ratio"]["attn stand-in"] > 0
        print(record["line"])
    damaged = CpuBench(damage=0.5).run(ROWS[1], core=False)
    assert not damaged["ok"] and "differ" in damaged["problem"], damaged
    print("damaged:", damaged["problem"])
    nan = CpuBench(damage=float("nan")).run(ROWS[1], core=False)
    assert not nan["ok"] and "NaN" in nan["problem"], nan
    results = {"date": "today", "state": "complete", "budget": 1, "arguments": [], "seed": 1,
               "parts": {"benchmark": {"state": "complete", "records": records,
                                       "planned": len(records)}}}
    path = os.path.join(sys.argv[2], "results.json")
    with open(path, "w") as file:
        json.dump(results, file)
    assert report.rerender(path) == 0


main()
