/*===- latent.c - a program whose value is a view of its key ---------------===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions. */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* */
/* Runs latent on a simulated chip, on a cache whose rows are further apart than */
/* they are long, and compares it with the definition. */

#include "latent.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { B = 2, HEADS = 20, KEYS = 75, D = 576, DV = 512, ROW = 640 };
static const int64_t q_sizes[] = {B, 1, HEADS, D}, k_sizes[] = {B, 1, KEYS, D},
                     o_sizes[] = {B, 1, HEADS, DV};
static const int64_t k_strides[] = {KEYS * ROW, KEYS *ROW, ROW, 1};

static _Float16 q[B][HEADS][D], cache[B][KEYS][ROW], out[B][HEADS][DV];
static float lse[B][HEADS];

static void fill(_Float16 *x, size_t count, unsigned seed) {
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = (_Float16)((double)(seed >> 8) / (1 << 23) - 1.0);
  }
}

static double largest_error(void) {
  double worst = 0;
  for (int b = 0; b < B; ++b)
    for (int i = 0; i < HEADS; ++i) {
      double weights[KEYS], sum = 0;
      for (int j = 0; j < KEYS; ++j) {
        double s = 0;
        for (int d = 0; d < D; ++d)
          s += (double)q[b][i][d] * (double)cache[b][j][d];
        sum += weights[j] = exp(s / 24);
      }
      worst = fmax(worst, fabs(log(sum) - (double)lse[b][i]));
      for (int d = 0; d < DV; ++d) {
        double o = 0;
        for (int j = 0; j < KEYS; ++j)
          o += weights[j] / sum * (double)cache[b][j][d];
        worst = fmax(worst, fabs(o - (double)out[b][i][d]));
      }
    }
  return worst;
}

static void *copy(attn_rt_stream *stream, const void *from, size_t bytes,
                  const char *name) {
  uint64_t address = 0;
  if (attn_rt_allocate(stream, bytes, name, &address) ||
      (from && attn_rt_write(stream, address, from, bytes)))
    abort();
  return (void *)(uintptr_t)address;
}

#define EXPECT_REFUSED(what, call)                                             \
  printf("%s: %s: %s\n", what,                                                 \
         (call) == ATTN_RT_INVALID_ARGUMENT ? "refused" : "NOT REFUSED",       \
         attn_rt_last_error())

int main(int argc, char **argv) {
  attn_rt_stream *stream =
      attn_rt_stream_create_sim(argc > 1 ? argv[1] : "sm_80", 0, 0);
  fill(&q[0][0][0], sizeof(q) / 2, 1);
  fill(&cache[0][0][0], sizeof(cache) / 2, 2);
  attn_rt_tensor tq = {copy(stream, q, sizeof(q), "query"), q_sizes, NULL, 4,
                       ATTN_RT_ELEMENT_F16};
  attn_rt_tensor tk = {copy(stream, cache, sizeof(cache), "cache"), k_sizes,
                       k_strides, 4, ATTN_RT_ELEMENT_F16};
  attn_rt_tensor to = {copy(stream, NULL, sizeof(out), "out"), o_sizes, NULL, 4,
                       ATTN_RT_ELEMENT_F16};
  attn_rt_tensor tl = {copy(stream, NULL, sizeof(lse), "lse"), q_sizes, NULL, 3,
                       ATTN_RT_ELEMENT_F32};
  if (latent(stream, &tq, &tk, &to, &tl, NULL, 0) ||
      attn_rt_stream_synchronize(stream) ||
      attn_rt_read(stream, out, (uintptr_t)to.data, sizeof(out)) ||
      attn_rt_read(stream, lse, (uintptr_t)tl.data, sizeof(lse))) {
    printf("%s\n", attn_rt_last_error());
    return 1;
  }
  printf("error is %s\n", largest_error() < 2e-3 ? "small" : "LARGE");

  const int64_t odd[] = {KEYS * ROW, KEYS * ROW, ROW + 1, 1};
  attn_rt_tensor bad = tk;
  bad.strides = odd;
  EXPECT_REFUSED("stride", latent(stream, &tq, &bad, &to, &tl, NULL, 0));
  const int64_t single[] = {1, 1, KEYS, D};
  bad = tk;
  bad.sizes = single;
  EXPECT_REFUSED("batch", latent(stream, &tq, &bad, &to, &tl, NULL, 0));
  attn_rt_stream_destroy(stream);
  return 0;
}
