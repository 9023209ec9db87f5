//===- ObjectLoader.cpp - object files into this process ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ObjectLoader.h"
#include "RuntimeSymbols.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"

using namespace attn::jit;
namespace orc = llvm::orc;

ObjectLoader::ObjectLoader(std::unique_ptr<orc::LLJIT> jit)
    : jit(std::move(jit)) {}
ObjectLoader::~ObjectLoader() = default;

llvm::Expected<std::unique_ptr<ObjectLoader>> ObjectLoader::create() {
  if (llvm::InitializeNativeTarget())
    return llvm::createStringError("this CPU is not one that LLVM can run on");
  auto jit = orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  return std::unique_ptr<ObjectLoader>(new ObjectLoader(std::move(*jit)));
}

llvm::Expected<std::vector<void *>>
ObjectLoader::load(llvm::StringRef object,
                   llvm::ArrayRef<std::string> symbols) {
  // A bare library: no start-up code of the platform, which objects of this
  // kind do not need.
  orc::JITDylib &library = jit->getExecutionSession().createBareJITDylib(
      "attn" + std::to_string(count++));
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      jit->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  orc::MangleAndInterner mangle(jit->getExecutionSession(),
                                jit->getDataLayout());
  if (llvm::Error error =
          library.define(orc::absoluteSymbols(runtimeSymbols(mangle))))
    return error;
  if (llvm::Error error = jit->addObjectFile(
          library, llvm::MemoryBuffer::getMemBufferCopy(object, "attn.o")))
    return error;
  std::vector<void *> addresses;
  for (const std::string &symbol : symbols) {
    auto address = jit->lookup(library, symbol);
    if (!address)
      return address.takeError();
    addresses.push_back(address->toPtr<void *>());
  }
  return addresses;
}
