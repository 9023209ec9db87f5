//===- Move.cpp - mov, cvta, isspacep, vectors of registers ---------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lanes.h"

using namespace attn::sim;

namespace {
template <class T> void execMov(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t poison = warp.poison(inst.a);
  const uint32_t *from = warp.source(inst.a);
  if (mask == ~0u) {
    std::memmove(warp.destination(inst.dst), from,
                 32 * (sizeof(T) == 8 ? 8 : 4));
  } else {
    LaneBuffer out;
    std::memcpy(out.words, from, 32 * (sizeof(T) == 8 ? 8 : 4));
    blend<T>(warp, inst.dst, mask, out);
  }
  warp.setPoison(inst.dst, mask, poison);
}

void execMovPredicate(Warp &warp, const Inst &inst, uint32_t mask) {
  warp.setPredicate(inst.dst, mask, warp.predicate(inst.a),
                    warp.predicatePoison(inst.a));
}

/// mov.b64 d, {a, b}: element 0 is the low part. `width` is of one element.
void execPackVector(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *ops = warp.operands(inst);
  unsigned bits = inst.width * 8u;
  bool wide = bits * inst.numOps == 64;
  LaneBuffer out;
  for (int lane = 0; lane < 32; ++lane) {
    uint64_t value = 0;
    for (unsigned i = 0; i < inst.numOps; ++i) {
      uint64_t element = warp.source(ops[i])[lane];
      if (bits < 32)
        element &= (1u << bits) - 1;
      value |= element << (bits * i);
    }
    if (wide)
      setLane<uint64_t>(out.words, lane, value);
    else
      out.words[lane] = uint32_t(value);
  }
  uint32_t poison = 0;
  for (unsigned i = 0; i < inst.numOps; ++i)
    poison |= warp.poison(ops[i]);
  if (wide)
    blend<uint64_t>(warp, inst.dst, mask, out);
  else
    blend<uint32_t>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

void execUnpackVector(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *ops = warp.operands(inst);
  unsigned bits = inst.width * 8u;
  bool wide = bits * inst.numOps == 64;
  uint64_t values[32];
  const uint32_t *from = warp.source(inst.a);
  for (int lane = 0; lane < 32; ++lane)
    values[lane] = wide ? getLane<uint64_t>(from, lane) : from[lane];
  uint32_t poison = warp.poison(inst.a);
  for (unsigned i = 0; i < inst.numOps; ++i) {
    uint32_t *to = warp.destination(ops[i]);
    for (int lane = 0; lane < 32; ++lane)
      if (mask >> lane & 1) {
        uint32_t element = uint32_t(values[lane] >> (bits * i));
        to[lane] = bits < 32 ? element & ((1u << bits) - 1) : element;
      }
    warp.setPoison(ops[i], mask, poison);
  }
}

bool decodeVectorMov(DecodeContext &d, Inst &inst, ScalarType type, bool pack) {
  const ast::Operand &vector = d.operand(pack ? 1 : 0);
  size_t n = vector.elements.size();
  unsigned total = bitWidth(type);
  if ((n != 2 && n != 4) || total % n || total / n < 8 || !isUntyped(type))
    return d.fail("unsupported vector");
  ScalarType element = total / n == 32   ? ScalarType::B32
                       : total / n == 16 ? ScalarType::B16
                                         : ScalarType::B8;
  std::vector<uint32_t> slots;
  for (const ast::Operand &e : vector.elements)
    slots.push_back(pack ? d.source(e, element) : d.destination(e, element));
  inst.ops = d.pool(slots);
  inst.numOps = uint16_t(n);
  inst.width = uint8_t(byteWidth(element));
  if (pack)
    inst.dst = d.destination(0, type);
  else
    inst.a = d.source(1, type);
  inst.exec = pack ? execPackVector : execUnpackVector;
  return true;
}

bool decodeMov(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Move;
  ScalarType type = d.takeType();
  if (!d.expectOperands(2))
    return false;
  if (d.operand(1).kind == ast::Operand::Vector)
    return decodeVectorMov(d, inst, type, true);
  if (d.operand(0).kind == ast::Operand::Vector)
    return decodeVectorMov(d, inst, type, false);
  if (type == ScalarType::Pred) {
    inst.dst = d.predicateResult(d.operand(0));
    inst.a = d.predicate(d.operand(1));
    inst.exec = execMovPredicate;
    return true;
  }
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  unsigned bits = bitWidth(type);
  inst.exec = bits == 64   ? execMov<uint64_t>
              : bits == 32 ? execMov<uint32_t>
              : bits == 16 ? execMov<uint16_t>
                           : nullptr;
  return true;
}

bool spaceWindow(std::string_view space, uint64_t &window) {
  if (space == "shared" || space == "shared::cta" || space == "shared::cluster")
    return window = sharedWindow, true;
  if (space == "local")
    return window = localWindow, true;
  if (space == "param")
    return window = paramWindow, true;
  window = 0; // global and const addresses are generic as they are
  return space == "global" || space == "const";
}

/// offset = the window; sub 1: to the generic space, 0: away from it.
void execCvta(Warp &warp, const Inst &inst, uint32_t mask) {
  uint64_t window = uint64_t(inst.offset);
  if (inst.sub == 0 && window) {
    const uint32_t *from = warp.source(inst.a);
    for (uint32_t rest = mask & ~warp.poison(inst.a); rest; rest &= rest - 1) {
      int lane = __builtin_ctz(rest);
      if ((getLane<uint64_t>(from, lane) & windowMask) == window)
        continue;
      warp.report(Hazard::WrongSpace, lane,
                  "generic address is not in the space that cvta.to names");
      break;
    }
  }
  if (inst.sub)
    unaryLanes<uint64_t, uint64_t>(warp, inst, mask,
                                   [=](uint64_t a) { return a | window; });
  else
    unaryLanes<uint64_t, uint64_t>(warp, inst, mask, [=](uint64_t a) {
      return window ? a & ~windowMask : a;
    });
}

bool decodeCvta(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Int;
  bool to = d.take("to");
  uint64_t window;
  std::string_view space = d.nextModifier();
  if (!spaceWindow(space, window))
    return d.fail("unknown space '." + std::string(space) + "'");
  if (!d.take("u64") || !d.expectOperands(2))
    return d.fail("expected '.u64'");
  inst.offset = int64_t(window);
  inst.sub = !to;
  inst.dst = d.destination(0, ScalarType::U64);
  inst.a = d.source(1, ScalarType::U64);
  inst.exec = execCvta;
  return true;
}

void execIsspacep(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *from = warp.source(inst.a);
  uint64_t window = uint64_t(inst.offset);
  uint32_t result = 0;
  for (int lane = 0; lane < 32; ++lane) {
    uint64_t have = getLane<uint64_t>(from, lane) & windowMask;
    bool inside = window ? have == window
                         : have != sharedWindow && have != localWindow &&
                               have != paramWindow;
    result |= uint32_t(inside) << lane;
  }
  warp.setPredicate(inst.dst, mask, result, warp.poison(inst.a));
}

bool decodeIsspacep(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Int;
  uint64_t window;
  std::string_view space = d.nextModifier();
  if (space == "const" || !spaceWindow(space, window) || !d.expectOperands(2))
    return d.fail("unsupported space");
  inst.offset = int64_t(window);
  inst.dst = d.predicateResult(d.operand(0));
  inst.a = d.source(1, ScalarType::U64);
  inst.exec = execIsspacep;
  return true;
}
} // namespace

void attn::sim::registerMove(OpcodeTable &table) {
  table["mov"] = decodeMov;
  table["cvta"] = decodeCvta;
  table["isspacep"] = decodeIsspacep;
}
