//===- RegionInterpreter.cpp - scalar ops, one at a time ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RegionInterpreter.h"
#include "attn/Dialect/Attn/IR/AttnDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace mlir;

Scalar RegionInterpreter::get(Value value) {
  if (auto it = inputs.find(value); it != inputs.end())
    return it->second;
  if (auto it = results.find(value); it != results.end())
    return it->second;
  auto result = cast<OpResult>(value);
  Scalar scalar = compute(result.getOwner(), result.getResultNumber());
  results[value] = scalar;
  return scalar;
}

static int64_t floorDiv(int64_t x, int64_t y) {
  return x / y - (x % y != 0 && (x < 0) != (y < 0));
}

static bool compareIntegers(arith::CmpIPredicate predicate, int64_t x,
                            int64_t y) {
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::eq:
    return x == y;
  case P::ne:
    return x != y;
  case P::slt:
    return x < y;
  case P::sle:
    return x <= y;
  case P::sgt:
    return x > y;
  case P::sge:
    return x >= y;
  default:
    ADD_FAILURE() << "unsigned comparison";
    return false;
  }
}

static bool compareFloats(arith::CmpFPredicate predicate, double x, double y) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case P::OEQ:
    return x == y;
  case P::OGT:
    return x > y;
  case P::OGE:
    return x >= y;
  case P::OLT:
    return x < y;
  case P::OLE:
    return x <= y;
  case P::ONE:
    return !unordered && x != y;
  case P::UEQ:
    return unordered || x == y;
  case P::UGT:
    return !(x <= y);
  case P::UGE:
    return !(x < y);
  case P::ULT:
    return !(x >= y);
  case P::ULE:
    return !(x > y);
  case P::UNE:
    return x != y;
  default:
    ADD_FAILURE() << "comparison without an order";
    return false;
  }
}

Scalar RegionInterpreter::load(Operation *op) {
  auto load = cast<attn::LoadOp>(op);
  const Table &table = tables.find(load.getCapture())->second;
  int64_t linear = 0;
  for (auto [size, index] : llvm::zip(table.shape, load.getIndices())) {
    int64_t position = get(index).integer;
    if (position < 0 || position >= size) {
      ADD_FAILURE() << "index " << position << " outside of " << size;
      return {};
    }
    linear = linear * size + position;
  }
  return table.elements[linear];
}

Scalar RegionInterpreter::run(scf::ForOp loop, unsigned number) {
  SmallVector<Scalar> state;
  for (Value init : loop.getInitArgs())
    state.push_back(get(init));
  int64_t end = get(loop.getUpperBound()).integer,
          step = get(loop.getStep()).integer;
  for (int64_t i = get(loop.getLowerBound()).integer; i < end; i += step) {
    loop.getBody()->walk([&](Operation *op) {
      for (Value result : op->getResults())
        results.erase(result);
    });
    set(loop.getInductionVar(), i);
    for (auto [argument, value] : llvm::zip(loop.getRegionIterArgs(), state))
      set(argument, value);
    SmallVector<Scalar> next;
    for (Value value : loop.getYieldedValues())
      next.push_back(get(value));
    state = next;
  }
  return state[number];
}

Scalar RegionInterpreter::compute(Operation *op, unsigned number) {
  if (isa<attn::LoadOp>(op))
    return load(op);
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    Block *block = get(branch.getCondition()).integer ? branch.thenBlock()
                                                      : branch.elseBlock();
    return get(block->getTerminator()->getOperand(number));
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return run(loop, number);
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (auto value = dyn_cast<FloatAttr>(constant.getValue()))
      return {0, value.getValueAsDouble()};
    APInt value = cast<IntegerAttr>(constant.getValue()).getValue();
    bool isTruth = constant.getType().isInteger(1);
    return {isTruth ? int64_t(value.getZExtValue()) : value.getSExtValue(), 0};
  }
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return get(get(select.getCondition()).integer ? select.getTrueValue()
                                                  : select.getFalseValue());
  Scalar a = get(op->getOperand(0));
  Scalar c = op->getNumOperands() > 1 ? get(op->getOperand(1)) : Scalar();
  int64_t x = a.integer, y = c.integer;
  auto f32 = [](double value) { return Scalar{0, double(float(value))}; };
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return {compareIntegers(compare.getPredicate(), x, y), 0};
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return {compareFloats(compare.getPredicate(), a.real, c.real), 0};
  if (isa<arith::IndexCastOp>(op)) // an i1 is signed: 0 or -1
    return {op->getOperand(0).getType().isInteger(1) ? -x : x, 0};
  if (isa<arith::IndexCastUIOp, arith::ExtSIOp, arith::ExtUIOp>(op))
    return a;
  if (isa<arith::AddIOp>(op))
    return {x + y, 0};
  if (isa<arith::SubIOp>(op))
    return {x - y, 0};
  if (isa<arith::MulIOp>(op))
    return {x * y, 0};
  if (isa<arith::DivSIOp>(op))
    return {x / y, 0};
  if (isa<arith::RemSIOp>(op))
    return {x % y, 0};
  if (isa<arith::DivUIOp>(op))
    return {int64_t(uint64_t(x) / uint64_t(y)), 0};
  if (isa<arith::RemUIOp>(op))
    return {int64_t(uint64_t(x) % uint64_t(y)), 0};
  if (isa<arith::FloorDivSIOp>(op))
    return {floorDiv(x, y), 0};
  if (isa<arith::CeilDivSIOp>(op))
    return {-floorDiv(-x, y), 0};
  if (isa<arith::ShRSIOp>(op))
    return {x >> y, 0};
  if (isa<arith::MinSIOp>(op))
    return {std::min(x, y), 0};
  if (isa<arith::MaxSIOp>(op))
    return {std::max(x, y), 0};
  if (isa<math::AbsIOp>(op))
    return {std::abs(x), 0};
  if (isa<arith::AndIOp>(op))
    return {x & y, 0};
  if (isa<arith::OrIOp>(op))
    return {x | y, 0};
  if (isa<arith::XOrIOp>(op))
    return {x ^ y, 0};
  if (isa<arith::SIToFPOp>(op))
    return f32(double(x));
  if (isa<arith::AddFOp>(op))
    return f32(a.real + c.real);
  if (isa<arith::SubFOp>(op))
    return f32(a.real - c.real);
  if (isa<arith::MulFOp>(op))
    return f32(a.real * c.real);
  bool isNaN = std::isnan(a.real) || std::isnan(c.real);
  if (isa<arith::MinimumFOp>(op))
    return {0, isNaN ? NAN : std::min(a.real, c.real)};
  if (isa<arith::MaximumFOp>(op))
    return {0, isNaN ? NAN : std::max(a.real, c.real)};
  if (isa<arith::NegFOp>(op))
    return {0, -a.real};
  ADD_FAILURE() << "no rule for " << op->getName().getStringRef().str();
  return {};
}
