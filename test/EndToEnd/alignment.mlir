// Rows that do not start at multiples of 16 bytes: refused by a kernel for aligned
// rows, right with one compiled for a smaller alignment.

// RUN: not attn-run %s --device=sim --chip=sm_80 --row-padding=1 --inputs=random:1x2x70x40,random:1x2x90x40,random:1x2x90x40 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: attn-run %s --device=sim --chip=sm_80 --row-padding=4 --alignment=8 --check --inputs=random:1x2x70x40,random:1x2x90x40,random:1x2x90x40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --row-padding=4 --alignment=8 --check --inputs=random:1x2x70x40,random:1x2x90x40,random:1x2x90x40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --row-padding=2 --alignment=4 --check --inputs=random:1x2x70x40,random:1x2x90x40,random:1x2x90x40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --row-padding=2 --alignment=4 --check --inputs=random:1x2x70x40,random:1x2x90x40,random:1x2x90x40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --row-padding=1 --alignment=2 --check --inputs=random:1x2x70x40,random:1x2x90x40,random:1x2x90x40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --row-padding=1 --alignment=2 --check --inputs=random:1x2x70x40,random:1x2x90x40,random:1x2x90x40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_80 --row-padding=3 --alignment=2 --layout=bshd --check --inputs=random:1x70x2x40,random:1x90x2x40,random:1x90x2x40 | FileCheck %s
// RUN: attn-run %s --device=sim --chip=sm_90a --timing=latest,earliest --seed=0,1 --row-padding=3 --alignment=2 --layout=bshd --check --inputs=random:1x70x2x40,random:1x90x2x40,random:1x90x2x40 | FileCheck %s
// REFUSED: stride of dimension {{[0-9]}} of query modulo 8 elements (rows start at multiples of 16 bytes; compile with a smaller alignment for others): expected 0, but got
// CHECK: "findings":0
// CHECK-SAME: "verdict":"ok"

func.func @attention(%q: tensor<?x2x?x40xbf16>, %k: tensor<?x2x?x40xbf16>,
                     %v: tensor<?x2x?x40xbf16>) -> tensor<?x2x?x40xbf16> {
  %o = attn.attention query(%q : tensor<?x2x?x40xbf16>)
      key(%k : tensor<?x2x?x40xbf16>) value(%v : tensor<?x2x?x40xbf16>)
    -> tensor<?x2x?x40xbf16>
  return %o : tensor<?x2x?x40xbf16>
}
