//===- ParserTest.cpp - refusals and garbage ------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

/// The refusal of a kernel whose only instruction is `text`, checked to be on
/// its line.
static std::string refusal(const std::string &text,
                           const std::string &target = "sm_80") {
  std::string whole = kernel("\n\n" + text, target);
  Diagnostic error;
  auto module = parseModule(whole, error);
  EXPECT_FALSE(module) << text;
  int line = 1;
  for (char ch : whole.substr(0, whole.find(text)))
    line += ch == '\n';
  EXPECT_EQ(error.line, line) << text << ": " << error.message;
  return error.message;
}

TEST(Parser, RefusesWhatItDoesNotKnow) {
  const char *texts[] = {
      "frobnicate.b32 %r1, %r2;",
      "add.s33 %r1, %r2, %r3;",
      "add.rz.f32 %r1, %r2, %r3;",
      "add.cc.u32 %r1, %r2, %r3;",
      "add.s32 %r1, %r2;",
      "add.s32 %r1, %d2, %r3;",
      "add.s32 %r1, %r2, %nosuch;",
      "add.f32 %r1, %r2, 1;",
      "mov.b64 %r1, %d2;",
      "mov.u32 %r1, %smid;",
      "mov.u32 %r1, %clock;",
      "mov.b64 %d1, {%r1, %r2, %r3};",
      "bra nowhere;",
      "ld.global.u32 %r1, %d1;",
      "ld.global.u32 %r1, [%r2];",
      "ld.global.v3.u32 {%r1, %r2, %r3}, [%d1];",
      "ld.global.v4.u64 {%d1, %d2, %d3, %d4}, [%d1];",
      "ld.global.L3::hint.u32 %r1, [%d1];",
      "st.param.u32 [%d1], %r1;",
      "cp.async.cg.shared.global [%r1], [%d1], 8;",
      "cp.async.ca.shared.global [%r1], [%d1], 5;",
      "cp.async.wait_group %r1;",
      "bar.sync 0, 48;",
      "bar.red.popc.u32 %r1, 0, %p1;",
      "mma.sync.aligned.m16n8k16.row.col.f32.e4m3.e4m3.f32 {%r1,%r2,%r3,%r4}, "
      "{%r1,%r2,%r3,%r4}, {%r1,%r2}, {%r1,%r2,%r3,%r4};",
      "mma.sync.aligned.m16n8k16.col.row.f32.f16.f16.f32 {%r1,%r2,%r3,%r4}, "
      "{%r1,%r2,%r3,%r4}, {%r1,%r2}, {%r1,%r2,%r3,%r4};",
      "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r1}, [%r1];",
      "shfl.bfly.b32 %r1, %r2, 1, 31;",
      "cvt.bf16.f32 %h1, %r1;",
      "cvt.s32.f32 %r1, %r2;",
      "cvt.rn.satfinite.e4m3x2.f32 %h1, %r1, %r2;",
      "redux.sync.add.f32 %r1, %r2, -1;",
      "setp.lt.b33 %p1, %r1, %r2;",
      "setp.geu.s32 %p1, %r1, %r2;",
      "@%r1 mov.u32 %r2, 0;",
      "wgmma.fence.sync.aligned;",
      "call.uni f;",
      ".unknown 3;",
  };
  for (const char *text : texts)
    EXPECT_FALSE(refusal(text).empty());
}

TEST(Parser, NewerInstructionsNeedTheirTarget) {
  EXPECT_NE(refusal("add.rn.bf16x2 %r1, %r2, %r3;").find("sm_90"),
            std::string::npos);
  Diagnostic error;
  EXPECT_TRUE(
      parseModule(kernel("add.rn.bf16x2 %r1, %r2, %r3;", "sm_90"), error));
}

TEST(Parser, ModuleLevel) {
  Diagnostic error;
  EXPECT_FALSE(parseModule("", error));
  EXPECT_FALSE(parseModule(".version 8.0\n.target sm_70\n", error));
  EXPECT_EQ(error.line, 2);
  EXPECT_FALSE(
      parseModule(".version 8.0\n.target sm_80\n.address_size 32", error));
  EXPECT_FALSE(parseModule(".version 8.0\n.target sm_80\n.alias a, b;", error));
  EXPECT_EQ(error.line, 3);
  EXPECT_FALSE(parseModule(
      kernel("") + kernel("").substr(kernel("").find(".visible")), error));
  EXPECT_TRUE(
      parseModule(kernel("// begin inline asm\n/* a\n */ mov.u32 %r1, 0x1F;\n"
                         ".pragma \"nounroll\";") +
                      ".section .debug_abbrev\n{\n.b8 1\n.b8 2\n}\n",
                  error))
      << error.line << error.message;
  EXPECT_TRUE(
      parseModule(".version 8.0\n.target sm_80, debug\n.address_size 64\n"
                  ".extern .func (.param .b32 r) f (.param .b32 x)\n;\n"
                  ".visible .func (.param .b32 r) g(.param .b32 x) {\n"
                  ".reg .b32 %r<2>;\nld.param.b32 %r1, [x];\n"
                  "st.param.b32 [r], %r1;\nret;\n}\n",
                  error))
      << error.line << error.message;
}

TEST(Parser, GarbageDoesNotCrash) {
  std::string text =
      kernel(".loc 1 2 3\nldmatrix.sync.aligned.m8n8.x4.shared.b16 "
             "{%r4,%r5,%r6,%r7}, [%r2+16];\n"
             "t: .branchtargets a, b;\na: b: brx.idx %r1, t;\n@!%p1 bra a;\n"
             "mov.b64 {_, %r1}, %d1; fma.rn.f32 %r1, 0f3F800000, "
             "0d3FF0000000000000, %r2;",
             "sm_80", ".const .align 4 .u32 c[2] = {1, -2};\n.file 1 \"x\"\n");
  Diagnostic error;
  for (size_t n = 0; n < text.size(); ++n)
    parseModule(std::string_view(text).substr(0, n), error);
  uint32_t state = 1;
  auto random = [&] { return (state = state * 1664525 + 1013904223) >> 8; };
  static const char letters[] = "{}[](),;:@!|+-.%0f$_ab19\n\"\0\xff";
  for (int round = 0; round < 4000; ++round) {
    std::string mutant = text;
    for (unsigned i = random() % 4 + 1; i; --i) {
      size_t at = random() % mutant.size();
      switch (random() % 3) {
      case 0:
        mutant[at] = letters[random() % (sizeof letters - 1)];
        break;
      case 1:
        mutant.erase(at, random() % 8);
        break;
      default:
        mutant.insert(at,
                      mutant.substr(random() % mutant.size(), random() % 12));
      }
    }
    auto module = parseModule(mutant, error);
    EXPECT_TRUE(module || !error.message.empty());
  }
}
