//===- PtxBodyParser.cpp - function bodies of PTX text --------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxParser.h"

#include <algorithm>

using namespace attn::sim;

/// Most registers a function may declare; a bound on what garbage can ask for.
static constexpr uint32_t maxRegisters = 1u << 17;

bool PtxParser::declare(ast::Function &function, uint32_t scope,
                        std::string name, ast::Local local) {
  auto [it, inserted] =
      function.scopes[scope].names.emplace(std::move(name), local);
  return inserted || fail("'" + it->first + "' is declared twice");
}

bool PtxParser::parseBody(ast::Function &function) {
  std::vector<uint32_t> scopes; // the open scopes, innermost last
  source = {};
  do {
    if (!parseStatement(function, scopes))
      return false;
  } while (!scopes.empty());
  return true;
}

bool PtxParser::parseStatement(ast::Function &function,
                               std::vector<uint32_t> &scopes) {
  const Token &token = peek();
  if (accept('{')) {
    uint32_t parent = scopes.empty() ? 0 : scopes.back();
    scopes.push_back(uint32_t(function.scopes.size()));
    function.scopes.push_back({parent, {}});
    return true;
  }
  if (accept('}')) {
    scopes.pop_back();
    return true;
  }
  if (accept(';'))
    return true;
  uint32_t scope = scopes.back();
  if (token.kind == Token::Word) {
    if (token.text[0] == '.')
      return parseBodyDirective(function, scope);
    if (peek(1).is(':')) {
      std::string label(token.text);
      next(), next();
      if (peek().isWord(".branchtargets"))
        return parseBranchTargets(function, scope, label);
      return declare(
          function, scope, label,
          {ast::Local::Label, ScalarType::B32, uint32_t(function.body.size())});
    }
    return parseInstruction(function, scope);
  }
  if (token.is('@'))
    return parseInstruction(function, scope);
  return fail("expected an instruction");
}

bool PtxParser::parseBodyDirective(ast::Function &function, uint32_t scope) {
  std::string_view word = next().text;
  if (word == ".reg")
    return parseRegisters(function, scope);
  if (word == ".loc")
    return parseLoc();
  if (word == ".pragma") {
    if (peek().kind != Token::String)
      return fail("expected a string");
    next();
    return expect(';');
  }
  if (word == ".shared" || word == ".local") {
    std::vector<ast::Variable> variables;
    if (!parseVariables(word == ".shared" ? ast::Space::Shared
                                          : ast::Space::Local,
                        false, variables))
      return false;
    for (ast::Variable &variable : variables) {
      if (!declare(function, scope, variable.name,
                   {ast::Local::Variable, ScalarType::B32,
                    uint32_t(function.variables.size())}))
        return false;
      function.variables.push_back(std::move(variable));
    }
    return true;
  }
  if (word == ".param" && !function.isEntry) {
    std::vector<ast::Variable> ignored; // calls are refused when reached
    return parseVariables(ast::Space::Param, false, ignored);
  }
  --at;
  if (word == ".param")
    return fail("calls are not simulated: inline all functions");
  return fail("unknown directive '" + std::string(word) + "' in a function");
}

/// `.reg .b32 %r<40>, %x;`
bool PtxParser::parseRegisters(ast::Function &function, uint32_t scope) {
  auto type = peek().kind == Token::Word
                  ? parseScalarType(peek().text.substr(1))
                  : std::nullopt;
  if (!type || bitWidth(*type) == 8)
    return fail("expected a register type");
  next();
  do {
    std::string name;
    if (!expectName(name, "a register name"))
      return false;
    uint64_t count = 1;
    bool numbered = accept('<');
    if (numbered && (!expectInteger(count, "a count") || !expect('>')))
      return false;
    if (count > maxRegisters || function.registers + count > maxRegisters)
      return fail("too many registers");
    for (uint64_t i = 0; i < count; ++i) {
      ast::Local local{ast::Local::Register, *type, function.registers++};
      std::string full = numbered ? name + std::to_string(i) : name;
      if (!declare(function, scope, std::move(full), local))
        return false;
    }
  } while (accept(','));
  return expect(';');
}

/// `.loc file line column[, function_name label[+n], inlined_at f l c]`
bool PtxParser::parseLoc() {
  uint64_t file, line, column;
  if (!expectInteger(file, "a file number") || !expectInteger(line, "a line") ||
      !expectInteger(column, "a column"))
    return false;
  source = {int(file), int(line)};
  while (peek().is(',') && peek(1).kind == Token::Word) {
    next();
    if (acceptWord("function_name")) {
      next();
      if (accept('+'))
        next();
    } else if (acceptWord("inlined_at")) {
      for (int i = 0; i < 3; ++i)
        if (!expectInteger(column, "a number"))
          return false;
    } else {
      return fail("unknown part of '.loc'");
    }
  }
  return true;
}

bool PtxParser::parseBranchTargets(ast::Function &function, uint32_t scope,
                                   const std::string &label) {
  next();
  ast::BranchTargets targets;
  targets.scope = scope;
  do {
    std::string name;
    if (!expectName(name, "a label"))
      return false;
    targets.labels.push_back(std::move(name));
  } while (accept(','));
  if (!declare(function, scope, label,
               {ast::Local::BranchTargets, ScalarType::B32,
                uint32_t(function.branchTargets.size())}))
    return false;
  function.branchTargets.push_back(std::move(targets));
  return expect(';');
}

bool PtxParser::parseInstruction(ast::Function &function, uint32_t scope) {
  ast::Instruction instruction;
  instruction.scope = scope;
  instruction.source = source;
  if (accept('@')) {
    instruction.guardNegated = accept('!');
    if (!expectName(instruction.guard, "a predicate"))
      return false;
  }
  instruction.line = peek().line;
  if (!expectName(instruction.opcode, "an instruction"))
    return false;
  std::string_view stem = std::string_view(instruction.opcode)
                              .substr(0, instruction.opcode.find('.'));
  if (stem == "call") {
    // Only refused in code that runs, so that a module with an unused device
    // function is accepted.
    if (function.isEntry)
      return fail("calls are not simulated: inline all functions");
    while (peek().kind != Token::End && !peek().is(';'))
      next();
    return expect(';');
  }
  if (!peek().is(';')) {
    do {
      ast::Operand operand;
      if (!parseOperand(operand, false))
        return false;
      instruction.operands.push_back(std::move(operand));
    } while (accept(','));
  }
  if (!expect(';'))
    return false;
  function.body.push_back(std::move(instruction));
  return true;
}

bool PtxParser::parseOperand(ast::Operand &operand, bool inVector) {
  if (peek().is('{') && !inVector) {
    next();
    operand.kind = ast::Operand::Vector;
    do {
      ast::Operand element;
      if (!parseOperand(element, true))
        return false;
      operand.elements.push_back(std::move(element));
    } while (accept(','));
    return expect('}');
  }
  if (peek().is('[') && !inVector)
    return parseAddress(operand);
  if (accept('!'))
    operand.negated = true;
  if (peek().kind == Token::Word) {
    operand.kind = ast::Operand::Name;
    if (!expectName(operand.name, "an operand"))
      return false;
    if (accept('|')) {
      operand.kind = ast::Operand::NamePair;
      return expectName(operand.second, "a predicate");
    }
    if (accept('+')) { // symbol plus constant, as in `mov.b64 d, sym+16`
      ast::Operand offset;
      if (!parseImmediate(offset))
        return false;
      operand.value = offset.value;
    }
    return true;
  }
  return !operand.negated ? parseImmediate(operand)
                          : fail("expected a predicate after '!'");
}

bool PtxParser::parseImmediate(ast::Operand &operand) {
  operand.kind = ast::Operand::Immediate;
  bool negative = accept('-');
  const Token &token = peek();
  switch (token.kind) {
  case Token::Integer:
    operand.immediate = ast::Operand::Integer;
    operand.value = negative ? 0 - token.bits : token.bits;
    break;
  case Token::Float32:
    operand.immediate = ast::Operand::Float32;
    operand.value = token.bits ^ (negative ? uint64_t(1) << 31 : 0);
    break;
  case Token::Float64:
    operand.immediate = ast::Operand::Float64;
    operand.value = token.bits ^ (negative ? uint64_t(1) << 63 : 0);
    break;
  default:
    return fail("expected an operand");
  }
  next();
  return true;
}

/// `[base]`, `[base+4]`, `[base+-4]`, `[base-4]`, `[4]`, and `[base, {c0, c1}]`
bool PtxParser::parseAddress(ast::Operand &operand) {
  next();
  operand.kind = ast::Operand::Address;
  if (peek().kind == Token::Word) {
    if (!expectName(operand.name, "an address"))
      return false;
    if (peek().is(']') || peek().is(','))
      return finishAddress(operand);
    if (!peek().is('-') && !accept('+'))
      return fail("unsupported form of address");
  }
  ast::Operand offset;
  if (!parseImmediate(offset))
    return false;
  if (offset.immediate != ast::Operand::Integer)
    return fail("expected an integer offset");
  operand.value = offset.value;
  return finishAddress(operand);
}

bool PtxParser::finishAddress(ast::Operand &operand) {
  if (accept(',')) {
    ast::Operand coordinates;
    if (!peek().is('{') || !parseOperand(coordinates, false))
      return fail("expected the coordinates of a tensor");
    operand.elements = std::move(coordinates.elements);
  }
  return expect(']');
}
