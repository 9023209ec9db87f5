//===- CacheTest.cpp - compiled kernels on disk ---------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Cache.h"
#include "TemporaryFolder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include <csignal>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using attn::jit::Cache;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {
class CacheTest : public testing::Test {
protected:
  std::unique_ptr<Cache> open(uint64_t limit = 1 << 20) {
    attn::jit::CacheOptions options;
    options.directory = folder.path + "/cache";
    options.sizeLimit = limit;
    options.warn = [this](llvm::StringRef text) {
      warnings.push_back(text.str());
    };
    auto cache = Cache::open(options);
    if (cache)
      return std::move(*cache);
    reason = llvm::toString(cache.takeError());
    return nullptr;
  }

  void overwrite(const std::string &path, llvm::StringRef text) {
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << text;
  }

  std::string read(const std::string &path) {
    return (*llvm::MemoryBuffer::getFile(path))->getBuffer().str();
  }

  static unsigned modeOf(const std::string &path) {
    struct stat status;
    return stat(path.c_str(), &status) ? 0 : status.st_mode & 07777;
  }

  TemporaryFolder folder;
  std::vector<std::string> warnings;
  std::string reason;
};
} // namespace

TEST_F(CacheTest, FindsWhatWasStored) {
  auto cache = open();
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->find("0a"), std::nullopt);
  const std::string binary("zero \0 and more", 15);
  cache->store("0a", binary);
  EXPECT_EQ(cache->find("0a"), binary);
  cache->store("0a", "");
  EXPECT_EQ(open()->find("0a"), "");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(CacheTest, IsPrivate) {
  umask(0);
  auto cache = open();
  ASSERT_TRUE(cache);
  cache->store("0a", "text");
  EXPECT_EQ(modeOf(cache->directory()), 0700u);
  EXPECT_EQ(modeOf(cache->path("0a")), 0600u);
}

TEST_F(CacheTest, RefusesAFolderThatOthersWriteTo) {
  ASSERT_TRUE(open());
  chmod((folder.path + "/cache").c_str(), 0770);
  EXPECT_FALSE(open());
  EXPECT_THAT(reason, HasSubstr("other users may write to it; chmod 700"));
}

TEST_F(CacheTest, RefusesAFile) {
  overwrite(folder.path + "/cache", "no folder");
  EXPECT_FALSE(open());
  EXPECT_THAT(reason, HasSubstr(folder.path + "/cache: "));
}

// Every truncation, and a change of any byte.
TEST_F(CacheTest, IgnoresDamagedFiles) {
  auto cache = open();
  ASSERT_TRUE(cache);
  cache->store("0a", "a kernel, more or less");
  const std::string path = cache->path("0a"), good = read(path);
  for (size_t size = 0; size < good.size(); ++size) {
    overwrite(path, good.substr(0, size));
    EXPECT_EQ(cache->find("0a"), std::nullopt) << size;
    std::string changed = good;
    changed[size] ^= 4;
    overwrite(path, changed);
    EXPECT_EQ(cache->find("0a"), std::nullopt) << size;
  }
  EXPECT_EQ(warnings.size(), 2 * good.size());
  EXPECT_EQ(warnings.front(),
            path + ": ignored, since it is damaged or not a file of this "
                   "cache");
  cache->store("0a", "a new one");
  EXPECT_EQ(cache->find("0a"), "a new one");
}

TEST_F(CacheTest, RemovesWhatWasUsedLeastRecently) {
  auto cache = open(/*limit=*/3500);
  ASSERT_TRUE(cache);
  const std::string kilobyte(1000, 'x');
  // Access times have the resolution of the file system's clock.
  auto later = [] { usleep(20000); };
  for (const char *key : {"1", "2", "3"}) {
    cache->store(key, kilobyte);
    later();
  }
  EXPECT_TRUE(cache->find("1"));
  later();
  cache->store("4", kilobyte);
  EXPECT_TRUE(cache->find("1"));
  EXPECT_FALSE(cache->find("2"));
  EXPECT_TRUE(cache->find("3"));
  EXPECT_TRUE(cache->find("4"));
}

// Writers that are killed at any moment leave nothing that a reader takes.
TEST_F(CacheTest, SurvivesKilledWriters) {
  auto cache = open();
  ASSERT_TRUE(cache);
  const std::string contents[] = {std::string(200000, 'a'),
                                  std::string(300000, 'b')};
  unsigned found = 0;
  for (unsigned round = 0; round < 60; ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0)
      for (unsigned i = 0;; ++i)
        cache->runAlone("0a", [&] { cache->store("0a", contents[i % 2]); });
    usleep(500 + 137 * round);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    auto read = cache->find("0a");
    found += bool(read);
    EXPECT_TRUE(!read || *read == contents[0] || *read == contents[1]);
  }
  EXPECT_GT(found, 0u);
  EXPECT_THAT(warnings, IsEmpty());
  // The lock of a dead process is nobody's.
  bool ran = false;
  cache->runAlone("0a", [&] { ran = true; });
  EXPECT_TRUE(ran);
  // What they left counts towards the limit and goes.
  open(/*limit=*/1)->store("0b", "x");
  EXPECT_THAT(folder.files("cache"), testing::SizeIs(testing::Le(1u)));
}
