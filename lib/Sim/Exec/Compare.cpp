//===- Compare.cpp - setp, set, selp, slct --------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lanes.h"

#include <cmath>

using namespace attn::sim;

namespace {
enum class Cmp : uint8_t {
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Equ,
  Neu,
  Ltu,
  Leu,
  Gtu,
  Geu,
  Num,
  Nan,
};
enum class Combine : uint8_t { None, And, Or, Xor };
enum : uint8_t { CombineMask = 3, FtzFlag = 4 };

template <Cmp cmp, class T> inline bool compare(T a, T b) {
  bool unordered = a != a || b != b;
  switch (cmp) {
  case Cmp::Eq:
    return a == b;
  case Cmp::Ne:
    return a != b && !unordered;
  case Cmp::Lt:
    return a < b;
  case Cmp::Le:
    return a <= b;
  case Cmp::Gt:
    return a > b;
  case Cmp::Ge:
    return a >= b;
  case Cmp::Equ:
    return a == b || unordered;
  case Cmp::Neu:
    return a != b;
  case Cmp::Ltu:
    return !(a >= b);
  case Cmp::Leu:
    return !(a > b);
  case Cmp::Gtu:
    return !(a <= b);
  case Cmp::Geu:
    return !(a < b);
  case Cmp::Num:
    return !unordered;
  case Cmp::Nan:
    return unordered;
  }
  return false;
}

inline float comparable(Half v, bool) { return toFloat(v); }
inline float comparable(BFloat v, bool) { return toFloat(v); }
inline float comparable(float v, bool ftz) {
  return ftz ? flushSubnormal(v) : v;
}
template <class T> inline T comparable(T v, bool) { return v; }

/// One bit a lane.
template <Cmp cmp, class T>
uint32_t compareLanes(Warp &warp, const Inst &inst) {
  const uint32_t *a = warp.source(inst.a), *b = warp.source(inst.b);
  bool ftz = inst.flags & FtzFlag;
  uint8_t bits[32];
  for (int lane = 0; lane < 32; ++lane)
    bits[lane] = compare<cmp>(comparable(getLane<T>(a, lane), ftz),
                              comparable(getLane<T>(b, lane), ftz));
  uint32_t result = 0;
  for (int lane = 0; lane < 32; ++lane)
    result |= uint32_t(bits[lane]) << lane;
  return result;
}

uint32_t combine(Warp &warp, const Inst &inst, uint32_t value,
                 uint32_t &poison) {
  Combine how = Combine(inst.flags & CombineMask);
  if (how == Combine::None)
    return value;
  uint32_t with = warp.predicate(inst.c);
  uint32_t withPoison = warp.predicatePoison(inst.c);
  uint32_t valuePoison = poison;
  poison |= withPoison;
  if (how == Combine::And) {
    poison &= ~((~with & ~withPoison) | (~value & ~valuePoison));
    return value & with;
  }
  if (how == Combine::Or) {
    poison &= ~((with & ~withPoison) | (value & ~valuePoison));
    return value | with;
  }
  return value ^ with;
}

template <Cmp cmp, class T>
void execSetp(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t value = compareLanes<cmp, T>(warp, inst);
  uint32_t poison = warp.poison(inst.a) | warp.poison(inst.b), second = poison;
  uint32_t first = combine(warp, inst, value, poison);
  uint32_t opposite = combine(warp, inst, ~value, second);
  warp.setPredicate(inst.dst, mask, first, poison);
  if (inst.numOps)
    warp.setPredicate(warp.operands(inst)[0], mask, opposite, second);
}

/// set: all ones or 1.0 in a 32-bit register.
template <Cmp cmp, class T>
void execSet(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t poison = warp.poison(inst.a) | warp.poison(inst.b);
  uint32_t value =
      combine(warp, inst, compareLanes<cmp, T>(warp, inst), poison);
  uint32_t yes = inst.sub ? bitCast<uint32_t>(1.0f) : ~0u;
  uint32_t *d = warp.destination(inst.dst);
  for (int lane = 0; lane < 32; ++lane)
    if (mask >> lane & 1)
      d[lane] = value >> lane & 1 ? yes : 0;
  warp.setPoison(inst.dst, mask, poison);
}

template <Cmp cmp, class T> ExecFn pick(bool isSet) {
  return isSet ? execSet<cmp, T> : execSetp<cmp, T>;
}

template <class T> ExecFn forCompare(Cmp cmp, bool isSet, bool isFloat) {
  switch (cmp) {
  case Cmp::Eq:
    return pick<Cmp::Eq, T>(isSet);
  case Cmp::Ne:
    return pick<Cmp::Ne, T>(isSet);
  case Cmp::Lt:
    return pick<Cmp::Lt, T>(isSet);
  case Cmp::Le:
    return pick<Cmp::Le, T>(isSet);
  case Cmp::Gt:
    return pick<Cmp::Gt, T>(isSet);
  case Cmp::Ge:
    return pick<Cmp::Ge, T>(isSet);
  default:
    break;
  }
  if (!isFloat)
    return nullptr;
  switch (cmp) {
  case Cmp::Equ:
    return pick<Cmp::Equ, T>(isSet);
  case Cmp::Neu:
    return pick<Cmp::Neu, T>(isSet);
  case Cmp::Ltu:
    return pick<Cmp::Ltu, T>(isSet);
  case Cmp::Leu:
    return pick<Cmp::Leu, T>(isSet);
  case Cmp::Gtu:
    return pick<Cmp::Gtu, T>(isSet);
  case Cmp::Geu:
    return pick<Cmp::Geu, T>(isSet);
  case Cmp::Num:
    return pick<Cmp::Num, T>(isSet);
  case Cmp::Nan:
    return pick<Cmp::Nan, T>(isSet);
  default:
    return nullptr;
  }
}

ExecFn forType(Cmp cmp, ScalarType type, bool isSet) {
  switch (type) {
  case ScalarType::B16:
  case ScalarType::U16:
    return forCompare<uint16_t>(cmp, isSet, false);
  case ScalarType::S16:
    return forCompare<int16_t>(cmp, isSet, false);
  case ScalarType::B32:
  case ScalarType::U32:
    return forCompare<uint32_t>(cmp, isSet, false);
  case ScalarType::S32:
    return forCompare<int32_t>(cmp, isSet, false);
  case ScalarType::B64:
  case ScalarType::U64:
    return forCompare<uint64_t>(cmp, isSet, false);
  case ScalarType::S64:
    return forCompare<int64_t>(cmp, isSet, false);
  case ScalarType::F16:
    return forCompare<Half>(cmp, isSet, true);
  case ScalarType::BF16:
    return forCompare<BFloat>(cmp, isSet, true);
  case ScalarType::F32:
    return forCompare<float>(cmp, isSet, true);
  case ScalarType::F64:
    return forCompare<double>(cmp, isSet, true);
  default:
    return nullptr;
  }
}

bool takeCompare(DecodeContext &d, Cmp &cmp, bool &isUnsigned) {
  static constexpr std::string_view names[] = {
      "eq",  "ne",  "lt",  "le",  "gt",  "ge",  "equ",
      "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
  // Unsigned integers have their own spellings.
  static constexpr std::pair<std::string_view, Cmp> unsignedNames[] = {
      {"lo", Cmp::Lt}, {"ls", Cmp::Le}, {"hi", Cmp::Gt}, {"hs", Cmp::Ge}};
  isUnsigned = false;
  for (auto [name, value] : unsignedNames)
    if (d.take(name)) {
      cmp = value;
      isUnsigned = true;
      return true;
    }
  for (unsigned i = 0; i < 14; ++i)
    if (d.take(names[i])) {
      cmp = Cmp(i);
      return true;
    }
  return d.fail("unknown comparison");
}

/// What setp and set share: comparison, combination, types. setp has no result
/// type.
bool takeCommon(DecodeContext &d, Inst &inst, Cmp &cmp, ScalarType *result,
                ScalarType &type) {
  bool isUnsigned;
  if (!takeCompare(d, cmp, isUnsigned))
    return false;
  std::string_view how = d.takeOneOf({"and", "or", "xor"});
  inst.flags = uint8_t(how == "and"   ? Combine::And
                       : how == "or"  ? Combine::Or
                       : how == "xor" ? Combine::Xor
                                      : Combine::None);
  if (d.take("ftz"))
    inst.flags |= FtzFlag;
  if (result)
    *result = d.takeType();
  type = d.takeType();
  bool isUnsignedType = type == ScalarType::U16 || type == ScalarType::U32 ||
                        type == ScalarType::U64;
  if ((isUnsigned && !isUnsignedType) ||
      (isUntyped(type) && cmp != Cmp::Eq && cmp != Cmp::Ne))
    return d.fail("comparison does not fit the type");
  return type != ScalarType::BF16 || d.require(90);
}

bool takeCombined(DecodeContext &d, Inst &inst) {
  bool combined = inst.flags & CombineMask;
  if (!d.expectOperands(combined ? 4 : 3))
    return false;
  if (combined)
    inst.c = d.predicate(d.operand(3));
  return true;
}

bool decodeSetp(DecodeContext &d, Inst &inst) {
  Cmp cmp;
  ScalarType type;
  if (!takeCommon(d, inst, cmp, nullptr, type))
    return false;
  if (!takeCombined(d, inst))
    return false;
  inst.cls = isIntegerLike(type)       ? InstClass::Int
             : type == ScalarType::F32 ? InstClass::Fp32
                                       : InstClass::FpOther;
  ast::Operand first = d.operand(0);
  if (first.kind == ast::Operand::NamePair) {
    ast::Operand second;
    second.name = first.second;
    first.kind = ast::Operand::Name;
    inst.ops = d.pool({d.predicateResult(second)});
    inst.numOps = 1;
  }
  inst.dst = d.predicateResult(first);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  inst.exec = forType(cmp, type, false);
  return true;
}

bool decodeSet(DecodeContext &d, Inst &inst) {
  Cmp cmp;
  ScalarType result, type;
  if (!takeCommon(d, inst, cmp, &result, type))
    return false;
  if (result != ScalarType::U32 && result != ScalarType::S32 &&
      result != ScalarType::F32)
    return d.fail("unsupported result type");
  if (!takeCombined(d, inst))
    return false;
  inst.cls = InstClass::Int;
  inst.sub = result == ScalarType::F32;
  inst.dst = d.destination(0, result);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  inst.exec = forType(cmp, type, true);
  return true;
}

/// The value not chosen may be poison.
template <class T> void execSelp(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *a = warp.source(inst.a), *b = warp.source(inst.b);
  uint32_t choice = warp.predicate(inst.c);
  LaneBuffer out;
  for (int lane = 0; lane < 32; ++lane)
    setLane<T>(out.words, lane,
               choice >> lane & 1 ? getLane<T>(a, lane) : getLane<T>(b, lane));
  uint32_t poison = (warp.poison(inst.a) & choice) |
                    (warp.poison(inst.b) & ~choice) |
                    warp.predicatePoison(inst.c);
  blend<T>(warp, inst.dst, mask, out);
  warp.setPoison(inst.dst, mask, poison);
}

bool decodeSelp(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(4))
    return false;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  inst.c = d.predicate(d.operand(3));
  unsigned bits = bitWidth(type);
  inst.exec = bits == 64   ? execSelp<uint64_t>
              : bits == 32 ? execSelp<uint32_t>
              : bits == 16 ? execSelp<uint16_t>
                           : nullptr;
  return true;
}

template <class C> void execSlct(Warp &warp, const Inst &inst, uint32_t mask) {
  bool ftz = inst.flags & FtzFlag;
  ternaryLanes<uint32_t, uint32_t, uint32_t, C>(
      warp, inst, mask, [=](uint32_t a, uint32_t b, C c) {
        return comparable(c, ftz) >= 0 ? a : b;
      });
}

bool decodeSlct(DecodeContext &d, Inst &inst) {
  if (d.take("ftz"))
    inst.flags |= FtzFlag;
  ScalarType type = d.takeType(), by = d.takeType();
  if (bitWidth(type) != 32 || !d.expectOperands(4))
    return d.fail("unsupported type");
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  inst.c = d.source(3, by);
  inst.exec = by == ScalarType::S32   ? execSlct<int32_t>
              : by == ScalarType::F32 ? execSlct<float>
                                      : nullptr;
  return true;
}
} // namespace

void attn::sim::registerCompare(OpcodeTable &table) {
  table["setp"] = decodeSetp;
  table["set"] = decodeSet;
  table["selp"] = decodeSelp;
  table["slct"] = decodeSlct;
}
