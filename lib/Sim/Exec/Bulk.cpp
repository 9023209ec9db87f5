//===- Bulk.cpp - what bulk loads and stores share ------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bulk.h"

using namespace attn::sim;

BulkOperands BulkOperands::of(const Warp &warp, const Inst &inst) {
  BulkOperands operands;
  static_assert(sizeof operands % sizeof(uint32_t) == 0);
  std::memcpy(&operands, warp.operands(inst), sizeof operands);
  return operands;
}

bool attn::sim::readBulkAddress(Warp &warp,
                                const BulkOperands::Address &operand,
                                unsigned lane, uint64_t &address) {
  if (warp.poison(operand.slot) >> lane & 1) {
    warp.reportPoison(1u << lane, "an address");
    return false;
  }
  const uint32_t *from = warp.source(operand.slot);
  uint64_t offset = uint64_t(operand.offsetHigh) << 32 | operand.offsetLow;
  address = operand.is32 ? uint32_t(from[lane] + uint32_t(offset))
                         : getLane<uint64_t>(from, int(lane)) + offset;
  return true;
}

/// The 128 bytes of a tensor map, or nullptr after a report.
static const uint8_t *findTensorMap(Warp &warp, unsigned lane,
                                    uint64_t address) {
  const LaunchState &launch = warp.cta->launch;
  if (address % 64) {
    warp.report(Hazard::Misaligned, int(lane),
                "address of a tensor map is no multiple of 64");
    return nullptr;
  }
  uint64_t at = address;
  AddressSpace space = resolveGeneric(at);
  // The address of a parameter may be used as it is.
  bool inParams = at + 128 <= launch.params.size();
  if (space == AddressSpace::Param ||
      (space == AddressSpace::Global && inParams)) {
    if (inParams)
      return &launch.params[at];
  } else if (space == AddressSpace::Global) {
    int index = launch.view.find(at, 128);
    if (index >= 0)
      return launch.view[index].data + (at - launch.view[index].base);
  } else {
    warp.report(Hazard::WrongSpace, int(lane),
                "tensor map in local or shared memory: it has to be a "
                "parameter, or in constant or global memory");
    return nullptr;
  }
  warp.report(Hazard::OutOfBounds, int(lane),
              "address of a tensor map is outside of all memory");
  return nullptr;
}

static bool readTensor(Warp &warp, const Inst &inst,
                       const BulkOperands &operands, unsigned lane,
                       uint64_t mapAddress, BulkCopy &copy) {
  const uint8_t *map = findTensorMap(warp, lane, mapAddress);
  if (!map)
    return false;
  if (!decodeTensorMap(map, copy.map)) {
    warp.report(Hazard::InvalidOperand, int(lane),
                "these 128 bytes are no tensor map");
    return false;
  }
  if (copy.map.rank != inst.count) {
    warp.report(Hazard::InvalidOperand, int(lane),
                "tensor map of rank " + std::to_string(copy.map.rank) +
                    " in a copy of rank " + std::to_string(inst.count));
    return false;
  }
  for (unsigned i = 0; i < inst.count; ++i) {
    uint32_t slot = operands.coordinates[i];
    if (warp.poison(slot) >> lane & 1) {
      warp.reportPoison(1u << lane, "a coordinate of a bulk copy");
      return false;
    }
    copy.coordinates[i] = int32_t(warp.source(slot)[lane]);
  }
  copy.bytes = boxBytes(copy.map);
  unsigned span = 16u << unsigned(copy.map.swizzle);
  if (copy.map.swizzle == TensorSwizzle::None || copy.bytes % span == 0)
    return true;
  warp.report(Hazard::InvalidOperand, int(lane),
              "swizzled box of " + std::to_string(copy.bytes) +
                  " bytes, which is no multiple of " + std::to_string(span) +
                  ": not simulated");
  return false;
}

bool attn::sim::readBulkCopy(Warp &warp, const Inst &inst,
                             const BulkOperands &operands, unsigned lane,
                             BulkCopy &copy) {
  copy.isTensor = inst.count != 0;
  copy.isAddition = inst.flags & BulkAddition;
  uint64_t global;
  if (!readBulkAddress(warp, operands.global, lane, global))
    return false;
  if (copy.isTensor)
    return readTensor(warp, inst, operands, lane, global, copy);
  if (warp.poison(operands.size) >> lane & 1) {
    warp.reportPoison(1u << lane, "the size of a bulk copy");
    return false;
  }
  copy.address = global;
  copy.bytes = warp.source(operands.size)[lane];
  copy.map.type = TensorType(inst.sub);
  if (copy.bytes % 16 || global % 16) {
    warp.report(Hazard::Misaligned, int(lane),
                "size " + std::to_string(copy.bytes) +
                    " and global address of a bulk copy have to be multiples "
                    "of 16");
    return false;
  }
  return true;
}

bool attn::sim::checkBulkPlace(Warp &warp, unsigned lane, const Cta &owner,
                               uint64_t at, const BulkCopy &copy) {
  if (!owner.shared.contains(at, copy.bytes)) {
    warp.report(Hazard::OutOfBounds, int(lane),
                "bulk copy of " + std::to_string(copy.bytes) +
                    " bytes leaves shared memory of " +
                    std::to_string(owner.shared.size) + " bytes",
                "shared");
    return false;
  }
  unsigned align = 16;
  if (copy.isTensor)
    align = copy.map.swizzle == TensorSwizzle::None
                ? 128
                : 128u << unsigned(copy.map.swizzle);
  if (at % align == 0)
    return true;
  warp.report(Hazard::Misaligned, int(lane),
              "shared address of a bulk copy has to be a multiple of " +
                  std::to_string(align),
              owner.sharedName(uint32_t(at)));
  return false;
}

static void countRow(Cta &cta, size_t allocation, const BulkRow &row,
                     AccessKind kind) {
  AccessCounters &sum = cta.tally.byAllocation[allocation];
  uint64_t last = row.address + row.inside - 1;
  uint64_t sectors = last / 32 - row.address / 32 + 1;
  if (kind != AccessKind::Write) {
    sum.bytesRead += row.inside;
    sum.sectorsRead += sectors;
  }
  if (kind != AccessKind::Read) {
    sum.bytesWritten += row.inside;
    sum.sectorsWritten += sectors;
  }
}

void attn::sim::accessBulkGlobal(Warp &warp, const Inst &inst, unsigned lane,
                                 const BulkCopy &copy, const Stamp &stamp,
                                 AccessKind kind) {
  Cta &cta = *warp.cta;
  const GlobalView &view = cta.launch.view;
  Accessor who = warp.accessor(inst, lane);
  who.strong = stamp.strong;
  bool isWrite = kind != AccessKind::Read;
  for (const BulkRow &row : rowsOf(copy)) {
    if (!row.inside)
      continue;
    int index = view.find(row.address, row.inside);
    if (index < 0) {
      int near = view.nearest(row.address);
      warp.report(Hazard::OutOfBounds, int(lane),
                  "bulk copy leaves every allocation",
                  near >= 0 ? view[near].name : std::string());
      return;
    }
    countRow(cta, size_t(index), row, kind);
    if (view[index].isConst) {
      if (isWrite)
        warp.report(Hazard::WrongSpace, int(lane), "write to constant memory",
                    view[index].name);
      continue;
    }
    Conflict conflict = isWrite
                            ? cta.globalRaces.writeAs(row.address, row.inside,
                                                      who, stamp, cta.clocks)
                            : cta.globalRaces.readAs(row.address, row.inside,
                                                     who, stamp, cta.clocks);
    if (conflict.found)
      reportRace(warp, Hazard::GlobalRace, lane, isWrite, conflict,
                 view[index].name);
  }
}

//===-- decoding ----------------------------------------------------------===//

namespace {
BulkOperands::Address decodeAddress(DecodeContext &d, ast::Operand operand,
                                    bool isShared) {
  operand.elements.clear();
  BulkOperands::Address out;
  bool is32 = false;
  int64_t offset = 0;
  d.address(operand, out.slot, is32, offset);
  if (is32 && !isShared)
    d.fail("global address must have 64 bits");
  out.is32 = is32;
  out.offsetLow = uint32_t(offset);
  out.offsetHigh = uint32_t(uint64_t(offset) >> 32);
  return out;
}

bool decodeTensorPlace(DecodeContext &d, const ast::Operand &operand,
                       Inst &inst, BulkOperands &out) {
  if (operand.elements.size() != inst.count)
    return d.fail("expected " + std::to_string(inst.count) + " coordinates");
  for (unsigned i = 0; i < inst.count; ++i)
    out.coordinates[i] = d.source(operand.elements[i], ScalarType::S32);
  out.global = decodeAddress(d, operand, false);
  return !d.failed();
}

/// `.tensor.Nd` or nothing.
bool takeRank(DecodeContext &d, Inst &inst) {
  inst.count = 0;
  if (!d.take("tensor"))
    return true;
  std::string_view rank = d.takeOneOf({"1d", "2d", "3d", "4d", "5d"});
  if (rank.empty())
    return d.fail("expected a dimension from 1d to 5d");
  inst.count = uint8_t(rank[0] - '0');
  return true;
}

bool finish(DecodeContext &d, Inst &inst, const BulkOperands &operands,
            ExecFn exec) {
  const uint32_t *words = reinterpret_cast<const uint32_t *>(&operands);
  inst.ops = d.pool({words, words + sizeof operands / sizeof *words});
  inst.exec = exec;
  d.program.usesAsyncProxy = true;
  return !d.failed();
}

/// [dst], [map, {..}] | [src], size, [mbarrier]{, mask}{, policy}
bool decodeLoad(DecodeContext &d, Inst &inst) {
  bool isTensor = inst.count != 0;
  if (isTensor)
    d.take("tile");
  if (!d.take("mbarrier::complete_tx::bytes"))
    return d.fail("expected '.mbarrier::complete_tx::bytes'");
  bool multicast = d.take("multicast::cluster");
  bool hinted = d.take("L2::cache_hint");
  size_t next = isTensor ? 2 : 3;
  if (!d.expectOperands(next + 1 + multicast + hinted))
    return false;
  BulkOperands operands;
  operands.shared = decodeAddress(d, d.operand(0), true);
  if (isTensor) {
    if (!decodeTensorPlace(d, d.operand(1), inst, operands))
      return false;
  } else {
    operands.global = decodeAddress(d, d.operand(1), false);
    operands.size = d.source(2, ScalarType::U32);
  }
  operands.mbarrier = decodeAddress(d, d.operand(next++), true);
  if (multicast) {
    inst.flags |= BulkMulticast;
    operands.multicast = d.source(next++, ScalarType::B16);
  }
  if (hinted)
    d.source(next, ScalarType::B64);
  return finish(d, inst, operands, execBulkLoad);
}

/// [map, {..}], [src] | [dst], [src], size{, policy}
bool decodeStore(DecodeContext &d, Inst &inst, bool hinted) {
  bool isTensor = inst.count != 0;
  size_t n = isTensor ? 2 : 3;
  if (!d.expectOperands(n + hinted))
    return false;
  BulkOperands operands;
  if (isTensor) {
    if (!decodeTensorPlace(d, d.operand(0), inst, operands))
      return false;
  } else {
    operands.global = decodeAddress(d, d.operand(0), false);
    operands.size = d.source(2, ScalarType::U32);
  }
  operands.shared = decodeAddress(d, d.operand(1), true);
  if (hinted)
    d.source(n, ScalarType::B64);
  return finish(d, inst, operands, execBulkStore);
}

/// Coordinates and addresses are names that have to exist, no more.
bool decodePrefetch(DecodeContext &d, Inst &inst) {
  if (!takeRank(d, inst))
    return false;
  bool isTensor = inst.count != 0;
  if (!d.take("L2") || !d.take("global"))
    return d.fail("expected '.L2.global'");
  d.take("tile");
  bool hinted = d.take("L2::cache_hint");
  if (!d.expectOperands((isTensor ? 1 : 2) + hinted))
    return false;
  BulkOperands operands;
  if (isTensor) {
    if (!decodeTensorPlace(d, d.operand(0), inst, operands))
      return false;
  } else {
    decodeAddress(d, d.operand(0), false);
    d.source(1, ScalarType::U32);
  }
  inst.exec = [](Warp &, const Inst &, uint32_t) {};
  return true;
}

bool decodeGroup(DecodeContext &d, Inst &inst) {
  if (d.take("commit_group")) {
    inst.exec = execBulkCommit;
    return d.expectOperands(0);
  }
  d.take("wait_group");
  if (d.take("read"))
    inst.flags |= BulkRead;
  if (!d.expectOperands(1))
    return false;
  inst.offset = d.immediate(d.operand(0));
  inst.exec = execBulkWait;
  return (inst.offset >= 0 && inst.offset < (1 << 20)) ||
         d.fail("group count is out of range");
}
} // namespace

bool attn::sim::decodeBulk(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Bulk;
  if (!d.require(90))
    return false;
  std::string_view next = d.peekModifier();
  if (next == "commit_group" || next == "wait_group")
    return decodeGroup(d, inst);
  if (d.take("prefetch"))
    return decodePrefetch(d, inst);
  if (!takeRank(d, inst))
    return false;
  bool isTensor = inst.count != 0;
  bool own = d.take("shared::cta");
  if (own || d.take("shared::cluster")) {
    if (own)
      inst.flags |= BulkOwnShared;
    if (!d.take("global"))
      return d.fail("unsupported source of a bulk copy");
    return decodeLoad(d, inst);
  }
  if (!d.take("global") || !d.take("shared::cta"))
    return d.fail("unsupported spaces of a bulk copy");
  if (isTensor)
    d.take("tile");
  if (!d.take("bulk_group"))
    return d.fail("expected '.bulk_group'");
  bool hinted = d.take("L2::cache_hint");
  return decodeStore(d, inst, hinted);
}

/// cp.reduce.async.bulk{.tensor.Nd}.global.shared::cta...add
bool attn::sim::decodeBulkReduction(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Bulk;
  inst.flags |= BulkAddition;
  if (!d.require(90))
    return false;
  if (!takeRank(d, inst))
    return false;
  bool isTensor = inst.count != 0;
  if (!d.take("global") || !d.take("shared::cta"))
    return d.fail("unsupported spaces of a bulk reduction");
  // Additions on global memory, as those of `red`.
  d.program.hasGlobalAtomics = true;
  if (isTensor) {
    if (!d.take("add"))
      return d.fail("only '.add' is simulated");
    d.take("tile");
  }
  if (!d.take("bulk_group"))
    return d.fail("expected '.bulk_group'");
  bool hinted = d.take("L2::cache_hint");
  if (!isTensor) {
    if (!d.take("add"))
      return d.fail("only '.add' is simulated");
    bool noFtz = d.take("noftz");
    std::string_view type =
        d.takeOneOf({"f32", "f16", "bf16", "u32", "s32", "u64"});
    if (type.empty() || noFtz != (type == "f16" || type == "bf16"))
      return d.fail("unsupported type of a bulk reduction");
    inst.sub = uint8_t(type == "f32"    ? TensorType::F32
                       : type == "f16"  ? TensorType::F16
                       : type == "bf16" ? TensorType::BF16
                       : type == "u64"  ? TensorType::U64
                                        : TensorType::U32);
  }
  return decodeStore(d, inst, hinted);
}
