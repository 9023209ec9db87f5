//===- Explain.h - attn-opt --attn-explain, --attn-mask-picture -*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTN_OPT_EXPLAIN_H
#define ATTN_TOOLS_ATTN_OPT_EXPLAIN_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace attn {

/// Whether the command line asks for an explanation or a picture.
bool wantsExplanation(int argc, char **argv);

/// `attn-opt in.mlir --attn-explain[=chip] --attn-mask-picture=FILE.svg`, one
/// of them or both. Exit status: 0, or 1 with a line on stderr and no file
/// written.
int explainMain(int argc, char **argv, mlir::DialectRegistry &registry);

} // namespace attn

#endif
