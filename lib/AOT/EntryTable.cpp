//===- EntryTable.cpp - tables and C functions of a program ---------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EntryTable.h"
#include "Elements.h"
#include "attn/Runtime/Runtime.h"
#include "llvm/IR/IRBuilder.h"

using namespace attn::aot;

std::string attn::aot::variantName(llvm::StringRef function,
                                   llvm::StringRef chip) {
  return (function + "__" + chip).str();
}

static std::string packedName(llvm::StringRef variant) {
  return (variant + "_packed").str();
}

/// int32_t (void **)
static llvm::FunctionType *packedType(llvm::LLVMContext &context) {
  return llvm::FunctionType::get(llvm::Type::getInt32Ty(context),
                                 {llvm::PointerType::getUnqual(context)},
                                 /*isVarArg=*/false);
}

llvm::Function *attn::aot::addPackedFunction(llvm::Module &module,
                                             llvm::StringRef name) {
  llvm::LLVMContext &context = module.getContext();
  llvm::Function *host = module.getFunction(("_mlir_ciface_" + name).str());
  if (!host || host->isDeclaration())
    return nullptr;
  auto *packed = llvm::Function::Create(packedType(context),
                                        llvm::Function::ExternalLinkage,
                                        packedName(name), module);
  llvm::IRBuilder<> b(llvm::BasicBlock::Create(context, "", packed));
  llvm::SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &argument : host->args()) {
    llvm::Value *slot = b.CreateConstInBoundsGEP1_64(
        b.getPtrTy(), packed->getArg(0), argument.getArgNo());
    llvm::Value *pointer = b.CreateLoad(b.getPtrTy(), slot);
    llvm::Type *type = argument.getType();
    // Descriptors and the stream are pointers; scalars lie where they point.
    if (type->isPointerTy())
      arguments.push_back(pointer);
    else if (type->isIntegerTy(1))
      arguments.push_back(
          b.CreateTrunc(b.CreateLoad(b.getInt8Ty(), pointer), type));
    else
      arguments.push_back(b.CreateLoad(type, pointer));
  }
  b.CreateRet(b.CreateCall(host, arguments));
  return packed;
}

namespace {
/// Builds constants as Runtime.h lays them out.
class TableBuilder {
public:
  TableBuilder(llvm::Module &module, const Signature &signature)
      : module(module), context(module.getContext()), signature(signature),
        pointer(llvm::PointerType::getUnqual(context)),
        i32(llvm::Type::getInt32Ty(context)) {}

  llvm::GlobalVariable *build(llvm::ArrayRef<std::string> chips) {
    llvm::SmallVector<llvm::Constant *> arguments, variants;
    for (const Argument &argument : signature.arguments)
      arguments.push_back(record(
          {text(argument.name), sizes(argument), number(rankOf(argument)),
           number(argument.element), number(argument.isOutput)}));
    for (const std::string &chip : chips)
      variants.push_back(record({text(chip), packedFunction(chip)}));
    llvm::Constant *table =
        record({text(signature.name), array(arguments), array(variants),
                number(arguments.size()), number(variants.size()),
                number(ATTN_RT_VERSION)});
    return new llvm::GlobalVariable(
        module, table->getType(), /*isConstant=*/true,
        llvm::GlobalValue::ExternalLinkage, table, signature.name + "_entry");
  }

private:
  static int64_t rankOf(const Argument &argument) {
    return argument.isTensor ? int64_t(argument.sizes.size()) : -1;
  }
  llvm::Constant *number(int64_t value) {
    return llvm::ConstantInt::get(i32, value, /*isSigned=*/true);
  }
  llvm::Constant *record(llvm::ArrayRef<llvm::Constant *> fields) {
    return llvm::ConstantStruct::getAnon(context, fields);
  }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(pointer); }

  llvm::Constant *internal(llvm::Constant *value) {
    auto *global = new llvm::GlobalVariable(
        module, value->getType(), /*isConstant=*/true,
        llvm::GlobalValue::InternalLinkage, value, "attn_table");
    return global;
  }
  llvm::Constant *text(llvm::StringRef value) {
    return internal(llvm::ConstantDataArray::getString(context, value));
  }
  llvm::Constant *sizes(const Argument &argument) {
    if (argument.sizes.empty())
      return null();
    llvm::SmallVector<uint64_t> values(argument.sizes.begin(),
                                       argument.sizes.end());
    return internal(llvm::ConstantDataArray::get(context, values));
  }
  llvm::Constant *array(llvm::ArrayRef<llvm::Constant *> values) {
    if (values.empty())
      return null();
    return internal(llvm::ConstantArray::get(
        llvm::ArrayType::get(values.front()->getType(), values.size()),
        values));
  }
  llvm::Constant *packedFunction(llvm::StringRef chip) {
    return llvm::cast<llvm::Constant>(
        module
            .getOrInsertFunction(packedName(variantName(signature.name, chip)),
                                 packedType(context))
            .getCallee());
  }

  llvm::Module &module;
  llvm::LLVMContext &context;
  const Signature &signature;
  llvm::PointerType *pointer;
  llvm::IntegerType *i32;
};

/// A C function (stream, arguments..., extra...) that calls
/// `callee`(entry, stream, args, extra...).
class ForwardingFunction {
public:
  ForwardingFunction(llvm::Module &module, const Signature &signature,
                     llvm::Constant *entry)
      : module(module), signature(signature), entry(entry),
        b(module.getContext()) {}

  void build(const llvm::Twine &name, llvm::StringRef callee,
             llvm::ArrayRef<llvm::Type *> extra) {
    llvm::SmallVector<llvm::Type *> types = {b.getPtrTy()};
    for (const Argument &argument : signature.arguments)
      types.push_back(argument.isTensor
                          ? b.getPtrTy()
                          : scalarType(module.getContext(), argument.element));
    llvm::append_range(types, extra);
    auto *function = llvm::Function::Create(
        llvm::FunctionType::get(b.getInt32Ty(), types, false),
        llvm::Function::ExternalLinkage, name, module);
    b.SetInsertPoint(
        llvm::BasicBlock::Create(module.getContext(), "", function));
    llvm::SmallVector<llvm::Value *> operands = {entry, function->getArg(0),
                                                 packArguments(function)};
    for (size_t i = types.size() - extra.size(); i < types.size(); ++i)
      operands.push_back(function->getArg(i));
    llvm::SmallVector<llvm::Type *> calleeTypes(3, b.getPtrTy());
    llvm::append_range(calleeTypes, extra);
    auto target = module.getOrInsertFunction(
        callee, llvm::FunctionType::get(b.getInt32Ty(), calleeTypes, false));
    b.CreateRet(b.CreateCall(target, operands));
  }

private:
  llvm::Value *packArguments(llvm::Function *function) {
    const size_t count = signature.arguments.size();
    llvm::Value *array = b.CreateAlloca(b.getPtrTy(), b.getInt64(count));
    for (size_t i = 0; i < count; ++i) {
      llvm::Value *value = function->getArg(i + 1);
      if (!signature.arguments[i].isTensor) {
        llvm::Value *slot = b.CreateAlloca(value->getType());
        b.CreateStore(value, slot);
        value = slot;
      }
      b.CreateStore(value,
                    b.CreateConstInBoundsGEP1_64(b.getPtrTy(), array, i));
    }
    return array;
  }

  llvm::Module &module;
  const Signature &signature;
  llvm::Constant *entry;
  llvm::IRBuilder<> b;
};
} // namespace

void attn::aot::addEntry(llvm::Module &module, const Signature &signature,
                         llvm::ArrayRef<std::string> chips) {
  llvm::LLVMContext &context = module.getContext();
  llvm::Constant *entry = TableBuilder(module, signature).build(chips);
  ForwardingFunction forward(module, signature, entry);
  auto *pointer = llvm::PointerType::getUnqual(context);
  forward.build(signature.name, "attn_rt_call",
                {pointer, llvm::Type::getInt64Ty(context)});
  forward.build(signature.name + "_workspace_bytes", "attn_rt_workspace_bytes",
                {pointer});
}
