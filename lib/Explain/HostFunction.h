//===- HostFunction.h - scalar code of a program, on this CPU ---*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_LIB_EXPLAIN_HOSTFUNCTION_H
#define ATTN_LIB_EXPLAIN_HOSTFUNCTION_H

#include "Subject.h"
#include "attn/JIT/Engine.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"
#include <deque>

namespace attn::explain {

/// Copies scalar ops so that no input can stop the program: a divisor of zero
/// becomes one, an index outside of a memref 0, and a bit of `faults` says so.
class GuardedCloner {
public:
  GuardedCloner(mlir::ImplicitLocOpBuilder &b, mlir::IRMapping &map,
                mlir::Value faults)
      : b(b), map(map), faults(faults) {}

  /// An op other than attn.load.
  void clone(mlir::Operation *op);
  /// `bit` of the faults is the capture's.
  void cloneLoad(mlir::attn::LoadOp op, unsigned bit);
  mlir::Value getFaults() const { return faults; } ///< i32

  static constexpr unsigned kDivisionByZero = 0; ///< bit
  static constexpr unsigned kFirstCapture = 1;   ///< bit of capture 0
  static constexpr unsigned kLastBit = 30;

private:
  void report(mlir::Value isWrong, unsigned bit);

  mlir::ImplicitLocOpBuilder &b;
  mlir::IRMapping &map;
  mlir::Value faults;
};

/// A host function with the arguments of a function of the program, and more.
/// Its body begins with the values of the program that it needs.
class HostFunction {
public:
  HostFunction(mlir::ModuleOp module, mlir::func::FuncOp source,
               llvm::StringRef name, mlir::TypeRange more);

  /// Copies what `value` is computed from.
  void clone(mlir::Value value);
  mlir::Value lookup(mlir::Value value) const { return map.lookup(value); }
  mlir::Value argument(unsigned i) { ///< of those that are more
    return function.getArgument(first + i);
  }
  void finish(); ///< after the last op

  mlir::func::FuncOp function;
  mlir::ImplicitLocOpBuilder b;
  mlir::IRMapping map;
  mlir::Value faults; ///< i32, as of now

private:
  unsigned first;
};

/// The ops that `value` is computed from, and the arguments at their ends.
struct Sources {
  llvm::SetVector<mlir::Operation *> ops;
  llvm::SetVector<mlir::BlockArgument> arguments;
  /// One that cannot be copied, such as a call.
  mlir::Operation *obstacle = nullptr;
};
Sources findSources(mlir::Value value);

/// Packed arguments of a call of a `HostFunction`.
class HostArguments {
public:
  /// Sizes of query, key and value from the subject, captures from the problem;
  /// what is not known is 0 or empty.
  HostArguments(const Subject &subject, const Problem &problem);

  void addScalar(int64_t value) {
    packed.push_back(&words.emplace_back(value));
  }
  /// A dense table.
  void addTable(void *data, llvm::ArrayRef<int64_t> shape);
  llvm::Error invoke(jit::Engine &engine, llvm::StringRef name) {
    return engine.invoke(name, packed);
  }

private:
  // Deques, because the packed arguments point at their elements.
  std::deque<llvm::SmallVector<int64_t, 12>> descriptors;
  std::deque<int64_t> words;
  llvm::SmallVector<void *> packed;
};

/// Compiles a module of such functions.
llvm::Expected<std::unique_ptr<jit::Engine>> compileHost(mlir::ModuleOp module);

/// Values of the program for one call, which must be index scalars.
llvm::Expected<llvm::SmallVector<int64_t>>
evaluate(const Subject &subject, const Problem &problem,
         mlir::func::FuncOp function, llvm::ArrayRef<mlir::Value> values);

} // namespace attn::explain

#endif
