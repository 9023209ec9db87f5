# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""assemble.py PTXAS FOLDER: each module of the folder assembles, for the chip of its
target, without a message that the assembler changed what it says."""
import glob
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ptxas, folder = sys.argv[1:]


def assemble(path):
    """"" or what is wrong."""
    with open(path) as file:
        chip = re.search(r"^\.target (\w+)", file.read(), re.M).group(1)
    done = subprocess.run([ptxas, "-arch=" + chip, path, "-o", path + ".cubin"],
                          capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode or re.search(r"C75\d\d|warning", said):
        return "%s: %s" % (os.path.basename(path), said.strip())
    return ""


paths = sorted(glob.glob(os.path.join(folder, "*.ptx")))
with ThreadPoolExecutor(2) as pool:
    wrong = [text for text in pool.map(assemble, paths) if text]
print("\n".join(wrong + ["%d modules, %d wrong" % (len(paths), len(wrong))]))
sys.exit(bool(wrong) or not paths)
