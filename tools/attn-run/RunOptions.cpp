//===- RunOptions.cpp - the command line of attn-run ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunOptions.h"
#include "OutputFile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"

using namespace attn::run;
namespace cl = llvm::cl;

namespace {
/// The options live as long as the parse: nothing else can read them.
struct CommandLine {
  cl::OptionCategory category{"attn-run options"};
  RunOptions &to;
  explicit CommandLine(RunOptions &to) : to(to) {}

  template <typename T> using Option = cl::opt<T, /*ExternalStorage=*/true>;

  Option<std::string> program{cl::Positional, cl::desc("PROGRAM.mlir"),
                              cl::location(to.program), cl::Required,
                              cl::cat(category)};
  Option<std::string> entry{
      "entry", cl::desc("function to run; may be omitted when there is one"),
      cl::value_desc("name"), cl::location(to.entry), cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> inputs{
      "inputs",
      cl::desc("one for each argument: FILE.npy, random:SHAPE[:SCALE] (seeded "
               "normal numbers, for scales from half to twice SCALE), "
               "zeros:SHAPE, or a number for a scalar; "
               "SHAPE is like 1x8x128x64, in the order of --layout"),
      cl::value_desc("a,b,..."),
      cl::location(to.inputs),
      cl::CommaSeparated,
      cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> outputs{
      "outputs",
      cl::desc("float32 .npy files to write, in result order"),
      cl::value_desc("a,b,..."),
      cl::location(to.outputs),
      cl::CommaSeparated,
      cl::cat(category)};
  Option<DeviceKind> device{
      "device",
      cl::desc("where to run; default: cuda if there is a GPU, "
               "else sim"),
      cl::values(clEnumValN(DeviceKind::Sim, "sim", "the PTX simulator"),
                 clEnumValN(DeviceKind::Cuda, "cuda", "a GPU"),
                 clEnumValN(DeviceKind::Reference, "reference",
                            "naive loops on the CPU, float64 inside")),
      cl::location(to.device), cl::cat(category)};
  Option<std::string> chip{
      "chip",
      cl::desc("chip to compile for, sm_80 or sm_90a; default: the GPU's if "
               "known, else sm_80"),
      cl::value_desc("chip"), cl::location(to.chip), cl::cat(category)};
  Option<std::string> schedule{
      "schedule", cl::desc("schedule in place of the compiler's choice"),
      cl::value_desc("text"), cl::location(to.schedule), cl::cat(category)};
  Option<int> alignment{
      "alignment",
      cl::desc("bytes that rows are aligned to in the kernel: 16, 8, 4 or 2"),
      cl::value_desc("bytes"), cl::location(to.alignment), cl::cat(category)};
  Option<std::string> rotary{
      "rotary",
      cl::desc("where a query or key is rotated: 'before' attention, 'fused' "
               "into its kernel where it can be; default: 'auto', what costs "
               "less"),
      cl::value_desc("rule"), cl::location(to.rotary), cl::cat(category)};
  Option<int64_t> rowPadding{
      "row-padding",
      cl::desc("elements after each row of query, key, value and out on the "
               "device, to try odd strides"),
      cl::value_desc("n"), cl::location(to.rowPadding), cl::cat(category)};
  Option<bool> check{
      "check",
      cl::desc("compare with the float64 reference and print one line "
               "of JSON"),
      cl::location(to.check), cl::cat(category)};
  Option<std::string> stats{
      "stats", cl::desc("write counters of the run as JSON"),
      cl::value_desc("file"), cl::location(to.stats), cl::cat(category)};
  Option<std::string> maskPicture{
      "mask-picture", cl::desc("draw the tiles of the masks, for these inputs"),
      cl::value_desc("FILE.svg"), cl::location(to.maskPicture),
      cl::cat(category)};
  cl::list<uint64_t, std::vector<uint64_t>> seeds{
      "seed",
      cl::desc("seed of the simulator's scheduler (default 0); several are "
               "runs of one kernel with one input, each with every --timing"),
      cl::value_desc("n,n,..."),
      cl::location(to.seeds),
      cl::CommaSeparated,
      cl::cat(category)};
  Option<uint64_t> inputSeed{
      "input-seed",
      cl::desc("seed of random: inputs; default: the first --seed"),
      cl::value_desc("n"), cl::location(to.inputSeed), cl::cat(category)};
  cl::list<CopyTiming, std::vector<CopyTiming>> timings{
      "timing",
      cl::desc("when the simulator lets asynchronous operations take effect; "
               "may be several"),
      cl::values(
          clEnumValN(CopyTiming::Latest, "latest", "at the wait (default)"),
          clEnumValN(CopyTiming::Earliest, "earliest", "at once")),
      cl::location(to.timings),
      cl::CommaSeparated,
      cl::cat(category)};
  Option<int> multiprocessors{
      "multiprocessors",
      cl::desc("of the simulated device; few make persistent kernels walk over "
               "several tiles (default: those of A100 or H100)"),
      cl::value_desc("n"), cl::location(to.multiprocessors), cl::cat(category)};
  Option<Fp8Accumulation> fp8Accumulation{
      "fp8-accumulation",
      cl::desc("how the simulator adds products of 8-bit floats"),
      cl::values(
          clEnumValN(Fp8Accumulation::Exact, "exact", "in float32 (default)"),
          clEnumValN(Fp8Accumulation::Truncated, "truncated",
                     "with 13 bits of mantissa, as Hopper is said to")),
      cl::location(to.fp8Accumulation), cl::cat(category)};
  Option<std::string> ptxInput{
      "ptx", cl::desc("run this PTX in place of the compiled kernel"),
      cl::value_desc("file"), cl::location(to.ptxInput), cl::cat(category)};
  Option<std::string> ptxOutput{"emit-ptx", cl::desc("save the PTX that ran"),
                                cl::value_desc("file"),
                                cl::location(to.ptxOutput), cl::cat(category)};
  Option<StorageLayout> layout{
      "layout", cl::desc("order of dimensions in files"),
      cl::values(clEnumValN(StorageLayout::BHSD, "bhsd",
                            "batch, head, position, dim (default)"),
                 clEnumValN(StorageLayout::BSHD, "bshd",
                            "batch, position, head, dim")),
      cl::location(to.layout), cl::cat(category)};
  Option<int> ordinal{"gpu", cl::desc("which GPU"), cl::value_desc("n"),
                      cl::location(to.ordinal), cl::cat(category)};
};
} // namespace

static llvm::Error validate(const RunOptions &options) {
  if (options.device == DeviceKind::Reference) {
    for (auto [value, name] : {std::pair(&options.schedule, "--schedule"),
                               {&options.ptxInput, "--ptx"},
                               {&options.ptxOutput, "--emit-ptx"}})
      if (!value->empty())
        return llvm::createStringError(llvm::Twine(name) +
                                       " needs a device, but got "
                                       "--device=reference");
    if (options.conditions().size() > 1)
      return llvm::createStringError(
          "several values of --timing or --seed need the simulator, but got "
          "--device=reference");
    if (options.fp8Accumulation == Fp8Accumulation::Truncated)
      return llvm::createStringError(
          "--fp8-accumulation=truncated needs the simulator, but got "
          "--device=reference");
  }
  if (options.rowPadding < 0)
    return llvm::createStringError(
        "expected --row-padding of 0 or more, but got " +
        llvm::Twine(options.rowPadding));
  if (options.multiprocessors < 0)
    return llvm::createStringError(
        "expected --multiprocessors of 0 or more, but got " +
        llvm::Twine(options.multiprocessors));
  for (const std::string &path : options.outputs)
    if (llvm::Error error = checkWritable(path))
      return error;
  for (const std::string *path :
       {&options.stats, &options.ptxOutput, &options.maskPicture})
    if (!path->empty())
      if (llvm::Error error = checkWritable(*path))
        return error;
  return llvm::Error::success();
}

std::string SimConditions::timingName() const {
  return timing == CopyTiming::Latest ? "latest" : "earliest";
}

std::string SimConditions::str() const {
  return "--timing=" + timingName() + " --seed=" + std::to_string(seed);
}

std::vector<SimConditions> RunOptions::conditions() const {
  std::vector<SimConditions> all;
  for (CopyTiming timing : timings)
    for (uint64_t seed : seeds)
      all.push_back({timing, seed});
  return all;
}

llvm::Expected<RunOptions> RunOptions::parse(int argc,
                                             const char *const *argv) {
  // The LLVM libraries bring hundreds of options of their own, one of which has
  // the name of ours.
  if (cl::Option *option = cl::getRegisteredOptions().lookup("stats"))
    option->removeArgument();
  RunOptions options;
  CommandLine line(options);
  cl::HideUnrelatedOptions(line.category);
  std::string text;
  llvm::raw_string_ostream errors(text);
  if (!cl::ParseCommandLineOptions(
          argc, argv, "runs an attention program and checks it\n", &errors)) {
    // The first line says what is wrong, after the program's path. It is empty
    // when a single option was bad, which has been reported by then.
    llvm::StringRef first = llvm::StringRef(text).split('\n').first;
    first.consume_front(llvm::sys::path::filename(argv[0]));
    first.consume_front(": ");
    return llvm::createStringError(first.rtrim());
  }
  if (options.timings.empty())
    options.timings.push_back(CopyTiming::Latest);
  if (options.seeds.empty())
    options.seeds.push_back(0);
  if (!line.inputSeed.getNumOccurrences())
    options.inputSeed = options.seeds.front();
  if (llvm::Error error = validate(options))
    return error;
  return options;
}
