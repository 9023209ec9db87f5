# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an attention function:

  attention.py <head dim> [<value head dim>] [causal | window] [bf16 | f16] [lse]
               [heads=N] [latent]

latent: the value is the first columns of the key, which has one head.
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


SLICE = """
  %%c0 = arith.constant 0 : index
  %%c2 = arith.constant 2 : index
  %%batch = tensor.dim %%k, %%c0 : %s
  %%length = tensor.dim %%k, %%c2 : %s
  %%v = tensor.extract_slice %%k[0, 0, 0, 0] [%%batch, 1, %%length, %d] [1, 1, 1, 1] : %s to %s"""


def attention(dims, mask=None, element="f16", lse=False, heads="?", latent=False):
    """`dims`: of query and key, of value. Lengths are dynamic."""
    def tensor(heads, dim):
        return "tensor<?x%sx?x%dx%s>" % (heads, dim, element)

    kv_heads = "1" if latent else heads
    query, out = tensor(heads, dims[0]), tensor(heads, dims[-1])
    key, value = tensor(kv_heads, dims[0]), tensor(kv_heads, dims[-1])
    types, names = out, "%o"
    if lse:
        types, names = "%s, tensor<?x%sx?xf32>" % (out, heads), "%o, %lse"
    return """func.func @f(%%q: %s, %%k: %s%s%s) -> (%s) {%s
  %s = attn.attention query(%%q : %s) key(%%k : %s) value(%%v : %s)%s -> %s
  return %s : %s
}""" % (query, key, "" if latent else ", %v: " + value,
        ", %w: index" if mask == "window" else "", types,
        SLICE % (key, key, dims[-1], key, value) if latent else "",
        names, query, key, value, REGION % MASKS[mask] if mask else "", types,
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
        elif word in ("lse", "latent"):
            options[word] = True
        else:
            sys.exit("attention.py: what is '%s'?" % word)
    print(attention(dims, mask, **options))


if __name__ == "__main__":
    main(sys.argv[1:])
