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

#include "Cluster.h"

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
  Dim3 id;
  std::vector<Finding> findings;
  GlobalRaces::Summary summary;
};

class Runner {
public:
  Runner(const LaunchState &state, uint64_t numCtas)
      : state(state), numClusters(numCtas / state.clusterSize),
        results(numCtas), total(state.program.code.size(), state.view.size()),
        firstStopped(numClusters) {}

  void run() {
    if (state.program.hasGlobalAtomics)
      runInterleaved();
    else
      runParallel();
  }

  LaunchResult finish() {
    LaunchResult result;
    std::set<std::pair<int, int>> seen; // hazard and line
    uint64_t clusters = std::min<uint64_t>(firstStopped + 1, numClusters);
    for (uint64_t cta = 0; cta < clusters * state.clusterSize; ++cta)
      for (Finding &f : results[cta].findings)
        if (result.findings.size() < state.options.maxFindings &&
            seen.insert({int(f.hazard), f.ptxLine}).second)
          result.findings.push_back(std::move(f));
    result.completed = firstStopped == numClusters;
    if (result.completed && !state.program.ordersCtas)
      addCtaConflicts(result);
    result.counters = summarise(total, state.program, state.view);
    return result;
  }

private:
  /// Results are ordered by cluster, then by rank.
  void collect(Cluster &cluster) {
    bool stopped = false;
    for (auto &cta : cluster.ctas) {
      CtaResult &result =
          results[cluster.number * state.clusterSize + cta->rank];
      result.id = cta->id;
      result.findings = std::move(cta->findings);
      result.summary = cta->globalRaces.summary();
      stopped |= cta->stopped;
    }
    if (!stopped)
      return;
    uint64_t first = firstStopped;
    while (cluster.number < first &&
           !firstStopped.compare_exchange_weak(first, cluster.number))
      ;
  }

  void runParallel() {
    unsigned threads = state.options.threads
                           ? state.options.threads
                           : std::thread::hardware_concurrency();
    threads = unsigned(std::clamp<uint64_t>(threads, 1, numClusters));
    std::atomic<uint64_t> next{0};
    std::mutex mutex;
    auto work = [&] {
      Tally tally(state.program.code.size(), state.view.size());
      Cluster cluster(state, tally);
      while (true) {
        uint64_t number = next++;
        // A cluster after one that could not go on does not matter any more.
        if (number >= numClusters || number > firstStopped)
          break;
        cluster.start(number);
        while (cluster.step() == Cluster::Progress::Running &&
               number <= firstStopped)
          ;
        collect(cluster);
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
    std::vector<std::unique_ptr<Cluster>> resident;
    uint64_t next = 0, random = state.options.seed + 1;
    auto admit = [&](std::unique_ptr<Cluster> cluster) {
      if (next >= numClusters || firstStopped < numClusters)
        return;
      if (!cluster)
        cluster = std::make_unique<Cluster>(state, total);
      cluster->start(next++);
      resident.push_back(std::move(cluster));
    };
    for (size_t i = 0; i < residentCtas; i += state.clusterSize)
      admit(nullptr);
    while (!resident.empty() && firstStopped == numClusters) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      size_t pick = (random >> 33) % resident.size();
      if (resident[pick]->step() == Cluster::Progress::Running)
        continue;
      collect(*resident[pick]);
      std::unique_ptr<Cluster> done = std::move(resident[pick]);
      resident.erase(resident.begin() + std::ptrdiff_t(pick));
      admit(std::move(done));
    }
    // What the others have found before one stopped the launch.
    for (auto &cluster : resident)
      for (auto &cta : cluster->ctas) {
        auto &findings =
            results[cluster->number * state.clusterSize + cta->rank].findings;
        if (findings.empty())
          findings = std::move(cta->findings);
      }
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
      // CTAs of one cluster may have met at its barrier.
      if (c.first / state.clusterSize == c.second / state.clusterSize)
        continue;
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
      f.cta = results[c.first].id;
      f.message = "CTA " + std::to_string(numberOf(c.first)) +
                  " writes bytes that CTA " +
                  std::to_string(numberOf(c.second)) +
                  (c.bothWrite ? " writes" : " accesses") +
                  " too, about line " + std::to_string(second.line);
      result.findings.push_back(std::move(f));
    }
  }

  /// Linear number of a CTA in the grid.
  uint64_t numberOf(size_t result) const {
    const Dim3 &grid = state.options.grid, &id = results[result].id;
    return id.x + grid.x * (id.y + uint64_t(grid.y) * id.z);
  }

  const LaunchState &state;
  uint64_t numClusters;
  std::vector<CtaResult> results;
  Tally total;
  std::atomic<uint64_t> firstStopped; ///< number of clusters: none
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

/// Size of the clusters: that of the launch, or else that of the program.
Dim3 clusterOf(const Program &program, const LaunchOptions &options) {
  const Dim3 &c = options.cluster, &required = program.info.reqnctapercluster;
  bool given = c.x != 1 || c.y != 1 || c.z != 1;
  return given || !required.x ? c : required;
}

std::string checkCluster(const Program &program, const LaunchOptions &options) {
  const Dim3 &grid = options.grid, &required = program.info.reqnctapercluster;
  Dim3 c = clusterOf(program, options);
  if (required.x &&
      (c.x != required.x || c.y != required.y || c.z != required.z))
    return "cluster " + show(c) + " differs from .reqnctapercluster " +
           show(required);
  if (!c.x || !c.y || !c.z || uint64_t(c.x) * c.y * c.z > 16)
    return "cluster " + show(c) + " is out of range: it has 1 to 16 CTAs";
  if (grid.x % c.x || grid.y % c.y || grid.z % c.z)
    return "cluster " + show(c) + " does not divide the grid " + show(grid);
  return {};
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
  if (uint64_t(options.registersPerThread) * threads > 65536 ||
      options.registersPerThread > 255)
    return std::to_string(options.registersPerThread) +
           " registers for each of " + std::to_string(threads) +
           " threads are more than 255 or than 65536 in all";
  Dim3 cluster = clusterOf(program, options);
  if (module.target < 90 &&
      (cluster.x != 1 || cluster.y != 1 || cluster.z != 1))
    return "clusters need sm_90";
  return checkCluster(program, options);
}

/// Registers of each thread: what the program or the launch says, or as many as
/// the threads can have.
unsigned registersOf(const Program &program, const LaunchOptions &options) {
  if (options.registersPerThread)
    return options.registersPerThread;
  const Dim3 &block = options.block;
  unsigned threads = block.x * block.y * block.z;
  unsigned perBlock = 65536 / std::max(1u, program.minCtasPerMultiprocessor);
  unsigned most = std::min(perBlock / threads / 8 * 8, 255u);
  return program.maxRegisters ? std::min(most, program.maxRegisters) : most;
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
  Dim3 cluster = clusterOf(*program, options);
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
                        options.dynamicSharedBytes,
                    cluster,
                    cluster.x * cluster.y * cluster.z,
                    registersOf(*program, options)};
  uint64_t ctas = uint64_t(options.grid.x) * options.grid.y * options.grid.z;
  Runner runner(state, ctas);
  runner.run();
  return runner.finish();
}
