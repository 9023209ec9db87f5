//===- Decoder.h - syntax tree to decoded program ---------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_DECODER_H
#define ATTN_LIB_SIM_DECODER_H

#include "Program.h"
#include "PtxAst.h"

#include <map>
#include <string_view>

namespace attn::sim {

/// Decodes one entry; false with `error` filled when it is refused.
bool decodeEntry(const ast::Module &module, const ast::Function &function,
                 Program &program, Diagnostic &error);

/// What the decode function of an instruction family works with: the modifiers
/// of the opcode, taken from left to right, and the operands, turned into
/// slots. All members that can fail report once and leave a usable value, so a
/// decode function may check failed() at its end only.
class DecodeContext {
public:
  DecodeContext(const ast::Module &module, const ast::Function &function,
                Program &program, Diagnostic &error);

  bool begin(const ast::Instruction &instruction);

  // Modifiers. `take*` consume when they match.
  bool take(std::string_view modifier);
  std::string_view takeOneOf(std::initializer_list<std::string_view> choices);
  /// The next modifier as a type; fails when it is none.
  ScalarType takeType();
  bool hasModifier(std::string_view modifier) const;
  std::string_view peekModifier(size_t ahead = 0) const;
  std::string_view nextModifier();
  bool atEnd() const { return position == modifiers.size(); }
  const std::string &opcode() const { return inst->opcode; }

  // Operands.
  size_t numOperands() const { return inst->operands.size(); }
  const ast::Operand &operand(size_t i) const;
  bool expectOperands(size_t least, size_t most);
  bool expectOperands(size_t n) { return expectOperands(n, n); }
  /// Slot of a source of `bits` (16, 32 or 64). Immediates are converted to
  /// `type`. With `relaxed` a wider register may be used, as ld/st/cvt allow.
  uint32_t source(const ast::Operand &op, ScalarType type,
                  bool relaxed = false);
  uint32_t source(size_t i, ScalarType type) {
    return source(operand(i), type);
  }
  uint32_t destination(const ast::Operand &op, ScalarType type,
                       bool relaxed = false);
  uint32_t destination(size_t i, ScalarType type) {
    return destination(operand(i), type);
  }
  uint32_t predicate(const ast::Operand &op);
  uint32_t predicateResult(const ast::Operand &op);
  /// Base slot and offset of `[base+offset]`; a 32-bit base is zero-extended
  /// by the exec function when `inst.flags & addressIs32`.
  void address(const ast::Operand &op, AddressSpace space, Inst &out);
  void address(const ast::Operand &op, uint32_t &slot, bool &is32,
               int64_t &offset);
  int64_t immediate(const ast::Operand &op);
  uint32_t label(const ast::Operand &op);
  uint32_t branchTargets(const ast::Operand &op);
  /// Bits of the register named by `op`; 0 when it is none.
  unsigned registerBits(const ast::Operand &op);
  uint32_t constant(uint64_t value, bool is64);
  /// Appends to Program::operands; returns the index of the first.
  uint32_t pool(const std::vector<uint32_t> &slots);

  bool fail(std::string message);
  bool failed() const { return !error.message.empty(); }
  /// Fails when the module's target is older than `sm`.
  bool require(unsigned sm);
  /// Fails unless the target is `name`, as for features of one chip only.
  bool requireTarget(std::string_view name);
  bool finishOpcode();

  Program &program;

  /// Registers of the present instruction, by slot.
  std::vector<FragmentUse> registerUses;

private:
  uint32_t use(uint32_t slot, bool isWrite) {
    registerUses.push_back({slot, isWrite});
    return slot;
  }
  const ast::Local *lookup(const std::string &name, uint32_t scope) const;
  uint32_t symbolAddress(const ast::Operand &op, bool is64, bool &known);
  uint32_t specialRegister(const ast::Operand &op, ScalarType type,
                           bool &known);
  uint32_t immediateSlot(const ast::Operand &op, ScalarType type);
  uint32_t specialSlot(SpecialSlot special);
  void layOutVariables();

  const ast::Module &module;
  const ast::Function &function;
  Diagnostic &error;
  const ast::Instruction *inst = nullptr;
  std::vector<std::string_view> modifiers;
  size_t position = 0;
  std::vector<uint32_t> registerSlots; ///< by register number
  std::vector<uint8_t> registerWidths; ///< bits; 1 for a predicate
  uint32_t sinkSlot = 0;
  std::map<std::pair<uint64_t, bool>, uint32_t> constantSlots;
  std::map<std::string, uint32_t> sharedOffsets, localOffsets, paramOffsets;
};

/// Bit of Inst::flags: the address register has 32 bits.
constexpr uint8_t addressIs32 = 1;

} // namespace attn::sim

#endif // ATTN_LIB_SIM_DECODER_H
