//===- ChooseSchedule.cpp - the schedule table ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/AsmParser/AsmParser.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNCHOOSESCHEDULEPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {
/// Used when both head dims are at most `headDim`; rows of a chip are sorted.
struct ScheduleRow {
  StringRef chip;
  int64_t headDim;
  int64_t m, n, warps, stages;
  tile::Order order;
};
} // namespace

/// sm_80: the tiles of FlashAttention-2 (arXiv 2307.08691) for A100, and n =
/// 112 or 96 where 128 would spill.
static constexpr ScheduleRow kSchedules[] = {
    {"sm_80", 16, 128, 128, 4, 1, tile::Order::Source},
    {"sm_80", 32, 128, 112, 4, 1, tile::Order::Source},
    {"sm_80", 56, 128, 96, 4, 1, tile::Order::Pressure},
    {"sm_80", 64, 128, 128, 4, 1, tile::Order::Source},
    {"sm_80", 128, 128, 64, 4, 1, tile::Order::Pressure},
    {"sm_80", 256, 128, 64, 8, 1, tile::Order::Pressure},
};

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

static tile::ScheduleAttr lookUp(AttentionOp op, StringRef chip) {
  int64_t headDim = std::max(op.getHeadDim(), op.getValueHeadDim());
  for (const ScheduleRow &row : kSchedules)
    if (row.chip == chip && headDim <= row.headDim)
      return tile::ScheduleAttr::get(op.getContext(), row.m, row.n, row.warps,
                                     row.stages, row.order);
  return {};
}

namespace {
struct ChooseSchedulePass
    : mlir::attn::impl::AttnChooseSchedulePassBase<ChooseSchedulePass> {
  using AttnChooseSchedulePassBase::AttnChooseSchedulePassBase;

  void runOnOperation() override {
    if (!::attn::TargetDesc::lookup(chip)) {
      getOperation()->emitError("unknown chip '")
          << chip << "', expected one of " << ::attn::TargetDesc::knownChips();
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
    WalkResult result =
        getOperation()->walk([&](AttentionOp op) { return choose(op, given); });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  WalkResult choose(AttentionOp op, tile::ScheduleAttr given) {
    tile::ScheduleAttr chosen = given ? given : lookUp(op, chip);
    if (!chosen) {
      op.emitError("no schedule for head dims ")
          << op.getHeadDim() << " and " << op.getValueHeadDim() << " on "
          << chip << ", expected at most 256";
      return WalkResult::interrupt();
    }
    if (op->hasAttr("tile.schedule") && !given)
      return WalkResult::advance(); // written in the IR
    op->setAttr("tile.schedule", chosen);
    return WalkResult::advance();
  }
};
} // namespace
