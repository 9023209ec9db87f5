# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The code on docs/Python.md runs, and that on docs/Cpp.md is part of its example."""
import contextlib
import io
import linecache
import os
import re
import textwrap
import unittest
import warnings

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def blocks(page, language):
    """(line, text) of the code blocks in one language."""
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
        text = file.read()
    return [(text.count("\n", 0, found.start(1)) + 1, found.group(1))
            for found in re.finditer(r"^```%s\n(.*?)^```" % language, text, re.M | re.S)]


class DocsTest(unittest.TestCase):

    def test_python(self):
        warnings.simplefilter("ignore")
        found, scope = blocks("Python.md", "python"), {"__name__": "docs"}
        self.assertGreater(len(found), 6)
        for line, text in found:
            # Functions show their source in errors, as those of a file do.
            name = "docs/Python.md:%d" % line
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
            with self.subTest(line=line), contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, name, "exec"), scope)

    def check_example(self, language, file):
        with open(os.path.join(ROOT, "docs", "examples", "cpp", file), encoding="utf-8") as f:
            example = textwrap.dedent(f.read())
        lines = [line.strip() for line in example.splitlines()]
        found = blocks("Cpp.md", language)
        self.assertTrue(found)
        for line, text in found:
            with self.subTest(line=line):
                wanted = [part.strip() for part in text.splitlines()]
                self.assertTrue(any(lines[at:at + len(wanted)] == wanted
                                    for at in range(len(lines))), text)

    def test_cpp(self):
        self.check_example("cpp", "window.cpp")
        self.check_example("c", "window.c")
        self.check_example("cmake", "CMakeLists.txt")


if __name__ == "__main__":
    unittest.main()
