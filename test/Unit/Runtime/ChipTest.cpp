//===- ChipTest.cpp - which code runs on which GPU ------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Chip.h"
#include "gtest/gtest.h"
#include <string>

using attn::runtime::Chip;

TEST(Chip, Parse) {
  const auto hopper = Chip::parse("sm_90a");
  ASSERT_TRUE(hopper);
  EXPECT_EQ(hopper->major, 9);
  EXPECT_EQ(hopper->minor, 0);
  EXPECT_TRUE(hopper->isSpecific);
  EXPECT_EQ(hopper->capability(), 90);
  const auto blackwell = Chip::parse("sm_103");
  ASSERT_TRUE(blackwell);
  EXPECT_EQ(blackwell->major, 10);
  EXPECT_EQ(blackwell->minor, 3);
  EXPECT_FALSE(blackwell->isSpecific);
  for (const char *text :
       {"", "sm_", "sm_x", "sm_8", "80", "sm80", "compute_80", "sm_90b",
        "sm_90aa", "sm_-80", "sm_80 ", "sm_99999", "SM_80", "sm_9999999999"})
    EXPECT_FALSE(Chip::parse(text)) << text;
}

/// "The CUDA C++ Programming Guide" on binary and PTX compatibility.
TEST(Chip, WhatRunsWhere) {
  const struct {
    const char *chip, *target;
    bool cubin, ptx;
  } cases[] = {
      {"sm_80", "sm_80", true, true},     {"sm_86", "sm_80", true, true},
      {"sm_89", "sm_80", true, true},     {"sm_89", "sm_86", true, true},
      {"sm_80", "sm_86", false, false},   {"sm_90a", "sm_80", false, true},
      {"sm_90a", "sm_90", true, true},    {"sm_90a", "sm_90a", true, true},
      {"sm_100", "sm_90", false, true},   {"sm_100", "sm_90a", false, false},
      {"sm_100", "sm_80", false, true},   {"sm_103", "sm_100", true, true},
      {"sm_89", "sm_90a", false, false},  {"sm_90a", "sm_100", false, false},
      {"sm_120", "sm_103", false, true},  {"sm_90", "sm_90a", false, false},
      {"sm_100", "sm_100a", false, false}};
  for (const auto &one : cases) {
    const auto chip = Chip::parse(one.chip), target = Chip::parse(one.target);
    ASSERT_TRUE(chip && target);
    const std::string what = std::string(one.target) + " on " + one.chip;
    EXPECT_EQ(chip->runsCubinOf(*target), one.cubin) << what;
    EXPECT_EQ(chip->runsPtxOf(*target), one.ptx) << what;
  }
}
