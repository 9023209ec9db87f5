//===- Device.cpp - a machine that runs kernels ---------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Runtime/Device.h"

// Out of line, so that the vtable has one home.
attn::runtime::Device::~Device() = default;
