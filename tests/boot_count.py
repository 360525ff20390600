"""Counts the machines that tests booted. In CI none at all is a failure: nothing checked is not success.

Where several processes share the tests (pytest-xdist), their results are counted by the one that hears them all.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@dataclass
class BootCount:
    """A pytest plugin: what became of the tests marked ``qemu``."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one result; a test that fails outside its call counts too."""
        if not getattr(report, "is_of_boot_test", False):
            return
        if report.failed:
            self.failed += 1
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In CI, fail a whole run in which no machine was booted."""
        if self.nothing_ran(session.config) and session.exitstatus == 0:
            session.exitstatus = 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """Say how many there were, whenever there was any, and always in CI."""
        if self.passed or self.failed or self.skipped or os.environ.get("KICKBUILD_CI") == "1":
            words = f"boot tests: {self.passed} passed, {self.failed} failed, {self.skipped} skipped"
            terminalreporter.write_line(words, red=self.nothing_ran(config) or self.failed > 0)
        if self.nothing_ran(config):
            terminalreporter.write_line("no machine was booted, and KICKBUILD_CI=1 wants that", red=True)

    def nothing_ran(self, config: pytest.Config) -> bool:
        """Tell whether a run that should boot machines did not; a chosen part of the suite need not."""
        chosen = config.option.keyword or config.option.collectonly
        whole = config.args_source is config.ArgsSource.TESTPATHS and not chosen
        return os.environ.get("KICKBUILD_CI") == "1" and whole and not self.passed and not self.failed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Mark the result of a test that boots machines. Its keywords do not tell: directories are among them."""
    report = yield
    vars(report)["is_of_boot_test"] = item.get_closest_marker("qemu") is not None
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Start counting, where the results of all tests are heard."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(BootCount(), "kickbuild-boot-count")
