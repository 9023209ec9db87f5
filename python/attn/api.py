# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention with the signatures of PyTorch, and rotary embedding."""
from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from . import _checks
from ._arrays import Broadcast, describe, is_array
from ._call import Call, Place
from ._program import kernel_for, rotary_program
from .compiled import Compiled, check_shapes
from .errors import ArgumentError
from .masks import Mask, causal


class BlockMask:
    """What create_block_mask() makes: the mask function is all that counts, since the
    compiler finds the blocks by itself."""

    def __init__(self, mask_mod: Callable):
        self.mask_mod = mask_mod


class AuxOutput(NamedTuple):
    """What flex_attention() returns beside the output for PyTorch's return_aux."""

    lse: Any = None
    max_scores: Any = None


def create_block_mask(mask_mod: Callable, B: Any = None, H: Any = None,  # noqa: N803
                      Q_LEN: Any = None, KV_LEN: Any = None, device: Any = None,
                      BLOCK_SIZE: Any = None, _compile: bool = False,
                      **_: Any) -> BlockMask:
    """Of PyTorch's signature; it only keeps the function."""
    return BlockMask(mask_mod)


_compiled: Dict[Tuple, Compiled] = {}
_MOST_COMPILED = 256


def _compiled_for(score_mod: Any, mask_mod: Any, scale: Any, return_lse: bool,
                  alignment: int, target: Optional[str]) -> Compiled:
    """One for the same function objects; new ones of the same code find their kernel by
    its trace."""
    _checks.target(target)
    _checks.alignment(alignment)
    if scale is not None:
        scale = _checks.number(scale, "scale")
    key = (id(score_mod), id(mask_mod), scale, return_lse, alignment, target)
    found = _compiled.get(key)
    if found is None or found.functions["score"] is not score_mod or \
            found.functions["mask"] is not mask_mod:
        if len(_compiled) >= _MOST_COMPILED:
            _compiled.clear()  # kernels stay
        found = _compiled[key] = Compiled(score_mod, mask_mod, None, "softmax", scale,
                                          return_lse, target, alignment)
    return found


def flex_attention(query: Any, key: Any, value: Any, score_mod: Optional[Callable] = None,
                   block_mask: Any = None, scale: Optional[float] = None,
                   enable_gqa: bool = False, return_lse: bool = False,
                   kernel_options: Optional[Dict[str, Any]] = None, *,
                   return_aux: Any = None) -> Any:
    """torch.nn.attention.flex_attention.flex_attention, forward only.

    query: [B, Hq, Sq, D], key: [B, Hkv, Sk, D], value: [B, Hkv, Sk, Dv], of float16 or
    bfloat16. score_mod: (score, b, h, q_idx, kv_idx) -> score. block_mask: a BlockMask of
    PyTorch or of attn, a Mask, or a mask function (b, h, q_idx, kv_idx) -> bool: of a
    BlockMask only its mask_mod counts. kernel_options: "alignment" (bytes) and "target"
    are read, the others are PyTorch's and ignored. return_aux: PyTorch's AuxRequest, of
    which lse can be had and max_scores cannot.

    Returns out, [B, Hq, Sq, Dv], or (out, lse) with lse [B, Hq, Sq] in float32, or with
    return_aux (out, AuxOutput). Raises as attn.Compiled does.
    """
    if return_aux is not None:
        if getattr(return_aux, "max_scores", False) or not hasattr(return_aux, "lse"):
            raise ArgumentError("return_aux: expected an AuxRequest of lse alone, but got %r" % (
                return_aux,))
        found = flex_attention(query, key, value, score_mod, block_mask, scale, enable_gqa,
                               bool(return_aux.lse), kernel_options)
        out, lse = found if return_aux.lse else (found, None)
        return out, AuxOutput(lse)
    options = {} if kernel_options is None else kernel_options
    if not isinstance(options, dict):
        raise ArgumentError("kernel_options: expected a dict, but got a %s" %
                            type(options).__name__)
    mask = getattr(block_mask, "mask_mod", block_mask)
    if mask is not None and not callable(mask):
        raise ArgumentError("block_mask: expected a BlockMask or a mask function, but got a "
                            "%s" % type(block_mask).__name__)
    _check_gqa(query, key, enable_gqa)
    compiled = _compiled_for(score_mod, mask, scale, return_lse,
                             options.get("alignment", 16), options.get("target"))
    return compiled(query, key, value)


def _check_gqa(query: Any, key: Any, enable_gqa: bool) -> None:
    shapes = [getattr(x, "shape", ()) for x in (query, key)]
    if not enable_gqa and all(len(s) == 4 for s in shapes) and shapes[0][1] != shapes[1][1]:
        raise ArgumentError("key: heads: expected %d as for query, but got %d; "
                            "enable_gqa=True lets query heads share key heads" % (
                                shapes[0][1], shapes[1][1]))


class _Given:
    """attn_mask of scaled_dot_product_attention: a mask of bools, or a bias."""

    captures_by_attribute = True

    def __init__(self, attn_mask: Any):
        self.attn_mask = attn_mask


class _GivenMask(_Given):
    def __call__(self, b, h, q_idx, kv_idx):
        return self.attn_mask[b, h, q_idx, kv_idx]


class _GivenBias(_Given):
    def __call__(self, score, b, h, q_idx, kv_idx):
        return score + self.attn_mask[b, h, q_idx, kv_idx]


def scaled_dot_product_attention(query: Any, key: Any, value: Any, attn_mask: Any = None,
                                 dropout_p: float = 0.0, is_causal: bool = False,
                                 scale: Optional[float] = None,
                                 enable_gqa: bool = False) -> Any:
    """torch.nn.functional.scaled_dot_product_attention, forward only, for tensors of rank 4.

    attn_mask: broadcast to [B, Hq, Sq, Sk]; of bool, where True keeps a position, or a bias
    of float16, bfloat16 or float32 that is added to the scaled scores. is_causal: kv_idx <=
    q_idx, as in PyTorch from the top left corner. dropout_p has to be 0. Raises as
    attn.Compiled does.
    """
    if dropout_p:
        raise ArgumentError("dropout_p: expected 0.0, since there is no dropout, but got %r"
                            % dropout_p)
    if attn_mask is not None and is_causal:
        raise ArgumentError("attn_mask: expected None with is_causal=True, as in PyTorch")
    _check_gqa(query, key, enable_gqa)
    score_mod = mask_mod = None
    if is_causal:
        mask_mod = causal
    elif attn_mask is not None:
        if not is_array(attn_mask) or len(attn_mask.shape) > 4:
            raise ArgumentError("attn_mask: expected a tensor of at most 4 dimensions")
        given = describe(attn_mask, "attn_mask")
        check_shapes(*(describe(x, name) for x, name in (
            (query, "query"), (key, "key"), (value, "value"))))
        shape = tuple(query.shape[:3]) + (key.shape[2],)
        if given.element not in ("i1", "f16", "bf16", "f32"):
            raise ArgumentError("attn_mask: dtype: expected bool, float16, bfloat16 or "
                                "float32, but got %s" % given.element)
        broadcast = Broadcast(given, shape, "attn_mask")
        if given.element == "i1":
            mask_mod = Mask(_GivenMask(broadcast))
        else:
            score_mod = _GivenBias(broadcast)
    compiled = Compiled(score_mod, mask_mod, None, "softmax", scale, False, None, 16)
    return compiled(query, key, value)


def apply_rotary(x: Any, *, offset: int = 0, positions: Any = None, base: float = 10000.0,
                 rotary_dim: Optional[int] = None, interleaved: bool = False,
                 cos: Any = None, sin: Any = None, stream: Optional[int] = None,
                 target: Optional[str] = None) -> Any:
    """Rotary position embedding of a query or key, x: [B, H, S, D] of float16 or bfloat16.

    The position of row i is offset + i, or what `positions` says, [S] or [B, S] of int32.
    Pairs are (d, d + R / 2), or (2d, 2d + 1) when interleaved, of the first R = rotary_dim
    elements (all of them when it is not given), with angles position * base^(-2d / R) in
    radians. With `cos` and `sin`, [P, R / 2] of float32, rows of these tables are taken.
    Returns a new tensor. A new offset or length compiles nothing. Raises as attn.Compiled.
    """
    _checks.stream(stream)
    _checks.target(target)
    array = describe(x, "x", stream or 0)
    offset, base = _checks.integer(offset, "offset"), _checks.number(base, "base")
    if array.rank != 4 or array.element not in ("f16", "bf16"):
        raise ArgumentError("x: expected [batch, heads, length, head dim] of float16 or "
                            "bfloat16, but got rank %d of %s" % (array.rank, array.element))
    if (cos is None) != (sin is None):
        raise ArgumentError("%s: expected both cos and sin, or none" % (
            "cos" if cos is None else "sin"))
    dim = array.shape[3] if rotary_dim is None else _checks.integer(rotary_dim, "rotary_dim")
    if dim % 2 or not 0 < dim <= array.shape[3]:
        raise ArgumentError("rotary_dim: expected an even number from 2 to the head dim %d, but "
                            "got %d" % (array.shape[3], dim))
    if base <= 0:
        raise ArgumentError("base: expected a number above 0, but got %r" % base)
    place = Place(array, target, stream)
    given, kind = None, None
    if positions is not None:
        given = describe(positions, "positions", place.queue)
        if given.element != "i32" or given.rank not in (1, 2):
            raise ArgumentError("positions: expected [S] or [B, S] of int32, but got rank %d "
                                "of %s" % (given.rank, given.element))
        kind = "tensor<%si32>" % ("?x" * given.rank)
    key = ("rotary", array.element, array.shape[3], base, dim, interleaved, kind,
           cos is not None, place.chip)
    kernel = kernel_for(key, lambda: rotary_program(
        array.element, array.shape[3], base, dim, interleaved, kind, cos is not None),
        place.chip, 16, "rotary embedding")
    with Call(place, array, "x") as call:
        call.tensor(array, "x")
        if given is not None:
            call.tensor(given, "positions")
        else:
            call.number(offset, "index")
        for table, name in ((cos, "cos"), (sin, "sin")):
            if table is not None:
                call.tensor(describe(table, name, place.queue), name)
        call.result(array.shape, array.element, "out")
        return call.run(kernel)[0]
