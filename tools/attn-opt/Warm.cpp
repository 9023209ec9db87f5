//===- Warm.cpp - kernels compiled ahead into the cache -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Warm.h"
#include "attn/JIT/Compiler.h"
#include "attn/Pipelines/Diagnostics.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn;
using llvm::StringRef;
namespace cl = llvm::cl;

namespace {
struct WarmOptions {
  cl::OptionCategory category{"attn-opt --attn-warm"};
  cl::list<std::string> inputs{cl::Positional, cl::desc("<input files>"),
                               cl::OneOrMore, cl::cat(category)};
  cl::opt<bool> warm{"attn-warm", cl::desc("compile into the kernel cache"),
                     cl::cat(category)};
  cl::list<std::string> chips{"chips", cl::CommaSeparated,
                              cl::desc("for these (sm_80,sm_90a)"),
                              cl::cat(category)};
  cl::opt<std::string> cache{
      "attn-cache", cl::desc("in place of $ATTN_CACHE_DIR or ~/.cache/attn"),
      cl::value_desc("folder"), cl::cat(category)};
  cl::opt<int> alignment{"alignment", cl::init(16),
                         cl::desc("bytes that rows are aligned to"),
                         cl::cat(category)};
  cl::opt<std::string> schedule{
      "schedule", cl::desc("in place of the compiler's choice"),
      cl::value_desc("<m=..,n=..,...>"), cl::cat(category)};
};
} // namespace

bool attn::wantsWarming(int argc, char **argv) {
  for (int i = 1; i < argc; ++i)
    if (StringRef(argv[i]).ltrim('-') == "attn-warm")
      return true;
  return false;
}

static llvm::Error warmFiles(const WarmOptions &options,
                             jit::Compiler &compiler) {
  if (!compiler.cache())
    return llvm::createStringError("there is no kernel cache to fill");
  CompileOptions compile;
  compile.alignment = options.alignment;
  compile.schedule = options.schedule;
  for (const std::string &input : options.inputs) {
    mlir::OwningOpRef<mlir::ModuleOp> module;
    {
      DiagnosticCollector diagnostics(&compiler.context());
      module = mlir::parseSourceFile<mlir::ModuleOp>(
          input, mlir::ParserConfig(&compiler.context()));
      if (!module)
        return diagnostics.takeError("cannot parse " + input);
    }
    std::vector<std::string> chips(options.chips.begin(), options.chips.end());
    if (chips.empty())
      chips = {"sm_80", "sm_90a"};
    for (const std::string &chip : chips) {
      compile.chip = chip;
      if (llvm::Error error = compiler.warm(*module, compile))
        return error;
    }
  }
  return llvm::Error::success();
}

int attn::warmMain(int argc, char **argv) {
  WarmOptions options;
  cl::HideUnrelatedOptions(options.category);
  cl::ParseCommandLineOptions(argc, argv, "attention compiler\n");
  jit::CompilerOptions compilerOptions;
  compilerOptions.cache.directory = options.cache;
  auto compiler = jit::Compiler::create(std::move(compilerOptions));
  llvm::Error error =
      compiler ? warmFiles(options, **compiler) : compiler.takeError();
  if (error) {
    llvm::errs() << "attn-opt: " << llvm::toString(std::move(error)) << "\n";
    return 1;
  }
  const jit::CompilerStats stats = (*compiler)->stats();
  llvm::outs() << (*compiler)->cache()->directory() << ": " << stats.compiled
               << " compiled, " << stats.loaded << " there before\n";
  return 0;
}
