"""Measuring whole processes, and the lines of a table with what was measured."""

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

# Runs one program and reports on it. A process of its own, because a child's peak memory counts from that of the process
# which started it, and this script holds graphs.
STOPWATCH = """
import json, os, sys, time
log = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
actions = [(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
start = time.perf_counter()
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=actions)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({"code": os.waitstatus_to_exitcode(status), "wall": wall,
                  "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss * unit}))
"""

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "performance.md"


@dataclass(frozen=True)
class Sample:
    """One run: seconds, seconds, bytes."""

    wall: float
    cpu: float
    memory: int


@dataclass
class Figure:
    """One line of the table. Without a bound it is for information."""

    case: str
    what: str
    value: float | None
    unit: str
    bound: float | None = None
    at_least: bool = False
    detail: str = ""

    @property
    def verdict(self) -> str:
        if self.bound is None or self.value is None:
            return ""
        holds = self.value >= self.bound if self.at_least else self.value <= self.bound
        return "pass" if holds else "MISS"

    def row(self) -> list[str]:
        bound = "" if self.bound is None else f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"
        value = "–" if self.value is None else f"{self.value:.2f}{self.unit}"
        return [self.case, self.what, bound, value, self.verdict, self.detail]


def measure(command: list[str], log: Path, codes: tuple[int, ...] = (0,)) -> Sample:
    """Runs a command to its end; any exit code but those of `codes` ends the comparison with what it said."""
    run = subprocess.run([sys.executable, "-I", "-S", "-c", STOPWATCH, str(log), *command],
                         capture_output=True, text=True, check=True)
    result = json.loads(run.stdout)
    if result.pop("code") not in codes:
        sys.exit(f"compare: failed: {' '.join(command)}\n{log.read_text(errors='replace')[-4000:]}")
    return Sample(**result)


def medians(samples: list[Sample]) -> Sample:
    return Sample(statistics.median(s.wall for s in samples), statistics.median(s.cpu for s in samples),
                  int(statistics.median(s.memory for s in samples)))


def put_into_document(name: str, text: str) -> None:
    """Replaces what stands in docs/performance.md between the comments `name: begin` and `name: end`."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = DOCUMENT.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        sys.exit(f"{DOCUMENT} has no lines `{begin}` and `{end}`")
    DOCUMENT.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}")
