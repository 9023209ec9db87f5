// RUN: attn-opt %s --attn-to-loops --canonicalize --cse -split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-to-loops=precision=float64 --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=F64
// RUN: attn-opt %s --attn-to-loops=precision=same --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=SAME

!q = memref<?x4x?x16xf8E4M3FN>
!k = memref<?x2x?x16xf8E5M2>
!v = memref<?x2x?x16x64xf8E4M3FN>
!o = memref<?x4x?x16xf16>

// Codes become numbers by their bits. Scores are multiplied with the scales of query and
// key, weights with that of the value, which is in transposed blocks.
// CHECK-LABEL: func.func @scales(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<?x4x?x16xf8E4M3FN>, %[[K:[^:]+]]: memref<?x2x?x16xf8E5M2>, %[[V:[^:]+]]: memref<?x2x?x16x64xf8E4M3FN>, %[[QS:[^:]+]]: memref<?x4x?xf32>, %[[KS:[^:]+]]: memref<?x2xf32>, %[[VS:[^:]+]]: memref<1xf32>, %[[O:[^:]+]]: memref<?x4x?x16xf16>)
// CHECK:         memref.load %[[Q]]
// CHECK:         arith.bitcast %{{.*}} : f8E4M3FN to i8
// CHECK:         %[[BLOCK:.*]] = arith.divui %{{.*}}, %c32
// CHECK:         memref.load %[[QS]][%{{.*}}, %{{.*}}, %[[BLOCK]]]
// CHECK:         memref.load %[[KS]][%{{.*}}, %{{.*}}] :
// CHECK:         %[[DOT:.*]] = scf.for {{.*}} -> (f64)
// CHECK:           memref.load %[[K]]
// CHECK:         %[[S0:.*]] = arith.mulf %[[DOT]], %{{.*}} : f64
// CHECK:         %[[S1:.*]] = arith.mulf %[[S0]], %{{.*}} : f64
// CHECK:         %[[S2:.*]] = arith.mulf %[[S1]], %{{.*}} : f64
// CHECK:         memref.load %[[VS]][%c0]
// CHECK:         %[[J:.*]] = arith.divui %{{.*}}, %c64
// CHECK:         %[[WEIGHT:.*]] = arith.mulf %{{.*}} : f64
// CHECK:           memref.load %[[V]][%{{.*}}, %{{.*}}, %[[J]], %[[D:.*]], %{{.*}}]
// CHECK:         memref.store %{{.*}}, %[[O]]

// F64-LABEL: func.func @scales(
// F64:         memref<?x4x?x16xf64>)
// F64-NOT:     arith.truncf

// Scores stay f32; weights are rounded as 8-bit floats of 2^8 times as much, and their
// sum divides the output.
// SAME-LABEL: func.func @scales(
// SAME-DAG:     %[[RANGE:.*]] = arith.constant 2.560000e+02 : f32
// SAME-DAG:     %[[BACK:.*]] = arith.constant 3.906250e-03 : f32
// SAME-DAG:     %[[MOST:.*]] = arith.constant 4.480000e+02 : f64
// SAME-NOT:     arith.truncf %{{.*}} : f32 to f16
// SAME:         %[[W:.*]] = arith.mulf %{{.*}}, %[[RANGE]] : f32
// SAME:         arith.select %{{.*}}, %[[MOST]]
// SAME:         %[[COPY:.*]] = math.copysign
// SAME:         %[[BITS:.*]] = arith.select %{{.*}} : f64
// SAME:         %[[NARROW:.*]] = arith.truncf %[[BITS]] : f64 to f32
// SAME:         arith.mulf %[[NARROW]], %[[BACK]] : f32
// SAME:         arith.truncf %{{.*}} : f32 to f16
func.func @scales(%q: !q, %k: !k, %v: !v, %qs: memref<?x4x?xf32>, %ks: memref<?x2xf32>,
                  %vs: memref<1xf32>, %o: !o) {
  attn.attention query(%q : !q) key(%k : !k) value(%v : !v)
      query_scales(%qs : memref<?x4x?xf32>) key_scales(%ks : memref<?x2xf32>)
      value_scales(%vs : memref<1xf32>) outs(%o : !o) {block = 32 : i64, scale = 0.3 : f32}
  return
}

// -----

!q = memref<?x4x?x16xf16>
!k = memref<?x2x?x16xf8E4M3FN>

// Keys and values that are only stored in 8 bits: an unfused program has them in 16, and
// rounds what it rounds with 16.
// SAME-LABEL: func.func @storage(
// SAME-SAME:    %[[Q:[^:]+]]: memref<?x4x?x16xf16>, %[[K:[^:]+]]: memref<?x2x?x16xf8E4M3FN>, %[[S:[^:]+]]: memref<?x2xf32>,
// SAME-NOT:     2.560000e+02
// SAME:         %[[SCALE:.*]] = memref.load %[[S]]
// SAME:         %[[DOT:.*]] = scf.for
// SAME:           memref.load %[[K]]
// SAME:           %[[X:.*]] = arith.mulf %{{.*}}, %[[SCALE]] : f32
// SAME:           arith.truncf %[[X]] : f32 to f16
// SAME:         arith.mulf %[[DOT]], %{{.*}} : f32
// SAME-NEXT:    arith.truncf %{{.*}} : f32 to f16
func.func @storage(%q: !q, %k: !k, %s: memref<?x2xf32>, %o: !q) {
  attn.attention query(%q : !q) key(%k : !k) value(%k : !k) key_scales(%s : memref<?x2xf32>)
      value_scales(%s : memref<?x2xf32>) outs(%o : !q)
  return
}

// -----

!x = memref<?x2x?x16xf16>
!q = memref<?x2x?x16xf8E4M3FN>
!v = memref<?x2x?x16x32xf8E4M3FN>
!s = memref<?x2x?xf32>

// attn.quantize writes rows past the end of its last transposed block as zeros.
// CHECK-LABEL: func.func @transposed(
// CHECK-SAME:    %{{[^:]+}}: memref<?x2x?x16xf16>, %[[V:[^:]+]]: memref<?x2x?x16x32xf8E4M3FN>,
// CHECK:         memref.store %{{.*}}, %[[V]]
// CHECK:         %[[LENGTH:.*]] = arith.muli %{{.*}}, %c32
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[LENGTH]]
// CHECK:           memref.store %{{.*}}, %[[V]]
func.func @transposed(%x: !x, %v: !v, %s: !s) {
  attn.quantize input(%x : !x) outs(%v, %s : !v, !s) {block = 16 : i64}
  return
}
