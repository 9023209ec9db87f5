//===- LoadStore.cpp - ld and st ------------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Access.h"

using namespace attn::sim;

namespace {
// Inst::flags, after addressIs32.
enum : uint8_t { Strong = 2, SignExtend = 4, Register64 = 8 };

/// The host bytes of one lane's access in whatever space it is.
Bytes access(Warp &warp, const Inst &inst, int lane, uint64_t address,
             unsigned bytes, AccessKind kind) {
  AddressSpace space = inst.space;
  if (space == AddressSpace::Generic) {
    space = resolveGeneric(address);
    if (space == AddressSpace::Shared)
      space = AddressSpace::SharedCluster;
  }
  bool strong = inst.flags & Strong;
  switch (space) {
  case AddressSpace::SharedCluster:
    return accessSharedCluster(warp, inst, unsigned(lane), address, bytes, kind,
                               strong);
  case AddressSpace::Shared:
    return accessShared(warp, inst, unsigned(lane), address, bytes, kind,
                        strong);
  case AddressSpace::Local:
    return accessLocal(warp, unsigned(lane), address, bytes);
  case AddressSpace::Param:
    if (kind != AccessKind::Read) {
      warp.report(Hazard::WrongSpace, lane, "write to a kernel parameter");
      return {};
    }
    return accessParam(warp, unsigned(lane), address, bytes);
  default:
    return accessGlobal(warp, inst, unsigned(lane), address, bytes, kind,
                        strong, space == AddressSpace::Const);
  }
}

/// Counts by the space of the first lane: mixed generic accesses do not occur.
AddressSpace count(Warp &warp, const Inst &inst, uint32_t mask,
                   const uint64_t *address, unsigned bytes, AccessKind kind) {
  if (!mask)
    return inst.space;
  uint64_t first = address[__builtin_ctz(mask)];
  AddressSpace space = inst.space;
  if (space == AddressSpace::Generic)
    space = resolveGeneric(first);
  if (space == AddressSpace::Shared || space == AddressSpace::SharedCluster)
    countShared(warp, inst, mask, address, bytes);
  else if (space == AddressSpace::Global || space == AddressSpace::Const)
    countGlobal(warp, mask, address, bytes, kind);
  return space;
}

void execLoad(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *ops = warp.operands(inst);
  unsigned width = inst.width, total = width * inst.count;
  uint64_t address[32];
  uint32_t poisoned[8] = {}, requested = mask;
  computeAddresses(warp, inst, inst.a, inst.flags & addressIs32, inst.offset,
                   mask, address);
  count(warp, inst, mask, address, total, AccessKind::Read);
  for (unsigned e = 0; e < inst.count; ++e)
    poisoned[e] = 0;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    Bytes bytes =
        access(warp, inst, lane, address[lane], total, AccessKind::Read);
    if (!bytes.data)
      continue;
    for (unsigned e = 0; e < inst.count; ++e) {
      uint64_t value = 0;
      std::memcpy(&value, bytes.data + e * width, width);
      if (inst.flags & SignExtend) {
        unsigned shift = 64 - 8 * width;
        value = uint64_t(int64_t(value << shift) >> shift);
      }
      if (inst.flags & Register64)
        setLane<uint64_t>(warp.destination(ops[e]), lane, value);
      else
        warp.destination(ops[e])[lane] = uint32_t(value);
      if (bytes.init && std::memchr(bytes.init + e * width, 0, width))
        poisoned[e] |= 1u << lane;
    }
  }
  // Lanes that had no valid address got a finding; their garbage is not
  // reported again further on.
  for (unsigned e = 0; e < inst.count; ++e)
    warp.setPoison(ops[e], requested, poisoned[e]);
}

void execStore(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *ops = warp.operands(inst);
  unsigned width = inst.width, total = width * inst.count;
  uint64_t address[32];
  computeAddresses(warp, inst, inst.a, inst.flags & addressIs32, inst.offset,
                   mask, address);
  AddressSpace space =
      count(warp, inst, mask, address, total, AccessKind::Write);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    Bytes bytes =
        access(warp, inst, lane, address[lane], total, AccessKind::Write);
    if (!bytes.data)
      continue;
    uint8_t value[16];
    for (unsigned e = 0; e < inst.count; ++e) {
      const uint32_t *from = warp.source(ops[e]);
      uint64_t element =
          inst.flags & Register64 ? getLane<uint64_t>(from, lane) : from[lane];
      std::memcpy(value + e * width, &element, width);
      bool poison = warp.poison(ops[e]) >> lane & 1;
      if (poison && space == AddressSpace::Global)
        warp.reportPoison(1u << lane, "a store to global memory");
      if (bytes.init)
        std::memset(bytes.init + e * width, !poison, width);
    }
    if (bytes.repeated && std::memcmp(bytes.data, value, total) != 0)
      warp.report(space == AddressSpace::Global ? Hazard::GlobalRace
                                                : Hazard::SharedRace,
                  lane, "lanes write different values to one address");
    std::memcpy(bytes.data, value, total);
  }
}

/// Race detection must tell the narrowest accesses apart.
void noteWidth(DecodeContext &d, AddressSpace space, unsigned bytes) {
  unsigned shift = bytes >= 4 ? 2 : bytes >= 2 ? 1 : 0;
  if (space == AddressSpace::Shared || space == AddressSpace::SharedCluster ||
      space == AddressSpace::Generic)
    d.program.sharedGranule = std::min(d.program.sharedGranule, shift);
  if (space == AddressSpace::Global || space == AddressSpace::Generic)
    d.program.globalGranule = std::min(d.program.globalGranule, shift);
}

AddressSpace takeSpace(DecodeContext &d) {
  if (d.take("global"))
    return AddressSpace::Global;
  if (d.take("shared") || d.take("shared::cta"))
    return AddressSpace::Shared;
  if (d.take("shared::cluster"))
    return AddressSpace::SharedCluster;
  if (d.take("const"))
    return AddressSpace::Const;
  if (d.take("local"))
    return AddressSpace::Local;
  if (d.take("param"))
    return AddressSpace::Param;
  return AddressSpace::Generic;
}

InstClass classOf(AddressSpace space) {
  switch (space) {
  case AddressSpace::Shared:
  case AddressSpace::SharedCluster:
    return InstClass::Shared;
  case AddressSpace::Global:
  case AddressSpace::Generic:
    return InstClass::Global;
  default:
    return InstClass::Other;
  }
}

/// Cache operators and eviction hints change nothing here.
void skipCacheHints(DecodeContext &d, bool isLoad) {
  if (isLoad)
    d.takeOneOf({"ca", "cg", "cs", "lu", "cv"});
  else
    d.takeOneOf({"wb", "cg", "cs", "wt"});
  d.takeOneOf({"L1::evict_normal", "L1::evict_unchanged", "L1::evict_first",
               "L1::evict_last", "L1::no_allocate"});
  d.takeOneOf({"L2::evict_normal", "L2::evict_first", "L2::evict_last"});
  d.takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
}

/// `.volatile`, `.relaxed.scope`, `.acquire.scope`, `.release.scope`.
bool takeOrder(DecodeContext &d, Inst &inst, bool isLoad, bool &orders) {
  orders = false;
  if (d.take("weak"))
    return true;
  if (d.take("volatile")) {
    inst.flags |= Strong;
    return true;
  }
  bool relaxed = d.take("relaxed");
  orders = !relaxed && d.take(isLoad ? "acquire" : "release");
  if (!relaxed && !orders)
    return true;
  inst.flags |= Strong;
  return !d.takeOneOf({"cta", "cluster", "gpu", "sys"}).empty() ||
         d.fail("expected a scope");
}

bool decodeAccess(DecodeContext &d, Inst &inst, bool isLoad) {
  bool orders;
  if (!takeOrder(d, inst, isLoad, orders))
    return false;
  AddressSpace space = takeSpace(d);
  if (isLoad && space == AddressSpace::Global)
    d.take("nc");
  skipCacheHints(d, isLoad);
  bool hinted = d.take("L2::cache_hint");
  unsigned count = d.take("v2") ? 2 : d.take("v4") ? 4 : 1;
  ScalarType type = d.takeType();
  if (d.failed() || type == ScalarType::Pred || type == ScalarType::F16 ||
      type == ScalarType::BF16 || type == ScalarType::F16x2 ||
      type == ScalarType::BF16x2 || type == ScalarType::TF32)
    return d.fail("type cannot be loaded or stored");
  if (!isLoad && (space == AddressSpace::Const || space == AddressSpace::Param))
    return d.fail("space cannot be written");
  if (!d.expectOperands(hinted ? 3 : 2))
    return false;
  if (hinted) // the policy changes nothing here
    d.source(2, ScalarType::B64);
  inst.width = uint8_t(byteWidth(type));
  inst.count = uint8_t(count);
  if (inst.width * count > 16)
    return d.fail("access is wider than 16 bytes");
  inst.cls = classOf(space);
  inst.isStore = !isLoad;
  d.address(d.operand(isLoad ? 1 : 0), space, inst);

  const ast::Operand &value = d.operand(isLoad ? 0 : 1);
  std::vector<ast::Operand> elements = value.kind == ast::Operand::Vector
                                           ? value.elements
                                           : std::vector<ast::Operand>{value};
  if (elements.size() != count)
    return d.fail("expected a vector of " + std::to_string(count));
  std::vector<uint32_t> slots;
  unsigned registerBits = 0;
  for (const ast::Operand &e : elements) {
    slots.push_back(isLoad ? d.destination(e, type, true)
                           : d.source(e, type, true));
    unsigned bits = d.registerBits(e);
    if (e.kind == ast::Operand::Immediate || (e.name == "_" && isLoad) || !bits)
      bits = bitWidth(type) == 64 ? 64 : 32;
    if (registerBits && (registerBits == 64) != (bits == 64))
      return d.fail("registers of one vector must have one width");
    registerBits = bits;
  }
  if (registerBits == 64)
    inst.flags |= Register64;
  if (isSigned(type))
    inst.flags |= SignExtend;
  inst.ops = d.pool(slots);
  inst.numOps = uint16_t(count);
  noteWidth(d, space, inst.width * count);
  bool isGlobal =
      space == AddressSpace::Global || space == AddressSpace::Generic;
  if (isGlobal && (inst.flags & Strong))
    d.program.hasGlobalAtomics = true;
  if (isGlobal && orders)
    d.program.ordersCtas = true;
  inst.exec = isLoad ? execLoad : execStore;
  return true;
}

void execNothing(Warp &, const Inst &, uint32_t) {}

bool decodePrefetch(DecodeContext &d, Inst &inst) {
  inst.exec = execNothing;
  bool isParam = d.take("param"), isConst = !isParam && d.take("const");
  if (d.take("tensormap")) {
    if (!d.require(90) || !d.expectOperands(1))
      return false;
    d.address(d.operand(0),
              isParam ? AddressSpace::Param : AddressSpace::Global, inst);
    return true;
  }
  if (isParam || isConst)
    return d.fail("unsupported form");
  d.take("global");
  if (d.takeOneOf({"L1", "L2"}).empty() || !d.expectOperands(1))
    return d.fail("unsupported form");
  d.address(d.operand(0), AddressSpace::Global, inst);
  return true;
}

/// createpolicy.{fractional,range,cvt}...b64 d, ...: some value, since policies
/// are hints.
bool decodeCreatePolicy(DecodeContext &d, Inst &inst) {
  if (d.takeOneOf({"fractional", "range", "cvt"}).empty())
    return d.fail("unknown form");
  while (!d.failed() && !d.take("b64"))
    if (d.takeOneOf({"global", "L2", "L2::evict_last", "L2::evict_normal",
                     "L2::evict_first", "L2::evict_unchanged"})
            .empty())
      return d.fail("unknown modifier '." + std::string(d.peekModifier()) +
                    "'");
  if (!d.expectOperands(1, 4))
    return false;
  inst.cls = InstClass::Other;
  inst.dst = d.destination(0, ScalarType::B64);
  inst.exec = [](Warp &warp, const Inst &i, uint32_t mask) {
    LaneBuffer out = {};
    blend<uint64_t>(warp, i.dst, mask, out);
    warp.setPoison(i.dst, mask, 0);
  };
  return true;
}
} // namespace

void attn::sim::registerLoadStore(OpcodeTable &table) {
  table["ld"] = [](DecodeContext &d, Inst &i) {
    return decodeAccess(d, i, true);
  };
  table["st"] = [](DecodeContext &d, Inst &i) {
    return decodeAccess(d, i, false);
  };
  table["prefetch"] = decodePrefetch;
  table["createpolicy"] = decodeCreatePolicy;
}
