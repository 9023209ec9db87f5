//===- TensorData.cpp - typed host tensors --------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TensorData.h"
#include "attn/Runtime/HalfFloat.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace attn;
using namespace attn::run;

namespace {
struct ElementTraits {
  const char *name;
  size_t bytes;
  bool isFloat;
};
} // namespace

static const ElementTraits &traits(Element element) {
  static const ElementTraits table[] = {
      {"f16", 2, true}, {"bf16", 2, true},     {"f32", 4, true},
      {"f64", 8, true}, {"f8E4M3FN", 1, true}, {"f8E5M2", 1, true},
      {"i1", 1, false}, {"i8", 1, false},      {"i32", 4, false},
      {"i64", 8, false}};
  return table[static_cast<int>(element)];
}

size_t run::bytesOf(Element element) { return traits(element).bytes; }
llvm::StringRef run::nameOf(Element element) { return traits(element).name; }
bool run::isFloat(Element element) { return traits(element).isFloat; }
bool run::isFloat8(Element element) {
  return element == Element::F8E4M3FN || element == Element::F8E5M2;
}

template <typename T> static void store(void *to, T value) {
  std::memcpy(to, &value, sizeof(value));
}

template <typename T> static T load(const void *from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

static const llvm::fltSemantics &float8Semantics(Element element) {
  return element == Element::F8E4M3FN ? llvm::APFloat::Float8E4M3FN()
                                      : llvm::APFloat::Float8E5M2();
}

static uint8_t roundToFloat8(Element element, double value) {
  const llvm::fltSemantics &semantics = float8Semantics(element);
  llvm::APFloat rounded(value);
  const llvm::APFloat largest = llvm::APFloat::getLargest(semantics);
  if (std::abs(value) > largest.convertToDouble())
    rounded = llvm::APFloat::getLargest(semantics, value < 0);
  bool losesInfo;
  rounded.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return static_cast<uint8_t>(rounded.bitcastToAPInt().getZExtValue());
}

void run::storeReal(Element element, void *to, double value) {
  switch (element) {
  case Element::F16:
    return store(to, runtime::roundToHalf(value));
  case Element::BF16:
    return store(to, runtime::roundToBFloat(value));
  case Element::F64:
    return store(to, value);
  case Element::F8E4M3FN:
  case Element::F8E5M2:
    return store(to, roundToFloat8(element, value));
  default:
    return store(to, static_cast<float>(value));
  }
}

template <typename T> static bool storeInRange(void *to, int64_t value) {
  if (value < std::numeric_limits<T>::min() ||
      value > std::numeric_limits<T>::max())
    return false;
  store(to, static_cast<T>(value));
  return true;
}

bool run::storeInteger(Element element, void *to, int64_t value) {
  switch (element) {
  case Element::I1:
    return storeInRange<bool>(to, value);
  case Element::I8:
    return storeInRange<int8_t>(to, value);
  case Element::I32:
    return storeInRange<int32_t>(to, value);
  default:
    return storeInRange<int64_t>(to, value);
  }
}

std::string run::shapeText(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(
      shape, stream,
      [&](int64_t size) {
        if (size < 0) // ShapedType::kDynamic
          stream << '?';
        else
          stream << size;
      },
      "x");
  return text;
}

llvm::Expected<int64_t> run::elementCount(llvm::ArrayRef<int64_t> shape) {
  // Strides are computed from the sizes, so they too have to stay in range when
  // one of the sizes is 0.
  int64_t count = 1, extent = 1;
  for (int64_t size : shape) {
    count *= size;
    if (llvm::MulOverflow(extent, size ? size : 1, extent) ||
        extent > std::numeric_limits<int64_t>::max() / 16)
      return llvm::createStringError("expected a smaller tensor than " +
                                     shapeText(shape));
  }
  return count;
}

llvm::Expected<TensorData> TensorData::create(Element element,
                                              llvm::ArrayRef<int64_t> shape) {
  TensorData tensor;
  tensor.type = element;
  tensor.dims.assign(shape.begin(), shape.end());
  auto count = elementCount(shape);
  if (!count)
    return count.takeError();
  tensor.count = *count;
  auto buffer = GuardedBuffer::create(tensor.byteSize());
  if (!buffer)
    return buffer.takeError();
  tensor.buffer = std::move(*buffer);
  return tensor;
}

double TensorData::get(int64_t i) const {
  const void *from = at(i);
  switch (type) {
  case Element::F16:
    return runtime::halfToFloat(load<uint16_t>(from));
  case Element::BF16:
    return runtime::bfloatToFloat(load<uint16_t>(from));
  case Element::F32:
    return load<float>(from);
  case Element::F64:
    return load<double>(from);
  case Element::F8E4M3FN:
  case Element::F8E5M2:
    return llvm::APFloat(float8Semantics(type),
                         llvm::APInt(8, load<uint8_t>(from)))
        .convertToDouble();
  case Element::I1:
  case Element::I8:
    return load<int8_t>(from);
  case Element::I32:
    return load<int32_t>(from);
  case Element::I64:
    return static_cast<double>(load<int64_t>(from));
  }
  return 0;
}
