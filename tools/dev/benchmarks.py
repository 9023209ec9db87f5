# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Results of attn-bench: reading them, and the statistics of two samples.

A file is Google Benchmark's JSON. A metric may also be a list, with one number per
repetition: that is how tools/dev/bench-baseline keeps them.
"""
import functools
import json
import math
import os
import re
import statistics

# Fields of the context without which figures cannot be compared, and those that are
# only mentioned when they differ.
MACHINE = ["cpu", "num_cpus", "build_type", "library_build_type"]
GPU = "gpu"  # matters where kernels are compared
MENTIONED = ["llvm", "ptxas"]
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


class BadFile(Exception):
    """What is wrong with a file of results."""


class Results:
    """`context`, the samples of each time in seconds, `samples[name, metric]`, and why
    benchmarks have none, `skipped[name]`."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise BadFile("%s: cannot read it as JSON: %s" % (path, error))
        if not isinstance(content, dict) or not isinstance(content.get("context"), dict) \
                or not isinstance(content.get("benchmarks"), list):
            raise BadFile("%s: expected an object with 'context' and 'benchmarks', as"
                          " --benchmark_out writes it" % path)
        self.context = content["context"]
        self.samples, self.skipped = {}, {}
        for number, entry in enumerate(content["benchmarks"]):
            try:
                self.add(entry)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise BadFile("%s: benchmark %d is not as --benchmark_out writes it: %s"
                              % (path, number, describe(error)))

    def add(self, entry):
        if entry.get("run_type", "iteration") != "iteration":
            return  # means and medians are made here
        name = entry.get("run_name") or entry["name"]
        if entry.get("error_occurred"):
            self.skipped[name] = str(entry.get("error_message", ""))
            return
        main = main_metric(name)
        for metric, value in entry.items():
            unit = entry["time_unit"] if metric == main else unit_of_counter(metric)
            if unit is None:
                continue
            values = value if isinstance(value, list) else [value]
            if not values or not all(math.isfinite(float(v)) for v in values):
                raise ValueError("%s is %s" % (metric, value))
            self.samples.setdefault((name, metric), []).extend(
                float(v) * UNITS[unit] for v in values)
        if (name, main) not in self.samples:
            raise KeyError(main)


def describe(error):
    return "no %s" % error if isinstance(error, KeyError) else error


def main_metric(name):
    """The time that a benchmark is about: what it has iterated by."""
    last = name.rsplit("/", 1)[-1]
    return "real_time" if last in ("real_time", "manual_time") else "cpu_time"


def unit_of_counter(metric):
    """Of a counter that is a time, such as `ptxas_ms`; else None. A rate, `.._per_s`,
    says nothing that the time does not."""
    found = re.search(r"(?<!_per)_(ns|us|ms)$", metric)
    return found[1] if found else None


def label(name, metric):
    """How a table calls a metric."""
    short = re.sub(r"(/iterations:\d+)?(/(real|manual)_time)?$", "", name)
    return short if metric == main_metric(name) else "%s: %s" % (short, metric)


def differences(one, other, fields):
    """Lines about fields of the context that are not the same."""
    return ["%s: %s and %s" % (field, one.context.get(field, "unknown"),
                               other.context.get(field, "unknown"))
            for field in fields if one.context.get(field) != other.context.get(field)]


def format_time(seconds):
    for unit in ("s", "ms", "us"):
        if abs(seconds) >= UNITS[unit]:
            return "%.4g %s" % (seconds / UNITS[unit], unit)
    return "%.4g ns" % (seconds / UNITS["ns"])


# ===----------------------------------------------------------------------=== #
# Statistics
# ===----------------------------------------------------------------------=== #

def spread(values):
    """The range of the middle three quarters, relative to the median: one of ten may lie
    anywhere."""
    ordered, middle = sorted(values), statistics.median(values)
    if len(ordered) < 2 or not middle:
        return 0.0
    return (quantile(ordered, 0.875) - quantile(ordered, 0.125)) / abs(middle)


def quantile(ordered, fraction):
    place = fraction * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def double_ranks(values):
    """Twice the rank of each value, which for ties is the mean: integers."""
    ordered = sorted(values)
    first, last = {}, {}
    for place, value in enumerate(ordered, 1):
        first.setdefault(value, place)
        last[value] = place
    return [first[value] + last[value] for value in values]


@functools.lru_cache(maxsize=None)
def rank_sums(ranks, size):
    """{sum: number of the subsets of `ranks` with `size` elements that have it}"""
    ways = [{0: 1}] + [{} for _ in range(size)]
    for rank in ranks:
        for count in range(size, 0, -1):
            for total, number in ways[count - 1].items():
                ways[count][total + rank] = ways[count].get(total + rank, 0) + number
    return ways[size]


# Beyond so many values in all the normal approximation is as good.
EXACT_LIMIT = 40


def mann_whitney(one, other):
    """Two-sided p of the Mann-Whitney U test. Exact, with ties, for small samples."""
    ranks = double_ranks(list(one) + list(other))
    n, m = len(one), len(other)
    mean = n * (n + m + 1)  # of the doubled sum
    deviation = abs(sum(ranks[:n]) - mean)
    if n + m <= EXACT_LIMIT:
        sums = rank_sums(tuple(sorted(ranks)), n)
        extreme = sum(number for total, number in sums.items()
                      if abs(total - mean) >= deviation)
        return extreme / sum(sums.values())
    ties = sum(t ** 3 - t for t in (ranks.count(r) for r in set(ranks)))
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    if not variance:
        return 1.0
    z = max(deviation / 2 - 0.5, 0) / variance ** 0.5
    return 2 * (1 - statistics.NormalDist().cdf(z))


def least_p(n, m):
    """The p of two samples of which one lies above the other."""
    return mann_whitney(range(n), range(n, n + m))


# ===----------------------------------------------------------------------=== #
# Pages
# ===----------------------------------------------------------------------=== #

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def table(header, rows):
    return "\n".join(["| %s |" % " | ".join(header), "|" + "---|" * len(header)]
                     + ["| %s |" % " | ".join(row) for row in rows])


def replace_part(text, name, content):
    """The page with `content` between its markers for `name`."""
    begin, end = "<!-- begin: %s -->" % name, "<!-- end -->"
    before, found, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise BadFile("no lines '%s' and '%s'" % (begin, end))
    return "%s%s\n%s\n%s%s" % (before, begin, content, end, after)
