//===- Modules.cpp - loading PTX and cubins -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "State.h"
#include <cctype>
#include <cstring>

using namespace fakecuda;

//===----------------------------------------------------------------------===//
// What a text says of itself
//===----------------------------------------------------------------------===//

namespace {
/// The directives that decide whether a driver takes the text at all.
struct PtxHeader {
  int version = 0;         ///< 86 for PTX 8.6, 0 when it says none
  int capability = 0;      ///< 90 for sm_90a
  bool isSpecific = false; ///< sm_90a, not sm_90
  std::string target;
};
} // namespace

/// The words of a text, without comments.
static std::vector<std::string_view> firstWords(std::string_view ptx,
                                                size_t most) {
  std::vector<std::string_view> words;
  while (!ptx.empty() && words.size() < most) {
    if (ptx.substr(0, 2) == "//") {
      ptx.remove_prefix(std::min(ptx.find('\n'), ptx.size()));
    } else if (ptx.substr(0, 2) == "/*") {
      const size_t end = ptx.find("*/", 2);
      ptx.remove_prefix(end == ptx.npos ? ptx.size() : end + 2);
    } else if (std::isspace(static_cast<unsigned char>(ptx[0])) ||
               ptx[0] == ',') {
      ptx.remove_prefix(1);
    } else {
      const size_t end = std::min(ptx.find_first_of(" \t\r\n,"), ptx.size());
      words.push_back(ptx.substr(0, end));
      ptx.remove_prefix(end);
    }
  }
  return words;
}

static PtxHeader readHeader(std::string_view ptx) {
  PtxHeader header;
  const auto words = firstWords(ptx, 16);
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string value(words[i + 1]);
    if (words[i] == ".version") {
      int major = 0, minor = 0;
      if (std::sscanf(value.c_str(), "%d.%d", &major, &minor) == 2)
        header.version = major * 10 + minor;
    } else if (words[i] == ".target") {
      char suffix = 0;
      if (std::sscanf(value.c_str(), "sm_%d%c", &header.capability, &suffix) >=
          1)
        header.target = value;
      header.isSpecific = suffix != 0;
    }
  }
  return header;
}

/// The newest PTX that a driver knows, from the release notes of the PTX
/// manual; 86 for PTX 8.6.
static int newestPtx(int driver) {
  const int major = driver / 1000, minor = driver % 1000 / 10;
  switch (major) {
  case 10:
    return minor < 2 ? 63 : 65;
  case 11:
    return 70 + minor;
  case 12:
    return 80 + (minor < 6 ? minor : minor - 1);
  }
  return 90 + minor + (major - 13) * 10;
}

static std::string versionText(int version) {
  return std::to_string(version / 10) + "." + std::to_string(version % 10);
}

static bool runs(int capability, const PtxHeader &header) {
  return header.isSpecific ? capability == header.capability
                           : capability >= header.capability;
}

//===----------------------------------------------------------------------===//
// Loading
//===----------------------------------------------------------------------===//

/// Whether it is machine code, alone or in a fat binary.
static bool isBinary(const void *image) {
  return !std::memcmp(image, "\177ELF", 4) ||
         !std::memcmp(image, "\x50\xed\x55\xba", 4);
}

/// Compiles a text; `log` is what ptxas says.
static int compile(const Config &config, std::string_view ptx, Module &module,
                   std::string &log) {
  const PtxHeader header = readHeader(ptx);
  if (!header.version) {
    log = "ptxas fatal   : Missing .version directive at start of file";
    return InvalidPtx;
  }
  if (const int newest = newestPtx(config.driver); header.version > newest) {
    log = "ptxas fatal   : Unsupported .version " +
          versionText(header.version) + "; current version is '" +
          versionText(newest) + "'";
    // The result is as old as CUDA 11.1.
    return config.driver < 11010 ? InvalidPtx : UnsupportedPtxVersion;
  }
  if (header.capability && !runs(config.capability, header)) {
    log = "ptxas fatal   : Program with .target '" + header.target +
          "' cannot be compiled to architecture 'sm_" +
          std::to_string(config.capability) + "'";
    return NoBinaryForGpu;
  }
  attn::sim::Diagnostic error;
  module.code = attn::sim::parseModule(ptx, error);
  if (module.code)
    return Success;
  log = "ptxas application ptx input, line " + std::to_string(error.line) +
        "; error   : " + error.message +
        "\nptxas fatal   : Ptx assembly aborted due to errors";
  return InvalidPtx;
}

/// Copies `log` to the buffer that CU_JIT_ERROR_LOG_BUFFER (5) and its size (6)
/// name.
static void writeLog(const std::string &log, unsigned count, const int *options,
                     void **values) {
  char *buffer = nullptr;
  size_t size = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (options[i] == 5)
      buffer = static_cast<char *>(values[i]);
    else if (options[i] == 6)
      size = static_cast<unsigned>(reinterpret_cast<uintptr_t>(values[i]));
  }
  if (!buffer || !size)
    return;
  const size_t length = std::min(size - 1, log.size());
  std::memcpy(buffer, log.data(), length);
  buffer[length] = '\0';
}

/// A line of the diary: the image itself would be too long.
static std::string describe(const void *image) {
  if (!image)
    return "nothing";
  if (isBinary(image))
    return "machine code";
  const PtxHeader header = readHeader(static_cast<const char *>(image));
  return "PTX " + versionText(header.version) + " for " + header.target;
}

FAKE_CUDA_API cuModuleLoadDataEx(Handle *module, const void *image,
                                 unsigned count, int *options, void **values) {
  Call call("load", Needs::Context, [&] { return describe(image); });
  if (call.refusal()) {
    writeLog("the test has ordered it", count, options, values);
    return call.refusal();
  }
  if (!module || !image || (count && (!options || !values)))
    return InvalidValue;
  const Config &config = call.state.config;
  Module loaded;
  loaded.context = &call.context();
  if (isBinary(image)) {
    if (!config.acceptsCubins)
      return NoBinaryForGpu;
  } else {
    std::string log;
    const int result =
        compile(config, static_cast<const char *>(image), loaded, log);
    if (result) {
      writeLog(log, count, options, values);
      return result;
    }
  }
  *module = call.state.modules.add(std::move(loaded), call.state.lastHandle);
  return Success;
}

FAKE_CUDA_API cuModuleUnload(Handle module) {
  Call call("unload", Needs::Context);
  if (call.refusal())
    return call.refusal();
  if (!call.state.modules.remove(module))
    return InvalidHandle;
  call.state.functions.removeIf(
      [&](const Function &function) { return function.module == module; });
  return Success;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// The kernel of that name; a cubin has any.
static std::optional<attn::sim::EntryInfo> findEntry(const Module &module,
                                                     const char *name) {
  if (!module.code)
    return attn::sim::EntryInfo();
  for (attn::sim::EntryInfo &entry : attn::sim::entries(*module.code))
    if (entry.name == name)
      return std::move(entry);
  return std::nullopt;
}

FAKE_CUDA_API cuModuleGetFunction(Handle *function, Handle module,
                                  const char *name) {
  Call call("find", Needs::Context,
            [&] { return std::string(name ? name : "nothing"); });
  if (call.refusal())
    return call.refusal();
  if (!function || !name)
    return InvalidValue;
  State &state = call.state;
  const Module *owner = state.modules.find(module);
  if (!owner || owner->context != &call.context())
    return InvalidHandle;
  for (auto &[handle, known] : state.functions.objects)
    if (known.module == module && known.name == name) {
      *function = handle;
      return Success;
    }
  std::optional<attn::sim::EntryInfo> entry = findEntry(*owner, name);
  if (!entry)
    return NotFound;
  Function found;
  found.context = owner->context;
  found.module = module;
  found.name = name;
  found.info = std::move(*entry);
  *function = state.functions.add(std::move(found), state.lastHandle);
  return Success;
}

FAKE_CUDA_API cuFuncSetAttribute(Handle function, int attribute, int value) {
  Call call("set-attribute", Needs::Context, [&] {
    return std::to_string(attribute) + " " + std::to_string(value);
  });
  if (call.refusal())
    return call.refusal();
  Function *known = call.state.functions.find(function);
  if (!known || known->context != &call.context())
    return InvalidHandle;
  const Config &config = call.state.config;
  const int most =
      config.sharedLimit() - static_cast<int>(known->info.staticSharedBytes);
  switch (attribute) {
  case 8: // the most dynamic shared memory
    if (value < 0 || value > most)
      return refuse(InvalidValue, known->name + ": dynamic shared memory of " +
                                      std::to_string(value) +
                                      " bytes: at most " +
                                      std::to_string(most) + " are there");
    known->dynamicShared = static_cast<unsigned>(value);
    return Success;
  case 9: // preferred share of the cache
    return value >= -1 && value <= 100 ? Success : InvalidValue;
  case 14: // clusters of more than 8 blocks
    if (config.capability < 90 || (value != 0 && value != 1))
      return InvalidValue;
    known->largeClusters = value == 1;
    return Success;
  }
  return InvalidValue;
}
