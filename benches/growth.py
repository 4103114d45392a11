#!/usr/bin/env python3
"""Runs every verb on projects of growing size, and marks those whose cost grows faster than the project.

    cargo build --release
    python3 benches/growth.py                                # 10^3 and 10^4 assets, 10^4 and 10^5 partitions of one asset
    python3 benches/growth.py --assets 1000,10000,100000 --partitions 10000,100000,1000000     # some minutes, 4 GB of disk
    python3 benches/growth.py --run-up-to 10000              # also runs the commands of everything, up to this size
    python3 benches/growth.py --instructions                 # counts the instructions of verbs that change nothing; needs valgrind
    python3 benches/growth.py --write                        # puts the table into docs/performance.md

Each verb runs with nothing, one source and all sources changed, and after an edit of Assets.toml. A cost is that above the same
verb in a project of one asset. A verb grows too fast if its cost for each asset or partition is more than 1.3 times that of the
next smaller project; costs below 20 ms of CPU and 20 MB are not compared. Where instructions are counted, they stand for the CPU time:
a larger project also has more cache misses, which are no work of the verb's. The exit code is 1 if one grows too fast.
"""

import argparse
import datetime
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from measuring import Sample, measure, medians, put_into_document
from partitions import HOUR, Project
from tools import ROOT, Graph

START = datetime.datetime(1900, 1, 1)
LIMIT = 1.3
LEAST_CPU, LEAST_MEMORY = 0.020, 20e6


class Assets:
    """Assets with a source each, that read one earlier asset on average."""

    unit = "asset"

    def __init__(self, project: Project, size: int):
        self.project, self.size = project, size
        text = ['[project]\nshell = ["sh", "-euc"]\n']
        for i, deps in enumerate(Graph.chained(size).deps):
            inputs = [f"s{i}", *(f"a{d}" for d in deps)]
            words = " ".join("{{input.%s}}" % name for name in inputs)
            text.append(f'[source.s{i}]\npath = "src/s{i}"\n[asset.a{i}]\ndeps = {inputs}\n'
                        f'command = "cat {words} > {{{{output}}}}"\noutputs = ["out/a{i}"]\n')
            project.write(f"src/s{i}", f"{i:012}\n")
            project.write(f"out/a{i}", f"{i:012}\n")
        project.write("Assets.toml", "".join(text))
        project.now = "2020-01-01T00:00:00Z"
        self.one, self.changed, self.glob = f"a{size - 1}", f"src/s{size - 1}", "key:a1*"
        self.sources = (f"src/s{i}" for i in range(size))


class Partitions:
    """One asset with hourly partitions of its source."""

    unit = "partition"

    def __init__(self, project: Project, size: int):
        self.project, self.size = project, size
        project.write("Assets.toml", '[project]\nshell = ["sh", "-euc"]\n[partitions.hour]\ntype = "hourly"\nstart = "1900-01-01"\n'
                      '[source.raw]\npartitions = "hour"\npath = "in/{{partition:%Y-%m}}/{{partition}}.csv"\n'
                      '[asset.clean]\npartitions = "hour"\ndeps = ["raw"]\ncommand = "cp {{input}} {{output}}"\n'
                      'outputs = ["out/{{partition:%Y-%m}}/{{partition}}.csv"]\n')
        for folder in ("in", "out"):
            for number in range(size):
                project.write(self.path(folder, number), f"{number:012}\n")
        project.now = f"{START + size * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        last = START + (size - 1) * HOUR
        self.one, self.changed, self.glob = f"clean@{last:%Y-%m-%d-%H:%M}", self.path("in", size - 1), "key:cl*"
        self.sources = (self.path("in", number) for number in range(size))

    def path(self, folder: str, number: int) -> str:
        hour = START + number * HOUR
        return f"{folder}/{hour:%Y-%m}/{hour:%Y-%m-%d-%H:%M}.csv"


@dataclass
class Row:
    """What one verb costs after one kind of change, by size."""

    unit: str
    change: str
    verb: str
    samples: dict[int, Sample] = field(default_factory=dict)
    instructions: dict[int, int] = field(default_factory=dict)

    def growth(self) -> dict[str, float]:
        """The largest growth of CPU and memory for each unit, from one size to the next."""
        least, *sizes = sorted(self.samples)
        worst: dict[str, float] = {}
        for kind, enough in (("cpu", LEAST_CPU), ("memory", LEAST_MEMORY)):
            cost = {size: getattr(self.samples[size], kind) - getattr(self.samples[least], kind) for size in sizes}
            for small, large in zip(sizes, sizes[1:]):
                if cost[large] > enough:
                    before = max(cost[small], enough * small / large)
                    worst[kind] = max(worst.get(kind, 0), cost[large] / large / (before / small))
        if self.instructions:
            each = [(self.instructions[size] - self.instructions[least]) / size for size in sizes]
            worst["instructions"] = max((large / small for small, large in zip(each, each[1:])), default=0)
        return worst

    @property
    def grows(self) -> bool:
        growth = self.growth()
        if "instructions" in growth:
            growth.pop("cpu", None)
        return any(it > LIMIT for it in growth.values())


class Growth:
    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.rows: dict[tuple[str, str, str], Row] = {}

    def note(self, kind, change: str, verb: str, samples: list[Sample]) -> None:
        row = self.rows.setdefault((kind.unit, change, verb), Row(kind.unit, change, verb))
        row.samples[kind.size] = medians(samples)

    def time(self, kind, change: str, verb: str, *words: str, runs: int = 0, before=lambda: None) -> None:
        samples = []
        for _ in range(runs or self.options.runs):
            before()
            # `check` and a step that fails have codes of their own; whatever is a mistake has a higher one.
            samples.append(measure(kind.project.command(*words), self.options.work / "growth.log", codes=(0, 1)))
        self.note(kind, change, verb, samples)
        self.count(kind, change, verb, words)
        print(f"{kind.size:9,} {kind.unit}s, {change} changed: {verb}: {cell(medians(samples))}", file=sys.stderr, flush=True)

    def count(self, kind, change: str, verb: str, words) -> None:
        """The instructions of a verb that does the same each time, all threads together."""
        if not self.options.instructions or change != "none" or verb.endswith("after accept"):
            return
        command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", *kind.project.command(*words)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
        if not found:
            raise SystemExit(f"valgrind says nothing of instructions: {done.stderr[-500:]}")
        self.rows[kind.unit, change, verb].instructions[kind.size] = int(found[1].replace(",", ""))

    def looks(self, kind, change: str) -> None:
        """All verbs that change nothing."""
        one = kind.one
        verbs = [("validate",), ("list",), ("list", kind.glob), ("graph",), ("status",), ("status", "--recorded"),
                 ("status", "status:stale"), ("plan",), ("check",), ("explain", one), ("history", one), ("affected", kind.changed),
                 ("lock", "-n"), ("accept", "-n", "--all"), ("wipe", "-n", "*"), ("observe",)]
        names = {one: "ONE", kind.glob: "key:…*", kind.changed: "FILE"}
        for words in verbs:
            self.time(kind, change, " ".join(names.get(word, word) for word in words), *words)
        asking = [shutil.which("env"), "ASSETCTL_COMPLETE=fish", kind.project.assetctl, "--", "assetctl", "-C",
                  str(kind.project.folder), "--now", kind.project.now, "explain", one[:-2]]
        self.note(kind, change, "a press of Tab", [measure(asking, self.options.work / "growth.log") for _ in range(self.options.runs)])

    def measure(self, make, size: int) -> None:
        folder = self.options.work / f"{make.unit}s-{size}"
        print(f"· {size:,} {make.unit}s", file=sys.stderr, flush=True)
        kind = make(Project(folder, self.options.assetctl), size)
        edits = iter(range(1_000_000))

        def edit(paths) -> None:
            text = f"{next(edits):012}\n"
            for path in paths:
                # Neither cut nor removed, which some file systems are slow at.
                with open(folder / path, "r+") as file:
                    file.write(text)

        settle()
        self.time(kind, "all", "accept --all", "accept", "--all", runs=1)
        self.time(kind, "none", "materialize, after accept", "materialize", runs=1)
        self.time(kind, "none", "materialize", "materialize")
        self.looks(kind, "none")
        self.time(kind, "manifest", "validate", "validate", before=lambda: self.append(kind))
        self.time(kind, "manifest", "materialize", "materialize", before=lambda: self.append(kind))
        edit([kind.changed])
        self.looks(kind, "one")
        self.time(kind, "one", "accept ONE", "accept", kind.one, before=lambda: edit([kind.changed]))
        self.time(kind, "one", "materialize", "materialize", before=lambda: edit([kind.changed]))
        self.time(kind, "one", "materialize ONE", "materialize", kind.one, before=lambda: edit([kind.changed]))
        (folder / "Assets.lock").unlink()
        self.time(kind, "lock gone", "check", "check")
        self.time(kind, "lock gone", "lock -n", "lock", "-n")
        self.time(kind, "lock gone", "lock", "lock", runs=1)
        edit(list(kind.sources))
        settle()
        self.looks(kind, "all")
        if size <= self.options.run_up_to:
            self.time(kind, "all", "materialize", "materialize", "-q", runs=1)
        else:
            self.time(kind, "all", "accept --all, again", "accept", "--all", runs=1)
        self.time(kind, "all", "wipe", "wipe", "-y", "*", runs=1)
        if not self.options.keep:
            shutil.rmtree(folder)

    @staticmethod
    def append(kind) -> None:
        with open(kind.project.folder / "Assets.toml", "a") as file:
            file.write("# edited\n")

    def run(self) -> None:
        for make, sizes in ((Assets, self.options.assets), (Partitions, self.options.partitions)):
            for size in [1, *sizes] if sizes else []:
                self.measure(make, size)

    def table(self) -> str:
        """One table for each unit: wall time, CPU time and peak memory by size, and what they grow by."""
        parts = []
        for unit in dict.fromkeys(row.unit for row in self.rows.values()):
            rows = [row for row in self.rows.values() if row.unit == unit]
            sizes = sorted(rows[0].samples)[1:]
            counted = any(row.instructions for row in rows)
            parts.append(f"| changed | verb | {' | '.join(f'{size:,} {unit}s' for size in sizes)} | growth of CPU, memory{', instructions' * counted} |\n"
                         f"|{'---|' * (len(sizes) + 3)}")
            for row in rows:
                cells = [cell(row.samples.get(size)) for size in sizes]
                growth = row.growth()
                kinds = ("cpu", "memory", *("instructions",) * counted)
                growth = ", ".join(f"**{it:.2f}**" if it > LIMIT else f"{it:.2f}" if it else "–" for it in (growth.get(kind, 0) for kind in kinds))
                parts.append(f"| {row.change} | `{row.verb}` | {' | '.join(cells)} | {growth} |")
            parts.append("")
        return "\n".join(parts)


def settle() -> None:
    """Waits until no file is younger than the clock tick of its file system."""
    time.sleep(0.1)


def cell(sample: Sample | None) -> str:
    if sample is None:
        return "–"
    return f"{1000 * sample.wall:,.0f} / {1000 * sample.cpu:,.0f} ms, {sample.memory / 1e6:,.0f} MB"


def sizes(text: str) -> list[int]:
    return sorted(int(size) for size in text.split(",") if size)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assetctl", default=str(ROOT / "target" / "release" / "assetctl"), metavar="PATH")
    parser.add_argument("--assets", type=sizes, default=[1_000, 10_000], metavar="N,N", help="sizes; empty for none")
    parser.add_argument("--partitions", type=sizes, default=[10_000, 100_000], metavar="N,N", help="sizes; empty for none")
    parser.add_argument("--runs", type=int, default=3, help="how often each verb is timed (default: 3)")
    parser.add_argument("--run-up-to", type=int, default=1_000, metavar="N", help="run all commands up to this size (default: 1,000)")
    parser.add_argument("--instructions", action="store_true", help="count them with valgrind")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "bench-work", metavar="DIR")
    parser.add_argument("--keep", action="store_true", help="leave the projects there")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    options.assetctl = str(Path(options.assetctl).resolve())
    return options


def main() -> int:
    growth = Growth(arguments())
    growth.run()
    table = growth.table()
    print(table)
    if growth.options.write:
        put_into_document("growth", table)
    too_fast = [row for row in growth.rows.values() if row.grows]
    for row in too_fast:
        print(f"grows faster than its size: {row.verb} with {row.change} changed, by {row.unit}s")
    return 1 if too_fast else 0


if __name__ == "__main__":
    sys.exit(main())
