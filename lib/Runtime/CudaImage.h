//===- CudaImage.h - why a driver refuses an image --------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_RUNTIME_CUDAIMAGE_H
#define ATTN_LIB_RUNTIME_CUDAIMAGE_H

#include "CudaDriver.h"
#include <string_view>

namespace attn::runtime {

/// Why the driver has refused `image`, PTX text or a cubin, with `result`. What
/// its assembler said is in `log`, which may be empty. A driver that is older
/// than the image is the usual reason, and the driver's own words do not say
/// so.
std::string explainRefusal(const CudaDriver &driver, CuResult result,
                           std::string_view image, std::string_view log);

} // namespace attn::runtime

#endif
