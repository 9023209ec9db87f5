# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a variant is, for the files that list some."""
from dataclasses import dataclass
from typing import Callable, Dict, Optional, Tuple

# Whose tests run a variant.
FLEX = "FlexAttention's tests, PyTorch"
FA4 = "FlashAttention-4's tests"
GYM = "attention-gym"


@dataclass(frozen=True)
class Variant:
    name: str
    score: Optional[str] = None  # body of the region, without its terminator
    score_value: str = "%r"      # what is yielded
    score_fn: Optional[Callable] = None  # (s, b, h, i, j, c)
    mask: Optional[str] = None
    mask_value: str = "%m"
    mask_fn: Optional[Callable] = None  # (b, h, i, j, c)
    # (shape, random generator) -> {name: (array or number, type)}
    captures: Callable[..., Dict[str, Tuple]] = lambda shape, rng: {}
    loose: bool = False  # the region is evaluated in f32 on purpose
    # For docs/Variants.md, which lists the variants that have a source.
    formula: str = ""
    source: str = ""
    normalizer: Optional[str] = None
    sink: Optional[str] = None
    sink_value: str = "%r"
    row_fn: Optional[Callable] = None  # (s, v, b, h, c): a row of out and its lse
    has_lse: bool = True


# The size of a dimension, by a letter.
SIZES = {"b": lambda shape: shape.b, "h": lambda shape: shape.hq,
         "i": lambda shape: shape.sq, "j": lambda shape: shape.sk,
         "s": lambda shape: max(shape.sq, shape.sk),   # positions of both
         "+": lambda shape: shape.sq + shape.sk}       # their differences


def tensors(element="f32", **dims):
    """Captures of random numbers. t="bi2" is a tensor of batches x queries x 2."""
    def captures(shape, rng):
        made = {}
        for name, letters in dims.items():
            sizes = [SIZES[x](shape) if x in SIZES else int(x) for x in letters]
            kind = "tensor<" + "?x" * len(sizes) + element + ">"
            made[name] = (rng.standard_normal(sizes), kind)
        return made
    return captures
