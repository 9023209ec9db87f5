// Names come from the attribute, else from use; a header says shapes and types; a private
// function is nobody's to call.

// RUN: rm -rf %t && mkdir %t
// RUN: attn-opt %s --emit=object --chips=sm_80 -o %t/two.functions
// RUN: FileCheck %s --input-file=%t/two.functions.h
// RUN: %cc -std=c99 -Wall -Wextra -Werror -pedantic -I%attn_src/include -fsyntax-only -x c %t/two.functions.h

// CHECK:      Written by attn-opt, for sm_80.
// CHECK:      #ifndef ATTN_PROGRAM_TWO_FUNCTIONS_H
// CHECK:      query: ? x 4 x ? x 64 of f16
// CHECK-NEXT: kv: ? x 4 x ? x 64 of f16
// CHECK-NEXT: capture0: 4 of f32
// CHECK-NEXT: cap: f32
// CHECK-NEXT: left: i64
// CHECK-NEXT: attended: ? x 4 x ? x 64 of f16, written
// CHECK-NEXT: lse: ? x 4 x ? of f32, written
// CHECK:      extern const attn_rt_entry first_entry;
// CHECK-NEXT: int32_t first(
// CHECK-NEXT:   attn_rt_stream *stream,
// CHECK-NEXT:   const attn_rt_tensor *query,
// CHECK-NEXT:   const attn_rt_tensor *kv,
// CHECK-NEXT:   const attn_rt_tensor *capture0,
// CHECK-NEXT:   float cap,
// CHECK-NEXT:   int64_t left,
// CHECK-NEXT:   const attn_rt_tensor *attended,
// CHECK-NEXT:   const attn_rt_tensor *lse,
// CHECK-NEXT:   void *workspace, uint64_t workspace_bytes);
// CHECK:      int32_t second(
// CHECK:      input: 1 x 2 x ? x 64 of bf16
// CHECK-NEXT: out: 1 x 2 x ? x 64 of f8E4M3FN, written
// CHECK-NEXT: scales: 1 x 2 x ? of f32, written
// CHECK:      int32_t third(
// CHECK-NOT:  helper
func.func @first(%q: tensor<?x4x?x64xf16>,
                 %kv: tensor<?x4x?x64xf16> {attn.name = "kv"},
                 %slopes: tensor<4xf32>, %cap: f32 {attn.name = "cap"},
                 %left: index {attn.name = "left"})
    -> (tensor<?x4x?x64xf16> {attn.name = "attended"}, tensor<?x4x?xf32>) {
  %out, %lse = attn.attention query(%q : tensor<?x4x?x64xf16>)
      key(%kv : tensor<?x4x?x64xf16>) value(%kv : tensor<?x4x?x64xf16>)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %slope = attn.load %slopes[%h] : tensor<4xf32>
      %0 = attn.alibi %s, %slope, %i, %j
      %1 = attn.softcap %0, %cap
      attn.yield %1 : f32
    } mask {
    ^bb0(%b: index, %h: index, %i: index, %j: index):
      %m = attn.window %i, %j left %left
      attn.yield %m : i1
    } -> tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
  return %out, %lse : tensor<?x4x?x64xf16>, tensor<?x4x?xf32>
}

func.func @second(%q: tensor<1x2x64x64xbf16>, %k: tensor<1x2x64x64xbf16>,
                  %v: tensor<1x2x64x64xbf16>) -> tensor<1x2x64x64xbf16> {
  %out = attn.attention query(%q : tensor<1x2x64x64xbf16>)
      key(%k : tensor<1x2x64x64xbf16>) value(%v : tensor<1x2x64x64xbf16>)
    -> tensor<1x2x64x64xbf16>
  return %out : tensor<1x2x64x64xbf16>
}

func.func @third(%x: tensor<1x2x?x64xbf16>)
    -> (tensor<1x2x?x64xf8E4M3FN>, tensor<1x2x?xf32>) {
  %q, %s = attn.quantize input(%x : tensor<1x2x?x64xbf16>) {block = 64 : i64}
      -> tensor<1x2x?x64xf8E4M3FN>, tensor<1x2x?xf32>
  return %q, %s : tensor<1x2x?x64xf8E4M3FN>, tensor<1x2x?xf32>
}

func.func private @helper(%x: i32) -> i32 {
  return %x : i32
}
