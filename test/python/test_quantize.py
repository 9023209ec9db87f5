# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.quantize in the reference lowering against NumPy.

The files of a failed case stay where its repro line says.
"""
import shutil
import subprocess
import tempfile
import unittest

import numpy as np

import quantize_numpy
from quantize_cases import KINDS, Files, Quantize
from rotary_cases import Rotary
from test_reference import ATTN_RUN


class QuantizeTest(unittest.TestCase):

    def check(self, case):
        with self.subTest(str(case)):
            folder = tempfile.mkdtemp(prefix="attn-quantize-")
            files = Files(case, folder)
            command = [ATTN_RUN, *files.arguments(), "--device=reference"]
            done = subprocess.run(command, capture_output=True, text=True)
            # One rounding of a scale to f32; the rest is in float64.
            problem = done.stderr.strip() if done.returncode else files.problem(2.0**-23)
            if problem is not None:
                self.fail(f"{problem}\n  repro: {' '.join(command)}")
            shutil.rmtree(folder)

    def test_inputs(self):
        for kind in KINDS:
            for element in ("f16", "bf16", "f32"):
                for float8 in ("f8E4M3FN", "f8E5M2"):
                    self.check(Quantize(element, float8, (1, 2, 21, 32), 8, kind=kind))
                    self.check(Quantize(element, float8, (1, 2, 21, 32), 8, 1, kind))

    def test_transforms(self):
        for dim in (16, 48, 80, 96, 112, 128, 192, 512):
            for seed in (0, 7, -1):
                self.check(Quantize("f32", shape=(1, 1, 5, dim), seed=seed))

    def test_blocks_and_head_dims(self):
        for block in (1, 3, 37, 64):
            self.check(Quantize(block=block))
        for dim in (1, 7, 24, 40):
            self.check(Quantize("f16", shape=(1, 2, 5, dim)))

    def test_sizes(self):
        for shape in ((0, 2, 3, 16), (2, 0, 3, 16), (2, 2, 0, 16), (1, 1, 1, 16)):
            self.check(Quantize(shape=shape, seed=1))
        self.check(Quantize(dynamic=False))
        self.check(Quantize(layout="bshd", seed=2))

    def test_scales_of_heads_and_tensors(self):
        for block in ("head", "tensor"):
            for kind in KINDS:
                self.check(Quantize(block=block, kind=kind, shape=(2, 2, 9, 32), seed=4))
            self.check(Quantize("f32", block=block, dynamic=False))
            self.check(Quantize(block=block, shape=(2, 2, 0, 16)))
        self.check(Quantize(block="head", shape=(0, 2, 3, 16)))

    def test_transposed_blocks(self):
        for width in (16, 64, 128):
            for block in (8, 64, 100, "head", "tensor"):
                self.check(Quantize(block=block, width=width, shape=(2, 2, 130, 32)))
        for length in (0, 1, 64):
            self.check(Quantize(width=64, shape=(1, 2, length, 48), seed=1))
        self.check(Quantize("f32", "f8E5M2", width=64, layout="bshd", dynamic=False))

    def test_after_rotation(self):
        self.check(Quantize(rotary=Rotary(where="offset", offset=3), seed=5))


class TransformTest(unittest.TestCase):
    """What the definition promises, of NumPy's own transform."""

    def test_round_trip_and_dot_products(self):
        rng = np.random.default_rng(1)
        for dim in (16, 80, 96, 128, 512, 576):
            q, k = rng.standard_normal((2, 5, dim))
            there = [quantize_numpy.transform(x, 3) for x in (q, k)]
            back = quantize_numpy.transform_back(there[0], 3)
            np.testing.assert_allclose(back, q, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(there[0] @ there[1].T, q @ k.T, atol=1e-12)

    def test_round_trip_in_f32(self):
        # Sums and differences, as kernels have them: the error is 1e-6 of the row's norm.
        def steps(x):
            width, bit = quantize_numpy.width_of(x.shape[-1]), 1
            while bit < width:
                pairs = x.reshape(-1, 2, bit)
                x = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]],
                             axis=1).reshape(x.shape)
                bit *= 2
            return x * np.float32(width**-0.5)
        rng = np.random.default_rng(2)
        for dim in (16, 48, 128, 256, 576):
            x = rng.standard_normal((7, dim)).astype(np.float32)
            signs = quantize_numpy.signs(5, dim).astype(np.float32)
            there = steps(x * signs)
            norm = np.linalg.norm(x, axis=-1, keepdims=True)
            np.testing.assert_array_less(np.abs(steps(there) * signs - x) / norm, 1e-6)
            exact = quantize_numpy.transform(x.astype(np.float64), 5)
            np.testing.assert_array_less(np.abs(there - exact) / norm, 1e-6)

    def test_outliers_are_spread(self):
        x = np.zeros((1, 128))
        x[0, 17] = 1000
        y = quantize_numpy.transform(x, 1)
        np.testing.assert_allclose(np.abs(y), 1000 / np.sqrt(128))


if __name__ == "__main__":
    unittest.main()
