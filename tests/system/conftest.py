import os
import pathlib
import subprocess

import pytest

import harness
import needs
import node_packages


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(program, …): what must be installed")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        needs.need(*mark.args)


@pytest.fixture(scope="session")
def modules():
    """Of Node, what players and upload clients are made of."""
    try:
        return node_packages.installed(pathlib.Path(__file__).parent / "players")
    except node_packages.Unavailable as reason:
        needs.unavailable(str(reason))


@pytest.fixture
def origin():
    made = harness.Origin()
    yield made
    made.stop()


@pytest.fixture
def make_edge(tmp_path):
    """Starts edges, and stops them when the test ends, whatever became of it."""
    made = []

    def make(*origins, start=True, **options):
        directory = tmp_path / f"edge-{len(made)}"
        directory.mkdir()
        edge = harness.Edge(directory, origins, **options)
        made.append(edge)
        return edge.start() if start else edge

    yield make
    for edge in made:
        if edge.daemon and edge.daemon.process.poll() is None:
            edge.kill()
        if edge.daemon:
            text = edge.daemon.text()
            assert "ERROR: AddressSanitizer" not in text and "runtime error:" not in text, text[-8000:]
            assert "CHECK failed" not in text, text[-8000:]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 320 MiB."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=320m", "none", path], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("no file system can be mounted here")
    yield path
    subprocess.run(["umount", "-l", path], check=True)
