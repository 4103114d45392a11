"""Logistic regression by gradient descent: train.py INPUT OUTPUT --degree N --rate X --epochs N"""

import argparse
import json

from model import guess, points

parser = argparse.ArgumentParser()
parser.add_argument("source")
parser.add_argument("target")
parser.add_argument("--degree", type=int)
parser.add_argument("--rate", type=float)
parser.add_argument("--epochs", type=int)
words = parser.parse_args()

data = list(points(words.source, words.degree))
weights = [0.0] * (words.degree + 2)
for _ in range(words.epochs):
    for features, kind in data:
        miss = kind - guess(weights, features)
        weights = [weight + words.rate * miss * feature for weight, feature in zip(weights, features)]
with open(words.target, "w") as file:
    json.dump({"degree": words.degree, "weights": [round(weight, 4) for weight in weights]}, file)
