# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tiny kernels that each ask a GPU one question which no document answers.

docs/GpuProbes.md says how to run them. A probe is declared by the decorator `probe` in
one of the modules here; importing the package declares all of them.
"""
from . import arithmetic, bulk, matrix, mbarrier, sync, throughput, tma, wgmma  # noqa: F401
from .core import PROBES, Answer, Probe, probe  # noqa: F401
from .session import run_probes  # noqa: F401
