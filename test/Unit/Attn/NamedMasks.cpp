//===- NamedMasks.cpp - masks that people use -----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MaskTest.h"

static const NamedMask kNamedMasks[] = {
    {"causal", "%m = attn.causal %i, %j\nattn.yield %m : i1", "range", "range"},
    {"causal_offset",
     "%m = attn.causal %i, %j offset %width\nattn.yield %m : i1", "range",
     "range"},
    {"window",
     "%m = attn.window %i, %j left %width\n"
     "%c = attn.causal %i, %j\n"
     "%r = arith.andi %m, %c : i1\nattn.yield %r : i1",
     "range", "range"},
    {"symmetric_window",
     "%m = attn.window %i, %j left %width right %width\n"
     "attn.yield %m : i1",
     "range", "range"},
    {"window_by_distance",
     "%d = arith.subi %i, %j : index\n"
     "%a = math.absi %d : index\n"
     "%m = arith.cmpi sle, %a, %width : index\n"
     "attn.yield %m : i1",
     "range", "range"},
    {"prefix",
     "%m = attn.prefix_lm %i, %j, %width\n"
     "attn.yield %m : i1",
     "range", "list"},
    {"document",
     "%a = attn.load %ids[%i] : memref<?xi32>\n"
     "%b0 = attn.load %ids[%j] : memref<?xi32>\n"
     "%m = attn.same_document %a, %b0 : i32\n"
     "attn.yield %m : i1",
     "list", "list"},
    {"causal_document",
     "%a = attn.load %ids[%i] : memref<?xi32>\n"
     "%b0 = attn.load %ids[%j] : memref<?xi32>\n"
     "%d = attn.same_document %a, %b0 : i32\n"
     "%c = attn.causal %i, %j\n"
     "%m = arith.andi %d, %c : i1\nattn.yield %m : i1",
     "list", "list"},
    {"packed",
     "%a = attn.load %starts[%i] : memref<?xindex>\n"
     "%d = arith.cmpi sge, %j, %a : index\n"
     "%c = attn.causal %i, %j\n"
     "%m = arith.andi %d, %c : i1\nattn.yield %m : i1",
     "list", "list"},
    {"chunked", "%m = attn.chunked %i, %j, %width\nattn.yield %m : i1", "list",
     "list"},
    {"chunked_causal",
     "%d = attn.chunked %i, %j, %width\n"
     "%c = attn.causal %i, %j\n"
     "%m = arith.andi %d, %c : i1\nattn.yield %m : i1",
     "list", "list"},
    {"chunked_by_division",
     "%x = arith.floordivsi %i, %width : index\n"
     "%y = arith.floordivsi %j, %width : index\n"
     "%m = arith.cmpi eq, %x, %y : index\nattn.yield %m : i1",
     "list", "list"},
    {"chunked_by_unsigned_division",
     "%n = arith.constant 100 : index\n"
     "%past = arith.constant 30 : index\n"
     "%p = arith.addi %i, %past : index\n"
     "%x = arith.divui %p, %n : index\n"
     "%y = arith.divui %j, %n : index\n"
     "%m = arith.cmpi eq, %x, %y : index\nattn.yield %m : i1",
     "list", "list"},
    {"every_hundredth_key",
     "%n = arith.constant 100 : index\n"
     "%z = arith.constant 0 : index\n"
     "%x = arith.remui %j, %n : index\n"
     "%m = arith.cmpi eq, %x, %z : index\nattn.yield %m : i1",
     "list", "list"},
    {"strided",
     "%m = attn.sparse_strided %i, %j, %width\n"
     "attn.yield %m : i1",
     "list", "list"},
    {"only_strides",
     "%d = arith.subi %i, %j : index\n"
     "%z = arith.constant 0 : index\n"
     "%r = arith.remsi %d, %width : index\n"
     "%e = arith.cmpi eq, %r, %z : index\n"
     "%c = attn.causal %i, %j\n"
     "%m = arith.andi %e, %c : i1\nattn.yield %m : i1",
     "list", "list"},
    {"fixed",
     "%n = arith.constant 8 : index\n"
     "%m = attn.sparse_fixed %i, %j, %width, %n\n"
     "attn.yield %m : i1",
     "list", "list",
     // Where the diagonal cuts a tile, its summaries may lie above.
     4},
    {"dilated",
     "%n = arith.constant 7 : index\n"
     "%m = attn.dilated_window %i, %j, %width, %n\n"
     "attn.yield %m : i1",
     "list", "list"},
    {"local_global",
     "%n = arith.constant 20 : index\n"
     "%m = attn.longformer %i, %j, %width "
     "global %n\nattn.yield %m : i1",
     "list", "list"},
    {"local_global_flags",
     "%x = attn.load %flags[%i] : memref<?xi1>\n"
     "%y = attn.load %flags[%j] : memref<?xi1>\n"
     "%m = attn.longformer %i, %j, %width "
     "flags %x, %y\nattn.yield %m : i1",
     "list", "list"},
    {"sink_window",
     "%n = arith.constant 4 : index\n"
     "%m = attn.streaming %i, %j, %n, %width\n"
     "attn.yield %m : i1",
     "list", "list"},
    {"blocks",
     "%n = arith.constant 32 : index\n"
     "%x = arith.floordivsi %i, %n : index\n"
     "%y = arith.floordivsi %j, %n : index\n"
     "%m = attn.load %blocks[%x, %y] : memref<?x?xi1>\n"
     "attn.yield %m : i1",
     "list", "list"},
};

llvm::ArrayRef<NamedMask> namedMasks() { return kNamedMasks; }

void MaskTest::fillNamedCaptures(int64_t length) {
  std::mt19937_64 random(1);
  interpreter.set(function.getArgument(1), 100);
  Table ids{{length}, {}}, starts = ids, flags = ids,
                           blocks{{length / 32, length / 32}, {}};
  for (int64_t p = 0, start = 0; p < length; ++p) {
    if (random() % 90 == 0)
      start = p;
    starts.elements.push_back({start, 0});
    ids.elements.push_back({start / 3, 0});
    flags.elements.push_back({random() % 100 == 0, 0});
  }
  for (int64_t p = 0; p < length / 32 * length / 32; ++p)
    blocks.elements.push_back({random() % 3 == 0, 0});
  tableSize = length / 32;
  interpreter.setTable(function.getArgument(4), ids);
  interpreter.setTable(function.getArgument(6), starts);
  interpreter.setTable(function.getArgument(7), flags);
  interpreter.setTable(function.getArgument(9), blocks);
}
