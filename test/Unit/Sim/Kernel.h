//===- Kernel.h - small kernels for the simulator tests ---------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TEST_UNIT_SIM_KERNEL_H
#define ATTN_TEST_UNIT_SIM_KERNEL_H

#include "attn/Sim/Simulator.h"

#include "gtest/gtest.h"

#include <cstring>
#include <string>
#include <vector>

namespace attn::sim::test {

/// A kernel `k(out, in)` around `body`. On entry %r0 = %tid.x, %d0 and %d1 =
/// out and in plus 4 * tid, %d2 and %d3 = out and in.
inline std::string kernel(const std::string &body,
                          const std::string &target = "sm_80",
                          const std::string &module = "",
                          const std::string &directives = "") {
  return ".version 8.0\n.target " + target + "\n.address_size 64\n" + module +
         "\n.visible .entry k(.param .u64 out, .param .u64 in)\n" + directives +
         R"({
.reg .pred %p<16>;
.reg .b16 %h<32>;
.reg .b32 %r<64>;
.reg .b64 %d<32>;
mov.u32 %r0, %tid.x;
ld.param.u64 %d2, [out];
ld.param.u64 %d3, [in];
mul.wide.u32 %d4, %r0, 4;
add.s64 %d0, %d2, %d4;
add.s64 %d1, %d3, %d4;
)" + body +
         "\nret;\n}\n";
}

struct Outcome {
  LaunchResult result;
  std::vector<uint32_t> out;

  bool has(Hazard hazard) const {
    for (const Finding &f : result.findings)
      if (f.hazard == hazard)
        return true;
    return false;
  }
  std::string findings() const {
    std::string s;
    for (const Finding &f : result.findings)
      s += f.str() + "\n";
    return s;
  }
};

/// Runs `k` on one CTA unless the options say otherwise; `out` has
/// `outWords` words.
inline Outcome runText(const std::string &text, LaunchOptions options,
                       std::vector<uint32_t> in = {}, size_t outWords = 1024) {
  Outcome outcome;
  Diagnostic error;
  auto module = parseModule(text, error);
  EXPECT_TRUE(module) << "line " << error.line << ": " << error.message;
  if (!module)
    return outcome;
  Memory memory;
  uint64_t out = memory.allocate(outWords * 4, "out");
  uint64_t input = memory.allocate(in.size() * 4, "in");
  memory.write(input, in.data(), in.size() * 4);
  const void *params[] = {&out, &input};
  outcome.result = launch(*module, "k", memory, params, options);
  outcome.out.resize(outWords);
  memory.read(outcome.out.data(), out, outWords * 4);
  return outcome;
}

inline Outcome run(const std::string &body, unsigned threads = 32,
                   std::vector<uint32_t> in = {}, uint32_t dynamicShared = 0,
                   uint64_t seed = 1, Timing timing = Timing::Latest) {
  LaunchOptions options;
  options.block.x = threads;
  options.dynamicSharedBytes = dynamicShared;
  options.seed = seed;
  options.timing = timing;
  return runText(kernel(body, "sm_80", ".extern .shared .align 16 .b8 smem[];"),
                 options, std::move(in));
}

inline void expectClean(const Outcome &o) {
  EXPECT_TRUE(o.result.completed);
  EXPECT_TRUE(o.result.findings.empty()) << o.findings();
}

/// Evaluates one instruction: sources are in %r1..%r3, %d11..%d13 and
/// %h1..%h3, the result is what it leaves in %r10, %d10, %h10 or %p1.
inline uint64_t evaluate(const std::string &instruction, uint64_t a,
                         uint64_t b = 0, uint64_t c = 0) {
  std::string body;
  uint64_t values[] = {a, b, c};
  for (int i = 0; i < 3; ++i) {
    std::string n = std::to_string(i + 1);
    body += "mov.b64 %d1" + n + ", " + std::to_string(values[i]) + ";\n";
    body += "cvt.u32.u64 %r" + n + ", %d1" + n + ";\n";
    body += "cvt.u16.u64 %h" + n + ", %d1" + n + ";\n";
  }
  body += instruction + "\n";
  if (instruction.find("%p1") != std::string::npos)
    body += "selp.b64 %d10, 1, 0, %p1;\n";
  else if (instruction.find("%r10") != std::string::npos)
    body += "cvt.u64.u32 %d10, %r10;\n";
  else if (instruction.find("%h10") != std::string::npos)
    body += "cvt.u64.u16 %d10, %h10;\n";
  Outcome o = run(body + "st.global.u64 [%d2], %d10;", 1);
  expectClean(o);
  return o.out.empty() ? 0 : uint64_t(o.out[1]) << 32 | o.out[0];
}

inline uint32_t bits(float v) {
  uint32_t u;
  std::memcpy(&u, &v, 4);
  return u;
}
inline float real(uint64_t u) {
  uint32_t word = uint32_t(u);
  float v;
  std::memcpy(&v, &word, 4);
  return v;
}

} // namespace attn::sim::test

#endif // ATTN_TEST_UNIT_SIM_KERNEL_H
