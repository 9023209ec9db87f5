/*===- Runtime.h - what compiled host functions call --------------*- C -*-===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
 */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* The C ABI between compiled host functions and the programs that they are
 * linked into. It has two sides:
 *
 *  - A program makes a stream and calls compiled functions. `attn-opt
 *    --emit=object` writes a header with their prototypes; attn_rt_call is what
 *    they all come to.
 *  - A compiled host function computes grids and tensor maps and calls
 *    attn_rt_launch or attn_rt_launch_cluster for each kernel. It allocates
 *    nothing and waits for nothing.
 *
 * All functions that return int32_t return ATTN_RT_SUCCESS or another status
 * code; attn_rt_last_error() then says why. Nothing throws and nothing exits.
 */

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
  ATTN_RT_DEVICE_ERROR = 7,  /* anything else the device said */
  ATTN_RT_NO_VARIANT = 8     /* compiled for other chips than this one */
};

/* A queue on one device, made by the embedding program. Used by one thread at a
 * time. It owns the modules that were loaded through it. */
typedef struct attn_rt_stream attn_rt_stream;

/* Element types of tensors and tensor maps. */
enum {
  ATTN_RT_ELEMENT_U8 = 0, /* in a tensor map, any type of one byte */
  ATTN_RT_ELEMENT_I32 = 1,
  ATTN_RT_ELEMENT_F16 = 2,
  ATTN_RT_ELEMENT_BF16 = 3,
  ATTN_RT_ELEMENT_F32 = 4,
  ATTN_RT_ELEMENT_F64 = 5,
  ATTN_RT_ELEMENT_I64 = 6, /* and index */
  ATTN_RT_ELEMENT_I8 = 7,
  ATTN_RT_ELEMENT_BOOL = 8, /* one byte, 0 or 1 */
  ATTN_RT_ELEMENT_F8E4M3FN = 9,
  ATTN_RT_ELEMENT_F8E5M2 = 10
};

/*===----------------------------------------------------------------------===*/
/* What a program calls                                                       */
/*===----------------------------------------------------------------------===*/

/* A strided tensor in device memory, in the shape that the compiled function
 * declares, whatever the order of its dimensions in memory. */
typedef struct attn_rt_tensor {
  void *data;             /* address of element (0, ..., 0) */
  const int64_t *sizes;   /* elements, `rank` of them */
  const int64_t *strides; /* elements from one index to the next; NULL: dense,
                             the last dimension innermost */
  int32_t rank;
  int32_t element; /* ATTN_RT_ELEMENT_ */
} attn_rt_tensor;

/* What a compiled function expects of one argument. */
typedef struct attn_rt_argument {
  const char *name;     /* "query", "key", "out", ... */
  const int64_t *sizes; /* `rank` of them, -1: any */
  int32_t rank;         /* -1: a scalar, passed by the address of its value */
  int32_t element;      /* ATTN_RT_ELEMENT_ */
  int32_t is_output;    /* 1: is written; 0: is read */
} attn_rt_argument;

/* A compiled function for one kind of chip. */
typedef struct attn_rt_variant {
  const char *chip; /* for example "sm_80" */
  /* args[i] points at the descriptor of a tensor or at the value of a scalar,
   * the last entry is the stream. */
  int32_t (*host)(void **args);
} attn_rt_variant;

/* A compiled function: its arguments and its variants. Its address is its
 * identity, as that of an image is. */
typedef struct attn_rt_entry {
  const char *name;
  const attn_rt_argument *arguments;
  const attn_rt_variant *variants;
  uint32_t argument_count;
  uint32_t variant_count;
  uint32_t version; /* ATTN_RT_VERSION of the compiler */
} attn_rt_entry;

/* Changes with every incompatible change of this header. */
#define ATTN_RT_VERSION 1

/* Checks the arguments, chooses the variant for the stream's device and
 * enqueues its kernels. args[i] is the attn_rt_tensor of the i-th argument, or
 * the address of a scalar; all of it is read before the function returns.
 *
 * `workspace` is device memory, aligned to 256 bytes, of at least the bytes
 * that attn_rt_workspace_bytes() gives for these arguments; it may be NULL
 * where that is 0. It is free for other use when the kernels have finished.
 *
 * The variant is that of the newest chip whose code runs on the device. Within
 * it the machine code is taken where device and driver accept it, else the PTX;
 * attn_rt_stream_log() says which. */
int32_t attn_rt_call(const attn_rt_entry *entry, attn_rt_stream *stream,
                     const void *const *args, void *workspace,
                     uint64_t workspace_bytes);

/* How many bytes of workspace attn_rt_call needs for these arguments, exactly.
 * Makes the same checks and loads the kernels, so that a call that follows has
 * nothing left to load: that is what capturing into a CUDA graph needs. */
int32_t attn_rt_workspace_bytes(const attn_rt_entry *entry,
                                attn_rt_stream *stream, const void *const *args,
                                uint64_t *bytes);

/* A stream that launches on `cuda_stream` (a CUstream or cudaStream_t; NULL is
 * the default stream) of a GPU's primary context. NULL when there is no such
 * GPU or no driver. */
attn_rt_stream *attn_rt_stream_create_cuda(int32_t ordinal, void *cuda_stream);

/* A stream on a simulator of `chip`, which executes PTX on the CPU and judges
 * it: a race, a missing wait or an access out of bounds is ATTN_RT_FINDING.
 * `seed` is that of its warp scheduler; asynchronous copies take effect as late
 * as the rules allow, or as early when `earliest` is not 0. NULL for a chip
 * that is not written as "sm_80". */
attn_rt_stream *attn_rt_stream_create_sim(const char *chip, uint64_t seed,
                                          int32_t earliest);

/* Waits for everything that was launched. */
int32_t attn_rt_stream_synchronize(attn_rt_stream *stream);

/* Unloads the stream's modules; what was launched has to have finished. NULL is
 * allowed. */
void attn_rt_stream_destroy(attn_rt_stream *stream);

/* For people, for example "NVIDIA H100 80GB HBM3"; and what to compile for, for
 * example "sm_90a". Valid as long as the stream; "" for NULL. */
const char *attn_rt_stream_device(attn_rt_stream *stream);
const char *attn_rt_stream_chip(attn_rt_stream *stream);

/* A line for each module that was loaded: for which chip, as machine code or as
 * PTX, and why not as machine code where there was some. Valid until the next
 * call on the stream; "" for NULL. */
const char *attn_rt_stream_log(attn_rt_stream *stream);

/* Memory of the stream's device, for programs without an allocator of their
 * own. allocate() aligns to 256 bytes and leaves the contents undefined; `name`
 * appears in findings of the simulator. write() and read() wait for everything
 * that was launched before. release() takes 0. */
int32_t attn_rt_allocate(attn_rt_stream *stream, uint64_t bytes,
                         const char *name, uint64_t *address);
int32_t attn_rt_release(attn_rt_stream *stream, uint64_t address);
int32_t attn_rt_write(attn_rt_stream *stream, uint64_t to, const void *from,
                      uint64_t bytes);
int32_t attn_rt_read(attn_rt_stream *stream, void *to, uint64_t from,
                     uint64_t bytes);

/* Why the last failing call of this thread failed; "" when none has. Valid
 * until the thread's next failing call. */
const char *attn_rt_last_error(void);

/*===----------------------------------------------------------------------===*/
/* What a compiled host function calls                                        */
/*===----------------------------------------------------------------------===*/

/* One device module, as PTX text or as machine code or both. The address of an
 * image is its identity: it has to stay the same, with the same contents, while
 * a stream lives that has used it. */
typedef struct attn_rt_image {
  const char *chip;    /* what it was compiled for, for example "sm_80" */
  const char *ptx;     /* text followed by a NUL; NULL: none */
  uint64_t ptx_size;   /* bytes of `ptx`, the NUL counted or not */
  const void *cubin;   /* NULL: none */
  uint64_t cubin_size; /* bytes of `cubin` */
} attn_rt_image;

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

/* How many multiprocessors the stream's device has; 1 for NULL. */
int32_t attn_rt_multiprocessors(attn_rt_stream *stream);

/* The next `bytes` of the workspace, aligned to 256 bytes; fails when the
 * caller gave less than all pieces of the call need. */
int32_t attn_rt_take_workspace(attn_rt_stream *stream, uint64_t bytes,
                               void **address);

#ifdef __cplusplus
}
#endif

#endif
