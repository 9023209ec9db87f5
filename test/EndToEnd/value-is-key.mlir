// The value is all of the key, with head dims over 256: groups of warps share the columns of
// the tile in whole pages, so that it is wider than the head dim where that is no multiple of
// them.
//
// RUN: sed -e s/D[I]M/264/g %s > %t.mlir
// RUN: attn-run %t.mlir --device=sim --chip=sm_80 --check --inputs=random:1x2x70x264,random:1x1x100x264 | FileCheck %s
// RUN: sed -e s/D[I]M/288/g %s > %t.mlir
// RUN: attn-run %t.mlir --device=sim --chip=sm_80 --check --inputs=random:1x2x70x288,random:1x1x100x288 | FileCheck %s
// RUN: attn-run %t.mlir --device=sim --chip=sm_90a --check --inputs=random:1x2x70x288,random:1x1x100x288 | FileCheck %s
// RUN: sed -e s/D[I]M/304/g %s > %t.mlir
// RUN: attn-run %t.mlir --device=sim --chip=sm_80 --check --inputs=random:1x2x70x304,random:1x1x100x304 | FileCheck %s
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

!q = tensor<?x2x?xDIMxf16>
!k = tensor<?x1x?xDIMxf16>

func.func @attention(%q: !q, %k: !k) -> !q {
  %o = attn.attention query(%q : !q) key(%k : !k) value(%k : !k) -> !q
  return %o : !q
}
