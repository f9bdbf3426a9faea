#!/usr/bin/env python3
"""How well the clock is kept in the worlds of conf/worlds, beside what chrony reaches in its own.

Each world is lived through with several seeds, at its own polling ("d") and with minpoll = maxpoll
= 6 ("6"). Errors are those of the node "client" over the world's window; figures are medians over the
seeds. chrony's (bench/accuracy.csv) come from another simulator, so single ratios say less than many.
"""
import argparse
import concurrent.futures
import csv
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORLDS = os.path.join(TOP, "conf", "worlds")
LIMITS = ("settle_1ms", "settle_100us", "settle_10us")
# Where the rival would be wronged: it selects nobody out, and nobody tells it of steps, smears and sleeps.
NO_RIVAL = ("leap-list", "leap-servers", "leap-silent", "leap-smear", "liars", "restart", "resume",
            "server-jump", "stepped", "suspend")
GOAL_RMS, GOAL_WORST_RMS, GOAL_KEPT, GOAL_BOUND = 0.5, 1.2, 0.999, 6

# --- living --------------------------------------------------------------------------------------


def read_world(name):
    with open(os.path.join(WORLDS, name + ".conf"), encoding="utf-8") as file:
        return file.read()


def all_worlds():
    """Those with one client, by name."""
    names = sorted(name[:-5] for name in os.listdir(WORLDS) if name.endswith(".conf"))
    return [name for name in names if re.search('name = "client";(?![^{]*count)', read_world(name))]


def polls_of(name, wanted):
    """A local reference is not polled, so it has no variant of poll 6."""
    polls = [poll for poll in ("d", "6") if wanted in (poll, "both")]
    return [poll for poll in polls if poll == "d" or "iburst = true;" in read_world(name)]


def write_variant(folder, name, poll):
    text = read_world(name)
    if poll == "6":
        text = re.sub("iburst = true;( maxpoll = [0-9]+;)?",
                      "iburst = true; minpoll = 6; maxpoll = 6;", text)
    path = os.path.join(folder, f"{name}-{poll}.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def figures(node):
    return {
        "rms_us": node["rms_s"] * 1e6,
        "max_us": node["max_s"] * 1e6,
        "settle_1ms": node["settled_1ms_s"],
        "settle_100us": node["settled_100us_s"],
        "settle_10us": node["settled_10us_s"],
        "ppb": node["frequency_rms_ppm"] * 1e3,
        "packets": node["sent"],
        "kept": node["bound_kept"],
        "bound_us": node["mean_bound_s"] * 1e6,
        "to_rival": ratio(node, node, "rms_s", "rival_rms_s"),
    }


def live(build, path, seed):
    """One life, with the rival where it is built. Returns its figures, or why there are none."""
    contest, plugins = os.path.join(build, "tests/sim/contest"), os.path.join(build, "modules")
    command = [os.path.join(build, "gnomon-sim"), "--plugin-dir", plugins, "-L", "error", "--json",
               "--seed", str(seed), path]
    if os.access(contest, os.X_OK) and not os.path.basename(path).startswith(NO_RIVAL):
        command = [contest, "--json", "--from", str(seed), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "GNOMON_PLUGINS": plugins})
    if done.returncode != 0:
        return f"seed {seed}: exit {done.returncode}: {done.stderr.strip()[-300:]}"
    for node in json.loads(done.stdout)["nodes"]:
        if node["name"] == "client":
            return {"seed": seed, **figures(node)}
    return f"seed {seed}: there is no node \"client\""


def live_all(args, names):
    """All lives. Returns { "WORLD POLL": [run...] } and what failed."""
    rows, failed = {}, []
    seeds = range(args.first, args.first + args.seeds)
    with tempfile.TemporaryDirectory(prefix="gnomon-bench.") as folder, \
            concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        orders = {}
        for name in names:
            for poll in polls_of(name, args.poll):
                path = write_variant(folder, name, poll)
                orders[f"{name} {poll}"] = [pool.submit(live, args.build, path, s) for s in seeds]
        for row, futures in orders.items():
            results = [future.result() for future in futures]
            rows[row] = [result for result in results if isinstance(result, dict)]
            errors = [result for result in results if isinstance(result, str)]
            failed += [f"{row}: {len(errors)} of {len(results)}: {errors[0]}"] if errors else []
    return {row: runs for row, runs in rows.items() if runs}, failed

# --- figures -------------------------------------------------------------------------------------


def median(runs, key):
    """Of a settling time also "never" is one: later than all."""
    value = statistics.median_high(math.inf if run[key] is None else run[key] for run in runs)
    return None if value == math.inf else value


def summary(runs):
    row = {key: median(runs, key) for key in runs[0] if key not in ("seed", "kept")}
    row["worst_to_rival"] = max((run.get("to_rival") or 0) for run in runs) or None
    row["worst_rms_us"] = max(run["rms_us"] for run in runs)
    row["kept"] = statistics.mean(run["kept"] for run in runs)
    row["worst_kept"] = min(run["kept"] for run in runs)
    row["runs"] = runs
    return row


def read_chrony():
    """{ "WORLD POLL": { key: number; None: never } } with the keys that were measured."""
    rows = {}
    with open(os.path.join(TOP, "bench", "accuracy.csv"), encoding="utf-8") as file:
        for entry in csv.DictReader(line for line in file if not line.startswith("#")):
            row = f"{entry.pop('world')} {entry.pop('poll')}"
            rows[row] = {key: None if text == "never" else float(text)
                         for key, text in entry.items() if text}
    return rows


def ratio(ours, theirs, key, other=None):
    other = other or key
    return ours[key] / theirs[other] if theirs.get(other) else None


def later(ours, theirs, key):
    """Whether ours settles later; `since` is when the clock was disturbed."""
    if theirs.get(key) is None:
        return False
    return ours[key] is None or ours[key] - theirs.get("since", 0) > theirs[key]


def judge(ours, theirs):
    """The ways in which a row misses the goal."""
    def above(key, limit):
        value = ratio(ours, theirs, key)
        return value is not None and value > limit

    tests = (
        ("RMS", above("rms_us", theirs.get("limit", GOAL_RMS))),
        ("tail", ours["worst_rms_us"] > GOAL_WORST_RMS * theirs.get("rms_us", math.inf)),
        ("run", (ours.get("worst_to_rival") or 0) > GOAL_WORST_RMS),
        ("max", above("max_us", 1)),
        ("ppb", above("ppb", 1)),
        ("packets", above("packets", 1)),
        ("settling", any(later(ours, theirs, key) for key in LIMITS)),
        ("kept", ours["worst_kept"] < GOAL_KEPT),
        ("bound", ours["bound_us"] > GOAL_BOUND * ours["rms_us"]),
    )
    return [name for name, missed in tests if missed]


def geometric_mean(values):
    return math.exp(statistics.mean(math.log(value) for value in values))

# --- tables --------------------------------------------------------------------------------------


def number(value):
    if value is None:
        return "-"
    if value >= 1000 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}"


def settle(row, key):
    if key not in row:
        return ""
    return "-" if row[key] is None else f"{max(0, row[key] - row.get('since', 0)):.0f}"


def settles(row):
    return "/".join(settle(row, key) for key in LIMITS) if LIMITS[0] in row else "-"


def cells(row, ours, theirs):
    name, poll = row.split()
    both = []
    for key in ("rms_us", "max_us", "ppb"):
        both += [number(ours[key]), number(theirs.get(key)), number(ratio(ours, theirs, key))]
    rms, largest, ppb = both[:3], both[3:6], both[6:]
    rms.insert(2, number(theirs.get("bound_us")))
    worst = ours["worst_rms_us"] / theirs["rms_us"] if theirs.get("rms_us") else None
    since = {**ours, "since": theirs.get("since", 0)}
    return [name, poll, *rms, number(worst), number(ours.get("to_rival")),
            number(ours.get("worst_to_rival")), *largest, settles(since),
            settles({key: value for key, value in theirs.items() if key != "since"}), *ppb,
            number(ours["packets"]), number(theirs.get("packets")),
            f"{ours['kept']:.4f}", f"{ours['worst_kept']:.4f}", number(ours["bound_us"]),
            number(ours["bound_us"] / ours["rms_us"]) if ours["rms_us"] else "-",
            " ".join(judge(ours, theirs))]


HEADS = ("world", "poll", "RMS us", "chrony", "told", "ratio", "worst", "rival", "worst",
         "max us", "chrony", "ratio", "settles s", "chrony", "ppb", "chrony", "ratio", "sent", "chrony",
         "kept", "worst", "bound us", "/RMS", "misses")


def print_table(heads, lines):
    """The first and the last column stand left, the others right."""
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    for line in [heads, *lines]:
        text = [cell.rjust(width) for cell, width in zip(line, widths)]
        text[0], text[-1] = line[0].ljust(widths[0]), line[-1]
        print("  ".join(text).rstrip())


def means(rows, chrony):
    """The goal's first figure, over all rows that chrony has, and by polling."""
    for polls, which in (("d6", "all polls"), ("d", "poll d"), ("6", "poll 6")):
        ratios = [ratio(ours, chrony.get(row, {}), "rms_us") for row, ours in rows.items()
                  if row[-1] in polls]
        ratios = [value for value in ratios if value]
        if ratios:
            yield (f"geometric mean of {len(ratios)} RMS ratios to chrony, {which}: "
                   f"{geometric_mean(ratios):.3f}")


def misses(rows, chrony):
    """The goal by its parts, and which rows miss each."""
    missed = {}
    for row, ours in rows.items():
        for name in judge(ours, chrony.get(row, {})):
            missed.setdefault(name, []).append(row)
    count = len({row for names in missed.values() for row in names})
    yield f"{count} of {len(rows)} rows miss the goal"
    for name, names in missed.items():
        yield f"  {name} ({len(names)}): {', '.join(names)}"


LEGEND = """\
Medians over the seeds. chrony: what chrony 4.8 reached; told: a near-optimal filter that was told
the noise; worst: of the runs, RMS to chrony's median. Rival: RMS to that of a clock which chrony's
way keeps from the very same samples, median and worst of the runs. Settling: to 1 ms / 100 us /
10 us. Kept: share of seconds in which the true error lay inside the bound, of all and of the worst
run. chrony's figures come from another simulator (clknetsim): its medians are compared with ours,
never its runs. Missed is what is worse than: RMS 0.5 of chrony's; 1.2 of it in any run (tail), or of
the rival's in the same run (run); max, ppb, packets, settling as chrony; kept 0.999 in every run;
bound 6 times our RMS."""


def print_report(rows, chrony):
    print()
    print_table(HEADS, [cells(row, ours, chrony.get(row, {})) for row, ours in rows.items()])
    print(f"\n{LEGEND}\n")
    print("\n".join([*means(rows, chrony), *misses(rows, chrony)]))

# --- page ----------------------------------------------------------------------------------------

BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def commit():
    """What was measured, and whether it stands so in the repository."""
    def git(*words):
        return subprocess.run(["git", "-C", TOP, *words], capture_output=True, text=True,
                              check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    head = git("rev-parse", "--short=12", "HEAD") or "unknown"
    return head + (", with changes" if changed else "")


def drawn(build):
    """What is told of all drawn worlds together, or nothing where the contest is not built."""
    contest, plugins = os.path.join(build, "tests/sim/contest"), os.path.join(build, "modules")
    if not os.access(contest, os.X_OK):
        return []
    done = subprocess.run([contest], capture_output=True, text=True, check=False,
                          env={**os.environ, "GNOMON_PLUGINS": plugins})
    lines = [line for line in done.stdout.splitlines() if not line.startswith("world")]
    return ["", "Twenty drawn worlds beside the rival:", "", *(f"- {line}" for line in lines)]


def page(rows, chrony, args):
    """The figures in Markdown."""
    last = args.first + args.seeds - 1
    lines = [f"Commit {commit()}, {', '.join(args.worlds) or 'all worlds'}, poll {args.poll}, "
             f"seeds {args.first} to {last}.", "", *(f"- {line}" for line in means(rows, chrony)), ""]
    table = [HEADS, ["---", *["--:"] * (len(HEADS) - 2), "---"],
             *(cells(row, ours, chrony.get(row, {})) for row, ours in rows.items())]
    lines += ["| " + " | ".join(line) + " |" for line in table]
    lines += ["", *LEGEND.split("\n"), "", *misses(rows, chrony)]
    lines += drawn(args.build) if not args.worlds else []
    return "".join(re.sub("^  ", "- ", line) + "\n" for line in lines)


def has_marks(path):
    try:
        with open(path, encoding="utf-8") as file:
            before, mark, rest = file.read().partition(BEGIN)
            return bool(mark) and END in rest and END not in before
    except OSError:
        return False


def write_page(path, text):
    """Put the figures where the old ones stand."""
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + text + END + rest.split(END)[1])

# --- comparison ----------------------------------------------------------------------------------


def in_common(runs, others):
    """Those whose seed the others have too."""
    seeds = {run["seed"] for run in others}
    return [run for run in runs if run["seed"] in seeds]


def compare(row, ours, before):
    """A line of the comparison, over the seeds that both have lived."""
    new, old = in_common(ours["runs"], before["runs"]), in_common(before["runs"], ours["runs"])
    if not new:
        return None
    was = {run["seed"]: run["rms_us"] for run in old}
    better = sum(run["rms_us"] < was[run["seed"]] for run in new)
    new, old = summary(new), summary(old)
    ratios = {key: ratio(new, old, key) for key in COMPARED}
    line = [*row.split(), *map(number, ratios.values()), f"{better}/{len(was)}",
            f"{new['worst_kept']:.4f}", f"{old['worst_kept']:.4f}"]
    return line, ratios


COMPARED = {"rms_us": "RMS", "worst_rms_us": "worst RMS", "max_us": "max", "ppb": "ppb",
            "packets": "sent", "bound_us": "bound"}


def print_comparison(rows, before, path):
    both = [compare(row, ours, before[row]) for row, ours in rows.items() if row in before]
    both = [each for each in both if each]
    print(f"\nRatios to {path}; below 1 is better. In so many of the seeds the RMS error is less.\n")
    print_table(("world", "poll", *COMPARED.values(), "better", "kept", "before"),
                [line for line, _ in both])
    for key, label in COMPARED.items():
        values = [ratios[key] for _, ratios in both if ratios[key]]
        if values:
            print(f"geometric mean of the {label} ratios: {geometric_mean(values):.3f}")

# --- orders --------------------------------------------------------------------------------------


def positive(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench accuracy", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help="of conf/worlds; all unless told")
    parser.add_argument("--seeds", type=positive, default=11, help="how many (11)")
    parser.add_argument("--first", type=positive, default=1, help="the first seed (1)")
    parser.add_argument("--poll", choices=("d", "6", "both"), default="both")
    parser.add_argument("--jobs", type=positive, default=2, help="processes at once (2)")
    parser.add_argument("--build", default=os.path.join(TOP, "build"), help="folder of gnomon-sim")
    parser.add_argument("--json", action="store_true", help="print figures and runs as JSON")
    parser.add_argument("--save", metavar="FILE", help="write the same JSON to FILE")
    parser.add_argument("--markdown", metavar="FILE", help="put the table into FILE")
    parser.add_argument("--compare", metavar="FILE", help="compare with what --save wrote")
    args = parser.parse_args()
    for name in args.worlds:
        if name not in all_worlds():
            parser.error(f"{name}: no such world; there are {' '.join(all_worlds())}")
    if args.markdown and not has_marks(args.markdown):
        parser.error(f"{args.markdown}: there is no {BEGIN.strip()} … {END.strip()} in it")
    return args


def main():
    args = parse()
    began = time.monotonic()
    before = None
    if args.compare:
        with open(args.compare, encoding="utf-8") as file:
            before = json.load(file)
    runs, failed = live_all(args, args.worlds or all_worlds())
    rows = {row: summary(each) for row, each in runs.items()}
    if args.save:
        with open(args.save, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    if args.markdown and not failed:
        write_page(args.markdown, page(rows, read_chrony(), args))
    if args.json:
        json.dump(rows, sys.stdout, indent=1)
        print()
    else:
        print_report(rows, read_chrony())
        if before:
            print_comparison(rows, before, args.compare)
        print(f"{sum(map(len, runs.values()))} lives in {time.monotonic() - began:.0f} s")
    for line in failed:
        print(f"FAILED {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
