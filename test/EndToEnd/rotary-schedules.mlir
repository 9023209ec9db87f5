// Tiles that are rotated where they have arrived, under each way to stage and share them: by one
// warp, in rings of several buffers, by consumers of one or several warp groups, in clusters, and
// again for each tile of a persistent kernel.

// DEFINE: %{inputs} = --inputs=random:1x2x150x64,random:1x1x300x64,random:1x1x300x64,150
// DEFINE: %{latent} = --entry=latent --inputs=random:1x1x70x576,random:1x1x100x576
// DEFINE: %{both} = --timing=latest,earliest --seed=0,1
// DEFINE: %{run} = attn-run %s --device=sim --check --rotary=fused
// DEFINE: %{ampere} = %{run} --chip=sm_80 --entry=attention %{inputs}
// DEFINE: %{hopper} = %{run} --chip=sm_90a --entry=attention %{both} %{inputs}
// DEFINE: %{cluster} = %{run} --chip=sm_90a --entry=unmasked %{both} %{inputs}

// RUN: %{ampere} --schedule=m=16,n=16,warps=1,stages=1 | FileCheck %s
// RUN: %{ampere} --schedule=m=64,n=64,warps=4,stages=1 | FileCheck %s
// RUN: %{ampere} --schedule=m=64,n=64,warps=4,stages=2 | FileCheck %s
// RUN: %{ampere} --schedule=m=64,n=64,warps=4,stages=3 | FileCheck %s
// RUN: %{ampere} --schedule=m=32,n=16,warps=2,stages=8 | FileCheck %s
// RUN: %{ampere} --schedule=m=128,n=128,warps=4,stages=1,order=pressure | FileCheck %s
// RUN: %{run} %{both} --chip=sm_80 %{latent} | FileCheck %s

// RUN: %{hopper} --schedule=m=64,n=64,warps=4,stages=1,consumers=1 | FileCheck %s
// RUN: %{hopper} --schedule=m=64,n=96,warps=4,stages=2,consumers=1,overlap=true | FileCheck %s
// RUN: %{hopper} --schedule=m=128,n=80,warps=8,stages=4,consumers=2,overlap=true,ping_pong=true | FileCheck %s
// RUN: %{hopper} --schedule=m=192,n=144,warps=12,stages=2,consumers=3,producer_registers=32,consumer_registers=160,overlap=true,ping_pong=true,weights=shared | FileCheck %s
// RUN: %{hopper} --schedule=m=128,n=64,warps=8,stages=2,consumers=2,persistent=true --multiprocessors=1 | FileCheck %s
// RUN: %{cluster} --schedule=m=128,n=64,warps=8,stages=2,consumers=2,overlap=true,cluster=2 | FileCheck %s
// RUN: %{cluster} --schedule=m=64,n=64,warps=4,stages=2,consumers=1,overlap=true,cluster=2,persistent=true --multiprocessors=2 | FileCheck %s
// RUN: %{run} %{both} --chip=sm_90a %{latent} | FileCheck %s

// Positions of rows that do not exist are not read: of no queries, of no keys, of one each.
// DEFINE: %{sq} = 3
// DEFINE: %{sk} = 0
// DEFINE: %{places} = --entry=places --inputs=random:1x2x%{sq}x64,random:1x2x%{sk}x64,random:1x2x%{sk}x64,zeros:%{sq},zeros:%{sk}
// RUN: %{run} --chip=sm_80 %{places} | FileCheck %s
// RUN: %{run} --chip=sm_90a %{both} %{places} | FileCheck %s
// REDEFINE: %{sq} = 0
// REDEFINE: %{sk} = 3
// RUN: %{run} --chip=sm_80 %{places} | FileCheck %s
// RUN: %{run} --chip=sm_90a %{both} %{places} | FileCheck %s
// REDEFINE: %{sq} = 1
// REDEFINE: %{sk} = 1
// RUN: %{run} --chip=sm_80 %{places} | FileCheck %s
// RUN: %{run} --chip=sm_90a %{both} %{places} | FileCheck %s

// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

!q = tensor<?x2x?x64xf16>
!kv = tensor<?x1x?x64xf16>

func.func @attention(%q: !q, %k: !kv, %v: !kv, %past: index) -> !q {
  %qr = attn.rotary input(%q : !q) offset(%past) -> !q
  %kr = attn.rotary input(%k : !kv) -> !kv
  %o = attn.attention query(%qr : !q) key(%kr : !kv) value(%v : !kv)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.causal %i, %j offset %past
      attn.yield %m : i1
    } -> !q
  return %o : !q
}

// Blocks of a cluster share every key tile.
func.func @unmasked(%q: !q, %k: !kv, %v: !kv, %past: index) -> !q {
  %qr = attn.rotary input(%q : !q) offset(%past) -> !q
  %kr = attn.rotary input(%k : !kv) -> !kv
  %o = attn.attention query(%qr : !q) key(%kr : !kv) value(%v : !kv) -> !q
  return %o : !q
}

// Groups of warps share the keys of a tile, and its first columns are the value.
func.func @latent(%q: tensor<?x1x?x576xf16>, %k: tensor<?x1x?x576xf16>)
    -> tensor<?x1x?x512xf16> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %k, %c0 : tensor<?x1x?x576xf16>
  %s = tensor.dim %k, %c2 : tensor<?x1x?x576xf16>
  %v = tensor.extract_slice %k[0, 0, 0, 0] [%b, 1, %s, 512] [1, 1, 1, 1]
      : tensor<?x1x?x576xf16> to tensor<?x1x?x512xf16>
  %qr = attn.rotary input(%q : tensor<?x1x?x576xf16>) interleaved {rotary_dim = 64}
      -> tensor<?x1x?x576xf16>
  %o = attn.attention query(%qr : tensor<?x1x?x576xf16>)
      key(%k : tensor<?x1x?x576xf16>) value(%v : tensor<?x1x?x512xf16>)
    -> tensor<?x1x?x512xf16>
  return %o : tensor<?x1x?x512xf16>
}

!h = tensor<?x2x?x64xf16>
!p = tensor<?xi32>
func.func @places(%q: !h, %k: !h, %v: !h, %p: !p, %r: !p) -> !h {
  %qr = attn.rotary input(%q : !h) positions(%p : !p) -> !h
  %kr = attn.rotary input(%k : !h) positions(%r : !p) -> !h
  %o = attn.attention query(%qr : !h) key(%kr : !h) value(%v : !h) -> !h
  return %o : !h
}
