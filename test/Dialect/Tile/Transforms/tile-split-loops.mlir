// RUN: attn-opt %s --allow-unregistered-dialect --pass-pipeline="builtin.module(gpu.module(gpu.func(tile-split-loops)))" | FileCheck %s

gpu.module @kernels {

// Nothing asks where the loop is: it stays as it is.
// CHECK-LABEL: gpu.func @no_cut(
// CHECK:         scf.for %{{.*}} = %{{.*}} to %{{.*}} step
// CHECK-NOT:     scf.for
// CHECK:         gpu.return
gpu.func @no_cut(%n: i32, %x: f32, %c: i1) kernel {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  scf.for %t = %zero to %n step %one : i32 {
    scf.if %c {
      "test.work"(%x) : (f32) -> ()
    }
  }
  gpu.return
}

// One cut: each part knows the answer, and the second one goes on with the results
// of the first. The bound is brought between the ends of the loop.
// CHECK-LABEL: gpu.func @one_cut(
// CHECK-SAME:    %[[N:.*]]: i32, %[[BOUND:.*]]: i32, %[[X:.*]]: f32)
// CHECK:         %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK:         %[[LOW:.*]] = arith.maxsi %[[BOUND]], %[[ZERO]]
// CHECK:         %[[HIGH:.*]] = arith.minsi %[[LOW]], %[[N]]
// CHECK:         %[[CUT:.*]] = arith.maxsi %[[HIGH]], %[[ZERO]]
// CHECK:         %[[FIRST:.*]] = scf.for %{{.*}} = %[[ZERO]] to %[[CUT]] step %{{.*}} iter_args(%{{.*}} = %[[X]])
// CHECK-NEXT:      "test.masked"
// CHECK:         %[[REST:.*]] = scf.for %{{.*}} = %[[CUT]] to %[[N]] step %{{.*}} iter_args(%{{.*}} = %[[FIRST]])
// CHECK-NEXT:      "test.plain"
// CHECK:         "test.use"(%[[REST]])
gpu.func @one_cut(%n: i32, %bound: i32, %x: f32) kernel {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %r = scf.for %t = %zero to %n step %one iter_args(%s = %x) -> f32 : i32 {
    %masked = arith.cmpi slt, %t, %bound : i32
    %next = scf.if %masked -> f32 {
      %0 = "test.masked"(%s) : (f32) -> f32
      scf.yield %0 : f32
    } else {
      %0 = "test.plain"(%s) : (f32) -> f32
      scf.yield %0 : f32
    }
    scf.yield %next : f32
  }
  "test.use"(%r) : (f32) -> ()
  gpu.return
}

// An interval of full tiles gives three parts: partial, full, partial. The same
// conjunction as in_bounds is answered too, in the full part.
// CHECK-LABEL: gpu.func @two_cuts(
// CHECK-DAG:     %[[FALSE:.*]] = arith.constant false
// CHECK:         scf.for
// CHECK-NEXT:      "test.copy"(%[[FALSE]])
// CHECK-NEXT:      "test.masked"
// CHECK:         scf.for
// CHECK-NOT:       scf.if
// CHECK:           "test.plain"
// CHECK:         scf.for
// CHECK-NOT:       scf.if
// CHECK:           "test.masked"
// CHECK-NOT:     scf.for
gpu.func @two_cuts(%n: i32, %begin: i32, %end: i32) kernel {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  scf.for %t = %zero to %n step %one : i32 {
    %after = arith.cmpi sge, %t, %begin : i32
    %before = arith.cmpi slt, %t, %end : i32
    %full = arith.andi %after, %before : i1
    "test.copy"(%full) : (i1) -> ()
    scf.if %full {
      "test.plain"() : () -> ()
    } else {
      "test.masked"() : () -> ()
    }
  }
  gpu.return
}

// A bound that is made in the loop, and a comparison that is no bound, are no cuts.
// CHECK-LABEL: gpu.func @not_a_cut(
// CHECK:         scf.for
// CHECK:           scf.if
// CHECK:           scf.if
// CHECK-NOT:     scf.for
// CHECK:         gpu.return
gpu.func @not_a_cut(%n: i32, %bound: i32) kernel {
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  scf.for %t = %zero to %n step %one : i32 {
    %inner = "test.bound"() : () -> i32
    %0 = arith.cmpi slt, %t, %inner : i32
    scf.if %0 {
      "test.a"() : () -> ()
    }
    %1 = arith.cmpi eq, %t, %bound : i32
    scf.if %1 {
      "test.b"() : () -> ()
    }
  }
  gpu.return
}
}
