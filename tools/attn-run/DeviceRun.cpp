//===- DeviceRun.cpp - running a program on a device ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Compilation.h"
#include "Execution.h"
#include "HostCall.h"
#include "OutputFile.h"
#include "attn/Runtime/CudaDevice.h"
#include "attn/Runtime/SimDevice.h"
#include "attn/Runtime/Stream.h"
#include "attn/Support/TargetDesc.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace attn;
using namespace attn::run;
using llvm::createStringError;

//===----------------------------------------------------------------------===//
// Devices and buffers
//===----------------------------------------------------------------------===//

namespace {
/// The device of a run; `sim` is the same object when it is the simulator.
struct ChosenDevice {
  std::shared_ptr<runtime::Device> device;
  std::shared_ptr<runtime::SimDevice> sim;
};

/// Device memory that is freed with its owner.
class DeviceBuffer {
public:
  DeviceBuffer(runtime::Device &device) : device(device) {}
  DeviceBuffer(DeviceBuffer &&other)
      : device(other.device), address(std::exchange(other.address, 0)) {}
  ~DeviceBuffer() { device.release(address); }

  runtime::Device &device;
  uint64_t address = 0;
};
} // namespace

/// Null when the program is to run on the simulator.
static llvm::Expected<std::shared_ptr<runtime::Device>>
openGpu(const RunOptions &options) {
  if (options.device == DeviceKind::Sim)
    return nullptr;
  runtime::CudaOptions cuda;
  cuda.ordinal = options.ordinal;
  std::string reason;
  std::shared_ptr<runtime::Device> device =
      runtime::CudaDevice::open(cuda, reason);
  if (options.device == DeviceKind::Auto)
    llvm::errs() << "attn-run: running on "
                 << (device ? device->name() : "the simulator (" + reason + ")")
                 << '\n';
  if (!device && options.device == DeviceKind::Cuda)
    return createStringError("cannot run on a GPU: " + llvm::Twine(reason));
  if (device && options.conditions().size() > 1)
    return createStringError("several values of --timing or --seed need the "
                             "simulator, but got " +
                             llvm::Twine(device->name()));
  if (device && options.fp8Accumulation == Fp8Accumulation::Truncated)
    return createStringError(
        "--fp8-accumulation=truncated needs the simulator, but got " +
        llvm::Twine(device->name()));
  return device;
}

static ChosenDevice makeSimulator(const std::string &chip,
                                  const SimConditions &conditions,
                                  const RunOptions &options) {
  runtime::SimOptions sim;
  sim.multiprocessors = options.multiprocessors;
  if (options.fp8Accumulation == Fp8Accumulation::Truncated)
    sim.float8Accumulation = sim::Float8Accumulation::Truncated;
  sim.chip = chip;
  sim.seed = conditions.seed;
  sim.timing = conditions.timing == CopyTiming::Earliest ? sim::Timing::Earliest
                                                         : sim::Timing::Latest;
  auto device = std::make_shared<runtime::SimDevice>(sim);
  return {device, device};
}

/// PTX for an older chip runs on a newer one, so an unknown GPU gets the
/// oldest, and so does the simulator.
static llvm::Expected<std::string> chooseChip(const runtime::Device *gpu,
                                              const RunOptions &options) {
  if (options.chip.empty())
    return gpu && TargetDesc::lookup(gpu->chip()) ? gpu->chip() : "sm_80";
  if (!TargetDesc::lookup(options.chip))
    return createStringError(TargetDesc::explainUnknown(options.chip));
  return options.chip;
}

/// Rows that padding follows on the device: those of query, key, value and out.
static int64_t paddingOf(llvm::ArrayRef<int64_t> stored,
                         const RunOptions &options) {
  return stored.size() == 4 ? options.rowPadding : 0;
}

namespace {
/// How many bytes of a buffer are moved at a time: all, or a row where padding
/// follows the rows.
struct RowLayout {
  RowLayout(llvm::ArrayRef<int64_t> stored, size_t byteSize,
            size_t elementBytes, int64_t padding) {
    const size_t row = stored.empty() ? 0 : stored.back() * elementBytes;
    chunk = padding && row ? row : byteSize;
    pitch = chunk + padding * elementBytes;
    chunks = chunk ? byteSize / chunk : 0;
  }
  size_t byteSize() const { return chunks * pitch; }
  size_t chunk, pitch, chunks;
};
} // namespace

static llvm::Error toError(const runtime::Status &status) {
  return status.ok() ? llvm::Error::success()
                     : createStringError(llvm::Twine(status.message));
}

/// Copies of the inputs, then room for the outputs, in argument order; scalars
/// have a buffer without memory.
static llvm::Expected<std::vector<DeviceBuffer>>
makeBuffers(runtime::Device &device, Program &program, const RunInputs &inputs,
            const RunOptions &options) {
  std::vector<DeviceBuffer> buffers;
  for (auto [argument, value] :
       llvm::zip_equal(program.arguments(), inputs.values)) {
    DeviceBuffer &buffer = buffers.emplace_back(device);
    if (!argument.isTensor)
      continue;
    const TensorData &tensor = value.tensor;
    const RowLayout rows(tensor.shape(), tensor.byteSize(),
                         bytesOf(argument.element),
                         paddingOf(tensor.shape(), options));
    runtime::Status status =
        device.allocate(rows.byteSize(), argument.role, buffer.address);
    for (size_t i = 0; i < rows.chunks && status.ok(); ++i)
      status = device.copyToDevice(buffer.address + i * rows.pitch,
                                   static_cast<const char *>(tensor.data()) +
                                       i * rows.chunk,
                                   rows.chunk);
    if (llvm::Error error = toError(status))
      return error;
  }
  for (auto [result, output] :
       llvm::zip_equal(program.results(), inputs.outputs)) {
    auto count = elementCount(output.shape);
    if (!count)
      return count.takeError();
    DeviceBuffer &buffer = buffers.emplace_back(device);
    const size_t bytes = bytesOf(result.element);
    const RowLayout rows(output.shape, *count * bytes, bytes,
                         paddingOf(output.shape, options));
    if (llvm::Error error = toError(
            device.allocate(rows.byteSize(), result.role, buffer.address)))
      return error;
  }
  return buffers;
}

//===----------------------------------------------------------------------===//
// Launching
//===----------------------------------------------------------------------===//

static llvm::Expected<runtime::StreamHooks> makeHooks(const RunOptions &options,
                                                      DeviceRun &run) {
  runtime::StreamHooks hooks;
  if (!options.ptxInput.empty()) {
    auto file = llvm::MemoryBuffer::getFile(options.ptxInput);
    if (!file)
      return createStringError(
          options.ptxInput + ": cannot read it: " + file.getError().message());
    hooks.imageOverride = (*file)->getBuffer().str();
  }
  hooks.onImage = [&run](const char *chip, std::string_view image) {
    run.chip = chip;
    run.ptx += image;
  };
  hooks.onLaunch = [&run](const runtime::Launch &launch) {
    const runtime::Dim3 &g = launch.grid, &b = launch.block,
                        &c = launch.cluster;
    run.kernels.push_back({launch.kernel,
                           {g.x, g.y, g.z},
                           {b.x, b.y, b.z},
                           {c.x, c.y, c.z},
                           launch.dynamicSharedBytes});
  };
  return hooks;
}

/// Calls the host function and waits. The status says what the device thinks;
/// an error is for a call that could not be made.
static llvm::Expected<runtime::Status>
callHost(jit::Engine &engine, Program &program, const RunInputs &inputs,
         const RunOptions &options, runtime::Device &device,
         llvm::ArrayRef<DeviceBuffer> buffers, attn_rt_stream *stream) {
  HostCall call;
  const size_t numArguments = inputs.values.size();
  for (auto [i, value] : llvm::enumerate(inputs.values)) {
    if (program.arguments()[i].isTensor)
      call.addTensor(buffers[i].address,
                     View::of(value.tensor.shape(), value.swapped,
                              paddingOf(value.tensor.shape(), options)));
    else
      call.addScalar(value.bits);
  }
  for (auto [i, output] : llvm::enumerate(inputs.outputs))
    call.addTensor(buffers[numArguments + i].address,
                   View::of(output.shape, output.swapped,
                            paddingOf(output.shape, options)));
  call.addPointer(stream);
  // How much workspace it needs, then with it.
  DeviceBuffer workspace(device);
  runtime::beginMeasuring(stream);
  auto code = call.invokeWithStatus(engine, program.entry());
  const uint64_t bytes = runtime::endMeasuring(stream);
  if (code && *code == ATTN_RT_SUCCESS) {
    if (bytes)
      if (llvm::Error error =
              toError(device.allocate(bytes, "workspace", workspace.address)))
        return error;
    runtime::setWorkspace(stream, workspace.address, bytes);
    code = call.invokeWithStatus(engine, program.entry());
  }
  if (!code)
    return code.takeError();
  if (*code == ATTN_RT_SUCCESS)
    *code = attn_rt_stream_synchronize(stream);
  if (*code == ATTN_RT_SUCCESS)
    return runtime::Status::success();
  if (runtime::lastError().code == *code)
    return runtime::lastError();
  return runtime::Status::error(*code, "the host function failed with status " +
                                           std::to_string(*code));
}

/// Empty when a kernel has not written everything; the device then knows more.
static llvm::Expected<std::optional<RunOutputs>>
readOutputs(Program &program, const RunInputs &inputs,
            const RunOptions &options, llvm::ArrayRef<DeviceBuffer> buffers,
            DeviceRun &run) {
  std::optional<RunOutputs> outputs(std::in_place);
  for (auto [i, output] : llvm::enumerate(inputs.outputs)) {
    auto tensor =
        TensorData::create(program.results()[i].element, output.shape);
    if (!tensor)
      return tensor.takeError();
    const DeviceBuffer &buffer = buffers[inputs.values.size() + i];
    const RowLayout rows(output.shape, tensor->byteSize(),
                         bytesOf(program.results()[i].element),
                         paddingOf(output.shape, options));
    runtime::Status status = runtime::Status::success();
    for (size_t row = 0; row < rows.chunks && status.ok(); ++row)
      status = buffer.device.copyFromDevice(
          static_cast<char *>(tensor->data()) + row * rows.chunk,
          buffer.address + row * rows.pitch, rows.chunk);
    if (!status.ok()) {
      // A kernel that was stopped is expected to leave gaps.
      if (run.findings.empty())
        run.findings.push_back(status.message);
      outputs.reset();
      return outputs;
    }
    outputs->push_back(std::move(*tensor));
  }
  return outputs;
}

/// Turns the outcome of the call into findings, or into an error when it is not
/// the kernel that is to blame.
static llvm::Error recordOutcome(const runtime::Status &status,
                                 const ChosenDevice &chosen, DeviceRun &run) {
  const bool isKernelsFault =
      status.code == ATTN_RT_FINDING || status.code == ATTN_RT_LAUNCH_FAILED;
  if (!status.ok() && !isKernelsFault)
    return toError(status);
  if (chosen.sim) {
    run.counters = chosen.sim->counters();
    for (auto [kernel, counters] :
         llvm::zip(run.kernels, chosen.sim->launches()))
      kernel.counters = counters;
    for (const sim::Finding &finding : chosen.sim->findings())
      run.findings.push_back(finding.str());
  }
  if (!status.ok() && run.findings.empty())
    run.findings.push_back(status.message);
  return llvm::Error::success();
}

/// One run of the compiled program, on a device without buffers of ours.
static llvm::Error runOnce(jit::Engine &engine, Program &program,
                           const RunInputs &inputs, const RunOptions &options,
                           const ChosenDevice &chosen, DeviceRun &run) {
  auto buffers = makeBuffers(*chosen.device, program, inputs, options);
  if (!buffers)
    return buffers.takeError();
  auto hooks = makeHooks(options, run);
  if (!hooks)
    return hooks.takeError();

  runtime::StreamPtr stream =
      runtime::createStream(chosen.device, nullptr, std::move(*hooks));
  const auto start = std::chrono::steady_clock::now();
  auto status = callHost(engine, program, inputs, options, *chosen.device,
                         *buffers, stream.get());
  if (!status)
    return status.takeError();
  run.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  // Also when the device has refused it: that is when one wants to look.
  if (!options.ptxOutput.empty() && !run.ptx.empty())
    if (llvm::Error error =
            writeFile(options.ptxOutput,
                      [&](llvm::raw_ostream &stream) { stream << run.ptx; }))
      return error;
  if (llvm::Error error = recordOutcome(*status, chosen, run))
    return error;
  // A GPU that has faulted has nothing to read.
  if (!status->ok() && !chosen.sim)
    return llvm::Error::success();
  auto outputs = readOutputs(program, inputs, options, *buffers, run);
  if (!outputs)
    return outputs.takeError();
  run.outputs = std::move(*outputs);
  return llvm::Error::success();
}

llvm::Expected<std::vector<DeviceRun>>
attn::run::runOnDevice(Program &program, const RunInputs &inputs,
                       const RunOptions &options) {
  auto gpu = openGpu(options);
  if (!gpu)
    return gpu.takeError();
  auto chip = chooseChip(gpu->get(), options);
  if (!chip)
    return chip.takeError();
  auto engine =
      compileForDevice(program, {*chip, options.schedule, options.alignment,
                                 /*cubin=*/false, options.rotary});
  if (!engine)
    return engine.takeError();
  std::vector<DeviceRun> runs;
  for (const SimConditions &conditions : options.conditions()) {
    DeviceRun &run = runs.emplace_back();
    const ChosenDevice chosen = *gpu
                                    ? ChosenDevice{*gpu, nullptr}
                                    : makeSimulator(*chip, conditions, options);
    run.device = chosen.device->name();
    run.chip = *chip;
    if (chosen.sim)
      run.conditions = conditions;
    if (llvm::Error error =
            runOnce(**engine, program, inputs, options, chosen, run))
      return error;
  }
  return runs;
}
