//===- State.cpp - what the fake driver knows -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "State.h"
#include "FakeCuda.h"
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace fakecuda;

//===----------------------------------------------------------------------===//
// Settings
//===----------------------------------------------------------------------===//

/// Takes the value of an environment variable where there is one.
static void readNumber(const char *name, int least, int most, int &value,
                       std::string &problem) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return;
  int number = 0;
  const char *end = text + std::strlen(text);
  const auto [rest, error] = std::from_chars(text, end, number);
  if (error == std::errc() && rest == end && number >= least && number <= most)
    value = number;
  else
    problem = std::string(name) + ": expected " + std::to_string(least) +
              " to " + std::to_string(most) + ", but got " + text;
}

/// True when the variable has the one value that it may have.
static void readSwitch(const char *name, const char *on, bool &value,
                       std::string &problem) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return;
  value = std::strcmp(text, on) == 0;
  if (!value)
    problem = std::string(name) + ": expected " + on + ", but got " + text;
}

Config Config::fromEnvironment() {
  Config config;
  config.driver = kDefaultDriver;
  readNumber("ATTN_FAKE_CUDA_CC", 50, 129, config.capability, config.problem);
  readNumber("ATTN_FAKE_CUDA_DRIVER", 10000, 19990, config.driver,
             config.problem);
  readNumber("ATTN_FAKE_CUDA_COUNT", 0, kMostDevices, config.count,
             config.problem);
  readSwitch("ATTN_FAKE_CUDA_CUBIN", "accept", config.acceptsCubins,
             config.problem);
  bool launchesNothing = false;
  readSwitch("ATTN_FAKE_CUDA_LAUNCH", "nothing", launchesNothing,
             config.problem);
  config.executes = !launchesNothing;
  return config;
}

int Config::sharedLimit() const {
  // "Technical Specifications per Compute Capability" of the programming guide.
  switch (capability) {
  case 80:
  case 87:
    return 163 * 1024;
  case 86:
  case 89:
    return 99 * 1024;
  }
  if (capability >= 120)
    return 99 * 1024;
  return capability >= 90 ? 227 * 1024 : 64 * 1024;
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

State &State::get() {
  static State state;
  return state;
}

void State::reset() {
  contextStack().clear();
  for (Context &context : contexts)
    destroy(context);
  config = Config::fromEnvironment();
  initialized = false;
  executes = config.executes;
  diary.clear();
  findings.clear();
  failingCall.clear();
  failingResult = 0;
  calls.clear();
  timeInside = {};
}

void State::destroy(Context &context) {
  auto isOwned = [&](const auto &object) { return object.context == &context; };
  functions.removeIf(isOwned);
  modules.removeIf(isOwned);
  streams.removeIf(isOwned);
  events.removeIf(isOwned);
  context = Context();
}

std::vector<Context *> &fakecuda::contextStack() {
  static thread_local std::vector<Context *> stack;
  return stack;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Call::Call(const char *name, Needs needs)
    : state(State::get()), lock(state.mutex), name(name), start(Clock::now()),
      refused(0) {
  ++state.calls[name];
  write("");
  refused = findRefusal(needs);
}

Call::~Call() {
  if (!state.executes)
    state.timeInside += Clock::now() - start;
}

std::optional<int> Call::ordered() const {
  if (state.failingCall != name)
    return std::nullopt;
  return state.failingResult;
}

int Call::findRefusal(Needs needs) const {
  if (const int result = ordered().value_or(Success))
    return result;
  if (needs >= Needs::Initialization && !state.initialized)
    return NotInitialized;
  if (needs < Needs::Context)
    return Success;
  if (contextStack().empty() || !contextStack().back()->retained)
    return InvalidContext;
  Fault &fault = context().fault;
  if (fault == Fault::Unreported && needs == Needs::Synchronization)
    fault = Fault::Reported;
  return fault == Fault::Reported ? LaunchFailed : Success;
}

/// Writes a line, or adds to the one that the constructor has written.
void Call::write(const std::string &details) {
  if (!state.executes)
    return;
  if (details.empty()) {
    state.diary += std::string(name) + "\n";
    return;
  }
  state.diary.pop_back();
  state.diary += " " + details + "\n";
}

int fakecuda::refuse(int result, const std::string &why) {
  std::fprintf(stderr, "fake CUDA: %s\n", why.c_str());
  return result;
}

std::string fakecuda::text(Handle handle) {
  return std::to_string(reinterpret_cast<uintptr_t>(handle));
}

//===----------------------------------------------------------------------===//
// Directions of a test
//===----------------------------------------------------------------------===//

void fake_cuda_reset() { State::get().reset(); }

const char *fake_cuda_diary() { return State::get().diary.c_str(); }

void fake_cuda_clear_diary() { State::get().diary.clear(); }

void fake_cuda_fail(const char *call, int result) {
  State::get().failingCall = call;
  State::get().failingResult = result;
}

const char *fake_cuda_findings() { return State::get().findings.c_str(); }

int fake_cuda_context_depth() {
  return static_cast<int>(contextStack().size());
}

void fake_cuda_set_compute_capability(int value) {
  State::get().config.capability = value;
}

void fake_cuda_set_driver(int version) { State::get().config.driver = version; }

void fake_cuda_set_count(int gpus) { State::get().config.count = gpus; }

void fake_cuda_accept_cubins(int accept) {
  State::get().config.acceptsCubins = accept != 0;
}

void fake_cuda_execute(int execute) { State::get().executes = execute != 0; }

uint64_t fake_cuda_calls(const char *call) {
  const auto &calls = State::get().calls;
  const auto found = calls.find(call);
  return found == calls.end() ? 0 : found->second;
}

uint64_t fake_cuda_nanoseconds() {
  return static_cast<uint64_t>(
      std::chrono::nanoseconds(State::get().timeInside).count());
}
