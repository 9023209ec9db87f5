# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The process that runs one part. It may be killed by a fault at any time, so what it
has found goes to its parent at once, one JSON object a line:

  {"plan": N}                records that may come
  {"begin": I, "id": TEXT}   the I-th of them starts
  {"record": {...}}          what came of it: "ok", or "skipped" with the reason
  {"alive": true}            it is still at it
  {"note": TEXT}             for the reader
  {"facts": {...}}           about the machine
  {"end": "complete" | "trimmed"}
"""
import collections
import importlib
import json
import os
import platform
import subprocess
import sys
import time

LOST = 75  # exit status: the device does not answer any more

MODULES = {"correctness-core": "check", "correctness": "check", "agreement": "agree",
           "benchmark-core": "bench", "benchmark": "bench", "sweep": "sweep",
           "probes": "probing"}


class Context:
    """What the parts share: the folder, the device, its streams."""

    def __init__(self, options, emit):
        from .folder import Folder
        self.folder = Folder(options.folder)
        self.device, self.seed, self.quick = options.device, options.seed, options.quick
        self.emit, self.deadline = emit, time.monotonic() + options.seconds
        self.results, self.out = options.results, options.out
        self.streams = {}
        self.chips = None
        self.array_library = None

    @property
    def arrays(self):
        if self.array_library is None:
            from .reference import choose_arrays
            self.array_library = choose_arrays(self.device)
        return self.array_library

    def stream(self, chip, repeat=0):
        """The GPU's stream, or one of two simulators of the chip."""
        key = "cuda" if self.device == "cuda" else (chip, repeat % 2)
        if key not in self.streams:
            runtime = self.folder.runtime
            self.streams[key] = runtime.cuda() if key == "cuda" else \
                runtime.sim(chip, seed=repeat % 2, earliest=bool(repeat % 2))
        return self.streams[key]

    def is_alive(self):
        """Whether the device still does what it is told."""
        if self.device == "sim":
            return True
        import numpy as np
        from .runtime import RuntimeFailure
        try:
            stream = self.stream(None)
            stream.synchronize()
            address = stream.allocate(16)
            stream.write(address, np.arange(4, dtype=np.int32))
            right = stream.read(address, (4,), np.int32).tolist() == [0, 1, 2, 3]
            stream.release(address)
            return right
        except RuntimeFailure:
            return False

    def quick_kernels(self):
        from .cases import quick_kernels
        return [kernel for kernel in quick_kernels()
                if kernel.name in self.folder.kernels]

    def load(self, kernel, chip):
        """Has the device load a kernel, without running it."""
        from .buffers import Problem
        from .cases import Case
        from .check import make_inputs
        case = Case(kernel, 1, 1)
        Problem(self.stream(chip), self.folder.entry(kernel.name, chip), case,
                make_inputs(case, 1)).release()

    def find_chips(self):
        """Those of the built chips whose code runs here; says so of the others."""
        from .check import NotForThisDevice, explain
        from .runtime import RuntimeFailure
        built, self.chips = self.folder.manifest["chips"], []
        for chip in built:
            try:
                self.load(next(iter(self.folder.kernels.values())), chip)
                self.chips.append(chip)
            except RuntimeFailure as failure:
                try:
                    text = explain(failure, self)
                    self.emit({"note": "%s kernels: %s" % (chip, text)})
                except NotForThisDevice as reason:
                    self.emit({"note": "%s kernels do not run here: %s" % (chip, reason)})
        if not self.chips:
            from .folder import FolderError
            raise FolderError("no kernel in the folder runs on %s: it was built for %s"
                              % (self.stream(built[0]).device, ", ".join(built)))


def facts(context):
    """What a reader of the results has to know of the machine."""
    from . import packages
    stream = context.stream(context.folder.manifest["chips"][-1])
    found = {"device": stream.device, "chip": stream.chip,
             "python": platform.python_version(), "machine": platform.machine(),
             "system": platform.platform()}
    for name in ("numpy", "torch", "triton", "flash_attn", "flash_attn_interface"):
        version, reason = packages.find(name)
        found[name] = version or (None if reason == "not installed" else reason)
    if packages.find("torch")[0] and context.device == "cuda":
        import torch
        found["cuda"], found["cudnn"] = torch.version.cuda, torch.backends.cudnn.version()
        found["torch_sees_gpu"] = torch.cuda.is_available()
    if context.device == "cuda":
        found.update(driver_facts())
    return found


def driver_facts():
    query = ["driver_version", "power.limit", "clocks.max.sm", "clocks.sm",
             "temperature.gpu", "memory.total"]
    try:
        done = subprocess.run(["nvidia-smi", "--query-gpu=" + ",".join(query),
                               "--format=csv,noheader", "--id=0"],
                              capture_output=True, text=True, timeout=10)
        values = done.stdout.strip().split(", ")
        if done.returncode == 0 and len(values) == len(query):
            return dict(zip(query, values))
    except (OSError, subprocess.SubprocessError):
        pass
    return {"driver_version": "unknown: nvidia-smi did not say"}


def start_warming(options):
    """The driver assembles PTX on one core, for half a minute in all, and keeps what it
    made on disk. Other processes have it do so ahead of the cases; the end of this one
    is theirs."""
    count = min(8, (os.cpu_count() or 1) // 2)
    if options.device != "cuda" or options.quick or options.case or count < 2:
        return
    for number in range(count):
        with open(os.devnull, "w") as nowhere:
            subprocess.Popen(
                [sys.executable, sys.argv[0], "--worker=warm", "--device=cuda",
                 "--folder=" + options.folder, "--channel=%d" % nowhere.fileno(),
                 "--skip=%d" % number, "--of=%d" % count,
                 "--seconds=%g" % options.seconds],
                pass_fds=[nowhere.fileno()], stdin=subprocess.DEVNULL)


def warm(context, options):
    """Loads its share of the kernels; what fails here fails again where it counts."""
    from .runtime import RuntimeFailure
    kernels = list(context.folder.kernels.values())[options.skip::options.of]
    for chip in context.folder.manifest["chips"]:
        for kernel in kernels:
            try:
                context.load(kernel, chip)
            except RuntimeFailure:
                pass


def run_tasks(context, part, options):
    from .check import DeviceLost, NotForThisDevice
    module = importlib.import_module("gpu_check." + MODULES[part])
    if not getattr(module, "WITHOUT_CHIPS", False):
        context.find_chips()
    all_tasks = [task for task in module.tasks(context, part) if options.case in task[0]]
    context.emit({"plan": getattr(module, "count", len)(all_tasks)})
    for number, (name, task) in enumerate(all_tasks):
        if number < options.skip:
            continue
        if time.monotonic() >= context.deadline:
            return end(context, "trimmed")
        if any(word in name for word in options.avoid):
            context.emit({"begin": number, "id": name})
            context.emit({"record": {"case": name, "skipped": "its kernel failed before"}})
            continue
        context.emit({"begin": number, "id": name})
        try:
            record = task()
            if record:  # some send theirs themselves
                context.emit({"record": record})
        except NotForThisDevice as reason:
            context.emit({"record": {"case": name, "skipped": str(reason)}})
        except MemoryError:
            context.emit({"record": {"case": name, "skipped": "out of memory of the host"}})
        except DeviceLost as reason:
            context.emit({"record": {"case": name, "ok": False,
                                     "problem": "the device was lost: %s" % reason}})
            os._exit(LOST)
    end(context, "complete")


def end(context, state):
    """Which form of each image the driver took goes into the facts, as counts."""
    if context.device == "cuda" and "cuda" in context.streams:
        lines = context.stream(None).log.splitlines()
        context.emit({"facts": {"images": collections.Counter(lines)}})
    context.emit({"end": state})


def main(options):
    channel = os.fdopen(options.channel, "w", buffering=1)

    def emit(message):
        channel.write(json.dumps(message) + "\n")

    from .folder import FolderError
    from .runtime import RuntimeFailure
    try:
        context = Context(options, emit)
        if options.worker == "warm":
            warm(context, options)
        elif options.worker == "facts":
            emit({"facts": facts(context)})
            context.find_chips()
            emit({"facts": {"chips": context.chips}})
            emit({"end": "complete"})
        else:
            if options.worker == "correctness-core" and not options.skip:
                start_warming(options)
            run_tasks(context, options.worker, options)
    except (FolderError, RuntimeFailure) as failure:
        emit({"fatal": str(failure)})
        return 1
    except BrokenPipeError:
        return 1
    channel.flush()
    sys.stdout.flush()
    os._exit(0)  # a context that is torn down late must not spoil what was found
