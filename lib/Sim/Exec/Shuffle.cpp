//===- Shuffle.cpp - shfl, vote, activemask, redux ------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Cta.h"
#include "Lanes.h"

using namespace attn::sim;

namespace {
/// Checks the member mask of a `.sync` instruction; returns it.
uint32_t members(Warp &warp, uint32_t slot, uint32_t mask) {
  uint32_t poisoned = warp.poison(slot) & mask;
  warp.reportPoison(poisoned, "a member mask");
  uint32_t value = warp.source(slot)[__builtin_ctz(mask)];
  if (uint32_t outside = mask & ~value)
    warp.report(Hazard::InactiveLane, __builtin_ctz(outside),
                "lane is not in the member mask");
  else if (uint32_t absent = value & ~mask)
    warp.report(Hazard::InactiveLane, __builtin_ctz(absent),
                "lane of the member mask does not take part");
  return value;
}

enum class ShuffleMode : uint8_t { Up, Down, Bfly, Idx };

/// a = value, b = lane operand, c = clamp and segment; pool: member mask and,
/// when numOps is 2, the predicate result.
void execShuffle(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *ops = warp.operands(inst);
  uint32_t take = members(warp, ops[0], mask) & mask;
  const uint32_t *value = warp.source(inst.a), *b = warp.source(inst.b),
                 *c = warp.source(inst.c);
  LaneBuffer out;
  uint32_t valid = 0, poison = warp.poison(inst.b) | warp.poison(inst.c);
  uint32_t fromPoison = warp.poison(inst.a), absent = 0;
  for (int lane = 0; lane < 32; ++lane) {
    int clamp = c[lane] & 31, seg = (c[lane] >> 8) & 31, bv = b[lane] & 31;
    int maxLane = (lane & seg) | (clamp & ~seg & 31), minLane = lane & seg;
    int j = lane;
    bool inRange = true;
    switch (ShuffleMode(inst.sub)) {
    case ShuffleMode::Up:
      j = lane - bv;
      inRange = j >= maxLane;
      break;
    case ShuffleMode::Down:
      j = lane + bv;
      inRange = j <= maxLane;
      break;
    case ShuffleMode::Bfly:
      j = lane ^ bv;
      inRange = j <= maxLane;
      break;
    case ShuffleMode::Idx:
      j = minLane | (bv & ~seg & 31);
      inRange = j <= maxLane;
      break;
    }
    if (!inRange)
      j = lane;
    valid |= uint32_t(inRange) << lane;
    out.words[lane] = value[j];
    poison |= (fromPoison >> j & 1) << lane;
    if (!(take >> j & 1))
      absent |= 1u << lane;
  }
  if (absent &= mask)
    warp.report(Hazard::InactiveLane, __builtin_ctz(absent),
                "shuffle reads from a lane that does not take part");
  blend<uint32_t>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
  if (inst.numOps == 2)
    warp.setPredicate(ops[1], mask, valid,
                      warp.poison(inst.b) | warp.poison(inst.c));
}

bool decodeShuffle(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Shuffle;
  if (!d.take("sync"))
    return d.fail("expected '.sync'");
  std::string_view mode = d.takeOneOf({"up", "down", "bfly", "idx"});
  if (mode.empty() || !d.take("b32") || !d.expectOperands(5))
    return d.fail("unsupported form");
  inst.sub = uint8_t(mode == "up"     ? ShuffleMode::Up
                     : mode == "down" ? ShuffleMode::Down
                     : mode == "bfly" ? ShuffleMode::Bfly
                                      : ShuffleMode::Idx);
  ast::Operand result = d.operand(0);
  std::vector<uint32_t> pool{d.source(4, ScalarType::B32)};
  if (result.kind == ast::Operand::NamePair) {
    ast::Operand second;
    second.name = result.second;
    pool.push_back(d.predicateResult(second));
    result.kind = ast::Operand::Name;
  }
  inst.dst = d.destination(result, ScalarType::B32);
  inst.a = d.source(1, ScalarType::B32);
  inst.b = d.source(2, ScalarType::B32);
  inst.c = d.source(3, ScalarType::B32);
  inst.numOps = uint16_t(pool.size());
  inst.ops = d.pool(pool);
  inst.exec = execShuffle;
  return true;
}

enum class VoteMode : uint8_t { All, Any, Uni, Ballot };

void execVote(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t take = members(warp, inst.b, mask) & mask;
  uint32_t value = warp.predicate(inst.a) & take;
  uint32_t poison = warp.predicatePoison(inst.a) & take ? ~0u : 0;
  bool result = false;
  switch (VoteMode(inst.sub)) {
  case VoteMode::All:
    result = value == take;
    break;
  case VoteMode::Any:
    result = value != 0;
    break;
  case VoteMode::Uni:
    result = value == take || value == 0;
    break;
  case VoteMode::Ballot: {
    LaneBuffer out;
    std::fill(std::begin(out.words), std::end(out.words), value);
    blend<uint32_t>(warp, inst.dst, mask, out);
    warp.setPoison(inst.dst, mask, poison);
    return;
  }
  }
  warp.setPredicate(inst.dst, mask, result ? ~0u : 0, poison);
}

bool decodeVote(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Shuffle;
  if (!d.take("sync"))
    return d.fail("expected '.sync'");
  std::string_view mode = d.takeOneOf({"all", "any", "uni", "ballot"});
  bool ballot = mode == "ballot";
  if (mode.empty() || !d.take(ballot ? "b32" : "pred") || !d.expectOperands(3))
    return d.fail("unsupported form");
  inst.sub = uint8_t(mode == "all"   ? VoteMode::All
                     : mode == "any" ? VoteMode::Any
                     : mode == "uni" ? VoteMode::Uni
                                     : VoteMode::Ballot);
  inst.dst = ballot ? d.destination(0, ScalarType::B32)
                    : d.predicateResult(d.operand(0));
  inst.a = d.predicate(d.operand(1));
  inst.b = d.source(2, ScalarType::B32);
  inst.exec = execVote;
  return true;
}

bool decodeActivemask(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Shuffle;
  if (!d.take("b32") || !d.expectOperands(1))
    return d.fail("unsupported form");
  inst.dst = d.destination(0, ScalarType::B32);
  inst.exec = [](Warp &warp, const Inst &i, uint32_t mask) {
    LaneBuffer out;
    std::fill(std::begin(out.words), std::end(out.words), mask);
    blend<uint32_t>(warp, i.dst, mask, out);
    warp.setPoison(i.dst, mask, 0);
  };
  return true;
}

/// Which lane is elected is not specified: here it is the highest, which a
/// kernel that assumes the lowest does not expect.
void execElect(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t take = members(warp, inst.a, mask) & mask;
  uint32_t leader = take ? 31 - uint32_t(__builtin_clz(take)) : 0;
  LaneBuffer out;
  std::fill(std::begin(out.words), std::end(out.words), leader);
  blend<uint32_t>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, 0);
  warp.setPredicate(inst.b, mask, 1u << leader, 0);
}

/// elect.sync d|p, mask
bool decodeElect(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Shuffle;
  if (!d.require(90))
    return false;
  if (!d.take("sync") || !d.expectOperands(2) ||
      d.operand(0).kind != ast::Operand::NamePair)
    return d.fail("unsupported form");
  ast::Operand lane = d.operand(0), elected;
  elected.name = lane.second;
  lane.kind = ast::Operand::Name;
  inst.dst = d.destination(lane, ScalarType::B32);
  inst.b = d.predicateResult(elected);
  inst.a = d.source(1, ScalarType::B32);
  inst.exec = execElect;
  return true;
}

enum class ReduxOp : uint8_t { Add, Min, Max, And, Or, Xor };

template <class T> void execRedux(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t take = members(warp, inst.b, mask) & mask;
  const uint32_t *from = warp.source(inst.a);
  bool first = true;
  T sum = 0;
  for (uint32_t rest = take; rest; rest &= rest - 1) {
    T v = T(from[__builtin_ctz(rest)]);
    switch (ReduxOp(inst.sub)) {
    case ReduxOp::Add:
      sum = T(uint32_t(sum) + uint32_t(v));
      break;
    case ReduxOp::Min:
      sum = first || v < sum ? v : sum;
      break;
    case ReduxOp::Max:
      sum = first || v > sum ? v : sum;
      break;
    case ReduxOp::And:
      sum = first ? v : T(sum & v);
      break;
    case ReduxOp::Or:
      sum = T(sum | v);
      break;
    case ReduxOp::Xor:
      sum = T(sum ^ v);
      break;
    }
    first = false;
  }
  LaneBuffer out;
  std::fill(std::begin(out.words), std::end(out.words), uint32_t(sum));
  uint32_t poison = warp.poison(inst.a) & take ? ~0u : 0;
  blend<uint32_t>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

bool decodeRedux(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Shuffle;
  static constexpr std::string_view names[] = {"add", "min", "max",
                                               "and", "or",  "xor"};
  if (!d.take("sync"))
    return d.fail("expected '.sync'");
  unsigned op = 0;
  while (op < 6 && !d.take(names[op]))
    ++op;
  ScalarType type = d.takeType();
  bool logical = op >= 3;
  if (op == 6 || (logical ? type != ScalarType::B32
                          : type != ScalarType::U32 && type != ScalarType::S32))
    return d.fail("unsupported operation");
  if (!d.expectOperands(3))
    return false;
  inst.sub = uint8_t(op);
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, ScalarType::B32);
  inst.exec =
      type == ScalarType::S32 ? execRedux<int32_t> : execRedux<uint32_t>;
  return true;
}
} // namespace

void attn::sim::registerShuffle(OpcodeTable &table) {
  table["shfl"] = decodeShuffle;
  table["vote"] = decodeVote;
  table["activemask"] = decodeActivemask;
  table["redux"] = decodeRedux;
  table["elect"] = decodeElect;
}
