//===- Object.h - LLVM IR to an object file of the host ---------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_AOT_OBJECT_H
#define ATTN_LIB_AOT_OBJECT_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Module.h"
#include <string>

namespace attn::aot {

/// Sets data layout and triple of this machine. Errors go to `source`.
mlir::LogicalResult prepareForHost(llvm::Module &module, mlir::ModuleOp source);

/// Optimizes and compiles to position-independent code for any CPU of this
/// machine's architecture. Only the `visible` symbols stay visible.
mlir::FailureOr<std::string> emitObject(llvm::Module &module,
                                        const llvm::StringSet<> &visible,
                                        mlir::ModuleOp source);

} // namespace attn::aot

#endif
