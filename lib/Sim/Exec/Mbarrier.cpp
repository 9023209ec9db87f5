//===- Mbarrier.cpp - mbarrier instructions -------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A wait that fails for the first time returns false, so that a kernel without
// a loop around it shows; the second time the warp sleeps until the phase ends.
//
//===----------------------------------------------------------------------===//

#include "Mbarrier.h"

using namespace attn::sim;

Mbarrier *attn::sim::locateMbarrier(Warp &warp, unsigned lane, Cta &owner,
                                    uint64_t offset) {
  uint64_t at = offset - sharedBase;
  if (!owner.shared.contains(at, 8)) {
    warp.report(Hazard::OutOfBounds, int(lane),
                "mbarrier is outside of shared memory", "shared");
    return nullptr;
  }
  if (offset % 8) {
    warp.report(Hazard::Misaligned, int(lane),
                "address of an mbarrier is no multiple of 8",
                owner.sharedName(uint32_t(at)));
    return nullptr;
  }
  Mbarrier *barrier = owner.mbarriers.find(uint32_t(at));
  if (!barrier) {
    warp.report(Hazard::MbarrierMisuse, int(lane),
                "no mbarrier has been initialised here",
                owner.sharedName(uint32_t(at)));
    return nullptr;
  }
  const Stamp &init = barrier->init;
  bool fenced = barrier->initFence && init.agent < warp.knownInits.size() &&
                init.time <= warp.knownInits[init.agent];
  if (!fenced && !warp.cta->clocks.ordered(init.agent, init.lane, init.time,
                                           warp.clock, lane))
    warp.report(Hazard::MbarrierMisuse, int(lane),
                "use is not ordered after the mbarrier.init of " +
                    owner.cluster.warpName(init.agent) + " at " +
                    owner.lineOf(init.pc) + ": a barrier is missing",
                owner.sharedName(uint32_t(at)));
  return barrier;
}

namespace {
enum class MbarrierOp : uint8_t {
  Init,
  Inval,
  ExpectTx,
  CompleteTx,
  Arrive,
  ArriveExpectTx,
  ArriveNoComplete,
  CopyArrive,
  CopyArriveNoinc,
};

// Inst::flags, after addressIs32.
enum : uint8_t { Relaxed = 2, HasResult = 4, Parity = 8 };

/// The CTA that the operand of a lane lies in; `address` becomes an offset.
Cta *resolveOwner(Warp &warp, const Inst &inst, unsigned lane,
                  uint64_t &address) {
  if (inst.space == AddressSpace::Shared)
    return warp.cta;
  if (inst.space == AddressSpace::Generic &&
      resolveGeneric(address) != AddressSpace::Shared) {
    warp.report(Hazard::WrongSpace, int(lane),
                "address of an mbarrier is not in shared memory");
    return nullptr;
  }
  return resolveCluster(warp, lane, address);
}

void initialise(Warp &warp, const Inst &inst, unsigned lane, uint64_t address,
                uint32_t count) {
  Cta &cta = *warp.cta;
  uint32_t place = uint32_t(address - sharedBase);
  if (cta.mbarriers.overlapping(place, 8)) {
    warp.report(Hazard::MbarrierMisuse, int(lane),
                "mbarrier is live already: mbarrier.inval is missing",
                cta.sharedName(place));
    return;
  }
  if (!count || count > Mbarrier::maxCount) {
    warp.report(Hazard::InvalidOperand, int(lane),
                "count " + std::to_string(count) +
                    " of an mbarrier is not between 1 and 2^20 - 1");
    return;
  }
  // As far as earlier accesses to the bytes go, this is a store.
  Bytes bytes =
      accessShared(warp, inst, lane, address, 8, AccessKind::Write, false);
  if (!bytes.data)
    return;
  std::memset(bytes.init, 0, 8);
  Mbarrier &barrier = cta.mbarriers.create(place, cta.clocks);
  barrier.expected = barrier.pending = count;
  barrier.observed.assign(cta.warps.size(), -2);
  barrier.init = {warp.clock,
                  lane,
                  cta.clocks.time(warp.clock),
                  inst.pc,
                  uint32_t(warp.executed),
                  false};
}

void invalidate(Warp &warp, unsigned lane, Cta &owner, Mbarrier &barrier) {
  bool awaited = barrier.outstanding != 0;
  for (const AsyncEvent &event : owner.cluster.events)
    awaited |= event.target == &owner && event.mbarrier == barrier.offset;
  if (awaited || &owner != warp.cta)
    warp.report(Hazard::MbarrierMisuse, int(lane),
                "mbarrier.inval in the middle of a phase: " + describe(barrier),
                owner.sharedName(barrier.offset));
  barrier.live = false;
}

bool checkBytes(Warp &warp, unsigned lane, uint32_t bytes) {
  if (bytes <= Mbarrier::maxCount)
    return true;
  warp.report(Hazard::InvalidOperand, int(lane),
              "transaction count " + std::to_string(bytes) +
                  " is more than 2^20 - 1");
  return false;
}

/// The cp.asyncs of the lane so far arrive at some later time.
void arriveAfterCopies(Warp &warp, const Inst &inst, unsigned lane, Cta &owner,
                       Mbarrier &barrier) {
  if (MbarrierOp(inst.sub) == MbarrierOp::CopyArrive) {
    if (barrier.pending >= Mbarrier::maxCount)
      warp.report(Hazard::MbarrierMisuse, int(lane),
                  "more than 2^20 - 1 arrivals are pending",
                  owner.sharedName(barrier.offset));
    ++barrier.pending;
  }
  for (PendingCopy &copy : warp.copies)
    copy.signals |= copy.lane == lane;
  AsyncEvent event;
  event.kind = AsyncEvent::CopyArrival;
  event.lane = uint8_t(lane);
  event.warp = &warp;
  event.pc = inst.pc;
  event.target = &owner;
  event.mbarrier = barrier.offset;
  event.phase = barrier.phase;
  event.copySerial = warp.copySerial;
  owner.cluster.issue(std::move(event));
}

/// One lane's operation on a barrier that is there.
void apply(Warp &warp, const Inst &inst, unsigned lane, Cta &owner,
           Mbarrier &barrier, uint32_t value) {
  switch (MbarrierOp(inst.sub)) {
  case MbarrierOp::Init:
    break;
  case MbarrierOp::Inval:
    invalidate(warp, lane, owner, barrier);
    break;
  case MbarrierOp::ExpectTx:
    if (checkBytes(warp, lane, value))
      expectBytes(owner, barrier, warp, int(lane), value);
    break;
  case MbarrierOp::CompleteTx:
    if (checkBytes(warp, lane, value))
      completeBytes(owner, barrier, warp, int(lane), value);
    break;
  case MbarrierOp::ArriveNoComplete:
    if (value >= barrier.pending)
      warp.report(Hazard::MbarrierMisuse, int(lane),
                  ".noComplete, but these arrivals end the phase",
                  owner.sharedName(barrier.offset));
    arriveAt(owner, barrier, warp, int(lane), value);
    break;
  case MbarrierOp::Arrive:
    arriveAt(owner, barrier, warp, int(lane), value);
    break;
  case MbarrierOp::ArriveExpectTx:
    if (checkBytes(warp, lane, value)) {
      expectBytes(owner, barrier, warp, int(lane), value);
      arriveAt(owner, barrier, warp, int(lane), 1);
    }
    break;
  case MbarrierOp::CopyArrive:
  case MbarrierOp::CopyArriveNoinc:
    arriveAfterCopies(warp, inst, lane, owner, barrier);
    break;
  }
}

bool isArrival(const Inst &inst) {
  MbarrierOp op = MbarrierOp(inst.sub);
  return op == MbarrierOp::Arrive || op == MbarrierOp::ArriveExpectTx ||
         op == MbarrierOp::ArriveNoComplete;
}

/// Publishes what the lanes have done to each barrier they arrive at.
void releaseTo(Warp &warp, uint32_t mask, Mbarrier *const *barriers) {
  while (mask) {
    Mbarrier *barrier = barriers[__builtin_ctz(mask)];
    uint32_t lanes = 0;
    for (uint32_t rest = mask; rest; rest &= rest - 1)
      if (barriers[__builtin_ctz(rest)] == barrier)
        lanes |= rest & -rest;
    warp.cta->clocks.release(warp.clock, lanes, lanes == warp.liveLanes(),
                             barrier->arriving);
    mask &= ~lanes;
  }
}

/// a = address, b = count, bytes; dst = state.
void execMbarrier(Warp &warp, const Inst &inst, uint32_t mask) {
  uint64_t address[32];
  Mbarrier *barriers[32];
  Cta *owners[32];
  uint32_t requested = mask;
  computeAddresses(warp, inst, inst.a, inst.flags & addressIs32, inst.offset,
                   mask, address);
  uint32_t poisoned = warp.poison(inst.b) & mask;
  warp.reportPoison(poisoned, "the count of an mbarrier");
  mask &= ~poisoned;
  const uint32_t *values = warp.source(inst.b);
  bool isInit = MbarrierOp(inst.sub) == MbarrierOp::Init;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    owners[lane] = resolveOwner(warp, inst, lane, address[lane]);
    if (isInit && owners[lane])
      initialise(warp, inst, lane, address[lane], values[lane]);
    barriers[lane] = nullptr;
    if (!isInit && owners[lane])
      barriers[lane] = locateMbarrier(warp, lane, *owners[lane], address[lane]);
    if (barriers[lane])
      owners[lane]->noteTouch(warp);
    else
      mask &= ~(1u << lane);
  }
  if (isArrival(inst) && !(inst.flags & Relaxed))
    releaseTo(warp, mask, barriers);
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    if (inst.flags & HasResult)
      setLane<uint64_t>(warp.destination(inst.dst), int(lane),
                        barriers[lane]->phase);
    apply(warp, inst, lane, *owners[lane], *barriers[lane], values[lane]);
  }
  if (inst.flags & HasResult)
    warp.setPoison(inst.dst, requested, 0);
  warp.yield = true;
}

//===-- waits -------------------------------------------------------------===//

/// Has the phase ended that `lane` asks for? A warp asks for phases in turn, so
/// a parity that differs from that of the phase it saw last means the next one.
bool hasEnded(Warp &warp, const Inst &inst, unsigned lane, Mbarrier &barrier) {
  int64_t phase = barrier.phase, asked;
  int64_t &observed = barrier.observed[warp.index];
  bool ended, overrun;
  if (inst.flags & Parity) {
    int64_t parity = warp.source(inst.b)[lane] & 1;
    ended = (phase & 1) != parity;
    asked = observed + 1;
    overrun = observed > -2 && (asked & 1) == parity && phase > asked + 1;
  } else {
    asked = int64_t(getLane<uint64_t>(warp.source(inst.b), int(lane)));
    ended = phase > asked;
    overrun = phase > asked + 1;
  }
  if (overrun)
    warp.report(Hazard::PhaseOverrun, int(lane),
                "waits for phase " + std::to_string(asked) +
                    " of the mbarrier, but phase " + std::to_string(phase - 1) +
                    " has ended too: whoever arrives must wait for this warp",
                warp.cta->sharedName(barrier.offset));
  if (ended) {
    observed = std::max(observed, phase - 1);
    barrier.seen = true;
  }
  return ended;
}

/// Orders the lanes after what the phases that have ended stand for.
void acquireFrom(Warp &warp, uint32_t lanes, Mbarrier *const *barriers) {
  Clocks &clocks = warp.cta->clocks;
  bool whole = lanes == warp.liveLanes();
  while (lanes) {
    Mbarrier *barrier = barriers[__builtin_ctz(lanes)];
    uint32_t same = 0;
    for (uint32_t rest = lanes; rest; rest &= rest - 1)
      if (barriers[__builtin_ctz(rest)] == barrier)
        same |= rest & -rest;
    lanes &= ~same;
    if (!barrier)
      continue;
    bool all = whole && same == warp.liveLanes();
    clocks.acquire(warp.clock, same, all, barrier->ended);
    clocks.learn(warp.clock, same, all, barrier->agent,
                 barrier->base + barrier->phase);
  }
}

/// No lane can go on. True when the warp shall sleep.
bool sleeps(Warp &warp, const Inst &inst, unsigned lane,
            const Mbarrier &barrier) {
  std::array<uint32_t, 3> wait = {inst.pc, barrier.offset, barrier.phase};
  if (warp.failedWait == wait && !warp.waitTimedOut) {
    warp.waitOffset = barrier.offset;
    warp.waitParity = barrier.phase & 1;
    if (inst.flags & Parity)
      warp.waitParity = warp.source(inst.b)[lane] & 1;
    warp.blockHere(Warp::State::AtMbarrier);
    return true;
  }
  warp.failedWait = wait;
  warp.waitTimedOut = false;
  return false;
}

/// a = address, b = parity or state; dst = predicate.
void execWait(Warp &warp, const Inst &inst, uint32_t mask) {
  uint64_t address[32];
  Mbarrier *barriers[32];
  uint32_t requested = mask, ended = 0, waiting = 0;
  computeAddresses(warp, inst, inst.a, inst.flags & addressIs32, inst.offset,
                   mask, address);
  uint32_t poisoned = warp.poison(inst.b) & mask;
  warp.reportPoison(poisoned, "the phase of a wait");
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    Cta *owner = resolveOwner(warp, inst, lane, address[lane]);
    barriers[lane] = nullptr;
    if (owner && owner != warp.cta)
      warp.report(Hazard::MbarrierMisuse, int(lane),
                  "wait for an mbarrier of another CTA");
    else if (owner)
      barriers[lane] = locateMbarrier(warp, lane, *owner, address[lane]);
    // What has been reported shall not hang as well.
    if (!barriers[lane] || hasEnded(warp, inst, lane, *barriers[lane]))
      ended |= 1u << lane;
    else
      waiting |= 1u << lane;
  }
  warp.yield = true;
  if (waiting && !ended) {
    unsigned lane = unsigned(__builtin_ctz(waiting));
    if (sleeps(warp, inst, lane, *barriers[lane]))
      return;
  }
  if (!(inst.flags & Relaxed))
    acquireFrom(warp, ended, barriers);
  warp.setPredicate(inst.dst, requested, ended | ~mask, 0);
}

//===-- decoding ----------------------------------------------------------===//

/// `.sem.scope`, both or none.
bool takeOrder(DecodeContext &d, Inst &inst, std::string_view strong) {
  if (d.take("relaxed"))
    inst.flags |= Relaxed;
  else if (!d.take(strong))
    return true;
  return !d.takeOneOf({"cta", "cluster"}).empty() || d.fail("expected a scope");
}

bool takeSpace(DecodeContext &d, Inst &inst, bool mayBeRemote) {
  inst.space = AddressSpace::Generic;
  if (d.take("shared") || d.take("shared::cta"))
    inst.space = AddressSpace::Shared;
  else if (mayBeRemote && d.take("shared::cluster"))
    inst.space = AddressSpace::SharedCluster;
  return d.take("b64") || d.fail("expected '.b64'");
}

bool decodeWait(DecodeContext &d, Inst &inst, bool isTry) {
  if (isTry && !d.require(90))
    return false;
  if (d.take("parity"))
    inst.flags |= Parity;
  if (!takeOrder(d, inst, "acquire") || !takeSpace(d, inst, false) ||
      !d.expectOperands(3, isTry ? 4 : 3))
    return false;
  inst.dst = d.predicateResult(d.operand(0));
  d.address(d.operand(1), inst.space, inst);
  inst.b = d.source(2, inst.flags & Parity ? ScalarType::U32 : ScalarType::B64);
  if (d.numOperands() == 4) // how long it may suspend
    d.source(3, ScalarType::U32);
  inst.exec = execWait;
  return true;
}

bool decodeArrive(DecodeContext &d, Inst &inst) {
  bool expect = d.take("expect_tx");
  bool noComplete = !expect && d.take("noComplete");
  inst.sub = uint8_t(expect       ? MbarrierOp::ArriveExpectTx
                     : noComplete ? MbarrierOp::ArriveNoComplete
                                  : MbarrierOp::Arrive);
  if (expect && !d.require(90))
    return false;
  if (!takeOrder(d, inst, "release") || !takeSpace(d, inst, true))
    return false;
  bool needsValue = expect || noComplete;
  if (!d.expectOperands(needsValue ? 3 : 2, 3))
    return false;
  const ast::Operand &state = d.operand(0);
  if (state.name == "_") {
    if (!d.require(90))
      return false;
  } else {
    if (inst.space == AddressSpace::SharedCluster)
      return d.fail("a remote arrival has no state: expected '_'");
    inst.dst = d.destination(0, ScalarType::B64);
    inst.flags |= HasResult;
  }
  d.address(d.operand(1), inst.space, inst);
  bool hasCount = d.numOperands() == 3;
  if (hasCount && !needsValue && !d.require(90))
    return false;
  inst.b = hasCount ? d.source(2, ScalarType::U32) : d.constant(1, false);
  return true;
}

bool decodeMbarrier(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Mbarrier;
  if (d.take("test_wait"))
    return decodeWait(d, inst, false);
  if (d.take("try_wait"))
    return decodeWait(d, inst, true);
  inst.exec = execMbarrier;
  if (d.take("arrive"))
    return decodeArrive(d, inst);
  std::string_view what =
      d.takeOneOf({"init", "inval", "expect_tx", "complete_tx"});
  if (what.empty())
    return d.fail("unknown form");
  bool isTx = what == "expect_tx" || what == "complete_tx";
  inst.sub = uint8_t(what == "init"        ? MbarrierOp::Init
                     : what == "inval"     ? MbarrierOp::Inval
                     : what == "expect_tx" ? MbarrierOp::ExpectTx
                                           : MbarrierOp::CompleteTx);
  if (isTx && (!d.require(90) || !takeOrder(d, inst, "relaxed")))
    return false;
  if (!takeSpace(d, inst, isTx) || !d.expectOperands(what == "inval" ? 1 : 2))
    return false;
  d.address(d.operand(0), inst.space, inst);
  inst.b =
      what == "inval" ? d.constant(0, false) : d.source(1, ScalarType::U32);
  return true;
}
} // namespace

/// cp.async.mbarrier.arrive{.noinc}{.shared}.b64 [mbarrier]
bool attn::sim::decodeCopyArrival(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Mbarrier;
  if (!d.take("arrive"))
    return d.fail("unknown form");
  inst.sub = uint8_t(d.take("noinc") ? MbarrierOp::CopyArriveNoinc
                                     : MbarrierOp::CopyArrive);
  if (!takeSpace(d, inst, false) || !d.expectOperands(1))
    return false;
  d.address(d.operand(0), inst.space, inst);
  inst.b = d.constant(0, false);
  inst.exec = execMbarrier;
  return true;
}

void attn::sim::registerMbarrier(OpcodeTable &table) {
  table["mbarrier"] = decodeMbarrier;
}
