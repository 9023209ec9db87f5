//===- Compiler.cpp - text to kernels that can be called ------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/JIT/Compiler.h"
#include "BuildHash.h"
#include "KernelFile.h"
#include "ObjectLoader.h"
#include "attn/AOT/Program.h"
#include "attn/Pipelines/Diagnostics.h"
#include "attn/Pipelines/Registration.h"
#include "attn/Target/PTX.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/TargetParser/Host.h"
#include <chrono>

using namespace attn;
using namespace attn::jit;
using llvm::createStringError;
using llvm::StringRef;

/// One kernel that is wanted.
struct Compiler::Request {
  mlir::ModuleOp module;
  CompileOptions options;
  std::string text;     ///< the module's canonical form
  std::string identity; ///< all that decides what comes out
  std::string key;      ///< its hash
};

struct Compiler::Product {
  KernelFile file;
  bool fromDisk = false;
};

StringRef jit::compilerVersion() {
  static const std::string version =
      ATTN_VERSION " (LLVM " LLVM_VERSION_STRING ", " +
      StringRef(kBuildHash).take_front(16).str() + ")";
  return version;
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// Which ptxas makes the machine code: a new one makes new code.
static std::string assemblerIdentity() {
  const std::string path = findPtxas();
  llvm::sys::fs::file_status status;
  if (path.empty() || llvm::sys::fs::status(path, status))
    return "none";
  return std::to_string(status.getSize()) + " " +
         std::to_string(
             status.getLastModificationTime().time_since_epoch().count());
}

/// A program as it is hashed: names of values and places do not matter.
static std::string canonicalText(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, mlir::OpPrintingFlags().enableDebugInfo(false));
  return text;
}

static std::string describeOptions(const CompileOptions &options) {
  return "chip " + options.chip + "\nschedule " + options.schedule +
         "\nalignment " + std::to_string(options.alignment) + "\nrotary " +
         options.rotary + "\n";
}

static std::string hash(StringRef text) {
  auto digest = llvm::BLAKE3::hash<20>(llvm::ArrayRef<uint8_t>(
      reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return llvm::toHex(digest, /*LowerCase=*/true);
}

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

/// MLIR's passes and LLVM's code generator for the host.
llvm::Expected<Compiler::Product> Compiler::build(const Request &request) {
  const auto start = std::chrono::steady_clock::now();
  DiagnosticCollector diagnostics(mlirContext.get());
  aot::ProgramOptions options;
  options.chips = {request.options.chip};
  options.compile = request.options;
  options.cubin = !findPtxas().empty();
  mlir::FailureOr<aot::Program> program =
      aot::compileProgram(request.module, options, "kernel");
  if (mlir::failed(program))
    return diagnostics.takeError("the program does not compile");
  ++counts.compiled;
  counts.compileSeconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  Product product;
  product.file.identity = request.identity;
  product.file.object = std::move(program->object);
  product.file.ptx = std::move(program->ptx.front());
  product.file.functions = std::move(program->functions);
  return product;
}

/// From the disk, or made and put there.
llvm::Expected<Compiler::Product> Compiler::obtain(const Request &request) {
  if (!files)
    return build(request);
  auto find = [&]() -> std::optional<Product> {
    std::optional<std::string> bytes = files->find(request.key);
    auto file = bytes ? KernelFile::read(*bytes) : std::nullopt;
    // Not so for another key with the same hash.
    if (!file || file->identity != request.identity)
      return std::nullopt;
    return Product{std::move(*file), /*fromDisk=*/true};
  };
  if (auto found = find())
    return std::move(*found);
  std::optional<llvm::Expected<Product>> made;
  files->runAlone(request.key, [&] {
    // Who held the lock before may have made it.
    if (llvm::sys::fs::exists(files->path(request.key)))
      if (auto found = find()) {
        made.emplace(std::move(*found));
        return;
      }
    made.emplace(build(request));
    if (*made)
      files->store(request.key, (*made)->file.write());
  });
  return std::move(*made);
}

llvm::Expected<const Kernel *> Compiler::load(const Request &request,
                                              Product product) {
  if (!loader) {
    auto created = ObjectLoader::create();
    if (!created)
      return created.takeError();
    loader = std::move(*created);
  }
  std::vector<std::string> symbols;
  for (const std::string &function : product.file.functions)
    symbols.push_back(function + "_entry");
  auto addresses = loader->load(product.file.object, symbols);
  if (!addresses)
    return addresses.takeError();
  std::unique_ptr<Kernel> kernel(new Kernel);
  for (auto [name, address] : llvm::zip(product.file.functions, *addresses))
    kernel->entries[name] = static_cast<const attn_rt_entry *>(address);
  kernel->names = std::move(product.file.functions);
  kernel->target = request.options.chip;
  kernel->text = request.text;
  kernel->assembly = std::move(product.file.ptx);
  kernel->cubin = !findPtxas().empty();
  kernel->fromDisk = product.fromDisk;
  counts.loaded += product.fromDisk;
  return (kernels[request.key] = std::move(kernel)).get();
}

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

Compiler::Compiler(CompilerOptions options) {
  mlir::DialectRegistry registry;
  registerAllDialects(registry);
  // Threads of a pool would not survive a fork of the embedding program.
  mlirContext = std::make_unique<mlir::MLIRContext>(
      registry, mlir::MLIRContext::Threading::DISABLED);
  mlirContext->printOpOnDiagnostic(false);
  if (!options.useCache)
    return;
  WarnFunction warn = options.cache.warn;
  auto opened = Cache::open(std::move(options.cache));
  if (opened) {
    files = std::move(*opened);
    return;
  }
  const std::string reason =
      llvm::toString(opened.takeError()) + "; kernels are not kept";
  if (warn)
    warn(reason);
  else
    llvm::errs() << "attn: warning: " << reason << '\n';
}

Compiler::~Compiler() = default;

llvm::Expected<std::unique_ptr<Compiler>>
Compiler::create(CompilerOptions options) {
  return std::unique_ptr<Compiler>(new Compiler(std::move(options)));
}

static std::string identityOf(StringRef text, const CompileOptions &options) {
  return ("compiler " + compilerVersion() + "\nruntime " +
          std::to_string(ATTN_RT_VERSION) + "\nhost " +
          llvm::sys::getDefaultTargetTriple() + "\nptxas " +
          assemblerIdentity() + "\n" + describeOptions(options) + text)
      .str();
}

llvm::Expected<const Kernel *>
Compiler::compileLocked(mlir::ModuleOp module, const CompileOptions &options) {
  Request request{module, options, canonicalText(module), "", ""};
  request.identity = identityOf(request.text, options);
  request.key = hash(request.identity);
  if (auto found = kernels.find(request.key); found != kernels.end()) {
    ++counts.reused;
    return found->second.get();
  }
  auto product = obtain(request);
  if (!product)
    return product.takeError();
  return load(request, std::move(*product));
}

llvm::Expected<const Kernel *>
Compiler::compile(mlir::ModuleOp module, const CompileOptions &options) {
  auto guard = lock();
  return compileLocked(module, options);
}

llvm::Expected<const Kernel *>
Compiler::compile(StringRef text, const CompileOptions &options) {
  auto guard = lock();
  const std::string given = describeOptions(options) + text.str();
  if (auto found = byText.find(given); found != byText.end()) {
    ++counts.reused;
    return found->second;
  }
  mlir::OwningOpRef<mlir::ModuleOp> module;
  {
    DiagnosticCollector diagnostics(mlirContext.get());
    module = mlir::parseSourceString<mlir::ModuleOp>(
        text, mlir::ParserConfig(mlirContext.get()), "program");
    if (!module)
      return diagnostics.takeError("the program cannot be parsed");
  }
  auto kernel = compileLocked(*module, options);
  if (kernel)
    byText.emplace(given, *kernel);
  return kernel;
}

llvm::Error Compiler::warm(mlir::ModuleOp module,
                           const CompileOptions &options) {
  auto guard = lock();
  if (!files)
    return createStringError("there is no kernel cache to fill");
  Request request{module, options, canonicalText(module), "", ""};
  request.identity = identityOf(request.text, options);
  request.key = hash(request.identity);
  auto product = obtain(request);
  if (!product)
    return product.takeError();
  counts.loaded += product->fromDisk;
  return llvm::Error::success();
}

CompilerStats Compiler::stats() const {
  auto guard = lock();
  return counts;
}
