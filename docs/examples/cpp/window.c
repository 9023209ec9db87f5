/* Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
 */
/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Compiles a program of the attn dialect in C and shows what it takes. */
#include "attn-c/attn.h"
#include <stdio.h>
#include <string.h>

static const char *const program =
    "func.func @attention(%q: tensor<?x?x?x64xf16>, %k: tensor<?x?x?x64xf16>,\n"
    "    %v: tensor<?x?x?x64xf16>) -> tensor<?x?x?x64xf16> {\n"
    "  %o = attn.attention query(%q : tensor<?x?x?x64xf16>)\n"
    "      key(%k : tensor<?x?x?x64xf16>) value(%v : tensor<?x?x?x64xf16>)\n"
    "      -> tensor<?x?x?x64xf16>\n"
    "  return %o : tensor<?x?x?x64xf16>\n"
    "}\n";

int main(void) {
  attn_compiler *compiler = NULL;
  const attn_kernel *kernel = NULL;
  attn_compile_options options = {sizeof(options), "sm_80", NULL, 0};
  if (attn_compiler_create(NULL, &compiler) ||
      attn_compile(compiler, program, strlen(program), &options, &kernel)) {
    printf("%s\n", attn_last_error());
    return 1;
  }
  const attn_rt_entry *entry = attn_kernel_entry(kernel, NULL);
  for (uint32_t i = 0; i < entry->argument_count; ++i)
    printf("%s %s", i ? "," : entry->name, entry->arguments[i].name);
  printf(" for %s\n", attn_kernel_chip(kernel));
  attn_compiler_destroy(compiler);
  return 0;
}
