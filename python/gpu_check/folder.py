# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The built folder: its manifest, its compiled kernels, and what is missing of it."""
import atexit
import json
import os
import shutil
import tempfile
import zlib

from .cases import kernel_from
from .runtime import Library, Runtime

MANIFEST = "manifest.json"
RUNTIME = "libattn_runtime.so"
FORMAT = 1


class FolderError(Exception):
    """The folder cannot be used; the message says what to do."""


class Folder:
    """build/gpu-check, wherever it was moved to."""

    def __init__(self, path):
        self.path = path
        file = os.path.join(path, MANIFEST)
        if not os.path.exists(file):
            raise FolderError("expected %s beside run.py, but it is not there: copy the "
                              "whole folder build/gpu-check that tools/gpu-check makes"
                              % MANIFEST)
        with open(file) as stream:
            self.manifest = json.load(stream)
        if self.manifest.get("format") != FORMAT:
            raise FolderError("expected a folder of format %d, but got %s: build it again"
                              % (FORMAT, self.manifest.get("format")))
        wrong = [name for name, size in self.manifest["files"].items()
                 if not os.path.exists(os.path.join(path, name)) or
                 os.path.getsize(os.path.join(path, name)) != size]
        if wrong:
            raise FolderError("%d files are missing or cut off, for example %s: copy the "
                              "whole folder again" % (len(wrong), wrong[0]))
        self.unpacked, self.libraries, self.loaded_runtime = None, {}, None
        self.kernels = {r["name"]: kernel_from(r) for r in self.manifest["kernels"]}
        self.alternatives = self.manifest["alternatives"]

    @property
    def runtime(self):
        if self.loaded_runtime is None:
            try:
                self.loaded_runtime = Runtime(os.path.join(self.path, RUNTIME))
            except OSError as error:
                raise FolderError("cannot load %s: %s (it is for Linux on x86-64)"
                                  % (RUNTIME, error))
        return self.loaded_runtime

    def entry(self, name, chip):
        """The compiled function of a kernel's library for one chip."""
        key = "%s.%s" % (name, chip)
        if key not in self.libraries:
            if self.unpacked is None:
                self.unpacked = tempfile.mkdtemp(prefix="attn-gpu-check-")
                atexit.register(shutil.rmtree, self.unpacked, ignore_errors=True)
            runtime = self.runtime  # comes first: the library needs it
            with open(os.path.join(self.path, "kernels", key + ".so.z"), "rb") as file:
                contents = zlib.decompress(file.read())
            path = os.path.join(self.unpacked, key + ".so")
            with open(path, "wb") as file:
                file.write(contents)
            self.libraries[key] = Library(runtime, path)
            os.unlink(path)  # it stays mapped
        return self.libraries[key].entry(name)
