//===- Cfg.cpp - where diverged lanes meet again --------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Immediate post-dominators by the iterative algorithm of Cooper, Harvey and
// Kennedy on the reversed graph of basic blocks, with one virtual exit.
//
//===----------------------------------------------------------------------===//

#include "Cfg.h"

#include <algorithm>

using namespace attn::sim;

namespace {
struct Block {
  uint32_t begin, end; ///< instructions [begin, end)
  std::vector<uint32_t> successors, predecessors;
};

class PostDominators {
public:
  explicit PostDominators(Program &program) : program(program) {}

  void run() {
    splitBlocks();
    connect();
    orderFromExit();
    solve();
    for (const Block &block : blocks) {
      if (block.begin == block.end)
        continue;
      Inst &last = program.code[block.end - 1];
      uint32_t dom = idom[blockOf[block.end - 1]];
      if (last.isBranch)
        last.reconverge =
            dom == undefined || dom == exitBlock ? noPc : blocks[dom].begin;
    }
  }

private:
  static constexpr uint32_t undefined = ~0u;

  std::vector<uint32_t> targets(const Inst &inst) const {
    if (inst.target != noPc)
      return {inst.target};
    return program.targetLists[inst.targetList];
  }

  void splitBlocks() {
    uint32_t size = uint32_t(program.code.size());
    std::vector<bool> starts(size + 1, false);
    starts[0] = starts[size] = true;
    for (uint32_t pc = 0; pc < size; ++pc) {
      const Inst &inst = program.code[pc];
      if (inst.isBranch)
        for (uint32_t target : targets(inst))
          starts[std::min(target, size)] = true;
      if (inst.isBranch || inst.isExit)
        starts[pc + 1] = true;
    }
    blockOf.assign(size + 1, 0);
    for (uint32_t pc = 0; pc < size; ++pc) {
      if (starts[pc])
        blocks.push_back({pc, pc, {}, {}});
      blockOf[pc] = uint32_t(blocks.size() - 1);
      blocks.back().end = pc + 1;
    }
    exitBlock = uint32_t(blocks.size());
    blockOf[size] = exitBlock;
    blocks.push_back({size, size, {}, {}});
  }

  void edge(uint32_t from, uint32_t to) {
    auto &out = blocks[from].successors;
    if (std::find(out.begin(), out.end(), to) != out.end())
      return;
    out.push_back(to);
    blocks[to].predecessors.push_back(from);
  }

  void connect() {
    for (uint32_t b = 0; b < exitBlock; ++b) {
      const Inst &last = program.code[blocks[b].end - 1];
      bool conditional = last.guard != truePredicate;
      if (last.isBranch)
        for (uint32_t target : targets(last))
          edge(b, blockOf[std::min<size_t>(target, program.code.size())]);
      if (last.isExit)
        edge(b, exitBlock);
      if (!(last.isBranch || last.isExit) || conditional)
        edge(b, blockOf[blocks[b].end]);
    }
  }

  /// Post-order of the reversed graph from the exit, without recursion.
  void orderFromExit() {
    number.assign(blocks.size(), undefined);
    std::vector<bool> seen(blocks.size(), false);
    std::vector<std::pair<uint32_t, size_t>> stack{{exitBlock, 0}};
    seen[exitBlock] = true;
    while (!stack.empty()) {
      auto &[block, nextEdge] = stack.back();
      if (nextEdge < blocks[block].predecessors.size()) {
        uint32_t to = blocks[block].predecessors[nextEdge++];
        if (!seen[to]) {
          seen[to] = true;
          stack.push_back({to, 0});
        }
        continue;
      }
      number[block] = uint32_t(order.size());
      order.push_back(block);
      stack.pop_back();
    }
  }

  uint32_t intersect(uint32_t a, uint32_t b) const {
    while (a != b) {
      while (number[a] < number[b])
        a = idom[a];
      while (number[b] < number[a])
        b = idom[b];
    }
    return a;
  }

  void solve() {
    idom.assign(blocks.size(), undefined);
    idom[exitBlock] = exitBlock;
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = order.size() - 1; i-- > 0;) {
        uint32_t block = order[i], best = undefined;
        for (uint32_t successor : blocks[block].successors)
          if (idom[successor] != undefined)
            best = best == undefined ? successor : intersect(best, successor);
        if (best != idom[block]) {
          idom[block] = best;
          changed = true;
        }
      }
    }
  }

  Program &program;
  std::vector<Block> blocks;
  std::vector<uint32_t> blockOf, number, order, idom;
  uint32_t exitBlock = 0;
};
} // namespace

void attn::sim::computeReconvergence(Program &program) {
  if (!program.code.empty())
    PostDominators(program).run();
}
