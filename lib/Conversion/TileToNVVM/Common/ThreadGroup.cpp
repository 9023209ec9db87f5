//===- ThreadGroup.cpp - the threads that execute an op together ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ThreadGroup.h"
#include "Integers.h"
#include "NamedBarriers.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::tile;

ThreadGroup ThreadGroup::of(Region *region) {
  gpu::GPUFuncOp kernel;
  for (; !kernel; region = region->getParentRegion()) {
    kernel = dyn_cast<gpu::GPUFuncOp>(region->getParentOp());
    auto roles = dyn_cast<WarpSpecializeOp>(region->getParentOp());
    if (!roles)
      continue;
    int64_t consumers = roles.getConsumers() * kWarpGroupThreads;
    if (region == &roles.getConsumer())
      return {Kind::Consumers, 0, consumers};
    return {Kind::Producer, consumers,
            roles.getElected() ? 1 : kWarpGroupThreads};
  }
  return {Kind::Block, 0, kernel.getKnownBlockSize()->front()};
}

void tile::emitGroupBarrier(OpBuilder &b, Location loc) {
  ThreadGroup group = ThreadGroup::of(b.getInsertionBlock()->getParent());
  if (group.kind == ThreadGroup::Kind::Block) {
    NVVM::Barrier0Op::create(b, loc);
    return;
  }
  Integers e(loc, b);
  Value id =
      e.constant(group.kind == ThreadGroup::Kind::Producer ? kProducerBarrier
                                                           : kConsumerBarrier);
  NVVM::BarrierOp::create(e.b, TypeRange(), id, e.constant(group.threads),
                          NVVM::BarrierReductionAttr(), Value());
}

int64_t tile::getFragmentWarps(gpu::GPUFuncOp kernel) {
  int64_t threads = kernel.getKnownBlockSize()->front();
  WalkResult roles =
      kernel.walk([](WarpSpecializeOp) { return WalkResult::interrupt(); });
  return (roles.wasInterrupted() ? threads - kWarpGroupThreads : threads) / 32;
}

int64_t tile::getClusterSize(Operation *op) {
  auto kernel = op->getParentOfType<gpu::GPUFuncOp>();
  auto size = kernel->getAttrOfType<IntegerAttr>("tile.cluster");
  return size ? size.getInt() : 1;
}

Value ThreadIndex::rowWarp(Integers &e, RankedTensorType fragment) const {
  return getGroups(fragment) == 1 ? warp : e.rem(warp, getWarps(fragment));
}

Value ThreadIndex::group(Integers &e, RankedTensorType fragment) const {
  return getGroups(fragment) == 1 ? e.constant(0)
                                  : e.div(warp, getWarps(fragment));
}

ThreadIndex::ThreadIndex(Integers &e)
    : thread(NVVM::ThreadIdXOp::create(e.b, e.b.getI32Type())) {
  ThreadGroup group = ThreadGroup::of(e.b.getInsertionBlock()->getParent());
  // A role's first thread is a multiple of a warp group.
  lane = e.bitAnd(thread, 31);
  thread = e.add(thread, -group.firstThread);
  warp = e.shiftRight(thread, 5);
}
