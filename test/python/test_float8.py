# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.attention on 8-bit floats in the reference lowering against NumPy.

The files of a failed case stay where its repro line says.
"""
import json
import shutil
import subprocess
import tempfile
import unittest

import numpy as np

import float8_numpy
from float8_cases import Data, Float8
from test_reference import ATTN_RUN, difference
from variants import PLAIN, by_name, combine


class Float8Test(unittest.TestCase):

    def check(self, case):
        with self.subTest(str(case)):
            folder = tempfile.mkdtemp(prefix="attn-float8-")
            data = Data(case)
            command = [ATTN_RUN, *data.arguments(folder), "--device=reference"]
            done = subprocess.run(command, capture_output=True, text=True)
            problem = done.stderr.strip() if done.returncode else None
            if problem is None:
                (out, lse), (want_out, want_lse) = data.results(folder), data.expected()
                problem = difference("out", out, want_out, case.out, False)
                if problem is None and case.lse:
                    problem = difference("lse", lse, want_lse, "f32", False)
            if problem is not None:
                self.fail(f"{problem}\n  repro: {' '.join(command)}")
            shutil.rmtree(folder)

    def test_ranks_of_scales(self):
        for q in (0, 1, 2, 3):
            for rest in ((3, 3), (2, 1), (0, 0), (1, 2)):
                self.check(Float8(ranks=(q, *rest), lse=True))

    def test_blocks(self):
        for block in (64, 128, 1, 48):
            for sq, sk in ((128, 64), (1, 1), (65, 129), (40, 200)):
                self.check(Float8(block=block, sq=sq, sk=sk, b=1))

    def test_types(self):
        for q in ("f8E4M3FN", "f8E5M2"):
            for k in ("f8E4M3FN", "f8E5M2"):
                for v, out in (("f8E4M3FN", "bf16"), ("f8E5M2", "f32")):
                    self.check(Float8(q, k, v, out, codes=v == "f8E5M2"))

    def test_storage_only(self):
        for wide in ("f16", "bf16", "f32"):
            self.check(Float8(wide, out=wide))
            self.check(Float8(wide, v=wide, out=wide, ranks=(0, 2, 0)))
            self.check(Float8(wide, k=wide, v="f8E5M2", out=wide, width=64))

    def test_transposed_values(self):
        for width in (64, 128, 16, 48):
            for sk in (128, 150, 1, 63):
                self.check(Float8(width=width, sk=sk, b=1))
        self.check(Float8(width=64, dv=80, ranks=(1, 2, 1), dynamic=False, codes=True))
        self.check(Float8(width=128, v="f8E5M2", layout="bshd", hq=6, hkv=3))

    def test_heads_and_sizes(self):
        for hq, hkv in ((1, 1), (4, 4), (4, 1), (6, 2)):
            self.check(Float8(hq=hq, hkv=hkv, sq=5, sk=70))
        for sizes in (dict(b=0), dict(sq=0), dict(sk=0), dict(sk=0, width=64)):
            self.check(Float8(**sizes))
        self.check(Float8(layout="bshd", d=64, dv=16, dynamic=False))

    def test_variants(self):
        for name in ("causal", "causal_bottom_right", "key_lengths", "softcap",
                     "alibi", "sink_of_head", "sigmoid_with_bias", "stick_breaking"):
            self.check(Float8(variant=by_name(name), width=64, sq=20, sk=70, block=32))
        self.check(Float8(variant=combine(by_name("softcap"), by_name("causal")),
                          scale=0.3, lse=True))

    def test_quantized_before(self):
        # Codes and scales are in the workspace of the call.
        for source in ("f16", "bf16", "f32"):
            for ranks in ((3, 3, 3), (2, 1, 3), (1, 1, 1)):
                self.check(Float8(source=source, ranks=ranks, width=64, sq=21, sk=90))
        self.check(Float8(source="f16", hadamard=True, width=128, d=64, sk=130))
        self.check(Float8("f16", source="f16", width=64, sq=9, layout="bshd"))
        self.check(Float8(source="f16", width=64, dynamic=False, block=128, lse=True))
        self.check(Float8(source="f16", width=64, sk=0))
        self.check(Float8(source="bf16", out="bf16", variant=by_name("causal_bottom_right"),
                          v="f8E5M2", sq=70, sk=75))


class YardstickTest(unittest.TestCase):
    """What the errors of kernels are measured with: the program that is not fused, in the
    precision of a kernel, whose error NumPy predicts."""

    def check(self, case, row):
        with self.subTest(str(case)), tempfile.TemporaryDirectory() as folder:
            data = Data(case)
            command = [ATTN_RUN, *data.arguments(folder), "--device=reference", "--check"]
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.stderr, "")
            got = json.loads(done.stdout)["out"]["same_rms_error"]
            truth = data.expected(data.exact())[0]
            same = data.expected(row=lambda s, v, b, h: row(s, v))[0]
            same = same.astype({"f16": np.float16, "f32": np.float32}[case.out])
            want = np.sqrt(np.mean((same - truth)**2))
            self.assertGreater(want, 1e-4)
            self.assertLess(abs(got / want - 1), 0.02)

    def test_weights(self):
        for out in ("f16", "f32"):
            self.check(Float8(out=out, width=64), float8_numpy.softmax_row)
            self.check(Float8(out=out, variant=by_name("sigmoid")), float8_numpy.sigmoid_row)
            self.check(Float8(out=out, variant=by_name("relu")), float8_numpy.relu_row)
        self.check(Float8(variant=by_name("causal"), sq=80, sk=80), float8_numpy.softmax_row)

    def test_quantized_before(self):
        # The truth is that of the numbers before they are quantized.
        self.check(Float8(source="f16", width=64), float8_numpy.softmax_row)
        self.check(Float8(source="f32", out="f32", ranks=(1, 1, 1)),
                   float8_numpy.softmax_row)

    def test_storage_only(self):
        self.check(Float8("f16", source="f16", d=64), float8_numpy.half_softmax_row)


if __name__ == "__main__":
    unittest.main()
