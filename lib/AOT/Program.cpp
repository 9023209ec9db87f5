//===- Program.cpp - compiling ahead of time ------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/AOT/Program.h"
#include "EntryTable.h"
#include "Header.h"
#include "Object.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/Support/TargetDesc.h"
#include "attn/Target/PTX.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Linker/Linker.h"

using namespace mlir;
using namespace ::attn;
using namespace ::attn::aot;

namespace {
/// One compilation: the functions as memref functions, then a module of LLVM IR
/// to which each chip adds its host functions.
class ProgramBuilder {
public:
  ProgramBuilder(ModuleOp source, const ProgramOptions &options)
      : source(source), options(options) {}

  LogicalResult run() {
    if (failed(checkChips()) || failed(readSignatures()))
      return failure();
    program = std::make_unique<llvm::Module>("attn_program", context);
    if (failed(prepareForHost(*program, source)))
      return failure();
    for (const std::string &chip : options.chips)
      if (failed(addVariants(chip)))
        return failure();
    for (const Signature &signature : signatures)
      addEntry(*program, signature, options.chips);
    return success();
  }

  FailureOr<std::string> emit() {
    llvm::StringSet<> visible;
    for (const Signature &signature : signatures)
      for (const char *suffix : {"", "_entry", "_workspace_bytes"})
        visible.insert(signature.name + suffix);
    return emitObject(*program, visible, source);
  }

  std::vector<std::string> functionNames() const {
    std::vector<std::string> names;
    for (const Signature &signature : signatures)
      names.push_back(signature.name);
    return names;
  }

  std::vector<std::string> takePtx() { return std::move(ptx); }

  std::string header(StringRef name) const {
    return writeHeader(signatures, options.chips, name);
  }

private:
  LogicalResult checkChips() {
    llvm::StringSet<> seen;
    if (options.chips.empty())
      return source.emitError("expected at least one chip to compile for");
    for (const std::string &chip : options.chips) {
      if (!TargetDesc::lookup(chip))
        return source.emitError(TargetDesc::explainUnknown(chip));
      if (!seen.insert(chip).second)
        return source.emitError("expected each chip once, but got ")
               << chip << " again";
    }
    return success();
  }

  /// Brings functions into the form in which all arguments are visible.
  LogicalResult readSignatures() {
    functions = source.clone();
    PassManager manager(source.getContext());
    manager.addPass(mlir::attn::createAttnBufferizePass());
    if (failed(manager.run(*functions)))
      return failure();
    for (auto function : functions->getOps<func::FuncOp>()) {
      if (function.isPrivate() || function.isDeclaration())
        continue;
      FailureOr<Signature> signature = describeSignature(function);
      if (failed(signature))
        return failure();
      signatures.push_back(std::move(*signature));
    }
    if (signatures.empty())
      return source.emitError("expected a public function to compile");
    return success();
  }

  LogicalResult addVariants(const std::string &chip) {
    OwningOpRef<ModuleOp> module = functions->clone();
    SymbolTable symbols(*module);
    for (const Signature &signature : signatures)
      if (failed(symbols.rename(symbols.lookup(signature.name),
                                variantName(signature.name, chip))))
        return failure();
    CompileOptions compile = options.compile;
    compile.chip = chip;
    compile.cubin = options.cubin;
    PassManager manager(source.getContext());
    buildCompilePipeline(manager, compile);
    if (failed(manager.run(*module)))
      return failure();
    ptx.push_back(embeddedPTX(*module));
    std::unique_ptr<llvm::Module> host =
        translateModuleToLLVMIR(*module, context, chip);
    if (!host)
      return source.emitError("the host code cannot be translated to LLVM IR");
    host->setDataLayout(program->getDataLayout());
    host->setTargetTriple(program->getTargetTriple());
    for (const Signature &signature : signatures)
      if (!addPackedFunction(*host, variantName(signature.name, chip)))
        return source.emitError("expected every public function to have an "
                                "attn op, but @")
               << signature.name << " has none; make it private";
    // Internal symbols of the same name get new ones here.
    if (llvm::Linker::linkModules(*program, std::move(host)))
      return source.emitError("the variants for ")
             << chip << " cannot be linked to the others";
    return success();
  }

  ModuleOp source;
  const ProgramOptions &options;
  OwningOpRef<ModuleOp> functions;
  std::vector<Signature> signatures;
  std::vector<std::string> ptx;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> program;
};
} // namespace

auto ::attn::aot::compileProgram(ModuleOp module, const ProgramOptions &options,
                                 StringRef name) -> FailureOr<Program> {
  ProgramBuilder builder(module, options);
  if (failed(builder.run()))
    return failure();
  FailureOr<std::string> object = builder.emit();
  if (failed(object))
    return failure();
  return Program{std::move(*object), builder.header(name),
                 builder.functionNames(), builder.takePtx()};
}
