//===- WgmmaKernel.h - one warp group that multiplies -----------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands are laid out here as a tensor copy with a swizzle lays them out, by
// rows and 16-byte chunks; the simulator goes by address bits.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_UNIT_SIM_WGMMAKERNEL_H
#define ATTN_TEST_UNIT_SIM_WGMMAKERNEL_H

#include "Kernel.h"

namespace attn::sim::test {

/// A (rows = M) or B (rows = N) in shared memory, K elements deep.
struct Tile {
  unsigned swizzle = 128; ///< 0, 32, 64, 128
  bool mnMajor = false;
  unsigned rows = 64, depth = 16, elementBytes = 2;
  uint32_t base = 0; ///< offset in smem, a multiple of 1024

  /// Boxes are as wide as the swizzle, filled or not.
  uint32_t bytes() const {
    uint32_t inner = (mnMajor ? rows : depth) * elementBytes;
    uint32_t outer = mnMajor ? depth : rows, width = swizzle ? swizzle : 16;
    return (inner + width - 1) / width * width * outer;
  }

  /// Chunk of a row of the swizzle pattern, as the ISA's figures show it.
  static uint32_t permute(uint32_t chunk, uint32_t row, uint32_t width) {
    return width == 128  ? chunk ^ (row & 7)
           : width == 64 ? chunk ^ (row >> 1 & 3)
           : width == 32 ? chunk ^ (row >> 2 & 1)
                         : chunk;
  }

  /// Byte offset of an element from `base`.
  uint32_t offset(unsigned row, unsigned k) const {
    unsigned outer = mnMajor ? k : row, inner = (mnMajor ? row : k);
    unsigned byte = inner * elementBytes;
    if (!swizzle) { // 8 x 16 bytes at a time; those along K are neighbours
      unsigned coresAlongK = mnMajor ? depth / 8 : depth * elementBytes / 16;
      unsigned alongK = mnMajor ? outer / 8 : byte / 16;
      unsigned alongRows = mnMajor ? byte / 16 : outer / 8;
      return (alongRows * coresAlongK + alongK) * 128 + outer % 8 * 16 +
             byte % 16;
    }
    // Boxes `swizzle` bytes wide, one after the other.
    unsigned outerSize = mnMajor ? depth : rows;
    return byte / swizzle * outerSize * swizzle + outer * swizzle +
           permute(byte % swizzle / 16, outer, swizzle) * 16 + byte % 16;
  }

  uint32_t leading() const {
    // Along K it says nothing when there is a swizzle: any value does.
    return !swizzle ? 128 : mnMajor ? depth * swizzle : 4080;
  }
  uint32_t stride() const {
    if (swizzle)
      return 8 * swizzle;
    return mnMajor ? depth / 8 * 128 : depth * elementBytes / 16 * 128;
  }

  /// Descriptor without the start address.
  uint64_t descriptor() const {
    uint64_t mode = swizzle == 128  ? 1
                    : swizzle == 64 ? 2
                    : swizzle == 32 ? 3
                                    : 0;
    return mode << 62 | uint64_t(stride() / 16) << 32 |
           uint64_t(leading() / 16) << 16;
  }

  /// Bytes from the first k-step's start address to that of k-step `step`.
  uint32_t advance(unsigned step) const {
    if (mnMajor)
      return step * 2 * (swizzle ? stride() : leading());
    return swizzle ? step * 32 / swizzle * rows * swizzle + step * 32 % swizzle
                   : step * 2 * leading();
  }

  /// PTX that leaves the descriptor of a k-step in `reg`.
  std::string load(const std::string &reg, unsigned step) const {
    return "mov.u32 %r1, smem; add.u32 %r1, %r1, " +
           std::to_string(base + advance(step)) +
           "; shr.u32 %r1, %r1, 4; cvt.u64.u32 " + reg + ", %r1; or.b64 " +
           reg + ", " + reg + ", " + std::to_string(int64_t(descriptor())) +
           ";\n";
  }
};

/// `prefix0, prefix1, ...`
inline std::string list(const std::string &prefix, unsigned count) {
  std::string s;
  for (unsigned i = 0; i < count; ++i)
    s += (i ? ", " : "") + prefix + std::to_string(i);
  return s;
}

/// Copies the first words of `in` to shared memory and publishes them.
inline std::string fillShared(size_t words) {
  return "mov.u32 %r2, %r0;\nfill:\n"
         "setp.ge.u32 %p1, %r2, " +
         std::to_string(words) +
         ";\n@%p1 bra filled;\n"
         "mul.wide.u32 %d5, %r2, 4; add.s64 %d5, %d5, %d3;\n"
         "ld.global.u32 %r3, [%d5];\n"
         "mov.u32 %r4, smem; mad.lo.u32 %r4, %r2, 4, %r4;\n"
         "st.shared.u32 [%r4], %r3;\n"
         "mov.u32 %r3, %ntid.x; add.u32 %r2, %r2, %r3;\nbra fill;\n"
         "filled:\n"
         "fence.proxy.async.shared::cta;\nbar.sync 0;\n";
}

/// Writes %acc0.. of each thread to `out`, one thread after the other.
inline std::string storeAccumulators(unsigned count) {
  std::string s = "mul.lo.u32 %r5, %r0, " + std::to_string(4 * count) +
                  "; cvt.u64.u32 %d6, %r5; add.s64 %d6, %d6, %d2;\n";
  for (unsigned i = 0; i < count; ++i)
    s += "st.global.b32 [%d6+" + std::to_string(4 * i) + "], %acc" +
         std::to_string(i) + ";\n";
  return s;
}

inline Outcome runWarpGroups(const std::string &body, uint32_t sharedBytes,
                             std::vector<uint32_t> in, size_t outWords,
                             LaunchOptions options) {
  options.dynamicSharedBytes = sharedBytes;
  return runText(
      kernel(".reg .b32 %acc<128>; .reg .b32 %a<8>; .reg .b64 %da, %db;\n" +
                 body,
             "sm_90a", ".extern .shared .align 1024 .b8 smem[];"),
      options, std::move(in), outWords);
}

inline Outcome runWarpGroups(const std::string &body, uint32_t sharedBytes,
                             std::vector<uint32_t> in, size_t outWords,
                             Timing timing = Timing::Latest, uint64_t seed = 1,
                             unsigned threads = 128) {
  LaunchOptions options;
  options.block.x = threads;
  options.seed = seed;
  options.timing = timing;
  return runWarpGroups(body, sharedBytes, std::move(in), outWords, options);
}

} // namespace attn::sim::test

#endif // ATTN_TEST_UNIT_SIM_WGMMAKERNEL_H
