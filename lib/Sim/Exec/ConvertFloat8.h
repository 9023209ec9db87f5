//===- ConvertFloat8.h - cvt from and to 8-bit floats -----------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_EXEC_CONVERTFLOAT8_H
#define ATTN_LIB_SIM_EXEC_CONVERTFLOAT8_H

#include "../Decoder.h"

#include <optional>

namespace attn::sim {

/// What stands between `cvt` and its types.
struct Float8Modifiers {
  bool isNearest = false; ///< .rn
  bool satfinite = false, relu = false;
  bool other = false; ///< anything else
};

/// The rest of a cvt to type `to`, from the source type on. Nothing when
/// neither type is a pair of 8-bit floats; false after it has reported.
std::optional<bool> decodeFloat8(DecodeContext &d, Inst &inst,
                                 const Float8Modifiers &modifiers,
                                 ScalarType to);

} // namespace attn::sim

#endif // ATTN_LIB_SIM_EXEC_CONVERTFLOAT8_H
