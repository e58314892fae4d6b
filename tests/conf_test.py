#!/usr/bin/env python3
"""Dashboards and alerts ask for metrics that exist. Run by CTest as `conf`. (The example configs are
read by each daemon's own unit tests.)"""

import json
import pathlib
import re
import sys

import layers_test

ROOT = layers_test.ROOT
METRIC = re.compile(r"\bheadrace_[a-z0-9_]+")


def exported():
    names = set()
    for path in layers_test.files():
        if path.suffix == ".cc" and path.relative_to(ROOT).parts[0] in layers_test.ARROWS:
            names |= set(METRIC.findall(path.read_text(encoding="utf-8")))
    return names


def asked(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        dashboard = json.loads(text)
        text = "\n".join(target["expr"] for panel in dashboard["panels"]
                         for target in panel.get("targets", []))
        assert text, f"{path}: asks for nothing"
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in METRIC.findall(text)}


def main():
    known = exported()
    paths = sorted((ROOT / "conf").glob("grafana/*.json")) + sorted(
        (ROOT / "conf").glob("prometheus/*.yml"))
    problems = [f"{path.relative_to(ROOT)}: no daemon exports {name}"
                for path in paths for name in sorted(asked(path) - known)]
    print("\n".join(problems) or f"{len(paths)} files ask for metrics that exist")
    return 1 if problems or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
