//===- Compiler.h - text to kernels that can be called ---------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// attn as a library: a program in the attn dialect becomes a kernel that is
// called with strided tensors on a stream. What runs is the host function that
// ahead-of-time compilation makes, so a compiled kernel is an object file, and
// a cache on disk makes the next start of the same program compile nothing.
//
//   auto compiler = attn::jit::Compiler::create();
//   attn::CompileOptions options; // chip, alignment, ...
//   auto kernel = (*compiler)->compile(text, options);
//   (*kernel)->workspaceBytes(stream, arguments);
//   (*kernel)->call(stream, arguments, workspace, bytes);
//
// Streams, tensors and device memory are those of attn/Runtime/Runtime.h.

#ifndef ATTN_JIT_COMPILER_H
#define ATTN_JIT_COMPILER_H

#include "attn/JIT/Cache.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Runtime/Runtime.h"
#include "llvm/ADT/ArrayRef.h"
#include <map>
#include <mutex>
#include <vector>

namespace mlir {
class MLIRContext;
class ModuleOp;
} // namespace mlir

namespace attn::jit {

class ObjectLoader;

/// "0.1.0 (LLVM 22.1.8, 0123456789abcdef)": two compilers with the same text
/// make the same kernels.
llvm::StringRef compilerVersion();

/// What to compile for on a device that calls itself `chip` (as
/// attn_rt_stream_chip() does): "sm_80" for "sm_86". An error for a chip that
/// no kernel runs on.
llvm::Expected<std::string> targetFor(llvm::StringRef chip);

/// targetFor() the GPU with this number. An error says that there is no driver,
/// no such GPU, or no target for it.
llvm::Expected<std::string> detectTarget(int ordinal = 0);

/// A compiled program. It belongs to its compiler and lives as long.
class Kernel {
public:
  /// Names of the functions, in the order of the program.
  llvm::ArrayRef<std::string> functions() const { return names; }

  /// The table of a function, for attn_rt_call(): it lists the arguments with
  /// types and shapes. The empty name is the first function. Null: no such
  /// function.
  const attn_rt_entry *entry(llvm::StringRef function = "") const;

  /// Bytes of workspace that call() needs for these arguments, exactly. Loads
  /// the kernels, so that a call that follows can be captured into a graph.
  /// `arguments[i]` is an attn_rt_tensor, or the address of a scalar.
  llvm::Expected<uint64_t>
  workspaceBytes(attn_rt_stream *stream,
                 llvm::ArrayRef<const void *> arguments) const;

  /// Checks the arguments and enqueues the kernels of the first function. The
  /// arguments have been read when it returns; nothing waits for the kernels.
  /// `workspace` is device memory, aligned to 256 bytes. After an error nothing
  /// was launched, and the message names the argument.
  llvm::Error call(attn_rt_stream *stream,
                   llvm::ArrayRef<const void *> arguments,
                   void *workspace = nullptr,
                   uint64_t workspaceBytes = 0) const;

  const std::string &chip() const { return target; }
  const std::string &mlir() const { return text; } ///< as it is hashed
  const std::string &ptx() const { return assembly; }
  bool hasMachineCode() const { return cubin; } ///< beside the PTX
  /// Whether it came from the disk, so that nothing was compiled.
  bool isFromDisk() const { return fromDisk; }

private:
  friend class Compiler;
  Kernel() = default;
  llvm::Error checkCount(size_t got) const;
  std::vector<std::string> names;
  std::map<std::string, const attn_rt_entry *, std::less<>> entries;
  std::string target, text, assembly;
  bool cubin = false, fromDisk = false;
};

struct CompilerOptions {
  /// Keep compiled kernels on disk.
  bool useCache = true;
  CacheOptions cache;
};

/// How often a compiler did what. All count kernels but the seconds.
struct CompilerStats {
  uint64_t compiled = 0; ///< through the whole compiler
  uint64_t loaded = 0;   ///< from the disk, compiled by an earlier program
  uint64_t reused = 0;   ///< were in this process already
  double compileSeconds = 0;
};

/// Compiles programs and owns the kernels. Any number of threads may call
/// compile(); one compiles at a time. Streams that its kernels have run on are
/// destroyed before the compiler is.
class Compiler {
public:
  /// A cache that cannot be used is a warning, not an error.
  static llvm::Expected<std::unique_ptr<Compiler>>
  create(CompilerOptions options = {});
  ~Compiler();

  /// Compiles a program in the attn dialect for `options.chip`. Machine code is
  /// embedded beside the PTX where ptxas is found; `options.cubin` is not read.
  /// The error is the first diagnostic, with its place in the text.
  llvm::Expected<const Kernel *> compile(llvm::StringRef text,
                                         const CompileOptions &options);
  llvm::Expected<const Kernel *> compile(mlir::ModuleOp module,
                                         const CompileOptions &options);

  /// Puts a program on the disk for later starts, without loading it.
  llvm::Error warm(mlir::ModuleOp module, const CompileOptions &options);

  CompilerStats stats() const;
  /// Null when kernels are not kept.
  const Cache *cache() const { return files.get(); }
  /// All dialects that a program may use; for modules to compile.
  mlir::MLIRContext &context() { return *mlirContext; }
  /// Hold it while using context() when other threads compile.
  std::unique_lock<std::mutex> lock() const {
    return std::unique_lock<std::mutex>(mutex);
  }

private:
  struct Request;
  struct Product;
  explicit Compiler(CompilerOptions options);
  llvm::Expected<const Kernel *> compileLocked(mlir::ModuleOp module,
                                               const CompileOptions &options);
  llvm::Expected<Product> obtain(const Request &request);
  llvm::Expected<Product> build(const Request &request);
  llvm::Expected<const Kernel *> load(const Request &request, Product product);

  mutable std::mutex mutex;
  std::unique_ptr<mlir::MLIRContext> mlirContext;
  std::unique_ptr<Cache> files;
  std::unique_ptr<ObjectLoader> loader;
  std::map<std::string, std::unique_ptr<Kernel>> kernels; ///< by key
  std::map<std::string, const Kernel *> byText; ///< and options, as given
  CompilerStats counts;
};

} // namespace attn::jit

#endif
