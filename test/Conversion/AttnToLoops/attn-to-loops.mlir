// RUN: attn-opt %s --attn-to-loops --canonicalize --cse -split-input-file | FileCheck %s

!q = memref<?x8x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>
!kv = memref<?x2x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>
!lse = memref<?x8x?xf32, strided<[?, ?, ?], offset: ?>>

// The definition from top to bottom: the key/value head of a head, the running
// state of softmax, the weight of a key, the end of a row.
// CHECK-LABEL: func.func @definition(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<{{[^>]*>>}}, %[[K:[^:]+]]: memref<{{[^>]*>>}}, %[[V:[^:]+]]: memref<{{[^>]*>>}}, %[[O:[^:]+]]: memref<?x8x?x64xf16, {{[^>]*>>}}, %[[LSE:[^:]+]]: memref<?x8x?xf32, {{[^>]*>>}})
func.func @definition(%q: !q, %k: !kv, %v: !kv, %o: !q, %lse: !lse) {
  // CHECK-DAG: %[[SCALE:.*]] = arith.constant 1.250000e-01 : f64
  // CHECK-DAG: %[[SK:.*]] = memref.dim %[[K]], %c2
  // CHECK-DAG: %[[SQ:.*]] = memref.dim %[[Q]], %c2
  // CHECK-DAG: %[[B:.*]] = memref.dim %[[Q]], %c0
  // CHECK: scf.for %[[b:.*]] = %c0 to %[[B]]
  // CHECK: scf.for %[[h:.*]] = %c0 to %c8
  // CHECK: %[[TWICE:.*]] = arith.muli %[[h]], %c2
  // CHECK: %[[kv:.*]] = arith.divui %[[TWICE]], %c8
  // CHECK: scf.for %[[i:.*]] = %c0 to %[[SQ]]
  // CHECK: %[[STATE:.*]]:2 = scf.for %[[j:.*]] = %c0 to %[[SK]] {{.*}} iter_args(%[[MAX:.*]] = %{{.*}}, %[[SUM:.*]] = %{{.*}}) -> (f64, f64)
  // CHECK: %[[DOT:.*]] = scf.for %[[d:.*]] = %c0 to %c64
  // CHECK: memref.load %[[K]][%[[b]], %[[kv]], %[[j]], %[[d]]]
  // CHECK: %[[S:.*]] = arith.mulf %[[DOT]], %[[SCALE]] : f64
  // CHECK: arith.maximumf %[[MAX]], %[[S]] : f64
  // CHECK: %[[W:.*]] = math.exp2
  // CHECK: %[[RESCALE:.*]] = math.exp2
  // CHECK: arith.mulf %{{.*}}, %[[RESCALE]] : f64
  // CHECK: memref.load %[[V]][%[[b]], %[[kv]], %[[j]], %{{.*}}]
  // CHECK: arith.mulf %[[W]], %{{.*}} : f64
  // CHECK: scf.yield %{{.*}}, %{{.*}} : f64, f64
  // CHECK: arith.divf %{{.*}}, %[[STATE]]#1
  // CHECK: memref.store %{{.*}}, %[[O]][%[[b]], %[[h]], %[[i]], %{{.*}}]
  // CHECK: memref.store %{{.*}}, %[[LSE]][%[[b]], %[[h]], %[[i]]]
  attn.attention query(%q : !q) key(%k : !kv) value(%v : !kv)
    outs(%o, %lse : !q, !lse)
  return
}

// -----

!t = memref<1x2x8x16xbf16>

// What the mask drops is neither read nor multiplied by anything.
// CHECK-LABEL: func.func @masked(
// CHECK-SAME:    %{{[^:]+}}: memref<1x2x8x16xbf16>, %[[K:[^:]+]]: memref<1x2x8x16xbf16>, %[[V:[^:]+]]: memref<1x2x8x16xbf16>
func.func @masked(%q: !t, %k: !t, %v: !t, %o: !t) {
  // CHECK: %[[KEEP:.*]] = arith.cmpi sle, %[[J:.*]], %{{.*}} : index
  // CHECK-NEXT: scf.if %[[KEEP]] -> (f64, f64)
  // CHECK: memref.load %[[K]]
  // CHECK: memref.load %[[V]]
  // CHECK: } else {
  // CHECK-NEXT: scf.yield
  attn.attention query(%q : !t) key(%k : !t) value(%v : !t) outs(%o : !t)
  mask {
  ^bb0(%b: index, %h: index, %i: index, %j: index):
    %0 = arith.cmpi sle, %j, %i : index
    attn.yield %0 : i1
  }
  return
}

// -----

!t = memref<1x2x8x16xf32>

// The f32 of a region is a real number and becomes f64, in captures and
// constants too; an f16 that the region asks for stays one.
// CHECK-LABEL: func.func @promoted(
// CHECK-SAME:    %[[G:[^:]+]]: f32)
func.func @promoted(%q: !t, %o: !t, %bias: memref<8xf16>, %gain: f32) {
  // CHECK: %[[TENTH:.*]] = arith.constant 0.10000000149011612 : f64
  // CHECK: %[[BIAS:.*]] = memref.load %{{.*}} : memref<8xf16>
  // CHECK: %[[F32:.*]] = arith.extf %[[BIAS]] : f16 to f32
  // CHECK: %[[WIDE:.*]] = arith.extf %[[F32]] : f32 to f64
  // CHECK: %[[GAIN:.*]] = arith.extf %[[G]] : f32 to f64
  // CHECK: arith.mulf %{{.*}}, %[[GAIN]] : f64
  // CHECK: arith.addf %{{.*}}, %[[WIDE]] : f64
  // CHECK: arith.addf %{{.*}}, %[[TENTH]] : f64
  // CHECK: %[[ONCE:.*]] = arith.truncf %{{.*}} : f64 to f32
  // CHECK: %[[HALF:.*]] = arith.truncf %[[ONCE]] : f32 to f16
  // CHECK: arith.mulf %[[HALF]], %[[HALF]] : f16
  // CHECK: arith.sitofp %{{.*}} : i64 to f64
  attn.attention query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %tenth = arith.constant 0.1 : f32
    %0 = attn.load %bias[%j] : memref<8xf16>
    %1 = arith.extf %0 : f16 to f32
    %2 = arith.mulf %s, %gain : f32
    %3 = arith.addf %2, %1 : f32
    %4 = arith.addf %3, %tenth : f32
    %5 = arith.truncf %4 : f32 to f16
    %6 = arith.mulf %5, %5 : f16
    %7 = arith.extf %6 : f16 to f32
    %8 = arith.index_cast %j : index to i64
    %9 = arith.sitofp %8 : i64 to f32
    %10 = arith.addf %7, %9 : f32
    attn.yield %10 : f32
  }
  return
}

// -----

!t = memref<1x2x8x16xf32>

// A region that looks at bits is evaluated in f32, as it is written.
// CHECK-LABEL: func.func @bits(
func.func @bits(%q: !t, %o: !t) {
  // CHECK: %[[S:.*]] = arith.truncf %{{.*}} : f64 to f32
  // CHECK: %[[BITS:.*]] = arith.bitcast %[[S]] : f32 to i32
  // CHECK: %[[R:.*]] = arith.bitcast %{{.*}} : i32 to f32
  // CHECK: arith.extf %[[R]] : f32 to f64
  attn.attention query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t)
  score {
  ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
    %mask = arith.constant 0x7FFFFFFF : i32
    %0 = arith.bitcast %s : f32 to i32
    %1 = arith.andi %0, %mask : i32
    %2 = arith.bitcast %1 : i32 to f32
    attn.yield %2 : f32
  }
  return
}

// -----

!t = memref<?x?x?x16xf32>

// All sizes at run time: the division is by the number of query heads, which
// is not 0 inside of their loop.
// CHECK-LABEL: func.func @dynamic_heads(
// CHECK-SAME:    %[[Q:[^:]+]]: memref<?x?x?x16xf32>, %[[K:[^:]+]]: memref
func.func @dynamic_heads(%q: !t, %k: !t, %o: !t) {
  // CHECK-DAG: %[[HQ:.*]] = memref.dim %[[Q]], %c1
  // CHECK-DAG: %[[HKV:.*]] = memref.dim %[[K]], %c1
  // CHECK: scf.for %[[H:.*]] = %c0 to %[[HQ]]
  // CHECK-NEXT: %[[M:.*]] = arith.muli %[[H]], %[[HKV]] : index
  // CHECK-NEXT: arith.divui %[[M]], %[[HQ]] : index
  attn.attention query(%q : !t) key(%k : !t) value(%k : !t) outs(%o : !t)
  return
}

// -----

!t = memref<1x2x8x16xf16>

// No state and no rescale: a key adds its weight times its value, and the end of a
// row divides by the number of keys.
// CHECK-LABEL: func.func @stateless(
func.func @stateless(%q: !t, %k: !t, %v: !t, %o: !t) {
  // CHECK: %[[INVERSE:.*]] = arith.constant 1.250000e-01 : f64
  // CHECK: scf.for %{{.*}} = %c0 to %c8 step %c1 {
  // CHECK: scf.for %[[J:.*]] = %c0 to %c8 step %c1 {
  // CHECK: %[[DOT:.*]] = scf.for
  // CHECK: %[[S:.*]] = arith.mulf %[[DOT]], %{{.*}} : f64
  // CHECK-NEXT: %[[W:.*]] = arith.maximumf %[[S]], %{{.*}} : f64
  // CHECK: arith.mulf %[[W]], %{{.*}} : f64
  // CHECK: arith.mulf %{{.*}}, %[[INVERSE]] : f64
  attn.attention query(%q : !t) key(%k : !t) value(%v : !t) outs(%o : !t)
    {normalizer = #attn.relu<divide_by_keys = true>}
  return
}

// -----

!t = memref<1x2x8x16xf16>

// The sink is a score more at the end of a row, once for a row, in float64.
// CHECK-LABEL: func.func @sink(
// CHECK-SAME:    %[[SINKS:[^:]+]]: memref<2xf32>)
func.func @sink(%q: !t, %o: !t, %sinks: memref<2xf32>) {
  // CHECK: scf.for %[[H:.*]] = %c0 to %c2
  // CHECK: scf.for %[[I:.*]] = %c0 to %c8
  // CHECK: %[[NARROW:.*]] = memref.load %[[SINKS]][%[[H]]]
  // CHECK: %[[SINK:.*]] = arith.extf %[[NARROW]] : f32 to f64
  // CHECK: %[[R:.*]]:2 = scf.for
  // CHECK: %[[MAX:.*]] = arith.maximumf %[[R]]#0, %[[SINK]] : f64
  // CHECK: math.exp
  // CHECK: math.exp
  attn.attention query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t)
  sink {
  ^bb0(%b: index, %h: index):
    %r = attn.load %sinks[%h] : memref<2xf32>
    attn.yield %r : f32
  }
  return
}
