//===- Verdict.cpp - what is said about all runs of a kernel --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Verdict.h"
#include "StatsJson.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>

using namespace attn;
using namespace attn::run;
namespace json = llvm::json;

static bool isWorse(const Check &one, const Check &other) {
  if (one.ok != other.ok)
    return !one.ok;
  return one.ok && one.worstRatio() > other.worstRatio();
}

static bool isIdentical(const TensorData &one, const TensorData &other) {
  return std::memcmp(one.data(), other.data(), one.byteSize()) == 0;
}

static bool areIdentical(const DeviceRun &one, const DeviceRun &other) {
  return one.outputs && other.outputs &&
         llvm::all_of(llvm::zip_equal(*one.outputs, *other.outputs),
                      [](const auto &pair) {
                        return isIdentical(std::get<0>(pair),
                                           std::get<1>(pair));
                      });
}

json::Object run::verdictJson(llvm::ArrayRef<DeviceRun> runs,
                              llvm::ArrayRef<Check> checks) {
  size_t worst = 0;
  for (size_t i = 1; i < checks.size(); ++i)
    if (isWorse(checks[i], checks[worst]))
      worst = i;
  json::Object object = checks[worst].toJson();
  object["device"] = runs[worst].device;
  object["chip"] = runs[worst].chip;
  if (runs.size() == 1)
    return object;
  json::Array wrong;
  for (auto [run, check] : llvm::zip_equal(runs, checks))
    if (!check.ok)
      wrong.push_back(conditionsJson(*run.conditions));
  object["runs"] = runs.size();
  object["worst_run"] = conditionsJson(*runs[worst].conditions);
  object["wrong_runs"] = std::move(wrong);
  object["identical"] = llvm::all_of(runs.drop_front(), [&](const auto &run) {
    return areIdentical(runs.front(), run);
  });
  return object;
}
