# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of arguments that are no tensors. Each message names the argument."""
from __future__ import annotations

from numbers import Real
from typing import Any, Optional

import numpy as np

from .errors import ArgumentError


def integer(value: Any, name: str, least: Optional[int] = None) -> int:
    """`value` as an int; `least` is the smallest one that is allowed."""
    fits = isinstance(value, (int, np.integer)) and not isinstance(value, bool) and \
        abs(int(value)) < 1 << 31
    if not fits or (least is not None and value < least):
        raise ArgumentError("%s: expected an integer%s, but got %r" % (
            name, "" if least is None else " of at least %d" % least, value))
    return int(value)


def number(value: Any, name: str) -> float:
    """`value` as a float that is finite in float32 too."""
    with np.errstate(over="ignore"):
        if not isinstance(value, Real) or not np.isfinite(np.float32(value)):
            raise ArgumentError("%s: expected a finite number, but got %r" % (name, value))
    return float(value)


def target(value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise ArgumentError("target: expected the name of a chip, such as 'sm_80', but got %r"
                            % (value,))


def alignment(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value not in (2, 4, 8, 16):
        raise ArgumentError("alignment: expected 2, 4, 8 or 16 bytes, but got %r" % (value,))


def stream(value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ArgumentError("stream: expected the address of a CUDA stream, but got %r" % (
            value,))
