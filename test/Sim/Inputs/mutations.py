# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mutants of a kernel: its PTX with one synchronising instruction removed or altered.

A mutant keeps the number of each line, so that findings can be compared by line.
"""
import collections
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    kind: str    # row of the table
    line: int    # in the original, from 1
    what: str    # the instruction
    change: str  # what became of it
    edits: dict  # index of a line -> its text

    def __str__(self):
        return f"line {self.line} {self.what} -> {self.change}"

    def ptx(self, lines):
        return "".join(self.edits.get(i, line) for i, line in enumerate(lines))


@dataclass(frozen=True)
class Instruction:
    index: int
    guard: str  # with a blank behind it, or empty
    opcode: str
    operands: str

    @property
    def text(self):
        return f"{self.guard}{self.opcode} {self.operands}".strip()

    def has(self, *prefixes):
        return any(self.opcode == p or self.opcode.startswith(p + ".")
                   for p in prefixes)


INSTRUCTION = re.compile(r"\s*(@!?%?\w+\s+)?([a-z][\w.:]*)\s*(.*?);\s*$")


def instructions(lines):
    for index, line in enumerate(lines):
        match = INSTRUCTION.match(line)
        if match and not match[2].startswith((".", "//")):
            yield Instruction(index, match[1] or "", match[2], match[3])


# What is removed. An arrive that expects bytes is an arrive: losing the bytes alone is
# a row of its own.
REMOVED = {
    "wait": ["mbarrier.try_wait", "mbarrier.test_wait", "cp.async.wait_group",
             "cp.async.wait_all", "cp.async.bulk.wait_group", "wgmma.wait_group",
             "barrier.cluster.wait"],
    "arrive": ["mbarrier.arrive", "cp.async.mbarrier.arrive", "bar.arrive",
               "barrier.arrive", "barrier.cluster.arrive"],
    "commit": ["cp.async.commit_group", "cp.async.bulk.commit_group",
               "wgmma.commit_group"],
    "fence": ["wgmma.fence", "fence"],
    "barrier": ["bar.sync", "barrier.sync", "bar.warp.sync"],
    "init": ["mbarrier.init"],
    "setmaxnreg": ["setmaxnreg"],
}


def removals(code):
    seen = collections.Counter()
    last = "nothing"  # of the instructions that synchronise
    for i in code:
        for kind, opcodes in REMOVED.items():
            if not i.has(*opcodes):
                continue
            text, change = "", "removed"
            if i.has("mbarrier.try_wait", "mbarrier.test_wait"):
                predicate = i.operands.split(",")[0]
                text, change = f"setp.eq.b32 {predicate}, 0, 0;", "succeeds"
            seen[i.opcode] += 1
            what = f"{i.text} (number {seen[i.opcode]}, after {last})"
            yield Mutant(kind, i.index + 1, what, change, {i.index: text + "\n"})
            last = i.opcode


def replaced(kind, i, operands, opcode=None, note=""):
    text = f"{i.guard}{opcode or i.opcode} {operands};"
    return Mutant(kind, i.index + 1, i.text + note, text, {i.index: f"\t{text}\n"})


def with_number(kind, i, steps, note=""):
    """The last operand, a number, is another one."""
    head, number = re.fullmatch(r"(.*?)(\d+)", i.operands).groups()
    return [replaced(kind, i, f"{head}{int(number) + step}", note=note)
            for step in steps]


def numbers(code):
    """Bytes that are expected, arrivals and threads that are counted, groups that
    may be left."""
    seen = collections.Counter()
    for i in code:
        if i.has("mbarrier.arrive.expect_tx"):
            yield from with_number("bytes", i, (16, -16))
            address = i.operands.rsplit(",", 1)[0]
            yield replaced("expect_tx", i, address,
                           i.opcode.replace(".expect_tx", ""))
        elif i.has("mbarrier.init"):
            count = int(i.operands.rsplit(",", 1)[1])
            # Nothing arrives at a barrier of zero arrivals: that is refused.
            yield from with_number("count", i, (1, -1) if count > 1 else (1,))
        elif i.has("bar.sync", "bar.arrive") and "," in i.operands:
            yield from with_number("count", i, (32, -32))
        elif i.has("wgmma.wait_group", "cp.async.wait_group",
                   "cp.async.bulk.wait_group"):
            seen[i.opcode] += 1
            yield from with_number("group", i, (1,), f" (number {seen[i.opcode]})")


def with_other(kind, i, operand, compute, change):
    """`compute` sets `other`, which takes the place of an operand."""
    operands = re.sub(re.escape(operand) + r"\b", "other", i.operands, count=1)
    return Mutant(kind, i.index + 1, i.text, change, {
        i.index: f"\t{{ .reg .b32 other; {compute} {i.guard}{i.opcode} {operands}; }}\n"})


# Named barriers: 1 is that of all consumers; warp group w has 2 + w for its own
# threads and 5 + w for its turn.
CONSUMERS, OWN, TURN = 1, (2, 3, 4), (5, 6, 7)
WARP_GROUP = 128  # threads


def swapping(register, pairs):
    """Sets `other` to the other of a pair."""
    lines = [".reg .pred here;", f"mov.b32 other, {register};"]
    for a, b in pairs:
        for value, other in ((a, b), (b, a)):
            lines.append(f"setp.eq.b32 here, {register}, {value};")
            lines.append(f"@here mov.b32 other, {other};")
    return " ".join(lines)


def named_swaps(code):
    """One place uses another of the named barriers that the kernel has."""
    in_turns = any(i.has("bar.arrive") for i in code)
    own_places = sum(i.has("bar.sync") and i.operands.endswith(f", {WARP_GROUP}")
                     for i in code)
    for i in code:
        if not i.has("bar.sync", "bar.arrive"):
            continue
        number, *count = [part.strip() for part in i.operands.split(",")]
        if not count:
            continue  # the barrier of the whole block, before the others are in use
        if number == str(CONSUMERS):
            if in_turns:
                yield replaced("barrier id", i, f"{TURN[0]}, {count[0]}")
            continue
        own = int(count[0]) == WARP_GROUP
        swaps = []
        if not own or own_places > 1:  # else it is another name for the barrier
            swaps.append(("warp groups", [(OWN if own else TURN)[:2]]))
        if in_turns:
            swaps.append(("own and turn", list(zip(OWN, TURN))))
        for change, pairs in swaps:
            yield with_other("barrier id", i, number, swapping(number, pairs),
                             f"{change} swapped")


def mbarriers(code):
    """Full and empty barriers of each pipeline, as (register, offset), by the inits."""
    pipelines = {}
    for i in code:
        if i.has("mbarrier.init"):
            base, offset = re.match(r"\[(%\w+)\+(\d+)\]", i.operands).groups()
            pipelines.setdefault(base, []).append((base, offset))
    return [(b[:len(b) // 2], b[len(b) // 2:]) for b in pipelines.values()]


def mbarrier_maps(pipelines):
    """What is confused, and by which barrier each is replaced."""
    both = [pair for full, empty in pipelines for pair in zip(full, empty)]
    yield "full and empty", dict(both + [pair[::-1] for pair in both])
    sides = list(zip(*pipelines))
    stages, others = {}, {}
    for side in sides:
        all_of_side = [barrier for pipeline in side for barrier in pipeline]
        stages.update(zip(all_of_side, all_of_side[1:] + all_of_side[:1]))
        for pipeline, other in zip(side, (*side[1:], side[-2])):
            others.update(zip(pipeline, other))
    yield "next stage", stages
    yield "other pipeline", others


def looked_up(register, replacements):
    """Sets `other` by the address in a register."""
    lines = [".reg .b32 at;", ".reg .pred here;", f"mov.b32 other, {register};"]
    for (base, offset), (other_base, other_offset) in replacements.items():
        lines += [f"add.s32 at, {base}, {offset};",
                  f"setp.eq.s32 here, {register}, at;",
                  f"@here add.s32 other, {other_base}, {other_offset};"]
    return " ".join(lines)


def mbarrier_swaps(code):
    """One place uses another mbarrier."""
    pipelines = mbarriers(code)
    if not pipelines:
        return
    remote = None
    for i in code:
        if i.has("mapa"):
            remote = i
        if not i.has("mbarrier.try_wait", "mbarrier.arrive", "cp.async.bulk.tensor"):
            continue
        addresses = re.findall(r"\[([%\w]+)\]", i.operands)
        if not addresses:
            continue  # a store: it signals no barrier
        place, register = i, addresses[-1]
        if register == "remote":
            place, register = remote, remote.operands.split(",")[1].strip()
        for what, replacements in mbarrier_maps(pipelines):
            yield with_other("mbarrier", place, register,
                             looked_up(register, replacements), what)


def parities(code):
    """A side of a pipeline runs one round ahead of its barriers."""
    for i in code:
        if i.has("mbarrier.try_wait.parity"):
            parity = i.operands.rsplit(",", 1)[1].strip()
            yield with_other("stage", i, parity, f"xor.b32 other, {parity}, 1;",
                             "other parity")


def stages(code):
    """The slot of a fill in a ring of two is always the first: for the barriers and
    the data of one role, or for the data of all."""
    slots = {i.operands.split(",")[0]: i for i in code if i.has("and.b32")
             and re.fullmatch(r"(%\w+), %\w+, 1", i.operands)}
    used, data = {}, {}
    for i in code:
        if not i.has("mad.lo.s32", "shl.b32"):
            continue
        target, slot, *rest = [part.strip() for part in i.operands.split(",")]
        if slot not in slots:
            continue
        used[slot] = slots[slot]
        if i.has("mad.lo.s32"):
            data[i.index] = f"\tmov.b32 {target}, {rest[1]};\n"
        elif rest != ["3"]:
            data[i.index] = f"\tmov.b32 {target}, 0;\n"
    for slot, i in used.items():
        yield Mutant("stage", i.index + 1, i.text, "first slot",
                     {i.index: f"\tmov.b32 {slot}, 0;\n"})
    if data:
        first = min(data)
        yield Mutant("stage", first + 1, "data of all stages", "in the first slot",
                     data)


def mutants(lines):
    """All, in a fixed order."""
    code = list(instructions(lines))
    return [mutant for family in (removals, numbers, named_swaps, mbarrier_swaps,
                                  parities, stages) for mutant in family(code)]
