//===- ObjectLoader.h - object files into this process ---------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_JIT_OBJECTLOADER_H
#define ATTN_LIB_JIT_OBJECTLOADER_H

#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace attn::jit {

/// Links objects of attn::aot into this process. What was loaded stays as long
/// as the loader.
class ObjectLoader {
public:
  static llvm::Expected<std::unique_ptr<ObjectLoader>> create();
  ~ObjectLoader();

  /// Addresses of `symbols`, which the object defines. Objects do not see each
  /// other's symbols.
  llvm::Expected<std::vector<void *>> load(llvm::StringRef object,
                                           llvm::ArrayRef<std::string> symbols);

private:
  explicit ObjectLoader(std::unique_ptr<llvm::orc::LLJIT> jit);
  std::unique_ptr<llvm::orc::LLJIT> jit;
  unsigned count = 0;
};

} // namespace attn::jit

#endif
