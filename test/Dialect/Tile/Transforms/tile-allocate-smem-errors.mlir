// RUN: attn-opt %s --tile-allocate-smem -verify-diagnostics

!buffer = memref<64x64xf16, #tile.swizzle<128>, #gpu.address_space<workgroup>>
!tensor = memref<?x64xf16, strided<[?, 1], offset: ?>>

gpu.module @kernels {
  gpu.func @other_block(%source: !tensor, %row: i32) kernel {
    %buffer = tile.alloc : !buffer
    cf.br ^next
  ^next:
    // expected-error @below {{expected shared buffers to be used in the block that allocates them}}
    tile.copy %source[%row] to %buffer : !tensor to !buffer
    gpu.return
  }
}
