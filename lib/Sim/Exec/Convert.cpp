//===- Convert.cpp - cvt --------------------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conversions go through double, which holds every 8- to 32-bit type exactly;
// 64-bit integers are converted directly.
//
//===----------------------------------------------------------------------===//

#include "ConvertFloat8.h"
#include "Lanes.h"

#include <cmath>
#include <limits>

using namespace attn::sim;

namespace {
enum class Rounding : uint8_t { None, Near, Zero, Down, Up };
enum : uint8_t { SatFlag = 1, FtzFlag = 2, ReluFlag = 4 };

double roundIntegral(double v, Rounding how) {
  switch (how) {
  case Rounding::Near:
    return std::nearbyint(v);
  case Rounding::Zero:
    return std::trunc(v);
  case Rounding::Down:
    return std::floor(v);
  case Rounding::Up:
    return std::ceil(v);
  default:
    return v;
  }
}

/// Float to integer clamps; NaN gives 0 for 32 bits and less on silicon.
template <class T> T toInteger(double v) {
  if (v != v)
    return sizeof(T) == 8 ? T(uint64_t(1) << 63) : T(0);
  constexpr double top = double(std::numeric_limits<T>::max());
  if (v >= top)
    return std::numeric_limits<T>::max();
  if (v <= double(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  return T(v);
}

template <class D, class A>
void execFloatToInt(Warp &warp, const Inst &inst, uint32_t mask) {
  Rounding how = Rounding(inst.sub);
  bool ftz = inst.flags & FtzFlag;
  // A sub-word integer result is sign- or zero-extended into the register.
  using Wide = std::conditional_t<
      sizeof(D) == 8, D,
      std::conditional_t<std::is_signed_v<D>, int32_t, uint32_t>>;
  unaryLanes<Wide, A>(warp, inst, mask, [=](A a) -> Wide {
    double v;
    if constexpr (std::is_same_v<A, double>)
      v = a;
    else
      v = ftz ? flushSubnormal(toFloat(a)) : toFloat(a);
    return Wide(toInteger<D>(roundIntegral(v, how)));
  });
}

/// One rounding from double to the type; Zero truncates.
template <class D> D narrow(double v, Rounding how) {
  if constexpr (std::is_same_v<D, double>) {
    return v;
  } else {
    if (how == Rounding::Zero && v == v && !std::isinf(v)) {
      // Truncate the significand by hand: 24, 11 or 8 bits.
      constexpr int digits = std::is_same_v<D, float>  ? 24
                             : std::is_same_v<D, Half> ? 11
                                                       : 8;
      constexpr int least = std::is_same_v<D, float>  ? -149
                            : std::is_same_v<D, Half> ? -24
                                                      : -133;
      constexpr double most = std::is_same_v<D, float>  ? 3.4028234663852886e38
                              : std::is_same_v<D, Half> ? 65504.0
                                                        : 3.3895313892515355e38;
      int exponent = v == 0 ? 0 : std::ilogb(v);
      double unit = std::ldexp(1.0, std::max(exponent - digits + 1, least));
      v = std::trunc(v / unit) * unit;
      v = std::fabs(v) > most ? std::copysign(most, v) : v;
    }
    if constexpr (std::is_same_v<D, float>)
      return float(v);
    else
      return fromFloat<D>(roundToOdd(v));
  }
}

template <class D> D finishFloat(D value, uint8_t flags) {
  if constexpr (std::is_same_v<D, float>) {
    if (flags & FtzFlag)
      value = flushSubnormal(value);
    if (flags & SatFlag)
      value = value > 0 ? (value < 1 ? value : 1.0f) : 0.0f;
  } else if constexpr (!std::is_same_v<D, double>) {
    if (flags & SatFlag) {
      float f = toFloat(value);
      return fromFloat<D>(f > 0 ? (f < 1 ? f : 1.0f) : 0.0f);
    }
    if ((flags & ReluFlag) && (toFloat(value) < 0 || value.bits == 0x8000))
      return D{0};
  }
  return value;
}

template <class D, class A>
void execFloatToFloat(Warp &warp, const Inst &inst, uint32_t mask) {
  Rounding how = Rounding(inst.sub);
  bool integral = inst.count == 2; // rni and friends on one type
  uint8_t flags = inst.flags;
  unaryLanes<D, A>(warp, inst, mask, [=](A a) {
    double v;
    if constexpr (std::is_same_v<A, double>)
      v = a;
    else
      v = flags & FtzFlag && std::is_same_v<A, float>
              ? flushSubnormal(toFloat(a))
              : toFloat(a);
    if (integral)
      v = roundIntegral(v, how);
    return finishFloat<D>(narrow<D>(v, integral ? Rounding::Near : how), flags);
  });
}

template <class D, class A>
void execIntToFloat(Warp &warp, const Inst &inst, uint32_t mask) {
  Rounding how = Rounding(inst.sub);
  uint8_t flags = inst.flags;
  unaryLanes<D, A>(warp, inst, mask, [=](A a) {
    if constexpr (sizeof(A) == 8 && std::is_same_v<D, float>)
      if (how == Rounding::Near)
        return finishFloat<D>(float(a), flags);
    return finishFloat<D>(narrow<D>(double(a), how), flags);
  });
}

/// Integer to integer: extends or truncates; with `.sat` clamps.
template <class D, class A>
void execIntToInt(Warp &warp, const Inst &inst, uint32_t mask) {
  bool saturate = inst.flags & SatFlag;
  using Wide = std::conditional_t<
      sizeof(D) == 8, D,
      std::conditional_t<std::is_signed_v<D>, int32_t, uint32_t>>;
  unaryLanes<Wide, A>(warp, inst, mask, [=](A a) -> Wide {
    if (!saturate)
      return Wide(D(a));
    __int128 v = a;
    __int128 low = std::numeric_limits<D>::min(),
             high = std::numeric_limits<D>::max();
    return Wide(D(v < low ? low : v > high ? high : v));
  });
}

template <class F> bool withInteger(ScalarType type, F f) {
  switch (type) {
  case ScalarType::U8:
    f(uint8_t());
    return true;
  case ScalarType::S8:
    f(int8_t());
    return true;
  case ScalarType::U16:
    f(uint16_t());
    return true;
  case ScalarType::S16:
    f(int16_t());
    return true;
  case ScalarType::U32:
    f(uint32_t());
    return true;
  case ScalarType::S32:
    f(int32_t());
    return true;
  case ScalarType::U64:
    f(uint64_t());
    return true;
  case ScalarType::S64:
    f(int64_t());
    return true;
  default:
    return false;
  }
}

template <class F> bool withFloat(ScalarType type, F f) {
  switch (type) {
  case ScalarType::F16:
    f(Half());
    return true;
  case ScalarType::BF16:
    f(BFloat());
    return true;
  case ScalarType::F32:
    f(float());
    return true;
  case ScalarType::F64:
    f(double());
    return true;
  default:
    return false;
  }
}

ExecFn pick(ScalarType to, ScalarType from) {
  ExecFn fn = nullptr;
  auto integerTo = [&](auto d) {
    using D = decltype(d);
    withInteger(from, [&](auto a) { fn = execIntToInt<D, decltype(a)>; }) ||
        withFloat(from, [&](auto a) { fn = execFloatToInt<D, decltype(a)>; });
  };
  auto floatTo = [&](auto d) {
    using D = decltype(d);
    withInteger(from, [&](auto a) { fn = execIntToFloat<D, decltype(a)>; }) ||
        withFloat(from, [&](auto a) { fn = execFloatToFloat<D, decltype(a)>; });
  };
  withInteger(to, integerTo) || withFloat(to, floatTo);
  return fn;
}

/// A register of 64 bits read as a narrower integer: its low bits.
template <class D, class A>
void execLowBits(Warp &warp, const Inst &inst, uint32_t mask) {
  using Wide = std::conditional_t<
      sizeof(D) == 8, D,
      std::conditional_t<std::is_signed_v<D>, int32_t, uint32_t>>;
  unaryLanes<Wide, uint64_t>(warp, inst, mask, [](uint64_t register_) {
    return Wide(D(A(register_)));
  });
}

ExecFn pickLowBits(ScalarType to, ScalarType from) {
  ExecFn fn = nullptr;
  withInteger(to, [&](auto d) {
    withInteger(from,
                [&](auto a) { fn = execLowBits<decltype(d), decltype(a)>; });
  });
  return fn;
}

/// cvt.rn.{f16x2,bf16x2}.f32 d, a, b: the first source is the HIGH half.
template <class T> void execPack(Warp &warp, const Inst &inst, uint32_t mask) {
  Rounding how = Rounding(inst.sub);
  uint8_t flags = inst.flags;
  binaryLanes<uint32_t, float, float>(
      warp, inst, mask, [=](float high, float low) {
        auto one = [=](float v) {
          T r = how == Rounding::Zero ? narrow<T>(double(v), how)
                                      : fromFloat<T>(v);
          return uint32_t(finishFloat<T>(r, flags).bits);
        };
        return one(high) << 16 | one(low);
      });
}

/// cvt.rna.tf32.f32: 10 bits of significand, ties away from zero.
void execTf32(Warp &warp, const Inst &inst, uint32_t mask) {
  bool away = inst.sub == 1;
  unaryLanes<uint32_t, uint32_t>(warp, inst, mask, [=](uint32_t a) {
    if ((a & 0x7f800000) == 0x7f800000)
      return a;
    uint32_t half = away ? 0x1000 : 0xfff + ((a >> 13) & 1);
    return (a + half) & ~0x1fffu;
  });
}

bool decodePack(DecodeContext &d, Inst &inst, ScalarType to) {
  if (!d.take("f32") || !d.expectOperands(3))
    return d.fail("unsupported source type");
  if (Rounding(inst.sub) != Rounding::Near &&
      Rounding(inst.sub) != Rounding::Zero)
    return d.fail("expected '.rn' or '.rz'");
  inst.dst = d.destination(0, ScalarType::B32);
  inst.a = d.source(1, ScalarType::F32);
  inst.b = d.source(2, ScalarType::F32);
  inst.exec = to == ScalarType::BF16x2 ? execPack<BFloat> : execPack<Half>;
  return true;
}

bool isFloat(ScalarType type) {
  return type == ScalarType::F16 || type == ScalarType::BF16 ||
         type == ScalarType::F32 || type == ScalarType::F64;
}

bool decodeCvt(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Convert;
  static constexpr std::string_view names[] = {"", "rn", "rz", "rm", "rp"};
  static constexpr std::string_view integral[] = {"", "rni", "rzi", "rmi",
                                                  "rpi"};
  bool isIntegral = false, rna = d.take("rna");
  for (unsigned i = 1; i < 5; ++i) {
    if (d.take(names[i])) {
      inst.sub = uint8_t(i);
    } else if (d.take(integral[i])) {
      inst.sub = uint8_t(i);
      isIntegral = true;
    }
  }
  bool satfinite = d.take("satfinite");
  if (d.take("relu"))
    inst.flags |= ReluFlag;
  if (d.take("ftz"))
    inst.flags |= FtzFlag;
  if (d.take("sat"))
    inst.flags |= SatFlag;
  ScalarType to = d.takeType();
  if (d.failed())
    return false;
  const Float8Modifiers forFloat8 = {
      !isIntegral && Rounding(inst.sub) == Rounding::Near, satfinite,
      bool(inst.flags & ReluFlag),
      rna || bool(inst.flags & (FtzFlag | SatFlag))};
  if (std::optional<bool> decoded = decodeFloat8(d, inst, forFloat8, to))
    return *decoded;
  if (satfinite)
    return d.fail("'.satfinite' is simulated for 8-bit types only");
  if (to == ScalarType::F16x2 || to == ScalarType::BF16x2)
    return decodePack(d, inst, to);
  ScalarType from = d.takeType();
  if (!d.expectOperands(2))
    return false;
  inst.dst = d.destination(d.operand(0), to, true);
  inst.a = d.source(d.operand(1), from, true);
  if (to == ScalarType::TF32 && from == ScalarType::F32) {
    if (!rna && (Rounding(inst.sub) != Rounding::Near || !d.require(90)))
      return d.fail("expected '.rna'");
    inst.sub = rna;
    inst.exec = execTf32;
    return true;
  }
  // Until sm_90, bf16 converts from and to f32 only.
  bool hasBf16 = to == ScalarType::BF16 || from == ScalarType::BF16;
  if (hasBf16 && to != ScalarType::F32 && from != ScalarType::F32 &&
      !d.require(90))
    return false;
  bool narrows =
      isFloat(to) && (!isFloat(from) || bitWidth(from) > bitWidth(to));
  bool floatToInt = !isFloat(to) && isFloat(from);
  if (rna || (narrows && (isIntegral || !inst.sub)) ||
      (floatToInt && !isIntegral))
    return d.fail("expected a rounding mode");
  Rounding how = Rounding(inst.sub);
  if (narrows && how != Rounding::Near && how != Rounding::Zero)
    return d.fail("rounding mode is not simulated");
  inst.count = isFloat(to) && isFloat(from) && isIntegral ? 2 : 1;
  // A 64-bit destination of a narrower type is extended by the writer.
  unsigned have = d.registerBits(d.operand(0));
  if (have == 64 && bitWidth(to) < 64)
    return d.fail("result register is too wide");
  bool isLowPart = d.registerBits(d.operand(1)) == 64 && bitWidth(from) < 64;
  if (isLowPart && (inst.flags & SatFlag))
    return d.fail("source register is too wide");
  inst.exec = isLowPart ? pickLowBits(to, from) : pick(to, from);
  return inst.exec || d.fail("source register is too wide");
}
} // namespace

void attn::sim::registerConvert(OpcodeTable &table) {
  table["cvt"] = decodeCvt;
}
