//===- Kernels.h - small kernels for tests of devices -----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_UNIT_RUNTIME_KERNELS_H
#define ATTN_TEST_UNIT_RUNTIME_KERNELS_H

namespace attn::runtime::test {

/// scale(in, out, n, factor): out[i] = factor * in[i] for i below n, by way of
/// dynamic shared memory; one element for each thread of a grid in x. idle()
/// does nothing.
inline const char scaleText[] = R"(
.version 8.0
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 room[];

.visible .entry scale(
    .param .u64 in,
    .param .u64 out,
    .param .u32 n,
    .param .f32 factor
)
{
    .reg .pred %p<2>;
    .reg .b32 %r<8>;
    .reg .f32 %f<4>;
    .reg .b64 %rd<7>;

    ld.param.u64 %rd1, [in];
    ld.param.u64 %rd2, [out];
    ld.param.u32 %r1, [n];
    ld.param.f32 %f3, [factor];
    mov.u32 %r2, %tid.x;
    mov.u32 %r3, %ctaid.x;
    mov.u32 %r4, %ntid.x;
    mad.lo.s32 %r5, %r3, %r4, %r2;
    setp.ge.u32 %p1, %r5, %r1;
    @%p1 bra DONE;
    mul.wide.u32 %rd3, %r5, 4;
    add.s64 %rd4, %rd1, %rd3;
    add.s64 %rd5, %rd2, %rd3;
    ld.global.f32 %f1, [%rd4];
    mov.u32 %r6, room;
    mad.lo.s32 %r6, %r2, 4, %r6;
    st.shared.f32 [%r6], %f1;
    ld.shared.f32 %f1, [%r6];
    mul.f32 %f2, %f1, %f3;
    st.global.f32 [%rd5], %f2;
DONE:
    ret;
}

.visible .entry idle()
{
    ret;
}
)";

/// byValue(out, words, one): out[i] = words[i] + one, where the 32 words are a
/// parameter by value.
inline const char byValueText[] = R"(
.version 8.0
.target sm_80
.address_size 64

.visible .entry byValue(
    .param .u64 out,
    .param .align 64 .b8 words[128],
    .param .u32 one
)
{
    .reg .b32 %r<8>;
    .reg .b64 %rd<6>;

    ld.param.u64 %rd1, [out];
    ld.param.u32 %r1, [one];
    mov.u32 %r2, %tid.x;
    mul.wide.u32 %rd2, %r2, 4;
    mov.b64 %rd3, words;
    add.s64 %rd4, %rd3, %rd2;
    ld.param.u32 %r3, [%rd4];
    add.s32 %r4, %r3, %r1;
    add.s64 %rd5, %rd1, %rd2;
    st.global.u32 [%rd5], %r4;
    ret;
}
)";

/// copyBox(out, map): one block of 64 threads copies the box of 16 words by 4
/// rows at column 8 and row 3 through shared memory. neighbours(out): the
/// blocks of each cluster of two swap their numbers, one thread a block.
/// idle(in, out, scratch, map, n, factor) does nothing.
inline const char hopperText[] = R"(
.version 8.6
.target sm_90a
.address_size 64
.extern .shared .align 1024 .b8 smem[];
.shared .align 8 .b8 bar[8];
.shared .align 4 .b8 mine[4];

.visible .entry copyBox(
    .param .u64 out,
    .param .align 64 .b8 map[128]
)
{
    .reg .pred %p<2>;
    .reg .b32 %r<8>;
    .reg .b64 %rd<5>;

    ld.param.u64 %rd1, [out];
    mov.u32 %r1, %tid.x;
    setp.eq.u32 %p1, %r1, 0;
    mov.u32 %r2, smem;
    mov.u32 %r3, bar;
    @%p1 mbarrier.init.shared::cta.b64 [%r3], 1;
    bar.sync 0;
    @!%p1 bra LOADED;
    mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r3], 256;
    mov.u32 %r4, 8;
    mov.u32 %r5, 3;
    cp.async.bulk.tensor.2d.shared::cta.global.tile.mbarrier::complete_tx::bytes [%r2], [map, {%r4, %r5}], [%r3];
LOADED:
    {
    .reg .pred P1;
    LAB_WAIT:
    mbarrier.try_wait.parity.shared::cta.b64 P1, [%r3], 0, 10000000;
    @P1 bra.uni DONE;
    bra.uni LAB_WAIT;
    DONE:
    }
    mad.lo.u32 %r6, %r1, 4, %r2;
    ld.shared.u32 %r7, [%r6];
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd3, %rd1, %rd2;
    st.global.u32 [%rd3], %r7;
    ret;
}

.visible .entry neighbours(
    .param .u64 out
)
{
    .reg .b32 %r<8>;
    .reg .b64 %rd<4>;

    ld.param.u64 %rd1, [out];
    mov.u32 %r1, %ctaid.x;
    mov.u32 %r2, mine;
    st.shared.u32 [%r2], %r1;
    barrier.cluster.arrive.aligned;
    barrier.cluster.wait.aligned;
    mov.u32 %r3, %cluster_ctarank;
    xor.b32 %r4, %r3, 1;
    mapa.shared::cluster.u32 %r5, %r2, %r4;
    ld.shared::cluster.u32 %r6, [%r5];
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd3, %rd1, %rd2;
    st.global.u32 [%rd3], %r6;
    barrier.cluster.arrive.aligned;
    barrier.cluster.wait.aligned;
    ret;
}

.visible .entry idle(
    .param .u64 in,
    .param .u64 out,
    .param .u64 scratch,
    .param .align 64 .b8 map[128],
    .param .u32 n,
    .param .f32 factor
)
{
    ret;
}
)";

/// stray(out): the only thread writes 4 bytes past the end of what it was given
/// as 64 bytes.
inline const char strayText[] = R"(
.version 8.0
.target sm_80
.address_size 64

.visible .entry stray(
    .param .u64 out
)
{
    .reg .b32 %r<2>;
    .reg .b64 %rd<2>;

    ld.param.u64 %rd1, [out];
    mov.u32 %r1, 7;
    st.global.u32 [%rd1+64], %r1;
    ret;
}
)";

} // namespace attn::runtime::test

#endif
