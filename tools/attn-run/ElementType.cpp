//===- ElementType.cpp - element types of programs ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ElementType.h"

using namespace attn::run;

std::optional<Element> attn::run::elementOf(mlir::Type type) {
  if (type.isF16())
    return Element::F16;
  if (type.isBF16())
    return Element::BF16;
  if (type.isF32())
    return Element::F32;
  if (type.isF64())
    return Element::F64;
  if (mlir::isa<mlir::Float8E4M3FNType>(type))
    return Element::F8E4M3FN;
  if (mlir::isa<mlir::Float8E5M2Type>(type))
    return Element::F8E5M2;
  if (type.isInteger(1))
    return Element::I1;
  if (type.isInteger(8))
    return Element::I8;
  if (type.isInteger(32))
    return Element::I32;
  if (type.isInteger(64) || type.isIndex())
    return Element::I64;
  return std::nullopt;
}
