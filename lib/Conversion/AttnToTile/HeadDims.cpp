//===- HeadDims.cpp - head dims that kernels take -------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "HeadDims.h"
#include "attn/Dialect/Attn/Analysis/KeyColumns.h"

using namespace mlir;
using namespace mlir::attn;

/// Of query and key, and of the value.
static constexpr int64_t kMost = 256;

/// Where the value lies in the key: groups of warps share its columns.
static constexpr int64_t kMostLatent = 576, kMostLatentValue = 512;

LogicalResult attn::checkHeadDims(AttentionOpInterface op, StringRef chip) {
  bool latent = isValueInKey(op);
  int64_t most = latent ? kMostLatent : kMost;
  int64_t mostValue = latent ? kMostLatentValue : kMost;
  for (auto [name, size, limit] :
       {std::tuple("head_dim", op.getHeadDim(), most),
        {"value head_dim", op.getValueHeadDim(), mostValue}}) {
    if (size >= 16 && size <= limit && size % 8 == 0)
      continue;
    InFlightDiagnostic error = op.emitError("expected a ");
    error << name << " that is a multiple of 8 from 16 to " << limit << " on "
          << chip << ", but got " << size;
    if (size > limit && !latent && op.getKeys().size() == 1)
      error << " (up to " << kMostLatent << ", with a value head_dim up to "
            << kMostLatentValue
            << ", where the value is the first columns of the key)";
    return error;
  }
  return success();
}
