//===- Target.cpp - what to compile for -----------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Compiler.h"
#include "attn/Runtime/CudaDevice.h"
#include "attn/Support/TargetDesc.h"

using namespace attn;
using llvm::createStringError;
using llvm::StringRef;

/// 80 of "sm_80"; 0 for what is no chip.
static unsigned capabilityOf(StringRef chip) {
  unsigned capability = 0;
  if (!chip.consume_front("sm_") || chip.consumeInteger(10, capability))
    return 0;
  return capability;
}

llvm::Expected<std::string> jit::targetFor(StringRef chip) {
  if (TargetDesc::lookup(chip))
    return chip.str();
  // PTX without an `a` runs on every later chip, sm_80 is the lowest.
  if (capabilityOf(chip) > capabilityOf("sm_80"))
    return std::string("sm_80");
  return createStringError(TargetDesc::explainUnknown(chip));
}

llvm::Expected<std::string> jit::detectTarget(int ordinal) {
  runtime::CudaOptions options;
  options.ordinal = ordinal;
  std::string reason;
  auto device = runtime::CudaDevice::open(options, reason);
  if (!device)
    return createStringError(reason);
  return targetFor(device->chip());
}
