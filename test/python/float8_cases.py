# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs with attn.attention on 8-bit floats, the files they read, and what NumPy says
of them."""
import os
import zlib
from dataclasses import dataclass
from typing import Optional

import numpy as np

import float8_numpy
import quantize_numpy
import reference_numpy
from programs import capture_inputs, region
from test_reference import round_to, rounded_capture
from variants import PLAIN, Variant

WIDE = ("f16", "bf16", "f32")
SEEDS = {"q": 3, "k": 3, "v": None}  # of transforms: query and key have the same


@dataclass(frozen=True)
class Float8:
    """Attention on 8-bit floats that are inputs, or that attn.quantize makes before it."""
    q: str = "f8E4M3FN"
    k: str = "f8E4M3FN"
    v: str = "f8E4M3FN"
    out: str = "f16"
    ranks: tuple = (3, 3, 3)  # of the scales of query, key and value; 0: none
    block: int = 64
    width: int = 0            # of transposed blocks of the value; 0: as it is
    source: str = ""          # what attn.quantize reads, or nothing
    hadamard: bool = False
    variant: Variant = PLAIN
    b: int = 2
    hq: int = 4
    hkv: int = 2
    sq: int = 37
    sk: int = 150
    d: int = 32
    dv: int = 32
    scale: Optional[float] = None
    dynamic: bool = True
    codes: bool = False       # inputs are files of uint8
    lse: bool = False
    layout: str = "bhsd"

    def __str__(self):
        return (f"{self.variant.name} {self.q},{self.k},{self.v}->{self.out} "
                f"scales={self.ranks} block={self.block} W={self.width} B{self.b} "
                f"H{self.hq}/{self.hkv} S{self.sq}x{self.sk} D{self.d}/{self.dv} "
                f"{self.source} {self.layout} hadamard={self.hadamard} scale={self.scale}")

    def shape(self, name):
        heads, length, dim = {"q": (self.hq, self.sq, self.d), "k": (self.hkv, self.sk, self.d),
                              "v": (self.hkv, self.sk, self.dv)}[name]
        return self.b, heads, length, dim

    def element(self, name):
        return getattr(self, name)

    def rank(self, name):
        return self.ranks["qkv".index(name)] if self.element(name) not in WIDE else 0

    def size(self, size):
        return "?" if self.dynamic else size

    def tensor_type(self, name, element=None):
        b, h, s, d = self.shape(name)
        if name == "v" and self.width and not element:
            return (f"tensor<{self.size(b)}x{h}x{self.size(-(-s // self.width))}x{d}x"
                    f"{self.width}x{self.v}>")
        return f"tensor<{self.size(b)}x{h}x{self.size(s)}x{d}x{element or self.element(name)}>"

    def scales_type(self, name):
        b, h, s, _ = self.shape(name)
        return {1: "tensor<1xf32>", 2: f"tensor<{self.size(b)}x{h}xf32>",
                3: f"tensor<{self.size(b)}x{h}x{self.size(-(-s // self.block))}xf32>"}[
                    self.rank(name)]

    def quantize_op(self, name):
        """Of one operand."""
        attributes = []
        if self.rank(name) == 3:
            attributes.append(f"block = {self.block} : i64")
        if self.hadamard and SEEDS[name] is not None:
            attributes.append(f"hadamard_seed = {SEEDS[name]} : i64")
        return (f"  %{name}, %{name}s = attn.quantize input(%{name}x : "
                f"{self.tensor_type(name, self.source)})\n      {{{', '.join(attributes)}}} -> "
                f"{self.tensor_type(name)}, {self.scales_type(name)}\n")

    def is_quantized(self, name):
        return bool(self.source) and self.element(name) not in WIDE

    def arguments(self):
        tensors, scales = {}, {}
        for name in "qkv":
            if self.is_quantized(name):
                tensors[name + "x"] = self.tensor_type(name, self.source)
                continue
            tensors[name] = self.tensor_type(name)
            if self.rank(name):
                scales[name + "s"] = self.scales_type(name)
        return {**tensors, **scales}

    def program(self, captures):
        out = self.tensor_type("q", self.out).replace(f"x{self.d}x", f"x{self.dv}x")
        results = [out] + ([f"tensor<{self.size(self.b)}x{self.hq}x{self.size(self.sq)}xf32>"]
                           if self.lse else [])
        kinds = {name: kind for name, (_, kind) in captures.items()}
        arguments = ", ".join(f"%{name}: {kind}" for name, kind in
                              {**self.arguments(), **kinds}.items())
        roles = {"q": "query", "k": "key", "v": "value"}
        operands = [f"{role}(%{name} : {self.tensor_type(name)})"
                    for name, role in roles.items()]
        operands += [f"{role}_scales(%{name}s : {self.scales_type(name)})"
                     for name, role in roles.items() if self.rank(name)]
        attributes = []
        if any(self.rank(name) == 3 for name in roles):
            attributes.append(f"block = {self.block} : i64")
        if self.scale is not None:
            attributes.append(f"scale = {self.scale:e} : f32")
        if self.variant.normalizer:
            attributes.append(f"normalizer = {self.variant.normalizer}")
        indices = "%b: index, %h: index, %i: index, %j: index"
        variant, names = self.variant, "%o, %lse" if self.lse else "%o"
        first = "%qx" if self.is_quantized("q") else "%q"
        second = "%kx" if self.is_quantized("k") else "%k"
        types = self.arguments()
        return (
            f"func.func @attention({arguments}) -> ({', '.join(results)}) {{\n"
            f"  %c2 = arith.constant 2 : index\n"
            f"  %sq = tensor.dim {first}, %c2 : {types[first[1:]]}\n"
            f"  %sk = tensor.dim {second}, %c2 : {types[second[1:]]}\n"
            f"  %offset = arith.subi %sk, %sq : index\n"
            + "".join(self.quantize_op(name) for name in roles if self.is_quantized(name))
            + f"  {names} = attn.attention {' '.join(operands)}\n"
            f"      {{{', '.join(attributes)}}}\n"
            + region("score", "%s: f32, " + indices, variant.score, variant.score_value, "f32")
            + region("mask", indices, variant.mask, variant.mask_value, "i1")
            + region("sink", "%b: index, %h: index", variant.sink, variant.sink_value, "f32")
            + f"  -> {', '.join(results)}\n  return {names} : {', '.join(results)}\n}}\n")


def codes_of(element, values):
    """The codes of numbers that the 8-bit type has."""
    table = quantize_numpy.values_of(element)
    return (np.searchsorted(table, np.abs(values)) + 128 * np.signbit(values)).astype(np.uint8)


class Data:
    """A case's tensors: `stored` as files have them, `values` as what they stand for."""

    def __init__(self, case):
        self.case = case
        rng = np.random.default_rng(zlib.crc32(str(case).encode()))
        self.captures = case.variant.captures(case, rng)
        self.bound = {name: rounded_capture(value, kind)
                      for name, (value, kind) in self.captures.items()}
        self.bound.update(sq=case.sq, sk=case.sk)
        self.tensors, self.scales, self.values = {}, {}, {}
        for name in "qkv":
            self.add(name, rng)

    def add(self, name, rng):
        case, shape = self.case, self.case.shape(name)
        element, rank = case.element(name), case.rank(name)
        if case.is_quantized(name):
            return self.add_quantized(name, rng)
        if element in WIDE:
            self.tensors[name] = round_to(element, rng.standard_normal(shape))
            self.values[name] = self.tensors[name].astype(np.float64)
            return
        # As large as the type's numbers are after attn.quantize.
        size = 20 if rank else 1
        x = quantize_numpy.round_to_float8(element, size * rng.standard_normal(shape))
        scales = None
        if rank:
            sizes = {1: (1,), 2: shape[:2],
                     3: (*shape[:2], -(-shape[2] // case.block))}[rank]
            scales = (2.0**rng.uniform(-1, 1, sizes) / size).astype(np.float32)
            self.scales[name] = scales
        self.tensors[name] = x.astype(np.float32)
        self.values[name] = float8_numpy.dequantized(x, scales, case.block)

    def add_quantized(self, name, rng):
        case = self.case
        x = round_to(case.source, rng.standard_normal(case.shape(name)))
        self.tensors[name] = x
        block = {1: "tensor", 2: "head", 3: case.block}[case.rank(name)]
        quotients, scales = quantize_numpy.quantize(
            x, case.element(name), block, SEEDS[name] if case.hadamard else None)
        values = quantize_numpy.round_to_float8(case.element(name), quotients)
        self.values[name] = float8_numpy.dequantized(values, scales, case.block)

    def exact(self):
        """What the operands stand for where nothing is rounded."""
        return {name: self.tensors[name].astype(np.float64)
                if self.case.is_quantized(name) else self.values[name] for name in "qkv"}

    def expected(self, values=None, row=None):
        """(out, lse); `row` in place of the normalizer."""
        case, variant, bound = self.case, self.case.variant, self.bound
        if row is None and variant.row_fn:
            def row(s, v, b, h):
                return variant.row_fn(s, v, b, h, bound)
        options = {"row": row} if row else {}
        return reference_numpy.attention(
            *(values or self.values).values(),
            scale=None if case.scale is None else float(np.float32(case.scale)),
            score=variant.score_fn and (
                lambda s, b, h, i, j: variant.score_fn(s, b, h, i, j, bound)),
            mask=variant.mask_fn and (lambda b, h, i, j: variant.mask_fn(b, h, i, j, bound)),
            **options)

    def stored(self, name):
        case, x = self.case, self.tensors[name]
        if case.is_quantized(name):
            return x
        if case.codes and case.element(name) not in WIDE:
            x = codes_of(case.element(name), x)
        return float8_numpy.transposed(x, case.width) if name == "v" and case.width else x

    def arguments(self, folder):
        """Writes the files; what attn-run is called with."""
        def save(name, x):
            path = os.path.join(folder, name + ".npy")
            np.save(path, np.ascontiguousarray(x))
            return path
        swap = self.case.layout == "bshd"
        stored = {name: self.stored(name) for name in "qkv"}
        inputs = [save(name, x.transpose(0, 2, 1, 3) if swap and x.ndim == 4 else x)
                  for name, x in stored.items()]
        inputs += [save(name + "s", x) for name, x in self.scales.items()]
        inputs += capture_inputs(self.captures, folder)
        path = os.path.join(folder, "program.mlir")
        with open(path, "w") as file:
            file.write(self.case.program(self.captures))
        outputs = [os.path.join(folder, name + ".npy")
                   for name in ("out", "lse")[:1 + self.case.lse]]
        return [path, "--inputs=" + ",".join(inputs), "--outputs=" + ",".join(outputs),
                "--layout=" + self.case.layout]

    def results(self, folder):
        out = np.load(os.path.join(folder, "out.npy"))
        if self.case.layout == "bshd":
            out = out.transpose(0, 2, 1, 3)
        lse = np.load(os.path.join(folder, "lse.npy")) if self.case.lse else None
        return out, lse
