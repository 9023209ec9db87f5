//===- Integer.cpp - integer arithmetic -----------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// add, sub, mul, mad, div, rem, abs, neg, min, max, sad. Arithmetic is done on
// unsigned values where signed overflow would be undefined in C++.
//
//===----------------------------------------------------------------------===//

#include "Lanes.h"

#include <type_traits>

using namespace attn::sim;

namespace {
template <class T> using Unsigned = std::make_unsigned_t<T>;
template <class T> struct Wide;
template <> struct Wide<uint16_t> {
  using Type = uint32_t;
};
template <> struct Wide<int16_t> {
  using Type = int32_t;
};
template <> struct Wide<uint32_t> {
  using Type = uint64_t;
};
template <> struct Wide<int32_t> {
  using Type = int64_t;
};
template <> struct Wide<uint64_t> {
  using Type = unsigned __int128;
};
template <> struct Wide<int64_t> {
  using Type = __int128;
};

// 16-bit unsigned products would be promoted to int and overflow.
template <class T> T wrapMul(T a, T b) { return T(uint64_t(a) * uint64_t(b)); }

template <class T> struct Add {
  static T apply(T a, T b) { return T(Unsigned<T>(a) + Unsigned<T>(b)); }
};
template <class T> struct Sub {
  static T apply(T a, T b) { return T(Unsigned<T>(a) - Unsigned<T>(b)); }
};
template <class T> struct MulLo {
  static T apply(T a, T b) { return wrapMul(a, b); }
};
template <class T> struct MulHi {
  static T apply(T a, T b) {
    using W = typename Wide<T>::Type;
    return T((W(a) * W(b)) >> (8 * sizeof(T)));
  }
};
template <class T> struct MulWide {
  using W = typename Wide<T>::Type;
  static W apply(T a, T b) { return W(a) * W(b); }
};
template <class T> struct MadLo {
  static T apply(T a, T b, T c) { return Add<T>::apply(wrapMul(a, b), c); }
};
template <class T> struct MadHi {
  static T apply(T a, T b, T c) {
    return Add<T>::apply(MulHi<T>::apply(a, b), c);
  }
};
template <class T> struct MadWide {
  using W = typename Wide<T>::Type;
  static W apply(T a, T b, W c) { return Add<W>::apply(W(a) * W(b), c); }
};
template <class T> struct Div {
  static T apply(T a, T b) {
    if (b == 0)
      return T(~T(0)); // "unspecified"; this is what silicon gives
    if (std::is_signed_v<T> && b == T(-1))
      return T(0 - Unsigned<T>(a));
    return T(a / b);
  }
};
template <class T> struct Rem {
  static T apply(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return T(a % b);
  }
};
template <class T> struct Min {
  static T apply(T a, T b) { return a < b ? a : b; }
};
template <class T> struct Max {
  static T apply(T a, T b) { return a > b ? a : b; }
};
/// A negative result becomes 0.
template <template <class> class Op> struct Relu {
  static int32_t apply(int32_t a, int32_t b) {
    return Max<int32_t>::apply(Op<int32_t>::apply(a, b), 0);
  }
};
template <class T> struct AbsDiffAdd {
  static T apply(T a, T b, T c) {
    return Add<T>::apply(a < b ? Sub<T>::apply(b, a) : Sub<T>::apply(a, b), c);
  }
};
template <class T> struct Abs {
  static T apply(T a) { return a < 0 ? T(0 - Unsigned<T>(a)) : a; }
};
template <class T> struct Neg {
  static T apply(T a) { return T(0 - Unsigned<T>(a)); }
};

/// Exec function for a type of 16, 32 or 64 bits; nullptr for others.
template <template <class> class Op> ExecFn binaryFor(ScalarType type) {
  switch (type) {
  case ScalarType::U16:
    return execBinary<Op<uint16_t>, uint16_t, uint16_t, uint16_t>;
  case ScalarType::S16:
    return execBinary<Op<int16_t>, int16_t, int16_t, int16_t>;
  case ScalarType::U32:
    return execBinary<Op<uint32_t>, uint32_t, uint32_t, uint32_t>;
  case ScalarType::S32:
    return execBinary<Op<int32_t>, int32_t, int32_t, int32_t>;
  case ScalarType::U64:
    return execBinary<Op<uint64_t>, uint64_t, uint64_t, uint64_t>;
  case ScalarType::S64:
    return execBinary<Op<int64_t>, int64_t, int64_t, int64_t>;
  default:
    return nullptr;
  }
}
template <template <class> class Op> ExecFn ternaryFor(ScalarType type) {
  switch (type) {
  case ScalarType::U16:
    return execTernary<Op<uint16_t>, uint16_t, uint16_t, uint16_t, uint16_t>;
  case ScalarType::S16:
    return execTernary<Op<int16_t>, int16_t, int16_t, int16_t, int16_t>;
  case ScalarType::U32:
    return execTernary<Op<uint32_t>, uint32_t, uint32_t, uint32_t, uint32_t>;
  case ScalarType::S32:
    return execTernary<Op<int32_t>, int32_t, int32_t, int32_t, int32_t>;
  case ScalarType::U64:
    return execTernary<Op<uint64_t>, uint64_t, uint64_t, uint64_t, uint64_t>;
  case ScalarType::S64:
    return execTernary<Op<int64_t>, int64_t, int64_t, int64_t, int64_t>;
  default:
    return nullptr;
  }
}

template <class T> ExecFn mulWideFn() {
  using W = typename Wide<T>::Type;
  return execBinary<MulWide<T>, W, T, T>;
}
template <class T> ExecFn madWideFn() {
  using W = typename Wide<T>::Type;
  return execTernary<MadWide<T>, W, T, T, W>;
}
ExecFn mulWideFor(ScalarType type) {
  switch (type) {
  case ScalarType::U16:
    return mulWideFn<uint16_t>();
  case ScalarType::S16:
    return mulWideFn<int16_t>();
  case ScalarType::U32:
    return mulWideFn<uint32_t>();
  case ScalarType::S32:
    return mulWideFn<int32_t>();
  default:
    return nullptr;
  }
}
ExecFn madWideFor(ScalarType type) {
  switch (type) {
  case ScalarType::U16:
    return madWideFn<uint16_t>();
  case ScalarType::S16:
    return madWideFn<int16_t>();
  case ScalarType::U32:
    return madWideFn<uint32_t>();
  case ScalarType::S32:
    return madWideFn<int32_t>();
  default:
    return nullptr;
  }
}

ScalarType widened(ScalarType type) {
  switch (type) {
  case ScalarType::U16:
    return ScalarType::U32;
  case ScalarType::S16:
    return ScalarType::S32;
  case ScalarType::U32:
    return ScalarType::U64;
  default:
    return ScalarType::S64;
  }
}

/// Is the last modifier a floating-point type?
bool isFloatForm(const DecodeContext &d) {
  size_t dot = d.opcode().rfind('.');
  auto type =
      dot == std::string::npos
          ? std::nullopt
          : parseScalarType(std::string_view(d.opcode()).substr(dot + 1));
  return type && !isIntegerLike(*type) && *type != ScalarType::Pred;
}

void takeSources(DecodeContext &d, Inst &inst, ScalarType type, int count) {
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  if (count > 1)
    inst.b = d.source(2, type);
  if (count > 2)
    inst.c = d.source(3, type);
}

template <template <class> class Op>
bool decodeBinary(DecodeContext &d, Inst &inst) {
  if (isFloatForm(d))
    return decodeFloatArithmetic(d, inst);
  ScalarType type = d.takeType();
  if (!d.expectOperands(3))
    return false;
  takeSources(d, inst, type, 2);
  inst.exec = binaryFor<Op>(type);
  return true;
}

template <template <class> class Op>
bool decodeMinMax(DecodeContext &d, Inst &inst) {
  if (isFloatForm(d) || !d.hasModifier("relu"))
    return decodeBinary<Op>(d, inst);
  d.take("relu");
  ScalarType type = d.takeType();
  if (!d.require(90) || !d.expectOperands(3))
    return false;
  if (type != ScalarType::S32)
    return d.fail("expected '.s32' with '.relu'");
  takeSources(d, inst, type, 2);
  inst.exec = execBinary<Relu<Op>, int32_t, int32_t, int32_t>;
  return true;
}

bool decodeMul(DecodeContext &d, Inst &inst) {
  if (isFloatForm(d))
    return decodeFloatArithmetic(d, inst);
  std::string_view part = d.takeOneOf({"lo", "hi", "wide"});
  ScalarType type = d.takeType();
  if (part.empty() || !d.expectOperands(3))
    return d.fail("expected '.lo', '.hi' or '.wide'");
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, part == "wide" ? widened(type) : type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  inst.exec = part == "wide" ? mulWideFor(type)
              : part == "lo" ? binaryFor<MulLo>(type)
                             : binaryFor<MulHi>(type);
  return true;
}

bool decodeMad(DecodeContext &d, Inst &inst) {
  if (isFloatForm(d))
    return decodeFloatArithmetic(d, inst);
  std::string_view part = d.takeOneOf({"lo", "hi", "wide"});
  ScalarType type = d.takeType();
  if (part.empty() || !d.expectOperands(4))
    return d.fail("expected '.lo', '.hi' or '.wide'");
  ScalarType result = part == "wide" ? widened(type) : type;
  inst.cls = InstClass::Int;
  inst.dst = d.destination(0, result);
  inst.a = d.source(1, type);
  inst.b = d.source(2, type);
  inst.c = d.source(3, result);
  inst.exec = part == "wide" ? madWideFor(type)
              : part == "lo" ? ternaryFor<MadLo>(type)
                             : ternaryFor<MadHi>(type);
  return true;
}

bool decodeSad(DecodeContext &d, Inst &inst) {
  ScalarType type = d.takeType();
  if (!d.expectOperands(4))
    return false;
  takeSources(d, inst, type, 3);
  inst.exec = ternaryFor<AbsDiffAdd>(type);
  return true;
}

template <template <class> class Op>
bool decodeUnary(DecodeContext &d, Inst &inst) {
  if (isFloatForm(d))
    return decodeFloatArithmetic(d, inst);
  ScalarType type = d.takeType();
  if (!d.expectOperands(2))
    return false;
  takeSources(d, inst, type, 1);
  switch (type) {
  case ScalarType::S16:
    inst.exec = execUnary<Op<int16_t>, int16_t, int16_t>;
    break;
  case ScalarType::S32:
    inst.exec = execUnary<Op<int32_t>, int32_t, int32_t>;
    break;
  case ScalarType::S64:
    inst.exec = execUnary<Op<int64_t>, int64_t, int64_t>;
    break;
  default:
    break;
  }
  return true;
}
} // namespace

void attn::sim::registerInteger(OpcodeTable &table) {
  table["add"] = decodeBinary<Add>;
  table["sub"] = decodeBinary<Sub>;
  table["div"] = decodeBinary<Div>;
  table["rem"] = decodeBinary<Rem>;
  table["min"] = decodeMinMax<Min>;
  table["max"] = decodeMinMax<Max>;
  table["mul"] = decodeMul;
  table["mad"] = decodeMad;
  table["sad"] = decodeSad;
  table["abs"] = decodeUnary<Abs>;
  table["neg"] = decodeUnary<Neg>;
}
