# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn_cuda_cases.py with the driver without a GPU, of an H100 and of an older chip."""
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("ATTN_BUILD_DIR", os.path.join(HERE, "..", "..", "build"))
FAKE_CUDA = os.path.abspath(os.path.join(BUILD, "test", "fake-cuda"))


@unittest.skipUnless(os.path.exists(FAKE_CUDA), "no driver without a GPU: ninja AttnFakeCuda")
class CudaTest(unittest.TestCase):

    def run_cases(self, *names, **environment):
        done = subprocess.run(
            [sys.executable, os.path.join(HERE, "attn_cuda_cases.py"), *names],
            env={**os.environ, "LD_LIBRARY_PATH": FAKE_CUDA, **environment},
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_hopper(self):
        self.run_cases(ATTN_FAKE_CUDA_CC="90")

    def test_a_chip_that_runs_code_of_another(self):
        self.run_cases("CudaTest.test_captures_on_the_device", "CudaTest.test_strides",
                       ATTN_FAKE_CUDA_CC="89")

    def test_no_gpu(self):
        program = ("import attn\ntry:\n    attn._library.cuda_stream(0, 0)\n"
                   "except attn.DeviceError as error:\n    print(error)\n")
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True,
            env={**os.environ, "LD_LIBRARY_PATH": FAKE_CUDA, "ATTN_FAKE_CUDA_COUNT": "0"})
        self.assertIn("no GPU", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
