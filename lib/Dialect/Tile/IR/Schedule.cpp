//===- Schedule.cpp - constraints of a schedule by itself -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace mlir::tile;

using EmitError = llvm::function_ref<InFlightDiagnostic()>;

/// What setmaxnreg takes.
static LogicalResult verifyRegisters(EmitError emitError, StringRef role,
                                     int64_t registers) {
  if (registers == 0 ||
      (registers >= 24 && registers <= 256 && registers % 8 == 0))
    return success();
  return emitError() << "expected " << role
                     << "_registers to be 0 or a multiple of 8 from 24 to 256, "
                        "but got "
                     << registers;
}

/// Groups that have the same rows read each other's weights.
static LogicalResult verifySplitColumns(EmitError emitError, int64_t m,
                                        int64_t n, int64_t warps,
                                        Weights weights, bool overlap) {
  if (m < 16 || m % 16 || 16 * warps < 2 * m || 16 * warps % m)
    return emitError() << "expected split = columns to have 16 rows a warp and "
                          "2 groups of warps or more, that is m = 16 * warps "
                          "/ 2 or an even smaller part, but got warps = "
                       << warps << " and m = " << m;
  int64_t groups = 16 * warps / m;
  if (weights != Weights::Shared)
    return emitError() << "expected weights = shared for split = columns: "
                          "each group multiplies the weights of all";
  if (overlap)
    return emitError() << "expected split = rows for overlap: the weights of a "
                          "tile are written when all have read those before";
  if (n % (16 * groups))
    return emitError() << "expected n to be a multiple of 16 for each group "
                          "that shares the keys, that is of "
                       << 16 * groups << ", but got " << n;
  return success();
}

LogicalResult ScheduleAttr::verify(EmitError emitError, int64_t m, int64_t n,
                                   int64_t warps, int64_t stages, Order,
                                   int64_t consumers, int64_t producerRegisters,
                                   int64_t consumerRegisters, Weights weights,
                                   bool overlap, bool pingPong, Rescale rescale,
                                   int64_t threshold, bool persistent,
                                   bool longestFirst, int64_t cluster,
                                   Split split, bool promote) {
  if (warps < 1 || warps > 32)
    return emitError() << "expected 1 to 32 warps, but got " << warps;
  if (split == Split::Columns &&
      failed(verifySplitColumns(emitError, m, n, warps, weights, overlap)))
    return failure();
  int64_t rowGroups = split == Split::Columns ? 1 : consumers;
  if (split == Split::Rows && (m < 16 * warps || m % (16 * warps)))
    return emitError()
           << "expected m to be a positive multiple of 16 * warps = "
           << 16 * warps << ", but got " << m;
  if (n < 16 || n % 16)
    return emitError() << "expected n to be a positive multiple of 16, but got "
                       << n;
  if (stages < 1 || stages > 8)
    return emitError() << "expected 1 to 8 stages, but got " << stages;
  if (consumers == 0) {
    bool staged = weights == Weights::Shared && split == Split::Rows;
    if (producerRegisters || consumerRegisters || staged || overlap ||
        pingPong || rescale == Rescale::Before || threshold || persistent ||
        longestFirst || cluster != 1 || promote)
      return emitError() << "expected consumers for a schedule with roles, but "
                            "got consumers = 0";
    return success();
  }
  if (consumers < 1 || consumers > 3)
    return emitError() << "expected 1 to 3 consumers, but got " << consumers;
  if (warps != 4 * consumers || m != 64 * rowGroups)
    return emitError() << "expected 4 warps for each consumer and 64 rows for "
                       << (split == Split::Rows ? "each" : "all of them")
                       << ", that is warps = " << 4 * consumers
                       << " and m = " << 64 * rowGroups
                       << ", but got warps = " << warps << " and m = " << m;
  if (n > 256)
    return emitError() << "expected n of at most 256, but got " << n;
  if (failed(verifyRegisters(emitError, "producer", producerRegisters)) ||
      failed(verifyRegisters(emitError, "consumer", consumerRegisters)))
    return failure();
  if (!producerRegisters != !consumerRegisters)
    return emitError() << "expected producer_registers and consumer_registers "
                          "together, but got "
                       << producerRegisters << " and " << consumerRegisters;
  if (overlap && stages < 2)
    return emitError() << "expected at least 2 stages for overlap: a tile is "
                          "still read when the next one is needed";
  if (pingPong && (!overlap || consumers < 2))
    return emitError() << "expected overlap and 2 or 3 consumers for "
                          "ping_pong, but got "
                       << consumers
                       << (overlap ? " consumers" : " without overlap");
  if (rescale == Rescale::Before && !overlap)
    return emitError() << "expected overlap for rescale = before: without it "
                          "nothing runs under the first product";
  if (threshold < 0 || threshold > 16)
    return emitError() << "expected a threshold of 0 to 16, but got "
                       << threshold;
  if (cluster != 1 && cluster != 2)
    return emitError() << "expected a cluster of 1 or 2 blocks, but got "
                       << cluster;
  return success();
}
