# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the package attn refuses, and what it says."""
import functools
import math
import subprocess
import sys
import unittest

import numpy as np

from test_attn import AttnTest, tensors

import attn
from attn import _captures


class Refusals(AttnTest):
    """Bad use is an exception that names the argument or the line, before any launch."""

    def refused(self, error, message, function, *arguments, **options):
        with self.assertRaisesRegex(error, message):
            function(*arguments, **options)

    def refused_score(self, message, score):
        self.refused(attn.TraceError, message, attn.compile, score)

    def test_python_control_flow(self):
        def branch(s, b, h, i, j):
            if i >= j:
                return s
            return -s

        self.refused_score(r"test_attn_refusals.py:\d+: if i >= j:: a Python `if`.*attn\.where", branch)
        self.refused_score("& | ~", lambda s, b, h, i, j: s * (i >= j and h > 0))
        self.refused_score("chained comparison", lambda s, b, h, i, j: s * (0 <= i < j))
        self.refused_score("attn.exp", lambda s, b, h, i, j: math.exp(s))
        self.refused_score("cannot be iterated", lambda s, b, h, i, j: sum(s))
        self.refused_score(r"test_attn_refusals.py:\d+: .*item\(\) needs a value that is known",
                           lambda s, b, h, i, j: s * i.item())
        self.refused_score("an index or count", lambda s, b, h, i, j: s + [1, 2, 3, 4][h])
        self.refused_score("key of a dict", lambda s, b, h, i, j: s + {0: 1}[h])

    def test_functions_of_other_libraries(self):
        scope = {"__name__": "library"}
        exec(compile("def tanh(x):\n    raise TypeError('got a Value\\nand more')\n",
                     "/usr/lib/site-packages/library.py", "exec"), scope)
        tanh = scope["tanh"]
        self.refused_score(r"test_attn_refusals.py:\d+: .*tanh\(s\).*cannot take a traced value "
                           r"\(got a Value\); use functions of attn", lambda s, b, h, i, j: tanh(s))
        with self.assertRaisesRegex(TypeError, "^unsupported operand"):  # of the user
            attn.compile(lambda s, b, h, i, j: s + ({} + 1))

    def test_stores(self):
        table = np.zeros(4, np.float32)

        def score(s, b, h, i, j):
            table[0] = s
            return s

        self.refused_score(r"test_attn_refusals.py:\d+: table\[0\] = s: .*stores nothing", score)

    def test_results(self):
        self.refused_score("returns a bool.*attn.where", lambda s, b, h, i, j: i >= j)
        self.refused_score("returns nothing", lambda s, b, h, i, j: None)
        self.refused_score("returns a tuple", lambda s, b, h, i, j: (s, s))
        self.refused_score(r"takes \(score, b, h, q_idx, kv_idx\)", lambda s, i, j: s)
        self.refused(attn.TraceError, r"test_attn_refusals.py:\d+.*returns a float32, expected a bool",
                     attn.compile, mask_mod=lambda b, h, i, j: 1.5)
        self.refused(attn.TraceError, "returns a int32, expected a bool",
                     attn.compile, mask_mod=lambda b, h, i, j: i - j)

    def test_functions(self):
        self.refused_score(r"test_attn_refusals.py:\d+: .*the function 'cumsum' is not supported",
                           lambda s, b, h, i, j: np.cumsum(s))
        self.refused_score("no 'mean'", lambda s, b, h, i, j: s.mean())
        self.refused_score("expected integers or truth", lambda s, b, h, i, j: s & 1)
        self.refused_score("expected a truth value", lambda s, b, h, i, j: np.where(s, 0, 1))
        self.refused_score("positive divisor", lambda s, b, h, i, j: s + i // 0)
        self.refused_score("'matmul' is not", lambda s, b, h, i, j: s @ s)
        self.refused_score("no digits", lambda s, b, h, i, j: round(s, 2))
        self.refused_score("numpy.add.reduce", lambda s, b, h, i, j: np.add.reduce(s))
        self.refused_score("NumPy array", lambda s, b, h, i, j: np.array([s, s]))
        self.refused_score("got a complex", lambda s, b, h, i, j: s * 1j)
        self.refused_score("does not fit 32 bits", lambda s, b, h, i, j: s + 2**40)

    def test_captures(self):
        table, names = np.zeros((4, 4), np.float32), {"a"}
        self.refused_score("'table' has 2 dimensions", lambda s, b, h, i, j: s + table)
        self.refused_score("at most 2 indices", lambda s, b, h, i, j: s + table[b, h, i])
        self.refused_score("integers as indices", lambda s, b, h, i, j: s + table[b:, 0])
        self.refused_score("as index 0", lambda s, b, h, i, j: s + table[s, 0])
        self.refused_score("got a set", lambda s, b, h, i, j: s + names)
        strings = np.array(["a"])
        self.refused(attn.ArgumentError, "'strings': dtype", attn.compile,
                     lambda s, b, h, i, j: s + strings[b])

    def test_short_captures(self):
        short = np.zeros(8, np.float32)
        q, k, v = tensors()
        self.refused(attn.ArgumentError, "'short': dimension 0 is indexed by kv_idx: expected "
                     "at least 33 elements, but got 8", attn.flex_attention, q, k, v,
                     lambda s, b, h, i, j: s + short[j], enable_gqa=True)
        ids = np.zeros(20, np.int32)
        self.refused(attn.ArgumentError, "captured tensor 'key_ids': dimension 0 is indexed by "
                     "kv_idx", attn.flex_attention, q, k, v,
                     block_mask=attn.same_document(ids), enable_gqa=True)

    def test_tensors(self):
        q, k, v = tensors()
        run = functools.partial(self.refused, attn.ArgumentError)
        flex = functools.partial(attn.flex_attention, enable_gqa=True)
        run("query: rank: expected 4", flex, q[0], k, v)
        run("query: dtype: expected float16 or bfloat16, but got f32", flex,
            q.astype(np.float32), k, v)
        run("key: dtype", flex, q, k.astype(np.float32), v)
        run("dtype: expected one of", flex, q.astype(complex), k, v)
        run("key: batch: expected 1", flex, q, np.concatenate([k, k]), v)
        run("key: head dim: expected 32", flex, q, k[..., :16], v)
        run("value: length: expected 33", flex, q, k, v[:, :, :5])
        run("key: heads: expected a divisor", flex, q[:, :3], k, v)
        run("enable_gqa=True", attn.flex_attention, q, k, v)
        run("query: expected a NumPy array", flex, [1.0], k, v)
        run("block_mask", flex, q, k, v, block_mask=3)
        run("score_mod: expected a function", attn.compile, 3)
        run("normalizer", attn.compile, normalizer="hardmax")
        run("scale", attn.compile, scale=math.inf)
        run("dtypes", attn.compile, dtypes="float32")
        run("head_dims", attn.compile, dtypes="float16", head_dims=(1, 2, 3), target="sm_80")
        run("dropout_p", attn.scaled_dot_product_attention, q, k, v, dropout_p=0.1)
        run("attn_mask: dimension 1", attn.scaled_dot_product_attention, q, k, v,
            np.ones((20, 32), bool), enable_gqa=True)
        run("query: rank: expected 4", attn.scaled_dot_product_attention, q[0], k, v,
            np.ones((20, 33), bool), enable_gqa=True)
        run("expected a mask function", lambda: attn.causal & 3)
        run("cos: expected both", attn.apply_rotary, q, sin=np.zeros((1, 1), np.float32))

    def test_numbers_and_names(self):
        q, k, v = tensors()
        run = functools.partial(self.refused, attn.ArgumentError)
        for alignment in (3, 0, -16, 32, "x", None, 8.0):
            run("alignment: expected 2, 4, 8 or 16", attn.compile, alignment=alignment)
            run("alignment", attn.flex_attention, q, k, v, enable_gqa=True,
                kernel_options={"alignment": alignment})
        for scale in ("a", math.nan, [1], 1e300):
            run("scale: expected a finite number", attn.flex_attention, q, k, v, scale=scale,
                enable_gqa=True)
        for target in (80, b"sm_80", ["sm_80"]):
            run("target: expected the name", attn.compile, target=target)
        for dims in ("a", 0, -1, 64.0, (64, "b"), True):
            run("head_dims: expected an integer of at least 1", attn.compile, dtypes="float16",
                head_dims=dims, target="sm_80")
        run("normalizer", attn.compile, normalizer=None)
        run("kernel_options: expected a dict", attn.flex_attention, q, k, v, enable_gqa=True,
            kernel_options=3)
        run("stream", attn.compile(), q, k, v, stream="x")
        compiled = attn.compile(dtypes="float16", head_dims=32, target="sm_80")
        run("queries: expected an integer of at least 0", compiled.mask_picture, -1, 4)
        run("keys: expected an integer of at least 0", compiled.explain, keys="a")
        rotary = functools.partial(run, function=attn.apply_rotary, x=q)
        for message, option in (("offset: expected an integer", {"offset": 1.5}),
                                ("base: expected a finite", {"base": "a"}),
                                ("base: expected a number above 0", {"base": -1.0}),
                                ("rotary_dim: expected an even", {"rotary_dim": 33}),
                                ("rotary_dim: expected an even", {"rotary_dim": 40}),
                                ("positions: expected", {"positions": np.arange(20)})):
            rotary(message, **option)

    def test_compiler(self):
        q, k, v = tensors(d=20, dv=20)
        self.refused(attn.CompileError, "head_dim", attn.flex_attention, q, k, v,
                     enable_gqa=True)
        self.refused(attn.DeviceError, "unknown chip 'sm_70'", attn.compile, target="sm_70")

    def test_said_once(self):
        program = ("import attn, numpy as np\nq = np.zeros((1, 1, 2, 32), np.float16)\n"
                   "attn.flex_attention(q, q, q)\nattn.flex_attention(q, q, q)\n")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("computed by the simulator of sm_80"), 1)
        self.assertIn("<string>:3: UserWarning", done.stderr)  # the line of the caller

    def test_traces_are_kept_by_kind(self):
        self.assertTrue(all(kind in ("score", "mask", "sink")
                            for kind, _ in _captures._traces))


if __name__ == "__main__":
    unittest.main()
