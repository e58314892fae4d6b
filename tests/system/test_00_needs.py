"""What a test needs and can't have: said in a skip, and a failure in continuous integration."""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
TEST = """
import pytest

@pytest.mark.needs("no-such-program")
def test_it():
    pass
"""


def outcome(path, ci):
    path.write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "conftest", "-p", "no:cacheprovider", path],
        env={**os.environ, "PYTHONPATH": str(HERE), "CI": ci}, capture_output=True, text=True,
        timeout=60, cwd=path.parent)
    assert "no-such-program is not installed" in done.stdout, done.stdout + done.stderr
    return done


def test_without_a_program_a_test_is_skipped(tmp_path):
    done = outcome(tmp_path / "test_it.py", ci="")
    assert done.returncode == 0 and "1 skipped" in done.stdout


def test_in_continuous_integration_it_fails(tmp_path):
    done = outcome(tmp_path / "test_it.py", ci="true")
    assert done.returncode == 1 and "skipped" not in done.stdout
