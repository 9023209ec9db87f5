//===- Explain.cpp - attn-opt --attn-explain, --attn-mask-picture ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Explain.h"
#include "attn-run/ElementType.h"
#include "attn-run/InputSource.h"
#include "attn-run/OutputFile.h"
#include "attn/Explain/Explanation.h"
#include "attn/Explain/MaskPicture.h"
#include "attn/Pipelines/Diagnostics.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"
#include <deque>

using namespace attn;
using llvm::createStringError;
using llvm::StringRef;
namespace cl = llvm::cl;

namespace {
struct ExplainOptions {
  cl::OptionCategory category{"attn-opt --attn-explain, --attn-mask-picture"};
  cl::opt<std::string> input{cl::Positional, cl::desc("<input file>"),
                             cl::Required, cl::cat(category)};
  cl::opt<std::string> picture{
      "attn-mask-picture", cl::desc("draw the tiles of masks, - for stdout"),
      cl::value_desc("FILE.svg"), cl::cat(category)};
  cl::opt<std::string> explain{
      "attn-explain", cl::desc("say what the compiler makes of each attn op"),
      cl::value_desc("chip"), cl::ValueOptional, cl::cat(category)};
  cl::opt<bool> json{"attn-explain-json",
                     cl::desc("the explanation for programs"),
                     cl::cat(category)};
  cl::opt<std::string> chip{"chip", cl::desc("sm_80 (default) or sm_90a"),
                            cl::cat(category)};
  cl::opt<std::string> schedule{
      "schedule", cl::desc("in place of the compiler's choice"),
      cl::value_desc("m=..,n=..,..."), cl::cat(category)};
  cl::opt<std::string> operation{
      "attn-op", cl::desc("function, and number of its op if not all"),
      cl::value_desc("NAME[:N]"), cl::cat(category)};
  cl::opt<std::string> lengths{"attn-mask-lengths",
                               cl::desc("numbers of queries and keys"),
                               cl::value_desc("Sq,Sk"), cl::cat(category)};
  cl::opt<std::string> sizes{"attn-explain-sizes",
                             cl::desc("batch, query heads and key/value heads"),
                             cl::value_desc("B,Hq,Hkv"), cl::cat(category)};
  cl::opt<std::string> position{"attn-mask-position",
                                cl::desc("batch and head to draw (0,0)"),
                                cl::value_desc("b,h"), cl::cat(category)};
  cl::list<std::string> captures{
      "attn-mask-captures", cl::CommaSeparated,
      cl::desc("values of arguments by number: arg3=FILE.npy,arg4=128"),
      cl::value_desc("argN=VALUE,..."), cl::cat(category)};
};

/// A problem and the values that it points at.
struct OwnedProblem {
  explain::Problem problem;
  std::deque<run::TensorData> tensors;
  std::deque<uint64_t> scalars;
};
} // namespace

bool attn::wantsExplanation(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    StringRef name = StringRef(argv[i]).ltrim('-').split('=').first;
    if (StringRef(argv[i]).starts_with("-") &&
        (name == "attn-explain" || name == "attn-mask-picture" ||
         name == "attn-explain-json"))
      return true;
  }
  return false;
}

/// Whole numbers with commas between them, as many as there are places.
static llvm::Error
parseNumbers(StringRef option, StringRef form, StringRef text,
             llvm::ArrayRef<std::optional<int64_t> *> places) {
  if (text.empty())
    return llvm::Error::success();
  llvm::SmallVector<StringRef> parts;
  text.split(parts, ',');
  bool isRight = parts.size() == places.size();
  for (size_t i = 0; isRight && i < parts.size(); ++i) {
    int64_t number;
    isRight = !parts[i].trim().getAsInteger(10, number);
    *places[i] = number;
  }
  if (isRight)
    return llvm::Error::success();
  return createStringError("expected " + option + "=" + form +
                           " in whole numbers, but got '" + text + "'");
}

static llvm::Error parseOperation(StringRef text, explain::Problem &problem) {
  auto [name, number] = text.split(':');
  problem.function = name.ltrim('@').str();
  if (!text.contains(':'))
    return llvm::Error::success();
  unsigned value;
  if (number.getAsInteger(10, value))
    return createStringError("expected --attn-op=NAME[:N], but got '" + text +
                             "'");
  problem.operation = value;
  return llvm::Error::success();
}

/// The function whose arguments are meant: the one that is named, or the only
/// one.
static llvm::Expected<mlir::func::FuncOp>
findFunction(mlir::ModuleOp module, const explain::Problem &problem) {
  mlir::func::FuncOp found;
  unsigned count = 0;
  for (auto function : module.getOps<mlir::func::FuncOp>())
    if (problem.function.empty() || function.getName() == problem.function) {
      found = function;
      ++count;
    }
  if (count == 1)
    return found;
  if (!count)
    return createStringError("no function @" + problem.function);
  return createStringError("expected --attn-op=NAME, since captures are "
                           "arguments of one function and the file has " +
                           llvm::Twine(count));
}

/// One of argN=VALUE.
static llvm::Error readCapture(StringRef text, mlir::func::FuncOp function,
                               OwnedProblem &owned) {
  const StringRef name = text.split('=').first, value = text.split('=').second;
  StringRef digits = name;
  unsigned number;
  if (!digits.consume_front("arg") || digits.getAsInteger(10, number) ||
      value.empty())
    return createStringError(
        "expected --attn-mask-captures=argN=VALUE,..., but got '" + text + "'");
  if (number >= function.getNumArguments())
    return createStringError("unknown capture " + name + ": @" +
                             function.getName() + " has " +
                             llvm::Twine(function.getNumArguments()) +
                             " arguments, counted from arg0");
  auto explainError = [&](llvm::Error error) {
    return createStringError(name + ": " + llvm::toString(std::move(error)));
  };
  mlir::Type type = function.getArgumentTypes()[number];
  auto shaped = mlir::dyn_cast<mlir::ShapedType>(type);
  auto element = run::elementOf(shaped ? shaped.getElementType() : type);
  if (!element || (shaped && !shaped.hasRank()))
    return createStringError(name + " has a type without values on the host");
  auto source = run::InputSource::parse(value);
  if (!source)
    return explainError(source.takeError());
  explain::ArgumentValue &argument = owned.problem.arguments[number];
  if (!shaped) {
    auto bits = source->loadScalar(*element);
    if (!bits)
      return explainError(bits.takeError());
    argument.data = &owned.scalars.emplace_back(*bits);
    return llvm::Error::success();
  }
  auto tensor = source->loadTensor(*element, shaped.getShape(), /*seed=*/0);
  if (!tensor)
    return explainError(tensor.takeError());
  argument.shape.assign(tensor->shape().begin(), tensor->shape().end());
  argument.data = owned.tensors.emplace_back(std::move(*tensor)).data();
  return llvm::Error::success();
}

static llvm::Error readProblem(const ExplainOptions &options,
                               mlir::ModuleOp module, OwnedProblem &owned) {
  explain::Problem &problem = owned.problem;
  explain::ProblemSizes &sizes = problem.sizes;
  std::optional<int64_t> batch, head;
  if (!options.chip.empty() && !options.explain.empty())
    return createStringError("expected a chip once, but got --chip and "
                             "--attn-explain=" +
                             options.explain);
  for (const std::string *chip : {&options.chip, &options.explain})
    if (!chip->empty())
      problem.compile.chip = *chip;
  problem.compile.schedule = options.schedule;
  if (llvm::Error error = parseOperation(options.operation, problem))
    return error;
  if (llvm::Error error =
          parseNumbers("--attn-mask-lengths", "Sq,Sk", options.lengths,
                       {&sizes.queries, &sizes.keys}))
    return error;
  if (llvm::Error error =
          parseNumbers("--attn-explain-sizes", "B,Hq,Hkv", options.sizes,
                       {&sizes.batch, &sizes.heads, &sizes.kvHeads}))
    return error;
  if (llvm::Error error = parseNumbers("--attn-mask-position", "b,h",
                                       options.position, {&batch, &head}))
    return error;
  problem.batch = batch.value_or(0);
  problem.head = head.value_or(0);
  if (options.captures.empty())
    return llvm::Error::success();
  auto function = findFunction(module, problem);
  if (!function)
    return function.takeError();
  for (const std::string &capture : options.captures)
    if (llvm::Error error = readCapture(capture, *function, owned))
      return error;
  return llvm::Error::success();
}

static llvm::Error explainFile(const ExplainOptions &options,
                               mlir::MLIRContext &context) {
  if (options.explain.getNumOccurrences() +
          options.picture.getNumOccurrences() + options.json ==
      0)
    return createStringError("expected --attn-explain or --attn-mask-picture");
  mlir::OwningOpRef<mlir::ModuleOp> module;
  {
    DiagnosticCollector diagnostics(&context);
    mlir::ParserConfig config(&context);
    module = mlir::parseSourceFile<mlir::ModuleOp>(options.input, config);
    if (!module)
      return diagnostics.takeError("cannot parse " + options.input);
  }
  OwnedProblem owned;
  if (llvm::Error error = readProblem(options, *module, owned))
    return error;
  std::string text;
  if (options.explain.getNumOccurrences() || options.json) {
    auto made = options.json ? explain::explainAsJson(*module, owned.problem)
                             : explain::explainAsText(*module, owned.problem);
    if (!made)
      return made.takeError();
    text = std::move(*made);
  }
  if (options.picture.getNumOccurrences()) {
    auto picture = explain::drawMasks(*module, owned.problem);
    if (!picture)
      return picture.takeError();
    if (options.picture == "-")
      text += *picture;
    else if (llvm::Error error = run::writeFile(
                 options.picture,
                 [&](llvm::raw_ostream &stream) { stream << *picture; }))
      return error;
  }
  llvm::outs() << text;
  return llvm::Error::success();
}

int attn::explainMain(int argc, char **argv, mlir::DialectRegistry &registry) {
  ExplainOptions options;
  cl::HideUnrelatedOptions(options.category);
  cl::ParseCommandLineOptions(argc, argv, "attention compiler\n");
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::Error error = explainFile(options, context);
  if (!error)
    return 0;
  llvm::errs() << "attn-opt: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}
