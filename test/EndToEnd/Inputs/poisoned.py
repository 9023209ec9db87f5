# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs whose keys and values are NaN and Inf beyond each batch's length."""
import os
import sys

import numpy as np

LENGTHS = np.array([0, 77, 150], np.int32)
random = np.random.default_rng(0)
query, key, value = random.standard_normal((3, 3, 4, 200, 64)).astype(np.float32)
for batch, length in enumerate(LENGTHS):
    key[batch, :, length:] = np.nan
    value[batch, :, length:] = np.inf
for name, array in (("q", query), ("k", key), ("v", value), ("n", LENGTHS)):
    np.save(os.path.join(sys.argv[1], name + ".npy"), array)
