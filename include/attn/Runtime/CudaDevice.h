//===- CudaDevice.h - an NVIDIA GPU through its driver ---------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_RUNTIME_CUDADEVICE_H
#define ATTN_RUNTIME_CUDADEVICE_H

#include "attn/Runtime/Device.h"
#include <memory>

namespace attn::runtime {

struct CudaOptions {
  int ordinal = 0;                      ///< which GPU, as the driver counts
  std::string library = "libcuda.so.1"; ///< the driver, opened at run time
};

/// A GPU's primary context: memory is shared with the CUDA runtime and the
/// frameworks of the same process. A `queue` is a CUstream.
class CudaDevice : public Device {
public:
  /// Null when there is no driver or no such GPU; `reason` then says which.
  static std::unique_ptr<CudaDevice> open(const CudaOptions &options,
                                          std::string &reason);

  /// A queue of its own, which does not wait for the default one.
  virtual Status createQueue(void *&queue) = 0;
  virtual Status destroyQueue(void *queue) = 0;

  /// Time stamps on a queue. elapsed() waits for `stop`; the unit is seconds,
  /// the resolution about half a microsecond.
  virtual Status createEvent(void *&event) = 0;
  virtual Status recordEvent(void *event, void *queue) = 0;
  virtual Status elapsed(void *start, void *stop, double &seconds) = 0;
  virtual Status destroyEvent(void *event) = 0;
};

} // namespace attn::runtime

#endif
