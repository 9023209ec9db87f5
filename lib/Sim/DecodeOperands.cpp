//===- DecodeOperands.cpp - operands to register and constant slots -------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"

#include "LaneTypes.h"

#include <cstring>

using namespace attn::sim;

const ast::Operand &DecodeContext::operand(size_t i) const {
  static const ast::Operand none;
  return i < inst->operands.size() ? inst->operands[i] : none;
}

bool DecodeContext::expectOperands(size_t least, size_t most) {
  if (numOperands() >= least && numOperands() <= most)
    return true;
  return fail("expected " + std::to_string(least) + " operands, but got " +
              std::to_string(numOperands()));
}

const ast::Local *DecodeContext::lookup(const std::string &name,
                                        uint32_t scope) const {
  while (true) {
    const ast::Scope &s = function.scopes[scope];
    auto it = s.names.find(name);
    if (it != s.names.end())
      return &it->second;
    if (scope == s.parent)
      return nullptr;
    scope = s.parent;
  }
}

uint32_t DecodeContext::constant(uint64_t value, bool is64) {
  auto [it, inserted] = constantSlots.try_emplace({value, is64}, 0);
  if (inserted) {
    uint32_t slot = uint32_t(program.constants.size() / 32);
    it->second = slot | constantSlot;
    if (is64) {
      for (int lane = 0; lane < 32; ++lane) {
        program.constants.push_back(uint32_t(value));
        program.constants.push_back(uint32_t(value >> 32));
      }
    } else {
      program.constants.resize(program.constants.size() + 32, uint32_t(value));
    }
  }
  return it->second;
}

uint32_t DecodeContext::pool(const std::vector<uint32_t> &slots) {
  uint32_t first = uint32_t(program.operands.size());
  program.operands.insert(program.operands.end(), slots.begin(), slots.end());
  return first;
}

unsigned DecodeContext::registerBits(const ast::Operand &op) {
  const ast::Local *local =
      op.kind == ast::Operand::Name ? lookup(op.name, inst->scope) : nullptr;
  return local && local->kind == ast::Local::Register
             ? registerWidths[local->index]
             : 0;
}

uint32_t DecodeContext::immediateSlot(const ast::Operand &op, ScalarType type) {
  uint64_t bits = op.value;
  bool isFloatImmediate = op.immediate != ast::Operand::Integer;
  double real = 0;
  if (op.immediate == ast::Operand::Float32) {
    float narrow;
    uint32_t word = uint32_t(bits);
    std::memcpy(&narrow, &word, sizeof narrow);
    real = narrow;
  } else if (op.immediate == ast::Operand::Float64) {
    std::memcpy(&real, &bits, sizeof real);
  }
  if (type == ScalarType::F32 || type == ScalarType::F64) {
    if (!isFloatImmediate) {
      fail("expected a floating-point immediate");
      return 0;
    }
    if (type == ScalarType::F64) {
      std::memcpy(&bits, &real, sizeof bits);
    } else if (op.immediate == ast::Operand::Float64) {
      float narrow = float(real);
      uint32_t word;
      std::memcpy(&word, &narrow, sizeof word);
      bits = word;
    }
  }
  unsigned width = bitWidth(type);
  if (width == 64)
    return constant(bits, true);
  // A 32-bit pattern may be written for a 32-bit untyped operand.
  return constant(bits & (width == 32 ? 0xffffffffu : (1u << width) - 1),
                  false);
}

uint32_t DecodeContext::specialSlot(SpecialSlot special) {
  for (const SpecialSlot &s : program.specials)
    if (s.kind == special.kind && s.component == special.component &&
        s.offset == special.offset && s.is64 == special.is64)
      return s.slot;
  program.numSlots = (program.numSlots + 1) & ~1u;
  special.slot = program.numSlots;
  program.numSlots += 2;
  program.specials.push_back(special);
  return special.slot;
}

uint32_t DecodeContext::specialRegister(const ast::Operand &op, ScalarType type,
                                        bool &known) {
  struct Row {
    std::string_view name;
    SpecialKind kind;
    bool hasComponents;
  };
  using K = SpecialKind;
  static constexpr Row rows[] = {
      {"%tid", K::Tid, true},
      {"%ntid", K::NTid, true},
      {"%ctaid", K::CtaId, true},
      {"%nctaid", K::NCtaId, true},
      {"%laneid", K::LaneId, false},
      // Not stable on silicon; here it is %tid / 32, which a kernel may not
      // rely on but which nothing else could be.
      {"%warpid", K::WarpId, false},
      {"%nwarpid", K::NWarpId, false},
      {"%lanemask_eq", K::LaneMaskEq, false},
      {"%lanemask_le", K::LaneMaskLe, false},
      {"%lanemask_lt", K::LaneMaskLt, false},
      {"%lanemask_ge", K::LaneMaskGe, false},
      {"%lanemask_gt", K::LaneMaskGt, false},
      {"%dynamic_smem_size", K::DynamicSharedSize, false},
      {"%clusterid", K::ClusterId, true},
      {"%nclusterid", K::NClusterId, true},
      {"%cluster_ctaid", K::ClusterCtaId, true},
      {"%cluster_nctaid", K::ClusterNCtaId, true},
      {"%cluster_ctarank", K::ClusterCtaRank, false},
      {"%cluster_nctarank", K::ClusterNCtaRank, false},
  };
  std::string_view stem = op.name;
  size_t dot = stem.find('.');
  std::string_view component =
      dot == std::string_view::npos ? std::string_view() : stem.substr(dot + 1);
  stem = stem.substr(0, dot);
  for (const Row &row : rows) {
    if (row.name != stem)
      continue;
    uint32_t index = component == "x" ? 0 : component == "y" ? 1 : 2;
    bool good = row.hasComponents
                    ? component == "x" || component == "y" || component == "z"
                    : component.empty();
    if (!good || bitWidth(type) != 32) {
      fail("special register '" + op.name + "' must be read as 32 bits");
      return 0;
    }
    known = true;
    return specialSlot({0, row.kind, false, row.hasComponents ? index : 0, 0});
  }
  return 0;
}

/// Address of a variable in its own space.
uint32_t DecodeContext::symbolAddress(const ast::Operand &op, bool is64,
                                      bool &known) {
  known = true;
  for (const auto *offsets : {&sharedOffsets, &localOffsets, &paramOffsets}) {
    auto it = offsets->find(op.name);
    if (it != offsets->end())
      return constant(
          is64 ? it->second + op.value : uint32_t(it->second + op.value), is64);
  }
  for (size_t i = 0; i < module.variables.size(); ++i) {
    const ast::Variable &v = module.variables[i];
    if (v.name != op.name || v.space == ast::Space::Shared)
      continue;
    if (v.isExtern) {
      fail("extern variable '" + v.name + "' is not defined");
      return 0;
    }
    if (!is64) {
      fail("address of '" + v.name + "' needs 64 bits");
      return 0;
    }
    return specialSlot(
        {0, SpecialKind::GlobalVariable, true, uint32_t(i), op.value});
  }
  known = false;
  return 0;
}

uint32_t DecodeContext::source(const ast::Operand &op, ScalarType type,
                               bool relaxed) {
  if (failed())
    return 0;
  if (op.kind == ast::Operand::Immediate)
    return immediateSlot(op, type);
  if (op.kind != ast::Operand::Name || op.negated) {
    fail("unsupported form of operand");
    return 0;
  }
  if (const ast::Local *local = lookup(op.name, inst->scope);
      local && local->kind == ast::Local::Register) {
    unsigned have = registerWidths[local->index], want = bitWidth(type);
    bool fits =
        have == want || (want == 8 && have >= 16) || (relaxed && have > want);
    if (have == 1 || !fits || op.value) {
      fail("register '" + op.name + "' has " + std::to_string(have) +
           " bits, but " + std::to_string(want) + " are needed");
      return 0;
    }
    return use(registerSlots[local->index], false);
  }
  bool known = false;
  uint32_t slot = specialRegister(op, type, known);
  if (known || failed())
    return slot;
  unsigned bits = bitWidth(type);
  if (bits == 64 || bits == 32) {
    slot = symbolAddress(op, bits == 64, known);
    if (known || failed())
      return slot;
  }
  fail("'" + op.name + "' is not declared");
  return 0;
}

uint32_t DecodeContext::destination(const ast::Operand &op, ScalarType type,
                                    bool relaxed) {
  if (failed())
    return 0;
  if (op.kind == ast::Operand::Name && op.name == "_")
    return sinkSlot;
  unsigned have = registerBits(op), want = bitWidth(type);
  bool fits =
      have == want || (want == 8 && have >= 16) || (relaxed && have > want);
  if (have <= 1 || !fits || op.negated || op.value) {
    fail("result '" + op.name + "' must be a register of " +
         std::to_string(want) + " bits");
    return 0;
  }
  return use(registerSlots[lookup(op.name, inst->scope)->index], true);
}

uint32_t DecodeContext::predicate(const ast::Operand &op) {
  uint32_t negation = op.negated ? negatedPredicate : 0;
  if (op.kind == ast::Operand::Immediate && !op.negated)
    return truePredicate | (op.value ? 0 : negatedPredicate);
  if (op.kind != ast::Operand::Name || registerBits(op) != 1) {
    fail("expected a predicate, but got '" + op.name + "'");
    return 0;
  }
  return registerSlots[lookup(op.name, inst->scope)->index] | negation;
}

uint32_t DecodeContext::predicateResult(const ast::Operand &op) {
  if (op.kind == ast::Operand::Name && op.name == "_")
    return sinkPredicate;
  if (op.negated || op.kind != ast::Operand::Name) {
    fail("expected a predicate result");
    return 0;
  }
  return predicate(op);
}

void DecodeContext::address(const ast::Operand &op, uint32_t &slot, bool &is32,
                            int64_t &offset) {
  slot = 0;
  is32 = false;
  if (op.kind != ast::Operand::Address) {
    fail("expected an address");
    return;
  }
  if (!op.elements.empty()) {
    fail("instruction takes no coordinates of a tensor");
    return;
  }
  offset = int64_t(op.value);
  if (op.name.empty()) {
    slot = constant(0, true);
    return;
  }
  ast::Operand base;
  base.name = op.name;
  unsigned bits = registerBits(base);
  is32 = bits == 32;
  slot = source(base, is32 ? ScalarType::U32 : ScalarType::U64);
}

void DecodeContext::address(const ast::Operand &op, AddressSpace space,
                            Inst &out) {
  bool is32;
  address(op, out.a, is32, out.offset);
  out.space = space;
  if (is32) {
    out.flags |= addressIs32;
    if (space != AddressSpace::Shared && space != AddressSpace::SharedCluster &&
        space != AddressSpace::Local && space != AddressSpace::Param)
      fail("address register must have 64 bits");
  }
}

int64_t DecodeContext::immediate(const ast::Operand &op) {
  if (op.kind == ast::Operand::Immediate &&
      op.immediate == ast::Operand::Integer)
    return int64_t(op.value);
  fail("expected an integer immediate");
  return 0;
}

uint32_t DecodeContext::label(const ast::Operand &op) {
  const ast::Local *local =
      op.kind == ast::Operand::Name ? lookup(op.name, inst->scope) : nullptr;
  if (!local || local->kind != ast::Local::Label) {
    fail("label '" + op.name + "' is not declared");
    return 0;
  }
  return local->index;
}

uint32_t DecodeContext::branchTargets(const ast::Operand &op) {
  const ast::Local *local = lookup(op.name, inst->scope);
  if (!local || local->kind != ast::Local::BranchTargets) {
    fail("'" + op.name + "' is no list of branch targets");
    return 0;
  }
  std::vector<uint32_t> pcs;
  for (const std::string &name : function.branchTargets[local->index].labels) {
    ast::Operand target;
    target.name = name;
    pcs.push_back(label(target));
  }
  program.targetLists.push_back(std::move(pcs));
  return uint32_t(program.targetLists.size() - 1);
}
