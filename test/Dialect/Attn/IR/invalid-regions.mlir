// RUN: attn-opt %s -verify-diagnostics -split-input-file --allow-unregistered-dialect

// Regions: one function per constraint, named by its label in docs/Spec.md.

func.func @a9_score_arguments(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A9] expected score region arguments ('f32', 'index', 'index', 'index', 'index'), but got ('f32', 'index')}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %i: index):
    attn.yield %s : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a9_mask_arguments(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A9] expected mask region arguments ('index', 'index', 'index', 'index'), but got ()}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  mask {
    %t = arith.constant true
    attn.yield %t : i1
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a9_score_yield_type(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A9] expected score region to yield 'f32'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{terminator is here}}
    attn.yield %i : index
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a9_mask_yield_type(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A9] expected mask region to yield 'i1'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{terminator is here}}
    attn.yield %i : index
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a9_mask_terminator(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A9] expected mask region to yield 'i1'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{terminator is here}}
    "test.end"() : () -> ()
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_call_in_score(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A10] expected arith, math or attn score ops in the score region, but got 'func.call'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{the op is here}}
    %0 = func.call @callee(%s) : (f32) -> f32
    attn.yield %0 : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_unregistered_in_mask(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A10] expected arith, math or attn score ops in the mask region, but got 'test.any'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{the op is here}}
    %0 = "test.any"() : () -> i1
    attn.yield %0 : i1
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_memref_op_in_score(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>, %m: memref<8xf32>) {
  // expected-error @below {{[A10] expected arith, math or attn score ops in the score region, but got 'memref.load'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{the op is here}}
    %0 = memref.load %m[%j] : memref<8xf32>
    attn.yield %0 : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_side_effect_in_mask(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>, %m: memref<8xi1>, %t: i1) {
  // expected-error @below {{[A10] expected arith, math or attn score ops in the mask region, but got 'memref.store'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{the op is here}}
    memref.store %t, %m[%j] : memref<8xi1>
    attn.yield %t : i1
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_loop_in_mask(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>, %t: i1) {
  // expected-error @below {{[A10] expected arith, math or attn score ops in the mask region, but got 'scf.if'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{the op is here}}
    scf.if %t {
    }
    attn.yield %t : i1
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_tensor_operand(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>, %t: tensor<4xf32>) {
  // expected-error @below {{[A10] expected scalars in the score region, but 'arith.addf' has a value of type 'tensor<4xf32>'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{read an element with attn.load}}
    %0 = arith.addf %t, %t : tensor<4xf32>
    attn.yield %s : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_vector_result(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A10] expected scalars in the score region, but 'arith.constant' has a value of type 'vector<4xf32>'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{read an element with attn.load}}
    %0 = arith.constant dense<0.0> : vector<4xf32>
    attn.yield %s : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_nested_attention(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>, %t: i1) {
  // expected-error @below {{[A10] expected arith, math or attn score ops in the mask region, but got 'attn.attention'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{the op is here}}
    %0 = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
        value(%v : tensor<1x2x8x16xf16>) -> tensor<1x2x8x16xf16>
    attn.yield %t : i1
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a12_capture_kind(%q: tensor<1x2x8x16xf16>, %k: tensor<1x2x8x16xf16>, %v: tensor<1x2x8x16xf16>, %m: memref<8xf32>) {
  // expected-error @below {{[A12] expected captures of the same kind as query, but got 'memref<8xf32>'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%k : tensor<1x2x8x16xf16>)
      value(%v : tensor<1x2x8x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    // expected-note @below {{the capture is read here}}
    %0 = attn.load %m[%j] : memref<8xf32>
    attn.yield %0 : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @empty_block(%q: tensor<1x2x8x16xf16>) {
  // expected-error @below {{empty block: expect at least a terminator}}
  %o = "attn.attention"(%q, %q, %q) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0>}> ({
  }, {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
  }, {
  }) : (tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>, tensor<1x2x8x16xf16>) -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @two_blocks(%q: tensor<1x2x8x16xf16>, %t: i1) {
  // expected-error @below {{region #1 ('mask') failed to verify constraint: region with at most 1 blocks}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    cf.br ^bb1
  ^bb1:
    attn.yield %t : i1
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @l1_number_of_indices(%x: tensor<4x4xf32>, %i: index) {
  // expected-error @below {{[L1] expected 2 indices for capture of type 'tensor<4x4xf32>', but got 1}}
  %0 = attn.load %x[%i] : tensor<4x4xf32>
  return
}

// -----

func.func @yield_elsewhere(%x: i1) {
  // expected-error @below {{expects parent op to be one of 'attn.attention, attn.differential'}}
  attn.yield %x : i1
}

// -----

func.func @m1_dilated_window(%i: index, %j: index) {
  %z = arith.constant 0 : index
  // expected-error @below {{[M1] expected a positive dilation, but got 0}}
  %0 = attn.dilated_window %i, %j, %i, %z
  return
}

// -----

func.func @m1_sparse_strided(%i: index, %j: index) {
  %z = arith.constant -3 : index
  // expected-error @below {{[M1] expected a positive stride, but got -3}}
  %0 = attn.sparse_strided %i, %j, %z
  return
}

// -----

func.func @m1_sparse_fixed(%i: index, %j: index) {
  %z = arith.constant 0 : index
  // expected-error @below {{[M1] expected a positive stride, but got 0}}
  %0 = attn.sparse_fixed %i, %j, %z, %i
  return
}

// -----

func.func @m1_longnet_segment(%i: index, %j: index) {
  %z = arith.constant 0 : index
  // expected-error @below {{[M1] expected a positive segment, but got 0}}
  %0 = attn.longnet %i, %j, %z, %i
  return
}

// -----

func.func @m1_longnet_dilation(%i: index, %j: index) {
  %z = arith.constant -3 : index
  // expected-error @below {{[M1] expected a positive dilation, but got -3}}
  %0 = attn.longnet %i, %j, %i, %z
  return
}

// -----

func.func @m1_chunked(%i: index, %j: index) {
  %z = arith.constant 0 : index
  // expected-error @below {{[M1] expected a positive size, but got 0}}
  %0 = attn.chunked %i, %j, %z
  return
}

// -----

func.func @m1_block_causal(%i: index, %j: index) {
  %z = arith.constant 0 : index
  // expected-error @below {{[M1] expected a positive size, but got 0}}
  %0 = attn.block_causal %i, %j, %z
  return
}

// -----

func.func @m1_block(%i: index, %j: index) {
  %z = arith.constant -3 : index
  // expected-error @below {{[M1] expected a positive size, but got -3}}
  %0 = attn.block %i, %z
  return
}

// -----

func.func @m1_tree_node(%i: index, %j: index) {
  %z = arith.constant 0 : index
  // expected-error @below {{[M1] expected a positive number of nodes, but got 0}}
  %0 = attn.tree_node %j, %i, %z
  return
}

// -----

func.func @m2_empty_list(%i: index, %j: index) {
  // expected-error @below {{[M2] expected a block in the list, but got none}}
  %0 = "attn.block_list"(%i) : (index) -> i1
  return
}

// -----

func.func @m3_one_flag(%i: index, %j: index, %f: i1) {
  // expected-error @below {{[M3] expected a flag of the query and one of the key, or none}}
  %0 = "attn.longformer"(%i, %j, %j, %f) {operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0>} : (index, index, index, i1) -> i1
  return
}

// -----

func.func @r1_one_bucket(%i: index, %j: index) {
  // expected-error @below {{[R1] expected 2 to 128 buckets, but got 1}}
  %0 = attn.relative_bucket %i, %j buckets 1 max_distance 128
  return
}

// -----

func.func @r1_many_buckets(%i: index, %j: index) {
  // expected-error @below {{[R1] expected 2 to 128 buckets, but got 129}}
  %0 = attn.relative_bucket %i, %j buckets 129 max_distance 1000
  return
}

// -----

func.func @r1_odd(%i: index, %j: index) {
  // expected-error @below {{[R1] expected an even number of buckets from 4 when bidirectional, but got 5}}
  %0 = attn.relative_bucket %i, %j buckets 5 max_distance 128 bidirectional
  return
}

// -----

func.func @r1_two_directions(%i: index, %j: index) {
  // expected-error @below {{[R1] expected an even number of buckets from 4 when bidirectional, but got 2}}
  %0 = attn.relative_bucket %i, %j buckets 2 max_distance 128 bidirectional
  return
}

// -----

func.func @r2_near(%i: index, %j: index) {
  // expected-error @below {{[R2] expected a max_distance of more than 16 and less than 2^30, but got 16}}
  %0 = attn.relative_bucket %i, %j buckets 32 max_distance 16
  return
}

// -----

func.func @r2_far(%i: index, %j: index) {
  // expected-error @below {{[R2] expected a max_distance of more than 8 and less than 2^30, but got 1073741824}}
  %0 = attn.relative_bucket %i, %j buckets 32 max_distance 1073741824 bidirectional
  return
}

// -----

func.func @same_document_types(%i: index, %id: i32) {
  // expected-error @below {{requires all operands to have the same type}}
  %0 = "attn.same_document"(%i, %id) : (index, i32) -> i1
  return
}

// -----

func.func @a9_sink_arguments(%q: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A9] expected sink region arguments ('index', 'index'), but got ('index', 'index', 'index')}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>)
  sink {
  ^bb0(%b: index, %h: index, %i: index):
    %r = arith.constant 0.0 : f32
    attn.yield %r : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a9_sink_yield_type(%q: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A9] expected sink region to yield 'f32'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>)
  sink {
  ^bb0(%b: index, %h: index):
    // expected-note @below {{terminator is here}}
    attn.yield %h : index
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a10_sink_body(%q: tensor<1x2x8x16xf16>, %sinks: tensor<2xf32>) {
  // expected-error @below {{[A10] expected arith, math or attn score ops in the sink region, but got 'tensor.extract'}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>)
  sink {
  ^bb0(%b: index, %h: index):
    // expected-note @below {{the op is here}}
    %r = tensor.extract %sinks[%h] : tensor<2xf32>
    attn.yield %r : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

func.func @a16_sink(%q: tensor<1x2x8x16xf16>) {
  // expected-error @below {{[A16] expected no sink region with #attn.identity, whose weights do not depend on one}}
  %o = attn.attention query(%q : tensor<1x2x8x16xf16>) key(%q : tensor<1x2x8x16xf16>)
      value(%q : tensor<1x2x8x16xf16>) {normalizer = #attn.identity}
  sink {
  ^bb0(%b: index, %h: index):
    %r = arith.constant 0.0 : f32
    attn.yield %r : f32
  }
      -> tensor<1x2x8x16xf16>
  return
}

// -----

!q = tensor<1x4x8x16xf16>
!k = tensor<1x4x?x16xf16>

func.func @l2_position_behind(%q: !q, %k: !k, %table: tensor<14xf32>) {
  %o = attn.attention query(%q : !q) key(%k : !k) value(%k : !k)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c2 = arith.constant 2 : index
    %0 = arith.muli %i, %c2 : index
    // expected-error @below {{[L2] expected index 0 within the capture's 'tensor<14xf32>' at every position, but it reaches 14; bring it to the range}}
    %1 = attn.load %table[%0] : tensor<14xf32>
    attn.yield %1 : f32
  } -> !q
  return
}

// -----

!q = tensor<1x4x8x16xf16>
!k = tensor<1x4x?x16xf16>

func.func @l2_position_before(%q: !q, %k: !k, %table: tensor<4x?xf32>) {
  %o = attn.attention query(%q : !q) key(%k : !k) value(%k : !k)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = arith.subi %j, %i : index
    // expected-error @below {{[L2] expected index 1 within the capture's 'tensor<4x?xf32>' at every position, but it reaches -7;}}
    %1 = attn.load %table[%h, %0] : tensor<4x?xf32>
    attn.yield %1 : f32
  } -> !q
  return
}

// -----

!q = tensor<1x4x8x16xf16>

// What is brought to the range, what may be in it at run time, and what is never read.
func.func @l2_within(%q: !q, %none: tensor<1x4x0x16xf16>, %table: tensor<4x8xf32>, %n: index) {
  %0 = attn.attention query(%q : !q) key(%q : !q) value(%q : !q)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c7 = arith.constant 7 : index
    %far = arith.addi %i, %j : index
    %near = arith.minsi %far, %c7 : index
    %1 = attn.load %table[%h, %near] : tensor<4x8xf32>
    %at = arith.addi %h, %n : index
    %2 = attn.load %table[%at, %j] : tensor<4x8xf32>
    attn.yield %2 : f32
  }
  sink {
  ^bb0(%b: index, %h: index):
    %1 = attn.load %table[%h, %b] : tensor<4x8xf32>
    attn.yield %1 : f32
  } -> !q
  %3 = attn.attention query(%q : !q) key(%none : tensor<1x4x0x16xf16>) value(%none : tensor<1x4x0x16xf16>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %c9 = arith.constant 9 : index
    %4 = attn.load %table[%h, %c9] : tensor<4x8xf32>
    attn.yield %4 : f32
  } -> !q
  return
}
