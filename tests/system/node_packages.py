"""Packages of Node that tests use as they are, in the versions that their lock file says."""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTALL_SECONDS = 300


class Unavailable(Exception):
    """They can't be had here: no node, no npm, or no network to fetch them over."""


def installed(described):
    """The node_modules of the package.json and package-lock.json in the folder `described`, installed
    the first time under build/. Two at a time wait for each other."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    described = pathlib.Path(described)
    work = pathlib.Path(os.environ.get("HEADRACE_NODE_PACKAGES", ROOT / "build")) / described.name
    work.mkdir(parents=True, exist_ok=True)
    lock = (described / "package-lock.json").read_bytes()
    stamp, wanted = work / "installed", hashlib.sha256(lock).hexdigest()
    with open(work / "turn", "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            _install(described, work)
            stamp.write_text(wanted)
    return work / "node_modules"


def _install(described, work):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(described / name, work)
    try:
        done = subprocess.run(
            ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund",
             "--fetch-retries=2", "--fetch-timeout=60000"],
            cwd=work, capture_output=True, text=True, timeout=INSTALL_SECONDS,
            stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"npm did not end within {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Unavailable(f"npm could not install what {described.name} needs: {last}")
