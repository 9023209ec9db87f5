# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The process that runs one part. It may be killed by a fault at any time, so what it
has found goes to its parent at once, one JSON object a line:

  {"plan": N}                tasks of the part
  {"begin": I, "id": TEXT}   the I-th of them starts
  {"record": {...}}          what came of it: "ok", or "skipped" with the reason
  {"alive": true}            it is still at it
  {"note": TEXT}             for the reader
  {"facts": {...}}           about the machine
  {"end": "complete" | "trimmed"}
"""
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

    def find_chips(self):
        """Those of the built chips whose code runs here; says so of the others."""
        from .cases import Case
        from .check import NotForThisDevice, explain, make_inputs
        from .buffers import Problem
        from .runtime import RuntimeFailure
        built, self.chips = self.folder.manifest["chips"], []
        for chip in built:
            case = Case(next(iter(self.folder.kernels.values())), 1, 1)
            try:
                Problem(self.stream(chip), self.folder.entry(case.kernel.name, chip), case,
                        make_inputs(case, 1)).release()
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
    stream = context.stream(context.folder.manifest["chips"][-1])
    found = {"device": stream.device, "chip": stream.chip,
             "python": platform.python_version(), "machine": platform.machine(),
             "system": platform.platform()}
    for name in ("numpy", "torch", "triton", "flash_attn", "flash_attn_interface"):
        try:
            module = importlib.import_module(name)
            found[name] = getattr(module, "__version__", "there, of unknown version")
        except Exception as error:  # some fail in many ways when they do not fit
            found[name] = None if isinstance(error, ImportError) else \
                "does not import: %s" % str(error).split("\n")[0][:200]
    if found["torch"] and context.device == "cuda":
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


def run_tasks(context, part, options):
    from .check import DeviceLost, NotForThisDevice
    module = importlib.import_module("gpu_check." + MODULES[part])
    if not getattr(module, "WITHOUT_CHIPS", False):
        context.find_chips()
    all_tasks = [task for task in module.tasks(context, part) if options.case in task[0]]
    context.emit({"plan": len(all_tasks)})
    for number, (name, task) in enumerate(all_tasks):
        if number < options.skip:
            continue
        if time.monotonic() >= context.deadline:
            context.emit({"end": "trimmed"})
            return
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
    log = {} if context.device == "sim" else {"images": context.stream(None).log}
    context.emit({"facts": log})
    context.emit({"end": "complete"})


def main(options):
    channel = os.fdopen(options.channel, "w", buffering=1)

    def emit(message):
        channel.write(json.dumps(message) + "\n")

    from .folder import FolderError
    from .runtime import RuntimeFailure
    try:
        context = Context(options, emit)
        if options.worker == "facts":
            emit({"facts": facts(context)})
            context.find_chips()
            emit({"facts": {"chips": context.chips}})
            emit({"end": "complete"})
        else:
            run_tasks(context, options.worker, options)
    except (FolderError, RuntimeFailure) as failure:
        emit({"fatal": str(failure)})
        return 1
    except BrokenPipeError:
        return 1
    channel.flush()
    sys.stdout.flush()
    os._exit(0)  # a context that is torn down late must not spoil what was found
