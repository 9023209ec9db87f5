# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Variants as programs: one case in the attn dialect and the files it reads."""
import os
from dataclasses import dataclass

import numpy as np

from variants import PLAIN, Variant


@dataclass(frozen=True)
class Case:
    variant: Variant = PLAIN
    element: str = "f32"
    b: int = 2
    hq: int = 4
    hkv: int = 2
    sq: int = 7
    sk: int = 10
    d: int = 16
    dv: int = 16
    scale: float = None
    lse: bool = True
    layout: str = "bhsd"
    sizes: str = "lengths"  # which sizes are dynamic: none, lengths, all
    poison: bool = False    # NaN and Inf in keys and values that no row keeps
    value_in_key: bool = False  # the value is the first columns of the key

    @property
    def asks_lse(self):
        return self.lse and self.variant.has_lse

    def __str__(self):
        return (f"{self.variant.name} {self.element} B{self.b} H{self.hq}/"
                f"{self.hkv} S{self.sq}x{self.sk} D{self.d}"
                f"{':' if self.value_in_key else '/'}{self.dv} "
                f"{self.layout} scale={self.scale} {self.sizes}")

    @property
    def inputs(self):
        """Heads, length and head dim of query, key and, if it is one, value."""
        query, key, value = ((self.hq, self.sq, self.d), (self.hkv, self.sk, self.d),
                             (self.hkv, self.sk, self.dv))
        return (query, key) if self.value_in_key else (query, key, value)


def region(name, arguments, body, result, kind):
    if body is None:
        return ""
    return (f"  {name} {{\n  ^bb0({arguments}):\n    {body.strip()}\n"
            f"    attn.yield {result} : {kind}\n  }}\n")


def slice_of_key(case, k, v):
    """The value as the first columns of the key."""
    sizes = [str(case.b), str(case.hkv), "%sk", str(case.dv)]
    lines = ""
    for d, (name, size) in enumerate(zip(("batch", "heads", "sk"), k.split("<")[1].split("x"))):
        if size == "?":
            sizes[d] = "%" + name
            if d < 2:
                lines += (f"  %c{d} = arith.constant {d} : index\n"
                          f"  %{name} = tensor.dim %k, %c{d} : {k}\n")
        else:
            sizes[d] = size
    return (lines + f"  %v = tensor.extract_slice %k[0, 0, 0, 0] [{', '.join(sizes)}] "
            f"[1, 1, 1, 1] : {k} to {v}\n")


def program(case, captures):
    """The case in the attn dialect."""
    def tensor(heads, length, dim):
        b = case.b
        if case.sizes != "none":
            b, length = "?", "?"
        if case.sizes == "all":
            heads = "?"
        return f"tensor<{b}x{heads}x{length}x{dim}x{case.element}>"

    q = tensor(case.hq, case.sq, case.d)
    k = tensor(case.hkv, case.sk, case.d)
    v = tensor(case.hkv, case.sk, case.dv)
    results = [tensor(case.hq, case.sq, case.dv)]
    if case.asks_lse:
        lse = results[0].rsplit("x", 2)[0] + "xf32>"
        results.append(lse)
    arguments = "".join(f", %{name}: {kind}"
                        for name, (_, kind) in captures.items())
    indices = "%b: index, %h: index, %i: index, %j: index"
    variant = case.variant
    attributes = []
    if case.scale is not None:
        attributes.append(f"scale = {case.scale:e} : f32")
    if variant.normalizer:
        attributes.append(f"normalizer = {variant.normalizer}")
    attributes = "{" + ", ".join(attributes) + "}" if attributes else ""
    names = ", ".join(["%o", "%lse"][:len(results)])
    types = ", ".join(results)
    value = "" if case.value_in_key else f", %v: {v}"
    return (
        f"func.func @attention(%q: {q}, %k: {k}{value}{arguments}) -> ({types}) {{\n"
        f"  %c2 = arith.constant 2 : index\n"
        f"  %sq = tensor.dim %q, %c2 : {q}\n"
        f"  %sk = tensor.dim %k, %c2 : {k}\n"
        f"  %offset = arith.subi %sk, %sq : index\n"
        + (slice_of_key(case, k, v) if case.value_in_key else "") +
        f"  {names} = attn.attention query(%q : {q}) key(%k : {k}) value(%v : {v}) {attributes}\n"
        + region("score", "%s: f32, " + indices, variant.score,
                 variant.score_value, "f32")
        + region("mask", indices, variant.mask, variant.mask_value, "i1")
        + region("sink", "%b: index, %h: index", variant.sink,
                 variant.sink_value, "f32")
        + f"  -> {types}\n  return {names} : {types}\n}}\n")


def capture_inputs(captures, folder):
    """Saves the captures and returns them as attn-run's --inputs has them."""
    inputs = []
    for name, (value, _) in captures.items():
        if not isinstance(value, np.ndarray):
            inputs.append(repr(value))
            continue
        stored = value.astype(np.float32) if value.dtype == float else value
        inputs.append(os.path.join(folder, name + ".npy"))
        # Not ascontiguousarray, which adds a dimension where there is none.
        np.save(inputs[-1], np.asarray(stored, order="C"))
    return inputs
