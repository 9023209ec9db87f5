//===- Picture.h - attn-run --mask-picture ----------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_PICTURE_H
#define ATTN_TOOLS_ATTNRUN_PICTURE_H

#include "Execution.h"

namespace attn::run {

/// The masks of the entry as an SVG document, for the inputs of a run and the
/// chip that it was compiled for; sm_80 for the reference.
llvm::Expected<std::string> drawMasks(Program &program, const RunInputs &inputs,
                                      const RunOptions &options,
                                      llvm::StringRef chip);

} // namespace attn::run

#endif
