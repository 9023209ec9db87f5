# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a function of differential attention, in bf16, with dynamic lengths:

  differential.py <head dim> <value head dim> [<variant>] [shared] [tokens] [norm | weight]

Keys are those of each map unless `shared`, lambda is one for each head or token.
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "python"))
from programs import Case, Difference, program  # noqa: E402
from variants import by_name  # noqa: E402


def main(words):
    options = {"variant": "plain", "keys": "own", "lambda": "heads", "norm": "none"}
    for word in words[2:]:
        key = {"shared": "keys", "tokens": "lambda", "norm": "norm",
               "weight": "norm"}.get(word, "variant")
        options[key] = word
    case = Case(by_name(options["variant"]), "bf16", 1, 2, 1, 384, 384, int(words[0]),
                int(words[1]), difference=Difference(options["lambda"], options["keys"],
                                                     options["norm"]))
    print(program(case, case.variant.captures(case, np.random.default_rng(0))))


if __name__ == "__main__":
    main(sys.argv[1:])
