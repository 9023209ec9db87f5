//===- AttnDialect.td - the attn dialect --------------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_ATTN_IR_ATTNDIALECT
#define ATTN_DIALECT_ATTN_IR_ATTNDIALECT

include "mlir/IR/OpBase.td"

def AttnDialect : Dialect {
  let name = "attn";
  let cppNamespace = "::mlir::attn";
  let summary = "Attention as what it computes";
  let description = [{
    An attention variant is a scaled dot product, a `score` region that changes
    one score, a `mask` region that keeps or drops one position, and a
    normalizer. The dialect knows nothing of tiles, warps or memory: `docs/Spec.md`
    states the semantics, and the constraint labels used below (`A1`, `L1`, ...).
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Attn_Op<string mnemonic, list<Trait> traits = []>
    : Op<AttnDialect, mnemonic, traits>;

#endif
