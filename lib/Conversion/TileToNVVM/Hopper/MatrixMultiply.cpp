//===- MatrixMultiply.cpp - wgmma.mma_async -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A warp group multiplies 64 rows. The layouts #tile.accumulator and
// #tile.operand_a with 16 rows for each of its warps are the instruction's own.
//
// A product is one piece of inline assembly: fence, all steps along K, commit.
// Nothing can come between, and the descriptors of the steps, which differ by
// constants, never become values that a compiler would keep in registers.

#include "Common/SharedTile.h"
#include "Common/UniformWarp.h"
#include "Hopper/InlineAsm.h"
#include "Patterns.h"
#include "attn/Dialect/Tile/IR/TileDialect.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::tile;

/// Rows of one instruction, those of a warp in it, and the depth of a step.
static constexpr int64_t kGroupRows = 64;
static constexpr int64_t kWarpRows = 16;
static constexpr int64_t kStepBytes = 32;

static Type elementOf(Value operand) {
  return cast<ShapedType>(operand.getType()).getElementType();
}

/// Whether a product has the rows of its warps where wgmma has them.
static bool hasGroupLayout(RankedTensorType accumulator) {
  int64_t warps = getWarps(accumulator);
  if (getGroups(accumulator) > 1 && warps != 4)
    return false; // a group is one warp group
  return warps % 4 == 0 && accumulator.getDimSize(0) == warps * kWarpRows;
}

/// Whether each of several batches of a product is one warp group's.
static bool areWarpGroups(RankedTensorType accumulator, int64_t batches) {
  return batches == 1 || getWarps(accumulator) == 4 * batches;
}

/// The ops of `emit` go behind what defines `value`, out of the loops around
/// its use.
static Value besideDefinition(Integers &e, Value value,
                              llvm::function_ref<Value()> emit) {
  OpBuilder::InsertionGuard guard(e.b);
  if (Operation *op = value.getDefiningOp())
    e.b.setInsertionPointAfter(op);
  return emit();
}

/// address / 16 in the 14 bits of a descriptor. A slot of a ring or a constant
/// is added to the code of the ring: one operation where it changes.
static Value encodedStart(Integers &e, Value address) {
  APInt factor;
  auto sum = address.getDefiningOp<arith::AddIOp>();
  if (sum && matchPattern(sum.getRhs(), m_ConstantInt(&factor)) &&
      factor.getSExtValue() % 16 == 0)
    return besideDefinition(e, address, [&] {
      return e.add(encodedStart(e, sum.getLhs()), factor.getSExtValue() / 16);
    });
  auto product = sum ? sum.getRhs().getDefiningOp<arith::MulIOp>() : nullptr;
  if (product && matchPattern(product.getRhs(), m_ConstantInt(&factor)) &&
      factor.getSExtValue() % 16 == 0)
    return besideDefinition(e, address, [&] {
      return e.add(encodedStart(e, sum.getLhs()),
                   e.mul(product.getLhs(), factor.getSExtValue() / 16));
    });
  return besideDefinition(
      e, address, [&] { return e.bitAnd(e.shiftRight(address, 4), 0x3fff); });
}

namespace {
/// A shared operand as the instruction sees it: a start address and constants.
struct MatrixDescriptor {
  /// Rows of the buffer along M or N, 16 bytes and more of K in each page row.
  static MatrixDescriptor depthInner(const SharedTile &tile) {
    // The leading offset has no meaning here and is set to 1, as the manual
    // assumes it.
    return {tile, 16, tile.pageBytes / kStepBytes, kStepBytes,
            tile.rows * tile.pageBytes};
  }
  /// Rows of the buffer along K, pages along M or N.
  static MatrixDescriptor depthOuter(const SharedTile &tile) {
    int64_t step = kStepBytes / tile.elementBytes;
    return {tile, tile.rows * tile.pageBytes, tile.rows, step * tile.pageBytes,
            0};
  }

  /// Bytes from the start of the operand to step `number` along K.
  int64_t stepOffset(int64_t number) const {
    return number / stepsPerPage * bytesPerPage +
           number % stepsPerPage * bytesPerStep;
  }

  /// Declares `name`, the descriptor of a step, and `name`_base, of the first.
  ///
  /// ptxas keeps a descriptor that no loop changes in two unrelated uniform
  /// registers and adds to it with a carry: three instructions a step instead
  /// of one. `changing`, the low word of one that changes, has no sign; ptxas
  /// does not know that and takes the sum as a value of the iteration.
  void declare(Integers &e, InlineAsm &text, const std::string &name,
               Value address, StringRef changing = {}) const {
    uint32_t leading = uint32_t(leadingBytes >> 4) << 16;
    Value start = e.add(encodedStart(e, address), int64_t(leading));
    uint32_t mode = tile.pageBytes == 128 ? 1 : tile.pageBytes == 64 ? 2 : 3;
    uint32_t high = mode << 30 | uint32_t(8 * tile.pageBytes >> 4);
    std::string low = name + "_low", top = name + "_high";
    text.line(".reg .b32 " + low + ", " + top + ";");
    text.line(".reg .b64 " + name + "_base, " + name + ";");
    if (changing.empty()) {
      text.line("mov.b32 " + low + ", " + text.input(start) + ";");
    } else {
      text.line("shr.u32 " + low + ", " + changing + ", 31;");
      text.line("add.u32 " + low + ", " + low + ", " + text.input(start) + ";");
    }
    text.line("mov.b32 " + top + ", " + Twine(high) + ";");
    text.line("mov.b64 " + name + "_base, {" + low + ", " + top + "};");
  }

  /// Sets `name` to the descriptor of a step.
  void select(InlineAsm &text, const std::string &name, int64_t step) const {
    text.line("add.s64 " + name + ", " + name + "_base, " +
              Twine(stepOffset(step) >> 4) + ";");
  }

  SharedTile tile;
  int64_t leadingBytes;
  int64_t stepsPerPage, bytesPerStep, bytesPerPage;
};

/// The instructions of one product.
class ProductEmitter {
public:
  ProductEmitter(Location loc, OpBuilder &rewriter, Value a, Value b,
                 RankedTensorType type, bool transposed, int64_t batches)
      : e(loc, rewriter), a(a), b(b), type(type), transposed(transposed),
        batches(batches) {}

  /// `accumulator` is empty for a product that starts from zero.
  SmallVector<Value> run(ValueRange aValues, Value bAddress,
                         ValueRange accumulator) {
    int64_t steps = cast<ShapedType>(a.getType()).getDimSize(1) *
                    elementOf(a).getIntOrFloatBitWidth() / 8 / kStepBytes;
    int64_t count = getValuesPerThread(type);
    SmallVector<Value> zeros;
    bool fromZero = accumulator.empty() && steps > 1;
    if (accumulator.empty() && !fromZero) {
      // ptxas serializes a lone instruction that does not add.
      Type f32 = e.b.getF32Type();
      zeros.assign(count,
                   arith::ConstantOp::create(e.b, e.b.getFloatAttr(f32, 0.0)));
      accumulator = zeros;
    }
    InlineAsm text = fromZero ? InlineAsm(e, e.b.getF32Type(), count)
                              : InlineAsm(e, accumulator);
    SharedTile bTile(bAddress, cast<MemRefType>(b.getType()));
    bAddress = shareOfB(bTile);
    MatrixDescriptor bDescriptor = transposed
                                       ? MatrixDescriptor::depthInner(bTile)
                                       : MatrixDescriptor::depthOuter(bTile);
    bDescriptor.declare(e, text, "b", bAddress);
    std::optional<SharedTile> aTile;
    std::optional<MatrixDescriptor> aDescriptor;
    if (!isFragment(a.getType())) {
      aTile.emplace(groupAddress(aValues.front()),
                    cast<MemRefType>(a.getType()));
      aDescriptor.emplace(MatrixDescriptor::depthInner(*aTile));
      aDescriptor->declare(e, text, "a", aTile->base, "b_low");
    }
    text.line("wgmma.fence.sync.aligned;");
    for (int64_t step = 0; step < steps; ++step) {
      bDescriptor.select(text, "b", step);
      if (aDescriptor)
        aDescriptor->select(text, "a", step);
      std::string operandA =
          aDescriptor ? "a" : words(text, aValues.slice(step * 4, 4));
      text.line(instruction(text.results(), operandA, bool(aDescriptor),
                            /*adds=*/step > 0 || !fromZero));
    }
    text.line("wgmma.commit_group.sync.aligned;");
    return text.emit();
  }

private:
  /// Where the columns of this thread's group, or of its batch, start in
  /// operand b.
  Value shareOfB(const SharedTile &tile) {
    if (getGroups(type) == 1 && batches == 1)
      return tile.base;
    int64_t bytes = tile.columnOffset(getColumnsPerGroup(type), transposed);
    return besideDefinition(e, tile.base, [&] {
      return e.add(tile.base, e.mul(getUniformWarpGroup(e), bytes));
    });
  }

  /// Where the 64 rows of this thread's warp group start in operand a.
  Value groupAddress(Value address) {
    if (getWarps(type) == 4)
      return address;
    int64_t pageBytes =
        SharedTile(address, cast<MemRefType>(a.getType())).pageBytes;
    return besideDefinition(e, address, [&] {
      return e.add(address,
                   e.mul(getUniformWarpGroup(e), kGroupRows * pageBytes));
    });
  }

  static std::string words(InlineAsm &text, ValueRange values) {
    std::string names;
    for (Value value : values)
      names += (names.empty() ? "" : ", ") + text.input(value);
    return "{" + names + "}";
  }

  std::string instruction(const std::string &results,
                          const std::string &operandA, bool aShared,
                          bool adds) {
    int64_t depth = kStepBytes * 8 / elementOf(b).getIntOrFloatBitWidth();
    // Scales of a and b; whether rows of a shared operand lie along M or N,
    // which those of 8-bit operands never do.
    std::string tail = ", 1, 1";
    if (!isFloat8(elementOf(b)))
      tail += std::string(aShared ? ", 0" : "") + (transposed ? ", 0" : ", 1");
    return "wgmma.mma_async.sync.aligned.m64n" +
           std::to_string(getColumnsPerGroup(type)) + "k" +
           std::to_string(depth) + ".f32." + nameOf(elementOf(a)) + "." +
           nameOf(elementOf(b)) + " {" + results + "}, " + operandA + ", b, " +
           (adds ? "1" : "0") + tail + ";";
  }

  static std::string nameOf(Type element) {
    return isa<Float8E4M3FNType>(element) ? "e4m3"
           : isa<Float8E5M2Type>(element) ? "e5m2"
           : element.isBF16()             ? "bf16"
                                          : "f16";
  }

  Integers e;
  Value a, b; // before conversion
  RankedTensorType type;
  bool transposed;
  int64_t batches;
};

/// wgmma.wait_group, through which the values of the products pass: nothing
/// that reads them can be moved above it.
SmallVector<Value> emitWait(Location loc, OpBuilder &rewriter, int64_t pending,
                            ValueRange values) {
  Integers e(loc, rewriter);
  InlineAsm text(e, values);
  text.line("wgmma.wait_group.sync.aligned " + Twine(pending) + ";");
  return text.emit();
}

LogicalResult checkGroupLayout(Operation *op, RankedTensorType type,
                               int64_t batches) {
  if (!hasGroupLayout(type))
    return op->emitOpError("expected 16 rows for each of 4 warps of every warp "
                           "group, but got ")
           << type;
  if (!areWarpGroups(type, batches))
    return op->emitOpError("expected each of ")
           << batches << " products to be of one warp group, but got " << type;
  if (getColumnsPerGroup(type) > 256)
    return op->emitOpError("expected a product of at most 256 columns, but "
                           "got ")
           << type;
  if (getGroups(type) > 1 && isFragment(op->getOperand(0).getType()))
    return op->emitOpError("expected operand a in shared memory for a product "
                           "in column groups: run tile-stage-weights first");
  return success();
}

struct DotAsyncLowering : OpConversionPattern<DotAsyncOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DotAsyncOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    if (failed(checkGroupLayout(op, type, op.getBatches())))
      return failure();
    ProductEmitter emitter(op.getLoc(), rewriter, op.getA(), op.getB(), type,
                           op.getTransposed(), op.getBatches());
    rewriter.replaceOpWithMultiple(
        op, {emitter.run(adaptor.getA(), adaptor.getB().front(),
                         adaptor.getAccumulator())});
    return success();
  }
};

struct DotWaitLowering : OpConversionPattern<DotWaitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DotWaitOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    SmallVector<Value> values;
    for (ValueRange product : adaptor.getProducts())
      llvm::append_range(values, product);
    values = emitWait(op.getLoc(), rewriter, op.getPending(), values);
    SmallVector<SmallVector<Value>> results;
    ArrayRef<Value> rest(values);
    for (ValueRange product : adaptor.getProducts()) {
      results.emplace_back(rest.take_front(product.size()));
      rest = rest.drop_front(product.size());
    }
    rewriter.replaceOpWithMultiple(op, std::move(results));
    return success();
  }
};

/// The synchronous form; layouts that are not wgmma's are left to mma.sync.
struct DotLowering : OpConversionPattern<DotOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult
  matchAndRewrite(DotOp op, OneToNOpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    if (!hasGroupLayout(type) || !areWarpGroups(type, op.getBatches()) ||
        getColumnsPerGroup(type) > 256)
      return rewriter.notifyMatchFailure(op, "not the layout of wgmma");
    if (failed(checkGroupLayout(op, type, op.getBatches())))
      return failure();
    ProductEmitter emitter(op.getLoc(), rewriter, op.getA(), op.getB(), type,
                           op.getTransposed(), op.getBatches());
    SmallVector<Value> product = emitter.run(
        adaptor.getA(), adaptor.getB().front(), adaptor.getAccumulator());
    rewriter.replaceOpWithMultiple(
        op, {emitWait(op.getLoc(), rewriter, /*pending=*/0, product)});
    return success();
  }
};
} // namespace

void tile::populateWarpGroupMatrixPatterns(TypeConverter &converter,
                                           RewritePatternSet &patterns) {
  patterns.add<DotAsyncLowering, DotWaitLowering>(converter,
                                                  patterns.getContext());
  patterns.add<DotLowering>(converter, patterns.getContext(), /*benefit=*/2);
}
