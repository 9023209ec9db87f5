// RUN: attn-opt %s --attn-to-loops=precision=same -verify-diagnostics -split-input-file

func.func @on_tensors(%q: tensor<1x2x8x16xf16>) -> tensor<1x2x8x16xf16> {
  // expected-error @below {{expected memrefs; run attn-bufferize first}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>)
      key(%q : tensor<1x2x8x16xf16>) value(%q : tensor<1x2x8x16xf16>)
      -> tensor<1x2x8x16xf16>
  return %o : tensor<1x2x8x16xf16>
}

// -----

!t = memref<1x2x8x16xf16>

func.func @named_op(%q: !t, %o: !t) {
  attn.attention query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-error @below {{'attn.causal' op expected only arith and math; run attn-expand-score-ops first}}
    %0 = attn.causal %i, %j
    attn.yield %0 : i1
  }
  return
}

// -----

!t = memref<1x2x8x16xf16>

// precision=same changes the type of the outs, which only an argument can.
func.func @outs_from_inside(%q: !t) {
  %o = memref.alloc() : !t
  // expected-error @below {{expected outs that are function arguments, to turn them into f64}}
  attn.attention query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t)
  return
}

// -----

!t = memref<1x2x8x16xf16>

func.func @outs_that_are_read(%q: !t, %o: !t) -> f16 {
  // expected-error @below {{expected outs that nothing but attn ops reads, to turn them into f64}}
  attn.attention query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t)
  %c0 = arith.constant 0 : index
  // expected-note @below {{a reader is here}}
  %x = memref.load %o[%c0, %c0, %c0, %c0] : !t
  return %x : f16
}
