"""The orders of one day that count: clean.py --least AMOUNT --currency NAME INPUT OUTPUT"""

import argparse
import csv

parser = argparse.ArgumentParser()
parser.add_argument("--least", type=float)
parser.add_argument("--currency")
parser.add_argument("source")
parser.add_argument("target")
words = parser.parse_args()

with open(words.source, newline="") as file:
    orders = [row for row in csv.DictReader(file) if row["currency"] == words.currency]
orders = [row for row in orders if float(row["amount"]) >= words.least]
with open(words.target, "w", newline="") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["customer", "sku", "amount"])
    writer.writerows([row["customer"], row["sku"], row["amount"]] for row in orders)
print(f"{len(orders)} orders count")
