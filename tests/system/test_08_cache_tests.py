"""The public suite of HTTP cache tests: its score may rise, and does not fall."""

import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).parent / "cache_tests"))
import run  # noqa: E402
from needs import unavailable  # noqa: E402


def test_no_test_of_the_public_suite_that_passed_fails_now(make_edge, tmp_path):
    try:
        suite = run.suite_directory()
    except run.Unavailable as reason:
        unavailable(f"http-cache-tests: {reason}")
    tests = run.run_suite(make_edge, suite, tmp_path)
    # A slow machine may miss one test's two seconds: only what fails twice has fallen.
    if run.fallen(tests):
        again = tmp_path / "again"
        again.mkdir()
        tests = run.run_suite(make_edge, suite, again)
    assert not run.fallen(tests), "\n".join([*run.score_lines(tests), *run.fallen(tests)])
