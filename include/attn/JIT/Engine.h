//===- Engine.h - runs compiled host functions -----------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_JIT_ENGINE_H
#define ATTN_JIT_ENGINE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace mlir {
class ExecutionEngine;
} // namespace mlir

namespace attn::jit {

/// Host code of one module, ready to be called in this process. It calls the
/// runtime (attn_rt_*) that this program is linked with.
class Engine {
public:
  /// Compiles `module`, which is in the LLVM dialect, at -O`optLevel` (0 to 3).
  /// The module is not needed afterwards.
  static llvm::Expected<std::unique_ptr<Engine>> create(mlir::ModuleOp module,
                                                        unsigned optLevel = 2);
  ~Engine();

  /// Calls the C interface of function `name`: `_mlir_ciface_NAME`. `args[i]`
  /// points at the i-th argument, so for a memref at a pointer to its
  /// descriptor; for a function with a result one more entry points at the room
  /// for it. Nothing checks the types.
  llvm::Error invoke(llvm::StringRef name, llvm::MutableArrayRef<void *> args);

  /// Address of `_mlir_ciface_NAME`, for callers that call it often: invoke()
  /// looks it up each time. Valid as long as the engine.
  llvm::Expected<void *> lookup(llvm::StringRef name);

private:
  explicit Engine(std::unique_ptr<mlir::ExecutionEngine> engine);
  std::unique_ptr<mlir::ExecutionEngine> engine;
};

} // namespace attn::jit

#endif
