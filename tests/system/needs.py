"""What a test needs of the machine beside Headrace: @pytest.mark.needs("chromium") names programs."""

import os
import shutil

import pytest


def unavailable(reason):
    """What the test needs can't be had: it is skipped. In continuous integration, where
    scripts/install-dependencies has installed everything, it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            unavailable(f"{program} is not installed")
