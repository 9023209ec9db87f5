// RUN: attn-opt %s --attn-host-to-llvm -verify-diagnostics -split-input-file

module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f() kernel {
    gpu.return
  }
}
// expected-error @below {{expected a function that launches kernels to return tensors only}}
func.func @scalar_result(%n: index) -> index {
  gpu.launch_func @kernels::@f blocks in (%n, %n, %n) threads in (%n, %n, %n)
  return %n : index
}
}

// -----

module attributes {gpu.container_module} {
func.func @element(%t: memref<?x16xf64, strided<[?, 1], offset: ?>>) {
  // expected-error @below {{has no code for elements of type 'f64'}}
  // expected-error @below {{failed to legalize operation 'tile.encode_tensor_map'}}
  %map = tile.encode_tensor_map %t named "key" box [64, 16] swizzle 128 : memref<?x16xf64, strided<[?, 1], offset: ?>>
  return
}
}

// -----

// Too little workspace must not launch anything.
module attributes {gpu.container_module} {
gpu.module @kernels {
  gpu.func @f() kernel {
    gpu.return
  }
}
func.func @late(%n: index) {
  // expected-note @below {{a launch}}
  gpu.launch_func @kernels::@f blocks in (%n, %n, %n) threads in (%n, %n, %n)
  // expected-error @below {{expected before the first launch}}
  %w = attn.workspace %n : memref<?xi8>
  return
}
}
