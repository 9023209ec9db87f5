# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The package attn: tracing, captures, counters, and what it refuses."""
import functools
import math
import os
import subprocess
import sys
import tempfile
import unittest
import warnings
from unittest import mock

import numpy as np

import attn
from attn import _library

RNG = np.random.default_rng(7)
slopes = (2.0 ** -np.arange(1, 5)).astype(np.float32)  # a global that functions capture
WIDTH = 9


def tensors(b=1, hq=4, hkv=2, sq=20, sk=33, d=32, dv=32, dtype=np.float16):
    return tuple(RNG.standard_normal(shape).astype(dtype) for shape in (
        (b, hq, sq, d), (b, hkv, sk, d), (b, hkv, sk, dv)))


def reference(q, k, v, score=None, mask=None, scale=None):
    """out and lse in float64; score and mask take arrays of positions."""
    groups = q.shape[1] // k.shape[1]
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    k, v = k.repeat(groups, 1), v.repeat(groups, 1)
    s = np.einsum("bhid,bhjd->bhij", q, k) * (scale or 1 / math.sqrt(q.shape[3]))
    b, h, i, j = np.ogrid[tuple(slice(n) for n in s.shape)]
    if score:
        s = score(s, b, h, i, j)
    if mask is not None:
        s = np.where(mask(b, h, i, j), s, -np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        top = s.max(-1, keepdims=True, initial=-np.inf)
        p = np.exp(s - np.where(np.isfinite(top), top, 0))
        total = p.sum(-1, keepdims=True)
        return np.where(total > 0, p @ v / total, 0), (np.log(total) + top)[..., 0]


class AttnTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")  # that the simulator is used

    def near(self, got, want, tolerance=4e-3):
        self.assertEqual(got.shape, want.shape)
        np.testing.assert_allclose(got.astype(np.float64), want, atol=tolerance,
                                   rtol=tolerance)

    def compiles(self, count, function, *arguments, **options):
        """Runs it and expects that so many kernels are new to this process."""
        before = attn.stats()
        result = function(*arguments, **options)
        after = attn.stats()
        self.assertEqual(after.compiled + after.loaded - before.compiled - before.loaded,
                         count)
        return result


class Calls(AttnTest):

    def test_flex_attention(self):
        q, k, v = tensors()

        def score(s, b, h, i, j):
            return s + slopes[h] * (j - i)

        def mask(b, h, i, j):
            return (i + 13 >= j) & (i - j < WIDTH)

        out, lse = attn.flex_attention(q, k, v, score, mask, enable_gqa=True,
                                       return_lse=True)
        want, want_lse = reference(q, k, v, score, mask)
        self.near(out, want)
        self.near(lse, want_lse)
        self.assertEqual(lse.dtype, np.float32)

    def test_aux(self):
        class AuxRequest:  # PyTorch's
            def __init__(self, lse=False, max_scores=False):
                self.lse, self.max_scores = lse, max_scores

        q, k, v = tensors()
        run = functools.partial(attn.flex_attention, q, k, v, enable_gqa=True)
        out, aux = run(return_aux=AuxRequest(lse=True))
        self.near(out, reference(q, k, v)[0])
        self.near(aux.lse, reference(q, k, v)[1])
        self.assertEqual(run(return_aux=AuxRequest())[1], (None, None))
        for wrong in (AuxRequest(max_scores=True), 3):
            with self.assertRaisesRegex(attn.ArgumentError, "return_aux"):
                run(return_aux=wrong)

    def test_scale_and_value_dim(self):
        q, k, v = tensors(dv=64)
        self.near(attn.flex_attention(q, k, v, scale=0.25, enable_gqa=True),
                  reference(q, k, v, scale=0.25)[0])

    def test_strided_arrays(self):
        q, k, v = tensors()
        by_length = [np.ascontiguousarray(x.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
                     for x in (q, k, v)]
        np.testing.assert_array_equal(
            attn.flex_attention(*by_length, enable_gqa=True),
            attn.flex_attention(q, k, v, enable_gqa=True))

    def test_empty(self):
        q, k, v = tensors(sk=0)
        out, lse = attn.flex_attention(q, k, v, enable_gqa=True, return_lse=True)
        self.assertTrue((out == 0).all() and (lse == -np.inf).all())
        self.assertEqual(attn.flex_attention(*tensors(sq=0), enable_gqa=True).shape,
                         (1, 4, 0, 32))

    def test_scaled_dot_product_attention(self):
        q, k, v = tensors(hkv=4)
        sdpa = attn.scaled_dot_product_attention
        self.near(sdpa(q, k, v), reference(q, k, v)[0])
        self.near(sdpa(q, k, v, is_causal=True),
                  reference(q, k, v, mask=lambda b, h, i, j: j <= i)[0])
        keep = RNG.random((20, 33)) < 0.7
        self.near(sdpa(q, k, v, keep), reference(
            q, k, v, mask=lambda b, h, i, j: keep[i, j])[0])
        bias = RNG.standard_normal((4, 1, 33)).astype(np.float32)
        biased = reference(q, k, v, score=lambda s, b, h, i, j: s + bias[h, 0, j])[0]
        self.near(sdpa(q, k, v, bias), biased)
        # Another shape that broadcasts is the same kernel.
        self.near(self.compiles(0, sdpa, q, k, v, keep[:1]), reference(
            q, k, v, mask=lambda b, h, i, j: keep[0 * i, j])[0])

    def test_differential(self):
        q0, k0, v = tensors(hq=4, hkv=2, d=32, dv=64)
        q1, k1, _ = tensors(hq=4, hkv=2, d=32, dv=64)
        causal = lambda b, h, i, j: j <= i  # noqa: E731
        first, second = (reference(q, k, v, mask=causal)[0] for q, k in ((q0, k0), (q1, k1)))
        lam = RNG.random(4).astype(np.float32)
        weight = RNG.random(64).astype(np.float32)
        run = functools.partial(attn.differential_attention, mask_mod=attn.causal)
        self.near(run(q0, k0, q1, k1, v, lam),
                  first - lam[:, None, None] * second)
        want = first - 0.5 * second
        want = want / np.sqrt((want ** 2).mean(-1, keepdims=True) + 1e-5) * 0.2 * weight
        normed = functools.partial(run, norm_epsilon=1e-5, norm_scale=0.2, weight=weight)
        self.near(normed(q0, k0, q1, k1, v, 0.5), want)
        # Other numbers and lengths compile nothing.
        self.compiles(0, normed, q0[:, :, :7], k0, q1[:, :, :7], k1, v, 0.25)
        # Second version: neighbouring heads of one query, one key, lambda for each token.
        q, k, v = tensors(hq=8, hkv=2, d=32, dv=32)
        lam = RNG.random((1, 4, 20)).astype(np.float16)
        maps = [reference(x, k, v, score=lambda s, b, h, i, j: s + h * (j - i) / 64)[0]
                for x in (q[:, 0::2], q[:, 1::2])]
        got = attn.differential_attention(
            q[:, 0::2], k, q[:, 1::2], k, v, lam,
            score_mod=lambda s, b, h, i, j: s + h * (j - i) / 64)
        self.near(got, maps[0] - lam[..., None].astype(float) * maps[1])

    def test_differential_errors(self):
        q, k, v = tensors()
        run = attn.differential_attention
        for message, arguments, options in (
                ("query1: expected shape", (q, k, q[:, :2], k, v, 0.5), {}),
                ("key1: expected shape", (q, k, q, k[:, :, :5], v, 0.5), {}),
                ("key0: head dim", (q, k[..., :16], q, k[..., :16], v, 0.5), {}),
                ("lam: expected a number", (q, k, q, k, v, np.zeros((4, 20), np.float32)), {}),
                ("lam: expected a number", (q, k, q, k, v, np.zeros(4)), {}),
                ("weight: expected norm_epsilon", (q, k, q, k, v, 0.5), {"weight": v[0, 0, 0]}),
                ("norm_epsilon: expected a number above", (q, k, q, k, v, 0.5),
                 {"norm_epsilon": 0.0}),
                ("norm_scale: expected a finite", (q, k, q, k, v, 0.5),
                 {"norm_epsilon": 1e-5, "norm_scale": float("nan")}),
                (r"weight: expected \[32\]", (q, k, q, k, v, 0.5),
                 {"norm_epsilon": 1e-5, "weight": np.zeros(31, np.float32)})):
            with self.assertRaisesRegex(attn.ArgumentError, message):
                run(*arguments, **options)

    def test_latent(self):
        """Values that are the first columns of their keys, which are read once."""
        for dims, heads, lengths in (((576, 512), 1, (3, 1)), ((96, 64), 2, (9,))):
            keys = RNG.standard_normal((2, heads, 70, dims[0])).astype(np.float16)
            values, known = keys[..., :dims[1]], np.array([50, 70], np.int32)
            for sq in lengths:
                q = RNG.standard_normal((2, 16, sq, dims[0])).astype(np.float16)
                factors = np.linspace(-1, 1, 16).astype(np.float32)
                score = lambda s, b, h, i, j: s + factors[h] * (j - i) * 0.1  # noqa: E731
                mask = attn.causal_bottom_right & attn.key_length(known)
                want, want_lse = reference(
                    q, keys, values, score, scale=0.07,
                    mask=lambda b, h, i, j: (j <= i + 70 - sq) & (j < known[b]))
                for target in ("sm_80", "sm_90a"):
                    with self.subTest(dims=dims, sq=sq, target=target):
                        out, lse = attn.flex_attention(
                            q, keys, values, score, mask, 0.07, True, True,
                            {"target": target})
                        self.near(out, want)
                        self.near(lse, want_lse)

    def test_latent_programs(self):
        keys = np.zeros((1, 1, 40, 96), np.float16)
        q = np.zeros((1, 4, 1, 96), np.float16)
        compiled = attn.compile(mask_mod=attn.causal_bottom_right)
        compiled(q, keys, keys[..., :64])
        self.assertIn("extract_slice %k", compiled.mlir)
        self.assertIn("%one: index, %h: index", compiled.mlir)
        self.assertTrue(compiled.mask_picture(256, 256).startswith("<svg"))
        self.assertIn("queries 256", compiled.explain(queries=256, keys=256))
        for values in (keys[..., 32:], keys[..., :64].copy(), keys):
            compiled(q, keys, values)
            self.assertNotIn("extract_slice", compiled.mlir)
        # Sinks are of heads, so heads are no rows.
        sinks = RNG.standard_normal(4).astype(np.float32)
        keys = RNG.standard_normal(keys.shape).astype(np.float16)
        got = attn.compile(sink_mod=lambda b, h: sinks[h])(q, keys, keys[..., :64])
        out, lse = reference(q, keys, keys[..., :64])
        self.near(got, out / (1 + np.exp(sinks[None, :, None] - lse))[..., None])
        ahead = attn.compile(dtypes="bfloat16", head_dims=(576, 512), target="sm_90a",
                             value_in_key=True)
        self.assertIn("wgmma", ahead.ptx)
        with self.assertRaisesRegex(attn.CompileError, "where the value is the first columns"):
            attn.compile(dtypes="bfloat16", head_dims=(576, 512), target="sm_90a")

    def test_rotary(self):
        x = tensors(sq=6)[0]
        angles = (np.arange(6)[:, None] + 3) * 500.0 ** (-2 * np.arange(16) / 32)
        low, high = x[..., :16].astype(float), x[..., 16:].astype(float)
        want = np.concatenate([low * np.cos(angles) - high * np.sin(angles),
                               high * np.cos(angles) + low * np.sin(angles)], -1)
        self.near(attn.apply_rotary(x, offset=3, base=500.0), want)
        positions = np.arange(3, 9, dtype=np.int32)
        self.near(attn.apply_rotary(x, positions=positions, base=500.0), want)
        cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        self.near(attn.apply_rotary(x, cos=cos, sin=sin), want)
        self.compiles(0, attn.apply_rotary, x[:, :, :4], offset=9, base=500.0)

    def test_bfloat16_by_dlpack(self):
        class Tensor:  # of some framework: bfloat16 on the CPU
            def __init__(self, array):
                self.bits = (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
                self.shape = self.bits.shape

            def __dlpack_device__(self):
                return (1, 0)

            def __dlpack__(self, **_):
                from attn import _arrays
                capsule = self.bits.__dlpack__()
                pointer = _arrays._get_pointer(capsule, b"dltensor")
                managed = _arrays._DLManaged.from_address(pointer)
                managed.tensor.dtype.code = 4
                return capsule

        q, k, v = tensors(dtype=np.float32)
        out = attn.flex_attention(*map(Tensor, (q, k, v)), enable_gqa=True)
        self.assertEqual(out.dtype, np.uint16)
        got = (out.astype(np.uint32) << 16).view(np.float32)
        self.near(got, reference(q, k, v)[0], tolerance=3e-2)


class Masks(AttnTest):

    def picture(self, mask, want, **captures):
        q, k, v = tensors(b=2)
        got = attn.flex_attention(q, k, v, block_mask=mask, enable_gqa=True)
        self.near(got, reference(q, k, v, mask=want)[0])

    def test_combinators(self):
        self.picture(attn.causal & attn.window(5), lambda b, h, i, j: (j <= i) & (i - j <= 5))
        self.picture(attn.window(5, 2), lambda b, h, i, j: (i - j <= 5) & (j - i <= 2))
        self.picture(attn.causal & (attn.window(3) | attn.sinks(2)),
                     lambda b, h, i, j: (j <= i) & ((i - j <= 3) | (j < 2)))
        self.picture(~attn.causal, lambda b, h, i, j: j > i)
        self.picture(attn.causal_bottom_right, lambda b, h, i, j: j <= i + 13)
        self.picture(attn.prefix_lm(7), lambda b, h, i, j: (j < 7) | (j <= i))
        self.picture(attn.chunked(8) & attn.dilated(2),
                     lambda b, h, i, j: (i // 8 == j // 8) & ((i - j) % 2 == 0))
        self.picture(attn.causal | (lambda b, h, q_idx, kv_idx: h == 1),
                     lambda b, h, i, j: (j <= i) | (h == 1))

    def test_captures(self):
        lengths = np.array([9, 33], np.int32)
        self.picture(attn.key_length(lengths), lambda b, h, i, j: j < lengths[b])
        self.picture(attn.key_length([9, 33]), lambda b, h, i, j: j < lengths[b])
        ids = np.sort(RNG.integers(0, 4, 33)).astype(np.int32)
        self.picture(attn.same_document(ids) & attn.causal,
                     lambda b, h, i, j: (ids[i] == ids[j]) & (j <= i))
        both = np.stack([ids, ids[::-1]])
        self.picture(attn.same_document(both), lambda b, h, i, j: both[b, i] == both[b, j])

    def test_other_values_compile_nothing(self):
        q, k, v = tensors()
        run = functools.partial(attn.flex_attention, q, k, v, enable_gqa=True)
        run(block_mask=attn.causal & attn.window(4))
        got = self.compiles(0, run, block_mask=attn.causal & attn.window(6))
        self.near(got, reference(q, k, v, mask=lambda b, h, i, j: (j <= i) & (i - j <= 6))[0])

    def test_names(self):
        self.assertEqual(repr(attn.causal & ~attn.window(4)), "causal & ~window")

    def test_block_masks_of_pytorch(self):
        class BlockMask:
            def __init__(self, mask_mod):
                self.mask_mod = mask_mod

        def mask(b, h, i, j):
            return i >= j

        for block_mask in (BlockMask(mask), attn.create_block_mask(mask, None, None, 20, 33)):
            self.picture(block_mask, lambda b, h, i, j: j <= i)


class Captures(AttnTest):

    def run_score(self, score, want=None):
        q, k, v = tensors()
        got = attn.flex_attention(q, k, v, score, enable_gqa=True)
        self.near(got, reference(q, k, v, want or score)[0])

    def test_lengths_and_values_compile_nothing(self):
        bias = RNG.standard_normal(64).astype(np.float32)
        factor = 0.5

        def score(s, b, h, i, j):
            return s * factor + bias[j]

        self.run_score(score)
        factor, bias = 2.5, RNG.standard_normal(80).astype(np.float32)
        self.compiles(0, self.run_score, score)
        q, k, v = tensors(b=3, hq=2, hkv=1, sq=1, sk=70)
        got = self.compiles(0, attn.flex_attention, q, k, v, score, enable_gqa=True)
        self.near(got, reference(q, k, v, score)[0])

    def test_rank_and_dtype_compile_once(self):
        bias = np.zeros(64, np.float32)

        def score(s, b, h, i, j):
            return s + (bias[j] if bias.ndim == 1 else bias[h, j])

        self.run_score(score)
        bias = RNG.standard_normal((4, 64)).astype(np.float32)
        self.compiles(1, self.run_score, score)
        bias = bias.astype(np.float16)
        self.compiles(1, self.run_score, score)
        bias = bias.astype(np.float32)
        self.compiles(0, self.run_score, score)

    def test_what_a_branch_looks_at_is_looked_at_again(self):
        table, factor = np.zeros((4, 4), np.float32), 2

        def score(s, b, h, i, j):
            return s * 2.0 if table is not None and table.ndim == 2 else s * 0.5

        self.run_score(score)
        table = np.zeros(4, np.float32)
        self.run_score(score)
        table = None
        self.run_score(score)

        def by_type(s, b, h, i, j):
            return s + factor // 2

        self.run_score(by_type)
        factor = 3.5
        self.run_score(by_type)

    def test_functions_of_the_same_code(self):
        def make(factor):
            return lambda s, b, h, i, j: s * factor - 1.0

        self.run_score(make(0.5))
        self.compiles(0, self.run_score, make(0.25))

    def test_every_way_to_capture(self):
        table = {"bias": [RNG.standard_normal(64).astype(np.float32), 2]}

        class Owner:
            def __init__(self):
                self.offset, self.rows = 3, RNG.standard_normal(64).astype(np.float32)

            def score(self, s, b, h, i, j):
                return s + self.rows[i + self.offset]

        def helper(x):
            return x * slopes[0]

        def with_default(s, b, h, i, j, t=np.ones(64, np.float32), *, u=0.5):
            return s + t[i] * u

        self.run_score(lambda s, b, h, i, j: s + table["bias"][0][j] * table["bias"][1])
        self.run_score(Owner().score)
        self.run_score(lambda s, b, h, i, j: helper(s))
        self.run_score(with_default)
        self.run_score(functools.partial(
            lambda scale, s, b, h, i, j, shift: s * scale + shift, 0.5, shift=1))

    def test_numbers_that_python_asks_for_are_constants(self):
        count, is_signed = 3, True

        def score(s, b, h, i, j):
            for power in range(count):
                s = s + slopes[power] * 0.1
            return s if is_signed else -s

        self.run_score(score)
        self.compiles(0, self.run_score, score)
        count = 2
        self.compiles(1, self.run_score, score)
        is_signed = False
        self.compiles(1, self.run_score, score)

    def test_numpy_types_are_converted(self):
        doubles, bytes_ = RNG.standard_normal(64), np.arange(64, dtype=np.uint8)
        longs = np.arange(64)
        self.run_score(lambda s, b, h, i, j: s + doubles[j] + bytes_[i] * 0.01)
        self.run_score(lambda s, b, h, i, j: s + (longs[j] % 3 == longs[i] % 2) * 0.5)

    def test_sizes_of_captures(self):
        bias = RNG.standard_normal((2, 64)).astype(np.float32)
        self.run_score(lambda s, b, h, i, j: s + bias[h % bias.shape[0], -1])

    def test_sinks(self):
        sinks = RNG.standard_normal(4).astype(np.float32)
        q, k, v = tensors()
        got = attn.compile(sink_mod=lambda b, h: sinks[h])(q, k, v)
        out, lse = reference(q, k, v)
        self.near(got, out / (1 + np.exp(sinks[None, :, None] - lse))[..., None])

    def test_captures_of_all_regions(self):
        factor, sinks, width, count = 0.5, np.ones(4, np.float32), 20, 2
        q, k, v = tensors()
        got = attn.compile(lambda s, b, h, i, j: s * factor + slopes[h] * count,
                           lambda b, h, i, j: j < width,
                           sink_mod=lambda b, h: sinks[h] * count)(q, k, v)
        out, lse = reference(q, k, v, lambda s, b, h, i, j: s * factor + slopes[h] * count,
                             lambda b, h, i, j: j < width)
        self.near(got, out / (1 + np.exp(2 - lse))[..., None])


class Functions(AttnTest):
    """Operators, and the protocols by which other libraries hand over their functions."""

    def same(self, score):
        q, k, v = tensors()
        got = attn.flex_attention(q, k, v, score, enable_gqa=True)
        self.near(got, reference(q, k, v, score)[0])

    def test_operators(self):
        self.same(lambda s, b, h, i, j: s ** 2 / 3 - (-s) * 0.5 + abs(s))
        self.same(lambda s, b, h, i, j: s + 2.0 ** -(h + 1) * (i // 4 - j % 5))
        self.same(lambda s, b, h, i, j: s + ((i - j) // 3) * 0.1 + ((i - j) % 3) * 0.2)
        self.same(lambda s, b, h, i, j: s + ((i & 3) | (j ^ 5)) * 0.1 + (i >> 1) * 0.05)
        self.same(lambda s, b, h, i, j: s + ((i > j) ^ (h == 1)) * 1.0)

    def test_numpy(self):
        self.same(lambda s, b, h, i, j: np.tanh(s) + np.minimum(np.exp(-s * 0.5), 2.0))
        self.same(lambda s, b, h, i, j: np.where(np.logical_or(i < j, h == 0), s, 0.5 * s))
        self.same(lambda s, b, h, i, j: s + np.clip(i - j, -4, 4) * np.float32(0.25))
        self.same(lambda s, b, h, i, j: np.log1p(np.abs(s)) + np.sin(s) + np.sqrt(np.square(s)))
        self.same(lambda s, b, h, i, j: np.rint((i - j) / 2) + np.trunc((i - j) / 3) +
                  np.sign(i - j) + np.fmod(i - j, 3) * 0.5 + np.sign(s) + np.fmod(s, 0.5))

    def test_torch(self):
        def torch_function(name):  # dispatches as torch's functions do
            def function(*arguments, **options):
                return type(arguments[0]).__torch_function__(
                    function, (type(arguments[0]),), arguments, options)
            function.__name__ = name
            return function

        where, tanh, clamp, logical_and, silu, full = map(
            torch_function, ("where", "tanh", "clamp", "logical_and", "silu", "full_like"))
        q, k, v = tensors()
        got = attn.flex_attention(
            q, k, v, lambda s, b, h, i, j: where(
                logical_and(i >= j, h > 0), 5.0 * tanh(s / 5.0), silu(s)) +
            clamp(i - j, min=-3, max=3).to("torch.float32") + full(s, 0.5), enable_gqa=True)
        self.near(got, reference(q, k, v, lambda s, b, h, i, j: np.where(
            (i >= j) & (h > 0), 5 * np.tanh(s / 5), s / (1 + np.exp(-s))) +
            np.clip(i - j, -3, 3) + 0.5)[0])

    def test_attn(self):
        q, k, v = tensors()
        got = attn.flex_attention(q, k, v, lambda s, b, h, i, j: attn.softcap(
            attn.gelu(s), 2.0) + attn.isin(j, [3, 5]).to(attn.float32), enable_gqa=True)
        erf = np.vectorize(math.erf, [float])
        self.near(got, reference(q, k, v, lambda s, b, h, i, j: 2 * np.tanh(
            s / 2 * (1 + erf(s / 2**0.5)) / 2) + np.isin(j, [3, 5]))[0])


class Compiling(AttnTest):

    def test_ahead(self):
        before = attn.stats().compiled + attn.stats().loaded
        compiled = attn.compile(mask_mod=attn.causal & attn.window(128), dtypes="bfloat16",
                                head_dims=(64, 32), target="sm_90a", return_lse=True)
        self.assertEqual(attn.stats().compiled + attn.stats().loaded, before + 1)
        self.assertIn("tensor<?x?x?x64xbf16>", compiled.mlir)
        self.assertIn(".target sm_90a", compiled.ptx)
        self.assertIn("wgmma", compiled.ptx)
        text = compiled.explain(queries=512, keys=512, batch=1, heads=8, kv_heads=8)
        self.assertIn("schedule", text)
        self.assertTrue(compiled.explain(as_json=True).lstrip().startswith(("{", "[")))
        picture = compiled.mask_picture(512, 512)
        self.assertTrue(picture._repr_svg_().startswith("<svg"))

    def test_picture_with_captures(self):
        ids = np.repeat(np.arange(4), 64).astype(np.int32)
        compiled = attn.compile(mask_mod=attn.same_document(ids), dtypes="float16",
                                head_dims=64, target="sm_80")
        self.assertTrue(compiled.mask_picture(256, 256).startswith("<svg"))

    def test_stats(self):
        q, k, v = tensors()
        compiled = attn.compile(lambda s, b, h, i, j: s * 1.5)
        compiled(q, k, v)
        compiled(q, k, v)
        self.assertEqual((compiled.stats.calls, compiled.stats.traces), (2, 1))

    def test_normalizers(self):
        q, k, v = tensors(hkv=4)
        got = attn.compile(normalizer="sigmoid")(q, k, v)
        s = np.einsum("bhid,bhjd->bhij", q.astype(float), k.astype(float)) / math.sqrt(32)
        self.near(got, 1 / (1 + np.exp(-s)) @ v.astype(float), tolerance=3e-2)

    def test_progress_and_cache(self):
        program = ("import attn\n"
                   "attn.compile(dtypes='float16', head_dims=32, target='sm_80')\n"
                   "s = attn.stats()\nprint(s.compiled, s.loaded)\n")
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "ATTN_CACHE_DIR": folder}
            for expected in ("1 0", "0 1"):
                done = subprocess.run([sys.executable, "-c", program], env=environment,
                                      capture_output=True, text=True)
                self.assertEqual(done.stdout.strip(), expected, done.stderr)


    def test_where_the_library_is_looked_for(self):
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.dict(os.environ, {"ATTN_BUILD_DIR": folder}), \
                mock.patch.object(sys, "path", [folder]):
            os.environ.pop("ATTN_LIBRARY", None)
            with self.assertRaisesRegex(ImportError, "no .*libattn.so or .*ATTN_LIBRARY"):
                _library._find()
            # Last, what pip install -e has left among the other packages.
            for place in ((folder, "attn", "lib"), (folder, "lib")):
                path = os.path.join(*place, "libattn.so")
                os.makedirs(os.path.dirname(path))
                open(path, "w").close()
                self.assertEqual(_library._find(), path)
            os.environ["ATTN_LIBRARY"] = __file__
            self.assertEqual(_library._find(), __file__)

    def test_ptxas_of_a_wheel(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "nvidia", "cu13", "bin", "ptxas")
            os.makedirs(os.path.dirname(path))
            with open(path, "w") as file:
                file.write("#!/bin/sh\nexit 1\n")
            os.chmod(path, 0o700)
            with mock.patch.dict(os.environ, {"PATH": folder}, clear=True), \
                    mock.patch.object(sys, "path", [folder]), \
                    mock.patch.object(_library.os.path, "exists", return_value=False):
                _library._name_ptxas()
                self.assertEqual(os.environ["ATTN_PTXAS"], path)
                os.environ["ATTN_PTXAS"] = "/chosen"
                _library._name_ptxas()
                self.assertEqual(os.environ["ATTN_PTXAS"], "/chosen")


if __name__ == "__main__":
    unittest.main()
