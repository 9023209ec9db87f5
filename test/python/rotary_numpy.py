# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rotary position embedding in float64, from the papers that name its parts.

The independent truth: it follows docs/Spec.md and shares nothing with the compiler.
Scaling functions take the base and the rotary width and return the frequencies in
float64 and what cosine and sine are multiplied with.
"""
import math

import numpy as np


def plain(base, width):
    """RoFormer, arXiv 2104.09864, equation 15."""
    return base ** (-np.arange(0, width, 2) / width), 1.0


def linear(base, width, factor):
    """Position interpolation, arXiv 2306.15595, equation 4."""
    return plain(base, width)[0] / factor, 1.0


def ntk(base, width, factor):
    """NTK-aware interpolation, arXiv 2309.00071, definition 1."""
    return plain(base * factor ** (width / (width - 2)), width)


def yarn(base, width, factor, original_length, beta_fast=32.0, beta_slow=1.0,
         attention_factor=None):
    """NTK-by-parts, arXiv 2309.00071, definition 2, with the ramp over dimensions
    between whole ones, as its authors' code has it, and the temperature of
    definition 3."""
    def dimension(rotations):
        return width * math.log(original_length / (rotations * 2 * math.pi)) / (
            2 * math.log(base))
    low = max(math.floor(dimension(beta_fast)), 0)
    high = min(math.ceil(dimension(beta_slow)), width - 1)
    ramp = np.clip((np.arange(width // 2) - low) / (high - low if high != low else 1e-3),
                   0, 1)
    frequencies = plain(base, width)[0]
    if attention_factor is None:
        attention_factor = 0.1 * math.log(max(factor, 1)) + 1
    return frequencies * (1 - ramp) + frequencies / factor * ramp, attention_factor


def llama3(base, width, factor, low_freq_factor, high_freq_factor, original_length):
    """Llama 3.1, arXiv 2407.21783, as its authors' code has it: by wavelength."""
    frequencies = plain(base, width)[0]
    scaled = []
    for frequency in frequencies:
        wavelength = 2 * math.pi / frequency
        if wavelength < original_length / high_freq_factor:
            scaled.append(frequency)
        elif wavelength > original_length / low_freq_factor:
            scaled.append(frequency / factor)
        else:
            smooth = (original_length / wavelength - low_freq_factor) / (
                high_freq_factor - low_freq_factor)
            scaled.append((1 - smooth) * frequency / factor + smooth * frequency)
    return np.array(scaled), 1.0


def longrope(base, width, short_factors, long_factors, factor, original_length,
             length, attention_factor=None):
    """LongRoPE, arXiv 2402.13753, equation 2 and section 3.3."""
    if attention_factor is None:
        attention_factor = math.sqrt(
            1 + math.log(max(factor, 1)) / math.log(original_length))
    factors = long_factors if length > original_length else short_factors
    return plain(base, width)[0] / np.array(factors), attention_factor


def angles(positions, frequencies):
    """float32 products of float32 numbers, as models compute them."""
    product = (np.asarray(positions).astype(np.float32)[..., None]
               * frequencies.astype(np.float32))
    assert product.dtype == np.float32
    return product.astype(np.float64)


def rotate(x, cosine, sine, width, interleaved):
    """x: B x H x S x D; cosine and sine: B x S x width / 2, or S x width / 2."""
    x = x.astype(np.float64)
    if cosine.ndim == 3:
        cosine, sine = cosine[:, None], sine[:, None]
    out = x.copy()
    if interleaved:
        low, high = slice(0, width, 2), slice(1, width, 2)
    else:
        low, high = slice(0, width // 2), slice(width // 2, width)
    out[..., low] = x[..., low] * cosine - x[..., high] * sine
    out[..., high] = x[..., high] * cosine + x[..., low] * sine
    return out
