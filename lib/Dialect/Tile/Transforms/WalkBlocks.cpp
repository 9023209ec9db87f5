//===- WalkBlocks.cpp - order and number of the blocks of a grid ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order is that of FlashAttention-3's schedulers (arXiv 2407.08608): the
// longest work first, and within a section only as many heads as the L2 cache
// holds keys and values of.

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "attn/Support/IntegerOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEWALKBLOCKSPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;
using arith::IntegerOps;

/// Streamed operands of a section: well inside the L2 of an H100 (50 MB).
static constexpr int64_t kSectionBytes = 32 << 20;

namespace {
/// Scalars that the host computes for each launch.
enum HostArgument { Blocks, Heads, Outer, Section, Stride, kHostArguments };

class BlockWalk : IntegerOps {
public:
  BlockWalk(gpu::GPUFuncOp kernel, gpu::LaunchFuncOp launch,
            ScheduleAttr schedule)
      : IntegerOps{ImplicitLocOpBuilder(kernel.getLoc(), kernel)},
        kernel(kernel), launch(launch), schedule(schedule) {}

  void run() {
    addArguments();
    setGrid();
    Value tile = schedule.getPersistent() ? buildLoop() : linearBlock();
    replaceBlockIds(tile);
  }

private:
  int64_t cluster() const { return schedule.getCluster(); }

  //===--------------------------------------------------------------------===//
  // Host
  //===--------------------------------------------------------------------===//

  void addArguments() {
    for (int i = 0; i < kHostArguments; ++i) {
      unsigned number = kernel.getNumArguments();
      (void)kernel.insertArgument(number, b.getI32Type(), {}, kernel.getLoc());
      arguments[i] = kernel.getArgument(number);
    }
  }

  void setGrid() {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(launch);
    // Blocks of a cluster take neighbouring rows; one may have none.
    Value blocks = launch.getGridSizeX();
    if (cluster() > 1)
      blocks = ceilDiv(blocks, index(cluster()));
    Value heads = launch.getGridSizeY(), outer = launch.getGridSizeZ();
    Value total = mul(mul(blocks, heads), outer);
    Value clusters = total;
    if (schedule.getPersistent())
      clusters = minOfSizes(total, places());
    Value section = sectionOf(heads, mul(heads, outer));
    SmallVector<Value> values(kHostArguments);
    values[Blocks] = blocks;
    values[Heads] = heads;
    values[Outer] = outer;
    values[Section] = section;
    values[Stride] = clusters;
    for (Value value : values) {
      Value narrow = toI32(value);
      launch.getKernelOperandsMutable().append(narrow);
    }
    launch.getGridSizeXMutable().assign(mul(clusters, index(cluster())));
    launch.getGridSizeYMutable().assign(index(1));
    launch.getGridSizeZMutable().assign(index(1));
  }

  /// How many clusters the device runs at a time, a block on each
  /// multiprocessor.
  Value places() {
    Value multiprocessors = MultiprocessorsOp::create(b);
    if (cluster() == 1)
      return multiprocessors;
    return maxOfSizes(div(multiprocessors, index(cluster())), index(1));
  }

  /// Heads whose streamed operands fit the cache together.
  Value sectionOf(Value heads, Value most) {
    Value bytes, keyHeads;
    llvm::SmallPtrSet<Value, 4> seen;
    kernel.walk([&](CopyTensorOp copy) {
      if (!isa<scf::ForOp>(copy->getParentOp()))
        return;
      for (Value map : {Value(copy.getMap()), Value(copy.getSecond())})
        if (map)
          addSize(cast<BlockArgument>(map), seen, bytes, keyHeads);
    });
    if (!bytes)
      return maxOfSizes(most, index(1));
    Value fitting = maxOfSizes(
        div(index(kSectionBytes), maxOfSizes(bytes, index(1))), index(1));
    if (keyHeads) // several heads may stream the same operands
      fitting =
          mul(fitting,
              maxOfSizes(div(heads, maxOfSizes(keyHeads, index(1))), index(1)));
    return maxOfSizes(minOfSizes(fitting, most), index(1));
  }

  /// Adds the bytes of one head of what a map describes, unless they are in.
  void addSize(BlockArgument map, llvm::SmallPtrSetImpl<Value> &seen,
               Value &bytes, Value &keyHeads) {
    auto encode = launch.getKernelOperand(map.getArgNumber())
                      .getDefiningOp<EncodeTensorMapOp>();
    if (!encode || !seen.insert(encode.getSource()).second)
      return;
    auto type = cast<MemRefType>(encode.getSource().getType());
    int64_t rank = type.getRank();
    auto dim = [&](int64_t d) -> Value {
      return memref::DimOp::create(b, encode.getSource(), index(d));
    };
    Value size = mul(mul(dim(rank - 2), dim(rank - 1)),
                     index(type.getElementTypeBitWidth() / 8));
    bytes = bytes ? add(bytes, size) : size;
    if (rank > 2)
      keyHeads = dim(rank - 3);
  }

  //===--------------------------------------------------------------------===//
  // Kernel
  //===--------------------------------------------------------------------===//

  /// Number of this block's cluster.
  Value linearBlock() {
    b.setInsertionPointToStart(&kernel.getBody().front());
    start = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    Value narrow = toI32(start);
    if (cluster() == 1)
      return narrow;
    rank = rem(narrow, i32(cluster()));
    return div(narrow, i32(cluster()));
  }

  /// All but the buffers goes into a loop over tiles; returns its variable.
  Value buildLoop() {
    Block *body = &kernel.getBody().front();
    SmallVector<Operation *> work;
    for (Operation &op : body->without_terminator())
      if (!isa<AllocOp>(op))
        work.push_back(&op);
    Value first = linearBlock();
    b.setInsertionPoint(body->getTerminator());
    Value total =
        mul(mul(arguments[Blocks], arguments[Heads]), arguments[Outer]);
    auto loop = scf::ForOp::create(b, first, total, arguments[Stride]);
    for (Operation *op : work)
      op->moveBefore(loop.getBody()->getTerminator());
    b.setInsertionPointToStart(loop.getBody());
    return UniformOp::create(b, loop.getInductionVar());
  }

  /// tile = (section, position in order of work, head of the section)
  void replaceBlockIds(Value tile) {
    Value heads = mul(arguments[Heads], arguments[Outer]);
    Value perSection = mul(arguments[Section], arguments[Blocks]);
    Value section = div(tile, perSection), rest = rem(tile, perSection);
    Value firstHead = mul(section, arguments[Section]);
    Value width = minOfSizes(arguments[Section], sub(heads, firstHead));
    Value position = div(rest, width);
    Value head = add(firstHead, rem(rest, width));
    if (schedule.getLongestFirst())
      position = sub(sub(arguments[Blocks], i32(1)), position);
    if (cluster() > 1)
      position = add(mul(position, i32(cluster())), rank);
    Value ids[3] = {position, rem(head, arguments[Heads]),
                    div(head, arguments[Heads])};
    kernel.walk([&](gpu::BlockIdOp id) {
      if (id == start)
        return;
      OpBuilder at(id);
      Value replacement = arith::IndexCastUIOp::create(
          at, id.getLoc(), at.getIndexType(), ids[int(id.getDimension())]);
      id.replaceAllUsesWith(replacement);
      id.erase();
    });
  }

  gpu::GPUFuncOp kernel;
  gpu::LaunchFuncOp launch;
  ScheduleAttr schedule;
  Value arguments[kHostArguments];
  gpu::BlockIdOp start; ///< the one that the walk itself reads
  Value rank;           ///< of the block in its cluster
};

struct WalkBlocksPass : tile::impl::TileWalkBlocksPassBase<WalkBlocksPass> {
  using TileWalkBlocksPassBase::TileWalkBlocksPassBase;

  void runOnOperation() override {
    for (auto &[kernel, launches] : collectLaunches(getOperation())) {
      ScheduleAttr schedule = getSchedule(kernel);
      if (!schedule ||
          !(schedule.getPersistent() || schedule.getLongestFirst() ||
            schedule.getCluster() > 1))
        continue;
      if (launches.size() != 1) {
        kernel.emitError("expected one launch of a kernel whose blocks are "
                         "ordered, but got ")
            << launches.size();
        return signalPassFailure();
      }
      BlockWalk(kernel, launches.front(), schedule).run();
    }
  }
};
} // namespace
