//===- Program.h - decoded form of one kernel -------------------*- C++ -*-===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers live in numbered slots of 32 lanes x 32 bits; a 64-bit register
// takes two slots, read as 32 x 64 bits. Immediates are slots as well (of a
// constant file), so that an instruction never asks what kind its operand is.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_SIM_PROGRAM_H
#define ATTN_LIB_SIM_PROGRAM_H

#include "attn/Sim/Module.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace attn::sim {

class Warp;
struct Inst;

/// Executes one instruction for the lanes of `mask`, which is never empty.
using ExecFn = void (*)(Warp &warp, const Inst &inst, uint32_t mask);

/// A slot of the constant file has this bit set.
constexpr uint32_t constantSlot = 1u << 31;
/// A predicate reference with this bit set is negated.
constexpr uint32_t negatedPredicate = 1u << 31;
/// Predicate 0 is always true; predicate 1 takes results nobody wants.
constexpr uint32_t truePredicate = 0, sinkPredicate = 1;
/// "no instruction", also the reconvergence point of paths that never meet.
constexpr uint32_t noPc = ~0u;

enum class InstClass : uint8_t {
  Mma,
  Wgmma, ///< mma_async; fence, commit and wait are `Other`
  Mufu,
  Fp32,
  FpOther,
  Int,
  Convert,
  Move,
  Ldmatrix,
  Stmatrix,
  Shared,
  Global,
  CpAsync,
  Bulk, ///< bulk copies and their groups
  Mbarrier,
  Barrier,
  Shuffle,
  Control,
  Other,
};
constexpr unsigned numInstClasses = 19;
const char *name(InstClass cls);

/// Where a load or store goes when the opcode says so.
enum class AddressSpace : uint8_t {
  Generic,
  Global,
  Const,
  Shared,
  SharedCluster, ///< of any CTA of the cluster
  Local,
  Param
};

struct Inst {
  ExecFn exec = nullptr;
  uint32_t dst = 0, a = 0, b = 0, c = 0; ///< slots or predicate references
  uint32_t ops = 0; ///< first of further operands in Program::operands
  uint16_t numOps = 0;
  uint8_t width = 0; ///< bytes of one element of a memory access
  uint8_t count = 1; ///< elements of a memory access, matrices, ...
  AddressSpace space = AddressSpace::Generic;
  InstClass cls = InstClass::Other;
  uint8_t sub = 0;        ///< meaning is private to the exec function
  uint8_t flags = 0;      ///< likewise
  bool isBranch = false;  ///< `target` or a target list decides the next pc
  bool isUniform = false; ///< `.uni`
  bool isExit = false;
  bool isStore = false; ///< of shared or global memory
  int64_t offset = 0;   ///< of the address operand, or an immediate
  uint32_t guard = truePredicate;
  uint32_t target = noPc;     ///< of a branch
  uint32_t reconverge = noPc; ///< immediate post-dominator of a branch
  uint32_t targetList = 0;    ///< of brx.idx
  uint32_t pc = 0;
  uint32_t flops = 0;        ///< of one execution by a warp
  uint32_t operandBytes = 0; ///< a warp's share of what wgmma reads
  /// Registers that Program::fragmentUses lists from `uses` on.
  uint32_t uses = 0, numUses = 0;
  int line = 0; ///< PTX line
  int sourceFile = 0, sourceLine = 0;
};

/// Values that are only known when a warp starts.
enum class SpecialKind : uint8_t {
  Tid,
  NTid,
  CtaId,
  NCtaId, ///< `component` 0..2
  LaneId,
  WarpId,
  NWarpId,
  LaneMaskEq,
  LaneMaskLe,
  LaneMaskLt,
  LaneMaskGe,
  LaneMaskGt,
  DynamicSharedSize,
  ClusterId,
  NClusterId,
  ClusterCtaId,
  ClusterNCtaId,
  ClusterCtaRank,
  ClusterNCtaRank,
  GlobalVariable, ///< address of Program::globals[component] plus `offset`
};

struct SpecialSlot {
  uint32_t slot = 0;
  SpecialKind kind = SpecialKind::Tid;
  bool is64 = false;
  uint32_t component = 0;
  uint64_t offset = 0;
};

/// How an instruction other than wgmma uses a register that is an accumulator
/// or an A operand of some wgmma.
struct FragmentUse {
  uint32_t fragment = 0; ///< Program::fragmentOf the register
  bool isWrite = false;
};
constexpr uint32_t noFragment = ~0u;

struct SharedSymbol {
  std::string name;
  uint32_t offset = 0, bytes = 0; ///< bytes 0: the dynamic part
};

struct Program {
  EntryInfo info;
  Dim3 maxntid{0, 0, 0};
  unsigned maxRegisters = 0; ///< of `.maxnreg`; 0 = none
  unsigned minCtasPerMultiprocessor = 0;
  std::vector<Inst> code;
  std::vector<uint32_t> operands;
  std::vector<std::vector<uint32_t>> targetLists;
  /// Numbers of the registers that wgmma uses, by slot; empty without wgmma.
  std::vector<uint32_t> fragmentOf;
  uint32_t numFragments = 0;
  std::vector<FragmentUse> fragmentUses;
  uint32_t numSlots = 0, numPredicates = 2;
  std::vector<uint32_t> constants; ///< 32 words a slot
  std::vector<SpecialSlot> specials;
  std::vector<SharedSymbol> sharedSymbols;
  std::vector<uint32_t> globals; ///< module variables that are used
  uint32_t localBytes = 0;       ///< per thread
  /// log2 of the bytes that race detection tells apart.
  unsigned sharedGranule = 2, globalGranule = 2;
  /// Atomics on global memory: CTAs run in a fixed interleaving.
  bool hasGlobalAtomics = false;
  /// Has instructions of the async proxy or mbarriers.
  bool usesAsyncProxy = false;
  /// Fences or acquire/release order CTAs: races between them are not judged.
  bool ordersCtas = false;
};

/// A module variable of `.global` or `.const`.
struct GlobalVariable {
  std::string name;
  uint64_t bytes = 0;
  uint32_t align = 1;
  bool isConst = false;
  std::vector<uint8_t> init; ///< empty: zeros
};

class Module {
public:
  uint64_t id = 0; ///< unique in the process
  unsigned target = 80, version = 0;
  std::vector<std::string> lines; ///< the PTX text, for findings
  std::unordered_map<int, std::string> files;
  std::vector<GlobalVariable> globals;
  std::vector<Program> programs;
};

/// Start of the shared window as `ld.shared` sees it. Not 0, so that a null
/// offset is caught; a multiple of 1024, so that offset and address swizzle
/// alike.
constexpr uint32_t sharedBase = 1024;

/// An address of shared::cluster has the rank of its CTA, plus 1, in the upper
/// byte; 0 is the own CTA, whose shared::cta addresses are valid there too.
constexpr unsigned sharedRankShift = 24;

/// Windows of the generic address space; everything else is global.
constexpr uint64_t windowMask = ~uint64_t(0xffffffff);
constexpr uint64_t sharedWindow = uint64_t(0x101) << 32;
constexpr uint64_t localWindow = uint64_t(0x102) << 32;
constexpr uint64_t paramWindow = uint64_t(0x103) << 32;

} // namespace attn::sim

#endif // ATTN_LIB_SIM_PROGRAM_H
