"""Every third point is for the test of a fold: split.py FOLD INPUT TRAIN TEST"""

import sys

fold, source, train, test = sys.argv[1:]
with open(source) as file:
    head, *rows = file
ours = "abc".index(fold)
with open(train, "w") as file:
    file.writelines([head, *(row for at, row in enumerate(rows) if at % 3 != ours)])
with open(test, "w") as file:
    file.writelines([head, *(row for at, row in enumerate(rows) if at % 3 == ours)])
