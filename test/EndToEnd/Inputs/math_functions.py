# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs one program per function, on arguments from 0.3 to 0.7, and counts the wrong."""
import os
import subprocess
import sys

FUNCTIONS = """absf acos asin asinh atan atanh cbrt ceil cos cosh erf erfc exp exp2 expm1
floor log log10 log1p log2 round roundeven rsqrt sin sinh sqrt tan tanh trunc""".split()

PROGRAM = """
func.func @f(%q: tensor<?x2x?x32xf16>, %k: tensor<?x2x?x32xf16>, %v: tensor<?x2x?x32xf16>)
    -> (tensor<?x2x?x32xf16>, tensor<?x2x?xf32>) {{
  %o, %lse = attn.attention query(%q : tensor<?x2x?x32xf16>) key(%k : tensor<?x2x?x32xf16>)
      value(%v : tensor<?x2x?x32xf16>) score {{
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %factor = arith.constant 0.2 : f32
    %center = arith.constant 0.5 : f32
    %bounded = math.tanh %s : f32
    %scaled = arith.mulf %bounded, %factor : f32
    %argument = arith.addf %scaled, %center : f32
    %result = math.{0} %argument : f32
    attn.yield %result : f32
  }} -> tensor<?x2x?x32xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x32xf16>, tensor<?x2x?xf32>
}}
"""


def is_wrong(function, folder):
    path = os.path.join(folder, function + ".mlir")
    with open(path, "w") as file:
        file.write(PROGRAM.format(function))
    shape = "random:1x2x70x32"
    command = ["attn-run", path, "--device=sim", "--check", "--inputs=" + ",".join([shape] * 3)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        print(" ".join(command), run.stdout, run.stderr)
    return run.returncode != 0


print("%d wrong" % sum(is_wrong(function, sys.argv[1]) for function in FUNCTIONS))
