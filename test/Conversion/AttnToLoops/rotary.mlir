// RUN: attn-opt %s --attn-to-loops --canonicalize --cse -split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-to-loops=precision=float64 --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=F64
// RUN: attn-opt %s --attn-to-loops=precision=same --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=SAME

!t = memref<?x2x?x8xf16>

// The angle is a product in f32; what follows is in f64, or with same in f32.
// CHECK: memref.global "private" constant @rotary_frequencies : memref<1x2xf32> = dense<{{\[\[}}1.000000e+00, 0.00999999977]]>
// CHECK-LABEL: func.func @partial(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x2x?x8xf16>, %[[O:[^:]+]]: memref<?x2x?x8xf16>, %[[PAST:[^:]+]]: index)
// CHECK:         %[[F:.*]] = memref.get_global @rotary_frequencies
// CHECK:           %[[P:.*]] = arith.addi %[[I:.*]], %[[PAST]]
// CHECK:           scf.for %[[D:.*]] = %c0 to %c2 step %c1 {
// CHECK:             %[[REAL:.*]] = arith.sitofp %{{.*}} : i64 to f32
// CHECK:             %[[FD:.*]] = memref.load %[[F]][%c0, %[[D]]]
// CHECK:             %[[A:.*]] = arith.mulf %[[REAL]], %[[FD]] : f32
// CHECK:             %[[WIDE:.*]] = arith.extf %[[A]] : f32 to f64
// CHECK:             math.cos %[[WIDE]] : f64
// CHECK:             math.sin %[[WIDE]] : f64
// CHECK:             %[[HIGH:.*]] = arith.addi %[[D]], %c2
// CHECK:             arith.truncf %{{.*}} : f32 to f16
// CHECK:             memref.store %{{.*}}, %[[O]][%{{.*}}, %{{.*}}, %[[I]], %[[D]]]
// CHECK:             memref.store %{{.*}}, %[[O]][%{{.*}}, %{{.*}}, %[[I]], %[[HIGH]]]
// CHECK:           scf.for %[[E:.*]] = %c4 to %c8 step %c1 {
// CHECK:             memref.store %{{.*}}, %[[O]][%{{.*}}, %{{.*}}, %[[I]], %[[E]]]

// F64-LABEL: func.func @partial(
// F64-SAME:    memref<?x2x?x8xf16>, %{{.*}}: memref<?x2x?x8xf64>, %{{.*}}: index)
// F64-NOT:     arith.truncf

// SAME-LABEL: func.func @partial(
// SAME-SAME:    memref<?x2x?x8xf16>, %{{.*}}: memref<?x2x?x8xf64>, %{{.*}}: index)
// SAME:         math.cos %{{.*}} : f32
// SAME:         %[[T:.*]] = arith.truncf %{{.*}} : f32 to f16
// SAME:         %[[U:.*]] = arith.extf %[[T]] : f16 to f32
// SAME:         arith.extf %[[U]] : f32 to f64
func.func @partial(%x: !t, %o: !t, %past: index) {
  attn.rotary input(%x : !t) offset(%past) outs(%o : !t) {rotary_dim = 4}
  return
}

// -----

!t = memref<1x2x?x4xf16>

// A table's row is the position; in workspace, only float64 is not rounded.
// CHECK-LABEL: func.func @through_workspace(
// CHECK-SAME:    %[[X:[^:]+]]: {{.*}}, %[[C:[^:]+]]: memref<64x2xf16>, %[[P:[^:]+]]: memref<?xi64>, %[[W:[^:]+]]: index
// CHECK:         %[[R:.*]] = memref.alloc(%[[W]]) : memref<1x2x?x4xf16>
// CHECK:         %[[AT:.*]] = memref.load %[[P]][%{{.*}}]
// CHECK:         %[[ROW:.*]] = arith.index_cast %[[AT]] : i64 to index
// CHECK:         memref.load %[[C]][%[[ROW]], %{{.*}}]
// CHECK:         memref.store %{{.*}}, %[[R]]
// CHECK:         memref.load %[[R]]
// CHECK:         memref.dealloc %[[R]]
// F64:           memref.alloc(%{{.*}}) : memref<1x2x?x4xf64>
// SAME:          memref.alloc(%{{.*}}) : memref<1x2x?x4xf16>
func.func @through_workspace(%x: !t, %c: memref<64x2xf16>, %p: memref<?xi64>, %n: index,
                             %o: !t) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %bytes = arith.muli %n, %c16 : index
  %w = attn.workspace %bytes : memref<?xi8>
  %r = memref.view %w[%c0][%n] : memref<?xi8> to !t
  attn.rotary input(%x : !t) positions(%p : memref<?xi64>) cos(%c : memref<64x2xf16>)
      sin(%c : memref<64x2xf16>) outs(%r : !t)
  attn.attention query(%r : !t) key(%x : !t) value(%x : !t) outs(%o : !t)
  return
}

// -----

!t = memref<1x2x?x4xf32>

// Both lists of frequencies are constants; the length of the sequence says which.
// CHECK: memref.global "private" constant @rotary_frequencies : memref<2x2xf32> = dense<{{\[\[}}1.000000e+00, 0.00999999977], [5.000000e-01, 2.500000e-03]]>
// CHECK-LABEL: func.func @long(
// CHECK-SAME:    %[[N:[^:]+]]: index
// CHECK:         %[[LONG:.*]] = arith.cmpi sgt, %[[N]], %c4096
// CHECK:         %[[ROW:.*]] = arith.select %[[LONG]], %c1, %c0
// CHECK:         memref.load %{{.*}}[%[[ROW]], %{{.*}}] : memref<2x2xf32>
func.func @long(%n: index, %x: !t, %o: !t) {
  attn.rotary input(%x : !t) length(%n) outs(%o : !t)
    {scaling = #attn.long_rotary<short_factors = [1.0, 1.0], long_factors = [2.0, 4.0],
     factor = 32.0, original_length = 4096>}
  return
}
