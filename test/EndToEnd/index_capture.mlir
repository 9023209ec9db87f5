// Tensors of positions, read by batch, by query and by key; and a constant too large
// for 32 bits, which means "unbounded".

// RUN: rm -rf %t && mkdir %t
// RUN: %python -c "import numpy, sys; [numpy.save(sys.argv[1] + n, numpy.sort(numpy.random.default_rng(1).integers(0, 90, s))) for n, s in (('/b.npy', 2), ('/i.npy', 70), ('/j.npy', 90))]" %t
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:2x2x70x32,random:2x2x90x32,random:2x2x90x32,%t/b.npy,%t/i.npy,%t/j.npy | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --check --inputs=random:2x2x70x32,random:2x2x90x32,random:2x2x90x32,%t/b.npy,%t/i.npy,%t/j.npy | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x32xf16>, %k: tensor<?x2x?x32xf16>,
                     %v: tensor<?x2x?x32xf16>, %starts: tensor<?xindex>,
                     %rows: tensor<?xindex>, %columns: tensor<?xindex>)
    -> (tensor<?x2x?x32xf16>, tensor<?x2x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x2x?x32xf16>)
      key(%k : tensor<?x2x?x32xf16>) value(%v : tensor<?x2x?x32xf16>)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %start = attn.load %starts[%b] : tensor<?xindex>
      %row = attn.load %rows[%i] : tensor<?xindex>
      %column = attn.load %columns[%j] : tensor<?xindex>
      %unbounded = arith.constant 4294967296 : index
      %last = arith.addi %i, %unbounded : index
      %0 = arith.cmpi sle, %j, %last : index
      %1 = arith.cmpi sge, %j, %start : index
      %2 = arith.cmpi sge, %column, %row : index
      %3 = arith.andi %0, %1 : i1
      %4 = arith.andi %3, %2 : i1
      attn.yield %4 : i1
    }
    -> tensor<?x2x?x32xf16>, tensor<?x2x?xf32>
  return %o, %lse : tensor<?x2x?x32xf16>, tensor<?x2x?xf32>
}
