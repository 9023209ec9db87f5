// RUN: attn-opt %s --attn-choose-schedule=chip=sm_90a --attn-to-tile=chip=sm_90a | FileCheck %s --check-prefixes=CHECK,ROLES
// RUN: attn-opt %s --attn-choose-schedule=chip=sm_80 --attn-to-tile=chip=sm_80 | FileCheck %s --check-prefixes=CHECK,PLAIN

!t = memref<1x2x?x64xf16, strided<[?, ?, ?, ?], offset: ?>>

// A capture that is read by key is a piece of the query where there are no keys; one
// that is read by head stays, and so does everything in a kernel without roles.
// CHECK-LABEL: func.func @f(
// CHECK-SAME:    %[[BIAS:[^ ]+]]: memref<?xf32>, %[[SLOPES:[^ ]+]]: memref<2xf32>
// CHECK:         attn.require {{.*}}"largest index of dimension 0 of a captured tensor of rank 1, plus one"
// CHECK:         attn.require {{.*}}"largest index of dimension 0 of a captured tensor of rank 1, plus one"
// ROLES:         %[[EMPTY:.*]] = arith.cmpi eq, %{{.*}}, %c0{{.*}} : index
// ROLES:         %[[WORD:.*]] = attn.first_word
// ROLES:         %[[ONE:.*]] = memref.view %[[WORD]]{{.*}} to memref<1xf32>
// ROLES:         %[[ANY:.*]] = memref.reinterpret_cast %[[ONE]] to offset: [%{{.*}}], sizes: [%{{.*}}], strides: [%c0{{.*}}]
// ROLES:         %[[READ:.*]] = arith.select %[[EMPTY]], %[[ANY]], %{{.*}} : memref<?xf32, strided<[?], offset: ?>>
// ROLES:         gpu.launch_func @{{.*}}%[[READ]] : {{.*}}%[[SLOPES]] :
// PLAIN-NOT:     attn.first_word
// PLAIN:         gpu.launch_func @{{.*}}%[[BIAS]] : {{.*}}%[[SLOPES]] :
func.func @f(%bias: memref<?xf32>, %slopes: memref<2xf32>, %q: !t, %k: !t, %v: !t, %o: !t) {
  attn.attention query(%q : !t) key(%k : !t) value(%v : !t) outs(%o : !t)
    score {
    ^bb0(%s: f32, %b: index, %h: index, %i: index, %j: index):
      %0 = attn.load %bias[%j] : memref<?xf32>
      %1 = attn.load %slopes[%h] : memref<2xf32>
      %2 = arith.addf %0, %1 : f32
      %r = arith.addf %s, %2 : f32
      attn.yield %r : f32
    }
  return
}
