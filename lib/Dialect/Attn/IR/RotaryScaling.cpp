//===- RotaryScaling.cpp - frequencies for longer sequences ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The formulas are those of docs/Spec.md, in float64. Labels in brackets are
// its constraints.

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

using EmitError = function_ref<InFlightDiagnostic()>;
using Frequencies = SmallVector<double>;

static constexpr double kPi = 3.14159265358979323846;

//===----------------------------------------------------------------------===//
// Pieces
//===----------------------------------------------------------------------===//

/// base^(-2d / R) of RoFormer.
static Frequencies plainFrequencies(double base, int64_t rotaryDim) {
  Frequencies frequencies;
  for (int64_t d = 0; d < rotaryDim / 2; ++d)
    frequencies.push_back(std::pow(base, -2.0 * double(d) / double(rotaryDim)));
  return frequencies;
}

static double valueOr(FloatAttr attribute, double otherwise) {
  return attribute ? attribute.getValueAsDouble() : otherwise;
}

static LogicalResult verifyPositive(EmitError emitError, StringRef name,
                                    FloatAttr attribute) {
  if (!attribute)
    return success();
  double value = attribute.getValueAsDouble();
  if (attribute.getType().isF64() && std::isfinite(value) && value > 0)
    return success();
  return emitError() << "[P9] expected a finite positive " << name
                     << " of type f64, but got " << attribute;
}

static LogicalResult verifyLength(EmitError emitError, int64_t length,
                                  int64_t least) {
  if (length >= least && length < (int64_t(1) << 30))
    return success();
  return emitError() << "[P9] expected an original_length from " << least
                     << " to 2^30, but got " << length;
}

//===----------------------------------------------------------------------===//
// Linear
//===----------------------------------------------------------------------===//

LogicalResult LinearRotaryAttr::verify(EmitError emitError, FloatAttr factor) {
  return verifyPositive(emitError, "factor", factor);
}

Frequencies LinearRotaryAttr::getFrequencies(double base, int64_t rotaryDim,
                                             bool) const {
  Frequencies frequencies = plainFrequencies(base, rotaryDim);
  for (double &frequency : frequencies)
    frequency /= getFactor().getValueAsDouble();
  return frequencies;
}

//===----------------------------------------------------------------------===//
// NTK-aware
//===----------------------------------------------------------------------===//

LogicalResult NtkRotaryAttr::verify(EmitError emitError, FloatAttr factor) {
  return verifyPositive(emitError, "factor", factor);
}

LogicalResult NtkRotaryAttr::verifyFor(EmitError emitError, double,
                                       int64_t rotaryDim) const {
  if (rotaryDim > 2)
    return success();
  return emitError() << "[P9] expected a rotary width of 4 or more with "
                        "NTK-aware scaling, but got "
                     << rotaryDim;
}

Frequencies NtkRotaryAttr::getFrequencies(double base, int64_t rotaryDim,
                                          bool) const {
  const double width = double(rotaryDim);
  return plainFrequencies(
      base * std::pow(getFactor().getValueAsDouble(), width / (width - 2)),
      rotaryDim);
}

//===----------------------------------------------------------------------===//
// YaRN
//===----------------------------------------------------------------------===//

static constexpr double kBetaFast = 32, kBetaSlow = 1;

LogicalResult YarnRotaryAttr::verify(EmitError emitError, FloatAttr factor,
                                     int64_t originalLength, FloatAttr betaFast,
                                     FloatAttr betaSlow,
                                     FloatAttr attentionFactor) {
  for (auto [name, attribute] : {std::pair("factor", factor),
                                 {"beta_fast", betaFast},
                                 {"beta_slow", betaSlow},
                                 {"attention_factor", attentionFactor}})
    if (failed(verifyPositive(emitError, name, attribute)))
      return failure();
  const double fast = valueOr(betaFast, kBetaFast),
               slow = valueOr(betaSlow, kBetaSlow);
  if (fast < slow)
    return emitError() << "[P9] expected beta_fast of at least beta_slow, but "
                          "got "
                       << fast << " and " << slow;
  return verifyLength(emitError, originalLength, 1);
}

LogicalResult YarnRotaryAttr::verifyFor(EmitError emitError, double base,
                                        int64_t) const {
  if (base > 1)
    return success();
  return emitError() << "[P9] expected a base above 1 with YaRN, but got "
                     << base;
}

/// Dimension d has made `rotations` turns when the original length ends.
static double dimensionOfRotations(double rotations, double base,
                                   int64_t rotaryDim, int64_t length) {
  return double(rotaryDim) * std::log(double(length) / (rotations * 2 * kPi)) /
         (2 * std::log(base));
}

Frequencies YarnRotaryAttr::getFrequencies(double base, int64_t rotaryDim,
                                           bool) const {
  auto dimension = [&](double rotations) {
    return dimensionOfRotations(rotations, base, rotaryDim,
                                getOriginalLength());
  };
  const double low =
      std::max(std::floor(dimension(valueOr(getBetaFast(), kBetaFast))), 0.0);
  double high =
      std::min(std::ceil(dimension(valueOr(getBetaSlow(), kBetaSlow))),
               double(rotaryDim - 1));
  if (high == low)
    high += 0.001; // a step instead of a ramp
  Frequencies frequencies = plainFrequencies(base, rotaryDim);
  for (auto [d, frequency] : llvm::enumerate(frequencies)) {
    const double ramp = std::clamp((double(d) - low) / (high - low), 0.0, 1.0);
    const double slowed = frequency / getFactor().getValueAsDouble();
    frequency = slowed * ramp + frequency * (1 - ramp);
  }
  return frequencies;
}

double YarnRotaryAttr::getMagnitude() const {
  if (FloatAttr given = getAttentionFactor())
    return given.getValueAsDouble();
  const double factor = getFactor().getValueAsDouble();
  return factor > 1 ? 0.1 * std::log(factor) + 1 : 1;
}

//===----------------------------------------------------------------------===//
// Llama 3
//===----------------------------------------------------------------------===//

LogicalResult Llama3RotaryAttr::verify(EmitError emitError, FloatAttr factor,
                                       FloatAttr low, FloatAttr high,
                                       int64_t originalLength) {
  for (auto [name, attribute] : {std::pair("factor", factor),
                                 {"low_freq_factor", low},
                                 {"high_freq_factor", high}})
    if (failed(verifyPositive(emitError, name, attribute)))
      return failure();
  if (low.getValueAsDouble() >= high.getValueAsDouble())
    return emitError() << "[P9] expected low_freq_factor below "
                          "high_freq_factor, but got "
                       << low << " and " << high;
  return verifyLength(emitError, originalLength, 1);
}

Frequencies Llama3RotaryAttr::getFrequencies(double base, int64_t rotaryDim,
                                             bool) const {
  const double low = getLowFreqFactor().getValueAsDouble(),
               high = getHighFreqFactor().getValueAsDouble();
  Frequencies frequencies = plainFrequencies(base, rotaryDim);
  for (double &frequency : frequencies) {
    // Turns within the original length: few of a long wavelength.
    const double turns = double(getOriginalLength()) * frequency / (2 * kPi);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    const double slowed = frequency / getFactor().getValueAsDouble();
    frequency = (1 - kept) * slowed + kept * frequency;
  }
  return frequencies;
}

//===----------------------------------------------------------------------===//
// LongRoPE
//===----------------------------------------------------------------------===//

LogicalResult LongRotaryAttr::verify(EmitError emitError,
                                     DenseF64ArrayAttr shortFactors,
                                     DenseF64ArrayAttr longFactors,
                                     FloatAttr factor, int64_t originalLength,
                                     FloatAttr attentionFactor) {
  for (auto [name, attribute] :
       {std::pair("factor", factor), {"attention_factor", attentionFactor}})
    if (failed(verifyPositive(emitError, name, attribute)))
      return failure();
  for (auto [name, factors] : {std::pair("short_factors", shortFactors),
                               {"long_factors", longFactors}})
    for (double value : factors.asArrayRef())
      if (!std::isfinite(value) || value <= 0)
        return emitError() << "[P9] expected finite positive " << name
                           << ", but got " << value;
  // The attention factor divides by the logarithm of the length.
  return verifyLength(emitError, originalLength, 2);
}

LogicalResult LongRotaryAttr::verifyFor(EmitError emitError, double,
                                        int64_t rotaryDim) const {
  for (auto [name, factors] : {std::pair("short_factors", getShortFactors()),
                               {"long_factors", getLongFactors()}})
    if (factors.size() != rotaryDim / 2)
      return emitError() << "[P9] expected " << rotaryDim / 2 << " " << name
                         << ", half of the rotary width, but got "
                         << factors.size();
  return success();
}

Frequencies LongRotaryAttr::getFrequencies(double base, int64_t rotaryDim,
                                           bool isLong) const {
  Frequencies frequencies = plainFrequencies(base, rotaryDim);
  DenseF64ArrayAttr factors = isLong ? getLongFactors() : getShortFactors();
  for (auto [frequency, factor] :
       llvm::zip_equal(frequencies, factors.asArrayRef()))
    frequency /= factor;
  return frequencies;
}

double LongRotaryAttr::getMagnitude() const {
  if (FloatAttr given = getAttentionFactor())
    return given.getValueAsDouble();
  const double factor = getFactor().getValueAsDouble();
  if (factor <= 1)
    return 1;
  return std::sqrt(1 +
                   std::log(factor) / std::log(double(getOriginalLength())));
}

std::optional<int64_t> LongRotaryAttr::getLengthLimit() const {
  return getOriginalLength();
}

//===----------------------------------------------------------------------===//
// attn.rotary
//===----------------------------------------------------------------------===//

static constexpr double kDefaultBase = 10000;

double RotaryOp::getBaseOrDefault() {
  return getBase() ? getBase()->convertToDouble() : kDefaultBase;
}

SmallVector<SmallVector<float>> RotaryOp::getFrequencies() {
  auto rounded = [](ArrayRef<double> frequencies) {
    return SmallVector<float>(frequencies.begin(), frequencies.end());
  };
  const double base = getBaseOrDefault();
  const int64_t width = getRotaryWidth();
  std::optional<RotaryScalingAttrInterface> scaling = getScaling();
  if (!scaling)
    return {rounded(plainFrequencies(base, width))};
  SmallVector<SmallVector<float>> rows = {
      rounded(scaling->getFrequencies(base, width, /*isLong=*/false))};
  if (getLengthLimit())
    rows.push_back(
        rounded(scaling->getFrequencies(base, width, /*isLong=*/true)));
  return rows;
}

std::optional<int64_t> RotaryOp::getLengthLimit() {
  return getScaling() ? getScaling()->getLengthLimit() : std::nullopt;
}

double RotaryOp::getMagnitude() {
  return getScaling() ? getScaling()->getMagnitude() : 1.0;
}
