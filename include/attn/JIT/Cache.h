//===- Cache.h - compiled kernels on disk ----------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_JIT_CACHE_H
#define ATTN_JIT_CACHE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace attn::jit {

/// Takes one sentence for people, without a newline.
using WarnFunction = std::function<void(llvm::StringRef)>;

struct CacheOptions {
  /// Empty: Cache::defaultDirectory().
  std::string directory;
  /// Bytes of all files. What was used least recently is removed first.
  uint64_t sizeLimit = uint64_t(1) << 30;
  /// Called for what is ignored. Null: a line on stderr.
  WarnFunction warn;
};

/// A folder of files by key, shared by any number of processes. A file appears
/// in one step (a temporary file is renamed) and carries a checksum, so readers
/// see all of it or nothing: what is truncated, damaged or not ours is ignored
/// after a warning. Files are executed when they are loaded, so the folder and
/// the files are the user's alone (0700, 0600), and a folder that others may
/// write to is not used.
class Cache {
public:
  /// Creates the folder if need be. An error says why it cannot be used.
  static llvm::Expected<std::unique_ptr<Cache>> open(CacheOptions options);

  /// $ATTN_CACHE_DIR, else attn in $XDG_CACHE_HOME, else ~/.cache/attn.
  static std::string defaultDirectory();

  /// What was stored under `key`, letters and digits; nothing when there is no
  /// such file, or none that can be trusted. Marks the file as used.
  std::optional<std::string> find(llvm::StringRef key);

  /// Replaces what is stored under `key` and then keeps to the size limit. That
  /// it cannot be stored is a warning.
  void store(llvm::StringRef key, llvm::StringRef contents);

  /// Runs `make` while no other process runs one for the same key, and waits
  /// for it otherwise. A process that dies while it makes something holds up
  /// nobody.
  void runAlone(llvm::StringRef key, llvm::function_ref<void()> make);

  const std::string &directory() const { return options.directory; }
  /// The file of a key, whether it is there or not.
  std::string path(llvm::StringRef key) const;

private:
  explicit Cache(CacheOptions options) : options(std::move(options)) {}
  void warn(const llvm::Twine &message) const;
  CacheOptions options;
};

} // namespace attn::jit

#endif
