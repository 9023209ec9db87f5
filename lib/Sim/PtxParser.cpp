//===- PtxParser.cpp - module level of PTX text ---------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PtxParser.h"

#include <algorithm>
#include <cstring>

using namespace attn::sim;

bool PtxParser::fail(std::string message) {
  return failAt(peek().line, std::move(message));
}

bool PtxParser::failAt(int line, std::string message) {
  if (error.message.empty())
    error = {line, std::move(message)};
  return false;
}

bool PtxParser::accept(char c) {
  if (!peek().is(c))
    return false;
  next();
  return true;
}

bool PtxParser::acceptWord(std::string_view word) {
  if (!peek().isWord(word))
    return false;
  next();
  return true;
}

static std::string describe(const Token &token) {
  if (token.kind == Token::End)
    return "end of text";
  return "'" + std::string(token.text) + "'";
}

bool PtxParser::expect(char c) {
  if (accept(c))
    return true;
  return fail(std::string("expected '") + c + "', but got " + describe(peek()));
}

bool PtxParser::expectName(std::string &name, const char *what) {
  if (peek().kind != Token::Word || peek().text[0] == '.')
    return fail(std::string("expected ") + what + ", but got " +
                describe(peek()));
  name = std::string(next().text);
  return true;
}

bool PtxParser::expectInteger(uint64_t &value, const char *what) {
  if (peek().kind != Token::Integer)
    return fail(std::string("expected ") + what + ", but got " +
                describe(peek()));
  value = next().bits;
  return true;
}

bool PtxParser::parseVersion() {
  // `8.7` is lexed as a fraction; the digits are what counts.
  const Token &token = peek();
  std::string text(token.text);
  size_t dot = text.find('.');
  if (token.kind != Token::Float64 || dot == std::string::npos ||
      text.size() > 6)
    return fail("expected a version such as 8.7");
  module.version = unsigned(std::atoi(text.c_str()) * 10 +
                            std::atoi(text.c_str() + dot + 1));
  next();
  return true;
}

bool PtxParser::parseTarget() {
  do {
    std::string name;
    int line = peek().line;
    if (!expectName(name, "a target"))
      return false;
    if (name == "debug" || name == "texmode_independent")
      continue;
    if (name.rfind("sm_", 0) != 0)
      return failAt(line, "unknown target '" + name + "'");
    module.targetName = name;
    module.target = unsigned(std::atoi(name.c_str() + 3));
    if (module.target < 80 || module.target > 90)
      return failAt(line, "target '" + name +
                              "' is not simulated; sm_80 to sm_90a are");
  } while (accept(','));
  return true;
}

bool PtxParser::parseFile() {
  uint64_t index;
  if (!expectInteger(index, "a file number"))
    return false;
  if (peek().kind != Token::String)
    return fail("expected a file name");
  module.files[int(index)] = std::string(next().text);
  while (peek().is(',')) { // time stamp and size
    next();
    uint64_t ignored;
    if (!expectInteger(ignored, "a number"))
      return false;
  }
  return true;
}

/// Debug sections carry nothing that runs.
bool PtxParser::skipSection() {
  std::string ignored;
  if (peek().kind == Token::Word)
    next();
  if (!expect('{'))
    return false;
  while (peek().kind != Token::End && !peek().is('}'))
    next();
  return expect('}');
}

bool PtxParser::parseModule() {
  while (peek().kind != Token::End)
    if (!parseModuleItem())
      return false;
  if (!module.target)
    return fail("expected a '.target' directive");
  return true;
}

bool PtxParser::parseModuleItem() {
  bool isExtern = false;
  while (true) { // linkage, which only matters for `extern`
    if (acceptWord(".extern"))
      isExtern = true;
    else if (!acceptWord(".visible") && !acceptWord(".weak") &&
             !acceptWord(".common"))
      break;
  }
  if (peek().kind != Token::Word)
    return fail("expected a directive, but got " + describe(peek()));
  std::string_view word = peek().text;
  if (word == ".global" || word == ".const" || word == ".shared") {
    next();
    ast::Space space = word == ".global"  ? ast::Space::Global
                       : word == ".const" ? ast::Space::Const
                                          : ast::Space::Shared;
    return parseVariables(space, isExtern, module.variables);
  }
  bool known = word == ".version" || word == ".target" ||
               word == ".address_size" || word == ".file" ||
               word == ".section" || word == ".entry" || word == ".func" ||
               word == ".pragma" || word == ".loc";
  if (!known)
    return fail("unknown directive '" + std::string(word) + "'");
  next();
  if (word == ".version")
    return parseVersion();
  if (word == ".target")
    return parseTarget();
  if (word == ".file")
    return parseFile();
  if (word == ".section")
    return skipSection();
  if (word == ".loc")
    return parseLoc();
  if (word == ".pragma")
    return peek().kind == Token::String ? (next(), expect(';'))
                                        : fail("expected a string");
  if (word == ".address_size") {
    uint64_t bits;
    if (!expectInteger(bits, "a size"))
      return false;
    return bits == 64 || fail("only 64-bit addresses are simulated");
  }
  return parseFunction(word == ".entry");
}

/// `[.align n] .type name[size] [= {...}], ... ;` after the space.
bool PtxParser::parseVariables(ast::Space space, bool isExtern,
                               std::vector<ast::Variable> &out) {
  uint64_t align = 0;
  if (acceptWord(".align") && !expectInteger(align, "an alignment"))
    return false;
  if (align > (1u << 20) || (align & (align - 1)))
    return fail("alignment must be a power of two");
  auto type = peek().kind == Token::Word
                  ? parseScalarType(peek().text.substr(1))
                  : std::nullopt;
  if (!type || *type == ScalarType::Pred || peek().text[0] != '.')
    return fail("expected a type, but got " + describe(peek()));
  next();
  do {
    ast::Variable variable;
    uint32_t least = align ? uint32_t(align) : byteWidth(*type);
    if (!parseVariable(space, isExtern, least, *type, variable))
      return false;
    out.push_back(std::move(variable));
  } while (accept(','));
  return expect(';');
}

bool PtxParser::parseVariable(ast::Space space, bool isExtern, uint32_t align,
                              ScalarType type, ast::Variable &out) {
  constexpr uint64_t limit = uint64_t(1) << 31;
  out.space = space;
  out.isExtern = isExtern;
  out.align = align;
  out.line = peek().line;
  if (!expectName(out.name, "a variable name"))
    return false;
  out.bytes = byteWidth(type);
  while (accept('[')) {
    uint64_t count = 0;
    if (!peek().is(']')) {
      if (!expectInteger(count, "an array size"))
        return false;
    } else if (!isExtern) {
      return fail("array without a size must be extern");
    }
    if (count > limit || out.bytes * count > limit)
      return fail("variable is too large");
    out.bytes *= count;
    if (!expect(']'))
      return false;
  }
  return !accept('=') || parseInitialiser(out, type);
}

bool PtxParser::parseInitialiser(ast::Variable &variable, ScalarType type) {
  if (variable.space != ast::Space::Global &&
      variable.space != ast::Space::Const)
    return fail("variable of this space must not have an initialiser");
  if (variable.bytes > (1u << 26))
    return fail("initialised variable is too large");
  variable.init.assign(variable.bytes, 0);
  unsigned width = byteWidth(type);
  size_t offset = 0;
  int depth = 0;
  do {
    while (accept('{'))
      ++depth;
    ast::Operand value;
    if (!parseImmediate(value))
      return false;
    uint64_t bits = value.value;
    if (value.immediate == ast::Operand::Float64 && type == ScalarType::F32) {
      double real;
      std::memcpy(&real, &bits, sizeof real);
      float narrow = float(real);
      bits = 0;
      std::memcpy(&bits, &narrow, sizeof narrow);
    }
    if (offset + width > variable.init.size())
      return fail("too many initialisers");
    std::memcpy(variable.init.data() + offset, &bits, width);
    offset += width;
    while (depth > 0 && accept('}'))
      --depth;
  } while (depth > 0 && accept(','));
  return depth == 0 || expect('}');
}

bool PtxParser::parseFunction(bool isEntry) {
  ast::Function function;
  function.isEntry = isEntry;
  function.line = peek().line;
  if (!isEntry && peek().is('(')) { // results
    std::vector<ast::Variable> results;
    if (!parseParams(results))
      return false;
  }
  if (!expectName(function.name, "a function name"))
    return false;
  if (peek().is('(') && !parseParams(function.params))
    return false;
  if (!parsePerformanceDirectives(function))
    return false;
  if (peek().is('{')) {
    function.hasBody = true;
    if (!parseBody(function))
      return false;
  } else if (isEntry || !expect(';')) {
    return fail("expected the body of the entry");
  }
  module.functions.push_back(std::move(function));
  return true;
}

bool PtxParser::parseParams(std::vector<ast::Variable> &params) {
  if (!expect('('))
    return false;
  if (accept(')'))
    return true;
  do {
    if (!acceptWord(".param"))
      return fail("expected '.param', but got " + describe(peek()));
    uint64_t align = 0, ignored;
    std::optional<ScalarType> type;
    while (peek().kind == Token::Word && peek().text[0] == '.') {
      std::string_view word = next().text;
      if (word == ".align") {
        // After `.ptr` it is the alignment of the pointee; keep the first.
        uint64_t &slot = type ? ignored : align;
        if (!expectInteger(slot, "an alignment"))
          return false;
      } else if (word == ".ptr" || word == ".global" || word == ".shared" ||
                 word == ".const" || word == ".local") {
        if (!type)
          return fail("expected a type before '" + std::string(word) + "'");
      } else if (auto parsed = parseScalarType(word.substr(1));
                 parsed && !type && *parsed != ScalarType::Pred) {
        type = parsed;
      } else {
        return fail("unknown parameter attribute '" + std::string(word) + "'");
      }
    }
    if (!type)
      return fail("expected a parameter type, but got " + describe(peek()));
    if (align > 1024 || (align & (align - 1)))
      return fail("alignment must be a power of two up to 1024");
    ast::Variable param;
    if (!parseVariable(ast::Space::Param, false,
                       align ? uint32_t(align) : byteWidth(*type), *type,
                       param))
      return false;
    if (param.bytes > 32764)
      return fail("parameter is too large");
    params.push_back(std::move(param));
  } while (accept(','));
  return expect(')');
}

bool PtxParser::parseDim3(Dim3 &dim) {
  uint64_t value[3] = {1, 1, 1};
  int count = 0;
  do {
    if (count == 3)
      return fail("expected at most three extents");
    if (!expectInteger(value[count++], "an extent"))
      return false;
    if (value[count - 1] == 0 || value[count - 1] > 0x7fffffff)
      return fail("extent is out of range");
  } while (accept(','));
  dim = {uint32_t(value[0]), uint32_t(value[1]), uint32_t(value[2])};
  return true;
}

bool PtxParser::parsePerformanceDirectives(ast::Function &function) {
  while (peek().kind == Token::Word && peek().text[0] == '.') {
    std::string_view word = next().text;
    uint64_t ignored;
    if (word == ".reqntid") {
      if (!parseDim3(function.reqntid))
        return false;
    } else if (word == ".maxntid") {
      if (!parseDim3(function.maxntid))
        return false;
    } else if (word == ".reqnctapercluster") {
      if (!parseDim3(function.reqnctapercluster))
        return false;
    } else if (word == ".maxnreg" || word == ".minnctapersm") {
      uint64_t &number =
          word == ".maxnreg" ? function.maxnreg : function.minnctapersm;
      if (!expectInteger(number, "a number"))
        return false;
      if (!number || number > 1024)
        return fail("number is out of range");
    } else if (word == ".maxnctapersm" || word == ".maxclusterrank") {
      if (!expectInteger(ignored, "a number"))
        return false;
    } else if (word != ".noreturn" && word != ".explicitcluster") {
      return fail("unknown performance directive '" + std::string(word) + "'");
    }
  }
  return true;
}

bool attn::sim::parsePtx(std::string_view text, ast::Module &module,
                         Diagnostic &error) {
  std::vector<Token> tokens;
  error = {};
  return lex(text, tokens, error) &&
         PtxParser(tokens, module, error).parseModule();
}
