//===- Explanation.cpp - reports as text and as JSON ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Explain/Explanation.h"
#include "Report.h"
#include "attn/Support/Boards.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace ::attn::explain;
using ::attn::Board;
using ::attn::boards;
using ::attn::boundTime;
using ::attn::Roofline;
using llvm::formatv;
using mlir::attn::TileWalk;
using mlir::attn::TileWalkPlan;

static std::string textOf(mlir::tile::ScheduleAttr schedule) {
  std::string text;
  llvm::raw_string_ostream(text) << schedule;
  return text;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// A number with a unit of its size: 1.50 G.
static std::string scaled(double value, llvm::StringRef unit) {
  const char *prefixes[] = {"", "k", "M", "G", "T", "P"};
  unsigned prefix = 0;
  while (value >= 1000 && prefix + 1 < std::size(prefixes)) {
    value /= 1000;
    ++prefix;
  }
  return formatv(prefix ? "{0:f2} {1}{2}" : "{0:f0} {1}{2}", value,
                 prefixes[prefix], unit);
}

static std::string timeText(double seconds) {
  return seconds < 1e-3 ? formatv("{0:f2} us", seconds * 1e6).str()
                        : formatv("{0:f3} ms", seconds * 1e3).str();
}

/// The board's rate of the products of an op.
static double rateOf(const Board &board, const Subject &subject) {
  mlir::attn::AttentionOpInterface op = subject.op;
  return mlir::attn::isFloat8(op.getElementType()) ? board.float8Tflops
                                                   : board.tflops;
}

namespace {
/// Writes one report for people.
class TextWriter {
public:
  TextWriter(llvm::raw_ostream &os, const Report &report, StringRef chip)
      : os(os), report(report), subject(*report.subject), chip(chip) {}

  void write() {
    os << "@" << subject.function.getName() << ", op " << subject.number;
    if (!report.location.empty())
      os << " at " << report.location;
    os << ", for " << chip << "\n";
    line("schedule") << textOf(subject.schedule) << "\n";
    line("reason") << subject.reason << "\n";
    writePlan();
    writeProblem();
    writeTiles();
    writeWork();
    writeRotations();
    writeKernels();
    writeBounds();
  }

private:
  llvm::raw_ostream &line(StringRef name) {
    return os << "  " << llvm::left_justify(name, 13);
  }

  void writePlan() {
    mlir::attn::AttentionOpInterface op = subject.op;
    line("mask") << (subject.masks.empty() ? "none" : subject.masks)
                 << (op.getMask().empty() && !subject.masks.empty()
                         ? ", which keeps everything\n"
                         : "\n");
    line("key tiles");
    writeWalk(report.keyWalk, "queries");
    line("query tiles");
    writeWalk(report.queryWalk, "keys");
    for (Operation *undecided : report.keyWalk.undecided)
      line("undecided") << undecided->getName() << " at "
                        << describeLocation(undecided->getLoc())
                        << ": no bounds over a tile, so tiles that it decides "
                           "are visited and masked\n";
  }

  void writeWalk(const TileWalkPlan &plan, StringRef blocks) {
    switch (plan.walk) {
    case TileWalk::All:
      os << "all of them are visited";
      break;
    case TileWalk::Range:
      os << "closed bounds, computed by each block of " << blocks;
      break;
    case TileWalk::List:
      os << "a list for each block of " << blocks
         << ", made by a kernel of one warp";
      break;
    }
    if (plan.readsCaptures)
      os << ", after captures were read once";
    os << (plan.knowsFullTiles ? "; full tiles leave the mask out\n"
                               : "; each of these is masked\n");
  }

  void writeProblem() {
    const ProblemSizes &sizes = subject.sizes;
    auto text = [](std::optional<int64_t> size) {
      return size ? std::to_string(*size) : std::string("?");
    };
    line("problem") << "batch " << text(sizes.batch) << ", query heads "
                    << text(sizes.heads) << ", key/value heads "
                    << text(sizes.kvHeads) << ", queries "
                    << text(sizes.queries) << ", keys " << text(sizes.keys)
                    << "\n";
  }

  void writeTiles() {
    line("tiles");
    if (!report.tiles) {
      os << "not counted: lengths are not known\n";
      return;
    }
    const TileCounts &tiles = *report.tiles;
    os << formatv("{0} of {1} x {2}: {3} empty, {4} partial, {5} full",
                  tiles.tiles(), subject.queriesOfBlock(),
                  subject.schedule.getN(), tiles.of(TileClass::Empty),
                  tiles.of(TileClass::Partial), tiles.of(TileClass::Full));
    if (!tiles.isKnown) {
      os << formatv(", {0} depend on captures ({1}; no value for {2})\n",
                    tiles.of(TileClass::Unknown), report.scope,
                    llvm::join(report.missing, ", "));
      return;
    }
    os << " (" << report.scope << ")\n";
    for (auto [walked, name] :
         {std::pair(Axis::Key, "keys"), std::pair(Axis::Query, "queries")}) {
      const WalkCounts &walk = tiles.along(walked);
      line("") << formatv("along {0}: {1} visited, {2} of them although empty; "
                          "{3} masked, {4} of them although full\n",
                          name, walk.visited, walk.visitedEmpty, walk.masked,
                          walk.maskedFull);
    }
  }

  void writeWork() {
    line("work");
    if (!report.work) {
      os << "not counted: " << whyNoWork() << "\n";
      return;
    }
    const Work &work = *report.work;
    os << formatv("{0} done, {1} skipped ({2:f1} %); kept positions need {3}\n",
                  scaled(work.done, "FLOP"), scaled(work.skipped, "FLOP"),
                  100 * work.skipped / (work.done + work.skipped),
                  scaled(work.needed, "FLOP"));
    const Traffic &traffic = *report.traffic;
    line("traffic") << formatv(
        "at least {0}, each input and output once: query {1}, keys and values "
        "{2}, captures {3}, out {4}, lse {5}\n",
        scaled(traffic.lowerBound(), "B"), scaled(traffic.query, "B"),
        scaled(traffic.keysAndValues, "B"), scaled(traffic.captures, "B"),
        scaled(traffic.out, "B"), scaled(traffic.lse, "B"));
    line("") << formatv(
        "blocks ask for {0}: keys and values {1:f1} times ({2}), once for each "
        "block of queries and head; what the L2 cache holds does not reach "
        "memory\n",
        scaled(traffic.requested(), "B"),
        double(traffic.read) / traffic.keysAndValues,
        scaled(traffic.read, "B"));
  }

  void writeRotations() {
    for (const Rotation &rotation : report.rotations) {
      line("rotary") << "the " << rotation.operand;
      if (rotation.choice.fused)
        writeFused(rotation);
      else
        writeBefore(rotation);
      os << "\n";
    }
    if (!report.rotations.empty())
      writeRotaryEstimates();
  }

  void writeFused(const Rotation &rotation) {
    os << " is rotated in the kernel of attention";
    if (rotation.times && *rotation.times > 1)
      os << ", each element " << *rotation.times
         << " times, once for each block of queries and head";
    if (rotation.bytes)
      os << ": " << scaled(*rotation.bytes, "B")
         << " less are read and written";
  }

  void writeBefore(const Rotation &rotation) {
    os << " is rotated before, each element once";
    if (rotation.bytes)
      os << ": " << scaled(*rotation.bytes, "B")
         << " more are read and written";
    if (rotation.times && *rotation.times > 1)
      os << "; in the walk it would be rotated " << *rotation.times
         << " times, once for each block of queries and head";
    if (!rotation.choice.obstacle.empty())
      os << "; the kernel of attention cannot: " << rotation.choice.obstacle;
  }

  /// What the choice compares.
  void writeRotaryEstimates() {
    const mlir::attn::RotaryChoices &choices = report.rotaryChoices;
    line("") << "estimates for " << choices.board << ", " << choices.sizes;
    for (auto [name, choice] :
         {std::pair("query", &choices.query), {"key", &choices.key}})
      if (choice->rotary)
        os << "; " << name << " " << timeText(choice->beforeSeconds)
           << " before, " << timeText(choice->fusedSeconds) << " in the kernel";
    os << "; a launch before " << timeText(choices.launchSeconds);
    if (choices.leastGain > 0)
      os << "; fused from a gain of " << timeText(choices.leastGain) << " on";
    os << "\n";
  }

  std::string whyNoWork() {
    if (report.tiles && !report.tiles->isKnown)
      return "no value for " + llvm::join(report.missing, ", ");
    return "sizes are not known";
  }

  void writeKernels() {
    const OpNeeds &needs = report.needs;
    line("launches") << needs.kernels.size() << "\n";
    for (const KernelNeeds &kernel : needs.kernels) {
      os << "    " << kernel.name << ": " << kernel.threads << " threads, "
         << kernel.sharedBytes << " bytes of shared memory, ";
      if (kernel.code)
        os << kernel.code->registers << " registers, "
           << kernel.code->spillStores << " bytes of spill stores, "
           << kernel.code->spillLoads << " of spill loads\n";
      else
        os << "registers and spills " << needs.whyNoCode << "\n";
    }
    line("workspace");
    if (needs.workspaceBytes)
      os << *needs.workspaceBytes << " bytes\n";
    else
      os << "not known: it depends on the sizes\n";
  }

  void writeBounds() {
    line("bound");
    if (!report.work) {
      os << "not computed: " << whyNoWork() << "\n";
      return;
    }
    os << "the least time that the peak numbers of a board allow; a bound, not "
          "a measurement\n";
    for (const Board &board : boards()) {
      os << "    " << board.name << ": ";
      if (!board.runs(chip)) {
        os << "does not run code for " << chip << "\n";
        continue;
      }
      const double tflops = rateOf(board, subject);
      Roofline roofline = boundTime(board, tflops, report.work->done,
                                    report.traffic->lowerBound());
      os << timeText(roofline.seconds()) << ", by "
         << (roofline.isMemoryBound() ? "memory" : "products")
         << formatv(" (products {0} at {1} TFLOP/s, memory {2} at {3} TB/s; "
                    "{4})\n",
                    timeText(roofline.computeSeconds), tflops,
                    timeText(roofline.memorySeconds),
                    board.bytesPerSecond / 1e12, board.source);
    }
  }

  llvm::raw_ostream &os;
  const Report &report;
  const Subject &subject;
  StringRef chip;
};
} // namespace

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

template <typename T>
static llvm::json::Value orNull(const std::optional<T> &x) {
  return x ? llvm::json::Value(*x) : llvm::json::Value(nullptr);
}

static llvm::json::Value planJson(const TileWalkPlan &plan) {
  static constexpr llvm::StringLiteral kWalks[] = {"all", "range", "list"};
  llvm::json::Array undecided;
  for (Operation *op : plan.undecided)
    undecided.push_back(
        llvm::json::Object{{"op", op->getName().getStringRef()},
                           {"location", describeLocation(op->getLoc())}});
  return llvm::json::Object{{"walk", kWalks[int(plan.walk)]},
                            {"reads_captures", plan.readsCaptures},
                            {"knows_full_tiles", plan.knowsFullTiles},
                            {"undecided", std::move(undecided)}};
}

static llvm::json::Object walkJson(const WalkCounts &walk) {
  return llvm::json::Object{{"visited", walk.visited},
                            {"masked", walk.masked},
                            {"visited_although_empty", walk.visitedEmpty},
                            {"masked_although_full", walk.maskedFull}};
}

static llvm::json::Value tilesJson(const Report &report) {
  if (!report.tiles)
    return nullptr;
  const TileCounts &tiles = *report.tiles;
  llvm::json::Object object{
      {"m", report.subject->queriesOfBlock()},
      {"n", report.subject->schedule.getN()},
      {"scope", report.scope},
      {"empty", tiles.of(TileClass::Empty)},
      {"partial", tiles.of(TileClass::Partial)},
      {"full", tiles.of(TileClass::Full)},
      {"depend_on_captures", tiles.of(TileClass::Unknown)},
      {"positions", tiles.positions},
      {"kept_at_least", tiles.keptLeast},
      {"kept_at_most", tiles.keptMost},
      {"missing_captures", llvm::json::Array(report.missing)}};
  if (tiles.isKnown) {
    for (auto &[name, value] : walkJson(tiles.along(Axis::Key)))
      object[name] = value;
    object["along_queries"] = walkJson(tiles.along(Axis::Query));
  }
  return object;
}

static llvm::json::Value kernelsJson(const OpNeeds &needs) {
  llvm::json::Array kernels;
  for (const KernelNeeds &kernel : needs.kernels) {
    llvm::json::Object one{{"name", kernel.name},
                           {"threads", kernel.threads},
                           {"shared_bytes", kernel.sharedBytes},
                           {"registers", nullptr},
                           {"spill_store_bytes", nullptr},
                           {"spill_load_bytes", nullptr}};
    if (kernel.code) {
      one["registers"] = kernel.code->registers;
      one["spill_store_bytes"] = kernel.code->spillStores;
      one["spill_load_bytes"] = kernel.code->spillLoads;
    }
    kernels.push_back(std::move(one));
  }
  return kernels;
}

static llvm::json::Value boundsJson(const Report &report, StringRef chip) {
  llvm::json::Array bounds;
  for (const Board &board : boards()) {
    llvm::json::Object one{{"board", board.name},
                           {"tflops", rateOf(board, *report.subject)},
                           {"bytes_per_second", board.bytesPerSecond},
                           {"source", board.source},
                           {"runs", board.runs(chip)},
                           {"seconds", nullptr}};
    if (report.work && board.runs(chip)) {
      const double tflops = rateOf(board, *report.subject);
      Roofline roofline = boundTime(board, tflops, report.work->done,
                                    report.traffic->lowerBound());
      one["seconds"] = roofline.seconds();
      one["compute_seconds"] = roofline.computeSeconds;
      one["memory_seconds"] = roofline.memorySeconds;
    }
    bounds.push_back(std::move(one));
  }
  return bounds;
}

static llvm::json::Array rotationsJson(const Report &report) {
  llvm::json::Array rotations;
  for (const Rotation &rotation : report.rotations)
    rotations.push_back(
        llvm::json::Object{{"operand", rotation.operand},
                           {"bytes", orNull(rotation.bytes)},
                           {"times_in_walk", orNull(rotation.times)},
                           {"fused", rotation.choice.fused},
                           {"obstacle", rotation.choice.obstacle},
                           {"before_seconds", rotation.choice.beforeSeconds},
                           {"fused_seconds", rotation.choice.fusedSeconds}});
  return rotations;
}

static llvm::json::Value reportJson(const Report &report, StringRef chip) {
  const Subject &subject = *report.subject;
  const ProblemSizes &sizes = subject.sizes;
  llvm::json::Value work = nullptr, traffic = nullptr;
  if (report.work) {
    work = llvm::json::Object{{"done_flops", report.work->done},
                              {"skipped_flops", report.work->skipped},
                              {"needed_flops", report.work->needed}};
    const Traffic &bytes = *report.traffic;
    traffic = llvm::json::Object{{"lower_bound_bytes", bytes.lowerBound()},
                                 {"requested_bytes", bytes.requested()},
                                 {"query_bytes", bytes.query},
                                 {"key_value_bytes", bytes.keysAndValues},
                                 {"key_value_requested_bytes", bytes.read},
                                 {"capture_bytes", bytes.captures},
                                 {"out_bytes", bytes.out},
                                 {"lse_bytes", bytes.lse}};
  }
  return llvm::json::Object{
      {"function", subject.function.getName()},
      {"op", subject.number},
      {"location", report.location},
      {"chip", chip},
      {"schedule", textOf(subject.schedule)},
      {"reason", subject.reason},
      {"mask", subject.masks},
      {"key_tiles", planJson(report.keyWalk)},
      {"query_tiles", planJson(report.queryWalk)},
      {"sizes", llvm::json::Object{{"batch", orNull(sizes.batch)},
                                   {"heads", orNull(sizes.heads)},
                                   {"kv_heads", orNull(sizes.kvHeads)},
                                   {"queries", orNull(sizes.queries)},
                                   {"keys", orNull(sizes.keys)}}},
      {"tiles", tilesJson(report)},
      {"work", std::move(work)},
      {"traffic", std::move(traffic)},
      {"rotary", rotationsJson(report)},
      {"kernels", kernelsJson(report.needs)},
      {"launches", int64_t(report.needs.kernels.size())},
      {"workspace_bytes", orNull(report.needs.workspaceBytes)},
      {"not_measured", report.needs.whyNoCode},
      {"bounds", boundsJson(report, chip)}};
}

//===----------------------------------------------------------------------===//
// All ops
//===----------------------------------------------------------------------===//

/// Calls `write` with the report of every op.
static llvm::Error forEach(ModuleOp program, const Problem &problem,
                           llvm::function_ref<void(const Report &)> write) {
  auto subjects = Subjects::find(program, problem);
  if (!subjects)
    return subjects.takeError();
  for (const Subject &subject : subjects->all()) {
    auto report = makeReport(program, subject, problem);
    if (!report)
      return report.takeError();
    write(*report);
  }
  return llvm::Error::success();
}

auto ::attn::explain::explainAsText(ModuleOp program, const Problem &problem)
    -> llvm::Expected<std::string> {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::Error error = forEach(program, problem, [&](const Report &report) {
    os << (text.empty() ? "" : "\n");
    TextWriter(os, report, problem.compile.chip).write();
  });
  if (error)
    return error;
  return text;
}

auto ::attn::explain::explainAsJson(ModuleOp program, const Problem &problem)
    -> llvm::Expected<std::string> {
  llvm::json::Array ops;
  llvm::Error error = forEach(program, problem, [&](const Report &report) {
    ops.push_back(reportJson(report, problem.compile.chip));
  });
  if (error)
    return error;
  return formatv("{0:2}\n",
                 llvm::json::Value(llvm::json::Object{{"ops", std::move(ops)}}))
      .str();
}
