//===- RandomPredicate.cpp - masks drawn from a grammar -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RandomPredicate.h"

using std::string;

string RandomPredicate::write() {
  body.clear();
  names = 0;
  string result = condition(2 + pick(3));
  return body + "attn.yield " + result + " : i1\n";
}

string RandomPredicate::writeLimits() {
  body.clear();
  names = 0;
  string all;
  for (int i = 0, count = 1 + pick(3); i < count; ++i) {
    string part = limit();
    if (pick(3) == 0)
      part = define("arith.ori " + part + ", " + limit() + " : i1");
    all = i ? define("arith.andi " + all + ", " + part + " : i1") : part;
  }
  return body + "attn.yield " + all + " : i1\n";
}

/// A comparison of a sum of the positions and of scalars.
string RandomPredicate::limit() {
  const int64_t kFactors[] = {1, 1, 1, -1, -1, 0, 2, -3};
  string sum = constant(pick(60) - 30);
  for (const char *position : {"%i", "%j"}) {
    string factor = constant(kFactors[pick(8)]);
    string product =
        define("arith.muli " + string(position) + ", " + factor + " : index");
    sum = define("arith.addi " + sum + ", " + product + " : index");
  }
  const char *kScalars[] = {"%width", "%b", "%h"};
  if (pick(2))
    sum = define(string(pick(2) ? "arith.addi " : "arith.subi ") + sum + ", " +
                 kScalars[pick(3)] + " : index");
  const char *kComparisons[] = {"sge", "sgt", "sle", "slt", "sge", "sle", "eq"};
  return define(string("arith.cmpi ") + kComparisons[pick(7)] + ", " + sum +
                ", " + constant(0) + " : index");
}

string RandomPredicate::define(const string &text) {
  string name = "%" + std::to_string(names++);
  body += name + " = " + text + "\n";
  return name;
}

string RandomPredicate::constant(int64_t value) {
  return define("arith.constant " + std::to_string(value) + " : index");
}

string RandomPredicate::position() {
  const char *kNames[] = {"%i", "%j", "%i", "%j", "%i", "%j", "%b", "%h"};
  return kNames[pick(8)];
}

/// Between 0 and the last element of a table.
string RandomPredicate::clamped(const string &index) {
  string last = constant(kTableSize - 1), zero = constant(0);
  string low = define("arith.minsi " + index + ", " + last + " : index");
  return define("arith.maxsi " + low + ", " + zero + " : index");
}

string RandomPredicate::divisor() {
  if (pick(3) == 0)
    return "%width";
  const int64_t kSizes[] = {1, 2, 3, 4, 7, 8, 12, 16};
  return constant(kSizes[pick(8)]);
}

string RandomPredicate::integer(int depth) {
  if (depth == 0) {
    switch (pick(6)) {
    case 0:
      return constant(pick(40) - 8);
    case 1:
      return "%width";
    default:
      return position();
    }
  }
  auto binary = [&](const string &name) {
    string x = integer(depth - 1), y = integer(pick(depth));
    return define(name + " " + x + ", " + y + " : index");
  };
  auto divided = [&](const string &name) {
    string x = integer(depth - 1), y = divisor();
    return define(name + " " + x + ", " + y + " : index");
  };
  switch (pick(19)) {
  case 17:
  case 18:
    return natural(depth);
  case 0:
    return binary("arith.addi");
  case 1:
  case 2:
    return binary("arith.subi");
  case 3: {
    string x = integer(depth - 1), factor = constant(pick(7) - 3);
    return define("arith.muli " + x + ", " + factor + " : index");
  }
  case 4: {
    string x = integer(depth - 1);
    return define("arith.muli " + x + ", %width : index");
  }
  case 5:
    return divided("arith.floordivsi");
  case 6:
    return divided("arith.divsi");
  case 7:
    return divided("arith.ceildivsi");
  case 8:
    return divided("arith.remsi");
  case 9: { // x mod n with the sign of n
    string x = integer(depth - 1), n = divisor();
    string q = define("arith.floordivsi " + x + ", " + n + " : index");
    string whole = define("arith.muli " + q + ", " + n + " : index");
    return define("arith.subi " + x + ", " + whole + " : index");
  }
  case 10:
    return binary("arith.minsi");
  case 11:
    return binary("arith.maxsi");
  case 12: {
    string x = integer(depth - 1);
    return define("math.absi " + x + " : index");
  }
  case 13: {
    string c = condition(depth - 1), x = integer(depth - 1),
           y = integer(depth - 1);
    return define("arith.select " + c + ", " + x + ", " + y + " : index");
  }
  case 14: {
    string at = clamped(pick(2) ? position() : integer(depth - 1));
    string id = define("attn.load %ids[" + at + "] : memref<?xi32>");
    return define("arith.index_cast " + id + " : i32 to index");
  }
  case 15: {
    string at = clamped(pick(2) ? position() : integer(depth - 1));
    return define("attn.load %starts[" + at + "] : memref<?xindex>");
  }
  default: {
    string c = condition(depth - 1);
    return define(string("arith.index_cast") + (pick(2) ? "ui " : " ") + c +
                  " : i1 to index");
  }
  }
}

/// An unsigned division, mostly of what is not negative.
string RandomPredicate::natural(int depth) {
  string x = position();
  if (pick(2)) {
    string more = pick(2) ? position() : constant(pick(20));
    x = define("arith.addi " + x + ", " + more + " : index");
  }
  if (pick(3) == 0)
    x = define("arith.muli " + x + ", " + constant(pick(4)) + " : index");
  if (pick(4) == 0) {
    string narrow = define("arith.index_cast " + x + " : index to i32");
    x = define("arith.index_cast " + narrow + " : i32 to index");
  }
  if (pick(8) == 0) // may be negative, and then is large
    x = define("arith.subi " + x + ", " + constant(pick(20)) + " : index");
  if (depth > 1 && pick(3) == 0) {
    string y = natural(depth - 1);
    x = define("arith.minsi " + x + ", " + y + " : index");
  }
  string size = divisor();
  return define(string(pick(2) ? "arith.divui " : "arith.remui ") + x + ", " +
                size + " : index");
}

string RandomPredicate::floatValue(int depth) {
  switch (pick(depth == 0 ? 2 : 5)) {
  case 0:
    return "%level";
  case 1: {
    string at = clamped(position());
    return define("attn.load %heights[" + at + "] : memref<?xf32>");
  }
  case 2: {
    string x = integer(depth - 1);
    string narrow = define("arith.index_cast " + x + " : index to i32");
    return define("arith.sitofp " + narrow + " : i32 to f32");
  }
  case 3: {
    string x = floatValue(depth - 1);
    return define("arith.negf " + x + " : f32");
  }
  default: {
    string x = floatValue(depth - 1), y = floatValue(depth - 1);
    const char *kNames[] = {"arith.addf ", "arith.subf ", "arith.mulf "};
    return define(kNames[pick(3)] + x + ", " + y + " : f32");
  }
  }
}

string RandomPredicate::comparison(int depth) {
  const char *kIntegers[] = {"sge", "sgt", "sle", "slt", "eq", "ne"};
  switch (pick(12)) {
  case 0: {
    const char *kFloats[] = {"oge", "ogt", "ole", "olt", "oeq", "one",
                             "uge", "ugt", "ule", "ult", "ueq", "une"};
    string x = floatValue(depth), y = floatValue(depth);
    return define(string("arith.cmpf ") + kFloats[pick(12)] + ", " + x + ", " +
                  y + " : f32");
  }
  case 1: {
    string x =
        define("attn.load %ids64[" + clamped(position()) + "] : memref<?xi64>");
    string y = pick(2) ? "%wide"
                       : define("attn.load %ids64[" + clamped(position()) +
                                "] : memref<?xi64>");
    return define(string("arith.cmpi ") + kIntegers[pick(6)] + ", " + x + ", " +
                  y + " : i64");
  }
  case 2: { // as strides are tested
    string x = integer(depth), n = divisor(), zero = constant(0);
    string rest =
        pick(4) == 0
            ? define("arith.remui " + position() + ", " + n + " : index")
            : define("arith.remsi " + x + ", " + n + " : index");
    return define(string("arith.cmpi ") + (pick(4) ? "eq" : "ne") + ", " +
                  rest + ", " + zero + " : index");
  }
  default: {
    string x = integer(depth), y = integer(pick(depth + 1));
    return define(string("arith.cmpi ") + kIntegers[pick(6)] + ", " + x + ", " +
                  y + " : index");
  }
  }
}

string RandomPredicate::condition(int depth) {
  if (depth == 0)
    return comparison(pick(2));
  auto both = [&](const string &name) {
    string x = condition(depth - 1), y = condition(depth - 1);
    return define(name + " " + x + ", " + y + " : i1");
  };
  switch (pick(13)) {
  case 0:
  case 1:
  case 2:
    return both("arith.andi");
  case 3:
  case 4:
    return both("arith.ori");
  case 5:
    return both("arith.xori");
  case 6: {
    string x = condition(depth - 1), one = define("arith.constant true");
    return define("arith.xori " + x + ", " + one + " : i1");
  }
  case 7: {
    string c = condition(depth - 1), x = condition(depth - 1),
           y = condition(depth - 1);
    return define("arith.select " + c + ", " + x + ", " + y + " : i1");
  }
  case 8:
    return define("attn.load %flags[" + clamped(position()) +
                  "] : memref<?xi1>");
  case 9: {
    string i = define("arith.floordivsi %i, " + divisor() + " : index");
    string j = define("arith.floordivsi %j, " + divisor() + " : index");
    string row = clamped(i), column = clamped(j);
    if (pick(2))
      return define("attn.load %blocks[" + row + ", " + column +
                    "] : memref<?x?xi1>");
    string x = define("attn.load %matrix[" + row + ", " + column +
                      "] : memref<?x?xi32>");
    string limit = define("arith.constant 2 : i32");
    return define("arith.cmpi sgt, " + x + ", " + limit + " : i32");
  }
  case 10:
    return define("attn.load %blocks[" + clamped("%i") + ", " + clamped("%j") +
                  "] : memref<?x?xi1>");
  case 11: {
    string x = condition(depth - 1), y = condition(depth - 1);
    return define(string("arith.cmpi ") + (pick(2) ? "eq" : "ne") + ", " + x +
                  ", " + y + " : i1");
  }
  default:
    return comparison(depth);
  }
}
