# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Masks that can be combined: attn.causal & attn.window(1024).

A Mask is a mask function (b, h, q_idx, kv_idx) -> bool. `&`, `|` and `~` make new ones,
also together with plain functions. Numbers and tensors that masks are made of are
captures: other values compile nothing.
"""
from __future__ import annotations

from typing import Any, Callable

import numpy as np

from ._trace import CapturedTensor, builder
from .errors import ArgumentError

MaskFunction = Callable[[Any, Any, Any, Any], Any]


class Mask:
    """A mask function with operators. True keeps a position."""

    captures_by_attribute = True

    def __init__(self, function: MaskFunction, name: str = ""):
        self.function = function
        self.label = name or getattr(function, "__name__", "mask")

    def __call__(self, b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        return self.function(b, h, q_idx, kv_idx)

    def __and__(self, other: MaskFunction) -> "Mask":
        return Mask(_Both(self, as_mask(other)), "%s & %s" % (self, as_mask(other)))

    def __or__(self, other: MaskFunction) -> "Mask":
        return Mask(_Either(self, as_mask(other)), "(%s | %s)" % (self, as_mask(other)))

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> "Mask":
        return Mask(_Not(self), "~%s" % self)

    def __repr__(self) -> str:
        return self.label


class _Part:
    """A mask function that is made of others or of captures. The latter are called by the
    names of the attributes that hold them."""

    captures_by_attribute = True
    names = ()

    def __init__(self, *parts: Any):
        self.__dict__.update(zip(self.names, parts))

    @property
    def parts(self) -> tuple:
        return tuple(self.__dict__[name] for name in self.names)


class _Both(_Part):
    names = ("first", "second")

    def __call__(self, b, h, q_idx, kv_idx):
        first, second = self.parts
        return first(b, h, q_idx, kv_idx) & second(b, h, q_idx, kv_idx)


class _Either(_Part):
    names = ("first", "second")

    def __call__(self, b, h, q_idx, kv_idx):
        first, second = self.parts
        return first(b, h, q_idx, kv_idx) | second(b, h, q_idx, kv_idx)


class _Not(_Part):
    names = ("mask",)

    def __call__(self, b, h, q_idx, kv_idx):
        return ~self.mask(b, h, q_idx, kv_idx)


def as_mask(function: MaskFunction) -> Mask:
    """A mask function as a Mask, for & | ~."""
    if not callable(function):
        raise ArgumentError("expected a mask function (b, h, q_idx, kv_idx) -> bool, but got "
                            "a %s" % type(function).__name__)
    return function if isinstance(function, Mask) else Mask(function)


def num_queries() -> Any:
    """The number of queries of this call, for score and mask functions."""
    return _length("q", 2)


def num_keys() -> Any:
    """The number of keys of this call, for score and mask functions."""
    return _length("k", 2)


def _length(tensor: str, dimension: int) -> Any:
    b = builder()
    number = b.constant(dimension, "index")
    return b.before("tensor.dim %%%s, %s : !%s" % (tensor, number.name, tensor), "index",
                    is_nonnegative=True)


class _Causal(_Part):
    def __call__(self, b, h, q_idx, kv_idx):
        return q_idx >= kv_idx


class _CausalAtTheEnd(_Part):
    def __call__(self, b, h, q_idx, kv_idx):
        return kv_idx <= q_idx + (num_keys() - num_queries())


class _Window(_Part):
    names = ("left", "right")

    def __call__(self, b, h, q_idx, kv_idx):
        left, right = self.parts
        return (kv_idx >= q_idx - left) & (kv_idx <= q_idx + right)


class _PrefixLM(_Part):
    names = ("prefix",)

    def __call__(self, b, h, q_idx, kv_idx):
        (prefix,) = self.parts
        if isinstance(prefix, CapturedTensor) and prefix.ndim == 1:
            prefix = prefix[b]
        return (kv_idx < prefix) | (q_idx >= kv_idx)


class _SameDocument(_Part):
    names = ("query_ids", "key_ids")

    def __call__(self, b, h, q_idx, kv_idx):
        query_ids, key_ids = self.parts
        if query_ids.ndim == 2:
            query_ids, key_ids = query_ids[b], key_ids[b]
        return query_ids[q_idx] == key_ids[kv_idx]


class _KeyLength(_Part):
    names = ("length",)

    def __call__(self, b, h, q_idx, kv_idx):
        (length,) = self.parts
        if isinstance(length, CapturedTensor) and length.ndim == 1:
            length = length[b]
        return kv_idx < length


class _Chunked(_Part):
    names = ("size",)

    def __call__(self, b, h, q_idx, kv_idx):
        return q_idx // self.size == kv_idx // self.size


class _Sinks(_Part):
    names = ("count",)

    def __call__(self, b, h, q_idx, kv_idx):
        return kv_idx < self.count


class _Dilated(_Part):
    names = ("dilation",)

    def __call__(self, b, h, q_idx, kv_idx):
        return (q_idx - kv_idx) % self.dilation == 0


#: kv_idx <= q_idx: the diagonal starts at the first query and the first key.
causal = Mask(_Causal(), "causal")
#: The diagonal ends at the last query and the last key, as decoding needs it.
causal_bottom_right = Mask(_CausalAtTheEnd(), "causal_bottom_right")


def window(left: int, right: int = None) -> Mask:
    """q_idx - left <= kv_idx <= q_idx + right, in positions; `right` is `left` when it is
    not given. `causal & window(1023)` keeps 1024 keys a query."""
    return Mask(_Window(left, left if right is None else right), "window")


def _integers(value: Any) -> Any:
    """A list as an array, so that its values are read at each call."""
    return np.array(value, np.int32) if isinstance(value, (list, tuple)) else value


def prefix_lm(prefix: Any) -> Mask:
    """Causal behind the first `prefix` keys, which every query sees. A number, or one for
    each batch."""
    return Mask(_PrefixLM(_integers(prefix)), "prefix_lm")


def same_document(query_ids: Any, key_ids: Any = None) -> Mask:
    """Query and key are of one document: ids by position, [Sq] and [Sk] or [B, Sq] and
    [B, Sk]. `key_ids` are `query_ids` when they are not given."""
    query_ids = _integers(query_ids)
    return Mask(_SameDocument(query_ids, query_ids if key_ids is None else _integers(key_ids)),
                "same_document")


def key_length(length: Any) -> Mask:
    """kv_idx < length: the keys behind it are padding. A number, or one for each batch."""
    return Mask(_KeyLength(_integers(length)), "key_length")


def chunked(size: int) -> Mask:
    """Query and key are in the same chunk of `size` positions."""
    return Mask(_Chunked(size), "chunked")


def sinks(count: int) -> Mask:
    """The first `count` keys: `causal & (window(1023) | sinks(4))`."""
    return Mask(_Sinks(count), "sinks")


def dilated(dilation: int) -> Mask:
    """Keys whose distance is a multiple of `dilation` positions."""
    return Mask(_Dilated(dilation), "dilated")
