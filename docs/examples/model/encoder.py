#!/usr/bin/env python3
# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A trained encoder in NumPy, whose attention attn compiles: README.md.

  pip install --no-deps --target build/models rxnmapper==0.4.3    # as tools/dev/setup does
  encoder.py build/models/rxnmapper [--target sm_90a] [--reaction REACTANTS>>PRODUCTS]

RXNMapper (Schwaller et al., Science Advances 7, eabe4166, 2021) is an ALBERT (arXiv 1909.11942)
that was trained on chemical reactions to guess masked tokens: 12 layers that share weights, 8
heads of 32. Its head 5 of layer 10 looks from each atom of the product at the atom of the
reactants that it was. The package holds the weights, under the MIT licence; its code, which
needs PyTorch, is not used.
"""
import argparse
import collections
import glob
import math
import os
import pickle
import re

import numpy as np

from attention import Compiled, Moved, Reference

LAYERS, HEADS, EPSILON = 12, 8, 1e-12
MAP_LAYER, MAP_HEAD = 10, 5
TOKENS = re.compile(r"\[[^\]]+]|Br?|Cl?|>>?|%[0-9]{2}|[NOSPFIbcnosp().=#\-+\\/:~@?*$0-9]")
ATOM = re.compile(r"\[[^\]]+]|Br?|Cl?|[NOSPFIbcnosp]")
# The example of the package's page, whose answer is there too.
REACTION = ("CC(C)S.CN(C)C=O.Fc1cccnc1F.O=C([O-])[O-].[K+].[K+]>>"
            "CC(C)Sc1ncccc1F")
erf = np.vectorize(math.erf, [float])


class _Tensors(pickle.Unpickler):
    """Reads what PyTorch 1.4 saved: descriptions of tensors, then their storages. Nothing
    else is created, so that the file cannot run code."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if (module, name) == ("torch", "FloatStorage"):
            return name
        raise pickle.UnpicklingError("%s.%s is not a tensor" % (module, name))

    def persistent_load(self, description):
        return description[2]


def load(path):
    """{name: float32 array} of a pytorch_model.bin."""
    with open(path, "rb") as file:
        for _ in range(3):  # a magic number, a version, sizes of types
            _Tensors(file).load()
        described, keys, storages = _Tensors(file).load(), _Tensors(file).load(), {}
        for key in keys:
            count = int(np.frombuffer(file.read(8), "<i8")[0])
            storages[key] = np.frombuffer(file.read(4 * count), "<f4")
    return {name: np.lib.stride_tricks.as_strided(
        storages[key][offset:], size, [4 * s for s in stride])
        for name, (key, offset, size, stride) in described.items()}


def gelu(x):
    return x * (0.5 + 0.5 * erf(x / math.sqrt(2.0)))


class Encoder:

    def __init__(self, folder, attention):
        (path,) = glob.glob(os.path.join(folder, "models", "transformers", "albert*"))
        self.weights = load(os.path.join(path, "pytorch_model.bin"))
        with open(os.path.join(path, "vocab.txt"), encoding="utf-8") as file:
            self.words = file.read().split("\n")
        self.numbers = {word: number for number, word in enumerate(self.words)}
        self.attention = attention

    def tokens(self, reaction):
        found = TOKENS.findall(reaction)
        if "".join(found) != reaction:
            raise ValueError("%s: expected a reaction in SMILES" % reaction)
        return ["[CLS]"] + found + ["[SEP]"]

    def linear(self, name, x):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def norm(self, name, x):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON)
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def heads(self, x):
        """[length, width] as [1, heads, length, head dim] of float16."""
        return x.reshape(1, len(x), HEADS, -1).swapaxes(1, 2).astype(np.float16)

    def run(self, tokens):
        """The logits of each position, and the attention weights of the head that maps."""
        group = "albert.encoder.albert_layer_groups.0.albert_layers.0."
        table = "albert.embeddings.%s_embeddings.weight"
        ids = [self.numbers.get(token, self.numbers["[UNK]"]) for token in tokens]
        x = self.weights[table % "word"][ids] + \
            self.weights[table % "position"][:len(ids)] + self.weights[table % "token_type"][0]
        x = self.norm("albert.embeddings.LayerNorm", x)
        x = self.linear("albert.encoder.embedding_hidden_mapping_in", x)
        for layer in range(LAYERS):
            q, k, v = (self.heads(self.linear(group + "attention." + name, x))
                       for name in ("query", "key", "value"))
            out = self.attention.attend(q, k, v).swapaxes(1, 2).reshape(x.shape)
            if layer == MAP_LAYER:
                weights = self.weights_of(q, k)
            x = self.norm(group + "attention.LayerNorm",
                          x + self.linear(group + "attention.dense", out.astype(np.float32)))
            inner = gelu(self.linear(group + "ffn", x))
            x = self.norm(group + "full_layer_layer_norm",
                          x + self.linear(group + "ffn_output", inner))
        x = self.norm("predictions.LayerNorm", gelu(self.linear("predictions.dense", x)))
        return self.linear("predictions.decoder", x), weights

    def weights_of(self, q, k):
        """What the head that maps looks at: attention whose values are unit vectors."""
        q, k = (x[:, MAP_HEAD:MAP_HEAD + 1] for x in (q, k))
        length = q.shape[2]
        width = -(-length // 64) * 64
        unit = np.eye(length, width, dtype=np.float16)[None, None]
        return self.attention.attend(q, k, unit)[0, 0, :, :length].astype(float)


def atoms(tokens):
    """Positions of the atoms of the reactants, and of those of the product."""
    arrow = tokens.index(">>")
    found = [i for i, token in enumerate(tokens)
             if ATOM.fullmatch(token) and token not in ("[CLS]", "[SEP]")]
    return [i for i in found if i < arrow], [i for i in found if i > arrow]


def origins(tokens, weights):
    """For each atom of the product the position of the atom that it was, of the same
    element, with the weight."""
    before, after = atoms(tokens)

    def element(i):
        return re.sub(r"[^A-Z]", "", tokens[i].upper())[:1]

    return [max(((weights[i, j], j) for j in before if element(j) == element(i)),
                default=(0.0, None)) for i in after]


def guesses(model, tokens):
    """What the model puts in place of each atom of the product, one masked at a time."""
    found, logits = [], []
    for i in atoms(tokens)[1]:
        scores = model.run(tokens[:i] + ["[MASK]"] + tokens[i + 1:])[0][i]
        found.append(model.words[scores.argmax()])
        logits.append(scores)
    return found, np.array(logits)


def compare(folder, attention, reaction=REACTION):
    """The model with NumPy's attention and with `attention`: what came of it."""
    models = [Encoder(folder, a) for a in (Reference(), attention, Moved(0))]
    tokens = models[0].tokens(reaction)
    runs = [model.run(tokens) for model in models]
    guessed = [guesses(model, tokens) for model in models]
    differences = [max(np.abs(runs[i][0] - runs[0][0]).max(),
                       np.abs(guessed[i][1] - guessed[0][1]).max()) for i in (1, 2)]
    return {"tokens": tokens, "atoms": [tokens[i] for i in atoms(tokens)[1]],
            "origins": [[j for _, j in origins(tokens, run[1])] for run in runs[:2]],
            "guesses": [g[0] for g in guessed[:2]],
            "words": [run[0].argmax(-1).tolist() for run in runs[:2]],
            "error": differences[0], "allowed": differences[1]}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="the package rxnmapper")
    parser.add_argument("--reaction", default=REACTION)
    parser.add_argument("--target", help="what the simulator is; sm_80 by default")
    options = parser.parse_args()
    attention = Compiled(options.target)
    found = compare(options.folder, attention, options.reaction)
    print("atoms of the product:           ", *found["atoms"])
    print("guessed with NumPy, when masked:", *found["guesses"][0])
    print("guessed with attn:              ", *found["guesses"][1])
    print("origins, NumPy:", *found["origins"][0])
    print("origins, attn: ", *found["origins"][1])
    print("logits: largest difference %.2e, %.2e allowed" % (
        found["error"], found["allowed"]))
    print("%d calls, at most %.2f of the bound of a call" % (attention.calls, attention.worst))
    if found["error"] > found["allowed"] or any(
            found[what][0] != found[what][1] for what in ("guesses", "words", "origins")):
        raise SystemExit("the models differ")


if __name__ == "__main__":
    main()
