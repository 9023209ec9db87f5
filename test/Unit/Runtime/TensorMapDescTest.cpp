//===- TensorMapDescTest.cpp - what tensor maps may say -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TensorMapDesc.h"
#include "attn/Runtime/SimDevice.h"
#include "attn/Runtime/Stream.h"
#include "gmock/gmock.h"

using namespace attn::runtime;
using testing::ElementsAreArray;

/// Rows of 64 halves in a tensor of 128 x 300 x 4 x 2.
static attn_rt_tensor_map_desc makeDesc() {
  attn_rt_tensor_map_desc desc = {};
  desc.name = "key";
  desc.address = 4096;
  desc.rank = 4;
  const int64_t dims[] = {128, 300, 4, 2};
  const int64_t strides[] = {0, 1024, 256, 307200};
  const uint32_t box[] = {64, 128, 1, 1};
  for (int i = 0; i < 4; ++i) {
    desc.dims[i] = dims[i];
    desc.strides[i] = strides[i];
    desc.box[i] = box[i];
  }
  desc.element = ATTN_RT_ELEMENT_F16;
  desc.swizzle = 128;
  desc.promotion = 128;
  return desc;
}

static std::string complaint(const attn_rt_tensor_map_desc &desc) {
  Status status = checkTensorMap(desc);
  EXPECT_EQ(status.code, status.message.empty() ? ATTN_RT_SUCCESS
                                                : ATTN_RT_INVALID_ARGUMENT);
  return status.message;
}

namespace {
/// One field set to one value, and what is said about it.
struct Case {
  void (*set)(attn_rt_tensor_map_desc &);
  const char *message;
};
} // namespace

TEST(TensorMapDesc, NamesWhatDoesNotFit) {
  using Desc = attn_rt_tensor_map_desc;
  const Case cases[] = {
      {[](Desc &d) { d.element = 5; },
       "element: expected an ATTN_RT_ELEMENT_ code, but got 5"},
      {[](Desc &d) { d.rank = 0; }, "rank: expected 1 to 5, but got 0"},
      {[](Desc &d) { d.rank = 6; }, "rank: expected 1 to 5, but got 6"},
      {[](Desc &d) { d.address = 4104; },
       "address: expected a multiple of 16, but got 4104"},
      {[](Desc &d) { d.swizzle = 16; },
       "swizzle: expected 0, 32, 64 or 128 bytes, but got 16"},
      {[](Desc &d) { d.promotion = 32; },
       "promotion: expected 0, 64, 128 or 256 bytes, but got 32"},
      {[](Desc &d) { d.dims[1] = -1; },
       "dimension 1: expected 0 to 2^32 elements, but got -1"},
      {[](Desc &d) { d.dims[0] = 4294967297; },
       "dimension 0: expected 0 to 2^32 elements, but got 4294967297"},
      {[](Desc &d) { d.box[3] = 0; },
       "box 3: expected 1 to 256 elements, but got 0"},
      {[](Desc &d) { d.box[1] = 257; },
       "box 1: expected 1 to 256 elements, but got 257"},
      {[](Desc &d) { d.strides[2] = 264; },
       "stride 2: expected a multiple of 16 bytes, from 0 to below 2^40, but "
       "got 264"},
      {[](Desc &d) { d.strides[1] = -16; },
       "stride 1: expected a multiple of 16 bytes, from 0 to below 2^40, but "
       "got -16"},
      {[](Desc &d) { d.strides[3] = 1099511627776; },
       "stride 3: expected a multiple of 16 bytes, from 0 to below 2^40, but "
       "got 1099511627776"},
      {[](Desc &d) { d.box[0] = 12; },
       "innermost row of the box: expected a multiple of 16 bytes, but got 24"},
      {[](Desc &d) { d.box[0] = 128; },
       "innermost row of the box: expected no more bytes than the swizzle has, "
       "but got 256"},
  };
  for (const Case &one : cases) {
    attn_rt_tensor_map_desc desc = makeDesc();
    EXPECT_EQ(complaint(desc), "");
    one.set(desc);
    EXPECT_EQ(complaint(desc),
              std::string("tensor map of key: ") + one.message);
  }
  attn_rt_tensor_map_desc nameless = makeDesc();
  nameless.name = nullptr;
  nameless.rank = 9;
  EXPECT_EQ(complaint(nameless),
            "tensor map of a tensor: rank: expected 1 to 5, but got 9");
}

TEST(TensorMapDesc, LimitsAreAllowed) {
  attn_rt_tensor_map_desc desc = makeDesc();
  desc.dims[1] = 4294967296;
  desc.strides[3] = 1099511627760;
  desc.box[1] = 256;
  desc.strides[2] = 0; // every head is the same
  EXPECT_EQ(complaint(desc), "");
  desc.swizzle = 0;
  desc.box[0] = 256;
  EXPECT_EQ(complaint(desc), "");
}

TEST(TensorMapDesc, StrideOfOneElementIsNotRead) {
  attn_rt_tensor_map_desc desc = makeDesc();
  desc.dims[2] = 1;
  desc.strides[2] = 3;
  EXPECT_EQ(complaint(desc), "");
  EXPECT_THAT(fillIn(desc).strides,
              ElementsAreArray({2, 1024, 1024, 307200, 0}));
  desc.dims[0] = 65;
  desc.dims[1] = 1;
  desc.strides[1] = -7;
  EXPECT_EQ(complaint(desc), "");
  EXPECT_THAT(fillIn(desc).strides, ElementsAreArray({2, 144, 144, 307200, 0}));
}

TEST(TensorMapDesc, TensorWithoutElements) {
  attn_rt_tensor_map_desc desc = makeDesc();
  desc.dims[1] = 0;
  desc.strides[2] = desc.strides[3] = 0;
  desc.address = 0;
  EXPECT_EQ(complaint(desc), "");
  const attn_rt_tensor_map_desc filled = fillIn(desc);
  EXPECT_THAT(filled.dims, ElementsAreArray({1, 1, 1, 1, 0}));
  EXPECT_THAT(filled.strides, ElementsAreArray({2, 16, 16, 16, 0}));
  EXPECT_EQ(filled.address, 256u);
  EXPECT_EQ(complaint(filled), "");
  // What is not derived from the shape is checked all the same.
  desc.box[1] = 300;
  EXPECT_EQ(
      complaint(desc),
      "tensor map of key: box 1: expected 1 to 256 elements, but got 300");
}

TEST(TensorMapDesc, AbiChecksItsArguments) {
  StreamPtr stream = createStream(std::make_shared<SimDevice>());
  alignas(64) unsigned char map[192] = {};
  attn_rt_tensor_map_desc desc = makeDesc();
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc), 0)
      << attn_rt_last_error();
  EXPECT_EQ(attn_rt_encode_tensor_map(nullptr, map, &desc),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, nullptr),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), nullptr, &desc),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map + 32, &desc),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_THAT(attn_rt_last_error(),
              testing::StartsWith("expected room for a tensor map at a "
                                  "multiple of 64 bytes, but got address "));
  desc.rank = 0;
  EXPECT_EQ(attn_rt_encode_tensor_map(stream.get(), map, &desc),
            ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(),
               "tensor map of key: rank: expected 1 to 5, but got 0");
}
