"""The last line for each key of a table, sorted: newest.py KEY INPUT OUTPUT"""

import csv
import sys

key, source, target = sys.argv[1:]
with open(source, newline="") as file:
    reader = csv.DictReader(file)
    rows = {row[key]: row for row in reader}
with open(target, "w", newline="") as file:
    writer = csv.DictWriter(file, reader.fieldnames, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[name] for name in sorted(rows))
