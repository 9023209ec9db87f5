//===- OverlapSoftmax.cpp - softmax under matrix products -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FlashAttention-3 (arXiv 2407.08608), section 3.2: "intra-warpgroup
// pipelining". The second product of a tile moves to the next iteration, where
// it runs under the softmax of the next tile.

#include "Loops.h"
#include "attn/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

namespace mlir::tile {
#define GEN_PASS_DEF_TILEOVERLAPSOFTMAXPASS
#include "attn/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::tile

using namespace mlir;
using namespace mlir::tile;

/// Whether `value` is at least `least` whatever it is computed from.
static bool isAtLeast(Value value, int64_t least) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue() >= least;
  auto max = value.getDefiningOp<arith::MaxSIOp>();
  return max &&
         (isAtLeast(max.getLhs(), least) || isAtLeast(max.getRhs(), least));
}

namespace {
class LoopOverlap {
public:
  LoopOverlap(scf::ForOp loop, Rescale rescale)
      : loop(loop), rescale(rescale), b(loop.getLoc(), loop) {}

  /// Whether the loop has the shape of two chained products.
  bool match() {
    SmallVector<DotOp> dots(loop.getBody()->getOps<DotOp>());
    if (dots.size() != 2)
      return false;
    first = dots[0];
    second = dots[1];
    auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
    for (auto [i, value] : llvm::enumerate(yield.getOperands())) {
      auto sum = value.getDefiningOp<arith::AddFOp>();
      if (sum && sum.getRhs() == second.getResult())
        addition = sum;
      if (value == second.getResult() || (sum && sum == addition))
        accumulator = i;
    }
    return accumulator >= 0;
  }

  LogicalResult run() {
    if (failed(check()))
      return failure();
    classify();
    peelFirst();
    buildLoop();
    finishLast();
    loop.replaceAllUsesWith(results);
    loop.erase();
    return success();
  }

private:
  LogicalResult check() {
    APInt lower;
    if (!matchPattern(loop.getLowerBound(), m_ConstantInt(&lower)) ||
        !matchPattern(loop.getStep(), m_One()) ||
        !isAtLeast(loop.getUpperBound(), lower.getSExtValue() + 1))
      return loop.emitOpError(
          "expected a loop that runs at least once to overlap its iterations: "
          "a constant lower bound, step 1 and an upper bound max(.., 1)");
    if (failed(checkRescale()))
      return failure();
    for (Operation *op = second->getNextNode(); op; op = op->getNextNode())
      if (auto step = dyn_cast<PipelineReleaseOp>(op))
        release = step;
    if (!release)
      return second.emitOpError("expected its buffer to be released after it: "
                                "run tile-assign-warp-roles first");
    return success();
  }

  /// The second product adds to what the loop carries, as it is or times a
  /// factor for each row; or an addition does, and the product starts from
  /// zero.
  LogicalResult checkRescale() {
    Value carried = loop.getRegionIterArg(accumulator);
    Value addend = addition ? addition.getLhs() : second.getAccumulator();
    if (addend == carried && carried.hasOneUse())
      return success();
    scale = addend.getDefiningOp<arith::MulFOp>();
    if (!scale || scale.getLhs() != carried || !scale->hasOneUse() ||
        !carried.hasOneUse())
      return second.emitOpError("expected the accumulator that the loop "
                                "carries, or that times a rescale factor");
    spread = scale.getRhs().getDefiningOp<BroadcastOp>();
    if (!spread)
      return scale.emitOpError("expected a factor for each row");
    return success();
  }

  /// An addition meets the factor of its own tile, which has to be carried.
  bool rescales(Rescale when) const {
    return scale && (addition ? Rescale::Before : rescale) == when;
  }

  /// Ops by the moment at which a rotated iteration executes them. Where both
  /// products read one buffer, it has arrived before the first.
  void classify() {
    for (Operation &op : loop.getBody()->without_terminator()) {
      if (&op == scale || &op == second || &op == addition || &op == release)
        continue;
      if (publishes(op))
        publish.push_back(&op);
      else if (first->isBeforeInBlock(&op) && isArrival(op))
        arrival.push_back(&op);
      else if (&op != first && &op != spread)
        (op.isBeforeInBlock(first) ? before : after).push_back(&op);
    }
  }

  /// Makes the weights an operand of the second product.
  bool publishes(Operation &op) {
    if (&op == second.getA().getDefiningOp() && isa<ConvertOp>(op))
      return true;
    if (auto store = dyn_cast<StoreOp>(op))
      return store.getTarget() == second.getA();
    return isa<FenceAsyncOp>(op);
  }

  /// Waits for the buffer of the second product, or completes it.
  bool isArrival(Operation &op) {
    if (auto wait = dyn_cast<PipelineWaitOp>(op))
      return wait.getPipeline() == release.getPipeline();
    if (op.getNumRegions() == 0)
      return false;
    Value buffer = second.getB();
    return op
        .walk([&](ZeroRowsOp zero) {
          return zero.getTarget() == buffer ? WalkResult::interrupt()
                                            : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// The wait for a buffer that both products read: it holds up nothing, and
  /// without one no exponential stays above the wait for the product.
  SmallVector<Operation *> arrivalAgain() {
    SmallVector<Operation *> waits;
    for (Operation *op : before)
      if (isa<PipelineWaitOp>(op) && isArrival(*op))
        waits.push_back(op);
    return waits;
  }

  void clone(ArrayRef<Operation *> ops, IRMapping &mapping) {
    for (Operation *op : ops)
      b.clone(*op, mapping);
  }

  /// What the second product multiplies: a fragment that has to be carried, or
  /// a buffer.
  bool carriesWeights() {
    return isa<RankedTensorType>(second.getA().getType());
  }

  Value issueFirst(IRMapping &mapping) {
    return DotAsyncOp::create(
        b, first.getResult().getType(), mapping.lookupOrDefault(first.getA()),
        mapping.lookupOrDefault(first.getB()),
        /*accumulator=*/Value(), first.getTransposed(), first.getBatches());
  }

  /// The second product of the iteration `mapping` stands for.
  Value issueSecond(IRMapping &mapping, Value weights, Value sum) {
    Value buffer = recompute(b, loop, second.getB(), mapping);
    return DotAsyncOp::create(
        b, sum.getType(),
        carriesWeights() ? weights : mapping.lookupOrDefault(second.getA()),
        buffer, addition ? Value() : sum, second.getTransposed(),
        second.getBatches());
  }

  /// The output after the second product of the iteration before, which starts
  /// from `sum`, or is added to it times `factor`: a fused operation, where
  /// nothing is in between.
  Value awaitSecond(Value product, Value sum, Value factor) {
    Value result = DotWaitOp::create(b, 0, ValueRange{product}).getResult(0);
    if (!addition)
      return result;
    return arith::AddFOp::create(b, factor ? rescaled(sum, factor) : sum,
                                 result);
  }

  void releaseSecond(IRMapping &mapping) {
    PipelineReleaseOp::create(b, release.getPipeline(),
                              recompute(b, loop, release.getFill(), mapping),
                              release.getMulticast());
  }

  Value rescaled(Value sum, Value factor) {
    return arith::MulFOp::create(b, sum,
                                 BroadcastOp::create(b, sum.getType(), factor));
  }

  /// Everything of the first iteration but its second product.
  void peelFirst() {
    IRMapping mapping;
    mapping.map(loop.getInductionVar(), loop.getLowerBound());
    for (auto [argument, init] :
         llvm::zip(loop.getRegionIterArgs(), loop.getInitArgs()))
      mapping.map(argument, init);
    clone(before, mapping);
    Value scores = issueFirst(mapping);
    mapping.map(first.getResult(),
                DotWaitOp::create(b, 0, ValueRange{scores}).getResult(0));
    clone(after, mapping);
    clone(arrival, mapping);
    clone(publish, mapping);
    auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
    for (auto [i, value] : llvm::enumerate(yield.getOperands()))
      inits.push_back(int64_t(i) == accumulator
                          ? loop.getInitArgs()[i]
                          : mapping.lookupOrDefault(value));
    if (carriesWeights())
      inits.push_back(mapping.lookup(second.getA()));
    if (rescales(Rescale::Before))
      inits.push_back(mapping.lookup(spread.getSource()));
  }

  Value previous(Value iteration) {
    Value one =
        arith::ConstantOp::create(b, b.getIntegerAttr(iteration.getType(), 1));
    return arith::SubIOp::create(b, iteration, one);
  }

  void buildLoop() {
    Value one = arith::ConstantOp::create(
        b, b.getIntegerAttr(loop.getInductionVar().getType(), 1));
    Value lower = arith::AddIOp::create(b, loop.getLowerBound(), one);
    rotated = scf::ForOp::create(b, lower, loop.getUpperBound(), loop.getStep(),
                                 inits);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rotated.getBody());
    unsigned state = loop.getNumRegionIterArgs();
    ValueRange arguments = rotated.getRegionIterArgs();
    Value weights = carriesWeights() ? arguments[state] : Value();
    Value sum = arguments[accumulator];

    IRMapping now, last;
    now.map(loop.getInductionVar(), rotated.getInductionVar());
    for (auto [plain, own] : llvm::zip(loop.getRegionIterArgs(), arguments))
      now.map(plain, own);
    last.map(loop.getInductionVar(), previous(rotated.getInductionVar()));

    clone(before, now);
    Value scores = issueFirst(now);
    Value factor = rescales(Rescale::Before) ? arguments.back() : Value();
    if (factor && !addition)
      sum = rescaled(sum, factor);
    Value product = issueSecond(last, weights, sum);
    now.map(first.getResult(),
            DotWaitOp::create(b, 1, ValueRange{scores}).getResult(0));
    clone(after, now);
    // A wait for a barrier ends a basic block: ptxas moves the exponentials
    // below the next wait for a product if nothing else is in between.
    clone(arrival.empty() ? arrivalAgain() : arrival, now);
    sum = awaitSecond(product, sum, factor);
    releaseSecond(last);
    // Not earlier: the product in flight still reads the weights before.
    clone(publish, now);
    if (rescales(Rescale::After))
      sum = rescaled(sum, now.lookup(spread.getSource()));

    auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
    SmallVector<Value> next;
    for (auto [i, value] : llvm::enumerate(yield.getOperands()))
      next.push_back(int64_t(i) == accumulator ? sum
                                               : now.lookupOrDefault(value));
    if (carriesWeights())
      next.push_back(now.lookup(second.getA()));
    if (rescales(Rescale::Before))
      next.push_back(now.lookup(spread.getSource()));
    scf::YieldOp::create(b, next);
  }

  /// The second product of the last iteration.
  void finishLast() {
    b.setInsertionPointAfter(rotated);
    unsigned state = loop.getNumRegionIterArgs();
    results.assign(rotated.getResults().begin(),
                   rotated.getResults().begin() + state);
    IRMapping last;
    last.map(loop.getInductionVar(), previous(loop.getUpperBound()));
    Value sum = results[accumulator];
    Value factor =
        rescales(Rescale::Before) ? rotated.getResults().back() : Value();
    if (factor && !addition)
      sum = rescaled(sum, factor);
    Value product = issueSecond(
        last, carriesWeights() ? rotated.getResult(state) : Value(), sum);
    results[accumulator] = awaitSecond(product, sum, factor);
    releaseSecond(last);
  }

  scf::ForOp loop;
  Rescale rescale;
  ImplicitLocOpBuilder b;
  DotOp first, second;
  int64_t accumulator = -1; ///< number of the carried output
  arith::MulFOp scale;      ///< of the carried output; null: it is not rescaled
  BroadcastOp spread;       ///< its factor
  arith::AddFOp addition;   ///< of the second product; null: it adds itself
  PipelineReleaseOp release;
  /// Up to the first product; after it; waiting for the operand of the second;
  /// making the weights an operand.
  SmallVector<Operation *> before, after, arrival, publish;
  SmallVector<Value> inits, results;
  scf::ForOp rotated;
};

struct OverlapSoftmaxPass
    : tile::impl::TileOverlapSoftmaxPassBase<OverlapSoftmaxPass> {
  void runOnOperation() override {
    ScheduleAttr schedule = getSchedule(getOperation());
    if (!schedule || !schedule.getOverlap())
      return;
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops) {
      LoopOverlap overlap(loop, schedule.getRescale());
      if (overlap.match() && failed(overlap.run()))
        return signalPassFailure();
    }
  }
};
} // namespace
