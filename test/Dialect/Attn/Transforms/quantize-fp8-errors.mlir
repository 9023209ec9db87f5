// RUN: attn-opt %s --attn-quantize-fp8 -verify-diagnostics -split-input-file

!t = tensor<1x1x4x64xf32>
func.func @f32(%q: !t) -> !t {
  // expected-error @below {{expected query, key and value of f16 or bf16 to quantize, but got 'f32'}}
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x64xf16>
func.func @unbounded_weights(%q: !t) -> !t {
  // expected-error @below {{expected a normalizer with weights from 0 to 1, which 8 bits can hold, but got #attn.identity}}
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
      {normalizer = #attn.identity} -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x64xf16>
func.func @differential(%q: !t, %l: f32) -> !t {
  // expected-error @below {{expected attn.attention to quantize: the maps of this op have no 8-bit form}}
  %o = attn.differential query0(%q : !t) key0(%q : !t) query1(%q : !t) key1(%q : !t)
      value(%q : !t) lambda(%l : f32) -> !t
  return %o : !t
}

// -----

!t = memref<1x1x4x64xf16>
func.func @memrefs(%q: !t, %o: !t) {
  // expected-error @below {{expected tensors: run attn-quantize-fp8 before attn-bufferize}}
  attn.attention query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t)
  return
}
