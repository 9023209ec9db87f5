// RUN: attn-opt %s --attn-to-loops --canonicalize --cse -split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-to-loops=precision=float64 --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=F64
// RUN: attn-opt %s --attn-to-loops=precision=same --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=SAME

!x = memref<?x2x?x8xf16>
!q = memref<?x2x?x8xf8E4M3FN>
!s = memref<?x2x?xf32>

// CHECK-LABEL: func.func @plain(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x2x?x8xf16>, %[[Q:[^:]+]]: memref<?x2x?x8xf8E4M3FN>, %[[S:[^:]+]]: memref<?x2x?xf32>)
// CHECK-DAG:     %[[INF:.*]] = arith.constant 0x7FF0000000000000 : f64
// CHECK-DAG:     %[[MOST:.*]] = arith.constant 4.480000e+02 : f64
// CHECK-DAG:     %[[TINY:.*]] = arith.constant 7.8886090522101181E-31 : f64
// CHECK:         arith.ceildivui %{{.*}}, %c4
// CHECK:           %[[END:.*]] = arith.minui
// CHECK:           %[[MAX:.*]] = scf.for %{{.*}} = %[[FIRST:.*]] to %[[END]]
// CHECK:             scf.for
// CHECK:               %[[FINITE:.*]] = arith.cmpf olt, %{{.*}}, %[[INF]] : f64
// CHECK:               arith.maxnumf
// CHECK:           %[[SCALE:.*]] = arith.divf %[[MAX]], %[[MOST]] : f64
// CHECK:           %[[NARROW:.*]] = arith.truncf %[[SCALE]] : f64 to f32
// CHECK:           %[[WIDE:.*]] = arith.extf %[[NARROW]] : f32 to f64
// CHECK:           arith.cmpf olt, %[[WIDE]], %[[TINY]] : f64
// CHECK:           memref.store %{{.*}}, %[[S]]
// CHECK:           scf.for
// CHECK:             %[[BYTE:.*]] = arith.trunci %{{.*}} : i64 to i8
// CHECK:             %[[CODE:.*]] = arith.bitcast %[[BYTE]] : i8 to f8E4M3FN
// CHECK:             memref.store %[[CODE]], %[[Q]]

// F64-LABEL: func.func @plain(
// F64-SAME:    memref<?x2x?x8xf16>, %[[Q:[^:]+]]: memref<?x2x?x8xf64>, %{{.*}}: memref<?x2x?xf64>)
// F64-NOT:     arith.truncf
// F64-NOT:     arith.bitcast

// SAME-LABEL: func.func @plain(
// SAME-SAME:    memref<?x2x?x8xf16>, %[[Q:[^:]+]]: memref<?x2x?x8xf64>, %{{.*}}: memref<?x2x?xf64>)
// SAME:         arith.divf %{{.*}} : f32
// SAME-NOT:     f8E4M3FN
// SAME:         math.copysign
// SAME:         memref.store %{{.*}}, %[[Q]]
func.func @plain(%x: !x, %q: !q, %s: !s) {
  attn.quantize input(%x : !x) outs(%q, %s : !q, !s) {block = 4 : i64}
  return
}

// -----

!x = memref<?x2x?x48xf32>
!q = memref<?x2x?x48xf8E5M2>
!s = memref<?x2x?xf32>

// Three transforms of 16.
// CHECK:       memref.global "private" constant @hadamard_signs : memref<48xf32> = dense<
// CHECK-LABEL: func.func @transformed(
// CHECK:         %[[ROOT:.*]] = arith.constant 2.500000e-01 : f64
// CHECK:         scf.for %[[D:.*]] = %c0 to %c48
// CHECK:           arith.remui %[[D]], %c16
// CHECK:           scf.for %{{.*}} = %c0 to %c16
// CHECK:             math.ctpop
// CHECK:           arith.mulf %{{.*}}, %[[ROOT]]
func.func @transformed(%x: !x, %q: !q, %s: !s) {
  attn.quantize input(%x : !x) outs(%q, %s : !q, !s)
      {block = 4 : i64, hadamard_seed = 1 : i64}
  return
}
