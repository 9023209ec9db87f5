//===- Diagnostics.cpp - compiler errors as one line ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "attn/Pipelines/Diagnostics.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

using namespace attn;

static std::string oneLine(mlir::Diagnostic &diagnostic) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto at =
          diagnostic.getLocation()->findInstanceOf<mlir::FileLineColLoc>())
    stream << at.getFilename().getValue() << ':' << at.getLine() << ':'
           << at.getColumn() << ": ";
  stream << diagnostic.str();
  for (mlir::Diagnostic &note : diagnostic.getNotes()) {
    // Printing the operation is MLIR's habit and takes many lines.
    std::string noteText = note.str();
    if (noteText.find('\n') == std::string::npos &&
        noteText.rfind("see current operation", 0) != 0)
      stream << " (" << noteText << ')';
  }
  for (char &c : text)
    if (c == '\n')
      c = ' ';
  return text;
}

DiagnosticCollector::DiagnosticCollector(mlir::MLIRContext *context)
    : handler(context, [this](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error &&
            first.empty())
          first = oneLine(diagnostic);
        return mlir::success();
      }) {}

llvm::Error DiagnosticCollector::takeError(llvm::StringRef otherwise) const {
  return llvm::createStringError(first.empty() ? llvm::Twine(otherwise)
                                               : llvm::Twine(first));
}
