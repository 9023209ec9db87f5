# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Variants as programs: one case in the attn dialect and the files it reads."""
import os
from dataclasses import dataclass
from typing import Optional

import numpy as np

from variants import PLAIN, Variant


@dataclass(frozen=True)
class Difference:
    """What attn.differential has beside attention."""
    lambda_kind: str = "heads"   # scalar, one (a tensor of rank 0), heads, tokens
    keys: str = "own"            # of the maps: own, shared
    norm: str = "none"           # none, norm, scaled, weight
    element: str = "f32"         # of lambda and weight

    EPSILON, SCALE = 1e-5, 0.2   # norm_epsilon, norm_scale

    def lambda_shape(self, case):
        return {"heads": (case.hq,), "tokens": (case.b, case.hq, case.sq)}.get(
            self.lambda_kind, ())

    def lambda_type(self, case):
        if self.lambda_kind == "scalar":
            return self.element
        sizes = {"heads": str(case.hq) if case.sizes != "all" else "?",
                 "tokens": "?x?x?", "one": ""}[self.lambda_kind]
        return f"tensor<{sizes}{'x' if sizes else ''}{self.element}>"

    def attributes(self):
        if self.norm == "none":
            return []
        return [f"norm_epsilon = {self.EPSILON:e} : f32"] + (
            [f"norm_scale = {self.SCALE:e} : f32"] if self.norm != "norm" else [])

    def __str__(self):
        return f"lambda={self.lambda_kind}:{self.element} keys={self.keys} {self.norm}"


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
    difference: Optional[Difference] = None  # of two maps, by attn.differential

    @property
    def asks_lse(self):
        return self.lse and self.variant.has_lse and not self.difference

    def shapes(self):
        """Heads, length and head dim of each tensor that comes first."""
        query, key = (self.hq, self.sq, self.d), (self.hkv, self.sk, self.d)
        value = (self.hkv, self.sk, self.dv)
        if not self.difference:
            return {"q": query, "k": key, "v": value}
        if self.difference.keys == "shared":
            return {"q0": query, "q1": query, "k0": key, "v": value}
        return {"q0": query, "q1": query, "k0": key, "k1": key, "v": value}

    def __str__(self):
        return (f"{self.variant.name} {self.element} B{self.b} H{self.hq}/"
                f"{self.hkv} S{self.sq}x{self.sk} D{self.d}"
                f"{':' if self.value_in_key else '/'}{self.dv} "
                f"{self.layout} scale={self.scale} {self.sizes}"
                + (f" {self.difference}" if self.difference else ""))

    @property
    def inputs(self):
        """The same for those that are inputs: a value in its key is none."""
        shapes = self.shapes()
        if self.value_in_key:
            del shapes["v"]
        return shapes


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

    types = {name: tensor(*shape) for name, shape in case.shapes().items()}
    results = [tensor(case.hq, case.sq, case.dv)]
    if case.asks_lse:
        lse = results[0].rsplit("x", 2)[0] + "xf32>"
        results.append(lse)
    extra = {}
    if case.difference:
        extra["lambda"] = case.difference.lambda_type(case)
        if case.difference.norm == "weight":
            extra["weight"] = f"tensor<{case.dv}x{case.difference.element}>"
    kinds = {name: kind for name, (_, kind) in captures.items()}
    inputs = {name: types[name] for name in case.inputs}
    arguments = ", ".join(f"%{name}: {kind}"
                          for name, kind in {**inputs, **extra, **kinds}.items())
    indices = "%b: index, %h: index, %i: index, %j: index"
    variant = case.variant
    attributes = []
    if case.scale is not None:
        attributes.append(f"scale = {case.scale:e} : f32")
    if variant.normalizer:
        attributes.append(f"normalizer = {variant.normalizer}")
    if case.difference:
        attributes += case.difference.attributes()
    attributes = "{" + ", ".join(attributes) + "}" if attributes else ""
    names = ", ".join(["%o", "%lse"][:len(results)])
    out_types = ", ".join(results)
    op, roles = "attention", {"query": "q", "key": "k", "value": "v"}
    if case.difference:
        shared = case.difference.keys == "shared"
        op, roles = "differential", {
            "query0": "q0", "key0": "k0", "query1": "q1",
            "key1": "k0" if shared else "k1", "value": "v",
            **{name: name for name in extra}}
    operands = " ".join(f"{role}(%{name} : {({**types, **extra})[name]})"
                        for role, name in roles.items())
    q, k = ("q0", "k0") if case.difference else ("q", "k")
    return (
        f"func.func @attention({arguments}) -> ({out_types}) {{\n"
        f"  %c2 = arith.constant 2 : index\n"
        f"  %sq = tensor.dim %{q}, %c2 : {types[q]}\n"
        f"  %sk = tensor.dim %{k}, %c2 : {types[k]}\n"
        f"  %offset = arith.subi %sk, %sq : index\n"
        + (slice_of_key(case, types[k], types["v"]) if case.value_in_key else "") +
        f"  {names} = attn.{op} {operands} {attributes}\n"
        + region("score", "%s: f32, " + indices, variant.score,
                 variant.score_value, "f32")
        + region("mask", indices, variant.mask, variant.mask_value, "i1")
        + region("sink", "%b: index, %h: index", variant.sink,
                 variant.sink_value, "f32")
        + f"  -> {out_types}\n  return {names} : {out_types}\n}}\n")


def difference_captures(case, rng):
    """Lambda and weight of a difference, in the form of a variant's captures."""
    difference = case.difference
    if not difference:
        return {}
    values = {"lambda": (rng.uniform(0.1, 0.9, difference.lambda_shape(case)),
                         difference.lambda_type(case))}
    if difference.lambda_kind == "scalar":
        values["lambda"] = (float(values["lambda"][0]), difference.element)
    if difference.norm == "weight":
        values["weight"] = (rng.uniform(0.5, 1.5, case.dv),
                            f"tensor<{case.dv}x{difference.element}>")
    return values


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
