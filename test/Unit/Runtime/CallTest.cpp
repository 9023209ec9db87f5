//===- CallTest.cpp - calls of compiled functions by their tables ---------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FakeDriver.h"
#include "Kernels.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"
#include <vector>

using namespace attn::runtime;
using namespace attn::runtime::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

//===----------------------------------------------------------------------===//
// A compiled function that writes down how it was called
//===----------------------------------------------------------------------===//

namespace {
struct Recorded {
  int calls = 0;
  const char *variant = "";
  std::vector<int64_t> query, out; ///< words of the descriptors
  float scale = 0;
  void *stream = nullptr;
  std::vector<uint64_t> pieces; ///< of workspace to take
  std::vector<uint64_t> taken;  ///< where they are
  int32_t result = 0;           ///< when all else works
};
Recorded recorded;
} // namespace

static int32_t record(const char *variant, void **args) {
  ++recorded.calls;
  recorded.variant = variant;
  const auto *query = static_cast<const int64_t *>(args[0]);
  recorded.query.assign(query, query + 9);
  recorded.scale = *static_cast<const float *>(args[1]);
  const auto *out = static_cast<const int64_t *>(args[2]);
  recorded.out.assign(out, out + 9);
  recorded.stream = args[3];
  recorded.taken.clear();
  for (uint64_t bytes : recorded.pieces) {
    void *address = nullptr;
    const int32_t code = attn_rt_take_workspace(
        static_cast<attn_rt_stream *>(args[3]), bytes, &address);
    if (code)
      return code;
    recorded.taken.push_back(reinterpret_cast<uintptr_t>(address));
  }
  return recorded.result;
}

static int32_t hostFor80(void **args) { return record("sm_80", args); }
static int32_t hostFor86(void **args) { return record("sm_86", args); }
static int32_t hostFor90a(void **args) { return record("sm_90a", args); }
static int32_t hostFor90(void **args) { return record("sm_90", args); }

namespace {
class CallTest : public testing::Test {
protected:
  void SetUp() override { recorded = Recorded(); }

  int32_t call(void *workspace = nullptr, uint64_t bytes = 0) {
    return attn_rt_call(&entry, stream.get(), args, workspace, bytes);
  }
  /// The call is refused with this message, and the function is not called.
  void expectRefused(const std::string &message,
                     int32_t code = ATTN_RT_INVALID_ARGUMENT) {
    const int calls = recorded.calls;
    EXPECT_EQ(call(), code);
    EXPECT_EQ(attn_rt_last_error(), message);
    uint64_t bytes = 17;
    EXPECT_EQ(attn_rt_workspace_bytes(&entry, stream.get(), args, &bytes),
              code);
    EXPECT_EQ(attn_rt_last_error(), message);
    EXPECT_EQ(recorded.calls, calls);
  }

  static StreamPtr simulate(const char *chip) {
    return StreamPtr(attn_rt_stream_create_sim(chip, 0, 0));
  }

  StreamPtr stream = simulate("sm_80");
  const int64_t declared[3] = {-1, 4, 64};
  attn_rt_argument arguments[3] = {
      {"query", declared, 3, ATTN_RT_ELEMENT_F16, 0},
      {"scale", nullptr, -1, ATTN_RT_ELEMENT_F32, 0},
      {"out", declared, 3, ATTN_RT_ELEMENT_F16, 1}};
  attn_rt_variant variants[4] = {{"sm_80", hostFor80},
                                 {"sm_90a", hostFor90a},
                                 {"sm_86", hostFor86},
                                 {"sm_90", hostFor90}};
  attn_rt_entry entry = {"f", arguments, variants, 3, 4, ATTN_RT_VERSION};

  int64_t sizes[3] = {5, 4, 64}, strides[3] = {512, 128, 1};
  attn_rt_tensor query = {reinterpret_cast<void *>(4096), sizes, strides, 3,
                          ATTN_RT_ELEMENT_F16};
  int64_t outSizes[3] = {5, 4, 64}, outStrides[3] = {256, 64, 1};
  attn_rt_tensor out = {reinterpret_cast<void *>(8192), outSizes, outStrides, 3,
                        ATTN_RT_ELEMENT_F16};
  float scale = 0.125f;
  const void *args[3] = {&query, &scale, &out};
};
} // namespace

//===----------------------------------------------------------------------===//
// What arrives
//===----------------------------------------------------------------------===//

TEST_F(CallTest, PassesDescriptorsScalarsAndTheStream) {
  ASSERT_EQ(call(), 0) << attn_rt_last_error();
  EXPECT_EQ(recorded.calls, 1);
  EXPECT_THAT(recorded.query,
              ElementsAre(4096, 4096, 0, 5, 4, 64, 512, 128, 1));
  EXPECT_THAT(recorded.out, ElementsAre(8192, 8192, 0, 5, 4, 64, 256, 64, 1));
  EXPECT_EQ(recorded.scale, 0.125f);
  EXPECT_EQ(recorded.stream, stream.get());
}

TEST_F(CallTest, NullStridesAreDense) {
  query.strides = out.strides = nullptr;
  ASSERT_EQ(call(), 0) << attn_rt_last_error();
  EXPECT_THAT(recorded.query, ElementsAre(4096, 4096, 0, 5, 4, 64, 256, 64, 1));
  EXPECT_THAT(recorded.out, ElementsAre(8192, 8192, 0, 5, 4, 64, 256, 64, 1));
}

TEST_F(CallTest, ResultOfTheFunctionIsReturned) {
  recorded.result = ATTN_RT_LAUNCH_FAILED;
  EXPECT_EQ(call(), ATTN_RT_LAUNCH_FAILED);
}

TEST_F(CallTest, StrideOfADimensionOfOneIsNotRead) {
  sizes[0] = outSizes[0] = 1;
  strides[0] = -7;
  outStrides[0] = 0;
  EXPECT_EQ(call(), 0) << attn_rt_last_error();
}

TEST_F(CallTest, InputsMayRepeat) {
  strides[0] = 0;
  EXPECT_EQ(call(), 0) << attn_rt_last_error();
}

TEST_F(CallTest, TensorsWithoutElementsHaveNoAddress) {
  sizes[0] = outSizes[0] = 0;
  query.data = out.data = nullptr;
  EXPECT_EQ(call(), 0) << attn_rt_last_error();
}

TEST_F(CallTest, TensorsOfRankZero) {
  arguments[0].rank = 0;
  query.rank = 0;
  query.sizes = query.strides = nullptr;
  EXPECT_EQ(call(), 0) << attn_rt_last_error();
  EXPECT_THAT(
      std::vector<int64_t>(recorded.query.begin(), recorded.query.begin() + 3),
      ElementsAre(4096, 4096, 0));
}

TEST_F(CallTest, FunctionWithoutArguments) {
  attn_rt_variant alone = {"sm_80", [](void **packed) -> int32_t {
                             recorded.stream = packed[0];
                             return 0;
                           }};
  attn_rt_entry nothing = {"g", nullptr, &alone, 0, 1, ATTN_RT_VERSION};
  EXPECT_EQ(attn_rt_call(&nothing, stream.get(), nullptr, nullptr, 0), 0);
  EXPECT_EQ(recorded.stream, stream.get());
}

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

TEST_F(CallTest, RefusesNull) {
  EXPECT_EQ(attn_rt_call(nullptr, stream.get(), args, nullptr, 0),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "expected a compiled function, but got null");
  EXPECT_EQ(attn_rt_workspace_bytes(&entry, stream.get(), args, nullptr),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "f: expected room for a number of bytes, but got null");
  EXPECT_EQ(attn_rt_call(&entry, stream.get(), nullptr, nullptr, 0),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(), "f: expected 3 arguments, but got null");
  args[0] = nullptr;
  expectRefused("f: query: expected a tensor, but got null");
  args[0] = &query;
  args[1] = nullptr;
  expectRefused("f: scale: expected the address of a value, but got null");
  args[1] = &scale;
  query.sizes = nullptr;
  expectRefused("f: query: sizes: expected 3 of them, but got null");
  stream.reset();
  expectRefused("f: expected a stream, but got null");
}

TEST_F(CallTest, RefusesAnotherVersion) {
  entry.version = ATTN_RT_VERSION + 1;
  expectRefused("f: expected version 1 of the interface, but got 2; compile it "
                "again or use its own runtime");
}

TEST_F(CallTest, RefusesElementTypes) {
  query.element = ATTN_RT_ELEMENT_BF16;
  expectRefused("f: query: element type: expected f16, but got bf16");
  query.element = 99;
  expectRefused("f: query: element type: expected f16, but got an unknown "
                "type");
  query.element = ATTN_RT_ELEMENT_F16;
  const char *names[] = {"u8",  "i32", "f16",  "bf16",     "f32",   "f64",
                         "i64", "i8",  "bool", "f8E4M3FN", "f8E5M2"};
  out.element = 99;
  for (int32_t element = 0; element < 11; ++element) {
    arguments[2].element = element;
    expectRefused(std::string("f: out: element type: expected ") +
                  names[element] + ", but got an unknown type");
  }
}

TEST_F(CallTest, RefusesRanks) {
  query.rank = 4;
  expectRefused("f: query: rank: expected 3, but got 4");
  query.rank = -1;
  expectRefused("f: query: rank: expected 3, but got -1");
}

TEST_F(CallTest, RefusesSizes) {
  sizes[1] = 5;
  expectRefused("f: query: size of dimension 1: expected 4, but got 5");
  sizes[1] = -4;
  expectRefused("f: query: size of dimension 1: expected 4, but got -4");
  sizes[1] = 4;
  outSizes[0] = -1;
  expectRefused("f: out: size of dimension 0: expected 0 or more, but got -1");
}

TEST_F(CallTest, RefusesStrides) {
  strides[0] = -512;
  expectRefused("f: query: stride of dimension 0: expected 0 or more, but got "
                "-512");
  strides[0] = 512;
  outStrides[1] = 0;
  expectRefused("f: out: stride of dimension 1: expected 1 or more, since it "
                "is written, but got 0");
  outStrides[1] = -64;
  expectRefused("f: out: stride of dimension 1: expected 1 or more, since it "
                "is written, but got -64");
}

TEST_F(CallTest, RefusesAddresses) {
  query.data = reinterpret_cast<void *>(4097);
  expectRefused("f: query: address: expected a multiple of 2, but got 4097");
  for (int32_t element : {ATTN_RT_ELEMENT_F32, ATTN_RT_ELEMENT_F64}) {
    arguments[0].element = query.element = element;
    const int bytes = element == ATTN_RT_ELEMENT_F32 ? 4 : 8;
    query.data = reinterpret_cast<void *>(uintptr_t(4096 + bytes / 2));
    expectRefused("f: query: address: expected a multiple of " +
                  std::to_string(bytes) + ", but got " +
                  std::to_string(4096 + bytes / 2));
  }
  query.data = nullptr;
  EXPECT_EQ(call(), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(), "f: query: data: expected an address in "
                                     "device memory, but got null");
  // How much workspace is needed does not depend on the address.
  uint64_t bytes = 17;
  EXPECT_EQ(attn_rt_workspace_bytes(&entry, stream.get(), args, &bytes), 0);
  EXPECT_EQ(bytes, 0u);
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

TEST_F(CallTest, ChoosesTheNewestVariantThatRuns) {
  const struct {
    const char *chip, *variant;
  } cases[] = {{"sm_80", "sm_80"},  {"sm_86", "sm_86"},   {"sm_87", "sm_86"},
               {"sm_89", "sm_86"},  {"sm_90a", "sm_90a"}, {"sm_90", "sm_90"},
               {"sm_100", "sm_90"}, {"sm_120", "sm_90"}};
  for (const auto &one : cases) {
    stream = simulate(one.chip);
    // The second call finds what the first has chosen.
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(call(), 0) << attn_rt_last_error();
      EXPECT_STREQ(recorded.variant, one.variant) << one.chip;
    }
  }
}

TEST_F(CallTest, OrderOfVariantsDoesNotMatter) {
  std::swap(variants[1], variants[3]); // sm_90 before sm_90a
  stream = simulate("sm_90a");
  ASSERT_EQ(call(), 0);
  EXPECT_STREQ(recorded.variant, "sm_90a");
}

TEST_F(CallTest, NoVariantForTheChip) {
  entry.variants = variants + 1;
  entry.variant_count = 2;
  expectRefused("f was compiled for sm_90a, sm_86, and none of these runs on "
                "simulator (sm_80); compile it with --chips for "
                "one that does",
                ATTN_RT_NO_VARIANT);
  entry.variant_count = 0;
  expectRefused("f was compiled for no chip, and none of these runs on "
                "simulator (sm_80); compile it with --chips for "
                "one that does",
                ATTN_RT_NO_VARIANT);
  stream = simulate("sm_100");
  entry.variant_count = 1;
  expectRefused("f was compiled for sm_90a, and none of these runs on "
                "simulator (sm_100); compile it with --chips for "
                "one that does",
                ATTN_RT_NO_VARIANT);
}

//===----------------------------------------------------------------------===//
// Workspace
//===----------------------------------------------------------------------===//

TEST_F(CallTest, PiecesOfWorkspaceAreAligned) {
  recorded.pieces = {100, 256, 0, 1};
  uint64_t bytes = 0;
  ASSERT_EQ(attn_rt_workspace_bytes(&entry, stream.get(), args, &bytes), 0)
      << attn_rt_last_error();
  EXPECT_EQ(bytes, 513u);
  EXPECT_THAT(recorded.taken, ElementsAre(0, 0, 0, 0));
  void *workspace = reinterpret_cast<void *>(1 << 20);
  ASSERT_EQ(call(workspace, 513), 0) << attn_rt_last_error();
  const uint64_t base = 1 << 20;
  EXPECT_THAT(recorded.taken,
              ElementsAre(base, base + 256, base + 512, base + 512));
  // Each call starts at its beginning.
  ASSERT_EQ(call(workspace, 1000), 0) << attn_rt_last_error();
  EXPECT_EQ(recorded.taken.front(), base);
  EXPECT_EQ(call(workspace, 512), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "workspace: expected at least 513 bytes, but got 512; "
               "attn_rt_workspace_bytes() says how many are needed");
  EXPECT_EQ(call(), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "workspace: expected at least 100 bytes, but got 0; "
               "attn_rt_workspace_bytes() says how many are needed");
}

TEST_F(CallTest, RefusesWorkspaces) {
  EXPECT_EQ(call(reinterpret_cast<void *>(4352 + 16), 512),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "f: workspace: expected an address that is a multiple of 256, "
               "but got 4368");
  EXPECT_EQ(call(nullptr, 512), ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "f: workspace: expected an address that is a multiple of 256, "
               "but got null");
  EXPECT_EQ(recorded.calls, 0);
  // More than is needed, or some that nobody needs.
  EXPECT_EQ(call(reinterpret_cast<void *>(4352), 512), 0);
}

TEST_F(CallTest, FailedMeasurementGivesNoBytes) {
  recorded.pieces = {100};
  recorded.result = ATTN_RT_BAD_IMAGE;
  uint64_t bytes = 17;
  EXPECT_EQ(attn_rt_workspace_bytes(&entry, stream.get(), args, &bytes),
            ATTN_RT_BAD_IMAGE);
  EXPECT_EQ(bytes, 0u);
}

TEST_F(CallTest, TakingWorkspace) {
  void *address = nullptr;
  EXPECT_EQ(attn_rt_take_workspace(nullptr, 1, &address),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(), "expected a stream, but got null");
  EXPECT_EQ(attn_rt_take_workspace(stream.get(), 1, nullptr),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "expected room for an address, but got null");
  // Programs that call host functions themselves.
  setWorkspace(stream.get(), 4096, 300);
  EXPECT_EQ(attn_rt_take_workspace(stream.get(), 256, &address), 0);
  EXPECT_EQ(attn_rt_take_workspace(stream.get(), 44, &address), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(address), 4096u + 256);
  EXPECT_EQ(attn_rt_take_workspace(stream.get(), 1, &address),
            ATTN_RT_INVALID_ARGUMENT);
  setWorkspace(stream.get(), 4096, 300);
  EXPECT_EQ(attn_rt_take_workspace(stream.get(), 256, &address), 0);
  EXPECT_EQ(attn_rt_take_workspace(stream.get(), ~uint64_t(0), &address),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "workspace: expected fewer than 2^64 bytes");
}

//===----------------------------------------------------------------------===//
// Measuring on a device with modules
//===----------------------------------------------------------------------===//

static const attn_rt_image scaleImage = {"sm_80", scaleText, sizeof(scaleText),
                                         nullptr, 0};

/// scale() over `query` as f32, by way of a workspace of its own.
static int32_t scaleTwice(void **args) {
  auto *stream = static_cast<attn_rt_stream *>(args[3]);
  const auto *query = static_cast<const int64_t *>(args[0]);
  const auto *out = static_cast<const int64_t *>(args[2]);
  auto n = static_cast<uint32_t>(query[3]);
  auto between = uint64_t(0);
  if (int32_t code = attn_rt_take_workspace(
          stream, n * 4, reinterpret_cast<void **>(&between)))
    return code;
  const auto blocks = (n + 127) / 128;
  void *first[] = {const_cast<int64_t *>(query), &between, &n, args[1]};
  void *second[] = {&between, const_cast<int64_t *>(out), &n, args[1]};
  for (void **params : {first, second})
    if (int32_t code = attn_rt_launch(stream, &scaleImage, "scale", blocks, 1,
                                      1, 128, 1, 1, 60000, params, 4))
      return code;
  return ATTN_RT_SUCCESS;
}

TEST_F(CallTest, MeasuringLoadsAndLaunchesNothing) {
  FakeDriver fake;
  stream = createStream(fake.open());
  const int64_t any[1] = {-1};
  const attn_rt_argument flat[3] = {
      {"query", any, 1, ATTN_RT_ELEMENT_F32, 0},
      {"scale", nullptr, -1, ATTN_RT_ELEMENT_F32, 0},
      {"out", any, 1, ATTN_RT_ELEMENT_F32, 1}};
  const attn_rt_variant variant = {"sm_80", scaleTwice};
  entry = {"f", flat, &variant, 3, 1, ATTN_RT_VERSION};
  const int64_t count[1] = {1000};
  query = {nullptr, count, nullptr, 1, ATTN_RT_ELEMENT_F32};
  out = query;

  uint64_t bytes = 0;
  fake.clearDiary();
  ASSERT_EQ(attn_rt_workspace_bytes(&entry, stream.get(), args, &bytes), 0)
      << attn_rt_last_error();
  EXPECT_EQ(bytes, 4000u);
  EXPECT_EQ(fake.diary(), "current\npush\nload PTX 8.0 for sm_80\nfind scale\n"
                          "set-attribute 8 60000\npop\n");
  EXPECT_THAT(attn_rt_stream_log(stream.get()), HasSubstr("module for sm_80"));

  std::vector<float> values(1000, 3);
  uint64_t in = 0, result = 0, workspace = 0;
  attn_rt_allocate(stream.get(), 4000, "in", &in);
  attn_rt_allocate(stream.get(), 4000, "out", &result);
  attn_rt_allocate(stream.get(), bytes, "workspace", &workspace);
  attn_rt_write(stream.get(), in, values.data(), 4000);
  query.data = reinterpret_cast<void *>(in);
  out.data = reinterpret_cast<void *>(result);
  fake.clearDiary();
  ASSERT_EQ(call(reinterpret_cast<void *>(workspace), bytes), 0)
      << attn_rt_last_error();
  // Nothing is left to load, and the context is made current once.
  const std::string launch = "launch 8,1,1 128,1,1 shared=60000 stream=0\n";
  EXPECT_EQ(fake.diary(), "current\npush\n" + launch + launch + "pop\n");
  EXPECT_EQ(attn_rt_read(stream.get(), values.data(), result, 4000), 0);
  for (float value : values)
    ASSERT_EQ(value, 3 * 0.125f * 0.125f);
  stream.reset();
  EXPECT_EQ(fake.contextDepth(), 0);
}
