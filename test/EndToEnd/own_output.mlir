// An output wider than the query does not fit in its place: the block's next tile writes a
// buffer that the one before has just stored. Blocks walk over two tiles here.

// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --multiprocessors=8 --inputs=random:3x4x160x64,random:3x2x100x64,random:3x2x100x128 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x4x?x64xbf16>, %k: tensor<?x2x?x64xbf16>,
                     %v: tensor<?x2x?x128xbf16>)
    -> (tensor<?x4x?x128xbf16>, tensor<?x4x?xf32>) {
  %o, %lse = attn.attention query(%q : tensor<?x4x?x64xbf16>)
      key(%k : tensor<?x2x?x64xbf16>) value(%v : tensor<?x2x?x128xbf16>)
    -> tensor<?x4x?x128xbf16>, tensor<?x4x?xf32>
  return %o, %lse : tensor<?x4x?x128xbf16>, tensor<?x4x?xf32>
}
