//===- Version.cpp - which driver the library passes for ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "State.h"

// The one thing, besides the exported names, in which the libraries differ.
const int fakecuda::kDefaultDriver = FAKE_CUDA_DRIVER;
