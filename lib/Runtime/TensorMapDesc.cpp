//===- TensorMapDesc.cpp - descriptions of tensor maps --------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TensorMapDesc.h"
#include <algorithm>

using namespace attn::runtime;

static constexpr int64_t kLargestDim = int64_t(1) << 32;
static constexpr int64_t kStrideLimit = int64_t(1) << 40;
static constexpr int64_t kAlignment = 16; ///< of addresses, strides, box rows

/// 0 for a code that is none.
static uint32_t bytesOf(uint32_t element) {
  switch (element) {
  case ATTN_RT_ELEMENT_U8:
    return 1;
  case ATTN_RT_ELEMENT_F16:
  case ATTN_RT_ELEMENT_BF16:
    return 2;
  case ATTN_RT_ELEMENT_I32:
  case ATTN_RT_ELEMENT_F32:
    return 4;
  }
  return 0;
}

/// Nothing is copied from or to a tensor without elements.
static bool isEmpty(const attn_rt_tensor_map_desc &desc) {
  return std::find(desc.dims, desc.dims + desc.rank, 0) !=
         desc.dims + desc.rank;
}

static bool isOneOf(uint32_t value, std::initializer_list<uint32_t> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

namespace {
/// Builds messages; empty while all is well. Maps are encoded at every call, so
/// no text is made for a condition that holds.
class Complaint {
public:
  explicit Complaint(const attn_rt_tensor_map_desc &desc) : desc(desc) {}

  /// `index` is the dimension that it is about, -1 for none.
  template <typename Number>
  void require(bool condition, const char *what, int index,
               const char *expected, Number got) {
    if (condition || !text.empty())
      return;
    text = "tensor map of " + std::string(desc.name ? desc.name : "a tensor") +
           ": " + what + (index < 0 ? "" : " " + std::to_string(index)) +
           ": expected " + expected + ", but got " + std::to_string(got);
  }

  bool isEmpty() const { return text.empty(); }
  Status status() const {
    return text.empty() ? Status::success()
                        : Status::error(ATTN_RT_INVALID_ARGUMENT, text);
  }

private:
  const attn_rt_tensor_map_desc &desc;
  std::string text;
};
} // namespace

Status attn::runtime::checkTensorMap(const attn_rt_tensor_map_desc &desc) {
  Complaint complaint(desc);
  const uint32_t elementBytes = bytesOf(desc.element);
  complaint.require(elementBytes != 0, "element", -1,
                    "an ATTN_RT_ELEMENT_ code", desc.element);
  complaint.require(desc.rank >= 1 && desc.rank <= 5, "rank", -1, "1 to 5",
                    desc.rank);
  complaint.require(desc.address % kAlignment == 0, "address", -1,
                    "a multiple of 16", desc.address);
  complaint.require(isOneOf(desc.swizzle, {0, 32, 64, 128}), "swizzle", -1,
                    "0, 32, 64 or 128 bytes", desc.swizzle);
  complaint.require(isOneOf(desc.promotion, {0, 64, 128, 256}), "promotion", -1,
                    "0, 64, 128 or 256 bytes", desc.promotion);
  if (!complaint.isEmpty())
    return complaint.status(); // the rank bounds what can be read below
  const bool empty = isEmpty(desc);
  for (int i = 0; i < static_cast<int>(desc.rank); ++i) {
    complaint.require(desc.dims[i] >= 0 && desc.dims[i] <= kLargestDim,
                      "dimension", i, "0 to 2^32 elements", desc.dims[i]);
    complaint.require(desc.box[i] >= 1 && desc.box[i] <= 256, "box", i,
                      "1 to 256 elements", desc.box[i]);
    const int64_t stride = desc.strides[i];
    complaint.require(
        i == 0 || empty || desc.dims[i] == 1 ||
            (stride >= 0 && stride < kStrideLimit && stride % kAlignment == 0),
        "stride", i, "a multiple of 16 bytes, from 0 to below 2^40", stride);
  }
  const uint32_t rowBytes = desc.box[0] * elementBytes;
  complaint.require(rowBytes % kAlignment == 0, "innermost row of the box", -1,
                    "a multiple of 16 bytes", rowBytes);
  complaint.require(desc.swizzle == 0 || rowBytes <= desc.swizzle,
                    "innermost row of the box", -1,
                    "no more bytes than the swizzle has", rowBytes);
  return complaint.status();
}

attn_rt_tensor_map_desc attn::runtime::fillIn(attn_rt_tensor_map_desc desc) {
  if (isEmpty(desc)) {
    std::fill_n(desc.dims, desc.rank, 1);
    if (desc.address == 0)
      desc.address = 256; // not null, which a driver may take for a mistake
  }
  const int64_t elementBytes = bytesOf(desc.element);
  const int64_t rowBytes = desc.dims[0] * elementBytes;
  int64_t stride = (rowBytes + kAlignment - 1) / kAlignment * kAlignment;
  desc.strides[0] = elementBytes;
  for (uint32_t i = 1; i < desc.rank; ++i) {
    if (desc.dims[i] > 1)
      stride = desc.strides[i];
    desc.strides[i] = stride;
  }
  return desc;
}
