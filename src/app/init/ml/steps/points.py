"""Points above and below a curve: points.py --rows N --seed N --noise X OUTPUT"""

import argparse
import csv
import random

parser = argparse.ArgumentParser()
parser.add_argument("--rows", type=int)
parser.add_argument("--seed", type=int)
parser.add_argument("--noise", type=float)
parser.add_argument("target")
words = parser.parse_args()

chance = random.Random(words.seed)
with open(words.target, "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["x", "y", "kind"])
    for _ in range(words.rows):
        x, y = chance.uniform(-1, 1), chance.uniform(-1, 1)
        above = y + chance.uniform(-words.noise, words.noise) > 1.5 * x * x - 0.5
        writer.writerow([f"{x:.4f}", f"{y:.4f}", int(above)])
