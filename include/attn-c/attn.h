/*===- attn.h - the compiler as a C library -----------------------*- C -*-===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
 */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* Compiles programs in the attn dialect and calls them, for languages that can
 * call C. libattn.so exports what is in here and in attn/Runtime/Runtime.h, and
 * nothing of LLVM or C++.
 *
 * A compiler makes kernels (attn_compile). A kernel has a table for each of its
 * functions (attn_kernel_entry), which attn_rt_call() takes together with
 * strided tensors, a stream and workspace: that side is Runtime.h's.
 *
 * Functions that return int32_t return ATTN_SUCCESS or another status code, and
 * attn_last_error() then says why in a sentence. Nothing throws and nothing
 * exits. Any number of threads may use one compiler.
 *
 * The interface is stable: structs begin with their size and only grow at the
 * end, functions are only added, until ATTN_C_VERSION changes. */

#ifndef ATTN_C_ATTN_H
#define ATTN_C_ATTN_H

#include "attn/Runtime/Runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header; attn_c_version() is that of the library. */
#define ATTN_C_VERSION 1

/* Status codes; the ones below 100 are those of Runtime.h. */
enum {
  ATTN_SUCCESS = 0,
  ATTN_INVALID_ARGUMENT = 1,
  ATTN_NO_TARGET = 100,     /* no GPU, or none that kernels can be made for */
  ATTN_COMPILE_FAILED = 101 /* the program was refused; the message has a place
                               in its text */
};

typedef struct attn_compiler attn_compiler;
/* Belongs to its compiler and lives as long. */
typedef struct attn_kernel attn_kernel;

int32_t attn_c_version(void);

/* For people and for bug reports: "0.1.0 (LLVM 22.1.8, 0123456789abcdef)". */
const char *attn_version(void);

/* Why the last failing function of this header failed in this thread; "" when
 * none has. Valid until the thread's next failing call. Functions of Runtime.h
 * have attn_rt_last_error(). */
const char *attn_last_error(void);

/* Frees a text that a function of this header has given out; NULL is allowed.
 */
void attn_free(char *text);

/*===----------------------------------------------------------------------===*/
/* Targets                                                                    */
/*===----------------------------------------------------------------------===*/

/* What to compile for on a device that calls itself `chip`, as
 * attn_rt_stream_chip() does: "sm_80" for "sm_86". Free it with attn_free(). */
int32_t attn_target_for(const char *chip, char **target);

/* The same for the GPU with this number, as the driver counts. */
int32_t attn_detect_target(int32_t ordinal, char **target);

/*===----------------------------------------------------------------------===*/
/* Compilers                                                                  */
/*===----------------------------------------------------------------------===*/

typedef struct attn_compiler_options {
  uint64_t struct_size; /* sizeof(attn_compiler_options) */
  /* Where compiled kernels are kept: NULL is $ATTN_CACHE_DIR, else
   * $XDG_CACHE_HOME/attn, else ~/.cache/attn; "" is nowhere. */
  const char *cache_directory;
  uint64_t cache_limit; /* bytes; 0: 1 GiB */
  /* Takes warnings, each a sentence; NULL: they go to stderr. */
  void (*warn)(void *context, const char *text);
  void *warn_context;
} attn_compiler_options;

/* NULL for the options: all of them are 0. A cache that cannot be used is a
 * warning. */
int32_t attn_compiler_create(const attn_compiler_options *options,
                             attn_compiler **compiler);

/* Also destroys its kernels; streams that they have run on have to be destroyed
 * before. NULL is allowed. */
void attn_compiler_destroy(attn_compiler *compiler);

typedef struct attn_compiler_stats {
  uint64_t struct_size; /* sizeof(attn_compiler_stats) */
  uint64_t compiled;    /* kernels that went through the whole compiler */
  uint64_t loaded;      /* that came from the disk */
  uint64_t reused;      /* that were in this process already */
  double compile_seconds;
} attn_compiler_stats;

/* Fills what `struct_size` has room for. */
int32_t attn_compiler_get_stats(attn_compiler *compiler,
                                attn_compiler_stats *stats);

/* The folder of compiled kernels; "" when they are not kept. Valid as long as
 * the compiler. */
const char *attn_compiler_cache(attn_compiler *compiler);

/*===----------------------------------------------------------------------===*/
/* Kernels                                                                    */
/*===----------------------------------------------------------------------===*/

typedef struct attn_compile_options {
  uint64_t struct_size; /* sizeof(attn_compile_options) */
  const char *chip;     /* "sm_80", "sm_90a"; NULL: "sm_80" */
  const char *schedule; /* "<m=64,n=64,...>"; NULL: the compiler's choice */
  int32_t alignment;    /* bytes that rows of query, key, value and out start at
                           multiples of: 2, 4, 8, 16; 0: 16 */
} attn_compile_options;

/* Compiles `size` bytes of text in the attn dialect, or takes the kernel from
 * this process or from the disk. NULL for the options: all of them are 0. */
int32_t attn_compile(attn_compiler *compiler, const char *text, uint64_t size,
                     const attn_compile_options *options,
                     const attn_kernel **kernel);

/* The table of a function for attn_rt_call() and attn_rt_workspace_bytes(); it
 * lists the arguments. NULL as the name is the first function of the program.
 * NULL when there is no such function. */
const attn_rt_entry *attn_kernel_entry(const attn_kernel *kernel,
                                       const char *function);

/* The text that was compiled, in its canonical form; the PTX of all kernels;
 * the chip. Valid as long as the kernel; "" for NULL. */
const char *attn_kernel_mlir(const attn_kernel *kernel);
const char *attn_kernel_ptx(const attn_kernel *kernel);
const char *attn_kernel_chip(const attn_kernel *kernel);

/* 1: came from the disk, nothing was compiled. */
int32_t attn_kernel_is_from_disk(const attn_kernel *kernel);
/* 1: has machine code beside its PTX. */
int32_t attn_kernel_has_machine_code(const attn_kernel *kernel);

/*===----------------------------------------------------------------------===*/
/* Explanations                                                               */
/*===----------------------------------------------------------------------===*/

/* The value of an argument of the program's function. */
typedef struct attn_argument_value {
  uint32_t number;      /* of the argument, from 0 */
  int32_t rank;         /* 0 for a scalar */
  const void *data;     /* host memory, dense; a scalar as in attn_rt_call() */
  const int64_t *sizes; /* `rank` of them */
} attn_argument_value;

/* What is known of a call. Sizes below 0 are not known. */
typedef struct attn_problem {
  uint64_t struct_size; /* sizeof(attn_problem) */
  int64_t batch, heads, kv_heads, queries, keys;
  int64_t shown_batch, shown_head; /* that a picture shows */
  const attn_argument_value *arguments;
  uint64_t argument_count;
} attn_problem;

/* Why the compiler makes this kernel of the program: schedule, resources,
 * tiles, as text for people or as JSON. Free it with attn_free(). */
int32_t attn_explain(attn_compiler *compiler, const char *text, uint64_t size,
                     const attn_compile_options *options,
                     const attn_problem *problem, int32_t as_json,
                     char **explanation);

/* The tiles of the program's masks for one batch and head, as SVG: `queries`,
 * `keys` and the values of all captures have to be known. Free it with
 * attn_free(). */
int32_t attn_mask_picture(attn_compiler *compiler, const char *text,
                          uint64_t size, const attn_compile_options *options,
                          const attn_problem *problem, char **svg);

#ifdef __cplusplus
}
#endif

#endif
