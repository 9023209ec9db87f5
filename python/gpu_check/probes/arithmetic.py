# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Approximate functions against float64, conversions, fused and separate arithmetic."""
import numpy as np

from . import ptx
from .core import Answer, Out, compare, difference, probe
from .numbers import bf16_values, e4m3_table, flush, to_bf16, to_e4m3, to_f16, ulp


def map_kernel(instructions, inputs):
    """out[i] = f(in0[i], ...), 32 bits each: %r20.. are inputs, %r30 is the result."""
    names = ["u64 in%d" % i for i in range(inputs)] + ["u64 out"]
    body = "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %tid.x; mad.lo.u32 %r1, %r1, 128, %r2;\n" \
        "mul.wide.u32 %d1, %r1, 4;\n"
    for i in range(inputs):
        body += ptx.pointer("%d2", "in%d" % i) + "add.u64 %%d2, %%d2, %%d1; " \
            "ld.global.u32 %%r%d, [%%d2];\n" % (20 + i)
    body += instructions + "\n" + ptx.pointer("%d2", "out")
    return ptx.kernel(names, body + "add.u64 %d2, %d2, %d1; st.global.u32 [%d2], %r30;\n"
                      "ret;\n", shared=False)


def apply(bench, instructions, *inputs):
    """The results as 32-bit words, for arrays of 32-bit elements."""
    size = len(inputs[0])
    padded = [np.resize(np.ascontiguousarray(x).view(np.uint32), -(-size // 128) * 128)
              for x in inputs]
    got, = bench.run(map_kernel(instructions, len(inputs)),
                     padded + [Out(len(padded[0]), np.uint32)],
                     grid=(len(padded[0]) // 128, 1, 1))
    return got[:size]


def floats(words):
    return words.view(np.float32)


def spread(bench, low, high, on_device=1 << 20, on_simulator=1 << 13):
    """float32 values over an interval, evenly."""
    count = bench.sample(on_device, on_simulator)
    return np.linspace(low, high, count, dtype=np.float64).astype(np.float32)


def normals(bench, least, most, seed=0):
    """float32 values of both signs, evenly over exponents."""
    rng = np.random.RandomState(seed)
    count = bench.sample(1 << 20, 1 << 13)
    size = np.ldexp(1 + rng.rand(count), rng.randint(least, most + 1, count))
    return (size * rng.choice([-1.0, 1.0], count)).astype(np.float32)


def worst_ulp(exact, got):
    """(largest error in ulp, where) among finite normal results."""
    exact = np.asarray(exact, np.float64)
    usable = (np.abs(exact) >= 2.0 ** -125) & (np.abs(exact) < 2.0 ** 127.99)
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(np.float64) - exact) / ulp(exact)
    error = np.where(usable, np.where(np.isnan(error), np.inf, error), 0)
    at = int(np.argmax(error))
    return float(error[at]), at


def approximation(error, bound, unit, special):
    """special: a difference() of special values, "" for none."""
    text = "largest error %.3f %s" % (error, unit)
    return Answer(error <= bound and not special,
                  text + ("; special values: " + special if special else ""),
                  "bound %g %s, against float64" % (bound, unit))


F32_SPECIALS = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0], np.float32)


@probe("ex2-approx-ftz",
       "How far is ex2.approx.ftz.f32 from 2^x, and what of special values?",
       "2 ulp; 2^-inf = 0, 2^inf = inf, NaN stays, zeros and subnormals give 1, results "
       "below 2^-126 are 0.")
def _(bench):
    code = "ex2.approx.ftz.f32 %r30, %r20;"
    worst = 0.0
    for low, high in ((-126, 128), (-24, 0), (-1, 1)):
        x = spread(bench, low, high, 1 << 19)
        error, _ = worst_ulp(np.exp2(x.astype(np.float64)), floats(apply(bench, code, x)))
        worst = max(worst, error)
    x = np.concatenate([F32_SPECIALS, np.float32(
        [1e-40, -1e-40, -126.5, -127, -149, -151, -1e30, -3e38, 128, 200, 3e38])])
    want = np.float32([np.inf, 0, np.nan, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, np.inf, np.inf,
                       np.inf])
    return approximation(worst, 2, "ulp", difference(want, floats(apply(bench, code, x))))


@probe("lg2-approx-ftz",
       "How far is lg2.approx.ftz.f32 from the logarithm?",
       "2^-22, absolute from 0.5 to 2 and relative elsewhere; zeros and subnormals give "
       "-inf, negative numbers NaN.")
def _(bench):
    code = "lg2.approx.ftz.f32 %r30, %r20;"
    x = spread(bench, 0.5, 2)
    near = np.abs(floats(apply(bench, code, x)) - np.log2(x.astype(np.float64))).max()
    x = np.abs(normals(bench, -126, 127))
    x = x[(x < 0.5) | (x > 2)]
    exact = np.log2(x.astype(np.float64))
    far = np.abs(floats(apply(bench, code, x)) / exact - 1).max()
    x = np.concatenate([F32_SPECIALS, np.float32([1e-40, -1])])
    want = np.float32([np.inf, np.nan, np.nan, -np.inf, -np.inf, -np.inf, np.nan])
    special = difference(want, floats(apply(bench, code, x)))
    return approximation(max(near, far) * 2 ** 22, 1, "times 2^-22", special)


@probe("rcp-approx-ftz",
       "How far is rcp.approx.ftz.f32 from 1 / x?",
       "1 ulp; 1 / 0 and that of subnormals is infinite, with the sign, and results below "
       "2^-126 are 0.")
def _(bench):
    code = "rcp.approx.ftz.f32 %r30, %r20;"
    worst = 0.0
    for x in (spread(bench, 1, 2), normals(bench, -120, 120)):
        error, _ = worst_ulp(1 / x.astype(np.float64), floats(apply(bench, code, x)))
        worst = max(worst, error)
    x = np.concatenate([F32_SPECIALS, np.float32([1e-40, -1e-40, 3e38, -3e38])])
    want = np.float32([0, -0.0, np.nan, np.inf, -np.inf, np.inf, -np.inf, 0, -0.0])
    got = floats(apply(bench, code, x))
    special = difference(want, got) or difference(np.signbit(want[[0, 1, 7, 8]]),
                                                  np.signbit(got[[0, 1, 7, 8]]))
    return approximation(worst, 1, "ulp", special)


@probe("div-full-ftz",
       "How far is div.full.ftz.f32 from a / b?",
       "2 ulp, for all divisors.")
def _(bench):
    code = "div.full.ftz.f32 %r30, %r20, %r21;"
    a, b = normals(bench, -60, 60, 1), normals(bench, -60, 60, 2)
    worst, _ = worst_ulp(a.astype(np.float64) / b, floats(apply(bench, code, a, b)))
    large = normals(bench, 126, 127, 3)
    over, _ = worst_ulp(np.abs(large).astype(np.float64) / large,
                        floats(apply(bench, code, np.abs(large), large)))
    a = np.float32([0, 1, -1, np.inf, 0, np.nan, 1, 1e-40])
    b = np.float32([0, 0, 0, np.inf, 5, 1, np.inf, 1])
    want = np.float32([np.nan, np.inf, -np.inf, np.nan, 0, np.nan, 0, 0])
    special = difference(want, floats(apply(bench, code, a, b)))
    return approximation(max(worst, over), 2, "ulp", special)


@probe("tanh-approx",
       "How far is tanh.approx.f32 from tanh?",
       "Relatively 2^-11; infinities give 1 and -1, zeros themselves.")
def _(bench):
    code = "tanh.approx.f32 %r30, %r20;"
    worst = 0.0
    for x in (spread(bench, -10, 10), normals(bench, -30, 4)):
        x = x[x != 0]
        got = floats(apply(bench, code, x)).astype(np.float64)
        worst = max(worst, float(np.abs(got / np.tanh(x.astype(np.float64)) - 1).max()))
    x = np.concatenate([F32_SPECIALS, np.float32([30, -1e30])])
    want = np.float32([1, -1, np.nan, 0, 0, 1, -1])
    special = difference(want, floats(apply(bench, code, x)))
    return approximation(worst * 2 ** 11, 1, "times 2^-11", special)


#===-- conversions ------------------------------------------------------------===#

def to_round(bench, exponents, seed):
    """float32 of all kinds: random, halfway between 16-bit neighbours, special."""
    rng = np.random.RandomState(seed)
    count = bench.sample(1 << 18, 1 << 11)
    least, most = exponents
    size = np.ldexp(1 + rng.rand(count), rng.randint(least, most + 1, count))
    ties = np.ldexp(1 + rng.randint(0, 4096, count) / 4096.0,
                    rng.randint(least, most + 1, count))
    values = np.concatenate([size, -size, ties, -ties])
    values = np.concatenate([values.astype(np.float32), F32_SPECIALS[:2],
                             F32_SPECIALS[3:], np.float32([3.4e38, 65519.9, 65520, 448,
                                                           463.9, 464, 465, 1e-45])])
    return values, np.roll(values, 7)


def conversion(bench, name, exponents, rounded, decode, bits):
    """Pairs: the first operand has to be in the high part."""
    high, low = to_round(bench, exponents, bits)
    register = "cvt.%s %%r30, %%r20, %%r21;" % name if bits == 16 else \
        "cvt.%s %%h1, %%r20, %%r21; cvt.u32.u16 %%r30, %%h1;" % name
    words = apply(bench, register, high, low)
    mask = (1 << bits) - 1
    with np.errstate(over="ignore"):
        want_high = rounded(high.astype(np.float64)).astype(np.float32)
        want_low = rounded(low.astype(np.float64)).astype(np.float32)
    cases = [("high", want_high, decode(words >> bits & mask)),
             ("low", want_low, decode(words & mask))]
    nan = apply(bench, register, np.float32([np.nan]), np.float32([np.nan]))
    value = decode(nan & mask)
    cases.append(("NaN", np.float32([np.nan]), value.astype(np.float32)))
    return compare(cases, "NaN gives 0x%x" % (int(nan[0]) & mask))


@probe("cvt-bf16x2",
       "How does cvt.rn.bf16x2.f32 round, and which operand is in the high half?",
       "To nearest, ties to even, subnormals kept, beyond is infinite; the first operand "
       "is high.")
def _(bench):
    return conversion(bench, "rn.bf16x2.f32", (-130, 126), to_bf16, bf16_values, 16)


@probe("cvt-f16x2",
       "The same for cvt.rn.f16x2.f32.",
       "The same: 65520 and more is infinite.")
def _(bench):
    return conversion(bench, "rn.f16x2.f32", (-26, 16), to_f16,
                      lambda bits: bits.astype(np.uint16).view(np.float16).astype(
                          np.float32), 16)


@probe("cvt-e4m3x2",
       "The same for cvt.rn.satfinite.e4m3x2.f32.",
       "Ties to even, infinities and all beyond become 448, NaN stays NaN.")
def _(bench):
    table = e4m3_table().astype(np.float32)
    return conversion(bench, "rn.satfinite.e4m3x2.f32", (-12, 10), to_e4m3,
                      lambda bits: table[bits], 8)


#===-- fused or not -----------------------------------------------------------===#

def factors(bench, seed):
    """a, b and c whose a * b + c is exact in float64."""
    rng = np.random.RandomState(seed)
    count = bench.sample(1 << 18, 1 << 12)
    a, b = [(1 + rng.randint(0, 1 << 23, count) / float(1 << 23)).astype(np.float32)
            for _ in range(2)]
    c = (-1 - 3 * rng.rand(count)).astype(np.float32)
    product = a.astype(np.float64) * b
    fused = (product + c).astype(np.float32)
    separate = product.astype(np.float32) + c
    return (a, b, c), fused, separate


@probe("fma-rounds-once",
       "Does fma.rn.ftz.f32 round once, and mul.rn.ftz with add.rn.ftz twice?",
       "Yes: the assembler does not fuse operations with .rn.")
def _(bench):
    values, fused, separate = factors(bench, 1)
    cases = [("fma.rn.ftz", fused, floats(apply(
        bench, "fma.rn.ftz.f32 %r30, %r20, %r21, %r22;", *values))),
             ("mul.rn, add.rn", separate, floats(apply(
                 bench, "mul.rn.ftz.f32 %r25, %r20, %r21; "
                 "add.rn.ftz.f32 %r30, %r25, %r22;", *values)))]
    tiny = np.float32([1e-30, -1e-30, 1e-40, 2.0 ** -126])
    cases.append(("subnormal results", flush(np.float32([0, 0, 0, 0])), floats(apply(
        bench, "fma.rn.ftz.f32 %r30, %r20, %r21, %r22;", tiny,
        np.float32([1e-10, 1e-10, 1, 0.5]), np.float32([0, 0, 0, 0])))))
    return compare(cases)


@probe("mul-add-fused",
       "Does the assembler fuse mul.ftz and add.ftz that have no .rn?",
       "It may: each result is that of one rounding or of two.")
def _(bench):
    values, fused, separate = factors(bench, 2)
    got = floats(apply(bench, "mul.ftz.f32 %r25, %r20, %r21; "
                       "add.ftz.f32 %r30, %r25, %r22;", *values))
    differ = fused != separate
    once, twice = (got == fused) & differ, (got == separate) & differ
    return Answer(((got == fused) | (got == separate)).all(),
                  "%d results rounded once, %d twice, of %d that tell" % (
                      once.sum(), twice.sum(), differ.sum()))


@probe("softmax-specials",
       "What do max, sub, fma and ex2 make of infinities and NaN, in a masked row?",
       "max ignores NaN, max.NaN does not; -inf - (-inf) is NaN; -inf times a positive "
       "scale is -inf; 2^(-inf - m) is 0; max flushes subnormals with .ftz.")
def _(bench):
    inf, nan = np.inf, np.nan
    a = np.float32([nan, 1, nan, -inf, -inf, inf, -0.0, 1e-40, -1e-40])
    b = np.float32([1, nan, nan, -inf, 2, -inf, 0.0, -1, -1])
    with np.errstate(invalid="ignore"):
        rows = [("max.ftz.f32 %r30, %r20, %r21;", [1, 1, nan, -inf, 2, inf, 0, 0, 0]),
                ("max.ftz.NaN.f32 %r30, %r20, %r21;",
                 [nan, nan, nan, -inf, 2, inf, 0, 0, 0]),
                ("min.ftz.f32 %r30, %r20, %r21;", [1, 1, nan, -inf, -inf, -inf, 0, -1, -1]),
                ("sub.ftz.f32 %r30, %r20, %r21;",
                 [nan, nan, nan, nan, -inf, inf, 0, 1, 1]),
                ("fma.rn.ftz.f32 %r30, %r20, 0f3E000000, 0fC0000000;",
                 [nan, -1.875, nan, -inf, -inf, inf, -2, -2, -2]),
                ("sub.ftz.f32 %r25, %r20, 0f41200000; ex2.approx.ftz.f32 %r30, %r25;",
                 [nan, 2.0 ** -9, nan, 0, 0, inf, 2.0 ** -10, 2.0 ** -10, 2.0 ** -10])]
    cases = []
    for code, want in rows:
        inputs = (a, b) if "%r21" in code else (a,)
        got, want = floats(apply(bench, code, *inputs)), np.float32(want)
        if "ex2" in code:  # an approximation
            with np.errstate(invalid="ignore"):
                got = np.where(np.abs(got - want) <= 2.0 ** -21 * want, want, got)
        cases.append((code.split(" ")[0], want, got))
    return compare(cases)
