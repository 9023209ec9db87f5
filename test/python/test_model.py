# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models of docs/examples/model, with attention of NumPy and of attn: the same tokens,
and logits that differ by no more than errors of attention alone account for."""
import dataclasses
import io
import os
import pickle
import sys
import unittest
import warnings

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "docs", "examples", "model"))

import attention  # noqa: E402
import decoder  # noqa: E402
import encoder  # noqa: E402

RXNMAPPER = os.path.join(os.environ.get("ATTN_BUILD_DIR", os.path.join(ROOT, "build")),
                         "models", "rxnmapper")
# What the page of rxnmapper 0.4.3 gives as the answer for encoder.REACTION, as places of
# atoms in the text of the reactants, for each atom of the product.
PUBLISHED = [1, 2, 4, 6, 24, 23, 22, 21, 20, 18, 17]


class ModelTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore")  # that the simulator is used

    def check(self, name, kernels, target):
        config, used = decoder.CONFIGS[name], attention.Compiled(target)
        found = decoder.compare(config, used, count=12)
        self.assertEqual(found["tokens"], found["reference"])
        self.assertGreater(len(set(found["tokens"])), 8)
        self.assertLessEqual(found["error"], found["allowed"])
        self.assertLess(found["allowed"], 0.1 * found["spread"])
        # Rotary embedding of queries and keys, and attention, in each layer and step.
        self.assertEqual(used.calls, 3 * config.layers * len(found["tokens"]))
        # The prompt and the first step have all kernels: a longer cache is a number.
        self.assertEqual(len(set(found["kernels"][1:])), 1)
        self.assertLessEqual(found["kernels"][-1], kernels)
        return found

    def test_llama(self):
        found = self.check("llama", 2, "sm_80")
        self.assertEqual(len(set(found["kernels"])), 1)
        self.assertGreater(found["margin"], found["allowed"])

    def test_gemma(self):
        found = self.check("gemma", 3, "sm_90a")
        self.assertEqual(len(set(found["kernels"])), 1)

    def test_deepseek(self):
        found = self.check("deepseek", 3, "sm_80")
        self.assertGreater(found["margin"], found["allowed"])

    def test_both_forms_of_latent_attention(self):
        """A prompt at once, with keys and values of each head, and token by token in the space
        of the cache: the same but for rounding, which a wrong matrix is not."""
        config = decoder.CONFIGS["deepseek"]
        weights = decoder.weights_of(config, 3)
        prompt = np.random.default_rng(3).integers(0, config.words, 24)
        at_once = decoder.model_of(config, weights, attention.Reference(), 24)
        one_by_one = decoder.model_of(config, weights, attention.Reference(), 24)
        want = at_once.logits(prompt)
        for token in prompt:
            got = one_by_one.logits([token])
        np.testing.assert_allclose(got, want, atol=1e-2)
        self.assertGreater(want.std(), 0.5)

    def test_what_is_wrong_is_seen(self):
        """A window of one token less is beyond what is allowed, of a call and of a model."""
        config = decoder.CONFIGS["gemma"]
        weights = decoder.weights_of(config, 1)
        prompt = np.random.default_rng(1).integers(0, config.words, 64)
        narrow = dataclasses.replace(config, window=config.window - 1)
        tokens, want = decoder.generate(config, weights, attention.Reference(), prompt, 2)
        _, moved = decoder.generate(config, weights, attention.Moved(), prompt, 2, tokens)
        _, wrong = decoder.generate(narrow, weights, attention.Reference(), prompt, 2, tokens)
        self.assertGreater(np.abs(wrong - want).max(), np.abs(moved - want).max())

        rng, used = np.random.default_rng(2), attention.Compiled()
        q = rng.standard_normal((1, config.heads, 64, 64)).astype(np.float16)
        k = v = rng.standard_normal((1, config.kv_heads, 64, 64)).astype(np.float16)
        got = used.attend(q, k, v, mask=decoder.visible_in_window(0, 32))
        with self.assertRaisesRegex(AssertionError, "times as far from NumPy"):
            used.check(got, *attention.Reference().exact(
                q, k, v, mask=decoder.visible_in_window(0, 31)))

    @unittest.skipUnless(os.path.isdir(RXNMAPPER), "no weights: tools/dev/setup gets them")
    def test_trained_encoder(self):
        used = attention.Compiled()
        found = encoder.compare(RXNMAPPER, used)
        atoms = found["atoms"]
        self.assertEqual(found["guesses"], [atoms, atoms])
        self.assertEqual(found["origins"], [PUBLISHED, PUBLISHED])
        self.assertEqual(*found["words"])
        self.assertLessEqual(found["error"], found["allowed"])
        # 12 layers and the map, of the reaction and with each atom masked.
        self.assertEqual(used.calls, 13 * (1 + len(atoms)))

    def test_weights_are_no_code(self):
        with self.assertRaisesRegex(pickle.UnpicklingError, "posix.system is not a tensor"):
            encoder._Tensors(io.BytesIO(b"cposix\nsystem\n.")).load()


if __name__ == "__main__":
    unittest.main()
