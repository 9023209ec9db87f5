//===- Lanes.h - elementwise instructions over 32 lanes ---------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Results go to a temporary first: it cannot alias the sources, so the loops
// vectorise, and a partial mask is a blend afterwards.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_LANES_H
#define ATTN_LIB_SIM_EXEC_LANES_H

#include "../OpcodeTable.h"
#include "../Warp.h"

namespace attn::sim {

/// A buffer of one slot (two for 64-bit types).
struct alignas(64) LaneBuffer {
  uint32_t words[64];
};

template <class T>
inline void blend(Warp &warp, uint32_t slot, uint32_t mask,
                  const LaneBuffer &from) {
  uint32_t *to = warp.destination(slot);
  constexpr int perLane = sizeof(T) == 8 ? 2 : 1;
  if (mask == ~0u) {
    std::memcpy(to, from.words, 128 * perLane);
    return;
  }
  for (int lane = 0; lane < 32; ++lane)
    if (mask >> lane & 1)
      for (int k = 0; k < perLane; ++k)
        to[lane * perLane + k] = from.words[lane * perLane + k];
}

/// dst = f(a), f(a, b), f(a, b, c), with poison from all sources.
template <class D, class A, class F>
inline void unaryLanes(Warp &warp, const Inst &inst, uint32_t mask, F f) {
  LaneBuffer out;
  const uint32_t *a = warp.source(inst.a);
  for (int lane = 0; lane < 32; ++lane)
    setLane<D>(out.words, lane, f(getLane<A>(a, lane)));
  uint32_t poison = warp.poison(inst.a);
  blend<D>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

template <class D, class A, class B, class F>
inline void binaryLanes(Warp &warp, const Inst &inst, uint32_t mask, F f) {
  LaneBuffer out;
  const uint32_t *a = warp.source(inst.a), *b = warp.source(inst.b);
  for (int lane = 0; lane < 32; ++lane)
    setLane<D>(out.words, lane, f(getLane<A>(a, lane), getLane<B>(b, lane)));
  uint32_t poison = warp.poison(inst.a) | warp.poison(inst.b);
  blend<D>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

template <class D, class A, class B, class C, class F>
inline void ternaryLanes(Warp &warp, const Inst &inst, uint32_t mask, F f) {
  LaneBuffer out;
  const uint32_t *a = warp.source(inst.a), *b = warp.source(inst.b),
                 *c = warp.source(inst.c);
  for (int lane = 0; lane < 32; ++lane)
    setLane<D>(
        out.words, lane,
        f(getLane<A>(a, lane), getLane<B>(b, lane), getLane<C>(c, lane)));
  uint32_t poison =
      warp.poison(inst.a) | warp.poison(inst.b) | warp.poison(inst.c);
  blend<D>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

/// Exec functions from a stateless operation type.
template <class Op, class D, class A>
void execUnary(Warp &warp, const Inst &inst, uint32_t mask) {
  unaryLanes<D, A>(warp, inst, mask, [](A a) { return Op::apply(a); });
}
template <class Op, class D, class A, class B>
void execBinary(Warp &warp, const Inst &inst, uint32_t mask) {
  binaryLanes<D, A, B>(warp, inst, mask,
                       [](A a, B b) { return Op::apply(a, b); });
}
template <class Op, class D, class A, class B, class C>
void execTernary(Warp &warp, const Inst &inst, uint32_t mask) {
  ternaryLanes<D, A, B, C>(warp, inst, mask,
                           [](A a, B b, C c) { return Op::apply(a, b, c); });
}

/// Two 16-bit floats in one word.
struct Half2 {
  Half low, high;
};
struct BFloat2 {
  BFloat low, high;
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_LANES_H
