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
    ("HMMA", r"[HIQDO]MMA\b"),
    ("HGMMA", r"[HIQB]GMMA\b"),
    ("EX2", r"MUFU\.EX2"),
    ("MUFU", r"MUFU"),
    ("FFMA", r"FFMA"),
    ("FMUL", r"FMUL"),
    ("FADD", r"FADD"),
    ("FMNMX", r"FMNMX"),
    ("F2FP", r"F2FP"),
    ("LDSM", r"LDSM"),
    ("LDGSTS", r"LDGSTS"),
    ("TMA", r"(UTMA|UBLK)"),
    ("WARPGROUP", r"WARPGROUP\b"),
    ("SYNCS", r"SYNCS\b"),
    ("barrier", r"(BAR|DEPBAR|LDGDEPBAR|ARRIVES|WARPSYNC|MEMBAR|FENCE|ERRBAR)\b"),
    ("LDS+STS", r"(LDS|STS|STSM)\b"),
    ("LDL+STL", r"(LDL|STL)\b"),
    ("SHFL", r"SHFL"),
    # Moves also hide in the multipliers: IMAD.MOV, and HFMA2 of zeros.
    ("MOV", r"(MOV|IMAD\.MOV|HFMA2(\.MMA)? \w+, -RZ, RZ)"),
    ("FSEL+FSETP", r"(FSEL|FSETP)\b"),
    ("branch", r"(BRA|BRX|JMP|EXIT|BSSY|BSYNC|CALL|RET|BREAK)\b"),
    ("R2UR", r"R2UR\b"),
    ("uniform", r"(U[A-Z]|S2UR|LDC\b|VOTEU|ELECT)"),
    ("int", r"(IMAD|IADD|VIADD|LEA|LOP|SHF|ISETP|SEL|PRMT|IMNMX|VIMNMX|IABS|PLOP|P2R|R2P"
            r"|POPC|FLO|BMSK|SGXT|I2F|F2I|I2I|VOTE|CS2R|S2R)"),
    ("NOP", r"NOP\b"),
    ("other", r""),
]
MATRIX = ("HMMA", "HGMMA")


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
            "barriers": number(r"used (\d+) barriers"),
            "stack": number(r"(\d+) bytes stack frame"),
            "spill_stores": number(r"(\d+) bytes spill stores"),
            "spill_loads": number(r"(\d+) bytes spill loads"),
            "static_shared": number(r"(\d+) bytes smem")})
    # These are mere information to ptxas, printed before or between the kernels; one that
    # names no kernel is about any.
    messages = [line.strip() for line in text.split("\n") if re.search(r"\bC75\d\d\b", line)]
    names = [kernel["name"] for kernel in kernels]
    for kernel in kernels:
        kernel["messages"] = [m for m in messages if "'%s'" % kernel["name"] in m
                              or not any("'%s'" % name in m for name in names)]
    return kernels


def disassemble(cubin, nvdisasm):
    """{kernel: [(address, instruction without predicate, whether it has one, branch
    target or None)]}."""
    run = subprocess.run([nvdisasm, "-c", cubin], capture_output=True, text=True)
    if run.returncode:
        sys.exit("nvdisasm failed:\n" + run.stderr)
    kernels, code, labels, pending = {}, None, {}, []
    for line in run.stdout.split("\n"):
        section = re.match(r"\s*\.section\s+\.text\.([^,\s]+)", line)
        label = re.match(r"(\.L_\w+):", line)
        instruction = re.match(r"\s*/\*([0-9a-f]{4,})\*/\s+(@!?\w+\s+)?([^;]+?)\s*;", line)
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
            predicate, text = instruction[2], instruction[3]
            jump = re.match(r"BRA\b(.*?)(?:`\((\.L_\w+)\)|\b0x([0-9a-f]+))\s*$", text)
            target = jump and (jump[2] or int(jump[3], 16))
            # A branch may also have its condition as an operand.
            conditional = bool(predicate or (jump and "P" in jump[1]))
            code.append((address, text, conditional, target or None))
    return {name: [(a, t, c, labels.get(j, j)) for a, t, c, j in body]
            for name, body in kernels.items()}


def find_blocks(code):
    """{first index of a basic block: (index after it, first indices of successors)}.

    A call is taken for an instruction, so what it calls is not reached.
    """
    ends = re.compile(r"(BRA|EXIT|RET|BRX|JMP|KILL)\b")
    starts = {0, len(code)}
    for index, (_, text, _, target) in enumerate(code):
        if ends.match(text):
            starts.add(index + 1)
            if isinstance(target, int):
                starts.add(target // 16)
    order = sorted(starts)
    blocks = {}
    for start, end in zip(order, order[1:]):
        _, text, conditional, target = code[end - 1]
        following = [target // 16] if isinstance(target, int) else []
        if (conditional or not ends.match(text)) and end < len(code):
            following.append(end)
        blocks[start] = (end, following)
    return blocks


def find_back_edges(blocks):
    """(head, block) for each branch to a block that all ways to the branch pass.

    The branch that returns from the slow path of a wait, behind the kernel's end, is
    not one, although it goes backwards.
    """
    order, seen = [], set()
    pending = [(0, False)]
    while pending:
        block, done = pending.pop()
        if done:
            order.insert(0, block)
        elif block not in seen:
            seen.add(block)
            pending.append((block, True))
            pending += [(following, False) for following in blocks[block][1]]
    dominators = {block: set(order) for block in order}
    dominators[0] = {0}
    changed = True
    while changed:
        changed = False
        for block in order[1:]:
            before = [dominators[b] for b in order if block in blocks[b][1]]
            found = set.intersection(*before) | {block}
            if found != dominators[block]:
                dominators[block], changed = found, True
    return [(head, block) for block in order for head in blocks[block][1]
            if head in dominators[block]]


def count_late_waits(code, blocks):
    """Warpgroup matrix instructions that carry a wait although the next one adds to the
    same registers: ptxas serialized the group, of which only the last should carry one."""
    late = 0
    for start, (end, _) in blocks.items():
        texts = [text for _, text, _, _ in code[start:end] if re.match(r"\w+GMMA\b", text)]
        for text, following in zip(texts, texts[1:]):
            # Another product may follow in the same registers: of another shape.
            result = re.match(r"(\S+ R\d+),", text)
            adds = re.match(r"(\S+ (R\d+)),.*, \2\b", following)
            late += "gsb0" in text and bool(adds) and adds[1] == result[1]
    return late


def describe_overlap(texts):
    """EX2 of a loop that stand between the wait for all groups but the last and the wait
    for all: the ones that run beside the product of weights and values. None where
    the loop has no such pair."""
    waits = [(i, re.match(r"WARPGROUP\.DEPBAR\.LE gsb0, (\w+)", text))
             for i, text in enumerate(texts)]
    waits = [(i, int(found[1], 0)) for i, found in waits if found]
    if [count for _, count in waits] != [1, 0]:
        return None
    (first, _), (last, _) = waits
    return sum(text.startswith("MUFU.EX2") for text in texts[first:last])


def find_loops(code, blocks):
    """The innermost loops with matrix instructions, in the order of their addresses.

    A branch backwards closes a loop; its body is what lies between, so that the slow
    paths of waits, which stand behind the kernel's end, do not count.
    """
    ends = {}
    for head, block in find_back_edges(blocks):
        if head <= block:
            ends[head] = max(blocks[block][0], ends.get(head, 0))
    loops = []
    for start, end in sorted(ends.items()):
        texts = [text for _, text, _, _ in code[start:end]]
        counts = dict.fromkeys((name for name, _ in CLASSES), 0)
        for text in texts:
            counts[classify(text)] += 1
        if any(counts[name] for name in MATRIX):
            loops.append({"start": 16 * start, "end": 16 * (end - 1), "total": len(texts),
                          "classes": counts, "ex2_overlapped": describe_overlap(texts)})
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


def choose_masked_step(loops, step):
    """Index of the longest loop with exponentials that selects more than the step
    does; None when there is none."""
    def selects(i):
        return loops[i]["classes"]["FSEL+FSETP"]

    masked = [i for i, loop in enumerate(loops) if step is not None
              and loop["classes"]["EX2"] and selects(i) > selects(step)]
    return max(masked, key=lambda i: loops[i]["total"], default=None)


def describe_code(code, loop):
    """What the machine code of one kernel says, for its dictionary."""
    blocks = find_blocks(code)
    loops = find_loops(code, blocks)
    step = choose_step(loops, loop)
    texts = [text for _, text, _, _ in code]
    budgets = [re.match(r"USETMAXREG\S*.*\b0x([0-9a-f]+)$", text) for text in texts]
    return {"instructions": len(code), "loops": loops, "step": step,
            "masked_step": choose_masked_step(loops, step),
            "late_waits": count_late_waits(code, blocks),
            "local_accesses": sum(classify(text) == "LDL+STL" for text in texts),
            "budgets": [int(found[1], 16) for found in budgets if found]}


def analyse(path, ptxas, nvdisasm, loop=None):
    """All of the above for one PTX file; without nvdisasm `loops` is None."""
    with tempfile.TemporaryDirectory() as folder:
        cubin = os.path.join(folder, "kernel.cubin")
        kernels = assemble(path, ptxas, cubin)
        code = disassemble(cubin, nvdisasm) if nvdisasm else {}
    for kernel in kernels:
        body = code.get(kernel["name"])
        kernel.update(describe_code(body, loop) if body else dict.fromkeys(
            ("instructions", "loops", "step", "masked_step", "late_waits",
             "local_accesses", "budgets")))
    return kernels
