# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether the steps of a page are all that an example took.

Usage: worked_example.py REPOSITORY PAGE NAME...

The page has a heading `### N. `file`` and a diff for each step, and a list of files that
tools write. The diffs are taken back from a copy of the tree. Then no file but those,
the page and the tests of the page may have one of the names.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

REPOSITORY, PAGE, *NAMES = sys.argv[1:]
FOLDERS = ["docs", "include", "lib", "python", "test", "tools"]
OWN_TEST = os.path.join("test", "Tools", "worked-examples")


def fail(message):
    print(f"{os.path.basename(PAGE)}: {message}")
    sys.exit(1)


def files_of(tree):
    for folder in FOLDERS:
        for path, folders, files in os.walk(os.path.join(tree, folder)):
            folders[:] = [x for x in folders if x != "__pycache__"]
            yield from (os.path.relpath(os.path.join(path, x), tree) for x in files)


def mentions(tree):
    """Files that have one of the names."""
    pattern = re.compile("|".join(NAMES).encode())
    found = set()
    for path in files_of(tree):
        with open(os.path.join(tree, path), "rb") as file:
            if pattern.search(file.read()):
                found.add(path)
    return {path for path in found if not path.startswith(OWN_TEST) and
            path != os.path.join("docs", os.path.basename(PAGE))}


def main():
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    steps = re.findall(r"^### \d+\. `([^`]+)`$", text, re.M)
    written = set(re.findall(r"^- `([^`]+)`: `tools/dev/", text, re.M))
    diffs = re.findall(r"^```diff\n(.*?)^```$", text, re.M | re.S)
    patched = re.findall(r"^\+\+\+ b/(.+)$", "".join(diffs), re.M)
    if not steps or steps != patched:
        fail(f"expected a diff for each step, {' '.join(steps)}, but got "
             f"{' '.join(patched)}")

    with tempfile.TemporaryDirectory() as tree:
        for folder in FOLDERS:
            shutil.copytree(os.path.join(REPOSITORY, folder), os.path.join(tree, folder),
                            ignore=shutil.ignore_patterns("__pycache__"))
        before = mentions(tree)
        # Without context: neighbours of the example may change.
        done = subprocess.run(
            ["git", "apply", "--reverse", "--unidiff-zero", "-"], cwd=tree, text=True,
            input="".join(diffs), capture_output=True,
            env=dict(os.environ, GIT_CEILING_DIRECTORIES=os.path.dirname(tree)))
        if done.returncode:
            fail(f"the tree is not what the diffs make: {done.stderr.strip()}")
        left = mentions(tree)
    if left - written:
        fail(f"{', '.join(sorted(left - written))}: has the example, and no step")
    if written - before:
        fail(f"{', '.join(sorted(written - before))}: expected to have the example")
    print(f"{os.path.basename(PAGE)}: {len(steps)} files in steps, {len(written)} written "
          f"by tools")


if __name__ == "__main__":
    main()
