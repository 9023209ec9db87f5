# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs with attn.quantize, the files they read, and what NumPy says of them."""
import os
import zlib
from dataclasses import dataclass

import numpy as np

import float8_numpy
import quantize_numpy
from rotary_cases import Operand, Rotary, save, tensor_type
from test_reference import round_to

# What an input is like besides normal numbers.
KINDS = ("normal", "outliers", "zero_blocks", "huge", "tiny", "infinite", "nan")


def make_input(kind, shape, element, rng):
    x = rng.standard_normal(shape)
    limit = 6e4 if element == "f16" else 1e37
    if kind == "outliers":  # one element in a thousand is ten times as wide
        x += 10 * rng.standard_normal(shape) * (rng.random(shape) < 1e-3)
    elif kind == "zero_blocks":
        x[:, :, ::3] = 0
        x[:, -1:] = np.copysign(0, x[:, -1:])
    elif kind == "huge":  # one outlier that the others vanish against
        x[..., :1, :1] = limit * np.where(rng.random(x[..., :1, :1].shape) < 0.5, -1, 1)
    elif kind == "tiny":
        x *= {"f16": 2.0**-14, "bf16": 2.0**-110, "f32": 2.0**-110}[element]
    elif kind in ("infinite", "nan"):
        values = [np.nan] if kind == "nan" else [np.inf, -np.inf]
        where = rng.random(shape) < 0.01
        x[where] = rng.choice(values, where.sum())
    return round_to(element, x)


@dataclass(frozen=True)
class Quantize:
    """A function that quantizes, after a rotation if there is one."""
    element: str = "bf16"
    float8: str = "f8E4M3FN"
    shape: tuple = (2, 3, 37, 64)
    block: object = 16  # rows, or "head" or "tensor"
    seed: int = None
    kind: str = "normal"
    rotary: Rotary = None
    layout: str = "bhsd"
    dynamic: bool = True
    width: int = 0  # of transposed blocks of the output; 0: it is as the input

    def operand(self):
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        x = Operand("x", self.shape, self.element, self.rotary or Rotary(), rng,
                    self.dynamic)
        x.x = make_input(self.kind, self.shape, self.element, rng)
        return x

    def program(self, x):
        b, h, s, _ = self.shape
        out = tensor_type(self.shape, self.float8, self.dynamic)
        if self.width:
            blocks = "?" if self.dynamic else -(-s // self.width)
            out = (f"tensor<{'?' if self.dynamic else b}x{h}x{blocks}x{self.shape[3]}x"
                   f"{self.width}x{self.float8}>")
        if self.block == "tensor":
            scales, attributes = "tensor<1xf32>", []
        elif self.block == "head":
            scales, attributes = f"tensor<{'?' if self.dynamic else b}x{h}xf32>", []
        else:
            scales = f"tensor<?x{h}x?xf32>" if self.dynamic else (
                f"tensor<{b}x{h}x{-(-s // self.block)}xf32>")
            attributes = [f"block = {self.block} : i64"]
        if self.seed is not None:
            attributes.append(f"hadamard_seed = {self.seed} : i64")
        source = "%x_r" if self.rotary else "%x"
        return (f"func.func @quantize({', '.join(x.arguments())}) -> ({out}, {scales}) {{\n"
                f"{x.op() if self.rotary else ''}"
                f"  %q, %s = attn.quantize input({source} : {x.type})\n"
                f"      {{{', '.join(attributes)}}} -> {out}, {scales}\n"
                f"  return %q, %s : {out}, {scales}\n}}\n")

    def expected(self, x):
        """The quotients before rounding, and the scales."""
        values = x.x.astype(np.float64)
        if self.rotary:
            values = round_to(self.element, x.expected()).astype(np.float64)
        return quantize_numpy.quantize(values, self.float8, self.block, self.seed)


class Files:
    """A case in a folder: the arguments of attn-run, and its results."""

    def __init__(self, case, folder):
        self.case, self.folder, self.x = case, folder, case.operand()

    def arguments(self):
        path = os.path.join(self.folder, "program.mlir")
        with open(path, "w") as file:
            file.write(self.case.program(self.x))
        inputs = self.x.inputs(self.folder, self.case.layout)
        return [path, "--inputs=" + ",".join(inputs),
                "--outputs=" + ",".join(self.outputs()), "--layout=" + self.case.layout]

    def outputs(self):
        return [os.path.join(self.folder, name + ".npy") for name in ("out", "scales")]

    def results(self):
        out, scales = [np.load(path).astype(np.float64) for path in self.outputs()]
        if self.case.layout == "bshd" and not self.case.width:
            out = out.transpose(0, 2, 1, 3)
        return out, scales

    def without_blocks(self, out):
        """Rows of transposed blocks; None where rows past the end are not 0."""
        case = self.case
        rows = float8_numpy.untransposed(out, out.shape[2] * case.width)
        length = case.shape[2]
        if rows[:, :, length:].any() or rows.shape[2] - length not in range(case.width):
            return None
        return rows[:, :, :length]

    def problem(self, relative):
        """What is wrong with the results of a run whose arithmetic has this relative
        error; nothing when all is well."""
        case = self.case
        (got, got_scales), (want, want_scales) = self.results(), case.expected(self.x)
        if case.width:
            got = self.without_blocks(got)
            if got is None:
                return "there is something past the end"
        if got_scales.shape != want_scales.shape:
            return f"scales of shape {got_scales.shape}, expected {want_scales.shape}"
        if not (np.isfinite(got_scales) & (got_scales > 0)).all():
            return "a scale is not a positive number"
        error = np.abs(got_scales / want_scales - 1).max(initial=0)
        if error > relative + 2.0**-24:
            return f"a scale is off by {error}"
        # A sum is as exact as its largest terms are.
        spread = np.where(np.isfinite(want), np.abs(want), 0).max(
            axis=3, keepdims=True, initial=0) if case.seed is not None else 0
        slack = relative * (2 * np.abs(want) + spread)
        with np.errstate(invalid="ignore"):
            low, high = [quantize_numpy.round_to_float8(case.float8, want + s)
                         for s in (-slack, slack)]
            good = (low <= got) & (got <= high) | np.isnan(got) & np.isnan(want)
            good |= np.isinf(want) & (got == quantize_numpy.round_to_float8(
                case.float8, want))
        good &= (np.signbit(got) == np.signbit(want)) | np.isnan(want) | (
            np.abs(want) <= slack)
        if good.all():
            return None
        at = tuple(np.argwhere(~good)[0])
        return f"{(~good).sum()} wrong, the first at {at}: {got[at]} for {want[at]}"
