//===- NamedBarriers.h - who meets at which barrier --------------*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_TILETONVVM_COMMON_NAMEDBARRIERS_H
#define ATTN_LIB_CONVERSION_TILETONVVM_COMMON_NAMEDBARRIERS_H

#include <cstdint>

namespace mlir::tile {

/// Numbers of a block's barriers; those with a warp group count up from the
/// first. At most three warp groups consume.
enum NamedBarrier : int64_t {
  kBlockBarrier = 0,
  kConsumerBarrier = 1,
  kWarpGroupBarrier = 2, ///< + warp group: its own threads
  kTurnBarrier = 5,      ///< + warp group: it, and the one before
  kProducerBarrier = 8,
};

} // namespace mlir::tile

#endif
