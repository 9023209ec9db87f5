//===- Registration.h - everything a tool can parse and run ----*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_PIPELINES_REGISTRATION_H
#define ATTN_PIPELINES_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace attn {

/// The project's dialects, the upstream ones that its IR is made of, and their
/// translations to LLVM IR.
void registerAllDialects(mlir::DialectRegistry &registry);

/// The project's passes and pipelines, and the upstream passes that are useful
/// between them (canonicalize, cse, ...).
void registerAllPasses();

} // namespace attn

#endif
