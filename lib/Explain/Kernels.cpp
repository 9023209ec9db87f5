//===- Kernels.cpp - what the kernels of an op need -----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Kernels.h"
#include "HostFunction.h"
#include "attn/Pipelines/Diagnostics.h"
#include "attn/Target/PTX.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Regex.h"

using namespace mlir;
using namespace ::attn::explain;

/// As the runtime cuts the caller's memory.
static constexpr int64_t kWorkspaceAlignment = 256;

namespace {
/// One compilation, stage by stage.
class KernelMeter {
public:
  KernelMeter(ModuleOp module, const Subject &subject, const Problem &problem)
      : module(module), subject(subject), problem(problem),
        diagnostics(module.getContext()),
        base((subject.function.getName() + "_" + Twine(subject.number)).str()) {
  }

  llvm::Expected<OpNeeds> run() {
    if (!runStage(::attn::buildTilePipeline))
      return diagnostics.takeError("the program does not compile");
    if (llvm::Error error = readLaunches())
      return error;
    if (!runStage(::attn::buildSchedulePipeline))
      return diagnostics.takeError("the schedule does not fit");
    readResources();
    if (!runStage(::attn::buildKernelPipeline))
      return diagnostics.takeError("the kernels do not compile");
    if (llvm::Error error = readMachineCode())
      return error;
    return needs;
  }

private:
  bool runStage(void (*build)(OpPassManager &,
                              const ::attn::CompileOptions &)) {
    PassManager manager(module.getContext());
    build(manager, problem.compile);
    return succeeded(manager.run(module));
  }

  bool isOurs(StringRef kernel) const {
    return kernel == base || kernel.starts_with(base + "_");
  }

  llvm::Error readLaunches() {
    auto function =
        module.lookupSymbol<func::FuncOp>(subject.function.getName());
    SmallVector<Value> pieces;
    function.walk([&](gpu::LaunchFuncOp launch) {
      if (!isOurs(launch.getKernelName()))
        return;
      needs.kernels.emplace_back().name = launch.getKernelName().str();
      for (Value operand : launch.getKernelOperands())
        if (Value bytes = findWorkspace(operand);
            bytes && !llvm::is_contained(pieces, bytes))
          pieces.push_back(bytes);
    });
    const ProblemSizes &sizes = subject.sizes;
    if (pieces.empty()) {
      needs.workspaceBytes = 0;
    } else if (sizes.batch && sizes.heads && sizes.queries && sizes.keys) {
      auto bytes = evaluate(subject, problem, function, pieces);
      if (!bytes)
        return bytes.takeError();
      needs.workspaceBytes = 0;
      for (int64_t piece : *bytes)
        *needs.workspaceBytes += llvm::alignTo(piece, kWorkspaceAlignment);
    }
    return llvm::Error::success();
  }

  /// The bytes of the workspace that `value` is a view of.
  static Value findWorkspace(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (auto workspace = dyn_cast<mlir::attn::WorkspaceOp>(op))
        return workspace.getBytes();
      if (op->getNumOperands() == 0)
        break;
      value = op->getOperand(0);
    }
    return {};
  }

  void readResources() {
    module.walk([&](gpu::GPUFuncOp kernel) {
      for (KernelNeeds &one : needs.kernels)
        if (one.name == kernel.getName()) {
          if (auto bytes =
                  kernel->getAttrOfType<IntegerAttr>("tile.shared_bytes"))
            one.sharedBytes = bytes.getInt();
          if (auto block = kernel.getKnownBlockSize())
            one.threads = block->front();
        }
    });
  }

  llvm::Error readMachineCode() {
    if (::attn::findPtxas().empty()) {
      needs.whyNoCode = "not measured: no ptxas";
      return llvm::Error::success();
    }
    for (auto kernels : module.getOps<gpu::GPUModuleOp>()) {
      FailureOr<std::string> ptx =
          ::attn::translateToPTX(kernels, problem.compile.chip);
      if (failed(ptx))
        return diagnostics.takeError("the kernels do not compile to PTX");
      std::string messages;
      if (failed(::attn::assemblePTX(*ptx, problem.compile.chip, messages)))
        needs.whyNoCode = "not measured: ptxas fails: " +
                          StringRef(messages).split('\n').first.str();
      else
        readMessages(messages);
    }
    return llvm::Error::success();
  }

  /// What `ptxas -v` prints.
  void readMessages(StringRef messages) {
    llvm::Regex entry("Compiling entry function '([^']+)'"),
        registers("Used ([0-9]+) registers"),
        spills("([0-9]+) bytes spill stores, ([0-9]+) bytes spill loads");
    MachineCode code;
    std::string name;
    SmallVector<StringRef> lines;
    messages.split(lines, '\n');
    for (StringRef line : lines) {
      SmallVector<StringRef, 3> match;
      if (entry.match(line, &match)) {
        name = match[1].str();
        code = {};
      } else if (spills.match(line, &match)) {
        match[1].getAsInteger(10, code.spillStores);
        match[2].getAsInteger(10, code.spillLoads);
      } else if (registers.match(line, &match)) {
        match[1].getAsInteger(10, code.registers);
        for (KernelNeeds &one : needs.kernels)
          if (one.name == name)
            one.code = code;
      }
    }
  }

  ModuleOp module;
  const Subject &subject;
  const Problem &problem;
  ::attn::DiagnosticCollector diagnostics;
  std::string base;
  OpNeeds needs;
};
} // namespace

auto ::attn::explain::measureKernels(ModuleOp program, const Subject &subject,
                                     const Problem &problem)
    -> llvm::Expected<OpNeeds> {
  auto copy = copyProgram(program, subject.function.getName());
  if (!copy)
    return copy.takeError();
  return KernelMeter(**copy, subject, problem).run();
}
