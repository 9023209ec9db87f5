//===- EngineTest.cpp - calling compiled host code ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Engine.h"
#include "attn/Runtime/SimDevice.h"
#include "attn/Runtime/Stream.h"
#include "attn/Sim/TensorMap.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "gmock/gmock.h"

using attn::jit::Engine;
using testing::HasSubstr;

namespace {
class EngineTest : public testing::Test {
protected:
  EngineTest() { context.loadDialect<mlir::LLVM::LLVMDialect>(); }

  std::unique_ptr<Engine> compile(llvm::StringRef text) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return nullptr;
    auto engine = Engine::create(*module);
    if (engine)
      return std::move(*engine);
    ADD_FAILURE() << llvm::toString(engine.takeError());
    return nullptr;
  }

  mlir::MLIRContext context;
};
} // namespace

TEST_F(EngineTest, CallsTheRuntime) {
  auto engine = compile(R"(
    llvm.mlir.global internal constant @text("same batch\00")
    llvm.func @attn_rt_fail(i32, !llvm.ptr, i64, i64) -> i32
    llvm.func @_mlir_ciface_f(%got: i64) -> i32 {
      %code = llvm.mlir.constant(1 : i32) : i32
      %expected = llvm.mlir.constant(2 : i64) : i64
      %text = llvm.mlir.addressof @text : !llvm.ptr
      %status = llvm.call @attn_rt_fail(%code, %text, %expected, %got)
        : (i32, !llvm.ptr, i64, i64) -> i32
      llvm.return %status : i32
    })");
  ASSERT_TRUE(engine);
  int64_t got = 7;
  int32_t status = 0;
  void *args[] = {&got, &status};
  ASSERT_FALSE(engine->invoke("f", args));
  EXPECT_EQ(status, ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(attn_rt_last_error(), "same batch: expected 2, but got 7");
}

TEST_F(EngineTest, FindsAFunction) {
  auto engine = compile(R"(
    llvm.func @_mlir_ciface_twice(%x: i64) -> i64 {
      %sum = llvm.add %x, %x : i64
      llvm.return %sum : i64
    })");
  ASSERT_TRUE(engine);
  auto address = engine->lookup("twice");
  ASSERT_TRUE(bool(address));
  EXPECT_EQ(reinterpret_cast<int64_t (*)(int64_t)>(*address)(21), 42);
  auto missing = engine->lookup("thrice");
  ASSERT_FALSE(bool(missing));
  EXPECT_THAT(llvm::toString(missing.takeError()), HasSubstr("thrice"));
}

// The description as compiled code lays it out is the one of Runtime.h.
TEST_F(EngineTest, EncodesTensorMaps) {
  auto engine = compile(R"(
    !desc = !llvm.struct<(ptr, i64, array<5 x i64>, array<5 x i64>, array<5 x i32>, i32, i32, i32, i32)>
    llvm.func @attn_rt_encode_tensor_map(!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
    llvm.func @_mlir_ciface_f(%stream: !llvm.ptr, %map: !llvm.ptr,
                              %address: i64) -> i32 {
      %one = llvm.mlir.constant(1 : i32) : i32
      %desc = llvm.alloca %one x !desc : (i32) -> !llvm.ptr
      %name = llvm.mlir.zero : !llvm.ptr
      %dims = llvm.mlir.constant(dense<[64, 90, 3, 2, 5]> : tensor<5xi64>) : !llvm.array<5 x i64>
      %strides = llvm.mlir.constant(dense<[-1, 128, 11520, 34560, 69120]> : tensor<5xi64>) : !llvm.array<5 x i64>
      %box = llvm.mlir.constant(dense<[32, 80, 1, 2, 3]> : tensor<5xi32>) : !llvm.array<5 x i32>
      %rank = llvm.mlir.constant(5 : i32) : i32
      %element = llvm.mlir.constant(3 : i32) : i32
      %swizzle = llvm.mlir.constant(64 : i32) : i32
      %promotion = llvm.mlir.constant(256 : i32) : i32
      %d = llvm.mlir.undef : !desc
      %d0 = llvm.insertvalue %name, %d[0] : !desc
      %d1 = llvm.insertvalue %address, %d0[1] : !desc
      %d2 = llvm.insertvalue %dims, %d1[2] : !desc
      %d3 = llvm.insertvalue %strides, %d2[3] : !desc
      %d4 = llvm.insertvalue %box, %d3[4] : !desc
      %d5 = llvm.insertvalue %rank, %d4[5] : !desc
      %d6 = llvm.insertvalue %element, %d5[6] : !desc
      %d7 = llvm.insertvalue %swizzle, %d6[7] : !desc
      %d8 = llvm.insertvalue %promotion, %d7[8] : !desc
      llvm.store %d8, %desc : !desc, !llvm.ptr
      %status = llvm.call @attn_rt_encode_tensor_map(%stream, %map, %desc)
        : (!llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
      llvm.return %status : i32
    })");
  ASSERT_TRUE(engine);
  attn::runtime::StreamPtr stream =
      attn::runtime::createStream(std::make_shared<attn::runtime::SimDevice>());
  attn_rt_stream *rawStream = stream.get();
  attn::sim::TensorMap map;
  void *mapPointer = &map;
  uint64_t address = 8192;
  int32_t status = -1;
  void *args[] = {&rawStream, &mapPointer, &address, &status};
  ASSERT_FALSE(engine->invoke("f", args));
  ASSERT_EQ(status, ATTN_RT_SUCCESS) << attn_rt_last_error();
  attn::sim::TensorMapInfo info;
  ASSERT_TRUE(attn::sim::decodeTensorMap(&map, info));
  EXPECT_EQ(info.address, 8192u);
  EXPECT_EQ(info.rank, 5u);
  const uint64_t dims[] = {64, 90, 3, 2, 5};
  const uint64_t strides[] = {128, 11520, 34560, 69120};
  const uint32_t box[] = {32, 80, 1, 2, 3};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(info.dims[i], dims[i]);
    EXPECT_EQ(info.box[i], box[i]);
    if (i < 4)
      EXPECT_EQ(info.strides[i], strides[i]);
  }
  EXPECT_EQ(info.type, attn::sim::TensorType::BF16);
  EXPECT_EQ(info.swizzle, attn::sim::TensorSwizzle::B64);
  EXPECT_EQ(info.promotion, attn::sim::TensorPromotion::L2B256);
}

TEST_F(EngineTest, LaunchesClusters) {
  auto engine = compile(R"(
    llvm.mlir.global internal constant @name("k\00")
    llvm.func @attn_rt_launch_cluster(!llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, !llvm.ptr, i64) -> i32
    llvm.func @_mlir_ciface_f(%stream: !llvm.ptr, %image: !llvm.ptr) -> i32 {
      %name = llvm.mlir.addressof @name : !llvm.ptr
      %0 = llvm.mlir.constant(0 : i32) : i32
      %1 = llvm.mlir.constant(1 : i32) : i32
      %4 = llvm.mlir.constant(4 : i32) : i32
      %6 = llvm.mlir.constant(6 : i32) : i32
      %none = llvm.mlir.zero : !llvm.ptr
      %count = llvm.mlir.constant(0 : i64) : i64
      %status = llvm.call @attn_rt_launch_cluster(%stream, %image, %name, %6, %1, %1, %1, %1, %1, %4, %1, %1, %0, %none, %count)
        : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, !llvm.ptr, i64) -> i32
      llvm.return %status : i32
    })");
  ASSERT_TRUE(engine);
  attn::runtime::StreamPtr stream =
      attn::runtime::createStream(std::make_shared<attn::runtime::SimDevice>());
  attn_rt_stream *rawStream = stream.get();
  attn_rt_image image = {"sm_90a", "", 0, nullptr, 0};
  attn_rt_image *imagePointer = &image;
  int32_t status = -1;
  void *args[] = {&rawStream, &imagePointer, &status};
  ASSERT_FALSE(engine->invoke("f", args));
  EXPECT_EQ(status, ATTN_RT_INVALID_ARGUMENT);
  EXPECT_STREQ(
      attn_rt_last_error(),
      "clusters of k: expected a divisor of the grid 6x1x1, but got 4x1x1");
}

TEST_F(EngineTest, RoundsToSixteenBits) {
  auto engine = compile(R"(
    llvm.func @_mlir_ciface_f(%from: !llvm.ptr, %half: !llvm.ptr,
                              %bfloat: !llvm.ptr) {
      %0 = llvm.load %from : !llvm.ptr -> f64
      %1 = llvm.fptrunc %0 : f64 to f16
      llvm.store %1, %half : f16, !llvm.ptr
      %2 = llvm.fptrunc %0 : f64 to bf16
      llvm.store %2, %bfloat : bf16, !llvm.ptr
      llvm.return
    })");
  ASSERT_TRUE(engine);
  // Just above the midpoint of 1 and its bf16 neighbour.
  double value = 1 + 0x1p-8 + 0x1p-40;
  uint16_t half = 0, bfloat = 0;
  void *pointers[] = {&value, &half, &bfloat};
  void *args[] = {&pointers[0], &pointers[1], &pointers[2]};
  ASSERT_FALSE(engine->invoke("f", args));
  EXPECT_EQ(half, 0x3c04);
  EXPECT_EQ(bfloat, 0x3f81);
}

TEST_F(EngineTest, UnknownFunctionIsAnError) {
  auto engine = compile("llvm.func @_mlir_ciface_f() { llvm.return }");
  ASSERT_TRUE(engine);
  llvm::Error error = engine->invoke("g", {});
  ASSERT_TRUE(static_cast<bool>(error));
  EXPECT_THAT(llvm::toString(std::move(error)), HasSubstr("g"));
}

TEST_F(EngineTest, UnresolvedCallIsAnError) {
  auto engine = compile(R"(
    llvm.func @no_such_function()
    llvm.func @_mlir_ciface_f() {
      llvm.call @no_such_function() : () -> ()
      llvm.return
    })");
  ASSERT_TRUE(engine);
  llvm::Error error = engine->invoke("f", {});
  ASSERT_TRUE(static_cast<bool>(error));
  llvm::consumeError(std::move(error));
}
