# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""compare_registers.py EXPLANATION.json REPORT.json: both say the same of each kernel."""
import json
import sys

with open(sys.argv[1]) as file:
    explained = {kernel["name"]: (kernel["registers"], kernel["spill_store_bytes"],
                                  kernel["spill_load_bytes"])
                 for op in json.load(file)["ops"] for kernel in op["kernels"]}
with open(sys.argv[2]) as file:
    reported = {kernel["name"]: (kernel["registers"], kernel["spill_stores"],
                                 kernel["spill_loads"])
                for kernel in json.load(file)["kernels"]}
assert explained == reported, (explained, reported)
assert len(explained) == 4, explained
