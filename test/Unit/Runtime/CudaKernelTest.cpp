//===- CudaKernelTest.cpp - kernels through CudaDevice --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fake driver runs them on the simulator, so these are the runtime's own
// ways to a result: memory, parameters, tensor maps, clusters, faults.

#include "FakeDriver.h"
#include "Kernels.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"
#include <vector>

using namespace attn::runtime;
using namespace attn::runtime::test;
using testing::HasSubstr;

namespace {
class CudaKernelTest : public testing::Test {
protected:
  void open(int capability) {
    fake.setCapability(capability);
    stream.reset(); // the last one frees what the driver has
    stream = createStream(fake.open());
  }
  void TearDown() override {
    stream.reset();
    EXPECT_EQ(fake.contextDepth(), 0);
  }

  uint64_t allocate(size_t bytes) {
    uint64_t address = 0;
    EXPECT_EQ(attn_rt_allocate(stream.get(), bytes, "x", &address), 0);
    return address;
  }
  template <typename Element>
  uint64_t upload(const std::vector<Element> &values) {
    const uint64_t bytes = values.size() * sizeof(Element);
    const uint64_t address = allocate(bytes);
    EXPECT_EQ(attn_rt_write(stream.get(), address, values.data(), bytes), 0);
    return address;
  }
  template <typename Element>
  std::vector<Element> download(uint64_t address, size_t count) {
    std::vector<Element> values(count);
    EXPECT_EQ(attn_rt_read(stream.get(), values.data(), address,
                           count * sizeof(Element)),
              0)
        << attn_rt_last_error();
    return values;
  }

  FakeDriver fake;
  StreamPtr stream;
  const attn_rt_image scale = {"sm_80", scaleText, sizeof(scaleText), nullptr,
                               0};
  const attn_rt_image hopper = {"sm_90a", hopperText, sizeof(hopperText),
                                nullptr, 0};
};
} // namespace

TEST_F(CudaKernelTest, ComputesFromEndToEnd) {
  // PTX for an older chip runs on all.
  for (int capability : {80, 86, 90}) {
    open(capability);
    std::vector<float> values(1000);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = 0.25f * static_cast<float>(i) - 100;
    uint64_t in = upload(values), out = allocate(4000);
    uint32_t n = 1000;
    float factor = -3;
    void *params[] = {&in, &out, &n, &factor};
    // More shared memory than a kernel has without asking.
    ASSERT_EQ(attn_rt_launch(stream.get(), &scale, "scale", 8, 1, 1, 128, 1, 1,
                             80000, params, 4),
              0)
        << attn_rt_last_error();
    ASSERT_EQ(attn_rt_stream_synchronize(stream.get()), 0)
        << attn_rt_last_error();
    const auto result = download<float>(out, 1000);
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(result[i], -3 * values[i]);
    EXPECT_EQ(attn_rt_release(stream.get(), in), 0);
    EXPECT_EQ(attn_rt_release(stream.get(), out), 0);
  }
}

TEST_F(CudaKernelTest, ParametersByValueAreTheCallersBytes) {
  open(80);
  const attn_rt_image image = {"sm_80", byValueText, sizeof(byValueText),
                               nullptr, 0};
  alignas(64) uint32_t words[32];
  for (uint32_t i = 0; i < 32; ++i)
    words[i] = 1000 * i;
  uint64_t out = allocate(128);
  uint32_t one = 1;
  void *params[] = {&out, words, &one};
  ASSERT_EQ(attn_rt_launch(stream.get(), &image, "byValue", 1, 1, 1, 32, 1, 1,
                           0, params, 3),
            0)
      << attn_rt_last_error();
  words[3] = 0; // they were read before the launch returned
  const auto result = download<uint32_t>(out, 32);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(result[i], 1000 * i + 1);
}

TEST_F(CudaKernelTest, CopiesThroughATensorMap) {
  open(90);
  // 50 columns in rows of 52; the box reaches over the end of the rows below.
  for (int64_t rows : {20, 5}) {
    std::vector<float> values(52 * 20);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(i + 1);
    uint64_t in = upload(values), out = allocate(256);
    alignas(64) char map[128];
    attn_rt_tensor_map_desc desc = {"in",    in, {50, rows},          {4, 208},
                                    {16, 4}, 2,  ATTN_RT_ELEMENT_F32, 0,
                                    128};
    ASSERT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0)
        << attn_rt_last_error();
    void *params[] = {&out, map};
    ASSERT_EQ(attn_rt_launch(stream.get(), &hopper, "copyBox", 1, 1, 1, 64, 1,
                             1, 1024, params, 2),
              0)
        << attn_rt_last_error();
    ASSERT_EQ(attn_rt_stream_synchronize(stream.get()), 0)
        << attn_rt_last_error();
    const auto result = download<float>(out, 64);
    for (int64_t row = 0; row < 4; ++row)
      for (int64_t column = 0; column < 16; ++column) {
        const auto place = static_cast<size_t>((row + 3) * 52 + column + 8);
        EXPECT_EQ(result[static_cast<size_t>(row * 16 + column)],
                  row + 3 < rows ? values[place] : 0);
      }
    EXPECT_EQ(attn_rt_release(stream.get(), in), 0);
    EXPECT_EQ(attn_rt_release(stream.get(), out), 0);
  }
}

TEST_F(CudaKernelTest, ClustersShareMemory) {
  open(90);
  uint64_t out = allocate(32);
  void *params[] = {&out};
  ASSERT_EQ(attn_rt_launch_cluster(stream.get(), &hopper, "neighbours", 8, 1, 1,
                                   1, 1, 1, 2, 1, 1, 0, params, 1),
            0)
      << attn_rt_last_error();
  const auto result = download<uint32_t>(out, 8);
  for (uint32_t i = 0; i < 8; ++i)
    EXPECT_EQ(result[i], i ^ 1);
}

TEST_F(CudaKernelTest, TooLargeClusterIsRefused) {
  open(90);
  uint64_t out = allocate(64);
  void *params[] = {&out};
  EXPECT_EQ(attn_rt_launch_cluster(stream.get(), &hopper, "neighbours", 16, 1,
                                   1, 1, 1, 1, 16, 1, 1, 0, params, 1),
            ATTN_RT_LAUNCH_FAILED);
  EXPECT_STREQ(attn_rt_last_error(),
               "cannot launch neighbours: CUDA_ERROR_INVALID_CLUSTER_SIZE: "
               "cluster misconfiguration");
  // A launch that is refused breaks nothing.
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), 0);
}

TEST_F(CudaKernelTest, FaultShowsAtTheNextWaitAndStays) {
  open(86);
  const attn_rt_image image = {"sm_80", strayText, sizeof(strayText), nullptr,
                               0};
  uint64_t out = allocate(64), in = upload(std::vector<float>(1));
  void *params[] = {&out};
  auto stray = [&] {
    return attn_rt_launch(stream.get(), &image, "stray", 1, 1, 1, 1, 1, 1, 0,
                          params, 1);
  };
  const std::string why =
      ": CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure; a kernel has "
      "died, and this process can use the GPU no more";
  // A launch does not wait for its kernel.
  EXPECT_EQ(stray(), 0) << attn_rt_last_error();
  EXPECT_THAT(fake.findings(), HasSubstr("out-of-bounds"));
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(attn_rt_last_error(), "a launch failed on the device" + why);
  // From here on nothing works, and everything says why.
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(stray(), ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(attn_rt_last_error(), "cannot launch stray" + why);
  char byte = 0;
  EXPECT_EQ(attn_rt_read(stream.get(), &byte, in, 1), ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(attn_rt_last_error(), "cannot copy from the device" + why);
  EXPECT_EQ(attn_rt_write(stream.get(), in, &byte, 1), ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(attn_rt_last_error(), "cannot copy to the device" + why);
  EXPECT_EQ(attn_rt_allocate(stream.get(), 4, "more", &out),
            ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(attn_rt_last_error(), "cannot allocate 4 bytes for more" + why);
  // An image that was not loaded before is not what is wrong.
  float factor = 1;
  uint32_t n = 1;
  void *scaled[] = {&in, &in, &n, &factor};
  EXPECT_EQ(attn_rt_launch(stream.get(), &scale, "scale", 1, 1, 1, 1, 1, 1, 0,
                           scaled, 4),
            ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(attn_rt_last_error(), "cannot load the module for sm_80 on Fake "
                                  "GPU 0 (sm_86): cannot load it" +
                                      why);
  // The context goes with its last user.
  open(86);
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), 0);
}

TEST_F(CudaKernelTest, FaultOfAnotherGpuIsNotOurs) {
  open(86);
  const attn_rt_image image = {"sm_80", strayText, sizeof(strayText), nullptr,
                               0};
  StreamPtr second = createStream(fake.open(1));
  uint64_t out = allocate(64);
  void *params[] = {&out};
  ASSERT_EQ(attn_rt_launch(stream.get(), &image, "stray", 1, 1, 1, 1, 1, 1, 0,
                           params, 1),
            0);
  EXPECT_EQ(attn_rt_stream_synchronize(second.get()), 0);
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), ATTN_RT_LAUNCH_FAILED);
  EXPECT_EQ(attn_rt_stream_synchronize(second.get()), 0);
}
