#!/usr/bin/env python3
"""Runs the public suite of HTTP cache tests (npm: http-cache-tests) against a headrace-edge.

  tests/system/cache_tests/run.py            prints the score and what differs from expected.txt
  tests/system/cache_tests/run.py --update   and writes expected.txt anew

Installs the suite with npm into a directory of its own under build/ the first time.
HEADRACE_BIN_DIR says where the daemon is. Exit code 1: a test that passed before fails now.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent))
import harness  # noqa: E402

EXPECTED = HERE / "expected.txt"
SUITE_MINUTES = 4
# Tests whose result may differ between two runs of the same program, with the reason. Their change
# is shown and fails nothing.
FLAKY = {}


class Unavailable(Exception):
    """The suite can't be had here: no node, no npm, or no network to fetch it over."""


def suite_directory():
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    work = pathlib.Path(os.environ.get("HEADRACE_CACHE_TESTS_DIR", ROOT / "build" / "cache-tests"))
    suite = work / "node_modules" / "http-cache-tests"
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["http-cache-tests"]

    def is_there():
        with contextlib.suppress(OSError, ValueError):
            version = json.loads((suite / "package.json").read_text())["version"]
            return version == wanted and (work / "node_modules" / "node-fetch").is_dir()
        return False

    if is_there():
        return suite
    work.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", work)
    try:
        done = subprocess.run(
            ["npm", "install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund",
             "--no-package-lock", "--fetch-retries=1", "--fetch-timeout=20000"],
            cwd=work, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Unavailable("npm did not end within 180 s") from None
    if not is_there():
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"npm could not install http-cache-tests: {last}")
    return suite


def run_suite(make_edge, suite, directory):
    """What became of each test: [{id, suite, kind, result, why}]."""
    port = harness.free_port()
    server = harness.Daemon(
        ["env", "npm_config_protocol=http", f"npm_config_port={port}",
         f"npm_config_pidfile={directory}/server.pid", "node", suite / "server" / "server.mjs"],
        directory, "suite-server")
    try:
        harness.wait_until(lambda: "Listening" in server.text(), "the suite's server listens")
        edge = make_edge(f"http://127.0.0.1:{port}", cache=False)
        results = pathlib.Path(directory) / "results.json"
        with open(results, "w") as out:
            subprocess.run(["node", "--no-warnings", "cli.mjs"], cwd=suite, stdout=out, check=True,
                           stdin=subprocess.DEVNULL, timeout=SUITE_MINUTES * 60,
                           env={**os.environ, "npm_config_base": edge.url,
                                "npm_package_config_id": "", "npm_config_id": ""})
    finally:
        server.kill()
    told = subprocess.run(["node", "--no-warnings", HERE / "score.mjs", suite, results],
                          check=True, capture_output=True, text=True, timeout=60)
    return json.loads(told.stdout)


def read_expected():
    lines = (line.split() for line in EXPECTED.read_text().splitlines())
    return {words[0]: words[2] for words in lines if words and not words[0].startswith("#")}


def write_expected(tests):
    text = "# Test, kind, result; written by run.py --update. docs/cache-tests.md gives the reasons.\n"
    text += "".join(f"{test['id']} {test['kind']} {test['result']}\n" for test in tests)
    EXPECTED.write_text(text)


def fallen(tests):
    """What passed before and does not now, flaky ones left out."""
    expected = read_expected()
    now = {test["id"]: test for test in tests}
    return [f"{name}: {now[name]['why'] if name in now else 'not in the suite any more'}"
            for name, result in expected.items()
            if result == "pass" and name not in FLAKY
            and (name not in now or now[name]["result"] != "pass")]


def score_lines(tests):
    counts = collections.defaultdict(collections.Counter)
    for test in tests:
        counts[test["kind"]][test["result"]] += 1
    for kind in ("required", "optimal", "check"):
        count = counts[kind]
        judged = count["pass"] + count["fail"]
        yield (f"{kind:9} {count['pass']} of {judged} ({100 * count['pass'] / max(judged, 1):.1f} %), "
               f"{count['dependency']} more not judged")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--update", action="store_true", help="write expected.txt anew")
    wanted = arguments.parse_args()
    try:
        suite = suite_directory()
    except Unavailable as reason:
        sys.exit(f"cache_tests: {reason}")
    with tempfile.TemporaryDirectory() as directory:
        edges = []

        def make_edge(origin, **options):
            edges.append(harness.Edge(directory, [origin], **options))
            return edges[-1].start()

        try:
            tests = run_suite(make_edge, suite, directory)
        finally:
            for edge in edges:
                edge.stop()
    print("\n".join(score_lines(tests)))
    for test in tests:
        if test["kind"] != "check" and test["result"] != "pass":
            print(f"  {test['kind']} {test['result']} {test['id']}: {test['why']}")
    if wanted.update:
        write_expected(tests)
        return
    lost = fallen(tests)
    for line in lost:
        print(f"FELL {line}")
    gained = {test["id"] for test in tests if test["result"] == "pass"} - {
        name for name, result in read_expected().items() if result == "pass"}
    for name in sorted(gained):
        print(f"ROSE {name}")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
