//===- SharedLibrary.cpp - a linker as child process ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/AOT/Program.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <cstdlib>

using llvm::createStringError;
using llvm::StringRef;

/// Empty when there is none.
static std::string findLinker() {
  if (const char *given = std::getenv("ATTN_LD"))
    return llvm::sys::fs::can_execute(given) ? given : "";
  for (StringRef name : {"ld.lld-22", "ld.lld", "ld"})
    if (auto path = llvm::sys::findProgramByName(name))
      return *path;
  return "";
}

static std::string readFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

/// A stand-in for libattn_runtime.so, so that the loader is told to find it
/// whether or not it is here. Only its name counts; some object has to be in
/// it.
static llvm::Error makeStandIn(StringRef linker, StringRef object,
                               StringRef path, StringRef log) {
  StringRef arguments[] = {linker, "-shared", "-soname", "libattn_runtime.so",
                           "-o",   path,      object};
  std::optional<StringRef> redirects[] = {StringRef(), log, log};
  if (llvm::sys::ExecuteAndWait(linker, arguments, std::nullopt, redirects))
    return createStringError(linker + " fails: " + readFile(log));
  return llvm::Error::success();
}

llvm::Error attn::aot::linkSharedLibrary(StringRef object, StringRef path) {
  const std::string linker = findLinker();
  if (linker.empty())
    return createStringError("no linker: set ATTN_LD, or have ld.lld or ld in "
                             "PATH");
  llvm::SmallString<128> input, output, standIn, log;
  if (llvm::sys::fs::createTemporaryFile("attn", "o", input) ||
      llvm::sys::fs::createTemporaryFile("attn", "so", standIn) ||
      llvm::sys::fs::createTemporaryFile("attn", "log", log))
    return createStringError("cannot create a temporary file");
  // Beside the result, so that it can be moved there in one step.
  llvm::sys::fs::createUniquePath(path + ".%%%%%%", output,
                                  /*MakeAbsolute=*/false);
  llvm::scope_exit cleanUp([&] {
    for (StringRef file : {input.str(), output.str(), standIn.str(), log.str()})
      llvm::sys::fs::remove(file);
  });
  std::error_code error;
  llvm::raw_fd_ostream stream(input, error);
  stream << object;
  stream.close();
  if (error || stream.has_error())
    return createStringError("cannot write a temporary file");
  if (llvm::Error problem = makeStandIn(linker, input, standIn, log))
    return problem;
  const StringRef soname = llvm::sys::path::filename(path);
  StringRef arguments[] = {
      linker,    "-shared", "--no-as-needed", "-soname", soname, "-rpath",
      "$ORIGIN", "-z",      "noexecstack",    "-o",      output, input,
      standIn};
  std::optional<StringRef> redirects[] = {StringRef(), log.str(), log.str()};
  std::string launchError;
  if (llvm::sys::ExecuteAndWait(linker, arguments, std::nullopt, redirects, 0,
                                0, &launchError))
    return createStringError(linker + " fails: " + readFile(log) + launchError);
  if (llvm::sys::fs::rename(output, path))
    return createStringError("cannot write " + path);
  return llvm::Error::success();
}
