//===- Report.cpp - all that is said of one op ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Report.h"
#include "attn/Dialect/Attn/Analysis/KeyColumns.h"
#include "attn/Dialect/Attn/Analysis/MaskFormula.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace ::attn::explain;

/// More would take minutes to evaluate.
static constexpr double kMostPositions = 0x1p34;

auto ::attn::explain::describeLocation(Location location) -> std::string {
  auto at = location->findInstanceOf<FileLineColLoc>();
  if (!at)
    return "";
  return (llvm::sys::path::filename(at.getFilename().getValue()) + ":" +
          Twine(at.getLine()) + ":" + Twine(at.getColumn()))
      .str();
}

/// All heads and batches, as far as the mask tells them apart.
static llvm::Error countTiles(Report &report, const Problem &problem) {
  const Subject &subject = *report.subject;
  const ProblemSizes &sizes = subject.sizes;
  auto mapper = TileMapper::compile(subject, problem);
  if (!mapper)
    return mapper.takeError();
  report.missing = (*mapper)->missing();
  mlir::attn::AttentionOpInterface op = subject.op;
  mlir::attn::MaskFormulas formulas(op.getMask());
  const bool byBatch = formulas.dependsOn(0), byHead = formulas.dependsOn(1);
  int64_t batches = byBatch ? sizes.batch.value_or(1) : 1;
  int64_t heads = byHead ? sizes.heads.value_or(1) : 1;
  const double positions = double(*sizes.queries) * double(*sizes.keys);
  const bool isComplete = sizes.batch && sizes.heads;
  const bool isLong = positions * batches * heads > kMostPositions;
  const std::string one = "batch " + std::to_string(problem.batch) + ", head " +
                          std::to_string(problem.head);
  report.scope = !isComplete ? one
                 : isLong    ? one + ", times all batches and heads"
                             : "all batches and heads";
  const bool isSample = isLong || !isComplete;
  if (isSample)
    batches = heads = 1;
  TileCounts counts;
  for (int64_t batch = 0; batch < batches; ++batch)
    for (int64_t head = 0; head < heads; ++head) {
      auto map = isSample ? (*mapper)->map(problem.batch, problem.head)
                          : (*mapper)->map(batch, head);
      if (!map)
        return map.takeError();
      counts.add(*map);
    }
  if (isComplete)
    counts.multiply(*sizes.batch * *sizes.heads / (batches * heads));
  report.tiles = counts;
  return llvm::Error::success();
}

static Work computeWork(const Subject &subject, const TileCounts &tiles) {
  mlir::attn::AttentionOpInterface op = subject.op;
  const double each = 2.0 * (op.getHeadDim() + op.getValueHeadDim());
  const double maps = op.getQueries().size();
  // The rows of a schedule are those of all maps.
  const double tile = each * subject.schedule.getM() * subject.schedule.getN();
  Work work;
  const int64_t visited = tiles.along(Axis::Key).visited;
  work.done = tile * visited;
  work.skipped = tile * (tiles.tiles() - visited);
  work.needed = each * maps * tiles.keptMost;
  return work;
}

/// Captures of the op, each once; those of unknown size are left out.
static int64_t captureBytes(const Subject &subject, const Problem &problem) {
  int64_t sum = 0;
  mlir::attn::AttentionOpInterface op = subject.op;
  for (Value capture : op.getCaptures()) {
    auto type = dyn_cast<MemRefType>(capture.getType());
    BlockArgument argument = type ? traceArgument(capture) : BlockArgument();
    if (!argument)
      continue;
    SmallVector<int64_t> shape(type.getShape());
    auto given = problem.arguments.find(argument.getArgNumber());
    if (given != problem.arguments.end())
      shape.assign(given->second.shape.begin(), given->second.shape.end());
    int64_t bytes = type.getElementType().isIndex()
                        ? 8
                        : llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    bool isKnown = llvm::none_of(shape, ShapedType::isDynamic);
    for (int64_t size : shape)
      bytes *= size;
    sum += isKnown ? bytes : 0;
  }
  return sum;
}

static int64_t bytesOf(Value tensor) {
  return cast<ShapedType>(tensor.getType()).getElementTypeBitWidth() / 8;
}

/// Bytes of a position that are read: maps may share a key, which may hold the
/// value.
static int64_t bytesPerKey(mlir::attn::AttentionOpInterface op) {
  SmallVector<Value> keys = op.getKeys();
  int64_t bytes = op.getHeadDim() * bytesOf(op.getKey()) *
                  llvm::SmallPtrSet<Value, 2>(keys.begin(), keys.end()).size();
  return bytes + (mlir::attn::isValueInKey(op)
                      ? 0
                      : op.getValueHeadDim() * bytesOf(op.getValue()));
}

/// Bytes of the scales of a tensor with so many heads in all batches.
static int64_t scaleBytes(mlir::attn::AttentionOp op, Value scales,
                          int64_t heads, int64_t length) {
  if (!scales)
    return 0;
  const int64_t rank = cast<ShapedType>(scales.getType()).getRank();
  if (rank == 1)
    return 4;
  return 4 * heads * (rank == 2 ? 1 : llvm::divideCeil(length, *op.getBlock()));
}

static Traffic computeTraffic(const Subject &subject, const Problem &problem,
                              const TileCounts &tiles) {
  mlir::attn::AttentionOpInterface op = subject.op;
  const ProblemSizes &sizes = subject.sizes;
  const int64_t heads = *sizes.batch * *sizes.heads;
  const int64_t kvHeads = *sizes.batch * *sizes.kvHeads;
  const int64_t rows = heads * *sizes.queries;
  const int64_t perKey = bytesPerKey(op);
  Traffic traffic;
  traffic.query = rows * op.getHeadDim() * bytesOf(op.getQuery()) *
                  int64_t(op.getQueries().size());
  traffic.out = rows * op.getValueHeadDim() * bytesOf(op.getOut());
  traffic.lse = op.getLse() ? rows * 4 : 0;
  traffic.keysAndValues = kvHeads * *sizes.keys * perKey;
  if (auto scaled = dyn_cast<mlir::attn::AttentionOp>(op.getOperation())) {
    traffic.query +=
        scaleBytes(scaled, scaled.getQueryScales(), heads, *sizes.queries);
    for (Value scales : {scaled.getKeyScales(), scaled.getValueScales()})
      traffic.keysAndValues += scaleBytes(scaled, scales, kvHeads, *sizes.keys);
  }
  traffic.captures = captureBytes(subject, problem);
  // Blocks of a cluster read a tile once.
  traffic.read = tiles.keyRows * perKey / subject.schedule.getCluster();
  return traffic;
}

static void findRotations(Report &report, const Problem &problem) {
  const Subject &subject = *report.subject;
  mlir::attn::AttentionOpInterface op = subject.op;
  const ProblemSizes &sizes = subject.sizes;
  const int64_t row =
      op.getHeadDim() * op.getElementType().getIntOrFloatBitWidth() / 8;
  report.rotaryChoices = mlir::attn::chooseRotary(
      op, subject.schedule, problem.compile.chip,
      mlir::attn::parseRotaryRule(problem.compile.rotary)
          .value_or(mlir::attn::RotaryRule::Auto));
  auto add = [&](StringRef name, ValueRange maps,
                 const mlir::attn::RotaryChoice &choice,
                 std::optional<int64_t> heads, std::optional<int64_t> length,
                 std::optional<int64_t> times) {
    for (auto [number, value] : llvm::enumerate(maps)) {
      if (!mlir::attn::isRotated(value))
        continue;
      Rotation rotation;
      rotation.operand =
          (name + (maps.size() > 1 ? std::to_string(number) : "")).str();
      if (sizes.batch && heads && length)
        rotation.bytes = 2 * *sizes.batch * *heads * *length * row;
      rotation.times = times;
      rotation.choice = choice;
      report.rotations.push_back(rotation);
    }
  };
  std::optional<int64_t> walks;
  if (sizes.queries && sizes.heads && sizes.kvHeads && *sizes.kvHeads)
    walks = llvm::divideCeil(*sizes.queries, subject.queriesOfBlock()) *
            (*sizes.heads / *sizes.kvHeads);
  const mlir::attn::RotaryChoices &choices = report.rotaryChoices;
  add("query", op.getQueries(), choices.query, sizes.heads, sizes.queries, 1);
  add("key", op.getKeys(), choices.key, sizes.kvHeads, sizes.keys, walks);
}

auto ::attn::explain::makeReport(ModuleOp program, const Subject &subject,
                                 const Problem &problem)
    -> llvm::Expected<Report> {
  Report report;
  report.subject = &subject;
  report.location =
      describeLocation(mlir::attn::AttentionOpInterface(subject.op)->getLoc());
  report.keyWalk = mlir::attn::planTileWalk(subject.op, Axis::Key);
  report.queryWalk = mlir::attn::planTileWalk(subject.op, Axis::Query);
  findRotations(report, problem);
  auto needs = measureKernels(program, subject, problem);
  if (!needs)
    return needs.takeError();
  report.needs = std::move(*needs);
  const ProblemSizes &sizes = subject.sizes;
  if (!sizes.queries || !sizes.keys)
    return report;
  if (llvm::Error error = countTiles(report, problem))
    return error;
  if (sizes.batch && sizes.heads && sizes.kvHeads && report.tiles->isKnown) {
    report.work = computeWork(subject, *report.tiles);
    report.traffic = computeTraffic(subject, problem, *report.tiles);
  }
  return report;
}
