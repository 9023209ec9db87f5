//===- PTXToCubin.cpp - ptxas as a child process --------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Target/PTX.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <cstdlib>

using namespace mlir;

std::string attn::findPtxas() {
  auto executable = [](const std::string &path) {
    return !path.empty() && llvm::sys::fs::can_execute(path);
  };
  // One that is named and missing is not replaced by another version.
  if (const char *given = std::getenv("ATTN_PTXAS"); given && *given)
    return executable(given) ? given : "";
  if (const char *home = std::getenv("CUDA_HOME"))
    if (std::string path = std::string(home) + "/bin/ptxas"; executable(path))
      return path;
  if (auto path = llvm::sys::findProgramByName("ptxas"))
    return *path;
  std::string usual = "/usr/local/cuda/bin/ptxas";
  return executable(usual) ? usual : "";
}

static std::string readFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

FailureOr<std::string> attn::assemblePTX(StringRef ptx, StringRef chip,
                                         std::string &messages) {
  std::string ptxas = findPtxas();
  if (ptxas.empty()) {
    messages = "ptxas is not found; set CUDA_HOME or ATTN_PTXAS";
    return failure();
  }
  SmallString<128> input, output, log;
  if (llvm::sys::fs::createTemporaryFile("attn", "ptx", input) ||
      llvm::sys::fs::createTemporaryFile("attn", "cubin", output) ||
      llvm::sys::fs::createTemporaryFile("attn", "log", log)) {
    messages = "cannot create a temporary file";
    return failure();
  }
  llvm::scope_exit cleanUp([&] {
    for (StringRef path : {input.str(), output.str(), log.str()})
      llvm::sys::fs::remove(path);
  });
  std::error_code error;
  llvm::raw_fd_ostream stream(input, error);
  stream << ptx;
  stream.close();
  if (error || stream.has_error()) {
    messages = "cannot write a temporary file";
    return failure();
  }
  std::string architecture = ("-arch=" + chip).str();
  StringRef arguments[] = {ptxas, architecture, "-v", "-o", output, input};
  std::optional<StringRef> redirects[] = {StringRef(), log.str(), log.str()};
  std::string launchError;
  int status = llvm::sys::ExecuteAndWait(ptxas, arguments, std::nullopt,
                                         redirects, 0, 0, &launchError);
  messages = readFile(log) + launchError;
  if (status != 0)
    return failure();
  return readFile(output);
}
