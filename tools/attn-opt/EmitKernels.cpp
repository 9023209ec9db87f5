//===- EmitKernels.cpp - attn-opt --emit ----------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EmitKernels.h"
#include "EmitProgram.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/PTX.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

namespace {
enum class Emission { PTX, Cubin, LLVM, Object, Shared };

/// The options of this mode. Passes are not among them: the pipeline is the
/// whole compiler, up to its kernels.
struct EmitOptions {
  llvm::cl::OptionCategory category{"attn-opt --emit"};
  llvm::cl::opt<std::string> input{
      llvm::cl::Positional, llvm::cl::desc("<input file>"), llvm::cl::init("-"),
      llvm::cl::cat(category)};
  llvm::cl::opt<std::string> output{"o", llvm::cl::desc("output file"),
                                    llvm::cl::init("-"),
                                    llvm::cl::cat(category)};
  llvm::cl::opt<std::string> compile{
      "attn-compile", llvm::cl::desc("chip=... schedule=<...>"),
      llvm::cl::ValueOptional, llvm::cl::cat(category)};
  llvm::cl::opt<Emission> emission{
      "emit", llvm::cl::desc("what to write"),
      llvm::cl::values(clEnumValN(Emission::PTX, "ptx", "PTX text"),
                       clEnumValN(Emission::Cubin, "cubin", "ptxas output"),
                       clEnumValN(Emission::LLVM, "llvm", "LLVM IR text"),
                       clEnumValN(Emission::Object, "object",
                                  "object file of the host, and a C header"),
                       clEnumValN(Emission::Shared, "shared",
                                  "shared library, and a C header")),
      llvm::cl::cat(category)};
  llvm::cl::list<std::string> chips{
      "chips", llvm::cl::CommaSeparated, llvm::cl::cat(category),
      llvm::cl::desc("variants in an object or library: sm_80,sm_90a")};
};
} // namespace

bool ::attn::wantsEmission(int argc, char **argv) {
  for (int i = 1; i < argc; ++i)
    if (StringRef(argv[i]).ltrim('-').starts_with("emit="))
      return true;
  return false;
}

/// One kernel module in the asked form.
static FailureOr<std::string> emitModule(gpu::GPUModuleOp module,
                                         Emission emission, StringRef chip) {
  if (emission == Emission::LLVM)
    return ::attn::translateToLLVMIR(module, chip);
  FailureOr<std::string> ptx = ::attn::translateToPTX(module, chip);
  if (failed(ptx) || emission == Emission::PTX)
    return ptx;
  std::string messages;
  FailureOr<std::string> cubin = ::attn::assemblePTX(*ptx, chip, messages);
  if (failed(cubin))
    module.emitError("cannot make a cubin: ") << messages;
  return cubin;
}

static FailureOr<std::string> emitKernels(ModuleOp module,
                                          const ::attn::CompileOptions &options,
                                          Emission emission) {
  PassManager manager(module.getContext());
  ::attn::buildTilePipeline(manager, options);
  ::attn::buildSchedulePipeline(manager, options);
  ::attn::buildKernelPipeline(manager, options);
  if (failed(manager.run(module)))
    return failure();
  auto kernels = llvm::to_vector(module.getOps<gpu::GPUModuleOp>());
  if (kernels.empty()) {
    module.emitError("expected a function with an attn op");
    return failure();
  }
  if (emission != Emission::LLVM && kernels.size() > 1) {
    module.emitError("expected one function with attn ops to emit, but got ")
        << kernels.size();
    return failure();
  }
  std::string text;
  for (gpu::GPUModuleOp kernel : kernels) {
    FailureOr<std::string> part = emitModule(kernel, emission, options.chip);
    if (failed(part))
      return failure();
    text += *part;
  }
  return text;
}

int ::attn::emitKernelsMain(int argc, char **argv, DialectRegistry &registry) {
  EmitOptions options;
  llvm::cl::ParseCommandLineOptions(argc, argv, "attention compiler\n");
  auto arguments = parseCompileOptions(options.compile);
  if (!arguments)
    return 1;
  std::string error;
  auto buffer = openInputFile(options.input, &error);
  if (!buffer) {
    llvm::errs() << "attn-opt: " << error << "\n";
    return 1;
  }
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  auto module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return 1;
  const bool isProgram = options.emission == Emission::Object ||
                         options.emission == Emission::Shared;
  if (isProgram)
    return failed(
        emitProgram(*module, {options.emission == Emission::Shared,
                              options.chips, *arguments, options.output}));
  if (!options.chips.empty()) {
    llvm::errs() << "attn-opt: expected --chips with --emit=object or shared; "
                    "a kernel alone is for the chip of --attn-compile\n";
    return 1;
  }
  FailureOr<std::string> text =
      emitKernels(*module, *arguments, options.emission);
  if (failed(text))
    return 1;
  auto output = openOutputFile(options.output, &error);
  if (!output) {
    llvm::errs() << "attn-opt: " << error << "\n";
    return 1;
  }
  output->os() << *text;
  output->keep();
  return 0;
}
