"""The share of right guesses: score.py MODEL TEST OUTPUT"""

import json
import sys

from model import guess, points

trained, test, target = sys.argv[1:]
with open(trained) as file:
    model = json.load(file)
data = list(points(test, model["degree"]))
right = sum((guess(model["weights"], features) > 0.5) == bool(kind) for features, kind in data)
with open(target, "w") as file:
    json.dump({"right": right, "of": len(data)}, file)
