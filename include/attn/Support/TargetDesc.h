//===- TargetDesc.h - limits and features of a chip ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_SUPPORT_TARGETDESC_H
#define ATTN_SUPPORT_TARGETDESC_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>

namespace attn {

/// What the compiler may ask of a chip. Passes ask for features and limits,
/// never for the chip's number.
struct TargetDesc {
  llvm::StringRef chip;        ///< as ptxas spells it, e.g. "sm_80"
  llvm::StringRef ptxFeature;  ///< lowest PTX version with all that is emitted
  int64_t sharedBytesPerBlock; ///< dynamic shared memory of one block
  int64_t registersPerThread;
  int64_t registersPerBlock;
  int64_t threadsPerBlock;
  bool hasAsyncCopy; ///< cp.async
  bool hasMma16;     ///< mma.sync.m16n8k16 for f16 and bf16

  /// Null when the chip is unknown.
  static const TargetDesc *lookup(llvm::StringRef chip);
  /// "sm_80, ..." for messages.
  static std::string knownChips();
};

} // namespace attn

#endif
