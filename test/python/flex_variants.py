# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Variants that the tests of other attention systems run, written anew: those of
FlexAttention, of attention-gym and of FlashAttention-4."""
from flex_masks import MASKS
from flex_scores import SCORES

__all__ = ["MASKS", "SCORES"]
