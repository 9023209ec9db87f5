//===- PtxLexer.cpp - tokens of PTX text ----------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An opcode with its modifiers (`mbarrier.arrive::x`) is one word, and so is a
// directive or a special register: PTX never separates them by blanks.
//
//===----------------------------------------------------------------------===//

#include "PtxLexer.h"

#include <cstdlib>
#include <cstring>

using namespace attn::sim;

static bool isWordStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || c == '%' || c == '.';
}
static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isWordPart(char c) { return isWordStart(c) || isDigit(c); }

static int hexDigit(char c) {
  if (isDigit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

namespace {
class Lexer {
public:
  Lexer(std::string_view text, std::vector<Token> &tokens, Diagnostic &error)
      : text(text), tokens(tokens), error(error) {}

  bool run() {
    while (true) {
      if (!skipBlanks())
        return false;
      if (at == text.size())
        break;
      if (!one())
        return false;
    }
    push(Token::End, at);
    return true;
  }

private:
  char peek(size_t ahead = 0) const {
    return at + ahead < text.size() ? text[at + ahead] : '\0';
  }

  bool fail(std::string message) {
    error = {line, std::move(message)};
    return false;
  }

  void push(Token::Kind kind, size_t begin, uint64_t bits = 0) {
    Token token;
    token.kind = kind;
    token.text = text.substr(begin, at - begin);
    token.bits = bits;
    token.line = line;
    tokens.push_back(token);
  }

  bool skipBlanks() {
    while (at < text.size()) {
      char c = text[at];
      if (c == '\n') {
        ++line;
        ++at;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\0') {
        ++at;
      } else if (c == '/' && peek(1) == '/') {
        while (at < text.size() && text[at] != '\n')
          ++at;
      } else if (c == '/' && peek(1) == '*') {
        if (!skipBlockComment())
          return false;
      } else {
        break;
      }
    }
    return true;
  }

  bool skipBlockComment() {
    for (at += 2; at < text.size(); ++at) {
      if (text[at] == '\n')
        ++line;
      if (text[at] == '*' && peek(1) == '/') {
        at += 2;
        return true;
      }
    }
    return fail("comment is not closed");
  }

  bool one() {
    char c = text[at];
    if (isWordStart(c))
      return word();
    if (isDigit(c))
      return number();
    if (c == '"')
      return string();
    if (!std::strchr("{}[](),;:@!|+-=<>*", c))
      return fail(std::string("unexpected character '") + c + "'");
    ++at;
    push(Token::Punct, at - 1);
    return true;
  }

  bool word() {
    size_t begin = at;
    while (at < text.size()) {
      if (isWordPart(text[at]))
        ++at;
      else if (text[at] == ':' && peek(1) == ':' && isWordStart(peek(2)))
        at += 2; // `.L2::128B` starts a digit after `::`, see below
      else if (text[at] == ':' && peek(1) == ':' && isDigit(peek(2)))
        at += 2;
      else
        break;
    }
    push(Token::Word, begin);
    return true;
  }

  bool string() {
    size_t begin = ++at;
    while (at < text.size() && text[at] != '"' && text[at] != '\n')
      at += text[at] == '\\' && at + 1 < text.size() ? 2 : 1;
    if (at >= text.size() || text[at] != '"')
      return fail("string is not closed");
    push(Token::String, begin);
    ++at;
    return true;
  }

  bool hex(size_t digits, Token::Kind kind, size_t begin) {
    uint64_t value = 0;
    size_t count = 0;
    for (; hexDigit(peek()) >= 0; ++at, ++count)
      value = value << 4 | hexDigit(peek());
    if (count == 0 || count > 16 || (digits && count != digits))
      return fail("malformed number");
    return finishNumber(kind, begin, value);
  }

  bool finishNumber(Token::Kind kind, size_t begin, uint64_t value) {
    if (kind == Token::Integer && peek() == 'U')
      ++at;
    // `.L2::128B`-like words never get here, so a letter is an error.
    if (isWordPart(peek()) && peek() != '.')
      return fail("malformed number");
    push(kind, begin, value);
    return true;
  }

  bool number() {
    size_t begin = at;
    if (text[at] == '0') {
      char c = peek(1);
      if (c == 'x' || c == 'X')
        return at += 2, hex(0, Token::Integer, begin);
      if (c == 'f' || c == 'F')
        return at += 2, hex(8, Token::Float32, begin);
      if (c == 'd' || c == 'D')
        return at += 2, hex(16, Token::Float64, begin);
    }
    uint64_t value = 0;
    bool overflow = false;
    for (; isDigit(peek()); ++at) {
      uint64_t digit = uint64_t(peek() - '0');
      overflow |= value > (UINT64_MAX - digit) / 10;
      value = value * 10 + digit;
    }
    if (peek() == '.' && isDigit(peek(1))) {
      for (++at; isDigit(peek()); ++at)
        ;
      std::string copy(text.substr(begin, at - begin));
      double real = std::strtod(copy.c_str(), nullptr);
      std::memcpy(&value, &real, sizeof value);
      return finishNumber(Token::Float64, begin, value);
    }
    if (overflow)
      return fail("number does not fit in 64 bits");
    return finishNumber(Token::Integer, begin, value);
  }

  std::string_view text;
  std::vector<Token> &tokens;
  Diagnostic &error;
  size_t at = 0;
  int line = 1;
};
} // namespace

bool attn::sim::lex(std::string_view text, std::vector<Token> &tokens,
                    Diagnostic &error) {
  return Lexer(text, tokens, error).run();
}
