# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A variant with types as text in the attn dialect, and as a kernel."""
from __future__ import annotations

import re
import sys
import threading
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from ._captures import Trace
from ._library import Kernel, compiler

_INDICES = "%b: index, %h: index, %i: index, %j: index"
_REGIONS = {"score": "%s: f32, " + _INDICES, "mask": _INDICES, "sink": "%b: index, %h: index"}
_RESULTS = {"score": "f32", "mask": "i1", "sink": "f32"}
#: Names that arguments have already.
_TAKEN = ("query", "key", "value", "out", "lse", "query0", "key0", "query1", "key1", "weight")
_NORMALIZERS = ("softmax", "softpick", "stick_breaking", "identity")


@dataclass(frozen=True)
class Difference:
    """What attn.differential has beside the two maps: types of lambda and of the norm's
    weight, which may be missing, and constants of the norm."""

    lam: str
    weight: Optional[str]
    epsilon: Optional[float]
    norm_scale: Optional[float]

    @property
    def arguments(self) -> str:
        weight = ", %%weight: %s" % self.weight if self.weight else ""
        return "%%q0: !q, %%k0: !k, %%q1: !q, %%k1: !k, %%v: !v, %%lambda: %s%s" % (
            self.lam, weight)

    @property
    def inputs(self) -> str:
        weight = " weight(%%weight : %s)" % self.weight if self.weight else ""
        return ("attn.differential query0(%%q0 : !q) key0(%%k0 : !k) query1(%%q1 : !q) "
                "key1(%%k1 : !k) value(%%v : !v) lambda(%%lambda : %s)%s" % (
                    self.lam, weight))

    @property
    def attributes(self) -> List[str]:
        return ["%s = %.9e : f32" % (name, np.float32(value)) for name, value in (
            ("norm_epsilon", self.epsilon), ("norm_scale", self.norm_scale))
            if value is not None]


@dataclass(frozen=True)
class Variant:
    """All that a kernel is compiled for."""

    traces: Tuple[Optional[Trace], Optional[Trace], Optional[Trace]]  # score, mask, sink
    element: str
    head_dim: int
    value_dim: int
    normalizer: str
    scale: Optional[float]
    lse: bool
    chip: str
    alignment: int
    difference: Optional[Difference] = None
    #: The value is the first columns of the key and no argument.
    value_in_key: bool = False
    #: The heads of the one query are the rows of one head.
    heads_are_rows: bool = False

    @property
    def num_tensors(self) -> int:
        """Arguments of the program before the captures."""
        if self.difference is None:
            return 2 if self.value_in_key else 3
        return 6 + (self.difference.weight is not None)

    @property
    def parts(self) -> List[Trace]:
        return [trace for trace in self.traces if trace is not None]


def normalizer_text(normalizer: str) -> str:
    if isinstance(normalizer, str) and normalizer.startswith("#"):
        return normalizer
    if normalizer in _NORMALIZERS:
        return "#attn." + normalizer
    if normalizer == "sigmoid":
        return "#attn.sigmoid<bias = 0.0 : f32>"
    raise ValueError("normalizer: expected one of %s or an attribute of the dialect, such as "
                     "'#attn.relu<...>', but got %r" % (
                         ", ".join(_NORMALIZERS + ("sigmoid",)), normalizer))


def capture_arguments(variant: Variant) -> List[Tuple[str, str]]:
    """Arguments of the program behind query, key and value: SSA name and the rest."""
    taken, made = set(_TAKEN), []
    for trace in variant.parts:
        for number, (_, name, element, rank, _) in enumerate(trace.captures):
            unique, count = name, 1
            while unique in taken or not unique.isidentifier() or not unique.isascii():
                count += 1
                unique = "%s_%d" % (name if name.isascii() else "capture", count)
            taken.add(unique)
            kind = element if rank is None else "tensor<%s%s>" % ("?x" * rank, element)
            made.append(("%%%sc%d" % (trace.prefix, number),
                         '%s {attn.name = "%s"}' % (kind, unique)))
    return made


_VALUE_IN_KEY = """\
  %%c0 = arith.constant 0 : index
  %%c1 = arith.constant 1 : index
  %%c2 = arith.constant 2 : index
  %%kb = tensor.dim %%k, %%c0 : !k
  %%kh = tensor.dim %%k, %%c1 : !k
  %%kn = tensor.dim %%k, %%c2 : !k
  %%v = tensor.extract_slice %%k[0, 0, 0, 0] [%%kb, %%kh, %%kn, %d] [1, 1, 1, 1] : !k to !v"""


def _prelude(variant: Variant, trace: Trace) -> List[str]:
    """What a function computes before the op. Where heads are rows there is one query."""
    lines = ["  " + line for line in trace.prelude]
    if not variant.heads_are_rows:
        return lines
    return [re.sub(r"= tensor\.dim %q, .*", "= arith.constant 1 : index", line)
            for line in lines]


def _region(variant: Variant, trace: Trace) -> List[str]:
    """A region of the op; functions call their arguments %b, %h, %i and %j."""
    arguments, first = _REGIONS[trace.kind], []
    if variant.heads_are_rows:
        arguments = arguments.replace("%h: index, %i: index", "%one: index, %h: index")
        first = ["      %i = arith.constant 0 : index"]
    return ["    %s {" % trace.kind, "    ^bb0(%s):" % arguments] + first + \
        ["      " + line for line in trace.body] + \
        ["      attn.yield %s : %s" % (trace.result, _RESULTS[trace.kind]), "    }"]


def program(variant: Variant) -> str:
    """The variant in the attn dialect; sizes but the head dims are dynamic."""
    v = variant
    lines = ["!q = tensor<?x?x?x%dx%s>" % (v.head_dim, v.element),
             "!k = tensor<?x?x?x%dx%s>" % (v.head_dim, v.element),
             "!v = tensor<?x?x?x%dx%s>" % (v.value_dim, v.element),
             "!o = tensor<?x?x?x%dx%s>" % (v.value_dim, v.element),
             "!l = tensor<?x?x?xf32>"]
    arguments = "".join(", %s: %s" % pair for pair in capture_arguments(v))
    results = "!o, !l" if v.lse else "!o"
    tensors = v.difference.arguments if v.difference else "%q: !q, %k: !k" + (
        "" if v.value_in_key else ", %v: !v")
    lines.append("func.func @attention(%s%s) -> (%s) {" % (tensors, arguments, results))
    if v.value_in_key:
        lines.append(_VALUE_IN_KEY % v.value_dim)
    for trace in v.parts:
        lines += _prelude(v, trace)
    attributes = v.difference.attributes if v.difference else []
    if v.scale is not None:
        attributes.append("scale = %.9e : f32" % np.float32(v.scale))
    if v.normalizer != "softmax":
        attributes.append("normalizer = " + normalizer_text(v.normalizer))
    names = "%o, %l" if v.lse else "%o"
    inputs = v.difference.inputs if v.difference else \
        "attn.attention query(%q : !q) key(%k : !k) value(%v : !v)"
    lines.append("  %s = %s%s" % (
        names, inputs, " {%s}" % ", ".join(attributes) if attributes else ""))
    for trace in v.parts:
        lines += _region(v, trace)
    lines += ["    -> %s" % results, "  return %s : %s" % (names, results), "}"]
    return "\n".join(lines) + "\n"


def rotary_program(element: str, dim: int, base: float, rotary_dim: int, interleaved: bool,
                   positions: Optional[str], tables: bool) -> str:
    """Rotary embedding alone; `positions` is the type of that argument, if there is one."""
    arguments = ["%x: !x"]
    inputs = ""
    if positions:
        arguments.append("%%positions: %s" % positions)
        inputs += " positions(%%positions : %s)" % positions
    else:
        arguments.append('%offset: index {attn.name = "offset"}')
        inputs += " offset(%offset)"
    if tables:
        arguments += ["%cos: !t", "%sin: !t"]
        inputs += " cos(%cos : !t) sin(%sin : !t)"
    attributes = ["rotary_dim = %d" % rotary_dim] + (
        [] if tables else ["base = %.17e : f64" % base])
    return ("!x = tensor<?x?x?x%dx%s>\n!t = tensor<?x%dxf32>\n"
            "func.func @rotary(%s) -> !x {\n  %%r = attn.rotary input(%%x : !x)%s%s {%s} -> !x\n"
            "  return %%r : !x\n}\n") % (dim, element, rotary_dim // 2, ", ".join(arguments),
                                         inputs, " interleaved" if interleaved else "",
                                         ", ".join(attributes))


class _Progress:
    """A line on stderr when something takes over a second."""

    def __init__(self, what: str):
        self.timer = threading.Timer(1.0, lambda: print(
            "attn: compiling %s ..." % what, file=sys.stderr, flush=True))
        self.timer.daemon = True

    def __enter__(self) -> None:
        self.timer.start()

    def __exit__(self, *_) -> None:
        self.timer.cancel()


_kernels: Dict[Tuple, Kernel] = {}
_lock = threading.Lock()


def kernel_for(key: Tuple, text, chip: str, alignment: int, what: str) -> Kernel:
    """The kernel of `text()`, known to this process by `key`."""
    with _lock:
        found = _kernels.get(key)
        if found is None:
            with _Progress("%s for %s" % (what, chip)):
                found = compiler().compile(text(), chip, alignment=alignment)
            _kernels[key] = found
        return found


def kernel_of(variant: Variant) -> Kernel:
    # By identity: traces live as long as the process.
    key = tuple(map(id, variant.traces)) + (
        variant.element, variant.head_dim, variant.value_dim, variant.normalizer,
        variant.scale, variant.lse, variant.chip, variant.alignment, variant.difference,
        variant.value_in_key, variant.heads_are_rows)
    return kernel_for(key, lambda: program(variant), variant.chip, variant.alignment,
                      "attention of head dim %d" % variant.head_dim)
