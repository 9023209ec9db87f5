# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Variants as Python functions, traced, compiled and run on the simulator, against NumPy."""
import unittest
import warnings
import zlib

import numpy as np

import flex_variants
import reference_numpy
import variants
from programs import Case
from traced_variants import WRITTEN, captured, functions

import attn

ALL = [v for v in flex_variants.SCORES + flex_variants.MASKS + variants.SCORES +
       variants.MASKS if v.score_fn or v.mask_fn]
# What one row of a bias adds is rounded to f32, and results are to f16.
TOLERANCE = 2.0**-8


class VariantsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")  # that the simulator is used

    def check(self, variant, case):
        rng = np.random.default_rng(zlib.crc32(variant.name.encode()))
        values = captured(variant, case, rng)
        q, k, v = (rng.standard_normal(shape).astype(np.float16) for shape in (
            (case.b, case.hq, case.sq, case.d), (case.b, case.hkv, case.sk, case.d),
            (case.b, case.hkv, case.sk, case.dv)))
        score, mask = functions(variant, values)
        got = attn.flex_attention(q, k, v, score, mask, enable_gqa=True)
        bound = {**values}
        reference = {kind: (lambda *a, fn=fn: fn(*a, bound)) if fn else None
                     for kind, fn in (("score", variant.score_fn), ("mask", variant.mask_fn))}
        with np.errstate(all="ignore"):
            want, _ = reference_numpy.attention(q, k, v, None, reference["score"],
                                                reference["mask"])
        self.assertEqual(got.dtype, np.float16)
        worst = np.abs(got - want).max()
        self.assertLess(worst, TOLERANCE * max(1, np.abs(want).max()), variant.name)

    def test_all(self):
        case = Case(b=2, hq=4, hkv=2, sq=37, sk=70, d=32, dv=32)
        for variant in ALL:
            with self.subTest(variant.name):
                self.check(variant, case)

    def test_each_written_one_is_a_variant(self):
        self.assertLessEqual(set(WRITTEN), {v.name for v in ALL})

    def test_how_many(self):
        self.assertGreater(len(ALL), 130)


if __name__ == "__main__":
    unittest.main()
