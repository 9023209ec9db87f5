//===- CudaDeviceTest.cpp - CudaDevice against a fake driver --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/CudaDevice.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"
#include <dlfcn.h>

using namespace attn::runtime;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

namespace {
class CudaDeviceTest : public testing::Test {
protected:
  void SetUp() override {
    library = dlopen(FAKE_CUDA_PATH, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    find<void (*)()>("fake_cuda_reset")();
  }
  void TearDown() override {
    EXPECT_EQ(find<int (*)()>("fake_cuda_context_depth")(), 0);
  }

  template <typename Function> Function find(const char *name) {
    return reinterpret_cast<Function>(dlsym(library, name));
  }
  std::string diary() { return find<const char *(*)()>("fake_cuda_diary")(); }
  void fail(const char *call, int result) {
    find<void (*)(const char *, int)>("fake_cuda_fail")(call, result);
  }
  std::unique_ptr<CudaDevice> open(int ordinal = 0) {
    CudaOptions options;
    options.ordinal = ordinal;
    options.library = FAKE_CUDA_PATH;
    return CudaDevice::open(options, reason);
  }

  void *library = nullptr;
  std::string reason;
  int parameter = 42;
  void *params[1] = {&parameter};
  attn_rt_image image = {"sm_80", "ptx text", 8, nullptr, 0};
};
} // namespace

TEST_F(CudaDeviceTest, AbsentDriverIsAReasonNotAnError) {
  CudaOptions options;
  options.library = "libno-such-driver.so";
  EXPECT_EQ(CudaDevice::open(options, reason), nullptr);
  EXPECT_THAT(reason, HasSubstr("no CUDA driver: libno-such-driver.so"));
}

TEST_F(CudaDeviceTest, LibraryWithoutTheFunctionsIsRefused) {
  CudaOptions options;
  options.library = "libc.so.6";
  EXPECT_EQ(CudaDevice::open(options, reason), nullptr);
  EXPECT_THAT(reason, HasSubstr("CUDA driver too old: libc.so.6 has no cu"));
}

TEST_F(CudaDeviceTest, SelectsByOrdinal) {
  auto device = open(1);
  ASSERT_TRUE(device) << reason;
  EXPECT_EQ(device->name(), "Fake GPU 1");
  EXPECT_EQ(device->chip(), "sm_86");
  EXPECT_THAT(diary(), HasSubstr("retain 101"));
  device.reset();
  EXPECT_THAT(diary(), HasSubstr("release-context 101"));
  EXPECT_EQ(open(2), nullptr);
  EXPECT_EQ(reason, "no GPU 2: the driver knows 2");
  EXPECT_EQ(open(-1), nullptr);
}

TEST_F(CudaDeviceTest, HopperIsTheArchitectureSpecificTarget) {
  find<void (*)(int)>("fake_cuda_set_compute_capability")(90);
  EXPECT_EQ(open()->chip(), "sm_90a");
  find<void (*)(int)>("fake_cuda_set_compute_capability")(89);
  EXPECT_EQ(open()->chip(), "sm_89");
}

TEST_F(CudaDeviceTest, DriverThatDoesNotStart) {
  fail("init", 100);
  EXPECT_EQ(open(), nullptr);
  EXPECT_EQ(reason,
            "the CUDA driver does not start: CUDA_ERROR_FAKE: as ordered");
}

TEST_F(CudaDeviceTest, CopiesThereAndBack) {
  auto device = open();
  uint64_t address = 0;
  ASSERT_TRUE(device->allocate(4, "x", address).ok());
  int sent = 7, received = 0;
  EXPECT_TRUE(device->copyToDevice(address, &sent, 4).ok());
  EXPECT_TRUE(device->copyFromDevice(&received, address, 4).ok());
  EXPECT_EQ(received, 7);
  EXPECT_TRUE(device->release(address).ok());
  EXPECT_TRUE(device->release(0).ok());
  // The driver would refuse to allocate nothing.
  ASSERT_TRUE(device->allocate(0, "empty", address).ok());
  EXPECT_THAT(diary(), HasSubstr("alloc 1\n"));
  EXPECT_TRUE(device->release(address).ok());
}

TEST_F(CudaDeviceTest, OutOfMemoryNamesTheBuffer) {
  auto device = open();
  fail("alloc", 2);
  uint64_t address = 0;
  Status status = device->allocate(1024, "workspace", address);
  EXPECT_EQ(status.code, ATTN_RT_OUT_OF_MEMORY);
  EXPECT_EQ(status.message, "cannot allocate 1024 bytes for workspace: "
                            "CUDA_ERROR_OUT_OF_MEMORY: as ordered");
}

TEST_F(CudaDeviceTest, LaunchesThroughTheAbi) {
  StreamPtr stream = createStream(open(), reinterpret_cast<void *>(5));
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(attn_rt_launch(stream.get(), &image, "k", 2, 3, 4, 128, 1, 1,
                             65536, params, 1),
              0);
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), 0);
  // The second launch asks the driver for nothing but the launch.
  const char *launch = "launch 2,3,4 128,1,1 shared=65536 stream=5 param=42\n";
  EXPECT_THAT(diary(), HasSubstr(std::string("load ptx text\nfind k\n"
                                             "set-attribute 8 65536\n") +
                                 launch + launch + "synchronize\n"));
  stream.reset();
  EXPECT_THAT(diary(), HasSubstr("unload\nrelease-context 100\n"));
}

TEST_F(CudaDeviceTest, LaunchesClusters) {
  StreamPtr stream = createStream(open(), reinterpret_cast<void *>(5));
  auto launch = [&](uint32_t cx) {
    return attn_rt_launch_cluster(stream.get(), &image, "k", 2, 3, 4, 128, 1, 1,
                                  cx, 3, 1, 65536, params, 1);
  };
  EXPECT_EQ(launch(2), 0);
  EXPECT_THAT(diary(), HasSubstr("set-attribute 8 65536\n"
                                 "launch-ex 2,3,4 128,1,1 shared=65536 "
                                 "stream=5 param=42 attributes=1: 4=2,3,1\n"));
  fail("launch-ex", 1);
  EXPECT_EQ(launch(1), ATTN_RT_LAUNCH_FAILED);
  EXPECT_STREQ(attn_rt_last_error(),
               "cannot launch k: CUDA_ERROR_FAKE: as ordered");
}

TEST_F(CudaDeviceTest, ParametersByValueAreTheCallersBytes) {
  StreamPtr stream = createStream(open());
  alignas(64) int map[32] = {77};
  void *values[] = {map};
  EXPECT_EQ(attn_rt_launch(stream.get(), &image, "k", 1, 1, 1, 32, 1, 1, 0,
                           values, 1),
            0);
  EXPECT_THAT(diary(), HasSubstr("param=77\n"));
}

TEST_F(CudaDeviceTest, EncodesTensorMaps) {
  StreamPtr stream = createStream(open());
  alignas(64) unsigned char map[128] = {};
  attn_rt_tensor_map_desc desc = {"key",
                                  4096,
                                  {128, 70, 1, 3},
                                  {77, 256, 5, 35840},
                                  {64, 176, 1, 1},
                                  4,
                                  ATTN_RT_ELEMENT_BF16,
                                  128,
                                  256};
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0);
  EXPECT_THAT(diary(),
              HasSubstr("tensor-map type=9 address=4096 128/64/1 70/176/1@256 "
                        "1/1/1@256 3/1/1@35840 modes=0330\n"));
  EXPECT_EQ(map[127], 0x5a);
  const struct {
    uint32_t element, swizzle, promotion;
    const char *diary;
  } codes[] = {{ATTN_RT_ELEMENT_U8, 0, 0, "type=0 address=4096 .* modes=0000"},
               {ATTN_RT_ELEMENT_I32, 0, 64, "type=3 .* modes=0010"},
               {ATTN_RT_ELEMENT_F16, 32, 128, "type=6 .* modes=0120"},
               {ATTN_RT_ELEMENT_F32, 64, 0, "type=7 .* modes=0200"}};
  for (const auto &code : codes) {
    desc.element = code.element;
    desc.swizzle = code.swizzle;
    desc.promotion = code.promotion;
    desc.box[0] = 16;
    find<void (*)()>("fake_cuda_reset")();
    EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0);
    EXPECT_THAT(diary(), ContainsRegex(code.diary));
  }
  fail("tensor-map", 1);
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc),
            ATTN_RT_DEVICE_ERROR);
  EXPECT_STREQ(attn_rt_last_error(), "cannot encode the tensor map of key: "
                                     "CUDA_ERROR_FAKE: as ordered");
}

TEST_F(CudaDeviceTest, OldDriverRunsOldKernels) {
  CudaOptions options;
  options.library = FAKE_OLD_CUDA_PATH;
  StreamPtr stream = createStream(CudaDevice::open(options, reason));
  auto launch = [&](uint32_t cx) {
    return attn_rt_launch_cluster(stream.get(), &image, "k", 2, 1, 1, 128, 1, 1,
                                  cx, 1, 1, 0, params, 1);
  };
  EXPECT_EQ(launch(1), 0);
  EXPECT_EQ(launch(2), ATTN_RT_DEVICE_ERROR);
  EXPECT_STREQ(attn_rt_last_error(),
               "CUDA driver too old: it has no cuLaunchKernelEx");
  alignas(64) char map[128];
  attn_rt_tensor_map_desc desc = {
      "key", 4096, {64, 8}, {0, 128}, {64, 8}, 2, ATTN_RT_ELEMENT_F16, 128, 0};
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc),
            ATTN_RT_DEVICE_ERROR);
  EXPECT_STREQ(attn_rt_last_error(),
               "CUDA driver too old: it has no cuTensorMapEncodeTiled");
}

TEST_F(CudaDeviceTest, NoDynamicSharedMemoryNoAttribute) {
  StreamPtr stream = createStream(open());
  EXPECT_EQ(attn_rt_launch(stream.get(), &image, "k", 1, 1, 1, 32, 1, 1, 0,
                           params, 1),
            0);
  EXPECT_THAT(diary(), Not(HasSubstr("set-attribute")));
}

TEST_F(CudaDeviceTest, RefusedModuleGivesTheLog) {
  StreamPtr stream = createStream(open());
  fail("load", 218);
  EXPECT_EQ(attn_rt_launch(stream.get(), &image, "k", 1, 1, 1, 32, 1, 1, 0,
                           params, 1),
            ATTN_RT_BAD_IMAGE);
  EXPECT_STREQ(attn_rt_last_error(),
               "cannot load the module for sm_80 on Fake GPU 0 (sm_86): the "
               "driver refused it: CUDA_ERROR_FAKE: as ordered\nptxas: line 3 "
               "is odd");
}

TEST_F(CudaDeviceTest, FailuresHaveCodes) {
  StreamPtr stream = createStream(open());
  auto launch = [&] {
    return attn_rt_launch(stream.get(), &image, "k", 1, 1, 1, 32, 1, 1, 99999,
                          params, 1);
  };
  fail("find", 500);
  EXPECT_EQ(launch(), ATTN_RT_NO_KERNEL);
  fail("set-attribute", 1);
  EXPECT_EQ(launch(), ATTN_RT_LAUNCH_FAILED);
  EXPECT_THAT(attn_rt_last_error(),
              HasSubstr("99999 bytes of dynamic shared memory"));
  fail("launch", 1);
  EXPECT_EQ(launch(), ATTN_RT_LAUNCH_FAILED);
  fail("synchronize", 700);
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), ATTN_RT_LAUNCH_FAILED);
  fail("", 0);
  EXPECT_EQ(launch(), 0);
}

TEST_F(CudaDeviceTest, EventsMeasureSeconds) {
  auto device = open();
  void *event = nullptr, *queue = nullptr;
  double seconds = 0;
  EXPECT_TRUE(device->createQueue(queue).ok());
  EXPECT_TRUE(device->createEvent(event).ok());
  EXPECT_TRUE(device->recordEvent(event, queue).ok());
  EXPECT_TRUE(device->elapsed(event, event, seconds).ok());
  EXPECT_DOUBLE_EQ(seconds, 0.25);
  EXPECT_TRUE(device->destroyEvent(event).ok());
  EXPECT_TRUE(device->destroyQueue(queue).ok());
}
