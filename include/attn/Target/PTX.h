//===- PTX.h - kernels to PTX and cubin ------------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TARGET_PTX_H
#define ATTN_TARGET_PTX_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include <string>

namespace attn {

/// LLVM IR of a kernel module in the LLVM dialect, optimized as for PTX. Errors
/// are diagnostics on the module.
mlir::FailureOr<std::string> translateToLLVMIR(mlir::gpu::GPUModuleOp module,
                                               llvm::StringRef chip);

/// PTX text of a kernel module in the LLVM dialect, made in process. The
/// context needs the LLVM and NVVM translations.
mlir::FailureOr<std::string> translateToPTX(mlir::gpu::GPUModuleOp module,
                                            llvm::StringRef chip);

/// The PTX of all kernels of a module that attn-embed-kernels has gone through.
std::string embeddedPTX(mlir::ModuleOp module);

/// The cubin that ptxas makes of PTX text. ptxas is looked for in $ATTN_PTXAS,
/// $CUDA_HOME/bin, PATH and /usr/local/cuda/bin and called without a shell. Its
/// messages go to `messages`, also when it succeeds.
mlir::FailureOr<std::string>
assemblePTX(llvm::StringRef ptx, llvm::StringRef chip, std::string &messages);

/// Path of ptxas, empty when there is none.
std::string findPtxas();

} // namespace attn

#endif
