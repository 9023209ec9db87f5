// RUN: attn-opt %s --attn-to-loops=precision=float64 --canonicalize --cse | FileCheck %s --check-prefix=F64
// RUN: attn-opt %s --attn-to-loops=precision=same --canonicalize --cse | FileCheck %s --check-prefix=SAME

!t = memref<?x2x?x16xbf16>

// Both give outs of f64. float64 never narrows; same narrows the scores before
// and after the region, the weights and the output, and sums in f32.
// F64-LABEL: func.func @precision(
// F64-SAME:    memref<?x2x?x16xbf16>, %[[O:[^:]+]]: memref<?x2x?x16xf64>, %[[LSE:[^:]+]]: memref<?x2x?xf64>)
// F64-NOT: arith.truncf
// F64: math.exp2 %{{.*}} : f64
// F64: memref.store %{{.*}}, %[[O]]
// F64: memref.store %{{.*}}, %[[LSE]]

// SAME-LABEL: func.func @precision(
// SAME-SAME:    memref<?x2x?x16xbf16>, %[[O:[^:]+]]: memref<?x2x?x16xf64>, %[[LSE:[^:]+]]: memref<?x2x?xf64>)
// SAME: memref.alloc(%{{.*}}) : memref<?xf32>
// SAME: scf.if
// SAME: %[[DOT:.*]] = scf.for {{.*}} -> (f32)
// SAME: %[[SCALED:.*]] = arith.mulf %[[DOT]], %{{.*}} : f32
// SAME: %[[S:.*]] = arith.truncf %[[SCALED]] : f32 to bf16
// SAME: %[[WIDE:.*]] = arith.extf %[[S]] : bf16 to f32
// SAME: %[[ABS:.*]] = math.absf %[[WIDE]] : f32
// SAME: arith.truncf %[[ABS]] : f32 to bf16
// SAME: math.exp2 %{{.*}} : f32
// SAME: %[[LOG:.*]] = math.log %{{.*}} : f32
// SAME: %[[LSE32:.*]] = arith.addf %{{.*}}, %[[LOG]] : f32
// SAME: %[[E:.*]] = math.exp2 %{{.*}} : f32
// SAME: %[[W:.*]] = arith.mulf %[[E]], %{{.*}} : f32
// SAME: arith.truncf %[[W]] : f32 to bf16
// SAME: arith.truncf %{{.*}} : f32 to bf16
// SAME: arith.extf %{{.*}} : f32 to f64
// SAME: memref.store %{{.*}}, %[[O]]
// SAME: arith.extf %[[LSE32]] : f32 to f64
// SAME: memref.store %{{.*}}, %[[LSE]]
func.func @precision(%q: !t, %k: !t, %v: !t, %o: !t, %lse: memref<?x2x?xf32>) {
  attn.attention query(%q : !t) key(%k : !t) value(%v : !t)
    outs(%o, %lse : !t, memref<?x2x?xf32>)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %0 = math.absf %s : f32
    attn.yield %0 : f32
  } mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sle, %j, %i : index
    attn.yield %0 : i1
  }
  return
}
