// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention with a window whose width is given when it is called. Uses a GPU if
// there is one, else the simulator.
#include "attn/JIT/Compiler.h"
#include <cstdio>
#include <vector>

static const char *const kProgram = R"(
func.func @attention(%q: tensor<?x?x?x64xf16>, %k: tensor<?x?x?x64xf16>,
                     %v: tensor<?x?x?x64xf16>, %left: index {attn.name = "left"})
    -> tensor<?x?x?x64xf16> {
  %o = attn.attention query(%q : tensor<?x?x?x64xf16>)
      key(%k : tensor<?x?x?x64xf16>) value(%v : tensor<?x?x?x64xf16>)
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %causal = attn.causal %i, %j
        %first = arith.subi %i, %left : index
        %near = arith.cmpi sge, %j, %first : index
        %keep = arith.andi %causal, %near : i1
        attn.yield %keep : i1
      } -> tensor<?x?x?x64xf16>
  return %o : tensor<?x?x?x64xf16>
})";

static int fail(llvm::Error error) {
  std::printf("%s\n", llvm::toString(std::move(error)).c_str());
  return 1;
}

int main() {
  auto compiler = attn::jit::Compiler::create();
  if (!compiler)
    return fail(compiler.takeError());

  // The device, and what to compile for on it.
  attn_rt_stream *stream = attn_rt_stream_create_cuda(0, nullptr);
  if (!stream)
    stream = attn_rt_stream_create_sim("sm_80", 0, 0);
  attn::CompileOptions options;
  auto chip = attn::jit::targetFor(attn_rt_stream_chip(stream));
  if (!chip)
    return fail(chip.takeError());
  options.chip = *chip;

  auto kernel = (*compiler)->compile(kProgram, options);
  if (!kernel)
    return fail(kernel.takeError());

  // Row i of the value is i, in float16: 0, 1, 2, ...
  constexpr int64_t length = 32, dim = 64;
  std::vector<uint16_t> ones(length * dim, 0x3c00), rows, out(length * dim);
  const uint16_t numbers[] = {0x0000, 0x3c00, 0x4000, 0x4200};
  for (int64_t i = 0; i < length; ++i)
    rows.insert(rows.end(), dim, numbers[i % 4]);

  const int64_t sizes[] = {1, 1, length, dim};
  attn_rt_tensor tensors[4];
  const std::vector<uint16_t> *contents[] = {&ones, &ones, &rows, &out};
  for (int i = 0; i < 4; ++i) {
    uint64_t address = 0;
    if (attn_rt_allocate(stream, length * dim * 2, "tensor", &address) ||
        attn_rt_write(stream, address, contents[i]->data(), length * dim * 2))
      return fail(llvm::createStringError(attn_rt_last_error()));
    // No strides: dense.
    tensors[i] = {reinterpret_cast<void *>(address), sizes, nullptr, 4,
                  ATTN_RT_ELEMENT_F16};
  }
  int64_t left = 3; // the query and three keys before it
  const std::vector<const void *> arguments = {&tensors[0], &tensors[1],
                                               &tensors[2], &left, &tensors[3]};

  auto bytes = (*kernel)->workspaceBytes(stream, arguments);
  if (!bytes)
    return fail(bytes.takeError());
  uint64_t workspace = 0;
  if (*bytes && attn_rt_allocate(stream, *bytes, "workspace", &workspace))
    return fail(llvm::createStringError(attn_rt_last_error()));
  if (llvm::Error error = (*kernel)->call(
          stream, arguments, reinterpret_cast<void *>(workspace), *bytes))
    return fail(std::move(error));
  if (attn_rt_read(stream, out.data(),
                   reinterpret_cast<uint64_t>(tensors[3].data),
                   length * dim * 2))
    return fail(llvm::createStringError(attn_rt_last_error()));

  // Four keys in a row are 0, 1, 2 and 3 in some order: 1.5, which is 0x3e00.
  std::printf("on %s: out[31] = %s, %s\n", attn_rt_stream_device(stream),
              out.back() == 0x3e00 ? "1.5" : "wrong",
              (*kernel)->isFromDisk() ? "from the cache" : "compiled");
  attn_rt_stream_destroy(stream);
  return out.back() == 0x3e00 ? 0 : 1;
}
