/*===- many_calls.c - what ten thousand calls cost -------------------------===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions. */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* */
/* On a driver whose launches do nothing. Prints whether memory has grown and the */
/* time of a call, the driver's part of it included. */

#include "causal_gqa.h"
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>

enum { B = 2, HQ = 8, HKV = 2, SQ = 512, SK = 768, D = 64, CALLS = 10000, BATCH = 100 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

int main(void) {
  attn_rt_stream *stream = attn_rt_stream_create_cuda(0, NULL);
  if (!stream) {
    printf("%s\n", attn_rt_last_error());
    return 1;
  }
  const int64_t q_sizes[] = {B, HQ, SQ, D}, k_sizes[] = {B, HKV, SK, D};
  uint64_t address[5];
  for (int i = 0; i < 5; ++i)
    if (attn_rt_allocate(stream, 2 * B * HQ * SK * D, "tensor", &address[i]))
      return 1;
#define TENSOR(i, sizes, rank, type)                                           \
  { (void *)(uintptr_t)address[i], sizes, NULL, rank, ATTN_RT_ELEMENT_##type }
  attn_rt_tensor q = TENSOR(0, q_sizes, 4, F16), k = TENSOR(1, k_sizes, 4, F16),
                 v = TENSOR(2, k_sizes, 4, F16), o = TENSOR(3, q_sizes, 4, F16),
                 l = TENSOR(4, q_sizes, 3, F32);

  /* The driver for tests keeps a diary and runs kernels; not now. */
  void (*execute)(int) =
      (void (*)(int))dlsym(dlopen("libcuda.so.1", RTLD_NOW), "fake_cuda_execute");
  if (!execute)
    return 1;
  execute(0);

  size_t before = 0;
  double fastest = 1e9;
  for (int i = 0; i < CALLS / BATCH + 1; ++i) {
    const double start = now();
    for (int j = 0; j < BATCH; ++j)
      if (causal_gqa(stream, &q, &k, &v, &o, &l, NULL, 0)) {
        printf("%s\n", attn_rt_last_error());
        return 1;
      }
    const double each = (now() - start) / BATCH;
    fastest = each < fastest ? each : fastest;
    if (i == 0) /* modules are loaded */
      before = mallinfo2().uordblks;
  }
  const size_t after = mallinfo2().uordblks;
  printf("%s", attn_rt_stream_log(stream));
  printf("growth %ld bytes\n", (long)after - (long)before);
  printf("%s: %.2f us a call\n", fastest < 10 ? "fast" : "SLOW", fastest);
  attn_rt_stream_destroy(stream);
  return 0;
}
