//===- Wgmma.cpp - wgmma and its groups -----------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wgmma is in flight from its issue to the wait_group that covers it, and
// takes effect at one end of that span: at the first wait of a warp of its warp
// group (Timing::Latest), or when the last warp has issued it
// (Timing::Earliest). Both read shared memory and registers of that moment.
//
// Inst: a, b = descriptors, c = scale-d, count = N / 8, width = K,
// sub = WgmmaElement of A plus 16 times that of B. Operand pool: accumulators,
// then A registers.
//
//===----------------------------------------------------------------------===//

#include "Wgmma.h"

#include "../LaneMath.h"
#include "../WgmmaLayout.h"
#include "Access.h"
#include "WgmmaTiles.h"

#include <algorithm>

using namespace attn::sim;

namespace {
enum : uint8_t { RegisterA = 1, MajorA = 2, MajorB = 4, Negate = 8 };

unsigned sizeN(const Inst &inst) { return inst.count * 8u; }

/// wgmma takes all lanes of all four warps.
bool isWholeWarpGroup(Warp &warp, uint32_t mask) {
  Cta &cta = *warp.cta;
  unsigned present = unsigned(cta.warps.size()) - warp.index / 4 * 4;
  if (present < 4) {
    warp.report(Hazard::DivergentWarpGroup, -1,
                "the last warp group of the CTA has " +
                    std::to_string(present) + " of 4 warps");
    return false;
  }
  if (mask == ~0u)
    return true;
  warp.report(Hazard::DivergentAligned, __builtin_ctz(~mask),
              "wgmma is executed by " +
                  std::to_string(__builtin_popcount(mask)) + " of 32 lanes");
  cta.stopped = true; // the warps of the group would never agree again
  return false;
}

//===-- operands ----------------------------------------------------------===//

bool readDescriptor(Warp &warp, uint32_t slot, const char *what,
                    uint64_t &value) {
  if (uint32_t poisoned = warp.poison(slot)) {
    warp.reportPoison(poisoned, what);
    return false;
  }
  const uint32_t *lanes = warp.source(slot);
  value = getLane<uint64_t>(lanes, 0);
  for (int lane = 1; lane < 32; ++lane)
    if (getLane<uint64_t>(lanes, lane) != value) {
      warp.report(Hazard::InvalidOperand, lane,
                  std::string(what) + " is not the same in all lanes");
      return false;
    }
  return true;
}

bool readScale(Warp &warp, const Inst &inst, bool &accumulate) {
  if (uint32_t poisoned = warp.predicatePoison(inst.c)) {
    warp.reportPoison(poisoned, "scale-d");
    return false;
  }
  uint32_t lanes = warp.predicate(inst.c);
  accumulate = lanes != 0;
  if (lanes == 0 || lanes == ~0u)
    return true;
  warp.report(Hazard::InvalidOperand, __builtin_ctz(~lanes),
              "scale-d is not the same in all lanes");
  return false;
}

bool checkDescriptor(Warp &warp, uint64_t bits, bool mnMajor, unsigned rows,
                     const char *what) {
  std::string problem = MatrixDescriptor(bits).problem(mnMajor, rows);
  if (problem.empty())
    return true;
  warp.report(Hazard::InvalidOperand, -1, std::string(what) + ": " + problem);
  return false;
}

/// Appends what lies at the addresses; neighbours become one range.
void appendRanges(const uint32_t *address, unsigned count,
                  std::vector<SharedRange> &ranges) {
  for (unsigned i = 0; i < count; ++i) {
    uint32_t offset = address[i] - sharedBase;
    SharedRange *last = ranges.empty() ? nullptr : &ranges.back();
    if (last && last->offset + last->bytes == offset)
      last->bytes += 16;
    else if (last && offset + 16 == last->offset)
      *last = {offset, last->bytes + 16};
    else
      ranges.push_back({offset, 16});
  }
}

/// Each warp answers for the rows of A that it multiplies and for a quarter of
/// B, another one each time: together that is what the wgmma reads.
AsyncReadsHandle beginReads(Warp &warp, const Inst &inst, const WgmmaStep &step,
                            AsyncAgent &agent) {
  uint32_t address[maxWgmmaChunks];
  std::vector<SharedRange> ranges;
  unsigned self = warp.index % 4;
  if (!(inst.flags & RegisterA)) {
    MatrixDescriptor(step.a).chunkAddresses(inst.flags & MajorA, 16 * self, 16,
                                            0, 32, address);
    appendRanges(address, 32, ranges);
  }
  unsigned quarter = sizeN(inst) / 2;
  MatrixDescriptor(step.b).chunkAddresses(inst.flags & MajorB, 0, sizeN(inst),
                                          (self + agent.issued) % 4 * quarter,
                                          quarter, address);
  appendRanges(address, quarter, ranges);
  return beginAsyncReads(warp, inst, 32, ranges, agent);
}

//===-- arithmetic --------------------------------------------------------===//

/// Fills `offset` with places in shared memory; false when one is outside.
bool locate(const Cta &cta, uint64_t descriptor, bool mnMajor,
            unsigned firstRow, unsigned rows, uint32_t *offset) {
  MatrixDescriptor(descriptor)
      .chunkAddresses(mnMajor, firstRow, rows, 0, 2 * rows, offset);
  bool inside = true;
  for (unsigned i = 0; i < 2 * rows; ++i) {
    inside &= offset[i] >= sharedBase &&
              cta.shared.contains(offset[i] - sharedBase, 16);
    offset[i] -= sharedBase;
  }
  return inside;
}

bool loadRows(Cta &cta, Warp &warp, const Inst &inst, const WgmmaStep &step,
              WgmmaRows &rows) {
  auto element = WgmmaElement(inst.sub & 15);
  float sign = inst.flags & Negate ? -1.0f : 1.0f;
  if (inst.flags & RegisterA) {
    const uint32_t *slots = warp.operands(inst) + 4 * inst.count;
    const uint32_t *words[4];
    uint32_t poison[4];
    for (unsigned w = 0; w < 4; ++w) {
      words[w] = warp.source(slots[w]);
      poison[w] = warp.poison(slots[w]);
    }
    readRows(words, poison, element, sign, rows);
    return true;
  }
  uint32_t offset[32];
  bool mnMajor = inst.flags & MajorA;
  if (!locate(cta, step.a, mnMajor, 16 * (warp.index % 4), 16, offset))
    return false;
  readRows(cta.shared, {offset, 16, inst.width, mnMajor, element}, sign, rows);
  return true;
}

/// Poison of accumulators: of a row of A, a column of B, or the old value.
void propagatePoison(Warp &warp, const Inst &inst, bool accumulate,
                     const WgmmaRows &rows, const WgmmaColumns &columns) {
  const uint32_t *slots = warp.operands(inst);
  uint32_t fromRows[2] = {0, 0};
  for (unsigned row = 0; rows.unknown && row < 16; ++row)
    if (rows.unknown >> row & 1)
      fromRows[row / 8] |= 15u << (row % 8 * 4);
  for (unsigned i = 0; i < 4u * inst.count; ++i) {
    uint32_t poison = fromRows[i / 2 % 2];
    if (accumulate)
      poison |= warp.poison(slots[i]);
    for (unsigned q = 0; columns.anyUnknown && q < 4; ++q) {
      unsigned column = i / 4 * 8 + 2 * q + i % 2;
      if (columns.unknown[column / 32] >> (column % 32) & 1)
        poison |= 0x11111111u << q;
    }
    warp.setPoison(slots[i], ~0u, poison);
  }
}
} // namespace

void attn::sim::executeWgmma(Cta &cta, unsigned firstWarp,
                             const WgmmaStep &step) {
  const Inst &inst = cta.launch.program.code[step.pc];
  WgmmaColumns columns;
  WgmmaRows rows;
  uint32_t offset[maxWgmmaChunks];
  bool mnMajor = inst.flags & MajorB;
  bool readable = locate(cta, step.b, mnMajor, 0, sizeN(inst), offset);
  if (readable)
    readColumns(
        cta.shared,
        {offset, sizeN(inst), inst.width, mnMajor, WgmmaElement(inst.sub >> 4)},
        columns);
  bool isTruncated =
      inst.width == 32 &&
      cta.launch.options.float8Accumulation == Float8Accumulation::Truncated;
  auto *multiply = isTruncated ? multiplyFragmentsTruncated : multiplyFragments;
  for (unsigned i = firstWarp; i < firstWarp + 4; ++i) {
    Warp &warp = *cta.warps[i];
    const uint32_t *slots = warp.operands(inst);
    if (!readable || !loadRows(cta, warp, inst, step, rows)) {
      for (unsigned d = 0; d < 4u * inst.count; ++d)
        warp.setPoison(slots[d], ~0u, ~0u);
      continue;
    }
    uint32_t *accumulators[maxWgmmaN / 2];
    for (unsigned d = 0; d < 4u * inst.count; ++d)
      accumulators[d] = warp.destination(slots[d]);
    multiply(rows.values, columns.values, accumulators, inst.width, inst.count,
             step.accumulate);
    propagatePoison(warp, inst, step.accumulate, rows, columns);
  }
}

//===-- instructions ------------------------------------------------------===//

namespace {
void execMmaAsync(Warp &warp, const Inst &inst, uint32_t mask) {
  if (!isWholeWarpGroup(warp, mask))
    return;
  WgmmaStep step;
  step.pc = inst.pc;
  step.isMultiply = true;
  bool fromRegisters = inst.flags & RegisterA;
  bool good = readScale(warp, inst, step.accumulate);
  if (!fromRegisters)
    good = readDescriptor(warp, inst.a, "descriptor of A", step.a) && good &&
           checkDescriptor(warp, step.a, inst.flags & MajorA, 64,
                           "descriptor of A");
  good = readDescriptor(warp, inst.b, "descriptor of B", step.b) && good &&
         checkDescriptor(warp, step.b, inst.flags & MajorB, sizeN(inst),
                         "descriptor of B");
  if (!good) {
    warp.cta->stopped = true; // there is nothing to go on with
    return;
  }
  WarpGroup &group = warp.cta->warpGroups.of(warp);
  WgmmaStep *recorded = group.record(warp, step);
  if (!recorded)
    return;
  warp.fragments.issue(warp, inst);
  unsigned self = warp.index % 4;
  recorded->reads[self] = beginReads(warp, inst, step, group.agents[self]);
  group.issue(warp, *recorded);
}

/// Fence, commit and wait are steps of the warp group as well.
bool recordStep(Warp &warp, const Inst &inst, uint32_t mask) {
  if (!isWholeWarpGroup(warp, mask))
    return false;
  WgmmaStep step;
  step.pc = inst.pc;
  return warp.cta->warpGroups.of(warp).record(warp, step);
}

void execFence(Warp &warp, const Inst &inst, uint32_t mask) {
  if (recordStep(warp, inst, mask))
    warp.fragments.fence();
}

void execCommit(Warp &warp, const Inst &inst, uint32_t mask) {
  if (recordStep(warp, inst, mask))
    ++warp.wgmmas.committedGroups;
}

void execWait(Warp &warp, const Inst &inst, uint32_t mask) {
  if (recordStep(warp, inst, mask))
    warp.cta->warpGroups.of(warp).wait(warp, uint32_t(inst.offset));
}

//===-- decoding ----------------------------------------------------------===//

/// m64nNkK, types; false after it has reported.
bool decodeShape(DecodeContext &d, Inst &inst) {
  std::string shape(d.nextModifier());
  size_t n = shape.find('n'), k = shape.find('k');
  if (shape.rfind("m64n", 0) != 0 || k == std::string::npos || k <= n)
    return d.fail("expected a shape m64nNkK");
  unsigned columns = unsigned(std::atoi(shape.c_str() + n + 1));
  unsigned depth = unsigned(std::atoi(shape.c_str() + k + 1));
  if (columns < 8 || columns > maxWgmmaN || columns % 8)
    return d.fail("N must be a multiple of 8 from 8 to 256");
  if (!d.take("f32"))
    return d.fail("only accumulators of f32 are simulated");
  WgmmaElement elements[2];
  for (WgmmaElement &element : elements) {
    std::string_view type = d.takeOneOf({"f16", "bf16", "e4m3", "e5m2"});
    if (type.empty())
      return d.fail("unsupported type of A or B");
    element = type == "f16"    ? WgmmaElement::F16
              : type == "bf16" ? WgmmaElement::BF16
              : type == "e4m3" ? WgmmaElement::E4M3
                               : WgmmaElement::E5M2;
  }
  auto bits = [](WgmmaElement e) { return e <= WgmmaElement::BF16 ? 16u : 8u; };
  if (bits(elements[0]) != bits(elements[1]) ||
      (bits(elements[0]) == 16 && elements[0] != elements[1]))
    return d.fail("unsupported combination of types");
  if (depth * bits(elements[0]) != 256)
    return d.fail("K does not belong to the types");
  inst.count = uint8_t(columns / 8);
  inst.width = uint8_t(depth);
  inst.sub = uint8_t(unsigned(elements[0]) | unsigned(elements[1]) << 4);
  return true;
}

/// An immediate that is one of two values; index of the one it is.
bool decodeChoice(DecodeContext &d, size_t index, int64_t first, int64_t second,
                  const char *what, bool &isSecond) {
  int64_t value = d.immediate(d.operand(index));
  isSecond = value == second;
  return value == first || value == second ||
         d.fail(std::string(what) + " must be " + std::to_string(first) +
                " or " + std::to_string(second));
}

bool decodeRegisters(DecodeContext &d, Inst &inst) {
  const ast::Operand &result = d.operand(0), &a = d.operand(1);
  if (result.kind != ast::Operand::Vector ||
      result.elements.size() != 4u * inst.count)
    return d.fail("expected " + std::to_string(4 * inst.count) +
                  " accumulators");
  std::vector<uint32_t> slots;
  for (const ast::Operand &e : result.elements) {
    if (e.name == "_")
      return d.fail("accumulators must be registers");
    slots.push_back(d.destination(e, ScalarType::B32));
  }
  if (a.kind == ast::Operand::Vector) {
    inst.flags |= RegisterA;
    if (a.elements.size() != 4)
      return d.fail("expected 4 registers of A");
    for (const ast::Operand &e : a.elements)
      slots.push_back(d.source(e, ScalarType::B32));
  } else {
    inst.a = d.source(a, ScalarType::B64);
  }
  inst.b = d.source(2, ScalarType::B64);
  inst.ops = d.pool(slots);
  inst.numOps = uint16_t(slots.size());
  // Equal words of A may share a register; an accumulator has one of its own.
  auto endOfResult = slots.begin() + ptrdiff_t(result.elements.size());
  for (auto slot = endOfResult; slot != slots.end(); ++slot)
    if (std::find(slots.begin(), endOfResult, *slot) != endOfResult)
      return d.fail("a register of A is an accumulator");
  std::sort(slots.begin(), endOfResult);
  if (std::adjacent_find(slots.begin(), endOfResult) != endOfResult)
    return d.fail("an accumulator is named twice");
  return !d.failed();
}

/// {d}, a, b, scale-d, scale-a, scale-b[, trans-a][, trans-b]
bool decodeMmaAsync(DecodeContext &d, Inst &inst) {
  if (!d.take("sync") || !d.take("aligned"))
    return d.fail("expected '.sync.aligned'");
  if (!decodeShape(d, inst) || !decodeRegisters(d, inst))
    return false;
  bool is16Bit = inst.width == 16, fromRegisters = inst.flags & RegisterA;
  if (!d.expectOperands(!is16Bit ? 6 : fromRegisters ? 7 : 8))
    return false;
  inst.c = d.predicate(d.operand(3));
  bool negateA, negateB, majorA = false, majorB = false;
  if (!decodeChoice(d, 4, 1, -1, "scale-a", negateA) ||
      !decodeChoice(d, 5, 1, -1, "scale-b", negateB))
    return false;
  if (is16Bit &&
      ((!fromRegisters && !decodeChoice(d, 6, 0, 1, "trans-a", majorA)) ||
       !decodeChoice(d, fromRegisters ? 6 : 7, 0, 1, "trans-b", majorB)))
    return false;
  if (negateA != negateB)
    inst.flags |= Negate;
  inst.flags |= (majorA ? MajorA : 0) | (majorB ? MajorB : 0);
  inst.cls = InstClass::Wgmma;
  // A warp's share of what its warp group does.
  inst.flops = 2 * 16 * sizeN(inst) * inst.width;
  inst.operandBytes = (fromRegisters ? 0 : 16 * 32) + sizeN(inst) / 4 * 32;
  inst.exec = execMmaAsync;
  return !d.failed();
}

bool decodeWgmma(DecodeContext &d, Inst &inst) {
  if (!d.requireTarget("sm_90a"))
    return false;
  if (d.take("mma_async"))
    return decodeMmaAsync(d, inst);
  std::string_view what = d.takeOneOf({"fence", "commit_group", "wait_group"});
  if (what.empty() || !d.take("sync") || !d.take("aligned"))
    return d.fail("unknown form");
  inst.exec = what == "fence"          ? execFence
              : what == "commit_group" ? execCommit
                                       : execWait;
  if (what != "wait_group")
    return d.expectOperands(0);
  if (!d.expectOperands(1))
    return false;
  inst.offset = d.immediate(d.operand(0));
  return (inst.offset >= 0 && inst.offset < (1 << 20)) ||
         d.fail("group count is out of range");
}
} // namespace

void attn::sim::registerWgmma(OpcodeTable &table) {
  table["wgmma"] = decodeWgmma;
}
