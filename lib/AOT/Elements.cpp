//===- Elements.cpp - element types of the C interface --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Elements.h"
#include "attn/Runtime/Runtime.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/IR/DerivedTypes.h"

using namespace attn::aot;

namespace {
struct ElementRow {
  int32_t code;
  llvm::StringLiteral name, constant, scalar;
  unsigned bits; ///< of a scalar as C passes it
  bool isFloat;  ///< in a floating-point register
};
} // namespace

static constexpr ElementRow kElements[] = {
    {ATTN_RT_ELEMENT_F16, "f16", "F16", "uint16_t", 16, false},
    {ATTN_RT_ELEMENT_BF16, "bf16", "BF16", "uint16_t", 16, false},
    {ATTN_RT_ELEMENT_F32, "f32", "F32", "float", 32, true},
    {ATTN_RT_ELEMENT_F64, "f64", "F64", "double", 64, true},
    {ATTN_RT_ELEMENT_I32, "i32", "I32", "int32_t", 32, false},
    {ATTN_RT_ELEMENT_I64, "i64", "I64", "int64_t", 64, false},
    {ATTN_RT_ELEMENT_I8, "i8", "I8", "int8_t", 8, false},
    {ATTN_RT_ELEMENT_BOOL, "bool", "BOOL", "uint8_t", 8, false},
    {ATTN_RT_ELEMENT_F8E4M3FN, "f8E4M3FN", "F8E4M3FN", "uint8_t", 8, false},
    {ATTN_RT_ELEMENT_F8E5M2, "f8E5M2", "F8E5M2", "uint8_t", 8, false},
};

static const ElementRow &row(int32_t element) {
  for (const ElementRow &row : kElements)
    if (row.code == element)
      return row;
  llvm_unreachable("elementCode() gives no other");
}

std::optional<int32_t> attn::aot::elementCode(mlir::Type type) {
  if (type.isF16())
    return ATTN_RT_ELEMENT_F16;
  if (type.isBF16())
    return ATTN_RT_ELEMENT_BF16;
  if (type.isF32())
    return ATTN_RT_ELEMENT_F32;
  if (type.isF64())
    return ATTN_RT_ELEMENT_F64;
  if (mlir::isa<mlir::Float8E4M3FNType>(type))
    return ATTN_RT_ELEMENT_F8E4M3FN;
  if (mlir::isa<mlir::Float8E5M2Type>(type))
    return ATTN_RT_ELEMENT_F8E5M2;
  if (type.isInteger(1))
    return ATTN_RT_ELEMENT_BOOL;
  if (type.isInteger(8))
    return ATTN_RT_ELEMENT_I8;
  if (type.isInteger(32))
    return ATTN_RT_ELEMENT_I32;
  if (type.isInteger(64) || type.isIndex())
    return ATTN_RT_ELEMENT_I64;
  return std::nullopt;
}

llvm::StringRef attn::aot::elementName(int32_t element) {
  return row(element).name;
}

llvm::StringRef attn::aot::elementConstant(int32_t element) {
  return row(element).constant;
}

llvm::StringRef attn::aot::scalarCType(int32_t element) {
  return row(element).scalar;
}

llvm::Type *attn::aot::scalarType(llvm::LLVMContext &context, int32_t element) {
  const ElementRow &found = row(element);
  if (!found.isFloat)
    return llvm::IntegerType::get(context, found.bits);
  return found.bits == 32 ? llvm::Type::getFloatTy(context)
                          : llvm::Type::getDoubleTy(context);
}
