//===- Atomic.cpp - atom and red ------------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes take effect one after the other. Kernels with global atomics run on
// one host thread, so no host atomics are needed.
//
//===----------------------------------------------------------------------===//

#include "Access.h"

using namespace attn::sim;

namespace {
enum class AtomicOp : uint8_t {
  Add,
  Min,
  Max,
  Inc,
  Dec,
  And,
  Or,
  Xor,
  Exch,
  Cas
};

template <class T> T combine(AtomicOp op, T old, T b, T c) {
  switch (op) {
  case AtomicOp::Add:
    return T(old + b);
  case AtomicOp::Min:
    return b < old ? b : old;
  case AtomicOp::Max:
    return b > old ? b : old;
  case AtomicOp::Exch:
    return b;
  case AtomicOp::Cas:
    return old == b ? c : old;
  default:
    break;
  }
  if constexpr (std::is_integral_v<T>) {
    switch (op) {
    case AtomicOp::Inc:
      return old >= b ? T(0) : T(old + 1);
    case AtomicOp::Dec:
      return old == 0 || old > b ? b : T(old - 1);
    case AtomicOp::And:
      return T(old & b);
    case AtomicOp::Or:
      return T(old | b);
    case AtomicOp::Xor:
      return T(old ^ b);
    default:
      break;
    }
  }
  return old;
}

/// inst.sub = operation, inst.b and inst.c = values; flags bit 1: has a result.
enum : uint8_t { HasResult = 2 };

template <class T>
void execAtomic(Warp &warp, const Inst &inst, uint32_t mask) {
  uint64_t address[32];
  uint32_t requested = mask;
  computeAddresses(warp, inst, inst.a, inst.flags & addressIs32, inst.offset,
                   mask, address);
  AtomicOp op = AtomicOp(inst.sub);
  uint32_t valuePoison =
      warp.poison(inst.b) | (op == AtomicOp::Cas ? warp.poison(inst.c) : 0);
  warp.reportPoison(valuePoison & mask, "an atomic operation");
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    uint64_t at = address[lane];
    AddressSpace space = inst.space;
    if (space == AddressSpace::Generic)
      space = resolveGeneric(at);
    Bytes bytes;
    if (space == AddressSpace::Shared) {
      bytes = accessSharedCluster(warp, inst, unsigned(lane), at, sizeof(T),
                                  AccessKind::Atomic, true);
    } else if (space == AddressSpace::Global) {
      bytes = accessGlobal(warp, inst, unsigned(lane), at, sizeof(T),
                           AccessKind::Atomic, true);
      if (bytes.data)
        countGlobal(warp, 1u << lane, &address[0], sizeof(T),
                    AccessKind::Atomic);
    } else {
      warp.report(Hazard::WrongSpace, lane,
                  "atomic operation outside of global and shared memory");
    }
    if (!bytes.data)
      continue;
    T old;
    std::memcpy(&old, bytes.data, sizeof old);
    if (std::memchr(bytes.init, 0, sizeof old) && op != AtomicOp::Exch)
      warp.reportPoison(1u << lane, "an atomic operation (the memory operand)");
    T result = combine<T>(op, old, getLane<T>(warp.source(inst.b), lane),
                          getLane<T>(warp.source(inst.c), lane));
    std::memcpy(bytes.data, &result, sizeof result);
    std::memset(bytes.init, 1, sizeof result);
    if (inst.flags & HasResult)
      setLane<T>(warp.destination(inst.dst), lane, old);
  }
  if (inst.flags & HasResult)
    warp.setPoison(inst.dst, requested, 0);
  warp.yield = true;
}

ExecFn pick(ScalarType type) {
  switch (type) {
  case ScalarType::B32:
  case ScalarType::U32:
    return execAtomic<uint32_t>;
  case ScalarType::S32:
    return execAtomic<int32_t>;
  case ScalarType::B64:
  case ScalarType::U64:
    return execAtomic<uint64_t>;
  case ScalarType::S64:
    return execAtomic<int64_t>;
  case ScalarType::F32:
    return execAtomic<float>;
  case ScalarType::F64:
    return execAtomic<double>;
  default:
    return nullptr;
  }
}

bool allowed(AtomicOp op, ScalarType type) {
  bool isFloat = type == ScalarType::F32 || type == ScalarType::F64;
  switch (op) {
  case AtomicOp::Add:
    return !isUntyped(type) && type != ScalarType::S64;
  case AtomicOp::Min:
  case AtomicOp::Max:
    return !isUntyped(type) && !isFloat;
  case AtomicOp::Inc:
  case AtomicOp::Dec:
    return type == ScalarType::U32;
  default:
    return isUntyped(type);
  }
}

bool decodeAtomic(DecodeContext &d, Inst &inst, bool hasResult) {
  std::string_view order =
      d.takeOneOf({"relaxed", "acquire", "release", "acq_rel"});
  d.takeOneOf({"cta", "cluster", "gpu", "sys"});
  inst.space =
      d.take("global") ? AddressSpace::Global
      : d.take("shared") || d.take("shared::cta") || d.take("shared::cluster")
          ? AddressSpace::Shared
          : AddressSpace::Generic;
  static constexpr std::string_view names[] = {
      "add", "min", "max", "inc", "dec", "and", "or", "xor", "exch", "cas"};
  unsigned index = 0;
  while (index < 10 && !d.take(names[index]))
    ++index;
  if (index == 10)
    return d.fail("unknown operation");
  AtomicOp op = AtomicOp(index);
  ScalarType type = d.takeType();
  if (!allowed(op, type) ||
      (!hasResult && (op == AtomicOp::Cas || op == AtomicOp::Exch)))
    return d.fail("unsupported operation on this type");
  size_t first = hasResult ? 1 : 0;
  size_t n = first + (op == AtomicOp::Cas ? 3 : 2);
  if (!d.expectOperands(n))
    return false;
  inst.sub = uint8_t(op);
  inst.cls = inst.space == AddressSpace::Shared ? InstClass::Shared
                                                : InstClass::Global;
  d.address(d.operand(first), inst.space, inst);
  inst.b = d.source(first + 1, type);
  inst.c = op == AtomicOp::Cas ? d.source(first + 2, type) : inst.b;
  if (hasResult) {
    inst.dst = d.destination(0, type);
    inst.flags |= HasResult;
  }
  if (inst.space != AddressSpace::Shared) {
    d.program.hasGlobalAtomics = true;
    if (!order.empty() && order != "relaxed")
      d.program.ordersCtas = true;
  }
  inst.exec = pick(type);
  return true;
}
} // namespace

void attn::sim::registerAtomic(OpcodeTable &table) {
  table["atom"] = [](DecodeContext &d, Inst &i) {
    return decodeAtomic(d, i, true);
  };
  table["red"] = [](DecodeContext &d, Inst &i) {
    return decodeAtomic(d, i, false);
  };
}
