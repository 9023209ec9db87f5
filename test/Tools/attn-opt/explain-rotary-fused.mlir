// RUN: attn-opt %s --attn-explain=sm_80 | FileCheck %s --check-prefixes=CHECK,AMPERE
// RUN: attn-opt %s --attn-explain=sm_90a | FileCheck %s --check-prefixes=CHECK,HOPPER

// Where a query or key is rotated, and what the rule compares.

// One query of each head: a launch is more than the rotation of a row.
// CHECK:      @decode, op 0 at
// CHECK:      rotary     the query is rotated in the kernel of attention: 131.07 kB less are read and written
// AMPERE-NEXT: estimates for A100 SXM 80GB, batch 8, heads 32 and 8, queries 1, keys 4096 (not known); query 0.06 us before, 0.48 us in the kernel; a launch before 2.00 us{{$}}
// HOPPER-NEXT: estimates for H100 SXM, batch 8, heads 32 and 8, queries 1, keys 4096 (not known); query 0.04 us before, 0.61 us in the kernel; a launch before 2.00 us{{$}}
// CHECK-NEXT: launches   1
// CHECK:      workspace  0 bytes
!one = tensor<8x32x1x128xf16>
!cache = tensor<8x8x?x128xf16>
func.func @decode(%q: !one, %k: !cache, %v: !cache, %past: index) -> !one {
  %qr = attn.rotary input(%q : !one) offset(%past) -> !one
  %o = attn.attention query(%qr : !one) key(%k : !cache) value(%v : !cache) -> !one
  return %o : !one
}

// One block of queries for each head, and keys of its own: nothing is rotated twice.
// CHECK:      @short, op 0 at
// CHECK:      rotary     the query is rotated in the kernel of attention: 4.19 MB less are read and written
// CHECK-NEXT: rotary     the key is rotated in the kernel of attention: 134.22 MB less are read and written
// CHECK-NEXT: estimates for
// CHECK-NEXT: launches   1
!short = tensor<16x32x16x128xf16>
!keys = tensor<16x32x512x128xf16>
func.func @short(%q: !short, %k: !keys, %v: !keys) -> !short {
  %qr = attn.rotary input(%q : !short) -> !short
  %kr = attn.rotary input(%k : !keys) -> !keys
  %o = attn.attention query(%qr : !short) key(%kr : !keys) value(%v : !keys) -> !short
  return %o : !short
}

// Sixteen heads share each key.
// CHECK:      @grouped, op 0 at
// CHECK:      rotary     the key is rotated before, each element once: 16.78 MB more are read and written; in the walk it would be rotated 16 times
!many = tensor<16x64x16x128xf16>
!few = tensor<16x4x512x128xf16>
func.func @grouped(%q: !many, %k: !few, %v: !few) -> !many {
  %qr = attn.rotary input(%q : !many) -> !many
  %kr = attn.rotary input(%k : !few) -> !few
  %o = attn.attention query(%qr : !many) key(%kr : !few) value(%v : !few) -> !many
  return %o : !many
}

// A row has 101 keys at most: memory is the bound. The key is rotated before all the same, as
// nothing says that there is one block of queries.
// CHECK:      @window, op 0 at
// CHECK:      rotary     the query is rotated in the kernel of attention
// CHECK-NEXT: rotary     the key is rotated before, each element once
// CHECK-NEXT: queries 4096 (not known), keys 4096 (not known); query
!long = tensor<?x32x?x128xf16>
func.func @window(%q: !long, %k: !long, %v: !long) -> !long {
  %qr = attn.rotary input(%q : !long) -> !long
  %kr = attn.rotary input(%k : !long) -> !long
  %w = arith.constant 50 : index
  %o = attn.attention query(%qr : !long) key(%kr : !long) value(%v : !long)
    mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.window %i, %j left %w right %w
      attn.yield %m : i1
    } -> !long
  return %o : !long
}

// Products are the bound, and stand still for a rotation.
// CHECK:      @long, op 0 at
// CHECK:      rotary     the query is rotated before, each element once
// CHECK-NEXT: rotary     the key is rotated before, each element once
// AMPERE-NEXT: a launch before 2.00 us; fused from a gain of 44.05 us on
// HOPPER-NEXT: a launch before 2.00 us; fused from a gain of 13.89 us on
func.func @long(%q: !long, %k: !long, %v: !long) -> !long {
  %qr = attn.rotary input(%q : !long) -> !long
  %kr = attn.rotary input(%k : !long) -> !long
  %o = attn.attention query(%qr : !long) key(%kr : !long) value(%v : !long) -> !long
  return %o : !long
}

// What the caller gets is written in any case.
// CHECK:      @returned, op 0 at
// CHECK:      rotary     the query is rotated before, each element once: 131.07 kB more are read and written; the kernel of attention cannot: the caller gets the rotated tensor
func.func @returned(%q: !one, %k: !cache, %v: !cache) -> (!one, !one) {
  %qr = attn.rotary input(%q : !one) -> !one
  %o = attn.attention query(%qr : !one) key(%k : !cache) value(%v : !cache) -> !one
  return %o, %qr : !one, !one
}
