#!/usr/bin/env python3
# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Language models of three families in NumPy, whose attention attn compiles: README.md.

  decoder.py llama|gemma|deepseek [--prompt N] [--generate N] [--target sm_90a] [--device cuda]

`llama`: RMSNorm, rotary embedding, grouped queries, SwiGLU (Llama 3, arXiv 2407.21783).
`gemma`: the same with a sliding window in every other layer, soft caps on scores and logits,
and norms behind each part (Gemma 2, arXiv 2408.00118). `deepseek`: the first with latent attention
(DeepSeek-V2, arXiv 2405.04434), whose cache has 576 numbers a token for all heads. Weights come from a
seed. It generates greedily with a cache, once with NumPy and once with attn.
"""
import argparse
import time
from dataclasses import dataclass
from typing import Optional

import numpy as np

import attn
from attention import Compiled, Moved, Reference


@dataclass(frozen=True)
class Config:
    layers: int = 4
    heads: int = 8
    kv_heads: int = 2
    head_dim: int = 64
    width: int = 512
    inner: int = 1408
    words: int = 2048
    base: float = 500000.0
    epsilon: float = 1e-5
    window: Optional[int] = None       # of layers 0, 2, ...
    score_cap: Optional[float] = None
    logit_cap: Optional[float] = None
    scale: Optional[float] = None
    norms_behind: bool = False
    latent: Optional[int] = None       # columns of the cache without position

    def window_of(self, layer):
        return self.window if layer % 2 == 0 else None


CONFIGS = {
    "llama": Config(),
    "gemma": Config(base=10000.0, window=32, score_cap=50.0, logit_cap=30.0,
                    scale=96 ** -0.5, norms_behind=True),
    "deepseek": Config(base=10000.0, latent=512, scale=128 ** -0.5),
}


def weights_of(config, seed):
    rng = np.random.default_rng(seed)

    def matrix(rows, columns):
        return (rng.standard_normal((rows, columns)) / np.sqrt(rows)).astype(np.float32)

    c, d = config, config.head_dim
    layers = [{
        "q": matrix(c.width, c.heads * d), "k": matrix(c.width, c.kv_heads * d),
        "v": matrix(c.width, c.kv_heads * d), "o": matrix(c.heads * d, c.width),
        "gate": matrix(c.width, c.inner), "up": matrix(c.width, c.inner),
        "down": matrix(c.inner, c.width),
        "norms": 1 + 0.1 * rng.standard_normal((4, c.width)).astype(np.float32),
    } for _ in range(c.layers)]
    for layer in layers:
        # Keys that are longer than chance makes them: attention that looks at something.
        layer["k"] *= 2
        if c.latent:
            # Half of a query and key has no position. Keys and values of all heads come from
            # the latent columns, "up_k" [heads, d, latent] and "up_v" [heads, latent, d].
            layer["q"] = matrix(c.width, c.heads * 2 * d)
            layer["down_kv"] = 2 * matrix(c.width, c.latent + d)
            layer["up_k"] = np.stack([matrix(c.latent, d).T for _ in range(c.heads)])
            layer["up_v"] = np.stack([matrix(c.latent, d) for _ in range(c.heads)])
    return {"layers": layers, "words": matrix(c.words, c.width) * np.sqrt(c.words),
            "norm": np.ones(c.width, np.float32), "head": matrix(c.width, c.words)}


def visible(offset):
    """Query 0 is the token at position `offset`."""
    return lambda b, h, q_idx, kv_idx: kv_idx <= q_idx + offset


def visible_in_window(offset, window):
    return lambda b, h, q_idx, kv_idx: (kv_idx <= q_idx + offset) & \
        (kv_idx > q_idx + offset - window)


def capped(cap):
    return lambda score, b, h, q_idx, kv_idx: cap * np.tanh(score / cap)


class Model:
    """A decoder; `attention` is one of attention.py."""

    def __init__(self, config, weights, attention, capacity):
        self.config, self.weights, self.attention = config, weights, attention
        shape = (config.layers, 2, 1, config.kv_heads, capacity, config.head_dim)
        self.cache, self.length = np.zeros(shape, np.float16), 0

    def norm(self, x, weight):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.config.epsilon) * weight

    def heads(self, x, count):
        return x.reshape(1, -1, count, self.config.head_dim).swapaxes(1, 2).astype(np.float16)

    def attend(self, x, number, layer):
        c, start = self.config, self.length
        q = self.attention.rotary(self.heads(x @ layer["q"], c.heads), start, c.base)
        k = self.attention.rotary(self.heads(x @ layer["k"], c.kv_heads), start, c.base)
        end = start + q.shape[2]
        keys, values = self.cache[number]
        keys[:, :, start:end] = k
        values[:, :, start:end] = self.heads(x @ layer["v"], c.kv_heads)
        window = c.window_of(number)
        mask = visible_in_window(start, window) if window else visible(start)
        out = self.attention.attend(
            q, keys[:, :, :end], values[:, :, :end], mask=mask, scale=c.scale,
            score=capped(c.score_cap) if c.score_cap else None)
        return out.swapaxes(1, 2).reshape(-1, c.heads * c.head_dim) @ layer["o"]

    def logits(self, tokens):
        """Of the last of these tokens, which follow those of earlier calls."""
        c, x = self.config, self.weights["words"][tokens]
        for number, layer in enumerate(self.weights["layers"]):
            norms = layer["norms"]
            added = self.attend(self.norm(x, norms[0]), number, layer).astype(np.float32)
            x = x + (self.norm(added, norms[2]) if c.norms_behind else added)
            inner = self.norm(x, norms[1])
            gate = inner @ layer["gate"]
            added = (gate / (1 + np.exp(-gate)) * (inner @ layer["up"])) @ layer["down"]
            x = x + (self.norm(added, norms[3]) if c.norms_behind else added)
        self.length += len(tokens)
        found = self.norm(x[-1], self.weights["norm"]) @ self.weights["head"]
        return c.logit_cap * np.tanh(found / c.logit_cap) if c.logit_cap else found


class LatentModel(Model):
    """Latent attention. A prompt has keys and values of each head made from the cache; a
    token has its queries and results moved into the space of the cache instead, so that it
    reads 576 numbers a key, of which 512 are the value."""

    def __init__(self, config, weights, attention, capacity):
        super().__init__(config, weights, attention, capacity)
        self.cache = np.zeros((config.layers, 1, 1, capacity, config.latent + config.head_dim),
                              np.float16)

    def attend(self, x, number, layer):
        c, d, start = self.config, self.config.head_dim, self.length
        q = (x @ layer["q"]).reshape(1, -1, c.heads, 2 * d).swapaxes(1, 2)
        q_rotary = self.attention.rotary(q[..., d:].astype(np.float16), start, c.base)
        down, end = x @ layer["down_kv"], start + len(x)
        cache = self.cache[number][:, :, :end]
        cache[0, 0, start:, :c.latent] = self.norm(down[:, :c.latent], 1.0)
        cache[0, 0, start:, c.latent:] = self.attention.rotary(
            down[None, None, :, c.latent:].astype(np.float16), start, c.base)
        latent = cache[..., :c.latent]
        is_prompt = len(x) > 1
        if is_prompt:
            q = q[..., :d]
            k = np.concatenate([latent.astype(np.float32) @ layer["up_k"].swapaxes(1, 2),
                                cache[..., c.latent:].repeat(c.heads, 1)], -1)
            k, v = (y.astype(np.float16)
                    for y in (k, latent.astype(np.float32) @ layer["up_v"]))
        else:
            q, k, v = q[..., :d] @ layer["up_k"], cache, latent
        q = np.concatenate([q.astype(np.float16), q_rotary], -1)
        out = self.attention.attend(q, k, v, mask=visible(start), scale=c.scale)
        if not is_prompt:
            out = out.astype(np.float32) @ layer["up_v"]
        return out.swapaxes(1, 2).reshape(-1, c.heads * d) @ layer["o"]


def model_of(config, *arguments):
    return (LatentModel if config.latent else Model)(config, *arguments)


def generate(config, weights, attention, prompt, count, forced=None):
    """(tokens, logits of each). `forced`: the tokens to go on with instead of its own, so
    that logits of two runs can be compared."""
    model = model_of(config, weights, attention, len(prompt) + count)
    tokens, found = [], [model.logits(prompt)]
    for step in range(count):
        tokens.append(int(found[-1].argmax()))
        if step + 1 < count:
            found.append(model.logits([forced[step] if forced else tokens[-1]]))
    return tokens, np.array(found)


def compare(config, attention, prompt_length=192, count=16, seed=1):
    """Generates with NumPy and with `attention`: a dictionary of what came of it."""
    weights = weights_of(config, seed)
    prompt = np.random.default_rng(seed).integers(0, config.words, prompt_length)
    tokens, want = generate(config, weights, Reference(), prompt, count)
    allowed = max(
        np.abs(generate(config, weights, Moved(s), prompt, count, tokens)[1] - want).max()
        for s in range(2))
    start, kernels = time.monotonic(), []
    before = attn.stats().compiled + attn.stats().loaded
    model, got = model_of(config, weights, attention, prompt_length + count), []
    while len(got) < count:
        got.append(model.logits([int(got[-1].argmax())] if got else prompt))
        kernels.append(attn.stats().compiled + attn.stats().loaded - before)
    best = np.sort(want, -1)
    return {"tokens": [int(x.argmax()) for x in got], "reference": tokens,
            "error": np.abs(np.array(got) - want).max(), "allowed": allowed,
            "margin": (best[:, -1] - best[:, -2]).min(), "spread": want.std(),
            "kernels": kernels,
            "seconds": time.monotonic() - start}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(CONFIGS))
    parser.add_argument("--prompt", type=int, default=192, metavar="N", help="tokens of it")
    parser.add_argument("--generate", type=int, default=16, metavar="N", help="tokens")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", help="what the simulator is; sm_80 by default")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu",
                        help="cuda: with PyTorch's tensors")
    options = parser.parse_args()
    attention = Compiled(options.target)
    if options.device == "cuda":
        import torch
        attention = Compiled(None, lambda x: torch.from_numpy(np.ascontiguousarray(x)).cuda(),
                             lambda x: x.cpu().numpy())
    found = compare(CONFIGS[options.model], attention, options.prompt, options.generate,
                    options.seed)
    print("tokens of NumPy:", *found["reference"])
    print("tokens of attn: ", *found["tokens"])
    print("logits: largest difference %.2e, %.2e allowed; least margin %.2e, spread %.2f" % (
        found["error"], found["allowed"], found["margin"], found["spread"]))
    print("kernels after each step:", *found["kernels"])
    print("%d calls in %.1f s, at most %.2f of the bound of a call" % (
        attention.calls, found["seconds"], attention.worst))
    if found["tokens"] != found["reference"] or found["error"] > found["allowed"]:
        raise SystemExit("the models differ")


if __name__ == "__main__":
    main()
