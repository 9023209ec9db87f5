//===- PtxLexer.h - tokens of PTX text --------------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_PTXLEXER_H
#define ATTN_LIB_SIM_PTXLEXER_H

#include "attn/Sim/Module.h"

#include <string_view>
#include <vector>

namespace attn::sim {

struct Token {
  enum Kind {
    End,
    Word,    ///< `add.f32`, `.reg`, `%tid.x`, `$L__BB0_1`, `_`
    Integer, ///< value in `bits`
    Float32, ///< `0f3F800000`: pattern in `bits`
    Float64, ///< `0d...` and decimal fractions: pattern in `bits`
    String,  ///< text without the quotes
    Punct,   ///< one character
  };
  Kind kind = End;
  std::string_view text;
  uint64_t bits = 0;
  int line = 0;

  bool is(char c) const { return kind == Punct && text[0] == c; }
  bool isWord(std::string_view w) const { return kind == Word && text == w; }
};

/// Splits the text; the tokens point into it. The last token is `End`. False
/// with `error` filled for a character or number that is no PTX.
bool lex(std::string_view text, std::vector<Token> &tokens, Diagnostic &error);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_PTXLEXER_H
