//===- Sync.cpp - barriers and fences -------------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Cluster.h"
#include "Lanes.h"

using namespace attn::sim;

namespace {
enum : uint8_t { Wait = 1, Aligned = 2 };

/// a = barrier number, b = thread count (0: all of the CTA).
void execBarrier(Warp &warp, const Inst &inst, uint32_t mask) {
  Cta &cta = *warp.cta;
  uint32_t poisoned = (warp.poison(inst.a) | warp.poison(inst.b)) & mask;
  warp.reportPoison(poisoned, "a barrier number or count");
  if (mask != warp.liveLanes()) {
    warp.report(
        Hazard::DivergentAligned, __builtin_ctz(warp.liveLanes() & ~mask),
        "barrier is executed by " + std::to_string(__builtin_popcount(mask)) +
            " of the " + std::to_string(__builtin_popcount(warp.liveLanes())) +
            " live lanes of the warp");
    cta.stopped = true; // who would arrive when is anybody's guess
    return;
  }
  if (warp.liveLanes() != warp.initialLanes())
    warp.report(Hazard::DivergentAligned,
                __builtin_ctz(warp.initialLanes() & ~warp.liveLanes()),
                "lane has exited before a barrier of its warp");
  int first = __builtin_ctz(mask);
  uint32_t id = warp.source(inst.a)[first];
  uint32_t threads = warp.source(inst.b)[first];
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    if (warp.source(inst.a)[lane] != id ||
        warp.source(inst.b)[lane] != threads) {
      warp.report(Hazard::BarrierMisuse, lane,
                  "lanes of a warp name different barriers");
      return;
    }
  }
  if (id > 15 || threads % 32 || threads / 32 > cta.warps.size()) {
    warp.report(Hazard::BarrierMisuse, first,
                "barrier " + std::to_string(id) + " with " +
                    std::to_string(threads) +
                    " threads: must be 0 to 15, and a multiple of 32 up to "
                    "the size of the CTA");
    return;
  }
  cta.arrive(warp, id, threads / 32, inst.flags & Wait);
}

bool decodeBarrier(DecodeContext &d, Inst &inst) {
  bool isBar = d.opcode().rfind("bar.", 0) == 0;
  inst.cls = InstClass::Barrier;
  if (d.take("warp")) {
    if (!isBar || !d.take("sync") || !d.expectOperands(1))
      return d.fail("unknown form");
    inst.a = d.source(0, ScalarType::B32);
    inst.exec = [](Warp &warp, const Inst &i, uint32_t mask) {
      uint32_t members = warp.source(i.a)[__builtin_ctz(mask)];
      warp.reportPoison(warp.poison(i.a) & mask, "a member mask");
      uint32_t inside = members & warp.liveLanes();
      if (uint32_t outside = mask & ~members)
        warp.report(Hazard::InactiveLane, __builtin_ctz(outside),
                    "lane is not in the member mask");
      else if (uint32_t absent = inside & ~mask)
        warp.report(Hazard::InactiveLane, __builtin_ctz(absent),
                    "lane of the member mask is on another path");
      warp.cta->clocks.syncWarp(warp.clock);
    };
    return true;
  }
  if (!isBar && d.take("cluster"))
    return decodeClusterBarrier(d, inst);
  d.take("cta");
  std::string_view what = d.takeOneOf({"sync", "arrive"});
  if (what.empty())
    return d.fail("unknown form");
  bool aligned = d.take("aligned");
  bool isSync = what == "sync";
  inst.flags = uint8_t((isSync ? Wait : 0) | (isBar || aligned ? Aligned : 0));
  if (!d.expectOperands(isSync ? 1 : 2, 2))
    return false;
  inst.a = d.source(0, ScalarType::U32);
  inst.b = d.numOperands() == 2 ? d.source(1, ScalarType::U32)
                                : d.constant(0, false);
  const ast::Operand &count = d.operand(1);
  if (d.numOperands() == 2 && count.kind == ast::Operand::Immediate &&
      (count.value == 0 || count.value % 32))
    return d.fail("thread count must be a multiple of 32");
  inst.exec = execBarrier;
  return true;
}

/// Fences order memory for other threads; the simulator's memory is in order
/// already, so what remains is that races between CTAs cannot be told.
void execFence(Warp &, const Inst &, uint32_t) {}

/// With this before it, a relaxed arrival at the barrier of the cluster
/// releases.
void execClusterFence(Warp &warp, const Inst &, uint32_t) {
  warp.clusterFence = warp.cta->clocks.time(warp.clock);
}

/// What the lanes wrote to shared memory becomes visible to the async proxy.
void execProxyFence(Warp &warp, const Inst &, uint32_t mask) {
  Cluster &cluster = warp.cta->cluster;
  for (auto &cta : cluster.ctas)
    cta->asyncProxy.fence(warp.clock, mask, mask == warp.liveLanes(),
                          cluster.clocks.time(warp.clock));
}

/// fence.proxy.async{.space}
bool decodeProxyFence(DecodeContext &d, Inst &inst) {
  if (!d.take("async"))
    return d.fail("only the async proxy is simulated");
  bool global = d.take("global");
  if (!global)
    d.takeOneOf({"shared::cta", "shared::cluster"});
  // Global memory is not told apart by proxies.
  inst.exec = global ? execFence : execProxyFence;
  return d.require(90) && d.expectOperands(0);
}

/// fence.mbarrier_init.release.cluster
bool decodeInitFence(DecodeContext &d, Inst &inst) {
  if (!d.take("release") || !d.take("cluster"))
    return d.fail("unknown form");
  inst.exec = [](Warp &warp, const Inst &, uint32_t mask) {
    uint32_t now = warp.cta->clocks.time(warp.clock);
    for (Mbarrier &barrier : warp.cta->mbarriers.all())
      if (barrier.init.agent == warp.clock && mask >> barrier.init.lane & 1)
        barrier.initFence = now;
  };
  return d.require(90) && d.expectOperands(0);
}

bool decodeFence(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Other;
  inst.exec = execFence;
  if (d.take("proxy"))
    return decodeProxyFence(d, inst);
  if (d.take("mbarrier_init"))
    return decodeInitFence(d, inst);
  if (d.opcode().rfind("membar", 0) == 0) {
    std::string_view scope = d.takeOneOf({"cta", "gl", "sys"});
    if (scope != "cta")
      d.program.ordersCtas = true;
    return (!scope.empty() || d.fail("unknown scope")) && d.expectOperands(0);
  }
  if (d.takeOneOf({"acq_rel", "sc"}).empty())
    return d.fail("unknown form");
  std::string_view scope = d.takeOneOf({"cta", "cluster", "gpu", "sys"});
  if (scope != "cta")
    inst.exec = execClusterFence;
  if (scope != "cta" && scope != "cluster")
    d.program.ordersCtas = true;
  return (!scope.empty() || d.fail("unknown scope")) && d.expectOperands(0);
}

/// All earlier grids have ended, and nothing depends on this one.
bool decodeGridDependency(DecodeContext &d, Inst &inst) {
  inst.exec = execFence;
  if (d.takeOneOf({"wait", "launch_dependents"}).empty())
    return d.fail("unknown form");
  return d.require(90) && d.expectOperands(0);
}
} // namespace

void attn::sim::registerSync(OpcodeTable &table) {
  table["bar"] = decodeBarrier;
  table["barrier"] = decodeBarrier;
  table["fence"] = decodeFence;
  table["membar"] = decodeFence;
  table["griddepcontrol"] = decodeGridDependency;
}
