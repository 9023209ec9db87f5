//===- Module.h - a parsed and decoded PTX module ---------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_SIM_MODULE_H
#define ATTN_SIM_MODULE_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attn::sim {

/// Extents of a grid or block, or coordinates inside one.
struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
};

/// Why a text was refused.
struct Diagnostic {
  int line = 0; ///< line of the PTX text, from 1; 0 when there is none
  std::string message;
};

/// A decoded module. Immutable, so one module serves any number of threads.
class Module;

/// Parses and decodes all entries of `ptx`. Returns nullptr and fills `error`
/// when the text holds anything that the simulator does not know.
std::shared_ptr<const Module> parseModule(std::string_view ptx,
                                          Diagnostic &error);

/// One kernel parameter; all numbers are bytes.
struct ParamInfo {
  std::string name;
  uint32_t size = 0, align = 0, offset = 0;
};

struct EntryInfo {
  std::string name;
  std::vector<ParamInfo> params;
  uint32_t paramBytes = 0;        ///< size of the parameter block
  uint32_t staticSharedBytes = 0; ///< without the dynamic part
  Dim3 reqntid{0, 0, 0}; ///< block size demanded by `.reqntid`; 0 = none
  /// Cluster size demanded by `.reqnctapercluster`; 0 = none
  Dim3 reqnctapercluster{0, 0, 0};
};

/// The entries in the order of the text.
std::vector<EntryInfo> entries(const Module &module);

} // namespace attn::sim

#endif // ATTN_SIM_MODULE_H
