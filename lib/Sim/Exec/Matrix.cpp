//===- Matrix.cpp - ldmatrix, stmatrix, movmatrix and mma.sync ------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fragment tables as the PTX ISA gives them, with g = lane / 4, q = lane % 4.
// They are typed in from there on purpose: nothing here is shared with the
// compiler, which would otherwise confirm its own mistakes.
//
//===----------------------------------------------------------------------===//

#include "../LaneMath.h"
#include "Access.h"

using namespace attn::sim;

namespace {
enum class Element : uint8_t { F16, BF16, TF32 };
enum : uint8_t { HalfAccumulator = 1 };

bool checkFullWarp(Warp &warp, uint32_t mask, const char *what) {
  if (mask == ~0u)
    return true;
  warp.report(Hazard::DivergentAligned, __builtin_ctz(~mask),
              std::string(what) + " is executed by " +
                  std::to_string(__builtin_popcount(mask)) + " of 32 lanes");
  return false;
}

//===-- ldmatrix and stmatrix ---------------------------------------------===//
//
// count = number of 8x8 matrices, sub = transposed. Lane 8j + r has the address
// of row r of matrix j. The non-transposed fragment: lane gets row g, columns
// 2q (low half) and 2q + 1; transposed: rows 2q and 2q + 1 of column g.

/// Fills the row addresses and counts wavefronts. Returns the lanes whose
/// address can be used.
uint32_t rowAddresses(Warp &warp, const Inst &inst, uint32_t mask,
                      uint64_t *address) {
  uint32_t suppliers = inst.count == 4 ? ~0u : (1u << (8 * inst.count)) - 1;
  uint32_t valid = suppliers & mask;
  computeAddresses(warp, inst, inst.a, inst.flags & addressIs32, inst.offset,
                   valid, address);
  if (inst.space == AddressSpace::Generic)
    for (uint32_t rest = valid; rest; rest &= rest - 1) {
      int lane = __builtin_ctz(rest);
      if (resolveGeneric(address[lane]) != AddressSpace::Shared) {
        warp.report(Hazard::WrongSpace, lane,
                    "address is not in shared memory");
        valid &= ~(1u << lane);
      }
    }
  countShared(warp, inst, valid, address, 16);
  return valid;
}

void execLdmatrix(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *ops = warp.operands(inst);
  checkFullWarp(warp, mask, "ldmatrix");
  unsigned matrices = inst.count;
  uint64_t address[32];
  uint32_t valid = rowAddresses(warp, inst, mask, address);

  for (unsigned j = 0; j < matrices; ++j) {
    uint16_t rows[8][8];
    uint8_t init[8][8]; // by element
    std::memset(rows, 0xff, sizeof rows);
    std::memset(init, 1, sizeof init);
    for (unsigned r = 0; r < 8; ++r) {
      unsigned lane = 8 * j + r;
      if (!(valid >> lane & 1))
        continue;
      // All lanes get a part of the row, so the reader is the warp.
      warp.currentPc = inst.pc;
      Bytes bytes = accessShared(warp, inst, 32, address[lane], 16,
                                 AccessKind::Read, false);
      if (!bytes.data)
        continue;
      std::memcpy(rows[r], bytes.data, 16);
      for (unsigned e = 0; e < 8; ++e)
        init[r][e] = bytes.init[2 * e] & bytes.init[2 * e + 1];
    }
    uint32_t *d = warp.destination(ops[j]);
    uint32_t poison = 0;
    for (unsigned lane = 0; lane < 32; ++lane) {
      if (!(mask >> lane & 1))
        continue;
      unsigned g = lane / 4, q = lane % 4;
      uint32_t low, high;
      bool known;
      if (inst.sub) {
        low = rows[2 * q][g];
        high = rows[2 * q + 1][g];
        known = init[2 * q][g] & init[2 * q + 1][g];
      } else {
        low = rows[g][2 * q];
        high = rows[g][2 * q + 1];
        known = init[g][2 * q] & init[g][2 * q + 1];
      }
      d[lane] = high << 16 | low;
      poison |= uint32_t(!known) << lane;
    }
    warp.setPoison(ops[j], mask, poison);
  }
}

/// Two rows of one stmatrix at one place are fine only with one value.
void checkRepeatedRows(Warp &warp, uint32_t valid, const uint64_t *address,
                       const uint16_t (*rows)[8]) {
  for (uint32_t rest = valid; rest; rest &= rest - 1) {
    int lane = __builtin_ctz(rest);
    for (int other = 0; other < lane; ++other)
      if (valid >> other & 1 && address[other] == address[lane] &&
          std::memcmp(rows[other], rows[lane], 16))
        warp.report(Hazard::SharedRace, lane,
                    "rows of lanes " + std::to_string(other) + " and " +
                        std::to_string(lane) +
                        " have one address and different values");
  }
}

void execStmatrix(Warp &warp, const Inst &inst, uint32_t mask) {
  const uint32_t *ops = warp.operands(inst);
  checkFullWarp(warp, mask, "stmatrix");
  uint64_t address[32];
  uint32_t valid = rowAddresses(warp, inst, mask, address);
  uint16_t rows[32][8]; // by the lane that has the address
  uint8_t known[32][8];
  std::memset(rows, 0xff, sizeof rows);
  std::memset(known, 0, sizeof known);
  for (unsigned j = 0; j < inst.count; ++j) {
    const uint32_t *from = warp.source(ops[j]);
    uint32_t good = mask & ~warp.poison(ops[j]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, q = lane % 4;
      for (unsigned half = 0; half < 2; ++half) {
        unsigned row = 8 * j + (inst.sub ? 2 * q + half : g);
        unsigned column = inst.sub ? g : 2 * q + half;
        rows[row][column] = uint16_t(from[lane] >> (16 * half));
        known[row][column] = good >> lane & 1;
      }
    }
  }
  checkRepeatedRows(warp, valid, address, rows);
  for (uint32_t rest = valid; rest; rest &= rest - 1) {
    unsigned lane = unsigned(__builtin_ctz(rest));
    // All lanes give a part of the row, so the writer is the warp.
    Bytes bytes = accessShared(warp, inst, 32, address[lane], 16,
                               AccessKind::Write, false);
    if (!bytes.data)
      continue;
    std::memcpy(bytes.data, rows[lane], 16);
    for (unsigned e = 0; e < 16; ++e)
      bytes.init[e] = known[lane][e / 2];
  }
}

bool decodeMatrixAccess(DecodeContext &d, Inst &inst, bool isStore) {
  if (!d.take("sync") || !d.take("aligned") || !d.take("m8n8"))
    return d.fail("expected '.sync.aligned.m8n8'");
  unsigned n = d.take("x1") ? 1 : d.take("x2") ? 2 : d.take("x4") ? 4 : 0;
  inst.sub = d.take("trans");
  AddressSpace space = d.take("shared") || d.take("shared::cta")
                           ? AddressSpace::Shared
                           : AddressSpace::Generic;
  if (!n || !d.take("b16") || !d.expectOperands(2))
    return d.fail("unsupported form");
  const ast::Operand &fragment = d.operand(isStore ? 1 : 0);
  if (fragment.kind != ast::Operand::Vector || fragment.elements.size() != n)
    return d.fail("expected a vector of " + std::to_string(n));
  std::vector<uint32_t> slots;
  for (const ast::Operand &e : fragment.elements)
    slots.push_back(isStore ? d.source(e, ScalarType::B32)
                            : d.destination(e, ScalarType::B32));
  inst.ops = d.pool(slots);
  inst.numOps = uint16_t(n);
  inst.count = uint8_t(n);
  d.address(d.operand(isStore ? 0 : 1), space, inst);
  return true;
}

bool decodeLdmatrix(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Ldmatrix;
  inst.exec = execLdmatrix;
  return decodeMatrixAccess(d, inst, false);
}

bool decodeStmatrix(DecodeContext &d, Inst &inst) {
  inst.cls = InstClass::Stmatrix;
  inst.exec = execStmatrix;
  inst.isStore = true;
  return d.require(90) && decodeMatrixAccess(d, inst, true);
}

//===-- movmatrix ---------------------------------------------------------===//

/// The 8x8 matrix in the fragment of ldmatrix, transposed.
void execMovmatrix(Warp &warp, const Inst &inst, uint32_t mask) {
  if (!checkFullWarp(warp, mask, "movmatrix"))
    return;
  const uint32_t *from = warp.source(inst.a);
  uint32_t poison = warp.poison(inst.a), outPoison = 0, out[32];
  for (unsigned lane = 0; lane < 32; ++lane) {
    unsigned g = lane / 4, q = lane % 4;
    out[lane] = 0;
    for (unsigned half = 0; half < 2; ++half) {
      unsigned row = 2 * q + half; // of the source, whose column is g
      unsigned owner = 4 * row + g / 2;
      out[lane] |= (from[owner] >> (g % 2 * 16) & 0xffff) << (16 * half);
      outPoison |= (poison >> owner & 1) << lane;
    }
  }
  std::memcpy(warp.destination(inst.dst), out, sizeof out);
  warp.setPoison(inst.dst, ~0u, outPoison);
}

bool decodeMovmatrix(DecodeContext &d, Inst &inst) {
  for (std::string_view part : {"sync", "aligned", "m8n8", "trans", "b16"})
    if (!d.take(part))
      return d.fail("expected '.sync.aligned.m8n8.trans.b16'");
  if (!d.expectOperands(2))
    return false;
  inst.cls = InstClass::Shuffle;
  inst.dst = d.destination(0, ScalarType::B32);
  inst.a = d.source(1, ScalarType::B32);
  inst.exec = execMovmatrix;
  return true;
}

//===-- mma ---------------------------------------------------------------===//

float element16(uint32_t word, unsigned half, Element type) {
  uint16_t bits = uint16_t(word >> (16 * half));
  return type == Element::F16 ? toFloat(Half{bits}) : toFloat(BFloat{bits});
}

/// A, 16 x K. 16-bit: word w holds row g + 8*(w & 1), columns 2q and 2q + 1,
/// plus 8 for words 2 and 3. tf32: row g + 8*(w & 1), column q + 4*(w >> 1).
void gatherA(Warp &warp, const uint32_t *slots, unsigned words, Element type,
             unsigned k, float *a) {
  for (unsigned w = 0; w < words; ++w) {
    const uint32_t *from = warp.source(slots[w]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, q = lane % 4, row = g + 8 * (w & 1);
      if (type == Element::TF32) {
        a[row * k + q + 4 * (w >> 1)] = bitCast<float>(from[lane] & 0xffffe000);
        continue;
      }
      unsigned col = 2 * q + 8 * (w >> 1);
      a[row * k + col] = element16(from[lane], 0, type);
      a[row * k + col + 1] = element16(from[lane], 1, type);
    }
  }
}

/// B, K x 8. 16-bit: word w holds rows 2q + 8w and one more, column g.
/// tf32: row q + 4w, column g.
void gatherB(Warp &warp, const uint32_t *slots, unsigned words, Element type,
             float *b) {
  for (unsigned w = 0; w < words; ++w) {
    const uint32_t *from = warp.source(slots[w]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, q = lane % 4;
      if (type == Element::TF32) {
        b[(q + 4 * w) * 8 + g] = bitCast<float>(from[lane] & 0xffffe000);
        continue;
      }
      unsigned row = 2 * q + 8 * w;
      b[row * 8 + g] = element16(from[lane], 0, type);
      b[(row + 1) * 8 + g] = element16(from[lane], 1, type);
    }
  }
}

/// C and D, 16 x 8: c_i is row g + 8*(i >> 1), column 2q + (i & 1). With f16
/// accumulators word w holds c_2w and c_2w+1.
void gatherC(Warp &warp, const uint32_t *slots, bool half, float *c) {
  for (unsigned i = 0; i < 4; ++i) {
    const uint32_t *from = warp.source(slots[half ? i / 2 : i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, q = lane % 4;
      c[(g + 8 * (i >> 1)) * 8 + 2 * q + (i & 1)] =
          half ? element16(from[lane], i & 1, Element::F16)
               : bitCast<float>(from[lane]);
    }
  }
}

void scatterD(Warp &warp, const uint32_t *slots, bool half, const float *c) {
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t *to = warp.destination(slots[half ? i / 2 : i]);
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned g = lane / 4, q = lane % 4;
      float v = c[(g + 8 * (i >> 1)) * 8 + 2 * q + (i & 1)];
      if (!half)
        to[lane] = bitCast<uint32_t>(v);
      else if (i & 1)
        to[lane] |= uint32_t(toHalf(v).bits) << 16;
      else
        to[lane] = toHalf(v).bits;
    }
  }
}

/// Operand pool: D, A, B, C. A poisoned input poisons what it feeds: a row of
/// D from A and C, a column from B.
void propagatePoison(Warp &warp, const uint32_t *d, unsigned nd,
                     const uint32_t *a, unsigned na, const uint32_t *b,
                     unsigned nb, const uint32_t *c) {
  uint32_t rows[2] = {0, 0}, columns = 0; // bits: g, and column
  bool any = false;
  for (unsigned w = 0; w < na; ++w)
    any |= warp.poison(a[w]) != 0;
  for (unsigned w = 0; w < nb; ++w)
    any |= warp.poison(b[w]) != 0;
  for (unsigned w = 0; w < nd; ++w)
    any |= warp.poison(c[w]) != 0;
  uint32_t out[4] = {};
  if (any) {
    for (unsigned lane = 0; lane < 32; ++lane) {
      for (unsigned w = 0; w < na; ++w)
        rows[w & 1] |= (warp.poison(a[w]) >> lane & 1) << (lane / 4);
      for (unsigned w = 0; w < nb; ++w)
        columns |= (warp.poison(b[w]) >> lane & 1) << (lane / 4);
    }
    for (unsigned i = 0; i < nd; ++i)
      for (unsigned lane = 0; lane < 32; ++lane) {
        unsigned half = nd == 4 ? i >> 1 : i;
        bool bad = rows[half] >> (lane / 4) & 1;
        bad |= columns >> (2 * (lane % 4)) & 3;
        bad |= warp.poison(c[i]) >> lane & 1;
        out[i] |= uint32_t(bad) << lane;
      }
  }
  for (unsigned i = 0; i < nd; ++i)
    warp.setPoison(d[i], ~0u, out[i]);
}

template <Element type, unsigned k>
void execMma(Warp &warp, const Inst &inst, uint32_t mask) {
  if (!checkFullWarp(warp, mask, "mma"))
    return;
  constexpr unsigned na = k == 16 ? 4 : type == Element::TF32 ? 4 : 2;
  constexpr unsigned nb = na / 2;
  bool half = inst.flags & HalfAccumulator;
  unsigned nd = half ? 2 : 4;
  const uint32_t *d = warp.operands(inst), *a = d + nd, *b = a + na,
                 *c = b + nb;
  alignas(64) float fa[16 * k], fb[k * 8], fc[16 * 8];
  gatherA(warp, a, na, type, k, fa);
  gatherB(warp, b, nb, type, fb);
  gatherC(warp, c, half, fc);
  multiplyTile16x8(fa, fb, fc, k);
  propagatePoison(warp, d, nd, a, na, b, nb, c);
  scatterD(warp, d, half, fc);
}

bool collect(DecodeContext &d, size_t index, unsigned n, bool isResult,
             std::vector<uint32_t> &slots) {
  const ast::Operand &op = d.operand(index);
  if (op.kind != ast::Operand::Vector || op.elements.size() != n)
    return d.fail("operand " + std::to_string(index + 1) +
                  " must be a vector of " + std::to_string(n));
  for (const ast::Operand &e : op.elements)
    slots.push_back(isResult ? d.destination(e, ScalarType::B32)
                             : d.source(e, ScalarType::B32));
  return !d.failed();
}

bool decodeMma(DecodeContext &d, Inst &inst) {
  if (!d.take("sync") || !d.take("aligned"))
    return d.fail("expected '.sync.aligned'");
  std::string_view shape = d.takeOneOf({"m16n8k16", "m16n8k8"});
  if (shape.empty() || !d.take("row") || !d.take("col"))
    return d.fail("unsupported shape or layout");
  unsigned k = shape == "m16n8k16" ? 16 : 8;
  ScalarType td = d.takeType(), ta = d.takeType(), tb = d.takeType(),
             tc = d.takeType();
  bool half = td == ScalarType::F16;
  bool good = ta == tb && td == tc &&
              (td == ScalarType::F32 || (half && ta == ScalarType::F16)) &&
              (ta == ScalarType::F16 || ta == ScalarType::BF16 ||
               (ta == ScalarType::TF32 && k == 8));
  if (!good || !d.expectOperands(4))
    return d.fail("unsupported combination of types");
  unsigned nd = half ? 2 : 4;
  unsigned na = k == 16 || ta == ScalarType::TF32 ? 4 : 2;
  std::vector<uint32_t> slots;
  if (!collect(d, 0, nd, true, slots) || !collect(d, 1, na, false, slots) ||
      !collect(d, 2, na / 2, false, slots) || !collect(d, 3, nd, false, slots))
    return false;
  inst.ops = d.pool(slots);
  inst.numOps = uint16_t(slots.size());
  inst.flags = half ? HalfAccumulator : 0;
  inst.cls = InstClass::Mma;
  inst.flops = 2 * 16 * 8 * k;
  if (ta == ScalarType::TF32)
    inst.exec = execMma<Element::TF32, 8>;
  else if (ta == ScalarType::F16)
    inst.exec = k == 16 ? execMma<Element::F16, 16> : execMma<Element::F16, 8>;
  else
    inst.exec =
        k == 16 ? execMma<Element::BF16, 16> : execMma<Element::BF16, 8>;
  return true;
}
} // namespace

void attn::sim::registerMatrix(OpcodeTable &table) {
  table["ldmatrix"] = decodeLdmatrix;
  table["stmatrix"] = decodeStmatrix;
  table["movmatrix"] = decodeMovmatrix;
  table["mma"] = decodeMma;
}
