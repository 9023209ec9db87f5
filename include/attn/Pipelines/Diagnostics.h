//===- Diagnostics.h - compiler errors as one line --------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_PIPELINES_DIAGNOSTICS_H
#define ATTN_PIPELINES_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Error.h"
#include <string>

namespace attn {

/// Collects what MLIR reports while it is alive, in place of printing it.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext *context);

  /// The first error as "FILE:LINE:COLUMN: message (note)", or `otherwise` when
  /// there was none.
  llvm::Error takeError(llvm::StringRef otherwise) const;

private:
  std::string first;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace attn

#endif
