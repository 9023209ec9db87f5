/*===- causal_gqa.c - a program that calls a compiled function -------------===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions. */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* */
/* Runs causal_gqa on a simulated chip and compares it with the definition; then */
/* calls it wrongly in every way that C allows. Prints what the tests look for. */

#include "causal_gqa.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { B = 1, HQ = 8, HKV = 2, SQ = 40, SK = 70, D = 64 };
static const int64_t q_sizes[] = {B, HQ, SQ, D}, k_sizes[] = {B, HKV, SK, D};
/* Keys and values lie as batch x length x heads x head_dim. */
static const int64_t k_strides[] = {HKV * SK * D, D, HKV *D, 1};

static _Float16 q[B][HQ][SQ][D], k[B][SK][HKV][D], v[B][SK][HKV][D];
static _Float16 out[B][HQ][SQ][D];
static float lse[B][HQ][SQ];

static void fill(_Float16 *x, size_t count, unsigned seed) {
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = (_Float16)((double)(seed >> 8) / (1 << 23) - 1.0);
  }
}

static double largest_error(void) {
  double worst = 0;
  for (int h = 0; h < HQ; ++h)
    for (int i = 0; i < SQ; ++i) {
      const int kept = i + SK - SQ + 1, g = h / (HQ / HKV);
      double weights[SK], sum = 0;
      for (int j = 0; j < kept; ++j) {
        double s = 0;
        for (int d = 0; d < D; ++d)
          s += (double)q[0][h][i][d] * (double)k[0][j][g][d];
        sum += weights[j] = exp(s / 8);
      }
      worst = fmax(worst, fabs(log(sum) - (double)lse[0][h][i]));
      for (int d = 0; d < D; ++d) {
        double o = 0;
        for (int j = 0; j < kept; ++j)
          o += weights[j] / sum * (double)v[0][j][g][d];
        worst = fmax(worst, fabs(o - (double)out[0][h][i][d]));
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

#define EXPECT(what, code, call)                                               \
  printf("%s: %s: %s\n", what, (call) == (code) ? "refused" : "NOT REFUSED",   \
         attn_rt_last_error())

int main(int argc, char **argv) {
  const char *chip = argc > 1 ? argv[1] : "sm_80";
  attn_rt_stream *stream = attn_rt_stream_create_sim(chip, 0, 0);
  if (!stream) {
    printf("%s\n", attn_rt_last_error());
    return 1;
  }
  fill(&q[0][0][0][0], sizeof(q) / 2, 1);
  fill(&k[0][0][0][0], sizeof(k) / 2, 2);
  fill(&v[0][0][0][0], sizeof(v) / 2, 3);
  attn_rt_tensor tq = {copy(stream, q, sizeof(q), "query"), q_sizes, NULL, 4,
                       ATTN_RT_ELEMENT_F16};
  attn_rt_tensor tk = {copy(stream, k, sizeof(k), "key"), k_sizes, k_strides, 4,
                       ATTN_RT_ELEMENT_F16};
  attn_rt_tensor tv = {copy(stream, v, sizeof(v), "value"), k_sizes, k_strides,
                       4, ATTN_RT_ELEMENT_F16};
  attn_rt_tensor to = {copy(stream, NULL, sizeof(out), "out"), q_sizes, NULL, 4,
                       ATTN_RT_ELEMENT_F16};
  attn_rt_tensor tl = {copy(stream, NULL, sizeof(lse), "lse"), q_sizes, NULL, 3,
                       ATTN_RT_ELEMENT_F32};

  uint64_t bytes = 1;
  if (causal_gqa_workspace_bytes(stream, &tq, &tk, &tv, &to, &tl, &bytes) ||
      causal_gqa(stream, &tq, &tk, &tv, &to, &tl, NULL, bytes) ||
      attn_rt_stream_synchronize(stream) ||
      attn_rt_read(stream, out, (uintptr_t)to.data, sizeof(out)) ||
      attn_rt_read(stream, lse, (uintptr_t)tl.data, sizeof(lse))) {
    printf("%s\n", attn_rt_last_error());
    return 1;
  }
  printf("workspace %d\n", (int)bytes);
  printf("error is %s\n", largest_error() < 2e-3 ? "small" : "LARGE");
  printf("%s", attn_rt_stream_log(stream));

  attn_rt_tensor bad = tk;
  bad.element = ATTN_RT_ELEMENT_BF16;
  EXPECT("type", ATTN_RT_INVALID_ARGUMENT,
         causal_gqa(stream, &tq, &bad, &tv, &to, &tl, NULL, 0));
  bad = tk;
  bad.rank = 3;
  EXPECT("rank", ATTN_RT_INVALID_ARGUMENT,
         causal_gqa(stream, &tq, &bad, &tv, &to, &tl, NULL, 0));
  const int64_t odd[] = {HKV * SK * D, D + 1, HKV * D, 1};
  bad = tk;
  bad.strides = odd;
  EXPECT("stride", ATTN_RT_INVALID_ARGUMENT,
         causal_gqa(stream, &tq, &bad, &tv, &to, &tl, NULL, 0));
  const int64_t longer[] = {B, HKV, SK + 1, D};
  bad = tk;
  bad.sizes = longer;
  EXPECT("length", ATTN_RT_INVALID_ARGUMENT,
         causal_gqa(stream, &tq, &bad, &tv, &to, &tl, NULL, 0));
  bad = tk;
  bad.data = (char *)tk.data + 2;
  EXPECT("address", ATTN_RT_INVALID_ARGUMENT,
         causal_gqa(stream, &tq, &bad, &tv, &to, &tl, NULL, 0));
  bad.data = NULL;
  EXPECT("null", ATTN_RT_INVALID_ARGUMENT,
         causal_gqa(stream, &tq, &bad, &tv, &to, &tl, NULL, 0));
  EXPECT("stream", ATTN_RT_INVALID_ARGUMENT,
         causal_gqa(NULL, &tq, &tk, &tv, &to, &tl, NULL, 0));
  attn_rt_stream_destroy(stream);
  EXPECT("chip", ATTN_RT_NO_VARIANT,
         (stream = attn_rt_stream_create_sim("sm_75", 0, 0),
          causal_gqa(stream, &tq, &tk, &tv, &to, &tl, NULL, 0)));
  attn_rt_stream_destroy(stream);
  EXPECT("gpu", 1, attn_rt_stream_create_cuda(1000, NULL) == NULL);
  return 0;
}
