/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
 */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Usage: compile_and_call PROGRAM.mlir CACHE sim|cuda. Compiles the program,
 * calls it, and prints what happened. */
#include "attn-c/attn.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kQueries = 3, kKeys = 40, kDim = 64 };

static void die(const char *what, const char *why) {
  printf("%s: %s\n", what, why);
  exit(1);
}

static char *readFile(const char *path) {
  static char text[65536];
  FILE *file = fopen(path, "r");
  if (!file)
    die(path, "cannot be read");
  text[fread(text, 1, sizeof(text) - 1, file)] = 0;
  fclose(file);
  return text;
}

static void warn(void *context, const char *text) {
  ++*(int *)context;
  printf("warning: %s\n", text);
}

static uint64_t upload(attn_rt_stream *stream, const void *from,
                       uint64_t bytes) {
  uint64_t address = 0;
  if (attn_rt_allocate(stream, bytes, "test", &address) ||
      (from && attn_rt_write(stream, address, from, bytes)))
    die("memory", attn_rt_last_error());
  return address;
}

/* One head; all values are 1 in f16. */
static void call(const attn_kernel *kernel, attn_rt_stream *stream) {
  static uint16_t ones[kKeys * kDim], out[kQueries * kDim];
  float lse[kQueries];
  int64_t querySizes[] = {1, 1, kQueries, kDim}, keySizes[] = {1, 1, kKeys, kDim};
  for (int i = 0; i < kKeys * kDim; ++i)
    ones[i] = 0x3c00;
  attn_rt_tensor tensors[5] = {
      {NULL, querySizes, NULL, 4, ATTN_RT_ELEMENT_F16},
      {NULL, keySizes, NULL, 4, ATTN_RT_ELEMENT_F16},
      {NULL, keySizes, NULL, 4, ATTN_RT_ELEMENT_F16},
      {NULL, querySizes, NULL, 4, ATTN_RT_ELEMENT_F16},
      {NULL, querySizes, NULL, 3, ATTN_RT_ELEMENT_F32}};
  const uint64_t bytes[5] = {sizeof(out), sizeof(ones), sizeof(ones),
                             sizeof(out), sizeof(lse)};
  const void *args[5];
  for (int i = 0; i < 5; ++i) {
    tensors[i].data = (void *)upload(stream, i < 3 ? ones : NULL, bytes[i]);
    args[i] = &tensors[i];
  }
  const attn_rt_entry *entry = attn_kernel_entry(kernel, NULL);
  uint64_t workspaceBytes = 0;
  if (attn_rt_workspace_bytes(entry, stream, args, &workspaceBytes))
    die("workspace", attn_rt_last_error());
  void *workspace =
      workspaceBytes ? (void *)upload(stream, NULL, workspaceBytes) : NULL;
  if (attn_rt_call(entry, stream, args, workspace, workspaceBytes) ||
      attn_rt_stream_synchronize(stream) ||
      attn_rt_read(stream, out, (uint64_t)tensors[3].data, sizeof(out)))
    die("call", attn_rt_last_error());
  for (int i = 0; i < kQueries * kDim; ++i)
    if (out[i] != 0x3c00)
      die("out", "wrong");
  printf("out is right\n");
  tensors[1].rank = 3;
  printf("rank: status %d, %s\n", attn_rt_call(entry, stream, args, NULL, 0),
         attn_rt_last_error());
}

static void misuse(attn_compiler *compiler, const char *text) {
  const attn_kernel *kernel = NULL;
  char *target = NULL;
  printf("null: status %d, %s\n", attn_compile(NULL, text, 1, NULL, &kernel),
         attn_last_error());
  printf("text: status %d, %s\n", attn_compile(compiler, "x y", 3, NULL, &kernel),
         attn_last_error());
  printf("target: status %d, %s\n", attn_target_for("sm_70", &target),
         attn_last_error());
  printf("kernel is still %p\n", (void *)kernel);
  attn_free(NULL);
  attn_compiler_destroy(NULL);
}

static void explain(attn_compiler *compiler, const char *text) {
  attn_problem problem = {sizeof(problem), 1, 1, 1, kQueries, kKeys, 0, 0, NULL, 0};
  char *said = NULL;
  if (attn_explain(compiler, text, strlen(text), NULL, &problem, 0, &said))
    die("explain", attn_last_error());
  printf("explanation has %s\n", strstr(said, "schedule") ? "a schedule" : "none");
  attn_free(said);
  if (attn_mask_picture(compiler, text, strlen(text), NULL, &problem, &said))
    die("picture", attn_last_error());
  printf("picture is %.4s\n", said);
  attn_free(said);
}

int main(int argc, char **argv) {
  const char *text = argc == 4 ? readFile(argv[1]) : (die("usage", ""), NULL);
  int warnings = 0;
  if (attn_c_version() != ATTN_C_VERSION)
    die("version", attn_version());
  attn_compiler_options options = {sizeof(options), argv[2], 0, warn, &warnings};
  attn_compiler *compiler = NULL;
  if (attn_compiler_create(&options, &compiler))
    die("compiler", attn_last_error());
  printf("version %s, cache %s\n", attn_version(), attn_compiler_cache(compiler));
  attn_rt_stream *stream = strcmp(argv[3], "sim")
                               ? attn_rt_stream_create_cuda(0, NULL)
                               : attn_rt_stream_create_sim("sm_90a", 0, 0);
  char *target = NULL;
  if (!stream)
    die("stream", attn_rt_last_error());
  if (attn_target_for(attn_rt_stream_chip(stream), &target))
    die("target", attn_last_error());
  attn_compile_options compile = {sizeof(compile), target, NULL, 0};
  const attn_kernel *kernel = NULL;
  if (attn_compile(compiler, text, strlen(text), &compile, &kernel))
    die("compile", attn_last_error());
  printf("chip %s, from disk %d, other function %p\n", attn_kernel_chip(kernel),
         attn_kernel_is_from_disk(kernel),
         (const void *)attn_kernel_entry(kernel, "other"));
  call(kernel, stream);
  misuse(compiler, text);
  explain(compiler, text);
  attn_compiler_stats stats = {sizeof(stats), 0, 0, 0, 0};
  if (attn_compiler_get_stats(compiler, &stats))
    die("stats", attn_last_error());
  printf("compiled %d, loaded %d, warnings %d\n", (int)stats.compiled,
         (int)stats.loaded, warnings);
  attn_free(target);
  attn_rt_stream_destroy(stream);
  attn_compiler_destroy(compiler);
  return 0;
}
