// RUN: attn-opt %s --emit=llvm --attn-compile="chip=sm_90a" | FileCheck %s

// Inline assembly is executed by warps together: LLVM must not copy it into
// branches or move it there.
gpu.module @m {
  // CHECK:     call void asm sideeffect "bar.warp.sync 0xffffffff;", ""() #[[ASM:[0-9]+]]
  // CHECK:     attributes #[[ASM]] = { convergent
  llvm.func @f() attributes {nvvm.kernel} {
    llvm.inline_asm has_side_effects "bar.warp.sync 0xffffffff;", "" : () -> ()
    llvm.return
  }
}
