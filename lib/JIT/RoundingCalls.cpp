//===- RoundingCalls.cpp - compiler calls for 16-bit floats ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A 16-bit float travels in the low half of the register that holds a float, on
// x86-64 and AArch64 alike. So `float` stands for it in these signatures, and
// the file does not need a compiler that knows _Float16 or __bf16.

#include "RoundingCalls.h"
#include "attn/Runtime/HalfFloat.h"
#include <cstdint>
#include <cstring>

using namespace attn;

static float carry(uint16_t bits) {
  const uint32_t wide = bits;
  float carrier;
  std::memcpy(&carrier, &wide, sizeof(carrier));
  return carrier;
}

static uint16_t carried(float carrier) {
  uint32_t wide;
  std::memcpy(&wide, &carrier, sizeof(wide));
  return static_cast<uint16_t>(wide);
}

static float floatToHalf(float value) {
  return carry(runtime::roundToHalf(value));
}
static float doubleToHalf(double value) {
  return carry(runtime::roundToHalf(value));
}
static float halfToFloat(float value) {
  return runtime::halfToFloat(carried(value));
}
static float floatToBFloat(float value) {
  return carry(runtime::roundToBFloat(value));
}
static float doubleToBFloat(double value) {
  return carry(runtime::roundToBFloat(value));
}

llvm::ArrayRef<std::pair<const char *, void *>> jit::roundingCalls() {
  static const std::pair<const char *, void *> calls[] = {
      {"__truncsfhf2", reinterpret_cast<void *>(floatToHalf)},
      {"__truncdfhf2", reinterpret_cast<void *>(doubleToHalf)},
      {"__extendhfsf2", reinterpret_cast<void *>(halfToFloat)},
      {"__truncsfbf2", reinterpret_cast<void *>(floatToBFloat)},
      {"__truncdfbf2", reinterpret_cast<void *>(doubleToBFloat)},
  };
  return calls;
}
