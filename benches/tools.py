"""The tools that are compared, each with a folder of its own, and the graphs that they get."""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from measuring import Sample, measure

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / "target" / "bench-venv"
TOOLS = ROOT / "target" / "bench-tools"
SEED = 20130704


@dataclass(frozen=True)
class Graph:
    """Asset i reads source i and the earlier assets `deps[i]`."""

    deps: list[list[int]]

    @classmethod
    def chained(cls, size: int) -> "Graph":
        """Each asset reads none, one or two earlier ones: one on average."""
        dice = random.Random(SEED)
        return cls([sorted({dice.randrange(i) for _ in range(dice.randrange(3))} if i else set()) for i in range(size)])

    @classmethod
    def flat(cls, size: int) -> "Graph":
        """No asset reads another."""
        return cls([[] for _ in range(size)])

    def sinks(self) -> list[int]:
        """Assets that no other reads, in an order without a pattern."""
        read = {dep for deps in self.deps for dep in deps}
        sinks = [i for i in range(len(self.deps)) if i not in read]
        random.Random(SEED).shuffle(sinks)
        return sinks


class Tool:
    """A build tool with a graph of its own in a folder of its own."""

    name: str
    state: list[str] = []

    def __init__(self, program: str, folder: Path, jobs: int):
        self.program, self.folder, self.jobs = program, folder, jobs

    def declaration(self, graph: Graph) -> tuple[str, str]:
        """The name and the text of the file that declares the graph."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """Brings everything up to date; the same whether there is something to do or not."""
        raise NotImplementedError

    def lay_out(self, graph: Graph) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "src").mkdir(parents=True)
        (self.folder / "out").mkdir()
        for i in range(len(graph.deps)):
            (self.folder / "src" / f"s{i}").write_text(f"{i}\n")
        name, text = self.declaration(graph)
        (self.folder / name).write_text(text)

    def forget(self) -> None:
        """Back to before the first build."""
        shutil.rmtree(self.folder / "out")
        (self.folder / "out").mkdir()
        for name in self.state:
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def run(self) -> Sample:
        return measure(self.command(), self.folder / "compare.log")

    def contents(self) -> str:
        """A digest of everything that was built."""
        digest = hashlib.sha256()
        for path in sorted((self.folder / "out").iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return digest.hexdigest()

    def times(self) -> dict[str, int]:
        return {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(self.folder / "out")}


class Assetctl(Tool):
    name = "assetctl"
    state = [".assetctl", "Assets.lock"]

    def declaration(self, graph: Graph) -> tuple[str, str]:
        parts = ['[project]\nshell = ["sh", "-euc"]  # the peers use sh, too\n']
        for i, deps in enumerate(graph.deps):
            inputs = [f"s{i}"] + [f"a{d}" for d in deps]
            words = " ".join("{{input.%s}}" % name for name in inputs)
            parts.append(f'[source.s{i}]\npath = "src/s{i}"\n[asset.a{i}]\ndeps = {json.dumps(inputs)}\n'
                         f'command = "cat {words} > {{{{output}}}}"\noutputs = ["out/a{i}"]\n')
        return "Assets.toml", "".join(parts)

    def command(self) -> list[str]:
        return [self.program, "-C", str(self.folder), "materialize", f"-j{self.jobs}"]


class Ninja(Tool):
    name = "ninja"
    state = [".ninja_log", ".ninja_deps"]

    def declaration(self, graph: Graph) -> tuple[str, str]:
        parts = ["rule cat\n  command = cat $in > $out\n"]
        for i, deps in enumerate(graph.deps):
            parts.append(f"build out/a{i}: cat src/s{i}{''.join(f' out/a{d}' for d in deps)}\n")
        return "build.ninja", "".join(parts)

    def command(self) -> list[str]:
        return [self.program, "-C", str(self.folder), "--quiet", f"-j{self.jobs}"]


class Make(Tool):
    name = "make"

    def declaration(self, graph: Graph) -> tuple[str, str]:
        parts = [".PHONY: all\nall:", *(f" out/a{i}" for i in range(len(graph.deps))), "\n"]
        for i, deps in enumerate(graph.deps):
            parts.append(f"out/a{i}: src/s{i}{''.join(f' out/a{d}' for d in deps)}\n\tcat $^ > $@\n")
        return "Makefile", "".join(parts)

    def command(self) -> list[str]:
        return [self.program, "-C", str(self.folder), "--silent", "-rR", f"-j{self.jobs}"]


def is_script(program: Path) -> bool:
    return program.read_bytes()[:2] == b"#!"


def find_ninja() -> str:
    """ninja's own binary: a wrapper in Python would be measured with it."""
    candidates = [VENV / "bin" / "ninja", *VENV.glob("lib/python*/site-packages/ninja/data/bin/ninja")]
    if not any(path.exists() for path in candidates):
        print("installing ninja into", VENV.relative_to(ROOT), file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(VENV / "bin" / "pip"), "install", "--quiet", "ninja"], check=True)
        candidates = [VENV / "bin" / "ninja", *VENV.glob("lib/python*/site-packages/ninja/data/bin/ninja")]
    for path in candidates:
        if path.exists() and not is_script(path):
            return str(path)
    sys.exit("compare: the ninja that was installed is no binary")


def find_make() -> str:
    found = shutil.which("make") or shutil.which("gmake")
    return found or sys.exit("compare: make is not installed; install it, or leave it out with --tools assetctl,ninja")


def find_b3sum() -> str:
    found = TOOLS / "bin" / "b3sum"
    if not found.exists():
        print("installing b3sum into", TOOLS.relative_to(ROOT), file=sys.stderr)
        subprocess.run(["cargo", "install", "--quiet", "--locked", "b3sum", "--root", str(TOOLS)], check=True)
    return str(found)
