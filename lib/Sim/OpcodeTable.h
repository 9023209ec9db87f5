//===- OpcodeTable.h - instruction families by opcode stem ------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A family is one file in Exec/ with a `register...` function that adds its
// stems here. That is all it takes to add one.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_OPCODETABLE_H
#define ATTN_LIB_SIM_OPCODETABLE_H

#include "Decoder.h"

namespace attn::sim {

/// Fills `inst` from the context; false after it has reported.
using DecodeFn = bool (*)(DecodeContext &context, Inst &inst);

using OpcodeTable = std::map<std::string_view, DecodeFn>;

const OpcodeTable &opcodeTable();

void registerInteger(OpcodeTable &table);
void registerBits(OpcodeTable &table);
void registerFloat(OpcodeTable &table);
void registerMathFunctions(OpcodeTable &table);
void registerCompare(OpcodeTable &table);
void registerConvert(OpcodeTable &table);
void registerMove(OpcodeTable &table);
void registerLoadStore(OpcodeTable &table);
void registerAtomic(OpcodeTable &table);
void registerMatrix(OpcodeTable &table);
void registerWgmma(OpcodeTable &table);
void registerAsyncCopy(OpcodeTable &table);
void registerSync(OpcodeTable &table);
void registerShuffle(OpcodeTable &table);
void registerControl(OpcodeTable &table);
void registerMbarrier(OpcodeTable &table);
void registerCluster(OpcodeTable &table);
void registerRegisterCount(OpcodeTable &table);

// `add`, `mul`, ... exist for integers and floats; the integer table entry
// hands over to these when the type is a float. The modifiers are rewound.
bool decodeFloatArithmetic(DecodeContext &context, Inst &inst);
// cp.async.mbarrier.arrive, cp.async.bulk, cp.reduce.async.bulk and
// barrier.cluster, from behind these words on.
bool decodeCopyArrival(DecodeContext &context, Inst &inst);
bool decodeBulk(DecodeContext &context, Inst &inst);
bool decodeBulkReduction(DecodeContext &context, Inst &inst);
bool decodeClusterBarrier(DecodeContext &context, Inst &inst);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_OPCODETABLE_H
