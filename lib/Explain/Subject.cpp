//===- Subject.cpp - the ops that are explained ---------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Subject.h"
#include "attn/Conversion/Passes.h"
#include "attn/Conversion/ScheduleTable.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Pipelines/Diagnostics.h"
#include "attn/Support/TargetDesc.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ::attn::explain;
using llvm::createStringError;
using mlir::attn::AttentionOpInterface;

auto ::attn::explain::traceArgument(Value value) -> BlockArgument {
  while (auto cast = value.getDefiningOp<memref::CastOp>())
    value = cast.getSource();
  return dyn_cast<BlockArgument>(value);
}

auto ::attn::explain::copyProgram(ModuleOp program, StringRef name)
    -> llvm::Expected<OwningOpRef<ModuleOp>> {
  OwningOpRef<ModuleOp> copy(program.clone());
  if (name.empty())
    return copy;
  auto kept = copy->lookupSymbol<func::FuncOp>(name);
  if (!kept) {
    std::string names;
    for (auto function : copy->getOps<func::FuncOp>())
      names += (names.empty() ? "@" : ", @") + function.getName().str();
    return createStringError("no function @" + name + "; there is " +
                             (names.empty() ? "none" : names));
  }
  for (auto function : llvm::make_early_inc_range(copy->getOps<func::FuncOp>()))
    if (function != kept && SymbolTable::symbolKnownUseEmpty(function, kept))
      function.erase();
  return copy;
}

/// The named ops of a mask; loads and arithmetic where there are none.
static std::string describeMask(AttentionOpInterface op) {
  llvm::SetVector<StringRef> named, others;
  op.getMask().walk([&](Operation *nested) {
    if (isa<mlir::attn::YieldOp>(nested) ||
        nested->hasTrait<OpTrait::ConstantLike>())
      return;
    (isa<mlir::attn::ScoreOpInterface>(nested) ? named : others)
        .insert(nested->getName().getStringRef());
  });
  if (named.empty() && others.empty())
    return "a constant";
  return llvm::join(named.empty() ? others : named, ", ");
}

llvm::Error Subjects::lower(const Problem &problem) {
  MLIRContext *context = module->getContext();
  ::attn::DiagnosticCollector diagnostics(context);
  auto run = [&](llvm::function_ref<void(PassManager &)> build) {
    PassManager manager(context);
    build(manager);
    return succeeded(manager.run(*module));
  };
  const std::string otherwise = "the program does not compile";
  // As the pipeline of the compiler begins.
  if (!run([](PassManager &manager) {
        manager.addPass(mlir::attn::createAttnBufferizePass());
        manager.addPass(mlir::attn::createAttnExpandScoreOpsPass());
        manager.addPass(createCanonicalizerPass());
        manager.addPass(createCSEPass());
      }))
    return diagnostics.takeError(otherwise);
  std::vector<std::string> reasons;
  bool hasRows = true;
  module->walk([&](AttentionOpInterface op) {
    std::string &reason = reasons.emplace_back("given");
    if (!problem.compile.schedule.empty() || op->hasAttr("tile.schedule"))
      return;
    auto choice = mlir::attn::lookUpSchedule(op, problem.compile.chip);
    hasRows &= succeeded(choice);
    if (succeeded(choice))
      reason = choice->reason;
  });
  if (!hasRows || !run([&](PassManager &manager) {
        manager.addPass(mlir::attn::createAttnChooseSchedulePass(
            {problem.compile.chip, problem.compile.schedule}));
      }))
    return diagnostics.takeError(otherwise);
  auto reason = reasons.begin();
  module->walk([&](AttentionOpInterface op) {
    op->setAttr("attn.reason", StringAttr::get(context, *reason++));
  });
  return llvm::Error::success();
}

static std::optional<int64_t> known(int64_t size) {
  return ShapedType::isDynamic(size) ? std::nullopt : std::optional(size);
}

static llvm::Error checkHeads(const ProblemSizes &sizes) {
  if (sizes.heads && sizes.kvHeads && *sizes.heads % *sizes.kvHeads)
    return createStringError("expected a multiple of the key/value heads as "
                             "query heads, but got " +
                             llvm::Twine(*sizes.heads) + " for " +
                             llvm::Twine(*sizes.kvHeads));
  // Sums over all of them stay within 64 bits.
  if (sizes.batch && sizes.heads && *sizes.batch * *sizes.heads > 1 << 20)
    return createStringError("expected at most 2^20 heads in all batches, but "
                             "got " +
                             llvm::Twine(*sizes.batch) + " times " +
                             llvm::Twine(*sizes.heads));
  return llvm::Error::success();
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<ShapedType>(value.getType()).getShape();
}

/// Sizes from the types, and from the problem where these are dynamic.
static llvm::Error measure(Subject &subject, const ProblemSizes &given) {
  ArrayRef<int64_t> query = shapeOf(subject.op.getQuery());
  ArrayRef<int64_t> key = shapeOf(subject.op.getKey());
  ArrayRef<int64_t> value = shapeOf(subject.op.getValue());
  auto either = [](int64_t x, int64_t y) {
    return ShapedType::isDynamic(x) ? y : x;
  };
  // Transposed blocks do not tell how many keys the last of them has.
  const int64_t keys =
      subject.op.getTransposedKeys() ? key[2] : either(key[2], value[2]);
  struct {
    const char *what;
    std::optional<int64_t> declared, given;
    std::optional<int64_t> &size;
  } sizes[] = {
      {"batch", known(either(either(query[0], key[0]), value[0])), given.batch,
       subject.sizes.batch},
      {"query heads", known(query[1]), given.heads, subject.sizes.heads},
      {"key/value heads", known(either(key[1], value[1])), given.kvHeads,
       subject.sizes.kvHeads},
      {"number of queries", known(query[2]), given.queries,
       subject.sizes.queries},
      {"number of keys", known(keys), given.keys, subject.sizes.keys}};
  for (auto &one : sizes) {
    if (one.given && (*one.given < 1 || *one.given >= int64_t(1) << 30))
      return createStringError("expected a " + llvm::Twine(one.what) +
                               " from 1 to 2^30 - 1, but got " +
                               llvm::Twine(*one.given));
    if (one.given && one.declared && *one.given != *one.declared)
      return createStringError(
          "@" + subject.function.getName() + ": expected " +
          llvm::Twine(*one.declared) + " as the " + one.what +
          ", as it is declared, but got " + llvm::Twine(*one.given));
    one.size = one.declared ? one.declared : one.given;
  }
  return checkHeads(subject.sizes);
}

llvm::Error Subjects::collect(const Problem &problem) {
  std::map<Operation *, unsigned> counts;
  llvm::Error error = llvm::Error::success();
  module->walk([&](AttentionOpInterface op) {
    auto function = op->getParentOfType<func::FuncOp>();
    const unsigned number = counts[function]++;
    if (error || (problem.operation && *problem.operation != number))
      return;
    Subject subject;
    subject.op = op;
    subject.function = function;
    subject.number = number;
    subject.schedule =
        op->getAttrOfType<mlir::tile::ScheduleAttr>("tile.schedule");
    subject.reason = op->getAttrOfType<StringAttr>("attn.reason").str();
    if (auto masks = op->getAttrOfType<StringAttr>("attn.masks"))
      subject.masks = masks.str();
    error = measure(subject, problem.sizes);
    subjects.push_back(std::move(subject));
  });
  if (error)
    return error;
  if (subjects.empty() && counts.size() == 1 && problem.operation)
    return createStringError(
        "no op " + llvm::Twine(*problem.operation) + ", the function has " +
        llvm::Twine(counts.begin()->second) + ", counted from 0");
  if (subjects.empty())
    return createStringError(
        "expected a function with an attn.attention or attn.differential");
  return checkArguments(problem);
}

/// Whether a region can see the argument, or what is computed from it.
bool Subjects::isCapture(unsigned number) {
  func::FuncOp function = subjects.front().function;
  if (number >= function.getNumArguments())
    return false;
  BlockArgument argument = function.getArgument(number);
  for (Subject &subject : subjects)
    for (Value operand : subject.op->getOperands())
      if (traceArgument(operand) == argument)
        return false;
  return !argument.use_empty();
}

/// Values are for captures of one function, and have the shapes of its types.
llvm::Error Subjects::checkArguments(const Problem &problem) {
  if (problem.arguments.empty())
    return llvm::Error::success();
  func::FuncOp function = subjects.front().function;
  for (const Subject &subject : subjects)
    if (subject.function != function)
      return createStringError(
          "expected the name of a function: values of arguments are for one, "
          "but the file has several with attn ops");
  for (const auto &[number, value] : problem.arguments) {
    std::string name = "arg" + std::to_string(number);
    if (!isCapture(number))
      return createStringError("unknown capture " + name + ": no region of @" +
                               function.getName() +
                               " uses such an argument (they count from arg0)");
    auto type = dyn_cast<MemRefType>(function.getArgumentTypes()[number]);
    bool fits =
        bool(type) == !value.shape.empty() || (type && type.getRank() == 0);
    if (type)
      fits = succeeded(verifyCompatibleShape(type.getShape(), value.shape));
    if (!fits)
      return createStringError("the value of " + name +
                               " does not have the shape that is declared");
    if (llvm::is_contained(value.shape, 0))
      return createStringError("the value of " + name + " has no elements");
  }
  return llvm::Error::success();
}

auto Subjects::find(ModuleOp program, const Problem &problem)
    -> llvm::Expected<Subjects> {
  if (!TargetDesc::lookup(problem.compile.chip))
    return createStringError(TargetDesc::explainUnknown(problem.compile.chip));
  auto copy = copyProgram(program, problem.function);
  if (!copy)
    return copy.takeError();
  Subjects found;
  found.module = std::move(*copy);
  // Before the names are gone.
  found.module->walk([](AttentionOpInterface op) {
    if (!op.getMask().empty())
      op->setAttr("attn.masks",
                  StringAttr::get(op.getContext(), describeMask(op)));
  });
  if (llvm::Error error = found.lower(problem))
    return error;
  if (llvm::Error error = found.collect(problem))
    return error;
  return found;
}
