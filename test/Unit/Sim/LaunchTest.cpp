//===- LaunchTest.cpp - launches that cannot be made, and between CTAs ----===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

static Outcome with(void (*change)(LaunchOptions &),
                    const std::string &directives = "") {
  LaunchOptions options;
  change(options);
  return runText(kernel("", "sm_80", "", directives), options);
}

TEST(Launch, BadLaunches) {
  EXPECT_TRUE(
      with([](LaunchOptions &o) { o.grid.x = 0; }).has(Hazard::BadLaunch));
  EXPECT_TRUE(
      with([](LaunchOptions &o) { o.block.y = 0; }).has(Hazard::BadLaunch));
  EXPECT_TRUE(
      with([](LaunchOptions &o) { o.block.x = 1025; }).has(Hazard::BadLaunch));
  EXPECT_TRUE(with([](LaunchOptions &o) {
                o.block = {32, 33, 1};
              }).has(Hazard::BadLaunch));
  EXPECT_TRUE(with([](LaunchOptions &o) { o.block.x = 64; }, ".reqntid 128\n")
                  .has(Hazard::BadLaunch));
  EXPECT_TRUE(
      with([](LaunchOptions &o) { o.block.x = 256; }, ".maxntid 128, 1, 1\n")
          .has(Hazard::BadLaunch));
  EXPECT_TRUE(with([](LaunchOptions &o) {
                o.dynamicSharedBytes = 163 * 1024 + 1;
              }).has(Hazard::BadLaunch));
  expectClean(
      with([](LaunchOptions &o) { o.dynamicSharedBytes = 163 * 1024; }));
  expectClean(
      with([](LaunchOptions &o) { o.block.x = 128; }, ".reqntid 128\n"));
}

TEST(Launch, UnknownEntryAndMissingParameter) {
  Diagnostic error;
  auto module = parseModule(kernel(""), error);
  ASSERT_TRUE(module);
  Memory memory;
  EXPECT_EQ(launch(*module, "other", memory, nullptr, {}).findings.at(0).hazard,
            Hazard::BadLaunch);
  EXPECT_EQ(launch(*module, "k", memory, nullptr, {}).findings.at(0).hazard,
            Hazard::BadLaunch);
}

TEST(Launch, EntryInfo) {
  Diagnostic error;
  auto module = parseModule(R"(.version 8.0
.target sm_80
.address_size 64
.shared .align 16 .b8 unused[64];
.shared .align 16 .b8 tile[100];
.visible .entry k(.param .u32 n, .param .u64 .ptr .global .align 16 p,
                  .param .align 8 .b8 s[12], .param .f32 f)
.reqntid 128, 1, 1
.minnctapersm 2
{ .reg .b32 %r<2>; .shared .align 4 .b8 own[8]; mov.u32 %r0, tile; mov.u32 %r1, own; ret; })",
                            error);
  ASSERT_TRUE(module) << error.message;
  EntryInfo info = entries(*module).at(0);
  EXPECT_EQ(info.name, "k");
  ASSERT_EQ(info.params.size(), 4u);
  EXPECT_EQ(info.params[1].offset, 8u);
  EXPECT_EQ(info.params[2].size, 12u);
  EXPECT_EQ(info.params[3].offset, 28u);
  EXPECT_EQ(info.paramBytes, 32u);
  EXPECT_EQ(info.staticSharedBytes, 108u);
  EXPECT_EQ(info.reqntid.x, 128u);
}

TEST(Launch, LastCtaCombines) {
  // Every CTA adds its number and counts itself; the last one publishes.
  LaunchOptions options;
  options.grid.x = 40;
  for (options.seed = 0; options.seed < 4; ++options.seed) {
    auto o = runText(kernel(R"(
mov.u32 %r1, %ctaid.x;
red.global.add.u32 [%d3], %r1;
membar.gl;
atom.global.inc.u32 %r2, [%d3+4], 39;
setp.eq.u32 %p1, %r2, 39;
@!%p1 bra out;
membar.gl;
ld.volatile.global.u32 %r3, [%d3];
st.global.u32 [%d2], %r3;
out:)"),
                     options, {0, 0});
    expectClean(o);
    EXPECT_EQ(o.out[0], 780u);
  }
}

TEST(Launch, CtaWaitsForAnEarlierOne) {
  LaunchOptions options;
  options.grid.x = 8;
  auto o = runText(kernel(R"(
mov.u32 %r1, %ctaid.x;
wait:
ld.acquire.gpu.global.u32 %r2, [%d3];
setp.ne.u32 %p1, %r1, %r2;
@%p1 bra wait;
add.u32 %r3, %r1, 1;
st.release.gpu.global.u32 [%d3], %r3;)"),
                   options, {0});
  expectClean(o);
}

TEST(Launch, FindingsNameTheSource) {
  LaunchOptions options;
  auto o = runText(
      kernel("\t.loc 1 42 7\n\ttrap;", "sm_80", ".file 1 \"attention.mlir\""),
      options);
  ASSERT_TRUE(o.has(Hazard::Trap));
  const Finding &f = o.result.findings[0];
  EXPECT_EQ(f.sourceFile, "attention.mlir");
  EXPECT_EQ(f.sourceLine, 42);
  EXPECT_EQ(f.ptxText, "trap;");
  EXPECT_NE(f.str().find("attention.mlir:42"), std::string::npos);
}
