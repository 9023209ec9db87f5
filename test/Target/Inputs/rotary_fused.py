# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""rotary_fused.py HEAD_DIM [causal] [interleaved] [tables]: attention whose query and key
are rotated; lengths are dynamic."""
import sys

MASK = """
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %keep = attn.causal %i, %j
    attn.yield %keep : i1
  }"""


def program(dim, words):
    tensor, table = f"tensor<?x?x?x{dim}xf16>", f"tensor<?x{dim // 2}xf32>"
    arguments = f"%q: {tensor}, %k: {tensor}, %v: {tensor}"
    more = " offset(%past)"
    if "tables" in words:
        arguments += f", %c: {table}, %s: {table}"
        more += f" cos(%c : {table}) sin(%s : {table})"
    if "interleaved" in words:
        more += " interleaved"
    mask = MASK if "causal" in words else ""
    return f"""func.func @f({arguments}, %past: index) -> {tensor} {{
  %qr = attn.rotary input(%q : {tensor}){more} -> {tensor}
  %kr = attn.rotary input(%k : {tensor}){more} -> {tensor}
  %o = attn.attention query(%qr : {tensor}) key(%kr : {tensor}) value(%v : {tensor}){mask}
    -> {tensor}
  return %o : {tensor}
}}"""


print(program(int(sys.argv[1]), sys.argv[2:]))
