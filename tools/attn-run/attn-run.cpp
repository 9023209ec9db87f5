//===- attn-run.cpp - runs an attention program and checks it -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Exit status: 0 ok, 1 wrong result (a failed --check, a finding), 2 bad use or
// input. Files are written last and by renaming, so that 2 leaves them alone.

#include "Check.h"
#include "Execution.h"
#include "NpyFile.h"
#include "OutputFile.h"
#include "StatsJson.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstdlib>

using namespace attn::run;

/// The reference in the clothes of a device.
static llvm::Expected<DeviceRun> runOnHost(Program &program,
                                           const RunInputs &inputs) {
  DeviceRun run;
  run.device = run.chip = "reference";
  const auto start = std::chrono::steady_clock::now();
  auto outputs =
      runReference(program, inputs, mlir::attn::ReferencePrecision::Element);
  if (!outputs)
    return outputs.takeError();
  run.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  run.outputs = std::move(*outputs);
  return run;
}

static llvm::Error writeFiles(const Program &program, const RunOptions &options,
                              const RunInputs &inputs, const DeviceRun &run) {
  if (!options.stats.empty()) {
    llvm::json::Value stats(statsJson(program, inputs, run));
    if (llvm::Error error =
            writeFile(options.stats, [&](llvm::raw_ostream &stream) {
              stream << llvm::formatv("{0:2}\n", stats);
            }))
      return error;
  }
  // What a kernel with findings wrote is nothing to keep.
  if (!run.findings.empty() || !run.outputs)
    return llvm::Error::success();
  for (auto [path, tensor] : llvm::zip(options.outputs, *run.outputs))
    if (llvm::Error error = writeNpy(path, tensor))
      return error;
  return llvm::Error::success();
}

/// The exit status, or what was wrong with the use or the input.
static llvm::Expected<int> run(int argc, const char *const *argv) {
  auto options = RunOptions::parse(argc, argv);
  if (!options)
    return options.takeError();
  auto program = Program::load(options->program, options->entry);
  if (!program)
    return program.takeError();
  auto inputs = RunInputs::load(**program, *options);
  if (!inputs)
    return inputs.takeError();
  auto result = options->device == DeviceKind::Reference
                    ? runOnHost(**program, *inputs)
                    : runOnDevice(**program, *inputs, *options);
  if (!result)
    return result.takeError();
  for (const std::string &finding : result->findings)
    llvm::errs() << "attn-run: " << finding << '\n';
  bool ok = result->findings.empty();

  if (options->check) {
    auto check = Check::perform(**program, *inputs, result->outputs,
                                result->findings.size());
    if (!check)
      return check.takeError();
    ok &= check->ok;
    llvm::json::Object line = check->toJson();
    line["entry"] = (*program)->entry();
    line["device"] = result->device;
    line["chip"] = result->chip;
    llvm::outs() << llvm::json::Value(std::move(line)) << '\n';
  }
  if (llvm::Error error = writeFiles(**program, *options, *inputs, *result))
    return error;
  return ok ? 0 : 1;
}

/// LLVM gives up on some inputs by a fatal error; a person gets one line.
static void onFatalError(void *, const char *reason, bool) {
  llvm::sys::RunInterruptHandlers(); // removes temporary files
  llvm::errs() << "attn-run: cannot compile or write: " << reason << '\n';
  _Exit(2);
}

int main(int argc, char **argv) {
  llvm::install_fatal_error_handler(onFatalError);
  auto status = run(argc, argv);
  if (status)
    return *status;
  const std::string message = llvm::toString(status.takeError());
  if (!message.empty())
    llvm::errs() << "attn-run: " << message << '\n';
  return 2;
}
