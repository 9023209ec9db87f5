# Part of the attn project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""results.json as Markdown. Needs the standard library only, so that results that were
committed can be rendered again anywhere."""
import collections
import json
import os
import sys

ORDER = ["correctness-core", "correctness", "probes", "agreement", "benchmark-core",
         "benchmark", "sweep"]


def name_of(record):
    chip = record.get("chip")
    case = str(record.get("case"))
    return case if not chip or case.startswith(chip) else "%s %s" % (chip, case)


def count(part):
    """(right, wrong, skipped)"""
    records = part.get("records", [])
    return (sum(r.get("ok") is True for r in records),
            sum(r.get("ok") is False for r in records),
            sum("skipped" in r for r in records))


def summary_of(part):
    right, wrong, skipped = count(part)
    text = "%d right, %d wrong, %d skipped of %d in %s s, %s" % (
        right, wrong, skipped, part.get("planned", 0), part.get("seconds", 0),
        part["state"])
    return text + (": " + part["reason"] if part.get("reason") else "")


def verdict(results):
    """(exit status, in words)"""
    right = wrong = 0
    broken = []
    for name, part in results["parts"].items():
        some = count(part)
        right, wrong = right + some[0], wrong + some[1]
        if part["state"] == "failed":
            broken.append(name)
    if results["state"] == "could not run":
        return 2, "could not run: " + results.get("reason", "")
    if wrong or broken:
        text = "WRONG: %d of %d" % (wrong, right + wrong)
        return 1, text + (", and did not end: " + ", ".join(broken) if broken else "")
    if not right:
        return 1, "nothing ran"
    return 0, "all %d that ran are right" % right


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows] + [""]


def records_of(results, *names):
    return [record for name in names
            for record in results["parts"].get(name, {}).get("records", [])]


# ===----------------------------------------------------------------------=== #
# Sections
# ===----------------------------------------------------------------------=== #

def head(results):
    facts, build = results.get("facts", {}), results.get("build", {})
    lines = ["# GPU check: %s" % facts.get("device", "no device"), "",
             "Written by `run.py --render`, not by hand. **%s**" % verdict(results)[1], ""]
    rows = [("date", results["date"]), ("state of the run", results["state"]),
            ("seconds, of a budget of", "%s, %s" % (results.get("seconds", "?"),
                                                    results["budget"])),
            ("arguments", " ".join(results["arguments"]) or "none"),
            ("seed of the inputs", results["seed"]),
            ("commit of the compiler", build.get("commit")),
            ("machine code in the folder", build.get("machine_code"))]
    rows += [(key, value) for key, value in facts.items()
             if key not in ("device", "images") and value is not None]
    return lines + table(["", ""], rows) + images(facts)


def images(facts):
    """Which form of each image the driver took; each part loads its own."""
    found = collections.Counter(facts.get("images") or {})
    if not found:
        return []
    return ["Images that were loaded:", ""] + [
        "- %d: %s" % (number, text) for text, number in found.most_common(12)] + [""]


def parts(results):
    rows = []
    for name in sorted(results["parts"], key=ORDER.index):
        part = results["parts"][name]
        right, wrong, skipped = count(part)
        rows.append((name, right, wrong, skipped, part.get("planned", 0),
                     part["state"], part.get("reason", "")))
    lines = ["## Parts", ""] + table(
        ["part", "right", "wrong", "skipped", "planned", "state", "why"], rows)
    for name, part in results["parts"].items():
        lines += ["- %s: %s" % (name, note) for note in part.get("notes", [])[:20]]
    return lines + [""]


def failures(results):
    found = [(name, record) for name in ORDER
             for record in records_of(results, name) if record.get("ok") is False]
    if not found:
        return []
    return ["## Failures", ""] + table(
        ["part", "case", "problem"],
        [(name, name_of(r), r.get("problem")) for name, r in found[:100]]) + (
            ["%d more are in results.json." % (len(found) - 100), ""]
            if len(found) > 100 else [])


def skipped(results):
    reasons = collections.Counter((name, record["skipped"]) for name in ORDER
                                  for record in records_of(results, name)
                                  if "skipped" in record)
    if not reasons:
        return []
    return ["## Skipped", ""] + table(
        ["part", "how many", "why"],
        [(name, n, why) for (name, why), n in reasons.most_common(30)])


def correctness(results):
    found = [r for r in records_of(results, "correctness-core", "correctness")
             if "out" in r]
    if not found:
        return ["## Correctness", "", "Not measured yet.", ""]
    groups = collections.OrderedDict()
    for record in found:
        kernel = record["case"].split("/")[0]
        groups.setdefault((record["chip"], kernel), []).append(record)

    def share(record, name):
        return record[name]["error"] / record[name]["bound"]
    rows = []
    for (chip, kernel), some in groups.items():
        worst = max(some, key=lambda r: share(r, "out"))
        rows.append((kernel, chip, len(some), sum(not r["ok"] for r in some),
                     "%.2f" % share(worst, "out"),
                     "%.2f" % max(share(r, "lse") for r in some),
                     worst["case"].split("/")[1]))
    return ["## Correctness", "",
            "Largest errors as part of what is allowed: 1 is the bound, which is twice "
            "(three times with softcap) the error of an unfused program in the same "
            "precision.", ""] + table(
        ["kernel", "code for", "cases", "wrong", "out", "lse", "worst case of out"], rows)


def probes(results):
    found = [r for r in records_of(results, "probes") if "question" in r]
    if not found:
        return ["## Probes", "", "Not measured yet.", ""]
    return ["## Probes", ""] + table(
        ["probe", "question", "assumed", "observed", "agrees", "note"],
        [(r.get("name"), r.get("question"), r.get("assumed"), r.get("observed"),
          {True: "yes", False: "**no**"}.get(r.get("agrees"), "?"), r.get("note") or "")
         for r in found])


def agreement(results):
    found = [r for r in records_of(results, "agreement") if "max_ulps" in r]
    if not found:
        return ["## Agreement with the simulator", "", "Not measured yet.", ""]
    equal = sum(r["bit_equal"] for r in found)
    return ["## Agreement with the simulator", "",
            "%d of %d are equal to the bit, out and lse. ulp: units in the last place of "
            "the output's type." % (equal, len(found)), ""] + table(
        ["case", "code for", "out: largest ulp", "largest difference", "equal elements",
         "lse: largest ulp", "all bits"],
        [(r["case"].split("/")[0], r["chip"], r["max_ulps"], "%.3g" % r["max_error"],
          "%.4f %%" % (100 * r["equal_elements"]), r["lse_max_ulps"],
          "equal" if r["bit_equal"] else "differ") for r in found])


def benchmark(results):
    found = records_of(results, "benchmark-core", "benchmark")
    machine = next((r for r in found if r["case"] == "machine" and "copy_gb_per_s" in r),
                   None)
    found = [r for r in found if r.get("times") and r is not machine]
    if not found:
        return ["## Benchmarks", "", "Not measured yet.", ""]
    lines = ["## Benchmarks", ""]
    if machine:
        lines += ["Measured first: copies at %.0f GB/s, bf16 matrix products of 8192 at "
                  "%.0f TFLOP/s; the card then: %s." % (
                      machine["copy_gb_per_s"], machine["matmul_tflops"], ", ".join(
                          "%s %s" % item for item in machine.get("after", {}).items())), ""]
    lines += ["TFLOP/s from the median of interleaved rounds, in brackets the spread: "
              "(slowest - fastest) / median. The ratio is our speed by that of the best "
              "other.", ""]
    for group in dict.fromkeys(r["group"] for r in found):
        lines += ["### " + group, ""] + group_table(
            [r for r in found if r["group"] == group], machine)
    return lines + unsupported(found)


def group_table(rows, machine):
    names = list(dict.fromkeys(name for r in rows for name in r["times"]))
    ours = [name for name in names if name.startswith("attn")]
    others = [name for name in names if name not in ours]
    head_row = ["kernel", "heads", "batch", "length"] + ours + others + ["best other"] + \
        ["ratio of " + name for name in ours]
    head_row += ["%% of matmul, %s" % ours[0]] if machine and ours else []
    rows = sorted(rows, key=lambda r: (r["element"], r["d"], r["variant"], r["s"]))
    lines = []
    for r in rows:
        heads = "%d/%d" % (r["hq"], r["hkv"])
        cells = [r["kernel"], heads, r["b"], r["s"]]
        cells += [speed(r["times"].get(name)) for name in ours + others]
        cells.append(r.get("best_other", "-"))
        cells += ["**%.2f**" % r["ratio"][name] if name in r.get("ratio", {}) else "-"
                  for name in ours]
        if machine and ours:
            one = r["times"].get(ours[0])
            cells.append("%.0f" % (100 * one["tflops"] / machine["matmul_tflops"])
                         if one else "-")
        lines.append(cells)
    return table(head_row, lines)


def speed(one):
    if not one:
        return "-"
    return "%.0f (%.0f %%)" % (one["tflops"], 100 * (one["slowest"] - one["fastest"]) /
                               one["seconds"])


def unsupported(rows):
    reasons = collections.Counter((name, why) for r in rows
                                  for name, why in r.get("unsupported", {}).items())
    if not reasons:
        return []
    return ["Not timed:", ""] + ["- %s, %d rows: %s" % (name, n, cell(why)) for
                                 (name, why), n in reasons.most_common(20)] + [""]


def sweep(results):
    found = [r for r in records_of(results, "sweep") if "ratio" in r and r["ok"]]
    refused = results.get("not_compiled", [])
    lines = ["## Schedules", ""]
    if not found:
        lines += ["Not measured yet.", ""]
    for chip, base in dict.fromkeys((r["chip"], r["base"]) for r in found):
        some = [r for r in found if (r["chip"], r["base"]) == (chip, base)]
        some.sort(key=lambda r: -r["ratio"])
        lines += ["### %s, %s: default %.0f TFLOP/s" % (
            base, chip, max(r["default_tflops"] for r in some)), ""]
        lines += table(["change", "TFLOP/s", "x default"], [
            (r["tag"].split("_", 1)[1], "%.0f" % r["tflops"], "%.3f" % r["ratio"])
            for r in some])
        if some[0]["ratio"] > 1.01:
            lines += ["A row that wins: `%s`" % schedule_row(some[0]), ""]
    if refused:
        lines += ["Not compiled:", ""] + table(
            ["kernel", "code for", "message"],
            [(r["name"], r["chip"], r["message"]) for r in refused])
    return lines


def schedule_row(record):
    """As in ChooseSchedule.cpp."""
    keys = {"plain": "Full", "causal": "Causal", "causal_window": "Windowed"}
    return '{"%s", %d, %d, Regions::Any, Keys::%s, "%s"},' % (
        record["chip"], record["d"], record["dv"], keys[record["variant"]],
        record["schedule"].replace(" ", ""))


def render(results):
    sections = [head, parts, failures, skipped, benchmark, correctness, agreement, probes,
                sweep]
    return "\n".join(line for section in sections for line in section(results))


def rerender(path, quiet=False):
    try:
        with open(path) as file:
            results = json.load(file)
        text = render(results)
    except (OSError, ValueError, KeyError) as error:
        print("run.py: expected results of run.py in %s, but got %s: %s" % (
            path, type(error).__name__, error), file=sys.stderr)
        return 2
    target = os.path.splitext(path)[0] + ".md"
    with open(target, "w") as file:
        file.write(text.rstrip() + "\n")
    if not quiet:
        print(target)
    return 0
