//===- AttnInterfaces.td - score ops and normalizers --------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_ATTNINTERFACES
#define ATTN_DIALECT_ATTN_IR_ATTNINTERFACES

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def ScoreOpInterface : OpInterface<"ScoreOpInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    A named scalar op of a score or mask region. It carries a name for the
    reader; its meaning is the `arith`/`math` expansion, and after
    `attn-expand-score-ops` nothing asks for the name again.
  }];
  let methods = [
    InterfaceMethod<"Builds the op's definition in arith and math and returns "
                    "the value that replaces its result.",
                    "::mlir::Value", "expand", (ins "::mlir::OpBuilder &":$builder)>
  ];
}

def NormalizerAttrInterface : AttrInterface<"NormalizerAttrInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    How the scores of one row become weights, in streaming form: a state that
    is updated with one tile of scores at a time, so that the row is never
    whole in memory. All methods build IR with elementwise `arith`/`math` ops
    and with the row operations of a `RowBuilder`; the same builder code makes
    the scalar reference and the tiled kernel.
  }];
  let methods = [
    InterfaceMethod<"The state before the first tile, one value per row each.",
        "::llvm::SmallVector<::mlir::Value>", "init",
        (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
             "::mlir::attn::RowBuilder &":$rows)>,
    InterfaceMethod<[{
        Consumes one tile of scores. `scale` is a positive factor that still has to
        be applied to the scores (folded here into the exponent); `mayDropRow`
        says that a row may hold no kept score so far. Where the state would make
        the output grow by less than 2^`threshold` the rescale may stay exactly 1.}],
        "::mlir::attn::NormalizerStep", "update",
        (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
             "::mlir::attn::RowBuilder &":$rows, "::mlir::Value":$scores,
             "double":$scale, "bool":$mayDropRow, "double":$threshold,
             "::mlir::ValueRange":$state)>,
    InterfaceMethod<[{
        After the last tile: the factor of the accumulated output rows, and the
        log-sum-exp of the row (natural logarithm).}],
        "::mlir::attn::NormalizerFinish", "finish",
        (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
             "::mlir::attn::RowBuilder &":$rows, "double":$scale,
             "::mlir::ValueRange":$state)>
  ];
}

#endif
