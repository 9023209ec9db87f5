//===- Cache.cpp - compiled kernels on disk -------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Cache.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Caching.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/LockFileManager.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>

using namespace attn::jit;
using llvm::createStringError;
using llvm::StringRef;
namespace fs = llvm::sys::fs;

/// First in a file; changes with what follows.
static constexpr StringRef kMagic = "attn kernel 1\n";
static constexpr size_t kChecksumBytes = 32;
/// LLVM's own clean-up, which keeps to the size limit, looks at these names
/// only: "llvmcache-" for files, "Thin-" for temporary ones.
static constexpr StringRef kFilePrefix = "llvmcache-";
static constexpr StringRef kTemporaryPrefix = "Thin";
/// Nobody waits longer for another process's kernel than for an own one.
static constexpr std::chrono::seconds kLongestWait(120);

static std::string checksum(StringRef contents) {
  auto hash = llvm::BLAKE3::hash<kChecksumBytes>(llvm::ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(contents.data()), contents.size()));
  return std::string(reinterpret_cast<const char *>(hash.data()), hash.size());
}

std::string Cache::defaultDirectory() {
  if (auto given = llvm::sys::Process::GetEnv("ATTN_CACHE_DIR");
      given && !given->empty())
    return *given;
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    return "";
  llvm::sys::path::append(path, "attn");
  return path.str().str();
}

/// Why files of this folder cannot be trusted; empty when they can.
static std::string whyUnsafe(StringRef directory) {
  fs::file_status status;
  if (std::error_code error = fs::status(directory, status))
    return error.message();
  if (!fs::is_directory(status))
    return "it is no folder";
  if (status.getUser() != ::geteuid())
    return "it belongs to another user";
  if (status.permissions() & (fs::group_write | fs::others_write))
    return "other users may write to it; chmod 700 makes it private";
  return "";
}

llvm::Expected<std::unique_ptr<Cache>> Cache::open(CacheOptions options) {
  if (options.directory.empty())
    options.directory = defaultDirectory();
  if (options.directory.empty())
    return createStringError("kernel cache: no home folder; set "
                             "ATTN_CACHE_DIR");
  llvm::SmallString<128> absolute(options.directory);
  if (std::error_code error = fs::make_absolute(absolute))
    return createStringError("kernel cache " + options.directory + ": " +
                             error.message());
  options.directory = absolute.str().str();
  if (std::error_code error = fs::create_directories(
          options.directory, /*IgnoreExisting=*/true, fs::owner_all))
    return createStringError("kernel cache " + options.directory +
                             ": cannot create it: " + error.message());
  if (std::string reason = whyUnsafe(options.directory); !reason.empty())
    return createStringError("kernel cache " + options.directory + ": " +
                             reason);
  return std::unique_ptr<Cache>(new Cache(std::move(options)));
}

std::string Cache::path(StringRef key) const {
  llvm::SmallString<128> path(options.directory);
  llvm::sys::path::append(path, kFilePrefix + key);
  return path.str().str();
}

void Cache::warn(const llvm::Twine &message) const {
  const std::string text = message.str();
  if (options.warn)
    options.warn(text);
  else
    llvm::errs() << "attn: warning: " << text << '\n';
}

/// The contents of a file, checked; nothing for one that is damaged.
static std::optional<std::string> unwrap(StringRef file) {
  if (!file.consume_front(kMagic) || file.size() < kChecksumBytes)
    return std::nullopt;
  const StringRef sum = file.take_front(kChecksumBytes);
  const StringRef contents = file.drop_front(kChecksumBytes);
  if (checksum(contents) != sum)
    return std::nullopt;
  return contents.str();
}

std::optional<std::string> Cache::find(StringRef key) {
  const std::string file = path(key);
  // The access time is what the clean-up goes by, and file systems may not
  // keep it by themselves.
  auto handle = fs::openNativeFileForRead(file, fs::OF_UpdateAtime);
  if (!handle) {
    std::error_code code = llvm::errorToErrorCode(handle.takeError());
    if (code != std::errc::no_such_file_or_directory)
      warn(file + ": cannot read it: " + code.message());
    return std::nullopt;
  }
  auto buffer = llvm::MemoryBuffer::getOpenFile(*handle, file, /*FileSize=*/-1,
                                                /*RequiresNullTerminator=*/
                                                false);
  fs::closeFile(*handle);
  if (!buffer) {
    warn(file + ": cannot read it: " + buffer.getError().message());
    return std::nullopt;
  }
  std::optional<std::string> contents = unwrap((*buffer)->getBuffer());
  if (!contents)
    warn(file + ": ignored, since it is damaged or not a file of this cache");
  return contents;
}

void Cache::store(StringRef key, StringRef contents) {
  auto cannot = [&](llvm::Error error) {
    warn(path(key) + ": cannot store it: " + llvm::toString(std::move(error)));
  };
  // localCache() takes what is there for good, and so would keep a damaged
  // file. A good one is never removed here: who stores has looked first.
  fs::remove(path(key));
  auto cache = llvm::localCache("attn", kTemporaryPrefix, options.directory);
  if (!cache)
    return cannot(cache.takeError());
  auto add = (*cache)(/*Task=*/0, key, key);
  if (!add)
    return cannot(add.takeError());
  if (!*add) // another process was faster
    return;
  auto stream = (*add)(/*Task=*/0, key);
  if (!stream)
    return cannot(stream.takeError());
  *(*stream)->OS << kMagic << checksum(contents) << contents;
  if (llvm::Error error = (*stream)->commit())
    return cannot(std::move(error));
  llvm::CachePruningPolicy policy;
  policy.Interval = std::chrono::seconds(0);
  policy.Expiration = std::chrono::seconds(0);
  policy.MaxSizePercentageOfAvailableSpace = 0;
  policy.MaxSizeBytes = options.sizeLimit;
  llvm::pruneCache(options.directory, policy);
}

void Cache::runAlone(StringRef key, llvm::function_ref<void()> make) {
  llvm::LockFileManager lock(path(key));
  while (true) {
    auto isOwner = lock.tryLock();
    // A file system without locks costs a second compilation, nothing else.
    if (!isOwner)
      llvm::consumeError(isOwner.takeError());
    else if (!*isOwner && lock.waitForUnlockFor(kLongestWait) ==
                              llvm::WaitForUnlockResult::OwnerDied)
      continue;
    break;
  }
  make();
}
