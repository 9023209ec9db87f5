// RUN: attn-opt %s --attn-explain=sm_90a | FileCheck %s
// RUN: attn-opt %s --attn-explain-json --chip=sm_90a | %python -c "import json, sys; op = json.load(sys.stdin)['ops'][0]; print(*(op['traffic'][name + '_bytes'] for name in ('query', 'key_value', 'out')), *(b['tflops'] for b in op['bounds']))" | FileCheck %s --check-prefix=JSON

// Each operand has the bytes of its type and of its scales; products of 8-bit floats have a
// rate of their own. A value in transposed blocks does not say how many keys there are.
// CHECK: problem      batch 2, query heads 4, key/value heads 2, queries 1000, keys 1000
// CHECK: traffic {{.*}} query 1.02 MB, keys and values 1.02 MB, captures 0 B, out 2.05 MB
// CHECK: A100 SXM 80GB: does not run code for sm_90a
// CHECK: H100 SXM: {{.*}} at 1978.90 TFLOP/s

// JSON: 1024256 1024144 2048000 0 1978.9 1978.9

!q = tensor<2x4x1000x128xf8E4M3FN>
!k = tensor<2x2x1000x128xf8E4M3FN>
!v = tensor<2x2x8x128x128xf8E4M3FN>
!o = tensor<2x4x1000x128xbf16>

func.func @attention(%q: !q, %k: !k, %v: !v, %qs: tensor<2x4x8xf32>, %ks: tensor<2x2x8xf32>,
                     %vs: tensor<2x2xf32>) -> !o {
  %o = attn.attention query(%q : !q) key(%k : !k) value(%v : !v)
      query_scales(%qs : tensor<2x4x8xf32>) key_scales(%ks : tensor<2x2x8xf32>)
      value_scales(%vs : tensor<2x2xf32>) {block = 128 : i64}
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %keep = attn.causal %i, %j
    attn.yield %keep : i1
  } -> !o
  return %o : !o
}
