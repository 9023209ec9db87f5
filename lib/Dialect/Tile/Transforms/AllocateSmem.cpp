//===- AllocateSmem.cpp - places of shared buffers ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEALLOCATESMEMPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

/// The period of the 128-byte swizzle.
static constexpr int64_t kAlignment = 1024;

/// A barrier object.
static constexpr int64_t kBarrierBytes = 8;

namespace {
/// A buffer with its first and last use among the ops of the kernel's block.
struct Buffer {
  AllocOp alloc;
  Operation *first = nullptr;
  Operation *last = nullptr;
  int64_t offset = 0;

  int64_t end() { return offset + alloc.getByteSize(); }
};
} // namespace

/// Uses through `tile.slot` and `tile.alias` count as uses of the buffer.
static LogicalResult extend(Buffer &buffer, Value value, Block *block) {
  for (Operation *user : value.getUsers()) {
    Operation *op = block->findAncestorOpInBlock(*user);
    if (!op)
      return user->emitOpError(
          "expected shared buffers to be used in the block "
          "that allocates them, or in regions in it");
    if (!buffer.first || op->isBeforeInBlock(buffer.first))
      buffer.first = op;
    if (!buffer.last || buffer.last->isBeforeInBlock(op))
      buffer.last = op;
    if (isa<SlotOp, AliasOp>(user))
      if (failed(extend(buffer, user->getResult(0), block)))
        return failure();
  }
  return success();
}

static bool liveTogether(const Buffer &a, const Buffer &b) {
  return !a.last->isBeforeInBlock(b.first) && !b.last->isBeforeInBlock(a.first);
}

/// The lowest offset at which `buffer` overlaps no buffer that is live with it.
static int64_t findPlace(Buffer &buffer, MutableArrayRef<Buffer> placed) {
  int64_t offset = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (Buffer &other : placed)
      if (liveTogether(buffer, other) && offset < other.end() &&
          other.offset < offset + buffer.alloc.getByteSize()) {
        offset = llvm::alignTo(other.end(), kAlignment);
        moved = true;
      }
  }
  return offset;
}

/// Whether all threads meet between two ops of a block.
static bool hasBarrierBetween(Operation *from, Operation *to) {
  for (Operation *op = from->getNextNode(); op && op != to;
       op = op->getNextNode())
    if (isa<BarrierOp, AsyncWaitOp>(op))
      return true;
  return false;
}

/// Barriers lie behind the buffers from `end` on. Returns their end.
static int64_t placePipelines(gpu::GPUFuncOp kernel, int64_t end) {
  for (auto pipeline : kernel.getOps<CreatePipelineOp>()) {
    pipeline.setOffset(end);
    end += 2 * kBarrierBytes * pipeline.getPipeline().getType().getStages();
  }
  return end;
}

static FailureOr<int64_t> allocate(gpu::GPUFuncOp kernel) {
  Block *block = &kernel.getBody().front();
  SmallVector<Buffer> placed;
  int64_t total = 0;
  for (auto alloc : llvm::make_early_inc_range(block->getOps<AllocOp>())) {
    Buffer buffer{alloc};
    if (failed(extend(buffer, alloc.getBuffer(), block)))
      return failure();
    if (!buffer.first) {
      alloc.erase();
      continue;
    }
    buffer.offset = findPlace(buffer, placed);
    total = std::max(total, buffer.end());
    alloc.setOffset(buffer.offset);
    placed.push_back(buffer);
  }
  for (Buffer &later : placed)
    for (Buffer &earlier : placed)
      if (earlier.last->isBeforeInBlock(later.first) &&
          earlier.offset < later.end() && later.offset < earlier.end() &&
          !hasBarrierBetween(earlier.last, later.first)) {
        OpBuilder b(later.first);
        BarrierOp::create(b, later.first->getLoc());
      }
  return placePipelines(kernel, total);
}

namespace {
struct AllocateSmemPass
    : tile::impl::TileAllocateSmemPassBase<AllocateSmemPass> {
  void runOnOperation() override {
    Builder b(&getContext());
    WalkResult result = getOperation().walk([&](gpu::GPUFuncOp kernel) {
      if (kernel.getBody().empty() || kernel.getOps<AllocOp>().empty())
        return WalkResult::advance();
      FailureOr<int64_t> bytes = allocate(kernel);
      if (failed(bytes))
        return WalkResult::interrupt();
      kernel->setAttr("tile.shared_bytes", b.getI64IntegerAttr(*bytes));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    SymbolTableCollection symbols;
    getOperation().walk([&](gpu::LaunchFuncOp launch) {
      auto kernel = symbols.lookupNearestSymbolFrom<gpu::GPUFuncOp>(
          launch, launch.getKernel());
      auto bytes = kernel
                       ? kernel->getAttrOfType<IntegerAttr>("tile.shared_bytes")
                       : IntegerAttr();
      if (!bytes)
        return;
      OpBuilder builder(launch);
      Value size = arith::ConstantOp::create(
          builder, launch.getLoc(),
          builder.getI32IntegerAttr(int32_t(bytes.getInt())));
      launch.getDynamicSharedMemorySizeMutable().assign(size);
    });
  }
};
} // namespace
