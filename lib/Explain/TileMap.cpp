//===- TileMap.cpp - what a mask and its kernel do with each tile ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TileMap.h"
#include "attn/Pipelines/Diagnostics.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ::attn::explain;
using llvm::createStringError;
using mlir::attn::AttentionOpInterface;

//===----------------------------------------------------------------------===//
// Maps and sums
//===----------------------------------------------------------------------===//

TileMap::TileMap(int64_t queries, int64_t keys, int64_t m, int64_t n)
    : queries(queries), keys(keys), m(m), n(n),
      rows(llvm::divideCeil(queries, m)), columns(llvm::divideCeil(keys, n)),
      least(rows * columns), most(rows * columns) {}

TileClass TileMap::classOf(int64_t row, int64_t column) const {
  const int64_t low = least[row * columns + column];
  const int64_t high = most[row * columns + column];
  const int64_t all = rowsOf(row) * keysOf(column);
  if (high == 0)
    return TileClass::Empty;
  if (low == all)
    return TileClass::Full;
  // Some position is kept and some is dropped, whatever the others are.
  const bool isMixed = low == high || (low > 0 && high < all);
  return isMixed ? TileClass::Partial : TileClass::Unknown;
}

void TileCounts::add(const TileMap &map) {
  isKnown &= map.isKnown();
  positions += map.queries * map.keys;
  for (int64_t row = 0; row < map.rows; ++row)
    for (int64_t column = 0; column < map.columns; ++column) {
      const TileClass tile = map.classOf(row, column);
      ++classes[int(tile)];
      keptLeast += map.least[row * map.columns + column];
      keptMost += map.most[row * map.columns + column];
      if (!map.isKnown())
        continue;
      keyRows += map.isVisited(row, column) ? map.keysOf(column) : 0;
      for (Axis walked : {Axis::Query, Axis::Key}) {
        WalkCounts &walk = walks[int(walked)];
        const bool isVisited = map.isVisited(row, column, walked);
        const bool isMasked = map.isMasked(row, column, walked);
        walk.visited += isVisited;
        walk.masked += isMasked;
        walk.visitedEmpty += isVisited && tile == TileClass::Empty;
        walk.maskedFull += isMasked && tile == TileClass::Full;
      }
    }
}

void TileCounts::multiply(int64_t factor) {
  for (int64_t &count : classes)
    count *= factor;
  for (WalkCounts &walk : walks)
    for (int64_t *sum :
         {&walk.visited, &walk.masked, &walk.visitedEmpty, &walk.maskedFull})
      *sum *= factor;
  for (int64_t *sum : {&positions, &keptLeast, &keptMost, &keyRows})
    *sum *= factor;
}

//===----------------------------------------------------------------------===//
// The mask at one position
//===----------------------------------------------------------------------===//

namespace {
/// Evaluates a mask region where captures may be unknown: what is known of a
/// condition is that it holds for certain, and that it may hold.
class MaskEvaluator {
public:
  struct Condition {
    Value low, high;
  };

  MaskEvaluator(ImplicitLocOpBuilder &b, AttentionOpInterface op, IRMapping map,
                const llvm::DenseSet<Value> &unknown, Value faults)
      : b(b), op(op), map(std::move(map)), unknown(unknown),
        cloner(b, this->map, faults) {}

  Condition evaluate(ValueRange position) {
    Region &mask = op.getMask();
    if (mask.empty())
      return {constant(true), constant(true)};
    for (auto [argument, value] : llvm::zip(mask.getArguments(), position))
      map.map(argument, value);
    for (Operation &nested : mask.front().without_terminator())
      visit(&nested);
    return condition(
        cast<mlir::attn::YieldOp>(mask.front().getTerminator()).getValue());
  }

  Value getFaults() const { return cloner.getFaults(); }

private:
  Value constant(bool value) {
    return arith::ConstantOp::create(b, b.getBoolAttr(value));
  }

  Condition condition(Value value) {
    auto it = conditions.find(value);
    if (it != conditions.end())
      return it->second;
    if (unknown.contains(value))
      return {constant(false), constant(true)};
    return {map.lookup(value), map.lookup(value)};
  }

  void visit(Operation *nested) {
    bool isUnknown = llvm::any_of(nested->getOperands(), [&](Value operand) {
      return unknown.contains(operand) || conditions.contains(operand);
    });
    if (isUnknown)
      return visitUnknown(nested);
    if (auto load = dyn_cast<mlir::attn::LoadOp>(nested)) {
      SmallVector<Value> captures = op.getCaptures();
      unsigned number =
          llvm::find(captures, load.getCapture()) - captures.begin();
      cloner.cloneLoad(load, GuardedCloner::kFirstCapture + number);
    } else {
      cloner.clone(nested);
    }
  }

  /// Conditions are combined; all else that an unknown value goes into is
  /// unknown.
  void visitUnknown(Operation *nested) {
    Value result = nested->getResult(0);
    if (!result.getType().isInteger(1) ||
        !isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp, arith::SelectOp>(
            nested)) {
      unknown.insert(result);
      return;
    }
    SmallVector<Condition> x;
    for (Value operand : nested->getOperands())
      x.push_back(condition(operand));
    if (isa<arith::AndIOp>(nested))
      conditions[result] = {both(x[0].low, x[1].low),
                            both(x[0].high, x[1].high)};
    else if (isa<arith::OrIOp>(nested))
      conditions[result] = {either(x[0].low, x[1].low),
                            either(x[0].high, x[1].high)};
    else if (isa<arith::XOrIOp>(nested))
      conditions[result] = different(x[0], x[1]);
    else
      conditions[result] = choice(x[0], x[1], x[2]);
  }

  Condition different(Condition x, Condition y) {
    Value isKnown = both(isSame(x), isSame(y));
    Value value = arith::XOrIOp::create(b, x.low, y.low);
    return {both(isKnown, value), either(negate(isKnown), value)};
  }

  Condition choice(Condition c, Condition x, Condition y) {
    auto select = [&](Value x, Value y, Value otherwise) -> Value {
      Value chosen = arith::SelectOp::create(b, c.low, x, y);
      return arith::SelectOp::create(b, isSame(c), chosen, otherwise);
    };
    return {select(x.low, y.low, both(x.low, y.low)),
            select(x.high, y.high, either(x.high, y.high))};
  }

  Value both(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
  Value negate(Value x) { return arith::XOrIOp::create(b, x, constant(true)); }
  Value isSame(Condition x) {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x.low, x.high);
  }

  ImplicitLocOpBuilder &b;
  AttentionOpInterface op;
  IRMapping map;
  llvm::DenseSet<Value> unknown;
  llvm::DenseMap<Value, Condition> conditions;
  GuardedCloner cloner;
};
} // namespace

//===----------------------------------------------------------------------===//
// Compiled functions
//===----------------------------------------------------------------------===//

void TileMapper::findMissing() {
  AttentionOpInterface op = subject.op;
  op.getMask().walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (operand.getParentRegion() != &op.getMask())
        captures.insert(operand);
  });
  std::vector<unsigned> numbers;
  for (Value capture : captures) {
    Sources sources = findSources(capture);
    bool isMissing = sources.obstacle;
    for (BlockArgument argument : sources.arguments) {
      // Of an operand the sizes are known, but no element.
      bool isOperand = !isa<MemRefType>(capture.getType()) &&
                       llvm::any_of(op->getOperands(), [&](Value operand) {
                         return traceArgument(operand) == argument;
                       });
      if (isOperand || problem.arguments.count(argument.getArgNumber()))
        continue;
      isMissing = true;
      numbers.push_back(argument.getArgNumber());
    }
    if (isMissing)
      unknown.insert(capture);
    if (sources.obstacle)
      lacking.push_back("the result of " +
                        sources.obstacle->getName().getStringRef().str());
  }
  llvm::sort(numbers);
  numbers.erase(llvm::unique(numbers), numbers.end());
  for (unsigned number : numbers)
    lacking.push_back("arg" + std::to_string(number));
}

/// Loops without results over [from, to).
static void loop(ImplicitLocOpBuilder &b, Value from, Value to, Value step,
                 function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, from, to, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

/// Adds `value` to an element of a table.
static void accumulate(ImplicitLocOpBuilder &b, Value value, Value table,
                       ValueRange at) {
  Value old = memref::LoadOp::create(b, table, at);
  memref::StoreOp::create(b, arith::AddIOp::create(b, old, value), table, at);
}

static Type tableType(MLIRContext *context, unsigned width, int64_t rank) {
  return MemRefType::get(SmallVector<int64_t>(rank, ShapedType::kDynamic),
                         IntegerType::get(context, width));
}

/// Counts the kept positions of every tile: for each query, tile by tile.
void TileMapper::buildCounting(ModuleOp module) {
  MLIRContext *context = module.getContext();
  Type index = IndexType::get(context);
  HostFunction host(module, subject.function, "count",
                    {index, index, index, index, tableType(context, 32, 2),
                     tableType(context, 32, 2), tableType(context, 32, 1)});
  for (Value capture : captures)
    if (!unknown.contains(capture))
      host.clone(capture);
  ImplicitLocOpBuilder &b = host.b;
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value m = arith::ConstantIndexOp::create(b, subject.queriesOfBlock());
  Value n = arith::ConstantIndexOp::create(b, subject.schedule.getN());
  Value queries = host.argument(2), keys = host.argument(3);
  Value tiles = arith::CeilDivSIOp::create(b, keys, n);
  Value nothing = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  memref::StoreOp::create(b, host.faults, host.argument(6), zero);
  loop(b, zero, queries, one, [&](Value i) {
    Value block = arith::DivSIOp::create(b, i, m);
    loop(b, zero, tiles, one, [&](Value tile) {
      Value first = arith::MulIOp::create(b, tile, n);
      Value end =
          arith::MinSIOp::create(b, arith::AddIOp::create(b, first, n), keys);
      auto sums = scf::ForOp::create(b, first, end, one,
                                     ValueRange{nothing, nothing, nothing});
      {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(sums.getBody());
        MaskEvaluator mask(b, subject.op, host.map, unknown,
                           sums.getRegionIterArg(2));
        auto [low, high] = mask.evaluate(
            {host.argument(0), host.argument(1), i, sums.getInductionVar()});
        SmallVector<Value> next;
        for (auto [sum, keep] : {std::pair(sums.getRegionIterArg(0), low),
                                 std::pair(sums.getRegionIterArg(1), high)})
          next.push_back(arith::AddIOp::create(
              b, sum, arith::ExtUIOp::create(b, b.getI32Type(), keep)));
        next.push_back(mask.getFaults());
        scf::YieldOp::create(b, next);
      }
      accumulate(b, sums.getResult(0), host.argument(4), {block, tile});
      accumulate(b, sums.getResult(1), host.argument(5), {block, tile});
      Value before = memref::LoadOp::create(b, host.argument(6), zero);
      memref::StoreOp::create(
          b, arith::OrIOp::create(b, before, sums.getResult(2)),
          host.argument(6), zero);
    });
  });
  host.finish();
}

/// The functions that walk along the queries and the keys.
static constexpr llvm::StringLiteral kWalkNames[] = {"walk_queries",
                                                     "walk_keys"};

/// What the kernel does; only where all captures are known.
LogicalResult TileMapper::buildWalking(ModuleOp module, Axis walked) {
  MLIRContext *context = module.getContext();
  Type index = IndexType::get(context);
  HostFunction host(module, subject.function, kWalkNames[int(walked)],
                    {index, index, index, index, tableType(context, 8, 2)});
  mlir::attn::TileWalkOperands operands;
  operands.batch = host.argument(0);
  operands.head = host.argument(1);
  operands.queries = host.argument(2);
  operands.keys = host.argument(3);
  operands.treatments = host.argument(4);
  for (Value capture : subject.op.getCaptures()) {
    if (!findSources(capture).obstacle) {
      host.clone(capture);
      operands.captures.map(capture, host.lookup(capture));
    } else { // of a score region alone: the walk does not use it
      operands.captures.map(
          capture, Value(arith::ConstantOp::create(
                       host.b, host.b.getZeroAttr(capture.getType()))));
    }
  }
  LogicalResult result = mlir::attn::buildTileTreatments(
      host.b, subject.op, subject.schedule, walked, operands);
  host.finish();
  return result;
}

auto TileMapper::compile(const Subject &subject, const Problem &problem)
    -> llvm::Expected<std::unique_ptr<TileMapper>> {
  const double positions =
      double(*subject.sizes.queries) * double(*subject.sizes.keys);
  if (positions > 0x1p36)
    return createStringError(
        "expected lengths with a product of at most 2^36, to evaluate the mask "
        "at every position, but got " +
        llvm::Twine(*subject.sizes.queries) + " queries and " +
        llvm::Twine(*subject.sizes.keys) + " keys");
  std::unique_ptr<TileMapper> mapper(new TileMapper(subject, problem));
  mapper->findMissing();
  OwningOpRef<ModuleOp> module = ModuleOp::create(subject.function.getLoc());
  {
    ::attn::DiagnosticCollector diagnostics(module->getContext());
    mapper->buildCounting(*module);
    if (mapper->lacking.empty())
      for (Axis walked : {Axis::Query, Axis::Key})
        if (failed(mapper->buildWalking(*module, walked)))
          return diagnostics.takeError("the walk cannot be compiled");
  }
  auto engine = compileHost(*module);
  if (!engine)
    return engine.takeError();
  mapper->engine = std::move(*engine);
  return mapper;
}

llvm::Error TileMapper::explainFaults(int32_t faults) {
  if (!faults)
    return llvm::Error::success();
  if (faults & 1 << GuardedCloner::kDivisionByZero)
    return createStringError("the mask divides by zero; expected positive "
                             "sizes in its captures");
  unsigned bit = llvm::countr_zero(uint32_t(faults));
  Value capture = subject.op.getCaptures()[bit - GuardedCloner::kFirstCapture];
  BlockArgument argument = traceArgument(capture);
  return createStringError(
      "the mask reads arg" + llvm::Twine(argument.getArgNumber()) +
      " outside of its bounds; expected a value whose shape fits " +
      llvm::Twine(*subject.sizes.queries) + " queries and " +
      llvm::Twine(*subject.sizes.keys) + " keys");
}

llvm::Expected<TileMap> TileMapper::map(int64_t batch, int64_t head) {
  TileMap map(*subject.sizes.queries, *subject.sizes.keys,
              subject.queriesOfBlock(), subject.schedule.getN());
  auto call = [&] {
    auto arguments = std::make_unique<HostArguments>(subject, problem);
    for (int64_t value : {batch, head, map.queries, map.keys})
      arguments->addScalar(value);
    return arguments;
  };
  int32_t faults = 0;
  auto counting = call();
  counting->addTable(map.least.data(), {map.rows, map.columns});
  counting->addTable(map.most.data(), {map.rows, map.columns});
  counting->addTable(&faults, int64_t(1));
  if (llvm::Error error = counting->invoke(*engine, "count"))
    return error;
  if (llvm::Error error = explainFaults(faults))
    return error;
  if (!lacking.empty())
    return map;
  for (auto [name, treatments] : llvm::zip(kWalkNames, map.treatments)) {
    treatments.resize(map.least.size());
    auto walking = call();
    walking->addTable(treatments.data(), {map.rows, map.columns});
    if (llvm::Error error = walking->invoke(*engine, name))
      return error;
  }
  return map;
}
