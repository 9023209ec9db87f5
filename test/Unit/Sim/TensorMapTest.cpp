//===- TensorMapTest.cpp - rules of tensor maps ---------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Sim/TensorMap.h"

#include "gtest/gtest.h"

using namespace attn::sim;

static TensorMapInfo good() {
  TensorMapInfo info;
  info.type = TensorType::BF16;
  info.rank = 3;
  info.address = 0x1000;
  info.dims[0] = 64;
  info.dims[1] = uint64_t(1) << 32;
  info.dims[2] = 1;
  info.strides[0] = 128;
  info.strides[1] = (uint64_t(1) << 40) - 16;
  info.box[0] = 64;
  info.box[1] = 256;
  info.box[2] = 1;
  info.elementStrides[1] = 8;
  info.swizzle = TensorSwizzle::B128;
  info.promotion = TensorPromotion::L2B256;
  info.fill = TensorFill::NaN;
  return info;
}

TEST(TensorMap, RoundTrip) {
  TensorMap map;
  EXPECT_EQ(sizeof map, 128u);
  EXPECT_EQ(alignof(TensorMap), 64u);
  ASSERT_EQ(encodeTensorMap(good(), map), "");
  TensorMapInfo back;
  ASSERT_TRUE(decodeTensorMap(map.bytes, back));
  EXPECT_EQ(back.type, TensorType::BF16);
  EXPECT_EQ(back.rank, 3u);
  EXPECT_EQ(back.address, 0x1000u);
  EXPECT_EQ(back.dims[1], uint64_t(1) << 32);
  EXPECT_EQ(back.strides[1], (uint64_t(1) << 40) - 16);
  EXPECT_EQ(back.box[1], 256u);
  EXPECT_EQ(back.elementStrides[1], 8u);
  EXPECT_EQ(back.swizzle, TensorSwizzle::B128);
  EXPECT_EQ(back.promotion, TensorPromotion::L2B256);
  EXPECT_EQ(back.fill, TensorFill::NaN);
  map.bytes[0] ^= 1;
  EXPECT_FALSE(decodeTensorMap(map.bytes, back));
}

TEST(TensorMap, EachRuleNamesItsArgument) {
  struct Row {
    void (*change)(TensorMapInfo &);
    const char *text;
  };
  const Row rows[] = {
      {[](TensorMapInfo &i) { i.type = TensorType(13); }, "type: "},
      {[](TensorMapInfo &i) { i.rank = 0; },
       "rank: expected 1 to 5, but got 0"},
      {[](TensorMapInfo &i) { i.rank = 6; }, "rank: "},
      {[](TensorMapInfo &i) { i.address = 0x1008; }, "address: "},
      {[](TensorMapInfo &i) { i.address = 0; }, "address: "},
      {[](TensorMapInfo &i) { i.dims[2] = 0; }, "dims[2]: "},
      {[](TensorMapInfo &i) { ++i.dims[1]; }, "dims[1]: "},
      {[](TensorMapInfo &i) { i.strides[0] = 120; },
       "strides[0]: expected a multiple of 16"},
      {[](TensorMapInfo &i) { i.strides[1] += 16; }, "strides[1]: "},
      {[](TensorMapInfo &i) { i.box[1] = 257; }, "box[1]: "},
      {[](TensorMapInfo &i) { i.box[2] = 0; }, "box[2]: "},
      {[](TensorMapInfo &i) { i.box[0] = 60; },
       "box[0]: expected a row of a multiple of 16 bytes, but got 120"},
      {[](TensorMapInfo &i) { i.box[0] = 72; },
       "box[0]: expected a row of at most 128 bytes with this swizzle, but got "
       "144"},
      {[](TensorMapInfo &i) { i.swizzle = TensorSwizzle::B64; }, "box[0]: "},
      {[](TensorMapInfo &i) { i.swizzle = TensorSwizzle(4); }, "swizzle: "},
      {[](TensorMapInfo &i) { i.elementStrides[1] = 9; },
       "elementStrides[1]: expected 1 to 8, but got 9"},
      {[](TensorMapInfo &i) { i.interleave = TensorInterleave::B16; },
       "interleave: "},
      {[](TensorMapInfo &i) { i.promotion = TensorPromotion(4); },
       "promotion: "},
      {[](TensorMapInfo &i) { i.type = TensorType::U16; }, "fill: "},
  };
  for (const Row &row : rows) {
    TensorMapInfo info = good();
    row.change(info);
    TensorMap map = {};
    std::string error = encodeTensorMap(info, map);
    EXPECT_EQ(error.substr(0, std::string(row.text).size()), row.text);
    EXPECT_EQ(map.bytes[0], 0);
  }
}
