//===- Bulk.h - operands of bulk copies -------------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_BULK_H
#define ATTN_LIB_SIM_EXEC_BULK_H

#include "Access.h"

namespace attn::sim {

/// Inst::flags of a bulk copy.
enum BulkFlags : uint8_t {
  BulkMulticast = 1,
  BulkAddition = 2,
  BulkOwnShared = 4, ///< `.shared::cta` destination
  BulkRead = 8,      ///< wait_group.read
};

/// Operands of a bulk copy. Inst::count = rank, 0 for a plain copy; Inst::sub =
/// type of a plain reduction. Kept in Program::operands, in this order.
struct BulkOperands {
  struct Address {
    uint32_t slot = 0, is32 = 0, offsetLow = 0, offsetHigh = 0;
  };
  Address shared, global, mbarrier; ///< `global`: of the tensor map, if any
  uint32_t size = 0;                ///< plain copies
  uint32_t multicast = 0;
  uint32_t coordinates[maxTensorRank] = {};

  static BulkOperands of(const Warp &warp, const Inst &inst);
};

/// What `lane` copies; false after a report. The offset in shared memory and
/// what depends on it are left to the caller.
bool readBulkCopy(Warp &warp, const Inst &inst, const BulkOperands &operands,
                  unsigned lane, BulkCopy &copy);

/// The value of an address operand; false after a report.
bool readBulkAddress(Warp &warp, const BulkOperands::Address &operand,
                     unsigned lane, uint64_t &address);

/// Checks the place in shared memory, relative to the window of `owner`.
bool checkBulkPlace(Warp &warp, unsigned lane, const Cta &owner, uint64_t at,
                    const BulkCopy &copy);

/// Checks and counts the global bytes of a copy by `lane`, which are remembered
/// as `stamp`.
void accessBulkGlobal(Warp &warp, const Inst &inst, unsigned lane,
                      const BulkCopy &copy, const Stamp &stamp,
                      AccessKind kind);

void execBulkLoad(Warp &warp, const Inst &inst, uint32_t mask);
void execBulkStore(Warp &warp, const Inst &inst, uint32_t mask);
void execBulkCommit(Warp &warp, const Inst &inst, uint32_t mask);
void execBulkWait(Warp &warp, const Inst &inst, uint32_t mask);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_BULK_H
