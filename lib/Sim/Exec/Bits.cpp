//===- Bits.cpp - logic, shifts and bit fields ----------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// and, or, xor, not, cnot, shl, shr, shf, bfe, bfi, prmt, lop3, popc, clz,
// brev, bfind. `and`..`not` on predicates are here too.
//
//===----------------------------------------------------------------------===//

#include "Lanes.h"

#include <iterator>
#include <string_view>
#include <type_traits>

using namespace attn::sim;

namespace {
struct And {
  template <class T> static T apply(T a, T b) { return T(a & b); }
};
struct Or {
  template <class T> static T apply(T a, T b) { return T(a | b); }
};
struct Xor {
  template <class T> static T apply(T a, T b) { return T(a ^ b); }
};
struct Not {
  template <class T> static T apply(T a) { return T(~a); }
};
struct CNot {
  template <class T> static T apply(T a) { return T(a == 0); }
};

// Amounts beyond the width clamp to it.
struct Shl {
  template <class T> static T apply(T a, uint32_t n) {
    return n >= 8 * sizeof(T) ? T(0) : T(a << n);
  }
};
struct Shr {
  template <class T> static T apply(T a, uint32_t n) {
    constexpr uint32_t width = 8 * sizeof(T);
    if (std::is_signed_v<T>)
      return T(a >> (n >= width ? width - 1 : n));
    return n >= width ? T(0) : T(a >> n);
  }
};

template <class T> struct Bfe {
  static T apply(T a, uint32_t pos, uint32_t len) {
    using U = std::make_unsigned_t<T>;
    constexpr uint32_t width = 8 * sizeof(T);
    pos &= 0xff;
    len &= 0xff;
    if (len == 0)
      return 0;
    uint32_t top = std::min(pos + len - 1, width - 1); // the sign bit
    uint32_t valid = pos >= width ? 0 : std::min(len, width - pos);
    U mask = valid >= width ? ~U(0) : U((U(1) << valid) - 1);
    U bits = valid ? U(U(a) >> pos) & mask : U(0);
    if (std::is_signed_v<T> && (U(a) >> top & 1))
      bits |= U(~mask);
    return T(bits);
  }
};
template <class T> struct Bfi {
  static T apply(T a, T b, uint32_t pos, uint32_t len) {
    constexpr uint32_t width = 8 * sizeof(T);
    pos &= 0xff;
    len &= 0xff;
    if (pos >= width || len == 0)
      return b;
    T mask = T((len >= width ? ~T(0) : T((T(1) << len) - 1)) << pos);
    return T((b & ~mask) | (T(a << pos) & mask));
  }
};

struct Popc {
  template <class T> static uint32_t apply(T a) {
    return uint32_t(__builtin_popcountll(a));
  }
};
struct Clz {
  template <class T> static uint32_t apply(T a) {
    return a ? uint32_t(__builtin_clzll(a)) - (64 - 8 * sizeof(T))
             : uint32_t(8 * sizeof(T));
  }
};
struct Brev {
  template <class T> static T apply(T a) {
    T r = 0;
    for (unsigned i = 0; i < 8 * sizeof(T); ++i)
      r |= T((a >> i) & 1) << (8 * sizeof(T) - 1 - i);
    return r;
  }
};
template <class T> struct Bfind {
  static uint32_t apply(T a) {
    using U = std::make_unsigned_t<T>;
    U bits = std::is_signed_v<T> && a < 0 ? U(~U(a)) : U(a);
    return bits ? 63 - uint32_t(__builtin_clzll(bits)) : ~0u;
  }
};

enum class PredicateOp : uint8_t { And, Or, Xor, Not, Mov };

void execPredicateLogic(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t a = warp.predicate(inst.a), b = warp.predicate(inst.b);
  uint32_t poison = warp.predicatePoison(inst.a) | warp.predicatePoison(inst.b);
  uint32_t result = 0;
  switch (PredicateOp(inst.sub)) {
  case PredicateOp::And: {
    result = a & b;
    // A known false side decides.
    uint32_t known = (~a & ~warp.predicatePoison(inst.a)) |
                     (~b & ~warp.predicatePoison(inst.b));
    poison &= ~known;
    break;
  }
  case PredicateOp::Or: {
    result = a | b;
    uint32_t known = (a & ~warp.predicatePoison(inst.a)) |
                     (b & ~warp.predicatePoison(inst.b));
    poison &= ~known;
    break;
  }
  case PredicateOp::Xor:
    result = a ^ b;
    break;
  case PredicateOp::Not:
    result = ~a;
    break;
  case PredicateOp::Mov:
    result = a;
    break;
  }
  warp.setPredicate(inst.dst, mask, result, poison);
}

bool decodePredicateLogic(DecodeContext &d, Inst &inst, PredicateOp op) {
  bool isUnary = op == PredicateOp::Not || op == PredicateOp::Mov;
  if (!d.expectOperands(isUnary ? 2 : 3))
    return false;
  inst.cls = InstClass::Int;
  inst.sub = uint8_t(op);
  inst.dst = d.predicateResult(d.operand(0));
  inst.a = d.predicate(d.operand(1));
  inst.b = isUnary ? inst.a : d.predicate(d.operand(2));
  inst.exec = execPredicateLogic;
  return true;
}

template <class Op, PredicateOp predicateOp>
bool decodeLogic(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (type == ScalarType::Pred)
    return decodePredicateLogic(d, inst, predicateOp);
  if (!d.expectOperands(3))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  switch (type) {
  case ScalarType::B16:
    inst.exec = execBinary<Op, uint16_t, uint16_t, uint16_t>;
    break;
  case ScalarType::B32:
    inst.exec = execBinary<Op, uint32_t, uint32_t, uint32_t>;
    break;
  case ScalarType::B64:
    inst.exec = execBinary<Op, uint64_t, uint64_t, uint64_t>;
    break;
  default:
    break;
  }
  return true;
}

template <class Op> bool decodeNot(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (type == ScalarType::Pred)
    return std::is_same_v<Op, Not> &&
           decodePredicateLogic(d, inst, PredicateOp::Not);
  if (!d.expectOperands(2))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  switch (type) {
  case ScalarType::B16:
    inst.exec = execUnary<Op, uint16_t, uint16_t>;
    break;
  case ScalarType::B32:
    inst.exec = execUnary<Op, uint32_t, uint32_t>;
    break;
  case ScalarType::B64:
    inst.exec = execUnary<Op, uint64_t, uint64_t>;
    break;
  default:
    break;
  }
  return true;
}

template <class Op> bool decodeShift(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(3))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, ScalarType::U32);
  bool isLeft = std::is_same_v<Op, Shl>;
  switch (type) {
  case ScalarType::B16:
  case ScalarType::U16:
    if (!isLeft || isUntyped(type))
      inst.exec = execBinary<Op, uint16_t, uint16_t, uint32_t>;
    break;
  case ScalarType::B32:
  case ScalarType::U32:
    if (!isLeft || isUntyped(type))
      inst.exec = execBinary<Op, uint32_t, uint32_t, uint32_t>;
    break;
  case ScalarType::B64:
  case ScalarType::U64:
    if (!isLeft || isUntyped(type))
      inst.exec = execBinary<Op, uint64_t, uint64_t, uint32_t>;
    break;
  case ScalarType::S16:
    inst.exec = isLeft ? nullptr : execBinary<Op, int16_t, int16_t, uint32_t>;
    break;
  case ScalarType::S32:
    inst.exec = isLeft ? nullptr : execBinary<Op, int32_t, int32_t, uint32_t>;
    break;
  case ScalarType::S64:
    inst.exec = isLeft ? nullptr : execBinary<Op, int64_t, int64_t, uint32_t>;
    break;
  default:
    break;
  }
  return true;
}

/// shf: sub bit 0 = right, bit 1 = wrap.
void execFunnel(Warp &warp, const Inst &inst, uint32_t mask) {
  bool right = inst.sub & 1, wrap = inst.sub & 2;
  ternaryLanes<uint32_t, uint32_t, uint32_t, uint32_t>(
      warp, inst, mask, [=](uint32_t lo, uint32_t hi, uint32_t n) {
        n = wrap ? n & 31 : std::min(n, 32u);
        uint64_t pair = uint64_t(hi) << 32 | lo;
        return right ? uint32_t(pair >> n) : uint32_t((pair << n) >> 32);
      });
}

bool decodeFunnel(DecodeContext &d, Inst &inst) {
  std::string_view side = d.takeOneOf({"l", "r"});
  std::string_view mode = d.takeOneOf({"wrap", "clamp"});
  if (side.empty() || mode.empty() || !d.take("b32") || !d.expectOperands(4))
    return false;
  inst.cls = InstClass::Int;
  inst.sub = uint8_t((side == "r" ? 1 : 0) | (mode == "wrap" ? 2 : 0));
  inst.dst = d.destination(0, ScalarType::B32);
  inst.a = d.source(1, ScalarType::B32);
  inst.b = d.source(2, ScalarType::B32);
  inst.c = d.source(3, ScalarType::U32);
  inst.exec = execFunnel;
  return true;
}

bool decodeBfe(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(4))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, ScalarType::U32);
  inst.c = d.source(3, ScalarType::U32);
  switch (type) {
  case ScalarType::U32:
    inst.exec =
        execTernary<Bfe<uint32_t>, uint32_t, uint32_t, uint32_t, uint32_t>;
    break;
  case ScalarType::S32:
    inst.exec = execTernary<Bfe<int32_t>, int32_t, int32_t, uint32_t, uint32_t>;
    break;
  case ScalarType::U64:
    inst.exec =
        execTernary<Bfe<uint64_t>, uint64_t, uint64_t, uint32_t, uint32_t>;
    break;
  case ScalarType::S64:
    inst.exec = execTernary<Bfe<int64_t>, int64_t, int64_t, uint32_t, uint32_t>;
    break;
  default:
    break;
  }
  return true;
}

/// Four sources: the fourth slot is in the operand pool.
template <class T> void execBfi(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t last = warp.operands(inst)[0];
  const uint32_t *len = warp.source(last);
  LaneBuffer out;
  for (int lane = 0; lane < 32; ++lane)
    setLane<T>(out.words, lane,
               Bfi<T>::apply(getLane<T>(warp.source(inst.a), lane),
                             getLane<T>(warp.source(inst.b), lane),
                             warp.source(inst.c)[lane], len[lane]));
  uint32_t poison = warp.poison(inst.a) | warp.poison(inst.b) |
                    warp.poison(inst.c) | warp.poison(last);
  blend<T>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

bool decodeBfi(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(5))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  inst.c = d.source(3, ScalarType::U32);
  inst.ops = d.pool({d.source(4, ScalarType::U32)});
  inst.exec = type == ScalarType::B32   ? execBfi<uint32_t>
              : type == ScalarType::B64 ? execBfi<uint64_t>
                                        : nullptr;
  return true;
}

uint32_t permute(uint32_t a, uint32_t b, uint32_t selector) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t pick = selector >> (4 * i) & 0xf;
    uint32_t byte = uint32_t(bytes >> (8 * (pick & 7))) & 0xff;
    if (pick & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= byte << (8 * i);
  }
  return result;
}

/// Selectors that the modes make from the two low bits of the third source.
constexpr struct PermuteMode {
  std::string_view name;
  uint16_t selectors[4];
} permuteModes[] = {
    {"", {}},
    {"f4e", {0x3210, 0x4321, 0x5432, 0x6543}},  // forward extract
    {"b4e", {0x5670, 0x6701, 0x7012, 0x0123}},  // backward extract
    {"rc8", {0x0000, 0x1111, 0x2222, 0x3333}},  // replicate a byte
    {"ecl", {0x3210, 0x3211, 0x3222, 0x3333}},  // edge clamp left
    {"ecr", {0x0000, 0x1110, 0x2210, 0x3210}},  // edge clamp right
    {"rc16", {0x1010, 0x3232, 0x1010, 0x3232}}, // replicate 16 bits
};

/// sub = index of the mode.
void execPermute(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint16_t *selectors =
      inst.sub ? permuteModes[inst.sub].selectors : nullptr;
  ternaryLanes<uint32_t, uint32_t, uint32_t, uint32_t>(
      warp, inst, mask, [=](uint32_t a, uint32_t b, uint32_t c) {
        return permute(a, b, selectors ? selectors[c & 3] : c);
      });
}

bool decodePermute(DecodeContext &d, Inst &inst) {
  if (!d.take("b32") || !d.expectOperands(4))
    return d.fail("expected '.b32'");
  for (uint8_t mode = 1; mode < std::size(permuteModes); ++mode)
    if (d.take(permuteModes[mode].name))
      inst.sub = mode;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, ScalarType::B32);
  inst.a = d.source(1, ScalarType::B32);
  inst.b = d.source(2, ScalarType::B32);
  inst.c = d.source(3, ScalarType::B32);
  inst.exec = execPermute;
  return true;
}

void execLop3(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t table = inst.sub;
  ternaryLanes<uint32_t, uint32_t, uint32_t, uint32_t>(
      warp, inst, mask, [=](uint32_t a, uint32_t b, uint32_t c) {
        uint32_t result = 0;
        for (uint32_t i = 0; i < 8; ++i)
          if (table >> i & 1)
            result |= (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
        return result;
      });
}

bool decodeLop3(DecodeContext &d, Inst &inst) {
  if (!d.take("b32") || !d.expectOperands(5))
    return d.fail("unsupported form");
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, ScalarType::B32);
  inst.a = d.source(1, ScalarType::B32);
  inst.b = d.source(2, ScalarType::B32);
  inst.c = d.source(3, ScalarType::B32);
  int64_t table = d.immediate(d.operand(4));
  if (table < 0 || table > 255)
    return d.fail("truth table must be 0 to 255");
  inst.sub = uint8_t(table);
  inst.exec = execLop3;
  return true;
}

template <class Op> bool decodeCount(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(2))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, ScalarType::U32);
  inst.a = d.source(1, type);
  inst.exec = type == ScalarType::B32   ? execUnary<Op, uint32_t, uint32_t>
              : type == ScalarType::B64 ? execUnary<Op, uint32_t, uint64_t>
                                        : nullptr;
  return true;
}

bool decodeBrev(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(2))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.exec = type == ScalarType::B32   ? execUnary<Brev, uint32_t, uint32_t>
              : type == ScalarType::B64 ? execUnary<Brev, uint64_t, uint64_t>
                                        : nullptr;
  return true;
}

bool decodeBfind(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(2))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, ScalarType::U32);
  inst.a = d.source(1, type);
  switch (type) {
  case ScalarType::U32:
    inst.exec = execUnary<Bfind<uint32_t>, uint32_t, uint32_t>;
    break;
  case ScalarType::S32:
    inst.exec = execUnary<Bfind<int32_t>, uint32_t, int32_t>;
    break;
  case ScalarType::U64:
    inst.exec = execUnary<Bfind<uint64_t>, uint32_t, uint64_t>;
    break;
  case ScalarType::S64:
    inst.exec = execUnary<Bfind<int64_t>, uint32_t, int64_t>;
    break;
  default:
    break;
  }
  return true;
}
} // namespace

void attn::sim::registerBits(OpcodeTable &table) {
  table["and"] = decodeLogic<And, PredicateOp::And>;
  table["or"] = decodeLogic<Or, PredicateOp::Or>;
  table["xor"] = decodeLogic<Xor, PredicateOp::Xor>;
  table["not"] = decodeNot<Not>;
  table["cnot"] = decodeNot<CNot>;
  table["shl"] = decodeShift<Shl>;
  table["shr"] = decodeShift<Shr>;
  table["shf"] = decodeFunnel;
  table["bfe"] = decodeBfe;
  table["bfi"] = decodeBfi;
  table["prmt"] = decodePermute;
  table["lop3"] = decodeLop3;
  table["popc"] = decodeCount<Popc>;
  table["clz"] = decodeCount<Clz>;
  table["brev"] = decodeBrev;
  table["bfind"] = decodeBfind;
}
