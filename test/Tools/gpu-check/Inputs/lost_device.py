# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A probe after which the driver of its process launches nothing more."""
import ctypes

import numpy as np

from gpu_check.probes import probe, ptx
from gpu_check.probes.core import Out, compare

ILLEGAL_ADDRESS = 700


@probe("lost-device", "What if a kernel faults?", "Nothing.")
def _(bench):
    ctypes.CDLL("libcuda.so.1").fake_cuda_fail(b"launch", ILLEGAL_ADDRESS)
    return compare([("words", np.zeros(128, np.uint32), bench.run(
        ptx.kernel(["u64 out"], "ret;\n"), [Out(128, np.uint32)])[0])])
