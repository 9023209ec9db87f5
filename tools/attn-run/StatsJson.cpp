//===- StatsJson.cpp - the counters of a run as JSON ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StatsJson.h"

using namespace attn;
using namespace attn::run;
namespace json = llvm::json;

static json::Object toJson(const sim::SharedCounters &counters) {
  return json::Object{{"instructions", counters.instructions},
                      {"wavefronts", counters.wavefronts},
                      {"conflicts", counters.conflicts}};
}

static json::Object toJson(const sim::Counters &counters) {
  json::Object global, classes, sharedLines, lines;
  for (const auto &[name, c] : counters.global)
    global[name] = json::Object{{"bytes_read", c.bytesRead},
                                {"bytes_written", c.bytesWritten},
                                {"sectors_read", c.sectorsRead},
                                {"sectors_written", c.sectorsWritten}};
  for (const auto &[name, count] : counters.instructionsByClass)
    classes[name] = count;
  for (const auto &[line, c] : counters.sharedByLine)
    sharedLines[std::to_string(line)] = toJson(c);
  for (const auto &[line, count] : counters.executionsByLine)
    lines[std::to_string(line)] = count;
  return json::Object{
      {"global", std::move(global)},
      {"shared", json::Object{{"ldmatrix", toJson(counters.ldmatrix)},
                              {"stmatrix", toJson(counters.stmatrix)},
                              {"loads", toJson(counters.sharedLoads)},
                              {"stores", toJson(counters.sharedStores)},
                              {"async_copies", toJson(counters.asyncCopies)}}},
      {"mma_flops", counters.mmaFlops},
      {"wgmma_bytes", counters.wgmmaBytes},
      {"saturated_conversions", counters.saturatedConversions},
      {"mufu_ops", counters.mufuOps},
      {"barriers", counters.barriers},
      {"instructions", counters.instructions},
      {"instructions_by_class", std::move(classes)},
      {"shared_by_line", std::move(sharedLines)},
      {"executions_by_line", std::move(lines)}};
}

static json::Object idealBytes(const Program &program,
                               const RunInputs &inputs) {
  json::Object ideal;
  uint64_t read = 0, written = 0;
  for (auto [argument, value] :
       llvm::zip_equal(program.arguments(), inputs.values)) {
    if (!argument.isTensor)
      continue;
    ideal[argument.role] = value.tensor.byteSize();
    read += value.tensor.byteSize();
  }
  for (auto [result, output] :
       llvm::zip_equal(program.results(), inputs.outputs)) {
    uint64_t bytes = bytesOf(result.element);
    for (int64_t size : output.shape)
      bytes *= size;
    ideal[result.role] = bytes;
    written += bytes;
  }
  return json::Object{
      {"by_buffer", std::move(ideal)}, {"read", read}, {"written", written}};
}

json::Object run::conditionsJson(const SimConditions &conditions) {
  return json::Object{{"timing", conditions.timingName()},
                      {"seed", conditions.seed}};
}

/// What differs between runs of one kernel.
static json::Array runsJson(llvm::ArrayRef<DeviceRun> runs) {
  json::Array array;
  for (const DeviceRun &run : runs) {
    json::Object object;
    if (run.conditions)
      object = conditionsJson(*run.conditions);
    object["seconds"] = run.seconds;
    object["findings"] = json::Array(run.findings);
    array.push_back(std::move(object));
  }
  return array;
}

json::Object run::statsJson(const Program &program, const RunInputs &inputs,
                            llvm::ArrayRef<DeviceRun> runs) {
  const DeviceRun &run = runs.front();
  json::Array kernels;
  for (const KernelRecord &kernel : run.kernels) {
    json::Object record{
        {"name", kernel.name},
        {"grid", json::Array(llvm::ArrayRef<uint32_t>(kernel.grid))},
        {"block", json::Array(llvm::ArrayRef<uint32_t>(kernel.block))},
        {"cluster", json::Array(llvm::ArrayRef<uint32_t>(kernel.cluster))},
        {"dynamic_shared_bytes", kernel.dynamicSharedBytes}};
    if (kernel.counters) {
      record["instructions"] = kernel.counters->instructions;
      record["bytes_read"] = kernel.counters->bytesRead;
      record["bytes_written"] = kernel.counters->bytesWritten;
    }
    kernels.push_back(std::move(record));
  }
  json::Object stats{{"device", run.device},
                     {"chip", run.chip},
                     {"kernels", std::move(kernels)},
                     {"ideal_bytes", idealBytes(program, inputs)},
                     {"findings", json::Array(run.findings)},
                     {"seconds", run.seconds},
                     {"runs", runsJson(runs)}};
  if (run.counters)
    stats["counters"] = toJson(*run.counters);
  return stats;
}
