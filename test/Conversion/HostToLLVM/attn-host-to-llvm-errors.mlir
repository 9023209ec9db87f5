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
