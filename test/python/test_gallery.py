# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/Gallery.md: its code runs and gives what NumPy gives, and its pictures are those of
the masks, counted in NumPy tile by tile."""
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

import numpy as np

from test_attn import reference
from test_docs import ROOT, blocks

import attn

# A sixteenth or so of what the page says: the simulator is slow, and numbers are captures.
SMALL = {"length": 192, "window": 24, "size": 16}
LENGTH, HEADS = 4096, 2


def sections():
    """(line, scope of a section before its code, its code, its picture)."""
    (_, before), *found = blocks("Gallery.md", "python")
    with open(os.path.join(ROOT, "docs", "Gallery.md"), encoding="utf-8") as file:
        pictures = re.findall(r"^!\[.*\]\((.*)\)$", file.read(), re.M)
    assert len(found) == len(pictures)
    for (line, code), picture in zip(found, pictures):
        scope = {}
        exec(compile(before, "docs/Gallery.md", "exec"), scope)
        yield line, scope, compile(code, "docs/Gallery.md:%d" % line, "exec"), picture


def tiles(kept, rows, columns):
    """How many tiles have no position, some, and all."""
    down, across = (np.arange(0, LENGTH, n) for n in (rows, columns))
    live = np.add.reduceat(np.add.reduceat(kept.astype(np.int32), down, 0), across, 1)
    sizes = np.diff(np.append(down, LENGTH))[:, None] * np.diff(np.append(across, LENGTH))
    return {"empty": (live == 0).sum(), "full": (live == sizes).sum(),
            "partial": ((live > 0) & (live < sizes)).sum()}


def expected(name, scope, q, k, v):
    """What NumPy makes of a section."""
    mask = scope["mask"]
    if name == "learned_sinks":
        out, lse = reference(q, k, v, mask=mask)
        sinks = scope["logits"].astype(float)[None, :, None]
        return out / (1 + np.exp(sinks - lse))[..., None]
    if name == "differential":
        maps = [reference(q[:, n::2], k[:, n:n + 1], v[:, :1], mask=mask)[0] for n in (0, 1)]
        return maps[0] - 0.3 * maps[1]
    assert "call" not in scope
    return reference(q, k, v, scope["score"], mask)[0]


class GalleryTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")  # that the simulator is used

    def test_there_are_many(self):
        self.assertGreaterEqual(len(list(sections())), 20)

    def test_code(self):
        rng = np.random.default_rng(5)
        q, k, v = rng.standard_normal((3, 1, HEADS, SMALL["length"], 64)).astype(np.float16)
        plain, _ = reference(q, k, v)
        for line, scope, code, path in sections():
            scope.update(SMALL)
            exec(code, scope)
            call = scope.get("call") or functools.partial(
                attn.flex_attention, score_mod=scope["score"], block_mask=scope["mask"])
            with self.subTest(line=line):
                want = expected(os.path.basename(path)[:-4], scope, q, k, v)
                np.testing.assert_allclose(call(q, k, v).astype(float), want, atol=4e-3,
                                           rtol=4e-3)
                self.assertGreater(np.abs(want - plain[:, :want.shape[1]]).max(), 0.1)

    def test_pictures(self):
        h, i, j = np.int32(0), *np.ogrid[:LENGTH, :LENGTH]
        i, j = i.astype(np.int32), j.astype(np.int32)
        for line, scope, code, path in sections():
            exec(code, scope)
            self.assertEqual(scope["length"], LENGTH)
            with open(os.path.join(ROOT, "docs", path), encoding="utf-8") as file:
                drawn = file.read()
            with self.subTest(line=line):
                kept = np.broadcast_to(scope["mask"](0, h, i, j), (LENGTH, LENGTH))
                rows, columns = map(int, re.search(r"tiles of (\d+) x (\d+)", drawn).groups())
                found = dict.fromkeys(("empty", "partial", "full"), 0)
                found.update((name, int(count)) for name, count in re.findall(
                    r'class="(\w+)" data-tiles="(\d+)"', drawn))
                self.assertEqual(found, tiles(kept, rows, columns))
                self.assertIn(", %d of %d positions" % (kept.sum(), kept.size), drawn)

    def test_page_is_what_is_generated(self):
        tool = os.path.join(ROOT, "tools", "dev", "gallery")
        done = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_is_stale_is_named(self):
        with tempfile.TemporaryDirectory() as root:
            for path in ("tools/dev/gallery", "tools/dev/sources.py",
                         "docs/images/gallery/causal.svg", "docs/Gallery.md"):
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                shutil.copy(os.path.join(ROOT, path), os.path.join(root, path))
            page = os.path.join(root, "docs", "Gallery.md")
            with open(page, encoding="utf-8") as file:
                text = file.read()
            with open(page, "w", encoding="utf-8") as file:
                file.write(text[:text.index("## Causal window")].replace(
                    "= attn.causal", "= attn.causal & attn.window(9)"))
            done = subprocess.run(
                [sys.executable, os.path.join(root, "tools", "dev", "gallery"), "--check"],
                capture_output=True, text=True,
                env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "python")})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("causal.svg is stale; run tools/dev/gallery", done.stdout)
        self.assertIn("Gallery.md is stale", done.stdout)


if __name__ == "__main__":
    unittest.main()
