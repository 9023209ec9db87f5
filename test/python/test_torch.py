# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors and functions of PyTorch, against PyTorch's own attention on the CPU. Needs a
PyTorch of 2.5 or newer; nothing else here does."""
import unittest
import warnings
from unittest import mock

try:
    import torch
    import torch.nn.functional as F  # noqa: N812
    from torch.nn.attention import flex_attention as flex
except ImportError:
    raise unittest.SkipTest("no PyTorch with flex_attention")

import attn

torch.manual_seed(0)
slopes = 2.0 ** -torch.arange(1, 5)
table, wide = torch.randn(4, 40), torch.randn(4, 40, 40)
halves, brains = wide.half(), wide[0].bfloat16()
documents = torch.repeat_interleave(torch.arange(4), 10)
some = torch.rand(40) < 0.5
three, turned = torch.tensor(3), torch.randn(40, 40).t()
HAS_AUX = hasattr(flex, "AuxRequest")
TOLERANCE = {torch.float16: 2e-3, torch.bfloat16: 1.6e-2}

SCORES = {
    "alibi": lambda s, b, h, i, j: s + slopes[h] * (j - i),
    "bias": lambda s, b, h, i, j: s + table[h, j],
    "bias of float16": lambda s, b, h, i, j: s + halves[h, i, j],
    "bias of bfloat16": lambda s, b, h, i, j: s + brains[i, j],
    "bias with strides": lambda s, b, h, i, j: s + turned[i, j],
    "tanh": lambda s, b, h, i, j: 2 * torch.tanh(s / 2),
    "where": lambda s, b, h, i, j: torch.where(i >= j, s, -float("inf")),
    "relu": lambda s, b, h, i, j: torch.relu(s) + torch.sigmoid(s) * torch.exp(
        -torch.abs(i - j) / 4),
    "functional": lambda s, b, h, i, j: F.silu(s) + F.gelu(s) + F.softplus(s),
    "clamp": lambda s, b, h, i, j: s.clamp(-1, 1) + torch.clamp(i - j, min=-3, max=3) * 0.1,
    "constant": lambda s, b, h, i, j: s + torch.tensor(1.5),
    "new": lambda s, b, h, i, j: torch.where(
        (i - j).abs() < 5, s, s.new_tensor(-1.0)) + s.new_full((), 2.0),
    "full_like": lambda s, b, h, i, j: torch.where(
        (i - j).abs() < 5, s, torch.full_like(s, -1.0)),
    "masked_fill": lambda s, b, h, i, j: s.masked_fill(i < j, -1.0),
    "floor": lambda s, b, h, i, j: s + torch.div(i, 4, rounding_mode="floor") * 0.1,
    "round": lambda s, b, h, i, j: torch.round((i - j) / 2) + torch.trunc(
        (i - j) / 3) + torch.sign(i - j) + torch.sign(s),
    "remainder": lambda s, b, h, i, j: s + torch.remainder(i - j, 3) * 0.1 + torch.fmod(
        i - j, 3) * 0.1 + torch.fmod(s, 0.5),
    "integers": lambda s, b, h, i, j: s + (i // 3 - j % 4) * 0.1 + ((i ^ j) & 3) * 0.1,
    "pow": lambda s, b, h, i, j: s * torch.pow(0.5, h + 1) + torch.exp2(-(i - j).abs()),
    "maximum": lambda s, b, h, i, j: torch.maximum(s, -s) + torch.minimum(i, j) * 0.01,
    "types": lambda s, b, h, i, j: s + i.to(torch.float32) * 0.01 + j.float() * 0.02 -
    (i > j).to(s.dtype) + (i > j).int() * 0.3,
    "real": lambda s, b, h, i, j: torch.erf(s) + torch.rsqrt(torch.abs(s) + 1) +
    torch.log1p(torch.exp(s)) + torch.sqrt(s * s) + torch.square(s) * 0.1,
    "methods": lambda s, b, h, i, j: s.mul(2).add(1).sub(0.5).div(2).tanh(),
}


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def near(b, h, q_idx, kv_idx):
    return q_idx - kv_idx <= 8


def of_document(b, h, q_idx, kv_idx):
    return documents[q_idx] == documents[kv_idx]


MASKS = {
    "causal": causal,
    "document": lambda b, h, i, j: (documents[i] == documents[j]) & (i >= j),
    "logical": lambda b, h, i, j: torch.logical_and(i >= j, torch.logical_or(i - j <= 8, j < 2)),
    "scalar": lambda b, h, i, j: i + three >= j,
    "bool": lambda b, h, i, j: some[j] | (i == j),
    "isin": lambda b, h, i, j: torch.eq(i % 2, j % 2) | torch.isin(j, torch.tensor([1, 2])),
    "empty rows": lambda b, h, i, j: (i > 7) & (i >= j),
    "and_masks": flex.and_masks(causal, near, of_document),
    "or_masks": flex.or_masks(near, of_document),
    "noop_mask": flex.noop_mask,
    "new_ones": lambda b, h, i, j: b.new_ones((), dtype=torch.bool) & (i >= j),
}


def tensors(hkv=4, sk=40, dtype=torch.float16):
    return [torch.randn(1, heads, length, 64).to(dtype)
            for heads, length in ((4, 40), (hkv, sk), (hkv, sk))]


class TorchTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")  # of the simulator, and of eager flex_attention

    def near(self, got, want, of=None):
        tolerance = TOLERANCE[of or got.dtype]
        torch.testing.assert_close(got.float(), want.float(), atol=tolerance, rtol=tolerance)

    def flex(self, q, k, v, score=None, mask=None, **options):
        block_mask = None if mask is None else flex.create_block_mask(
            mask, 1, q.shape[1], q.shape[2], k.shape[2], device="cpu")
        got = attn.flex_attention(q, k, v, score, block_mask, **options)
        want = flex.flex_attention(q.float(), k.float(), v.float(), score, block_mask,
                                   **options)
        return got, want

    def test_scores(self):
        for name, score in SCORES.items():
            with self.subTest(name):
                self.near(*self.flex(*tensors(), score))

    def test_masks(self):
        for name, mask in MASKS.items():
            with self.subTest(name):
                self.near(*self.flex(*tensors(), None, mask))

    def test_options(self):
        self.near(*self.flex(*tensors(dtype=torch.bfloat16), mask=causal))
        self.near(*self.flex(*tensors(hkv=2), enable_gqa=True))
        self.near(*self.flex(*tensors(sk=57), scale=0.3))
        got, want = self.flex(*tensors(), mask=MASKS["empty rows"], return_lse=True)
        self.near(got[0], want[0])
        self.assertEqual(got[1].dtype, torch.float32)
        torch.testing.assert_close(got[1], want[1], atol=1e-5, rtol=1e-5)

    @unittest.skipUnless(HAS_AUX, "PyTorch before 2.9")
    def test_aux(self):
        got, want = self.flex(*tensors(), mask=causal, return_aux=flex.AuxRequest(lse=True))
        self.near(got[0], want[0])
        torch.testing.assert_close(got[1].lse, want[1].lse, atol=1e-5, rtol=1e-5)

    def test_scaled_dot_product_attention(self):
        for hkv, sk, options in (
                (4, 40, {}), (4, 40, {"is_causal": True}), (4, 57, {"is_causal": True}),
                (4, 40, {"attn_mask": torch.rand(40, 40) < 0.7}),
                (4, 40, {"attn_mask": torch.rand(1, 1, 1, 40) < 0.7}),
                (4, 40, {"attn_mask": torch.randn(4, 1, 40)}),
                (2, 40, {"enable_gqa": True, "scale": 0.2})):
            with self.subTest(str(sorted(options))):
                q, k, v = tensors(hkv, sk)
                self.near(attn.scaled_dot_product_attention(q, k, v, **options),
                          F.scaled_dot_product_attention(q.float(), k.float(), v.float(),
                                                         **options))

    def test_views(self):
        """Query, key and value as a model splits them: [batch, length, 3, heads, dim]."""
        q, k, v = (x.transpose(1, 2) for x in torch.randn(1, 40, 3, 4, 64).half().unbind(2))
        self.near(*self.flex(q, k, v))

    def test_latent(self):
        """The value is a view of the key."""
        latent, q = torch.randn(1, 1, 40, 128).half(), torch.randn(1, 8, 1, 128).half()
        compiled = attn.compile()
        got = compiled(q, latent, latent[..., :64])
        self.assertIn("extract_slice", compiled.mlir)
        latent = latent.float()
        self.near(got, flex.flex_attention(q.float(), latent, latent[..., :64],
                                           enable_gqa=True))

    def test_modules(self):
        class Biased(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.factor = torch.nn.Parameter(torch.randn(4))
                self.register_buffer("bias", torch.randn(40))

            def score(self, s, b, h, i, j):
                return s * self.factor[h] + self.bias[j]

        module = Biased()
        with torch.no_grad():
            self.near(*self.flex(*tensors(), module.score))
        with self.assertRaisesRegex(attn.ArgumentError, "captured tensor 'factor': requires a"):
            attn.flex_attention(*tensors(), module.score)

    def test_in_place_of_pytorchs(self):
        """A module of PyTorch whose attention is that of attn."""
        module = torch.nn.MultiheadAttention(256, 4, batch_first=True)  # in training mode
        x = torch.randn(2, 30, 256)
        options = {"need_weights": False,
                   "attn_mask": torch.ones(30, 30, dtype=torch.bool).triu(1)}
        with torch.no_grad():
            want, _ = module(x, x, x, **options)
            with mock.patch.object(F, "scaled_dot_product_attention",
                                   side_effect=attn.scaled_dot_product_attention) as used:
                got, _ = module.half()(x.half(), x.half(), x.half(), **options)
        self.assertEqual(used.call_count, 1)
        self.near(got, want)

    def test_gradients(self):
        q, k, v = tensors()
        q.requires_grad_()
        with self.assertRaisesRegex(attn.ArgumentError, r"query: requires a gradient"):
            attn.flex_attention(q, k, v)
        with torch.no_grad():
            self.assertFalse(attn.flex_attention(q, k, v).requires_grad)

    def refused(self, error, message, *arguments):
        with self.assertRaisesRegex(error, message):
            attn.flex_attention(*arguments)

    def test_refusals(self):
        q, k, v = tensors()
        doubles = torch.randn(4).double()
        self.refused(attn.ArgumentError, "query: device: expected cpu or cuda, but got meta",
                     *(x.to("meta") for x in (q, k, v)))
        self.refused(attn.ArgumentError, "query: dtype: expected float16", q.float(), k, v)
        self.refused(attn.ArgumentError, "key: dtype", q, k.bfloat16(), v)
        self.refused(attn.ArgumentError, "captured tensor 'doubles': dtype.*float64", q, k, v,
                     lambda s, b, h, i, j: s + doubles[h])
        self.refused(attn.TraceError, r"test_torch.py:\d+: .*'cumsum' is not supported", q, k,
                     v, lambda s, b, h, i, j: torch.cumsum(s, 0))
        self.refused(attn.TraceError, r"test_torch.py:\d+: .*Python `if`", q, k, v,
                     lambda s, b, h, i, j: s if i > j else -s)
        self.refused(attn.TraceError, r"test_torch.py:\d+: .*item\(\) needs", q, k, v,
                     lambda s, b, h, i, j: s * i.item())
        self.refused(attn.TraceError, "expected the size", q, k, v,
                     lambda s, b, h, i, j: s + s.new_ones(3))
        self.refused(attn.TraceError, "returns a float32, expected a bool", q, k, v, None,
                     lambda b, h, i, j: torch.tensor(1.0))


if __name__ == "__main__":
    unittest.main()
