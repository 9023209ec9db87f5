/*===- rotary_attention.c - attention whose inputs are rotated first -------===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions. */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#include "rotary_attention.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S = 33, D = 64, HEADS = 2 };

static uint64_t allocate(attn_rt_stream *stream, uint64_t bytes) {
  uint64_t address = 0;
  if (attn_rt_allocate(stream, bytes, "memory", &address))
    abort();
  return address;
}

/* Small integers are whole numbers of f16: sign, exponent and fraction. */
static uint16_t half(int value) {
  const float f = (float)value;
  uint32_t bits;
  memcpy(&bits, &f, sizeof(bits));
  if (!value)
    return 0;
  return (uint16_t)((bits >> 16 & 0x8000) | ((bits >> 23 & 255) - 112) << 10 |
                    (bits >> 13 & 0x3ff));
}

static float widen(uint16_t bits) {
  const float scale = ldexpf(1, (bits >> 10 & 31) - 15);
  const float value =
      bits >> 10 & 31 ? scale * (1 + (bits & 0x3ff) / 1024.0f)
                      : ldexpf((float)(bits & 0x3ff), -24);
  return bits >> 15 ? -value : value;
}

static int pattern(int tensor, int i) { return (i * 7 + tensor * 3) % 5 - 2; }

static attn_rt_tensor fill(attn_rt_stream *stream, const int64_t *sizes,
                           int tensor) {
  const int count = (int)(sizes[1] * S * D);
  uint16_t *values = malloc(sizeof(uint16_t) * (size_t)count);
  for (int i = 0; i < count; ++i)
    values[i] = half(pattern(tensor, i));
  const uint64_t address = allocate(stream, sizeof(uint16_t) * (uint64_t)count);
  if (attn_rt_write(stream, address, values, sizeof(uint16_t) * (size_t)count))
    abort();
  free(values);
  attn_rt_tensor result = {(void *)(uintptr_t)address, sizes, NULL, 4,
                           ATTN_RT_ELEMENT_F16};
  return result;
}

static void rotate(double *row, const int *x, int position) {
  for (int d = 0; d < D / 2; ++d) {
    const float frequency = (float)pow(10000.0, -2.0 * d / D);
    const double angle = (float)position * frequency;
    row[d] = x[d] * cos(angle) - x[d + D / 2] * sin(angle);
    row[d + D / 2] = x[d + D / 2] * cos(angle) + x[d] * sin(angle);
  }
}

static void take(double *row, int tensor, int start, int position) {
  int x[D];
  for (int d = 0; d < D; ++d)
    x[d] = pattern(tensor, start + d);
  rotate(row, x, position);
}

/* The largest error of `out`; key j stands at position 2 * j. */
static double worst(const uint16_t *out, int offset) {
  double largest = 0;
  for (int h = 0; h < HEADS; ++h)
    for (int i = 0; i < S; ++i) {
      double q[D], k[D], weights[S], sum = 0;
      take(q, 0, (h * S + i) * D, offset + i);
      for (int j = 0; j < S; ++j) {
        double dot = 0;
        take(k, 1, j * D, 2 * j);
        for (int d = 0; d < D; ++d)
          dot += q[d] * k[d];
        sum += weights[j] = exp(dot / 8);
      }
      for (int d = 0; d < D; ++d) {
        double expected = 0;
        for (int j = 0; j < S; ++j)
          expected += weights[j] / sum * pattern(2, j * D + d);
        const double error = fabs(widen(out[(h * S + i) * D + d]) - expected);
        largest = error > largest ? error : largest;
      }
    }
  return largest;
}

int main(int argc, char **argv) {
  attn_rt_stream *stream = attn_rt_stream_create_sim(argv[argc - 1], 0, 0);
  const int64_t sizes[] = {1, HEADS, S, D}, kv_sizes[] = {1, 1, S, D},
                length[] = {S};
  const int offset = 17;
  attn_rt_tensor q = fill(stream, sizes, 0), k = fill(stream, kv_sizes, 1),
                 v = fill(stream, kv_sizes, 2), out = q;
  int32_t positions[S];
  for (int j = 0; j < S; ++j)
    positions[j] = 2 * j;
  attn_rt_tensor p = {NULL, length, NULL, 1, ATTN_RT_ELEMENT_I32};
  p.data = (void *)(uintptr_t)allocate(stream, sizeof(positions));
  static uint16_t values[HEADS * S * D];
  out.data = (void *)(uintptr_t)allocate(stream, sizeof(values));
  const uint64_t written = (uintptr_t)out.data;
  if (attn_rt_write(stream, (uintptr_t)p.data, positions, sizeof(positions)))
    abort();

  uint64_t bytes = 0;
  int32_t code = rotary_attention_workspace_bytes(stream, &q, &k, &v, offset, &p,
                                                  &out, &bytes);
  printf("query %d: %d bytes\n", (int)code, (int)bytes);
  void *workspace = (void *)(uintptr_t)allocate(stream, bytes);
  code = rotary_attention(stream, &q, &k, &v, offset, &p, &out, workspace,
                          bytes - 1);
  printf("less %d: %s\n", (int)code, attn_rt_last_error());
  code = attn_rt_read(stream, values, written, sizeof(values));
  printf("nothing was launched: %s\n",
         code == ATTN_RT_FINDING ? "yes, out has no contents" : "NO");
  code = rotary_attention(stream, &q, &k, &v, offset, &p, &out, workspace, bytes);
  if (code || attn_rt_read(stream, values, written, sizeof(values)))
    printf("%s\n", attn_rt_last_error());
  printf("exact %d: largest error %.4f\n", (int)code, worst(values, offset));
  attn_rt_stream_destroy(stream);
  return 0;
}
