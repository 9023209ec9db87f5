//===- Elements.h - element types of the C interface ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_AOT_ELEMENTS_H
#define ATTN_LIB_AOT_ELEMENTS_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace llvm {
class LLVMContext;
class Type;
} // namespace llvm

namespace attn::aot {

/// ATTN_RT_ELEMENT_ of a type; none when the interface has no code for it.
std::optional<int32_t> elementCode(mlir::Type type);

/// "f16", "bool", ... as the runtime's messages have them.
llvm::StringRef elementName(int32_t element);
/// "F16", "BOOL", ... as the enumeration has them.
llvm::StringRef elementConstant(int32_t element);

/// How C passes such a scalar. 16-bit floats are their bits.
llvm::StringRef scalarCType(int32_t element);
/// The same in LLVM IR.
llvm::Type *scalarType(llvm::LLVMContext &context, int32_t element);

} // namespace attn::aot

#endif
