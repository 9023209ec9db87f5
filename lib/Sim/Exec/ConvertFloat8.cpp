//===- ConvertFloat8.cpp - cvt from and to pairs of 8-bit floats ----------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   cvt.rn.satfinite{.relu}.{e4m3x2,e5m2x2}.f32   d, a, b;  // a: high byte
//   cvt.rn.satfinite{.relu}.{e4m3x2,e5m2x2}.f16x2 d, a;
//   cvt.rn{.relu}.f16x2.{e4m3x2,e5m2x2}           d, a;
//
// Inst: sub = Float8, flags = relu.
//
//===----------------------------------------------------------------------===//

#include "ConvertFloat8.h"

#include "../Cta.h"
#include "../Float8.h"
#include "Lanes.h"

using namespace attn::sim;

namespace {
enum : uint8_t { Relu = 1 };

/// NaN stays; it is the one value that is not above zero and not below either.
float relu(float v) { return v <= 0 ? 0.0f : v; }

uint32_t pack(float high, float low, const Inst &inst) {
  auto one = [&](float v) {
    return uint32_t(
        toFloat8(inst.flags & Relu ? relu(v) : v, Float8(inst.sub)));
  };
  return one(high) << 8 | one(low);
}

/// `values(lane)` is the pair that a lane converts.
template <class F>
void countSaturated(Warp &warp, const Inst &inst, uint32_t mask, F values) {
  uint64_t count = 0;
  for (int lane = 0; lane < 32; ++lane)
    if (mask >> lane & 1)
      for (float v : values(lane))
        count += saturates(inst.flags & Relu ? relu(v) : v, Float8(inst.sub));
  warp.cta->tally.saturatedConversions += count;
}

void execFromFloats(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *a = warp.source(inst.a), *b = warp.source(inst.b);
  countSaturated(warp, inst, mask, [=](int lane) {
    return std::array<float, 2>{getLane<float>(a, lane),
                                getLane<float>(b, lane)};
  });
  binaryLanes<uint32_t, float, float>(
      warp, inst, mask,
      [&](float high, float low) { return pack(high, low, inst); });
}

void execFromHalves(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *source = warp.source(inst.a);
  countSaturated(warp, inst, mask, [=](int lane) {
    const uint32_t pair = getLane<uint32_t>(source, lane);
    return std::array<float, 2>{toFloat(Half{uint16_t(pair >> 16)}),
                                toFloat(Half{uint16_t(pair)})};
  });
  unaryLanes<uint32_t, uint32_t>(warp, inst, mask, [&](uint32_t a) {
    return pack(toFloat(Half{uint16_t(a >> 16)}), toFloat(Half{uint16_t(a)}),
                inst);
  });
}

/// Every 8-bit float is an f16, except that NaN becomes the canonical one.
void execToHalves(Warp &warp, const Inst &inst, uint32_t mask) {
  const std::array<float, 256> &values = float8Values(Float8(inst.sub));
  unaryLanes<uint32_t, uint16_t>(warp, inst, mask, [&](uint16_t a) {
    auto one = [&](float v) {
      return uint32_t(toHalf(inst.flags & Relu ? relu(v) : v).bits);
    };
    return one(values[a >> 8]) << 16 | one(values[a & 0xff]);
  });
}

bool decodePair(DecodeContext &d, Inst &inst, const Float8Modifiers &modifiers,
                Float8 to) {
  if (!d.require(89))
    return false;
  if (!modifiers.isNearest || !modifiers.satfinite || modifiers.other)
    return d.fail("expected '.rn.satfinite' with an 8-bit type");
  bool fromFloats = d.take("f32");
  if (!fromFloats && !d.take("f16x2"))
    return d.fail("unsupported source type");
  if (!d.expectOperands(fromFloats ? 3 : 2))
    return false;
  inst.sub = uint8_t(to);
  inst.flags = modifiers.relu ? Relu : 0;
  inst.dst = d.destination(0, ScalarType::B16);
  inst.a = d.source(1, fromFloats ? ScalarType::F32 : ScalarType::B32);
  if (fromFloats)
    inst.b = d.source(2, ScalarType::F32);
  inst.exec = fromFloats ? execFromFloats : execFromHalves;
  return true;
}

bool decodeHalves(DecodeContext &d, Inst &inst,
                  const Float8Modifiers &modifiers, Float8 from) {
  if (!d.require(89) || !d.expectOperands(2))
    return false;
  if (!modifiers.isNearest || modifiers.satfinite || modifiers.other)
    return d.fail("expected '.rn' from an 8-bit type");
  inst.sub = uint8_t(from);
  inst.flags = modifiers.relu ? Relu : 0;
  inst.dst = d.destination(0, ScalarType::B32);
  inst.a = d.source(1, ScalarType::B16);
  inst.exec = execToHalves;
  return true;
}
} // namespace

std::optional<bool> attn::sim::decodeFloat8(DecodeContext &d, Inst &inst,
                                            const Float8Modifiers &modifiers,
                                            ScalarType to) {
  if (to == ScalarType::E4M3x2)
    return decodePair(d, inst, modifiers, Float8::E4M3);
  if (to == ScalarType::E5M2x2)
    return decodePair(d, inst, modifiers, Float8::E5M2);
  if (to == ScalarType::F16x2 && d.take("e4m3x2"))
    return decodeHalves(d, inst, modifiers, Float8::E4M3);
  if (to == ScalarType::F16x2 && d.take("e5m2x2"))
    return decodeHalves(d, inst, modifiers, Float8::E5M2);
  return std::nullopt;
}
