//===- HostChecks.cpp - what only a call knows ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HostChecks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::attn;

Value HostChecks::constant(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value HostChecks::dim(Value memref, int64_t d) {
  return memref::DimOp::create(b, memref, constant(d));
}

Value HostChecks::blocksOf(Value length, int64_t block) {
  return arith::CeilDivUIOp::create(b, length, constant(block));
}

void HostChecks::require(Value expected, Value got, const Twine &message) {
  Value equal =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, expected, got);
  RequireOp::create(b, equal, b.getStringAttr(message), expected, got);
}

void HostChecks::requireAtMost(Value limit, Value got, const Twine &message) {
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, got, limit);
  RequireOp::create(b, fits, b.getStringAttr(message), limit, got);
}

void HostChecks::requireAtLeast(Value limit, Value got, const Twine &message) {
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, got, limit);
  RequireOp::create(b, fits, b.getStringAttr(message), limit, got);
}

void HostChecks::same(StringRef message, Value x, int64_t dx, Value y,
                      int64_t dy) {
  if (cast<MemRefType>(x.getType()).isDynamicDim(dx) ||
      cast<MemRefType>(y.getType()).isDynamicDim(dy))
    require(dim(x, dx), dim(y, dy), message);
}

void HostChecks::innermostIsDense(StringRef name, Value memref) {
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  require(constant(1), metadata.getStrides().back(),
          "innermost stride of " + Twine(name));
}

void HostChecks::rowsAligned(StringRef name, Value memref, int64_t alignment) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  alignment = std::max(alignment, bytes);
  auto metadata = memref::ExtractStridedMetadataOp::create(b, memref);
  Value zero = constant(0), one = constant(1),
        unit = constant(alignment / bytes);
  std::string rule = " (rows start at multiples of " +
                     std::to_string(alignment) +
                     " bytes; compile with a smaller alignment for others)";
  unsigned inner = type.getRank() - 1;
  require(one, metadata.getStrides()[inner],
          "innermost stride of " + Twine(name));
  for (unsigned d = 0; d < inner; ++d) {
    Value rest = arith::RemSIOp::create(b, metadata.getStrides()[d], unit);
    Value unused = arith::CmpIOp::create(b, arith::CmpIPredicate::sle,
                                         metadata.getSizes()[d], one);
    require(zero, arith::SelectOp::create(b, unused, zero, rest),
            "stride of dimension " + Twine(d) + " of " + name + " modulo " +
                Twine(alignment / bytes) + " elements" + rule);
  }
  // Kernels multiply it in 32 bits.
  requireAtMost(constant(INT32_MAX / bytes), metadata.getStrides()[inner - 1],
                "largest stride between rows of " + Twine(name) +
                    " in elements");
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, memref);
  Value address = arith::AddIOp::create(
      b, base, arith::MulIOp::create(b, metadata.getOffset(), constant(bytes)));
  require(zero, arith::RemUIOp::create(b, address, constant(alignment)),
          "address of " + Twine(name) + " modulo " + Twine(alignment) + rule);
}
