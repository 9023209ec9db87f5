//===- Execution.cpp - the arguments of a run, and the reference ----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Execution.h"
#include "Compilation.h"
#include "HostCall.h"
#include "InputSource.h"

using namespace attn::run;
using llvm::createStringError;
using mlir::attn::ReferencePrecision;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static llvm::Error loadValue(const Argument &argument, llvm::StringRef text,
                             uint64_t seed, RunInputs::Value &value) {
  auto source = InputSource::parse(text);
  if (!source)
    return source.takeError();
  if (!argument.isTensor) {
    auto bits = source->loadScalar(argument.element);
    if (!bits)
      return bits.takeError();
    value.bits = *bits;
    return llvm::Error::success();
  }
  auto tensor = source->loadTensor(argument.element,
                                   value.swapped ? swapMiddle(argument.shape)
                                                 : argument.shape,
                                   seed, argument.isScales);
  if (!tensor)
    return tensor.takeError();
  value.tensor = std::move(*tensor);
  return llvm::Error::success();
}

llvm::Expected<RunInputs> RunInputs::load(Program &program,
                                          const RunOptions &options) {
  const auto &arguments = program.arguments();
  if (options.inputs.size() != arguments.size()) {
    std::string roles;
    for (const Argument &argument : arguments)
      roles += (roles.empty() ? "" : ", ") + argument.role;
    return createStringError("expected " + llvm::Twine(arguments.size()) +
                             " inputs (" + roles + "), but got " +
                             llvm::Twine(options.inputs.size()));
  }
  if (options.outputs.size() > program.results().size())
    return createStringError(
        "expected at most " + llvm::Twine(program.results().size()) +
        " outputs, but got " + llvm::Twine(options.outputs.size()));
  const bool swap = options.layout == StorageLayout::BSHD;
  RunInputs inputs;
  std::vector<Shape> shapes;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    RunInputs::Value &value = inputs.values.emplace_back();
    value.swapped = swap && argument.isSequence;
    // Every random input is a sequence of its own.
    const uint64_t seed = options.inputSeed * 0xd1342543de82ef95u + i;
    if (llvm::Error error = loadValue(argument, options.inputs[i], seed, value))
      return createStringError("input " + llvm::Twine(i) + " (" +
                               argument.role +
                               "): " + llvm::toString(std::move(error)));
    shapes.push_back(View::of(value.tensor.shape(), value.swapped).shape);
  }
  auto bound = program.bind(shapes);
  if (!bound)
    return bound.takeError();
  for (auto [shape, result] : llvm::zip_equal(*bound, program.results())) {
    const bool swapped = swap && result.isSequence;
    inputs.outputs.push_back({swapped ? swapMiddle(shape) : shape, swapped});
  }
  return inputs;
}

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

llvm::Expected<RunOutputs>
attn::run::runReference(Program &program, const RunInputs &inputs,
                        ReferencePrecision precision) {
  auto engine = compileReference(program, precision);
  if (!engine)
    return engine.takeError();
  HostCall call;
  for (auto [argument, value] :
       llvm::zip_equal(program.arguments(), inputs.values)) {
    if (argument.isTensor)
      call.addTensor(reinterpret_cast<uintptr_t>(value.tensor.data()),
                     View::of(value.tensor.shape(), value.swapped));
    else
      call.addScalar(value.bits);
  }
  RunOutputs outputs;
  for (auto [result, output] :
       llvm::zip_equal(program.results(), inputs.outputs)) {
    // Only Element rounds what it returns.
    const Element element = precision == ReferencePrecision::Element
                                ? result.element
                                : Element::F64;
    auto tensor = TensorData::create(element, output.shape);
    if (!tensor)
      return tensor.takeError();
    call.addTensor(reinterpret_cast<uintptr_t>(tensor->data()),
                   View::of(output.shape, output.swapped));
    outputs.push_back(std::move(*tensor));
  }
  GuardScope guard("attn-run: the program reads outside of a capture\n");
  if (llvm::Error error = call.invoke(**engine, program.entry()))
    return error;
  return outputs;
}
