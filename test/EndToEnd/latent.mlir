// Latent attention in its absorbed form (DeepSeek-V2, arXiv 2405.04434): the value is the
// first 512 columns of the key, which has one head of 512 + 64 columns. Heads of one token
// may be written as rows of one head. The masks have a test of their own.

// RUN: attn-run %s --device=sim --chip=sm_80 --check --timing=latest,earliest --seed=0,1 --inputs=random:2x1x128x576,random:2x1x333x576 --stats=%t.json | FileCheck %s
// RUN: FileCheck %s --check-prefix=ONCE --input-file=%t.json
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=random:2x1x128x576,random:2x1x333x576 --stats=%t.json | FileCheck %s
// RUN: FileCheck %s --check-prefix=ONCE --input-file=%t.json
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x1x1x576,random:1x1x1x576 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=random:1x1x1x576,random:1x1x1x576 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --inputs=random:1x1x70x576,random:1x1x0x576 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=random:1x1x70x576,random:1x1x0x576 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --check --layout=bshd --row-padding=8 --inputs=random:2x65x1x576,random:2x129x1x576 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --layout=bshd --row-padding=8 --inputs=random:2x65x1x576,random:2x129x1x576 | FileCheck %s

// More tiles of rows than multiprocessors: a block walks over two.
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --inputs=random:70x1x70x576,random:70x1x70x576 | FileCheck %s

// Blocks of a cluster share the tiles, and outputs that would not change are not rescaled.
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=64,n=64,warps=8,consumers=2,producer_registers=24,consumer_registers=240,stages=2,weights=shared,split=columns,cluster=2,threshold=8 --inputs=random:1x1x200x576,random:1x1x333x576 | FileCheck %s

// Other shares: four groups of warps, and a tile of 32 keys.
// RUN: attn-run %s --device=sim --chip=sm_80 --check --schedule=m=32,n=64,warps=8,stages=1,weights=shared,split=columns --inputs=random:1x1x65x576,random:1x1x333x576 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --check --timing=latest,earliest --seed=0,1 --schedule=m=64,n=32,warps=8,consumers=2,stages=3,weights=shared,split=columns --inputs=random:1x1x65x576,random:1x1x333x576 | FileCheck %s

// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

// Keys are read once for each of two blocks of rows of two batches, values by no one.
// ONCE:      "key": {
// ONCE-NEXT: "bytes_read": 1534464
// ONCE-NOT:  "value"

func.func @attention(%q: tensor<?x1x?x576xbf16>, %k: tensor<?x1x?x576xbf16>)
    -> (tensor<?x1x?x512xbf16>, tensor<?x1x?xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %k, %c0 : tensor<?x1x?x576xbf16>
  %s = tensor.dim %k, %c2 : tensor<?x1x?x576xbf16>
  %v = tensor.extract_slice %k[0, 0, 0, 0] [%b, 1, %s, 512] [1, 1, 1, 1]
      : tensor<?x1x?x576xbf16> to tensor<?x1x?x512xbf16>
  %o, %lse = attn.attention query(%q : tensor<?x1x?x576xbf16>)
      key(%k : tensor<?x1x?x576xbf16>) value(%v : tensor<?x1x?x512xbf16>)
      {scale = 0.07216878 : f32}
    -> tensor<?x1x?x512xbf16>, tensor<?x1x?xf32>
  return %o, %lse : tensor<?x1x?x512xbf16>, tensor<?x1x?xf32>
}
