//===- PtxAst.h - parsed PTX before decoding --------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names are still text here. Scopes form a tree; the decoder looks a name up
// from the scope of the statement outwards.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_PTXAST_H
#define ATTN_LIB_SIM_PTXAST_H

#include "ScalarType.h"
#include "attn/Sim/Module.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace attn::sim::ast {

struct Operand {
  enum Kind {
    Name,      ///< register, symbol, label or `_`
    Immediate, ///< `value`; `immediate` tells how it was written
    Address,   ///< `[name + value]` or `[value]` when `name` is empty;
               ///< `[name + value, {elements}]` names a place in a tensor
    Vector,    ///< `{a, b, ...}`
    NamePair,  ///< `d|p`: `name` and `second`
  };
  enum ImmediateKind { Integer, Float32, Float64 };

  Kind kind = Name;
  std::string name, second;
  bool negated = false; ///< `!p`
  uint64_t value = 0;   ///< two's complement when negative
  ImmediateKind immediate = Integer;
  std::vector<Operand> elements;
};

struct SourceLocation {
  int file = 0, line = 0;
};

struct Instruction {
  int line = 0;
  std::string opcode;
  std::string guard; ///< empty: always
  bool guardNegated = false;
  std::vector<Operand> operands;
  uint32_t scope = 0;
  SourceLocation source;
};

enum class Space : uint8_t { Global, Const, Shared, Local, Param };

struct Variable {
  std::string name;
  Space space = Space::Global;
  uint64_t bytes = 0; ///< 0 for an `extern` array without a size
  uint32_t align = 1;
  bool isExtern = false;
  std::vector<uint8_t> init; ///< `bytes` long when there is an initialiser
  int line = 0;
};

/// A name declared in a function body.
struct Local {
  enum Kind { Register, Variable, Label, BranchTargets } kind = Register;
  ScalarType type = ScalarType::B32; ///< of a register
  uint32_t index = 0; ///< register number, variable, statement, or list
};

struct Scope {
  uint32_t parent = 0; ///< the outermost scope is its own parent
  std::unordered_map<std::string, Local> names;
};

struct BranchTargets {
  std::vector<std::string> labels;
  uint32_t scope = 0;
};

struct Function {
  std::string name;
  int line = 0;
  bool isEntry = false;
  bool hasBody = false;
  std::vector<Variable> params;
  Dim3 reqntid{0, 0, 0}, maxntid{0, 0, 0}, reqnctapercluster{0, 0, 0};
  uint64_t maxnreg = 0, minnctapersm = 0; ///< 0: none
  std::vector<Scope> scopes;
  std::vector<Variable> variables; ///< shared and local ones of the body
  std::vector<BranchTargets> branchTargets;
  std::vector<Instruction> body;
  uint32_t registers = 0; ///< how many were declared
};

struct Module {
  unsigned version = 0; ///< 10 * major + minor
  unsigned target = 0;  ///< 80 for sm_80
  std::string targetName;
  std::unordered_map<int, std::string> files;
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

} // namespace attn::sim::ast

#endif // ATTN_LIB_SIM_PTXAST_H
