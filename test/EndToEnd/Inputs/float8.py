# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""float8.py FOLDER PART: kernels of attn.attention with 8-bit operands on the simulator,
against NumPy in float64, and what they move.

A kernel's error is at most twice that of a program that rounds the weights of whole rows
to 8 bits, or a few units in the last place of the output where that is exact.
"""
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from float8_numpy import dequantized, rounded_weights, transposed  # noqa: E402
from quantize_numpy import round_to_float8  # noqa: E402

FOLDER = sys.argv[1]
failures = 0
ran = 0


@dataclass(frozen=True)
class Case:
    """One call. `ranks` are those of the scales of query, key and value, 0: none."""
    sq: int = 200
    sk: int = 300
    dim: int = 128
    value_dim: int = 0  # 0: dim
    heads: int = 4
    kv_heads: int = 2
    batch: int = 1
    width: int = 128  # keys of a transposed block
    block: int = 128
    ranks: tuple = (3, 3, 3)
    types: tuple = ("f8E4M3FN", "f8E4M3FN", "f8E4M3FN")
    out: str = "bf16"
    mask: str = ""
    score: str = ""
    normalizer: str = "#attn.softmax"
    sink: bool = False
    lse: bool = False
    spread: float = 4.0  # between scales

    @property
    def dv(self):
        return self.value_dim or self.dim


MASKS = {
    "": "",
    "causal": "%keep = attn.causal %i, %j",
    "window": "%c = arith.constant 70 : index\n%keep = attn.window %i, %j left %c right %c",
    "documents": "%x = attn.load %ids[%b, %i] : tensor<?x?xi32>\n"
                 "%y = attn.load %ids[%b, %j] : tensor<?x?xi32>\n"
                 "%keep = attn.same_document %x, %y : i32",
}
SCORES = {
    "": "",
    "alibi": "%slope = attn.load %extra[%h] : tensor<?xf32>\n"
             "%r = attn.alibi %s, %slope, %i, %j",
    "softcap": "%cap = arith.constant 5.0 : f32\n%r = attn.softcap %s, %cap",
    "bias": "%bias = attn.load %extra[%h, %i, %j] : tensor<?x?x?xf32>\n"
            "%r = arith.addf %s, %bias : f32",
}


def text_of(c):
    q, k, v = c.types
    shapes = {
        "q": f"{c.batch}x{c.heads}x?x{c.dim}x{q}", "k": f"{c.batch}x{c.kv_heads}x?x{c.dim}x{k}",
        "v": f"{c.batch}x{c.kv_heads}x?x{c.dv}x{c.width}x{v}"}
    arguments = [f"%{n}: tensor<{t}>" for n, t in shapes.items()]
    scales = ""
    for name, heads, rank in zip(("query", "key", "value"),
                                 (c.heads, c.kv_heads, c.kv_heads), c.ranks):
        if rank:
            kind = {1: "1xf32", 2: f"{c.batch}x{heads}xf32",
                    3: f"{c.batch}x{heads}x?xf32"}[rank]
            arguments.append(f"%{name}s: tensor<{kind}>")
            scales += f" {name}_scales(%{name}s : tensor<{kind}>)"
    if c.mask == "documents":
        arguments.append("%ids: tensor<?x?xi32>")
    if c.score in ("alibi", "bias"):
        arguments.append("%extra: tensor<" + ("?" if c.score == "alibi" else "?x?x?") + "xf32>")
    if c.sink:
        arguments.append("%sinks: tensor<?xf32>")
    out = f"tensor<{c.batch}x{c.heads}x?x{c.dv}x{c.out}>"
    results = [out] + ([f"tensor<{c.batch}x{c.heads}x?xf32>"] if c.lse else [])
    attributes = [f"normalizer = {c.normalizer}"]
    if 3 in c.ranks:
        attributes.append(f"block = {c.block} : i64")
    regions = ""
    if c.score:
        regions += (" score {\n^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):\n"
                    f"{SCORES[c.score]}\nattn.yield %r : f32\n}}")
    if c.mask:
        regions += (" mask {\n^bb0(%b: index, %h: index, %i: index, %j: index):\n"
                    f"{MASKS[c.mask]}\nattn.yield %keep : i1\n}}")
    if c.sink:
        regions += (" sink {\n^bb0(%b: index, %h: index):\n"
                    "%l = attn.load %sinks[%h] : tensor<?xf32>\nattn.yield %l : f32\n}")
    names = ", ".join(f"%r{n}" for n in range(len(results)))
    return (f"func.func @f({', '.join(arguments)}) -> ({', '.join(results)}) {{\n"
            f"{names} = attn.attention query(%q : tensor<{shapes['q']}>) "
            f"key(%k : tensor<{shapes['k']}>) value(%v : tensor<{shapes['v']}>){scales}\n"
            f"{{{', '.join(attributes)}}}{regions} -> {', '.join(results)}\n"
            f"return {names} : {', '.join(results)}\n}}\n")


def inputs_of(c, seed):
    """Elements as 8-bit floats have them, scales, captures."""
    random = np.random.default_rng(seed)

    def elements(kind, shape):
        return round_to_float8(kind, random.normal(size=shape) * 2)

    def scales(rank, heads, length):
        shape = {0: (1,), 1: (1,), 2: (c.batch, heads),
                 3: (c.batch, heads, -(-length // c.block))}[rank]
        exponent = random.uniform(-1, 1, size=shape)
        return np.float32(0.4 * c.spread ** exponent) if rank else np.ones(shape, np.float32)

    i = {"q": elements(c.types[0], (c.batch, c.heads, c.sq, c.dim)),
         "k": elements(c.types[1], (c.batch, c.kv_heads, c.sk, c.dim)),
         "v": elements(c.types[2], (c.batch, c.kv_heads, c.sk, c.dv)),
         "query": scales(c.ranks[0], c.heads, c.sq),
         "key": scales(c.ranks[1], c.kv_heads, c.sk),
         "value": scales(c.ranks[2], c.kv_heads, c.sk)}
    length = max(c.sq, c.sk)
    i["ids"] = np.sort(random.integers(0, 5, size=(c.batch, length))).astype(np.int32)
    i["extra"] = (np.float32(2.0 ** -(1 + np.arange(c.heads))) if c.score == "alibi"
                  else random.normal(size=(c.heads, c.sq, c.sk)).astype(np.float32))
    i["sinks"] = random.normal(size=c.heads).astype(np.float32)
    return i


def kept(c, i):
    q, k = np.arange(c.sq)[:, None], np.arange(c.sk)[None, :]
    if c.mask == "causal":
        return np.broadcast_to(k <= q, (c.batch, 1, c.sq, c.sk))
    if c.mask == "window":
        return np.broadcast_to(np.abs(q - k) <= 70, (c.batch, 1, c.sq, c.sk))
    if c.mask == "documents":
        ids = i["ids"]
        return (ids[:, :c.sq, None] == ids[:, None, :c.sk])[:, None]
    return np.ones((c.batch, 1, c.sq, c.sk), bool)


def expected(c, i, rounds):
    """out and lse in float64; `rounds`: weights of 8 bits."""
    group = c.heads // c.kv_heads
    q, k, v = (dequantized(i[n], i[scales], c.block)
               for n, scales in (("q", "query"), ("k", "key"), ("v", "value")))
    k, v = (np.repeat(x, group, axis=1) for x in (k, v))
    s = q @ k.transpose(0, 1, 3, 2) / np.sqrt(np.float64(c.dim))
    where = np.arange(c.sk)[None, :] - np.arange(c.sq)[:, None]
    if c.score == "alibi":
        s = s + i["extra"].astype(np.float64)[None, :, None, None] * where
    elif c.score == "softcap":
        s = 5 * np.tanh(s / 5)
    elif c.score == "bias":
        s = s + i["extra"].astype(np.float64)
    keep = kept(c, i)
    if c.normalizer.startswith("#attn.sigmoid"):
        w, total, lse = np.where(keep, 1 / (1 + np.exp(-s)), 0), 1.0, None
    else:
        s = np.where(keep, s, -np.inf)
        most = s.max(axis=-1, keepdims=True, initial=-np.inf)
        most = np.where(np.isinf(most), 0, most)
        w = np.exp(s - most)
        total = w.sum(axis=-1, keepdims=True)
        if c.sink:
            total = total + np.exp(i["sinks"].astype(np.float64)[None, :, None, None] - most)
        with np.errstate(divide="ignore"):
            lse = (np.log(total) + most)[..., 0]
        total = np.where(total == 0, 1, total)
    if rounds:
        w = rounded_weights(w)
    return w @ v / total, lse


def run(c, i, *options):
    """(out, lse or None, statistics), or what the tool says."""
    program = os.path.join(FOLDER, "f.mlir")
    with open(program, "w") as file:
        file.write(text_of(c))
    arrays = [i["q"], i["k"], transposed(i["v"], c.width)]
    arrays += [i[n] for n, r in zip(("query", "key", "value"), c.ranks) if r]
    if c.mask == "documents":
        arrays.append(i["ids"])
    if c.score in ("alibi", "bias"):
        arrays.append(i["extra"])
    if c.sink:
        arrays.append(i["sinks"])
    files = []
    for n, array in enumerate(arrays):
        files.append(os.path.join(FOLDER, f"in{n}.npy"))
        np.save(files[-1], array.astype(np.float32) if array.dtype == np.float64 else array)
    outs = [os.path.join(FOLDER, n) for n in ("out.npy", "lse.npy")[:1 + c.lse]]
    stats = os.path.join(FOLDER, "stats.json")
    done = subprocess.run(
        ["attn-run", program, "--inputs=" + ",".join(files), "--outputs=" + ",".join(outs),
         "--device=sim", "--chip=sm_90a", "--stats=" + stats, *options],
        capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    with open(stats) as file:
        return np.load(outs[0]), np.load(outs[1]) if c.lse else None, json.load(file)


def fail(c, what):
    global failures
    failures += 1
    changed = {k: v for k, v in vars(c).items() if v != getattr(Case(), k)}
    print(f"{changed}: {what}")


def check(c, *options, seed=1):
    global ran
    ran += 1
    i = inputs_of(c, seed)
    result = run(c, i, *options)
    if isinstance(result, str):
        return fail(c, "does not run: " + result)
    out, lse, stats = result
    truth, true_lse = expected(c, i, rounds=False)
    rounded, _ = expected(c, i, rounds=True)
    ulp = 2.0 ** (-8 if c.out == "bf16" else -11)
    size = np.abs(truth).max(initial=0)
    allowed = 2 * np.abs(rounded - truth).max(initial=0) + ulp * size
    error = np.abs(out - truth).max(initial=0)
    if not error <= allowed:
        fail(c, f"error {error}, allowed {allowed}")
    if c.lse and not np.allclose(lse, true_lse, rtol=1e-5, atol=1e-4):
        fail(c, f"lse {np.nanmax(np.abs(lse - true_lse))}")
    if stats["findings"]:
        fail(c, stats["findings"])
    return stats


def shapes():
    base = Case()
    for dim in (64, 96, 128, 192, 256):
        for mask in ("", "causal"):
            check(replace(base, dim=dim, mask=mask, lse=True))
    for sq, sk in ((1, 1), (1, 300), (128, 128), (129, 257), (300, 1), (5, 0), (0, 5)):
        check(replace(base, sq=sq, sk=sk, lse=True))
    check(replace(base, dim=192, value_dim=128))
    check(replace(base, dim=32, value_dim=16, out="f16"))
    check(replace(base, dim=80, value_dim=48, width=64, block=64))
    check(replace(base, batch=2, heads=6, kv_heads=2, mask="causal"),
          "--multiprocessors=2")


def scales():
    base = Case()
    for ranks in ((0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 2, 1), (0, 3, 0), (0, 0, 3),
                  (3, 0, 3), (2, 3, 0)):
        check(replace(base, ranks=ranks, mask="causal", lse=True))
    for width, block in ((64, 64), (64, 128), (64, 192), (128, 128), (128, 256)):
        check(replace(base, width=width, block=block, sk=420))
    # Scales of neighbouring blocks a thousand times apart.
    check(replace(base, ranks=(0, 0, 3), spread=1000.0, sk=600))
    for types in (("f8E5M2",) * 3, ("f8E4M3FN", "f8E5M2", "f8E4M3FN"),
                  ("f8E5M2", "f8E4M3FN", "f8E5M2")):
        check(replace(base, types=types))


def variants():
    base = Case(lse=True)
    for mask in ("causal", "window", "documents"):
        for score in ("", "alibi", "softcap", "bias"):
            check(replace(base, mask=mask, score=score, sk=200 if mask == "documents" else 300))
    for dim in (64, 256):
        check(replace(base, dim=dim, mask="window", score="softcap"))
        check(replace(base, dim=dim, mask="causal", score="bias"))
    check(replace(base, sink=True, mask="causal"))
    check(replace(base, sink=True, score="softcap"))
    for mask in ("", "causal"):
        check(replace(base, lse=False, normalizer="#attn.sigmoid", mask=mask))
    for options in (("--seed=3",), ("--timing=earliest",), ("--multiprocessors=1",)):
        check(replace(base, mask="causal"), *options)


def traffic():
    """Codes of keys and values are half the bytes of 16-bit ones; scales are few."""
    c = Case(sq=256, sk=512, heads=2, kv_heads=2)
    stats = check(c)
    if not stats:
        return
    counters = stats["counters"]["global"]
    blocks = 2  # of queries
    for name, size in (("key", c.kv_heads * c.sk * c.dim), ("value", c.kv_heads * c.sk * c.dv)):
        moved = counters[name]["bytes_read"]
        if moved != blocks * size:
            fail(c, f"bytes of {name}: {moved}, expected {blocks * size}")
    small = sum(counters[n]["sectors_read"] * 32
                for n in ("query_scales", "key_scales", "value_scales"))
    if small > 0.02 * blocks * 2 * c.kv_heads * c.sk * c.dim * 4:
        fail(c, f"bytes of scales: {small}")


if __name__ == "__main__":
    {"shapes": shapes, "scales": scales, "variants": variants, "traffic": traffic}[sys.argv[2]]()
    print(f"{ran} runs, {failures} failures")
