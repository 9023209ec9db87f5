/*===- Runtime.h - what compiled host functions call --------------*- C -*-===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
 */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* The C ABI between a compiled host function and the program it is linked into.
 * A host function is `int32_t _mlir_ciface_NAME(descriptor *..., scalar...,
 * attn_rt_stream *)`: it computes grids and tensor maps and calls
 * attn_rt_launch or attn_rt_launch_cluster for each kernel. It allocates
 * nothing and waits for nothing. */

#ifndef ATTN_RUNTIME_RUNTIME_H
#define ATTN_RUNTIME_RUNTIME_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Status codes. Host functions return one of these. */
enum {
  ATTN_RT_SUCCESS = 0,
  ATTN_RT_INVALID_ARGUMENT = 1, /* sizes, strides or handles that cannot be */
  ATTN_RT_OUT_OF_MEMORY = 2,
  ATTN_RT_BAD_IMAGE = 3,     /* the device refused the module */
  ATTN_RT_NO_KERNEL = 4,     /* the module has no entry of that name */
  ATTN_RT_LAUNCH_FAILED = 5, /* refused by the device, or died there */
  ATTN_RT_FINDING = 6,       /* the simulator found the kernel wrong */
  ATTN_RT_DEVICE_ERROR = 7   /* anything else the device said */
};

/* A queue on one device, made by the embedding program. Used by one thread at a
 * time. It owns the modules that were loaded through it. */
typedef struct attn_rt_stream attn_rt_stream;

/* One device module. The address of an image is its identity: it has to stay
 * the same, with the same contents, while a stream lives that has used it. */
typedef struct attn_rt_image {
  const char *chip; /* what it was compiled for, for example "sm_80" */
  const char *data; /* PTX text followed by a NUL, or the bytes of a cubin */
  uint64_t size;    /* bytes of `data`, the NUL counted or not */
} attn_rt_image;

/* All functions below return ATTN_RT_SUCCESS or another status code;
 * attn_rt_last_error() then says why. */

/* Enqueues one kernel. `params[i]` points at the value of the i-th kernel
 * parameter; the values are read before the function returns. `shared_bytes` is
 * the dynamic shared memory of one block. A grid without blocks is success. The
 * first launch from an image loads it. */
int32_t attn_rt_launch(attn_rt_stream *stream, const attn_rt_image *image,
                       const char *kernel, uint32_t gx, uint32_t gy,
                       uint32_t gz, uint32_t bx, uint32_t by, uint32_t bz,
                       uint32_t shared_bytes, void **params,
                       uint64_t param_count);

/* As attn_rt_launch, with the grid cut into clusters of cx * cy * cz blocks,
 * which have to divide it. The same as attn_rt_launch for clusters of 1. */
int32_t attn_rt_launch_cluster(attn_rt_stream *stream,
                               const attn_rt_image *image, const char *kernel,
                               uint32_t gx, uint32_t gy, uint32_t gz,
                               uint32_t bx, uint32_t by, uint32_t bz,
                               uint32_t cx, uint32_t cy, uint32_t cz,
                               uint32_t shared_bytes, void **params,
                               uint64_t param_count);

/* Element types of tensor maps. Bytes are also how 8-bit floats are copied. */
enum {
  ATTN_RT_ELEMENT_U8 = 0,
  ATTN_RT_ELEMENT_I32 = 1,
  ATTN_RT_ELEMENT_F16 = 2,
  ATTN_RT_ELEMENT_BF16 = 3,
  ATTN_RT_ELEMENT_F32 = 4
};

/* What a tensor map says: where a strided tensor lies in device memory, and
 * which box of it one copy moves. Dimensions are innermost first; entries
 * beyond `rank` are not read. Elements outside of the tensor are read as zero
 * and not written. */
typedef struct attn_rt_tensor_map_desc {
  const char *name;   /* of the tensor, for messages; may be NULL */
  uint64_t address;   /* of element 0, a multiple of 16 */
  int64_t dims[5];    /* elements, 0 to 2^32 */
  int64_t strides[5]; /* bytes from one index to the next, multiples of 16 from
                         0 to below 2^40; not read for the innermost dimension,
                         which is dense, and for dimensions of 1 */
  uint32_t box[5];    /* elements, 1 to 256 */
  uint32_t rank;      /* 1 to 5 */
  uint32_t element;   /* ATTN_RT_ELEMENT_ */
  uint32_t swizzle;   /* bytes of the pattern's rows: 0 (none), 32, 64, 128 */
  uint32_t promotion; /* bytes that L2 fetches at least: 0, 64, 128, 256 */
} attn_rt_tensor_map_desc;

/* Fills the 128 bytes at `map`, aligned to 64, for kernels on the stream's
 * device, which take them as a parameter by value. The map of a tensor with a
 * dimension of 0 is valid, but no kernel may copy through it. A value that does
 * not fit is ATTN_RT_INVALID_ARGUMENT, and the message names it. */
int32_t attn_rt_encode_tensor_map(attn_rt_stream *stream, void *map,
                                  const attn_rt_tensor_map_desc *desc);

/* Records "MESSAGE: expected EXPECTED, but got GOT" and returns `code`. */
int32_t attn_rt_fail(int32_t code, const char *message, int64_t expected,
                     int64_t got);

/* Why the last failing call of this thread failed; "" when none has. Valid
 * until the thread's next failing call. */
const char *attn_rt_last_error(void);

/* A stream that launches on `cuda_stream` (a CUstream or cudaStream_t; NULL is
 * the default stream) of a GPU's primary context. NULL when there is no such
 * GPU or no driver. */
attn_rt_stream *attn_rt_stream_create_cuda(int32_t ordinal, void *cuda_stream);

/* Waits for everything that was launched. */
int32_t attn_rt_stream_synchronize(attn_rt_stream *stream);

/* Unloads the stream's modules. NULL is allowed. */
void attn_rt_stream_destroy(attn_rt_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
