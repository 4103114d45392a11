"""The cases about many partitions: what a look at them costs beside the bare look at their files.

Projects are not run but accepted: their sources and outputs are written here, and `assetctl accept` records them. The bare
cost is that of `benches/baseline/stat.rs`, which stats the same files on all cores and does nothing else.
"""

import datetime
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from measuring import Figure, medians, measure

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = "instance.db"
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)

COPY = 'command = "cp {{input}} {{output}}"\n'


class Project:
    """A project whose files are written here."""

    def __init__(self, folder: Path, assetctl: str):
        self.folder, self.assetctl = folder, assetctl
        self.paths: list[str] = []
        self.made: set[Path] = set()
        self.now = ""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def declare(self, text: str) -> None:
        (self.folder / "Assets.toml").write_text("[project]\n" + text)

    def write(self, path: str, text: str) -> None:
        file = self.folder / path
        if file.parent not in self.made:
            file.parent.mkdir(parents=True, exist_ok=True)
            self.made.add(file.parent)
        with open(file, "w") as out:
            out.write(text)
        self.paths.append(path)

    def command(self, *words: str) -> list[str]:
        return [self.assetctl, "-C", str(self.folder), "--now", self.now, *words]

    def run(self, *words: str):
        return measure(self.command(*words), self.folder / "compare.log")

    def accept(self, *words: str) -> None:
        time.sleep(0.1)  # so that no file is younger than the clock tick of its file system
        self.run("accept", "--quiet", *words)
        # What follows an acceptance may still learn something about the files.
        self.run("status")

    def stat(self) -> float:
        """Seconds that the bare look at all files takes."""
        listed = self.folder / "compare.list"
        listed.write_text("\n".join(self.paths))
        return baseline("stat", self.folder, listed)

    def read(self) -> float:
        """Seconds that the bare reading of all current state takes."""
        return baseline("read", self.folder / ".assetctl" / INSTANCE)


def baseline(name: str, *arguments: Path) -> float:
    """The seconds that a program of `benches/baseline` prints."""
    program = ROOT / "target" / "release" / "examples" / name
    if not program.exists():
        subprocess.run(["cargo", "build", "--release", "--example", name], cwd=ROOT, check=True)
    return float(subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout)


class Partitions:
    def __init__(self, options, say):
        self.options, self.say = options, say
        self.figures: list[Figure] = []

    def project(self, name: str) -> Project:
        return Project(self.options.work / name, self.options.assetctl)

    def forget(self, project: Project) -> None:
        if not self.options.keep:
            shutil.rmtree(project.folder, ignore_errors=True)

    def looks(self, case: str, project: Project) -> None:
        """`status` beside the bare look at the files, and `status --recorded`."""
        bare, read, full, recorded = [], [], [], []
        for _ in range(min(self.options.runs, 5)):
            bare.append(project.stat())
            full.append(project.run("status"))
            read.append(project.read())
            recorded.append(project.run("status", "--recorded"))
        bare, read = statistics.median(bare), statistics.median(read)
        mine, records = medians(full), medians(recorded)
        self.figures += [
            Figure(case, "status: wall time above the bare look at its files", mine.wall - bare, " s", 1.0,
                   detail=f"{mine.wall:.2f} / {bare:.2f} s"),
            Figure(case, "status: peak memory", max(it.memory for it in full) / 1e6, " MB", 300.0),
            Figure(case, "status --recorded: wall time", records.wall, " s", 1.0,
                   detail=f"reading the instance: {read:.2f} s"),
            Figure(case, "status --recorded: peak memory", max(it.memory for it in recorded) / 1e6, " MB", 300.0),
        ]

    def hours(self) -> None:
        """One asset with very many hourly partitions."""
        project, start = self.project("hours"), datetime.datetime(1900, 1, 1)
        self.say(f"hours: writing the files of {self.options.partitions:,} partitions")
        project.declare('[partitions.hour]\ntype = "hourly"\nstart = "1900-01-01"\n'
                        '[source.raw]\npartitions = "hour"\npath = "in/{{partition:%Y-%m}}/{{partition}}.csv"\n'
                        '[asset.clean]\npartitions = "hour"\ndeps = ["raw"]\n' + COPY +
                        'outputs = ["out/{{partition:%Y-%m}}/{{partition}}.csv"]\n')
        for folder in ("in", "out"):
            for number in range(self.options.partitions):
                hour = start + number * HOUR
                project.write(f"{folder}/{hour:%Y-%m}/{hour:%Y-%m-%d-%H:%M}.csv", f"{number}\n")
        project.now = f"{start + self.options.partitions * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        project.accept("clean")
        self.looks("hours", project)
        self.runs("hours", project)
        self.forget(project)

    def runs(self, case: str, project: Project) -> None:
        """`materialize` of everything beside the bare look at its files: with nothing to do, and one hour changed."""
        bare, idle, one = [], [], []
        for number in range(min(self.options.runs, 5)):
            changed = project.folder / project.paths[len(project.paths) // 4 + number]
            output = project.folder / project.paths[len(project.paths) * 3 // 4 + number]
            changed.write_text(f"changed {number}\n")
            one.append(project.run("materialize", "clean"))
            if output.read_text() != changed.read_text():
                sys.exit(f"compare: {output} was not made of {changed}")
            project.run("materialize", "clean")
            bare.append(project.stat())
            idle.append(project.run("materialize", "clean"))
        bare, idle, one = statistics.median(bare), medians(idle), medians(one)
        self.figures += [
            Figure(case, "nothing to do: wall time of the bare look at its files", idle.wall / bare, "", 1.2,
                   detail=f"{idle.wall:.2f} / {bare:.2f} s"),
            Figure(case, "one changed hour: wall time of nothing to do", one.wall / idle.wall, "", 1.3,
                   detail=f"{one.wall:.2f} / {idle.wall:.2f} s"),
        ]

    def grid(self) -> None:
        """A thousand assets in ten layers with as many daily partitions each."""
        project, start, assets = self.project("grid"), datetime.datetime(2020, 1, 1), 1000
        days = max(1, self.options.partitions // assets)
        self.say(f"grid: writing the files of {assets:,} assets with {days:,} partitions each")
        text = ['[partitions.day]\ntype = "daily"\nstart = "2020-01-01"\n'
                '[source.raw]\npartitions = "day"\npath = "in/{{partition}}.csv"\n']
        for number in range(assets):
            upstream = f"a{number - assets // 10}" if number >= assets // 10 else "raw"
            text.append(f'[asset.a{number}]\npartitions = "day"\ndeps = ["{upstream}"]\n{COPY}'
                        f'outputs = ["out/a{number}/{{{{partition}}}}.csv"]\n')
        project.declare("".join(text))
        keys = [f"{start + number * DAY:%Y-%m-%d}" for number in range(days)]
        for key in keys:
            project.write(f"in/{key}.csv", f"{key}\n")
        for number in range(assets):
            for key in keys:
                project.write(f"out/a{number}/{key}.csv", f"{key}\n")
        project.now = f"{start + days * DAY:%Y-%m-%dT%H:%M:%SZ}"
        project.accept(*(f"a{number}" for number in range(assets)))
        self.looks("grid", project)
        first, later = [], []
        for number in range(self.options.runs):
            words = ["materialize", "--partition", keys[number % days]]
            shutil.rmtree(project.folder / ".assetctl" / "seals", ignore_errors=True)
            first.append(project.run(*words))
            later.append(project.run(*words))
        for what, samples in (("first", first), ("second", later)):
            self.figures.append(Figure("grid", f"materialize --partition, nothing to do, {what} run: cpu",
                                       1000 * medians(samples).cpu, " ms", 50.0))
        self.forget(project)

    def newday(self) -> None:
        """One new day, where ten days are recorded and where very many are."""
        start, sampled = datetime.datetime(1800, 1, 1), {}
        projects = {}
        for days in (10, 100_000):
            project = projects[days] = self.project(f"newday-{days}")
            self.say(f"newday: writing the files of {days:,} days")
            first = start - days * DAY + 100_000 * DAY
            project.declare(f'[partitions.day]\ntype = "daily"\nstart = "{first:%Y-%m-%d}"\n'
                            '[source.raw]\npartitions = "day"\npath = "in/{{partition:%Y}}/{{partition}}.csv"\n'
                            '[asset.clean]\npartitions = "day"\ndeps = ["raw"]\n' + COPY +
                            'outputs = ["out/{{partition:%Y}}/{{partition}}.csv"]\n')
            for folder in ("in", "out"):
                for number in range(days):
                    day = first + number * DAY
                    project.write(f"{folder}/{day:%Y}/{day:%Y-%m-%d}.csv", f"{number}\n")
            for number in range(self.options.runs + 1):
                day = start + (100_000 + number) * DAY
                project.write(f"in/{day:%Y}/{day:%Y-%m-%d}.csv", "new\n")
            project.now = f"{start + 100_000 * DAY:%Y-%m-%dT%H:%M:%SZ}"
            project.accept("clean")
            sampled[days] = []
        for number in range(self.options.runs + 1):
            day = start + (100_000 + number) * DAY
            for days, project in projects.items():
                project.now = f"{day + DAY:%Y-%m-%dT%H:%M:%SZ}"
                sample = project.run("materialize", "--partition", f"{day:%Y-%m-%d}")
                if number > 0:
                    sampled[days].append(sample)
        few, many = (medians(sampled[days]).cpu for days in (10, 100_000))
        self.figures.append(Figure("newday", "a new day after 100,000 days: cpu of that after 10", many / few, "", 1.1,
                                   detail=f"{1000 * many:.1f} / {1000 * few:.1f} ms"))
        for project in projects.values():
            self.forget(project)

    def fanin(self) -> None:
        """One asset that reads very many partitions, of which one has changed."""
        project, start, days = self.project("fanin"), datetime.datetime(1800, 1, 1), 100_000
        self.say(f"fanin: writing the files of {days:,} days")
        project.declare('[partitions.day]\ntype = "daily"\nstart = "1800-01-01"\n'
                        '[source.raw]\npartitions = "day"\npath = "in/{{partition:%Y}}/{{partition}}.csv"\n'
                        '[asset.total]\ndeps = ["raw"]\noutputs = ["total.csv"]\n'
                        'command = "cat {{input_list.raw}} > {{output}}"\n'
                        '[asset.rolling]\npartitions = "day"\noutputs = ["rolling/{{partition}}.csv"]\n'
                        'deps = [{ asset = "raw", mapping = "all" }]\n'
                        'command = "cat {{input_list.raw}} > {{output}}"\n')
        for number in range(days):
            day = start + number * DAY
            project.write(f"in/{day:%Y}/{day:%Y-%m-%d}.csv", f"{number}\n")
        project.write("total.csv", "")
        for number in range(1000):
            project.write(f"rolling/{start + number * DAY:%Y-%m-%d}.csv", "")
        project.now = f"{start + days * DAY:%Y-%m-%dT%H:%M:%SZ}"
        project.accept("total", *(f"rolling@{start + number * DAY:%Y-%m-%d}" for number in range(1000)))
        for asset in ("total", "rolling"):
            same, changed = [], []
            for number in range(self.options.runs):
                for samples, text in ((changed, "changed\n"), (same, "0\n")):
                    (project.folder / "in/1800/1800-01-01.csv").write_text(text)
                    time.sleep(0.1)
                    project.run("status", asset)  # reads the one file
                    samples.append(project.run("status", asset))
            one, none = medians(changed).cpu, medians(same).cpu
            self.figures.append(Figure("fanin", f"status of {asset}, one of 100,000 keys changed: cpu of none changed",
                                       one / none, "", detail=f"{1000 * one:.1f} / {1000 * none:.1f} ms"))
        self.forget(project)
