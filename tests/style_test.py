#!/usr/bin/env python3
"""Every C++ file as clang-format leaves it; every script with a #! line may be executed. Run by CTest
as `style`. To mend: git ls-files '*.cc' '*.h' | xargs clang-format-19 -i"""

import pathlib
import shutil
import subprocess
import sys

import layers_test

ROOT = layers_test.ROOT


def main():
    problems = []
    paths = layers_test.files()
    sources = [str(path) for path in paths if path.suffix in layers_test.SOURCE]
    if shutil.which("clang-format-19"):
        checked = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *sources],
                                 capture_output=True, text=True, check=False)
        unformatted = {line.split(":")[0] for line in checked.stderr.splitlines()
                       if " error: " in line}
        problems += [f"{name.replace(f'{ROOT}/', '')}: not as clang-format leaves it"
                     for name in sorted(unformatted)]
    else:
        problems.append("clang-format-19 is not installed: scripts/install-dependencies test")
    for path in paths:
        if path.stat().st_mode & 0o100 or path.suffix in (".h", ".cc"):
            continue
        with path.open("rb") as file:
            if file.read(2) == b"#!":
                problems.append(f"{path.relative_to(ROOT)}: has a #! line but no x bit")
    print("\n".join(problems) or f"{len(sources)} files formatted")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
