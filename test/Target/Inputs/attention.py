# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an attention function: attention.py <head dim> [<value head dim>] [causal]."""
import sys

MASK = """
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %keep = attn.causal %i, %j
    attn.yield %keep : i1
  }"""

words = sys.argv[1:]
causal = "causal" in words
dims = [int(word) for word in words if word != "causal"]
query, value = ("tensor<?x?x?x%dxf16>" % dim for dim in (dims[0], dims[-1]))
print("""func.func @f(%%q: %s, %%k: %s, %%v: %s) -> %s {
  %%o = attn.attention query(%%q : %s) key(%%k : %s) value(%%v : %s)%s -> %s
  return %%o : %s
}""" % (query, query, value, value, query, query, value, MASK if causal else "", value, value))
