# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pieces of PTX that the probes are made of.

Every wait is bounded, so that a wrong assumption is an answer and no hang. Labels are
inside of braces, where PTX lets them repeat.
"""

#: Polls of a bounded wait, some tens of milliseconds on silicon. A try_wait may be
#: suspended for longer than a test_wait takes.
POLLS = {"test_wait": 1000000, "try_wait": 20000}

HEADER = """.version 8.6
.target sm_90a
.address_size 64
"""


def kernel(params, body, threads=128, align=1024, directives="", shared=True):
    """A module with the entry `k`. `params` are declarations, "u64 out" or "map tensor".
    Registers: %p (predicates), %h (16 bits), %r, %f (32 bits), %d (64 bits)."""
    declared = []
    for param in params:
        kind, name = param.split()
        declared.append(".param .align 64 .b8 %s[128]" % name if kind == "map"
                        else ".param .%s %s" % (kind, name))
    dynamic = ".extern .shared .align %d .b8 smem[];\n" % align if shared else ""
    return "%s%s.visible .entry k(%s)\n.reqntid %d\n.minnctapersm 1\n%s\n{\n%s%s\n}\n" % (
        HEADER, dynamic, ", ".join(declared), threads, directives,
        ".reg .pred %p<16>; .reg .b16 %h<32>; .reg .b32 %r<512>;\n"
        ".reg .f32 %f<512>; .reg .b64 %d<64>;\n", body)


def pointer(register, param):
    """A global address from a parameter of 64 bits."""
    return "ld.param.u64 %s, [%s]; cvta.to.global.u64 %s, %s;\n" % (
        register, param, register, register)


def wait(ok, barrier, parity, instruction="test_wait"):
    """ok = 1 when the phase of that parity has ended within these polls, else 0."""
    return """{
.reg .pred done, more; .reg .b32 polls;
mov.b32 polls, 0;
POLL:
mbarrier.%s.parity.shared::cta.b64 done, [%s], %s;
@done bra END;
add.u32 polls, polls, 1;
setp.lt.u32 more, polls, %d;
@more bra POLL;
END:
selp.b32 %s, 1, 0, done;
}
""" % (instruction, barrier, parity, POLLS[instruction], ok)


def count_missing(missing, barrier, most):
    """Completes transactions of 16 bytes until phase 0 ends, at most `most` bytes (a
    register): how many bytes a copy counted less than were expected. 0xffffffff: never."""
    return """{
.reg .pred done, more;
mov.b32 %(missing)s, 0;
MORE:
mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%(barrier)s], 16;
add.u32 %(missing)s, %(missing)s, 16;
mbarrier.test_wait.parity.shared::cta.b64 done, [%(barrier)s], 0;
@done bra END;
setp.lt.u32 more, %(missing)s, %(most)s;
@more bra MORE;
mov.b32 %(missing)s, 0xffffffff;
END:
}
""" % {"missing": missing, "barrier": barrier, "most": most}


def fill_shared(base, words, value, threads=128):
    """All threads write `words` (a register) words from `base` on, then fence and meet."""
    return """{
.reg .pred go; .reg .b32 i, at;
mov.u32 i, %%tid.x;
FILL:
setp.ge.u32 go, i, %s;
@go bra END;
shl.b32 at, i, 2; add.u32 at, at, %s;
st.shared.u32 [at], %s;
add.u32 i, i, %d;
bra FILL;
END:
}
fence.proxy.async.shared::cta;
bar.sync 0;
""" % (words, base, value, threads)


def copy_words(to, base, words, into_shared, threads=128):
    """All threads copy words between global memory (a 64-bit register) and shared."""
    move = ("ld.global.u32 value, [there]; st.shared.u32 [at], value;" if into_shared else
            "ld.shared.u32 value, [at]; st.global.u32 [there], value;")
    return """{
.reg .pred go; .reg .b32 i, at, value; .reg .b64 wide, there;
mov.u32 i, %%tid.x;
COPY:
setp.ge.u32 go, i, %s;
@go bra END;
shl.b32 at, i, 2; add.u32 at, at, %s;
mul.wide.u32 wide, i, 4; add.u64 there, %s, wide;
%s
add.u32 i, i, %d;
bra COPY;
END:
}
""" % (words, base, to, move, threads)


def per_thread(register, base, words):
    """The address of this thread's `words` words (its index in the CTA)."""
    return "{ .reg .b32 t; mov.u32 t, %%tid.x; mul.wide.u32 %s, t, %d; }\n" \
        "add.u64 %s, %s, %s;\n" % (register, 4 * words, register, register, base)
