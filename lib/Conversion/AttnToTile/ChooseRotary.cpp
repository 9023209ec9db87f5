//===- ChooseRotary.cpp - where a query or key is rotated -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Before attention, a rotated row is written and read again, and a kernel is
// launched. In the kernel of attention the threads of a block rotate the tile
// in shared memory: no bytes, but instructions that nothing hides, for the key
// as often as blocks walk over it. Both are estimated from data sheets:
//
//   before = bytes / bandwidth, plus one launch for all rotations
//   fused  = passes * instructions of a pass * stall / issue rate, for as many
//            blocks as a multiprocessor gets
//
// A pass is one piece of a row for every thread. The cheapest of the forms that
// are possible is taken, unless what it saves is lost in the error of this.

#include "attn/Conversion/RotaryChoice.h"
#include "attn/Conversion/TileWalk.h"
#include "attn/Dialect/Attn/Analysis/KeyColumns.h"
#include "attn/Dialect/Attn/Analysis/MaskBounds.h"
#include "attn/Support/Boards.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;

/// Of a pair: angle, sine and cosine, rotation, conversions; as the simulator
/// counts them. With tables the first two are loads and conversions.
static constexpr double kPairInstructions = 36, kTablePairInstructions = 15;

/// A block has one or two warps on each scheduler, which issue in half of the
/// cycles at best, and matrix units wait for them. Where memory is the bound it
/// is at work for other blocks meanwhile, or for the next tile.
static constexpr double kStall = 2, kStallUnderLoads = 1;

/// Warps that a multiprocessor issues for in a cycle.
static constexpr double kIssueWidth = 4;

/// From the end of one small kernel of a stream to the first work of the next.
static constexpr double kLaunchSeconds = 2e-6;

/// Lengths that only a call knows count as long; batches and heads as one,
/// which leaves most of a device idle: what then pays, pays with more as well.
static constexpr int64_t kUnknownLength = 4096;

/// Where products are the bound, the rotation stands in their way, and the
/// estimates are not good enough to tell a smaller part of the time.
static constexpr double kLeastGain = 0.05;

std::optional<RotaryRule> mlir::attn::parseRotaryRule(StringRef text) {
  return llvm::StringSwitch<std::optional<RotaryRule>>(text)
      .Case("auto", RotaryRule::Auto)
      .Case("before", RotaryRule::Before)
      .Case("fused", RotaryRule::Fused)
      .Default(std::nullopt);
}

Value mlir::attn::memoryOf(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

//===----------------------------------------------------------------------===//
// What can be fused
//===----------------------------------------------------------------------===//

/// The ops that use a piece of memory, through views.
static void collectUses(Value memory, SmallVectorImpl<OpOperand *> &uses) {
  for (OpOperand &use : memory.getUses()) {
    auto view = dyn_cast<ViewLikeOpInterface>(use.getOwner());
    if (view && view.getViewSource() == use.get())
      collectUses(use.getOwner()->getResult(0), uses);
    else if (!isa<memref::DimOp>(use.getOwner()))
      uses.push_back(&use);
  }
}

/// The rotation that writes the memory of `operand` before `op`; the last one.
static RotaryOp findRotation(Value operand, Operation *op) {
  SmallVector<OpOperand *> uses;
  collectUses(memoryOf(operand), uses);
  RotaryOp last;
  for (OpOperand *use : uses) {
    auto rotary = dyn_cast<RotaryOp>(use->getOwner());
    if (!rotary || !rotary.getOuts() ||
        memoryOf(rotary.getOuts()) != memoryOf(operand) ||
        rotary->getBlock() != op->getBlock() || !rotary->isBeforeInBlock(op))
      continue;
    if (!last || last->isBeforeInBlock(rotary))
      last = rotary;
  }
  return last;
}

bool mlir::attn::isRotated(Value operand) {
  SmallVector<OpOperand *> uses;
  collectUses(memoryOf(operand), uses);
  return llvm::any_of(uses, [&](OpOperand *use) {
    auto rotary = dyn_cast<RotaryOp>(use->getOwner());
    return rotary && rotary.getOuts() &&
           memoryOf(rotary.getOuts()) == memoryOf(operand);
  });
}

static bool readsMemory(RotaryOp rotary, Value memory) {
  return llvm::any_of(rotary->getOperands(), [&](Value operand) {
    return operand != rotary.getOuts() && memoryOf(operand) == memory;
  });
}

/// Whether `op` may write what `rotary` reads.
static bool mayChangeInput(Operation *op, RotaryOp rotary) {
  if (isMemoryEffectFree(op))
    return false;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return true;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::any_of(
      effects, [&](const MemoryEffects::EffectInstance &effect) {
        if (!isa<MemoryEffects::Write, MemoryEffects::Free>(effect.getEffect()))
          return false;
        return !effect.getValue() ||
               readsMemory(rotary, memoryOf(effect.getValue()));
      });
}

static Value throughCasts(Value memref) {
  while (auto cast = memref.getDefiningOp<memref::CastOp>())
    memref = cast.getSource();
  return memref;
}

static std::string explainObstacle(AttentionOpInterface op, Value operand,
                                   RotaryOp rotary,
                                   tile::ScheduleAttr schedule) {
  if (!isa<AttentionOp>(op))
    return "the op has two maps, whose rows are one tile";
  if (!memoryOf(operand).getDefiningOp<WorkspaceOp>())
    return "the caller gets the rotated tensor";
  if (throughCasts(operand) != throughCasts(rotary.getOuts()))
    return "attention reads a part of the rotated tensor";
  SmallVector<OpOperand *> uses;
  collectUses(memoryOf(operand), uses);
  if (uses.size() != 2)
    return "other ops, or other operands, are the rotated tensor as well";
  for (Operation *between = rotary->getNextNode(); between != op;
       between = between->getNextNode())
    if (mayChangeInput(between, rotary))
      return "what is rotated is written before attention reads it";
  if (operand != op.getQuery() &&
      memoryOf(op.getValue()) == memoryOf(rotary.getInput()))
    return "the value is what is rotated";
  if (mayChangeInput(op, rotary))
    return "attention writes to what is rotated";
  int64_t threads = schedule.getWarps() * 32;
  int64_t pieces = tile::RotateRowsOp::getPieces(
      rotary.getRotaryWidth(), rotary.getInterleaved(),
      rotary.getElementType().getIntOrFloatBitWidth() / 8);
  if (pieces > threads)
    return "rows are cut in more pieces than a block has threads";
  return "";
}

//===----------------------------------------------------------------------===//
// What it costs
//===----------------------------------------------------------------------===//

static int64_t sizeOf(Value value, int64_t d, int64_t unknown) {
  int64_t size = cast<MemRefType>(value.getType()).getDimSize(d);
  return ShapedType::isDynamic(size) ? unknown : size;
}

/// How many keys of a row a mask leaves at most, if that is a constant: those
/// between a limit from below and one from above that move together.
static std::optional<int64_t> windowOf(Region &mask) {
  std::optional<int64_t> window;
  MaskBounds bounds = analyzeMask(mask, Axis::Key);
  for (const PositionLimit &upper : bounds.limits)
    for (const PositionLimit &lower : bounds.limits) {
      if (upper.walked >= 0 || lower.walked <= 0 ||
          upper.alternatives.size() != 1 || lower.alternatives.size() != 1)
        continue;
      LinearForm sum = upper.alternatives[0];
      sum.add(1, lower.alternatives[0]);
      if (sum.query || sum.key ||
          llvm::any_of(sum.terms, [](auto &term) { return term.first != 0; }))
        continue;
      int64_t width = std::max<int64_t>(sum.constant + 1, 0);
      window = window ? std::min(*window, width) : width;
    }
  return window;
}

namespace {
/// Estimates for one op.
class RotaryCost {
public:
  RotaryCost(AttentionOpInterface op, tile::ScheduleAttr schedule,
             const ::attn::Board &board)
      : op(op), schedule(schedule), board(board) {
    Value query = op.getQuery(), key = op.getKey();
    batch = sizeOf(query, 0, sizeOf(key, 0, 1));
    keyHeads = sizeOf(key, 1, 1);
    heads = sizeOf(query, 1, keyHeads);
    queries = sizeOf(query, 2, kUnknownLength);
    keys = sizeOf(key, 2, kUnknownLength);
    keysOfRow = keys;
    keysOfWalk = keys;
    if (std::optional<int64_t> window = windowOf(op.getMask())) {
      keysOfRow = std::min(keys, *window);
      keysOfWalk = std::min(keys, *window + rowsOfBlock());
    }
  }

  double beforeQuery() const { return before(batch * heads * queries); }
  double beforeKey() const { return before(batch * keyHeads * keys); }

  double fusedQuery(RotaryOp rotary) const {
    return fused(rotary, std::min(queries, rowsOfBlock()), 1);
  }
  /// Of all tiles that a block walks over.
  double fusedKey(RotaryOp rotary) const {
    int64_t n = schedule.getN();
    return fused(rotary, std::min(keysOfWalk, n),
                 llvm::divideCeil(keysOfWalk, n));
  }

  /// What has to be saved at least.
  double leastGain() const {
    return isMemoryBound() ? 0 : kLeastGain * bound().seconds();
  }

  /// The least time that the products and the traffic of the op take.
  ::attn::Roofline bound() const {
    double rows = double(batch) * heads * queries;
    double flops =
        2 * rows * keysOfRow * (op.getHeadDim() + op.getValueHeadDim());
    int64_t valueDim = isValueInKey(op) ? 0 : op.getValueHeadDim();
    double elements =
        rows * (op.getHeadDim() + op.getValueHeadDim()) +
        double(batch) * keyHeads * keys * (op.getHeadDim() + valueDim);
    return ::attn::boundTime(board, flops, elements * elementBytes());
  }
  bool isMemoryBound() const { return bound().isMemoryBound(); }

  /// Whether a call may have more than one block of queries for a head.
  bool isOneBlock() const {
    return !cast<MemRefType>(op.getQuery().getType()).isDynamicDim(2) &&
           queries <= rowsOfBlock();
  }

  std::string sizes() const {
    auto text = [](int64_t size, Value value, int64_t d) {
      bool isKnown = !cast<MemRefType>(value.getType()).isDynamicDim(d);
      return std::to_string(size) + (isKnown ? "" : " (not known)");
    };
    Value query = op.getQuery(), key = op.getKey();
    return "batch " + text(batch, query, 0) + ", heads " +
           text(heads, query, 1) + " and " + text(keyHeads, key, 1) +
           ", queries " + text(queries, query, 2) + ", keys " +
           text(keys, key, 2);
  }

private:
  int64_t rowsOfBlock() const { return getQueriesOfBlock(op, schedule); }
  int64_t elementBytes() const {
    return op.getElementType().getIntOrFloatBitWidth() / 8;
  }

  /// Written once and read once more.
  double before(int64_t rows) const {
    return 2.0 * rows * op.getHeadDim() * elementBytes() / board.bytesPerSecond;
  }

  double fused(RotaryOp rotary, int64_t rows, int64_t tiles) const {
    bool interleaved = rotary.getInterleaved();
    int64_t width = rotary.getRotaryWidth(), warps = schedule.getWarps();
    int64_t pieces =
        tile::RotateRowsOp::getPieces(width, interleaved, elementBytes());
    int64_t rowsAtOnce = std::max<int64_t>(warps * 32 / pieces, 1);
    double passes = double(llvm::divideCeil(rows, rowsAtOnce)) * tiles;
    double pairs = llvm::divideCeil(width / 2, pieces);
    double each =
        rotary.hasTables() ? kTablePairInstructions : kPairInstructions;
    double blocks =
        double(batch) * heads * llvm::divideCeil(queries, rowsOfBlock());
    bool isHidden = isMemoryBound() && blocks >= double(board.multiprocessors);
    double cycles = passes * warps * pairs * each / kIssueWidth *
                    (isHidden ? kStallUnderLoads : kStall);
    return cycles / board.hertz *
           std::max(blocks / double(board.multiprocessors), 1.0);
  }

  mutable AttentionOpInterface op; // a handle, whose methods are not const
  tile::ScheduleAttr schedule;
  const ::attn::Board &board;
  int64_t batch, heads, keyHeads, queries, keys;
  int64_t keysOfRow, keysOfWalk; // at most
};
} // namespace

/// Of the forms that are possible the cheapest one.
static void chooseCheapest(RotaryChoices &choices, const RotaryCost &cost) {
  RotaryChoice *both[] = {&choices.query, &choices.key};
  int best = 0;
  for (int form = 0; form < 4; ++form) {
    double seconds = 0;
    bool launches = false, isPossible = true;
    for (int i : {0, 1}) {
      bool fused = form >> i & 1;
      if (!both[i]->rotary) {
        isPossible &= !fused;
        continue;
      }
      isPossible &= !fused || both[i]->obstacle.empty();
      launches |= !fused;
      seconds += fused ? both[i]->fusedSeconds : both[i]->beforeSeconds;
    }
    // A key is rotated again by every block that walks over it.
    isPossible &= !(form & 2) || cost.isOneBlock();
    seconds += launches ? choices.launchSeconds : 0;
    if (form == 0)
      choices.beforeSeconds = choices.seconds = seconds;
    if (!isPossible || seconds >= choices.seconds ||
        choices.beforeSeconds - seconds < choices.leastGain)
      continue;
    choices.seconds = seconds;
    best = form;
  }
  choices.query.fused = best & 1;
  choices.key.fused = best & 2;
}

RotaryChoices mlir::attn::chooseRotary(AttentionOpInterface op,
                                       tile::ScheduleAttr schedule,
                                       StringRef chip, RotaryRule rule) {
  RotaryChoices choices;
  for (auto [choice, operand] : {std::pair(&choices.query, op.getQuery()),
                                 {&choices.key, op.getKey()}}) {
    choice->rotary = findRotation(operand, op);
    if (choice->rotary)
      choice->obstacle = explainObstacle(op, operand, choice->rotary, schedule);
  }
  if (!choices.query.rotary && !choices.key.rotary)
    return choices;
  const ::attn::Board *board = llvm::find_if(
      ::attn::boards(), [&](const auto &each) { return each.runs(chip); });
  RotaryCost cost(op, schedule, *board);
  choices.board = board->name.str();
  choices.sizes = cost.sizes();
  choices.launchSeconds = kLaunchSeconds;
  choices.leastGain = cost.leastGain();
  choices.query.beforeSeconds = cost.beforeQuery();
  choices.key.beforeSeconds = cost.beforeKey();
  if (choices.query.rotary)
    choices.query.fusedSeconds = cost.fusedQuery(choices.query.rotary);
  if (choices.key.rotary)
    choices.key.fusedSeconds = cost.fusedKey(choices.key.rotary);
  chooseCheapest(choices, cost);
  if (rule != RotaryRule::Auto)
    for (RotaryChoice *choice : {&choices.query, &choices.key})
      choice->fused = rule == RotaryRule::Fused && choice->rotary &&
                      choice->obstacle.empty();
  return choices;
}
