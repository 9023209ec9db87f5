//===- RegionLoads.h - what regions read from captures --------- -*- C++
//-*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_CONVERSION_ATTNTOTILE_REGIONLOADS_H
#define ATTN_LIB_CONVERSION_ATTNTOTILE_REGIONLOADS_H

#include "attn/Dialect/Attn/IR/AttnDialect.h"

namespace mlir::attn {

/// Whether an index of a load depends on the position of the key.
bool loadsByKey(Region &region);

/// Whether one depends on the position of the query or of the key.
bool loadsByPosition(Region &region);

/// Where there are no keys, nothing may be read by key; but kernels with roles
/// evaluate the regions of one tile even then. What the score and the mask of
/// `op` read by key becomes a piece of the query then, at any index: what it
/// makes of a score is masked. Before `op`; its captures change.
void redirectLoadsWithoutKeys(AttentionOpInterface op);

} // namespace mlir::attn

#endif
