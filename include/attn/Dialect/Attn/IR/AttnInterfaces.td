//===- AttnInterfaces.td - attention, regions, normalizers --*- tablegen -*-===//
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

def AttentionOpInterface : OpInterface<"AttentionOpInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    An op that walks over keys for blocks of queries: scores of one or more
    pairs of a query and a key tensor (its maps), the same regions for all of
    them, one value tensor and one output. What it does with several maps is
    its own.
  }];
  let methods = [
    InterfaceMethod<"The query of each map: B x Hq x Sq x Dqk.",
        "::llvm::SmallVector<::mlir::Value>", "getQueries">,
    InterfaceMethod<"The key of each map: B x Hkv x Sk x Dqk.",
        "::llvm::SmallVector<::mlir::Value>", "getKeys">,
    InterfaceMethod<"B x Hkv x Sk x Dv, or in transposed blocks of W keys "
                    "B x Hkv x ceil(Sk / W) x Dv x W.", "::mlir::Value", "getValue">,
    InterfaceMethod<"What else is read when the walk is over, beside captures.",
        "::llvm::SmallVector<::mlir::Value>", "getEpilogueInputs">,
    InterfaceMethod<"The `outs` operands, none on tensors.",
        "::mlir::OperandRange", "getOuts">,
    InterfaceMethod<"A result on tensors, an `outs` operand on memrefs.",
        "::mlir::Value", "getOut", (ins), "", [{
          return $_op.isBufferized() ? ::mlir::Value($_op.getOuts().front())
                                     : ::mlir::Value($_op->getResult(0));
        }]>,
    InterfaceMethod<"The same for the log-sum-exp; null when not asked for.",
        "::mlir::Value", "getLse">,
    InterfaceMethod<"", "::mlir::Region &", "getScore">,
    InterfaceMethod<"", "::mlir::Region &", "getMask">,
    InterfaceMethod<"", "::mlir::Region &", "getSink">,
    InterfaceMethod<"`scale`, or its default 1 / sqrt(Dqk).",
        "double", "getScaleValue", (ins), "", [{
          if (auto scale = $_op.getScale())
            return scale->convertToFloat();
          return 1.0 / std::sqrt(double($_op.getHeadDim()));
        }]>,
    InterfaceMethod<"`normalizer`, or its default #attn.softmax.",
        "::mlir::attn::NormalizerAttrInterface", "getNormalizerOrDefault", (ins), "", [{
          if (auto normalizer = $_op.getNormalizer())
            return *normalizer;
          return getDefaultNormalizer($_op.getContext());
        }]>,
    InterfaceMethod<"T.", "::mlir::Type", "getElementType", (ins), "", [{
          return ::mlir::getElementTypeOrSelf($_op.getQueries().front().getType());
        }]>,
    InterfaceMethod<"That of the output.", "::mlir::Type", "getOutElementType", (ins), "", [{
          return ::mlir::getElementTypeOrSelf($_op.getOut().getType());
        }]>,
    InterfaceMethod<"Dqk.", "int64_t", "getHeadDim", (ins), "", [{
          return ::llvm::cast<::mlir::ShapedType>(
              $_op.getQueries().front().getType()).getDimSize(3);
        }]>,
    InterfaceMethod<"Dv.", "int64_t", "getValueHeadDim", (ins), "", [{
          return ::llvm::cast<::mlir::ShapedType>($_op.getValue().getType()).getDimSize(3);
        }]>,
    InterfaceMethod<"W, the keys of a transposed block of the value; 0: it has rank 4.",
        "int64_t", "getTransposedKeys", (ins), "", [{
          auto type = ::llvm::cast<::mlir::ShapedType>($_op.getValue().getType());
          return type.getRank() == 5 ? type.getDimSize(4) : 0;
        }]>,
    InterfaceMethod<"Values that the regions use from above, in order of first use.",
        "::llvm::SmallVector<::mlir::Value>", "getCaptures", (ins), "", [{
          return collectCaptures($_op.getOperation());
        }]>
  ];
  let extraClassDeclaration = [{
    bool isBufferized() { return getOperation()->getNumResults() == 0; }
    ::mlir::Value getQuery() { return getQueries().front(); }
    ::mlir::Value getKey() { return getKeys().front(); }
  }];
}

def NormalizerAttrInterface : AttrInterface<"NormalizerAttrInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    How the scores of one row become weights, in streaming form: a state that
    is updated with one tile of scores at a time, so that the row is never
    whole in memory. The builders use elementwise `arith`/`math` ops and the
    row operations of a `RowBuilder`; the same builder code makes the scalar
    reference and the tiled kernel.

    Tiles come in any order, unless `dependsOnOrder`. A normalizer whose
    weights depend on their own score alone has no state, no rescale and no
    factor. Nothing asks which normalizer it is.
  }];
  let methods = [
    InterfaceMethod<"The state before the first tile, one value per row each; "
                    "may be empty.",
        "::llvm::SmallVector<::mlir::Value>", "init",
        (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
             "::mlir::attn::RowBuilder &":$rows)>,
    InterfaceMethod<[{
        Consumes one tile of scores. `scale` has the factors that still have to
        be applied to the scores (folded here into the exponent); `mayDropRow`
        says that a row may hold no kept score so far. Where the state would make
        the output grow by less than 2^`threshold` the rescale may stay exactly 1.
        Whether there is a rescale at all does not depend on the arguments.}],
        "::mlir::attn::NormalizerStep", "update",
        (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
             "::mlir::attn::RowBuilder &":$rows, "::mlir::Value":$scores,
             "const ::mlir::attn::ScoreScale &":$scale, "bool":$mayDropRow, "double":$threshold,
             "::mlir::ValueRange":$state)>,
    InterfaceMethod<[{
        After the last tile: the factor of the accumulated output rows, null when
        they are the output, and the log-sum-exp of the row (natural logarithm),
        null when `hasLse` is false.}],
        "::mlir::attn::NormalizerFinish", "finish",
        (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
             "::mlir::attn::RowBuilder &":$rows,
             "const ::mlir::attn::ScoreScale &":$scale,
             "::mlir::ValueRange":$state)>,
    InterfaceMethod<[{
        The score that a dropped position gets, so that its weight is exactly 0:
        finite or -inf.}],
        "double", "getDroppedScore", (ins), "",
        [{ return -std::numeric_limits<double>::infinity(); }]>,
    InterfaceMethod<"Whether the weights that `update` gives are from 0 to 1, as "
                    "those have to be that are rounded to 8-bit floats.",
        "bool", "hasUnitWeights", (ins), "", [{ return false; }]>,
    InterfaceMethod<"Whether a log-sum-exp is defined.",
        "bool", "hasLse", (ins), "", [{ return true; }]>,
    InterfaceMethod<"Whether weights depend on the order of the keys: `update` "
                    "then has to see them from the last to the first.",
        "bool", "dependsOnOrder", (ins), "", [{ return false; }]>,
    InterfaceMethod<"Whether `RowBuilder::sink` is asked for: the op may then "
                    "have a sink region.",
        "bool", "takesSink", (ins), "", [{ return false; }]>
  ];
}

def RotaryScalingAttrInterface : AttrInterface<"RotaryScalingAttrInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    How the frequencies of `attn.rotary` are changed for sequences that are longer
    than those of training. All of it is known when compiling.
  }];
  let methods = [
    InterfaceMethod<[{
        The frequencies base^(-2d / rotaryDim) after scaling; `isLong` is whether the
        sequence is longer than `getLengthLimit`.}],
        "::llvm::SmallVector<double>", "getFrequencies",
        (ins "double":$base, "int64_t":$rotaryDim, "bool":$isLong)>,
    InterfaceMethod<"What cosine and sine are multiplied with.",
        "double", "getMagnitude", (ins), "", [{ return 1.0; }]>,
    InterfaceMethod<"The length up to which a sequence is not long; none: it does "
                    "not matter.",
        "::std::optional<int64_t>", "getLengthLimit", (ins), "",
        [{ return ::std::nullopt; }]>,
    InterfaceMethod<"Whether the scaling is defined for this base and width.",
        "::llvm::LogicalResult", "verifyFor",
        (ins "::llvm::function_ref<::mlir::InFlightDiagnostic()>":$emitError,
             "double":$base, "int64_t":$rotaryDim), "",
        [{ return ::mlir::success(); }]>
  ];
}

#endif
