# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the parts in processes of their own, within a budget, and keeps what they found.

A fault in a kernel ends the process that launched it. It becomes one failed record that
names the case, and the part goes on behind it. So does a kernel that never ends.
"""
import collections
import json
import os
import select
import signal
import subprocess
import time

FAULTS_PER_KERNEL = 2  # then its other cases are left out
FAULTS_PER_PART = 12
GRACE = 8              # seconds that a part may need beyond its time


class Stopped(Exception):
    """By a signal."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


def raise_on_signals():
    def stop(number, _frame):
        raise Stopped(number)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


class Child:
    """A worker and the lines that it sends."""

    def __init__(self, command, log):
        receiving, sending = os.pipe()
        self.process = subprocess.Popen(
            command + ["--channel=%d" % sending], pass_fds=[sending], stdout=log,
            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        os.close(sending)
        self.receiving, self.rest = receiving, b""

    def messages(self, seconds):
        """Those that came within some seconds; None when the child has ended."""
        ready, _, _ = select.select([self.receiving], [], [], max(0, seconds))
        if not ready:
            return []
        data = os.read(self.receiving, 1 << 16)
        if not data:
            return None
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        return [json.loads(line) for line in lines]

    def end(self):
        """Kills what is left of it, and its children; returns the status."""
        if self.process.poll() is None:
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        if self.receiving is not None:
            os.close(self.receiving)
            self.receiving = None
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            return None  # it hangs in the driver


def describe_status(status):
    if status is None:
        return "the process could not be ended"
    if status < 0:
        return "the process died of %s" % signal.Signals(-status).name
    return "the process ended with status %d" % status


class Part:
    """One part of the check, from start to end."""

    def __init__(self, name, command, out, listener, patience):
        self.name, self.command, self.out, self.listener = name, command, out, listener
        self.patience = patience
        self.result = {"state": "running", "records": [], "notes": [], "planned": 0}
        self.facts, self.current, self.next = {}, None, 0
        self.faults = collections.Counter()

    def run(self, seconds):
        start = time.monotonic()
        deadline = start + seconds
        try:
            while self.result["state"] == "running":
                self.run_child(deadline)
        except Stopped as stopped:
            self.result["state"] = "stopped"
            self.result["reason"] = "by %s" % stopped
            raise
        finally:
            self.result["seconds"] = round(time.monotonic() - start, 1)

    def run_child(self, deadline):
        words = ["--worker=" + self.name, "--skip=%d" % self.next,
                 "--seconds=%.1f" % (deadline - time.monotonic())]
        words += ["--avoid=" + kernel for kernel, count in self.faults.items()
                  if count >= FAULTS_PER_KERNEL]
        self.current, began = None, self.next
        with open(os.path.join(self.out, "log.txt"), "ab") as log:
            child = Child(self.command + words, log)
            try:
                ending = self.listen(child, deadline)
            finally:
                status = child.end()
        if self.result["state"] != "running":
            return
        if ending != "ended":
            self.fault(ending, deadline, self.next > began)
        else:
            self.fault(describe_status(status) + self.last_words(), deadline,
                       self.next > began)

    def listen(self, child, deadline):
        """Until the child ends ("ended"), or something else is wrong with it."""
        heard = time.monotonic()
        while True:
            messages = child.messages(1)
            now = time.monotonic()
            if messages is None:
                return "ended"
            for message in messages:
                heard = now
                self.take(message)
            if self.result["state"] != "running":
                return "ended"
            if now - heard > self.patience:
                return "no answer in %d s: a kernel may not end" % self.patience
            if now > deadline + GRACE:
                self.result["state"] = "trimmed"
                self.result["reason"] = "the budget is spent" + (
                    " in " + self.current if self.current else "")
                return "ended"

    def take(self, message):
        if "plan" in message:
            self.result["planned"] = message["plan"]
        elif "begin" in message:
            self.current, self.next = message["id"], message["begin"] + 1
        elif "record" in message:
            self.add(message["record"])
            self.current = None
        elif "note" in message:
            if message["note"] not in self.result["notes"]:
                self.result["notes"].append(message["note"])
                self.listener.note(self, message["note"])
        elif "facts" in message:
            self.facts.update(message["facts"])
        elif "fatal" in message:
            self.result.update(state="failed", reason=message["fatal"])
        elif "end" in message:
            nothing = message["end"] == "complete" and not self.result["planned"]
            self.result["state"] = "skipped" if nothing else message["end"]

    def add(self, record):
        self.result["records"].append(record)
        self.listener.record(self, record)
        if record.get("problem", "") and "device was lost" in record["problem"]:
            self.faults[self.kernel_of(record["case"])] += 1

    @staticmethod
    def kernel_of(name):
        """`sm_90a causal_d64_bf16/` of `sm_90a causal_d64_bf16/64x128_...`."""
        return name.split("/")[0] + "/" if "/" in name else name

    def last_words(self):
        """The last line of the log, which is that of a Python exception."""
        path = os.path.join(self.out, "log.txt")
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - 2000))
            lines = file.read().decode(errors="replace").split("\n")
        lines = [line.strip() for line in lines if line.strip()]
        return "; log.txt ends with: " + lines[-1][:300] if lines else ""

    def fault(self, what, deadline, progressed):
        """The child is gone without having said why."""
        if not progressed:
            self.result.update(state="failed", reason=what)
            return
        if self.current is not None:
            name, self.current = self.current, None
            self.faults[self.kernel_of(name)] += 1
            self.add({"case": name, "ok": False, "problem": what})
        if sum(self.faults.values()) >= FAULTS_PER_PART:
            self.result.update(state="failed", reason="%d faults are enough"
                               % sum(self.faults.values()))
        elif time.monotonic() > deadline:
            self.result.update(state="trimmed", reason="the budget is spent")

