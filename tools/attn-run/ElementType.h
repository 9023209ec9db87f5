//===- ElementType.h - element types of programs ----------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TOOLS_ATTNRUN_ELEMENTTYPE_H
#define ATTN_TOOLS_ATTNRUN_ELEMENTTYPE_H

#include "TensorData.h"
#include "mlir/IR/Types.h"
#include <optional>

namespace attn::run {

/// How elements of a type of MLIR are stored; nothing when they cannot be.
std::optional<Element> elementOf(mlir::Type type);

} // namespace attn::run

#endif
