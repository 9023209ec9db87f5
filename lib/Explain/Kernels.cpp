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
        diagnostics(module.getContext()) {}

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

  llvm::Error readLaunches() {
    auto function =
        module.lookupSymbol<func::FuncOp>(subject.function.getName());
    SmallVector<mlir::attn::WorkspaceOp> pieces;
    for (gpu::LaunchFuncOp launch : launchesOfOp(function, pieces))
      needs.kernels.emplace_back().name = launch.getKernelName().str();
    const ProblemSizes &sizes = subject.sizes;
    if (pieces.empty()) {
      needs.workspaceBytes = 0;
    } else if (sizes.batch && sizes.heads && sizes.queries && sizes.keys) {
      SmallVector<Value> sizesOfPieces;
      for (mlir::attn::WorkspaceOp piece : pieces)
        sizesOfPieces.push_back(piece.getBytes());
      auto bytes = evaluate(subject, problem, function, sizesOfPieces);
      if (!bytes)
        return bytes.takeError();
      needs.workspaceBytes = 0;
      for (int64_t piece : *bytes)
        *needs.workspaceBytes += llvm::alignTo(piece, kWorkspaceAlignment);
    }
    return llvm::Error::success();
  }

  /// The launch of the op's own kernel, the only kind with a schedule, and
  /// before it those that leave something for it in the workspace: lists of
  /// tiles, rotated queries and keys. `pieces` is all that they touch of it.
  SmallVector<gpu::LaunchFuncOp>
  launchesOfOp(func::FuncOp function,
               SmallVector<mlir::attn::WorkspaceOp> &pieces) {
    SmallVector<gpu::LaunchFuncOp> launches;
    int64_t number = 0;
    function.walk([&](gpu::LaunchFuncOp launch) {
      launches.push_back(launch);
      auto kernel =
          SymbolTable::lookupNearestSymbolFrom(launch, launch.getKernel());
      bool isAttention = kernel && kernel->hasAttr("tile.schedule");
      return isAttention && number++ == subject.number ? WalkResult::interrupt()
                                                       : WalkResult::advance();
    });
    SmallVector<gpu::LaunchFuncOp> ours;
    for (gpu::LaunchFuncOp launch : llvm::reverse(launches)) {
      SmallVector<mlir::attn::WorkspaceOp> touched;
      for (Value operand : launch.getKernelOperands())
        if (mlir::attn::WorkspaceOp piece = findWorkspace(operand))
          touched.push_back(piece);
      bool isShared = llvm::any_of(touched, [&](mlir::attn::WorkspaceOp piece) {
        return llvm::is_contained(pieces, piece);
      });
      if (!ours.empty() && !isShared)
        continue;
      ours.insert(ours.begin(), launch);
      for (mlir::attn::WorkspaceOp piece : touched)
        if (!llvm::is_contained(pieces, piece))
          pieces.push_back(piece);
    }
    return ours;
  }

  /// The piece of the workspace that `value` is a view of.
  static mlir::attn::WorkspaceOp findWorkspace(Value value) {
    while (Operation *op = value.getDefiningOp()) {
      if (auto workspace = dyn_cast<mlir::attn::WorkspaceOp>(op))
        return workspace;
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
