"""What holds for every test: in CI a skip is a failure, and hypothesis has no stopwatch.

SIGTERM ends a run as Ctrl-C does, so that each test ends the processes that it started."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import hypothesis
import pytest

# Kivy, once imported by a test, must not put its own log file under everybody else's logging.
os.environ.update(KIVY_LOG_MODE="PYTHON", KIVY_NO_FILELOG="1", KIVY_NO_ARGS="1")

IN_CI = bool(os.environ.get("CI"))

# Two cores are shared with brokers and screens, so how long one example takes says nothing.
# In CI the examples are always the same: a change is judged by its own faults, not by chance.
hypothesis.settings.register_profile("house", deadline=None, derandomize=IN_CI)
hypothesis.settings.load_profile("house")

signal.signal(signal.SIGTERM, signal.default_int_handler)

AnyReport = pytest.TestReport | pytest.CollectReport


def _fail_if_skipped(report: AnyReport) -> None:
    """Turn a skip or an expected failure into a failure that keeps its reason."""
    if IN_CI and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: a skip is a failure in CI; it said: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge each test's report after every plug-in has had its say."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge a file that skips itself as a whole."""
    report = yield
    _fail_if_skipped(report)
    return report
