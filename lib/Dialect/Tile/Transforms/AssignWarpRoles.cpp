//===- AssignWarpRoles.cpp - a producer and consumers ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Both roles walk the same loops and number the fills of each ring alike; that
// the numbers agree is all they have to share besides the barriers.

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEASSIGNWARPROLESPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

/// Threads of the producer's warp group.
static constexpr int64_t kProducerThreads = 128;

/// A producer whose threads compute addresses themselves gets by with the first
/// and is given the second if it has fewer.
static constexpr int64_t kLeastCopyRegisters = 32, kCopyRegisters = 40;

static bool isCopy(Operation *op) { return isa<CopyOp, CopyTensorOp>(op); }

static Value targetOf(Operation *copy) {
  if (auto tensor = dyn_cast<CopyTensorOp>(copy))
    return tensor.getTarget();
  return cast<CopyOp>(copy).getTarget();
}

namespace {
/// A buffer that is copied into, and its barriers.
struct Ring {
  AllocOp buffer;
  CreatePipelineOp pipeline;
};

class RoleSplitter {
public:
  RoleSplitter(gpu::GPUFuncOp kernel, ScheduleAttr schedule)
      : kernel(kernel), schedule(schedule), b(kernel.getLoc(), kernel) {}

  LogicalResult run() {
    body = &kernel.getBody().front();
    if (failed(collectRings()))
      return failure();
    reuseBuffers();
    protectOwnBuffers();
    createPipelines();
    WarpSpecializeOp roles = createRoles();
    b.setInsertionPointToStart(&roles.getProducer().front());
    Counters counters = startCounters();
    IRMapping mapping;
    if (failed(produce(*body, mapping, counters)))
      return failure();
    moveToConsumer(roles);
    b.setInsertionPointToStart(&roles.getConsumer().front());
    counters = startCounters();
    consume(roles.getConsumer().front(), counters);
    return success();
  }

private:
  /// Next fill of the rings that a block (of the plain kernel) copies into.
  using Counters = llvm::SmallMapVector<Block *, Value, 4>;

  //===--------------------------------------------------------------------===//
  // Rings
  //===--------------------------------------------------------------------===//

  LogicalResult collectRings() {
    WalkResult result = kernel.walk([&](Operation *op) -> WalkResult {
      if (!isCopy(op))
        return WalkResult::advance();
      auto alloc = targetOf(op).getDefiningOp<AllocOp>();
      if (!alloc || alloc->getBlock() != body)
        return op->emitOpError("expected the target to be a tile.alloc of the "
                               "kernel's block");
      if (!isa<scf::ForOp, gpu::GPUFuncOp>(op->getParentOp()))
        return op->emitOpError("expected to stand in a loop or in the kernel's "
                               "block, so that every execution is a fill");
      if (!rings.insert({alloc, Ring{alloc, {}}}).second)
        return op->emitOpError("expected one copy for each buffer");
      if (!llvm::is_contained(blocks, op->getBlock()))
        blocks.push_back(op->getBlock());
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  bool isStreamed(AllocOp alloc) {
    for (Operation *user : alloc->getUsers())
      if (isCopy(user))
        return isLeafLoop(user->getParentOp());
    return false;
  }

  /// A loop whose only copies are in its own block.
  bool isLeafLoop(Operation *op) {
    auto loop = dyn_cast<scf::ForOp>(op);
    return loop && llvm::none_of(blocks, [&](Block *block) {
             return block != loop.getBody() &&
                    loop.getRegion().findAncestorBlockInRegion(*block);
           });
  }

  /// A buffer that is written after a ring without a second slot has been read
  /// for the last time takes its place: the ring is released later.
  void reuseBuffers() {
    for (auto alloc : llvm::make_early_inc_range(body->getOps<AllocOp>())) {
      if (rings.contains(alloc) || alloc->use_empty())
        continue;
      for (auto &[other, ring] : rings) {
        if (isStreamed(ring.buffer) || !canAlias(ring.buffer, alloc))
          continue;
        b.setInsertionPoint(firstUse(alloc));
        alloc.getBuffer().replaceAllUsesWith(AliasOp::create(
            b, alloc.getBuffer().getType(), ring.buffer.getBuffer()));
        alloc.erase();
        break;
      }
    }
  }

  /// A buffer of its own is written again by the next tile: not before all of
  /// it has been stored. (One that lies in a ring waits for the producer.)
  void protectOwnBuffers() {
    kernel.walk([&](CopyOutTensorOp copy) {
      if (!copy.getSource().getDefiningOp<AllocOp>() ||
          !isa<scf::ForOp>(copy->getParentOp()))
        return;
      for (auto wait : copy->getBlock()->getOps<CopyOutWaitOp>()) {
        b.setInsertionPointAfter(wait);
        BarrierOp::create(b);
      }
    });
    // Threads copy the rows of their own warp, but halves meet in those of
    // others.
    kernel.walk([&](CopyOutOp copy) {
      auto alloc = copy.getSource().getDefiningOp<AllocOp>();
      if (!alloc || !isa<scf::ForOp>(copy->getParentOp()) ||
          llvm::none_of(alloc->getUsers(), llvm::IsaPred<SumHalvesOp>))
        return;
      b.setInsertionPointAfter(copy);
      BarrierOp::create(b);
    });
  }

  static Operation *firstUse(AllocOp alloc) {
    Operation *first = nullptr;
    for (Operation *user : alloc->getUsers())
      if (!first || user->isBeforeInBlock(first))
        first = user;
    return first;
  }

  bool canAlias(AllocOp ring, AllocOp alloc) {
    auto from = cast<MemRefType>(ring.getBuffer().getType());
    auto to = cast<MemRefType>(alloc.getBuffer().getType());
    if (from.getLayout() != to.getLayout() ||
        from.getDimSize(0) != to.getDimSize(0) ||
        from.getElementType() != to.getElementType() ||
        from.getDimSize(1) < to.getDimSize(1))
      return false;
    Operation *copy = nullptr;
    for (Operation *user : ring->getUsers())
      if (isCopy(user))
        copy = user;
    Block *block = copy->getBlock();
    for (Operation *user : alloc->getUsers())
      if (user->getBlock() != block)
        return false;
    Operation *first = firstUse(alloc);
    return llvm::all_of(ring->getUsers(), [&](Operation *user) {
      Operation *inBlock = block->findAncestorOpInBlock(*user);
      return inBlock && inBlock->isBeforeInBlock(first);
    });
  }

  void createPipelines() {
    Operation *after = nullptr;
    for (auto alloc : body->getOps<AllocOp>())
      after = alloc;
    b.setInsertionPointAfter(after);
    for (auto &[alloc, ring] : rings) {
      int64_t stages = isStreamed(ring.buffer) ? schedule.getStages() : 1;
      ring.buffer.setSlots(stages);
      bool byThreads = llvm::any_of(
          alloc->getUsers(), [](Operation *user) { return isa<CopyOp>(user); });
      elected &= !byThreads;
      ring.pipeline = CreatePipelineOp::create(
          b, PipelineType::get(b.getContext(), stages),
          /*producers=*/byThreads ? kProducerThreads : 1,
          /*consumers=*/schedule.getWarps(), IntegerAttr());
    }
    BarrierOp::create(b);
    firstOfRoles = &*b.getInsertionPoint();
  }

  WarpSpecializeOp createRoles() {
    b.setInsertionPoint(body->getTerminator());
    int64_t own = schedule.getProducerRegisters(),
            consumer = schedule.getConsumerRegisters();
    if (!elected && own && own < kLeastCopyRegisters) {
      // The pool stays as large: what threads that copy need, consumers give.
      consumer -=
          llvm::divideCeil(kCopyRegisters - own, 8 * schedule.getConsumers()) *
          8;
      own = kCopyRegisters;
    }
    auto roles = WarpSpecializeOp::create(b, schedule.getConsumers(), own,
                                          consumer, elected);
    roles.getProducer().emplaceBlock();
    roles.getConsumer().emplaceBlock();
    return roles;
  }

  Counters startCounters() {
    Value zero = constant(0);
    Counters counters;
    for (Block *block : blocks)
      counters[block] = zero;
    return counters;
  }

  Value constant(int64_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }

  //===--------------------------------------------------------------------===//
  // Fills
  //===--------------------------------------------------------------------===//

  /// Counters that a loop carries: none when its own block holds all copies.
  SmallVector<Block *> carriedBy(scf::ForOp plain) {
    SmallVector<Block *> carried;
    if (isLeafLoop(plain))
      return carried;
    for (Block *block : blocks)
      if (plain.getRegion().findAncestorBlockInRegion(*block))
        carried.push_back(block);
    return carried;
  }

  /// Number of fills that a leaf loop makes, and the one of an iteration.
  Value fillsOf(scf::ForOp loop) {
    Value trips =
        arith::SubIOp::create(b, loop.getUpperBound(), loop.getLowerBound());
    return arith::MaxSIOp::create(b, trips, constant(0));
  }
  Value fillIn(scf::ForOp loop, Value first) {
    Value turn =
        arith::SubIOp::create(b, loop.getInductionVar(), loop.getLowerBound());
    return arith::AddIOp::create(b, first, turn);
  }

  //===--------------------------------------------------------------------===//
  // Producer
  //===--------------------------------------------------------------------===//

  /// The copies of `from`, their loops and what they compute with, at the
  /// builder's place.
  LogicalResult produce(Block &from, IRMapping &mapping, Counters &counters,
                        scf::ForOp own = {}) {
    bool fills = false;
    Ring *previous = nullptr;
    for (Operation &op : from) {
      if (isCopy(&op)) {
        Value fill = counters[&from];
        if (failed(produceCopy(&op, mapping, fill)))
          return failure();
        if (isa<CopyOp>(op)) {
          commit(from, own, fill, ringOf(&op), previous);
          previous = &ringOf(&op);
        }
        fills = true;
      } else if (auto loop = dyn_cast<scf::ForOp>(op);
                 loop && hasCopies(loop)) {
        if (failed(produceLoop(loop, mapping, counters)))
          return failure();
      }
    }
    if (fills)
      counters[&from] = arith::AddIOp::create(b, counters[&from], constant(1));
    return success();
  }

  Ring &ringOf(Operation *copy) {
    return rings.find(targetOf(copy).getDefiningOp<AllocOp>())->second;
  }

  /// The last ring that the threads fill in a loop, if its copies can be
  /// committed one copy later: while the next ones are under way.
  Ring *lastRingOf(Block &from) {
    SmallVector<CopyOp> copies(from.getOps<CopyOp>());
    // The next copy into a ring of its own waits for a fill to be read, and
    // with overlapped tiles that waits for this one to have arrived.
    int64_t unread = schedule.getOverlap() ? 2 : 1;
    if (copies.empty() ||
        (copies.size() == 1 && int64_t(schedule.getStages()) <= unread))
      return nullptr;
    return &ringOf(copies.back());
  }

  /// Closes the group of a copy by threads, just issued into `ring`, and
  /// commits the one before it.
  void commit(Block &from, scf::ForOp own, Value fill, Ring &ring,
              Ring *previous) {
    AsyncCommitOp::create(b);
    Ring *last = own ? lastRingOf(from) : nullptr;
    if (!last) {
      PipelineCommitOp::create(b, ring.pipeline, fill, /*pending=*/0);
      return;
    }
    if (previous) {
      PipelineCommitOp::create(b, previous->pipeline, fill, /*pending=*/1);
      return;
    }
    Value isLater =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sgt,
                              own.getInductionVar(), own.getLowerBound());
    guarded(isLater, [&] {
      Value before = arith::SubIOp::create(b, fill, constant(1));
      PipelineCommitOp::create(b, last->pipeline, before, /*pending=*/1);
    });
  }

  void guarded(Value condition, llvm::function_ref<void()> body) {
    auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    body();
  }

  bool hasCopies(scf::ForOp loop) {
    return llvm::any_of(blocks, [&](Block *block) {
      return loop.getRegion().findAncestorBlockInRegion(*block);
    });
  }

  LogicalResult produceCopy(Operation *copy, IRMapping &mapping, Value fill) {
    Ring &ring = ringOf(copy);
    SmallVector<Value> operands;
    for (Value operand : copy->getOperands()) {
      Value value = recompute(operand, mapping, copy);
      if (!value)
        return failure();
      operands.push_back(value);
    }
    PipelineAcquireOp::create(b, ring.pipeline, fill);
    Value slot = slotOf(ring, fill);
    if (auto tensor = dyn_cast<CopyTensorOp>(copy)) {
      SmallVector<Value> coordinates;
      for (Value coordinate : tensor.getCoordinates())
        coordinates.push_back(mapping.lookupOrDefault(coordinate));
      // Other blocks stream the same tiles; what is copied once is not wanted
      // again.
      CopyTensorOp::create(
          b, mapping.lookupOrDefault(tensor.getMap()), coordinates, slot,
          ring.pipeline, fill, tensor.getMulticastAttr(),
          b.getStringAttr(isStreamed(ring.buffer) ? "last" : "first"),
          mappedOrNull(mapping, tensor.getSecond()));
      return success();
    }
    auto rows = cast<CopyOp>(copy);
    CopyAsyncOp::create(b, mapping.lookupOrDefault(rows.getSource()),
                        mapping.lookupOrDefault(rows.getRow()), slot,
                        mappedOrNull(mapping, rows.getInBounds()),
                        rows.getAlignment(),
                        mappedOrNull(mapping, rows.getSecond()));
    return success();
  }

  static Value mappedOrNull(IRMapping &mapping, Value value) {
    return value ? mapping.lookupOrDefault(value) : Value();
  }

  LogicalResult produceLoop(scf::ForOp loop, IRMapping &mapping,
                            Counters &counters) {
    Value lower = recompute(loop.getLowerBound(), mapping, loop);
    Value upper = recompute(loop.getUpperBound(), mapping, loop);
    Value step = recompute(loop.getStep(), mapping, loop);
    if (!lower || !upper || !step)
      return failure();
    SmallVector<Block *> carried = carriedBy(loop);
    SmallVector<Value> inits;
    for (Block *block : carried)
      inits.push_back(counters[block]);
    auto own = scf::ForOp::create(b, lower, upper, step, inits);
    IRMapping inner = mapping;
    inner.map(loop.getInductionVar(), own.getInductionVar());
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(own.getBody());
      Counters local = counters;
      for (auto [block, argument] : llvm::zip(carried, own.getRegionIterArgs()))
        local[block] = UniformOp::create(b, argument);
      if (carried.empty())
        local[loop.getBody()] = fillIn(own, counters[loop.getBody()]);
      if (failed(produce(*loop.getBody(), inner, local,
                         carried.empty() ? own : scf::ForOp())))
        return failure();
      SmallVector<Value> next;
      for (Block *block : carried)
        next.push_back(local[block]);
      if (!carried.empty())
        scf::YieldOp::create(b, next);
    }
    for (auto [block, result] : llvm::zip(carried, own.getResults()))
      counters[block] = result;
    if (!carried.empty())
      return success();
    Value &counter = counters[loop.getBody()];
    counter = arith::AddIOp::create(b, counter, fillsOf(own));
    if (Ring *last = lastRingOf(*loop.getBody())) {
      Value ran =
          arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, upper, lower);
      guarded(ran, [&] {
        Value fill = arith::SubIOp::create(b, counter, constant(1));
        PipelineCommitOp::create(b, last->pipeline, fill, /*pending=*/0);
      });
    }
    return success();
  }

  /// `value` for the producer: its scalar computation again, where it depends
  /// on a loop. Null after an error.
  Value recompute(Value value, IRMapping &mapping, Operation *user) {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    if (!op) {
      auto argument = cast<BlockArgument>(value);
      if (argument.getOwner() == body)
        return value;
      user->emitOpError("expected what is copied not to depend on values that "
                        "a loop carries");
      return {};
    }
    if (op->getBlock() == body && op->isBeforeInBlock(firstOfRoles))
      return value; // common to both roles
    if (op->getNumRegions() || (!isMemoryEffectFree(op) && !isReadOnly(op))) {
      user->emitOpError("expected what is copied to depend on scalar "
                        "computations, but got '")
          << op->getName() << "'";
      return {};
    }
    for (Value operand : op->getOperands()) {
      Value own = recompute(operand, mapping, user);
      if (!own)
        return {};
      mapping.map(operand, own);
    }
    return b.clone(*op, mapping)
        ->getResult(cast<OpResult>(value).getResultNumber());
  }

  /// Loads of captured scalars may be repeated: a kernel does not write them.
  static bool isReadOnly(Operation *op) {
    auto effects = dyn_cast<MemoryEffectOpInterface>(op);
    return effects && effects.onlyHasEffect<MemoryEffects::Read>();
  }

  Value slotOf(Ring &ring, Value fill) {
    int64_t stages = ring.buffer.getSlots();
    if (stages == 1)
      return ring.buffer.getBuffer();
    Value index = arith::RemUIOp::create(b, fill, constant(stages));
    return SlotOp::create(b, ring.buffer.getBuffer(), index);
  }

  //===--------------------------------------------------------------------===//
  // Consumer
  //===--------------------------------------------------------------------===//

  void moveToConsumer(WarpSpecializeOp roles) {
    Block &consumer = roles.getConsumer().front();
    for (Operation &op : llvm::make_early_inc_range(llvm::make_range(
             firstOfRoles->getIterator(), roles->getIterator())))
      op.moveBefore(&consumer, consumer.end());
    // The counters' block is the consumer's from here on.
    for (Block *&block : blocks)
      if (block == body)
        block = &consumer;
  }

  void consume(Block &block, Counters &counters) {
    bool fills = false;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (isCopy(&op)) {
        consumeCopy(&op, counters[&block]);
        fills = true;
      } else if (auto loop = dyn_cast<scf::ForOp>(op);
                 loop && hasCopies(loop)) {
        consumeLoop(loop, counters);
      }
    }
    if (fills) {
      if (block.mightHaveTerminator() && isa<scf::YieldOp>(block.back()))
        b.setInsertionPoint(block.getTerminator());
      else
        b.setInsertionPointToEnd(&block);
      counters[&block] =
          arith::AddIOp::create(b, counters[&block], constant(1));
    }
  }

  /// Waits where the copy stands, reads the slot, and releases it after its
  /// last reader in the block.
  void consumeCopy(Operation *copy, Value fill) {
    Ring &ring = ringOf(copy);
    Operation *last = lastUse(ring.buffer.getBuffer(), copy);
    b.setInsertionPoint(copy);
    PipelineWaitOp::create(b, ring.pipeline, fill);
    Value slot = slotOf(ring, fill);
    if (slot != ring.buffer.getBuffer())
      ring.buffer.getBuffer().replaceUsesWithIf(slot, [&](OpOperand &use) {
        Operation *inBlock =
            copy->getBlock()->findAncestorOpInBlock(*use.getOwner());
        return inBlock && copy->isBeforeInBlock(inBlock);
      });
    b.setInsertionPointAfter(last);
    PipelineReleaseOp::create(b, ring.pipeline, fill, /*multicast=*/false);
    copy->erase();
  }

  /// The last op in the block of `copy` that reads the buffer, also through
  /// another name for it, or waits for its reader.
  static Operation *lastUse(Value buffer, Operation *copy) {
    Operation *last = copy;
    auto extend = [&](Operation *op) {
      if (last->isBeforeInBlock(op))
        last = op;
    };
    for (Operation *user : buffer.getUsers()) {
      Operation *op = copy->getBlock()->findAncestorOpInBlock(*user);
      if (!op || op == copy)
        continue;
      extend(op);
      if (isa<AliasOp>(user))
        extend(lastUse(user->getResult(0), op));
    }
    if (isa<CopyOutTensorOp>(last)) // until the copy engine has read it
      for (Operation *op = last; op; op = op->getNextNode())
        if (isa<CopyOutWaitOp>(op))
          return op;
    return last;
  }

  void consumeLoop(scf::ForOp loop, Counters &counters) {
    SmallVector<Block *> carried = carriedBy(loop);
    if (carried.empty()) {
      Block *leaf = loop.getBody();
      Value first = counters[leaf];
      b.setInsertionPointToStart(leaf);
      Counters local = counters;
      local[leaf] = fillIn(loop, first);
      consume(*leaf, local);
      b.setInsertionPointAfter(loop);
      counters[leaf] = arith::AddIOp::create(b, first, fillsOf(loop));
      return;
    }
    SmallVector<Value> inits;
    for (Block *block : carried)
      inits.push_back(counters[block]);
    unsigned old = loop.getNumResults();
    IRRewriter rewriter(b.getContext());
    rewriter.setInsertionPoint(loop);
    Block *oldBody = loop.getBody();
    auto added = cast<scf::ForOp>(*loop.replaceWithAdditionalYields(
        rewriter, inits, /*replaceInitOperandUsesInLoop=*/false,
        [](OpBuilder &, Location, ArrayRef<BlockArgument> arguments) {
          return SmallVector<Value>(arguments.begin(), arguments.end());
        }));
    for (Block *&block : blocks)
      if (block == oldBody)
        block = added.getBody();
    for (Block *&block : carried)
      if (block == oldBody)
        block = added.getBody();
    if (auto it = counters.find(oldBody); it != counters.end()) {
      Value value = it->second;
      counters.erase(it);
      counters[added.getBody()] = value;
    }
    b.setInsertionPointToStart(added.getBody());
    Counters local = counters;
    for (auto [i, block] : llvm::enumerate(carried))
      local[block] = UniformOp::create(b, added.getRegionIterArg(old + i));
    consume(*added.getBody(), local);
    Operation *yield = added.getBody()->getTerminator();
    for (auto [i, block] : llvm::enumerate(carried))
      yield->setOperand(old + i, local[block]);
    for (auto [i, block] : llvm::enumerate(carried))
      counters[block] = added.getResult(old + i);
  }

  gpu::GPUFuncOp kernel;
  ScheduleAttr schedule;
  ImplicitLocOpBuilder b;
  Block *body = nullptr;
  llvm::SmallMapVector<Operation *, Ring, 4> rings;
  SmallVector<Block *> blocks; ///< with copies, in program order
  bool elected = true;
  Operation *firstOfRoles = nullptr;
};

struct AssignWarpRolesPass
    : tile::impl::TileAssignWarpRolesPassBase<AssignWarpRolesPass> {
  void runOnOperation() override {
    ScheduleAttr schedule = getSchedule(getOperation());
    if (!schedule || !schedule.getConsumers())
      return;
    if (failed(RoleSplitter(getOperation(), schedule).run()))
      signalPassFailure();
  }
};
} // namespace
