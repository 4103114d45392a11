#!/usr/bin/env python3
"""Figures of the house: how much code there is, how finely it is divided, and what it says twice.

    python3 benches/house.py [--list]

Counts lines of code as rustfmt leaves them: no comments, no blank lines, no tests. `--list` names the circles, the small files
and the names that two types share. Reads the sources as text, so it needs nothing but Python 3."""

import re
import statistics
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src"
SMALL = 40
STRING = r'b?r(?P<hash>#*)".*?"(?P=hash)|b?"(?:\\.|[^"\\])*"|b?\'(?:\\.[^\']*|[^\'\\])\''
COMMENT = r"//[^\n]*|/\*.*?\*/"
TOKEN = re.compile(f"(?P<string>{STRING})|(?P<comment>{COMMENT})", re.S)
TYPE = re.compile(r"^\s*(pub(?:\([a-z: ]+\))?\s+)?(?:struct|enum|trait|union)\s+([A-Z]\w*)", re.M)
USE = re.compile(r"^\s*(?:pub(?:\([a-z: ]+\))? )?use\s+([^;]+);", re.M)


def is_test(path):
    return "tests" in path.parts or path.name in ("tests.rs", "fixtures.rs", "testkit.rs")


def blanked(match):
    """A comment goes; a string keeps its lines, as they are code, and loses what could look like code."""
    text = match.group(0)
    if match.group("comment") is not None:
        return "\n" * text.count("\n")
    return '"' + "\n_".join("_" for _ in text.split("\n")) + '"'


def without_tests(text):
    """Takes out each `#[cfg(test)]` item: a `mod` with its body, or one statement."""
    out, at = [], 0
    for match in re.finditer(r"#\[cfg\(test\)\]", text):
        if match.start() < at:
            continue
        out.append(text[at:match.start()])
        end = re.compile(r"[;{]").search(text, match.end())
        at = match.end()
        if end is None:
            continue
        at = end.end()
        if end.group() == "{":
            depth = 1
            while depth and at < len(text):
                depth += {"{": 1, "}": -1}.get(text[at], 0)
                at += 1
    out.append(text[at:])
    return "".join(out)


def code_of(path):
    text = TOKEN.sub(blanked, path.read_text(encoding="utf-8"))
    return without_tests(text)


def lines_of(code):
    return sum(1 for line in code.splitlines() if line.strip())


def module_of(path):
    """`src/plan/judge.rs` and `src/plan/judge/mod.rs` are `plan::judge`."""
    parts = list(path.relative_to(SOURCES).with_suffix("").parts)
    if parts[-1] in ("mod", "lib", "main"):
        parts.pop()
    return tuple(parts)


def expand(tree):
    """The paths of a `use` tree."""
    tree = re.sub(r"\s+", " ", tree).strip()
    start = tree.find("{")
    if start < 0:
        return [tree.split(" as ")[0].strip()]
    paths, depth, last = [], 0, start + 1
    for at in range(start, len(tree)):
        char = tree[at]
        depth += {"{": 1, "}": -1}.get(char, 0)
        if (char == "," and depth == 1) or (char == "}" and depth == 0):
            part = tree[last:at].strip()
            last = at + 1
            if part:
                paths += [tree[:start] + path for path in expand(part)]
        if depth == 0:
            break
    return paths


def imports(module, code, modules, facades):
    """The modules whose items a file takes by `use`, where they are of its own room. What a facade re-exports counts as
    taken from where it is defined."""
    found = set()
    for use in USE.findall(code):
        for path in expand(use):
            parts = tuple(part for part in path.split("::") if part)
            if parts[:1] == ("crate",):
                parts = parts[1:]
            elif parts[:1] in (("self",), ("super",)):
                base = list(module)
                rest = list(parts)
                while rest and rest[0] in ("self", "super"):
                    if rest.pop(0) == "super" and base:
                        base.pop()
                parts = tuple(base + rest)
            else:
                continue
            target = parts
            while target and target not in modules:
                target = target[:-1]
            item = parts[len(target)] if len(target) < len(parts) else None
            seen = set()
            while item and (target, item) in facades and target not in seen:
                seen.add(target)
                target = facades[target, item]
            if target and target != module and target[0] == module[0]:
                found.add(target)
    return found


def re_exports(codes):
    """(facade, item) -> the module that the facade takes it from."""
    facades = {}
    pattern = re.compile(r"^\s*pub(?:\([a-z: ]+\))? use\s+([^;]+);", re.M)
    for module, code in codes.items():
        for use in pattern.findall(code):
            for path in expand(use):
                parts = tuple(part for part in path.split("::") if part)
                if parts[:1] == ("crate",):
                    parts = parts[1:]
                elif parts[:1] == ("self",):
                    parts = module + parts[1:]
                else:
                    parts = module + parts
                target = parts[:-1]
                if target in codes:
                    facades[module, parts[-1]] = target
    return facades


def circles(edges):
    """Strongly connected components of more than one module (Tarjan, without recursion)."""
    index, low, stack, on, found, count = {}, {}, [], set(), [], 0
    for root in edges:
        if root in index:
            continue
        work = [(root, iter(sorted(edges[root])))]
        index[root] = low[root] = count
        count += 1
        stack.append(root)
        on.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = count
                    count += 1
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(sorted(edges.get(other, ())))))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = []
                    while True:
                        member = stack.pop()
                        on.discard(member)
                        members.append(member)
                        if member == node:
                            break
                    if len(members) > 1:
                        found.append(sorted(members))
    return sorted(found, key=len, reverse=True)


def main():
    listed = "--list" in sys.argv[1:]
    paths = [path for path in sorted(SOURCES.rglob("*.rs")) if not is_test(path.relative_to(SOURCES))]
    codes = {path: code_of(path) for path in paths}
    lines = {path: lines_of(code) for path, code in codes.items()}
    by_module = {module_of(path): code for path, code in codes.items()}
    facades = re_exports(by_module)
    edges = {module: set() for module in by_module}
    users = defaultdict(set)
    for module, code in by_module.items():
        for target in imports(module, code, by_module, facades) if module else ():
            edges[module].add(target)
            users[target].add(module)
    # A facade that only re-exports closes no circle: what it takes from its siblings is not its own.
    for module, code in by_module.items():
        rest = re.sub(r"^\s*(pub(\([a-z: ]+\))? )?(use|mod)\s+[^;]+;", "", code, flags=re.M)
        if not re.sub(r"#!?\[[^\]]*\]", "", rest).strip():
            edges[module] = set()
    found = circles(edges)

    in_room, public = defaultdict(set), defaultdict(set)
    for module, code in by_module.items():
        for visibility, name in TYPE.findall(code):
            in_room[module[:1], name].add(module)
            if visibility.strip() == "pub":
                public[name].add(module)
    twice = {key: at for key, at in in_room.items() if len(at) > 1}
    shared = {name: at for name, at in public.items() if len(at) > 1}
    names = {name for _, name in in_room}
    small = [path for path in paths if lines[path] < SMALL and path.name not in ("mod.rs", "lib.rs", "main.rs") and len(users[module_of(path)]) <= 1]

    print(f"code lines                              {sum(lines.values())}")
    print(f"files                                   {len(paths)}, median {statistics.median(lines.values()):.0f} lines")
    print(f"files under {SMALL} lines with one user      {len(small)}")
    print(f"circles of imports within rooms         {len(found)}, the largest of {len(found[0]) if found else 0} files")
    print(f"names of types                          {len(names)}")
    print(f"names of two types in one room          {len(twice)}")
    print(f"names of two public types in the crate  {len(shared)}")
    if listed:
        shown = lambda module: "::".join(module) or "the root"
        for circle in found:
            print(f"circle of {len(circle)}: {', '.join(map(shown, circle))}")
        for path in small:
            print(f"small: {path.relative_to(ROOT)} ({lines[path]})")
        for (room, name), at in sorted(twice.items()):
            print(f"in one room: {name}: {', '.join(sorted(map(shown, at)))}")
        for name, at in sorted(shared.items()):
            print(f"public: {name}: {', '.join(sorted(map(shown, at)))}")


main()
