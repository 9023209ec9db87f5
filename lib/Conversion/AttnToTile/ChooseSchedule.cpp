//===- ChooseSchedule.cpp - the schedule table ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HeadDims.h"
#include "RegionLoads.h"
#include "attn/Conversion/LiveTiles.h"
#include "attn/Conversion/Passes.h"
#include "attn/Conversion/ScheduleTable.h"
#include "attn/Dialect/Attn/Analysis/KeyColumns.h"
#include "attn/Dialect/Attn/Analysis/MaskBounds.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNCHOOSESCHEDULEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {
/// What the linear part of a mask says about the keys of a row.
enum class Keys {
  Any,      ///< in the table only: does not matter
  Full,     ///< every row may keep every key
  Causal,   ///< bounded on one side by the row
  Windowed, ///< bounded on both
};

/// What the score and mask regions do for each element; each needs more
/// registers than the ones before.
enum class Regions {
  Any,       ///< in the table only: does not matter
  Plain,     ///< nothing but comparisons with limits of the row
  Computed,  ///< arithmetic on scores
  Predicate, ///< a mask that is more than such comparisons
  Loaded,    ///< loads by key: values wait in registers until they are used
};

/// Used when the head dims are at most these and the regions need at least so
/// much; rows of a chip are sorted, those that need more first. The schedule is
/// written as in the IR.
struct ScheduleRow {
  StringRef chip;
  int64_t headDim, valueHeadDim;
  Regions regions;
  Keys keys;
  StringRef schedule;
};
} // namespace

#define TWO_CONSUMERS                                                          \
  "m=128,warps=8,consumers=2,producer_registers=24,consumer_registers=240,"    \
  "stages=2,overlap=true,persistent=true,"
#define THREE_CONSUMERS                                                        \
  "m=192,warps=12,consumers=3,producer_registers=32,consumer_registers=160,"   \
  "stages=2,overlap=true,ping_pong=true,persistent=true,"
#define SPLIT_COLUMNS                                                          \
  "m=64,warps=8,consumers=2,producer_registers=24,consumer_registers=240,"     \
  "stages=2,weights=shared,split=columns,persistent=true,"

/// sm_80: the tiles of FlashAttention-2 (arXiv 2307.08691) for A100, and n =
/// 112 or 96 where 128 would spill. sm_90a: those of FlashAttention-3 (arXiv
/// 2407.08608) for Hopper; weights go through shared memory where scores,
/// weights and output do not fit 160 registers, and tiles are smaller where a
/// region needs registers for each element.
static constexpr ScheduleRow kSchedules[] = {
    {"sm_80", 56, 56, Regions::Predicate, Keys::Any,
     "m=128,n=64,warps=4,stages=1,order=pressure"},
    {"sm_80", 16, 16, Regions::Any, Keys::Any, "m=128,n=128,warps=4,stages=1"},
    {"sm_80", 32, 32, Regions::Any, Keys::Any, "m=128,n=112,warps=4,stages=1"},
    {"sm_80", 56, 56, Regions::Any, Keys::Any,
     "m=128,n=96,warps=4,stages=1,order=pressure"},
    {"sm_80", 64, 64, Regions::Loaded, Keys::Any,
     "m=128,n=64,warps=4,stages=1,order=pressure"},
    {"sm_80", 64, 64, Regions::Predicate, Keys::Any,
     "m=128,n=96,warps=4,stages=1,order=pressure"},
    {"sm_80", 64, 64, Regions::Any, Keys::Any, "m=128,n=128,warps=4,stages=1"},
    {"sm_80", 128, 128, Regions::Predicate, Keys::Any,
     "m=128,n=64,warps=8,stages=1,order=pressure"},
    {"sm_80", 128, 128, Regions::Any, Keys::Any,
     "m=128,n=64,warps=4,stages=1,order=pressure"},
    {"sm_80", 256, 256, Regions::Any, Keys::Any,
     "m=128,n=64,warps=8,stages=1,order=pressure"},
    {"sm_80", 576, 512, Regions::Any, Keys::Any,
     "m=64,n=32,warps=8,stages=2,weights=shared,split=columns"},

    {"sm_90a", 64, 64, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=96,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 64, Regions::Computed, Keys::Any,
     TWO_CONSUMERS "n=128,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 64, Regions::Any, Keys::Full,
     THREE_CONSUMERS "n=176,weights=shared"},
    {"sm_90a", 64, 64, Regions::Any, Keys::Causal,
     THREE_CONSUMERS "n=128,longest_first=true"},
    {"sm_90a", 64, 64, Regions::Any, Keys::Windowed, THREE_CONSUMERS "n=128"},
    {"sm_90a", 96, 96, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=96,ping_pong=true,longest_first=true"},
    {"sm_90a", 96, 96, Regions::Predicate, Keys::Any,
     TWO_CONSUMERS "n=112,ping_pong=true,longest_first=true"},
    {"sm_90a", 96, 96, Regions::Any, Keys::Full,
     THREE_CONSUMERS "n=144,weights=shared"},
    {"sm_90a", 96, 96, Regions::Any, Keys::Causal,
     THREE_CONSUMERS "n=144,weights=shared,longest_first=true"},
    {"sm_90a", 96, 96, Regions::Any, Keys::Windowed,
     THREE_CONSUMERS "n=128,weights=shared"},
    {"sm_90a", 128, 128, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=80,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Predicate, Keys::Any,
     TWO_CONSUMERS "n=112,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Computed, Keys::Full,
     TWO_CONSUMERS "n=144,ping_pong=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=176,ping_pong=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Causal,
     TWO_CONSUMERS "n=128,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Windowed,
     TWO_CONSUMERS "n=128,ping_pong=true"},
    {"sm_90a", 192, 192, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=64,rescale=before,longest_first=true"},
    {"sm_90a", 192, 192, Regions::Predicate, Keys::Any,
     TWO_CONSUMERS "n=80,rescale=before,longest_first=true"},
    {"sm_90a", 192, 128, Regions::Any, Keys::Full, TWO_CONSUMERS "n=128"},
    {"sm_90a", 192, 128, Regions::Any, Keys::Causal,
     TWO_CONSUMERS "n=128,longest_first=true"},
    {"sm_90a", 192, 128, Regions::Any, Keys::Windowed, TWO_CONSUMERS "n=96"},
    {"sm_90a", 192, 192, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=112,rescale=before"},
    {"sm_90a", 192, 192, Regions::Any, Keys::Causal,
     TWO_CONSUMERS "n=112,rescale=before,longest_first=true"},
    {"sm_90a", 192, 192, Regions::Any, Keys::Windowed,
     TWO_CONSUMERS "n=96,rescale=before"},
    {"sm_90a", 256, 256, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=64,rescale=before,longest_first=true"},
    {"sm_90a", 256, 256, Regions::Computed, Keys::Any,
     TWO_CONSUMERS "n=64,rescale=before,longest_first=true"},
    {"sm_90a", 256, 256, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=80,rescale=before"},
    {"sm_90a", 256, 256, Regions::Any, Keys::Causal,
     TWO_CONSUMERS "n=80,rescale=before,longest_first=true"},
    {"sm_90a", 256, 256, Regions::Any, Keys::Windowed,
     TWO_CONSUMERS "n=64,rescale=before"},

    // Latent attention: two warp groups share 64 rows of output by columns.
    {"sm_90a", 576, 512, Regions::Any, Keys::Full, SPLIT_COLUMNS "n=64"},
    {"sm_90a", 576, 512, Regions::Any, Keys::Causal,
     SPLIT_COLUMNS "n=64,longest_first=true"},
    {"sm_90a", 576, 512, Regions::Any, Keys::Windowed, SPLIT_COLUMNS "n=64"},
};

/// attn.differential: a warp has the registers of attention of the same head
/// dims, but the two maps are the two halves of the rows, so there are two
/// consumers; tiles are smaller where two key tiles would not fit the shared
/// memory.
static constexpr ScheduleRow kDifferentialSchedules[] = {
    {"sm_80", 64, 64, Regions::Any, Keys::Any, "m=128,n=64,warps=4,stages=1"},
    {"sm_80", 64, 128, Regions::Computed, Keys::Any,
     "m=128,n=64,warps=8,stages=1,order=pressure"},
    {"sm_80", 64, 128, Regions::Any, Keys::Windowed,
     "m=128,n=64,warps=8,stages=1,order=pressure"},
    {"sm_80", 64, 128, Regions::Any, Keys::Any,
     "m=128,n=64,warps=4,stages=1,order=pressure"},
    {"sm_80", 128, 256, Regions::Predicate, Keys::Any,
     "m=128,n=48,warps=8,stages=1,order=pressure"},
    {"sm_80", 256, 256, Regions::Predicate, Keys::Any,
     "m=128,n=32,warps=8,stages=1,order=pressure"},
    {"sm_80", 256, 256, Regions::Any, Keys::Any,
     "m=128,n=64,warps=8,stages=1,order=pressure"},

    {"sm_90a", 64, 64, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=96,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 64, Regions::Predicate, Keys::Any,
     TWO_CONSUMERS "n=128,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 64, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=176,ping_pong=true"},
    {"sm_90a", 64, 64, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=128,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 128, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=80,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 128, Regions::Predicate, Keys::Any,
     TWO_CONSUMERS "n=112,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 128, Regions::Computed, Keys::Full,
     TWO_CONSUMERS "n=144,ping_pong=true"},
    {"sm_90a", 64, 128, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=176,ping_pong=true"},
    {"sm_90a", 64, 128, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=128,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=80,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=112,ping_pong=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=112,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 256, Regions::Computed, Keys::Any,
     TWO_CONSUMERS "n=64,rescale=before,longest_first=true"},
    {"sm_90a", 128, 256, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=80,rescale=before"},
    {"sm_90a", 128, 256, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=80,rescale=before,longest_first=true"},
    {"sm_90a", 256, 256, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=32,rescale=before,longest_first=true"},
};

/// The same where both maps have one key, whose tile can be larger: asked
/// before the table above.
static constexpr ScheduleRow kSharedKeySchedules[] = {
    {"sm_80", 128, 128, Regions::Any, Keys::Any,
     "m=128,n=64,warps=8,stages=1,order=pressure"},

    {"sm_90a", 128, 128, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=80,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Predicate, Keys::Any,
     TWO_CONSUMERS "n=112,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=176,ping_pong=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=128,ping_pong=true,longest_first=true"},
};

/// 8-bit operands: n divides the keys of a transposed block of the value. The
/// running maximum is exact, as weights use all of the range of 8 bits. Head
/// dims over 128 leave no registers for a second output.
static constexpr ScheduleRow kFloat8Schedules[] = {
    {"sm_90a", 64, 64, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=64,promote=true,ping_pong=true,longest_first=true"},
    {"sm_90a", 64, 64, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=128,promote=true,ping_pong=true"},
    {"sm_90a", 64, 64, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=128,promote=true,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Loaded, Keys::Any,
     TWO_CONSUMERS "n=64,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Computed, Keys::Any,
     TWO_CONSUMERS "n=64,promote=true,ping_pong=true,longest_first=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=128,promote=true,ping_pong=true"},
    {"sm_90a", 128, 128, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=128,promote=true,ping_pong=true,longest_first=true"},
    {"sm_90a", 256, 256, Regions::Computed, Keys::Any,
     TWO_CONSUMERS "n=64,rescale=before,longest_first=true"},
    {"sm_90a", 256, 256, Regions::Any, Keys::Full,
     TWO_CONSUMERS "n=128,rescale=before"},
    {"sm_90a", 256, 256, Regions::Any, Keys::Any,
     TWO_CONSUMERS "n=128,rescale=before,longest_first=true"},
};
#undef SPLIT_COLUMNS
#undef TWO_CONSUMERS
#undef THREE_CONSUMERS

/// Schedules in options are written as in the IR, with or without the name:
/// `<m = 128, ...>` or `m=128,n=64,warps=4,stages=1`.
static tile::ScheduleAttr parseSchedule(MLIRContext *context, StringRef text) {
  text = text.trim();
  if (text.starts_with("#"))
    return dyn_cast_or_null<tile::ScheduleAttr>(parseAttribute(text, context));
  if (!text.starts_with("<"))
    return parseSchedule(context, ("<" + text + ">").str());
  return dyn_cast_or_null<tile::ScheduleAttr>(
      parseAttribute(("#tile.schedule" + text).str(), context));
}

static Keys keysOf(AttentionOpInterface op) {
  MaskBounds bounds = analyzeMask(op.getMask(), Axis::Key);
  bool above = false, below = false;
  for (const PositionLimit &limit : bounds.limits)
    for (const LinearForm &form : limit.alternatives)
      if (form.query != 0)
        (limit.walked < 0 ? above : below) = true;
  return above && below   ? Keys::Windowed
         : above || below ? Keys::Causal
                          : Keys::Full;
}

static Regions regionsOf(AttentionOpInterface op) {
  if (loadsByKey(op.getScore()) || loadsByKey(op.getMask()))
    return Regions::Loaded;
  if (!analyzeMask(op.getMask(), Axis::Key).complete)
    return Regions::Predicate;
  return op.getScore().empty() ? Regions::Plain : Regions::Computed;
}

static StringRef nameOf(Regions regions) {
  constexpr StringLiteral kNames[] = {"any", "plain", "computed", "predicate",
                                      "loaded"};
  return kNames[int(regions)];
}

static StringRef nameOf(Keys keys) {
  constexpr StringLiteral kNames[] = {"any", "full", "causal", "windowed"};
  return kNames[int(keys)];
}

static tile::ScheduleAttr with(tile::ScheduleAttr s, int64_t n,
                               int64_t stages) {
  return tile::ScheduleAttr::get(
      s.getContext(), s.getM(), n, s.getWarps(), stages, s.getOrder(),
      s.getConsumers(), s.getProducerRegisters(), s.getConsumerRegisters(),
      s.getWeights(), s.getOverlap(), s.getPingPong(), s.getRescale(),
      s.getThreshold(), s.getPersistent(), s.getLongestFirst(), s.getCluster(),
      s.getSplit(), s.getPromote());
}

/// A tile that holds key and value is read twice: until it has been, the next
/// one needs a place.
static tile::ScheduleAttr withSlotForValue(tile::ScheduleAttr schedule) {
  if (schedule.getSplit() == tile::Split::Columns)
    return schedule; // its two tiles fill the shared memory
  return with(schedule, schedule.getN(), schedule.getStages() + 1);
}

/// Rows for larger head dims are for values that lie in their keys.
static constexpr int64_t kLargestOwnValue = 256;

static const ScheduleRow *lookUp(ArrayRef<ScheduleRow> rows,
                                 AttentionOpInterface op, StringRef chip,
                                 Keys keys, Regions regions) {
  for (const ScheduleRow &row : rows)
    if (row.chip == chip &&
        (row.headDim <= kLargestOwnValue || isValueInKey(op)) &&
        (row.keys == Keys::Any || row.keys == keys) && regions >= row.regions &&
        op.getHeadDim() <= row.headDim &&
        op.getValueHeadDim() <= row.valueHeadDim)
      return &row;
  return nullptr;
}

static const ScheduleRow *lookUp(AttentionOpInterface op, StringRef chip,
                                 Keys keys, Regions regions) {
  if (op.getTransposedKeys())
    if (const ScheduleRow *row =
            lookUp(kFloat8Schedules, op, chip, keys, regions))
      return row;
  auto difference = dyn_cast<DifferentialOp>(op.getOperation());
  if (!difference)
    return lookUp(kSchedules, op, chip, keys, regions);
  if (difference.getKey0() == difference.getKey1())
    if (const ScheduleRow *row =
            lookUp(kSharedKeySchedules, op, chip, keys, regions))
      return row;
  return lookUp(kDifferentialSchedules, op, chip, keys, regions);
}

static StringRef describeMaps(AttentionOpInterface op) {
  SmallVector<Value> keys = op.getKeys();
  return keys.size() == 1        ? ""
         : llvm::all_equal(keys) ? " of two maps with one key"
                                 : " of two maps";
}

FailureOr<ScheduleChoice> mlir::attn::lookUpSchedule(AttentionOpInterface op,
                                                     StringRef chip) {
  Keys keys = keysOf(op);
  Regions regions = regionsOf(op);
  const ScheduleRow *row = lookUp(op, chip, keys, regions);
  if (!row) {
    if (failed(checkHeadDims(op, chip)))
      return failure();
    return op.emitError("no schedule for head dims ")
           << op.getHeadDim() << " and " << op.getValueHeadDim() << " on "
           << chip;
  }
  std::string reason = llvm::formatv(
      "head dims {0} and {1}{8}, {2} regions, {3} keys: the row for "
      "head dims up to {4} and {5}, {6} regions, {7} keys",
      op.getHeadDim(), op.getValueHeadDim(), nameOf(regions), nameOf(keys),
      row->headDim, row->valueHeadDim, nameOf(row->regions), nameOf(row->keys),
      describeMaps(op));
  tile::ScheduleAttr schedule = parseSchedule(op.getContext(), row->schedule);
  if (isValueInKey(op))
    schedule = withSlotForValue(schedule);
  if (int64_t keysOfBlock = op.getTransposedKeys())
    schedule = with(schedule, std::gcd(schedule.getN(), keysOfBlock),
                    schedule.getStages());
  return ScheduleChoice{schedule, row->schedule, reason};
}

/// Blocks of a cluster walk over the same tiles.
static LogicalResult checkCluster(AttentionOpInterface op,
                                  tile::ScheduleAttr schedule) {
  Keys keys = keysOf(op);
  bool isListed = needsLiveTiles(op.getMask(), Axis::Key);
  if (schedule.getCluster() == 1 || (keys == Keys::Full && !isListed))
    return success();
  return op.emitError("cluster = ")
         << schedule.getCluster()
         << " does not divide the work: blocks of a cluster share every key "
            "tile, but with a "
         << (isListed ? "sparse" : nameOf(keys))
         << " mask each block of rows has its own tiles; use cluster = 1";
}

namespace {
struct ChooseSchedulePass
    : mlir::attn::impl::AttnChooseSchedulePassBase<ChooseSchedulePass> {
  using AttnChooseSchedulePassBase::AttnChooseSchedulePassBase;

  void runOnOperation() override {
    if (!::attn::TargetDesc::lookup(chip)) {
      getOperation()->emitError(::attn::TargetDesc::explainUnknown(chip));
      return signalPassFailure();
    }
    tile::ScheduleAttr given;
    if (!schedule.empty()) {
      given = parseSchedule(&getContext(), schedule);
      if (!given) {
        getOperation()->emitError("cannot read schedule '")
            << schedule
            << "', expected <m = .., n = .., warps = .., stages = ..>";
        return signalPassFailure();
      }
    }
    WalkResult result = getOperation()->walk(
        [&](AttentionOpInterface op) { return choose(op, given); });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  WalkResult choose(AttentionOpInterface op, tile::ScheduleAttr given) {
    auto written = op->getAttrOfType<tile::ScheduleAttr>("tile.schedule");
    tile::ScheduleAttr chosen = given ? given : written;
    if (!chosen) {
      FailureOr<ScheduleChoice> choice = lookUpSchedule(op, chip);
      if (failed(choice))
        return WalkResult::interrupt();
      chosen = choice->schedule;
      explain(op, *choice);
    }
    if (failed(checkCluster(op, chosen)))
      return WalkResult::interrupt();
    op->setAttr("tile.schedule", chosen);
    return WalkResult::advance();
  }

  void explain(AttentionOpInterface op, const ScheduleChoice &choice) {
    auto options =
        remark::RemarkOpts::name("schedule").category("attn").subCategory(chip);
    remark::passed(op.getLoc(), options)
        << remark::reason("{0}", choice.reason)
        << remark::metric("schedule", choice.row);
  }
};
} // namespace
