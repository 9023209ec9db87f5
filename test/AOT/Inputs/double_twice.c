/*===- double_twice.c - a compiled function that needs workspace -----------===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions. */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#include "double_twice.h"
#include <stdio.h>
#include <stdlib.h>

enum { N = 100 };

static uint64_t allocate(attn_rt_stream *stream, uint64_t bytes) {
  uint64_t address = 0;
  if (attn_rt_allocate(stream, bytes, "memory", &address))
    abort();
  return address;
}

int main(void) {
  attn_rt_stream *stream = attn_rt_stream_create_sim("sm_80", 0, 0);
  float values[N];
  for (int i = 0; i < N; ++i)
    values[i] = (float)i;
  const uint64_t x = allocate(stream, sizeof(values)),
                 y = allocate(stream, sizeof(values));
  if (attn_rt_write(stream, x, values, sizeof(values)))
    abort();
  const int64_t sizes[] = {N};
  attn_rt_tensor tx = {(void *)(uintptr_t)x, sizes, NULL, 1,
                       ATTN_RT_ELEMENT_F32};
  attn_rt_tensor ty = {(void *)(uintptr_t)y, sizes, NULL, 1,
                       ATTN_RT_ELEMENT_F32};

  /* 1 byte, then 400 at the next multiple of 256. */
  uint64_t bytes = 0;
  int32_t code = double_twice_workspace_bytes(stream, &tx, &ty, &bytes);
  printf("query %d: %d bytes\n", (int)code, (int)bytes);
  void *workspace = (void *)(uintptr_t)allocate(stream, bytes);

  code = double_twice(stream, &tx, &ty, workspace, bytes - 1);
  printf("less %d: %s\n", (int)code, attn_rt_last_error());
  code = attn_rt_read(stream, values, y, sizeof(values));
  printf("nothing was launched: %s\n",
         code == ATTN_RT_FINDING ? "yes, y has no contents" : "NO");
  code = double_twice(stream, &tx, &ty, NULL, bytes);
  printf("null %d: %s\n", (int)code, attn_rt_last_error());
  code = double_twice(stream, &tx, &ty, (char *)workspace + 16, bytes);
  printf("misaligned %d: %.60s\n", (int)code, attn_rt_last_error());

  code = double_twice(stream, &tx, &ty, workspace, bytes);
  if (code || attn_rt_read(stream, values, y, sizeof(values)))
    printf("%s\n", attn_rt_last_error());
  int wrong = 0;
  for (int i = 0; i < N; ++i)
    wrong += values[i] != 4 * (float)i;
  printf("exact %d: %d wrong\n", (int)code, wrong);
  attn_rt_stream_destroy(stream);
  return 0;
}
