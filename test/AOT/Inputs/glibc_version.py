# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""glibc_version.py LIMIT FILE...: fails when a file needs a newer C library."""
import re
import subprocess
import sys

limit = tuple(map(int, sys.argv[1].split(".")))
for path in sys.argv[2:]:
    text = subprocess.run(["readelf", "--version-info", "--wide", path], check=True,
                          capture_output=True, text=True).stdout
    versions = {tuple(map(int, v.split("."))) for v in re.findall(r"GLIBC_([\d.]+)", text)}
    newest = max(versions)
    print(path, "needs glibc", ".".join(map(str, newest)))
    if newest > limit:
        sys.exit("newer than " + sys.argv[1])
