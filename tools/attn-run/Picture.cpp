//===- Picture.cpp - attn-run --mask-picture ------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Picture.h"
#include "HostCall.h"
#include "attn/Explain/MaskPicture.h"

using namespace attn::run;

/// Sizes of the tensors, in the order B x H x S x D.
static void readSizes(const Argument &argument, llvm::ArrayRef<int64_t> shape,
                      attn::explain::ProblemSizes &sizes) {
  llvm::StringRef role = argument.role;
  if (role.starts_with("query")) {
    sizes.batch = shape[0];
    sizes.heads = shape[1];
    sizes.queries = shape[2];
  } else if (role.starts_with("key")) {
    sizes.kvHeads = shape[1];
    sizes.keys = shape[2];
  }
}

llvm::Expected<std::string> attn::run::drawMasks(Program &program,
                                                 const RunInputs &inputs,
                                                 const RunOptions &options,
                                                 llvm::StringRef chip) {
  explain::Problem problem;
  problem.function = program.entry().str();
  if (options.device != DeviceKind::Reference)
    problem.compile.chip = chip.str();
  problem.compile.schedule = options.schedule;
  for (auto [i, argument] : llvm::enumerate(program.arguments())) {
    const RunInputs::Value &value = inputs.values[i];
    if (argument.isSequence) {
      readSizes(argument, View::of(value.tensor.shape(), value.swapped).shape,
                problem.sizes);
      continue;
    }
    if (!program.isUsed(i))
      continue;
    explain::ArgumentValue &given = problem.arguments[i];
    given.data = argument.isTensor ? value.tensor.data() : &value.bits;
    if (argument.isTensor)
      given.shape.assign(value.tensor.shape().begin(),
                         value.tensor.shape().end());
  }
  return explain::drawMasks(program.module(), problem);
}
