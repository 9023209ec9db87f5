//===- MathFunctions.cpp - rcp, sqrt, ex2 and other functions -------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// rcp, sqrt, rsqrt, ex2, lg2, sin, cos, tanh, copysign. Approximations are
// computed in double and rounded, which is inside of every documented bound.
//
//===----------------------------------------------------------------------===//

#include "../LaneMath.h"
#include "FloatLanes.h"

#include <cmath>

using namespace attn::sim;

namespace {
struct Rcp {
  static float apply(float a) { return 1.0f / a; }
};
struct Sqrt {
  static float apply(float a) { return std::sqrt(a); }
};
struct Rsqrt {
  static float apply(float a) { return float(1.0 / std::sqrt(double(a))); }
};
struct Lg2 {
  static float apply(float a) { return float(std::log2(double(a))); }
};
struct Sin {
  static float apply(float a) { return float(std::sin(double(a))); }
};
struct Cos {
  static float apply(float a) { return float(std::cos(double(a))); }
};
struct Tanh {
  static float apply(float a) { return float(std::tanh(double(a))); }
};
struct Ex2 {
  static float apply(float a) { return float(std::exp2(double(a))); }
};
template <uint8_t flags>
void execEx2(Warp &warp, const Inst &inst, uint32_t mask) {
  float in[32], result[32];
  std::memcpy(in, warp.source(inst.a), 128);
  if (flags & Ftz)
    for (float &v : in)
      v = flushSubnormal(v);
  exp2Lanes(in, result);
  if (flags & Ftz)
    for (float &v : result)
      v = flushSubnormal(v);
  LaneBuffer out;
  std::memcpy(out.words, result, 128);
  uint32_t poison = warp.poison(inst.a);
  blend<float>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

/// Unary functions of 16-bit floats.
template <class Op, class T>
void execHalfUnary(Warp &warp, const Inst &inst, uint32_t mask) {
  unaryLanes<T, T>(warp, inst, mask,
                   [](T a) { return fromFloat<T>(Op::apply(toFloat(a))); });
}
template <class Op, class P>
void execPackedUnary(Warp &warp, const Inst &inst, uint32_t mask) {
  unaryLanes<P, P>(warp, inst, mask, [](P a) {
    using T = decltype(a.low);
    return P{fromFloat<T>(Op::apply(toFloat(a.low))),
             fromFloat<T>(Op::apply(toFloat(a.high)))};
  });
}

/// rcp, sqrt: approximate or correctly rounded; the others approximate only.
template <class Op, bool hasRounded>
bool decodeFunction(DecodeContext &d, Inst &inst) {
  bool rounded = hasRounded && d.take("rn");
  if (!rounded && !d.take("approx"))
    return d.fail("expected '.approx'");
  uint8_t flags = d.take("ftz") ? Ftz : 0;
  ScalarType type = d.takeType();
  if (!floatOperands(d, inst, type, 1))
    return false;
  if (type == ScalarType::F32)
    inst.exec = unaryWithFlags<Op>(flags);
  if (!rounded)
    inst.cls = InstClass::Mufu;
  return true;
}

template <class Op> struct InDouble {
  static double apply(double a);
};
template <> double InDouble<Rcp>::apply(double a) { return 1 / a; }
template <> double InDouble<Sqrt>::apply(double a) { return std::sqrt(a); }

template <class Op> bool decodeRounded(DecodeContext &d, Inst &inst) {
  if (d.peekModifier() == "rn" && d.peekModifier(1) == "f64") {
    d.nextModifier(), d.nextModifier();
    inst.exec = execUnary<InDouble<Op>, double, double>;
    return floatOperands(d, inst, ScalarType::F64, 1);
  }
  return decodeFunction<Op, true>(d, inst);
}

/// ex2 and tanh exist for 16-bit floats too; a packed one counts twice.
template <class Op> bool decodeHalfFunction(DecodeContext &d, Inst &inst) {
  if (!d.take("approx"))
    return d.fail("expected '.approx'");
  uint8_t flags = d.take("ftz") ? Ftz : 0;
  ScalarType type = d.takeType();
  if (!floatOperands(d, inst, type, 1))
    return false;
  inst.cls = InstClass::Mufu;
  switch (type) {
  case ScalarType::F32:
    inst.exec = unaryWithFlags<Op>(flags);
    break;
  case ScalarType::F16:
    inst.exec = execHalfUnary<Op, Half>;
    break;
  case ScalarType::F16x2:
    inst.exec = execPackedUnary<Op, Half2>;
    break;
  case ScalarType::BF16:
    inst.exec = execHalfUnary<Op, BFloat>;
    break;
  case ScalarType::BF16x2:
    inst.exec = execPackedUnary<Op, BFloat2>;
    break;
  default:
    break;
  }
  if (type == ScalarType::F16x2 || type == ScalarType::BF16x2)
    inst.count = 2;
  bool isBf16 = type == ScalarType::BF16 || type == ScalarType::BF16x2;
  if (isBf16 && !d.require(90))
    return false;
  bool takesFtz = std::is_same_v<Op, Ex2> &&
                  !bool(type == ScalarType::F16 || type == ScalarType::F16x2);
  if (flags && !takesFtz)
    return d.fail("unknown modifier '.ftz'");
  if (std::is_same_v<Op, Ex2>) {
    if (isBf16 && !flags)
      return d.fail("expected '.ftz'");
    if (type == ScalarType::F32)
      inst.exec = flags ? execEx2<Ftz> : execEx2<0>;
  }
  return true;
}

bool decodeCopysign(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (type != ScalarType::F32 || !floatOperands(d, inst, type, 2))
    return d.fail("unsupported type");
  inst.exec = [](Warp &warp, const Inst &i, uint32_t mask) {
    binaryLanes<uint32_t, uint32_t, uint32_t>(
        warp, i, mask, [](uint32_t sign, uint32_t value) {
          return (sign & 0x80000000) | (value & 0x7fffffff);
        });
  };
  return true;
}
} // namespace

void attn::sim::registerMathFunctions(OpcodeTable &table) {
  table["rcp"] = decodeRounded<Rcp>;
  table["sqrt"] = decodeRounded<Sqrt>;
  table["rsqrt"] = decodeFunction<Rsqrt, false>;
  table["lg2"] = decodeFunction<Lg2, false>;
  table["sin"] = decodeFunction<Sin, false>;
  table["cos"] = decodeFunction<Cos, false>;
  table["ex2"] = decodeHalfFunction<Ex2>;
  table["tanh"] = decodeHalfFunction<Tanh>;
  table["copysign"] = decodeCopysign;
}
