//===- OpcodeTable.cpp - instruction families by opcode stem --------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpcodeTable.h"

using namespace attn::sim;

const OpcodeTable &attn::sim::opcodeTable() {
  static const OpcodeTable table = [] {
    OpcodeTable t;
    registerInteger(t);
    registerBits(t);
    registerFloat(t);
    registerMathFunctions(t);
    registerCompare(t);
    registerConvert(t);
    registerMove(t);
    registerLoadStore(t);
    registerAtomic(t);
    registerMatrix(t);
    registerWgmma(t);
    registerAsyncCopy(t);
    registerSync(t);
    registerShuffle(t);
    registerControl(t);
    registerMbarrier(t);
    registerCluster(t);
    registerRegisterCount(t);
    return t;
  }();
  return table;
}
