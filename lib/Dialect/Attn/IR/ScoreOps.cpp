//===- ScoreOps.cpp - definitions of the named score and mask ops ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// attn.load
//===----------------------------------------------------------------------===//

void LoadOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (isa<BaseMemRefType>(getCapture().getType()))
    effects.emplace_back(MemoryEffects::Read::get(), &getCaptureMutable(),
                         SideEffects::DefaultResource::get());
}

LogicalResult LoadOp::inferReturnTypes(MLIRContext *,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  auto type = dyn_cast<ShapedType>(adaptor.getCapture().getType());
  if (!type)
    return emitOptionalError(loc, "capture must be a tensor or memref");
  types.push_back(type.getElementType());
  return success();
}

/// Adds `factor` times a value of a region.
static bool accumulate(AttentionOpInterface op, Value value, int64_t factor,
                       IndexSum &sum) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number))) {
    sum.constant += factor * number.getSExtValue();
    return true;
  }
  if (value.getParentBlock()->getParentOp() != op.getOperation()) {
    sum.scalars.push_back({factor, value});
    return value.getType().isIndex();
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    // In a score region the score comes first.
    unsigned number = argument.getArgNumber() -
                      (argument.getParentRegion() == &op.getScore());
    if (number >= sum.factors.size())
      return false; // the verifier of the op says so
    sum.factors[number] += factor;
    return true;
  }
  if (auto two = value.getDefiningOp<arith::AddIOp>())
    return accumulate(op, two.getLhs(), factor, sum) &&
           accumulate(op, two.getRhs(), factor, sum);
  if (auto two = value.getDefiningOp<arith::SubIOp>())
    return accumulate(op, two.getLhs(), factor, sum) &&
           accumulate(op, two.getRhs(), -factor, sum);
  auto product = value.getDefiningOp<arith::MulIOp>();
  return product && matchPattern(product.getRhs(), m_ConstantInt(&number)) &&
         accumulate(op, product.getLhs(), factor * number.getSExtValue(), sum);
}

std::optional<IndexSum> attn::getIndexSum(AttentionOpInterface op,
                                          Value index) {
  IndexSum sum;
  if (!accumulate(op, index, 1, sum))
    return std::nullopt;
  return sum;
}

/// The least and the largest value of an index, as far as they follow from what
/// is static: both are reached, as positions are independent of each other.
/// Nothing for an index that is no sum of multiples of positions, or where
/// there is no position.
static std::optional<std::pair<int64_t, int64_t>>
getStaticReach(AttentionOpInterface op, Value index) {
  auto shape = [](Value operand) {
    return cast<ShapedType>(operand.getType()).getShape();
  };
  ArrayRef<int64_t> query = shape(op.getQuery());
  int64_t sizes[] = {query[0], query[1], query[2], shape(op.getKey())[2]};
  std::optional<IndexSum> sum = getIndexSum(op, index);
  if (llvm::is_contained(sizes, 0) || !sum || !sum->scalars.empty())
    return std::nullopt;
  int64_t least = sum->constant, largest = sum->constant;
  for (auto [factor, size] : llvm::zip_equal(sum->factors, sizes))
    if (!ShapedType::isDynamic(size))
      (factor < 0 ? least : largest) += factor * (size - 1);
  return std::pair(least, largest);
}

LogicalResult LoadOp::verify() {
  auto type = cast<ShapedType>(getCapture().getType());
  if (int64_t(getIndices().size()) != type.getRank())
    return emitOpError("[L1] expected ")
           << type.getRank() << " indices for capture of type " << type
           << ", but got " << getIndices().size();
  auto parent = dyn_cast_or_null<AttentionOpInterface>((*this)->getParentOp());
  if (!parent)
    return success();
  for (auto [d, index] : llvm::enumerate(getIndices())) {
    auto reach = getStaticReach(parent, index);
    if (!reach)
      continue;
    int64_t size = type.getDimSize(d);
    bool isBefore = reach->first < 0;
    bool isBehind = !ShapedType::isDynamic(size) && reach->second >= size;
    if (isBefore || isBehind)
      return emitOpError("[L2] expected index ")
             << d << " within the capture's " << type << " at every position, "
             << "but it reaches " << (isBefore ? reach->first : reach->second)
             << "; bring it to the range with a minimum, a maximum or a select";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Building and checking definitions
//===----------------------------------------------------------------------===//

namespace {
/// Short names for the arithmetic of definitions, at one location.
struct Formula : ImplicitLocOpBuilder {
  Formula(OpBuilder &b, Location loc) : ImplicitLocOpBuilder(loc, b) {}

  Value number(int64_t value) {
    return arith::ConstantIndexOp::create(*this, value);
  }
  Value real(double value) {
    return arith::ConstantOp::create(*this, getF32FloatAttr(float(value)));
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(*this, x, y); }
  Value sub(Value x, Value y) { return arith::SubIOp::create(*this, x, y); }
  Value smaller(Value x, Value y) {
    return arith::MinSIOp::create(*this, x, y);
  }
  Value larger(Value x, Value y) { return arith::MaxSIOp::create(*this, x, y); }
  Value both(Value x, Value y) { return arith::AndIOp::create(*this, x, y); }
  Value either(Value x, Value y) { return arith::OrIOp::create(*this, x, y); }

  Value less(Value x, Value y) {
    return compare(arith::CmpIPredicate::slt, x, y);
  }
  Value atMost(Value x, Value y) {
    return compare(arith::CmpIPredicate::sle, x, y);
  }
  Value same(Value x, Value y) {
    return compare(arith::CmpIPredicate::eq, x, y);
  }

  /// Positions may be negative: the quotient is the floor, and the remainder
  /// has the sign of the divisor.
  Value floorDiv(Value x, Value y) {
    return arith::FloorDivSIOp::create(*this, x, y);
  }
  Value floorMod(Value x, Value y) {
    return sub(x, arith::MulIOp::create(*this, floorDiv(x, y), y));
  }
  /// A remainder of 0 is the same for each way of rounding.
  Value isMultiple(Value x, Value y) {
    return same(arith::RemSIOp::create(*this, x, y), number(0));
  }

  /// j lies in the block of i: two limits of a row, where dividing j as well
  /// would be a division for each key.
  Value sameBlock(Value i, Value j, Value size) {
    Value begin = arith::MulIOp::create(*this, floorDiv(i, size), size);
    return both(atMost(begin, j), less(j, add(begin, size)));
  }

  Value causal(Value i, Value j) { return atMost(j, i); }
  /// |i - j| <= window, as two linear conditions.
  Value near(Value i, Value j, Value window) {
    return both(atMost(sub(i, window), j), atMost(j, add(i, window)));
  }

private:
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(*this, predicate, x, y);
  }
};
} // namespace

/// [M1] What a position is divided by; a value of run time is not checked.
static LogicalResult verifyPositive(Operation *op, StringRef name,
                                    Value value) {
  APInt constant;
  if (!matchPattern(value, m_ConstantInt(&constant)) ||
      constant.isStrictlyPositive())
    return success();
  return op->emitOpError("[M1] expected a positive ")
         << name << ", but got " << constant.getSExtValue();
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// base + offset, where a missing offset is 0.
static Value shifted(OpBuilder &b, Location loc, Value base, Value offset) {
  return offset ? Value(arith::AddIOp::create(b, loc, base, offset)) : base;
}

Value CausalOp::expand(OpBuilder &b) {
  return arith::CmpIOp::create(b, getLoc(), arith::CmpIPredicate::sle, getJ(),
                               shifted(b, getLoc(), getI(), getOffset()));
}

Value WindowOp::expand(OpBuilder &b) {
  Location loc = getLoc();
  Value center = shifted(b, loc, getI(), getOffset());
  Value keep;
  auto conjoin = [&](arith::CmpIPredicate predicate, Value bound) {
    Value side = arith::CmpIOp::create(b, loc, predicate, getJ(), bound);
    keep = keep ? Value(arith::AndIOp::create(b, loc, keep, side)) : side;
  };
  if (getLeft())
    conjoin(arith::CmpIPredicate::sge,
            arith::SubIOp::create(b, loc, center, getLeft()));
  if (getRight())
    conjoin(arith::CmpIPredicate::sle,
            arith::AddIOp::create(b, loc, center, getRight()));
  return keep ? keep
              : Value(arith::ConstantOp::create(b, loc, b.getBoolAttr(true)));
}

Value PrefixLMOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  return f.either(f.less(getJ(), getPrefix()), f.causal(getI(), getJ()));
}

Value SameDocumentOp::expand(OpBuilder &b) {
  return Formula(b, getLoc()).same(getQuery(), getKey());
}

Value KeyRangeOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  return f.both(f.atMost(getBegin(), getJ()), f.less(getJ(), getEnd()));
}

Value KeyLengthOp::expand(OpBuilder &b) {
  return Formula(b, getLoc()).less(getJ(), getLength());
}

LogicalResult LongformerOp::verify() {
  if (bool(getQueryFlag()) != bool(getKeyFlag()))
    return emitOpError("[M3] expected a flag of the query and one of the key, "
                       "or none");
  return success();
}

Value LongformerOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value keep = f.near(getI(), getJ(), getWindow());
  if (Value tokens = getGlobalTokens())
    keep = f.either(keep,
                    f.either(f.less(getI(), tokens), f.less(getJ(), tokens)));
  if (getQueryFlag())
    keep = f.either(keep, f.either(getQueryFlag(), getKeyFlag()));
  return keep;
}

LogicalResult DilatedWindowOp::verify() {
  return verifyPositive(*this, "dilation", getDilation());
}

Value DilatedWindowOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  return f.both(f.near(getI(), getJ(), getWindow()),
                f.isMultiple(f.sub(getI(), getJ()), getDilation()));
}

LogicalResult SparseStridedOp::verify() {
  return verifyPositive(*this, "stride", getStride());
}

Value SparseStridedOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value isNear = f.atMost(f.sub(getI(), getStride()), getJ());
  Value isOnStride = f.isMultiple(f.sub(getI(), getJ()), getStride());
  return f.both(f.causal(getI(), getJ()), f.either(isNear, isOnStride));
}

LogicalResult SparseFixedOp::verify() {
  return verifyPositive(*this, "stride", getStride());
}

Value SparseFixedOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value stride = getStride();
  Value own = f.sameBlock(getI(), getJ(), stride);
  Value summary =
      f.atMost(f.sub(stride, getSummaries()), f.floorMod(getJ(), stride));
  return f.both(f.causal(getI(), getJ()), f.either(own, summary));
}

LogicalResult LongNetOp::verify() {
  if (failed(verifyPositive(*this, "segment", getSegment())))
    return failure();
  return verifyPositive(*this, "dilation", getDilation());
}

Value LongNetOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value segment = getSegment();
  auto isKept = [&](Value position) {
    Value within = f.floorMod(position, segment);
    if (getShift())
      within = f.sub(within, getShift());
    return f.isMultiple(within, getDilation());
  };
  Value own = f.sameBlock(getI(), getJ(), segment);
  return f.both(own, f.both(isKept(getI()), isKept(getJ())));
}

Value BigBirdOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value keep = f.near(getI(), getJ(), getWindow());
  keep = f.either(keep, f.either(f.less(getI(), getGlobalBlocks()),
                                 f.less(getJ(), getGlobalBlocks())));
  for (Value block : getRandom())
    keep = f.either(keep, f.same(getJ(), block));
  return keep;
}

LogicalResult ChunkedOp::verify() {
  return verifyPositive(*this, "size", getSize());
}

Value ChunkedOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  return f.sameBlock(getI(), getJ(), getSize());
}

LogicalResult BlockCausalOp::verify() {
  return verifyPositive(*this, "size", getSize());
}

Value BlockCausalOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  // One limit for each row: dividing j as well would be a division per key.
  Value begin =
      arith::MulIOp::create(f, f.floorDiv(getI(), getSize()), getSize());
  return f.less(getJ(), f.add(begin, getSize()));
}

Value StreamingOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  return f.both(f.causal(getI(), getJ()),
                f.either(f.less(getJ(), getSinks()),
                         f.less(f.sub(getI(), getWindow()), getJ())));
}

Value DuoAttentionOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value streaming = f.either(f.less(getJ(), getSinks()),
                             f.less(f.sub(getI(), getWindow()), getJ()));
  return f.both(f.causal(getI(), getJ()), f.either(getRetrieval(), streaming));
}

Value TreeOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  // j - prefix rather than prefix + nodes, which may pass 32 bits.
  Value drafted = f.less(f.sub(getJ(), getPrefix()), getNodes());
  return f.either(f.less(getJ(), getPrefix()), f.both(drafted, getAncestor()));
}

LogicalResult BlockListOp::verify() {
  if (getBlocks().empty())
    return emitOpError("[M2] expected a block in the list, but got none");
  return success();
}

Value BlockListOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value keep;
  for (Value block : getBlocks()) {
    Value equal = f.same(getBlock(), block);
    keep = keep ? f.either(keep, equal) : equal;
  }
  return keep;
}

//===----------------------------------------------------------------------===//
// Where to look in a captured tensor
//===----------------------------------------------------------------------===//

LogicalResult BlockOp::verify() {
  return verifyPositive(*this, "size", getSize());
}

Value BlockOp::expand(OpBuilder &b) {
  return Formula(b, getLoc()).floorDiv(getPosition(), getSize());
}

LogicalResult TreeNodeOp::verify() {
  return verifyPositive(*this, "number of nodes", getNodes());
}

Value TreeNodeOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value last = f.sub(getNodes(), f.number(1));
  return f.larger(f.smaller(f.sub(getJ(), getPrefix()), last), f.number(0));
}

Value ClippedDistanceOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value low = f.sub(f.number(0), getLimit());
  Value near = f.smaller(f.sub(getJ(), getI()), getLimit());
  return f.add(f.larger(near, low), getLimit());
}

/// Buckets of one direction, and those of them that are one distance each.
static std::pair<int64_t, int64_t> countBuckets(RelativeBucketOp op) {
  int64_t count = op.getNumBuckets() / (op.getBidirectional() ? 2 : 1);
  return {count, count / 2};
}

LogicalResult RelativeBucketOp::verify() {
  int64_t buckets = getNumBuckets(), distance = getMaxDistance();
  if (buckets < 2 || buckets > 128)
    return emitOpError("[R1] expected 2 to 128 buckets, but got ") << buckets;
  if (getBidirectional() && (buckets < 4 || buckets % 2 != 0))
    return emitOpError("[R1] expected an even number of buckets from 4 when "
                       "bidirectional, but got ")
           << buckets;
  int64_t exact = countBuckets(*this).second;
  if (distance <= exact || distance >= int64_t(1) << 30)
    return emitOpError("[R2] expected a max_distance of more than ")
           << exact << " and less than 2^30, but got " << distance;
  return success();
}

/// base^exponent in so many bits.
static APInt power(int64_t base, int64_t exponent, unsigned bits) {
  APInt result(bits, 1), factor(bits, base);
  for (int64_t k = 0; k < exponent; ++k)
    result *= factor;
  return result;
}

/// The smallest distance n with  steps * ln(n / exact) / ln(limit / exact) >=
/// step,  which is  n^steps * exact^step >= limit^step * exact^steps.
static int64_t firstOfBucket(int64_t exact, int64_t limit, int64_t step,
                             int64_t steps) {
  unsigned bits = 32 * (step + steps + 1); // distances have 31
  APInt bound = power(limit, step, bits) * power(exact, steps, bits);
  APInt factor = power(exact, step, bits);
  auto isReached = [&](int64_t n) {
    return (power(n, steps, bits) * factor).uge(bound);
  };
  double ratio = double(limit) / double(exact);
  int64_t n = int64_t(exact * std::pow(ratio, double(step) / double(steps)));
  while (!isReached(n))
    ++n;
  while (isReached(n - 1))
    --n;
  return n;
}

Value RelativeBucketOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  auto [count, exact] = countBuckets(*this);
  Value zero = f.number(0);
  Value behind = f.sub(getJ(), getI()), ahead = f.sub(getI(), getJ());
  Value distance = f.larger(ahead, getBidirectional() ? behind : zero);
  Value bucket = f.smaller(distance, f.number(exact));
  // Each bucket after the exact ones begins at a distance known here.
  for (int64_t step = 1; step < count - exact; ++step) {
    Value first =
        f.number(firstOfBucket(exact, getMaxDistance(), step, count - exact));
    Value reached = f.atMost(first, distance);
    bucket = f.add(bucket,
                   arith::IndexCastUIOp::create(f, f.getIndexType(), reached));
  }
  if (!getBidirectional())
    return bucket;
  Value half =
      arith::SelectOp::create(f, f.less(zero, behind), f.number(count), zero);
  return f.add(bucket, half);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

Value AlibiOp::expand(OpBuilder &b) {
  Location loc = getLoc();
  Value distance = arith::SubIOp::create(b, loc, getJ(), getI());
  Value integer = arith::IndexCastOp::create(b, loc, b.getI32Type(), distance);
  Value real = arith::SIToFPOp::create(b, loc, b.getF32Type(), integer);
  Value bias = arith::MulFOp::create(b, loc, getSlope(), real);
  return arith::AddFOp::create(b, loc, getScore(), bias);
}

Value SoftcapOp::expand(OpBuilder &b) {
  Location loc = getLoc();
  Value ratio = arith::DivFOp::create(b, loc, getScore(), getCap());
  Value bounded = math::TanhOp::create(b, loc, ratio);
  return arith::MulFOp::create(b, loc, getCap(), bounded);
}

Value TransformerXLOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value bias = arith::AddFOp::create(f, getPosition(), getContentBias());
  bias = arith::AddFOp::create(f, bias, getPositionBias());
  return arith::AddFOp::create(f, getScore(),
                               arith::MulFOp::create(f, getScale(), bias));
}

Value TemperatureOp::expand(OpBuilder &b) {
  return arith::DivFOp::create(b, getLoc(), getScore(), getTemperature());
}

Value LogLengthOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value integer = arith::IndexCastOp::create(f, f.getI32Type(), getN());
  Value length = arith::SIToFPOp::create(f, f.getF32Type(), integer);
  Value scale =
      arith::MulFOp::create(f, getFactor(), math::LogOp::create(f, length));
  return arith::MulFOp::create(f, getScore(), scale);
}

Value YarnOp::expand(OpBuilder &b) {
  Formula f(b, getLoc());
  Value tenth = arith::MulFOp::create(f, f.real(0.1),
                                      math::LogOp::create(f, getFactor()));
  Value root = arith::AddFOp::create(f, tenth, f.real(1.0));
  return arith::MulFOp::create(f, getScore(),
                               arith::MulFOp::create(f, root, root));
}

#define GET_OP_CLASSES
#include "attn/Dialect/Attn/IR/AttnOps.cpp.inc"
