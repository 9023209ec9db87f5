// Names of scales, and of what attn.quantize reads for an op after it.

// RUN: rm -rf %t && mkdir %t
// RUN: attn-opt %s --emit=object --chips=sm_90a -o %t/float8
// RUN: FileCheck %s --input-file=%t/float8.h
// RUN: %cc -std=c99 -Wall -Wextra -Werror -pedantic -I%attn_src/include -fsyntax-only -x c %t/float8.h

// CHECK:      query: ? x 2 x ? x 64 of f8E4M3FN
// CHECK-NEXT: key: ? x 2 x ? x 64 of f8E4M3FN
// CHECK-NEXT: value: ? x 2 x ? x 64 x 128 of f8E4M3FN
// CHECK-NEXT: value_scales: ? x 2 x ? of f32
// CHECK-NEXT: query_scales: 1 of f32
// CHECK-NEXT: out: ? x 2 x ? x 64 of f16, written
// CHECK:      int32_t given(
// CHECK:      query: ? x 2 x ? x 64 of f16
// CHECK-NEXT: value: ? x 2 x ? x 64 of f16
// CHECK-NEXT: out: ? x 2 x ? x 64 of f16, written
// CHECK:      int32_t made(

!x = tensor<?x2x?x64xf16>
!q = tensor<?x2x?x64xf8E4M3FN>
!v = tensor<?x2x?x64x128xf8E4M3FN>
!s = tensor<?x2x?xf32>

func.func @given(%q: !q, %k: !q, %v: !v, %vs: !s, %qs: tensor<1xf32>) -> !x {
  %o = attn.attention query(%q : !q) key(%k : !q) value(%v : !v) query_scales(%qs : tensor<1xf32>)
      value_scales(%vs : !s) {block = 128 : i64} -> !x
  return %o : !x
}

func.func @made(%x: !x, %y: !x) -> !x {
  %q, %qs = attn.quantize input(%x : !x) {block = 128 : i64} -> !q, !s
  %v, %vs = attn.quantize input(%y : !x) {block = 128 : i64} -> !v, !s
  %o = attn.attention query(%q : !q) key(%q : !q) value(%v : !v) query_scales(%qs : !s)
      key_scales(%qs : !s) value_scales(%vs : !s) {block = 128 : i64} -> !x
  return %o : !x
}
