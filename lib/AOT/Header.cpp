//===- Header.cpp - the C header of a program -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Header.h"
#include "Elements.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn::aot;

static std::string guardOf(llvm::StringRef name) {
  std::string guard = "ATTN_PROGRAM_";
  for (char c : name)
    guard += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  return guard + "_H";
}

static std::string parameterOf(const Argument &argument) {
  if (argument.isTensor)
    return "const attn_rt_tensor *" + argument.name;
  return scalarCType(argument.element).str() + " " + argument.name;
}

static void writeFunction(llvm::raw_ostream &os, const Signature &signature) {
  os << "\n/* " << signature.name << "\n";
  for (const Argument &argument : signature.arguments)
    os << " *   " << argument.name << ": " << describeType(argument)
       << (argument.isOutput ? ", written" : "") << "\n";
  os << " */\n";
  os << "extern const attn_rt_entry " << signature.name << "_entry;\n";
  std::string parameters;
  for (const Argument &argument : signature.arguments)
    parameters += ",\n    " + parameterOf(argument);
  os << "int32_t " << signature.name << "(\n    attn_rt_stream *stream"
     << parameters << ",\n    void *workspace, uint64_t workspace_bytes);\n";
  os << "int32_t " << signature.name
     << "_workspace_bytes(\n    attn_rt_stream *stream" << parameters
     << ",\n    uint64_t *bytes);\n";
}

std::string attn::aot::writeHeader(llvm::ArrayRef<Signature> signatures,
                                   llvm::ArrayRef<std::string> chips,
                                   llvm::StringRef name) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const std::string guard = guardOf(name);
  os << "/* Written by attn-opt, for " << llvm::join(chips, ", ") << ".\n"
     << " *\n"
     << " * Each function enqueues its kernels on the stream and returns a "
        "status code,\n"
     << " * see attn_rt_call and attn_rt_workspace_bytes. Link with "
        "libattn_runtime. */\n\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n"
     << "#include \"attn/Runtime/Runtime.h\"\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
  for (const Signature &signature : signatures)
    writeFunction(os, signature);
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
