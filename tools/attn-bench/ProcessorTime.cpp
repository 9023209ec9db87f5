//===- ProcessorTime.cpp - time that others cannot take -------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ProcessorTime.h"
#include <ctime>
#include <sys/resource.h>

double attn::bench::threadSeconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * now.tv_nsec;
}

static double seconds(const timeval &time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * time.tv_usec;
}

double attn::bench::childSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_CHILDREN, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
