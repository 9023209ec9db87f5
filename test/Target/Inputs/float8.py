# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""float8.py FOLDER DIM [NAME...]: writes programs of attention with 8-bit operands, one for each kind
of region that a schedule is chosen by, or those named, and compiles them."""
import os
import subprocess
import sys
from dataclasses import replace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                                "EndToEnd", "Inputs"))
from float8 import Case, text_of  # noqa: E402

VARIANTS = {
    "plain": {}, "causal": dict(mask="causal"), "window": dict(mask="window"),
    "documents": dict(mask="documents"), "alibi": dict(score="alibi", mask="causal"),
    "softcap": dict(score="softcap"), "bias": dict(score="bias", mask="causal"),
    "sigmoid": dict(normalizer="#attn.sigmoid", lse=False),
    "sink": dict(sink=True, mask="causal"),
    "small_blocks": dict(width=64, block=64, mask="causal"), "heads": dict(ranks=(2, 2, 2)),
}


def main():
    folder, dim, *names = sys.argv[1:]
    for name in names or VARIANTS:
        stem = os.path.join(folder, name + dim)
        with open(stem + ".mlir", "w") as file:
            file.write(text_of(replace(Case(dim=int(dim), lse=True), **VARIANTS[name])))
        subprocess.run(["attn-opt", stem + ".mlir", "--attn-compile=chip=sm_90a",
                        "--emit=ptx", "-o", stem + ".ptx"], check=True)


main()
