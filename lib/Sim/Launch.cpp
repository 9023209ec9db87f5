//===- Launch.cpp - running a kernel over its grid ------------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// CTAs are spread over host threads. Everything that a CTA finds is kept with
// its number and merged in that order, so the result depends on the seed only.
// Kernels with atomics or volatile accesses on global memory talk between
// CTAs; these run on one host thread, a window of CTAs at a time, interleaved
// by the seed.
//
//===----------------------------------------------------------------------===//

#include "Cta.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

using namespace attn::sim;

namespace {
/// CTAs that run together when they may wait for each other.
constexpr size_t residentCtas = 16;
constexpr uint64_t defaultInstructionLimit = uint64_t(1) << 28;

/// What is left of a CTA that has ended.
struct CtaResult {
  std::vector<Finding> findings;
  GlobalRaces::Summary summary;
  bool stopped = false;
};

class Runner {
public:
  Runner(const LaunchState &state, uint64_t numCtas)
      : state(state), results(numCtas),
        total(state.program.code.size(), state.view.size()),
        firstStopped(numCtas) {}

  void run() {
    if (state.program.hasGlobalAtomics)
      runInterleaved();
    else
      runParallel();
  }

  LaunchResult finish() {
    LaunchResult result;
    std::set<std::pair<int, int>> seen; // hazard and line
    uint64_t last = std::min<uint64_t>(firstStopped, results.size() - 1);
    for (uint64_t cta = 0; cta <= last; ++cta)
      for (Finding &f : results[cta].findings)
        if (result.findings.size() < state.options.maxFindings &&
            seen.insert({int(f.hazard), f.ptxLine}).second)
          result.findings.push_back(std::move(f));
    result.completed = firstStopped == results.size();
    if (result.completed && !state.program.ordersCtas)
      addCtaConflicts(result);
    result.counters = summarise(total, state.program, state.view);
    return result;
  }

private:
  void collect(Cta &cta) {
    CtaResult &result = results[cta.number];
    result.findings = std::move(cta.findings);
    result.summary = cta.globalRaces.summary();
    result.stopped = cta.stopped;
    if (!cta.stopped)
      return;
    uint64_t first = firstStopped;
    while (cta.number < first &&
           !firstStopped.compare_exchange_weak(first, cta.number))
      ;
  }

  void runParallel() {
    unsigned threads = state.options.threads
                           ? state.options.threads
                           : std::thread::hardware_concurrency();
    threads = unsigned(std::clamp<uint64_t>(threads, 1, results.size()));
    std::atomic<uint64_t> next{0};
    std::mutex mutex;
    auto work = [&] {
      Tally tally(state.program.code.size(), state.view.size());
      Cta cta(state, tally);
      while (true) {
        uint64_t number = next++;
        // A CTA after one that could not go on does not matter any more.
        if (number >= results.size() || number > firstStopped)
          break;
        cta.start(number);
        while (cta.step() == Cta::Progress::Running && number <= firstStopped)
          ;
        collect(cta);
      }
      std::lock_guard<std::mutex> lock(mutex);
      total.add(tally);
    };
    std::vector<std::thread> pool;
    for (unsigned i = 1; i < threads; ++i)
      pool.emplace_back(work);
    work();
    for (std::thread &thread : pool)
      thread.join();
  }

  void runInterleaved() {
    std::vector<std::unique_ptr<Cta>> resident;
    uint64_t next = 0, random = state.options.seed + 1;
    auto admit = [&](std::unique_ptr<Cta> cta) {
      if (next >= results.size() || firstStopped < results.size())
        return;
      if (!cta)
        cta = std::make_unique<Cta>(state, total);
      cta->start(next++);
      resident.push_back(std::move(cta));
    };
    for (size_t i = 0; i < residentCtas; ++i)
      admit(nullptr);
    while (!resident.empty() && firstStopped == results.size()) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      size_t pick = (random >> 33) % resident.size();
      if (resident[pick]->step() == Cta::Progress::Running)
        continue;
      collect(*resident[pick]);
      std::unique_ptr<Cta> done = std::move(resident[pick]);
      resident.erase(resident.begin() + std::ptrdiff_t(pick));
      admit(std::move(done));
    }
    // What the others have found before one stopped the launch.
    for (auto &cta : resident)
      if (results[cta->number].findings.empty())
        results[cta->number].findings = std::move(cta->findings);
  }

  void addCtaConflicts(LaunchResult &result) {
    std::vector<GlobalRaces::Summary> summaries;
    for (CtaResult &r : results)
      summaries.push_back(std::move(r.summary));
    size_t room =
        state.options.maxFindings -
        std::min<size_t>(result.findings.size(), state.options.maxFindings);
    for (const CtaConflict &c :
         findCtaConflicts(summaries, state.program.globalGranule, room)) {
      const Inst &first = state.program.code[c.firstPc];
      const Inst &second = state.program.code[c.secondPc];
      Finding f;
      f.hazard = Hazard::GlobalRace;
      f.ptxLine = first.line;
      f.ptxText = state.module.lines[size_t(first.line) - 1];
      f.sourceLine = first.sourceLine;
      auto file = state.module.files.find(first.sourceFile);
      if (file != state.module.files.end())
        f.sourceFile = file->second;
      int allocation = state.view.find(c.address, 1);
      if (allocation >= 0)
        f.buffer = state.view[allocation].name;
      const Dim3 &grid = state.options.grid;
      f.cta = {uint32_t(c.first % grid.x), uint32_t(c.first / grid.x % grid.y),
               uint32_t(c.first / (uint64_t(grid.x) * grid.y))};
      f.message = "CTA " + std::to_string(c.first) + " writes bytes that CTA " +
                  std::to_string(c.second) +
                  (c.bothWrite ? " writes" : " accesses") +
                  " too, about line " + std::to_string(second.line);
      result.findings.push_back(std::move(f));
    }
  }

  const LaunchState &state;
  std::vector<CtaResult> results;
  Tally total;
  std::atomic<uint64_t> firstStopped; ///< number of CTAs: none
};

LaunchResult badLaunch(std::string message) {
  LaunchResult result;
  Finding f;
  f.hazard = Hazard::BadLaunch;
  f.message = std::move(message);
  result.findings.push_back(std::move(f));
  return result;
}

std::string show(const Dim3 &d) {
  return std::to_string(d.x) + "x" + std::to_string(d.y) + "x" +
         std::to_string(d.z);
}

/// Empty when the launch can be made.
std::string checkLaunch(const Module &module, const Program &program,
                        const LaunchOptions &options) {
  const Dim3 &grid = options.grid, &block = options.block;
  uint64_t threads = uint64_t(block.x) * block.y * block.z;
  if (!grid.x || !grid.y || !grid.z || grid.x > 0x7fffffff || grid.y > 65535 ||
      grid.z > 65535)
    return "grid " + show(grid) + " is out of range";
  if (!block.x || !block.y || !block.z || block.x > 1024 || block.y > 1024 ||
      block.z > 64 || threads > 1024)
    return "block " + show(block) + " is out of range";
  const Dim3 &req = program.info.reqntid, &max = program.maxntid;
  if (req.x && (req.x != block.x || req.y != block.y || req.z != block.z))
    return "block " + show(block) + " differs from .reqntid " + show(req);
  if (max.x && threads > uint64_t(max.x) * max.y * max.z)
    return "block " + show(block) + " is larger than .maxntid " + show(max);
  uint64_t limit = module.target >= 90 ? 227 * 1024 : 163 * 1024;
  uint64_t shared =
      uint64_t(program.info.staticSharedBytes) + options.dynamicSharedBytes;
  if (shared > limit)
    return std::to_string(shared) + " bytes of shared memory are more than " +
           std::to_string(limit);
  return {};
}
} // namespace

LaunchResult attn::sim::launch(const Module &module, std::string_view entry,
                               Memory &memory, const void *const *params,
                               const LaunchOptions &options) {
  const Program *program = nullptr;
  for (const Program &p : module.programs)
    if (p.info.name == entry)
      program = &p;
  if (!program)
    return badLaunch("module has no entry '" + std::string(entry) + "'");
  std::string problem = checkLaunch(module, *program, options);
  if (!problem.empty())
    return badLaunch(problem);

  std::vector<uint8_t> block(program->info.paramBytes);
  for (size_t i = 0; i < program->info.params.size(); ++i) {
    const ParamInfo &p = program->info.params[i];
    if (!params || !params[i])
      return badLaunch("parameter '" + p.name + "' is missing");
    std::memcpy(block.data() + p.offset, params[i], p.size);
  }
  std::vector<uint64_t> globals = instantiateGlobals(memory, module);
  for (size_t i = 0; i < module.globals.size(); ++i)
    if (module.globals[i].bytes && !globals[i])
      return badLaunch("no memory for variable '" + module.globals[i].name +
                       "'");
  const Dim3 &b = options.block;
  LaunchState state{module,
                    *program,
                    options,
                    GlobalView(memory),
                    std::move(globals),
                    std::move(block),
                    options.instructionLimit ? options.instructionLimit
                                             : defaultInstructionLimit,
                    (b.x * b.y * b.z + 31) / 32,
                    program->info.staticSharedBytes +
                        options.dynamicSharedBytes};
  uint64_t ctas = uint64_t(options.grid.x) * options.grid.y * options.grid.z;
  Runner runner(state, ctas);
  runner.run();
  return runner.finish();
}
