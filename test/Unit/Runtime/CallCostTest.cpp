//===- CallCostTest.cpp - what a call costs the host ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call is made for every layer of a model and for every token, so its way
// allocates nothing and asks the driver for nothing that it has asked before.
// The fake driver keeps the time that is spent inside of it; the rest is ours.

#include "FakeDriver.h"
#include "Kernels.h"
#include "attn/Runtime/Stream.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <vector>

using namespace attn::runtime;
using namespace attn::runtime::test;

//===----------------------------------------------------------------------===//
// Counting allocations
//===----------------------------------------------------------------------===//

static std::atomic<uint64_t> allocations{0};

void *operator new(size_t bytes) {
  ++allocations;
  void *memory = std::malloc(bytes ? bytes : 1);
  if (!memory)
    std::abort();
  return memory;
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

static uint64_t heapInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

//===----------------------------------------------------------------------===//
// A function as the compiler makes it
//===----------------------------------------------------------------------===//

static const attn_rt_image image = {"sm_90a", hopperText, sizeof(hopperText),
                                    nullptr, 0};

namespace {
/// A memref descriptor of rank 4.
struct Descriptor {
  uint64_t allocated, aligned;
  int64_t offset, sizes[4], strides[4];
};
} // namespace

/// The map that a kernel reads query, key or value through: [batch, heads,
/// rows, head dim], boxes of 64 columns and 128 rows.
static int32_t encode(attn_rt_stream *stream, void *map, const char *name,
                      const Descriptor &tensor) {
  attn_rt_tensor_map_desc desc = {};
  desc.name = name;
  desc.address = tensor.aligned;
  desc.rank = 4;
  desc.element = ATTN_RT_ELEMENT_F16;
  desc.swizzle = 128;
  desc.promotion = 256;
  for (int i = 0; i < 4; ++i) {
    desc.dims[i] = tensor.sizes[3 - i];
    desc.strides[i] = 2 * tensor.strides[3 - i];
    desc.box[i] = i == 0 ? 64 : i == 1 ? 128 : 1;
  }
  return attn_rt_encode_tensor_map(stream, map, &desc);
}

/// Four tensors, two scalars; a kernel in clusters and one without.
static int32_t attention(void **args) {
  const auto &query = *static_cast<const Descriptor *>(args[0]);
  const auto &key = *static_cast<const Descriptor *>(args[1]);
  const auto &value = *static_cast<const Descriptor *>(args[2]);
  const auto &out = *static_cast<const Descriptor *>(args[3]);
  auto *stream = static_cast<attn_rt_stream *>(args[6]);
  if (query.sizes[0] != key.sizes[0])
    return attn_rt_fail(ATTN_RT_INVALID_ARGUMENT, "batch of key",
                        query.sizes[0], key.sizes[0]);
  alignas(64) char maps[4][128];
  const Descriptor *tensors[] = {&query, &key, &value, &out};
  const char *names[] = {"query", "key", "value", "out"};
  for (int i = 0; i < 4; ++i)
    if (int32_t code = encode(stream, maps[i], names[i], *tensors[i]))
      return code;
  void *scratch = nullptr;
  if (int32_t code = attn_rt_take_workspace(stream, 1 << 16, &scratch))
    return code;
  uint64_t in = query.aligned, to = out.aligned;
  void *params[] = {&in, &to, &scratch, maps[0], args[4], args[5]};
  const auto tiles = static_cast<uint32_t>((query.sizes[2] + 127) / 128),
             heads = static_cast<uint32_t>(query.sizes[0] * query.sizes[1]);
  if (int32_t code =
          attn_rt_launch_cluster(stream, &image, "idle", tiles * 2, heads, 1,
                                 384, 1, 1, 2, 1, 1, 200000, params, 6))
    return code;
  return attn_rt_launch(stream, &image, "idle", tiles, heads, 1, 128, 1, 1, 0,
                        params, 6);
}

namespace {
class CallCostTest : public testing::Test {
protected:
  void SetUp() override {
    fake.setCapability(90);
    stream = createStream(fake.open());
    ASSERT_EQ(attn_rt_allocate(stream.get(), 1 << 20, "data", &data), 0);
    for (attn_rt_tensor &tensor : tensors)
      tensor = {reinterpret_cast<void *>(data), sizes, nullptr, 4,
                ATTN_RT_ELEMENT_F16};
  }
  void TearDown() override { stream.reset(); }

  int32_t call() {
    return attn_rt_call(&entry, stream.get(), args,
                        reinterpret_cast<void *>(data), 1 << 16);
  }

  FakeDriver fake;
  StreamPtr stream;
  uint64_t data = 0;
  const int64_t declared[4] = {-1, 8, -1, 128}, sizes[4] = {2, 8, 300, 128};
  const attn_rt_argument arguments[6] = {
      {"query", declared, 4, ATTN_RT_ELEMENT_F16, 0},
      {"key", declared, 4, ATTN_RT_ELEMENT_F16, 0},
      {"value", declared, 4, ATTN_RT_ELEMENT_F16, 0},
      {"out", declared, 4, ATTN_RT_ELEMENT_F16, 1},
      {"window", nullptr, -1, ATTN_RT_ELEMENT_I32, 0},
      {"scale", nullptr, -1, ATTN_RT_ELEMENT_F32, 0}};
  const attn_rt_variant variant = {"sm_90a", attention};
  const attn_rt_entry entry = {"attention", arguments, &variant,
                               6,           1,         ATTN_RT_VERSION};
  attn_rt_tensor tensors[4];
  int32_t window = 100;
  float scale = 0.5f;
  const void *args[6] = {&tensors[0], &tensors[1], &tensors[2],
                         &tensors[3], &window,     &scale};
};
} // namespace

TEST_F(CallCostTest, TenThousandCalls) {
  using Clock = std::chrono::steady_clock;
  constexpr int batches = 100, callsPerBatch = 100;
  ASSERT_EQ(call(), 0) << attn_rt_last_error(); // once with all checks
  ASSERT_EQ(attn_rt_stream_synchronize(stream.get()), 0)
      << attn_rt_last_error();
  fake.call<void>("fake_cuda_execute", 0);
  const size_t diary = fake.diary().size();
  std::vector<double> microseconds;
  microseconds.reserve(batches);
  for (int i = 0; i < callsPerBatch; ++i) // warm-up
    ASSERT_EQ(call(), 0) << attn_rt_last_error();

  const char *names[] = {"launch", "launch-ex", "tensor-map", "current",
                         "push",   "pop",       "synchronize"};
  std::vector<uint64_t> before;
  for (const char *name : names)
    before.push_back(fake.calls(name));
  const uint64_t heap = heapInUse(), allocated = allocations;
  int failures = 0;
  for (int batch = 0; batch < batches; ++batch) {
    const auto inDriver = fake.call<uint64_t>("fake_cuda_nanoseconds");
    const auto start = Clock::now();
    for (int i = 0; i < callsPerBatch; ++i)
      failures += call() != 0;
    const double nanoseconds = static_cast<double>(
        std::chrono::nanoseconds(Clock::now() - start).count());
    const auto driver = static_cast<double>(
        fake.call<uint64_t>("fake_cuda_nanoseconds") - inDriver);
    microseconds.push_back((nanoseconds - driver) / (1000.0 * callsPerBatch));
  }
  const uint64_t grown = heapInUse() - heap, made = allocations - allocated;
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(grown, 0u);
  EXPECT_EQ(made, 0u);
  EXPECT_EQ(fake.diary().size(), diary);

  // What one call asks the driver for.
  const uint64_t expected[] = {1, 1, 4, 1, 1, 1, 0};
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(fake.calls(names[i]) - before[i],
              expected[i] * batches * callsPerBatch)
        << names[i];

  auto middle = microseconds.begin() + batches / 2;
  std::nth_element(microseconds.begin(), middle, microseconds.end());
  std::printf("host time of a call with 4 tensor maps and 2 launches: %.2f "
              "microseconds\n",
              *middle);
  EXPECT_LT(*middle, 10);
}

TEST_F(CallCostTest, CurrentContextIsUsedAsItIs) {
  // As in a program whose framework has made the primary context current.
  int device = 0;
  void *context = nullptr;
  ASSERT_EQ(fake.call<int>("cuDeviceGet", &device, 0), 0);
  ASSERT_EQ(fake.call<int>("cuDevicePrimaryCtxRetain", &context, device), 0);
  ASSERT_EQ(fake.call<int>("cuCtxPushCurrent_v2", context), 0);
  ASSERT_EQ(call(), 0) << attn_rt_last_error();
  fake.clearDiary();
  ASSERT_EQ(call(), 0) << attn_rt_last_error();
  const std::string diary = fake.diary();
  EXPECT_EQ(std::count(diary.begin(), diary.end(), '\n'), 7) << diary;
  EXPECT_EQ(diary.find("push"), std::string::npos) << diary;
  EXPECT_EQ(diary.rfind("current\ntensor-map ", 0), 0u) << diary;
  ASSERT_EQ(fake.call<int>("cuCtxPopCurrent_v2", &context), 0);
  ASSERT_EQ(fake.call<int>("cuDevicePrimaryCtxRelease_v2", device), 0);
}
