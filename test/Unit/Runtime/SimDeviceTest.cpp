//===- SimDeviceTest.cpp - SimDevice on small kernels ---------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/SimDevice.h"
#include "Kernels.h"
#include "attn/Runtime/Stream.h"
#include "attn/Sim/TensorMap.h"
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

/// out[cta] = the size of its cluster.
static const char clusterSize[] = R"(
.version 8.0
.target sm_90a
.address_size 64

.visible .entry clusterSize(
    .param .u64 out
)
{
    .reg .b32 %r<3>;
    .reg .b64 %rd<4>;

    ld.param.u64 %rd1, [out];
    mov.u32 %r1, %ctaid.x;
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd3, %rd1, %rd2;
    mov.u32 %r2, %cluster_nctarank;
    st.global.u32 [%rd3], %r2;
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
  attn_rt_image image = {"sm_80", doubling, sizeof(doubling), nullptr, 0};
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

TEST_F(SimDeviceTest, ParametersByValue) {
  attn_rt_image values = {"sm_80", test::byValueText, sizeof(test::byValueText),
                          nullptr, 0};
  alignas(64) uint32_t words[32];
  for (uint32_t i = 0; i < 32; ++i)
    words[i] = 1000 * i;
  uint32_t one = 1;
  void *params[] = {&out, words, &one};
  ASSERT_EQ(attn_rt_launch(stream.get(), &values, "byValue", 1, 1, 1, 32, 1, 1,
                           0, params, 3),
            0)
      << attn_rt_last_error();
  uint32_t result[32];
  ASSERT_TRUE(device->copyFromDevice(result, out, sizeof(result)).ok());
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(result[i], 1000 * i + 1);
}

TEST_F(SimDeviceTest, Clusters) {
  attn_rt_image hopper = {"sm_90a", clusterSize, sizeof(clusterSize), nullptr,
                          0};
  void *params[] = {&out};
  for (uint32_t size : {1u, 2u, 4u}) {
    ASSERT_EQ(attn_rt_launch_cluster(stream.get(), &hopper, "clusterSize", 4, 1,
                                     1, 1, 1, 1, size, 1, 1, 0, params, 1),
              0)
        << attn_rt_last_error();
    uint32_t result[4];
    ASSERT_TRUE(device->copyFromDevice(result, out, sizeof(result)).ok());
    for (uint32_t got : result)
      EXPECT_EQ(got, size);
  }
}

TEST_F(SimDeviceTest, TensorMapsAreWhatWasDescribed) {
  alignas(64) unsigned char map[128] = {};
  attn_rt_tensor_map_desc desc = {};
  desc.name = "key";
  desc.address = in;
  desc.rank = 3;
  desc.element = ATTN_RT_ELEMENT_BF16;
  desc.swizzle = 64;
  desc.promotion = 256;
  const int64_t dims[] = {40, 70, 3}, strides[] = {-1, 96, 6720};
  const uint32_t box[] = {32, 128, 1};
  for (int i = 0; i < 3; ++i) {
    desc.dims[i] = dims[i];
    desc.strides[i] = strides[i];
    desc.box[i] = box[i];
  }
  ASSERT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0)
      << attn_rt_last_error();
  sim::TensorMapInfo info;
  ASSERT_TRUE(sim::decodeTensorMap(map, info));
  EXPECT_EQ(info.type, sim::TensorType::BF16);
  EXPECT_EQ(info.rank, 3u);
  EXPECT_EQ(info.address, in);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(info.dims[i], static_cast<uint64_t>(dims[i]));
    EXPECT_EQ(info.box[i], box[i]);
    EXPECT_EQ(info.elementStrides[i], 1u);
  }
  EXPECT_EQ(info.strides[0], 96u);
  EXPECT_EQ(info.strides[1], 6720u);
  EXPECT_EQ(info.swizzle, sim::TensorSwizzle::B64);
  EXPECT_EQ(info.promotion, sim::TensorPromotion::L2B256);
  EXPECT_EQ(info.interleave, sim::TensorInterleave::None);
  EXPECT_EQ(info.fill, sim::TensorFill::Zeros);
}

TEST_F(SimDeviceTest, TensorMapCodes) {
  const struct {
    uint32_t element, swizzle, promotion;
    sim::TensorType type;
    sim::TensorSwizzle expectedSwizzle;
    sim::TensorPromotion expectedPromotion;
  } cases[] = {
      {ATTN_RT_ELEMENT_U8, 0, 0, sim::TensorType::U8, sim::TensorSwizzle::None,
       sim::TensorPromotion::None},
      {ATTN_RT_ELEMENT_I32, 128, 64, sim::TensorType::S32,
       sim::TensorSwizzle::B128, sim::TensorPromotion::L2B64},
      {ATTN_RT_ELEMENT_F16, 32, 128, sim::TensorType::F16,
       sim::TensorSwizzle::B32, sim::TensorPromotion::L2B128},
      {ATTN_RT_ELEMENT_F32, 64, 0, sim::TensorType::F32,
       sim::TensorSwizzle::B64, sim::TensorPromotion::None},
  };
  for (const auto &one : cases) {
    alignas(64) unsigned char map[128] = {};
    attn_rt_tensor_map_desc desc = {};
    desc.dims[0] = 64;
    desc.box[0] = 16;
    desc.rank = 1;
    desc.address = in;
    desc.element = one.element;
    desc.swizzle = one.swizzle;
    desc.promotion = one.promotion;
    ASSERT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0)
        << attn_rt_last_error();
    sim::TensorMapInfo info;
    ASSERT_TRUE(sim::decodeTensorMap(map, info));
    EXPECT_EQ(info.type, one.type);
    EXPECT_EQ(info.swizzle, one.expectedSwizzle);
    EXPECT_EQ(info.promotion, one.expectedPromotion);
  }
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
  attn_rt_image bad = {"sm_80", "this is no PTX", 14, nullptr, 0};
  EXPECT_EQ(
      attn_rt_launch(stream.get(), &bad, "k", 1, 1, 1, 32, 1, 1, 0, nullptr, 0),
      ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(attn_rt_last_error(), HasSubstr("PTX line 1: "));
  const char cubin[] = "\177ELF\2\1";
  attn_rt_image binary = {"sm_80", cubin, sizeof(cubin), nullptr, 0};
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
