//===- Boards.cpp - peak numbers of GPUs ----------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Support/Boards.h"

using namespace attn;

/// Data sheets give the rates with sparsity as well, which are twice these. The
/// clock is the one at which the multiprocessors reach them, 2048 and 4096
/// operations a cycle each.
static constexpr Board kBoards[] = {
    {"A100 SXM 80GB", 80, 312, 0, 2.039e12, 108, 1.41e9,
     "NVIDIA A100 Tensor Core GPU data sheet"},
    {"H100 SXM", 90, 989.4, 1978.9, 3.35e12, 132, 1.83e9,
     "NVIDIA H100 Tensor Core GPU data sheet"},
    {"H200 SXM", 90, 989.4, 1978.9, 4.8e12, 132, 1.83e9,
     "NVIDIA H200 Tensor Core GPU data sheet"},
};

llvm::ArrayRef<Board> attn::boards() { return kBoards; }

bool Board::runs(llvm::StringRef chip) const {
  const bool isExact = chip.consume_back("a");
  int wanted;
  if (!chip.consume_front("sm_") || chip.getAsInteger(10, wanted))
    return false;
  return isExact ? wanted == capability : wanted <= capability;
}

Roofline attn::boundTime(const Board &board, double flops, double bytes) {
  return boundTime(board, board.tflops, flops, bytes);
}

Roofline attn::boundTime(const Board &board, double tflops, double flops,
                         double bytes) {
  return {flops / (tflops * 1e12), bytes / board.bytesPerSecond};
}
