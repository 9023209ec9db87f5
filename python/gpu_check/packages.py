# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which optional packages are there and work. Some end the process when they do not fit
the rest of an installation, so they are tried in a process of their own."""
import functools
import importlib.util
import subprocess
import sys

PROGRAM = "import {0}; print(getattr({0}, '__version__', 'of unknown version'))"


@functools.lru_cache(maxsize=None)
def find(name):
    """(version, None) or (None, why not)."""
    try:
        if importlib.util.find_spec(name) is None:
            return None, "not installed"
        done = subprocess.run([sys.executable, "-c", PROGRAM.format(name)],
                              capture_output=True, text=True, timeout=100)
    except (ImportError, ValueError, OSError, subprocess.SubprocessError) as error:
        return None, "does not import: %s" % error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["status %d" % done.returncode])[-1]
        return None, "does not import: " + last[:200]
    return done.stdout.strip().splitlines()[-1], None
