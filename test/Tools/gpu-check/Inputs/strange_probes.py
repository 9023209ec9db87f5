# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Probes that go wrong on purpose, each in its own way."""
import os
import time

import numpy as np

from gpu_check.probes import Answer, probe, ptx
from gpu_check.probes.core import MAY_FAULT, Out, compare


def kernel(value):
    return ptx.kernel(["u64 out"], ptx.pointer("%d1", "out") + """
mov.u32 %%r1, %%tid.x; mul.wide.u32 %%d2, %%r1, 4; add.u64 %%d1, %%d1, %%d2;
add.u32 %%r1, %%r1, %d; st.global.u32 [%%d1], %%r1; ret;
""" % value, shared=False)


def threads(bench, value):
    return bench.run(kernel(value), [Out(128, np.uint32)])[0]


@probe("strange-expectation", "Are threads numbered from 1?", "From 1.")
def _(bench):
    return compare([("numbers", np.arange(128, dtype=np.uint32) + 1, threads(bench, 0))])


@probe("strange-ptx", "Is this PTX?", "Yes.")
def _(bench):
    bench.run(kernel(0).replace("mul.wide", "mul.wider"), [Out(128, np.uint32)])
    return Answer(True, "assembled")


@probe("strange-read", "Is there memory behind the buffer?", "Yes.")
def _(bench):
    return compare([("numbers", 0, threads(bench, 0)[0])]) if bench.run(
        kernel(0), [Out(100, np.uint32)]) else None


@probe("strange-death", "Does a probe that dies take others along?", "No.")
def _(bench):
    os._exit(9)


@probe("strange-silence", "Does a probe that hangs?", "No.")
def _(bench):
    time.sleep(600)


@probe("strange-fault", "Does one that may fault run last?", "Yes.", risk=MAY_FAULT)
def _(bench):
    return compare([("numbers", np.arange(128, dtype=np.uint32) + 7, threads(bench, 7))])


@probe("strange-figure", "What is the sum?", "Nothing.")
def _(bench):
    return Answer(None, {"sum": int(threads(bench, 2).sum())})
