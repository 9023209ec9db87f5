//===- RuntimeTest.cpp - the C ABI against a recording device -------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/Runtime.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"
#include <thread>

using namespace attn::runtime;
using testing::ElementsAre;
using testing::HasSubstr;

extern "C" int32_t runtime_header_fail(void);

namespace {
/// Keeps the images that it was given and the launches as text.
class RecordingDevice : public Device {
public:
  std::string name() const override { return "recorder"; }
  std::string chip() const override { return "sm_00"; }
  int32_t multiprocessors() const override { return 5; }
  bool takesCubins() const override { return true; }
  Status allocate(size_t, std::string_view, uint64_t &) override {
    return Status::success();
  }
  Status release(uint64_t) override { return Status::success(); }
  Status copyToDevice(uint64_t, const void *, size_t) override {
    return Status::success();
  }
  Status copyFromDevice(void *, uint64_t, size_t) override {
    return Status::success();
  }
  Status loadModule(std::string_view image, ModuleHandle &module) override {
    images.emplace_back(image);
    module = images.size();
    return next;
  }
  Status unloadModule(ModuleHandle) override {
    ++unloaded;
    return Status::success();
  }
  Status encodeTensorMap(const attn_rt_tensor_map_desc &desc, void *) override {
    map = desc;
    return next;
  }
  Status prepare(const Launch &) override { return next; }
  Status launch(const Launch &launch) override {
    launches.push_back(std::string(launch.kernel) + " of module " +
                       std::to_string(launch.module));
    cluster = launch.cluster;
    return next;
  }
  Status synchronize(void *) override { return next; }

  Status next; ///< what calls return
  std::vector<std::string> images, launches;
  attn_rt_tensor_map_desc map = {};
  Dim3 cluster;
  int unloaded = 0;
};

class RuntimeTest : public testing::Test {
protected:
  int32_t launch(attn_rt_stream *on, const attn_rt_image *image,
                 uint32_t gx = 1, uint32_t bx = 32) {
    return attn_rt_launch(on, image, "k", gx, 1, 1, bx, 1, 1, 0, nullptr, 0);
  }

  std::shared_ptr<RecordingDevice> device = std::make_shared<RecordingDevice>();
  StreamPtr stream = createStream(device);
  attn_rt_image first = {"sm_80", "one", 3, nullptr, 0};
  attn_rt_image second = {"sm_80", "two\0", 4, nullptr, 0};
};
} // namespace

TEST_F(RuntimeTest, LoadsEachImageOnce) {
  EXPECT_EQ(launch(stream.get(), &first), 0);
  EXPECT_EQ(launch(stream.get(), &second), 0);
  EXPECT_EQ(launch(stream.get(), &first), 0);
  EXPECT_THAT(device->images, ElementsAre("one", "two"));
  EXPECT_THAT(device->launches,
              ElementsAre("k of module 1", "k of module 2", "k of module 1"));
  stream.reset();
  EXPECT_EQ(device->unloaded, 2);
}

TEST_F(RuntimeTest, GridWithoutBlocksIsSuccess) {
  EXPECT_EQ(launch(stream.get(), &first, /*gx=*/0), 0);
  EXPECT_TRUE(device->images.empty());
  EXPECT_TRUE(device->launches.empty());
}

TEST_F(RuntimeTest, RefusesWhatCannotBe) {
  EXPECT_EQ(launch(nullptr, &first), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(), "expected a stream, but got null");
  EXPECT_EQ(launch(stream.get(), nullptr), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(launch(stream.get(), &first, 1, /*bx=*/0),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(attn_rt_launch(stream.get(), &first, "k", 1, 1, 1, 1, 1, 1, 0,
                           nullptr, 3),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(attn_rt_stream_synchronize(nullptr), ATTN_RT_INVALID_ARGUMENT);
  attn_rt_stream_destroy(nullptr);
  EXPECT_TRUE(device->launches.empty());
}

TEST_F(RuntimeTest, ClustersDivideTheGrid) {
  auto launchCluster = [&](uint32_t cx, uint32_t cy) {
    return attn_rt_launch_cluster(stream.get(), &first, "k", 6, 4, 1, 32, 1, 1,
                                  cx, cy, 1, 0, nullptr, 0);
  };
  EXPECT_EQ(launchCluster(2, 4), 0);
  EXPECT_EQ(device->cluster.x, 2u);
  EXPECT_EQ(device->cluster.y, 4u);
  EXPECT_EQ(launch(stream.get(), &first), 0);
  EXPECT_EQ(device->cluster.x, 1u);
  EXPECT_EQ(launchCluster(4, 1), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(
      attn_rt_last_error(),
      "clusters of k: expected a divisor of the grid 6x4x1, but got 4x1x1");
  EXPECT_EQ(launchCluster(2, 3), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(launchCluster(0, 1), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(device->launches.size(), 2u);
  // Without blocks there is nothing to divide.
  EXPECT_EQ(attn_rt_launch_cluster(stream.get(), &first, "k", 0, 1, 1, 32, 1, 1,
                                   2, 1, 1, 0, nullptr, 0),
            0);
}

TEST_F(RuntimeTest, FailingLoadIsTriedAgain) {
  device->next = Status::error(ATTN_RT_BAD_IMAGE, "no good");
  EXPECT_EQ(launch(stream.get(), &first), ATTN_RT_BAD_IMAGE);
  EXPECT_STREQ(attn_rt_last_error(), "cannot load the module for sm_80 on "
                                     "recorder (sm_00): no good");
  device->next = Status::success();
  EXPECT_EQ(launch(stream.get(), &first), 0);
  EXPECT_EQ(device->images.size(), 2u);
}

TEST_F(RuntimeTest, FailFormatsAndReturnsTheCode) {
  EXPECT_EQ(attn_rt_fail(ATTN_RT_INVALID_ARGUMENT,
                         "same batch in query and key", 2, -3),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "same batch in query and key: expected 2, but got -3");
  EXPECT_EQ(lastError().code, ATTN_RT_INVALID_ARGUMENT);
}

TEST_F(RuntimeTest, ErrorsBelongToTheirThread) {
  attn_rt_fail(1, "here", 0, 1);
  std::string there = "not asked";
  std::thread([&] { there = attn_rt_last_error(); }).join();
  EXPECT_EQ(there, "");
  EXPECT_THAT(attn_rt_last_error(), HasSubstr("here"));
}

TEST_F(RuntimeTest, OverrideReplacesTheNextImageOnly) {
  std::vector<std::string> seen;
  StreamHooks hooks;
  hooks.imageOverride = "edited";
  hooks.onImage = [&](const char *chip, std::string_view image) {
    seen.push_back(std::string(chip) + " " + std::string(image));
  };
  hooks.onLaunch = [&](const Launch &launch) {
    seen.push_back("launch " + std::to_string(launch.grid.x));
  };
  StreamPtr hooked = createStream(device, nullptr, std::move(hooks));
  EXPECT_EQ(launch(hooked.get(), &first, 5), 0);
  EXPECT_EQ(launch(hooked.get(), &second, 6), 0);
  EXPECT_THAT(device->images, ElementsAre("edited", "two"));
  EXPECT_THAT(seen,
              ElementsAre("sm_80 edited", "launch 5", "sm_80 two", "launch 6"));
}

TEST_F(RuntimeTest, HeaderIsC) {
  EXPECT_EQ(runtime_header_fail(), ATTN_RT_FINDING);
  EXPECT_STREQ(attn_rt_last_error(), "from C: expected 1, but got 2");
}

TEST_F(RuntimeTest, CudaStreamWithoutGpuSaysWhy) {
  // No machine has so many GPUs, and most test machines have none.
  EXPECT_EQ(attn_rt_stream_create_cuda(1000, nullptr), nullptr);
  EXPECT_STRNE(attn_rt_last_error(), "");
}
