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
#include "Picture.h"
#include "StatsJson.h"
#include "Verdict.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <cstdlib>

using namespace attn::run;

/// The reference in the clothes of a device.
static llvm::Expected<std::vector<DeviceRun>>
runOnHost(Program &program, const RunInputs &inputs) {
  std::vector<DeviceRun> runs(1);
  DeviceRun &run = runs.front();
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
  return runs;
}

static llvm::Error writeFiles(Program &program, const RunOptions &options,
                              const RunInputs &inputs,
                              llvm::ArrayRef<DeviceRun> runs) {
  if (!options.stats.empty()) {
    llvm::json::Value stats(statsJson(program, inputs, runs));
    if (llvm::Error error =
            writeFile(options.stats, [&](llvm::raw_ostream &stream) {
              stream << llvm::formatv("{0:2}\n", stats);
            }))
      return error;
  }
  if (!options.maskPicture.empty()) {
    auto picture = drawMasks(program, inputs, options, runs.front().chip);
    if (!picture)
      return picture.takeError();
    if (llvm::Error error =
            writeFile(options.maskPicture,
                      [&](llvm::raw_ostream &stream) { stream << *picture; }))
      return error;
  }
  // What a kernel with findings wrote is nothing to keep.
  for (const DeviceRun &run : runs)
    if (!run.findings.empty() || !run.outputs)
      return llvm::Error::success();
  for (auto [path, tensor] : llvm::zip(options.outputs, *runs.front().outputs))
    if (llvm::Error error = writeNpy(path, tensor))
      return error;
  return llvm::Error::success();
}

/// On stderr, with the conditions where there are several.
static void printFindings(llvm::ArrayRef<DeviceRun> runs) {
  for (const DeviceRun &run : runs)
    for (const std::string &finding : run.findings) {
      llvm::errs() << "attn-run: ";
      if (runs.size() > 1)
        llvm::errs() << run.conditions->str() << ": ";
      llvm::errs() << finding << '\n';
    }
}

/// Compares with the references, prints a line, and says whether all is well.
static llvm::Expected<bool> check(Program &program, const RunInputs &inputs,
                                  llvm::ArrayRef<DeviceRun> runs) {
  auto references = References::compute(program, inputs);
  if (!references)
    return references.takeError();
  std::vector<Check> checks;
  for (const DeviceRun &run : runs)
    checks.push_back(Check::perform(program, inputs, *references, run));
  llvm::json::Object line = verdictJson(runs, checks);
  line["entry"] = program.entry();
  llvm::outs() << llvm::json::Value(std::move(line)) << '\n';
  return llvm::all_of(checks, [](const Check &check) { return check.ok; });
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
  auto runs = options->device == DeviceKind::Reference
                  ? runOnHost(**program, *inputs)
                  : runOnDevice(**program, *inputs, *options);
  if (!runs)
    return runs.takeError();
  printFindings(*runs);
  bool ok = llvm::all_of(
      *runs, [](const DeviceRun &run) { return run.findings.empty(); });
  if (options->check) {
    auto isRight = check(**program, *inputs, *runs);
    if (!isRight)
      return isRight.takeError();
    ok &= *isRight;
  }
  if (llvm::Error error = writeFiles(**program, *options, *inputs, *runs))
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
