# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A built folder, moved elsewhere, on the simulator: what it needs, what it finds, and how
it ends. In the environment: GPU_CHECK_FOLDER, ATTN_SOURCE, ATTN_OPT, and FAKE_CUDA, a folder
with a CUDA driver that runs kernels on the simulator.
"""
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

import numpy as np

SOURCE, BUILT = os.environ["ATTN_SOURCE"], os.environ["GPU_CHECK_FOLDER"]
sys.path.insert(0, os.path.join(SOURCE, "python"))
sys.dont_write_bytecode = True

from gpu_check.cases import Kernel  # noqa: E402
from gpu_check.program import program  # noqa: E402

BARE = {"PATH": "/usr/bin:/bin"}
GLIBC = (2, 35)
VICTIM = "causal_d128_bf16"
FAKE = {"LD_LIBRARY_PATH": os.environ["FAKE_CUDA"]}


def results_in(folder):
    with open(os.path.join(folder, "results.json")) as file:
        return json.load(file)


def records(results):
    return [r for part in results["parts"].values() for r in part["records"]]


class FolderTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.mkdtemp(prefix="gpu-check-test-")
        self.addCleanup(shutil.rmtree, self.temporary, ignore_errors=True)
        self.folder = os.path.join(self.temporary, "moved here")
        self.out = os.path.join(self.temporary, "out")
        shutil.copytree(BUILT, self.folder)

    def command(self, *arguments):
        return [sys.executable, os.path.join(self.folder, "run.py"), "--out=" + self.out,
                *arguments]

    def run_folder(self, *arguments, before=(), **environment):
        return subprocess.run([*before, *self.command(*arguments)], cwd=self.temporary,
                              capture_output=True, text=True, timeout=500,
                              env=dict(BARE, **environment))

    def replace(self, name, contents):
        """A file of the folder, so that the folder still counts as whole."""
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(contents)
        path = os.path.join(self.folder, "manifest.json")
        with open(path) as file:
            manifest = json.load(file)
        manifest["files"][name] = len(contents)
        with open(path, "w") as file:
            json.dump(manifest, file)


    def swap(self, name, chip, text):
        """Another program in place of one of the kernels."""
        source = os.path.join(self.temporary, "wrong.mlir")
        with open(source, "w") as file:
            file.write(text)
        made = os.path.join(self.temporary, "wrong.so")
        subprocess.run([os.environ["ATTN_OPT"], source, "--emit=shared",
                        "--chips=" + chip, "-o", made], check=True, capture_output=True)
        with open(made, "rb") as file:
            self.replace("kernels/%s.%s.so.z" % (name, chip), zlib.compress(file.read()))


class Needs(FolderTest):
    def libraries(self):
        paths = [os.path.join(self.folder, "libattn_runtime.so")]
        for name in os.listdir(os.path.join(self.folder, "kernels")):
            paths.append(os.path.join(self.temporary, name[:-2]))
            with open(os.path.join(self.folder, "kernels", name), "rb") as file, \
                    open(paths[-1], "wb") as unpacked:
                unpacked.write(zlib.decompress(file.read()))
        return paths

    def test_libraries_need_the_c_library_only(self):
        allowed = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1",
                   "ld-linux-x86-64.so.2", "libattn_runtime.so"}
        for path in self.libraries():
            with open(path, "rb") as file:
                contents = file.read()
            dynamic = subprocess.run(["readelf", "-dW", path], capture_output=True,
                                     text=True, check=True).stdout
            needed = set(re.findall(r"NEEDED.*\[(.*?)\]", dynamic))
            self.assertLessEqual(needed, allowed, path)
            versions = [tuple(map(int, v.split(b"."))) for v in
                        re.findall(rb"GLIBC_(\d+\.\d+)", contents)]
            self.assertLessEqual(max(versions, default=(0, 0)), GLIBC, path)

    def test_runs_without_llvm(self):
        """Everything that is opened, as the loader tells, in a bare environment; where
        that is allowed, with LLVM's folder hidden."""
        hide = ["unshare", "-m", "sh", "-c", "for d in /usr/lib/llvm-*; do "
                "mount -t tmpfs none $d || exit 99; done; exec \"$@\"", "sh"]
        allowed = subprocess.run(hide + ["true"], capture_output=True).returncode == 0
        print("LLVM hidden: %s" % allowed)
        done = self.run_folder("--device=sim", "--quick", before=hide if allowed else (),
                               LD_DEBUG="libs")
        with open(os.path.join(self.out, "log.txt")) as file:
            opened = file.read() + done.stderr
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("libattn_runtime.so", opened)
        tried = set(re.findall(r"(?:trying file=|calling init: )(\S+)", opened))
        tried |= set(re.findall(r"find library=(\S+)", opened))
        for path in tried:
            self.assertNotRegex(path, r"LLVM|MLIR|libcuda|libcudart|nvidia")
        results = results_in(self.out)
        self.assertEqual(results["state"], "complete")
        for part in ("correctness-core", "agreement"):
            found = results["parts"][part]["records"]
            self.assertEqual(len(found), results["parts"][part]["planned"])
            self.assertGreaterEqual(len(found), 12)
            self.assertTrue(all(r["ok"] for r in found), found)
        self.assertTrue(any(r["poisoned_keys"] for r in records(results)
                            if "poisoned_keys" in r))


class Findings(FolderTest):
    def test_a_wrong_kernel_is_named(self):
        """The kernel without its mask, under the name of the one with it."""
        plain = Kernel("plain", 128, 128, "bf16")
        self.swap(VICTIM, "sm_80", program(plain).replace(plain.name, VICTIM))
        done = self.run_folder("--device=sim", "--quick")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("FAIL correctness-core sm_80 %s/" % VICTIM, done.stdout)
        self.assertIn("FAIL agreement sm_80 %s/" % VICTIM, done.stdout)
        wrong = [r for r in records(results_in(self.out)) if r["ok"] is False]
        self.assertEqual({(r["kernel"], r["chip"]) for r in wrong}, {(VICTIM, "sm_80")})
        with open(os.path.join(self.out, "results.md")) as file:
            self.assertIn("## Failures", file.read())
        # The command that is printed repeats it, and nothing else.
        name = re.search(r"--case='(%s/[^']*)'" % VICTIM, done.stdout).group(1)
        again = self.run_folder("--device=sim", "--quick", "--only=correctness",
                                "--case=" + name)
        self.assertEqual(again.returncode, 1)
        self.assertEqual(len(records(results_in(self.out))), 2)

    def test_a_changed_expectation_is_named(self):
        path = os.path.join(self.folder, "agreement.npz")
        stored = dict(np.load(path))
        key = next(k for k in stored if VICTIM in k and k.startswith("sm_90a") and
                   k.endswith(" out"))
        stored[key] = stored[key].copy()
        stored[key][0, 1, 7, 3] ^= np.uint16(0x0100)  # one exponent bit
        changed = io.BytesIO()
        np.savez_compressed(changed, **stored)
        self.replace("agreement.npz", changed.getvalue())
        done = self.run_folder("--device=sim", "--quick", "--only=agreement")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("FAIL agreement sm_90a %s/" % VICTIM, done.stdout)
        self.assertIn("1 elements", done.stdout)

    def test_writes_beside_the_output_are_found(self):
        """The kernel is given a tensor that is larger than the case says."""
        sys.path.insert(0, SOURCE)
        from gpu_check.buffers import Buffer
        from gpu_check.folder import Folder
        stream = Folder(self.folder).runtime.sim("sm_80")
        buffer = Buffer(stream, "out", (1, 2, 3, 8), "bf16", "bhsd", 8, 16)
        buffer.write(np.zeros((1, 2, 3, 8), np.uint16))
        values, changed = buffer.read()
        self.assertEqual((values.any(), changed), (False, 0))
        stream.write(buffer.address + 256 + 16 + 16, np.zeros(2, np.uint16))  # padding
        stream.write(buffer.address + 200, np.zeros(3, np.uint16))            # guard
        self.assertEqual(buffer.read()[1], 10)


class OnCuda(FolderTest):
    """The way to a GPU, with a driver that simulates."""

    def test_quick(self):
        done = self.run_folder("--quick", **FAKE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        results = results_in(self.out)
        images = results["facts"]["images"]
        self.assertTrue(any("sm_90a" in line for line in images), images)
        self.assertGreaterEqual(sum(images.values()), 2 * 9)
        for part in ("correctness-core", "agreement"):
            found = results["parts"][part]["records"]
            self.assertEqual({r["chip"] for r in found}, {"sm_80", "sm_90a"})

    def test_benchmarks_without_torch(self):
        done = self.run_folder("--only=benchmark", **FAKE)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("benchmarks are skipped: PyTorch", done.stdout)
        self.assertIn("nothing ran", done.stdout)
        self.assertEqual({part["state"] for part in results_in(self.out)["parts"].values()},
                         {"skipped"})

    def test_a_fault_loses_the_device_and_not_the_rest(self):
        """A kernel that reads far behind a tensor, where no host can know."""
        victim = Kernel("documents", 64, 64, "f16")
        load = "%0 = attn.load %dq[%b, %i]"
        text = program(victim)
        self.assertIn(load, text)
        self.swap(victim.name, "sm_90a", text.replace(load, """
            %c = arith.constant 268435456 : index
            %two = arith.constant 2 : index
            %half = arith.divui %i, %two : index
            %far = arith.addi %half, %c : index
            %0 = attn.load %dq[%b, %far]"""))
        done = self.run_folder("--quick", **FAKE)
        self.assertEqual(done.returncode, 1, done.stdout)
        results = results_in(self.out)
        core = results["parts"]["correctness-core"]
        wrong = [r for r in core["records"] if r.get("ok") is False]
        self.assertTrue(wrong)
        for record in wrong:
            self.assertIn("sm_90a " + victim.name, record["case"])
            self.assertIn("the device was lost", record["problem"])
        self.assertEqual(core["state"], "complete")
        self.assertEqual(len(core["records"]), core["planned"])
        self.assertEqual(results["parts"]["agreement"]["state"], "complete")


class DeviceArray:
    """What bench.Ours asks of a tensor of PyTorch, in the simulator's memory."""
    device = dtype = None

    def __init__(self, stream, array):
        self.stream, self.shape, self.array_type = stream, array.shape, array.dtype
        self.address = stream.allocate(max(array.nbytes, 1))
        stream.write(self.address, array)

    def data_ptr(self):
        return self.address

    def numel(self):
        return int(np.prod(self.shape))

    def stride(self):
        from gpu_check.buffers import strides_of
        return strides_of(self.shape, "dense", 0)

    def numpy(self):
        return self.stream.read(self.address, self.shape, self.array_type)


class DeviceArrays:
    """In place of the module torch."""
    uint8 = np.uint8

    def __init__(self, stream):
        self.stream = stream

    def full(self, shape, value, dtype, device):
        return DeviceArray(self.stream, np.full(shape, 0x7FC0, np.uint16))

    def empty(self, shape, dtype=np.float32, device=None):
        return DeviceArray(self.stream, np.zeros(shape, dtype))


class Benchmarks(FolderTest):
    def test_our_side_of_a_row(self):
        """Sets of tensors rotate, and each call has the arguments of its row."""
        from gpu_check import bench, check
        from gpu_check.folder import Folder
        from gpu_check.reference import NumpyArrays
        from gpu_check.rows import Row
        folder = Folder(self.folder)
        for chip, variant, d in (("sm_80", "alibi_causal", 96), ("sm_90a", "causal", 128),
                                 ("sm_90a", "causal_window", 256)):
            row = Row("test", variant, d, d, "bf16", 1, 4, 2, 100, left=30)
            stream = folder.runtime.sim(chip)
            sets = [inputs_of(row, seed) for seed in (1, 2)]
            captures = {name: DeviceArray(stream, value) for name, value in sets[0].items()
                        if isinstance(value, np.ndarray) and value.ndim == 1}
            tensors = [[DeviceArray(stream, one[name]) for name in ("query", "key", "value")]
                       for one in sets]
            ours = bench.Ours(DeviceArrays(stream), stream, folder.entry(
                row.kernel.name, chip), row, tensors, sets[0], captures)
            ours.calls(3)
            stream.synchronize()
            for number, inputs in enumerate(sets):
                truth = check.Truth(NumpyArrays(), row, inputs)
                got = {"out": ours.outputs[number].numpy(),
                       "lse": ours.kept[3 * number]["lse"].numpy()}
                self.assertIsNone(check.problem_of(truth.judge(got)), (variant, number))


def inputs_of(row, seed):
    from gpu_check.inputs import Draw
    draw, kernel = Draw(seed, row.name), row.kernel
    made = {name: draw.normal(name, (row.b, heads, row.s, kernel.d), "bf16")
            for name, heads in (("query", row.hq), ("key", row.hkv), ("value", row.hkv))}
    return dict(made, **kernel.what.captures(row, draw))


class Endings(FolderTest):
    def test_no_gpu(self):
        done = self.run_folder("--quick", CUDA_VISIBLE_DEVICES="")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertRegex(done.stderr, r"^run.py: .*(CUDA|GPU).*--device=sim")
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(results_in(self.out)["state"], "could not run")

    def test_no_budget(self):
        done = self.run_folder("--device=sim", "--quick", "--budget=0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing ran", done.stdout)
        self.assertEqual(results_in(self.out)["parts"]["agreement"]["state"], "trimmed")

    def test_small_budget(self):
        start = time.monotonic()
        done = self.run_folder("--device=sim", "--budget=4")
        self.assertLess(time.monotonic() - start, 60)
        self.assertEqual(done.returncode, 0, done.stdout)
        results = results_in(self.out)
        self.assertIn("trimmed", [part["state"] for part in results["parts"].values()])
        self.assertTrue(records(results))

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(
                self.command("--device=sim", "--only=correctness"), cwd=self.temporary,
                env=BARE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                time.sleep(0.2)
                if os.path.exists(os.path.join(self.out, "results.json")) and \
                        records(results_in(self.out)):
                    break
            process.send_signal(number)
            output, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + number, output)
            results = results_in(self.out)
            self.assertTrue(records(results))
            self.assertIn("stopped by SIG", results["state"])
            with open(os.path.join(self.out, "results.md")) as file:
                self.assertIn("stopped by SIG", file.read())
            shutil.rmtree(self.out)

    def test_incomplete_folders(self):
        os.unlink(os.path.join(self.folder, "kernels", VICTIM + ".sm_80.so.z"))
        done = self.run_folder("--device=sim")
        self.assertEqual(done.returncode, 2)
        self.assertIn("1 files are missing", done.stderr)
        os.unlink(os.path.join(self.folder, "manifest.json"))
        done = self.run_folder("--device=sim")
        self.assertIn("expected manifest.json beside run.py", done.stderr)
        shutil.rmtree(os.path.join(self.folder, "gpu_check"))
        done = self.run_folder("--device=sim")
        self.assertEqual(done.returncode, 2)
        self.assertIn("expected the folder gpu_check", done.stderr)

    def test_no_numpy(self):
        broken = os.path.join(self.temporary, "modules")
        os.makedirs(os.path.join(broken, "numpy"))
        with open(os.path.join(broken, "numpy", "__init__.py"), "w") as file:
            file.write("raise ImportError('not here')\n")
        done = self.run_folder("--device=sim", PYTHONPATH=broken)
        self.assertEqual(done.returncode, 2)
        self.assertIn("expected NumPy, but it does not import (not here)", done.stderr)

    def test_rendering_again(self):
        self.run_folder("--device=sim", "--quick", "--only=agreement")
        path = os.path.join(self.out, "results.md")
        with open(path) as file:
            first = file.read()
        os.unlink(path)
        done = subprocess.run([sys.executable, os.path.join(self.folder, "run.py"),
                               "--render", os.path.join(self.out, "results.json")],
                              capture_output=True, text=True, env=BARE)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(path) as file:
            self.assertEqual(file.read(), first)
        bad = os.path.join(self.temporary, "bad.json")
        with open(bad, "w") as file:
            file.write("{}")
        done = subprocess.run([sys.executable, os.path.join(self.folder, "run.py"),
                               "--render", bad], capture_output=True, text=True, env=BARE)
        self.assertEqual(done.returncode, 2)
        self.assertIn("expected results of run.py", done.stderr)

    def test_list(self):
        done = self.run_folder("--list")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("agreement sm_90a %s/" % VICTIM, done.stdout)
        self.assertIn("correctness sm_80 plain_d64_bf16/4224x4224", done.stdout)


if __name__ == "__main__":
    unittest.main()
