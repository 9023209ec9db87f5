//===- Launch.cpp - launches on the simulator -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "State.h"
#include <cstdio>

using namespace fakecuda;
namespace sim = attn::sim;

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

namespace {
/// What a launch asks for.
struct Shape {
  sim::Dim3 grid, block, cluster;
  unsigned sharedBytes = 0;
};
} // namespace

static std::string text(const sim::Dim3 &size) {
  return std::to_string(size.x) + "," + std::to_string(size.y) + "," +
         std::to_string(size.z);
}

static uint64_t volume(const sim::Dim3 &size) {
  return uint64_t(size.x) * size.y * size.z;
}

static bool isWithin(const sim::Dim3 &size, const sim::Dim3 &most) {
  return volume(size) && size.x <= most.x && size.y <= most.y &&
         size.z <= most.z;
}

/// The limits of "Technical Specifications per Compute Capability".
static int checkGrid(const Function &function, const Shape &shape) {
  if (!isWithin(shape.grid, {0x7fffffff, 65535, 65535}))
    return refuse(InvalidValue, function.name + ": a grid of " +
                                    text(shape.grid) + " blocks");
  if (!isWithin(shape.block, {1024, 1024, 64}) || volume(shape.block) > 1024)
    return refuse(InvalidValue, function.name + ": blocks of " +
                                    text(shape.block) +
                                    " threads: at most 1024 are there");
  return Success;
}

static int checkShared(const Config &config, const Function &function,
                       const Shape &shape) {
  const unsigned fixed = function.info.staticSharedBytes;
  const unsigned unasked = 48 * 1024 - std::min(48u * 1024, fixed);
  const unsigned allowed = function.dynamicShared.value_or(unasked);
  if (shape.sharedBytes > allowed)
    return refuse(
        InvalidValue,
        function.name + ": " + std::to_string(shape.sharedBytes) +
            " bytes of dynamic shared memory: " + std::to_string(allowed) +
            " were allowed by cuFuncSetAttribute or by default");
  if (shape.sharedBytes + fixed > static_cast<unsigned>(config.sharedLimit()))
    return refuse(InvalidValue, function.name + ": shared memory of " +
                                    std::to_string(shape.sharedBytes + fixed) +
                                    " bytes");
  return Success;
}

static int checkCluster(const Config &config, const Function &function,
                        const Shape &shape) {
  const sim::Dim3 &grid = shape.grid, &cluster = shape.cluster;
  if (volume(cluster) == 1)
    return Success;
  // Text is made for what is refused only: tests count allocations.
  auto refuseCluster = [&](int result, const std::string &why) {
    return refuse(result, function.name + ": clusters of " + text(cluster) +
                              " blocks: " + why);
  };
  if (config.capability < 90)
    return refuseCluster(InvalidClusterSize, "this GPU has none");
  const uint64_t most = function.largeClusters ? 16 : 8;
  if (!volume(cluster) || volume(cluster) > most)
    return refuseCluster(InvalidClusterSize,
                         "1 to " + std::to_string(most) + " are allowed");
  if (grid.x % cluster.x || grid.y % cluster.y || grid.z % cluster.z)
    return refuseCluster(InvalidValue,
                         "they do not divide the grid " + text(grid));
  return Success;
}

static int checkParams(const Function &function, void **params, void **extra) {
  if (extra)
    return refuse(NotSupported, function.name + ": a buffer of parameters");
  for (size_t i = 0; i < function.info.params.size(); ++i)
    if (!params || !params[i])
      return refuse(InvalidValue, function.name + ": parameter " +
                                      std::to_string(i) + " is null");
  return Success;
}

//===----------------------------------------------------------------------===//
// Execution
//===----------------------------------------------------------------------===//

/// Keeps the findings, shows them, and breaks the context as a fault does.
static int fault(State &state, Context &context, const Function &function,
                 const sim::LaunchResult &result) {
  std::string report = "kernel " + function.name + ": " +
                       std::to_string(result.findings.size()) + " finding(s)" +
                       (result.completed ? "" : ", not completed");
  bool isRefused = false;
  for (const sim::Finding &finding : result.findings) {
    report += "\n  " + finding.str();
    state.findings += finding.str() + "\n";
    isRefused |= finding.hazard == sim::Hazard::BadLaunch;
  }
  // A launch that cannot be made harms nothing.
  if (!isRefused)
    context.fault = Fault::Unreported;
  return refuse(isRefused ? InvalidValue : Success, report);
}

static int run(Call &call, Handle handle, const Shape &shape, Handle stream,
               void **params, void **extra) {
  State &state = call.state;
  const Function *function = state.functions.find(handle);
  if (!function || function->context != &call.context() ||
      !isStream(call, stream))
    return InvalidHandle;
  if (int result = checkGrid(*function, shape))
    return result;
  if (int result = checkShared(state.config, *function, shape))
    return result;
  if (int result = checkCluster(state.config, *function, shape))
    return result;
  if (int result = checkParams(*function, params, extra))
    return result;
  Context &context = call.context();
  const Module *module = state.modules.find(function->module);
  // After a fault nothing runs any more, and a cubin never does.
  if (!state.executes || !module->code || context.fault != Fault::None)
    return Success;
  sim::LaunchOptions options;
  options.grid = shape.grid;
  options.block = shape.block;
  options.cluster = shape.cluster;
  options.dynamicSharedBytes = shape.sharedBytes;
  const sim::LaunchResult result = sim::launch(
      *module->code, function->name, *context.memory, params, options);
  return result.clean() ? Success : fault(state, context, *function, result);
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

static std::string describe(const Shape &shape, Handle stream) {
  return text(shape.grid) + " " + text(shape.block) +
         " shared=" + std::to_string(shape.sharedBytes) +
         " stream=" + fakecuda::text(stream);
}

FAKE_CUDA_API cuLaunchKernel(Handle function, unsigned gx, unsigned gy,
                             unsigned gz, unsigned bx, unsigned by, unsigned bz,
                             unsigned shared, Handle stream, void **params,
                             void **extra) {
  const Shape shape = {{gx, gy, gz}, {bx, by, bz}, {}, shared};
  Call call("launch", Needs::Context, [&] { return describe(shape, stream); });
  if (call.refusal())
    return call.refusal();
  return run(call, function, shape, stream, params, extra);
}

namespace {
/// CUlaunchAttribute and CUlaunchConfig, written from the manual and not taken
/// from the runtime, so that a mistake there shows.
struct LaunchAttribute {
  int id;
  char padding[4];
  union {
    struct {
      unsigned x, y, z;
    } clusterDim;
    char room[64];
  };
};

struct LaunchConfig {
  unsigned gridX, gridY, gridZ, blockX, blockY, blockZ, shared;
  Handle stream;
  LaunchAttribute *attributes;
  unsigned attributeCount;
};
} // namespace

FAKE_CUDA_API cuLaunchKernelEx(const LaunchConfig *config, Handle function,
                               void **params, void **extra) {
  if (!config || (config->attributeCount && !config->attributes))
    return InvalidValue;
  const LaunchConfig &c = *config;
  Shape shape = {{c.gridX, c.gridY, c.gridZ},
                 {c.blockX, c.blockY, c.blockZ},
                 {},
                 c.shared};
  Call call("launch-ex", Needs::Context, [&] {
    std::string line = describe(shape, c.stream) +
                       " attributes=" + std::to_string(c.attributeCount);
    for (unsigned i = 0; i < c.attributeCount; ++i) {
      const auto &cluster = c.attributes[i].clusterDim;
      line += " " + std::to_string(c.attributes[i].id) + "=" +
              text({cluster.x, cluster.y, cluster.z});
    }
    return line;
  });
  if (call.refusal())
    return call.refusal();
  for (unsigned i = 0; i < c.attributeCount; ++i) {
    const LaunchAttribute &attribute = c.attributes[i];
    const int ignored = 0, clusterDimension = 4;
    if (attribute.id == clusterDimension)
      shape.cluster = {attribute.clusterDim.x, attribute.clusterDim.y,
                       attribute.clusterDim.z};
    else if (attribute.id != ignored)
      return refuse(NotSupported, "launch attribute " +
                                      std::to_string(attribute.id) +
                                      " is not known here");
  }
  return run(call, function, shape, c.stream, params, extra);
}
