//===- EngineTest.cpp - calling compiled host code ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Engine.h"
#include "attn/Runtime/Runtime.h"
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
