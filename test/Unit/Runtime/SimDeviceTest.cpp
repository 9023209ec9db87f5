//===- SimDeviceTest.cpp - SimDevice on small kernels ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/SimDevice.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"

using namespace attn;
using namespace attn::runtime;
using testing::HasSubstr;

/// out[i] = 2 * in[i] for i below n, one element per thread.
static const char doubling[] = R"(
.version 8.0
.target sm_80
.address_size 64

.visible .entry doubling(
    .param .u64 in,
    .param .u64 out,
    .param .u32 n
)
{
    .reg .pred %p<2>;
    .reg .b32 %r<6>;
    .reg .f32 %f<3>;
    .reg .b64 %rd<7>;

    ld.param.u64 %rd1, [in];
    ld.param.u64 %rd2, [out];
    ld.param.u32 %r1, [n];
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
    add.f32 %f2, %f1, %f1;
    st.global.f32 [%rd5], %f2;
DONE:
    ret;
}
)";

namespace {
class SimDeviceTest : public testing::Test {
protected:
  void SetUp() override {
    std::vector<float> values(100);
    for (int i = 0; i < 100; ++i)
      values[i] = static_cast<float>(i);
    ASSERT_TRUE(device->allocate(400, "in", in).ok());
    ASSERT_TRUE(device->allocate(400, "out", out).ok());
    ASSERT_TRUE(device->copyToDevice(in, values.data(), 400).ok());
  }

  int32_t launch(uint32_t count, uint64_t numParams = 3,
                 const char *kernel = "doubling") {
    n = count;
    void *params[] = {&in, &out, &n};
    return attn_rt_launch(stream.get(), &image, kernel, 4, 1, 1, 32, 1, 1, 0,
                          params, numParams);
  }

  std::shared_ptr<SimDevice> device = std::make_shared<SimDevice>();
  StreamPtr stream = createStream(device);
  attn_rt_image image = {"sm_80", doubling, sizeof(doubling)};
  uint64_t in = 0, out = 0;
  uint32_t n = 0;
};
} // namespace

TEST_F(SimDeviceTest, RunsAKernelAndCounts) {
  for (int run = 1; run <= 2; ++run) {
    ASSERT_EQ(launch(100), 0) << attn_rt_last_error();
    EXPECT_EQ(device->counters().global.at("in").bytesRead, 400u * run);
    EXPECT_EQ(device->counters().global.at("out").bytesWritten, 400u * run);
  }
  std::vector<float> result(100);
  ASSERT_TRUE(device->copyFromDevice(result.data(), out, 400).ok());
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(result[i], 2.0f * static_cast<float>(i));
  EXPECT_TRUE(device->findings().empty());
  device->reset();
  EXPECT_EQ(device->counters().instructions, 0u);
}

TEST_F(SimDeviceTest, AccessOutOfBoundsFailsTheLaunch) {
  EXPECT_EQ(launch(101), ATTN_RT_FINDING);
  EXPECT_THAT(attn_rt_last_error(), HasSubstr("kernel doubling: "));
  ASSERT_FALSE(device->findings().empty());
  EXPECT_EQ(device->findings()[0].hazard, sim::Hazard::OutOfBounds);
  EXPECT_THAT(attn_rt_last_error(), HasSubstr(device->findings()[0].str()));
}

TEST_F(SimDeviceTest, UnwrittenOutputIsAFinding) {
  ASSERT_EQ(launch(90), 0) << attn_rt_last_error();
  std::vector<float> result(100);
  EXPECT_TRUE(device->copyFromDevice(result.data(), out, 360).ok());
  Status status = device->copyFromDevice(result.data(), out, 400);
  EXPECT_EQ(status.code, ATTN_RT_FINDING);
  EXPECT_THAT(status.message, HasSubstr("first missing: byte 360"));
  ASSERT_EQ(device->findings().size(), 1u);
  EXPECT_EQ(device->findings()[0].buffer, "out");
}

TEST_F(SimDeviceTest, RefusesUnknownText) {
  attn_rt_image bad = {"sm_80", "this is no PTX", 14};
  EXPECT_EQ(
      attn_rt_launch(stream.get(), &bad, "k", 1, 1, 1, 32, 1, 1, 0, nullptr, 0),
      ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(attn_rt_last_error(), HasSubstr("PTX line 1: "));
  const char cubin[] = "\177ELF\2\1";
  attn_rt_image binary = {"sm_80", cubin, sizeof(cubin)};
  EXPECT_EQ(attn_rt_launch(stream.get(), &binary, "k", 1, 1, 1, 32, 1, 1, 0,
                           nullptr, 0),
            ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(attn_rt_last_error(),
              HasSubstr("expected PTX text, but got a cubin"));
}

TEST_F(SimDeviceTest, ChecksKernelAndParameters) {
  EXPECT_EQ(launch(100, 3, "tripling"), ATTN_RT_NO_KERNEL);
  EXPECT_THAT(attn_rt_last_error(), HasSubstr("no kernel named tripling"));
  EXPECT_EQ(launch(100, 2), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "kernel doubling has 3 parameters, but got 2");
}

TEST_F(SimDeviceTest, BuffersOfNoBytes) {
  uint64_t empty = 0;
  ASSERT_TRUE(device->allocate(0, "empty", empty).ok());
  EXPECT_NE(empty, 0u);
  EXPECT_TRUE(device->copyFromDevice(nullptr, empty, 0).ok());
  EXPECT_TRUE(device->copyToDevice(empty, nullptr, 0).ok());
  EXPECT_TRUE(device->release(empty).ok());
  EXPECT_TRUE(device->release(0).ok());
  EXPECT_EQ(device->release(12345).code, ATTN_RT_INVALID_ARGUMENT);
}
