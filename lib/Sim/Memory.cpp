//===- Memory.cpp - global memory of one simulated device -----------------===//
//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemoryImpl.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace attn::sim;

/// Distance kept between allocations, so that a stray index hits nothing.
static constexpr uint64_t guardBytes = uint64_t(1) << 20;

Allocation::~Allocation() {
  std::free(data);
  std::free(init);
}

Memory::Memory() : self(std::make_unique<Impl>()) {}
Memory::~Memory() = default;

Allocation *Memory::Impl::find(uint64_t address, size_t bytes) const {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return nullptr;
  Allocation &a = *std::prev(it)->second;
  uint64_t offset = address - a.base;
  return offset <= a.size && bytes <= a.size - offset ? &a : nullptr;
}

uint64_t Memory::Impl::allocate(size_t bytes, std::string name, size_t align) {
  if (align == 0 || (align & (align - 1)) || align > guardBytes ||
      bytes > size_t(1) << 40)
    return 0;
  auto a = std::make_shared<Allocation>();
  a->size = bytes;
  a->name = std::move(name);
  a->data = static_cast<uint8_t *>(std::calloc(bytes + 1, 1));
  a->init = static_cast<uint8_t *>(std::calloc(bytes + 1, 1));
  if (!a->data || !a->init)
    return 0;
  a->base = (nextBase + align - 1) & ~uint64_t(align - 1);
  nextBase = a->base + bytes + guardBytes;
  uint64_t base = a->base;
  allocations.emplace(base, std::move(a));
  return base;
}

uint64_t Memory::allocate(size_t bytes, std::string name, size_t align) {
  std::lock_guard<std::mutex> lock(self->mutex);
  return self->allocate(bytes, std::move(name), align);
}

bool Memory::release(uint64_t address) {
  std::lock_guard<std::mutex> lock(self->mutex);
  return self->allocations.erase(address) != 0;
}

bool Memory::write(uint64_t dst, const void *src, size_t bytes) {
  std::lock_guard<std::mutex> lock(self->mutex);
  Allocation *a = self->find(dst, bytes);
  if (!a)
    return false;
  if (bytes) {
    std::memcpy(a->data + (dst - a->base), src, bytes);
    std::memset(a->init + (dst - a->base), 1, bytes);
  }
  return true;
}

bool Memory::read(void *dst, uint64_t src, size_t bytes) const {
  std::lock_guard<std::mutex> lock(self->mutex);
  Allocation *a = self->find(src, bytes);
  if (!a)
    return false;
  if (bytes)
    std::memcpy(dst, a->data + (src - a->base), bytes);
  return true;
}

bool Memory::fill(uint64_t dst, uint8_t value, size_t bytes) {
  std::lock_guard<std::mutex> lock(self->mutex);
  Allocation *a = self->find(dst, bytes);
  if (!a)
    return false;
  std::memset(a->data + (dst - a->base), value, bytes);
  std::memset(a->init + (dst - a->base), 1, bytes);
  return true;
}

bool Memory::invalidate(uint64_t dst, size_t bytes) {
  std::lock_guard<std::mutex> lock(self->mutex);
  Allocation *a = self->find(dst, bytes);
  if (!a)
    return false;
  std::memset(a->init + (dst - a->base), 0, bytes);
  return true;
}

bool Memory::isInitialised(uint64_t dst, size_t bytes) const {
  std::lock_guard<std::mutex> lock(self->mutex);
  Allocation *a = self->find(dst, bytes);
  if (!a)
    return false;
  const uint8_t *flags = a->init + (dst - a->base);
  return std::memchr(flags, 0, bytes) == nullptr;
}

void Memory::setName(uint64_t address, std::string name) {
  std::lock_guard<std::mutex> lock(self->mutex);
  if (Allocation *a = self->find(address, 0))
    a->name = std::move(name);
}

std::vector<uint64_t> attn::sim::instantiateGlobals(Memory &memory,
                                                    const Module &module) {
  Memory::Impl &impl = memory.impl();
  std::lock_guard<std::mutex> lock(impl.mutex);
  auto [it, inserted] = impl.moduleGlobals.try_emplace(module.id);
  if (!inserted)
    return it->second;
  for (const GlobalVariable &v : module.globals) {
    uint64_t address =
        v.bytes ? impl.allocate(v.bytes, v.name, std::max(v.align, 256u)) : 0;
    it->second.push_back(address);
    Allocation *a = address ? impl.find(address, v.bytes) : nullptr;
    if (!a)
      continue;
    // PTX initialises variables without an initialiser to zero.
    if (!v.init.empty())
      std::memcpy(a->data, v.init.data(), v.bytes);
    std::memset(a->init, 1, v.bytes);
    a->isConst = v.isConst;
  }
  return it->second;
}

GlobalView::GlobalView(Memory &memory) {
  Memory::Impl &impl = memory.impl();
  std::lock_guard<std::mutex> lock(impl.mutex);
  for (auto &[base, allocation] : impl.allocations)
    list.push_back(allocation);
}

int GlobalView::nearest(uint64_t address) const {
  auto it =
      std::upper_bound(list.begin(), list.end(), address,
                       [](uint64_t at, const auto &a) { return at < a->base; });
  if (it == list.begin())
    return list.empty() ? -1 : 0;
  int below = int(it - list.begin()) - 1;
  if (it == list.end())
    return below;
  uint64_t up = (*it)->base - address;
  uint64_t down = address - ((*this)[below].base + (*this)[below].size);
  return up < down ? below + 1 : below;
}

int GlobalView::find(uint64_t address, size_t bytes) const {
  auto it =
      std::upper_bound(list.begin(), list.end(), address,
                       [](uint64_t at, const auto &a) { return at < a->base; });
  if (it == list.begin())
    return -1;
  const Allocation &a = **std::prev(it);
  uint64_t offset = address - a.base;
  bool inside = offset <= a.size && bytes <= a.size - offset;
  return inside ? int(it - list.begin()) - 1 : -1;
}
