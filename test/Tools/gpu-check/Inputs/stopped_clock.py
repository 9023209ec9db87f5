# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""stopped_clock.py LIBRARY: the kernels that measure, on the simulator, with a few rounds
and a clock that stands still. The figures mean nothing; a race or a hang would be found."""
import sys

from gpu_check.probes import PROBES, throughput
from gpu_check.probes.core import Bench
from gpu_check.runtime import Runtime


class StoppedClock(Bench):
    def run(self, ptx, params, grid=(1, 1, 1), **rest):
        return super().run(ptx.replace("%clock64", "0"), params,
                           (min(grid[0], 2), 1, 1), **rest)


runtime = Runtime(sys.argv[1])
throughput.ROUNDS = 3
for name, probe in PROBES.items():
    if not name.startswith("rate-"):
        continue
    with runtime.sim("sm_90a") as stream:
        answer = probe.run(StoppedClock(stream))
        print("%s: %d figures" % (name, len(answer.observed)))
