// RUN: attn-opt %s --attn-bufferize -verify-diagnostics -split-input-file --allow-unregistered-dialect

!t = tensor<1x1x4x16xf16>

func.func @other_op_on_tensors(%q: !t) -> !t {
  // expected-error @below {{'arith.addf' op cannot run on device tensors: expected only attn ops, tensor.dim, tensor.cast and tensor.extract_slice beside them, directly in the function}}
  %sum = arith.addf %q, %q : !t
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @under_control_flow(%q: !t, %c: i1) {
  scf.if %c {
    // expected-error @below {{'attn.attention' op cannot run on device tensors}}
    %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  }
  return
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @result_as_operand(%q: !t) -> (!t, !t) {
  %0 = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  // expected-error @below {{expected operands that are function arguments or results of attn.rotary or attn.quantize; a result of another op would need memory that no one owns}}
  %1 = attn.attention query(%0 : !t) key(%q : !t) value(%q : !t) -> !t
  return %0, %1 : !t, !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @result_not_returned(%q: !t) -> !t {
  // expected-error @below {{expected result 1 to be returned by the function}}
  %o, %lse = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
      -> !t, tensor<1x1x4xf32>
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @result_returned_twice(%q: !t) -> (!t, !t) {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  // expected-error @below {{expected every result to be returned once}}
  return %o, %o : !t, !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @argument_returned(%q: !t) -> (!t, !t) {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  // expected-error @below {{expected every returned tensor to be the result of an attn op}}
  return %o, %q : !t, !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @size_of_a_result(%q: !t) -> (!t, index) {
  %c2 = arith.constant 2 : index
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  // expected-error @below {{expected a dimension of a function argument}}
  %n = tensor.dim %o, %c2 : !t
  return %o, %n : !t, index
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @cast_of_a_result(%q: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  // expected-error @below {{expected a cast of a function argument to a ranked tensor}}
  %c = tensor.cast %o : !t to tensor<?x1x4x16xf16>
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @slice_of_a_result(%q: !t) -> !t {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  // expected-error @below {{expected a slice of a function argument}}
  %c = tensor.extract_slice %o[0, 0, 0, 0] [1, 1, 4, 8] [1, 1, 1, 1] : !t to tensor<1x1x4x8xf16>
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @cast_to_unranked(%q: !t) -> !t {
  // expected-error @below {{expected a cast of a function argument to a ranked tensor}}
  %c = tensor.cast %q : !t to tensor<*xf16>
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>

func.func @constant_capture(%q: !t) -> !t {
  // expected-error @below {{'arith.constant' op cannot run on device tensors}}
  %table = arith.constant dense<1.0> : tensor<4xf32>
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = attn.load %table[%j] : tensor<4xf32>
    attn.yield %0 : f32
  } -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>

// expected-error @below {{expected a single block around attn ops}}
func.func @two_blocks(%q: !t) -> !t {
  cf.br ^bb1
^bb1:
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  return %o : !t
}

// -----

!t = tensor<1x1x4x16xf16>

// expected-error @below {{expected a func.return around attn ops}}
func.func @unknown_terminator(%q: !t) {
  %o = attn.attention query(%q : !t) key(%q : !t) value(%q : !t) -> !t
  "test.end"() : () -> ()
}
