# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tables of kernels, cases, rows and schedules, and what the build does with them.

In the environment: ATTN_SOURCE, ATTN_OPT.
"""
import collections
import os
import sys
import tempfile
import types
import unittest

import numpy as np

sys.path.insert(0, os.path.join(os.environ["ATTN_SOURCE"], "python"))
sys.dont_write_bytecode = True

from gpu_check import cases, check, inputs, report, rows, sweep  # noqa: E402
from gpu_check.build import Builder, compile_alternatives  # noqa: E402
from gpu_check.cases import Kernel  # noqa: E402
from gpu_check.reference import NumpyArrays  # noqa: E402


class Tables(unittest.TestCase):
    def test_every_value_of_an_axis_meets_the_main_variants(self):
        by_variant = collections.defaultdict(list)
        for kernel in cases.all_kernels():
            by_variant[kernel.variant] += cases.cases_of(kernel)
        names = [case.name for some in by_variant.values() for case in some]
        self.assertEqual(len(names), len(set(names)))
        for variant in cases.WHOLE:
            some = by_variant[variant]
            for axis, count in (("hq", 7), ("layout", 2), ("padding", 3), ("scale", 2),
                                ("b", 4)):
                self.assertGreaterEqual(len({getattr(c, axis) for c in some}), count,
                                        (variant, axis))
            groups = {c.hq // c.hkv for c in some}
            self.assertLessEqual({1, 2, 3, 4, 7}, groups)
            self.assertEqual({(c.kernel.d, c.kernel.dv) for c in some}, set(cases.DIMS))
            self.assertLessEqual(set(cases.SHORT_PAIRS + cases.LONG_PAIRS),
                                 {(c.sq, c.sk) for c in some})

    def test_all_that_is_timed_is_checked(self):
        kernels = {kernel.name for kernel in cases.all_kernels()}
        for row in rows.core_rows() + rows.rest_rows():
            self.assertIn(row.kernel.name, kernels)
        for chip in cases.CHIPS:
            for base in sweep.base_kernels(chip):
                self.assertIn(base.name, kernels)
                self.assertEqual(sweep.row_of(base).d, base.d)

    def test_a_schedule_is_changed_one_technique_at_a_time(self):
        schedule = sweep.parse("m = 128, n = 176, warps = 8, stages = 2, consumers = 2, "
                               "overlap = true, ping_pong = true, persistent = true")
        edits = sweep.edits(schedule, "sm_90a")
        self.assertEqual(edits["ping_pong_off"], {"ping_pong": "false"})
        self.assertEqual(edits["longest_first_on"], {"longest_first": "true"})
        self.assertEqual(edits["weights_shared"], {"weights": "shared"})
        self.assertEqual(edits["n192"], {"n": "192"})
        self.assertEqual(edits["overlap_off"], {
            "overlap": "false", "ping_pong": "false", "rescale": "after"})
        for name in ("cluster2", "threshold8", "stages3", "rescale_before",
                     "persistent_off"):
            self.assertIn(name, edits)


class Inputs(unittest.TestCase):
    def test_they_never_change(self):
        draw = inputs.Draw(1, "case")
        values = draw.normal("query", (100000,), "f32")
        self.assertEqual([float(v).hex() for v in values[:2]],
                         ["-0x1.82239a0000000p+0", "0x1.3975ea0000000p+0"])
        # The first number of the published generator for seed 0.
        self.assertEqual(int(inputs.random_bits(0, 1)[0]), 0xE220A8397B1DCDAF)
        self.assertLess(abs(values.mean()), 0.02)
        self.assertLess(abs(values.std() - 1), 0.02)
        numbers = draw.integers("n", (1000,), 7)
        self.assertEqual(set(numbers), set(range(7)))

    def test_bfloat16(self):
        values = np.array([1.0, 1.00390625, 1.01171875, -3.4e38, np.inf, np.nan], np.float32)
        self.assertEqual(inputs.to_bf16(values).tolist(),
                         [0x3F80, 0x3F80, 0x3F82, 0xFF80, 0x7F80, 0x7FC0])

    def test_ulps(self):
        one = np.array([1.0, -0.0, 2.0], np.float16)
        other = np.array([1.0009765625, 0.0, 1.9990234375], np.float16)
        self.assertEqual(check.ulps(one, other, "f16").tolist(), [1, 0, 1])


class Verdicts(unittest.TestCase):
    """What the rules of the check refuse."""

    def setUp(self):
        self.case = cases.Case(Kernel("key_lengths", 64, 64, "bf16"), 33, 70, b=2, hkv=2)
        self.inputs = check.make_inputs(self.case, 1)
        self.truth = check.Truth(NumpyArrays(), self.case, self.inputs)
        self.right = {"out": inputs.to_bf16(self.truth.out.astype(np.float32)),
                      "lse": self.truth.lse.astype(np.float32)}

    def problem(self, **changed):
        return check.problem_of(self.truth.judge(dict(self.right, **changed)))

    def test_right(self):
        self.assertIsNone(self.problem())
        # The first request has no keys.
        self.assertTrue((self.right["out"][0] == 0).all())
        self.assertTrue((self.right["lse"][0] == -np.inf).all())

    def test_wrong(self):
        out = self.right["out"].copy()
        out[1, 2, 3, 4] ^= 0x0080
        self.assertIn("out is off", self.problem(out=out))
        out = self.right["out"].copy()
        out[1, 0, 0, 0] = 0x7FDA
        self.assertIn("1 mismatches", self.problem(out=out))
        self.assertIn("lse is off", self.problem(lse=self.right["lse"] + np.float32(3e-4)))
        lse = self.right["lse"].copy()
        lse[0, 0, 0] = -1e38
        self.assertIn("lse has 1 mismatches", self.problem(lse=lse))

    def test_poison_is_where_no_row_keeps_a_key(self):
        used = self.truth.attention.used_keys()
        made, count = check.poisoned(self.case, self.inputs, used)
        self.assertEqual(count, 2 * 70)
        self.assertFalse(np.isfinite(inputs.from_bf16(made["key"][0])).any())
        self.assertFalse(np.isfinite(inputs.from_bf16(made["value"][0])).any())
        self.assertTrue((made["key"][1] == self.inputs["key"][1]).all())


class Rendering(unittest.TestCase):
    def test_schedules_and_failures(self):
        times = {"seconds": 1.0, "fastest": 1.0, "slowest": 1.1}
        record = {"case": "sm_90a x", "ok": True, "chip": "sm_90a", "base": "causal_d64_bf16",
                  "tag": "sm90a_n96", "variant": "causal", "d": 64, "dv": 64, "ratio": 1.07,
                  "tflops": 107.0, "default_tflops": 100.0, "schedule": "m = 192, n = 96",
                  "times": {"default": times, "other": times}}
        wrong = {"case": "plain|x", "ok": False, "chip": "sm_80", "problem": "a\nb"}
        results = {"date": "today", "state": "complete", "budget": 1, "arguments": [],
                   "seed": 1, "not_compiled": [
                       {"name": "k", "chip": "sm_80", "message": "does not fit"}],
                   "parts": {"sweep": {"state": "complete", "records": [record]},
                             "correctness": {"state": "trimmed", "records": [wrong]}}}
        text = report.render(results)
        self.assertIn('{"sm_90a", 64, 64, Regions::Any, Keys::Causal, "m=192,n=96"},', text)
        self.assertIn("| n96 | 107 | 1.070 |", text)
        self.assertIn("| k | sm_80 | does not fit |", text)
        self.assertIn("| correctness | sm_80 plain\\|x | a b |", text)
        self.assertIn("**WRONG: 1 of 2**", text)
        self.assertEqual(report.verdict(results)[0], 1)
        self.assertEqual(text.count("Not measured yet."), 4)


    def test_benchmarks(self):
        def timed(seconds):
            return {"seconds": seconds, "fastest": 0.9 * seconds, "slowest": seconds,
                    "tflops": 1 / seconds}
        machine = {"case": "machine", "ok": True, "copy_gb_per_s": 3000.0, "times": {},
                   "matmul_tflops": 800.0, "after": {"clocks.sm": "1755 MHz"}}
        row = dict(case="r", ok=True, group="16k tokens", kernel="plain_d64_bf16", b=2, hq=32,
                   hkv=32, s=8192, d=64, dv=64, variant="plain", element="bf16",
                   times={"attn sm_90a": timed(1 / 400), "cuDNN (SDPA)": timed(1 / 500)},
                   unsupported={"flash_attn 3": "not installed"},
                   best_other="cuDNN (SDPA)", ratio={"attn sm_90a": 0.8})
        results = {"date": "today", "state": "complete", "budget": 1, "arguments": [],
                   "seed": 1, "parts": {"benchmark-core": {
                       "state": "complete", "records": [machine, row]}}}
        text = report.render(results)
        self.assertIn("800 TFLOP/s; the card then: clocks.sm 1755 MHz.", text)
        self.assertIn("| plain_d64_bf16 | 32/32 | 2 | 8192 | 400 (10 %) | 500 (10 %) | "
                      "cuDNN (SDPA) | **0.80** | 50 |", text)
        self.assertIn("- flash_attn 3, 1 rows: not installed", text)


class Compiling(unittest.TestCase):
    def test_alternatives(self):
        """The default's row is changed, and what does not fit is listed."""
        with tempfile.TemporaryDirectory() as out:
            os.makedirs(os.path.join(out, "kernels"))
            builder = Builder(types.SimpleNamespace(
                attn_opt=os.environ["ATTN_OPT"], out=out, jobs=2))
            base = Kernel("plain", 256, 256, "bf16")
            good, refused = compile_alternatives(builder, [base], ["sm_80"])
            tags = {record["tag"] for record in good}
            self.assertIn("sm80_n32", tags)
            self.assertIn("sm80_order_source", tags)
            self.assertIn("n = 32", next(
                r["schedule"] for r in good if r["tag"] == "sm80_n32"))
            self.assertTrue(any("bytes of shared memory" in r["message"] for r in refused),
                            refused)
            made = os.listdir(os.path.join(out, "kernels"))
            self.assertEqual(len(made), len(good))
            # A schedule that is lost on the way would give one kernel many times.
            contents = set()
            for name in made:
                with open(os.path.join(out, "kernels", name), "rb") as file:
                    contents.add(len(file.read()))
            self.assertGreater(len(contents), 1)


if __name__ == "__main__":
    unittest.main()
