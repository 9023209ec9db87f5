# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_document.py FILE.svg [--most-bytes=N]: an SVG that needs nothing but itself."""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

path = sys.argv[1]
root = ElementTree.parse(path).getroot()
tags = {element.tag.split("}")[1] for element in root.iter()}
assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
assert tags <= {"svg", "title", "style", "g", "rect", "path", "text"}, tags
for element in root.iter():
    words = " ".join([element.text or "", *element.attrib.values()])
    assert not re.search(r"url\(|@import|@font-face|http|javascript|data:", words), words
    assert not any(key.startswith("on") or "href" in key for key in element.attrib)
for option in sys.argv[2:]:
    most = int(option.split("=")[1])
    assert os.path.getsize(path) <= most, os.path.getsize(path)
