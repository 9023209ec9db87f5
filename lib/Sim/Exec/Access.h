//===- Access.h - checked access to all state spaces ------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every load, store, atomic and copy goes through these: they check bounds,
// alignment, races and unfinished copies, and report at the instruction.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_ACCESS_H
#define ATTN_LIB_SIM_EXEC_ACCESS_H

#include "../Cluster.h"
#include "Lanes.h"

namespace attn::sim {

enum class AccessKind : uint8_t { Read, Write, Atomic };

/// Where the bytes of an access lie on the host.
struct Bytes {
  uint8_t *data = nullptr; ///< nullptr: the access was reported and is void
  uint8_t *init = nullptr; ///< one flag a byte; nullptr: always initialised
  /// Another lane wrote here in the same instruction: a race unless the value
  /// is the same.
  bool repeated = false;
};

/// Effective address of each lane; poisoned ones are reported and removed from
/// `mask`.
void computeAddresses(Warp &warp, const Inst &inst, uint32_t slot, bool is32,
                      int64_t offset, uint32_t &mask, uint64_t *address);

/// Resolves a generic address to its space; `address` becomes an offset.
AddressSpace resolveGeneric(uint64_t &address);

/// `offset` as ld.shared sees it. Lane 32: an access of the whole warp.
Bytes accessShared(Warp &warp, const Inst &inst, unsigned lane, uint64_t offset,
                   unsigned bytes, AccessKind kind, bool strong);
/// The same for an address of shared::cluster.
Bytes accessSharedCluster(Warp &warp, const Inst &inst, unsigned lane,
                          uint64_t address, unsigned bytes, AccessKind kind,
                          bool strong);
/// The CTA that an address of shared::cluster lies in; `address` becomes one of
/// its own window. nullptr when there is none, which has been reported, as is
/// one that has ended.
Cta *resolveCluster(Warp &warp, unsigned lane, uint64_t &address);
Bytes accessGlobal(Warp &warp, const Inst &inst, unsigned lane,
                   uint64_t address, unsigned bytes, AccessKind kind,
                   bool strong, bool mustBeConst = false);
Bytes accessLocal(Warp &warp, unsigned lane, uint64_t offset, unsigned bytes);
Bytes accessParam(Warp &warp, unsigned lane, uint64_t offset, unsigned bytes);

/// The race between what `lane` does now and an earlier access.
void reportRace(Warp &warp, Hazard hazard, unsigned lane, bool isWrite,
                const Conflict &conflict, std::string buffer);

/// Adds the wavefronts of a shared access; `address` relative to the window.
void countShared(Warp &warp, const Inst &inst, uint32_t mask,
                 const uint64_t *address, unsigned bytes);
/// Adds bytes and sectors of a global access, buffer by buffer.
void countGlobal(Warp &warp, uint32_t mask, const uint64_t *address,
                 unsigned bytes, AccessKind kind);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_ACCESS_H
