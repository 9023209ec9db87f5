//===- MaskPicture.cpp - the tiles of a mask as a drawing -----------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Explain/MaskPicture.h"
#include "TileMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace ::attn::explain;
using llvm::createStringError;
using llvm::formatv;

// In pixels.
static constexpr double kPlotSize = 640, kSmallestSide = 24;
static constexpr double kLeft = 72, kTop = 96, kRight = 24;
static constexpr double kLine = 20;

/// Colours are chosen for a light and for a dark background, and to differ in
/// brightness for those who do not tell them apart by hue.
static constexpr llvm::StringLiteral kStyle = R"(
.page{fill:#ffffff}.text{fill:#1b1f24}.faint{fill:#59636e}.frame{fill:none;stroke:#8c959f}
.empty{fill:#e6eaef}.partial{fill:#f2a73b}.full{fill:#2a6fbb}.unknown{fill:#b48ad6}
.visited-empty{fill:#c62828}.masked-full{fill:#ffffff}
.grid{fill:none;stroke:#ffffff;stroke-opacity:.6;vector-effect:non-scaling-stroke}
@media(prefers-color-scheme:dark){
.page{fill:#14181d}.text{fill:#e8ecf1}.faint{fill:#9aa5b1}.frame{stroke:#59636e}
.empty{fill:#2b323a}.partial{fill:#e0962c}.full{fill:#3f86d6}.unknown{fill:#a679cc}
.visited-empty{fill:#ff5f56}.masked-full{fill:#0d1117}.grid{stroke:#14181d}}
)";

namespace {
/// One picture of the document, with its origin at the top left.
class Panel {
public:
  Panel(llvm::raw_ostream &os, const Subject &subject, const Problem &problem,
        const TileMap &map, llvm::ArrayRef<std::string> missing)
      : os(os), subject(subject), problem(problem), map(map), missing(missing) {
    counts.add(map);
    const double longest = std::max(map.queries, map.keys);
    width = std::max(kSmallestSide, kPlotSize * map.keys / longest);
    height = std::max(kSmallestSide, kPlotSize * map.queries / longest);
  }

  void draw() {
    writeTitle();
    drawTiles();
    drawAxes();
    bottom = kTop + height + 30;
    writeLegend();
    writeCaption();
  }

  double getWidth() const { return kLeft + kPlotSize + kRight; }
  double getHeight() const { return bottom; }

private:
  static std::string escape(llvm::StringRef text) {
    std::string escaped;
    llvm::raw_string_ostream stream(escaped);
    llvm::printHTMLEscaped(text, stream);
    return escaped;
  }

  void text(double x, double y, const llvm::Twine &words,
            llvm::StringRef style = "text", llvm::StringRef more = "") {
    os << formatv(
        "<text class=\"{0}\" x=\"{1:f0}\" y=\"{2:f0}\"{3}>{4}</text>\n", style,
        x, y, more, escape(words.str()));
  }

  void writeTitle() {
    text(kLeft, 28,
         "@" + subject.function.getName() + ", op " +
             llvm::Twine(subject.number) + ": " + subject.masks,
         "text", " font-size=\"17\" font-weight=\"bold\"");
    text(
        kLeft, 48,
        formatv("{0} queries down, {1} keys across, tiles of {2} x {3} on {4}; "
                "batch {5}, head {6}",
                map.queries, map.keys, map.m, map.n, problem.compile.chip,
                problem.batch, problem.head)
            .str(),
        "faint");
    text(kLeft, 68, describeLive(), "faint");
  }

  static double percent(int64_t part, int64_t whole) {
    return 100.0 * part / whole;
  }

  std::string describeLive() {
    const int64_t tiles = counts.tiles();
    const int64_t live = tiles - counts.of(TileClass::Empty);
    const char *most = counts.keptLeast == counts.keptMost ? "" : "at most ";
    return formatv("live: {0}{1} of {2} tiles ({3:f1} %), {0}{4} of {5} "
                   "positions ({6:f1} %)",
                   most, live, tiles, percent(live, tiles), counts.keptMost,
                   counts.positions,
                   percent(counts.keptMost, counts.positions));
  }

  //===--------------------------------------------------------------------===//
  // Tiles: in units of positions, so that all numbers are whole
  //===--------------------------------------------------------------------===//

  void drawTiles() {
    os << formatv(
        "<g transform=\"translate({0:f0} {1:f0}) scale({2:f6} {3:f6})\" "
        "shape-rendering=\"crispEdges\">\n",
        kLeft, kTop, width / map.keys, height / map.queries);
    drawClass("empty", TileClass::Empty);
    drawClass("partial", TileClass::Partial);
    drawClass("full", TileClass::Full);
    drawClass("unknown", TileClass::Unknown);
    drawGrid();
    if (map.isKnown()) {
      // A bar through the middle of each tile.
      drawRuns("visited-empty", 0.4, [&](int64_t row, int64_t column) {
        return map.isVisited(row, column) &&
               map.classOf(row, column) == TileClass::Empty;
      });
      drawRuns("masked-full", 0.2, [&](int64_t row, int64_t column) {
        return map.isMasked(row, column) &&
               map.classOf(row, column) == TileClass::Full;
      });
    }
    os << "</g>\n";
  }

  /// Lines between tiles that are large enough.
  void drawGrid() {
    if (std::min(width / map.columns, height / map.rows) < 8)
      return;
    os << "<path class=\"grid\" d=\"";
    for (int64_t column = 1; column < map.columns; ++column)
      os << "M" << column * map.n << " 0V" << map.queries;
    for (int64_t row = 1; row < map.rows; ++row)
      os << "M0 " << row * map.m << "H" << map.keys;
    os << "\"/>\n";
  }

  void drawClass(llvm::StringRef name, TileClass tile) {
    drawRuns(name, 1, [&](int64_t row, int64_t column) {
      return map.classOf(row, column) == tile;
    });
  }

  /// One rectangle for each run of tiles in a row.
  void drawRuns(llvm::StringRef name, double share,
                llvm::function_ref<bool(int64_t, int64_t)> isWanted) {
    std::string rects;
    llvm::raw_string_ostream stream(rects);
    int64_t count = 0;
    for (int64_t row = 0; row < map.rows; ++row)
      for (int64_t begin = 0; begin < map.columns; ++begin) {
        int64_t end = begin;
        while (end < map.columns && isWanted(row, end))
          ++end;
        if (end == begin)
          continue;
        count += end - begin;
        const int64_t x = begin * map.n;
        const int64_t right = std::min(end * map.n, map.keys);
        const double tall = map.rowsOf(row) * share;
        const double y = row * map.m + (map.rowsOf(row) - tall) / 2;
        stream << formatv("<rect x=\"{0}\" y=\"{1}\" width=\"{2}\" "
                          "height=\"{3}\"/>\n",
                          x, shortest(y), right - x, shortest(tall));
        begin = end;
      }
    if (count)
      os << formatv("<g class=\"{0}\" data-tiles=\"{1}\">\n{2}</g>\n", name,
                    count, rects);
  }

  static std::string shortest(double value) {
    std::string text = formatv("{0:f1}", value);
    llvm::StringRef cut = text;
    cut.consume_back(".0");
    return cut.str();
  }

  //===--------------------------------------------------------------------===//
  // Around them
  //===--------------------------------------------------------------------===//

  /// A power of two that gives eight ticks at most.
  static int64_t stepOf(int64_t length) {
    int64_t step = 1;
    while (step * 8 < length)
      step *= 2;
    return step;
  }

  void drawAxes() {
    os << formatv("<rect class=\"frame\" x=\"{0:f0}\" y=\"{1:f0}\" "
                  "width=\"{2:f1}\" height=\"{3:f1}\"/>\n",
                  kLeft, kTop, width, height);
    auto ticks = [&](int64_t length, double size,
                     llvm::function_ref<void(int64_t, double)> tick) {
      // Labels need room: 40 pixels each.
      int64_t step = stepOf(length);
      while (size * step / length < 40 && step < length)
        step *= 2;
      for (int64_t position = 0; position < length; position += step)
        tick(position, size * position / length);
    };
    ticks(map.keys, width, [&](int64_t position, double at) {
      text(kLeft + at, kTop - 8, llvm::Twine(position), "faint",
           " font-size=\"11\"");
      os << formatv("<path class=\"frame\" d=\"M{0:f1} {1:f0}v-5\"/>\n",
                    kLeft + at, kTop);
    });
    ticks(map.queries, height, [&](int64_t position, double at) {
      text(kLeft - 8, kTop + at + 10, llvm::Twine(position), "faint",
           " font-size=\"11\" text-anchor=\"end\"");
      os << formatv("<path class=\"frame\" d=\"M{0:f0} {1:f1}h-5\"/>\n", kLeft,
                    kTop + at);
    });
  }

  void writeLegend() {
    double x = kLeft;
    auto entry = [&](llvm::StringRef swatch, llvm::StringRef bar,
                     const std::string &words) {
      const double wide = 44 + 7.2 * words.size();
      if (x > kLeft && x + wide > getWidth()) {
        x = kLeft;
        bottom += kLine;
      }
      os << formatv(
          "<rect class=\"{0}\" x=\"{1:f0}\" y=\"{2:f0}\" width=\"14\" "
          "height=\"14\"/>\n",
          swatch, x, bottom - 12);
      if (!bar.empty())
        os << formatv("<rect class=\"{0}\" x=\"{1:f0}\" y=\"{2:f0}\" "
                      "width=\"14\" height=\"4\"/>\n",
                      bar, x, bottom - 7);
      text(x + 20, bottom, words);
      x += wide;
    };
    auto count = [&](TileClass tile) {
      return std::to_string(counts.of(tile));
    };
    entry("empty", "", "empty " + count(TileClass::Empty));
    entry("partial", "", "partial " + count(TileClass::Partial));
    entry("full", "", "full " + count(TileClass::Full));
    if (!missing.empty())
      entry("unknown", "", "depends on captures " + count(TileClass::Unknown));
    if (walk().visitedEmpty)
      entry("empty", "visited-empty",
            "visited although empty " + std::to_string(walk().visitedEmpty));
    if (walk().maskedFull)
      entry("full", "masked-full",
            "masked although full " + std::to_string(walk().maskedFull));
    bottom += kLine + 4;
  }

  /// That of the kernel.
  const WalkCounts &walk() const { return counts.along(Axis::Key); }

  void writeCaption() {
    if (!map.isKnown()) {
      text(kLeft, bottom,
           "Without a value: " + llvm::join(missing, ", ") +
               ". What the kernel visits depends on it.",
           "faint");
      bottom += kLine;
      return;
    }
    mlir::attn::TileWalkPlan plan =
        mlir::attn::planTileWalk(subject.op, Axis::Key);
    static constexpr llvm::StringLiteral kWalks[] = {
        "all key tiles", "closed bounds of the key tiles",
        "a list of the key tiles"};
    text(kLeft, bottom,
         formatv("The kernel walks {0}: it visits {1} of {2} tiles and masks "
                 "{3};",
                 kWalks[int(plan.walk)], walk().visited, counts.tiles(),
                 walk().masked)
             .str(),
         "faint");
    bottom += kLine;
    text(kLeft, bottom,
         formatv("visited although empty: {0}, masked although full: {1}.",
                 walk().visitedEmpty, walk().maskedFull)
             .str(),
         "faint");
    bottom += kLine;
  }

  llvm::raw_ostream &os;
  const Subject &subject;
  const Problem &problem;
  const TileMap &map;
  llvm::ArrayRef<std::string> missing;
  TileCounts counts;
  double width, height; // of the plot
  double bottom = 0;    // of what is written so far
};
} // namespace

/// What a mask needs before it can be drawn.
static llvm::Error checkDrawable(const Subject &subject,
                                 const Problem &problem) {
  const ProblemSizes &sizes = subject.sizes;
  if (!sizes.queries || !sizes.keys)
    return createStringError("@" + subject.function.getName() +
                             " has dynamic lengths: expected the numbers of "
                             "queries and keys to draw it for "
                             "(--attn-mask-lengths=Sq,Sk)");
  auto isWithin = [](int64_t value, std::optional<int64_t> size) {
    return value >= 0 && (!size || value < *size);
  };
  if (!isWithin(problem.batch, sizes.batch) ||
      !isWithin(problem.head, sizes.heads))
    return createStringError(
        "no batch " + llvm::Twine(problem.batch) + " and head " +
        llvm::Twine(problem.head) + " in @" + subject.function.getName() +
        ": expected numbers from 0 that are less than its sizes");
  return llvm::Error::success();
}

/// Draws one op at `top` of the document and moves it on.
static llvm::Error drawOne(const Subject &subject, const Problem &problem,
                           llvm::raw_ostream &os, double &width, double &top) {
  if (llvm::Error error = checkDrawable(subject, problem))
    return error;
  auto mapper = TileMapper::compile(subject, problem);
  if (!mapper)
    return mapper.takeError();
  auto map = (*mapper)->map(problem.batch, problem.head);
  if (!map)
    return map.takeError();
  os << formatv("<g transform=\"translate(0 {0:f0})\">\n", top);
  Panel panel(os, subject, problem, *map, (*mapper)->missing());
  panel.draw();
  os << "</g>\n";
  width = panel.getWidth();
  top += panel.getHeight();
  return llvm::Error::success();
}

auto ::attn::explain::drawMasks(ModuleOp program, const Problem &problem)
    -> llvm::Expected<std::string> {
  auto subjects = Subjects::find(program, problem);
  if (!subjects)
    return subjects.takeError();
  llvm::erase_if(subjects->all(),
                 [](const Subject &subject) { return subject.masks.empty(); });
  if (subjects->all().empty())
    return createStringError("no mask to draw: expected an attn.attention with "
                             "a mask region; without one every tile is full");
  std::string body;
  llvm::raw_string_ostream os(body);
  double width = 0, height = 0;
  for (const Subject &subject : subjects->all())
    if (llvm::Error error = drawOne(subject, problem, os, width, height))
      return error;
  return formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:f0}\" "
                 "height=\"{1:f0}\" viewBox=\"0 0 {0:f0} {1:f0}\" role=\"img\" "
                 "font-family=\"system-ui,sans-serif\" font-size=\"13\">\n"
                 "<title>Tiles of attention masks</title>\n<style>{2}</style>\n"
                 "<rect class=\"page\" width=\"100%\" "
                 "height=\"100%\"/>\n{3}</svg>\n",
                 width, height, llvm::StringRef(kStyle), body)
      .str();
}
