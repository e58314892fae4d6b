"""./run, when one of its daemons ends by itself: says which, and which log to read."""

import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def child_of(pid, name):
    """The id of that child of the process which is this program."""
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        command = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")[0]
        if os.path.basename(command) == name.encode():
            return int(child)
    raise SystemExit(f"./run has no child {name}")


def main():
    with subprocess.Popen([ROOT / "run", "--check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("transcoding until"):
                os.kill(child_of(process.pid, "headrace-worker"), signal.SIGKILL)
        status = process.wait()
    ending = said.splitlines()[-1]
    fits = ending.startswith("run: headrace-worker ended by itself (status 137); its log: ")
    if status != 1 or not fits or not ending.endswith("/worker.log"):
        sys.exit(f"./run ended with {status}, and said:\n{said}")


if __name__ == "__main__":
    main()
