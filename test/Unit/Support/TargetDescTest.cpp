//===- TargetDescTest.cpp - the target table ------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Support/TargetDesc.h"
#include "gtest/gtest.h"

using attn::TargetDesc;

/// What holds for every chip, whatever the numbers are.
static void checkLimits(const TargetDesc &target) {
  // A block that is alone has what its multiprocessor does not reserve.
  EXPECT_EQ(target.sharedBytesPerBlock + target.reservedSharedBytesPerBlock,
            target.sharedBytesPerMultiprocessor);
  EXPECT_EQ(target.registersPerBlock, 65536);
  EXPECT_EQ(target.registersPerThread, 255);
  EXPECT_EQ(target.threadsPerBlock, 1024);
  EXPECT_EQ(target.namedBarriers, 16);
  EXPECT_TRUE(target.hasAsyncCopy && target.hasMma16);
}

TEST(TargetDesc, Ampere) {
  const TargetDesc *target = TargetDesc::lookup("sm_80");
  ASSERT_NE(target, nullptr);
  checkLimits(*target);
  EXPECT_EQ(target->sharedBytesPerBlock, 163 * 1024);
  EXPECT_EQ(target->ptxFeature, "+ptx80");
  EXPECT_FALSE(target->hasStmatrix || target->hasTransactionBarrier ||
               target->hasTensorCopy || target->hasCluster ||
               target->hasWgmma || target->hasSetMaxRegisters ||
               target->hasFp8);
}

TEST(TargetDesc, Hopper) {
  const TargetDesc *target = TargetDesc::lookup("sm_90a");
  ASSERT_NE(target, nullptr);
  checkLimits(*target);
  EXPECT_EQ(target->sharedBytesPerBlock, 227 * 1024);
  EXPECT_EQ(target->ptxFeature, "+ptx86");
  EXPECT_TRUE(target->hasStmatrix && target->hasTransactionBarrier &&
              target->hasTensorCopy && target->hasCluster && target->hasWgmma &&
              target->hasSetMaxRegisters && target->hasFp8);
}

TEST(TargetDesc, UnknownChipsAreExplained) {
  for (const char *chip : {"", "sm_", "sm_8", "sm_800", "sm_17", "SM_80"}) {
    EXPECT_EQ(TargetDesc::lookup(chip), nullptr);
    EXPECT_EQ(TargetDesc::explainUnknown(chip),
              "unknown chip '" + std::string(chip) +
                  "', expected one of sm_80, sm_90a");
  }
  EXPECT_EQ(TargetDesc::lookup("sm_90"), nullptr);
  EXPECT_EQ(TargetDesc::explainUnknown("sm_90"),
            "unknown chip 'sm_90', expected one of sm_80, sm_90a; sm_90 has no "
            "wgmma or setmaxnreg: use sm_90a");
}
