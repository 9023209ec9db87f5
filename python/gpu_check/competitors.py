# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a user would pick instead: PyTorch's attention backends, FlexAttention, and the
packages of FlashAttention. Each works on CPU tensors too where it can, for tests.

A competitor is made for one row and its tensors; calls(n) makes n calls that rotate over
the sets of tensors. What it cannot do is Unsupported with its own message.
"""
import contextlib
import importlib
import warnings

import torch
from torch.nn.functional import scaled_dot_product_attention

from . import packages


class Unsupported(Exception):
    pass


class Competitor:
    """tensors: a list of (query, key, value), batch x heads x length x dim."""

    def __init__(self, row, tensors, captures):
        self.row, self.tensors, self.captures = row, tensors, captures
        self.device = tensors[0][0].device
        self.prepare()

    def prepare(self):
        pass

    def context(self):
        return contextlib.nullcontext()

    def calls(self, count):
        with self.context():
            for number in range(count):
                self.call(*self.tensors[number % len(self.tensors)])

    def output(self):
        """Of the first set, batch x heads x length x dim."""
        with self.context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.call(*self.tensors[0])


class Sdpa(Competitor):
    """torch.nn.functional.scaled_dot_product_attention with one backend."""
    backend = None

    def prepare(self):
        if self.row.variant not in ("plain", "causal"):
            raise Unsupported("no %s but by a dense mask" % self.row.variant)
        self.given = {"is_causal": self.row.variant == "causal"}
        if self.row.hq != self.row.hkv:
            self.given["enable_gqa"] = True

    def context(self):
        from torch.nn.attention import SDPBackend, sdpa_kernel
        return sdpa_kernel(getattr(SDPBackend, self.backend))

    def call(self, q, k, v):
        return scaled_dot_product_attention(q, k, v, **self.given)


class SdpaCudnn(Sdpa):
    name, backend = "cuDNN (SDPA)", "CUDNN_ATTENTION"


class SdpaFlash(Sdpa):
    name, backend = "flash (SDPA)", "FLASH_ATTENTION"


class SdpaMath(Sdpa):
    """For tests on a CPU."""
    name, backend = "math (SDPA)", "MATH"


class Flex(Competitor):
    """FlexAttention, compiled on a GPU. The block mask is made beforehand."""
    name = "FlexAttention"

    def prepare(self):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        # What was compiled for other rows would count against a limit, behind which
        # nothing is compiled any more, and make shapes dynamic.
        torch._dynamo.reset()
        row = self.row
        mask, score = self.mask(), self.score()
        self.given = {"score_mod": score, "enable_gqa": row.hq != row.hkv}
        if mask:
            batch = row.b if row.variant == "documents_causal" else None
            self.given["block_mask"] = create_block_mask(
                mask, batch, None, row.s, row.s, device=str(self.device))
        self.function = flex_attention
        if self.device.type == "cuda":
            self.function = torch.compile(flex_attention, dynamic=False)

    def mask(self):
        left, ids = self.row.left, self.captures.get("dq")
        if self.row.variant == "causal_window":
            return lambda b, h, i, j: (i >= j) & (i - j <= left)
        if self.row.variant == "documents_causal":
            return lambda b, h, i, j: (i >= j) & (ids[b, i] == ids[b, j])
        if "causal" in self.row.variant:
            return lambda b, h, i, j: i >= j
        return None

    def score(self):
        cap, slopes = self.row.cap, self.captures.get("slopes")
        if self.row.variant.startswith("softcap"):
            return lambda s, b, h, i, j: cap * torch.tanh(s / cap)
        if self.row.variant.startswith("alibi"):
            return lambda s, b, h, i, j: s + slopes[h] * (j - i)
        return None

    def call(self, q, k, v):
        return self.function(q, k, v, **self.given)


class FlashPackage(Competitor):
    """The packages take batch x length x heads x dim."""
    variants = {"plain", "causal", "causal_window", "softcap_causal"}

    def prepare(self):
        row = self.row
        if row.variant not in self.variants:
            raise Unsupported("no " + row.variant)
        _, reason = packages.find(self.package)
        if reason:
            raise Unsupported(reason)
        self.function = importlib.import_module(self.package).flash_attn_func
        self.given = {"causal": "causal" in row.variant}
        if row.variant == "causal_window":
            self.given["window_size"] = (row.left, 0)
        if row.variant.startswith("softcap"):
            self.given["softcap"] = row.cap
        if row.variant.startswith("alibi"):
            self.given["alibi_slopes"] = self.captures["slopes"]

    def call(self, q, k, v):
        out = self.function(*(x.transpose(1, 2) for x in (q, k, v)), **self.given)
        return (out[0] if isinstance(out, tuple) else out).transpose(1, 2)


class Flash2Package(FlashPackage):
    name, package = "flash_attn 2", "flash_attn"
    variants = FlashPackage.variants | {"alibi_causal"}


class Flash3Package(FlashPackage):
    name, package = "flash_attn 3", "flash_attn_interface"


ON_GPU = [SdpaCudnn, SdpaFlash, Flash3Package, Flash2Package, Flex]
ON_CPU = [SdpaMath, SdpaFlash, Flex]  # for tests


def is_wanted(kind, row, core):
    """FlexAttention compiles for seconds: where it has no other rival."""
    return kind is not Flex or (not core and row.group in ("variants", "window 1024"))


def make(kind, row, tensors, captures):
    """(competitor, None) or (None, why not)."""
    try:
        made = kind(row, tensors, captures)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                with made.context():
                    made.call(*tensors[0])
            except RuntimeError as error:
                # SDPA says why a backend refuses in warnings.
                reasons = [str(w.message).split("(Triggered")[0].strip() for w in seen]
                raise Unsupported("; ".join([str(error).split("\n")[0]] + reasons)[:400])
        return made, None
    except Unsupported as reason:
        return None, str(reason)
    except Exception as error:  # compilers fail in many ways
        return None, "%s: %s" % (type(error).__name__, str(error).split("\n")[0][:300])
