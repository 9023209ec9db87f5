//===- Chip.h - which code runs on which GPU --------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules of the CUDA C++ Programming Guide, "Binary Compatibility" and "PTX
// Compatibility": machine code runs on the same major and an equal or higher
// minor compute capability, PTX on every later chip, and both only on the very
// chip when the target is architecture-specific (a suffix `a`).

#ifndef ATTN_LIB_RUNTIME_CHIP_H
#define ATTN_LIB_RUNTIME_CHIP_H

#include <optional>
#include <string_view>

namespace attn::runtime {

struct Chip {
  int major = 0, minor = 0;
  bool isSpecific = false; ///< ends in `a`

  /// Reads "sm_80", "sm_90a", "sm_103".
  static std::optional<Chip> parse(std::string_view text);

  bool runsCubinOf(const Chip &target) const;
  bool runsPtxOf(const Chip &target) const;

  int capability() const { return major * 10 + minor; }
};

} // namespace attn::runtime

#endif
