//===- CudaImage.cpp - why a driver refuses an image ----------------------===//
// Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CudaImage.h"

using namespace attn::runtime;

namespace {
/// The CUDA that brought a version of PTX ("Release Notes" of the PTX manual).
struct PtxRelease {
  std::string_view ptx;
  int cuda;
};
} // namespace

static constexpr PtxRelease ptxReleases[] = {
    {"7.0", 11000}, {"7.1", 11010}, {"7.2", 11020}, {"7.3", 11030},
    {"7.4", 11040}, {"7.5", 11050}, {"7.6", 11060}, {"7.7", 11070},
    {"7.8", 11080}, {"8.0", 12000}, {"8.1", 12010}, {"8.2", 12020},
    {"8.3", 12030}, {"8.4", 12040}, {"8.5", 12050}, {"8.6", 12070},
    {"8.7", 12080}, {"8.8", 12090}, {"9.0", 13000}, {"9.1", 13010},
};

/// 0 for a version that the table does not have.
static int cudaOfPtx(std::string_view version) {
  for (const PtxRelease &release : ptxReleases)
    if (release.ptx == version)
      return release.cuda;
  return 0;
}

/// The word after `directive` at the start of a line; "" when there is none.
static std::string_view wordAfter(std::string_view ptx,
                                  std::string_view directive) {
  while (!ptx.empty()) {
    std::string_view line = ptx.substr(0, ptx.find('\n'));
    ptx.remove_prefix(std::min(line.size() + 1, ptx.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.substr(0, directive.size()) != directive)
      continue;
    line.remove_prefix(directive.size());
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.substr(0, line.find_first_of(" \t\r,"));
  }
  return "";
}

static bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// "PTX 8.6 for sm_90a", or "it" for a text that does not say.
static std::string describePtx(std::string_view version,
                               std::string_view target) {
  if (version.empty() || target.empty())
    return "it";
  return "PTX " + std::string(version) + " for " + std::string(target);
}

std::string attn::runtime::explainRefusal(const CudaDriver &driver,
                                          CuResult result,
                                          std::string_view image,
                                          std::string_view log) {
  std::string text = driver.name();
  const bool isCubin = image.substr(0, 4) == std::string_view("\177ELF", 4);
  const std::string_view version = isCubin ? "" : wordAfter(image, ".version");
  // Drivers before CUDA 11.1 have no result for it.
  const bool isTooNew =
      result == CuErrorUnsupportedPtxVersion ||
      (result == CuErrorInvalidPtx && contains(log, "Unsupported .version"));
  if (isCubin) {
    text += " does not take the machine code";
  } else if (isTooNew && !version.empty()) {
    text += " does not know PTX " + std::string(version);
    if (const int cuda = cudaOfPtx(version))
      text += ", which came with " + cudaVersionText(cuda);
    text += "; update the driver, or compile to machine code as well, which "
            "drivers from the same CUDA major version on take";
  } else {
    text += " refused " + describePtx(version, wordAfter(image, ".target"));
  }
  text += ": " + driver.describe(result);
  if (isCubin &&
      (result == CuErrorNoBinaryForGpu || result == CuErrorInvalidImage))
    text += "; it is for another chip, or from a newer CUDA than the driver's";
  if (!log.empty())
    text += "\n" + std::string(log);
  return text;
}
