#!/usr/bin/env python3
"""Holds the tree to its drawing: which folder includes which, who owns which library, how long a
file may grow. Run by CTest as `layers`; by hand: tests/layers_test.py."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# An arrow from a folder to what it may include, itself aside. Daemons meet on the wire only.
ARROWS = {
    "base": set(),
    "http": {"base"},
    "cache": {"base"},
    "package": {"base"},
    "media": {"package", "base"},
    "edge": {"http", "cache", "base"},
    "origin": {"http", "package", "base"},
    "worker": {"http", "media", "package", "base"},
    "control": {"http", "base"},
    "cli": {"http", "base"},
}
# These look at everything, and nothing may look at them.
OBSERVERS = {"tests", "bench"}
# Folders without C++.
PLAIN = {"cmake", "conf", "docs", "scripts", "web", ".ci"}

# Libraries that one folder keeps to itself, so that replacing one touches one folder.
LIBRARY_OWNERS = {
    r"libav\w+/|libsw\w+/": "media",
    r"rocksdb/": "cache",
    r"nghttp2/|event2/|curl/|boost/beast": "http",
    r"toml\+\+/|prometheus/": "base",
    r"seccomp\.h|linux/landlock": "worker",
}

LINES_MAX = 500
SOURCE = {".cc", ".h"}
NAMES_THAT_HIDE_THE_IDEA = re.compile(r"(^|_)(manager|helpers?|utils?|common|misc)(_|$)")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CMAKE_LIBRARY = re.compile(r"headrace_library\((\w+)\s([^)]*)\)")


def files():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"],
                            capture_output=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*")  # A release tarball has no git.
            if path.is_file() and not {"build", ".git"} & set(path.relative_to(ROOT).parts)]


def wrong_include(folder, quoted, angled):
    """Why a file of this folder may not include that; None if it may."""
    if quoted:
        target = quoted.split("/")[0]
        if target not in ARROWS and target not in OBSERVERS:
            return "is not named from the tree's root"
        if folder not in OBSERVERS and target != folder and target not in ARROWS[folder]:
            return f"is an arrow {folder} → {target} that docs/architecture.md does not draw"
        return None
    for library, owner in LIBRARY_OWNERS.items():
        if folder not in OBSERVERS | {owner} and re.match(library, angled):
            return f"is a library that only {owner}/ includes"
    return None


def check_source(path, problems):
    name = path.relative_to(ROOT)
    folder = name.parts[0]
    text = path.read_text(encoding="utf-8")
    if folder not in ARROWS and folder not in OBSERVERS:
        problems.append(f"{name}: {folder}/ is no folder for C++")
        return
    lines = text.count("\n")
    if lines > LINES_MAX:
        problems.append(f"{name}: {lines} lines; past {LINES_MAX} there is a second idea in it")
    if NAMES_THAT_HIDE_THE_IDEA.search(path.stem):
        problems.append(f"{name}: the name hides the idea")
    for match in INCLUDE.finditer(text):
        why = wrong_include(folder, match[1], match[2])
        if why:
            line = text.count("\n", 0, match.start()) + 1
            problems.append(f"{name}:{line}: {match[1] or match[2]} {why}")


def check_cmake(problems):
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    for folder, depends in CMAKE_LIBRARY.findall(text):
        for target in re.findall(r"headrace_(\w+)", depends):
            if target not in ARROWS.get(folder, set()):
                problems.append(f"CMakeLists.txt: headrace_{folder} links headrace_{target}: "
                                "an arrow that docs/architecture.md does not draw")


def check_folders(paths, problems):
    known = set(ARROWS) | OBSERVERS | PLAIN
    for folder in sorted({p.relative_to(ROOT).parts[0] for p in paths
                          if len(p.relative_to(ROOT).parts) > 1} - known):
        problems.append(f"{folder}/: a folder that docs/architecture.md does not draw")


def main():
    paths = files()
    problems = []
    for path in paths:
        if path.suffix in SOURCE:
            check_source(path, problems)
    check_cmake(problems)
    check_folders(paths, problems)
    # The check itself must be able to fail.
    assert wrong_include("cache", "http/body.h", None) and wrong_include("edge", "origin/a.h", None)
    assert wrong_include("edge", None, "rocksdb/db.h") and not wrong_include("edge", "base/a.h", None)
    print("\n".join(problems) or f"{len(paths)} files, every arrow drawn")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
