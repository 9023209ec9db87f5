// RUN: attn-opt %s -verify-diagnostics -split-input-file

// expected-error @below {{expected a positive number of warps, but got 0}}
func.func @accumulator_zero_warps(%a: tensor<16x8xf32, #tile.accumulator<warps = 0>>) { return }

// -----

// expected-error @below {{expected a layout for rank 2, but got a tensor of rank 1}}
func.func @accumulator_rank(%a: tensor<16xf32, #tile.accumulator<warps = 1>>) { return }

// -----

// expected-error @below {{expected a static fragment shape}}
func.func @accumulator_dynamic(%a: tensor<16x?xf32, #tile.accumulator<warps = 1>>) { return }

// -----

// expected-error @below {{expected rows to be a positive multiple of 32, but got 16}}
func.func @accumulator_rows(%a: tensor<16x8xf32, #tile.accumulator<warps = 2>>) { return }

// -----

// expected-error @below {{expected columns to be a positive multiple of 8, but got 12}}
func.func @accumulator_columns(%a: tensor<16x12xf32, #tile.accumulator<warps = 1>>) { return }

// -----

// expected-error @below {{expected columns to be a positive multiple of 8, but got 0}}
func.func @accumulator_no_columns(%a: tensor<16x0xf32, #tile.accumulator<warps = 1>>) { return }

// -----

// expected-error @below {{expected a positive number of warps, but got -1}}
func.func @rows_negative_warps(%a: tensor<16xf32, #tile.rows<warps = -1>>) { return }

// -----

// expected-error @below {{expected a layout for rank 1, but got a tensor of rank 0}}
func.func @rows_rank(%a: tensor<f32, #tile.rows<warps = 1>>) { return }

// -----

// expected-error @below {{expected rows to be a positive multiple of 16, but got 8}}
func.func @rows_multiple(%a: tensor<8xf32, #tile.rows<warps = 1>>) { return }

// -----

// expected-error @below {{expected a positive number of warps, but got 0}}
func.func @columns_zero_warps(%a: tensor<8xf32, #tile.columns<warps = 0>>) { return }

// -----

// expected-error @below {{expected a layout for rank 1, but got a tensor of rank 2}}
func.func @columns_rank(%a: tensor<8x8xf32, #tile.columns<warps = 1>>) { return }

// -----

// expected-error @below {{expected columns to be a positive multiple of 8, but got 4}}
func.func @columns_multiple(%a: tensor<4xf32, #tile.columns<warps = 1>>) { return }

// -----

// expected-error @below {{expected f16, bf16, f8E4M3FN or f8E5M2 elements, but got 'f32'}}
func.func @operand_a_element(%a: tensor<16x16xf32, #tile.operand_a<warps = 1>>) { return }

// -----

// expected-error @below {{expected a positive number of warps, but got 0}}
func.func @operand_a_zero_warps(%a: tensor<16x16xf16, #tile.operand_a<warps = 0>>) { return }

// -----

// expected-error @below {{expected columns to be a positive multiple of 16, but got 8}}
func.func @operand_a_columns(%a: tensor<16x8xbf16, #tile.operand_a<warps = 1>>) { return }

// -----

// expected-error @below {{expected pages of 128, 64 or 32 bytes, but got 16}}
func.func @swizzle_bytes(%a: memref<16x16xf16, #tile.swizzle<16>>) { return }

// -----

// expected-error @below {{memref layout mismatch between rank and affine map: 3 != 2}}
func.func @swizzle_rank(%a: memref<16x16x16xf16, #tile.swizzle<32>>) { return }

// -----

// expected-error @below {{expected 1 to 32 warps, but got 0}}
func.func @schedule_no_warps() attributes {s = #tile.schedule<m = 16, n = 16, warps = 0, stages = 1>} { return }

// -----

// expected-error @below {{expected 1 to 32 warps, but got 33}}
func.func @schedule_many_warps() attributes {s = #tile.schedule<m = 528, n = 16, warps = 33, stages = 1>} { return }

// -----

// expected-error @below {{expected m to be a positive multiple of 16 * warps = 64, but got 96}}
func.func @schedule_m() attributes {s = #tile.schedule<m = 96, n = 16, warps = 4, stages = 1>} { return }

// -----

// expected-error @below {{expected m to be a positive multiple of 16 * warps = 64, but got 0}}
func.func @schedule_no_m() attributes {s = #tile.schedule<m = 0, n = 16, warps = 4, stages = 1>} { return }

// -----

// expected-error @below {{expected n to be a positive multiple of 16, but got 24}}
func.func @schedule_n() attributes {s = #tile.schedule<m = 64, n = 24, warps = 4, stages = 1>} { return }

// -----

// expected-error @below {{expected 1 to 8 stages, but got 9}}
func.func @schedule_stages() attributes {s = #tile.schedule<m = 64, n = 16, warps = 4, stages = 9>} { return }
