//===- ClusterSync.cpp - mapa and barrier.cluster -------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Access.h"

using namespace attn::sim;

namespace {
// Inst::flags.
enum : uint8_t { Release = 2 };

bool isWholeWarp(Warp &warp, uint32_t mask) {
  if (mask == warp.liveLanes())
    return true;
  warp.report(Hazard::DivergentAligned, __builtin_ctz(warp.liveLanes() & ~mask),
              "barrier of the cluster without all live lanes of the warp");
  warp.cta->stopped = true; // who would arrive when is anybody's guess
  return false;
}

void execArrive(Warp &warp, const Inst &inst, uint32_t mask) {
  if (!isWholeWarp(warp, mask))
    return;
  if (warp.clusterArrivals != warp.clusterWaits) {
    warp.report(Hazard::BarrierMisuse, -1,
                "warp arrives twice at the barrier of the cluster without "
                "waiting in between");
    return;
  }
  Cluster &cluster = warp.cta->cluster;
  bool fenced = warp.clusterFence == cluster.clocks.time(warp.clock);
  cluster.arrive(warp, (inst.flags & Release) || fenced);
  warp.yield = true;
}

void execWait(Warp &warp, const Inst &, uint32_t mask) {
  if (!isWholeWarp(warp, mask))
    return;
  if (warp.clusterArrivals == warp.clusterWaits) {
    warp.report(Hazard::BarrierMisuse, -1,
                "warp waits at the barrier of the cluster without having "
                "arrived");
    return;
  }
  Cluster &cluster = warp.cta->cluster;
  if (!cluster.passed(warp))
    return warp.blockHere(Warp::State::AtClusterBarrier);
  cluster.acquire(warp);
  ++warp.clusterWaits;
}

/// a = address, b = rank; offset = window of a generic address, or 0.
template <class T> void execMapa(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t size = uint32_t(warp.cta->cluster.ctas.size());
  uint64_t window = uint64_t(inst.offset);
  for (uint32_t rest = mask & ~(warp.poison(inst.a) | warp.poison(inst.b));
       rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    uint64_t address = uint64_t(getLane<T>(warp.source(inst.a), lane));
    uint32_t rank = warp.source(inst.b)[lane];
    if (rank >= size) {
      warp.report(Hazard::InvalidOperand, lane,
                  "rank " + std::to_string(rank) + " in a cluster of " +
                      std::to_string(size) + " CTAs");
      break;
    }
    if (window && (address & windowMask) != window) {
      warp.report(Hazard::WrongSpace, lane,
                  "generic address of mapa is not in shared memory");
      break;
    }
  }
  binaryLanes<T, T, uint32_t>(warp, inst, mask, [=](T address, uint32_t rank) {
    uint64_t offset = address & ((1u << sharedRankShift) - 1);
    return T(offset | uint64_t(rank + 1) << sharedRankShift | window);
  });
}

bool decodeMapa(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Int;
  bool isShared = d.take("shared::cluster");
  ScalarType type = d.takeType();
  bool wide = type == ScalarType::U64;
  if (!d.require(90) || (!wide && type != ScalarType::U32) ||
      (!isShared && !wide) || !d.expectOperands(3))
    return d.fail("unsupported form");
  inst.dst = d.destination(0, type);
  inst.a = d.source(1, type);
  inst.b = d.source(2, ScalarType::U32);
  inst.offset = isShared ? 0 : int64_t(sharedWindow);
  inst.exec = wide ? execMapa<uint64_t> : execMapa<uint32_t>;
  return true;
}
} // namespace

/// barrier.cluster.{arrive{.release|.relaxed}, wait{.acquire}}{.aligned}
bool attn::sim::decodeClusterBarrier(DecodeContext &d, Inst &inst) {
  if (!d.require(90))
    return false;
  if (d.take("arrive")) {
    if (!d.take("relaxed")) {
      d.take("release");
      inst.flags |= Release;
    }
    inst.exec = execArrive;
  } else if (d.take("wait")) {
    d.take("acquire");
    inst.exec = execWait;
  } else {
    return d.fail("unknown form");
  }
  d.take("aligned");
  return d.expectOperands(0);
}

void attn::sim::registerCluster(OpcodeTable &table) {
  table["mapa"] = decodeMapa;
}
