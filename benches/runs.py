"""What reading runs costs where there are many: 100,000 runs with a million events.

Builds a project of 1,000 assets, lets assetctl run once, and multiplies what that has left in the instance: each run more has the rows of a
run of two steps. Then the verbs that read runs and records are timed, each bound to 200 ms.

    cargo build --release
    python3 benches/runs.py target/release/assetctl
"""

import argparse
import json
import shutil
import sqlite3
import sys
import tempfile
import uuid
from pathlib import Path

from measuring import Figure, measure, medians

ASSETS = 1_000
BOUND = 200.0


def lay_out(folder: Path) -> None:
    text = ["[project]\n"]
    for number in range(ASSETS):
        text.append(f'[asset.a{number}]\ncommand = "echo {number} > {{{{output}}}}"\noutputs = "out/{number}.txt"\n')
    folder.mkdir(parents=True)
    (folder / "Assets.toml").write_text("".join(text))


def multiply(database: Path, runs: int) -> int:
    """Adds runs of two steps each; how many events there are then."""
    connection = sqlite3.connect(database, isolation_level=None)
    one = connection.execute
    ids = dict(one("SELECT key, id FROM asset"))
    names = list(ids)
    row = one("SELECT * FROM run ORDER BY number DESC LIMIT 1")
    columns = [it[0] for it in row.description]
    sample = dict(zip(columns, row.fetchone()))
    kinds = {}
    for kind, payload in one("SELECT kind, payload FROM event GROUP BY kind"):
        kinds[kind] = json.loads(payload)
    one("BEGIN")
    run_rows, event_rows, made, failed = [], [], [], []
    last = one("SELECT * FROM materialization LIMIT 1")
    made_columns = [it[0] for it in last.description]
    materialization = dict(zip(made_columns, last.fetchone()))
    first = sample["number"] + 1
    for number in range(first, first + runs):
        started = sample["started"] + (number - first) * 1_000_000
        run = uuid.UUID(int=(started // 1000 << 80) | (7 << 76) | (0b10 << 62) | number)
        status = ("success", "success", "failure", "canceled", "crashed")[number % 5]
        ended = None if status == "crashed" else started + 500_000
        run_rows.append({**sample, "number": number, "id": run.bytes, "status": status, "started": started, "ended": ended,
                         "job": "nightly" if number % 7 == 0 else None}.values())
        sequence = iter(range(100))

        def add(kind: str, asset: str | None) -> None:
            seq = next(sequence)
            step = {"step": asset, "asset": asset, "partition": None} if asset else {}
            payload = {**kinds[kind], "run": str(run), "seq": seq, **step}
            event_rows.append((number, seq, started + seq, kind, ids.get(asset), None, json.dumps(payload, separators=(",", ":"))))

        add("run_started", None)
        add("run_planned", None)
        for asset in (names[number % ASSETS], names[(number + 1) % ASSETS]):
            for kind in ("step_started", "materialization", "step_finished"):
                add(kind, asset)
            made.append({**materialization, "id": None, "asset_id": ids[asset], "run": number, "time": started + 9}.values())
        add("run_finished", None)
        add("run_finished", None)
        if len(run_rows) >= 5000:
            write(connection, run_rows, columns, event_rows, made, made_columns)
    write(connection, run_rows, columns, event_rows, made, made_columns)
    one("COMMIT")
    count = one("SELECT count(*) FROM event").fetchone()[0]
    one("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return count


def write(connection, run_rows, columns, event_rows, made, made_columns) -> None:
    def insert(table: str, names: list[str], rows: list) -> None:
        places = ", ".join("?" * len(names))
        connection.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", [tuple(row) for row in rows])
        rows.clear()

    insert("run", columns, run_rows)
    insert("event", ["run", "seq", "time", "kind", "asset_id", "partition", "payload"], event_rows)
    insert("materialization", made_columns, made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assetctl", type=Path)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path)
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="assetctl-runs-"))
    program = [str(options.assetctl.resolve()), "-C", str(work / "project")]
    log = work / "log"
    if not (work / "project").exists():
        lay_out(work / "project")
        measure([*program, "materialize", "-q"], log)
        events = multiply(work / "project/.assetctl/instance.db", options.runs)
        print(f"{options.runs:,} runs, {events:,} events", file=sys.stderr)
    figures = []
    for words in (
        "runs list", "runs list --status failure", "runs list --status started", "runs list --job nightly", "runs list --asset a7",
        "runs list --asset a7 --status failure", "runs list --partition none", "runs list --tag team", "runs list --limit 1000",
        "runs show last", "runs show last-failed", "runs events last", "history a7", "history a7 --failed", "status --recorded", "logs a7",
    ):
        samples = [measure([*program, *words.split()], log, codes=(0, 2)) for _ in range(options.rounds)]
        found = medians(samples)
        figures.append(Figure("runs", f"`{words}`: wall", 1000 * found.wall, " ms", BOUND, detail=f"{1000 * found.cpu:.0f} ms CPU"))
    for figure in figures:
        print("| " + " | ".join(figure.row()) + " |")
    if not options.work:
        shutil.rmtree(work, ignore_errors=True)
    if any(figure.verdict == "MISS" for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
