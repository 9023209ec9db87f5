//===- AsyncProxy.h - shared memory and the async proxy ---------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// wgmma and bulk copies reach shared memory through the async proxy. What the
// generic proxy wrote before is there only after a fence.proxy.async of the
// writing thread, and what an operation reads must stay as it is from its issue
// until it is known to have ended. Both are kept for granules of 16 bytes.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_SANITIZER_ASYNCPROXY_H
#define ATTN_LIB_SIM_SANITIZER_ASYNCPROXY_H

#include "Clocks.h"

#include <memory>
#include <vector>

namespace attn::sim {

class Cta;
class Warp;
struct Inst;

/// Bytes of shared memory; `offset` is relative to the window (address minus
/// sharedBase). The async proxy moves multiples of 16 aligned bytes.
struct SharedRange {
  uint32_t offset = 0, bytes = 0;
};

/// Whose operations end in the order of their issue: one warp group (wgmma), or
/// one thread (bulk stores). The owner keeps it for the life of the CTA.
struct AsyncAgent {
  uint16_t column = 0; ///< of the clocks; 0: not made yet
  uint32_t issued = 0; ///< operations so far
};

/// An operation that reads shared memory between its begin and its end.
struct AsyncReads {
  std::vector<SharedRange> ranges;
  uint32_t pc = 0;
  uint32_t time = 0; ///< among the operations of the agent
  uint16_t column = 0;
  bool ended = false;
};
using AsyncReadsHandle = std::shared_ptr<AsyncReads>;

/// The operation at `inst`, issued by `lane` of `warp` (32: all lanes), starts
/// to read `ranges` of its CTA. Reports what is wrong with that: out of bounds,
/// a copy into them that has not ended, a write that is not ordered before the
/// issue, a generic write without a fence.proxy.async. From now on a write to
/// the bytes is `overwritten-operand`. Whether anybody wrote the bytes is left
/// to the caller (SharedMemory::init). Returns nullptr when the ranges are not
/// in shared memory.
AsyncReadsHandle beginAsyncReads(Warp &warp, const Inst &inst, unsigned lane,
                                 const std::vector<SharedRange> &ranges,
                                 AsyncAgent &agent);

/// Reports the first generic write to `range` of `owner` that the async proxy
/// does not see before what `lane` of `warp` issues now.
void checkPublished(Warp &warp, unsigned lane, const Cta &owner,
                    const SharedRange &range);

/// `lanes` of `warp` have seen the end of the operation (their wait covers it).
/// The first call ends the reads; each call orders the lanes, so each warp of a
/// group calls it for its own wait. Operations of an agent end in their order.
void endAsyncReads(Warp &warp, uint32_t lanes, const AsyncReadsHandle &reads);
/// The same for all lanes.
void endAsyncReads(Warp &warp, const AsyncReadsHandle &reads);

/// State of one CTA.
class AsyncProxy {
public:
  /// `enabled`: the program has instructions of the async proxy.
  void reset(uint32_t bytes, bool enabled);
  bool enabled() const { return on; }

  /// A generic write of (warp, lane) that is not visible to the proxy yet.
  void noteGenericWrite(uint32_t offset, uint32_t bytes, const Accessor &who);
  /// A write by the proxy itself.
  void noteAsyncWrite(uint32_t offset, uint32_t bytes);
  /// fence.proxy.async by `lanes` of a warp at its time `time`; `whole`: these
  /// are all that live.
  void fence(unsigned warp, uint32_t lanes, bool whole, uint32_t time);

  /// The last generic write to a granule.
  struct Writer {
    uint32_t pc = 0;
    uint32_t fenced = 0; ///< time of the fence; 0: none since the write
    uint16_t warp = 0;   ///< of the clocks
    uint8_t lane = 0;
    bool written = false; ///< by the generic proxy
  };
  const Writer &writer(uint32_t granule) const { return writers[granule]; }

  void pin(const AsyncReadsHandle &reads);
  void unpin(const AsyncReads &reads);
  /// The operation that is reading one of the bytes, or nullptr.
  const AsyncReads *reader(uint32_t offset, uint32_t bytes) const {
    return numPinned ? findReader(offset, bytes) : nullptr;
  }

private:
  const AsyncReads *findReader(uint32_t offset, uint32_t bytes) const;

  bool on = false;
  std::vector<Writer> writers;
  /// Granules that a warp wrote since the fences of the lanes that did.
  std::vector<std::vector<uint32_t>> unfenced;
  std::vector<uint16_t> pins;
  uint32_t numPinned = 0;
  std::vector<AsyncReadsHandle> active;
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_SANITIZER_ASYNCPROXY_H
