# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.rotary in the reference lowering against NumPy, alone and before attention.

The files of a failed case stay where its repro line says.
"""
import shutil
import subprocess
import tempfile
import unittest
from dataclasses import replace

from rotary_cases import SCALINGS, Alone, Chain, Files, Rotary
from test_reference import ATTN_RUN, difference


class RotaryTest(unittest.TestCase):

    def check(self, case):
        with self.subTest(str(case)):
            folder = tempfile.mkdtemp(prefix="attn-rotary-")
            files = Files(case, folder)
            command = [ATTN_RUN, *files.arguments(), "--device=reference"]
            done = subprocess.run(command, capture_output=True, text=True)
            problem = done.stderr.strip() if done.returncode else None
            if problem is None:
                elements = (case.element, "f32")
                for name, element, got, want in zip(
                        ("out", "lse"), elements, files.results(),
                        files.expected(rounds=True)):
                    problem = problem or difference(name, got, want, element, False)
            if problem is not None:
                self.fail(f"{problem}\n  repro: {' '.join(command)}")
            shutil.rmtree(folder)

    def test_scalings(self):
        for scaling in SCALINGS:
            for interleaved in (False, True):
                rotary = Rotary(0, interleaved, "batch_positions", scaling=scaling)
                self.check(Alone(rotary, "f32"))
                self.check(Alone(replace(rotary, width=32, base=5e5), "bf16"))

    def test_short_and_long_sequences(self):
        # LongRoPE changes its frequencies behind position 4096.
        for offset in (0, 4089, 4090, 100000):
            rotary = Rotary(where="offset", offset=offset, scaling="long")
            self.check(Alone(rotary, "f32"))
        self.check(Alone(Rotary(scaling="long"), "f32", (1, 1, 4097, 4)))

    def test_positions(self):
        for where in ("rows", "offset", "positions", "batch_positions"):
            for kind in ("i32", "i64"):
                rotary = Rotary(where=where, offset=1000, positions=kind)
                if where == "rows":
                    rotary = replace(rotary, offset=0)
                self.check(Alone(rotary, "f32"))

    def test_tables(self):
        for table in ("f32", "f16", "bf16"):
            for where in ("rows", "positions", "batch_positions"):
                for interleaved in (False, True):
                    self.check(Alone(Rotary(16, interleaved, where, table=table), "f32",
                                     (2, 3, 9, 40)))

    def test_widths_and_head_dims(self):
        for element in ("f16", "bf16", "f32"):
            for dim in (2, 7, 64, 96, 128, 192):
                for width in {2, dim // 4 // 2 * 2, dim // 2 // 2 * 2, dim // 2 * 2}:
                    if width:
                        self.check(Alone(Rotary(width), element, (1, 2, 5, dim)))
                        self.check(Alone(Rotary(width, True), element, (1, 2, 5, dim)))

    def test_sizes(self):
        for shape in ((0, 2, 3, 16), (2, 0, 3, 16), (2, 2, 0, 16), (1, 1, 1, 16)):
            self.check(Alone(Rotary(), "f32", shape))
            self.check(Alone(Rotary(where="batch_positions"), "f32", shape))
        self.check(Alone(Rotary(), "f16", dynamic=False))

    def test_layouts(self):
        for rotary in (Rotary(32), Rotary(where="batch_positions", interleaved=True)):
            self.check(Alone(rotary, "bf16", layout="bshd"))
            self.check(Chain(rotary, rotary, layout="bshd", sq=9, sk=17))

    def test_before_attention(self):
        rotary = Rotary(base=5e5, scaling="llama3")
        shifted = replace(rotary, where="offset", offset=5)
        for element in ("f16", "bf16", "f32"):
            self.check(Chain(shifted, rotary, element, 2, 4, 2, 7, 12))
            # A step of decoding.
            self.check(Chain(replace(shifted, offset=20), rotary, element, sq=1, sk=21))
        self.check(Chain(Rotary(16, True), Rotary(16, True), hq=6, hkv=1, d=40, dv=24,
                         sq=5, sk=5))


if __name__ == "__main__":
    unittest.main()
