//===- FakeCudaTest.cpp - the fake driver refuses what a driver does ------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tests of the runtime are worth what the fake driver refuses.

#include "FakeDriver.h"
#include "Kernels.h"
#include "attn/Sim/TensorMap.h"
#include <cstdlib>
#include <vector>

using namespace attn;
using namespace attn::runtime::test;

namespace {
class FakeCudaTest : public testing::Test {
protected:
  /// A current context on the first GPU.
  void start(int capability) {
    fake.setCapability(capability);
    ASSERT_EQ(fake.call<int>("cuInit", 0u), 0);
    ASSERT_EQ(fake.call<int>("cuDeviceGet", &device, 0), 0);
    ASSERT_EQ(fake.call<int>("cuDevicePrimaryCtxRetain", &context, device), 0);
    ASSERT_EQ(fake.call<int>("cuCtxPushCurrent_v2", context), 0);
  }
  void TearDown() override {
    if (!context)
      return;
    EXPECT_EQ(fake.call<int>("cuCtxPopCurrent_v2", &context), 0);
    EXPECT_EQ(fake.call<int>("cuDevicePrimaryCtxRelease_v2", device), 0);
  }

  void *find(const char *text, const char *kernel) {
    void *module = nullptr, *function = nullptr;
    EXPECT_EQ(fake.call<int>("cuModuleLoadDataEx", &module,
                             static_cast<const void *>(text), 0u,
                             static_cast<int *>(nullptr),
                             static_cast<void **>(nullptr)),
              0);
    EXPECT_EQ(fake.call<int>("cuModuleGetFunction", &function, module, kernel),
              0);
    return function;
  }
  int launch(void *function, std::vector<unsigned> sizes, unsigned shared = 0,
             void **params = nullptr, void *queue = nullptr) {
    return fake.call<int>("cuLaunchKernel", function, sizes[0], sizes[1],
                          sizes[2], sizes[3], sizes[4], sizes[5], shared, queue,
                          params, static_cast<void **>(nullptr));
  }

  FakeDriver fake;
  int device = 0;
  void *context = nullptr;
};

/// Sets variables of the environment for its life.
class Environment {
public:
  Environment(const char *name, const char *value) : name(name) {
    setenv(name, value, 1);
  }
  ~Environment() { unsetenv(name); }

private:
  const char *name;
};
} // namespace

TEST_F(FakeCudaTest, ErrorsHaveNamesAndTexts) {
  const struct {
    int result;
    const char *name, *text;
  } cases[] = {
      {0, "CUDA_SUCCESS", "no error"},
      {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
      {700, "CUDA_ERROR_ILLEGAL_ADDRESS",
       "an illegal memory access was encountered"},
      {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
  };
  const char *text = nullptr;
  for (const auto &one : cases) {
    EXPECT_EQ(fake.call<int>("cuGetErrorName", one.result, &text), 0);
    EXPECT_STREQ(text, one.name);
    EXPECT_EQ(fake.call<int>("cuGetErrorString", one.result, &text), 0);
    EXPECT_STREQ(text, one.text);
  }
  EXPECT_EQ(fake.call<int>("cuGetErrorName", 12345, &text), 1);
  EXPECT_EQ(text, nullptr);
}

TEST_F(FakeCudaTest, OrderOfCalls) {
  int count = 0;
  EXPECT_EQ(fake.call<int>("cuDeviceGetCount", &count), 3);
  ASSERT_EQ(fake.call<int>("cuInit", 0u), 0);
  ASSERT_EQ(fake.call<int>("cuDeviceGetCount", &count), 0);
  EXPECT_EQ(count, 2);
  unsigned long long address = 0;
  EXPECT_EQ(fake.call<int>("cuMemAlloc_v2", &address, size_t(4)), 201);
  EXPECT_EQ(fake.call<int>("cuCtxSynchronize"), 201);
  start(80);
  EXPECT_EQ(fake.call<int>("cuMemAlloc_v2", &address, size_t(4)), 0);
  EXPECT_EQ(fake.call<int>("cuMemAlloc_v2", &address, size_t(0)), 1);
  void *none = nullptr;
  EXPECT_EQ(fake.call<int>("cuModuleUnload", none), 400);
  EXPECT_EQ(fake.call<int>("cuStreamSynchronize", context), 400);
}

TEST_F(FakeCudaTest, FreshMemoryIsNotZero) {
  start(80);
  unsigned long long address = 0;
  ASSERT_EQ(fake.call<int>("cuMemAlloc_v2", &address, size_t(8)), 0);
  uint64_t value = 0;
  ASSERT_EQ(fake.call<int>("cuMemcpyDtoH_v2", static_cast<void *>(&value),
                           address, size_t(8)),
            0);
  EXPECT_NE(value, 0u);
}

TEST_F(FakeCudaTest, LaunchLimits) {
  start(80);
  void *idle = find(scaleText, "idle");
  EXPECT_EQ(launch(idle, {1, 1, 1, 32, 32, 1}), 0);
  for (const std::vector<unsigned> &sizes :
       {std::vector<unsigned>{0, 1, 1, 32, 1, 1},
        {1, 65536, 1, 32, 1, 1},
        {1, 1, 65536, 32, 1, 1},
        {1u << 31, 1, 1, 32, 1, 1},
        {1, 1, 1, 0, 1, 1},
        {1, 1, 1, 1025, 1, 1},
        {1, 1, 1, 1, 1, 65},
        {1, 1, 1, 32, 33, 1}})
    EXPECT_EQ(launch(idle, sizes), 1);
  EXPECT_EQ(launch(context, {1, 1, 1, 1, 1, 1}), 400);
  EXPECT_EQ(launch(idle, {1, 1, 1, 1, 1, 1}, 0, nullptr, context), 400);
  // Parameters that are missing.
  void *scale = find(scaleText, "scale");
  uint64_t zero = 0;
  void *params[] = {&zero, &zero, &zero, nullptr};
  EXPECT_EQ(launch(scale, {1, 1, 1, 1, 1, 1}), 1);
  EXPECT_EQ(launch(scale, {1, 1, 1, 1, 1, 1}, 0, params), 1);
  params[3] = &zero;
  EXPECT_EQ(launch(scale, {1, 1, 1, 1, 1, 1}, 0, params), 0);
  EXPECT_EQ(fake.call<int>("cuCtxSynchronize"), 0);
}

TEST_F(FakeCudaTest, SharedMemoryHasToBeAllowed) {
  const struct {
    int capability, most;
  } chips[] = {{80, 163 * 1024}, {86, 99 * 1024}, {90, 227 * 1024}};
  for (const auto &chip : chips) {
    start(chip.capability);
    // The simulator goes by the target of the text.
    void *idle = find(chip.capability == 90 ? hopperText : scaleText, "idle");
    auto with = [&](unsigned bytes) {
      uint64_t zeros[16] = {};
      void *params[] = {zeros, zeros, zeros, zeros, zeros, zeros};
      return launch(idle, {1, 1, 1, 1, 1, 1}, bytes, params);
    };
    auto allow = [&](int bytes) {
      return fake.call<int>("cuFuncSetAttribute", idle, 8, bytes);
    };
    EXPECT_EQ(with(48 * 1024), 0);
    EXPECT_EQ(with(48 * 1024 + 1), 1);
    EXPECT_EQ(allow(60000), 0);
    EXPECT_EQ(with(60000), 0);
    EXPECT_EQ(with(60001), 1);
    EXPECT_EQ(allow(chip.most + 1), 1);
    EXPECT_EQ(allow(-1), 1);
    EXPECT_EQ(allow(chip.most), 0);
    EXPECT_EQ(with(static_cast<unsigned>(chip.most)), 0);
    TearDown();
  }
  context = nullptr;
}

TEST_F(FakeCudaTest, StaticSharedMemoryCounts) {
  start(90);
  void *copyBox = find(hopperText, "copyBox"); // has a barrier of 8 bytes
  auto allow = [&](int bytes) {
    return fake.call<int>("cuFuncSetAttribute", copyBox, 8, bytes);
  };
  EXPECT_EQ(allow(227 * 1024 - 7), 1);
  EXPECT_EQ(allow(226 * 1024), 0); // whatever the alignment adds
}

TEST_F(FakeCudaTest, TensorMapRules) {
  start(90);
  struct {
    int type = 6; // f16
    unsigned rank = 3;
    uint64_t address = 1 << 20;
    uint64_t dims[5] = {128, 100, 8, 1, 1};
    uint64_t strides[4] = {256, 25600, 16, 16};
    unsigned box[5] = {64, 64, 1, 1, 1}, steps[5] = {1, 1, 1, 1, 1};
    int interleave = 0, swizzle = 3, promotion = 2, fill = 0;
  } good;
  auto encode = [&](const decltype(good) &m, int shift = 0) {
    alignas(64) char room[192];
    return fake.call<int>(
        "cuTensorMapEncodeTiled", static_cast<void *>(room + shift), m.type,
        m.rank, reinterpret_cast<void *>(m.address), &m.dims[0], &m.strides[0],
        &m.box[0], &m.steps[0], m.interleave, m.swizzle, m.promotion, m.fill);
  };
  EXPECT_EQ(encode(good), 0);
  EXPECT_EQ(encode(good, 8), 1);
  auto expectRefused = [&](const char *what, auto spoil) {
    auto bad = good;
    spoil(bad);
    EXPECT_EQ(encode(bad), 1) << what;
  };
  expectRefused("type", [](auto &m) { m.type = 16; });
  expectRefused("rank", [](auto &m) { m.rank = 6; });
  expectRefused("no rank", [](auto &m) { m.rank = 0; });
  expectRefused("address", [](auto &m) { m.address += 8; });
  expectRefused("no address", [](auto &m) { m.address = 0; });
  expectRefused("no elements", [](auto &m) { m.dims[1] = 0; });
  expectRefused("dims", [](auto &m) { m.dims[0] = (uint64_t(1) << 32) + 1; });
  expectRefused("stride", [](auto &m) { m.strides[1] = 25608; });
  expectRefused("long stride",
                [](auto &m) { m.strides[0] = uint64_t(1) << 40; });
  expectRefused("no box", [](auto &m) { m.box[2] = 0; });
  expectRefused("box", [](auto &m) { m.box[1] = 257; });
  expectRefused("row of the box", [](auto &m) { m.box[0] = 12; });
  expectRefused("swizzle and row", [](auto &m) { m.swizzle = 2; });
  expectRefused("swizzle", [](auto &m) { m.swizzle = 7; });
  expectRefused("steps", [](auto &m) { m.steps[1] = 9; });
  expectRefused("promotion", [](auto &m) { m.promotion = 4; });
  expectRefused("fill", [](auto &m) { m.fill = 2; });
  expectRefused("NaN of integers", [](auto &m) { m.type = 1, m.fill = 1; });
  fake.setCapability(86);
  EXPECT_EQ(encode(good), 801);
}

//===----------------------------------------------------------------------===//
// Settings from the environment
//===----------------------------------------------------------------------===//

TEST_F(FakeCudaTest, EnvironmentDescribesTheMachine) {
  Environment chip("ATTN_FAKE_CUDA_CC", "80");
  Environment version("ATTN_FAKE_CUDA_DRIVER", "12020");
  Environment number("ATTN_FAKE_CUDA_COUNT", "3");
  fake.call<void>("fake_cuda_reset");
  int value = 0;
  EXPECT_EQ(fake.call<int>("cuDriverGetVersion", &value), 0);
  EXPECT_EQ(value, 12020);
  EXPECT_EQ(fake.call<int>("cuInit", 0u), 0);
  EXPECT_EQ(fake.call<int>("cuDeviceGetCount", &value), 0);
  EXPECT_EQ(value, 3);
  EXPECT_EQ(fake.call<int>("cuDeviceGet", &device, 2), 0);
  EXPECT_EQ(fake.call<int>("cuDeviceGetAttribute", &value, 75, device), 0);
  EXPECT_EQ(value, 8);
  EXPECT_EQ(fake.call<int>("cuDeviceGet", &device, 3), 101);
}

TEST_F(FakeCudaTest, EnvironmentWithoutGpus) {
  Environment number("ATTN_FAKE_CUDA_COUNT", "0");
  fake.call<void>("fake_cuda_reset");
  EXPECT_EQ(fake.call<int>("cuInit", 0u), 100);
}

TEST_F(FakeCudaTest, EnvironmentAcceptsCubins) {
  for (const char *value : {"", "accept"}) {
    Environment cubins("ATTN_FAKE_CUDA_CUBIN", value);
    fake.call<void>("fake_cuda_reset");
    start(90);
    void *module = nullptr;
    const void *image = "\177ELF and so on";
    const int expected = *value ? 0 : 209;
    EXPECT_EQ(fake.call<int>("cuModuleLoadDataEx", &module, image, 0u,
                             static_cast<int *>(nullptr),
                             static_cast<void **>(nullptr)),
              expected);
    TearDown();
  }
  context = nullptr;
}

TEST_F(FakeCudaTest, EnvironmentThatMakesNoSense) {
  for (const char *name : {"ATTN_FAKE_CUDA_CC", "ATTN_FAKE_CUDA_DRIVER",
                           "ATTN_FAKE_CUDA_COUNT", "ATTN_FAKE_CUDA_CUBIN"}) {
    Environment wrong(name, "many");
    fake.call<void>("fake_cuda_reset");
    EXPECT_EQ(fake.call<int>("cuInit", 0u), 999) << name;
  }
}
