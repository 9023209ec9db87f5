# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Takes the loop out of each wait for a barrier directly before a wait for all matrix
instructions: drop-spin.py <PTX file>. Fails when there is none."""
import re
import sys

with open(sys.argv[1]) as file:
    text = file.read()
text, count = re.subn(r"bra WAIT;((?:.*\n){1,6}.*wgmma\.wait_group\.sync\.aligned 0)", r"\1",
                      text)
if not count:
    sys.exit("drop-spin.py: no wait to take the loop from")
sys.stdout.write(text)
