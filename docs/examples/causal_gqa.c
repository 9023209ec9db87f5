/* A C program that calls docs/examples/causal_gqa.mlir, compiled ahead of time: on a GPU,
 * or in the simulator where there is none. docs/AheadOfTime.md builds it. */
#include "causal_gqa.h"
#include <stdio.h>
#include <stdlib.h>

enum { B = 1, HQ = 8, HKV = 2, SQ = 64, SK = 96, D = 64 };

static void check(int32_t code) {
  if (code == ATTN_RT_SUCCESS)
    return;
  fprintf(stderr, "error %d: %s\n", (int)code, attn_rt_last_error());
  exit(1);
}

/* A dense tensor of f16 ones in device memory. */
static attn_rt_tensor ones(attn_rt_stream *stream, const int64_t *sizes,
                           const char *name) {
  const int64_t count = sizes[0] * sizes[1] * sizes[2] * sizes[3];
  uint16_t *values = malloc(count * sizeof(uint16_t));
  for (int64_t i = 0; i < count; ++i)
    values[i] = 0x3c00;
  uint64_t address;
  check(attn_rt_allocate(stream, count * 2, name, &address));
  check(attn_rt_write(stream, address, values, count * 2));
  free(values);
  attn_rt_tensor tensor = {(void *)(uintptr_t)address, sizes, NULL, 4,
                           ATTN_RT_ELEMENT_F16};
  return tensor;
}

int main(void) {
  attn_rt_stream *stream = attn_rt_stream_create_cuda(0, NULL);
  if (!stream) {
    printf("no GPU: %s\n", attn_rt_last_error());
    stream = attn_rt_stream_create_sim("sm_90a", 0, 0);
  }
  printf("on %s (%s)\n", attn_rt_stream_device(stream),
         attn_rt_stream_chip(stream));

  const int64_t q_sizes[] = {B, HQ, SQ, D}, k_sizes[] = {B, HKV, SK, D};
  attn_rt_tensor q = ones(stream, q_sizes, "query");
  attn_rt_tensor k = ones(stream, k_sizes, "key");
  attn_rt_tensor v = ones(stream, k_sizes, "value");
  attn_rt_tensor out = ones(stream, q_sizes, "out"), lse = out;
  uint64_t address;
  check(attn_rt_allocate(stream, B * HQ * SQ * 4, "lse", &address));
  lse.data = (void *)(uintptr_t)address;
  lse.rank = 3;
  lse.element = ATTN_RT_ELEMENT_F32;

  /* How much workspace, once for these sizes; then as many calls as you like. */
  uint64_t bytes;
  check(causal_gqa_workspace_bytes(stream, &q, &k, &v, &out, &lse, &bytes));
  uint64_t workspace = 0;
  if (bytes)
    check(attn_rt_allocate(stream, bytes, "workspace", &workspace));
  check(causal_gqa(stream, &q, &k, &v, &out, &lse,
                   (void *)(uintptr_t)workspace, bytes));
  check(attn_rt_stream_synchronize(stream));

  /* The mean of ones, and log(sum of exp(64 / 8)) over the keys of the first row. */
  uint16_t first;
  float lse0;
  check(attn_rt_read(stream, &first, (uintptr_t)out.data, 2));
  check(attn_rt_read(stream, &lse0, (uintptr_t)lse.data, 4));
  printf("out[0] = %s, lse[0] = %.4f\n", first == 0x3c00 ? "1" : "wrong",
         (double)lse0);
  printf("%s", attn_rt_stream_log(stream));
  attn_rt_stream_destroy(stream);
  return 0;
}
