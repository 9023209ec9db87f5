// RUN: attn-opt %s -split-input-file -verify-diagnostics

func.func @rank(%m: memref<?x4xi32>, %i: index) -> i32 {
  // expected-error @below {{expected a source of i32 with 1 dimensions, as many as indices, but got 'memref<?x4xi32>'}}
  %0 = tile.load_constant %m[%i] : memref<?x4xi32>
  return %0 : i32
}

// -----

func.func @element(%m: memref<4xf32>, %i: index) -> i32 {
  // expected-error @below {{expected a source of i32 with 1 dimensions, as many as indices, but got 'memref<4xf32>'}}
  %0 = tile.load_constant %m[%i] : memref<4xf32>
  return %0 : i32
}
