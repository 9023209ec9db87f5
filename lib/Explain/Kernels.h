//===- Kernels.h - what the kernels of an op need ---------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_EXPLAIN_KERNELS_H
#define ATTN_LIB_EXPLAIN_KERNELS_H

#include "Subject.h"

namespace attn::explain {

/// What ptxas says of a kernel.
struct MachineCode {
  int64_t registers = 0, spillStores = 0, spillLoads = 0; ///< per thread, bytes
};

struct KernelNeeds {
  std::string name;
  int64_t threads = 0;
  int64_t sharedBytes = 0;
  std::optional<MachineCode> code;
};

/// The launches of one op, in order.
struct OpNeeds {
  std::vector<KernelNeeds> kernels;
  /// Of the caller's memory, in whole pieces; null when sizes are not known.
  std::optional<int64_t> workspaceBytes;
  std::string whyNoCode; ///< empty when there is machine code
};

/// Compiles the op's function and asks ptxas, when there is one.
llvm::Expected<OpNeeds> measureKernels(mlir::ModuleOp program,
                                       const Subject &subject,
                                       const Problem &problem);

} // namespace attn::explain

#endif
