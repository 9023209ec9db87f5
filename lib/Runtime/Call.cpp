//===- Call.cpp - calling compiled functions ------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Chip.h"
#include "StreamState.h"
#include "attn/Runtime/Runtime.h"

using namespace attn::runtime;

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static const char *elementName(int32_t element) {
  switch (element) {
  case ATTN_RT_ELEMENT_U8:
    return "u8";
  case ATTN_RT_ELEMENT_I32:
    return "i32";
  case ATTN_RT_ELEMENT_F16:
    return "f16";
  case ATTN_RT_ELEMENT_BF16:
    return "bf16";
  case ATTN_RT_ELEMENT_F32:
    return "f32";
  case ATTN_RT_ELEMENT_F64:
    return "f64";
  case ATTN_RT_ELEMENT_I64:
    return "i64";
  case ATTN_RT_ELEMENT_I8:
    return "i8";
  case ATTN_RT_ELEMENT_BOOL:
    return "bool";
  case ATTN_RT_ELEMENT_F8E4M3FN:
    return "f8E4M3FN";
  case ATTN_RT_ELEMENT_F8E5M2:
    return "f8E5M2";
  }
  return "an unknown type";
}

static uint64_t elementBytes(int32_t element) {
  switch (element) {
  case ATTN_RT_ELEMENT_F16:
  case ATTN_RT_ELEMENT_BF16:
    return 2;
  case ATTN_RT_ELEMENT_I32:
  case ATTN_RT_ELEMENT_F32:
    return 4;
  case ATTN_RT_ELEMENT_F64:
  case ATTN_RT_ELEMENT_I64:
    return 8;
  }
  return 1;
}

namespace {
/// Checks one tensor against what the function declares. The compiled code
/// checks how tensors fit together; it would read past the end of the sizes of
/// a tensor of another rank.
class TensorCheck {
public:
  TensorCheck(const attn_rt_entry &entry, const attn_rt_argument &argument,
              const attn_rt_tensor *tensor, bool measuring)
      : entry(entry), argument(argument), tensor(tensor), measuring(measuring) {
  }

  Status run() {
    if (!tensor)
      return fail("", "a tensor", "null");
    if (tensor->element != argument.element)
      return fail("element type", elementName(argument.element),
                  elementName(tensor->element));
    if (tensor->rank != argument.rank)
      return fail("rank", std::to_string(argument.rank),
                  std::to_string(tensor->rank));
    if (argument.rank > 0 && !tensor->sizes)
      return fail("sizes", std::to_string(argument.rank) + " of them", "null");
    for (int32_t d = 0; d < argument.rank; ++d)
      if (Status status = checkDimension(d); !status.ok())
        return status;
    return checkAddress();
  }

private:
  Status checkDimension(int32_t d) {
    const int64_t size = tensor->sizes[d], expected = argument.sizes[d];
    isEmpty |= size == 0;
    if (size < 0 || (expected >= 0 && size != expected))
      return fail("size of dimension " + std::to_string(d),
                  expected >= 0 ? std::to_string(expected) : "0 or more",
                  std::to_string(size));
    if (!tensor->strides || size <= 1)
      return Status::success();
    const int64_t stride = tensor->strides[d];
    if (stride < 0 || (argument.is_output && stride == 0))
      return fail("stride of dimension " + std::to_string(d),
                  argument.is_output ? "1 or more, since it is written"
                                     : "0 or more",
                  std::to_string(stride));
    return Status::success();
  }

  Status checkAddress() {
    const auto address = reinterpret_cast<uintptr_t>(tensor->data);
    // How much workspace is needed does not depend on it.
    if (address == 0 && (isEmpty || measuring))
      return Status::success();
    if (address == 0)
      return fail("data", "an address in device memory", "null");
    if (const uint64_t bytes = elementBytes(argument.element); address % bytes)
      return fail("address", "a multiple of " + std::to_string(bytes),
                  std::to_string(address));
    return Status::success();
  }

  Status fail(const std::string &what, const std::string &expected,
              const std::string &got) {
    return Status::error(ATTN_RT_INVALID_ARGUMENT,
                         std::string(entry.name) + ": " + argument.name +
                             (what.empty() ? "" : ": " + what) + ": expected " +
                             expected + ", but got " + got);
  }

  const attn_rt_entry &entry;
  const attn_rt_argument &argument;
  const attn_rt_tensor *tensor;
  bool measuring, isEmpty = false;
};
} // namespace

/// Words of a memref descriptor: two pointers, an offset, sizes and strides.
static size_t descriptorWords(const attn_rt_argument &argument) {
  return argument.rank < 0 ? 0 : 3 + 2 * static_cast<size_t>(argument.rank);
}

/// Writes a memref descriptor. Dense strides are filled in where there are
/// none.
static void writeDescriptor(const attn_rt_tensor &tensor, int64_t *words) {
  words[0] = words[1] =
      static_cast<int64_t>(reinterpret_cast<uintptr_t>(tensor.data));
  words[2] = 0;
  int64_t *sizes = words + 3, *strides = sizes + tensor.rank;
  uint64_t dense = 1; // unsigned: sizes that no memory holds may overflow it
  for (int32_t d = tensor.rank - 1; d >= 0; --d) {
    sizes[d] = tensor.sizes[d];
    strides[d] =
        tensor.strides ? tensor.strides[d] : static_cast<int64_t>(dense);
    dense *= static_cast<uint64_t>(sizes[d]);
  }
}

/// Checks the arguments and packs them into the stream's room for them.
static Status pack(const attn_rt_entry &entry, attn_rt_stream &stream,
                   const void *const *args) {
  const uint32_t count = entry.argument_count;
  if (count && !args)
    return Status::error(ATTN_RT_INVALID_ARGUMENT,
                         std::string(entry.name) + ": expected " +
                             std::to_string(count) +
                             " arguments, but got null");
  size_t words = 0;
  for (uint32_t i = 0; i < count; ++i)
    words += descriptorWords(entry.arguments[i]);
  stream.descriptors.resize(words);
  stream.packed.resize(count + 1);
  int64_t *next = stream.descriptors.data();
  for (uint32_t i = 0; i < count; ++i) {
    const attn_rt_argument &argument = entry.arguments[i];
    if (argument.rank < 0) {
      if (!args[i])
        return Status::error(ATTN_RT_INVALID_ARGUMENT,
                             std::string(entry.name) + ": " + argument.name +
                                 ": expected the address of a value, but got "
                                 "null");
      stream.packed[i] = const_cast<void *>(args[i]);
      continue;
    }
    const auto *tensor = static_cast<const attn_rt_tensor *>(args[i]);
    Status status =
        TensorCheck(entry, argument, tensor, stream.workspace.measuring).run();
    if (!status.ok())
      return status;
    writeDescriptor(*tensor, next);
    stream.packed[i] = next;
    next += descriptorWords(argument);
  }
  stream.packed[count] = &stream;
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

/// The variant of the newest chip whose code runs on the device, null when
/// there is none.
static const attn_rt_variant *bestVariant(const attn_rt_entry &entry,
                                          const std::string &chip) {
  const auto own = Chip::parse(chip);
  const attn_rt_variant *best = nullptr;
  std::optional<Chip> bestChip;
  for (uint32_t i = 0; own && i < entry.variant_count; ++i) {
    const attn_rt_variant &variant = entry.variants[i];
    const auto target = Chip::parse(variant.chip);
    // PTX is always there, and what runs machine code runs PTX.
    if (!target || !own->runsPtxOf(*target))
      continue;
    if (!best || target->capability() > bestChip->capability() ||
        (target->capability() == bestChip->capability() &&
         target->isSpecific)) {
      best = &variant;
      bestChip = target;
    }
  }
  return best;
}

static Status chooseVariant(const attn_rt_entry &entry, attn_rt_stream &stream,
                            const attn_rt_variant *&variant) {
  const auto found = stream.variants.find(&entry);
  if (found != stream.variants.end()) {
    variant = found->second;
    return Status::success();
  }
  variant = bestVariant(entry, stream.chip);
  if (variant) {
    stream.variants.emplace(&entry, variant);
    return Status::success();
  }
  std::string chips;
  for (uint32_t i = 0; i < entry.variant_count; ++i)
    chips += (i ? ", " : "") + std::string(entry.variants[i].chip);
  return Status::error(ATTN_RT_NO_VARIANT,
                       std::string(entry.name) + " was compiled for " +
                           (chips.empty() ? "no chip" : chips) +
                           ", and none of these runs on " + stream.name + " (" +
                           stream.chip +
                           "); compile it with --chips for one that does");
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// Calls the host function with the workspace as it is set.
static int32_t invoke(const attn_rt_entry *entry, attn_rt_stream *stream,
                      const void *const *args) {
  const attn_rt_variant *variant = nullptr;
  Status status = chooseVariant(*entry, *stream, variant);
  if (status.ok())
    status = pack(*entry, *stream, args);
  if (status.ok())
    status = stream->device->beginSeries();
  if (!status.ok())
    return report(std::move(status));
  const int32_t code = variant->host(stream->packed.data());
  stream->device->endSeries();
  return code;
}

static Status checkCall(const attn_rt_entry *entry, attn_rt_stream *stream) {
  if (!entry)
    return Status::error(ATTN_RT_INVALID_ARGUMENT,
                         "expected a compiled function, but got null");
  if (entry->version != ATTN_RT_VERSION)
    return Status::error(ATTN_RT_INVALID_ARGUMENT,
                         std::string(entry->name) + ": expected version " +
                             std::to_string(ATTN_RT_VERSION) +
                             " of the interface, but got " +
                             std::to_string(entry->version) +
                             "; compile it again or use its own runtime");
  if (!stream)
    return Status::error(ATTN_RT_INVALID_ARGUMENT,
                         std::string(entry->name) +
                             ": expected a stream, but got null");
  return Status::success();
}

int32_t attn_rt_call(const attn_rt_entry *entry, attn_rt_stream *stream,
                     const void *const *args, void *workspace,
                     uint64_t workspace_bytes) {
  Status status = checkCall(entry, stream);
  if (!status.ok())
    return report(std::move(status));
  const auto address = reinterpret_cast<uintptr_t>(workspace);
  if (address % kWorkspaceAlignment || (!address && workspace_bytes))
    return reportInvalid(std::string(entry->name) +
                         ": workspace: expected an address that is a multiple "
                         "of " +
                         std::to_string(kWorkspaceAlignment) + ", but got " +
                         (address ? std::to_string(address) : "null"));
  setWorkspace(stream, address, workspace_bytes);
  const int32_t code = invoke(entry, stream, args);
  stream->workspace = {}; // it was lent for this call
  return code;
}

int32_t attn_rt_workspace_bytes(const attn_rt_entry *entry,
                                attn_rt_stream *stream, const void *const *args,
                                uint64_t *bytes) {
  Status status = checkCall(entry, stream);
  if (!status.ok())
    return report(std::move(status));
  if (!bytes)
    return reportInvalid(std::string(entry->name) +
                         ": expected room for a number of bytes, but got null");
  beginMeasuring(stream);
  const int32_t code = invoke(entry, stream, args);
  const uint64_t needed = endMeasuring(stream);
  *bytes = code == ATTN_RT_SUCCESS ? needed : 0;
  return code;
}
