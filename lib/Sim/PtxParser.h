//===- PtxParser.h - PTX text to syntax tree --------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_PTXPARSER_H
#define ATTN_LIB_SIM_PTXPARSER_H

#include "PtxAst.h"
#include "PtxLexer.h"

namespace attn::sim {

/// Parses `text`; false with `error` filled when it is refused.
bool parsePtx(std::string_view text, ast::Module &module, Diagnostic &error);

/// Token stream and error reporting shared by the two halves of the parser.
/// A parse function returns false after it has called fail().
class PtxParser {
public:
  PtxParser(const std::vector<Token> &tokens, ast::Module &module,
            Diagnostic &error)
      : tokens(tokens), module(module), error(error) {}

  bool parseModule();

private:
  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(at + ahead, tokens.size() - 1)];
  }
  const Token &next() {
    const Token &token = peek();
    if (at + 1 < tokens.size())
      ++at;
    return token;
  }
  bool accept(char c);
  bool acceptWord(std::string_view word);
  bool expect(char c);
  bool fail(std::string message);
  bool failAt(int line, std::string message);
  bool expectName(std::string &name, const char *what);
  bool expectInteger(uint64_t &value, const char *what);

  // Module level (PtxParser.cpp).
  bool parseModuleItem();
  bool parseTarget();
  bool parseVersion();
  bool parseFile();
  bool skipSection();
  bool parseVariables(ast::Space space, bool isExtern,
                      std::vector<ast::Variable> &out);
  bool parseVariable(ast::Space space, bool isExtern, uint32_t align,
                     ScalarType type, ast::Variable &out);
  bool parseInitialiser(ast::Variable &variable, ScalarType type);
  bool parseFunction(bool isEntry);
  bool parseParams(std::vector<ast::Variable> &params);
  bool parsePerformanceDirectives(ast::Function &function);
  bool parseDim3(Dim3 &dim);

  // Function bodies (PtxBodyParser.cpp).
  bool parseBody(ast::Function &function);
  bool parseStatement(ast::Function &function, std::vector<uint32_t> &scopes);
  bool parseBodyDirective(ast::Function &function, uint32_t scope);
  bool parseRegisters(ast::Function &function, uint32_t scope);
  bool parseLoc();
  bool parseBranchTargets(ast::Function &function, uint32_t scope,
                          const std::string &label);
  bool parseInstruction(ast::Function &function, uint32_t scope);
  bool parseOperand(ast::Operand &operand, bool inVector);
  bool parseImmediate(ast::Operand &operand);
  bool parseAddress(ast::Operand &operand);
  bool finishAddress(ast::Operand &operand);
  bool declare(ast::Function &function, uint32_t scope, std::string name,
               ast::Local local);

  const std::vector<Token> &tokens;
  ast::Module &module;
  Diagnostic &error;
  size_t at = 0;
  ast::SourceLocation source;
};

} // namespace attn::sim

#endif // ATTN_LIB_SIM_PTXPARSER_H
