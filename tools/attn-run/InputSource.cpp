//===- InputSource.cpp - where an argument's value comes from -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "InputSource.h"
#include "NpyFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstring>

using namespace attn::run;
using llvm::createStringError;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Random numbers
//===----------------------------------------------------------------------===//

namespace {
/// Normal numbers by SplitMix64 and Box-Muller: the same on every machine,
/// which the distributions of the standard library are not.
class NormalGenerator {
public:
  explicit NormalGenerator(uint64_t seed) : state(seed) {}

  double next() {
    if (hasSpare) {
      hasSpare = false;
      return spare;
    }
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double angle = 2 * llvm::numbers::pi * uniform();
    hasSpare = true;
    spare = radius * std::sin(angle);
    return radius * std::cos(angle);
  }

  /// In (0, 1], so that its logarithm is finite.
  double uniform() {
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return static_cast<double>((z >> 11) + 1) * 0x1p-53;
  }

private:
  uint64_t state;
  double spare = 0;
  bool hasSpare = false;
};
} // namespace

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

static bool parseShape(StringRef text, Shape &shape) {
  llvm::SmallVector<StringRef> parts;
  text.split(parts, 'x');
  for (StringRef part : parts) {
    int64_t size;
    if (part.getAsInteger(10, size) || size < 0)
      return false;
    shape.push_back(size);
  }
  return true;
}

llvm::Expected<InputSource> InputSource::parse(StringRef text) {
  InputSource source;
  source.text = text.str();
  StringRef rest = text;
  if (rest.consume_front("random:"))
    source.kind = Kind::Random;
  else if (rest.consume_front("zeros:"))
    source.kind = Kind::Zeros;
  else
    return source;

  auto [shape, scale] = rest.split(':');
  const bool hasScale = rest.contains(':');
  if (!parseShape(shape, source.shape))
    return createStringError("expected a shape such as 1x8x128x64 in '" + text +
                             "', but got '" + shape + "'");
  if (hasScale && source.kind == Kind::Zeros)
    return createStringError("expected zeros:SHAPE, but got '" + text + "'");
  if (hasScale &&
      (scale.getAsDouble(source.scale) || !std::isfinite(source.scale)))
    return createStringError("expected a number as the scale of '" + text +
                             "', but got '" + scale + "'");
  return source;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static llvm::Error checkShape(llvm::ArrayRef<int64_t> declared,
                              llvm::ArrayRef<int64_t> shape) {
  bool same = declared.size() == shape.size();
  for (size_t i = 0; same && i < shape.size(); ++i)
    same = declared[i] < 0 || declared[i] == shape[i];
  if (same)
    return llvm::Error::success();
  return createStringError("expected shape " + shapeText(declared) +
                           ", but got " + shapeText(shape));
}

llvm::Expected<TensorData>
InputSource::loadFile(Element element, llvm::ArrayRef<int64_t> declared) const {
  auto file = NpyFile::open(text);
  if (!file)
    return file.takeError();
  if (llvm::Error error = checkShape(declared, file->shape()))
    return createStringError(text + ": " + llvm::toString(std::move(error)));
  const bool isCodes = isFloat8(element) && file->dtype() == "uint8";
  if (!isCodes && file->isFloat() != isFloat(element))
    return createStringError(text + ": expected " +
                             (isFloat(element) ? "floating-point" : "integer") +
                             " elements for " + nameOf(element) + ", but got " +
                             file->dtype());
  auto tensor = TensorData::create(element, file->shape());
  if (!tensor)
    return createStringError(text + ": " + llvm::toString(tensor.takeError()));
  for (int64_t i = 0; i < tensor->size(); ++i) {
    if (isCodes)
      *static_cast<uint8_t *>(tensor->at(i)) = uint8_t(file->integer(i));
    else if (isFloat(element))
      storeReal(element, tensor->at(i), file->real(i));
    else if (!storeInteger(element, tensor->at(i), file->integer(i)))
      return createStringError(text + ": element " + llvm::Twine(i) + " is " +
                               llvm::Twine(file->integer(i)) +
                               ", which does not fit " + nameOf(element));
  }
  return tensor;
}

llvm::Expected<TensorData>
InputSource::loadTensor(Element element, llvm::ArrayRef<int64_t> declared,
                        uint64_t seed, bool isScales) const {
  if (kind == Kind::File)
    return loadFile(element, declared);
  if (llvm::Error error = checkShape(declared, shape))
    return createStringError(text + ": " + llvm::toString(std::move(error)));
  auto tensor = TensorData::create(element, shape);
  if (!tensor)
    return createStringError(text + ": " + llvm::toString(tensor.takeError()));
  if (kind == Kind::Zeros)
    return tensor;
  if (!isFloat(element))
    return createStringError(text +
                             ": expected a floating-point tensor for "
                             "random:, but the argument is of " +
                             nameOf(element));
  NormalGenerator normal(seed);
  for (int64_t i = 0; i < tensor->size(); ++i)
    storeReal(element, tensor->at(i),
              scale * (isScales ? std::exp2(2 * normal.uniform() - 1)
                                : normal.next()));
  return tensor;
}

llvm::Expected<uint64_t> InputSource::loadScalar(Element element) const {
  uint64_t bits = 0;
  auto expected = [&](const char *what) {
    return createStringError(llvm::Twine("expected ") + what + " for " +
                             nameOf(element) + ", but got '" + text + "'");
  };
  if (kind != Kind::File)
    return expected("a number");
  if (isFloat(element)) {
    double value;
    if (StringRef(text).getAsDouble(value))
      return expected("a number");
    storeReal(element, &bits, value);
    return bits;
  }
  int64_t value;
  if (StringRef(text).getAsInteger(10, value) ||
      !storeInteger(element, &bits, value))
    return expected("an integer in range");
  return bits;
}
