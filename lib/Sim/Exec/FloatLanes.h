//===- FloatLanes.h - what float families share -----------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_FLOATLANES_H
#define ATTN_LIB_SIM_EXEC_FLOATLANES_H

#include "Lanes.h"

namespace attn::sim {

enum : uint8_t { Ftz = 1, Sat = 2 };

template <class Op, uint8_t flags>
void execF32Unary(Warp &warp, const Inst &inst, uint32_t mask) {
  unaryLanes<float, float>(warp, inst, mask, [](float a) {
    if (flags & Ftz)
      a = flushSubnormal(a);
    float r = Op::apply(a);
    return flags & Ftz ? flushSubnormal(r) : r;
  });
}

template <class Op> inline ExecFn unaryWithFlags(uint8_t flags) {
  return flags & Ftz ? execF32Unary<Op, Ftz> : execF32Unary<Op, 0>;
}

inline InstClass classOf(ScalarType type) {
  return type == ScalarType::F32 ? InstClass::Fp32 : InstClass::FpOther;
}

/// Destination and `sources` sources, all of one type.
inline bool floatOperands(DecodeContext &d, Inst &inst, ScalarType type,
                          size_t sources) {
  if (!d.expectOperands(sources + 1))
    return false;
  inst.cls = classOf(type);
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  if (sources > 1)
    inst.b = d.source(2, type);
  if (sources > 2)
    inst.c = d.source(3, type);
  return true;
}

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_FLOATLANES_H
