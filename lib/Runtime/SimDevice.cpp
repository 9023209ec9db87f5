//===- SimDevice.cpp - the simulator as a device --------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/SimDevice.h"
#include "attn/Sim/TensorMap.h"
#include <algorithm>
#include <cstring>

using namespace attn;
using namespace attn::runtime;

//===----------------------------------------------------------------------===//
// Adding counters
//===----------------------------------------------------------------------===//

static void add(sim::AccessCounters &sum, const sim::AccessCounters &more) {
  sum.bytesRead += more.bytesRead;
  sum.bytesWritten += more.bytesWritten;
  sum.sectorsRead += more.sectorsRead;
  sum.sectorsWritten += more.sectorsWritten;
}

static void add(sim::SharedCounters &sum, const sim::SharedCounters &more) {
  sum.instructions += more.instructions;
  sum.wavefronts += more.wavefronts;
  sum.conflicts += more.conflicts;
}

static void add(uint64_t &sum, uint64_t more) { sum += more; }

template <typename Key, typename Value>
static void add(std::map<Key, Value> &sum, const std::map<Key, Value> &more) {
  for (const auto &[key, value] : more)
    add(sum[key], value);
}

static void add(sim::Counters &sum, const sim::Counters &more) {
  add(sum.global, more.global);
  add(sum.ldmatrix, more.ldmatrix);
  add(sum.stmatrix, more.stmatrix);
  add(sum.sharedLoads, more.sharedLoads);
  add(sum.sharedStores, more.sharedStores);
  add(sum.asyncCopies, more.asyncCopies);
  sum.mmaFlops += more.mmaFlops;
  sum.wgmmaBytes += more.wgmmaBytes;
  sum.saturatedConversions += more.saturatedConversions;
  sum.mufuOps += more.mufuOps;
  sum.barriers += more.barriers;
  sum.instructions += more.instructions;
  sum.warps += more.warps;
  sum.ctas += more.ctas;
  add(sum.instructionsByClass, more.instructionsByClass);
  add(sum.sharedByLine, more.sharedByLine);
  add(sum.executionsByLine, more.executionsByLine);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

SimDevice::SimDevice(SimOptions options) : options(std::move(options)) {}
SimDevice::~SimDevice() = default;

std::string SimDevice::name() const { return "simulator"; }

int32_t SimDevice::multiprocessors() const {
  if (options.multiprocessors > 0)
    return options.multiprocessors;
  // A100 and its like; H100 SXM and H200.
  const bool isAmpere = options.chip.compare(0, 4, "sm_8") == 0;
  return isAmpere ? 108 : 132;
}

Status SimDevice::allocate(size_t bytes, std::string_view name,
                           uint64_t &address) {
  // One byte is what gives an empty buffer an address; an access of any usual
  // width to it is still out of bounds.
  address = memory.allocate(std::max<size_t>(bytes, 1), std::string(name));
  if (!address)
    return Status::error(ATTN_RT_OUT_OF_MEMORY,
                         "cannot allocate " + std::to_string(bytes) +
                             " bytes for " + std::string(name));
  names[address] = std::string(name);
  return Status::success();
}

Status SimDevice::release(uint64_t address) {
  if (!address)
    return Status::success();
  names.erase(address);
  if (!memory.release(address))
    return Status::error(ATTN_RT_INVALID_ARGUMENT,
                         "expected the address of an allocation, but got " +
                             std::to_string(address));
  return Status::success();
}

static Status outside(const char *what, size_t bytes) {
  return Status::error(ATTN_RT_INVALID_ARGUMENT,
                       std::string(what) + " of " + std::to_string(bytes) +
                           " bytes is not inside one allocation");
}

Status SimDevice::copyToDevice(uint64_t to, const void *from, size_t bytes) {
  if (bytes && !memory.write(to, from, bytes))
    return outside("copy to the device", bytes);
  return Status::success();
}

/// Offset of the first byte that is not initialised; there is one.
static size_t firstUninitialised(const sim::Memory &memory, uint64_t address,
                                 size_t bytes) {
  size_t good = 0, bad = bytes; // the prefix [0, good) is, [0, bad) is not
  while (bad - good > 1) {
    const size_t middle = good + (bad - good) / 2;
    (memory.isInitialised(address, middle) ? good : bad) = middle;
  }
  return good;
}

Status SimDevice::copyFromDevice(void *to, uint64_t from, size_t bytes) {
  if (!bytes)
    return Status::success();
  if (!memory.read(to, from, bytes))
    return outside("copy from the device", bytes);
  if (memory.isInitialised(from, bytes))
    return Status::success();
  sim::Finding finding;
  finding.hazard = sim::Hazard::Uninitialised;
  auto owner = names.upper_bound(from);
  if (owner != names.begin())
    finding.buffer = std::prev(owner)->second;
  finding.message =
      "the host reads " + std::to_string(bytes) +
      " bytes that no kernel has written in full, first missing: byte " +
      std::to_string(firstUninitialised(memory, from, bytes));
  Status status = Status::error(ATTN_RT_FINDING, finding.str());
  allFindings.push_back(std::move(finding));
  return status;
}

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

Status SimDevice::loadModule(std::string_view image, ModuleHandle &module) {
  if (image.substr(0, 4) == std::string_view("\177ELF", 4))
    return Status::error(ATTN_RT_BAD_IMAGE,
                         "expected PTX text, but got a cubin");
  sim::Diagnostic error;
  std::shared_ptr<const sim::Module> parsed = sim::parseModule(image, error);
  if (!parsed)
    return Status::error(ATTN_RT_BAD_IMAGE, "PTX line " +
                                                std::to_string(error.line) +
                                                ": " + error.message);
  module = nextModule++;
  modules.emplace(module, std::move(parsed));
  return Status::success();
}

Status SimDevice::unloadModule(ModuleHandle module) {
  if (!modules.erase(module))
    return Status::error(ATTN_RT_INVALID_ARGUMENT, "expected a loaded module");
  return Status::success();
}

/// The driver reads as many parameters as the entry has, so a wrong count would
/// be a wild read there.
static Status checkParams(const sim::Module &module, const Launch &launch) {
  for (const sim::EntryInfo &entry : sim::entries(module)) {
    if (entry.name != launch.kernel)
      continue;
    if (entry.params.size() == launch.paramCount)
      return Status::success();
    return Status::error(
        ATTN_RT_INVALID_ARGUMENT,
        "kernel " + entry.name + " has " + std::to_string(entry.params.size()) +
            " parameters, but got " + std::to_string(launch.paramCount));
  }
  return Status::error(ATTN_RT_NO_KERNEL, "the module has no kernel named " +
                                              std::string(launch.kernel));
}

static sim::TensorType tensorType(uint32_t element) {
  switch (element) {
  case ATTN_RT_ELEMENT_I32:
    return sim::TensorType::S32;
  case ATTN_RT_ELEMENT_F16:
    return sim::TensorType::F16;
  case ATTN_RT_ELEMENT_BF16:
    return sim::TensorType::BF16;
  case ATTN_RT_ELEMENT_F32:
    return sim::TensorType::F32;
  default:
    return sim::TensorType::U8;
  }
}

static sim::TensorSwizzle tensorSwizzle(uint32_t bytes) {
  switch (bytes) {
  case 32:
    return sim::TensorSwizzle::B32;
  case 64:
    return sim::TensorSwizzle::B64;
  case 128:
    return sim::TensorSwizzle::B128;
  default:
    return sim::TensorSwizzle::None;
  }
}

static sim::TensorPromotion tensorPromotion(uint32_t bytes) {
  switch (bytes) {
  case 64:
    return sim::TensorPromotion::L2B64;
  case 128:
    return sim::TensorPromotion::L2B128;
  case 256:
    return sim::TensorPromotion::L2B256;
  default:
    return sim::TensorPromotion::None;
  }
}

Status SimDevice::encodeTensorMap(const attn_rt_tensor_map_desc &desc,
                                  void *map) {
  sim::TensorMapInfo info;
  info.type = tensorType(desc.element);
  info.rank = desc.rank;
  info.address = desc.address;
  for (uint32_t i = 0; i < desc.rank; ++i) {
    info.dims[i] = static_cast<uint64_t>(desc.dims[i]);
    info.box[i] = desc.box[i];
    if (i > 0)
      info.strides[i - 1] = static_cast<uint64_t>(desc.strides[i]);
  }
  info.swizzle = tensorSwizzle(desc.swizzle);
  info.promotion = tensorPromotion(desc.promotion);
  sim::TensorMap encoded;
  const std::string problem = sim::encodeTensorMap(info, encoded);
  if (!problem.empty())
    return Status::error(ATTN_RT_DEVICE_ERROR,
                         "cannot encode the tensor map of " +
                             std::string(desc.name ? desc.name : "a tensor") +
                             ": " + problem);
  std::memcpy(map, encoded.bytes, sizeof(encoded.bytes));
  return Status::success();
}

Status SimDevice::prepare(const Launch &launch) {
  auto found = modules.find(launch.module);
  if (found == modules.end())
    return Status::error(ATTN_RT_INVALID_ARGUMENT, "expected a loaded module");
  return checkParams(*found->second, launch);
}

Status SimDevice::launch(const Launch &launch) {
  Status status = prepare(launch);
  if (!status.ok())
    return status;
  const auto found = modules.find(launch.module);

  sim::LaunchOptions how;
  how.grid = {launch.grid.x, launch.grid.y, launch.grid.z};
  how.block = {launch.block.x, launch.block.y, launch.block.z};
  how.cluster = {launch.cluster.x, launch.cluster.y, launch.cluster.z};
  how.dynamicSharedBytes = launch.dynamicSharedBytes;
  how.seed = options.seed;
  how.timing = options.timing;
  how.threads = options.threads;
  how.instructionLimit = options.instructionLimit;
  how.float8Accumulation = options.float8Accumulation;
  sim::LaunchResult result =
      sim::launch(*found->second, launch.kernel, memory, launch.params, how);
  add(allCounters, result.counters);
  sim::AccessCounters moved;
  for (const auto &[buffer, counters] : result.counters.global)
    add(moved, counters);
  perLaunch.push_back(
      {result.counters.instructions, moved.bytesRead, moved.bytesWritten});
  if (result.clean())
    return Status::success();

  std::string message = "kernel " + std::string(launch.kernel) + ": " +
                        std::to_string(result.findings.size()) + " finding(s)";
  if (!result.completed)
    message += ", not completed";
  for (sim::Finding &finding : result.findings) {
    message += "\n  " + finding.str();
    allFindings.push_back(std::move(finding));
  }
  return Status::error(ATTN_RT_FINDING, std::move(message));
}

Status SimDevice::synchronize(void *) { return Status::success(); }

void SimDevice::reset() {
  allFindings.clear();
  allCounters = {};
  perLaunch.clear();
}
