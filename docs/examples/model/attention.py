# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attention of the models in this folder, in NumPy and compiled, with one interface.

Operands are float16 in both. A score or mask function is written once: it runs on arrays of
positions in NumPy, and attn traces it.
"""
import numpy as np

import attn

UNIT = 2.0**-11  # half a unit in the last place of float16, relative


class Reference:
    """In float64 from the operands; results are rounded to float16."""

    def rotary(self, x, offset, base):
        half = x.shape[-1] // 2
        angles = np.arange(offset, offset + x.shape[2])[:, None] * \
            base ** (-np.arange(half) / half)
        low, high = x[..., :half].astype(float), x[..., half:].astype(float)
        cos, sin = np.cos(angles), np.sin(angles)
        return np.concatenate([low * cos - high * sin, high * cos + low * sin],
                              -1).astype(np.float16)

    def exact(self, q, k, v, score=None, mask=None, scale=None):
        """The result in float64, and how far a kernel may be from it: see allowed()."""
        groups = q.shape[1] // k.shape[1]
        q, k, v = (x.astype(float) for x in (q, k.repeat(groups, 1), v.repeat(groups, 1)))
        s = q @ k.swapaxes(2, 3) * (scale or q.shape[3] ** -0.5)
        positions = np.ogrid[tuple(slice(n) for n in s.shape)]
        if score:
            s = score(s, *positions)
        off = np.abs(s) if score else np.zeros(())
        if mask:
            s = np.where(mask(*positions), s, -np.inf)
        p = np.exp(s - s.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        return p @ v, allowed(p, v, off)

    def attend(self, q, k, v, **variant):
        return self.exact(q, k, v, **variant)[0].astype(np.float16)


def allowed(p, v, off):
    """How far each element of p @ v may be from that of a kernel. Weights are rounded to
    float16 before the second product, and so is the result: UNIT each of the weighted
    mean of |v|. What is below 2^-14 is rounded to multiples of 2^-24. Where a score
    function has made a score s, a tanh of the chip is off by UNIT of it; `off` is |s|, else
    0: by as much the weight e^s is, and the sum of weights by the mean of it. Sums of
    float32 are two orders of magnitude better."""
    size = np.abs(v)
    mean_off = (p * off).sum(-1, keepdims=True)
    return UNIT * ((p * (2 + off + mean_off)) @ size) + \
        2.0**-25 * (1 + size.sum(2, keepdims=True))


class Moved(Reference):
    """The reference with each element of each result as far off as allowed() lets it be, up or
    down by chance. What comes of it at the end of a model is how much errors of attention
    alone may do there."""

    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)

    def attend(self, q, k, v, **variant):
        out, error = self.exact(q, k, v, **variant)
        return (out + self.rng.choice([-1, 1], out.shape) * error).astype(np.float16)


class Compiled:
    """Kernels of attn, checked against the reference at each call. `put` brings an array to
    the device that is to compute, and `get` brings the result back."""

    def __init__(self, target=None, put=lambda x: x, get=lambda x: x):
        self.options = {"target": target} if target else {}
        self.put, self.get, self.target = put, get, target
        self.calls, self.worst = 0, 0.0

    def rotary(self, x, offset, base):
        got = self.get(attn.apply_rotary(self.put(x), offset=offset, base=base,
                                         target=self.target))
        want = Reference().rotary(x, offset, base)
        # Angles are float32: two units of the largest element and what the sine loses.
        self.check(got, want, (2 * UNIT + offset * 2.0**-22) * np.abs(want).max() * 2)
        return got

    def attend(self, q, k, v, score=None, mask=None, scale=None):
        keys = self.put(k)
        # A value that is columns of its key stays that.
        values = keys[..., :v.shape[3]] if np.may_share_memory(k, v) else self.put(v)
        out = attn.flex_attention(self.put(q), keys, values, score, mask, scale,
                                  enable_gqa=True, kernel_options=self.options)
        got = self.get(out)
        self.check(got, *Reference().exact(q, k, v, score, mask, scale))
        return got

    def check(self, got, want, error):
        self.calls += 1
        error = (np.abs(got.astype(float) - want) / error).max()
        self.worst = max(self.worst, error)
        if not error <= 1:
            raise AssertionError("a kernel is %.2f times as far from NumPy as it may be" % error)
