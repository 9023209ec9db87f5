# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs with attn.rotary, the files they read, and what NumPy says of them."""
import os
import zlib
from dataclasses import dataclass

import numpy as np

import reference_numpy
import rotary_numpy
from test_reference import round_to

# The longest position that is tested.
LIMIT = 131072


def factors(width):
    """LongRoPE's, for a rotary width: short ones near 1, long ones up to 32."""
    d = np.arange(width // 2)
    return [1 + x for x in d / 64], [1 + 31 * x for x in d / max(1, width // 2 - 1)]


def listed(values):
    return "[" + ", ".join(f"{x:.17e}" for x in values) + "]"


def long_text(width):
    short, long = factors(width)
    return (f"#attn.long_rotary<short_factors = {listed(short)}, long_factors = "
            f"{listed(long)}, factor = 32.0, original_length = 4096>")


# Name: (the attribute for a rotary width, the formula for a base, a width and the
# length of the sequence).
SCALINGS = {
    "none": (lambda width: None, lambda base, width, n: rotary_numpy.plain(base, width)),
    "linear": (lambda width: "#attn.linear_rotary<factor = 4.0>",
               lambda base, width, n: rotary_numpy.linear(base, width, 4)),
    "ntk": (lambda width: "#attn.ntk_rotary<factor = 4.0>",
            lambda base, width, n: rotary_numpy.ntk(base, width, 4)),
    "yarn": (lambda width: "#attn.yarn_rotary<factor = 16.0, original_length = 4096>",
             lambda base, width, n: rotary_numpy.yarn(base, width, 16, 4096)),
    "yarn_given": (lambda width: "#attn.yarn_rotary<factor = 40.0, original_length = 128, "
                   "beta_fast = 3.0, beta_slow = 2.5, attention_factor = 0.75>",
                   lambda base, width, n: rotary_numpy.yarn(
                       base, width, 40, 128, 3, 2.5, 0.75)),
    "llama3": (lambda width: "#attn.llama3_rotary<factor = 8.0, low_freq_factor = 1.0, "
               "high_freq_factor = 4.0, original_length = 8192>",
               lambda base, width, n: rotary_numpy.llama3(base, width, 8, 1, 4, 8192)),
    "long": (long_text, lambda base, width, n: rotary_numpy.longrope(
        base, width, *factors(width), 32, 4096, n)),
}


@dataclass(frozen=True)
class Rotary:
    """One attn.rotary: how it turns a tensor, whatever the tensor's sizes."""
    width: int = 0  # 0: the head dim
    interleaved: bool = False
    where: str = "rows"  # or "offset", "positions", "batch_positions"
    offset: int = 0      # also the least of random positions
    positions: str = "i32"
    table: str = ""      # element type of cos and sin
    scaling: str = "none"
    base: float = None


def tensor_type(shape, element, dynamic=True):
    b, h, s, d = shape
    return f"tensor<?x{h}x?x{d}x{element}>" if dynamic else (
        f"tensor<{b}x{h}x{s}x{d}x{element}>")


class Operand:
    """A tensor that is rotated: its arguments, its op and its expected value."""

    def __init__(self, name, shape, element, rotary, rng, dynamic=True):
        self.name, self.shape, self.element, self.rotary = name, shape, element, rotary
        self.type = tensor_type(shape, element, dynamic)
        self.x = round_to(element, rng.standard_normal(shape))
        self.width = rotary.width or shape[3]
        self.extra = []  # (name, type, array or number) of further arguments
        self.place(rng)
        if rotary.table:
            self.make_table(rng)

    def place(self, rng):
        batch, length, where = self.shape[0], self.shape[2], self.rotary.where
        first = self.rotary.offset
        self.position = first + np.arange(length)
        if where == "offset":
            self.add("offset", "index", first)
        elif where != "rows":
            shape = (batch, length) if where == "batch_positions" else (length,)
            self.position = rng.integers(first, max(first + 1, self.end()), shape)
            kind = self.rotary.positions
            sizes = "x".join("?" * len(shape))
            self.add("positions", f"tensor<{sizes}x{kind}>",
                     self.position.astype({"i32": np.int32, "i64": np.int64}[kind]))
            if self.rotary.scaling == "long":
                self.add("length", "index", self.length())

    def end(self):
        return 512 if self.rotary.table else LIMIT

    def length(self):
        return int(self.position.max(initial=-1)) + 1

    def make_table(self, rng):
        rows = max(1, self.length())
        angle = rng.uniform(-np.pi, np.pi, (rows, self.width // 2))
        for name, values in (("cos", np.cos(angle)), ("sin", np.sin(angle))):
            kind = f"tensor<?x{self.width // 2}x{self.rotary.table}>"
            self.add(name, kind, round_to(self.rotary.table, values))

    def add(self, what, kind, value):
        self.extra.append((what, kind, value))

    def arguments(self):
        return [f"%{self.name}: {self.type}"] + [
            f"%{self.name}_{what}: {kind}" for what, kind, _ in self.extra]

    def op(self):
        """%<name>_r is the rotated tensor."""
        rotary, text = self.rotary, f"input(%{self.name} : {self.type})"
        for what, kind, _ in self.extra:
            shown = "" if kind == "index" else f" : {kind}"
            text += f" {what}(%{self.name}_{what}{shown})"
        if rotary.interleaved:
            text += " interleaved"
        attributes = []
        if rotary.width:
            attributes.append(f"rotary_dim = {rotary.width}")
        if rotary.base:
            attributes.append(f"base = {rotary.base:e}")
        scaling = SCALINGS[rotary.scaling][0](self.width)
        if scaling:
            attributes.append(f"scaling = {scaling}")
        if attributes:
            text += " {" + ", ".join(attributes) + "}"
        return f"  %{self.name}_r = attn.rotary {text} -> {self.type}\n"

    def inputs(self, folder, layout):
        """What attn-run's --inputs has for the arguments."""
        swapped = self.x.transpose(0, 2, 1, 3) if layout == "bshd" else self.x
        texts = [save(folder, self.name, swapped)]
        for what, _, value in self.extra:
            texts.append(save(folder, f"{self.name}_{what}", value)
                         if isinstance(value, np.ndarray) else str(value))
        return texts

    def expected(self):
        tables = {what: value.astype(np.float64)[self.position]
                  for what, _, value in self.extra if what in ("cos", "sin")}
        if not tables:
            frequencies, magnitude = SCALINGS[self.rotary.scaling][1](
                self.rotary.base or 10000.0, self.width, self.length())
            angle = rotary_numpy.angles(self.position, frequencies)
            tables = {"cos": magnitude * np.cos(angle),
                      "sin": magnitude * np.sin(angle)}
        return rotary_numpy.rotate(self.x, tables["cos"], tables["sin"], self.width,
                                   self.rotary.interleaved)


def save(folder, name, array):
    path = os.path.join(folder, name + ".npy")
    np.save(path, np.ascontiguousarray(array))
    return path


@dataclass(frozen=True)
class Alone:
    """A function that rotates and does nothing else."""
    rotary: Rotary = Rotary()
    element: str = "f16"
    shape: tuple = (2, 3, 7, 64)
    layout: str = "bhsd"
    dynamic: bool = True

    def operands(self):
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        return [Operand("x", self.shape, self.element, self.rotary, rng, self.dynamic)]

    def program(self, operands):
        x, = operands
        return (f"func.func @rotary({', '.join(x.arguments())}) -> {x.type} {{\n"
                f"{x.op()}  return %x_r : {x.type}\n}}\n")

    def expected(self, operands, rounds):
        return [operands[0].expected()]


@dataclass(frozen=True)
class Chain:
    """Query and key are rotated, then causal attention: the last query is the last
    key's, so that one query with an offset is a step of decoding."""
    query: Rotary = Rotary()
    key: Rotary = Rotary()
    element: str = "f16"
    b: int = 1
    hq: int = 4
    hkv: int = 2
    sq: int = 33
    sk: int = 70
    d: int = 64
    dv: int = 64
    layout: str = "bhsd"

    def operands(self):
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        q = Operand("q", (self.b, self.hq, self.sq, self.d), self.element, self.query, rng)
        k = Operand("k", (self.b, self.hkv, self.sk, self.d), self.element, self.key, rng)
        v = Operand("v", (self.b, self.hkv, self.sk, self.dv), self.element, Rotary(), rng)
        return [q, k, v]

    def program(self, operands):
        q, k, v = operands
        out = tensor_type((self.b, self.hq, self.sq, self.dv), self.element)
        lse = f"tensor<?x{self.hq}x?xf32>"
        arguments = q.arguments() + k.arguments() + v.arguments() + ["%shift: index"]
        return (
            f"func.func @attention({', '.join(arguments)}) -> ({out}, {lse}) {{\n"
            f"{q.op()}{k.op()}"
            f"  %o, %lse = attn.attention query(%q_r : {q.type}) key(%k_r : {k.type})\n"
            f"      value(%v : {v.type})\n"
            "  mask {\n  ^bb0(%b: index, %h: index, %i: index, %j: index):\n"
            "    %m = attn.causal %i, %j offset %shift\n    attn.yield %m : i1\n"
            f"  }} -> {out}, {lse}\n  return %o, %lse : {out}, {lse}\n}}\n")

    def expected(self, operands, rounds):
        """`rounds`: whether the rotated tensors are rounded to their type."""
        q, k, v = operands
        rotated = [x.expected() for x in (q, k)]
        if rounds:
            rotated = [round_to(self.element, x).astype(np.float64) for x in rotated]
        shift = self.sk - self.sq
        return list(reference_numpy.attention(
            *rotated, v.x, mask=lambda b, h, i, j: j <= i + shift))


class Files:
    """A case in a folder: the arguments of attn-run, and its results."""

    def __init__(self, case, folder):
        self.case, self.folder, self.operands = case, folder, case.operands()

    def arguments(self):
        path = os.path.join(self.folder, "program.mlir")
        with open(path, "w") as file:
            file.write(self.case.program(self.operands))
        inputs = [text for x in self.operands
                  for text in x.inputs(self.folder, self.case.layout)]
        if isinstance(self.case, Chain):
            inputs.append(str(self.case.sk - self.case.sq))
        return [path, "--inputs=" + ",".join(inputs),
                "--outputs=" + ",".join(self.outputs()), "--layout=" + self.case.layout]

    def outputs(self):
        names = ["out", "lse"] if isinstance(self.case, Chain) else ["out"]
        return [os.path.join(self.folder, name + ".npy") for name in names]

    def results(self):
        results = [np.load(path) for path in self.outputs()]
        if self.case.layout == "bshd":
            results[0] = results[0].transpose(0, 2, 1, 3)
        return results

    def expected(self, rounds):
        return self.case.expected(self.operands, rounds)
