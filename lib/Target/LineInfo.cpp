//===- LineInfo.cpp - source lines in PTX ---------------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LineInfo.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Support/Path.h"

using namespace mlir;

void ::attn::attachLineInfo(gpu::GPUModuleOp module) {
  MLIRContext *context = module.getContext();
  FileLineColLoc place = module.getLoc()->findInstanceOf<FileLineColLoc>();
  if (!place)
    return;
  StringRef path = place.getFilename().getValue();
  auto file = LLVM::DIFileAttr::get(context, llvm::sys::path::filename(path),
                                    llvm::sys::path::parent_path(path));
  auto unit = LLVM::DICompileUnitAttr::get(
      DistinctAttr::create(UnitAttr::get(context)), llvm::dwarf::DW_LANG_C,
      file, StringAttr::get(context, "attn"), /*isOptimized=*/true,
      LLVM::DIEmissionKind::DebugDirectivesOnly);
  auto type = LLVM::DISubroutineTypeAttr::get(context, {});
  for (auto kernel : module.getOps<LLVM::LLVMFuncOp>()) {
    if (kernel.isExternal())
      continue;
    auto at = kernel.getLoc()->findInstanceOf<FileLineColLoc>();
    unsigned line = at ? at.getLine() : 1;
    auto name = StringAttr::get(context, kernel.getName());
    auto subprogram = LLVM::DISubprogramAttr::get(
        context, DistinctAttr::create(UnitAttr::get(context)), unit, file, name,
        name, file, line, line,
        LLVM::DISubprogramFlags::Definition |
            LLVM::DISubprogramFlags::Optimized,
        type, /*retainedNodes=*/{}, /*annotations=*/{});
    kernel->setLoc(FusedLoc::get(context, {kernel.getLoc()}, subprogram));
  }
}
