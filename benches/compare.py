#!/usr/bin/env python3
"""Times whole processes of assetctl against ninja, make and b3sum, and says which bounds hold.

    cargo build --release
    python3 benches/compare.py                          # all cases but the largest
    python3 benches/compare.py --cases noop-100000      # several minutes: three first builds of 100,000 commands
    python3 benches/compare.py --tools ninja,make       # the two among themselves
    python3 benches/compare.py --cases one-100,one-1000,one-10000,edits,folder,commands    # one change, beside ninja
    python3 benches/compare.py --cases hours,grid,newday,fanin     # partitions: writes four million small files
    python3 benches/compare.py --cases check,check-cold,locklines,lockhours,dvc    # the lock file

Every tool gets the same generated graph. Runs are interleaved, one of each tool in turn, and figures are medians, so that
whatever else the machine does meets all tools alike. CPU time is user and system time of the process and of the children it
waited for; peak memory is that of the largest process, and about 10 MB where a process stays below that.

A case that builds also compares the outputs of all tools, and a run with nothing to do must leave every output as it was:
a tool that is fast because it does not do the work is an error, not a result.

What is missing is installed below target/: ninja and dvc from the Python registry, b3sum with cargo. make comes from the system.
"""

import argparse
import json
import os
import random
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

from changes import Changes
from locks import Locks
from measuring import Figure, Sample, measure, medians, put_into_document
from partitions import Partitions
from tools import ROOT, SEED, Assetctl, Graph, Make, Ninja, Tool, find_b3sum, find_make, find_ninja

DEFAULT_CASES = ["noop-1000", "noop-10000", "commands", "readers", "memory", "hash", "empty", "list", "complete"]
PARTITIONS = ["hours", "grid", "newday", "fanin"]
LOCKS = ["check", "check-cold", "locklines", "lockhours", "dvc"]
CHANGES = ["one-100", "one-1000", "one-10000", "one-100000", "edits", "folder", "commands"]
ALL_CASES = ["noop-1000", "noop-10000", "noop-100000", "readers", "memory", "hash", "empty", "list", "complete",
             *CHANGES, *PARTITIONS, *LOCKS]
OTHERS = [(CHANGES, Changes), (PARTITIONS, Partitions), (LOCKS, Locks)]


def say(text: str) -> None:
    print(f"· {text}", file=sys.stderr, flush=True)


class Comparison:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.figures: list[Figure] = []

    def tools(self, case: str) -> list[Tool]:
        kinds = {"assetctl": (Assetctl, lambda: self.options.assetctl), "ninja": (Ninja, find_ninja), "make": (Make, find_make)}
        made = []
        for name in self.options.tools:
            kind, program = kinds[name]
            made.append(kind(program(), self.options.work / case / name, self.options.jobs))
        return made

    def ratios(self, case: str, what: str, sampled: dict[str, list[Sample]], bounds: dict[str, float]) -> None:
        """One line each for CPU and wall time: the first tool over each other one. `bounds` are over ninja."""
        middle = {name: medians(samples) for name, samples in sampled.items()}
        first, *others = middle
        for kind in ("cpu", "wall"):
            for other in others:
                bound = bounds.get(kind) if (first, other) == ("assetctl", "ninja") else None
                mine, theirs = getattr(middle[first], kind), getattr(middle[other], kind)
                self.figures.append(Figure(case, f"{what}: {kind} {first}/{other}", mine / theirs, "", bound,
                                           detail=f"{1000 * mine:.1f} / {1000 * theirs:.1f} ms"))

    def noop(self, size: int) -> None:
        """Nothing to do, on the first run after a build and on later ones."""
        case = f"noop-{size}"
        graph, tools = Graph.chained(size), self.tools(case)
        say(f"{case}: laying out {size} sources and assets for {', '.join(self.options.tools)}")
        for tool in tools:
            tool.lay_out(graph)
        builds, firsts, later = ({tool.name: [] for tool in tools} for _ in range(3))
        rounds = self.options.builds or max(1, min(5, 5000 // size))
        for i in range(rounds):
            say(f"{case}: build {i + 1} of {rounds}")
            for tool in tools:
                tool.forget()
                builds[tool.name].append(tool.run())
                firsts[tool.name].append(self.idle(tool))
        self.same_outputs(case, tools)
        say(f"{case}: {self.options.runs} runs with nothing to do")
        for _ in range(self.options.runs):
            for tool in tools:
                later[tool.name].append(self.idle(tool))
        bound = {"cpu": 2.0 if size >= 100_000 else 1.0}
        self.ratios(case, "first run after a build", firsts, bound)
        self.ratios(case, "second run", later, bound)
        self.ratios(case, "the build itself", builds, {})
        for name in later:
            memory = max(sample.memory for sample in firsts[name] + later[name]) / 1e6
            limit = 500.0 if name == "assetctl" and size >= 100_000 else None
            self.figures.append(Figure(case, f"peak memory of {name}", memory, " MB", limit))

    def idle(self, tool: Tool) -> Sample:
        """A run that must not rebuild anything."""
        before = tool.times()
        sample = tool.run()
        if tool.times() != before:
            sys.exit(f"compare: {tool.name} had nothing to do and wrote outputs in {tool.folder}")
        return sample

    def same_outputs(self, case: str, tools: list[Tool]) -> None:
        digests = {tool.name: tool.contents() for tool in tools}
        if len(set(digests.values())) != 1:
            sys.exit(f"compare: {case}: the tools built different bytes: {digests}")

    def memory(self) -> None:
        """100 trivial commands, once in memory and once on disk, each for the first time."""
        if "assetctl" not in self.options.tools:
            return say("memory: left out, it compares assetctl with itself")
        tool = Assetctl(self.options.assetctl, self.options.work / "memory", self.options.jobs)
        tool.lay_out(Graph.flat(100))
        sampled = {"in memory": [], "on disk": []}
        say(f"memory: {self.options.runs} times 100 commands in memory and on disk, {self.options.jobs} at once")
        for _ in range(self.options.runs):
            tool.forget()
            sampled["in memory"].append(measure([*tool.command(), "--in-memory"], tool.folder / "compare.log"))
            if tool.times() or (tool.folder / ".assetctl").exists():
                sys.exit(f"compare: a run in memory wrote to {tool.folder}")
            sampled["on disk"].append(tool.run())
            if len(tool.times()) != 100:
                sys.exit(f"compare: a run on disk did not write all outputs in {tool.folder}")
        middle = {name: medians(samples) for name, samples in sampled.items()}
        for kind in ("cpu", "wall"):
            mine, theirs = (getattr(middle[name], kind) for name in sampled)
            self.figures.append(Figure("memory", f"100 commands, -j{self.options.jobs}: {kind} in memory/on disk", mine / theirs,
                                       "", 1.0, detail=f"{1000 * mine:.1f} / {1000 * theirs:.1f} ms"))

    def hash(self) -> None:
        """One large source: observed for the first time, and once more."""
        if "assetctl" not in self.options.tools:
            return say("hash: left out, it compares assetctl with b3sum")
        b3sum, folder = find_b3sum(), self.options.work / "hash"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "Assets.toml").write_text('[project]\n[source.large]\npath = "large.bin"\n')
        say(f"hash: writing {self.options.size / 2**30:.2f} GiB")
        dice, block = random.Random(SEED), 1 << 20
        pattern = dice.randbytes(block - 8)
        with open(folder / "large.bin", "wb") as file:
            for i in range(self.options.size // block):
                file.write(i.to_bytes(8, "little") + pattern)
        observe = [self.options.assetctl, "-C", str(folder), "observe"]
        reference = [b3sum, str(folder / "large.bin")]
        time.sleep(1)  # so that the file is not younger than the clock tick of its file system
        measure(reference, folder / "compare.log")
        first, again, theirs = [], [], []
        for _ in range(self.options.runs):
            shutil.rmtree(folder / ".assetctl", ignore_errors=True)
            first.append(measure(observe, folder / "compare.log"))
            theirs.append(measure(reference, folder / "compare.log"))
            again.append(measure(observe, folder / "compare.log"))
        mine, b3, cached = medians(first), medians(theirs), medians(again)
        speed, reference_speed = (self.options.size / sample.wall / 1e9 for sample in (mine, b3))
        self.figures.append(Figure("hash", "first observation: throughput assetctl/b3sum", b3.wall / mine.wall, "", 0.8,
                                   at_least=True, detail=f"{speed:.2f} / {reference_speed:.2f} GB/s"))
        self.figures.append(Figure("hash", "observed again: cpu of first observation", cached.cpu / mine.cpu, "", 0.05,
                                   detail=f"{1000 * cached.cpu:.1f} / {1000 * mine.cpu:.1f} ms"))

    def empty(self) -> None:
        """What a hook pays on each commit."""
        if "assetctl" not in self.options.tools:
            return say("empty: left out, it measures assetctl alone")
        folder = self.options.work / "empty"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "Assets.toml").write_text("[project]\n")
        status, nothing = [self.options.assetctl, "-C", str(folder), "status"], [shutil.which("true")]
        mine, floor = [], []
        for _ in range(10 * self.options.runs):
            mine.append(measure(status, folder / "compare.log"))
            floor.append(measure(nothing, folder / "compare.log"))
        cost = 1000 * (medians(mine).cpu - medians(floor).cpu)
        self.figures.append(Figure("empty", "status of an empty project: cpu above `true`", cost, " ms", 3.0,
                                   detail=f"{1000 * medians(mine).cpu:.1f} / {1000 * medians(floor).cpu:.1f} ms"))

    def list(self) -> None:
        """What is declared, said twice or more by a project of 10,000 assets that has a folder of assetctl's own."""
        graph, tools = Graph.chained(10_000), [tool for tool in self.tools("list") if tool.name in ("assetctl", "ninja")]
        say("list: laying out 10,000 sources and assets")
        commands = {}
        for tool in tools:
            tool.lay_out(graph)
            words = ["list"] if tool.name == "assetctl" else ["-t", "targets", "all"]
            commands[tool.name] = [tool.program, "-C", str(tool.folder), *words]
            (tool.folder / ".assetctl").mkdir(exist_ok=True)
            measure(commands[tool.name], tool.folder / "compare.log")
        sampled = {name: [] for name in commands}
        for _ in range(self.options.runs):
            for tool in tools:
                sampled[tool.name].append(measure(commands[tool.name], tool.folder / "compare.log"))
        self.ratios("list", "all of 10,000 assets", sampled, {})

    def complete(self) -> None:
        """What a shell waits for at a press of Tab in a project of 100,000 assets that has a folder of assetctl's own."""
        if "assetctl" not in self.options.tools:
            return say("complete: left out, it measures assetctl alone")
        folder = self.options.work / "complete"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / ".assetctl").mkdir(parents=True)
        name, text = Assetctl(self.options.assetctl, folder, 1).declaration(Graph.chained(100_000))
        (folder / name).write_text(text)
        # The script asks with a variable; the words before the last are those of the line.
        asking = [shutil.which("env"), "ASSETCTL_COMPLETE=fish", str(self.options.assetctl), "--", "assetctl", "-C", str(folder)]
        nothing = [shutil.which("env"), shutil.which("true")]
        for what, words in {"names": ["list", "a5"], "values": ["list", "group:"], "keys": ["explain", "a500@"]}.items():
            measure([*asking, *words], folder / "compare.log")
            mine, floor = [], []
            for _ in range(3 * self.options.runs):
                mine.append(measure([*asking, *words], folder / "compare.log"))
                floor.append(measure(nothing, folder / "compare.log"))
            cost = 1000 * (medians(mine).cpu - medians(floor).cpu)
            self.figures.append(Figure("complete", f"{what} in 100,000 assets: cpu above `true`", cost, " ms", 50.0,
                                       detail=f"{1000 * medians(mine).cpu:.1f} / {1000 * medians(floor).cpu:.1f} ms"))

    def readers(self) -> None:
        """1,000 commands that read one folder of 100,000 files, against 1,000 that read one file: each command's inputs are looked
        at after it has ended, and one look has to serve many."""
        if "assetctl" not in self.options.tools:
            return say("readers: left out, it measures assetctl alone")
        sampled = {"folder": [], "file": []}
        for name, source, files in [("folder", "data/", 100_000), ("file", "data/0", 1)]:
            folder = self.options.work / "readers" / name
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "data").mkdir(parents=True)
            for i in range(files):
                (folder / "data" / str(i)).write_text(f"{i}\n")
            parts = [f'[project]\nshell = ["sh", "-euc"]\n[source.data]\npath = "{source}"\n']
            for i in range(1_000):
                parts.append(f'[asset.a{i}]\ndeps = "data"\ncommand = "echo {i} > {{{{output}}}}"\noutputs = "out/{i}"\n')
            (folder / "Assets.toml").write_text("".join(parts))
        program, jobs = str(self.options.assetctl), str(self.options.jobs)
        for _ in range(self.options.builds or 3):
            for name in sampled:
                folder = self.options.work / "readers" / name
                # What is looked at is known already: the reading of 100,000 files is not what is asked for.
                for left in ["out", "Assets.lock"]:
                    path = folder / left
                    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
                measure([program, "-C", str(folder), "status", "-q"], folder / "compare.log")
                command = [program, "-C", str(folder), "materialize", "--force", "-q", "-j", jobs]
                sampled[name].append(measure(command, folder / "compare.log"))
        ratio = medians(sampled["folder"]).wall / medians(sampled["file"]).wall
        self.figures.append(Figure("readers", "one folder of 100,000 files, over one file: wall time", ratio, "", 1.5,
                                   detail=f"{medians(sampled['folder']).wall:.2f} / {medians(sampled['file']).wall:.2f} s"))

    def run(self) -> None:
        for case in self.options.cases:
            kind, _, size = case.partition("-")
            room = next((make for cases, make in OTHERS if case in cases), None)
            if room:
                others = room(self.options, say)
                method = getattr(others, case.replace("-", "_"), None)
                method() if method else getattr(others, kind)(int(size))
                self.figures += others.figures
                continue
            getattr(self, kind)(*([int(size)] if size else []))
            if not self.options.keep:
                shutil.rmtree(self.options.work / case, ignore_errors=True)


def table(figures: list[Figure]) -> str:
    rows = [["case", "figure", "bound", "measured", "", "medians"], *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def size_in_bytes(text: str) -> int:
    units = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
    number = text.rstrip("KMGiB")
    try:
        return int(float(number) * units[text[len(number):]])
    except (KeyError, ValueError):
        raise argparse.ArgumentTypeError(f"`{text}` is no size such as 512MiB or 2GiB") from None


def names(known: list[str]):
    def parse(text: str) -> list[str]:
        given = known if text == "all" else text.split(",")
        for name in given:
            kind = name.partition("-")[0]
            if name not in known and not (kind == "noop" and "noop-1000" in known and name[5:].isdigit() and int(name[5:])):
                raise argparse.ArgumentTypeError(f"`{name}` is none of {', '.join(known)}")
        return given
    return parse


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assetctl", default=str(ROOT / "target" / "release" / "assetctl"), metavar="PATH",
                        help="the binary to measure (default: target/release/assetctl)")
    parser.add_argument("--tools", type=names(["assetctl", "ninja", "make"]), default=["assetctl", "ninja", "make"],
                        help="comma-separated; the first is compared with the others")
    parser.add_argument("--cases", type=names(ALL_CASES), default=DEFAULT_CASES,
                        help=f"comma-separated, or `all`; noop-N takes any N (default: {','.join(DEFAULT_CASES)})")
    parser.add_argument("--runs", type=int, default=11, help="how often each command is timed (default: 11)")
    parser.add_argument("--builds", type=int, help="how often a no-op case is built anew (default: 5 for 1,000 assets, else 1)")
    parser.add_argument("--size", type=size_in_bytes, default="2GiB", help="of the large source (default: 2GiB)")
    parser.add_argument("--jobs", type=int, default=2, help="commands at once (default: 2)")
    parser.add_argument("--partitions", type=int, default=1_000_000, metavar="N",
                        help="of the asset in `hours` and `lockhours`, and of all assets in `grid` (default: 1,000,000)")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "bench-work", metavar="DIR",
                        help="where the graphs are laid out (default: target/bench-work)")
    parser.add_argument("--keep", action="store_true", help="leave the laid out graphs there")
    parser.add_argument("--write", metavar="NAME", help="put the table into that part of docs/performance.md: `changes`")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    if "assetctl" in options.tools:
        if not os.access(options.assetctl, os.X_OK):
            parser.error(f"{options.assetctl} is no program: `cargo build --release` makes one, --assetctl names another")
        options.assetctl = str(Path(options.assetctl).resolve())
    options.work = options.work.resolve()
    return options


def main() -> int:
    options = arguments()
    comparison = Comparison(options)
    comparison.run()
    print(table(comparison.figures))
    missed = sum(figure.verdict == "MISS" for figure in comparison.figures)
    bounded = sum(figure.verdict != "" for figure in comparison.figures)
    print(f"\n{bounded - missed} of {bounded} bounds hold.")
    if options.write:
        put_into_document(options.write, table(comparison.figures))
    if options.json:
        figures = [asdict(figure) | {"verdict": figure.verdict} for figure in comparison.figures]
        options.json.write_text(json.dumps({"schema": 1, "cores": os.cpu_count(), "figures": figures}, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
