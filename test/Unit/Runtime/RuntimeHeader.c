/*===- RuntimeHeader.c - Runtime.h is C ------------------------------------===*/
/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions. */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

#include "attn/Runtime/Runtime.h"

int32_t runtime_header_fail(void);

/* Called by RuntimeTest.cpp: the C ABI from C. */
int32_t runtime_header_fail(void) {
  attn_rt_image image = {"sm_80", "", 0, 0, 0};
  int32_t code = attn_rt_launch(0, &image, "k", 1, 1, 1, 1, 1, 1, 0, 0, 0);
  return code == ATTN_RT_INVALID_ARGUMENT
             ? attn_rt_fail(ATTN_RT_FINDING, "from C", 1, 2)
             : ATTN_RT_SUCCESS;
}
