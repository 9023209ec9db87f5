# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which files of the repository the checks look at, and how they report."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = 77  # exit status of a check that could not run


def list_files():
    """Paths of all tracked files and of new ones that git does not ignore."""
    found = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout
    return sorted(path for path in set(found.split("\0"))
                  if path and os.path.isfile(os.path.join(ROOT, path)))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def is_script(path):
    """A file that starts with `#!`, whatever its name."""
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read(2) == b"#!"


def report(problems):
    """Prints the problems and ends the process accordingly."""
    name = os.path.basename(sys.argv[0])
    for problem in problems:
        print("%s: %s" % (name, problem))
    print("%s: %s" % (name, "%d problems" % len(problems) if problems else "ok"))
    sys.exit(1 if problems else 0)


def skip(reason):
    print("%s: skipped, %s" % (os.path.basename(sys.argv[0]), reason))
    sys.exit(SKIPPED)
