//===- TileAttributes.td - layouts and schedules ------------*- tablegen -*-===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ATTN_DIALECT_TILE_IR_TILEATTRIBUTES
#define ATTN_DIALECT_TILE_IR_TILEATTRIBUTES

include "attn/Dialect/Tile/IR/TileDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

def Tile_ReduceKind : I32EnumAttr<"ReduceKind", "row reduction", [
    I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Add", 1, "add">]> {
  let cppNamespace = "::mlir::tile";
  let genSpecializedAttr = 0;
}
def Tile_Order : I32EnumAttr<"Order", "order of independent instructions", [
    I32EnumAttrCase<"Source", 0, "source">,
    I32EnumAttrCase<"Pressure", 1, "pressure">]> {
  let cppNamespace = "::mlir::tile";
}
def Tile_Weights : I32EnumAttr<"Weights", "where the weights of the second product are", [
    I32EnumAttrCase<"Registers", 0, "registers">,
    I32EnumAttrCase<"Shared", 1, "shared">]> {
  let cppNamespace = "::mlir::tile";
}
def Tile_Split : I32EnumAttr<"Split", "what the consumers of a tile share", [
    I32EnumAttrCase<"Rows", 0, "rows">, I32EnumAttrCase<"Columns", 1, "columns">]> {
  let cppNamespace = "::mlir::tile";
}
def Tile_Rescale : I32EnumAttr<"Rescale", "when the accumulated output is rescaled", [
    I32EnumAttrCase<"After", 0, "after">, I32EnumAttrCase<"Before", 1, "before">]> {
  let cppNamespace = "::mlir::tile";
}
def Tile_Bound : I32EnumAttr<"Bound", "side of a limit", [
    I32EnumAttrCase<"AtMost", 0, "at_most">, I32EnumAttrCase<"AtLeast", 1, "at_least">]> {
  let cppNamespace = "::mlir::tile";
  let genSpecializedAttr = 0;
}
def Tile_End : I32EnumAttr<"End", "end of the values of a warp", [
    I32EnumAttrCase<"Least", 0, "least">, I32EnumAttrCase<"Largest", 1, "largest">]> {
  let cppNamespace = "::mlir::tile";
  let genSpecializedAttr = 0;
}
def Tile_EndAttr : EnumAttr<TileDialect, Tile_End, "end">;
def Tile_BoundAttr : EnumAttr<TileDialect, Tile_Bound, "bound">;
def Tile_ReduceKindAttr : EnumAttr<TileDialect, Tile_ReduceKind, "reduce_kind">;

//===----------------------------------------------------------------------===//
// Fragment layouts: tensor encodings
//===----------------------------------------------------------------------===//

class Tile_Layout<string name, string attrMnemonic>
    : AttrDef<TileDialect, name,
        [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let mnemonic = attrMnemonic;
  let assemblyFormat = "`<` struct(params) `>`";
}

def Tile_AccumulatorAttr : Tile_Layout<"Accumulator", "accumulator"> {
  let summary = "rank 2: accumulator of the 16x8 matrix instructions";
  let description = [{
    Warp w holds the rows [w * M / warps, (w + 1) * M / warps). Inside, blocks of
    16 rows by 8 columns in row-major order; a thread holds 4 elements of a block:
    rows lane / 4 and lane / 4 + 8, columns 2 * (lane % 4) and the next.

    With several `groups` of as many warps, each group has all rows and its share of
    the columns: warp w is warp w % warps of group w / warps, and group g holds the
    columns [g * N / groups, (g + 1) * N / groups).
  }];
  let parameters = (ins "int64_t":$warps,
                        DefaultValuedParameter<"int64_t", "1">:$groups);
}

def Tile_RowsAttr : Tile_Layout<"Rows", "rows"> {
  let summary = "rank 1: one value for each row of an accumulator";
  let description = [{
    The four threads that share a row hold the same value; when `partial`, each holds
    its own share and the row's value is the sum of the four. Every one of several
    `groups` holds all rows; what it has reduced from its own columns becomes the value
    of the whole row by `tile.combine`.
  }];
  let parameters = (ins "int64_t":$warps,
                        DefaultValuedParameter<"bool", "false">:$partial,
                        DefaultValuedParameter<"int64_t", "1">:$groups);
}

def Tile_ColumnsAttr : Tile_Layout<"Columns", "columns"> {
  let summary = "rank 1: one value for each column of an accumulator";
  let parameters = (ins "int64_t":$warps,
                        DefaultValuedParameter<"int64_t", "1">:$groups);
}

def Tile_OperandAAttr : Tile_Layout<"OperandA", "operand_a"> {
  let summary = "rank 2, 16 or 8 bits: first operand of the matrix instructions";
  let description = [{
    Two neighbouring 16x8 accumulator blocks are one 16x16 block of this layout, held
    by the same threads: a converted accumulator needs no data movement. With 8-bit
    elements four of them are one 16x32 block, and for the instruction the columns of
    each 16 are in another order: its columns 4q to 4q + 3 are the columns 2q, 2q + 1,
    2q + 8 and 2q + 9 of the layout. The other operand has to have its rows so. A matrix
    instruction needs all columns of its rows, so with several `groups` the operand has
    to go through shared memory (`tile-stage-weights`).
  }];
  let parameters = (ins "int64_t":$warps,
                        DefaultValuedParameter<"int64_t", "1">:$groups);
}

//===----------------------------------------------------------------------===//
// Shared memory layout
//===----------------------------------------------------------------------===//

def Tile_SwizzleAttr : AttrDef<TileDialect, "Swizzle",
    [DeclareAttrInterfaceMethods<MemRefLayoutAttrInterface,
       ["getAffineMap", "isIdentity", "getStridesAndOffset"]>]> {
  let mnemonic = "swizzle";
  let summary = "rank 2 shared buffer in column pages with XOR-permuted chunks";
  let description = [{
    The columns are cut in pages of `bytes` (128, 64 or 32) and each page is stored
    row by row. In a page, the 16-byte chunk c of row r lies at chunk
    c ^ (r % 8), c ^ (r / 2 % 4) or c ^ (r / 4 % 2): any eight consecutive rows of
    one chunk column cover all 32 banks.
  }];
  let parameters = (ins "int64_t":$bytes);
  let assemblyFormat = "`<` $bytes `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The widest page that divides `columns` elements of `elementBytes`.
    static SwizzleAttr getFor(::mlir::MLIRContext *context, int64_t columns,
                              int64_t elementBytes);
  }];
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

def Tile_ScheduleAttr : AttrDef<TileDialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "shape and staging of one kernel";
  let description = [{
    `m` x `n` elements of the score tile, `warps` that share its rows, and `stages`
    buffers for each streamed operand. `order` is how instructions are ordered where
    data leaves a choice: as the tile program says, or for few live registers;
    assemblers keep most of it, and which is better depends on the tile.

    With `split = columns` each warp has 16 rows and 16 * warps / m groups of warps have
    the same ones: they share the keys of a tile in the first product and the columns of
    the value in the second, and the `weights` go through `shared` memory.

    With `consumers` (1 to 3 warp groups, with 64 rows each or the same 64) the warps have
    roles, and:

    | parameter | meaning |
    | --- | --- |
    | `producer_registers`, `consumer_registers` | per thread, moved between the roles; 0: as launched |
    | `weights` | the second product reads them from `registers` or from `shared` memory |
    | `overlap` | the first product of a tile is issued with the second of the one before, the softmax runs under the latter |
    | `ping_pong` | warp groups take turns to issue |
    | `rescale` | of the output `after` the second product, or `before` it under the first |
    | `threshold` | the output is rescaled only when a row's maximum grew by more (in powers of two) |
    | `persistent` | as many blocks as multiprocessors, each walks over tiles |
    | `longest_first` | tiles in order of falling work, heads that share keys next to each other |
    | `cluster` | blocks that share each key and value tile by multicast, 1 or 2 |

    With `promote` the second product of a tile starts from zero and is added to the output
    in f32: matrix instructions keep fewer bits of a sum of 8-bit products (DeepSeek-V3,
    arXiv 2412.19437, section 3.3.2).
  }];
  let parameters = (ins "int64_t":$m, "int64_t":$n, "int64_t":$warps,
                        "int64_t":$stages,
                        DefaultValuedParameter<"Order", "Order::Source">:$order,
                        DefaultValuedParameter<"int64_t", "0">:$consumers,
                        DefaultValuedParameter<"int64_t", "0">:$producer_registers,
                        DefaultValuedParameter<"int64_t", "0">:$consumer_registers,
                        DefaultValuedParameter<"Weights", "Weights::Registers">:$weights,
                        DefaultValuedParameter<"bool", "false">:$overlap,
                        DefaultValuedParameter<"bool", "false">:$ping_pong,
                        DefaultValuedParameter<"Rescale", "Rescale::After">:$rescale,
                        DefaultValuedParameter<"int64_t", "0">:$threshold,
                        DefaultValuedParameter<"bool", "false">:$persistent,
                        DefaultValuedParameter<"bool", "false">:$longest_first,
                        DefaultValuedParameter<"int64_t", "1">:$cluster,
                        DefaultValuedParameter<"Split", "Split::Rows">:$split,
                        DefaultValuedParameter<"bool", "false">:$promote);
  let extraClassDeclaration = [{
    /// Groups of warps that share columns, and warps that share the rows.
    int64_t getGroups() const {
      return getSplit() == Split::Columns ? 16 * getWarps() / getM() : 1;
    }
    int64_t getRowWarps() const { return getWarps() / getGroups(); }
    /// Threads of a block: those that share the rows, and the producer's.
    int64_t getThreads() const {
      return getWarps() * 32 + (getConsumers() ? 128 : 0);
    }
  }];
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif
