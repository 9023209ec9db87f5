//===- State.h - what the fake driver knows ---------------------*- C++ -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_TEST_FAKECUDA_STATE_H
#define ATTN_TEST_FAKECUDA_STATE_H

#include "Results.h"
#include "attn/Sim/Simulator.h"
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fakecuda {

using Clock = std::chrono::steady_clock;
/// CUcontext, CUmodule, CUfunction, CUstream, CUevent.
using Handle = void *;

constexpr int kMostDevices = 16;
/// A CUdevice is not its ordinal here, so that mixing them up shows.
constexpr int kFirstDevice = 100;

/// What the machine is like.
struct Config {
  int capability = 90; ///< ATTN_FAKE_CUDA_CC
  int driver;    ///< ATTN_FAKE_CUDA_DRIVER, for example 12020 for CUDA 12.2
  int count = 1; ///< ATTN_FAKE_CUDA_COUNT
  bool acceptsCubins = false; ///< ATTN_FAKE_CUDA_CUBIN=accept
  bool executes = true;       ///< ATTN_FAKE_CUDA_LAUNCH=nothing at first
  std::string problem; ///< with the environment; empty when there is none

  static Config fromEnvironment();
  /// Shared memory of a block, in bytes, when the kernel asks for it.
  int sharedLimit() const;
};

/// What driver the library passes for when the environment does not say.
extern const int kDefaultDriver;

/// A context that a kernel has broken reports it at the next call that waits,
/// and from then on at every call.
enum class Fault { None, Unreported, Reported };

/// The primary context of a GPU; its handle is its address.
struct Context {
  int retained = 0;
  Fault fault = Fault::None;
  std::unique_ptr<attn::sim::Memory> memory;
  unsigned allocations = 0; ///< made so far, for their names
};

struct Module {
  Context *context = nullptr;
  std::shared_ptr<const attn::sim::Module> code; ///< null: a cubin
};

struct Function {
  Context *context = nullptr;
  Handle module = nullptr;
  std::string name;
  attn::sim::EntryInfo info;             ///< empty for a cubin
  std::optional<unsigned> dynamicShared; ///< allowed by cuFuncSetAttribute
  bool largeClusters = false;            ///< of more than 8 blocks
};

struct Stream {
  Context *context = nullptr;
};

struct Event {
  Context *context = nullptr;
  std::optional<Clock::time_point> recorded;
};

/// Objects by handles that are never used again, so that a stale one is seen.
template <typename Object> class Table {
public:
  Handle add(Object object, uintptr_t &next) {
    Handle handle = reinterpret_cast<Handle>(next += 16);
    objects.emplace(handle, std::move(object));
    return handle;
  }
  Object *find(Handle handle) {
    auto found = objects.find(handle);
    return found == objects.end() ? nullptr : &found->second;
  }
  bool remove(Handle handle) { return objects.erase(handle) != 0; }
  template <typename Predicate> void removeIf(Predicate isDoomed) {
    for (auto it = objects.begin(); it != objects.end();)
      it = isDoomed(it->second) ? objects.erase(it) : std::next(it);
  }

  std::map<Handle, Object> objects;
};

/// All of it. Guarded by `mutex`, which every call holds from start to end.
struct State {
  static State &get();
  void reset();
  /// Frees what belongs to the context.
  void destroy(Context &context);

  std::mutex mutex;
  Config config = Config::fromEnvironment();
  bool initialized = false;
  bool executes = config.executes;
  std::string diary, findings;
  std::string failingCall;
  int failingResult = 0;
  std::unordered_map<std::string_view, uint64_t> calls; ///< keys are literals
  Clock::duration timeInside{};

  std::array<Context, kMostDevices> contexts;
  uintptr_t lastHandle = 0x1000;
  Table<Module> modules;
  Table<Function> functions;
  Table<Stream> streams;
  Table<Event> events;
};

/// The contexts that are current in this thread, the last one on top.
std::vector<Context *> &contextStack();

/// What a call needs; each includes the ones before.
enum class Needs { Nothing, Initialization, Context, Synchronization };

/// One call of the driver, from its start to its end.
class Call {
public:
  /// `name` is a literal. `details` gives text for the diary.
  template <typename Details>
  Call(const char *name, Needs needs, Details details) : Call(name, needs) {
    if (state.executes)
      write(details());
  }
  Call(const char *name, Needs needs);
  ~Call();
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;

  /// What the call returns at once; success when it is to do its work.
  int refusal() const { return refused; }
  /// The current context, for calls that need one.
  Context &context() const { return *contextStack().back(); }
  /// What the test has ordered this call to return.
  std::optional<int> ordered() const;

  State &state;

private:
  int findRefusal(Needs needs) const;
  void write(const std::string &details);

  std::lock_guard<std::mutex> lock;
  const char *name;
  Clock::time_point start;
  int refused;
};

/// Tells the person at the terminal what the driver keeps to itself, and
/// returns `result`.
int refuse(int result, const std::string &why);

/// A handle as a number, for the diary.
std::string text(Handle handle);

/// Whether `stream` is one of the call's context.
bool isStream(const Call &call, Handle stream);

} // namespace fakecuda

/// A function of the driver. The version script exports them by name.
#define FAKE_CUDA_API extern "C" int

#endif
