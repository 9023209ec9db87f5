# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fails unless a shared library exports attn_ functions and nothing else, and all
functions of both C headers are among them. Usage: exports.py LIBRARY"""
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")

listing = subprocess.run(["nm", "-D", "--defined-only", sys.argv[1]], check=True,
                         capture_output=True, text=True).stdout
exported = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
foreign = sorted(name for name in exported if not name.startswith("attn_"))
declared = set()
for header in ("attn-c/attn.h", "attn/Runtime/Runtime.h"):
    with open(os.path.join(ROOT, "include", header), encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    declared |= set(re.findall(r"\b(attn_\w+)\(", text))
missing = sorted(declared - exported)
print("exported %d, foreign %s, missing %s" % (len(exported), foreign, missing))
sys.exit(bool(foreign or missing or len(declared) < 35))
