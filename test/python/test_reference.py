# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The reference lowering (attn-run --device=reference) against NumPy.

ATTN_RUN names the binary; without it, attn-run is looked up in PATH. The files
of a failed case stay where its repro line says.
"""
import os
import shutil
import subprocess
import tempfile
import unittest
import zlib

import numpy as np

import flex_variants
import reference_numpy
from programs import (Case, Difference, capture_inputs, difference_captures,
                      program)
from variants import MASKS, NORMALIZERS, PLAIN, SCORES, by_name, combine

ATTN_RUN = os.environ.get("ATTN_RUN") or shutil.which("attn-run") or "attn-run"

# Largest error of one rounding: relative, and absolute near 0.
ROUNDING = {"f32": (2.0**-24, 2.0**-150), "bf16": (2.0**-8, 2.0**-134),
            "f16": (2.0**-11, 2.0**-25)}


def round_to(element, x):
    """The nearest value of the element type, as float32."""
    x = np.asarray(x, np.float32)
    if element == "bf16":
        finite = np.nan_to_num(x)
        bits = reference_numpy.to_bf16_bits(finite)
        return np.where(np.isfinite(x), reference_numpy.from_bf16_bits(bits), x)
    return x.astype(np.float16).astype(np.float32) if element == "f16" else x


def rounded_capture(value, kind):
    if kind in ("f32", "tensor<f32>") or kind.endswith("xf32>"):
        return np.asarray(value, np.float32).astype(np.float64)
    if kind.endswith("xf16>"):
        return np.asarray(value, np.float16).astype(np.float64)
    if kind.endswith("xbf16>"):
        return round_to("bf16", value).astype(np.float64)
    return value


class Run:
    """One case: its data, its files and its expected results."""

    def __init__(self, case, folder):
        self.case, self.folder = case, folder
        rng = np.random.default_rng(zlib.crc32(str(case).encode()))
        self.captures = {**difference_captures(case, rng),
                         **case.variant.captures(case, rng)}
        self.bound = {name: rounded_capture(value, kind)
                      for name, (value, kind) in self.captures.items()}
        self.bound.update(sq=case.sq, sk=case.sk)
        self.tensors = {
            name: round_to(case.element, rng.standard_normal((case.b, *shape)))
            for name, shape in case.shapes().items()}
        if case.value_in_key:
            self.tensors["v"] = self.tensors["k"][..., :case.dv]
        if case.poison:
            self.poison()

    def mask(self, b, h, i, j):
        return self.case.variant.mask_fn(b, h, i, j, self.bound)

    def poison(self):
        """Ruins every key and value that no query of its head keeps."""
        case, v = self.case, self.tensors["v"]
        keys = [x for name, x in self.tensors.items() if name.startswith("k")]
        kept = np.zeros((case.b, case.hkv, case.sk), bool)
        for b, h, i in np.ndindex(case.b, case.hq, case.sq):
            kept[b, h * case.hkv // case.hq] |= self.mask(b, h, i,
                                                          np.arange(case.sk))
        assert not kept.all()
        for k in keys:
            k[~kept] = np.nan
        v[~kept] = np.inf
        v[~kept, ::2] = np.nan

    def expected(self):
        variant, bound = self.case.variant, self.bound
        score = variant.score_fn and (lambda s, b, h, i, j: variant.score_fn(
            s, b, h, i, j, bound))
        scale = self.case.scale
        row = {"row": lambda s, v, b, h: variant.row_fn(s, v, b, h, bound)} \
            if variant.row_fn else {}
        options = dict(scale=None if scale is None else float(np.float32(scale)),
                       score=score, mask=self.mask if variant.mask_fn else None, **row)
        if not self.case.difference:
            return reference_numpy.attention(*self.tensors.values(), **options)
        return self.expected_difference(options), None

    def expected_difference(self, options):
        t, difference = self.tensors, self.case.difference
        if difference.norm != "none":
            options["epsilon"] = float(np.float32(difference.EPSILON))
        if difference.norm not in ("none", "norm"):
            options["norm_scale"] = float(np.float32(difference.SCALE))
        if difference.norm == "weight":
            options["weight"] = self.bound["weight"]
        return reference_numpy.differential(
            t["q0"], t["k0"], t["q1"], t.get("k1", t["k0"]), t["v"],
            self.bound["lambda"], **options)

    def command(self):
        """Writes the files and returns the command that runs them."""
        def path(name):
            return os.path.join(self.folder, name)

        def save(name, array):
            np.save(path(name), np.ascontiguousarray(array))
            return path(name)

        swap = self.case.layout == "bshd"
        inputs = [save(name + ".npy", x.transpose(0, 2, 1, 3) if swap else x)
                  for name, x in self.tensors.items() if name in self.case.inputs]
        inputs += capture_inputs(self.captures, self.folder)
        with open(path("program.mlir"), "w") as file:
            file.write(program(self.case, self.captures))
        outputs = [path("out.npy"), path("lse.npy")][:1 + self.case.asks_lse]
        return [ATTN_RUN, path("program.mlir"), "--entry=attention",
                "--device=reference", "--inputs=" + ",".join(inputs),
                "--outputs=" + ",".join(outputs),
                "--layout=" + self.case.layout]

    def results(self):
        out = np.load(os.path.join(self.folder, "out.npy"))
        if self.case.layout == "bshd":
            out = out.transpose(0, 2, 1, 3)
        if not self.case.asks_lse:
            return out, None
        return out, np.load(os.path.join(self.folder, "lse.npy"))


def difference(name, got, want, element, loose):
    """What is wrong with `got`, or None."""
    if got.shape != want.shape:
        return f"{name} has shape {got.shape}, expected {want.shape}"
    relative, absolute = ROUNDING[element]
    # Rounded once; 2^-10 of slack for the way of f16 and bf16 over float32, 1e-13
    # for cancellation in float64.
    allowed = (1 + 2.0**-10) * (relative * np.abs(want) + absolute) + 1e-13
    if loose:
        allowed = allowed + 1e-5
    with np.errstate(invalid="ignore"):
        good = (got == want) | (np.abs(got - want) <= allowed)
    if good.all():
        return None
    at = tuple(int(x) for x in np.argwhere(~good)[0])
    return (f"{name}{list(at)} is {got[at]!r}, expected {want[at]!r}; "
            f"{np.count_nonzero(~good)} of {got.size} are wrong")


class ReferenceTest(unittest.TestCase):

    def check(self, case):
        with self.subTest(str(case)):
            folder = tempfile.mkdtemp(prefix="attn-reference-")
            run = Run(case, folder)
            command = run.command()
            done = subprocess.run(command, capture_output=True, text=True)
            problem = done.stderr.strip() if done.returncode else None
            if problem is None:
                (out, lse), (want_out, want_lse) = run.results(), run.expected()
                loose = case.variant.loose
                problem = difference("out", out, want_out, case.element, loose)
                if problem is None and case.asks_lse:
                    problem = difference("lse", lse, want_lse, "f32", loose)
            if problem is not None or done.returncode:
                self.fail(f"{problem}\n  repro: {' '.join(command)}")
            shutil.rmtree(folder)

    def test_scores(self):
        for score in SCORES:
            self.check(Case(score))
            self.check(Case(score, "bf16", sq=5, sk=5, hq=3, hkv=1))

    def test_masks(self):
        for mask in MASKS:
            self.check(Case(mask))
            self.check(Case(mask, "f16", b=3, sq=9, sk=4, hq=2, hkv=2))

    def test_scores_with_masks(self):
        for score in SCORES:
            for mask in ("causal_bottom_right", "key_lengths"):
                self.check(Case(combine(score, by_name(mask)), sq=12, sk=8))

    def test_variants_of_other_systems(self):
        for variant in flex_variants.SCORES + flex_variants.MASKS:
            self.check(Case(variant))
            self.check(Case(variant, "bf16", b=3, sq=9, sk=4, hq=2, hkv=2))
            self.check(Case(variant, "f16", b=1, hq=2, hkv=1, sq=150, sk=37))
            self.check(Case(variant, b=1, hq=2, hkv=1, sq=21, sk=170))

    def test_names_are_unique(self):
        names = [variant.name for variant in SCORES + MASKS + NORMALIZERS +
                 flex_variants.SCORES + flex_variants.MASKS]
        self.assertEqual(len(names), len(set(names)))

    def test_normalizers(self):
        for variant in NORMALIZERS:
            for element in ("f16", "bf16", "f32"):
                self.check(Case(variant, element))
                # With no keys, and with rows that keep none.
                self.check(Case(variant, element, sq=3, sk=0))
            for mask in ("causal", "causal_bottom_right", "key_lengths"):
                self.check(Case(combine(variant, by_name(mask)), sq=12, sk=8))
            self.check(Case(combine(variant, by_name("key_lengths")), "bf16", b=3,
                            sq=5, sk=9, poison=True))
            self.check(Case(variant, scale=-0.5))

    def test_element_types_and_head_dims(self):
        for element in ("f16", "bf16", "f32"):
            for d, dv in ((16, 16), (40, 40), (64, 64), (64, 32), (32, 64)):
                self.check(Case(PLAIN, element, d=d, dv=dv))
                self.check(Case(by_name("causal"), element, d=d, dv=dv, lse=False))

    def test_values_in_keys(self):
        for element in ("f16", "bf16", "f32"):
            for d, dv in ((16, 16), (64, 32), (72, 64)):
                for sizes in ("none", "lengths", "all"):
                    self.check(Case(by_name("causal"), element, d=d, dv=dv, hkv=1,
                                    sizes=sizes, value_in_key=True))
        self.check(Case(PLAIN, "bf16", d=64, dv=32, layout="bshd", value_in_key=True))

    def test_head_groups(self):
        for hq, hkv in ((1, 1), (4, 4), (4, 1), (6, 2), (7, 1), (9, 3)):
            for sizes in ("none", "lengths", "all"):
                self.check(Case(by_name("alibi"), "bf16", hq=hq, hkv=hkv,
                                sizes=sizes))

    def test_lengths(self):
        for sq, sk in ((1, 1), (1, 17), (17, 1), (3, 0), (0, 3), (33, 65)):
            for name in ("plain", "causal_bottom_right"):
                self.check(Case(by_name(name), sq=sq, sk=sk))
        self.check(Case(b=0))

    def test_long_distances(self):
        # Beyond every exact bucket, several blocks and chunks.
        for variant in SCORES + MASKS:
            if variant.source:
                self.check(Case(variant, b=1, hq=2, hkv=1, sq=150, sk=37))
                self.check(Case(variant, b=1, hq=2, hkv=1, sq=21, sk=170))

    def test_layouts(self):
        for layout in ("bhsd", "bshd"):
            for element in ("f16", "bf16", "f32"):
                self.check(Case(by_name("dense_bias"), element, layout=layout))

    def test_scale(self):
        for scale in (1.0, 0.3, -0.5, 0.0):
            self.check(Case(by_name("causal"), scale=scale))

    def test_differences(self):
        for kind in ("scalar", "one", "heads", "tokens"):
            for keys in ("own", "shared"):
                for norm in ("none", "norm", "scaled", "weight"):
                    self.check(Case(difference=Difference(kind, keys, norm)))
        for element in ("f16", "bf16", "f32"):
            for name in ("plain", "causal_bottom_right", "documents", "alibi"):
                self.check(Case(by_name(name), element, hq=6, hkv=3, sq=12, sk=8, d=8,
                                dv=24, layout="bshd", difference=Difference("tokens")))
            for sizes in ("none", "lengths", "all"):
                self.check(Case(by_name("window_both"), element, sizes=sizes,
                                difference=Difference("heads", norm="weight")))
        # Lambda and weight in the type of the query; no keys, no queries.
        self.check(Case(PLAIN, "bf16", difference=Difference("tokens", "own", "weight",
                                                             "bf16")))
        self.check(Case(PLAIN, "f16", difference=Difference("heads", "shared", "weight",
                                                            "f16")))
        self.check(Case(sk=0, difference=Difference(norm="weight")))
        self.check(Case(sq=0, difference=Difference("tokens")))
        for name in ("sigmoid_with_bias", "sink_of_head", "stick_breaking"):
            self.check(Case(by_name(name), difference=Difference()))
        self.check(Case(by_name("key_lengths"), "bf16", b=3, sq=5, sk=9, poison=True,
                        difference=Difference()))

    def test_large_scores_do_not_overflow(self):
        self.check(Case(PLAIN, scale=1000.0))
        self.check(Case(PLAIN, "f16", scale=-1000.0))

    def test_poison_in_dropped_positions_stays_there(self):
        for name in ("key_lengths", "causal", "window_both", "nothing"):
            for element in ("f16", "bf16", "f32"):
                self.check(Case(by_name(name), element, b=3, sq=5, sk=9,
                                poison=True))


if __name__ == "__main__":
    unittest.main()
