# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an attention function:

  attention.py <head dim> [<value head dim>] [causal | window] [bf16 | f16] [lse]
               [heads=N]
"""
import sys

MASKS = {
    "causal": "%keep = attn.causal %i, %j",
    "window": "%keep = attn.window %i, %j left %w right %w",
}
REGION = """
  mask {
  ^bb0(%%b: index, %%h: index, %%i: index, %%j: index):
    %s
    attn.yield %%keep : i1
  }"""


def attention(dims, mask=None, element="f16", lse=False, heads="?"):
    """`dims`: of query and key, of value. Lengths are dynamic."""
    query, value = ("tensor<?x%sx?x%dx%s>" % (heads, dim, element)
                    for dim in (dims[0], dims[-1]))
    types, names = value, "%o"
    if lse:
        types, names = "%s, tensor<?x%sx?xf32>" % (value, heads), "%o, %lse"
    return """func.func @f(%%q: %s, %%k: %s, %%v: %s%s) -> (%s) {
  %s = attn.attention query(%%q : %s) key(%%k : %s) value(%%v : %s)%s -> %s
  return %s : %s
}""" % (query, query, value, ", %w: index" if mask == "window" else "", types,
        names, query, query, value, REGION % MASKS[mask] if mask else "", types,
        names, types)


def main(words):
    dims, mask, options = [], None, {}
    for word in words:
        if word.isdigit():
            dims.append(int(word))
        elif word in MASKS:
            mask = word
        elif word.startswith("heads="):
            options["heads"] = word[len("heads="):]
        elif word in ("bf16", "f16"):
            options["element"] = word
        elif word == "lse":
            options["lse"] = True
        else:
            sys.exit("attention.py: what is '%s'?" % word)
    print(attention(dims, mask, **options))


if __name__ == "__main__":
    main(sys.argv[1:])
