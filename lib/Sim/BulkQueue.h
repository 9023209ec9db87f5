//===- BulkQueue.h - bulk stores of one warp --------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A store reads its source at some time up to the wait_group.read that covers
// it, and writes global memory up to the wait_group, or the end. Groups belong
// to a thread.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_BULKQUEUE_H
#define ATTN_LIB_SIM_BULKQUEUE_H

#include "BulkCopy.h"
#include "Sanitizer/AsyncProxy.h"

#include <array>

namespace attn::sim {

struct BulkStore {
  BulkCopy copy;
  AsyncReadsHandle reads; ///< of the source; nullptr: nothing to move
  uint32_t group = 0, pc = 0;
  uint8_t lane = 0;
  bool isRead = false;    ///< a wait has covered the reads
  bool hasData = false;   ///< the source is in `data`
  bool isWritten = false; ///< global memory has the data
  uint32_t writeTime = 0; ///< of the thread's agent for writes
  std::vector<uint8_t> data, init;
};

struct BulkQueue {
  std::vector<BulkStore> stores; ///< in issue order
  std::array<uint32_t, 32> committed = {};
  std::array<AsyncAgent, 32> readers, writers; ///< by lane

  void reset() {
    stores.clear();
    committed = {};
    readers = writers = {};
  }
};

/// Ends the stores that the warp leaves behind, and reports what it should have
/// waited for.
void finishBulkStores(Warp &warp);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_BULKQUEUE_H
