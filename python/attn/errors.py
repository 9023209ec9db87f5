# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What can go wrong, as exceptions. Each message names the argument or the line."""


class Error(Exception):
    """Any failure of attn."""


class ArgumentError(Error, ValueError):
    """An argument that does not fit: its device, dtype, rank, sizes or strides.
    Nothing was launched."""


class TraceError(Error, TypeError):
    """A score or mask function that cannot be compiled; the message has the line."""


class CompileError(Error, RuntimeError):
    """The compiler refused the program, with the reason."""


class DeviceError(Error, RuntimeError):
    """The device failed, or there is none. On the simulator: a finding."""
