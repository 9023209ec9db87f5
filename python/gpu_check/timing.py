# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times of several implementations of one problem, taken in turn.

Each round times a series of calls of each, between two events, so that what the card does
to its clocks in the meantime befalls all of them. A result is the median of the rounds,
with the fastest and slowest.
"""
import time

import numpy as np


class CudaClock:
    """Seconds that the GPU spends, by events."""

    def __init__(self, torch):
        self.torch = torch

    def time(self, function):
        start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        function()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e-3


class WallClock:
    """For tests on a CPU."""

    def time(self, function):
        start = time.perf_counter()
        function()
        return time.perf_counter() - start


def measure(clock, series, rounds=9, least=0.006, warm_up=0.03):
    """{name: {"seconds", "fastest", "slowest", "calls"}} for series {name: calls(n)}."""
    counts = {}
    for name, calls in series.items():
        clock.time(lambda: calls(1))
        once = max(1e-7, min(clock.time(lambda: calls(2)) / 2 for _ in range(2)))
        counts[name] = int(np.clip(least / once, 1, 400)) if once < least else 1
        spent = 0.0
        while spent < warm_up:
            spent += max(1e-4, clock.time(lambda: calls(counts[name])))
    samples = {name: [] for name in series}
    for _ in range(rounds):
        for name, calls in series.items():
            count = counts[name]
            samples[name].append(clock.time(lambda: calls(count)) / count)
    return {name: {"seconds": float(np.median(times)), "fastest": min(times),
                   "slowest": max(times), "calls": counts[name] * rounds}
            for name, times in samples.items()}
