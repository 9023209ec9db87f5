# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""refuses.py COMMAND...: runs it, prints its complaint, and fails unless the
command left with status 2, one line on stderr and nothing on stdout."""
import subprocess
import sys

done = subprocess.run(sys.argv[1:], capture_output=True, text=True, timeout=120)
sys.stdout.write(done.stderr)
if done.returncode != 2:
    sys.exit(f"expected exit status 2, but got {done.returncode}")
if done.stdout:
    sys.exit(f"expected nothing on stdout, but got {done.stdout!r}")
if done.stderr.count("\n") != 1 or not done.stderr.startswith("attn-run: "):
    sys.exit("expected one line on stderr that begins with 'attn-run: '")
