# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Benchmarks: our kernels beside what a user would pick, on the same tensors in one run.

Sets of tensors rotate so that no call finds its inputs in the L2 cache of the one
before. FLOPs are counted as the field does: 2 * (d + dv) for each kept score, a causal
mask keeps half.
"""
import time

import numpy as np

from . import rows as table
from .buffers import strides_of
from .inputs import Draw
from .runtime import RuntimeFailure, Tensor

#: Of two outputs for normal inputs in 16 bits: |x - y| / (1 + |y|). The smallest wrong
#: mask is off by more, two roundings by less.
AGREE = 0.02


def element_type(torch, element):
    return {"bf16": torch.bfloat16, "f16": torch.float16}[element]


def make_tensors(torch, row, device, count, seed):
    """count sets of (query, key, value)."""
    generator = torch.Generator(device=device).manual_seed(seed)
    kind = element_type(torch, row.element)

    def tensor(heads, dim):
        return torch.randn((row.b, heads, row.s, dim), generator=generator, device=device,
                           dtype=torch.float32).to(kind)
    return [(tensor(row.hq, row.d), tensor(row.hkv, row.d), tensor(row.hkv, row.dv))
            for _ in range(count)]


def bytes_of(row):
    return 2 * row.b * row.s * (row.hq * (row.d + row.dv) + row.hkv * (row.d + row.dv))


def make_captures(torch, row, device, seed):
    """NumPy values by name, and the same as tensors on the device."""
    values = row.kernel.what.captures(row, Draw(seed, row.name))
    return values, {name: torch.from_numpy(np.ascontiguousarray(value)).to(device)
                    for name, value in values.items() if isinstance(value, np.ndarray)}


class Ours:
    """One of our kernels on the tensors of a row."""

    def __init__(self, torch, stream, entry, row, tensors, values, captures):
        self.kept = []
        self.outputs, self.runs = [], []
        for q, k, v in tensors:
            out = torch.full((row.b, row.hq, row.s, row.dv), float("nan"), dtype=q.dtype,
                             device=q.device)
            lse = torch.empty((row.b, row.hq, row.s), device=q.device)
            named = {"query": q, "key": k, "value": v, "out": out, "lse": lse, **captures}
            packed = [self.packed(argument, named, values) for argument in entry.arguments]
            size = entry.workspace_bytes(stream, packed)
            room = torch.empty(max(size, 1), dtype=torch.uint8, device=q.device)
            self.kept += [named, packed, room]
            self.outputs.append(out)
            self.runs.append(entry.bind(stream, packed, room.data_ptr() if size else 0, size))

    @staticmethod
    def packed(argument, named, values):
        if argument.shape is None:
            return values[argument.name]
        x = named[argument.name]
        return Tensor(x.data_ptr(), tuple(x.shape), argument.element, tuple(x.stride())
                      if x.numel() else strides_of(x.shape, "dense", 0))

    def calls(self, count):
        for number in range(count):
            self.runs[number % len(self.runs)]()

    def output(self):
        self.runs[0]()
        return self.outputs[0]


class Bench:
    """What the rows of one run share."""
    device, timing = "cuda", {}

    def __init__(self, context):
        import torch

        from . import competitors
        from .timing import CudaClock
        self.torch, self.context, self.competitors = torch, context, competitors
        self.kinds = competitors.ON_GPU
        torch.cuda.init()
        self.stream = context.folder.runtime.cuda(
            0, torch.cuda.current_stream().cuda_stream or None)
        self.clock = CudaClock(torch)
        properties = torch.cuda.get_device_properties(0)
        self.cache = getattr(properties, "L2_cache_size", 0) or 64 << 20
        self.memory = properties.total_memory

    def sets(self, row):
        """As many as are larger than the cache together."""
        count = -(-3 * self.cache // bytes_of(row))
        return int(np.clip(min(count, self.memory // 4 // bytes_of(row)), 2, 16))

    def ours(self, row, tensors, values, captures, failed):
        made = {}
        for chip in reversed(self.context.chips):
            name = "attn " + chip
            try:
                entry = self.context.folder.entry(row.kernel.name, chip)
                made[name] = Ours(self.torch, self.stream, entry, row, tensors, values,
                                  captures)
                made[name].calls(1)
                self.stream.synchronize()
            except RuntimeFailure as failure:
                from .check import explain
                failed[name] = explain(failure, self.context)
                made.pop(name, None)
        return made

    def others(self, row, tensors, captures, core, failed):
        made = {}
        for kind in self.kinds:
            if not self.competitors.is_wanted(kind, row, core):
                continue
            one, reason = self.competitors.make(kind, row, tensors, captures)
            if one:
                made[kind.name] = one
            else:
                failed[kind.name] = reason
        return made

    def run(self, row, core):
        torch = self.torch
        start = time.monotonic()
        torch.cuda.empty_cache()
        failed = {}
        try:
            tensors = make_tensors(torch, row, self.device, self.sets(row),
                                   self.context.seed)
            values, captures = make_captures(torch, row, self.device, self.context.seed)
            ours = self.ours(row, tensors, values, captures, failed)
            others = self.others(row, tensors, captures, core, failed)
            wrong = compare_outputs(ours, others, failed)
            times = measure_all(self.clock, {
                name: one.calls for name, one in {**ours, **others}.items()},
                **self.timing)
        except torch.cuda.OutOfMemoryError as error:
            return {"case": row.name, "skipped": "out of memory: %s" %
                    str(error).split("\n")[0]}
        record = summarize(row, values, times, failed)
        record.update(ok=not wrong and bool(ours), problem=wrong or (
            None if ours else "no kernel of ours ran: %s" % failed),
            seconds=round(time.monotonic() - start, 2))
        record["line"] = line_of(record)
        return record


def measure_all(clock, series, **given):
    from .timing import measure
    return measure(clock, series, **given) if series else {}


def difference(x, expected):
    """NaN when there is one in either."""
    return float(((x.float() - expected).abs() / (1 + expected.abs())).max())


def compare_outputs(ours, others, failed):
    """Drops competitors that compute something else, and says what is wrong with ours."""
    if not ours:
        return None
    first = next(iter(ours))
    expected = ours[first].output().float()
    off = {name: difference(one.output(), expected)
           for name, one in {**ours, **others}.items() if name != first}
    # NaN compares false.
    wrong = {name: error for name, error in off.items() if not error <= AGREE}
    if not difference(expected, expected) <= AGREE:
        return "the output of %s has NaN or Inf" % first
    if not wrong:
        return None
    agreeing = [name for name in off if name not in wrong and name not in ours]
    text = ", ".join("%s by %.3g" % item for item in wrong.items())
    if any(name in ours for name in wrong) or not agreeing:
        return "outputs differ from those of %s: %s" % (first, text)
    for name in wrong:
        others.pop(name)
        failed[name] = "its output differs by %.3g" % wrong[name]
    return None


def summarize(row, values, times, failed):
    flops = row.flops(values)
    for one in times.values():
        one["tflops"] = flops / one["seconds"] * 1e-12
    others = {n: t["seconds"] for n, t in times.items() if not n.startswith("attn")}
    record = {"case": row.name, "group": row.group, "kernel": row.kernel.name,
              "b": row.b, "hq": row.hq, "hkv": row.hkv, "s": row.s, "d": row.d,
              "dv": row.dv, "variant": row.variant, "element": row.element,
              "flops": flops, "times": times, "unsupported": failed}
    if others:
        record["best_other"] = min(others, key=others.get)
        record["ratio"] = {name: others[record["best_other"]] / one["seconds"]
                           for name, one in times.items() if name.startswith("attn")}
    return record


def line_of(record):
    shown = ["%s %.0f" % (name, one["tflops"]) for name, one in record["times"].items()]
    ratio = ", ".join("%.2f" % x for x in record.get("ratio", {}).values())
    return "  %s: %s TFLOP/s%s" % (record["case"], ", ".join(shown),
                                   "; x best other: " + ratio if ratio else "")


def machine_task(bench):
    """Copy bandwidth and the peak of matrix products, on random data."""
    torch = bench.torch
    source = torch.randint(0, 255, (1 << 30,), dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    n = 8192
    a, b = (torch.randn((n, n), device="cuda").to(torch.bfloat16) for _ in range(2))
    c = torch.empty_like(a)

    def copies(count):
        for _ in range(count):
            target.copy_(source)

    def products(count):
        for _ in range(count):
            torch.mm(a, b, out=c)
    times = measure_all(bench.clock, {"copy": copies, "matmul": products})
    copy, matmul = times["copy"]["seconds"], times["matmul"]["seconds"]
    found = {"copy_gb_per_s": 2 * source.numel() / copy * 1e-9,
             "matmul_tflops": 2.0 * n ** 3 / matmul * 1e-12}
    from .worker import driver_facts
    return dict(found, case="machine", ok=True, times=times, after=driver_facts(),
                line="  copy %.0f GB/s, bf16 matmul %.0f TFLOP/s" % tuple(found.values()))


def tasks(context, part):
    core = part == "benchmark-core"
    rows = table.core_rows() if core else table.rest_rows()
    rows = [row for row in rows if row.kernel.name in context.folder.kernels]
    bench = []

    def shared():
        if not bench:
            bench.append(Bench(context))
        return bench[0]
    if not torch_is_there(context):
        return []
    made = [("machine", lambda: machine_task(shared()))] if core else []
    return made + [(row.name, lambda row=row: shared().run(row, core)) for row in rows]


def torch_is_there(context):
    if context.results is None:
        return True  # a list
    from . import packages
    version, reason = packages.find("torch")
    if version:
        import torch
        if torch.cuda.is_available():
            return True
        reason = "%s does not see the GPU" % version
    context.emit({"note": "benchmarks are skipped: PyTorch: %s" % reason})
    return False
