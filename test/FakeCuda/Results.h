//===- Results.h - what the fake driver's calls return ----------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_FAKECUDA_RESULTS_H
#define ATTN_TEST_FAKECUDA_RESULTS_H

namespace fakecuda {

/// Values of CUresult, declared here and not taken from the runtime: a wrong
/// number there would otherwise be wrong in both.
enum Result : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  NoDevice = 100,
  InvalidDevice = 101,
  InvalidImage = 200,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  UnsupportedPtxVersion = 222,
  InvalidHandle = 400,
  NotFound = 500,
  IllegalAddress = 700,
  LaunchOutOfResources = 701,
  LaunchFailed = 719,
  NotSupported = 801,
  InvalidClusterSize = 912,
  Unknown = 999,
};

} // namespace fakecuda

#endif
