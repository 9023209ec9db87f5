//===- CudaModuleTest.cpp - images that drivers take and refuse -----------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FakeDriver.h"
#include "Kernels.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"

using namespace attn::runtime;
using namespace attn::runtime::test;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {
class CudaModuleTest : public testing::Test {
protected:
  void TearDown() override { EXPECT_EQ(fake.contextDepth(), 0); }

  /// Launches idle() of the image; its parameters do not matter.
  int32_t launch(const attn_rt_image &image) {
    static uint64_t zeros[16] = {};
    void *params[6] = {zeros, zeros, zeros, zeros, zeros, zeros};
    if (!stream)
      stream = createStream(fake.open());
    return attn_rt_launch(stream.get(), &image, "idle", 1, 1, 1, 32, 1, 1, 0,
                          params, 6);
  }
  int32_t launchText(const char *text) {
    attn_rt_image image = {"sm_80", text, strlen(text) + 1, nullptr, 0};
    return launch(image);
  }
  std::string log() { return attn_rt_stream_log(stream.get()); }

  FakeDriver fake;
  StreamPtr stream;
  // Machine code begins like this; what follows is the driver's business.
  const char cubin[20] = "\177ELF rest of it";
  attn_rt_image ptx = {"sm_80", scaleText, sizeof(scaleText), nullptr, 0};
  attn_rt_image both = {"sm_80", scaleText, sizeof(scaleText), cubin,
                        sizeof(cubin)};
  attn_rt_image hopper = {"sm_90a", hopperText, sizeof(hopperText), nullptr, 0};
};
} // namespace

TEST_F(CudaModuleTest, RefusedModuleGivesTheLog) {
  EXPECT_EQ(launchText(".version 8.0\n.target sm_80\n.address_size 64\n"
                       ".visible .entry idle()\n{\n  frobnicate;\n}\n"),
            ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(
      attn_rt_last_error(),
      StartsWith("cannot load the module for sm_80 on Fake GPU 0 (sm_86): the "
                 "driver (CUDA 13.0) refused PTX 8.0 for sm_80: "
                 "CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed\n"
                 "ptxas application ptx input, line 6; error   : "));
  EXPECT_THAT(attn_rt_last_error(), HasSubstr("frobnicate"));
  EXPECT_EQ(launchText("no PTX at all"), ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(
      attn_rt_last_error(),
      HasSubstr("the driver (CUDA 13.0) refused it: "
                "CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed"));
  EXPECT_EQ(log(), "");
}

TEST_F(CudaModuleTest, PtxOnly) {
  EXPECT_EQ(launch(ptx), 0) << attn_rt_last_error();
  EXPECT_EQ(log(), "module for sm_80: PTX; there is no machine code\n");
}

TEST_F(CudaModuleTest, MachineCodeIsTaken) {
  fake.acceptCubins(true);
  EXPECT_EQ(launch(both), 0) << attn_rt_last_error();
  EXPECT_EQ(log(), "module for sm_80: machine code\n");
  EXPECT_THAT(fake.diary(), HasSubstr("load machine code\n"));
  EXPECT_THAT(fake.diary(), Not(HasSubstr("load PTX")));
}

TEST_F(CudaModuleTest, RefusedMachineCodeGivesWayToPtx) {
  EXPECT_EQ(launch(both), 0) << attn_rt_last_error();
  EXPECT_EQ(log(),
            "module for sm_80: PTX; its machine code was refused: the driver "
            "(CUDA 13.0) does not take the machine code: "
            "CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image is available for "
            "execution on the device; it is for another chip, or from a newer "
            "CUDA than the driver's\n");
  EXPECT_THAT(fake.diary(), HasSubstr("load machine code\n"));
  EXPECT_THAT(fake.diary(), HasSubstr("load PTX 8.0 for sm_80\n"));
}

TEST_F(CudaModuleTest, MachineCodeAlone) {
  attn_rt_image alone = {"sm_86", nullptr, 0, cubin, sizeof(cubin)};
  EXPECT_EQ(launch(alone), ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(attn_rt_last_error(),
              StartsWith("cannot load the module for sm_86 on Fake GPU 0 "
                         "(sm_86): the driver (CUDA 13.0) does not take the "
                         "machine code: CUDA_ERROR_NO_BINARY_FOR_GPU: "));
  fake.acceptCubins(true);
  EXPECT_EQ(launch(alone), 0) << attn_rt_last_error();
}

TEST_F(CudaModuleTest, MachineCodeForAnotherChipIsNotTried) {
  fake.acceptCubins(true);
  fake.setCapability(90);
  EXPECT_EQ(launch(both), 0) << attn_rt_last_error();
  EXPECT_EQ(log(), "module for sm_80: PTX; machine code for sm_80 does not run "
                   "on sm_90a\n");
  EXPECT_THAT(fake.diary(), Not(HasSubstr("load machine code\n")));
  attn_rt_image alone = {"sm_80", nullptr, 0, cubin, sizeof(cubin)};
  EXPECT_EQ(launch(alone), ATTN_RT_NO_VARIANT);
  EXPECT_STREQ(attn_rt_last_error(),
               "cannot load the module for sm_80 on Fake GPU 0 (sm_90a): "
               "machine code for sm_80 does not run on sm_90a, and there is no "
               "PTX");
}

TEST_F(CudaModuleTest, PtxForAnotherChip) {
  EXPECT_EQ(launch(hopper), ATTN_RT_BAD_IMAGE);
  EXPECT_STREQ(
      attn_rt_last_error(),
      "cannot load the module for sm_90a on Fake GPU 0 (sm_86): the driver "
      "(CUDA 13.0) refused PTX 8.6 for sm_90a: CUDA_ERROR_NO_BINARY_FOR_GPU: "
      "no kernel image is available for execution on the device\n"
      "ptxas fatal   : Program with .target 'sm_90a' cannot be compiled to "
      "architecture 'sm_86'");
  fake.setCapability(100); // sm_90a is for that chip alone
  EXPECT_EQ(launch(hopper), ATTN_RT_BAD_IMAGE);
  stream.reset();
  fake.setCapability(90);
  EXPECT_EQ(launch(hopper), 0) << attn_rt_last_error();
}

TEST_F(CudaModuleTest, DriverOlderThanThePtx) {
  fake.setCapability(90);
  fake.setDriver(12020);
  const std::string why =
      "the driver (CUDA 12.2) does not know PTX 8.6, which came with CUDA "
      "12.7; update the driver, or compile to machine code as well, which "
      "drivers from the same CUDA major version on take: "
      "CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX was compiled with "
      "an unsupported toolchain.\nptxas fatal   : Unsupported .version 8.6; "
      "current version is '8.2'";
  EXPECT_EQ(launch(hopper), ATTN_RT_BAD_IMAGE);
  EXPECT_EQ(attn_rt_last_error(), "cannot load the module for sm_90a on Fake "
                                  "GPU 0 (sm_90a): " +
                                      why);
  // With machine code that is refused, both reasons.
  hopper.cubin = cubin;
  hopper.cubin_size = sizeof(cubin);
  EXPECT_EQ(launch(hopper), ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(attn_rt_last_error(),
              HasSubstr(why + "\nits machine code was refused: the driver "
                              "(CUDA 12.2) does not take the machine code: "));
  fake.acceptCubins(true);
  EXPECT_EQ(launch(hopper), 0) << attn_rt_last_error();
  EXPECT_EQ(log(), "module for sm_90a: machine code\n");
}

TEST_F(CudaModuleTest, EachDriverKnowsItsPtx) {
  // The release notes of the PTX manual.
  const struct {
    int driver;
    const char *newest, *tooNew;
  } cases[] = {{11080, "7.8", "8.0"}, {12000, "8.0", "8.1"},
               {12060, "8.5", "8.6"}, {12070, "8.6", "8.7"},
               {12090, "8.8", "9.0"}, {13000, "9.0", "9.1"}};
  for (const auto &one : cases) {
    fake.setDriver(one.driver);
    stream.reset();
    auto text = [](const std::string &version) {
      return ".version " + version +
             "\n.target sm_80\n.address_size 64\n"
             ".visible .entry idle() { ret; }\n";
    };
    EXPECT_EQ(launchText(text(one.newest).c_str()), 0) << attn_rt_last_error();
    stream.reset();
    EXPECT_EQ(launchText(text(one.tooNew).c_str()), ATTN_RT_BAD_IMAGE);
    EXPECT_THAT(attn_rt_last_error(),
                HasSubstr(std::string("does not know PTX ") + one.tooNew +
                          ", which came with CUDA "));
  }
}

TEST_F(CudaModuleTest, DriverWithoutAResultForIt) {
  fake.setDriver(11000);
  EXPECT_EQ(launch(ptx), ATTN_RT_BAD_IMAGE);
  EXPECT_THAT(
      attn_rt_last_error(),
      HasSubstr("the driver (CUDA 11.0) does not know PTX 8.0, which came with "
                "CUDA 12.0; update the driver, or compile to machine code as "
                "well, which drivers from the same CUDA major version on take: "
                "CUDA_ERROR_INVALID_PTX: "));
}

TEST_F(CudaModuleTest, NoMemoryForAModule) {
  fake.fail("load", 2);
  EXPECT_EQ(launch(both), ATTN_RT_OUT_OF_MEMORY);
  EXPECT_STREQ(attn_rt_last_error(),
               "cannot load the module for sm_80 on Fake GPU 0 (sm_86): cannot "
               "load it: CUDA_ERROR_OUT_OF_MEMORY: out of memory");
}
