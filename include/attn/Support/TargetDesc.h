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
  llvm::StringRef chip;       ///< as ptxas spells it, e.g. "sm_80"
  llvm::StringRef ptxFeature; ///< lowest PTX version with all that is emitted

  // Limits of one block, and of the thread in it.
  int64_t sharedBytesPerBlock; ///< dynamic shared memory
  int64_t registersPerThread;
  int64_t registersPerBlock;
  int64_t threadsPerBlock;
  int64_t namedBarriers; ///< barrier 0 included

  // What blocks share.
  int64_t sharedBytesPerMultiprocessor;
  int64_t reservedSharedBytesPerBlock; ///< that the system takes for each

  // Features.
  bool hasAsyncCopy = false;          ///< cp.async
  bool hasMma16 = false;              ///< mma.sync.m16n8k16 for f16 and bf16
  bool hasStmatrix = false;           ///< stmatrix
  bool hasTransactionBarrier = false; ///< mbarrier with expect_tx and try_wait
  bool hasTensorCopy = false;      ///< cp.async.bulk.tensor through tensor maps
  bool hasCluster = false;         ///< clusters, multicast, mapa
  bool hasWgmma = false;           ///< wgmma.mma_async
  bool hasSetMaxRegisters = false; ///< setmaxnreg
  bool hasFp8 = false; ///< e4m3 and e5m2 in conversions and matrices

  /// Null when the chip is unknown.
  static const TargetDesc *lookup(llvm::StringRef chip);
  /// "sm_80, ..." for messages.
  static std::string knownChips();
  /// Why lookup() is null: what was expected, what came, what helps.
  static std::string explainUnknown(llvm::StringRef chip);
};

} // namespace attn

#endif
