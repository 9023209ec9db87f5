//===- Float.cpp - floating-point arithmetic ------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// add, sub, mul, fma, div, min, max, abs, neg. Only round-to-nearest arithmetic
// exists: other rounding modes are refused.
//
//===----------------------------------------------------------------------===//

#include "../LaneMath.h"
#include "FloatLanes.h"

#include <cmath>

using namespace attn::sim;

namespace {
inline float saturate(float v) { return v > 0 ? (v < 1 ? v : 1.0f) : 0.0f; }

// Operations on float or double; 16-bit types go through float (add, sub, mul
// round correctly that way) and fma through double.
struct FAdd {
  template <class T> static T apply(T a, T b) { return a + b; }
};
struct FSub {
  template <class T> static T apply(T a, T b) { return a - b; }
};
struct FMul {
  template <class T> static T apply(T a, T b) { return a * b; }
};
struct FDiv {
  template <class T> static T apply(T a, T b) { return a / b; }
};
struct FMin {
  template <class T> static T apply(T a, T b) {
    if (a != a)
      return b;
    if (b != b)
      return a;
    if (a == b)
      return std::signbit(a) ? a : b; // -0 < +0
    return a < b ? a : b;
  }
};
struct FMax {
  template <class T> static T apply(T a, T b) {
    if (a != a)
      return b;
    if (b != b)
      return a;
    if (a == b)
      return std::signbit(a) ? b : a;
    return a > b ? a : b;
  }
};
struct FMinNan {
  template <class T> static T apply(T a, T b) {
    return a != a || b != b ? T(bitCast<float>(0x7fffffffu))
                            : FMin::apply(a, b);
  }
};
struct FMaxNan {
  template <class T> static T apply(T a, T b) {
    return a != a || b != b ? T(bitCast<float>(0x7fffffffu))
                            : FMax::apply(a, b);
  }
};

struct FAbs {
  static float apply(float a) {
    return bitCast<float>(bitCast<uint32_t>(a) & 0x7fffffff);
  }
};
struct FNeg {
  static float apply(float a) {
    return bitCast<float>(bitCast<uint32_t>(a) ^ 0x80000000);
  }
};

template <class Op, uint8_t flags>
void execF32(Warp &warp, const Inst &inst, uint32_t mask) {
  binaryLanes<float, float, float>(warp, inst, mask, [](float a, float b) {
    if (flags & Ftz)
      a = flushSubnormal(a), b = flushSubnormal(b);
    float r = Op::apply(a, b);
    if (flags & Ftz)
      r = flushSubnormal(r);
    return flags & Sat ? saturate(r) : r;
  });
}

template <class Op> ExecFn withFlags(uint8_t flags) {
  switch (flags) {
  case 0:
    return execF32<Op, 0>;
  case Ftz:
    return execF32<Op, Ftz>;
  case Sat:
    return execF32<Op, Sat>;
  default:
    return execF32<Op, Ftz | Sat>;
  }
}

template <class Op, class T>
void execHalf(Warp &warp, const Inst &inst, uint32_t mask) {
  binaryLanes<T, T, T>(warp, inst, mask, [](T a, T b) {
    return fromFloat<T>(Op::apply(toFloat(a), toFloat(b)));
  });
}

template <class Op, class P>
void execPacked(Warp &warp, const Inst &inst, uint32_t mask) {
  binaryLanes<P, P, P>(warp, inst, mask, [](P a, P b) {
    using T = decltype(a.low);
    return P{fromFloat<T>(Op::apply(toFloat(a.low), toFloat(b.low))),
             fromFloat<T>(Op::apply(toFloat(a.high), toFloat(b.high)))};
  });
}

/// `.ftz` of f16: magnitudes below 2^-14 are zero.
inline float flushHalf(float v) {
  return std::fabs(v) < 6.103515625e-05f ? std::copysign(0.0f, v) : v;
}
template <class Op> struct Flushed {
  static float apply(float a, float b) {
    return flushHalf(Op::apply(flushHalf(a), flushHalf(b)));
  }
};

template <class Op> ExecFn binaryFor(ScalarType type, uint8_t flags) {
  if (type == ScalarType::F32)
    return withFlags<Op>(flags);
  if (flags & Sat)
    return nullptr;
  switch (type) {
  case ScalarType::F64:
    return flags ? nullptr : execBinary<Op, double, double, double>;
  case ScalarType::F16:
    return flags ? execHalf<Flushed<Op>, Half> : execHalf<Op, Half>;
  case ScalarType::BF16:
    return flags ? nullptr : execHalf<Op, BFloat>;
  case ScalarType::F16x2:
    return flags ? execPacked<Flushed<Op>, Half2> : execPacked<Op, Half2>;
  case ScalarType::BF16x2:
    return flags ? nullptr : execPacked<Op, BFloat2>;
  default:
    return nullptr;
  }
}

/// Product exact in double, one rounding to odd, one to the type.
inline Half fmaHalf(Half a, Half b, Half c) {
  return toHalf(roundToOdd(double(toFloat(a)) * toFloat(b) + toFloat(c)));
}
inline Half fmaFlushed(Half a, Half b, Half c) {
  Half r =
      toHalf(roundToOdd(double(flushHalf(toFloat(a))) * flushHalf(toFloat(b)) +
                        flushHalf(toFloat(c))));
  return r.bits & 0x7c00 ? r : Half{uint16_t(r.bits & 0x8000)};
}
void execFmaFlushed(Warp &warp, const Inst &inst, uint32_t mask) {
  ternaryLanes<Half, Half, Half, Half>(warp, inst, mask, fmaFlushed);
}
void execFmaFlushed2(Warp &warp, const Inst &inst, uint32_t mask) {
  ternaryLanes<Half2, Half2, Half2, Half2>(
      warp, inst, mask, [](Half2 a, Half2 b, Half2 c) {
        return Half2{fmaFlushed(a.low, b.low, c.low),
                     fmaFlushed(a.high, b.high, c.high)};
      });
}
inline BFloat fmaHalf(BFloat a, BFloat b, BFloat c) {
  return toBFloat(roundToOdd(double(toFloat(a)) * toFloat(b) + toFloat(c)));
}

template <class T, bool relu>
void execFmaHalf(Warp &warp, const Inst &inst, uint32_t mask) {
  ternaryLanes<T, T, T, T>(warp, inst, mask, [](T a, T b, T c) {
    T r = fmaHalf(a, b, c);
    return relu && (r.bits & 0x8000) ? T{0} : r;
  });
}
template <class P, bool relu>
void execFmaPacked(Warp &warp, const Inst &inst, uint32_t mask) {
  ternaryLanes<P, P, P, P>(warp, inst, mask, [](P a, P b, P c) {
    P r{fmaHalf(a.low, b.low, c.low), fmaHalf(a.high, b.high, c.high)};
    if (relu && (r.low.bits & 0x8000))
      r.low.bits = 0;
    if (relu && (r.high.bits & 0x8000))
      r.high.bits = 0;
    return r;
  });
}

template <uint8_t flags>
void execFma32(Warp &warp, const Inst &inst, uint32_t mask) {
  LaneBuffer out;
  alignas(64) float in[3][32];
  const uint32_t slots[3] = {inst.a, inst.b, inst.c};
  uint32_t poison = 0;
  for (int k = 0; k < 3; ++k) {
    std::memcpy(in[k], warp.source(slots[k]), 128);
    poison |= warp.poison(slots[k]);
    if (flags & Ftz)
      for (float &v : in[k])
        v = flushSubnormal(v);
  }
  float result[32];
  fmaLanes(in[0], in[1], in[2], result);
  if (flags)
    for (float &v : result) {
      v = flags & Ftz ? flushSubnormal(v) : v;
      v = flags & Sat ? saturate(v) : v;
    }
  std::memcpy(out.words, result, 128);
  blend<float>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

struct Fma64 {
  static double apply(double a, double b, double c) {
    return std::fma(a, b, c);
  }
};

// abs and neg act on the sign bit alone.
struct AbsBits {
  template <class T> static T apply(T a) {
    return a & T(~(T(1) << (8 * sizeof(T) - 1)));
  }
};
struct NegBits {
  template <class T> static T apply(T a) {
    return a ^ T(T(1) << (8 * sizeof(T) - 1));
  }
};
struct AbsBits2 {
  static uint32_t apply(uint32_t a) { return a & 0x7fff7fff; }
};
struct NegBits2 {
  static uint32_t apply(uint32_t a) { return a ^ 0x80008000; }
};

template <class Bits, class Bits2, class Op32>
ExecFn signFor(ScalarType type, uint8_t flags) {
  switch (type) {
  case ScalarType::F32:
    return unaryWithFlags<Op32>(flags);
  case ScalarType::F64:
    return execUnary<Bits, uint64_t, uint64_t>;
  case ScalarType::F16:
  case ScalarType::BF16:
    return execUnary<Bits, uint16_t, uint16_t>;
  case ScalarType::F16x2:
  case ScalarType::BF16x2:
    return execUnary<Bits2, uint32_t, uint32_t>;
  default:
    return nullptr;
  }
}

/// Modifiers that follow the operation: rounding, `.ftz`, `.sat`.
bool takeFlags(DecodeContext &d, uint8_t &flags) {
  flags = 0;
  if (d.take("ftz"))
    flags |= Ftz;
  if (d.take("sat"))
    flags |= Sat;
  return true;
}

bool decodeFma(DecodeContext &d, Inst &inst) {
  if (!d.take("rn"))
    return d.fail("expected '.rn'");
  uint8_t flags;
  takeFlags(d, flags);
  bool relu = d.take("relu");
  ScalarType type = d.takeType();
  if (!floatOperands(d, inst, type, 3))
    return false;
  using S = ScalarType;
  if (type == S::F32 && !relu)
    inst.exec = flags == 0     ? execFma32<0>
                : flags == Ftz ? execFma32<Ftz>
                : flags == Sat ? execFma32<Sat>
                               : execFma32<Ftz | Sat>;
  else if (flags == Ftz && !relu && type == S::F16)
    inst.exec = execFmaFlushed;
  else if (flags == Ftz && !relu && type == S::F16x2)
    inst.exec = execFmaFlushed2;
  else if (flags)
    return d.fail("unsupported modifier for this type");
  else if (type == S::F64 && !relu)
    inst.exec = execTernary<Fma64, double, double, double, double>;
  else if (type == S::F16)
    inst.exec = relu ? execFmaHalf<Half, true> : execFmaHalf<Half, false>;
  else if (type == S::BF16)
    inst.exec = relu ? execFmaHalf<BFloat, true> : execFmaHalf<BFloat, false>;
  else if (type == S::F16x2)
    inst.exec = relu ? execFmaPacked<Half2, true> : execFmaPacked<Half2, false>;
  else if (type == S::BF16x2)
    inst.exec =
        relu ? execFmaPacked<BFloat2, true> : execFmaPacked<BFloat2, false>;
  return true;
}

bool decodeMinMax(DecodeContext &d, Inst &inst, bool isMax) {
  uint8_t flags = d.take("ftz") ? Ftz : 0;
  bool nan = d.take("NaN");
  ScalarType type = d.takeType();
  if (!floatOperands(d, inst, type, 2))
    return false;
  if (isMax)
    inst.exec =
        nan ? binaryFor<FMaxNan>(type, flags) : binaryFor<FMax>(type, flags);
  else
    inst.exec =
        nan ? binaryFor<FMinNan>(type, flags) : binaryFor<FMin>(type, flags);
  return true;
}

bool decodeDiv(DecodeContext &d, Inst &inst) {
  std::string_view mode = d.takeOneOf({"rn", "approx", "full"});
  uint8_t flags = d.take("ftz") ? Ftz : 0;
  ScalarType type = d.takeType();
  if (mode.empty() || (type == ScalarType::F64 && mode != "rn") ||
      !floatOperands(d, inst, type, 2))
    return d.fail("expected '.rn', '.approx' or '.full'");
  if (type == ScalarType::F32 || type == ScalarType::F64)
    inst.exec = binaryFor<FDiv>(type, flags);
  if (mode != "rn")
    inst.cls = InstClass::Mufu;
  return true;
}

} // namespace

bool attn::sim::decodeFloatArithmetic(DecodeContext &d, Inst &inst) {
  std::string_view stem =
      std::string_view(d.opcode()).substr(0, d.opcode().find('.'));
  if (stem == "min" || stem == "max")
    return decodeMinMax(d, inst, stem == "max");
  if (stem == "div")
    return decodeDiv(d, inst);
  if (stem == "mad")
    return decodeFma(d, inst); // mad.rn.f32 is fma on every target here
  if (stem == "rem")
    return d.fail("unsupported type");
  if (stem == "abs" || stem == "neg") {
    uint8_t flags = d.take("ftz") ? Ftz : 0;
    ScalarType type = d.takeType();
    inst.exec = stem == "abs" ? signFor<AbsBits, AbsBits2, FAbs>(type, flags)
                              : signFor<NegBits, NegBits2, FNeg>(type, flags);
    return floatOperands(d, inst, type, 1);
  }
  d.take("rn"); // the default
  uint8_t flags;
  takeFlags(d, flags);
  ScalarType type = d.takeType();
  // Plain bf16 arithmetic came with sm_90.
  if (type == ScalarType::BF16 || type == ScalarType::BF16x2)
    d.require(90);
  if (!floatOperands(d, inst, type, 2))
    return false;
  inst.exec = stem == "add"   ? binaryFor<FAdd>(type, flags)
              : stem == "sub" ? binaryFor<FSub>(type, flags)
                              : binaryFor<FMul>(type, flags);
  return true;
}

void attn::sim::registerFloat(OpcodeTable &table) { table["fma"] = decodeFma; }
