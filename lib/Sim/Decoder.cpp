//===- Decoder.cpp - syntax tree to decoded program -----------------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"

#include "Cfg.h"
#include "OpcodeTable.h"
#include "Sanitizer/RegisterHazards.h"

#include <cstring>

using namespace attn::sim;

static uint64_t alignUp(uint64_t value, uint64_t align) {
  return (value + align - 1) & ~(align - 1);
}

DecodeContext::DecodeContext(const ast::Module &module,
                             const ast::Function &function, Program &program,
                             Diagnostic &error)
    : program(program), module(module), function(function), error(error) {
  registerSlots.resize(function.registers);
  registerWidths.resize(function.registers);
  uint32_t slots = 0;
  auto place = [&](bool wide) {
    for (const ast::Scope &scope : function.scopes)
      for (const auto &[name, local] : scope.names) {
        if (local.kind != ast::Local::Register)
          continue;
        unsigned bits = bitWidth(local.type);
        if (bits == 1 || (bits == 64) != wide)
          continue;
        registerSlots[local.index] = slots;
        registerWidths[local.index] = uint8_t(bits);
        slots += wide ? 2 : 1;
      }
  };
  place(true);
  place(false);
  sinkSlot = slots = uint32_t(alignUp(slots, 2));
  program.numSlots = slots + 2;
  for (const ast::Scope &scope : function.scopes)
    for (const auto &[name, local] : scope.names)
      if (local.kind == ast::Local::Register && bitWidth(local.type) == 1) {
        registerSlots[local.index] = program.numPredicates++;
        registerWidths[local.index] = 1;
      }
  layOutVariables();
}

/// Offsets of shared, local and param variables. Module-level shared variables
/// count only when the body names them, as the assembler does it.
void DecodeContext::layOutVariables() {
  uint64_t param = 0;
  for (const ast::Variable &v : function.params) {
    param = alignUp(param, v.align);
    program.info.params.push_back(
        {v.name, uint32_t(v.bytes), v.align, uint32_t(param)});
    paramOffsets[v.name] = uint32_t(param);
    param += v.bytes;
  }
  program.info.paramBytes = uint32_t(param);
  if (param > 32764)
    fail("parameters take more than 32764 bytes");

  std::map<std::string, bool> used;
  auto use = [&](const ast::Operand &op) {
    used[op.name] = true;
    for (const ast::Operand &element : op.elements)
      used[element.name] = true;
  };
  for (const ast::Instruction &i : function.body)
    for (const ast::Operand &op : i.operands)
      use(op);

  uint64_t shared = sharedBase, local = 0, dynamicAlign = 16;
  auto placeShared = [&](const ast::Variable &v) {
    shared = alignUp(shared, v.align);
    sharedOffsets[v.name] = uint32_t(shared);
    program.sharedSymbols.push_back(
        {v.name, uint32_t(shared), uint32_t(v.bytes)});
    shared += v.bytes;
  };
  for (const ast::Variable &v : module.variables)
    if (v.space == ast::Space::Shared && !v.isExtern && used.count(v.name))
      placeShared(v);
  for (const ast::Variable &v : function.variables) {
    if (v.space == ast::Space::Shared) {
      placeShared(v);
      continue;
    }
    local = alignUp(local, v.align);
    localOffsets[v.name] = uint32_t(local);
    local += v.bytes;
  }
  if (shared > (1u << 24) || local > (1u << 20)) {
    fail("too much shared or local memory");
    return;
  }
  for (const ast::Variable &v : module.variables)
    if (v.space == ast::Space::Shared && v.isExtern && used.count(v.name))
      dynamicAlign = std::max<uint64_t>(dynamicAlign, v.align);
  program.info.staticSharedBytes = uint32_t(shared - sharedBase);
  for (const ast::Variable &v : module.variables) {
    if (v.space != ast::Space::Shared || !v.isExtern || !used.count(v.name))
      continue;
    uint64_t offset = alignUp(shared, dynamicAlign);
    program.info.staticSharedBytes = uint32_t(offset - sharedBase);
    sharedOffsets[v.name] = uint32_t(offset);
    program.sharedSymbols.push_back({v.name, uint32_t(offset), 0});
  }
  program.localBytes = uint32_t(alignUp(local, 16));
}

bool DecodeContext::fail(std::string message) {
  if (!failed()) {
    error.line = inst ? inst->line : function.line;
    error.message = std::move(message);
    if (inst)
      error.message += " in '" + inst->opcode + "'";
  }
  return false;
}

bool DecodeContext::require(unsigned sm) {
  if (module.target >= sm)
    return true;
  return fail("instruction needs sm_" + std::to_string(sm) +
              ", but the target is " + module.targetName);
}

bool DecodeContext::requireTarget(std::string_view name) {
  if (module.targetName == name)
    return true;
  return fail("instruction needs " + std::string(name) +
              ", but the target is " + module.targetName);
}

bool DecodeContext::begin(const ast::Instruction &instruction) {
  inst = &instruction;
  modifiers.clear();
  registerUses.clear();
  position = 0;
  std::string_view rest = instruction.opcode;
  size_t dot = rest.find('.');
  while (dot != std::string_view::npos) {
    rest = rest.substr(dot + 1);
    dot = rest.find('.');
    modifiers.push_back(rest.substr(0, dot));
  }
  return true;
}

std::string_view DecodeContext::peekModifier(size_t ahead) const {
  return position + ahead < modifiers.size() ? modifiers[position + ahead]
                                             : std::string_view();
}

std::string_view DecodeContext::nextModifier() {
  std::string_view result = peekModifier();
  if (!atEnd())
    ++position;
  return result;
}

bool DecodeContext::take(std::string_view modifier) {
  if (atEnd() || modifiers[position] != modifier)
    return false;
  ++position;
  return true;
}

std::string_view
DecodeContext::takeOneOf(std::initializer_list<std::string_view> choices) {
  for (std::string_view choice : choices)
    if (take(choice))
      return choice;
  return {};
}

bool DecodeContext::hasModifier(std::string_view modifier) const {
  for (size_t i = position; i < modifiers.size(); ++i)
    if (modifiers[i] == modifier)
      return true;
  return false;
}

ScalarType DecodeContext::takeType() {
  auto type = parseScalarType(peekModifier());
  if (!type) {
    fail(atEnd() ? "expected a type"
                 : "unknown modifier '." + std::string(peekModifier()) + "'");
    return ScalarType::B32;
  }
  ++position;
  return *type;
}

bool DecodeContext::finishOpcode() {
  if (failed())
    return false;
  if (!atEnd())
    return fail("unknown modifier '." + std::string(peekModifier()) + "'");
  return true;
}

/// The control-flow part of decoding: labels become program counters.
static bool resolveBranches(Program &program, Diagnostic &error) {
  uint32_t size = uint32_t(program.code.size());
  for (const Inst &inst : program.code)
    if (inst.isBranch && inst.target != noPc && inst.target > size) {
      error = {inst.line, "branch leaves the function"};
      return false;
    }
  computeReconvergence(program);
  return true;
}

static bool decodeOne(DecodeContext &context, const ast::Instruction &parsed,
                      Inst &inst) {
  context.begin(parsed);
  std::string_view stem =
      std::string_view(parsed.opcode).substr(0, parsed.opcode.find('.'));
  auto it = opcodeTable().find(stem);
  if (it == opcodeTable().end())
    return context.fail("unknown instruction");
  inst.line = parsed.line;
  inst.sourceFile = parsed.source.file;
  inst.sourceLine = parsed.source.line;
  if (!parsed.guard.empty()) {
    ast::Operand guard;
    guard.name = parsed.guard;
    guard.negated = parsed.guardNegated;
    inst.guard = context.predicate(guard);
  }
  if (!it->second(context, inst) || !context.finishOpcode()) {
    if (!context.failed())
      context.fail("unsupported form");
    return false;
  }
  return inst.exec || context.fail("unsupported combination of types");
}

bool attn::sim::decodeEntry(const ast::Module &module,
                            const ast::Function &function, Program &program,
                            Diagnostic &error) {
  program.info.name = function.name;
  program.info.reqntid = function.reqntid;
  program.info.reqnctapercluster = function.reqnctapercluster;
  program.maxntid = function.maxntid;
  program.maxRegisters = unsigned(function.maxnreg);
  program.minCtasPerMultiprocessor = unsigned(function.minnctapersm);
  DecodeContext context(module, function, program, error);
  if (context.failed())
    return false;
  for (const ast::Instruction &parsed : function.body) {
    Inst inst;
    inst.pc = uint32_t(program.code.size());
    if (!decodeOne(context, parsed, inst))
      return false;
    inst.uses = uint32_t(program.fragmentUses.size());
    inst.numUses = uint32_t(context.registerUses.size());
    program.fragmentUses.insert(program.fragmentUses.end(),
                                context.registerUses.begin(),
                                context.registerUses.end());
    program.usesAsyncProxy |= inst.cls == InstClass::Wgmma ||
                              inst.cls == InstClass::Bulk ||
                              inst.cls == InstClass::Mbarrier;
    program.code.push_back(inst);
  }
  keepFragmentUses(program);
  return resolveBranches(program, error);
}
