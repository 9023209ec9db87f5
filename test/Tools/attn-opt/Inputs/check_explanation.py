# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_explanation.py FILE.json: numbers that can be computed by hand, of @documents for
sm_90a with batch 2, 8 heads, 512 queries, 1000 keys, head dim 64, f16, one document and a
causal window of 100."""
import json
import sys

with open(sys.argv[1]) as file:
    op, = json.load(file)["ops"]
queries, keys, heads, dim, m, n = 512, 1000, 2 * 8, 64, 128, 96
rows, columns = queries // m, -(-keys // n)
assert (op["tiles"]["m"], op["tiles"]["n"]) == (m, n), op["tiles"]


def pieces(*sizes):
    return sum(-(-size // 256) * 256 for size in sizes)


assert op["workspace_bytes"] == pieces(
    rows * 2 * 4, columns * 2 * 4, rows * (2 + columns) * 4), op["workspace_bytes"]
# Block r keeps keys from r * m - 100 to (r + 1) * m - 1.
live = sum((r * m + m - 1) // n - max(r * m - 100, 0) // n + 1 for r in range(rows))
kept = sum(min(i, 100) + 1 for i in range(queries))
tiles = op["tiles"]
assert tiles["visited"] == tiles["masked"] == tiles["partial"] == heads * live, tiles
assert tiles["empty"] == heads * (rows * columns - live) and tiles["full"] == 0, tiles
assert tiles["kept_at_least"] == tiles["kept_at_most"] == heads * kept, tiles
assert tiles["missing_captures"] == []
assert op["work"]["done_flops"] == heads * live * m * n * 4 * dim
assert op["work"]["skipped_flops"] == heads * (rows * columns - live) * m * n * 4 * dim
traffic = op["traffic"]
assert traffic["query_bytes"] == traffic["out_bytes"] == heads * queries * dim * 2
assert traffic["key_value_bytes"] == heads * keys * dim * 2 * 2
assert traffic["capture_bytes"] == keys * 4
assert traffic["lower_bound_bytes"] == sum(traffic[name + "_bytes"] for name in (
    "query", "key_value", "capture", "out", "lse"))
assert traffic["key_value_requested_bytes"] == heads * live * n * dim * 2 * 2, traffic
for bound in op["bounds"]:
    assert bound["runs"] == (not bound["board"].startswith("A100")), bound
    if bound["runs"]:
        compute = op["work"]["done_flops"] / (bound["tflops"] * 1e12)
        memory = traffic["lower_bound_bytes"] / bound["bytes_per_second"]
        assert abs(bound["seconds"] / max(compute, memory) - 1) < 1e-9, bound
assert op["launches"] == len(op["kernels"]) == 4
assert op["key_tiles"] == {"walk": "list", "reads_captures": True,
                           "knows_full_tiles": True, "undecided": []}
# Tile c of keys is seen by the queries from c * n to (c + 1) * n - 1 + 100.
transposed = sum(min(c * n + n + 99, queries - 1) // m - c * n // m + 1
                 for c in range(columns) if c * n < queries)
assert op["query_tiles"] == op["key_tiles"]
assert tiles["along_queries"] == {"visited": heads * transposed, "masked": heads * transposed,
                                  "visited_although_empty": 0, "masked_although_full": 0}
assert transposed == live
