# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What ptxas made of a PTX file: its own figures and the loops in its machine code."""
import os
import re
import subprocess
import sys
import tempfile

import sources

# The classes of instructions, by the first pattern that matches the start of the
# opcode. They add up to all instructions of a loop.
CLASSES = [
    ("HMMA", r"[HIQDO]G?MMA\b"),
    ("EX2", r"MUFU\.EX2"),
    ("MUFU", r"MUFU"),
    ("FFMA", r"FFMA"),
    ("FMUL", r"FMUL"),
    ("FADD", r"FADD"),
    ("FMNMX", r"FMNMX"),
    ("F2FP", r"F2FP"),
    ("LDSM", r"LDSM"),
    ("LDGSTS", r"LDGSTS"),
    ("barrier", r"(BAR|DEPBAR|LDGDEPBAR|ARRIVES|SYNCS|WARPGROUP|WARPSYNC|MEMBAR|FENCE)\b"),
    ("LDS+STS", r"(LDS|STS|STSM)\b"),
    ("LDL+STL", r"(LDL|STL)\b"),
    ("SHFL", r"SHFL"),
    # Moves also hide in the multipliers: IMAD.MOV, and HFMA2 of zeros.
    ("MOV", r"(MOV|IMAD\.MOV|HFMA2(\.MMA)? \w+, -RZ, RZ)"),
    ("FSEL+FSETP", r"(FSEL|FSETP)\b"),
    ("branch", r"(BRA|BRX|JMP|EXIT|BSSY|BSYNC|CALL|RET|BREAK)\b"),
    ("uniform", r"(U[A-Z]|R2UR|S2UR|LDC\b)"),
    ("int", r"(IMAD|IADD|VIADD|LEA|LOP|SHF|ISETP|SEL|PRMT|IMNMX|VIMNMX|IABS|PLOP|P2R|R2P"
            r"|POPC|FLO|BMSK|SGXT|I2F|F2I|I2I|VOTE|CS2R|S2R)"),
    ("other", r""),
]


def classify(text):
    for name, pattern in CLASSES:
        if re.match(pattern, text):
            return name
    raise AssertionError("the last class takes everything")


def find_tool(name):
    """A program named by the environment, by tools/dev/setup, or on PATH; else None."""
    variable = "ATTN_" + name.upper()
    if os.access(os.environ.get(variable, ""), os.X_OK):
        return os.environ[variable]
    build = os.environ.get("ATTN_BUILD_DIR") or os.path.join(sources.ROOT, "build")
    try:
        with open(os.path.join(build, "tools.env")) as file:
            found = re.search(r"^%s=(\S+)$" % variable, file.read(), re.M)
            if found and os.access(found[1], os.X_OK):
                return found[1]
    except OSError:
        pass
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    return None


def assemble(path, ptxas, cubin):
    """Runs ptxas; returns one dictionary per entry function, in its order."""
    with open(path) as file:
        target = re.search(r"^\.target\s+(\w+)", file.read(), re.M)
    if not target:
        sys.exit("%s: no .target line, is it PTX?" % path)
    run = subprocess.run([ptxas, "-v", "-arch=" + target[1], path, "-o", cubin],
                         capture_output=True, text=True)
    text = run.stdout + run.stderr
    if run.returncode:
        sys.exit("%s: ptxas failed:\n%s" % (path, text))
    kernels = []
    for part in re.split(r"Compiling entry function '", text)[1:]:
        def number(pattern):
            # An entry's own figures come last, after those of functions it calls.
            found = re.findall(pattern, part)
            return int(found[-1]) if found else 0
        kernels.append({
            "file": path, "name": part.split("'")[0], "target": target[1],
            "registers": number(r"Used (\d+) registers"),
            "stack": number(r"(\d+) bytes stack frame"),
            "spill_stores": number(r"(\d+) bytes spill stores"),
            "spill_loads": number(r"(\d+) bytes spill loads"),
            "static_shared": number(r"(\d+) bytes smem")})
    # These are mere information to ptxas, printed before or between the kernels.
    messages = [line.strip() for line in text.split("\n") if re.search(r"\bC75\d\d\b", line)]
    for kernel in kernels:
        kernel["messages"] = [m for m in messages
                              if "'%s'" % kernel["name"] in m or "'" not in m]
    return kernels


def disassemble(cubin, nvdisasm):
    """{kernel: [(address, instruction without predicate, branch target or None)]}."""
    run = subprocess.run([nvdisasm, "-c", cubin], capture_output=True, text=True)
    if run.returncode:
        sys.exit("nvdisasm failed:\n" + run.stderr)
    kernels, code, labels, pending = {}, None, {}, []
    for line in run.stdout.split("\n"):
        section = re.match(r"\s*\.section\s+\.text\.([^,\s]+)", line)
        label = re.match(r"(\.L_\w+):", line)
        instruction = re.match(r"\s*/\*([0-9a-f]{4,})\*/\s+(?:@!?\w+\s+)?([^;]+?)\s*;", line)
        if section:
            code = kernels.setdefault(section[1], [])
        elif label:
            pending.append(label[1])
        elif instruction and code is not None:
            address = int(instruction[1], 16)
            if address != 16 * len(code):
                sys.exit("nvdisasm leaves out the instruction at 0x%x; use a newer one"
                         % (16 * len(code)))
            labels.update(dict.fromkeys(pending, address))
            pending = []
            jump = re.match(r"BRA\b.*?(?:`\((\.L_\w+)\)|\b0x([0-9a-f]+))\s*$", instruction[2])
            target = jump and (jump[1] or int(jump[2], 16))
            code.append((address, instruction[2], target or None))
    return {name: [(a, t, labels.get(j, j)) for a, t, j in body]
            for name, body in kernels.items()}


def find_loops(code):
    """The innermost loops with matrix instructions, in the order of their addresses.

    A branch backwards closes a loop; its body is what lies between, so that the slow
    paths of waits, which stand behind the kernel's end, do not count.
    """
    ends = {}
    for address, _, target in code:
        if isinstance(target, int) and target <= address:
            ends[target] = max(address, ends.get(target, 0))
    loops = []
    for start, end in sorted(ends.items()):
        counts = dict.fromkeys((name for name, _ in CLASSES), 0)
        for _, text, _ in code[start // 16:end // 16 + 1]:
            counts[classify(text)] += 1
        if counts["HMMA"]:
            loops.append({"start": start, "end": end, "total": sum(counts.values()),
                          "classes": counts})
    return [loop for loop in loops
            if not any(other is not loop and loop["start"] <= other["start"]
                       and other["end"] <= loop["end"] for other in loops)]


def choose_step(loops, number=None):
    """Index of the loop that is one step over the keys: the shortest that has
    exponentials, unless a number says otherwise. None when there is none."""
    if number is not None:
        return number if number < len(loops) else None
    steps = [i for i, loop in enumerate(loops) if loop["classes"]["EX2"]]
    return min(steps, key=lambda i: loops[i]["total"], default=None)


def analyse(path, ptxas, nvdisasm, loop=None):
    """All of the above for one PTX file; without nvdisasm `loops` is None."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = os.path.join(folder, "kernel.cubin")
        kernels = assemble(path, ptxas, cubin)
        code = disassemble(cubin, nvdisasm) if nvdisasm else {}
    for kernel in kernels:
        body = code.get(kernel["name"])
        kernel["instructions"] = len(body) if body else None
        kernel["loops"] = find_loops(body) if body else None
        kernel["step"] = choose_step(kernel["loops"], loop) if body else None
    return kernels
