//===- attn.cpp - the compiler as a C library -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn-c/attn.h"
#include "attn/Explain/Explanation.h"
#include "attn/Explain/MaskPicture.h"
#include "attn/JIT/Compiler.h"
#include "attn/Pipelines/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include <cstring>

using namespace attn;

struct attn_compiler {
  std::unique_ptr<jit::Compiler> compiler;
};

static const attn_kernel *wrap(const jit::Kernel *kernel) {
  return reinterpret_cast<const attn_kernel *>(kernel);
}
static const jit::Kernel *unwrap(const attn_kernel *kernel) {
  return reinterpret_cast<const jit::Kernel *>(kernel);
}

//===----------------------------------------------------------------------===//
// Errors and texts
//===----------------------------------------------------------------------===//

static thread_local std::string threadError;

static int32_t fail(int32_t code, std::string message) {
  threadError = std::move(message);
  return code;
}

static int32_t fail(int32_t code, llvm::Error error) {
  return fail(code, llvm::toString(std::move(error)));
}

static int32_t failNull(const char *expected) {
  return fail(ATTN_INVALID_ARGUMENT,
              std::string("expected ") + expected + ", but got null");
}

/// A text that attn_free() frees.
static int32_t give(llvm::Expected<std::string> text, int32_t code,
                    char **result) {
  if (!text)
    return fail(code, text.takeError());
  *result = static_cast<char *>(std::malloc(text->size() + 1));
  if (!*result)
    return fail(ATTN_RT_OUT_OF_MEMORY, "no memory for a text");
  std::memcpy(*result, text->c_str(), text->size() + 1);
  return ATTN_SUCCESS;
}

/// Options of a caller that may be older or newer than this library: what it
/// does not know is 0.
template <typename T> static T takeStruct(const T *given) {
  T known;
  std::memset(&known, 0, sizeof(known));
  if (given)
    std::memcpy(&known, given,
                std::min<uint64_t>(sizeof(known), given->struct_size));
  return known;
}

int32_t attn_c_version(void) { return ATTN_C_VERSION; }

const char *attn_version(void) { return jit::compilerVersion().data(); }

const char *attn_last_error(void) { return threadError.c_str(); }

void attn_free(char *text) { std::free(text); }

//===----------------------------------------------------------------------===//
// Targets and compilers
//===----------------------------------------------------------------------===//

int32_t attn_target_for(const char *chip, char **target) {
  if (!chip || !target)
    return failNull(chip ? "room for a target" : "a chip such as sm_80");
  return give(jit::targetFor(chip), ATTN_NO_TARGET, target);
}

int32_t attn_detect_target(int32_t ordinal, char **target) {
  if (!target)
    return failNull("room for a target");
  return give(jit::detectTarget(ordinal), ATTN_NO_TARGET, target);
}

int32_t attn_compiler_create(const attn_compiler_options *given,
                             attn_compiler **compiler) {
  if (!compiler)
    return failNull("room for a compiler");
  const attn_compiler_options known = takeStruct(given);
  jit::CompilerOptions options;
  if (known.cache_directory) {
    options.useCache = *known.cache_directory != 0;
    options.cache.directory = known.cache_directory;
  }
  if (known.cache_limit)
    options.cache.sizeLimit = known.cache_limit;
  if (known.warn)
    options.cache.warn = [known](llvm::StringRef text) {
      known.warn(known.warn_context, text.str().c_str());
    };
  auto made = jit::Compiler::create(std::move(options));
  if (!made)
    return fail(ATTN_RT_DEVICE_ERROR, made.takeError());
  *compiler = new attn_compiler{std::move(*made)};
  return ATTN_SUCCESS;
}

void attn_compiler_destroy(attn_compiler *compiler) { delete compiler; }

int32_t attn_compiler_get_stats(attn_compiler *compiler,
                                attn_compiler_stats *stats) {
  if (!compiler || !stats)
    return failNull(compiler ? "room for counters" : "a compiler");
  const jit::CompilerStats counts = compiler->compiler->stats();
  const attn_compiler_stats known = {stats->struct_size, counts.compiled,
                                     counts.loaded, counts.reused,
                                     counts.compileSeconds};
  std::memcpy(stats, &known,
              std::min<uint64_t>(sizeof(known), stats->struct_size));
  return ATTN_SUCCESS;
}

const char *attn_compiler_cache(attn_compiler *compiler) {
  const jit::Cache *cache = compiler ? compiler->compiler->cache() : nullptr;
  return cache ? cache->directory().c_str() : "";
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

static CompileOptions readOptions(const attn_compile_options *given) {
  const attn_compile_options known = takeStruct(given);
  CompileOptions options;
  if (known.chip)
    options.chip = known.chip;
  if (known.schedule)
    options.schedule = known.schedule;
  if (known.alignment)
    options.alignment = known.alignment;
  return options;
}

int32_t attn_compile(attn_compiler *compiler, const char *text, uint64_t size,
                     const attn_compile_options *options,
                     const attn_kernel **kernel) {
  if (!compiler || !text || !kernel)
    return failNull(!compiler ? "a compiler"
                    : !text   ? "the text of a program"
                              : "room for a kernel");
  auto made = compiler->compiler->compile(llvm::StringRef(text, size),
                                          readOptions(options));
  if (!made)
    return fail(ATTN_COMPILE_FAILED, made.takeError());
  *kernel = wrap(*made);
  return ATTN_SUCCESS;
}

const attn_rt_entry *attn_kernel_entry(const attn_kernel *kernel,
                                       const char *function) {
  return kernel ? unwrap(kernel)->entry(function ? function : "") : nullptr;
}

const char *attn_kernel_mlir(const attn_kernel *kernel) {
  return kernel ? unwrap(kernel)->mlir().c_str() : "";
}

const char *attn_kernel_ptx(const attn_kernel *kernel) {
  return kernel ? unwrap(kernel)->ptx().c_str() : "";
}

const char *attn_kernel_chip(const attn_kernel *kernel) {
  return kernel ? unwrap(kernel)->chip().c_str() : "";
}

int32_t attn_kernel_is_from_disk(const attn_kernel *kernel) {
  return kernel && unwrap(kernel)->isFromDisk();
}

int32_t attn_kernel_has_machine_code(const attn_kernel *kernel) {
  return kernel && unwrap(kernel)->hasMachineCode();
}

//===----------------------------------------------------------------------===//
// Explanations
//===----------------------------------------------------------------------===//

static explain::Problem readProblem(const attn_compile_options *options,
                                    const attn_problem *given) {
  const attn_problem known = takeStruct(given);
  explain::Problem problem;
  problem.compile = readOptions(options);
  if (!given)
    return problem;
  auto size = [](int64_t value) {
    return value < 0 ? std::nullopt : std::optional<int64_t>(value);
  };
  problem.sizes = {size(known.batch), size(known.heads), size(known.kv_heads),
                   size(known.queries), size(known.keys)};
  problem.batch = known.shown_batch;
  problem.head = known.shown_head;
  for (uint64_t i = 0; i < known.argument_count; ++i) {
    const attn_argument_value &value = known.arguments[i];
    explain::ArgumentValue &argument = problem.arguments[value.number];
    argument.data = value.data;
    argument.shape.assign(value.sizes, value.sizes + value.rank);
  }
  return problem;
}

/// Parses the text and lets `make` say something about it.
static int32_t
sayOf(attn_compiler *compiler, const char *text, uint64_t size, char **result,
      llvm::function_ref<llvm::Expected<std::string>(mlir::ModuleOp)> make) {
  if (!compiler || !text || !result)
    return failNull(!compiler ? "a compiler"
                    : !text   ? "the text of a program"
                              : "room for a text");
  auto guard = compiler->compiler->lock();
  mlir::MLIRContext &context = compiler->compiler->context();
  mlir::OwningOpRef<mlir::ModuleOp> module;
  {
    DiagnosticCollector diagnostics(&context);
    module = mlir::parseSourceString<mlir::ModuleOp>(
        llvm::StringRef(text, size), mlir::ParserConfig(&context), "program");
    if (!module)
      return fail(ATTN_COMPILE_FAILED,
                  diagnostics.takeError("the program cannot be parsed"));
  }
  return give(make(*module), ATTN_COMPILE_FAILED, result);
}

int32_t attn_explain(attn_compiler *compiler, const char *text, uint64_t size,
                     const attn_compile_options *options,
                     const attn_problem *problem, int32_t as_json,
                     char **explanation) {
  return sayOf(compiler, text, size, explanation, [&](mlir::ModuleOp module) {
    const explain::Problem known = readProblem(options, problem);
    return as_json ? explain::explainAsJson(module, known)
                   : explain::explainAsText(module, known);
  });
}

int32_t attn_mask_picture(attn_compiler *compiler, const char *text,
                          uint64_t size, const attn_compile_options *options,
                          const attn_problem *problem, char **svg) {
  return sayOf(compiler, text, size, svg, [&](mlir::ModuleOp module) {
    return explain::drawMasks(module, readProblem(options, problem));
  });
}
