//===- AsyncKernel.h - kernels with mbarriers and bulk copies ---*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_UNIT_SIM_ASYNCKERNEL_H
#define ATTN_TEST_UNIT_SIM_ASYNCKERNEL_H

#include "Kernel.h"

#include "attn/Sim/TensorMap.h"

namespace attn::sim::test {

/// A kernel `k(out, in, mapOut, mapIn)` for sm_90a with buffers of 32-bit words
/// and tensor maps of them. On entry, besides the registers of kernel(): %r1 =
/// `smem` (1024-aligned), %r2 = `bars` (16 mbarriers), %r3 = warp, and
/// %p15 = thread 0.
struct AsyncKernel {
  std::string body, directives;
  LaunchOptions options;
  std::vector<uint32_t> in;
  size_t outWords = 4096;
  /// Addresses are filled in; rank 0: a row of all words, 32 in a box.
  TensorMapInfo mapIn, mapOut;

  AsyncKernel(std::string text, unsigned threads = 64,
              Timing timing = Timing::Latest, uint64_t seed = 1)
      : body(std::move(text)) {
    options.block.x = threads;
    options.timing = timing;
    options.seed = seed;
    options.dynamicSharedBytes = 16384;
    for (uint32_t i = 0; i < 4096; ++i)
      in.push_back(i * 3 + 1);
  }

  std::string text() const {
    return R"(.version 8.6
.target sm_90a
.address_size 64
.extern .shared .align 1024 .b8 smem[];
.shared .align 8 .b8 bars[128];
.visible .entry k(.param .u64 out, .param .u64 in,
  .param .align 64 .b8 mapOut[128], .param .align 64 .b8 mapIn[128])
)" + directives +
           R"({
.reg .pred %p<16>;
.reg .b16 %h<32>;
.reg .b32 %r<128>;
.reg .b64 %d<32>;
mov.u32 %r0, %tid.x;
ld.param.u64 %d2, [out];
ld.param.u64 %d3, [in];
mul.wide.u32 %d4, %r0, 4;
add.s64 %d0, %d2, %d4;
add.s64 %d1, %d3, %d4;
mov.u32 %r1, smem;
mov.u32 %r2, bars;
shr.u32 %r3, %r0, 5;
setp.eq.u32 %p15, %r0, 0;
)" + body + "\nret;\n}\n";
  }

  Outcome run() const {
    Outcome outcome;
    Diagnostic error;
    auto module = parseModule(text(), error);
    EXPECT_TRUE(module) << "line " << error.line << ": " << error.message;
    if (!module)
      return outcome;
    Memory memory;
    uint64_t out = memory.allocate(outWords * 4, "out");
    uint64_t input = memory.allocate(in.size() * 4, "in");
    memory.write(input, in.data(), in.size() * 4);
    std::vector<uint32_t> zeros(outWords);
    memory.write(out, zeros.data(), outWords * 4);
    TensorMap maps[2];
    EXPECT_EQ(encode(mapOut, out, outWords, maps[0]), "");
    EXPECT_EQ(encode(mapIn, input, in.size(), maps[1]), "");
    const void *params[] = {&out, &input, &maps[0], &maps[1]};
    outcome.result = launch(*module, "k", memory, params, options);
    outcome.out.resize(outWords);
    memory.read(outcome.out.data(), out, outWords * 4);
    return outcome;
  }

  static std::string encode(TensorMapInfo info, uint64_t address, size_t words,
                            TensorMap &map) {
    if (!info.rank) {
      info.type = TensorType::U32;
      info.rank = 1;
      info.dims[0] = words;
      info.box[0] = 32;
    }
    info.address = address;
    return encodeTensorMap(info, map);
  }
};

/// A matrix of `width` 32-bit words a row.
inline TensorMapInfo matrixMap(uint32_t width, uint32_t height,
                               uint32_t boxWidth, uint32_t boxHeight,
                               TensorSwizzle swizzle = TensorSwizzle::None) {
  TensorMapInfo info;
  info.type = TensorType::U32;
  info.rank = 2;
  info.dims[0] = width;
  info.dims[1] = height;
  info.strides[0] = width * 4;
  info.box[0] = boxWidth;
  info.box[1] = boxHeight;
  info.swizzle = swizzle;
  return info;
}

/// mbarrier `index` of the kernel as an operand.
inline std::string bar(unsigned index) {
  return "[%r2+" + std::to_string(8 * index) + "]";
}
/// Thread 0 initialises mbarrier `index`.
inline std::string init(unsigned index, unsigned count) {
  return "@%p15 mbarrier.init.shared::cta.b64 " + bar(index) + ", " +
         std::to_string(count) + ";\n";
}
/// The loop of inline assembly around try_wait; `parity` is an operand.
inline std::string wait(unsigned index, const std::string &parity) {
  return "{\n.reg .pred P1;\nLAB_WAIT:\n"
         "mbarrier.try_wait.parity.shared::cta.b64 P1, " +
         bar(index) + ", " + parity +
         ", 10000000;\n"
         "@P1 bra.uni DONE;\nbra.uni LAB_WAIT;\nDONE:\n}\n";
}
inline std::string expectTx(unsigned index, unsigned bytes) {
  return "mbarrier.arrive.expect_tx.shared::cta.b64 _, " + bar(index) + ", " +
         std::to_string(bytes) + ";\n";
}
inline std::string arrive(unsigned index) {
  return "mbarrier.arrive.shared::cta.b64 _, " + bar(index) + ";\n";
}
/// Load of a box of `rank` coordinates `at` to %r1 + `offset`.
inline std::string load(unsigned index, const std::string &at, unsigned offset,
                        unsigned rank = 1) {
  return "cp.async.bulk.tensor." + std::to_string(rank) +
         "d.shared::cta.global.tile.mbarrier::complete_tx::bytes [%r1+" +
         std::to_string(offset) + "], [mapIn, {" + at + "}], " + bar(index) +
         ";\n";
}
inline std::string store(const std::string &at, unsigned offset,
                         unsigned rank = 1) {
  return "cp.async.bulk.tensor." + std::to_string(rank) +
         "d.global.shared::cta.tile.bulk_group [mapOut, {" + at + "}], [%r1+" +
         std::to_string(offset) + "];\n";
}

constexpr Timing bothTimings[] = {Timing::Latest, Timing::Earliest};

} // namespace attn::sim::test

#endif // ATTN_TEST_UNIT_SIM_ASYNCKERNEL_H
