//===- HopperTest.cpp - small instructions of sm_90 -----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AsyncKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

TEST(Hopper, Elect) {
  auto o = AsyncKernel(R"(
elect.sync %r5|%p1, -1;
selp.b32 %r6, 1, 0, %p1;
st.global.u32 [%d0], %r6;
setp.lt.u32 %p2, %r0, 7;
@!%p2 bra rest;
elect.sync _|%p1, 0x7f;
@%p1 st.global.u32 [%d2+400], %r0;
rest:
setp.ge.u32 %p3, %r0, 32;
@%p3 bra done;
st.global.u32 [%d0+512], %r5;
done:)")
               .run();
  expectClean(o);
  for (unsigned i = 0; i < 64; ++i)
    EXPECT_EQ(o.out[i], i % 32 == 31); // exactly one, and not the first
  EXPECT_EQ(o.out[100], 6u);
  EXPECT_EQ(o.out[128], 31u);
  EXPECT_TRUE(AsyncKernel("setp.lt.u32 %p2, %r0, 7;\n"
                          "@%p2 elect.sync _|%p1, -1;")
                  .run()
                  .has(Hazard::InactiveLane));
}

TEST(Hopper, CachePoliciesChangeNothing) {
  auto o = AsyncKernel(R"(
createpolicy.fractional.L2::evict_first.b64 %d10, 1.0;
createpolicy.fractional.L2::evict_last.L2::evict_unchanged.b64 %d11, 0.5;
ld.global.L1::no_allocate.L2::cache_hint.v2.u32 {%r5, %r6}, [%d3], %d10;
ld.global.nc.L2::cache_hint.u32 %r7, [%d3+8], %d11;
mad.lo.u32 %r8, %r0, 16, %r1;
cp.async.cg.shared.global.L2::cache_hint [%r8], [%d3], 16, %d10;
cp.async.cg.shared.global.L2::cache_hint.L2::128B [%r8+4096], [%d3], 16, 8, %d10;
cp.async.wait_all;
ld.shared.u32 %r9, [%r8+4];
ld.shared.u32 %r10, [%r8+4104];
add.u32 %r9, %r9, %r10;
add.u32 %r9, %r9, %r6;
add.u32 %r9, %r9, %r7;
st.global.L2::cache_hint.u32 [%d0], %r9, %d10;
griddepcontrol.wait;
griddepcontrol.launch_dependents;
cp.async.bulk.prefetch.tensor.1d.L2.global.tile [mapIn, {0}];
cp.async.bulk.prefetch.L2.global [%d3], 64;
nanosleep.u32 20;)")
               .run();
  expectClean(o);
  EXPECT_EQ(o.out[5], 4u + 4 + 7);
}

TEST(Hopper, MinAndMaxClampAtZero) {
  auto o = AsyncKernel(R"(
mov.u32 %r5, -3;
mov.u32 %r6, 4;
min.relu.s32 %r7, %r5, %r6;
st.global.u32 [%d2+512], %r7;
min.relu.s32 %r7, 2, %r6;
st.global.u32 [%d2+516], %r7;
max.relu.s32 %r7, %r5, -5;
st.global.u32 [%d2+520], %r7;
max.relu.s32 %r7, %r5, %r6;
st.global.u32 [%d2+524], %r7;)",
                       1)
               .run();
  expectClean(o);
  const uint32_t expected[] = {0, 2, 0, 4};
  for (unsigned i = 0; i < 4; ++i)
    EXPECT_EQ(o.out[128 + i], expected[i]);
}

TEST(Hopper, Refused) {
  for (const char *text :
       {"fence.proxy.alias;",
        "fence.proxy.tensormap::generic.acquire.gpu "
        "[%d1], 128;",
        "fence.mbarrier_init.acquire.cluster;", "createpolicy.b64 %d1;",
        "mov.u32 %r1, %clock;", "elect.sync %r1, -1;",
        "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r1], "
        "%r1, [%r2];",
        "mapa.shared::cluster.u32 %d1, %r1, 0;", "mapa.u32 %r1, %r2, 0;",
        "barrier.cluster.sync;", "griddepcontrol.stop;",
        "mbarrier.pending_count.b64 %r1, %d1;", "min.relu.u32 %r1, %r2, %r3;",
        "min.relu.s64 %d1, %d2, %d3;", "max.s32.relu %r1, %r2, %r3;",
        "setmaxnreg.set.sync.aligned.u32 24;"}) {
    Diagnostic error;
    EXPECT_FALSE(
        parseModule(kernel(text, "sm_90a", "", ".maxntid 128\n"), error))
        << text;
  }
  for (const char *text : {"elect.sync _|%p1, -1;", "fence.proxy.async;",
                           "barrier.cluster.arrive;", "griddepcontrol.wait;",
                           "min.relu.s32 %r1, %r2, %r3;",
                           "mapa.shared::cluster.u32 %r1, %r2, 0;"}) {
    Diagnostic error;
    EXPECT_FALSE(parseModule(kernel(text, "sm_80"), error)) << text;
    EXPECT_TRUE(parseModule(kernel(text, "sm_90"), error))
        << text << error.message;
  }
}

/// What LLVM 22 prints for the operations of the NVVM dialect.
static const char *const printed = R"(
.version 8.6
.target sm_90a
.address_size 64

	// .globl	k
.extern .shared .align 1024 .b8 smem[];
.visible .entry k(
	.param .u64 .ptr .global .align 1 k_param_0,
	.param .align 64 .b8 k_param_1[128]
)
.reqntid 256
.explicitcluster
.reqnctapercluster 2, 1, 1
{
	.reg .pred 	%p<3>;
	.reg .b16 	%rs<3>;
	.reg .b32 	%r<7>;
	.reg .b64 	%rd<11>;

// %bb.0:
	ld.param.b64 	%rd1, [k_param_0];
	mov.b64 	%rd2, k_param_1;
	cvta.param.u64 	%rd3, %rd2;
	setmaxnreg.dec.sync.aligned.u32 	40;
	elect.sync 	%r2|%p1, -1;
	mov.b32 	%r3, 1;
	mbarrier.init.shared.b64 	[smem], %r3;
	mov.b64 	%rd4, smem;
	fence.mbarrier_init.release.cluster;
	fence.proxy.async.shared::cta;
	barrier.cluster.arrive.aligned;
	barrier.cluster.wait.aligned;
	barrier.cluster.arrive.relaxed.aligned;
	barrier.cluster.wait.aligned;
	prefetch.param.tensormap 	[k_param_1];
	prefetch.tensormap 	[%rd3];
	mov.b32 	%r4, 128;
	mbarrier.arrive.expect_tx.shared.b64 %rd5, [smem], %r4;
	add.s64 	%rd6, %rd4, 1024;
	cvta.shared.u64 	%rd7, %rd6;
	cvta.to.shared::cluster.u64 	%rd8, %rd7;
	mov.b64 	%rd9, 0;
	mov.b16 	%rs1, 0;
	mov.b32 	%r5, 0;
	cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%rd8], [%rd3, {%r5, %r3}], [smem];
	mov.b16 	%rs2, 3;
	cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%rd8], [%rd3, {%r5, %r3}], [smem], %rs2;
	cvt.u32.u64 	%r1, %rd4;
	// begin inline asm
	{
	.reg .pred       P1; 
	LAB_WAIT: 
	mbarrier.try_wait.parity.shared.b64 P1, [%r1], 0, 10000000; 
	@P1 bra.uni DONE; 
	bra.uni     LAB_WAIT; 
	DONE: 
	}
	// end inline asm
	mbarrier.arrive.shared.b64 	%rd10, [smem];
	mbarrier.test_wait.shared.b64 %p2, [smem], %rd10;
	cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%rd3, {%r5, %r3}], [smem+1024];
	cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group [%rd3, {%r5, %r3}], [%rd6];
	cp.async.bulk.commit_group;
	cp.async.bulk.wait_group.read 	0;
	cp.async.bulk.wait_group 	0;
	griddepcontrol.wait;
	griddepcontrol.launch_dependents;
	mov.u32 	%r6, %cluster_nctarank;
	st.global.b32 	[%rd1], %r6;
	mbarrier.inval.shared.b64 	[smem];
	bar.sync 	1, 128;
	ret;
}
)";

TEST(Hopper, WhatLlvmPrints) {
  Diagnostic error;
  auto module = parseModule(printed, error);
  ASSERT_TRUE(module) << error.line << ": " << error.message;
  EntryInfo info = entries(*module).at(0);
  EXPECT_EQ(info.reqnctapercluster.x, 2u);
  EXPECT_EQ(info.params.at(1).size, 128u);
  EXPECT_EQ(info.params.at(1).offset % 64, 0u);
}

TEST(Hopper, GarbageDoesNotCrash) {
  std::string text = printed;
  uint32_t state = 1;
  auto random = [&] { return (state = state * 1664525 + 1013904223) >> 8; };
  static const char letters[] = "{}[](),;:@!|+-.%0f$_ab19\n\"\0\xff";
  for (int round = 0; round < 3000; ++round) {
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
    Diagnostic error;
    auto module = parseModule(mutant, error);
    EXPECT_TRUE(module || !error.message.empty());
  }
}
