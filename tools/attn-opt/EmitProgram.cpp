//===- EmitProgram.cpp - attn-opt --emit=object|shared --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EmitProgram.h"
#include "attn/AOT/Program.h"
#include "attn/Target/PTX.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

static LogicalResult fail(const llvm::Twine &message) {
  llvm::errs() << "attn-opt: " << message << "\n";
  return failure();
}

static LogicalResult writeFile(StringRef path, StringRef contents) {
  std::string error;
  auto file = openOutputFile(path, &error);
  if (!file)
    return fail(error);
  file->os() << contents;
  file->keep();
  return success();
}

auto ::attn::emitProgram(ModuleOp module, const EmitProgramOptions &options)
    -> LogicalResult {
  if (options.output == "-")
    return fail("expected -o NAME for an object and its header, but got none");
  llvm::SmallString<128> path(options.output), header(options.output);
  const StringRef extension = options.shared ? ".so" : ".o";
  if (llvm::sys::path::extension(path) != extension)
    path += extension;
  else
    llvm::sys::path::replace_extension(header, "");
  header += ".h";

  aot::ProgramOptions program;
  program.chips = options.chips;
  if (program.chips.empty())
    program.chips = {options.compile.chip};
  program.compile = options.compile;
  program.cubin = !::attn::findPtxas().empty();
  if (!program.cubin)
    llvm::errs() << "attn-opt: note: no ptxas, so there is PTX only, which the "
                    "driver compiles when it is first used; set CUDA_HOME or "
                    "ATTN_PTXAS for machine code\n";
  FailureOr<aot::Program> made =
      aot::compileProgram(module, program, llvm::sys::path::stem(header));
  if (failed(made))
    return failure();
  if (!options.shared) {
    if (failed(writeFile(path, made->object)))
      return failure();
  } else if (llvm::Error error = aot::linkSharedLibrary(made->object, path)) {
    return fail(llvm::toString(std::move(error)));
  }
  return writeFile(header, made->header);
}
