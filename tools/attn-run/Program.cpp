//===- Program.cpp - the function that is run, as a caller sees it --------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Program.h"
#include "ElementType.h"
#include "attn/Pipelines/Diagnostics.h"
#include "attn/Pipelines/Registration.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

using namespace attn::run;
using llvm::createStringError;
using mlir::attn::AttentionOp;
using mlir::attn::AttentionOpInterface;
using mlir::attn::DifferentialOp;
using mlir::attn::QuantizeOp;
using mlir::attn::RotaryOp;

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

static mlir::DialectRegistry allDialects() {
  mlir::DialectRegistry registry;
  attn::registerAllDialects(registry);
  return registry;
}

Program::Program()
    : context(std::make_unique<mlir::MLIRContext>(
          allDialects(), mlir::MLIRContext::Threading::DISABLED)) {}

llvm::Error Program::parse(llvm::StringRef path) {
  attn::DiagnosticCollector diagnostics(context.get());
  mlir::ParserConfig config(context.get());
  parsed = mlir::parseSourceFile<mlir::ModuleOp>(path, config);
  if (parsed)
    return llvm::Error::success();
  return diagnostics.takeError("cannot parse " + path.str());
}

llvm::Error Program::findEntry(llvm::StringRef name) {
  std::string names;
  llvm::SmallVector<mlir::func::FuncOp> found;
  for (auto func : parsed->getOps<mlir::func::FuncOp>()) {
    if (func.isDeclaration())
      continue;
    names += (names.empty() ? "" : ", ") + func.getName().str();
    if (name.empty() || func.getName() == name)
      found.push_back(func);
  }
  if (names.empty())
    return createStringError("expected a function to run, but the file has "
                             "none");
  if (found.empty())
    return createStringError("no function named '" + name + "'; there is " +
                             names);
  if (found.size() > 1)
    return createStringError("expected --entry, because there are several "
                             "functions: " +
                             names);
  function = found.front();
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<Program>> Program::load(llvm::StringRef path,
                                                       llvm::StringRef entry) {
  std::unique_ptr<Program> program(new Program);
  if (llvm::Error error = program->parse(path))
    return error;
  if (llvm::Error error = program->findEntry(entry))
    return error;
  if (llvm::Error error = program->describeArguments())
    return error;
  if (llvm::Error error = program->describeResults())
    return error;
  if (llvm::Error error = program->nameRoles())
    return error;
  return program;
}

//===----------------------------------------------------------------------===//
// Signature
//===----------------------------------------------------------------------===//

static std::string typeText(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  type.print(stream);
  return text;
}

llvm::Error Program::describeArguments() {
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    Argument argument;
    argument.role = "argument" + std::to_string(i);
    auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
    argument.isTensor = static_cast<bool>(tensor);
    std::optional<Element> element =
        elementOf(tensor ? tensor.getElementType() : type);
    if (!element)
      return createStringError(
          "argument " + llvm::Twine(i) +
          ": expected a tensor or scalar of f16, bf16, "
          "f32, f64, f8E4M3FN, f8E5M2, i1, i8, i32, i64 or "
          "index, but got " +
          typeText(type));
    argument.element = *element;
    if (tensor)
      argument.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
    args.push_back(std::move(argument));
  }
  return llvm::Error::success();
}

/// The value of which a value is a cast or a slice.
static mlir::Value throughViews(mlir::Value value) {
  while (
      mlir::isa_and_nonnull<mlir::tensor::CastOp, mlir::tensor::ExtractSliceOp>(
          value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

/// Whether another op of the function has rounded it.
static bool isRounded(mlir::Value value) {
  return mlir::isa_and_nonnull<QuantizeOp, RotaryOp>(
      throughViews(value).getDefiningOp());
}

/// The function argument behind a value, looking through views and rotations.
static mlir::BlockArgument argumentOf(mlir::Value value) {
  value = throughViews(value);
  while (auto rotary = value.getDefiningOp<RotaryOp>())
    value = throughViews(rotary.getInput());
  return mlir::dyn_cast<mlir::BlockArgument>(value);
}

namespace {
/// The name of an operand of an op.
struct NamedOperand {
  mlir::Value value;
  std::string role;
};
} // namespace

/// Tensors of B x H x S x D, or a value in transposed blocks. A name has a
/// number when there are several.
static std::vector<NamedOperand> sequencesOf(AttentionOpInterface op) {
  std::vector<NamedOperand> operands;
  auto add = [&](const std::string &name, mlir::ValueRange values) {
    for (auto [i, value] : llvm::enumerate(values))
      operands.push_back(
          {value, name + (values.size() > 1 ? std::to_string(i) : "")});
  };
  add("query", op.getQueries());
  add("key", op.getKeys());
  add("value", op.getValue());
  return operands;
}

llvm::Error Program::describeResults() {
  auto ret = mlir::dyn_cast<mlir::func::ReturnOp>(
      function.getBody().back().getTerminator());
  if (!ret || ret.getNumOperands() == 0)
    return createStringError("expected a function that returns tensors");
  llvm::StringMap<unsigned> counts;
  for (auto [i, value] : llvm::enumerate(ret.getOperands())) {
    Result result;
    result.op = value.getDefiningOp();
    result.value = value;
    if (!mlir::isa_and_nonnull<AttentionOpInterface, QuantizeOp, RotaryOp>(
            result.op))
      return createStringError("result " + llvm::Twine(i) +
                               ": expected a result of attn.attention, "
                               "attn.differential, attn.quantize or "
                               "attn.rotary, but got a value of type " +
                               typeText(value.getType()));
    const char *role = "out";
    if (auto attention = mlir::dyn_cast<AttentionOpInterface>(result.op)) {
      result.isLse = attention.getLse() && value == attention.getLse();
      role = result.isLse ? "lse" : role;
      result.isOfRounded =
          llvm::any_of(sequencesOf(attention), [](const NamedOperand &operand) {
            return isRounded(operand.value);
          });
    }
    if (auto quantize = mlir::dyn_cast<QuantizeOp>(result.op))
      role = value == quantize.getScales() ? "scales" : role;
    unsigned number = counts[role]++;
    result.role = role + (number ? std::to_string(number) : std::string());
    // The verifier has seen that all of them are of float types.
    result.element = *elementOf(
        mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType());
    result.isSequence =
        llvm::StringRef(role) == "out" &&
        mlir::cast<mlir::RankedTensorType>(value.getType()).getRank() == 4;
    outs.push_back(result);
  }
  return llvm::Error::success();
}

static bool isUnnamed(const Argument &argument) {
  return llvm::StringRef(argument.role).starts_with("argument");
}

llvm::Error Program::nameSequence(mlir::Value value, llvm::StringRef role) {
  if (auto rotary = throughViews(value).getDefiningOp<RotaryOp>()) {
    for (auto [operand, name] : {std::pair(rotary.getPositions(), "positions"),
                                 {rotary.getCos(), "cos"},
                                 {rotary.getSin(), "sin"}})
      nameOperand(operand, name);
    nameOperand(rotary.getOffset(), "offset");
    nameOperand(rotary.getLength(), "length");
    return nameSequence(rotary.getInput(), role);
  }
  if (auto quantize = throughViews(value).getDefiningOp<QuantizeOp>())
    return nameSequence(quantize.getInput(), role);
  mlir::BlockArgument operand = argumentOf(value);
  if (!operand)
    return createStringError(llvm::Twine("expected ") + role +
                             " of an attn op to be an argument of the "
                             "function, or one that attn.rotary has rotated "
                             "or attn.quantize rounded");
  Argument &argument = args[operand.getArgNumber()];
  if (!argument.isSequence)
    argument.role = role.str();
  argument.isSequence |= argument.shape.size() == 4;
  return llvm::Error::success();
}

void Program::nameScales(mlir::Value value, llvm::StringRef role) {
  nameOperand(value, role);
  if (mlir::BlockArgument operand = value ? argumentOf(value) : nullptr)
    args[operand.getArgNumber()].isScales = true;
}

/// The second of a name gets a number: cos, cos1, ...
void Program::nameOperand(mlir::Value value, llvm::StringRef role) {
  mlir::BlockArgument operand = value ? argumentOf(value) : nullptr;
  if (!operand)
    return;
  Argument &argument = args[operand.getArgNumber()];
  if (!isUnnamed(argument))
    return;
  unsigned number = llvm::count_if(args, [&](const Argument &other) {
    return llvm::StringRef(other.role).rtrim("0123456789") == role;
  });
  argument.role = role.str() + (number ? std::to_string(number) : "");
}

llvm::Error Program::nameRoles() {
  for (const Result &result : outs) {
    std::vector<NamedOperand> sequences;
    if (auto op = mlir::dyn_cast<AttentionOpInterface>(result.op))
      sequences = sequencesOf(op);
    else if (auto op = mlir::dyn_cast<QuantizeOp>(result.op))
      sequences = {{op.getInput(), "input"}};
    else
      sequences = {{result.op->getResult(0), "input"}};
    for (auto [value, role] : sequences)
      if (llvm::Error error = nameSequence(value, role))
        return error;
    if (auto difference = mlir::dyn_cast<DifferentialOp>(result.op)) {
      nameOperand(difference.getLambda(), "lambda");
      nameOperand(difference.getWeight(), "weight");
    }
    if (auto attention = mlir::dyn_cast<AttentionOp>(result.op)) {
      nameScales(attention.getQueryScales(), "query_scales");
      nameScales(attention.getKeyScales(), "key_scales");
      nameScales(attention.getValueScales(), "value_scales");
    }
  }
  nameCaptures();
  return llvm::Error::success();
}

void Program::nameCaptures() {
  llvm::SmallVector<bool> isCapture(args.size(), false);
  for (const Result &result : outs)
    if (auto op = mlir::dyn_cast<AttentionOpInterface>(result.op))
      for (mlir::Value capture : op.getCaptures())
        if (mlir::BlockArgument argument = argumentOf(capture))
          isCapture[argument.getArgNumber()] = true;
  unsigned numCaptures = 0;
  for (auto [argument, captured] : llvm::zip_equal(args, isCapture))
    if (captured && isUnnamed(argument))
      argument.role = "capture" + std::to_string(numCaptures++);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

namespace {
/// The sizes of one attention, by name.
struct Sizes {
  int64_t batch, heads, queries, keys, valueDim;
};
} // namespace

static llvm::Error expectSame(const char *what, const char *first, int64_t a,
                              const char *second, int64_t b) {
  if (a == b)
    return llvm::Error::success();
  return createStringError(llvm::Twine("expected the same ") + what + " in " +
                           first + " and " + second + ", but got " +
                           llvm::Twine(a) + " and " + llvm::Twine(b));
}

static int64_t blocksOf(int64_t rows, int64_t block) {
  return llvm::divideCeilSigned(rows, block);
}

/// The shape of a result of attn.quantize, with this input.
static Shape shapeOfQuantized(mlir::OpResult result, Shape shape) {
  auto op = mlir::cast<QuantizeOp>(result.getOwner());
  if (result != op.getScales()) {
    if (int64_t rows = op.getTransposedRows())
      return {shape[0], shape[1], blocksOf(shape[2], rows), shape[3], rows};
    return shape;
  }
  const int64_t rank = op.getScalesRank();
  if (rank == 3)
    shape[2] = blocksOf(shape[2], *op.getBlock());
  if (rank == 1)
    shape[0] = 1;
  shape.truncate(rank);
  return shape;
}

/// The shape of an argument, or of what is made of it: what the type leaves
/// open is the argument's.
static Shape shapeOf(mlir::Value value, llvm::ArrayRef<Shape> shapes) {
  Shape shape;
  if (auto argument = mlir::dyn_cast<mlir::BlockArgument>(value))
    shape = shapes[argument.getArgNumber()];
  else if (mlir::isa<QuantizeOp>(value.getDefiningOp()))
    shape =
        shapeOfQuantized(mlir::cast<mlir::OpResult>(value),
                         shapeOf(value.getDefiningOp()->getOperand(0), shapes));
  else
    shape = shapeOf(value.getDefiningOp()->getOperand(0), shapes);
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  for (auto [size, known] : llvm::zip(shape, type.getShape()))
    if (!mlir::ShapedType::isDynamic(known))
      size = known;
  return shape;
}

static llvm::Error expectShape(const char *what, const Shape &expected,
                               const Shape &got) {
  if (expected == got)
    return llvm::Error::success();
  return createStringError(llvm::Twine("expected ") + what + " of shape " +
                           shapeText(expected) + ", but got " + shapeText(got));
}

/// Scales fit the tensors that they belong to.
static llvm::Error checkScales(AttentionOp op, llvm::ArrayRef<Shape> shapes) {
  Shape query = shapeOf(op.getQuery(), shapes),
        key = shapeOf(op.getKey(), shapes);
  struct {
    const char *what;
    mlir::Value scales;
    const Shape &of;
  } all[] = {{"query_scales", op.getQueryScales(), query},
             {"key_scales", op.getKeyScales(), key},
             {"value_scales", op.getValueScales(), key}};
  for (const auto &one : all) {
    if (!one.scales)
      continue;
    const Shape got = shapeOf(one.scales, shapes);
    Shape expected = {one.of[0], one.of[1]};
    if (got.size() == 1)
      expected = {1};
    else if (got.size() == 3)
      expected.push_back(blocksOf(one.of[2], *op.getBlock()));
    if (llvm::Error error = expectShape(one.what, expected, got))
      return error;
  }
  return llvm::Error::success();
}

/// The second map has the shapes of the first; lambda and weight fit them.
static llvm::Error checkMaps(DifferentialOp op, const Sizes &sizes,
                             llvm::ArrayRef<Shape> shapes) {
  auto shapeOf = [&](mlir::Value value) -> const Shape & {
    return shapes[argumentOf(value).getArgNumber()];
  };
  if (llvm::Error error = expectShape("query1", shapeOf(op.getQuery0()),
                                      shapeOf(op.getQuery1())))
    return error;
  if (llvm::Error error =
          expectShape("key1", shapeOf(op.getKey0()), shapeOf(op.getKey1())))
    return error;
  Shape lambda;
  if (op.getLambdaRank() == 1)
    lambda = {sizes.heads};
  else if (op.getLambdaRank() == 3)
    lambda = {sizes.batch, sizes.heads, sizes.queries};
  if (!lambda.empty())
    if (llvm::Error error =
            expectShape("lambda", lambda, shapeOf(op.getLambda())))
      return error;
  if (!op.getWeight())
    return llvm::Error::success();
  return expectShape("weight", {sizes.valueDim}, shapeOf(op.getWeight()));
}

static llvm::Expected<Sizes> sizesOf(AttentionOpInterface op,
                                     llvm::ArrayRef<Shape> shapes) {
  Shape q = shapeOf(op.getQuery(), shapes), k = shapeOf(op.getKey(), shapes),
        v = shapeOf(op.getValue(), shapes);
  if (llvm::Error error = expectSame("batch", "query", q[0], "key", k[0]))
    return error;
  if (llvm::Error error = expectSame("batch", "key", k[0], "value", v[0]))
    return error;
  if (llvm::Error error =
          expectSame("num_kv_heads", "key", k[1], "value", v[1]))
    return error;
  if (int64_t width = op.getTransposedKeys()) {
    if (v[2] != blocksOf(k[2], width))
      return createStringError("expected " +
                               llvm::Twine(blocksOf(k[2], width)) +
                               " transposed blocks of " + llvm::Twine(width) +
                               " keys in value, but got " + llvm::Twine(v[2]));
  } else if (llvm::Error error =
                 expectSame("length", "key", k[2], "value", v[2])) {
    return error;
  }
  if (llvm::Error error = expectSame("head_dim", "query", q[3], "key", k[3]))
    return error;
  if (k[1] == 0 ? q[1] != 0 : q[1] % k[1] != 0)
    return createStringError("expected num_heads to be a multiple of "
                             "num_kv_heads, but got " +
                             llvm::Twine(q[1]) + " and " + llvm::Twine(k[1]));
  Sizes sizes{q[0], q[1], q[2], k[2], v[3]};
  if (auto difference = mlir::dyn_cast<DifferentialOp>(op.getOperation()))
    if (llvm::Error error = checkMaps(difference, sizes, shapes))
      return error;
  if (auto attention = mlir::dyn_cast<AttentionOp>(op.getOperation()))
    if (llvm::Error error = checkScales(attention, shapes))
      return error;
  return sizes;
}

/// A capture may be larger than the problem, but not smaller where an index of
/// the region reads it directly. Computed indices are not followed.
llvm::Error Program::checkCaptures(AttentionOpInterface op,
                                   llvm::ArrayRef<Shape> shapes) {
  auto sizes = sizesOf(op, shapes);
  if (!sizes)
    return sizes.takeError();
  const std::pair<const char *, int64_t> extents[] = {{"batch", sizes->batch},
                                                      {"head", sizes->heads},
                                                      {"query", sizes->queries},
                                                      {"key", sizes->keys}};
  std::string problem;
  op->walk([&](mlir::attn::LoadOp load) {
    mlir::BlockArgument capture = argumentOf(load.getCapture());
    if (!capture || capture.getOwner() != &function.getBody().front())
      return;
    const Shape &shape = shapes[capture.getArgNumber()];
    for (auto [dim, index] : llvm::enumerate(load.getIndices())) {
      auto position = mlir::dyn_cast<mlir::BlockArgument>(index);
      if (!position || position.getOwner()->getParentOp() != op)
        continue;
      // b, h, i, j; a score region has the score before them.
      const bool isScore = position.getOwner()->getParent() == &op.getScore();
      auto [what, extent] = extents[position.getArgNumber() - isScore];
      if (shape[dim] < extent && problem.empty())
        problem = args[capture.getArgNumber()].role + ": expected at least " +
                  std::to_string(extent) + " elements in dimension " +
                  std::to_string(dim) + ", which is read at the " + what +
                  " index, but got " + shapeText(shape);
    }
  });
  if (problem.empty())
    return llvm::Error::success();
  return createStringError(llvm::Twine(problem));
}

llvm::Expected<Shape> Program::bindAttention(const Result &result,
                                             llvm::ArrayRef<Shape> shapes) {
  auto op = mlir::cast<AttentionOpInterface>(result.op);
  auto sizes = sizesOf(op, shapes);
  if (!sizes)
    return sizes.takeError();
  if (llvm::Error error = checkCaptures(op, shapes))
    return error;
  Shape shape = {sizes->batch, sizes->heads, sizes->queries};
  if (!result.isLse)
    shape.push_back(sizes->valueDim);
  return shape;
}

/// Positions for every row, and tables of one length.
static llvm::Error checkRotary(RotaryOp op, llvm::ArrayRef<Shape> shapes) {
  auto shapeOf = [&](mlir::Value value) -> const Shape & {
    return shapes[argumentOf(value).getArgNumber()];
  };
  if (!argumentOf(op.getInput()))
    return llvm::Error::success();
  const Shape &input = shapeOf(op.getInput());
  if (mlir::Value positions = op.getPositions()) {
    const Shape &shape = shapeOf(positions);
    if (shape.size() == 2)
      if (llvm::Error error = expectSame("batch", "input of attn.rotary",
                                         input[0], "positions", shape[0]))
        return error;
    if (llvm::Error error = expectSame("length", "input of attn.rotary",
                                       input[2], "positions", shape.back()))
      return error;
  }
  if (!op.hasTables())
    return llvm::Error::success();
  return expectSame("number of positions", "cos", shapeOf(op.getCos())[0],
                    "sin", shapeOf(op.getSin())[0]);
}

llvm::Expected<std::vector<Shape>> Program::bind(llvm::ArrayRef<Shape> shapes) {
  std::string problem;
  function.walk([&](RotaryOp op) {
    if (llvm::Error error = checkRotary(op, shapes))
      problem = llvm::toString(std::move(error));
  });
  if (!problem.empty())
    return createStringError(llvm::Twine(problem));
  std::vector<Shape> bound;
  for (const Result &result : outs) {
    if (mlir::isa<RotaryOp>(result.op)) {
      bound.push_back(
          shapes[argumentOf(result.op->getResult(0)).getArgNumber()]);
      continue;
    }
    if (mlir::isa<QuantizeOp>(result.op)) {
      bound.push_back(shapeOf(result.value, shapes));
      continue;
    }
    auto shape = bindAttention(result, shapes);
    if (!shape)
      return shape.takeError();
    bound.push_back(std::move(*shape));
  }
  return bound;
}
