# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""explain_page.py SOURCE TOOLS [--fix]: docs/Explain.md shows what its commands make.

The commands of the page run in the current folder. What ptxas says of a kernel is left
out of the comparison: there may be no ptxas. With --fix the page and its picture are
written.
"""
import os
import re
import subprocess
import sys

SOURCE, TOOLS = sys.argv[1:3]
PAGE = os.path.join(SOURCE, "docs", "Explain.md")
PICTURE = os.path.join("docs", "images", "packed_documents.svg")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def block(name):
    return re.compile(r"(<!-- begin: %s -->\n```\n)(.*?)(```\n<!-- end -->)" % name, re.S)


def run(name):
    commands = block(name).search(page)[2]
    return subprocess.run(["sh", "-ec", commands.replace("python3", sys.executable)],
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def without_ptxas(text):
    return re.sub(r"(\d+ registers, .*|registers and spills .*)", "...", text)


page = read(PAGE)
os.makedirs(os.path.join("docs", "images"))
os.makedirs("build")
os.symlink(os.path.join(SOURCE, "docs", "examples"), os.path.join("docs", "examples"))
os.symlink(TOOLS, os.path.join("build", "bin"))
run("picture")
explanation = run("explanation")
if "--fix" in sys.argv:
    with open(os.path.join(SOURCE, PICTURE), "w", encoding="utf-8") as file:
        file.write(read(PICTURE))
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(block("output").sub(lambda m: m[1] + explanation + m[3], page))
    page = read(PAGE)
same = {"picture": read(PICTURE) == read(os.path.join(SOURCE, PICTURE)),
        "text": without_ptxas(explanation) == without_ptxas(block("output").search(page)[2])}
for what, holds in same.items():
    print("the %s is %s" % (what, "up to date" if holds else
                            "older than the compiler: run this script with --fix"))
sys.exit(not all(same.values()))
