// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(attn-kernel-to-llvm))" -split-input-file | FileCheck %s

gpu.module @m {
// An entry: memrefs as the fields of their descriptors, the block size for ptxas,
// and the attributes that steer LLVM.
// CHECK-LABEL: llvm.func @entry(
// CHECK-SAME:    %{{[^:]+}}: !llvm.ptr, %{{[^:]+}}: !llvm.ptr, %{{[^:]+}}: i64, %{{[^:]+}}: i64, %{{[^:]+}}: i64, %{{[^:]+}}: f32)
// CHECK-SAME:    nvvm.kernel
// CHECK-SAME:    nvvm.reqntid = array<i32: 64, 1, 1>
// CHECK-SAME:    passthrough = {{\[\[}}"denormal-fp-math-f32", "preserve-sign,preserve-sign"], ["attn-order", "pressure"]]
// CHECK:         llvm.return
gpu.func @entry(%g: memref<?xf32, strided<[?], offset: ?>>, %x: f32) kernel
    attributes {known_block_size = array<i32: 64, 1, 1>,
                tile.schedule = #tile.schedule<m = 32, n = 16, warps = 2, stages = 1, order = pressure>} {
  gpu.return
}

// CHECK-LABEL: llvm.func @blocks(
// CHECK:         nvvm.read.ptx.sreg.ctaid.x
// CHECK:         nvvm.read.ptx.sreg.ctaid.y
// CHECK:         %[[Z:.*]] = nvvm.read.ptx.sreg.ctaid.z : i32
// CHECK:         llvm.zext %[[Z]] : i32 to i64
gpu.func @blocks(%g: memref<?x?x?xf32>, %v: f32) kernel {
  %x = gpu.block_id x
  %y = gpu.block_id y
  %z = gpu.block_id z
  memref.store %v, %g[%x, %y, %z] : memref<?x?x?xf32>
  gpu.return
}

// CHECK-LABEL: llvm.func @threads(
// CHECK:         %[[X:.*]] = nvvm.read.ptx.sreg.tid.x : i32
// CHECK:         llvm.zext %[[X]] : i32 to i64
gpu.func @threads(%g: memref<?xf32>, %v: f32) kernel {
  %x = gpu.thread_id x
  memref.store %v, %g[%x] : memref<?xf32>
  gpu.return
}

// Angles of any size: the multiple of pi / 2 is subtracted in two steps, its parity says
// which polynomial is the sine, its second bit the sign.
// CHECK-LABEL: llvm.func @angles(
// CHECK-SAME:    %[[X:[^ ]+]]: f32)
// CHECK:         %[[SUM:.*]] = llvm.intr.fma(%[[X]],
// CHECK:         %[[BITS:.*]] = llvm.bitcast %[[SUM]] : f32 to i32
// CHECK:         %[[K:.*]] = llvm.fsub %[[SUM]],
// CHECK:         %[[HIGH:.*]] = llvm.mlir.constant(-1.57079601
// CHECK:         %[[R:.*]] = llvm.intr.fma(%[[K]], %[[HIGH]], %[[X]])
// CHECK:         %[[LOW:.*]] = llvm.mlir.constant(-3.139
// CHECK:         llvm.intr.fma(%[[K]], %[[LOW]], %[[R]])
// CHECK:         llvm.and %[[BITS]]
// CHECK-COUNT-2: llvm.xor
gpu.func @angles(%g: memref<?xf32>, %x: f32) kernel {
  %s, %c = math.sincos %x : f32
  %i = gpu.block_id x
  %j = gpu.block_id y
  memref.store %s, %g[%i] : memref<?xf32>
  memref.store %c, %g[%j] : memref<?xf32>
  gpu.return
}

// Instructions in place of a library: exp and log by the base of the instruction,
// tanh(x) = 1 - 2 / (exp(2 x) + 1).
// CHECK-LABEL: llvm.func @math(
// CHECK-SAME:    %[[X:[^ ]+]]: f32)
// CHECK-NOT:     llvm.call @
// CHECK:         llvm.intr.exp2(%[[X]])
// CHECK:         %[[LOG2E:.*]] = llvm.mlir.constant(1.442
// CHECK:         llvm.fmul %[[X]], %[[LOG2E]]
// CHECK:         llvm.intr.exp2
// CHECK:         llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"(%[[X]])
// CHECK:         %[[LOG2:.*]] = llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"(%[[X]])
// CHECK:         llvm.fmul %[[LOG2]],
// CHECK:         llvm.call_intrinsic "llvm.nvvm.div.full.ftz"(%[[X]], %[[X]])
gpu.func @math(%g: memref<?xf32>, %x: f32) kernel {
  %c0 = arith.constant 0 : index
  %0 = math.exp2 %x : f32
  %1 = math.exp %x : f32
  %2 = math.log2 %x : f32
  %3 = math.log %x : f32
  %4 = arith.divf %x, %x : f32
  %5 = arith.addf %0, %1 : f32
  %6 = arith.addf %2, %3 : f32
  %7 = arith.addf %5, %6 : f32
  %8 = arith.addf %7, %4 : f32
  memref.store %8, %g[%c0] : memref<?xf32>
  gpu.return
}

// CHECK-LABEL: llvm.func @tanh(
// CHECK-SAME:    %[[X:[^ ]+]]: f32)
// CHECK:         %[[TWICE:.*]] = llvm.fmul %[[X]],
// CHECK:         %[[POWER:.*]] = llvm.intr.exp2(%[[TWICE]])
// CHECK:         %[[SUM:.*]] = llvm.fadd %[[POWER]],
// CHECK:         %[[RECIPROCAL:.*]] = llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"(%[[SUM]])
// CHECK:         %[[RATIO:.*]] = llvm.fmul %[[RECIPROCAL]],
// CHECK:         llvm.fsub %{{.*}}, %[[RATIO]]
gpu.func @tanh(%g: memref<?xf32>, %x: f32) kernel {
  %c0 = arith.constant 0 : index
  %0 = math.tanh %x : f32
  memref.store %0, %g[%c0] : memref<?xf32>
  gpu.return
}

// The reciprocal is an instruction of its own. What has none is a polynomial.
// CHECK-LABEL: llvm.func @more_math(
// CHECK-SAME:    %[[X:[^ ]+]]: f32)
// CHECK-NOT:     llvm.call @
// CHECK:         llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"(%[[X]])
// CHECK:         llvm.intr.fma
gpu.func @more_math(%g: memref<?xf32>, %x: f32) kernel {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1.0 : f32
  %0 = arith.divf %one, %x : f32
  %1 = math.erf %x : f32
  %2 = arith.addf %0, %1 : f32
  memref.store %2, %g[%c0] : memref<?xf32>
  gpu.return
}

// Divisions that round towards minus infinity are spelled out; maxima are not.
// CHECK-LABEL: llvm.func @integers(
// CHECK:         llvm.sdiv
// CHECK:         llvm.intr.maxnum
// CHECK-NOT:     unrealized_conversion_cast
// CHECK:         llvm.return
gpu.func @integers(%g: memref<?xf32>, %x: f32, %n: i32, %m: i32) kernel {
  %c0 = arith.constant 0 : index
  %0 = arith.floordivsi %n, %m : i32
  %1 = arith.sitofp %0 : i32 to f32
  %2 = arith.maxnumf %1, %x : f32
  memref.store %2, %g[%c0] : memref<?xf32>
  gpu.return
}
}
