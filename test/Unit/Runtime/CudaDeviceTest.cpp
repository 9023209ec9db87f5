//===- CudaDeviceTest.cpp - CudaDevice against a fake driver --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening, memory, events, and what is asked of the driver; CudaKernelTest.cpp
// has kernels, CudaModuleTest.cpp images.

#include "FakeDriver.h"
#include "Kernels.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"
#include <algorithm>
#include <ctime>

using namespace attn::runtime;
using namespace attn::runtime::test;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

namespace {
class CudaDeviceTest : public testing::Test {
protected:
  void TearDown() override { EXPECT_EQ(fake.contextDepth(), 0); }

  /// Launches scale() on nothing; its result does not matter here.
  int32_t launchScale(attn_rt_stream *stream, uint32_t sharedBytes,
                      uint32_t gx = 1) {
    return attn_rt_launch(stream, &image, "scale", gx, 1, 1, 128, 1, 1,
                          sharedBytes, params, 4);
  }

  FakeDriver fake;
  uint64_t address = 0;
  uint32_t n = 0;
  float factor = 1;
  void *params[4] = {&address, &address, &n, &factor};
  attn_rt_image image = {"sm_80", scaleText, sizeof(scaleText), nullptr, 0};
};
} // namespace

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

TEST_F(CudaDeviceTest, AbsentDriverIsAReasonNotAnError) {
  CudaOptions options;
  options.library = "libno-such-driver.so";
  std::string reason;
  EXPECT_EQ(CudaDevice::open(options, reason), nullptr);
  EXPECT_THAT(reason, HasSubstr("no CUDA driver: libno-such-driver.so"));
}

TEST_F(CudaDeviceTest, LibraryWithoutTheFunctionsIsRefused) {
  CudaOptions options;
  options.library = "libc.so.6";
  std::string reason;
  EXPECT_EQ(CudaDevice::open(options, reason), nullptr);
  EXPECT_THAT(reason,
              ContainsRegex("^CUDA driver too old: libc.so.6 has no cu.*; "
                            "update the driver$"));
}

TEST_F(CudaDeviceTest, SelectsByOrdinal) {
  auto device = fake.open(1);
  ASSERT_TRUE(device) << fake.reason;
  EXPECT_EQ(device->name(), "Fake GPU 1");
  EXPECT_EQ(device->chip(), "sm_86");
  EXPECT_THAT(fake.diary(), HasSubstr("retain 101"));
  device.reset();
  EXPECT_THAT(fake.diary(), HasSubstr("release-context 101"));
  EXPECT_EQ(fake.open(2), nullptr);
  EXPECT_EQ(fake.reason, "no GPU 2: the driver knows 2");
  EXPECT_EQ(fake.open(-1), nullptr);
  EXPECT_EQ(fake.reason, "no GPU -1: the driver knows 2");
}

TEST_F(CudaDeviceTest, HopperIsTheArchitectureSpecificTarget) {
  fake.setCapability(90);
  EXPECT_EQ(fake.open()->chip(), "sm_90a");
  fake.setCapability(89);
  EXPECT_EQ(fake.open()->chip(), "sm_89");
  fake.setCapability(100);
  EXPECT_EQ(fake.open()->chip(), "sm_100");
}

TEST_F(CudaDeviceTest, DriverThatDoesNotStart) {
  fake.fail("init", 999);
  EXPECT_EQ(fake.open(), nullptr);
  EXPECT_EQ(
      fake.reason,
      "the CUDA driver does not start: CUDA_ERROR_UNKNOWN: unknown error");
}

TEST_F(CudaDeviceTest, NoGpu) {
  fake.call<void>("fake_cuda_set_count", 0);
  EXPECT_EQ(fake.open(), nullptr);
  EXPECT_EQ(fake.reason, "no GPU: CUDA_ERROR_NO_DEVICE: no CUDA-capable device "
                         "is detected");
  fake.fail("init", 0); // which a driver may do, too
  EXPECT_EQ(fake.open(), nullptr);
  EXPECT_EQ(fake.reason, "no GPU: the CUDA driver finds none");
}

TEST_F(CudaDeviceTest, ContextThatCannotBeHad) {
  fake.fail("retain", 2);
  EXPECT_EQ(fake.open(1), nullptr);
  EXPECT_EQ(fake.reason,
            "cannot use GPU 1: CUDA_ERROR_OUT_OF_MEMORY: out of memory");
}

//===----------------------------------------------------------------------===//
// Memory and events
//===----------------------------------------------------------------------===//

TEST_F(CudaDeviceTest, CopiesThereAndBack) {
  auto device = fake.open();
  ASSERT_TRUE(device->allocate(4, "x", address).ok());
  int sent = 7, received = 0;
  EXPECT_TRUE(device->copyToDevice(address, &sent, 4).ok());
  EXPECT_TRUE(device->copyFromDevice(&received, address, 4).ok());
  EXPECT_EQ(received, 7);
  EXPECT_TRUE(device->release(address).ok());
  EXPECT_TRUE(device->release(0).ok());
  // The driver would refuse to allocate nothing.
  ASSERT_TRUE(device->allocate(0, "empty", address).ok());
  EXPECT_THAT(fake.diary(), HasSubstr("alloc 1\n"));
  EXPECT_TRUE(device->release(address).ok());
}

TEST_F(CudaDeviceTest, CopiesOutsideOfAnAllocation) {
  auto device = fake.open();
  ASSERT_TRUE(device->allocate(64, "x", address).ok());
  char bytes[65] = {};
  Status status = device->copyToDevice(address, bytes, 65);
  EXPECT_EQ(status.code, ATTN_RT_DEVICE_ERROR);
  EXPECT_EQ(status.message, "cannot copy to the device: "
                            "CUDA_ERROR_INVALID_VALUE: invalid argument");
  status = device->copyFromDevice(bytes, address + 1, 64);
  EXPECT_EQ(status.code, ATTN_RT_DEVICE_ERROR);
  EXPECT_TRUE(device->release(address).ok());
  status = device->release(address);
  EXPECT_EQ(status.code, ATTN_RT_DEVICE_ERROR);
  EXPECT_EQ(status.message,
            "cannot free memory: CUDA_ERROR_INVALID_VALUE: invalid argument");
}

TEST_F(CudaDeviceTest, OutOfMemoryNamesTheBuffer) {
  auto device = fake.open();
  const char *why = "bytes for workspace: CUDA_ERROR_OUT_OF_MEMORY: out of "
                    "memory";
  Status status = device->allocate(size_t(1) << 50, "workspace", address);
  EXPECT_EQ(status.code, ATTN_RT_OUT_OF_MEMORY);
  EXPECT_THAT(status.message, HasSubstr(why));
  fake.fail("alloc", 2);
  status = device->allocate(1024, "workspace", address);
  EXPECT_EQ(status.code, ATTN_RT_OUT_OF_MEMORY);
  EXPECT_EQ(status.message, std::string("cannot allocate 1024 ") + why);
}

TEST_F(CudaDeviceTest, EventsMeasureSeconds) {
  auto device = fake.open();
  void *start = nullptr, *stop = nullptr, *queue = nullptr;
  double seconds = -1;
  EXPECT_TRUE(device->createQueue(queue).ok());
  EXPECT_THAT(fake.diary(), HasSubstr("create-stream 1\n")); // non-blocking
  EXPECT_TRUE(device->createEvent(start).ok());
  EXPECT_TRUE(device->createEvent(stop).ok());
  EXPECT_EQ(device->elapsed(start, stop, seconds).code, ATTN_RT_DEVICE_ERROR);
  EXPECT_TRUE(device->recordEvent(start, queue).ok());
  const timespec pause = {0, 20 * 1000 * 1000};
  nanosleep(&pause, nullptr);
  EXPECT_TRUE(device->recordEvent(stop, queue).ok());
  EXPECT_TRUE(device->elapsed(start, stop, seconds).ok());
  EXPECT_GE(seconds, 0.02);
  EXPECT_LT(seconds, 20); // not milliseconds
  EXPECT_TRUE(device->elapsed(start, start, seconds).ok());
  EXPECT_EQ(seconds, 0);
  EXPECT_TRUE(device->destroyEvent(start).ok());
  EXPECT_TRUE(device->destroyEvent(stop).ok());
  EXPECT_TRUE(device->destroyQueue(queue).ok());
  EXPECT_EQ(device->destroyQueue(queue).code, ATTN_RT_DEVICE_ERROR);
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

TEST_F(CudaDeviceTest, ContextOfTheProgramStaysCurrent) {
  // The program works on GPU 1, we on GPU 0.
  auto device = fake.open(0);
  int other = 0;
  void *theirs = nullptr, *current = nullptr;
  ASSERT_EQ(fake.call<int>("cuDeviceGet", &other, 1), 0);
  ASSERT_EQ(fake.call<int>("cuDevicePrimaryCtxRetain", &theirs, other), 0);
  ASSERT_EQ(fake.call<int>("cuCtxPushCurrent_v2", theirs), 0);
  ASSERT_TRUE(device->allocate(4, "x", address).ok());
  EXPECT_EQ(fake.contextDepth(), 1);
  ASSERT_EQ(fake.call<int>("cuCtxGetCurrent", &current), 0);
  EXPECT_EQ(current, theirs);
  // It is not memory of theirs.
  EXPECT_EQ(fake.call<int>("cuMemFree_v2", (unsigned long long)address), 1);
  EXPECT_TRUE(device->release(address).ok());
  ASSERT_EQ(fake.call<int>("cuCtxPopCurrent_v2", &current), 0);
  ASSERT_EQ(fake.call<int>("cuDevicePrimaryCtxRelease_v2", other), 0);
}

TEST_F(CudaDeviceTest, CurrentContextIsNotPushedAgain) {
  auto device = fake.open(0);
  int ordinal = 0;
  void *context = nullptr;
  ASSERT_EQ(fake.call<int>("cuDeviceGet", &ordinal, 0), 0);
  ASSERT_EQ(fake.call<int>("cuDevicePrimaryCtxRetain", &context, ordinal), 0);
  ASSERT_EQ(fake.call<int>("cuCtxPushCurrent_v2", context), 0);
  fake.clearDiary();
  ASSERT_TRUE(device->allocate(4, "x", address).ok());
  EXPECT_EQ(fake.diary(), "current\nalloc 4\n");
  EXPECT_TRUE(device->release(address).ok());
  ASSERT_EQ(fake.call<int>("cuCtxPopCurrent_v2", &context), 0);
  ASSERT_EQ(fake.call<int>("cuDevicePrimaryCtxRelease_v2", ordinal), 0);
}

TEST_F(CudaDeviceTest, SeriesOfCallsPushesOnce) {
  auto device = fake.open(0);
  auto second = fake.open(1);
  fake.clearDiary();
  ASSERT_TRUE(device->beginSeries().ok());
  ASSERT_TRUE(device->beginSeries().ok()); // a series in the series
  ASSERT_TRUE(device->allocate(4, "x", address).ok());
  device->endSeries();
  EXPECT_TRUE(device->release(address).ok());
  EXPECT_EQ(fake.diary(), "current\npush\nalloc 4\nfree\n");
  // Another device minds itself.
  fake.clearDiary();
  ASSERT_TRUE(second->allocate(8, "y", address).ok());
  EXPECT_EQ(fake.diary(), "current\npush\nalloc 8\npop\n");
  EXPECT_TRUE(second->release(address).ok());
  fake.clearDiary();
  device->endSeries();
  EXPECT_EQ(fake.diary(), "pop\n");
  EXPECT_EQ(fake.contextDepth(), 0);
  fake.fail("push", 201);
  Status status = device->beginSeries();
  EXPECT_EQ(status.code, ATTN_RT_DEVICE_ERROR);
  EXPECT_EQ(
      status.message,
      "cannot use the GPU: CUDA_ERROR_INVALID_CONTEXT: invalid device context");
}

//===----------------------------------------------------------------------===//
// What is asked of the driver
//===----------------------------------------------------------------------===//

TEST_F(CudaDeviceTest, LaunchesThroughTheAbi) {
  std::shared_ptr<CudaDevice> device = fake.open();
  void *queue = nullptr;
  ASSERT_TRUE(device->createQueue(queue).ok());
  StreamPtr stream = createStream(device, queue);
  fake.clearDiary();
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(attn_rt_launch(stream.get(), &image, "scale", 2, 3, 4, 128, 1, 1,
                             65536, params, 4),
              0);
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), 0);
  const std::string number = std::to_string(reinterpret_cast<uintptr_t>(queue));
  const std::string launch =
      "launch 2,3,4 128,1,1 shared=65536 stream=" + number + "\n";
  // The second launch asks the driver for nothing but the launch.
  EXPECT_THAT(fake.diary(),
              HasSubstr("load PTX 8.0 for sm_80\npop\ncurrent\npush\n"
                        "find scale\npop\ncurrent\npush\n"
                        "set-attribute 8 65536\npop\ncurrent\npush\n" +
                        launch + "pop\ncurrent\npush\n" + launch +
                        "pop\ncurrent\npush\nsynchronize " + number + "\n"));
  fake.clearDiary();
  stream.reset();
  device.reset();
  EXPECT_EQ(fake.diary(), "current\npush\nunload\npop\nrelease-context 100\n");
}

TEST_F(CudaDeviceTest, LaunchesClusters) {
  fake.setCapability(90);
  attn_rt_image hopper = {"sm_90a", hopperText, sizeof(hopperText), nullptr, 0};
  StreamPtr stream = createStream(fake.open());
  alignas(64) char map[128] = {};
  void *values[] = {&address, &address, &address, map, &n, &factor};
  auto launch = [&](uint32_t cx) {
    return attn_rt_launch_cluster(stream.get(), &hopper, "idle", 2, 3, 4, 128,
                                  1, 1, cx, 3, 1, 65536, values, 6);
  };
  EXPECT_EQ(launch(2), 0) << attn_rt_last_error();
  EXPECT_THAT(fake.diary(), HasSubstr("set-attribute 8 65536\n"));
  EXPECT_THAT(fake.diary(),
              HasSubstr("launch-ex 2,3,4 128,1,1 shared=65536 stream=0 "
                        "attributes=1 4=2,3,1\n"));
  fake.fail("launch-ex", 1);
  EXPECT_EQ(launch(1), ATTN_RT_LAUNCH_FAILED);
  EXPECT_STREQ(attn_rt_last_error(), "cannot launch idle: "
                                     "CUDA_ERROR_INVALID_VALUE: invalid "
                                     "argument");
}

TEST_F(CudaDeviceTest, EncodesTensorMaps) {
  fake.setCapability(90);
  StreamPtr stream = createStream(fake.open());
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
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0)
      << attn_rt_last_error();
  EXPECT_THAT(fake.diary(),
              HasSubstr("tensor-map type=9 address=4096 128/64/1 70/176/1@256 "
                        "1/1/1@256 3/1/1@35840 modes=0330\n"));
  EXPECT_NE(std::count(map, map + 128, 0), 128);
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
    fake.clearDiary();
    EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0);
    EXPECT_THAT(fake.diary(), ContainsRegex(code.diary));
  }
  fake.fail("tensor-map", 1);
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc),
            ATTN_RT_DEVICE_ERROR);
  EXPECT_STREQ(attn_rt_last_error(),
               "cannot encode the tensor map of key: "
               "CUDA_ERROR_INVALID_VALUE: invalid argument");
}

TEST_F(CudaDeviceTest, OldDriverRunsOldKernels) {
  FakeDriver old(FAKE_OLD_CUDA_PATH);
  old.setDriver(11040);
  const char seven[] = ".version 7.4\n.target sm_80\n.address_size 64\n"
                       ".visible .entry idle() { ret; }\n";
  attn_rt_image idle = {"sm_80", seven, sizeof(seven), nullptr, 0};
  StreamPtr stream = createStream(old.open());
  auto launch = [&](uint32_t cx) {
    return attn_rt_launch_cluster(stream.get(), &idle, "idle", 2, 1, 1, 128, 1,
                                  1, cx, 1, 1, 0, nullptr, 0);
  };
  EXPECT_EQ(launch(1), 0) << attn_rt_last_error();
  EXPECT_EQ(launch(2), ATTN_RT_DEVICE_ERROR);
  EXPECT_STREQ(attn_rt_last_error(),
               "the driver (CUDA 11.4) is too old: it has no cuLaunchKernelEx, "
               "which came with CUDA 11.8; update the driver");
  alignas(64) char map[128];
  attn_rt_tensor_map_desc desc = {
      "key", 4096, {64, 8}, {0, 128}, {64, 8}, 2, ATTN_RT_ELEMENT_F16, 128, 0};
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc),
            ATTN_RT_DEVICE_ERROR);
  EXPECT_STREQ(attn_rt_last_error(),
               "the driver (CUDA 11.4) is too old: it has no "
               "cuTensorMapEncodeTiled, which came with CUDA 12.0; update the "
               "driver");
}

TEST_F(CudaDeviceTest, NoDynamicSharedMemoryNoAttribute) {
  StreamPtr stream = createStream(fake.open());
  EXPECT_EQ(launchScale(stream.get(), 0), 0);
  EXPECT_THAT(fake.diary(), HasSubstr("launch 1,1,1"));
  EXPECT_THAT(fake.diary(), Not(HasSubstr("set-attribute")));
}

TEST_F(CudaDeviceTest, MoreSharedMemoryIsAskedForAgain) {
  fake.setCapability(80);
  StreamPtr stream = createStream(fake.open());
  for (uint32_t bytes : {60000u, 70000u, 50000u, 163u * 1024})
    EXPECT_EQ(launchScale(stream.get(), bytes), 0) << attn_rt_last_error();
  EXPECT_THAT(fake.diary(), HasSubstr("set-attribute 8 60000\n"));
  EXPECT_THAT(fake.diary(), HasSubstr("set-attribute 8 70000\n"));
  EXPECT_THAT(fake.diary(), Not(HasSubstr("set-attribute 8 50000\n")));
  EXPECT_EQ(launchScale(stream.get(), 163 * 1024 + 1), ATTN_RT_LAUNCH_FAILED);
  EXPECT_STREQ(attn_rt_last_error(),
               "kernel scale cannot have 166913 bytes of dynamic shared "
               "memory: CUDA_ERROR_INVALID_VALUE: invalid argument");
}

TEST_F(CudaDeviceTest, FailuresHaveCodes) {
  StreamPtr stream = createStream(fake.open());
  auto launch = [&] { return launchScale(stream.get(), 90000); };
  EXPECT_EQ(attn_rt_launch(stream.get(), &image, "nothing", 1, 1, 1, 32, 1, 1,
                           0, nullptr, 0),
            ATTN_RT_NO_KERNEL);
  EXPECT_STREQ(attn_rt_last_error(), "cannot find the kernel nothing: "
                                     "CUDA_ERROR_NOT_FOUND: named symbol not "
                                     "found");
  fake.fail("find", 500);
  EXPECT_EQ(launch(), ATTN_RT_NO_KERNEL);
  fake.fail("set-attribute", 1);
  EXPECT_EQ(launch(), ATTN_RT_LAUNCH_FAILED);
  EXPECT_THAT(attn_rt_last_error(),
              HasSubstr("90000 bytes of dynamic shared memory"));
  fake.fail("launch", 1);
  EXPECT_EQ(launch(), ATTN_RT_LAUNCH_FAILED);
  fake.fail("synchronize", 700);
  EXPECT_EQ(attn_rt_stream_synchronize(stream.get()), ATTN_RT_LAUNCH_FAILED);
  EXPECT_STREQ(attn_rt_last_error(),
               "a launch failed on the device: CUDA_ERROR_ILLEGAL_ADDRESS: an "
               "illegal memory access was encountered; a kernel has died, and "
               "this process can use the GPU no more");
  fake.fail("", 0);
  EXPECT_EQ(launch(), 0);
  EXPECT_EQ(launchScale(stream.get(), 0, 0xffffffffu), ATTN_RT_LAUNCH_FAILED);
}
