//===- Program.h - compiling ahead of time ---------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_AOT_PROGRAM_H
#define ATTN_AOT_PROGRAM_H

#include "attn/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace attn::aot {

struct ProgramOptions {
  /// One variant of every function for each, as ptxas spells them.
  std::vector<std::string> chips = {"sm_80", "sm_90a"};
  /// Of each chip; `chip` is not read.
  CompileOptions compile;
  /// Embed machine code beside the PTX, which needs ptxas.
  bool cubin = true;
};

/// What a program is linked with and what it includes.
struct Program {
  std::string object; ///< a relocatable ELF file for this machine
  std::string header; ///< C
  std::vector<std::string> functions; ///< names, in the order of the module
  std::vector<std::string> ptx;       ///< of each chip, all of its kernels
};

/// Compiles every public function of `module` for every chip. Each becomes a
/// table NAME_entry (attn_rt_entry) and the C functions NAME and
/// NAME_workspace_bytes; nothing else is visible in the object, which needs
/// attn_rt_ functions only. `name` is that of the header, for its guard. Errors
/// are diagnostics on the module.
mlir::FailureOr<Program> compileProgram(mlir::ModuleOp module,
                                        const ProgramOptions &options,
                                        llvm::StringRef name);

/// Links an object into a shared library at `path`, which finds
/// libattn_runtime.so beside it or where the loader looks. The linker is
/// $ATTN_LD or the first of ld.lld-22, ld.lld, ld in PATH. The message of a
/// failure says what the linker said; nothing is left at `path` then.
llvm::Error linkSharedLibrary(llvm::StringRef object, llvm::StringRef path);

} // namespace attn::aot

#endif
