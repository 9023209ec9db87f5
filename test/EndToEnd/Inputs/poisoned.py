# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""poisoned.py FOLDER [HEADS KV_HEADS [HEAD_DIM]]: inputs whose keys and values are NaN and Inf
beyond each batch's length."""
import os
import sys

import numpy as np

LENGTHS = np.array([0, 77, 150], np.int32)
random = np.random.default_rng(0)
head_dim = int(sys.argv[4]) if len(sys.argv) > 4 else 64
query, key, value = random.standard_normal((3, 3, 4, 200, head_dim)).astype(np.float32)
for batch, length in enumerate(LENGTHS):
    key[batch, :, length:] = np.nan
    value[batch, :, length:] = np.inf
heads, kv_heads = map(int, sys.argv[2:4] or (4, 4))
for name, array in (("q", query[:, :heads]), ("k", key[:, :kv_heads]),
                    ("v", value[:, :kv_heads]), ("n", LENGTHS)):
    np.save(os.path.join(sys.argv[1], name + ".npy"), array)
