"""The cases about one change: what it costs to find and to make it, beside ninja.

Everything is built once. Then each round changes the same thing for every tool, in turn, and brings everything up to date. A round
fails unless each tool has written exactly the outputs that the change concerns, and the same bytes as the others.
"""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from measuring import Figure, Sample, measure, medians
from tools import Assetctl, Graph, Ninja, Tool, find_ninja

SIZES = (100, 1_000, 10_000, 100_000)
# By size, of ninja's time.
ONE_SOURCE = {100: 1.0, 1_000: 1.0, 10_000: 0.7, 100_000: 0.7}
EDITED = 10_000
SMALL_FILES = 100_000


@dataclass
class Rounds:
    """The samples of several rounds, by tool."""

    tools: list[Tool]
    samples: dict[str, list[Sample]]

    @classmethod
    def of(cls, tools: list[Tool]) -> "Rounds":
        return cls(tools, {tool.name: [] for tool in tools})

    def add(self, change: Callable[[Tool], None], concerned: set[str], time: Callable[[Tool], Sample] = Tool.run) -> None:
        """One round: `change`, then what is timed, then, where that was no run, a run."""
        contents = []
        for tool in self.tools:
            before = tool.times()
            change(tool)
            sample = time(tool)
            self.samples[tool.name].append(sample)
            if time is not Tool.run:
                if tool.times() != before:
                    sys.exit(f"compare: {tool.name} wrote outputs in {tool.folder} and was only to look")
                tool.run()
            after = tool.times()
            written = {name for name in after if before.get(name) != after[name]}
            if written != concerned:
                sys.exit(f"compare: {tool.name} wrote {len(written)} outputs in {tool.folder} instead of {len(concerned)}")
            contents.append([(tool.folder / "out" / name).read_bytes() for name in sorted(concerned)])
        if contents.count(contents[0]) != len(contents):
            sys.exit("compare: the tools built different bytes")


class Changes:
    def __init__(self, options, say):
        self.options, self.say = options, say
        self.figures: list[Figure] = []

    def tools(self, name: str, graph: Graph) -> list[Tool]:
        """Both tools, with everything built."""
        self.say(f"{name}: building {len(graph.deps):,} assets with each tool")
        tools = [Assetctl(self.options.assetctl, self.options.work / name / "assetctl", self.options.jobs),
                 Ninja(find_ninja(), self.options.work / name / "ninja", self.options.jobs)]
        for tool in tools:
            tool.lay_out(graph)
        return tools

    def forget(self, name: str) -> None:
        if not self.options.keep:
            shutil.rmtree(self.options.work / name, ignore_errors=True)

    def compare(self, case: str, what: str, rounds: Rounds, bound: float | None, cpu: float | None = None) -> None:
        """Wall and CPU time over ninja's; `cpu` is the bound of the latter where it is another one."""
        mine, theirs = (medians(rounds.samples[tool.name]) for tool in rounds.tools)
        for kind, limit in (("wall", bound), ("cpu", cpu or bound)):
            ours, others = getattr(mine, kind), getattr(theirs, kind)
            self.figures.append(Figure(case, f"{what}: {kind} assetctl/ninja", ours / others, "", limit,
                                       detail=f"{1000 * ours:.1f} / {1000 * others:.1f} ms"))

    def one(self, size: int) -> None:
        """One changed source that a single asset reads, which no other asset reads: made, and planned."""
        case = f"one-{size}"
        graph = Graph.chained(size)
        tools = self.tools(case, graph)
        for tool in tools:
            tool.run()
            tool.run()
        made, planned, sinks = Rounds.of(tools), Rounds.of(tools), iter(graph.sinks())
        for number in range(self.options.runs):
            for rounds, time in ((made, Tool.run), (planned, plan)):
                sink = next(sinks)
                rounds.add(write(f"src/s{sink}", f"{number} changed\n"), {f"a{sink}"}, time)
        self.compare(case, "one changed source", made, ONE_SOURCE.get(size))
        self.compare(case, "plan with one changed source, against ninja -n -d explain", planned, 0.7)
        self.forget(case)

    def edits(self) -> None:
        """Other changes of a project of 10,000 assets."""
        graph = Graph.chained(EDITED)
        tools = self.tools("edits", graph)
        for tool in tools:
            (tool.folder / "parts").mkdir()
            (tool.folder / "parts" / "p").write_text("p\n")
            declare(tool, SPECIAL[tool.name])
            (tool.folder / "script.sh").write_text("cat $1\n")
            tool.run()
            tool.run()
        sinks = graph.sinks()[:1_000]

        def switch(number: int) -> Callable[[Tool], None]:
            def change(tool: Tool) -> None:
                for sink in sinks:
                    write(f"src/s{sink}", f"{sink} on branch {number % 2}\n")(tool)
            return change

        script, command, added, file, branch = (Rounds.of(tools) for _ in range(5))
        for number in range(self.options.runs):
            script.add(write("script.sh", f"cat $1 && echo {number}\n"), {"scripted"})
            command.add(lambda tool: replace(tool, f"echo {number} ", f"echo {number + 1} "), {"edited"})
            added.add(lambda tool: declare(tool, added_asset(tool, number)), {f"new{number}"})
            file.add(write(f"parts/p{number}", "p\n"), {"listed"})
        for number in range(min(self.options.runs, 5)):
            branch.add(switch(number), {f"a{sink}" for sink in sinks})
        for what, rounds, bound in (("one script edited", script, 1.2), ("one command edited in the declarations", command, 2.0),
                                    ("one asset added", added, 1.2), ("one file added to a folder", file, 1.2),
                                    ("a switch of a branch that touches 1,000 files", branch, 1.2)):
            self.compare("edits", what, rounds, bound)
        self.forget("edits")

    def folder(self) -> None:
        """A directory of very many small files that one command reads."""
        tools = self.tools("folder", Graph([]))
        self.say(f"folder: writing {SMALL_FILES:,} files for each tool")
        for tool in tools:
            (tool.folder / "data").mkdir()
            for number in range(SMALL_FILES):
                (tool.folder / "data" / str(number)).write_text(f"{number}\n")
            if tool.name == "ninja":
                files = " ".join(f"data/{number}" for number in range(SMALL_FILES))
                declare(tool, {"rule first": "  command = cat data/0 > $out\n", f"build data: phony {files}": "",
                               "build out/first: first | data": ""})
            else:
                declare(tool, {"[source.data]": 'path = "data/"\n',
                               "[asset.first]": 'deps = "data"\ncommand = "cat {{input}}/0 > {{output}}"\noutputs = "out/first"\n'})
            tool.run()
            tool.run()
        idle, one = Rounds.of(tools), Rounds.of(tools)
        for number in range(self.options.runs):
            one.add(write("data/0", f"changed {number}\n"), {"first"})
            for tool in tools:
                tool.run()
            idle.add(lambda tool: None, set())
        self.compare("folder", f"{SMALL_FILES:,} small files, nothing to do", idle, 1.0, cpu=1.1)
        self.compare("folder", f"{SMALL_FILES:,} small files, one changed", one, 1.2)
        self.forget("folder")

    def commands(self) -> None:
        """1,000 trivial commands, staged, in place and with the default shell."""
        graph, case = Graph.flat(1_000), "commands"
        kinds = {"staged": Assetctl, "in place": InPlace, "default shell": DefaultShell}
        tools = [kind(self.options.assetctl, self.options.work / case / kind.__name__, self.options.jobs) for kind in kinds.values()]
        tools.append(Ninja(find_ninja(), self.options.work / case / "ninja", self.options.jobs))
        for tool in tools:
            tool.lay_out(graph)
        samples = [[] for _ in tools]
        self.say(f"{case}: {self.options.runs} times 1,000 commands, {self.options.jobs} at once")
        for _ in range(self.options.runs):
            for tool, known in zip(tools, samples):
                tool.forget()
                known.append(tool.run())
                if len(tool.times()) != 1_000:
                    sys.exit(f"compare: {tool.folder} lacks outputs")
        if len({tool.contents() for tool in tools}) != 1:
            sys.exit("compare: the tools built different bytes")
        *ours, theirs = (medians(known) for known in samples)
        for name, mine in zip(kinds, ours):
            bound = 1.15 if name != "default shell" else None
            for kind, limit in (("wall", bound), ("cpu", None)):
                value, other = getattr(mine, kind), getattr(theirs, kind)
                self.figures.append(Figure(case, f"1,000 commands, {name}: {kind} assetctl/ninja", value / other, "", limit,
                                           detail=f"{1000 * value:.0f} / {1000 * other:.0f} ms"))
        self.forget(case)


class InPlace(Assetctl):
    """Commands that write to their final paths."""

    def declaration(self, graph: Graph) -> tuple[str, str]:
        name, text = super().declaration(graph)
        return name, text.replace('outputs = ["', 'staging = false\noutputs = ["')


class DefaultShell(Assetctl):
    """Commands in the shell that a project has without a word about it."""

    def declaration(self, graph: Graph) -> tuple[str, str]:
        name, text = super().declaration(graph)
        return name, "\n".join(line for line in text.split("\n") if not line.startswith("shell = "))


# What is edited, beside the assets of the graph. ninja sees that a folder has another file by its time.
SPECIAL = {
    "assetctl": {
        "[asset.scripted]": 'deps = "s0"\ncode = "script.sh"\ncommand = "sh script.sh {{input}} > {{output}}"\noutputs = "out/scripted"\n',
        "[asset.edited]": 'command = "echo 0 > {{output}}"\noutputs = "out/edited"\n',
        "[source.parts]": 'path = "parts/"\n',
        "[asset.listed]": 'deps = "parts"\ncommand = "ls {{input}} > {{output}}"\noutputs = "out/listed"\n',
    },
    "ninja": {
        "rule scripted": "  command = sh script.sh $in > $out\n",
        "build out/scripted: scripted src/s0 | script.sh": "",
        "rule edited": "  command = echo 0 > $out\n",
        "build out/edited: edited": "",
        "rule listed": "  command = ls $in > $out\n",
        "build out/listed: listed parts": "",
    },
}


def added_asset(tool: Tool, number: int) -> dict[str, str]:
    if tool.name == "ninja":
        return {f"build out/new{number}: cat src/s{number}": ""}
    return {f"[asset.new{number}]": f'deps = "s{number}"\ncommand = "cat {{{{input}}}} > {{{{output}}}}"\noutputs = "out/new{number}"\n'}


def declare(tool: Tool, texts: dict[str, str]) -> None:
    """Adds declarations: the first line of each, and what follows it."""
    with open(declarations(tool), "a") as file:
        file.writelines(f"{head}\n{text}" for head, text in texts.items())


def declarations(tool: Tool) -> Path:
    return tool.folder / tool.declaration(Graph([]))[0]


def replace(tool: Tool, old: str, new: str) -> None:
    text = declarations(tool).read_text()
    if text.count(old) != 1:
        sys.exit(f"compare: `{old}` is there {text.count(old)} times")
    declarations(tool).write_text(text.replace(old, new))


def write(path: str, text: str) -> Callable[[Tool], None]:
    """A file in place of what is there, as git and most editors write it."""
    def change(tool: Tool) -> None:
        (tool.folder / path).unlink(missing_ok=True)
        (tool.folder / path).write_text(text)
    return change


def plan(tool: Tool) -> Sample:
    words = ["-n", "-d", "explain"] if tool.name == "ninja" else []
    command = [*tool.command(), *words] if words else [tool.program, "-C", str(tool.folder), "plan"]
    return measure(command, tool.folder / "compare.log")
