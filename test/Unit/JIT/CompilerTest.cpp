//===- CompilerTest.cpp - text to kernels that can be called --------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Compiler.h"
#include "TemporaryFolder.h"
#include "attn/Runtime/HalfFloat.h"
#include "attn/Runtime/Stream.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"
#include <deque>
#include <numeric>
#include <sys/wait.h>
#include <unistd.h>

using namespace attn;
using jit::Compiler;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

static const char *const kProgram = R"(
func.func @attention(%q: tensor<?x?x?x64xf16>, %k: tensor<?x?x?x64xf16>,
                     %v: tensor<?x?x?x64xf16>, %n: index {attn.name = "n"})
    -> (tensor<?x?x?x64xf16>, tensor<?x?x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x?x?x64xf16>)
      key(%k : tensor<?x?x?x64xf16>) value(%v : tensor<?x?x?x64xf16>)
      mask {
      ^bb0(%b: index, %h: index, %i: index, %j: index):
        %keep = arith.cmpi slt, %j, %n : index
        attn.yield %keep : i1
      } -> tensor<?x?x?x64xf16>, tensor<?x?x?xf32>
  return %o, %lse : tensor<?x?x?x64xf16>, tensor<?x?x?xf32>
})";

static CompileOptions forChip(const char *chip) {
  CompileOptions options;
  options.chip = chip;
  return options;
}

static const CompileOptions sm80 = forChip("sm_80");

namespace {
class CompilerTest : public testing::Test {
protected:
  std::unique_ptr<Compiler> create(bool useCache = true) {
    jit::CompilerOptions options;
    options.useCache = useCache;
    options.cache.directory = folder.path + "/cache";
    options.cache.warn = [this](llvm::StringRef text) {
      warnings.push_back(text.str());
    };
    return llvm::cantFail(Compiler::create(std::move(options)));
  }

  static std::string errorOf(llvm::Expected<const jit::Kernel *> kernel) {
    return kernel ? "" : llvm::toString(kernel.takeError());
  }

  TemporaryFolder folder;
  std::vector<std::string> warnings;
};

/// Attention with one query, whose result is the mean of the first values.
class OneQuery {
public:
  OneQuery()
      : stream(attn_rt_stream_create_sim("sm_80", 0, 0)),
        query(64, runtime::roundToHalf(1)), key(5 * 64, query[0]) {
    for (int row = 0; row < 5; ++row)
      value.insert(value.end(), 64, runtime::roundToHalf(row));
    const std::vector<uint16_t> *inputs[] = {&query, &key, &value};
    for (int i = 0; i < 3; ++i)
      add(inputs[i]->size() * 2, i ? keySizes : querySizes, 4,
          ATTN_RT_ELEMENT_F16, inputs[i]->data());
    arguments.push_back(&n);
    add(128, querySizes, 4, ATTN_RT_ELEMENT_F16, nullptr);
    add(4, querySizes, 3, ATTN_RT_ELEMENT_F32, nullptr);
  }

  float mean(const jit::Kernel &kernel, int64_t keys) {
    n = keys;
    auto bytes = kernel.workspaceBytes(stream.get(), arguments);
    EXPECT_TRUE(bool(bytes)) << llvm::toString(bytes.takeError());
    llvm::Error error = kernel.call(stream.get(), arguments);
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
    uint16_t out[64];
    attn_rt_read(stream.get(), out, reinterpret_cast<uint64_t>(tensors[3].data),
                 sizeof(out));
    return runtime::halfToFloat(out[63]);
  }

  runtime::StreamPtr stream;
  std::vector<const void *> arguments;
  std::deque<attn_rt_tensor> tensors;

private:
  void add(uint64_t bytes, const int64_t *sizes, int32_t rank, int32_t element,
           const void *contents) {
    uint64_t address = 0;
    attn_rt_allocate(stream.get(), bytes, "test", &address);
    if (contents)
      attn_rt_write(stream.get(), address, contents, bytes);
    arguments.push_back(&tensors.emplace_back(attn_rt_tensor{
        reinterpret_cast<void *>(address), sizes, nullptr, rank, element}));
  }

  static constexpr int64_t querySizes[] = {1, 1, 1, 64};
  static constexpr int64_t keySizes[] = {1, 1, 5, 64};
  std::vector<uint16_t> query, key, value;
  int64_t n = 0;
};
} // namespace

TEST_F(CompilerTest, CompilesAndCalls) {
  auto compiler = create();
  auto kernel = llvm::cantFail(compiler->compile(kProgram, sm80));
  EXPECT_EQ(kernel->chip(), "sm_80");
  EXPECT_THAT(kernel->ptx(), HasSubstr(".target sm_80"));
  EXPECT_THAT(kernel->mlir(), HasSubstr("attn.attention"));
  EXPECT_THAT(kernel->functions(), testing::ElementsAre("attention"));
  const attn_rt_entry *entry = kernel->entry("attention");
  ASSERT_TRUE(entry);
  EXPECT_EQ(kernel->entry(), entry);
  EXPECT_FALSE(kernel->entry("other"));
  EXPECT_STREQ(entry->arguments[3].name, "n");
  OneQuery problem;
  EXPECT_EQ(problem.mean(*kernel, 3), 1.0f);
  EXPECT_EQ(problem.mean(*kernel, 5), 2.0f);
  EXPECT_EQ(compiler->stats().compiled, 1u);
  EXPECT_GT(compiler->stats().compileSeconds, 0);
}

TEST_F(CompilerTest, AWarmStartCompilesNothing) {
  {
    auto cold = create();
    EXPECT_FALSE(llvm::cantFail(cold->compile(kProgram, sm80))->isFromDisk());
  }
  auto warm = create();
  // Names of values and white space are no part of a program.
  std::string text = kProgram;
  for (size_t at; (at = text.find("%keep")) != std::string::npos;)
    text.replace(at, 5, "%live ");
  auto kernel = llvm::cantFail(warm->compile(text, sm80));
  EXPECT_TRUE(kernel->isFromDisk());
  EXPECT_EQ(warm->stats().compiled, 0u);
  EXPECT_EQ(warm->stats().loaded, 1u);
  EXPECT_THAT(kernel->ptx(), HasSubstr(".target sm_80"));
  OneQuery problem;
  EXPECT_EQ(problem.mean(*kernel, 3), 1.0f);
  EXPECT_EQ(llvm::cantFail(warm->compile(kProgram, sm80)), kernel);
  EXPECT_EQ(llvm::cantFail(warm->compile(kProgram, sm80)), kernel);
  EXPECT_EQ(warm->stats().reused, 2u);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(CompilerTest, OptionsArePartOfTheKey) {
  auto compiler = create();
  CompileOptions options;
  auto first = llvm::cantFail(compiler->compile(kProgram, options));
  options.alignment = 2;
  auto second = llvm::cantFail(compiler->compile(kProgram, options));
  options.schedule = "<m=64,n=32,warps=4,stages=1>";
  auto third = llvm::cantFail(compiler->compile(kProgram, options));
  EXPECT_NE(first->ptx(), second->ptx());
  EXPECT_NE(second->ptx(), third->ptx());
  EXPECT_EQ(compiler->stats().compiled, 3u);
  EXPECT_THAT(folder.files("cache"), SizeIs(testing::Ge(3u)));
}

TEST_F(CompilerTest, TakesModules) {
  auto compiler = create(/*useCache=*/false);
  auto module =
      mlir::parseSourceString<mlir::ModuleOp>(kProgram, &compiler->context());
  ASSERT_TRUE(module);
  auto kernel = llvm::cantFail(compiler->compile(*module, sm80));
  OneQuery problem;
  EXPECT_EQ(problem.mean(*kernel, 1), 0.0f);
  EXPECT_THAT(folder.files(), IsEmpty());
  EXPECT_THAT(llvm::toString(compiler->warm(*module, sm80)),
              HasSubstr("no kernel cache"));
}

TEST_F(CompilerTest, WarmsTheDisk) {
  auto first = create();
  auto module =
      mlir::parseSourceString<mlir::ModuleOp>(kProgram, &first->context());
  ASSERT_FALSE(bool(first->warm(*module, sm80)));
  ASSERT_FALSE(bool(first->warm(*module, sm80)));
  EXPECT_EQ(first->stats().compiled, 1u);
  auto second = create();
  EXPECT_TRUE(llvm::cantFail(second->compile(kProgram, sm80))->isFromDisk());
}

TEST_F(CompilerTest, CompilesAgainWhatIsDamaged) {
  llvm::cantFail(create()->compile(kProgram, sm80));
  for (const std::string &name : folder.files("cache"))
    if (llvm::StringRef(name).starts_with("llvmcache-") &&
        !llvm::StringRef(name).ends_with("timestamp"))
      llvm::sys::fs::resize_file(
          llvm::cantFail(llvm::sys::fs::openNativeFileForWrite(
              folder.path + "/cache/" + name, llvm::sys::fs::CD_OpenExisting,
              llvm::sys::fs::OF_None)),
          1000);
  auto compiler = create();
  llvm::cantFail(compiler->compile(kProgram, sm80));
  EXPECT_EQ(compiler->stats().compiled, 1u);
  EXPECT_THAT(warnings, testing::Not(IsEmpty()));
  EXPECT_TRUE(llvm::cantFail(create()->compile(kProgram, sm80))->isFromDisk());
}

TEST_F(CompilerTest, SaysWhatIsWrong) {
  auto compiler = create();
  EXPECT_THAT(errorOf(compiler->compile("func.func @f(", sm80)),
              HasSubstr("program:1:"));
  EXPECT_THAT(errorOf(compiler->compile(kProgram, forChip("sm_70"))),
              HasSubstr("unknown chip 'sm_70'"));
  EXPECT_THAT(errorOf(compiler->compile("func.func @f() { return }", sm80)),
              HasSubstr("has none; make it private"));
  EXPECT_THAT(folder.files("cache"), IsEmpty());
  auto kernel = llvm::cantFail(compiler->compile(kProgram, sm80));
  OneQuery problem;
  problem.arguments.pop_back();
  EXPECT_EQ(
      llvm::toString(kernel->call(problem.stream.get(), problem.arguments)),
      "attention: expected 6 arguments (query, key, value, n, out, lse), "
      "but got 5");
  problem.arguments.push_back(problem.arguments.back());
  EXPECT_THAT(
      llvm::toString(kernel->call(problem.stream.get(), problem.arguments)),
      HasSubstr("attention: lse: element type: expected f32"));
}

TEST_F(CompilerTest, KnowsTargets) {
  EXPECT_EQ(llvm::cantFail(jit::targetFor("sm_90a")), "sm_90a");
  EXPECT_EQ(llvm::cantFail(jit::targetFor("sm_86")), "sm_80");
  EXPECT_EQ(llvm::cantFail(jit::targetFor("sm_120a")), "sm_80");
  auto old = jit::targetFor("sm_75");
  EXPECT_THAT(llvm::toString(old.takeError()), HasSubstr("sm_75"));
  EXPECT_THAT(jit::compilerVersion().str(), HasSubstr("LLVM 22"));
}

// Eight processes want one kernel that nobody has: one of them compiles.
TEST_F(CompilerTest, ManyProcessesCompileOnce) {
  constexpr int numProcesses = 8;
  int compiled[2];
  ASSERT_EQ(pipe(compiled), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < numProcesses; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child)
      children.push_back(child);
    else {
      auto compiler = create();
      auto kernel = compiler->compile(kProgram, sm80);
      const char count = char(compiler->stats().compiled);
      const bool ok = kernel && warnings.empty() &&
                      OneQuery().mean(**kernel, 3) == 1.0f &&
                      write(compiled[1], &count, 1) == 1;
      _exit(ok ? 0 : 1);
    }
  }
  for (pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  char counts[numProcesses] = {};
  ASSERT_EQ(read(compiled[0], counts, numProcesses), numProcesses);
  EXPECT_EQ(std::accumulate(counts, counts + numProcesses, 0), 1);
  EXPECT_TRUE(llvm::cantFail(create()->compile(kProgram, sm80))->isFromDisk());
}
