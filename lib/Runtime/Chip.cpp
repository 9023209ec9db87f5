//===- Chip.cpp - which code runs on which GPU ----------------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Chip.h"
#include <charconv>

using namespace attn::runtime;

std::optional<Chip> Chip::parse(std::string_view text) {
  constexpr std::string_view prefix = "sm_";
  if (text.substr(0, prefix.size()) != prefix)
    return std::nullopt;
  text.remove_prefix(prefix.size());
  int capability = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), capability);
  if (error != std::errc() || capability < 10 || capability > 9999)
    return std::nullopt;
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  if (!text.empty() && text != "a")
    return std::nullopt;
  Chip chip;
  chip.major = capability / 10;
  chip.minor = capability % 10;
  chip.isSpecific = !text.empty();
  return chip;
}

static bool isSame(const Chip &a, const Chip &b) {
  return a.capability() == b.capability();
}

bool Chip::runsCubinOf(const Chip &target) const {
  if (target.isSpecific)
    return isSame(*this, target) && isSpecific;
  return major == target.major && minor >= target.minor;
}

bool Chip::runsPtxOf(const Chip &target) const {
  if (target.isSpecific)
    return isSame(*this, target) && isSpecific;
  return capability() >= target.capability();
}
