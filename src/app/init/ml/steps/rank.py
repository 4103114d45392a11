"""Models by their share of right guesses, the best first: rank.py OUTPUT SCORE..."""

import json
import sys
from pathlib import Path

target, *scores = sys.argv[1:]
totals = {}
for path in map(Path, scores):
    score = json.loads(path.read_text())
    right, of = totals.get(path.parent.name, (0, 0))
    totals[path.parent.name] = (right + score["right"], of + score["of"])
ranked = sorted(totals.items(), key=lambda entry: (-entry[1][0] / entry[1][1], entry[0]))
with open(target, "w") as file:
    file.write("model,right,of\n")
    file.writelines(f"{name},{right},{of}\n" for name, (right, of) in ranked)
