# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Workers that die, hang or never end: a fault costs one record.

The worker is a stand-in: a script that does what the names of its tasks say.
"""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.environ["ATTN_SOURCE"], "python"))
sys.dont_write_bytecode = True

from gpu_check.supervise import FAULTS_PER_KERNEL, Part  # noqa: E402

WORKER = """
import json, os, sys, time
options = dict(word[2:].split("=", 1) for word in sys.argv[2:])
avoid = [word[8:] for word in sys.argv[2:] if word.startswith("--avoid=")]
channel = os.fdopen(int(options["channel"]), "w", buffering=1)
def emit(message):
    channel.write(json.dumps(message) + "\\n")
names = sys.argv[1].split(",")
if names == ["early"]:
    sys.exit(3)
emit({"plan": len(names)})
for number, name in enumerate(names):
    if number < int(options["skip"]):
        continue
    emit({"begin": number, "id": name})
    if any(word in name for word in avoid):
        emit({"record": {"case": name, "skipped": "avoided"}})
        continue
    if "dies" in name:
        os.kill(os.getpid(), 11)
    if "exits" in name:
        os._exit(75)
    if "hangs" in name:
        time.sleep(1000)
    if "slow" in name:
        time.sleep(0.5)
    emit({"record": {"case": name, "ok": True}})
emit({"end": "complete"})
"""


class Listener:
    def record(self, part, record):
        pass

    note = record


class Faults(unittest.TestCase):
    def run_part(self, names, seconds=60, patience=3):
        with tempfile.TemporaryDirectory() as out:
            script = os.path.join(out, "worker.py")
            with open(script, "w") as file:
                file.write(WORKER)
            part = Part("part", [sys.executable, script, ",".join(names)], out, Listener(),
                        patience)
            part.run(seconds)
        return part.result

    def test_no_fault(self):
        result = self.run_part(["a", "b"])
        self.assertEqual(result["state"], "complete")
        self.assertEqual([r["ok"] for r in result["records"]], [True, True])

    def test_a_fault_is_one_record_that_names_the_case(self):
        result = self.run_part(["a", "k/dies", "b", "l/exits", "c"])
        self.assertEqual(result["state"], "complete")
        self.assertEqual([(r["case"], r["ok"]) for r in result["records"]],
                         [("a", True), ("k/dies", False), ("b", True), ("l/exits", False),
                          ("c", True)])
        self.assertIn("SIGSEGV", result["records"][1]["problem"])
        self.assertIn("status 75", result["records"][3]["problem"])

    def test_a_hang(self):
        result = self.run_part(["a", "k/hangs", "b"], patience=2)
        self.assertEqual([r["ok"] for r in result["records"]], [True, False, True])
        self.assertIn("no answer in 2 s", result["records"][1]["problem"])

    def test_a_kernel_that_keeps_failing_is_left_out(self):
        result = self.run_part(["k/dies%d" % i for i in range(5)] + ["b"])
        failed = [r for r in result["records"] if r.get("ok") is False]
        self.assertEqual(len(failed), FAULTS_PER_KERNEL)
        self.assertEqual(sum("skipped" in r for r in result["records"]),
                         5 - FAULTS_PER_KERNEL)
        self.assertTrue(result["records"][-1]["ok"])

    def test_many_faults_end_the_part(self):
        result = self.run_part(["k%d/dies" % i for i in range(40)])
        self.assertEqual(result["state"], "failed")
        self.assertIn("faults are enough", result["reason"])

    def test_a_worker_that_does_not_start(self):
        result = self.run_part(["early"])
        self.assertEqual(result["state"], "failed")
        self.assertIn("status 3", result["reason"])

    def test_the_time_is_up(self):
        # GRACE seconds behind its time a worker that does not look at it is ended.
        result = self.run_part(["slow%d" % i for i in range(60)], seconds=1)
        self.assertEqual(result["state"], "trimmed")
        self.assertGreater(len(result["records"]), 2)
        self.assertLess(result["seconds"], 20)


if __name__ == "__main__":
    unittest.main()
