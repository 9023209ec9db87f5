# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""variant.py NAME HEAD_DIM [ELEMENT]: a program of the variant with that name, in bf16
unless told otherwise."""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from programs import Case, program  # noqa: E402
from variants import by_name  # noqa: E402

name, dim = sys.argv[1], int(sys.argv[2])
element = sys.argv[3] if len(sys.argv) > 3 else "bf16"
case = Case(by_name(name), element, 1, 2, 1, 384, 384, dim, dim)
print(program(case, case.variant.captures(case, np.random.default_rng(0))))
