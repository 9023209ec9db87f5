# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels of the table as programs in the attn dialect."""
_INDICES = "%b: index, %h: index, %i: index, %j: index"


def _region(name, arguments, body, result, kind):
    if body is None:
        return ""
    return "  %s {\n  ^bb0(%s):\n    %s\n    attn.yield %s : %s\n  }\n" % (
        name, arguments, body.strip(), result, kind)


def program(kernel):
    """A function with the kernel's name. All sizes but the head dims are dynamic."""
    def tensor(dim):
        return "tensor<?x?x?x%dx%s>" % (dim, kernel.element)

    variant = kernel.what
    qk, v = tensor(kernel.d), tensor(kernel.dv)
    captures = "".join(', %%%s: %s {attn.name = "%s"}' % (name, kind, name)
                       for name, kind in variant.types.items())
    schedule = "{tile.schedule = #tile.schedule<%s>}" % kernel.schedule \
        if kernel.schedule else ""
    results = "%s, tensor<?x?x?xf32>" % v
    return (
        "func.func @%s(%%query: %s, %%key: %s, %%value: %s%s)\n    -> (%s) {\n"
        % (kernel.name, qk, qk, v, captures, results) +
        "  %%c2 = arith.constant 2 : index\n"
        "  %%sq = tensor.dim %%query, %%c2 : %s\n"
        "  %%sk = tensor.dim %%key, %%c2 : %s\n"
        "  %%offset = arith.subi %%sk, %%sq : index\n"
        "  %%out, %%lse = attn.attention query(%%query : %s) key(%%key : %s) "
        "value(%%value : %s) %s\n" % (qk, qk, qk, qk, v, schedule) +
        _region("score", "%s: f32, " + _INDICES, variant.score, "%r", "f32") +
        _region("mask", _INDICES, variant.mask, "%m", "i1") +
        "  -> %s\n  return %%out, %%lse : %s\n}\n" % (results, results))
