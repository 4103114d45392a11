"""The cases about the lock file: `check` on a clone, very many lines, very many keys, and DVC beside it.

As with partitions, projects are not run but accepted: sources and outputs are written here, and `assetctl accept` records them.
"""

import datetime
import random
import shutil
import subprocess
import sys
from pathlib import Path

from measuring import Figure, measure, medians
from partitions import COPY, DAY, HOUR, Project

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / "target" / "bench-venv"
LINES_EACH = 9_999  # one key more than 10^4, and lines would be folded
SEED = 20130704


class Locks:
    def __init__(self, options, say):
        self.options, self.say = options, say
        self.figures: list[Figure] = []

    def project(self, name: str) -> Project:
        return Project(self.options.work / name, self.options.assetctl)

    def forget(self, folder: Path) -> None:
        if not self.options.keep:
            shutil.rmtree(folder, ignore_errors=True)

    def sources(self, name: str) -> Project:
        """10,000 sources, an asset for each, which also reads none, one or two earlier ones."""
        project, dice, text = self.project(name), random.Random(SEED), []
        self.say(f"{name}: writing the files of 10,000 sources and assets")
        for number in range(10_000):
            earlier = {dice.randrange(number) for _ in range(dice.randrange(3))} if number else set()
            inputs = [f"s{number}", *(f"a{it}" for it in sorted(earlier))]
            words = " ".join("{{input.%s}}" % it for it in inputs)
            deps = ", ".join(f'"{it}"' for it in inputs)
            text.append(f'[source.s{number}]\npath = "src/s{number}"\n[asset.a{number}]\ndeps = [{deps}]\n'
                        f'command = "cat {words} > {{{{output}}}}"\noutputs = ["out/a{number}"]\n')
            project.write(f"src/s{number}", f"{number}\n")
            project.write(f"out/a{number}", f"{number}\n")
        project.declare("".join(text))
        project.now = "2020-01-01T00:00:00Z"
        project.accept("*")
        return project

    def check(self) -> None:
        """A hook in a work tree: everything is there, and the stat cache knows it."""
        project = self.sources("check")
        project.run("check")
        same, edited = [], []
        for number in range(self.options.runs):
            same.append(project.run("check"))
            shutil.rmtree(project.folder / ".assetctl" / "seals", ignore_errors=True)
            edited.append(project.run("check"))
        self.figures.append(Figure("check", "10,000 sources, warm stat cache: wall time", 1000 * medians(same).wall, " ms",
                                   100.0, detail=f"cpu {1000 * medians(same).cpu:.0f} ms"))
        self.figures.append(Figure("check", "the same after something was written: wall time", 1000 * medians(edited).wall,
                                   " ms", detail=f"cpu {1000 * medians(edited).cpu:.0f} ms"))
        few = []
        for number in range(self.options.runs):
            for source in range(100):
                (project.folder / "src" / f"s{97 * source}").write_text(f"changed {number}\n")
            few.append(measure(project.command("check"), project.folder / "compare.log", codes=(1,)))
        self.figures.append(Figure("check", "100 sources changed: wall time", 1000 * medians(few).wall, " ms", 100.0,
                                   detail=f"cpu {1000 * medians(few).cpu:.0f} ms"))
        self.forget(project.folder)

    def check_cold(self) -> None:
        """A fresh clone: neither an instance nor outputs nor a stat cache."""
        project, cold = self.sources("check-cold"), []
        shutil.rmtree(project.folder / "out")
        for _ in range(self.options.runs):
            shutil.rmtree(project.folder / ".assetctl", ignore_errors=True)
            cold.append(project.run("check"))
        self.figures.append(Figure("check-cold", "10,000 sources, nothing but the clone: wall time", medians(cold).wall, " s",
                                   1.0, detail=f"cpu {medians(cold).cpu:.2f} s"))
        self.forget(project.folder)

    def lines(self, name: str, assets: int, days: int) -> Project:
        """Assets in a chain, with so many daily partitions each; the first one reads a single source."""
        project, start = self.project(name), datetime.date(1990, 1, 1)
        self.say(f"{name}: writing the files of {assets * days:,} partitions")
        text = ['[partitions.day]\ntype = "daily"\nstart = "1990-01-01"\n[source.raw]\npath = "raw.csv"\n']
        project.write("raw.csv", "raw\n")
        for number in range(assets):
            upstream = f"a{number - 1}" if number else "raw"
            text.append(f'[asset.a{number}]\npartitions = "day"\ndeps = ["{upstream}"]\n{COPY}'
                        f'outputs = ["out/a{number}/{{{{partition:%Y}}}}/{{{{partition}}}}.csv"]\n')
            for key in (start + day * DAY for day in range(days)):
                project.write(f"out/a{number}/{key:%Y}/{key}.csv", f"{number} {key}\n")
        project.declare("".join(text))
        project.now = f"{start + days * DAY}T00:00:00Z"
        project.accept("*")
        return project

    def locklines(self) -> None:
        """10^5 lines that are read and judged: what is above a project with the same assets and hardly any lines."""
        many, few = self.lines("locklines", 11, LINES_EACH), self.lines("locklines-few", 11, 1)
        words, changed = ("check", "--outputs", "ignore"), []
        sampled = {"many": [], "few": []}
        for _ in range(self.options.runs):
            for name, project in (("many", many), ("few", few)):
                shutil.rmtree(project.folder / ".assetctl" / "seals", ignore_errors=True)
                sampled[name].append(project.run(*words))
        more, less = medians(sampled["many"]), medians(sampled["few"])
        self.figures.append(Figure("locklines", f"{11 * LINES_EACH:,} lines read and judged: wall time",
                                   1000 * (more.wall - less.wall), " ms", 300.0,
                                   detail=f"{1000 * more.wall:.0f} / {1000 * less.wall:.0f} ms, cpu {1000 * more.cpu:.0f} ms"))
        declared = (many.folder / "Assets.toml").read_text()
        (many.folder / "Assets.toml").write_text(declared.replace("cp {{input}}", "cp -p {{input}}"))
        for _ in range(min(self.options.runs, 3)):
            changed.append(measure([*many.command(*words)], many.folder / "compare.log", codes=(1,)))
        self.figures.append(Figure("locklines", "the same where the code of all has changed: wall time",
                                   medians(changed).wall, " s", 3.0, detail=f"cpu {medians(changed).cpu:.2f} s"))
        self.forget(many.folder)
        self.forget(few.folder)

    def lockhours(self) -> None:
        """The lock file of one asset with very many hourly partitions, and what a new day changes of it."""
        project, start = self.project("lockhours"), datetime.datetime(1900, 1, 1)
        hours = self.options.partitions
        self.say(f"lockhours: writing the files of {hours:,} partitions")
        project.declare('[partitions.hour]\ntype = "hourly"\nstart = "1900-01-01"\n'
                        '[source.raw]\npartitions = "hour"\npath = "in/{{partition:%Y-%m}}/{{partition}}.csv"\n'
                        '[asset.clean]\npartitions = "hour"\ndeps = ["raw"]\n' + COPY +
                        'outputs = ["out/{{partition:%Y-%m}}/{{partition}}.csv"]\n')
        for number in range(hours + 24):
            hour = start + number * HOUR
            for folder in ("in", "out")[:1 + (number < hours)]:
                project.write(f"{folder}/{hour:%Y-%m}/{hour:%Y-%m-%d-%H:%M}.csv", f"{number}\n")
        project.now = f"{start + hours * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        project.accept("clean")
        lock = project.folder / "Assets.lock"
        before = lock.read_text().splitlines()
        self.figures.append(Figure("lockhours", f"the lock file of {hours:,} partitions", lock.stat().st_size / 1e6, " MB", 1.0,
                                   detail=f"{len(before):,} lines"))
        looks = [project.run("check", "--outputs", "ignore") for _ in range(min(self.options.runs, 5))]
        self.figures.append(Figure("lockhours", "check --outputs ignore: wall time", medians(looks).wall, " s",
                                   detail=f"cpu {medians(looks).cpu:.2f} s, {medians(looks).memory / 1e6:.0f} MB"))
        project.now = f"{start + (hours + 24) * HOUR:%Y-%m-%dT%H:%M:%SZ}"
        day = project.run("materialize", "clean")
        after = lock.read_text().splitlines()
        gone, new = len(set(before) - set(after)), len(set(after) - set(before))
        self.figures.append(Figure("lockhours", "a day more: lines that are there no more", gone, "", 10.0,
                                   detail=f"{new} new ones, run: {day.wall:.2f} s"))
        self.forget(project.folder)

    def dvc(self) -> None:
        """`dvc status` and `check` of the same stages, with everything up to date."""
        program, stages = find_dvc(), 200
        folder = self.options.work / "dvc"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "src").mkdir(parents=True)
        self.say(f"dvc: building {stages} stages with both tools")
        theirs, mine = ["stages:\n"], ["[project]\n"]
        for number in range(stages):
            (folder / "src" / f"s{number}").write_text(f"{number}\n")
            theirs.append(f"  a{number}:\n    cmd: cp src/s{number} dvc-out/a{number}\n    deps: [src/s{number}]\n"
                          f"    outs: [dvc-out/a{number}]\n")
            mine.append(f'[source.s{number}]\npath = "src/s{number}"\n[asset.a{number}]\ndeps = ["s{number}"]\n'
                        f'{COPY}outputs = ["out/a{number}"]\n')
        (folder / "dvc.yaml").write_text("".join(theirs))
        (folder / "Assets.toml").write_text("".join(mine))
        (folder / "dvc-out").mkdir()
        (folder / ".gitignore").write_text("/dvc-out\n/out\n/.assetctl\n")
        for words in (["git", "init", "-q"], [program, "init", "-q"], [program, "config", "core.analytics", "false"],
                      [program, "repro", "-q"], [self.options.assetctl, "materialize", "-q"]):
            subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        ours = [self.options.assetctl, "-C", str(folder), "check"]
        status = [program, "--cd", str(folder), "status"]
        sampled = {"dvc": [], "sealed": [], "judged": []}
        for _ in range(min(self.options.runs, 5)):
            sampled["dvc"].append(measure(status, folder / "compare.log"))
            shutil.rmtree(folder / ".assetctl" / "seals", ignore_errors=True)
            sampled["judged"].append(measure(ours, folder / "compare.log"))
            sampled["sealed"].append(measure(ours, folder / "compare.log"))
        dvc, judged, sealed = (medians(sampled[name]).cpu for name in ("dvc", "judged", "sealed"))
        for what, figure in (("each line judged", judged), ("nothing written since the last one", sealed)):
            self.figures.append(Figure("dvc", f"cpu of dvc status over that of check, {what}", dvc / figure, "", 20.0,
                                       at_least=True, detail=f"{1000 * dvc:.0f} / {1000 * figure:.1f} ms"))
        self.forget(folder)


def find_dvc() -> str:
    found = VENV / "bin" / "dvc"
    if not found.exists():
        print("installing dvc into", VENV.relative_to(ROOT), file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(VENV / "bin" / "pip"), "install", "--quiet", "dvc"], check=True)
    return str(found)
