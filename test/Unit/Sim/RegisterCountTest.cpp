//===- RegisterCountTest.cpp - setmaxnreg ---------------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AsyncKernel.h"

using namespace attn::sim;
using namespace attn::sim::test;

/// Warp group 0 executes `producer`, the two others `consumer`.
static Outcome roles(const std::string &producer, const std::string &consumer,
                     uint64_t seed = 1, unsigned registers = 0) {
  AsyncKernel k("setp.ge.u32 %p1, %r0, 128;\n@%p1 bra consumer;\n" + producer +
                    "\nbra.uni done;\nconsumer:\n" + consumer + "\ndone:",
                384, Timing::Latest, seed);
  k.directives = ".maxntid 384\n";
  k.options.registersPerThread = registers;
  return k.run();
}

static std::string change(const char *how, unsigned count) {
  return std::string("setmaxnreg.") + how + ".sync.aligned.u32 " +
         std::to_string(count) + ";\n";
}

TEST(RegisterCount, ProducerGivesConsumersTake) {
  // 384 threads start with 168: 128 * (168 - 24) = 2 * 128 * (240 - 168).
  for (uint64_t seed = 0; seed < 8; ++seed)
    expectClean(roles(change("dec", 24), change("inc", 240), seed));
}

TEST(RegisterCount, AMissingDecreaseIsADeadlock) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    auto o = roles("", change("inc", 240), seed);
    EXPECT_TRUE(o.has(Hazard::Deadlock) || o.has(Hazard::RegisterBudget))
        << o.findings();
    EXPECT_FALSE(o.result.completed);
    EXPECT_TRUE(roles(change("dec", 40), change("inc", 240), seed)
                    .has(Hazard::Deadlock));
  }
}

TEST(RegisterCount, NeverSatisfied) {
  auto o = roles(change("dec", 24), change("inc", 256));
  // Each group alone could have it.
  EXPECT_TRUE(o.has(Hazard::Deadlock)) << o.findings();
  o = roles("", change("inc", 256), 1, 32);
  EXPECT_TRUE(o.has(Hazard::RegisterBudget)) << o.findings();
  EXPECT_NE(o.findings().find("can never be satisfied"), std::string::npos);
}

TEST(RegisterCount, Directions) {
  EXPECT_TRUE(roles(change("dec", 176), "").has(Hazard::RegisterBudget));
  EXPECT_TRUE(roles(change("inc", 160), "").has(Hazard::RegisterBudget));
  expectClean(roles(change("dec", 168), change("inc", 168)));
  // The launch decides where it starts.
  expectClean(roles(change("dec", 80), "", 1, 88));
  EXPECT_TRUE(roles(change("dec", 96), "", 1, 88).has(Hazard::RegisterBudget));
  EXPECT_TRUE(roles("", "", 1, 176).has(Hazard::BadLaunch));
}

TEST(RegisterCount, WarpGroupsChangeTogether) {
  std::string half = "setp.lt.u32 %p2, %r3, 2;\n@%p2 bra other;\n" +
                     change("dec", 40) + "bra.uni met;\nother:\n" +
                     change("dec", 48) + "met:\n";
  auto o = roles(half, "");
  EXPECT_TRUE(o.has(Hazard::RegisterBudget)) << o.findings();
  // Twice without a barrier in between.
  unsigned found = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    found += roles(change("dec", 40) + change("inc", 48) + change("dec", 24),
                   "", seed)
                 .has(Hazard::RegisterBudget);
    expectClean(roles(change("dec", 40) + "bar.sync 1, 128;\n" +
                          change("inc", 48) + "bar.sync 1, 128;\n" +
                          change("dec", 24),
                      "", seed));
  }
  EXPECT_GT(found, 0u);
}

TEST(RegisterCount, Parsing) {
  auto parses = [](const std::string &text, const char *target,
                   const char *directives) {
    Diagnostic error;
    return parseModule(kernel(text, target, "", directives), error) != nullptr;
  };
  const char *bounded = ".maxntid 128\n";
  EXPECT_TRUE(parses(change("dec", 24), "sm_90a", bounded));
  EXPECT_TRUE(parses(change("dec", 24), "sm_90a", ".maxnreg 128\n"));
  EXPECT_FALSE(parses(change("dec", 24), "sm_90a", ""));
  EXPECT_FALSE(parses(change("dec", 24), "sm_90", bounded));
  EXPECT_FALSE(parses(change("dec", 20), "sm_90a", bounded));
  EXPECT_FALSE(parses(change("dec", 16), "sm_90a", bounded));
  EXPECT_FALSE(parses(change("inc", 264), "sm_90a", bounded));
}
