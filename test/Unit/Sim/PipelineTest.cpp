//===- PipelineTest.cpp - a pipelined matmul and its mutants --------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The acceptance test of the race rules: in a correct double-buffered kernel,
// taking out any one wait, commit or barrier must give a finding, whatever the
// schedule.
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

#include <sstream>

using namespace attn::sim;
using namespace attn::sim::test;

/// C[32][8] = A[32][64] * B[8][64]^T in bf16, two warps, tiles of k16 in two
/// buffers of 1280 bytes: A rows of 32 bytes, then B rows of 32 bytes.
static const char *const pipeline = R"(
mov.u32 %r1, smem;
and.b32 %r2, %r0, 31;
shr.u32 %r3, %r0, 5;
shl.b32 %r4, %r0, 4;
add.u32 %r4, %r4, %r1;
shr.u32 %r5, %r0, 1;
and.b32 %r6, %r0, 1;
mul.lo.u32 %r7, %r5, 128;
mad.lo.u32 %r7, %r6, 16, %r7;
cvt.u64.u32 %d5, %r7;
add.s64 %d5, %d5, %d3;
add.s64 %d6, %d5, 4096;
setp.lt.u32 %p1, %r0, 16;
and.b32 %r8, %r2, 15;
mad.lo.u32 %r8, %r3, 16, %r8;
shr.u32 %r9, %r2, 4;
shl.b32 %r8, %r8, 5;
mad.lo.u32 %r8, %r9, 16, %r8;
add.u32 %r8, %r8, %r1;
and.b32 %r10, %r2, 7;
shl.b32 %r10, %r10, 5;
shr.u32 %r11, %r2, 3;
and.b32 %r11, %r11, 1;
mad.lo.u32 %r10, %r11, 16, %r10;
add.u32 %r10, %r10, %r1;
mov.b32 %r30, 0f00000000;
mov.b32 %r31, 0f00000000;
mov.b32 %r32, 0f00000000;
mov.b32 %r33, 0f00000000;
cp.async.cg.shared.global [%r4], [%d5], 16;
@%p1 cp.async.cg.shared.global [%r4+1024], [%d6], 16;
cp.async.commit_group;
mov.u32 %r12, 0;
mov.u32 %r13, 0;
loop:
sub.u32 %r14, 1280, %r13;
setp.eq.u32 %p2, %r12, 3;
@%p2 bra copied;
add.s64 %d5, %d5, 32;
add.s64 %d6, %d6, 32;
add.u32 %r15, %r4, %r14;
cp.async.cg.shared.global [%r15], [%d5], 16;
@%p1 cp.async.cg.shared.global [%r15+1024], [%d6], 16;
copied:
cp.async.commit_group;
cp.async.wait_group 1;
bar.sync 0;
add.u32 %r16, %r8, %r13;
add.u32 %r17, %r10, %r13;
ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20, %r21, %r22, %r23}, [%r16];
ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r24, %r25}, [%r17+1024];
mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%r30, %r31, %r32, %r33}, {%r20, %r21, %r22, %r23}, {%r24, %r25}, {%r30, %r31, %r32, %r33};
bar.sync 0;
mov.u32 %r13, %r14;
add.u32 %r12, %r12, 1;
setp.lt.u32 %p3, %r12, 4;
@%p3 bra loop;
shr.u32 %r18, %r2, 2;
and.b32 %r19, %r2, 3;
mad.lo.u32 %r18, %r3, 16, %r18;
mul.lo.u32 %r18, %r18, 32;
mad.lo.u32 %r18, %r19, 8, %r18;
cvt.u64.u32 %d7, %r18;
add.s64 %d7, %d7, %d2;
st.global.v2.f32 [%d7], {%r30, %r31};
st.global.v2.f32 [%d7+256], {%r32, %r33};
)";

static float element(unsigned i) { return float(int(i * 7 % 11) - 5); }

static std::vector<uint32_t> inputs() {
  std::vector<uint32_t> in(40 * 64 / 2);
  for (unsigned i = 0; i < 40 * 64; ++i)
    in[i / 2] |= (bits(element(i)) >> 16) << (16 * (i & 1));
  return in;
}

static Outcome runPipeline(const std::string &body, uint64_t seed,
                           Timing timing) {
  return run(body, 64, inputs(), 2560, seed, timing);
}

TEST(Pipeline, IsRightAndClean) {
  for (Timing timing : {Timing::Latest, Timing::Earliest})
    for (uint64_t seed = 0; seed < 6; ++seed) {
      Outcome o = runPipeline(pipeline, seed, timing);
      expectClean(o);
      for (unsigned row = 0; row < 32; ++row)
        for (unsigned col = 0; col < 8; ++col) {
          float sum = 0;
          for (unsigned k = 0; k < 64; ++k)
            sum += element(row * 64 + k) * element((32 + col) * 64 + k);
          ASSERT_EQ(real(o.out[row * 8 + col]), sum) << row << "," << col;
        }
    }
}

TEST(Pipeline, EveryMutantIsReported) {
  std::vector<std::string> lines;
  std::istringstream stream(pipeline);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  unsigned mutants = 0;
  for (size_t gone = 0; gone < lines.size(); ++gone) {
    const std::string &line = lines[gone];
    if (line.find("commit_group") == std::string::npos &&
        line.find("wait_group") == std::string::npos &&
        line.find("bar.sync") == std::string::npos)
      continue;
    ++mutants;
    std::string text;
    for (size_t i = 0; i < lines.size(); ++i)
      text += i == gone ? "\n" : lines[i] + "\n";
    for (Timing timing : {Timing::Latest, Timing::Earliest})
      for (uint64_t seed = 0; seed < 6; ++seed)
        EXPECT_FALSE(runPipeline(text, seed, timing).result.findings.empty())
            << "without '" << line << "' (line " << gone << "), seed " << seed;
  }
  EXPECT_EQ(mutants, 5u);
}
