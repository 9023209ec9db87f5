//===- MaskPicture.h - the tiles of a mask as a drawing --------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_EXPLAIN_MASKPICTURE_H
#define ATTN_EXPLAIN_MASKPICTURE_H

#include "attn/Explain/Problem.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace attn::explain {

/// An SVG document of the masks of `program`, one below the other: queries
/// down, keys across, each tile of the schedule empty, partial or full, and
/// marked where the kernel does more than it has to. The classes are counted by
/// evaluating the mask at every position. `program` is as parsed, and stays so.
/// Errors are one line.
llvm::Expected<std::string> drawMasks(mlir::ModuleOp program,
                                      const Problem &problem);

} // namespace attn::explain

#endif
