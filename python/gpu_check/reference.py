# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention by its definition, in float64, and as an unfused program would compute it.

Both follow docs/Spec.md and share nothing with the compiler. They run on NumPy or, where
there is a GPU with PyTorch, on that.
"""
import numpy as np

from . import packages
from .inputs import from_element, to_bf16, from_bf16


class NumpyArrays:
    """The functions that formulas use, on NumPy."""
    name = "NumPy"
    limit = 1 << 23  # scores at a time
    tanh, where, clip = staticmethod(np.tanh), staticmethod(np.where), staticmethod(np.clip)
    exp, log, matmul = staticmethod(np.exp), staticmethod(np.log), staticmethod(np.matmul)
    isfinite, isnan = staticmethod(np.isfinite), staticmethod(np.isnan)
    absolute = staticmethod(np.abs)

    def real(self, values, element, wide):
        """Values of an element type as float64 or float32."""
        return from_element(values, element).astype(np.float64 if wide else np.float32)

    def integers(self, values):
        return values

    def narrow(self, x):
        """What a formula made of float32, in float32 again."""
        return x.astype(np.float32)

    def rounded(self, x, element):
        """float32 as it is after a trip through memory as `element`."""
        if element == "bf16":
            return from_bf16(to_bf16(x))
        with np.errstate(over="ignore"):
            return x.astype(np.float16).astype(np.float32)

    def arange(self, start, end):
        return np.arange(start, end)

    def swap(self, x):
        return np.swapaxes(x, -1, -2)

    def amax(self, x):
        return x.max(axis=-1, keepdims=True, initial=-np.inf)

    def total(self, x):
        return x.sum(axis=-1, keepdims=True)

    def any_row(self, x):
        return x.any(axis=2)

    def empty(self, shape, wide):
        return np.empty(shape, np.float64 if wide else np.float32)

    def largest(self, x):
        return float(x.max()) if x.size else 0.0

    def count(self, x):
        return int(x.sum())

    def numpy(self, x):
        return np.asarray(x)


class TorchArrays:
    """The same on PyTorch."""
    limit = 1 << 26

    def __init__(self, torch, device):
        self.torch, self.device = torch, device
        self.name = "PyTorch on " + device
        torch.backends.cuda.matmul.allow_tf32 = False
        self.tanh, self.exp, self.log = torch.tanh, torch.exp, torch.log
        self.matmul, self.clip = torch.matmul, torch.clamp
        self.isfinite, self.isnan, self.absolute = torch.isfinite, torch.isnan, torch.abs
        if device == "cpu":
            self.limit = NumpyArrays.limit

    def type(self, wide):
        return self.torch.float64 if wide else self.torch.float32

    def real(self, values, element, wide):
        torch = self.torch
        if element == "bf16":
            x = torch.from_numpy(np.ascontiguousarray(values).view(np.int16))
            x = x.to(self.device).view(torch.bfloat16)
        else:
            x = torch.from_numpy(np.ascontiguousarray(values)).to(self.device)
        return x.to(self.type(wide))

    def integers(self, values):
        return self.torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def where(self, condition, yes, no):
        return self.torch.where(condition, yes, no)

    def narrow(self, x):
        return x.to(self.torch.float32)

    def rounded(self, x, element):
        narrow = self.torch.bfloat16 if element == "bf16" else self.torch.float16
        return x.to(narrow).to(self.torch.float32)

    def arange(self, start, end):
        return self.torch.arange(start, end, device=self.device)

    def swap(self, x):
        return x.transpose(-1, -2)

    def amax(self, x):
        return x.amax(dim=-1, keepdim=True)

    def total(self, x):
        return x.sum(dim=-1, keepdim=True)

    def any_row(self, x):
        return x.any(dim=2)

    def empty(self, shape, wide):
        return self.torch.empty(shape, dtype=self.type(wide), device=self.device)

    def largest(self, x):
        return float(x.max()) if x.numel() else 0.0

    def count(self, x):
        return int(x.sum())

    def numpy(self, x):
        return x.cpu().numpy()


def choose_arrays(device):
    """PyTorch on the GPU when there is both, else NumPy."""
    if device == "cuda" and packages.find("torch")[0]:
        import torch
        if torch.cuda.is_available():
            return TorchArrays(torch, "cuda")
    return NumpyArrays()


class Attention:
    """One case on an array library. inputs: NumPy arrays by name, in the case's types."""

    def __init__(self, arrays, case, inputs):
        self.x, self.case, self.inputs = arrays, case, inputs
        self.kernel, self.variant = case.kernel, case.kernel.what
        # The scale is an f32 for a kernel as well.
        self.scale = float(np.float32(1 / np.sqrt(case.kernel.d)))

    def captures(self, wide):
        made = {"offset": self.case.sk - self.case.sq}
        for name, kind in self.variant.types.items():
            value = self.inputs[name]
            if not isinstance(value, np.ndarray):
                made[name] = value
            elif kind.rstrip(">").endswith(("xf32", "xf16", "xbf16")):
                element = kind.rstrip(">").rsplit("x", 1)[1]
                made[name] = self.x.real(value, element, wide)
            else:
                made[name] = self.x.integers(value)
        return made

    def chunks(self):
        """(batch, heads, rows) as ranges, each with a bounded number of scores."""
        case, limit = self.case, self.x.limit
        if case.b * case.hq * case.sq * case.sk <= limit:
            yield (0, case.b), (0, case.hq), (0, case.sq)
            return
        rows = max(1, limit // max(1, case.sk))
        for b in range(case.b):
            for h in range(case.hq):
                for r in range(0, case.sq, rows):
                    yield (b, b + 1), (h, h + 1), (r, min(case.sq, r + rows))

    def indices(self, batch, heads, rows):
        x = self.x
        return (x.arange(*batch).reshape(-1, 1, 1, 1), x.arange(*heads).reshape(1, -1, 1, 1),
                x.arange(*rows).reshape(1, 1, -1, 1),
                x.arange(0, self.case.sk).reshape(1, 1, 1, -1))

    def compute(self, wide):
        """(out, lse) in float64, or of an unfused program that stores scores, scores
        after the region, weights and output in the kernel's type."""
        x, case, kernel = self.x, self.case, self.kernel
        out = x.empty((case.b, case.hq, case.sq, kernel.dv), wide)
        lse = x.empty((case.b, case.hq, case.sq), wide)
        if 0 in (case.b, case.hq, case.sq, case.sk):
            out[...], lse[...] = 0, -np.inf
            return out, lse
        q, k, v = (x.real(self.inputs[name], kernel.element, wide)
                   for name in ("query", "key", "value"))
        captures = self.captures(wide)
        group = case.hq // case.hkv
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for batch, heads, rows in self.chunks():
                take = slice(*batch), slice(*heads), slice(*rows)
                kv = x.arange(*heads) // group
                out[take], lse[take] = self.rows(
                    q[take], k[take[0]][:, kv], v[take[0]][:, kv],
                    self.indices(batch, heads, rows), captures, wide)
        return out, lse

    def rows(self, q, k, v, indices, captures, wide):
        x, element = self.x, self.kernel.element

        def stored(values):
            return values if wide else x.rounded(values, element)
        s = stored(x.matmul(q, x.swap(k)) * self.scale)
        if self.variant.score_fn:
            s = self.variant.score_fn(x, s, *indices, captures)
            s = s if wide else stored(x.narrow(s))
        if self.variant.mask_fn:
            s = x.where(self.variant.mask_fn(x, *indices, captures), s, -np.inf)
        top = x.amax(s)
        w = x.exp(s - x.where(top == -np.inf, 0.0, top))
        total = x.total(w)
        divisor = x.where(total == 0, 1.0, total)
        if wide:
            out = x.matmul(w, v) / divisor
        else:
            out = stored(x.matmul(stored(w / divisor), v))
        lse = x.where(total == 0, -np.inf, top + x.log(divisor))
        return out, lse[..., 0]

    def used_keys(self):
        """Which keys some row of the group keeps, as NumPy batch x kv heads x keys."""
        x, case = self.x, self.case
        used = np.zeros((case.b, case.hkv, case.sk), bool)
        if not self.variant.mask_fn or 0 in used.shape or not case.sq:
            used[...] = case.sq > 0
            return used
        captures, group = self.captures(True), case.hq // case.hkv
        for batch, heads, rows in self.chunks():
            keep = self.variant.mask_fn(x, *self.indices(batch, heads, rows), captures)
            keep = np.broadcast_to(x.numpy(x.any_row(keep)), (
                batch[1] - batch[0], heads[1] - heads[0], case.sk))
            for h in range(*heads):
                used[slice(*batch), h // group] |= keep[:, h - heads[0]]
        return used
