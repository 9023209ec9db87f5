//===- AttentionLoops.h - loops of one attention op ------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_CONVERSION_ATTNTOLOOPS_ATTENTIONLOOPS_H
#define ATTN_CONVERSION_ATTNTOLOOPS_ATTENTIONLOOPS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::attn {

/// One query row: its indices, and the key/value head that its head reads.
struct Row {
  Value b, h, i, kvHead;
};

/// Element types that a program rounds to, whatever buffers have been widened.
struct RoundedTypes {
  Type element; ///< of the query
  Type out;
};

/// A tile is one score and a row is one value, so nothing has to be spread over
/// lanes or brought together again.
class ScalarRows : public RowBuilder {
public:
  explicit ScalarRows(Type type) : type(type) {}
  Value constant(OpBuilder &b, Location loc, double value) override;
  Value partialZero(OpBuilder &b, Location loc) override;
  Value reduceMax(OpBuilder &b, Location loc, Value tile, Value init) override;
  Value reduceAdd(OpBuilder &b, Location loc, Value tile, Value init) override;
  Value total(OpBuilder &b, Location loc, Value partial) override;
  Value broadcast(OpBuilder &b, Location loc, Value row, Value tile) override;
  Value asPartial(OpBuilder &b, Location loc, Value row) override;
  std::pair<Value, Value> scanFromLast(OpBuilder &b, Location loc, Value tile,
                                       Value init) override;
  Value sink(OpBuilder &b, Location loc) override { return sinkLogit; }
  Value keyCount(OpBuilder &b, Location loc) override { return keys; }

  Value sinkLogit; // of the row at hand, null without a sink region
  Value keys;      // the number of keys, a float

private:
  Type type;
};

/// Emits the loops over b, h and i. What happens in a row is up to a subclass.
class AttentionLoops {
public:
  /// `real` is the type that is computed in, f32 or f64.
  AttentionLoops(AttentionOpInterface op, Type real);
  virtual ~AttentionLoops() = default;
  void emit();

protected:
  using LoopBody = function_ref<SmallVector<Value>(Value, ValueRange)>;

  /// Buffers that outlive a row: allocated before the loops, freed after them.
  virtual void allocateBuffers() {}
  /// The row of the current map, up to `finishMap`.
  virtual void emitRow(const Row &row) = 0;
  /// `value` as it is after a trip through memory, where a program stores it.
  virtual Value rounded(Value value) { return value; }
  /// Whether a program multiplies elements of key and value with their scales,
  /// and not scores and weights.
  virtual bool scalesElements() const { return false; }

  /// for index in [0, size): state = body(index, state)
  SmallVector<Value> loop(Value size, ValueRange state, LoopBody body);
  void loop(Value size, function_ref<void(Value)> body);
  /// state = body(j, state) for every key, in the normalizer's order.
  SmallVector<Value> loopOverKeys(ValueRange state, LoopBody body);
  /// if mask(row, j): state = body(), else it stays as it is.
  SmallVector<Value> ifKept(const Row &row, Value j, ValueRange state,
                            function_ref<SmallVector<Value>()> body);

  /// A buffer of one row of `size` elements.
  Value allocate(int64_t staticSize, Type type, Value size = {});
  Value load(Value memref, ValueRange indices);
  void store(Value value, Value memref, ValueRange indices);
  Value real(double value);

  /// Reads the query row into `query`, once for all keys, and evaluates the
  /// sink region.
  void beginRow(const Row &row);
  /// output = 0
  void clearOutput();
  /// scale * sum_d query[d] * key[b, h / g, j, d]
  Value scaledDot(const Row &row, Value j);
  /// The score region, or `dot` itself.
  Value score(const Row &row, Value j, Value dot);
  /// row += weight * value[b, h / g, j, :]
  void accumulate(const Row &row, Value j, Value weight, Value rescale);
  /// Ends the row of the current map: `element` gives it, an element at a time.
  void finishMap(const Row &row, function_ref<Value(Value)> element);

  AttentionOpInterface op;
  ImplicitLocOpBuilder b;
  Type realType;
  NormalizerAttrInterface normalizer;
  ScalarRows rows;
  Value zero, one; // of type index
  Value headDim, valueDim, keys;
  Value query;  // the row of queries, real
  Value output; // the row of the output so far, real

private:
  /// Where an 8-bit operand's elements are, and what they are multiplied with.
  struct ScaledRow {
    SmallVector<Value> before; // indices before that of the column
    SmallVector<Value> after;  // and after it
    Value scale;               // null without scales
  };
  ScaledRow keyRow(const Row &row, Value j);
  ScaledRow valueRow(const Row &row, Value j);
  Value loadScale(Value scales, Value batch, Value head, Value position);
  /// An element, with its scale where elements are what is scaled.
  Value loadElement(Value memref, const ScaledRow &row, Value column);
  /// `value` times the row's scale, where elements are not what is scaled.
  Value withScale(Value value, const ScaledRow &row);

  void emitMaps(const Row &row);
  Value loadLambda(DifferentialOp op, const Row &row);
  /// out = normalized(mapRows[0] - lambda * mapRows[1])
  void emitDifference(DifferentialOp op, const Row &row);

  Value sizeOf(Value memref, int64_t dim);
  SmallVector<Value> buffers;
  AttentionOp attention;      // the op, if it may have scales
  Value queryScale;           // of the row at hand, if there are scales
  size_t map = 0;             // the pair of query and key that is at hand
  SmallVector<Value> mapRows; // the row of each map, when there are several
};

/// Streaming over the keys with the op's normalizer: the definition of the op.
std::unique_ptr<AttentionLoops> makeStreamingLoops(AttentionOpInterface op,
                                                   Type real);

/// The op as an unfused program does it, each step rounded: scores of a whole
/// row, then weights, then output.
std::unique_ptr<AttentionLoops> makeTwoPassLoops(AttentionOpInterface op,
                                                 const RoundedTypes &types);

} // namespace mlir::attn

#endif
