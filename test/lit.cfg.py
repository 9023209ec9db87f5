# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The lit suite: every .mlir and .test file below this folder.

Features, for REQUIRES lines:
  ptxas        the PTX assembler was found
  nvdisasm     the disassembler was found
  cuda-device  the driver finds at least one GPU
  torch        a Python with PyTorch: the tests', or the one that ATTN_TORCH_PYTHON names
"""
import os
import subprocess

import lit.formats

config.name = "attn"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Unit", "lib", "python", "Inputs", "FakeCuda"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.attn_obj_root, "test")

# The tools under test come first, then FileCheck, not, count, split-file.
config.environment["PATH"] = os.pathsep.join(
    [config.attn_tools_dir, config.llvm_tools_dir, os.environ.get("PATH", "")])
config.environment["ATTN_PTXAS"] = config.ptxas
config.environment["ATTN_NVDISASM"] = config.nvdisasm
for name in ("HOME", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%python", config.python),
    ("%ptxas", config.ptxas),
    ("%nvdisasm", config.nvdisasm),
    ("%attn_src", config.attn_src_root),
    ("%attn_tools", config.attn_tools_dir),
    ("%attn_lib", config.attn_lib_dir),
    ("%cc", config.cc),
    ("%cxx", config.cxx),
    ("%attn_obj", config.attn_obj_root),
    ("%fake_cuda", config.fake_cuda_dir),
]

# Asked in a process of its own: a driver must not be initialised before lit forks.
CUDA_PROBE = """
import ctypes, sys
cuda = ctypes.CDLL("libcuda.so.1")
count = ctypes.c_int(0)
sys.exit(cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)) or not count.value)
"""


def has_cuda_device():
    try:
        probe = subprocess.run([config.python, "-c", CUDA_PROBE], timeout=60,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0



def has_torch(python):
    return subprocess.run([python, "-c", "import torch"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


if os.access(config.ptxas, os.X_OK):
    config.available_features.add("ptxas")
if os.access(config.nvdisasm, os.X_OK):
    config.available_features.add("nvdisasm")
if has_cuda_device():
    config.available_features.add("cuda-device")
torch_python = os.environ.get("ATTN_TORCH_PYTHON", config.python)
config.substitutions.append(("%torch_python", torch_python))
if has_torch(torch_python):
    config.available_features.add("torch")
