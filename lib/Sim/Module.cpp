//===- Module.cpp - parsing and decoding a whole module -------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"
#include "PtxParser.h"

#include <atomic>
#include <set>

using namespace attn::sim;

static std::vector<std::string> splitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    size_t first = line.find_first_not_of(" \t");
    size_t last = line.find_last_not_of(" \t\r");
    lines.emplace_back(first == std::string_view::npos
                           ? std::string_view()
                           : line.substr(first, last - first + 1));
    if (end == std::string_view::npos)
      return lines;
    text.remove_prefix(end + 1);
  }
}

std::shared_ptr<const Module> attn::sim::parseModule(std::string_view ptx,
                                                     Diagnostic &error) {
  static std::atomic<uint64_t> nextId{1};
  ast::Module parsed;
  if (!parsePtx(ptx, parsed, error))
    return nullptr;
  auto module = std::make_shared<Module>();
  module->id = nextId++;
  module->target = parsed.target;
  module->version = parsed.version;
  module->lines = splitLines(ptx);
  module->files = parsed.files;
  std::set<std::string> names;
  for (ast::Variable &v : parsed.variables) {
    if (!names.insert(v.name).second) {
      error = {v.line, "'" + v.name + "' is declared twice"};
      return nullptr;
    }
    // Shared variables keep their number, but have no global storage.
    bool stored = v.space != ast::Space::Shared;
    module->globals.push_back({v.name, stored ? v.bytes : 0, v.align,
                               v.space == ast::Space::Const,
                               std::move(v.init)});
  }
  for (const ast::Function &function : parsed.functions) {
    if (!function.isEntry)
      continue;
    if (!names.insert(function.name).second) {
      error = {function.line, "'" + function.name + "' is declared twice"};
      return nullptr;
    }
    Program program;
    if (!decodeEntry(parsed, function, program, error))
      return nullptr;
    module->programs.push_back(std::move(program));
  }
  return module;
}

std::vector<EntryInfo> attn::sim::entries(const Module &module) {
  std::vector<EntryInfo> result;
  for (const Program &program : module.programs)
    result.push_back(program.info);
  return result;
}
